"""The page for people: what a deployment predicts, a form to try it, and lines to paste into a program.

Everything that came with the model is escaped; the page loads nothing, and the browser is told so: its policy allows
this very style and script, and requests to this gateway.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from html import escape
from pathlib import Path

import msgspec

from jupyter_kronkers.languages import Field
from jupyter_kronkers.serving.gateway.pages.describing import Facts, words
from jupyter_kronkers.serving.gateway.protocols import forms
from jupyter_kronkers.serving.snippets import written

STYLE = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
SCRIPT = Path(__file__).with_name("page.js").read_text(encoding="utf-8")
MOST_LEVELS = 200
"""Levels of one column that are shown."""

URL = "\0"
"""Stands for the address until the page knows it. A row cannot hold it: every language spells it otherwise."""


def hashed(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


POLICY = (
    f"default-src 'none'; style-src {hashed(STYLE)}; script-src {hashed(SCRIPT)}; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = (
    f"Content-Security-Policy: {POLICY}\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
).encode()


def page(facts: Facts) -> bytes:
    """The whole document."""
    name = escape(facts.deployment)
    parts = [
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{name}</title>',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<style>{STYLE}</style></head><body>",
        header(facts),
        section("What it predicts", outputs(facts)),
        section("What it needs", inputs(facts)),
        section("Try it", form(facts)),
        section("From your own program", programs(facts)),
        f"<script>{SCRIPT}</script></body></html>",
    ]
    return "\n".join(parts).encode("utf-8", "replace")


def section(title: str, content: str) -> str:
    return f"<section><h2>{title}</h2>{content}</section>"


def header(facts: Facts) -> str:
    version = f"{escape(facts.model)}, version {facts.number}"
    return (
        f"<header><h1>{escape(facts.deployment)}</h1>"
        f'<p class="quiet">Answered now by {version}, a model in {escape(facts.language)}.</p></header>'
    )


# What goes in and comes out


def outputs(facts: Facts) -> str:
    answered = facts.answer or {}
    rows = ([code(one.name), words_of(one), code(shown(answered.get(one.name, "")))] for one in facts.outputs)
    return table(("Name", "What it is", "For the example below"), rows)


def inputs(facts: Facts) -> str:
    rows = (
        [
            code(one.name),
            words_of(one),
            "may be missing (null)" if one.missing else "",
            code(shown(facts.row[one.name])),
        ]
        for one in facts.inputs
    )
    return table(("Name", "What it is", "", "Example"), rows)


def words_of(field: Field) -> str:
    if not field.levels:
        return escape(words(field))
    items = "".join(f"<li>{code(level)}</li>" for level in field.levels[:MOST_LEVELS])
    more = len(field.levels) - MOST_LEVELS
    return f'{escape(words(field))}: <ul class="levels">{items}</ul>' + (f"and {more:,} more" if more > 0 else "")


def table(names: Iterable[str], rows: Iterable[list[str]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def shown(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


# The form


def form(facts: Facts) -> str:
    fields = "".join(map(field_of, facts.inputs, (facts.row[one.name] for one in facts.inputs)))
    return (
        f'<form><div class="fields">{fields}</div>'
        '<label class="token">Token <small>empty, if your browser asked you for it already</small>'
        '<input id="token" type="password" autocomplete="off" spellcheck="false"></label>'
        "<button>Predict</button></form>"
        '<p id="note" role="status"></p><pre id="answer" hidden></pre>'
    )


def field_of(field: Field, value: object) -> str:
    known = {"string": "string", "datetime": "string", "boolean": "boolean"}
    kind = known.get(field.type, "number")
    about = f'name="{escape(field.name)}" data-kind="{kind}"' + (' data-missing="1"' if field.missing else "")
    label = f"<label>{escape(field.name)} <small>{escape(words(field))}</small>"
    choices = list(field.levels or ()) or (["true", "false"] if kind == "boolean" else [])
    if not choices or len(choices) > MOST_LEVELS:
        mode = ' inputmode="decimal"' if kind == "number" else ""
        text = "" if value is None else shown(value)
        return f'{label}<input {about}{mode} value="{escape(text)}" autocomplete="off" spellcheck="false"></label>'
    options = [*([""] if field.missing else []), *choices]
    chosen = "" if value is None else shown(value)
    listed = "".join(f"<option{' selected' if one == chosen else ''}>{escape(one)}</option>" for one in options)
    return f"{label}<select {about}>{listed}</select></label>"


# Programs


def programs(facts: Facts) -> str:
    """Snippets, and the other forms that are understood."""
    parts = []
    for place, one in enumerate(written(URL, facts.row)):
        text = escape(one.code).replace(URL, '<span class="url">https://…/invocations</span>')
        parts.append(
            f"<details{' open' if not place else ''}><summary>{one.title}</summary><pre>{text}</pre></details>"
        )
    kinds = ", ".join(code(kind) for kind in forms.CONTENT_TYPES)
    model = code(f"/v2/models/{facts.deployment}/infer")
    parts.append(
        f"<p>Bodies may be {kinds}, with gzip or without; ask for answers as CSV or Arrow by the header "
        f"{code('Accept')}. The Open Inference Protocol is at {model}. "
        f'For programs that write programs there is the <a href="openapi.json">OpenAPI document</a>.</p>'
    )
    return "".join(parts)
