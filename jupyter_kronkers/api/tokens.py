"""Tokens: how applications say who they are."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from jupyter_kronkers.api.decoding import Nothing
from jupyter_kronkers.api.exchange import Call
from jupyter_kronkers.api.wire import Asked, Moment, Title, Told, told

if TYPE_CHECKING:
    from jupyter_kronkers.access.tokens import Token as RoomToken
    from jupyter_kronkers.api.rooms import Rooms


class Token(Told, frozen=True):
    """A token without its secret. `deployments` are those it may call; "*" is every one."""

    id: str
    name: str
    principal: str
    scopes: list[str]
    deployments: list[str]
    created_at: Moment
    expires_at: Moment | None
    revoked_at: Moment | None


class TokenList(Told, frozen=True):
    items: list[Token]


class NewToken(Asked, frozen=True):
    """`lifetime_s` null: until revoked."""

    name: Title
    scopes: Annotated[list[Title], Meta(max_length=10)] = msgspec.field(default_factory=list)
    deployments: Annotated[list[Title], Meta(max_length=100)] = msgspec.field(default_factory=list)
    lifetime_s: Annotated[int, Meta(ge=60, le=10 * 365 * 86_400)] | None = 90 * 86_400


class CreatedToken(Told, frozen=True):
    """The only answer that holds the secret."""

    token: Token
    secret: str


def list_tokens(rooms: Rooms, call: Call[Nothing, Nothing]) -> TokenList:
    """The caller's tokens, newest first; an administrator sees everyone's."""
    return TokenList(items=[told(token, Token) for token in rooms.tokens.list(call.who)])


def create_token(rooms: Rooms, call: Call[Nothing, NewToken]) -> CreatedToken:
    """A new token. Its secret is shown this once and kept nowhere."""
    asked = call.body
    lifetime = timedelta(seconds=asked.lifetime_s) if asked.lifetime_s is not None else None
    token, secret = rooms.tokens.create(
        call.who, asked.name, scopes=asked.scopes, deployments=asked.deployments, lifetime=lifetime
    )
    return CreatedToken(token=shown(token), secret=secret)


def revoke_token(rooms: Rooms, call: Call[Nothing, Nothing]) -> None:
    """End a token now."""
    rooms.tokens.revoke(call.who, call.path["token"])


def shown(token: RoomToken) -> Token:
    return told(token, Token)
