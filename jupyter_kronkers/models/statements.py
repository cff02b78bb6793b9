"""What is signed about a version, and its spelling.

    manifest.json   an in-toto statement. Its predicate names the model, the version number, the loader, and every
                    file with its SHA-256 and size
    manifest.sig    a DSSE envelope of it: the same statement in base64 with an Ed25519 signature over its PAE

One statement has one spelling, and so has its envelope: whatever else reads the same is refused.
"""

from __future__ import annotations

import base64
import hashlib
import json

import msgspec

MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "urn:kronkers:version:1"
PAYLOAD = "application/vnd.in-toto+json"


class Bytes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one file holds."""

    sha256: str
    size_bytes: int


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is said about a version. `files` has every file of the artifact save the manifest and its signature."""

    model: str
    number: int
    registration: str
    language: str
    loader: str
    files: dict[str, Bytes]
    created_at: str
    by: str

    @property
    def version(self) -> str:
        return f"{self.model} {self.number}"


class Subject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    digest: dict[str, str]


class Statement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An in-toto statement about one version."""

    type: str = msgspec.field(name="_type")
    subject: tuple[Subject]
    predicate_type: str = msgspec.field(name="predicateType")
    predicate: Manifest


class Mark(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    keyid: str
    sig: str


class Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A DSSE envelope."""

    payload_type: str = msgspec.field(name="payloadType")
    payload: str
    signatures: tuple[Mark]


def encoded(manifest: Manifest) -> bytes:
    """The statement as it is written and signed: readable, and always the same bytes for the same words."""
    contents = msgspec.json.encode(manifest.files, order="sorted")
    subject = Subject(f"{manifest.model}/{manifest.number}", {"sha256": hashlib.sha256(contents).hexdigest()})
    statement = Statement(STATEMENT, (subject,), PREDICATE, manifest)
    return json.dumps(msgspec.to_builtins(statement), indent=1, sort_keys=True, ensure_ascii=True).encode() + b"\n"


def authenticated(payload: bytes, kind: str = PAYLOAD) -> bytes:
    """DSSE's pre-authentication encoding: what is really signed.

    DSSE protocol v1: "DSSEv1" SP LEN(type) SP type SP LEN(body) SP body
    """
    return b" ".join((b"DSSEv1", b"%d" % len(kind), kind.encode(), b"%d" % len(payload), payload))


def enveloped(manifest: bytes, keyid: str, signature: bytes) -> bytes:
    mark = Mark(keyid, base64.b64encode(signature).decode())
    return msgspec.json.encode(Envelope(PAYLOAD, base64.b64encode(manifest).decode(), (mark,))) + b"\n"


def keyid_of(public_key: bytes) -> str:
    """A public key's name: the SHA-256 of its PEM."""
    return hashlib.sha256(public_key).hexdigest()
