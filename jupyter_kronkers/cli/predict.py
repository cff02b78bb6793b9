"""`jupyter kronkers predict`: rows in, predictions out, as CSV or JSON."""

from __future__ import annotations

import csv
import http.client
import io
import sys
from typing import BinaryIO
from urllib.parse import quote, urlsplit

import click
import msgspec

from jupyter_kronkers import errors
from jupyter_kronkers.cli.output import print_json
from jupyter_kronkers.cli.settings import Settings

LONGEST_S = 300.0
NOTHING_SERVES = "Nothing serves predictions for this data folder."
CSV, JSON = "text/csv", "application/json"


@click.command()
@click.argument("deployment")
@click.argument("file", type=click.File("rb"), default="-")
@click.option("--csv", "answer", flag_value="csv", help="Answer as CSV. [default: as the rows came]")
@click.option("--json", "answer", flag_value="json", help="Answer as JSON.")
@click.pass_obj
def predict(settings: Settings, *, deployment: str, file: BinaryIO, answer: str | None) -> None:
    """Ask DEPLOYMENT for predictions on the rows in FILE, or on standard input.

    CSV with a header line, or JSON in any of MLflow's forms:
    {"dataframe_split": …}, {"dataframe_records": …}, {"inputs": …}, {"instances": …}, or a list of records.
    """
    rows = file.read()
    kind = JSON if rows.lstrip()[:1] in (b"{", b"[") else CSV
    body = as_mlflow(rows) if kind == JSON else rows
    found = ask(settings, deployment, body, kind)
    if (answer or kind.rpartition("/")[2]) == "csv":
        print_csv(found)
    else:
        print_json(found)


def as_mlflow(rows: bytes) -> bytes:
    """A bare list of records in the form that the gateway takes."""
    return b'{"dataframe_records": ' + rows + b"}" if rows.lstrip()[:1] == b"[" else rows


def ask(settings: Settings, deployment: str, body: bytes, kind: str) -> object:
    """The gateway's answer. Raises Unavailable if nothing is served, or the error that the gateway tells."""
    from jupyter_kronkers.api import Response
    from jupyter_kronkers.api.problems import error_of

    url, token = gateway_of(settings)
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=LONGEST_S)
    headers = {"Content-Type": kind, "Authorization": f"Bearer {token}"}
    try:
        connection.request("POST", f"{parts.path}/{quote(deployment, safe='')}/invocations", body, headers)
        response = connection.getresponse()
        content = response.read()
    except OSError as problem:
        raise errors.Unavailable(f"The gateway at {url} does not answer: {problem}.") from problem
    finally:
        connection.close()
    if response.status >= 400:
        raise error_of(Response(response.status, {}, content))
    return msgspec.json.decode(content)


def gateway_of(settings: Settings) -> tuple[str, str]:
    """Where predictions are served, and the owner's token for it. Raises Unavailable if nothing is."""
    from jupyter_kronkers.control import living_owner

    plane = living_owner(settings.folders)
    if plane is None or not plane.url:
        raise errors.Unavailable(NOTHING_SERVES, remedy="Start it with: jupyter lab, or jupyter kronkers serve")
    with settings.client() as client:
        url = client.ready().gateway_url
    if url is None:
        raise errors.Unavailable(NOTHING_SERVES)
    return url, plane.token


def print_csv(answer: object) -> None:
    """One line per row; a column for each output."""
    predictions = answer["predictions"] if isinstance(answer, dict) else answer
    rows = predictions if isinstance(predictions, list) else [predictions]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns_of(rows))
    writer.writerows(
        list(row.values()) if isinstance(row, dict) else row if isinstance(row, list) else [row] for row in rows
    )
    sys.stdout.write(out.getvalue())


def columns_of(rows: list[object]) -> list[str]:
    first = rows[0] if rows else None
    if isinstance(first, dict):
        return list(first)
    if isinstance(first, list):
        return [f"prediction_{n}" for n in range(1, len(first) + 1)]
    return ["prediction"]
