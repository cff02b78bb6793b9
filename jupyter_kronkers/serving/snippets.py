"""Snippets: the call of a deployment in the languages of those who will write it.

Whatever the row holds, a snippet is one call with that row: tests run each in its language. Each runs with what its
people have: where a language needs a package to speak HTTP, there is a second way that needs the program curl alone.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pprint import pformat
from typing import NamedTuple

import msgspec

from jupyter_kronkers.serving.examples import Row

VARIABLE = "KRONKERS_TOKEN"
"""The environment variable that the token is read from: a program that is shared must not hold it."""

Request = dict[str, list[Row]]


@dataclass(frozen=True)
class Snippet:
    """language: curl, python, r or julia."""

    language: str
    title: str
    code: str


class Way(NamedTuple):
    """How a call is written, from the address and the request."""

    language: str
    title: str
    write: Callable[[str, Request], str]


def written(url: str, row: Row, *, language: str = "") -> list[Snippet]:
    """The call with this row, in every way; of one language, if it is given."""
    request: Request = {"dataframe_records": [row]}
    ways = [way for way in WAYS if language in ("", way.language)]
    return [Snippet(way.language, way.title, way.write(url, request)) for way in ways]


def json_of(request: Request) -> str:
    return msgspec.json.format(msgspec.json.encode(request), indent=2).decode()


def curl(url: str, request: Request) -> str:
    return (
        f"curl {url} \\\n"
        f'  -H "Authorization: Bearer ${VARIABLE}" -H "Content-Type: application/json" \\\n'
        f"  -d {shlex.quote(json_of(request))}"
    )


def python(url: str, request: Request) -> str:
    row = pformat(request, sort_dicts=False, width=80).replace("\n", "\n" + " " * len("    json="))
    return (
        "import os\n\nimport requests\n\n"
        f'answer = requests.post(\n    "{url}",\n'
        f'    headers={{"Authorization": "Bearer " + os.environ["{VARIABLE}"]}},\n'
        f"    json={row},\n"
        "    timeout=30,\n)\n"
        'print(answer.json()["predictions"] if answer.ok else answer.text)'
    )


# R


def r(url: str, request: Request) -> str:
    return (
        "library(httr2)\n\n"
        f'request("{url}") |>\n'
        f'  req_auth_bearer_token(Sys.getenv("{VARIABLE}")) |>\n'
        f'  req_body_raw({raw_in_r(json_of(request))}, "application/json") |>\n'
        "  req_perform() |>\n"
        "  resp_body_json(simplifyVector = TRUE)"
    )


def r_by_curl(url: str, request: Request) -> str:
    return (
        f"body <- {raw_in_r(json_of(request))}\n\n"
        "# R itself sends no headers with a POST, so the program curl does.\n"
        'answer <- system2("curl", input = body, stdout = TRUE, args = c("-sS", "--data-binary", "@-",\n'
        f'  "-H", shQuote(paste("Authorization: Bearer", Sys.getenv("{VARIABLE}"))),\n'
        '  "-H", shQuote("Content-Type: application/json"),\n'
        f'  shQuote("{url}")))\n'
        'cat(answer, sep = "\\n")'
    )


def raw_in_r(text: str) -> str:
    """A raw string, in which nothing means anything to R: its end has more dashes than all that looks like it."""
    dashes = "---"
    while f'){dashes}"' in text:
        dashes += "-"
    return f'r"{dashes}({text}){dashes}"'


# Julia


def julia(url: str, request: Request) -> str:
    return (
        "using Downloads  # comes with Julia 1.6 and later\n\n"
        f"body = {quoted_in_julia(json_of(request))}\n"
        f'headers = ["Authorization" => "Bearer " * ENV["{VARIABLE}"], "Content-Type" => "application/json"]\n'
        "answer = IOBuffer()\n"
        f'Downloads.request("{url}"; method = "POST", headers = headers,\n'
        "    input = IOBuffer(body), output = answer)\n"
        "println(String(take!(answer)))"
    )


def julia_by_curl(url: str, request: Request) -> str:
    return (
        f"body = {quoted_in_julia(json_of(request))}\n"
        f'token = ENV["{VARIABLE}"]\n'
        'command = `curl -sS --data-binary @- -H "Authorization: Bearer $token"\n'
        f'    -H "Content-Type: application/json" {url}`\n'
        "answer = read(pipeline(IOBuffer(body), command), String)\n"
        "println(answer)"
    )


def quoted_in_julia(text: str) -> str:
    return '"""' + text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$") + '"""'


WAYS = (
    Way("curl", "curl", curl),
    Way("python", "Python", python),
    Way("r", "R", r),
    Way("r", "R without packages", r_by_curl),
    Way("julia", "Julia", julia),
    Way("julia", "Julia before 1.6", julia_by_curl),
)
