"""Is this folder what was signed? Every file is compared with the signed statement before anything of it is loaded.

    export.sig ──holds over──▶ export.json ──names each file with its SHA-256──▶ the files, and no others

The key beside (`signing.pub`) shows that nothing was changed since somebody signed it; that it was *you*, only a copy
of the key from elsewhere shows: `./run verify --key FILE`. This program is one of the files: who replaced it, replaced
the check too. From outside, `jupyter kronkers models verify FOLDER` checks it with the key of the data folder.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
import stat
from collections.abc import Iterator
from typing import Any, NoReturn

from .ed25519 import holds

STATEMENT, SIGNATURE, KEY = "export.json", "export.sig", "signing.pub"
UNSIGNED = (STATEMENT, SIGNATURE)
PAYLOAD = "application/vnd.in-toto+json"
PREDICATE = "urn:kronkers:export:1"
ED25519 = bytes.fromhex("302a300506032b6570032100")
"""What stands before the 32 bytes of an Ed25519 key in its PEM file."""

LARGEST = 16 << 20
PIECE = 1 << 20


class Tampered(Exception):
    """The folder is not what was signed; the message says what is wrong."""


def verify(folder: str, key_file: str = "") -> dict[str, Any]:
    """What the statement says of this export: model, number, language, files. Raises Tampered.

    key_file: a public key that is trusted; without one, the key that lies beside.
    """
    key = contents(key_file) if key_file else contents(os.path.join(folder, KEY))
    text, envelope = contents(os.path.join(folder, STATEMENT)), contents(os.path.join(folder, SIGNATURE))
    refuse_unsigned(text, envelope, key)
    said = understood(text, STATEMENT)
    if said.get("predicateType") != PREDICATE:
        refuse(f"{STATEMENT} is no statement about an export")
    compare(folder, said["predicate"]["files"])
    return dict(said["predicate"])


def refuse(problem: str) -> NoReturn:
    raise Tampered(f"This folder is not what was signed: {problem}. Nothing was loaded. Export the version again.")


def contents(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(LARGEST)
    except OSError as problem:
        refuse(f"{os.path.basename(path)} cannot be read ({problem.strerror})")


def understood(text: bytes, name: str) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        refuse(f"{name} cannot be read")
    return said


# The signature


def refuse_unsigned(text: bytes, envelope: bytes, pem: bytes) -> None:
    said = understood(envelope, SIGNATURE)
    try:
        [mark] = said["signatures"]
        signature, payload = base64.b64decode(mark["sig"], validate=True), base64.b64decode(said["payload"])
    except (KeyError, TypeError, ValueError, binascii.Error):
        refuse(f"{SIGNATURE} cannot be read")
    if mark.get("keyid") != fingerprint(pem):
        refuse(f"{SIGNATURE} was made with another key")
    if payload != text or not holds(raw(pem), authenticated(text), signature):
        refuse(f"{STATEMENT} does not match {SIGNATURE}")


def fingerprint(pem: bytes) -> str:
    """A public key's name: the SHA-256 of its PEM."""
    return hashlib.sha256(pem).hexdigest()


def raw(pem: bytes) -> bytes:
    lines = [line for line in pem.decode("ascii", "replace").splitlines() if not line.startswith("-----")]
    try:
        key = base64.b64decode("".join(lines), validate=True)
    except (ValueError, binascii.Error):
        key = b""
    if not key.startswith(ED25519) or len(key) != len(ED25519) + 32:
        refuse("the key is no Ed25519 key")
    return key[len(ED25519) :]


def authenticated(payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding: what is really signed."""
    return b" ".join((b"DSSEv1", b"%d" % len(PAYLOAD), PAYLOAD.encode(), b"%d" % len(payload), payload))


# The files


def compare(folder: str, files: dict[str, dict[str, Any]]) -> None:
    there = set(listed(folder, ""))
    for path in sorted(there ^ set(files)):
        refuse(f"{path} {'was added' if path in there else 'is missing'}")
    for path, expected in files.items():
        if digest(os.path.join(folder, path)) != (expected["sha256"], expected["size_bytes"]):
            refuse(f"{path} was changed")


def listed(folder: str, prefix: str) -> Iterator[str]:
    """All files below the folder but the statement about them, and bytecode, which is never read."""
    with os.scandir(os.path.join(folder, prefix)) as entries:
        for entry in entries:
            path = prefix + entry.name
            if entry.is_dir(follow_symlinks=False):
                yield from listed(folder, path + "/")
            elif not stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode):
                refuse(f"{path} is a link or no plain file")
            elif path not in UNSIGNED and not left_behind(path):
                yield path


def left_behind(path: str) -> bool:
    """Whether MLflow or Python wrote this when somebody loaded the folder as a model."""
    return path == "registered_model_meta" or (path.endswith(".pyc") and "__pycache__" in path.split("/"))


def digest(path: str) -> tuple[str, int]:
    found, size = hashlib.sha256(), 0
    with open(path, "rb", buffering=0) as file:
        while True:
            piece = file.read(PIECE)
            if not piece:
                return found.hexdigest(), size
            found.update(piece)
            size += len(piece)
