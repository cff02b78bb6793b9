"""Tokens: hashed, scoped, expiring."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from jupyter_kronkers.access import Tokens
from jupyter_kronkers.errors import Invalid, NotFound, Unauthenticated


@pytest.fixture
def tokens(store, audit, events, clock):
    return Tokens(store, audit, events, clock)


def test_a_token_is_recognised_with_its_scopes(tokens, anna):
    token, secret = tokens.create(anna, "notebook", scopes=["write"])
    principal, found = tokens.recognise(secret)
    assert (principal.name, principal.may("read"), principal.may("deploy")) == ("anna", True, False)
    assert found == token


def test_the_secret_is_in_no_file_of_the_data_folder(tokens, anna, folders, store):
    """faults: rule 34"""
    _, secret = tokens.create(anna, "notebook")
    store.close()
    for path in folders.root.rglob("*"):
        assert not path.is_file() or secret.encode() not in path.read_bytes()


def test_a_scope_that_is_not_held_cannot_be_given(tokens, vera):
    """faults: 89, 113"""
    with pytest.raises(Invalid, match="'deploy' is not yours to give"):
        tokens.create(vera, "mine", scopes=["deploy"])


def test_an_expired_and_a_revoked_token_are_refused_alike(tokens, store, audit, events, anna):
    """faults: 117"""
    token, secret = tokens.create(anna, "short", lifetime=timedelta(hours=1))
    later = Tokens(store, audit, events, lambda: datetime(2026, 3, 3, 13, tzinfo=UTC))
    with pytest.raises(Unauthenticated) as expired:
        later.recognise(secret)
    tokens.revoke(anna, token.id)
    with pytest.raises(Unauthenticated) as revoked:
        tokens.recognise(secret)
    assert str(expired.value) == str(revoked.value)


@pytest.mark.parametrize("secret", ["", "krk_", "x" * 1_000_000, "krk_\x00", "é"])
def test_anything_else_is_no_token(tokens, secret):
    """faults: 117"""
    with pytest.raises(Unauthenticated):
        tokens.recognise(secret)


def test_another_persons_token_is_not_found(tokens, anna, vera):
    """faults: 115"""
    token, _ = tokens.create(anna, "hers")
    assert tokens.list(vera) == []
    with pytest.raises(NotFound):
        tokens.revoke(vera, token.id)
