"""`jupyter kronkers doctor`: what is in order, what is not, and what to do."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click
import msgspec

from jupyter_kronkers.cli.output import print_json, print_table
from jupyter_kronkers.cli.settings import Settings, as_json
from jupyter_kronkers.errors import KronkersError

if TYPE_CHECKING:
    from jupyter_kronkers.store import Folders


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at. `verdict` is ok, warning or broken."""

    what: str
    verdict: str
    words: str
    remedy: str = ""


@click.command()
@as_json
@click.pass_obj
def doctor(settings: Settings, *, as_json: bool) -> None:
    """Check the data folder, every signed version, the languages and what runs. Exit code 1 if something is broken."""
    found = list(examine(settings))
    if as_json:
        print_json(found)
    else:
        rows = [(finding.verdict, finding.what, finding.words, finding.remedy) for finding in found]
        print_table(("verdict", "what", "found", "what to do"), rows, none="Nothing was looked at.")
    if any(finding.verdict == "broken" for finding in found):
        sys.exit(1)


def examine(settings: Settings) -> Iterator[Finding]:
    """Looks only; changes nothing."""
    try:
        folders = settings.folders.prepare()
    except KronkersError as error:
        yield Finding("data folder", "broken", error.message, error.remedy)
        return
    yield Finding("data folder", "ok", str(folders.root))
    yield from databases(folders)
    yield from artifacts(folders)
    yield owner(folders)
    yield from languages()
    yield fence()


def databases(folders: Folders) -> Iterator[Finding]:
    for path in (folders.database, folders.mlflow_database):
        if path.exists():
            yield database(path.name, f"file:{path}?mode=ro")


def database(name: str, address: str) -> Finding:
    remedy = "Stop what runs, keep a copy of the file, and restore it from a backup."
    try:
        connection = sqlite3.connect(address, uri=True)
        (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        connection.close()
    except sqlite3.Error as problem:
        return Finding(name, "broken", str(problem), remedy)
    return Finding(name, "ok", "whole") if said == "ok" else Finding(name, "broken", str(said), remedy)


def artifacts(folders: Folders) -> Iterator[Finding]:
    """Every version's files against its signed manifest."""
    from jupyter_kronkers.models.manifests import verify

    whole, key = 0, folders.keys / "signing.pub"
    for manifest in sorted(folders.models.glob("*/*/manifest.json")):
        try:
            verify(manifest.parent, key.read_bytes())
            whole += 1
        except KronkersError as error:
            yield Finding(f"version in {manifest.parent.name}", "broken", error.message, error.remedy)
    yield Finding("versions", "ok", f"{whole} are as they were signed")


def owner(folders: Folders) -> Finding:
    from jupyter_kronkers.control import living_owner
    from jupyter_kronkers.serving.supervising.whereabouts import living_supervisor

    start = "jupyter lab, or jupyter kronkers serve"
    if (plane := living_owner(folders)) is not None:
        return Finding("owner", "ok", str(plane))
    if (left := living_supervisor(folders.gateway)) is not None:
        words = f"its control plane was killed; {left} goes on as wished last"
        return Finding("owner", "warning", words, f"{start} (takes it over), or jupyter kronkers stop")
    return Finding("owner", "warning", "nothing runs, so nothing is served", start)


def languages() -> Iterator[Finding]:
    from jupyter_kronkers.languages import survey

    for found in survey():
        verdict = "warning" if found.missing else "ok"
        yield Finding(found.title, verdict, f"{found.version} {found.missing}".strip(), found.remedy)


def fence() -> Finding:
    """What keeps models from the network, the files and each other."""
    from jupyter_kronkers.languages.fence import protection

    found = protection()
    return Finding("fence of hosts", "ok" if found.program else "warning", found.words, found.remedy)
