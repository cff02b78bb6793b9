"""Snippets: the call of a deployment in the languages of those who will write it.

Whatever the row holds, a snippet is one call with that row: tests parse them, each in its language.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pprint import pformat

import msgspec

Request = dict[str, list[dict[str, bool | int | float | str | None]]]


def json_of(request: Request) -> str:
    return msgspec.json.format(msgspec.json.encode(request), indent=2).decode()


def curl(url: str, request: Request) -> str:
    return (
        f"curl {url} \\\n"
        '  -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\\n'
        f"  -d {shlex.quote(json_of(request))}"
    )


def python(url: str, request: Request) -> str:
    row = pformat(request, sort_dicts=False, width=80).replace("\n", "\n" + " " * len("    json="))
    return (
        "import os\n\nimport requests\n\n"
        f'answer = requests.post(\n    "{url}",\n'
        '    headers={"Authorization": "Bearer " + os.environ["TOKEN"]},\n'
        f"    json={row},\n"
        "    timeout=30,\n)\n"
        'print(answer.json()["predictions"])'
    )


def r(url: str, request: Request) -> str:
    return (
        "library(httr2)\n\n"
        f'request("{url}") |>\n'
        '  req_auth_bearer_token(Sys.getenv("TOKEN")) |>\n'
        f'  req_body_raw({raw_in_r(json_of(request))}, "application/json") |>\n'
        "  req_perform() |>\n"
        "  resp_body_json(simplifyVector = TRUE)"
    )


def raw_in_r(text: str) -> str:
    """A raw string, in which nothing means anything to R: its end has more dashes than all that looks like it."""
    dashes = "---"
    while f'){dashes}"' in text:
        dashes += "-"
    return f'r"{dashes}({text}){dashes}"'


def julia(url: str, request: Request) -> str:
    text = json_of(request).replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return (
        "using HTTP, JSON\n\n"
        'headers = ["Authorization" => "Bearer " * ENV["TOKEN"], "Content-Type" => "application/json"]\n'
        f'answer = HTTP.post("{url}", headers, """{text}""")\n'
        'JSON.parse(String(answer.body))["predictions"]'
    )


SNIPPETS: dict[str, Callable[[str, Request], str]] = {"curl": curl, "Python": python, "R": r, "Julia": julia}
