"""Tables for people, JSON for programs."""

from __future__ import annotations

import shutil
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime

import click
import msgspec

from jupyter_kronkers import errors

NARROWEST = 8


def print_json(value: object) -> None:
    """The value on stdout, indented, always UTF-8."""
    text = msgspec.json.format(msgspec.json.encode(value), indent=2)
    sys.stdout.buffer.write(text + b"\n")
    sys.stdout.flush()


def print_table(titles: Sequence[str], rows: Iterable[Sequence[object]], *, none: str) -> None:
    """Rows below titles, cut to the terminal's width; `none` says in words that there are none."""
    cells = [[cell(value) for value in row] for row in rows]
    if not cells:
        click.echo(none, err=True)
        return
    table = [[title.upper() for title in titles], *cells]
    widths = fitted([max(width(row[n]) for row in table) for n in range(len(titles))])
    for row in table:
        click.echo("  ".join(padded(text, wide) for text, wide in zip(row, widths, strict=True)).rstrip())


def print_facts(facts: Sequence[tuple[str, object]]) -> None:
    """Name and value on each line; what is empty is left out."""
    shown = [(name, cell(value)) for name, value in facts if value not in (None, "", [], {}, ())]
    wide = max((width(name) for name, _ in shown), default=0)
    for name, text in shown:
        click.echo(f"{padded(name, wide)}  {text}")


def print_problem(error: errors.KronkersError) -> None:
    """What is wrong and what to do, on stderr; the whole problem on stdout if the command was asked for JSON."""
    if "--json" in sys.argv:
        from jupyter_kronkers.api.problems import problem_of

        print_json(problem_of(error))
    click.echo(f"{error.message}", err=True)
    if error.remedy:
        click.echo(error.remedy, err=True)


def cell(value: object) -> str:
    """A value on one line; moments in the reader's own zone."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, dict):
        return ", ".join(f"{name}={cell(part)}" for name, part in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(cell(part) for part in value)
    # What people called their things may hold anything: nothing of it may steer the terminal.
    return "".join(c if c.isprintable() else " " for c in str(value))


def size(bytes_: int) -> str:
    """Bytes for people."""
    amount = float(bytes_)
    for unit in ("B", "kB", "MB"):
        if amount < 1_000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1_000
    return f"{amount:.1f} GB"


def fitted(widths: list[int]) -> list[int]:
    """The widths, the widest cut until the row fits the terminal; a pipe takes everything."""
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize
    while sum(widths) + 2 * (len(widths) - 1) > room and max(widths) > NARROWEST:
        widths[widths.index(max(widths))] -= 1
    return widths


def padded(text: str, wide: int) -> str:
    while width(text) > wide:
        text = text[: -2 if text.endswith("…") else -1] + "…"
        if len(text) <= 1:
            break
    return text + " " * (wide - width(text))


def width(text: str) -> int:
    """Columns on a terminal: East Asian letters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
