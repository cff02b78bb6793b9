"""The commands of `run`."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from . import verifying


def main(folder: str, words: list[str]) -> int:
    """One command. 0: done, 1: the model failed, 2: not understood, 3: the folder is not what was signed."""
    asked = parser().parse_args(words)
    try:
        about = verifying.verify(folder, asked.key)
    except verifying.Tampered as problem:
        print(problem, file=sys.stderr)
        return 3
    return int(asked.do(folder, about, asked))


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(prog="run", description="Scores with the model in this folder.")
    commands = found.add_subparsers(required=True, metavar="score | serve | verify")
    score_ = command(commands, "score", score, "predictions for the rows of a file")
    score_.add_argument("file", nargs="?", default="-", help="CSV, or JSON as MLflow has it; - for stdin")
    score_.add_argument("--input", choices=("csv", "json"), help="what the rows are; by the file's name if not said")
    score_.add_argument("--output", choices=("csv", "json"), help="what to answer; like the rows if not said")
    serve_ = command(commands, "serve", serve, "predictions over HTTP: POST /invocations, GET /ping")
    serve_.add_argument("--host", default="127.0.0.1", help="the address to listen on (%(default)s)")
    serve_.add_argument("--port", type=int, default=8080, help="the port (%(default)s); 0 takes a free one")
    command(commands, "verify", verify, "is this what was signed?")
    return found


def command(commands: Any, name: str, do: Any, words: str) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(name, help=words, description=words)
    made.set_defaults(do=do)
    made.add_argument("--key", default="", metavar="FILE", help="the public key to trust, instead of the one beside")
    return made


def verify(_folder: str, about: dict[str, Any], asked: argparse.Namespace) -> int:
    whose = "the key given" if asked.key else "the key beside it, signing.pub"
    print(f"{about['model']} {about['number']}: {len(about['files'])} files are as they were signed with {whose}.")
    return 0


def score(folder: str, _about: dict[str, Any], asked: argparse.Namespace) -> int:
    from .scoring import CSV, JSON, Failed, Model
    from .tables import Unfit

    if asked.file == "-":
        body = sys.stdin.buffer.read()
    else:
        with open(asked.file, "rb") as file:
            body = file.read()
    kind = asked.input or ("json" if asked.file.endswith(".json") or body.lstrip()[:1] == b"{" else "csv")
    types = {"csv": CSV, "json": JSON}
    try:
        answer = Model(folder).score(body, types[kind], types[asked.output or kind])
    except (Unfit, Failed) as problem:
        print(problem, file=sys.stderr)
        return 1
    sys.stdout.buffer.write(answer if answer.endswith(b"\n") else answer + b"\n")
    return 0


def serve(folder: str, about: dict[str, Any], asked: argparse.Namespace) -> int:
    from . import serving
    from .scoring import Model

    serving.serve(Model(folder), about, asked.host, asked.port)
    return 0
