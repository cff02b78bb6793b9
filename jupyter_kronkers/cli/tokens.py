"""`jupyter kronkers tokens …`"""

from __future__ import annotations

import click

from jupyter_kronkers.cli.output import print_json, print_table
from jupyter_kronkers.cli.settings import Settings, as_json

DAY_S = 86_400


@click.group(short_help="Tokens for applications.")
def tokens() -> None:
    """Tokens with which applications ask for predictions, or use the REST interface."""


@tokens.command()
@click.argument("name")
@click.option("--deployment", "deployments", multiple=True, metavar="NAME",
              help="A deployment it may call; repeat for more. [default: every one]")  # fmt: skip
@click.option("--scope", "scopes", multiple=True, type=click.Choice(["read", "write", "deploy", "approve", "admin"]),
              help="What it may do in the REST interface; repeat for more. [default: nothing]")  # fmt: skip
@click.option("--days", type=click.IntRange(min=0), default=90, show_default=True, help="How long; 0 for ever.")
@as_json
@click.pass_obj
def create(
    settings: Settings, *, name: str, deployments: tuple[str, ...], scopes: tuple[str, ...], days: int, as_json: bool
) -> None:
    """A new token. The secret is printed this once and kept nowhere."""
    from jupyter_kronkers.api.tokens import NewToken

    lifetime_s = days * DAY_S if days else None
    wish = NewToken(name=name, scopes=list(scopes), deployments=list(deployments or ("*",)), lifetime_s=lifetime_s)
    with settings.client() as client:
        found = client.create_token(wish)
    if as_json:
        print_json(found)
    else:
        click.echo(found.secret)
        click.echo(f"Token {found.token.id} ({name}). Keep it now: it is not shown again.", err=True)


@tokens.command("list")
@as_json
@click.pass_obj
def list_(settings: Settings, *, as_json: bool) -> None:
    """Your tokens, newest first, without their secrets."""
    with settings.client() as client:
        found = client.tokens().items
    if as_json:
        return print_json(found)
    titles = ("id", "name", "deployments", "scopes", "created", "expires", "revoked", "of")
    rows = [
        (t.id, t.name, t.deployments, t.scopes, t.created_at, t.expires_at, t.revoked_at, t.principal) for t in found
    ]
    return print_table(titles, rows, none="There are no tokens.")


@tokens.command()
@click.argument("id")
@click.pass_obj
def revoke(settings: Settings, *, id: str) -> None:
    """End a token now."""
    with settings.client() as client:
        client.revoke_token(id)
