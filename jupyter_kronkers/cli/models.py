"""`jupyter kronkers models …`"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jupyter_kronkers.cli.output import print_facts, print_json, print_table, size
from jupyter_kronkers.cli.settings import Settings, as_json, say

if TYPE_CHECKING:
    from jupyter_kronkers.api.aliases import AliasMove
    from jupyter_kronkers.api.models import Model
    from jupyter_kronkers.api.versions import Change, Diff, MetricChange, Version

MOST_PARAMS = 8
VERSION = "A number, or an alias such as champion."


@click.group(short_help="Versions of models.")
def models() -> None:
    """Models, their versions, and which version each alias names."""


@models.command("list")
@click.option("--search", default="", help="Only names and titles with this in them.")
@click.option("--language", default="", help="Only models whose latest version is in python, r or julia.")
@click.option("--archived", is_flag=True, help="Archived ones too.")
@as_json
@click.pass_obj
def list_(settings: Settings, *, search: str, language: str, archived: bool, as_json: bool) -> None:
    """All models, by name."""
    with settings.client() as client:
        found = list(client.models(search=search, language=language, archived=archived))
    if as_json:
        print_json(found)
    else:
        titles = ("name", "latest", "state", "language", "aliases", "registered", "by", "title")
        print_table(titles, [row_of(model) for model in found], none="There are no models yet.")


def row_of(model: Model) -> tuple[object, ...]:
    latest = model.latest
    if latest is None:
        return (model.name, "", "", "", "", model.created_at, model.created_by, model.title)
    registered = (latest.number, latest.state, latest.language, model.aliases, latest.created_at, latest.created_by)
    return (model.name, *registered, model.title)


@models.command()
@click.argument("name")
@click.argument("version", required=False)
@as_json
@click.pass_obj
def show(settings: Settings, *, name: str, version: str | None, as_json: bool) -> None:
    """One model with its versions, or one VERSION (a number or an alias)."""
    with settings.client() as client:
        if version is not None:
            return show_version(client.version(name, version), as_json=as_json)
        model, versions = client.model(name), list(client.versions(name))
    if as_json:
        return print_json({"model": model, "versions": versions})
    facts = (("name", model.name), ("title", model.title), ("description", model.description))
    print_facts((*facts, ("aliases", model.aliases), ("archived", model.archived_at)))
    click.echo()
    titles = ("version", "state", "language", "class", "size", "metrics", "registered", "by", "reason")
    print_table(titles, [version_row(found) for found in versions], none="It has no versions yet.")
    return None


def version_row(found: Version) -> tuple[object, ...]:
    what = (found.number, found.state, found.language, found.class_, size(found.size_bytes), found.metrics)
    return (*what, found.created_at, found.created_by, found.reason)


def show_version(found: Version, *, as_json: bool) -> None:
    if as_json:
        return print_json(found)
    facts: list[tuple[str, object]] = [("version", f"{found.model} {found.number}"), ("state", found.state)]
    facts += [("reason", found.reason), ("remedy", found.remedy), ("language", found.language)]
    facts += [("class", found.class_), ("size", size(found.size_bytes)), ("metrics", found.metrics)]
    facts += [("params", few(found.params)), ("data", data_in_words(found)), ("git", commit_in_words(found))]
    facts += [("notebook", found.notebook)]
    facts += [("registered", found.created_at), ("by", found.created_by), ("warnings", found.warnings)]
    if found.signature:
        facts += [("inputs", [f"{field.name} {field.type}" for field in found.signature.inputs])]
        facts += [("outputs", [f"{field.name} {field.type}" for field in found.signature.outputs])]
    print_facts(facts)
    return None


def few(params: Mapping[str, object]) -> dict[str, object]:
    """The first of them; a pipeline has dozens."""
    left = len(params) - MOST_PARAMS
    shown = dict(islice(params.items(), MOST_PARAMS))
    return {**shown, "…": f"{left} more, with --json"} if left > 0 else shown


def data_in_words(found: Version) -> str:
    data = found.data
    return f"{data.rows:,} rows, {data.columns} columns, {data.digest[:19]}" if data else ""


def commit_in_words(found: Version) -> str:
    git = found.git
    if git is None:
        return ""
    words = f"{git.commit[:12]}{f' on {git.branch}' if git.branch else ''}"
    return f"{words}, with changes that were not committed" if git.dirty else words


@models.command()
@click.argument("name")
@click.option("--capture", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path),
              help="The capture folder that a kernel wrote.")  # fmt: skip
@click.option("--title", default="", help="The model's title, for people.")
@click.option("--description", default="", help="What the model is for.")
@click.option("--note", default="", help="What is new in this version.")
@as_json
@click.pass_obj
def register(
    settings: Settings, *, name: str, capture: Path, title: str, description: str, note: str, as_json: bool
) -> None:
    """Register a capture as the next version of NAME, after proving that it answers as the live model did."""
    from jupyter_kronkers.cli.program import REJECTED
    from jupyter_kronkers.client.registering import registered_of
    from jupyter_kronkers.models import intake

    with tempfile.TemporaryDirectory(prefix="kronkers-") as folder:
        say("Describing the data …")
        finished = Path(folder) / "finished"
        intake.finish(capture, finished)
        with settings.client() as client:
            say(f"Registering {name}: a fresh host must give the live answers again …")
            version = client.register(name, finished, title=title, description=description, note=note)
        found = registered_of(version)
    if as_json:
        print_json(found.told())
    else:
        click.echo(str(found))
    if found.state == "rejected":
        sys.exit(REJECTED)


@models.command()
@click.argument("name")
@click.argument("alias", required=False)
@click.argument("version", required=False, type=click.IntRange(min=1))
@click.option("--unset", is_flag=True, help="Take the alias away.")
@click.option("--why", default="", help="The reason, kept in the history.")
@as_json
@click.pass_obj
def alias(
    settings: Settings, *, name: str, alias: str | None, version: int | None, unset: bool, why: str, as_json: bool
) -> None:
    """Where the aliases of NAME point; with ALIAS and VERSION, point one there.

    Deployments that follow the alias change over without losing a request.
    """
    if (alias is None) != (version is None) and not (alias and unset):
        raise click.UsageError("Give ALIAS and VERSION, or ALIAS with --unset, or neither.")
    with settings.client() as client:
        if alias and unset:
            client.unset(name, alias, why=why)
        elif alias and version:
            client.move(name, alias, version, why=why)
        found = client.aliases(name)
    if as_json:
        print_json(found)
    else:
        print_table(("alias", "version"), [(one.alias, one.number) for one in found], none="There are no aliases.")


@models.command()
@click.argument("name")
@click.option("--alias", help="Only the moves of this alias.")
@click.option("--at", type=click.DateTime(), help="Instead: the version that --alias named then (local time).")
@as_json
@click.pass_obj
def history(settings: Settings, *, name: str, alias: str | None, at: datetime | None, as_json: bool) -> None:
    """Every alias move of NAME: from, to, who, when, why."""
    if at is not None and alias is None:
        raise click.UsageError("--at needs --alias.")
    with settings.client() as client:
        if at is not None and alias is not None:
            number = client.live_at(name, alias, at.astimezone())
            print_json({"version": number}) if as_json else click.echo("none" if number is None else number)
            return
        found = list(client.history(name, alias=alias))
    if as_json:
        print_json(found)
    else:
        titles = ("when", "alias", "from", "to", "by", "why", "origin")
        print_table(titles, [move_row(move) for move in found], none="No alias was ever moved.")


def move_row(move: AliasMove) -> tuple[object, ...]:
    return (move.at, move.alias, move.before, move.after, move.by, move.why, move.origin)


@models.command()
@click.argument("name")
@click.argument("a", metavar="VERSION")
@click.argument("b", metavar="OTHER")
@as_json
@click.pass_obj
def diff(settings: Settings, *, name: str, a: str, b: str, as_json: bool) -> None:
    """What differs between two versions: metrics, parameters, packages, data, code, signature."""
    with settings.client() as client:
        found = client.diff(name, a, b)
    if as_json:
        print_json(found)
    else:
        print_diff(found)


@models.command()
@click.argument("name")
@click.argument("version")
@click.argument("folder", type=click.Path(path_type=Path))
@as_json
@click.pass_obj
def export(settings: Settings, *, name: str, version: str, folder: Path, as_json: bool) -> None:
    """Make FOLDER of a version: it scores without Kronkers (./run, Dockerfile), and all of it is signed.

    It is an ordinary MLflow model too. README.md in it has the commands.
    """
    with settings.client() as client:
        place = client.export(name, version, folder)
    if as_json:
        print_json({"folder": str(place)})
    else:
        click.echo(f"Exported {name} {version} to {place}")


@models.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@as_json
@click.pass_obj
def verify(settings: Settings, *, folder: Path, as_json: bool) -> None:
    """Is an exported FOLDER, `run` included, what this data folder signed?"""
    from jupyter_kronkers.models import Signer
    from jupyter_kronkers.models.exported import verify as verified

    about = verified(folder.absolute(), Signer(settings.folders).public_key)
    if as_json:
        print_json({"model": about.model, "version": about.number, "files": len(about.files)})
    else:
        click.echo(f"{about.version}: {len(about.files)} files are as they were signed here.")


def print_diff(found: Diff) -> None:
    """A table of what changed, then the changed lines of the notebook."""
    parts: dict[str, Sequence[Change | MetricChange]] = {
        "": found.about,
        "metric": found.metrics,
        "param": found.params,
    }
    parts |= {"environment": found.environment, "package": found.packages}
    parts |= {"data": found.data, "column": found.signature}
    rows = [(kind, one.name, one.before, one.after) for kind, changes in parts.items() for one in changes]
    print_table(("", "what", f"in {found.before}", f"in {found.after}"), rows, none="They are alike.")
    for line in found.code:
        click.echo(line)
