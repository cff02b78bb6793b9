"""Verifying a version before anything reads it.

`fetch` is the only way from a stored artifact to a host: it copies and hashes in one pass through directory
descriptors, so that what a host reads is what was verified, whatever happens to the stored folder afterwards.
Nothing here needs SQL or MLflow: the gateway uses it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeVar

import msgspec

from jupyter_kronkers.errors import Tampered
from jupyter_kronkers.models import trees
from jupyter_kronkers.models.signing import Signer, listed
from jupyter_kronkers.models.statements import (
    MANIFEST,
    SIGNATURE,
    Bytes,
    Envelope,
    Manifest,
    Statement,
    authenticated,
    encoded,
    enveloped,
    keyid_of,
)

__all__ = ["Manifest", "Signer", "fetch", "held", "sweep", "verify"]

LARGEST = 16 << 20
T = TypeVar("T")


class Signed(NamedTuple):
    """A manifest whose signature holds, with the very bytes that were checked."""

    manifest: Manifest
    digest: str
    files: dict[str, bytes]


def verify(folder: Path, public_key: bytes) -> Manifest:
    """What the folder's manifest says, every file compared with it. Raises Tampered naming the first file at fault."""
    with opened(folder) as root:
        manifest = signed(root, folder.name, public_key).manifest
        compare_all(root, manifest)
    return manifest


def fetch(folder: Path, cache: Path, public_key: bytes, *, model: str = "", number: int = 0) -> Path:
    """A private, read-only copy of the artifact, verified while it was copied: `cache/<SHA-256 of the manifest>`.

    model, number: the version that is wanted; another one, rightly signed or not, is refused.
    A copy that is there already is verified again, and so is the artifact it came from.
    Raises Tampered naming the file that is changed, missing, extra, renamed or a link.
    """
    with opened(folder) as root:
        found = signed(root, folder.name, public_key)
        refuse_other(found.manifest, model, number)
        copy = held(cache, found.digest, public_key)
        if copy is None:
            return copy_all(root, found, cache, public_key)
        compare_all(root, found.manifest)
        return copy


def held(cache: Path, digest: str, public_key: bytes) -> Path | None:
    """The copy that `fetch` made of this manifest, verified now; None if there is none that is whole."""
    copy = cache / digest
    try:
        with opened(copy) as root:
            found = signed(root, digest, public_key)
            compare_all(root, found.manifest)
    except Tampered:
        return None
    return copy if found.digest == digest else None


def sweep(cache: Path, keep: Collection[str]) -> None:
    """Removes copies whose manifest is not in `keep`, and drafts that a kill left."""
    for copy in cache.iterdir():
        if copy.name not in keep:
            trees.remove(copy)


@contextmanager
def opened(folder: Path) -> Iterator[int]:
    with ExitStack() as stack:
        try:
            root = stack.enter_context(trees.opened(folder))
        except OSError as problem:
            raise Tampered(folder.name, "its folder is missing or a link") from problem
        yield root


# The signature


def signed(root: int, what: str, public_key: bytes) -> Signed:
    """The manifest below the descriptor, if its signature holds. Raises Tampered."""
    manifest, envelope = small_file(root, MANIFEST, what), small_file(root, SIGNATURE, what)
    refuse_unsigned(manifest, envelope, what, public_key)
    statement = understood(manifest, Statement, what, MANIFEST)
    if encoded(statement.predicate) != manifest:
        raise Tampered(what, f"{MANIFEST} is no statement about a version")
    digest = hashlib.sha256(manifest).hexdigest()
    return Signed(statement.predicate, digest, {MANIFEST: manifest, SIGNATURE: envelope})


def refuse_unsigned(
    manifest: bytes, envelope: bytes, what: str, public_key: bytes, names: tuple[str, str] = (MANIFEST, SIGNATURE)
) -> None:
    """Raises Tampered unless the envelope is the one spelling of a signature by this key over this manifest."""
    statement, seal = names
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    mark = understood(envelope, Envelope, what, seal).signatures[0]
    key = load_pem_public_key(public_key)
    if mark.keyid != keyid_of(public_key) or not isinstance(key, Ed25519PublicKey):
        raise Tampered(what, f"{seal} was made with an unknown key")
    try:
        signature = base64.b64decode(mark.sig, validate=True)
        key.verify(signature, authenticated(manifest))
    except (InvalidSignature, binascii.Error) as problem:
        raise Tampered(what, f"{statement} does not match {seal}") from problem
    if enveloped(manifest, mark.keyid, signature) != envelope:
        raise Tampered(what, f"{seal} was changed")


def understood(content: bytes, kind: type[T], what: str, path: str) -> T:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise Tampered(what, f"{path} cannot be read") from problem


def small_file(root: int, path: str, what: str) -> bytes:
    try:
        with trees.reading(root, path) as file:
            return file.read(LARGEST)
    except FileNotFoundError as problem:
        raise Tampered(what, f"{path} is missing") from problem
    except trees.Unsafe as problem:
        raise Tampered(what, f"{path} {problem.problem}") from problem


def refuse_other(manifest: Manifest, model: str, number: int) -> None:
    wanted = f"{model or manifest.model} {number or manifest.number}"
    if manifest.version != wanted:
        raise Tampered(wanted, f"{MANIFEST} is about {manifest.version}")


# The files


def compare_all(root: int, manifest: Manifest) -> None:
    refuse_other_names(root, manifest)
    compare_files(root, manifest.files, manifest.version)


def compare_files(root: int, files: Mapping[str, Bytes], what: str) -> None:
    for path, expected in files.items():
        compare(root, path, expected, what, None)


def refuse_other_names(root: int, manifest: Manifest) -> None:
    """Raises Tampered unless the folder holds the files of the manifest and no other."""
    try:
        names = set(listed(root))
    except trees.Unsafe as problem:
        raise Tampered(manifest.version, f"{problem.path} {problem.problem}") from problem
    refuse_other_files(names, manifest.files, manifest.version)


def refuse_other_files(there: Collection[str], files: Collection[str], what: str) -> None:
    for path in sorted(set(there) ^ set(files)):
        raise Tampered(what, f"{path} {'was added' if path in there else 'is missing'}")


def compare(root: int, path: str, expected: Bytes, what: str, target: BinaryIO | None) -> None:
    """Reads one file, into `target` if there is one. Raises Tampered if it holds anything but what was signed."""
    try:
        with trees.reading(root, path) as file:
            found = trees.copied(file, target, most=expected.size_bytes)
    except (FileNotFoundError, OverflowError, trees.Unsafe) as problem:
        raise Tampered(what, f"{path} was changed") from problem
    if found != (expected.sha256, expected.size_bytes):
        raise Tampered(what, f"{path} was changed")


def copy_all(root: int, found: Signed, cache: Path, public_key: bytes) -> Path:
    """The verified copy, whole or not there. A broken copy that was there is replaced."""
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = cache / f".{found.digest[:16]}.{secrets.token_hex(8)}"
    draft.mkdir(mode=0o700)
    try:
        with trees.opened(draft) as target:
            fill(root, target, found)
        return put(draft, cache / found.digest, lambda: held(cache, found.digest, public_key) is not None)
    finally:
        trees.remove(draft)


def fill(root: int, target: int, found: Signed) -> None:
    refuse_other_names(root, found.manifest)
    for path, expected in found.manifest.files.items():
        with trees.creating(target, path, mode=0o400) as file:
            compare(root, path, expected, found.manifest.version, file)
    for path, content in found.files.items():
        with trees.creating(target, path, mode=0o400) as file:
            trees.write_all(file, content)


def put(draft: Path, final: Path, is_whole: Callable[[], bool]) -> Path:
    """Closes the draft and moves it into place. A whole copy that someone else was quicker with stays."""
    for here, _, _ in os.walk(draft):
        os.chmod(here, 0o500)
    try:
        os.rename(draft, final)
    except OSError:  # there is one already
        if not is_whole():
            trees.remove(final)
            os.rename(draft, final)
    return final
