"""A service lets a person go: at the source's service first, then in its own store."""

from __future__ import annotations

import pytest

from decamp.errors import AuthError, Unavailable
from decamp.oauth import ClientKeys
from decamp.service.signin import WebSignIn
from login_server import KEY, SECRET, server
from token_stores import MemoryAttempts, tokens

__all__ = ["server", "tokens"]

BACK = "https://app.example/callback"


@pytest.fixture
def sign_in(server, tokens):
    """Sign ada in, and give what signed her in."""
    made = WebSignIn(
        server.oauth(), ClientKeys(KEY, SECRET), BACK, tokens, MemoryAttempts(), now=server.clock
    )
    begun = made.begin("ada", ["all"], "ongoing")
    made.complete(server.authorize(begun.url), state=begun.state)
    return made


def test_it_is_taken_back_there_and_deleted_here(server, tokens, sign_in):
    held = tokens.load("ada").access
    assert sign_in.revoke("ada")
    assert server.revoked == [held]
    assert tokens.load("ada") is None


def test_what_is_not_there_needs_no_call(server, tokens, sign_in):
    assert not sign_in.revoke("bob")
    assert server.calls["/revoke"] == 0
    assert tokens.load("ada") is not None


def test_twice_is_once(server, sign_in):
    assert sign_in.revoke("ada")
    assert not sign_in.revoke("ada")
    assert len(server.revoked) == 1


def test_an_expired_token_is_renewed_to_be_taken_back_and_no_pair_stays(server, tokens, sign_in):
    server.clock.move(server.lifetime)
    assert sign_in.revoke("ada")
    assert len(server.revoked) == 1 and tokens.load("ada") is None


def test_what_the_person_took_back_before_is_deleted_here(server, tokens, sign_in):
    server.access.clear()
    server.refresh.clear()
    assert not sign_in.revoke("ada")
    assert tokens.load("ada") is None


@pytest.mark.parametrize("answer", ["dropped", (500, b""), (503, b"")])
def test_what_is_in_doubt_can_be_tried_again(server, tokens, sign_in, answer):
    server.revoke_answers.append(answer)
    with pytest.raises(Unavailable):
        sign_in.revoke("ada")
    assert tokens.load("ada") is not None
    assert sign_in.revoke("ada")
    assert tokens.load("ada") is None


def test_with_wrong_keys_of_the_app_nothing_is_lost(server, tokens, sign_in):
    server.revoke_answers.append((401, {"error": "invalid_client", "error_description": "no"}))
    with pytest.raises(AuthError, match="key or its secret is wrong"):
        sign_in.revoke("ada")
    assert tokens.load("ada") is not None
