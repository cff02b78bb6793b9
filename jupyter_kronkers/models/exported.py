"""What is signed about an exported folder: all of it, the artifact within and what was put beside it.

    export.json   an in-toto statement: model, number, the artifact's manifest, every file with its SHA-256 and size
    export.sig    a DSSE envelope of it, by the key of the data folder, whose public half is signing.pub beside

The artifact's own manifest and signature lie there as ever, so the folder is still the version that was registered.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import msgspec

from jupyter_kronkers.errors import Tampered
from jupyter_kronkers.models import trees
from jupyter_kronkers.models.manifests import (
    compare_files,
    opened,
    refuse_other_files,
    refuse_unsigned,
    signed,
    small_file,
    understood,
)
from jupyter_kronkers.models.signing import Signer, hash_of, left_behind, replace_file
from jupyter_kronkers.models.statements import STATEMENT, Bytes, Manifest, Subject

EXPORT, EXPORT_SIGNATURE, KEY = "export.json", "export.sig", "signing.pub"
PREDICATE = "urn:kronkers:export:1"


class Exported(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is said about an export. `files` has every file of it save this statement and its signature."""

    model: str
    number: int
    language: str
    manifest: str
    files: dict[str, Bytes]

    @property
    def version(self) -> str:
        return f"{self.model} {self.number}"


class ExportStatement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An in-toto statement about one export."""

    type: str = msgspec.field(name="_type")
    subject: tuple[Subject]
    predicate_type: str = msgspec.field(name="predicateType")
    predicate: Exported


def seal(folder: Path, about: Manifest, signer: Signer) -> None:
    """Sign all that the folder holds now. Raises Conflict if others may read the key."""
    with trees.opened(folder) as root:
        files = {path: hash_of(root, path) for path in parts(root)}
    manifest = files["manifest.json"].sha256
    text = encoded(Exported(about.model, about.number, about.language, manifest, files))
    replace_file(folder / EXPORT_SIGNATURE, signer.envelope(text))
    replace_file(folder / EXPORT, text)
    for name in (EXPORT, EXPORT_SIGNATURE):
        (folder / name).chmod(0o644)


def verify(folder: Path, public_key: bytes) -> Exported:
    """What the export's statement says, every file compared with it. Raises Tampered naming the first file at fault."""
    what = folder.name
    with opened(folder) as root:
        text, envelope = small_file(root, EXPORT, what), small_file(root, EXPORT_SIGNATURE, what)
        refuse_unsigned(text, envelope, what, public_key, (EXPORT, EXPORT_SIGNATURE))
        about = understood(text, ExportStatement, what, EXPORT).predicate
        if encoded(about) != text:
            raise Tampered(what, f"{EXPORT} is no statement about an export")
        refuse_other_files(there(root, about.version), about.files, about.version)
        compare_files(root, about.files, about.version)
        if signed(root, what, public_key).digest != about.manifest:
            raise Tampered(about.version, "manifest.json is of another version")
    return about


def there(root: int, what: str) -> list[str]:
    """The same where a link may have been put among them. Raises Tampered."""
    try:
        return parts(root)
    except trees.Unsafe as problem:
        raise Tampered(what, f"{problem.path} {problem.problem}") from problem


def parts(root: int) -> list[str]:
    """The files that an export's statement names."""
    return [path for path in trees.files(root) if path not in (EXPORT, EXPORT_SIGNATURE) and not left_behind(path)]


def encoded(about: Exported) -> bytes:
    """The statement as it is written and signed: readable, and always the same bytes for the same words."""
    contents = msgspec.json.encode(about.files, order="sorted")
    subject = Subject(f"{about.model}/{about.number}", {"sha256": hashlib.sha256(contents).hexdigest()})
    statement = ExportStatement(STATEMENT, (subject,), PREDICATE, about)
    return json.dumps(msgspec.to_builtins(statement), indent=1, sort_keys=True, ensure_ascii=True).encode() + b"\n"
