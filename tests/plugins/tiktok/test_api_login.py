"""Login Kit, row by row of TikTok's pages, as our client does it.

The same rows are held against the sandbox in ``sandbox_api``. Pages: "Login Kit for Desktop",
"Login Kit for Web", "User access token management", "OAuth error handling" and "Scopes
overview" at developers.tiktok.com/doc.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from attrs import evolve

from decamp.errors import AccessDenied, AuthError, ConfigError, Unavailable
from decamp.oauth import ClientKeys, open_endpoint
from decamp.oauth.answers import AppRefused, as_error, refusal_in
from decamp.oauth.authorization import Attempt, Consent, authorization_url, read_callback
from decamp.oauth.endpoint import TokenRefused
from decamp.oauth.loopback import LoopbackListener
from decamp.oauth.scopes import scopes_for
from decamp.options import build_config
from decamp.service.signin import WebSignIn
from decamp_tiktok.api.login import PERMISSIONS, login_kit
from decamp_tiktok.config import Config
from decamp_tiktok.sandbox.service import SandboxOptions, SandboxServer
from token_stores import MemoryAttempts, MemoryTokens

REAL = login_kit(Config())
BACK = "http://127.0.0.1:4711/callback/"
ALL, CHATS = "portability.all.ongoing", "portability.directmessages.ongoing"


@pytest.fixture
def server():
    with SandboxServer(SandboxOptions(seed=3)) as running:
        yield running


@contextmanager
def endpoint_of(server):
    app = server.app
    oauth = login_kit(Config(api=server.address))
    keys = ClientKeys(app.key, app.secret)
    made = open_endpoint(oauth, keys, title="TikTok", now=server.clock.now)
    with closing(made.client):
        yield made


def begin(endpoint, asked=(ALL, CHATS)):
    attempt = Attempt.begin(BACK, asked, endpoint.now())
    return attempt, authorization_url(endpoint.oauth, endpoint.keys.key, attempt)


def signed_in(server, endpoint, **answer):
    attempt, url = begin(endpoint)
    consent = read_callback(endpoint.oauth, attempt, server.sign_in(url, **answer), "TikTok")
    return attempt, consent


def asked_with(oauth, *, web=False):
    if web:
        kit = WebSignIn(
            oauth, ClientKeys("key", "secret"), "https://a.example/back",
            MemoryTokens(), MemoryAttempts(),
        )  # fmt: skip
        url = kit.begin("ada", ["all", "messages"], "ongoing").url
        return urlsplit(url), None
    attempt = Attempt.begin(BACK, [CHATS, ALL], datetime(2026, 11, 25, tzinfo=UTC))
    return urlsplit(authorization_url(oauth, "key", attempt)), attempt


# --- authorize: one test for each query parameter -------------------------------------------


def test_the_addresses_are_tiktoks():
    assert REAL.authorize_url == "https://www.tiktok.com/v2/auth/authorize/"
    assert REAL.token_url == "https://open.tiktokapis.com/v2/oauth/token/"
    assert REAL.revoke_url == "https://open.tiktokapis.com/v2/oauth/revoke/"


@pytest.mark.parametrize("web", [False, True])
def test_authorize_client_key(web):
    found = dict(parse_qsl(asked_with(REAL, web=web)[0].query))
    assert found["client_key"] == "key"
    assert "client_id" not in found


@pytest.mark.parametrize("web", [False, True])
def test_authorize_scope_has_commas(web):
    assert dict(parse_qsl(asked_with(REAL, web=web)[0].query))["scope"] == f"{ALL},{CHATS}"


def test_authorize_redirect_uri():
    assert dict(parse_qsl(asked_with(REAL)[0].query))["redirect_uri"] == BACK
    web = dict(parse_qsl(asked_with(REAL, web=True)[0].query))
    assert web["redirect_uri"] == "https://a.example/back"


def test_authorize_state():
    url, attempt = asked_with(REAL)
    assert dict(parse_qsl(url.query))["state"] == attempt.state


@pytest.mark.parametrize("web", [False, True])
def test_authorize_response_type(web):
    assert dict(parse_qsl(asked_with(REAL, web=web)[0].query))["response_type"] == "code"


def test_authorize_code_challenge_is_hexadecimal_and_for_desktop():
    url, attempt = asked_with(REAL)
    found = dict(parse_qsl(url.query))
    assert found["code_challenge"] == hashlib.sha256(attempt.verifier.encode()).hexdigest()
    assert found["code_challenge_method"] == "S256"
    assert not [
        name for name, _ in parse_qsl(asked_with(REAL, web=True)[0].query) if "chall" in name
    ]


def test_authorize_disable_auto_auth_is_left_to_tiktok():
    for web in (False, True):
        assert "disable_auto_auth" not in asked_with(REAL, web=web)[0].query


def test_the_redirect_brings_code_scopes_and_state(server):
    with endpoint_of(server) as endpoint:
        attempt, url = begin(endpoint)
        back = server.sign_in(url, ticked=[CHATS])
        consent = read_callback(endpoint.oauth, attempt, back, "TikTok")
    found = dict(parse_qsl(urlsplit(back).query))
    assert (consent.code, found["state"]) == (found["code"], attempt.state)
    assert CHATS in consent.scopes
    assert ALL not in consent.scopes


def test_the_redirect_brings_error_and_error_description(server):
    with endpoint_of(server) as endpoint, pytest.raises(AccessDenied, match="did not agree"):
        signed_in(server, endpoint, allow=False)


# --- PKCE ----------------------------------------------------------------------------------


def test_the_verifier_is_new_for_every_attempt_and_of_allowed_characters(server):
    with endpoint_of(server) as endpoint:
        one, other = begin(endpoint)[0], begin(endpoint)[0]
    assert one.verifier != other.verifier
    assert re.fullmatch(r"[A-Za-z0-9\-._~]{43,128}", one.verifier)


def test_a_challenge_by_rfc_7636_would_be_refused(server):
    """So that the quirk is known to be needed: the sandbox takes the hexadecimal one alone."""
    with endpoint_of(server) as endpoint:
        plain = evolve(endpoint, oauth=evolve(endpoint.oauth, challenge="base64url"))
        with pytest.raises(AuthError, match="code challenge is invalid"):
            plain.exchange(*signed_in(server, plain))


def test_another_verifier_is_refused(server):
    with endpoint_of(server) as endpoint:
        attempt, consent = signed_in(server, endpoint)
        with pytest.raises(AuthError):
            endpoint.exchange(evolve(attempt, verifier="x" * 43), consent)


# --- redirect addresses --------------------------------------------------------------------


def test_the_redirect_address_of_desktop_has_a_port_and_is_static():
    with LoopbackListener(REAL.redirect_path) as listener:
        parts = urlsplit(listener.redirect_uri)
    assert (parts.scheme, parts.hostname, parts.path) == ("http", "127.0.0.1", "/callback/")
    assert parts.port
    assert not parts.query
    assert not parts.fragment
    assert len(listener.redirect_uri) < 512


def test_the_token_call_repeats_the_redirect_address(server):
    with endpoint_of(server) as endpoint:
        attempt, consent = signed_in(server, endpoint)
        other = evolve(attempt, redirect_uri="http://127.0.0.1:4712/callback/")
        with pytest.raises(AuthError):
            endpoint.exchange(other, consent)


# --- the token endpoint ---------------------------------------------------------------------


def test_a_code_becomes_a_pair_with_account_and_scopes(server):
    with endpoint_of(server) as endpoint:
        tokens = endpoint.exchange(*signed_in(server, endpoint))
    now = server.clock.now()
    assert tokens.access.startswith("act.")
    assert tokens.refresh.startswith("rft.")
    assert abs(tokens.expires_at - now - timedelta(hours=24)) < timedelta(minutes=5)
    assert abs(tokens.grant.until - now - timedelta(days=365)) < timedelta(minutes=5)
    assert tokens.grant.account
    assert {ALL, CHATS} <= tokens.grant.scopes


def test_a_code_is_good_once(server):
    with endpoint_of(server) as endpoint:
        attempt, consent = signed_in(server, endpoint)
        endpoint.exchange(attempt, consent)
        with pytest.raises(TokenRefused):
            endpoint.exchange(attempt, consent)


def test_a_code_that_stays_encoded_is_refused(server):
    """The field ``code`` is the decoded one; codes hold ``*`` and ``!``."""
    with endpoint_of(server) as endpoint:
        attempt, consent = signed_in(server, endpoint)
        encoded = urlencode({"c": consent.code})[2:]
        assert encoded != consent.code
        with pytest.raises(AuthError):
            endpoint.exchange(attempt, Consent(encoded, consent.scopes))


def test_the_answer_to_a_refresh_may_hold_another_refresh_token(server):
    with endpoint_of(server) as endpoint:
        old = endpoint.exchange(*signed_in(server, endpoint))
        server.advance(hours=25)
        new = endpoint.refresh(old)
        assert (new.access, new.refresh) != (old.access, old.refresh)
        assert new.grant.since == old.grant.since
        assert abs(new.grant.until - old.grant.until) < timedelta(minutes=5), "from the consent on"
        with pytest.raises(TokenRefused):
            endpoint.refresh(old)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("access_denied", AuthError),
        ("invalid_client", AppRefused),
        ("invalid_grant", AuthError),
        ("invalid_request", AuthError),
        ("invalid_scope", AuthError),
        ("unauthorized_client", AuthError),
        ("unsupported_grant_type", AuthError),
        ("unsupported_response_type", AuthError),
        ("server_error", Unavailable),
        ("temporarily_unavailable", Unavailable),
    ],
)
def test_every_error_of_the_page(code, error):
    refusal = refusal_in({"error": code, "error_description": "why", "log_id": "2026ABC"})
    found = as_error(refusal, "TikTok")
    assert type(found) is error
    assert f"({code}; why; log_id 2026ABC)" in found.message
    assert found.hint


# --- revoke --------------------------------------------------------------------------------


def test_revoke_takes_the_access_token_and_ends_both(server):
    with endpoint_of(server) as endpoint:
        tokens = endpoint.exchange(*signed_in(server, endpoint))
        endpoint.revoke(tokens)
        with pytest.raises(TokenRefused):
            endpoint.refresh(tokens)


# --- scopes --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("all", "all"),
        ("posts", "postsandprofile"),
        ("activity", "activity"),
        ("messages", "directmessages"),
    ],
)
@pytest.mark.parametrize(("term", "word"), [("once", "single"), ("ongoing", "ongoing")])
def test_every_scope_has_a_name(name, kind, term, word):
    assert scopes_for(REAL, [name], term) == {name: f"portability.{kind}.{word}"}


def test_what_only_the_full_archive_holds_is_said_wherever_it_matters():
    """ "Data types", August 2026."""
    words = {one.name: one.brings for one in PERMISSIONS}
    for thing in ("likes", "favourites", "comments"):
        assert thing in words["all"].lower()
        for name in ("posts", "activity"):
            assert thing in words[name].lower()
            assert "with the full archive alone" in words[name]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("127.0.0.1:8740", "api=127.0.0.1:8740 is no address: its protocol is missing"),
        ("localhost", "its protocol is missing"),
        ("http://127.0.0.1:8640?a=b", "without a query"),
        ("http://127.0.0.1:8640/#a", "without a fragment"),
        ("http://127.0.0.1:8640/?", "without a query"),
    ],
)
def test_what_is_no_address_of_a_simulator(address: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        build_config(Config, {"api": address}, plugin="tiktok")
    assert said in caught.value.message
    assert "api=http://127.0.0.1:8640" in caught.value.hint
    assert (
        build_config(Config, {"api": "http://127.0.0.1:1/"}, plugin="t").api == "http://127.0.0.1:1"
    )
