"""Ed25519 signatures, checked in plain Python, since the standard library cannot and nothing else need be there.

RFC 8032, 5.1: points (X, Y, Z, T) with x = X/Z, y = Y/Z, x·y = T/Z on -x² + y² = 1 + d·x²·y² modulo 2^255 - 19.
Everything here is public, so nothing need take the same time always.
"""

from __future__ import annotations

import hashlib

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)
Point = tuple[int, int, int, int]


def holds(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the signature (64 bytes) over the message was made with the key whose public half (32 bytes) this is."""
    key = decoded(public_key)
    commitment = decoded(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if key is None or commitment is None or len(signature) != 64 or scalar >= ORDER:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + public_key + message).digest(), "little") % ORDER
    return equal(times(scalar, BASE), add(commitment, times(challenge, key)))


def decoded(text: bytes) -> Point | None:
    """The point of 32 bytes: y, and in the highest bit the sign of x. None if they are none."""
    if len(text) != 32:
        return None
    y = int.from_bytes(text, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    x = x_of(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


def x_of(y: int, sign: int) -> int | None:
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if square == 0:
        return None if sign else 0
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P:
        return None
    return P - x if x & 1 != sign else x


def add(one: Point, other: Point) -> Point:
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c = 2 * one[3] * other[3] * D % P
    d = 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(scalar: int, point: Point) -> Point:
    total: Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point = add(point, point)
        scalar >>= 1
    return total


def equal(one: Point, other: Point) -> bool:
    return (one[0] * other[2] - other[0] * one[2]) % P == 0 and (one[1] * other[2] - other[1] * one[2]) % P == 0


def base_point() -> Point:
    y = 4 * pow(5, P - 2, P) % P
    x = x_of(y, 0)
    if x is None:
        raise ArithmeticError
    return x, y, 1, x * y % P


BASE = base_point()
