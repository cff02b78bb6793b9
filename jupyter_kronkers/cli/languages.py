"""`jupyter kronkers languages`"""

from __future__ import annotations

import sys

import click

from jupyter_kronkers.cli.output import print_json, print_table
from jupyter_kronkers.cli.settings import as_json, say


@click.group(invoke_without_command=True)
@as_json
@click.pass_context
def languages(ctx: click.Context, as_json: bool) -> None:
    """Which of Python, R and Julia are on this machine, and the command that brings what is missing."""
    if ctx.invoked_subcommand is not None:
        return
    from jupyter_kronkers.api.languages import list_languages

    found = list_languages().items
    if as_json:
        return print_json(found)
    titles = ("language", "version", "kernels", "program", "missing", "what to do")
    rows = [
        (one.title, one.version or "missing", one.kernels, one.executable, one.missing, one.remedy) for one in found
    ]
    return print_table(titles, rows, none="None.")


@languages.command()
@click.argument("which", nargs=-1, type=click.Choice(["r", "julia"]))
def setup(which: tuple[str, ...]) -> None:
    """Install the helpers of R and Julia (`library(kronkers)`, `using Kronkers`) where those languages are."""
    from jupyter_kronkers.errors import MissingLanguage
    from jupyter_kronkers.languages import find

    missing = []
    for language in which or ("r", "julia"):
        try:
            runtime = find(language)
        except MissingLanguage as error:
            missing.append(language)
            click.echo(str(error), err=True)
            continue
        say(f"Setting up {language} {runtime.version} …")
        set_up(language, runtime)
        click.echo(f"{language} {runtime.version}: ready")
    if set(missing) & set(which):
        sys.exit(1)


def set_up(language: str, runtime: object) -> None:
    from importlib import import_module

    module = import_module(f"jupyter_kronkers.languages.setup_{language}")
    getattr(module, f"setup_{language}")(runtime)
