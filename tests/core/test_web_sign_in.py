"""Sign-in through a service's own pages."""

from __future__ import annotations

import threading
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest

from decamp.errors import AccessDenied, AuthError, ConfigError, Unavailable
from decamp.oauth import ClientKeys
from decamp.service.signin import LIFETIME, WebSignIn
from decamp_tiktok.api.login import login_kit
from decamp_tiktok.config import Config
from decamp_tiktok.sandbox.service import Behaviour, SandboxOptions, SandboxServer
from login_server import ALL, CHATS, KEY, SECRET, server
from token_stores import MemoryAttempts, tokens

__all__ = ["server", "tokens"]

BACK = "https://app.example/callback"


@pytest.fixture
def attempts():
    return MemoryAttempts()


@pytest.fixture
def make(server, tokens, attempts):
    """Make the service anew, as after a restart: all that it knows lies in its stores."""

    def sign_in(keys=None, **changes):
        keys = keys or ClientKeys(KEY, SECRET)
        return WebSignIn(
            server.oauth(**changes), keys, BACK, tokens, attempts, title="Thing", now=server.clock
        )

    return sign_in


def test_two_people_sign_in_while_the_service_is_restarted(server, tokens, make):
    ada = make().begin("ada", ["all"], "ongoing")
    bob = make().begin("bob", ["all", "chats"], "ongoing")
    assert ada.state != bob.state
    assert ada.state not in repr(ada)
    bobs = make().complete(server.authorize(bob.url), state=bob.state)
    adas = make().complete(urlsplit(server.authorize(ada.url)).query, state=ada.state)
    assert bobs.scopes == {ALL, CHATS}
    assert adas.scopes == adas.asked == {ALL}
    assert tokens.load("ada").access != tokens.load("bob").access
    assert tokens.load("ada").grant == adas


@pytest.mark.parametrize("pkce", [True, False])
def test_pkce_is_sent_if_the_service_takes_it_on_the_web(server, make, pkce):
    begun = make(challenge_on_the_web=pkce).begin("ada", ["all"], "ongoing")
    asked = dict(parse_qsl(urlsplit(begun.url).query))
    assert ("code_challenge" in asked) == pkce
    assert asked["redirect_uri"] == BACK
    make().complete(server.authorize(begun.url), state=begun.state)
    assert ("code_verifier" in server.forms[-1]) == pkce


def test_a_second_callback_is_refused(server, make):
    begun = make().begin("ada", ["all"], "ongoing")
    back = server.authorize(begun.url)
    make().complete(back, state=begun.state)
    with pytest.raises(AuthError, match="belongs to no sign-in that waits"):
        make().complete(back, state=begun.state)
    assert server.calls["/token"] == 1


def test_of_many_callbacks_at_once_one_gets_through(server, make):
    begun = make().begin("ada", ["all"], "ongoing")
    back, ended = server.authorize(begun.url), []
    gate = threading.Barrier(6, timeout=60)

    def come():
        gate.wait()
        try:
            ended.append(make().complete(back, state=begun.state).account)
        except AuthError:
            ended.append("refused")

    threads = [threading.Thread(target=come) for _ in range(6)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert sorted(ended) == ["account-1"] + ["refused"] * 5


def test_an_answer_in_another_persons_browser_is_refused(server, tokens, make):
    """Somebody sends the address of their own sign-in to another person (RFC 9700 4.7)."""
    begun, other = make().begin("ada", ["all"], "ongoing"), make().begin("eve", ["all"], "ongoing")
    back = server.authorize(begun.url)
    for state in (other.state, "", "x"):
        with pytest.raises(AuthError, match="belongs to no sign-in"):
            make().complete(back, state=state)
    assert tokens.kept == {}
    make().complete(back, state=begun.state)


@pytest.mark.parametrize("query", ["", "state=", "code=x", "nonsense", "state=a&state=a", "\ud800"])
def test_nonsense_is_refused(make, query):
    with pytest.raises(AuthError):
        make().complete(f"{BACK}?{query}", state="a")


def test_an_answer_that_comes_too_late_is_refused(server, make):
    begun = make().begin("ada", ["all"], "ongoing")
    back = server.authorize(begun.url)
    server.clock.move((LIFETIME + timedelta(seconds=1)).total_seconds())
    with pytest.raises(AuthError, match="belongs to no sign-in") as caught:
        make().complete(back, state=begun.state)
    assert "too late" in caught.value.hint


def test_a_denied_consent(server, tokens, make):
    begun = make().begin("ada", ["all"], "ongoing")
    with pytest.raises(AccessDenied, match="did not agree"):
        make().complete(f"{BACK}?error=access_denied&state={begun.state}", state=begun.state)
    assert tokens.kept == {}


def test_nothing_granted_is_no_sign_in(server, tokens, make):
    server.granted = frozenset()
    begun = make().begin("ada", ["all"], "ongoing")
    with pytest.raises(AccessDenied, match="Nothing of what was asked for"):
        make().complete(server.authorize(begun.url), state=begun.state)
    assert tokens.kept == {}


def test_wrong_keys_and_lost_answers(server, tokens, make):
    begun = make().begin("ada", ["all"], "ongoing")
    with pytest.raises(AuthError, match="key or its secret"):
        make(ClientKeys(KEY, "no")).complete(server.authorize(begun.url), state=begun.state)
    begun = make().begin("ada", ["all"], "ongoing")
    server.answers.append("lost")
    with pytest.raises(Unavailable):
        make().complete(server.authorize(begun.url), state=begun.state)
    assert tokens.kept == {}


def test_a_grant_is_taken_back_and_its_tokens_deleted(server, tokens, make):
    begun = make().begin("ada", ["all"], "ongoing")
    make().complete(server.authorize(begun.url), state=begun.state)
    access = tokens.load("ada").access
    server.revoke_answers.append("dropped")
    with pytest.raises(Unavailable):
        make().revoke("ada")
    assert tokens.load("ada").access == access
    assert make().revoke("ada")
    assert server.revoked == [access]
    assert tokens.kept == {}
    assert not make().revoke("ada")


@pytest.mark.parametrize(
    ("names", "term"), [([], "ongoing"), (["nothing"], "ongoing"), (["chats"], "once")]
)
def test_unknown_permissions_are_refused(make, names, term):
    with pytest.raises(ConfigError):
        make().begin("ada", names, term)


@pytest.mark.parametrize(
    "address",
    [
        "http://app.example/callback",
        "http://localhost/callback",
        "https://app.example/callback?x=1",
        "https://app.example/callback#x",
        "https:///callback",
        f"https://app.example/{'x' * 512}",
        "app.example",
    ],
)
def test_a_redirect_address_has_to_be_safe(server, tokens, attempts, address):
    """Tiktok 1.3, the column of the web."""
    with pytest.raises(ConfigError, match="cannot be a redirect address"):
        WebSignIn(server.oauth(), ClientKeys(KEY, SECRET), address, tokens, attempts)


@pytest.mark.parametrize("web_pkce", ["ignored", "checked", "refused"])
def test_login_kit_for_web(tokens, attempts, web_pkce):
    """Against the sandbox, with every plausible answer to PKCE on the web (tiktok 1.2)."""
    options = SandboxOptions(behaviour=Behaviour(web_pkce=web_pkce))
    with SandboxServer(options) as sandbox:
        app = sandbox.simulator.options.apps[1]
        oauth = login_kit(Config(api=sandbox.address))
        sign_in = WebSignIn(
            oauth, ClientKeys(app.key, app.secret), "https://service.example/callback",
            tokens, attempts, title="TikTok", now=sandbox.clock.now,
        )  # fmt: skip
        begun = sign_in.begin("ada", ["posts", "messages"], "once")
        back = sandbox.sign_in(begun.url, ticked=["portability.directmessages.single"])
        assert back.startswith("https://service.example/callback?")
        grant = sign_in.complete(back, state=begun.state)
    assert grant.scopes & grant.asked == {"portability.directmessages.single"}
    assert tokens.load("ada").grant == grant
