"""Limits: bytes, counts and seconds of one connection."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HttpLimits:
    """Bytes, counts and seconds of one connection."""

    head_bytes: int = 32 << 10
    headers: int = 100
    path_bytes: int = 2 << 10
    body_bytes: int = 16 << 20
    connections: int = 4_096
    idle_s: float = 75.0
    head_s: float = 10.0
    body_s: float = 30.0
    write_s: float = 30.0
    linger_s: float = 2.0
