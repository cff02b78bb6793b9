"""The key of a data folder, and the signature it puts under a version.

`keys/signing.key` (Ed25519, PEM, 0600) and `keys/signing.pub` are made at first use and never leave the folder.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from jupyter_kronkers.errors import Conflict
from jupyter_kronkers.models import trees
from jupyter_kronkers.models.statements import (
    MANIFEST,
    SIGNATURE,
    Bytes,
    Manifest,
    authenticated,
    encoded,
    enveloped,
    keyid_of,
)
from jupyter_kronkers.store.folders import Folders

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class Signer:
    """Signs artifacts with this data folder's key."""

    def __init__(self, folders: Folders) -> None:
        self._private, self._public = folders.keys / "signing.key", folders.keys / "signing.pub"

    @property
    def public_key(self) -> bytes:
        """The public key in PEM, for whoever verifies."""
        if not self._public.exists():
            self._make()
        return self._public.read_bytes()

    def sign(self, folder: Path, about: Manifest) -> str:
        """Writes `manifest.json` and `manifest.sig` about what the folder holds now.

        about: everything but `files`, which is read from the folder. Returns the SHA-256 of the manifest.
        Raises Conflict if others may read the key.
        """
        with trees.opened(folder) as root:
            hashed = {path: hash_of(root, path) for path in listed(root)}
        manifest = encoded(msgspec.structs.replace(about, files=hashed))
        replace_file(folder / SIGNATURE, self.envelope(manifest))
        replace_file(folder / MANIFEST, manifest)
        return hashlib.sha256(manifest).hexdigest()

    def envelope(self, statement: bytes) -> bytes:
        """A DSSE envelope of the statement, signed. Raises Conflict if others may read the key."""
        return enveloped(statement, keyid_of(self.public_key), self._key().sign(authenticated(statement)))

    def _key(self) -> Ed25519PrivateKey:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        if self._private.stat().st_mode & 0o077:
            raise Conflict(
                f"Others may read the signing key {self._private}.", remedy=f"Close it with: chmod 600 {self._private}"
            )
        key = load_pem_private_key(self._private.read_bytes(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise Conflict(f"{self._private} holds no Ed25519 key.", remedy="Restore it from a backup.")
        return key

    def _make(self) -> None:
        """The pair of keys, made once: whoever is first wins, in this process or another."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

        key = Ed25519PrivateKey.generate()
        put_first(self._private, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        public = self._key().public_key()
        put_first(self._public, public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def listed(root: int) -> list[str]:
    """The files that are part of an artifact: all but the manifest itself and what an MLflow that used it left."""
    return [path for path in trees.files(root) if path not in (MANIFEST, SIGNATURE) and not left_behind(path)]


def left_behind(path: str) -> bool:
    """Whether Python or MLflow wrote this when somebody loaded the artifact in place: never signed, never copied.

    Python leaves bytecode, MLflow a note of the version's name; it writes the number as text or not, depending on
    whether the version or an alias was asked for, so the note cannot be put there beforehand either.
    """
    return path == "registered_model_meta" or (path.endswith(".pyc") and "__pycache__" in path.split("/")[:-1])


def hash_of(root: int, path: str) -> Bytes:
    with trees.reading(root, path) as file:
        return Bytes(*trees.copied(file, None))


def put_first(path: Path, content: bytes) -> None:
    """Writes a file that nobody else has written, whole; leaves one that is there."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    replace_file(draft, content)
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()


def replace_file(path: Path, content: bytes) -> None:
    """Writes a file (0600) so that a kill leaves the old content or the new."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with open(os.open(draft, trees.NEW, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)
