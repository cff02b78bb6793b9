"""What every command shares: which data folder, and a client of it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from jupyter_kronkers.client import Client
    from jupyter_kronkers.store import Folders


@dataclass(frozen=True)
class Settings:
    """data_dir: as the user gave it, None for the default."""

    data_dir: str | None

    def client(self) -> Client:
        """A client of the folder; close it."""
        from jupyter_kronkers.client import Client

        return Client.connect(self.data_dir, say=say)

    @property
    def folders(self) -> Folders:
        from jupyter_kronkers.client.connecting import folders_at

        return folders_at(self.data_dir)


def say(words: str) -> None:
    """Progress for a person who waits; a program that reads stderr from a pipe is not bothered."""
    if sys.stderr.isatty():
        click.echo(words, err=True)


as_json = click.option("--json", "as_json", is_flag=True, help="One JSON value instead of a table, for programs.")
