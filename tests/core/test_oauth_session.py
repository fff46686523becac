"""Tokens from a code, and their renewal by one at a time: S2, and what can go wrong with both."""

from __future__ import annotations

import json
import logging
import threading
from contextlib import closing
from datetime import timedelta

import httpx
import pytest
from attrs import evolve

import login_server
from decamp.errors import AuthError, Locked, PluginError, RateLimited, Unavailable
from decamp.http import service_client
from decamp.oauth import ClientKeys, Tokens, open_endpoint, signed_client
from decamp.oauth.answers import AppRefused
from decamp.oauth.authorization import Attempt, authorization_url, read_callback
from decamp.oauth.endpoint import AnswerLost, TokenRefused
from decamp.oauth.session import Session
from login_server import ALL, CHATS, KEY, SECRET, server
from token_stores import MemoryTokens

__all__ = ["server"]

BACK = "http://127.0.0.1:4711/callback/"
AGAIN = "Sign in again: decamp connect thing"


def endpoint_of(server, keys=None, **changes):
    keys = keys or ClientKeys(KEY, SECRET)
    return open_endpoint(server.oauth(**changes), keys, title="Thing", now=server.clock)


def sign_in(server, endpoint=None, asked=(ALL, CHATS)):
    endpoint = endpoint or endpoint_of(server)
    attempt = Attempt.begin(BACK, asked, server.clock())
    url = authorization_url(endpoint.oauth, endpoint.keys.key, attempt)
    consent = read_callback(endpoint.oauth, attempt, server.authorize(url), "Thing")
    return endpoint.exchange(attempt, consent)


@pytest.fixture
def store(server):
    kept = MemoryTokens()
    kept.save("ada", sign_in(server))
    kept.done.clear()
    server.calls.clear()
    return kept


def session_of(server, store):
    return Session(endpoint_of(server), store, "ada", AGAIN)


# --- a code becomes tokens -----------------------------------------------------------------


@pytest.mark.parametrize("challenge", ["hex", "base64url"])
def test_a_code_becomes_tokens(server, challenge):
    tokens = sign_in(server, endpoint_of(server, challenge=challenge))
    assert tokens.access in server.access
    assert tokens.refresh in server.refresh
    grant = tokens.grant
    assert grant.account == "account-1"
    assert grant.asked == grant.scopes == {ALL, CHATS}
    assert grant.since == server.clock()
    assert grant.until == server.clock() + timedelta(days=365)
    assert tokens.expires_at == server.clock() + timedelta(days=1)


def test_nothing_secret_has_a_repr(server):
    tokens = sign_in(server)
    endpoint = endpoint_of(server)
    said = f"{tokens!r} {endpoint.keys!r} {endpoint!r} {tokens} {vars}"
    assert "CANARY" not in said


def test_lifetimes_are_those_of_the_answer(server):
    server.lifetime, server.refresh_lifetime = 7200.0, 180 * 86_400.0
    tokens = sign_in(server)
    assert tokens.expires_at == server.clock() + timedelta(hours=2)
    assert tokens.grant.until == server.clock() + timedelta(days=180)


@pytest.mark.parametrize("lifetime", [None, "x", -1, float("nan"), True, [], {}])
def test_a_lifetime_that_makes_no_sense_is_none(server, lifetime):
    body = {**server.hand_out(ALL), "expires_in": lifetime, "refresh_expires_in": lifetime}
    text = json.dumps(body).replace("NaN", '"NaN"').encode()
    server.answers.append((200, text))
    tokens = sign_in(server)
    assert tokens.expires_at is None
    assert tokens.grant.until is None


@pytest.mark.parametrize("lifetime", [1e300, 10**30, "86400"])
def test_an_odd_lifetime_does_no_harm(server, lifetime):
    server.answers.append((200, {**server.hand_out(ALL), "expires_in": lifetime}))
    assert sign_in(server).expires_at > server.clock()


def test_what_was_granted_is_what_the_token_says(server):
    server.granted = frozenset({CHATS})
    grant = sign_in(server).grant
    assert grant.scopes == {CHATS}
    assert grant.asked - grant.scopes == {ALL}


def test_a_token_without_scopes_has_those_of_the_redirect(server):
    server.granted = frozenset({CHATS})
    body = {k: v for k, v in server.hand_out("").items() if k != "scope"}
    server.answers.append((200, body))
    assert sign_in(server).grant.scopes == {CHATS}


@pytest.mark.parametrize(
    ("keys", "said"),
    [(ClientKeys("CANARYother", SECRET), "key or its secret"), (ClientKeys(KEY, "no"), "secret")],
)
def test_wrong_keys_are_said_and_not_shown(server, keys, said):
    with pytest.raises(AuthError, match=said) as caught:
        sign_in(server, endpoint_of(server, keys))
    assert "CANARY" not in f"{caught.value} {caught.value.hint}"
    assert "log_id 77" in caught.value.message


NESTED = {"data": {}, "error": {"code": "invalid_grant", "message": "bad", "log_id": "n1"}}
FLAT = {"error": "invalid_grant", "error_description": "bad", "log_id": "n1"}


@pytest.mark.parametrize("shape", [FLAT, NESTED])
@pytest.mark.parametrize("status", [200, 400, 401, 500])
def test_errors_are_judged_by_their_body_whatever_the_status(server, shape, status):
    server.answers.append((status, shape))
    with pytest.raises(TokenRefused, match="used before, or its time is over") as caught:
        sign_in(server)
    assert "n1" in caught.value.message


def test_a_success_in_the_shape_of_the_api_is_one(server):
    body = {**server.hand_out(ALL), "error": {"code": "ok", "message": "", "log_id": "1"}}
    server.answers.append((200, body))
    assert sign_in(server).access == body["access_token"]


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("invalid_client", AppRefused),
        ("invalid_request", AuthError),
        ("invalid_scope", AuthError),
        ("unauthorized_client", AuthError),
        ("unsupported_grant_type", AuthError),
        ("made_up_code", AuthError),
        ("server_error", Unavailable),
        ("temporarily_unavailable", Unavailable),
        ("rate_limit_exceeded", RateLimited),
    ],
)
def test_every_code_has_its_words(server, code, error):
    server.answers.append((400, {"error": code, "error_description": "d", "log_id": "n1"}))
    with pytest.raises(error) as caught:
        sign_in(server)
    assert type(caught.value) is error
    assert code in caught.value.message
    assert "Thing" in caught.value.message


def test_what_we_sent_does_not_come_back_in_an_error(server):
    def echo(form):
        said = f"{form['code']} {form['client_secret']} {form['client_id']} {form['code_verifier']}"
        return 400, {"error": "invalid_request", "error_description": said}

    server.token = echo
    with pytest.raises(AuthError) as caught:
        sign_in(server)
    sent = server.forms[-1]
    for name in ("code", "client_secret", "client_id", "code_verifier"):
        assert sent[name] not in caught.value.message


@pytest.mark.parametrize(
    "answer",
    [
        "dropped",
        "lost",
        (502, b"<html>"),
        (200, b"<html>"),
        (200, b"[]"),
        (200, {"access_token": 7}),
        (200, b"{" + b"x" * (3 << 20)),
        (302, b""),
    ],
)
def test_a_lost_answer_to_a_code_needs_a_new_sign_in(server, answer):
    server.answers.append(answer)
    with pytest.raises(Unavailable) as caught:
        sign_in(server)
    assert caught.value.exit_code == 7
    assert caught.value.hint == "Begin the sign-in again."
    assert server.calls["/token"] == 1


def test_a_service_that_is_not_there(server):
    endpoint = endpoint_of(server, token_url="http://127.0.0.1:9/token")
    with pytest.raises(Unavailable, match=r"cannot be reached\.$") as caught:
        sign_in(server, endpoint)
    assert caught.value.unsent


# --- renewal -------------------------------------------------------------------------------


def test_a_valid_token_is_used_as_it_is(server, store):
    session = session_of(server, store)
    assert session.current().access == store.load("ada").access
    assert not server.calls


def test_an_expired_token_is_renewed_and_kept_before_it_is_used(server, store):
    session, old = session_of(server, store), store.load("ada")
    server.clock.move(server.lifetime)
    new = session.current()
    assert new == store.load("ada")
    assert new.access != old.access
    assert new.refresh != old.refresh
    assert new.grant == evolve(old.grant, until=server.clock() + timedelta(days=365))
    assert (server.calls["/token"], store.done) == (1, ["saved", "saved"])


def test_without_room_for_the_new_pair_the_old_one_is_not_used_up(server, store):
    class Full(MemoryTokens):
        def save(self, key, tokens):
            raise OSError("no room")

    full = Full()
    full.kept = store.kept
    server.clock.move(server.lifetime)
    with pytest.raises(OSError, match="no room"):
        session_of(server, full).current()
    assert not server.calls
    assert session_of(server, store).current().access in server.access


def test_it_is_durable_before_anybody_uses_it(server, store):
    class Full(MemoryTokens):
        def save(self, key, tokens):
            if tokens.access not in self.kept[key].decode():
                raise OSError("no room")

    full = Full()
    full.kept = store.kept
    session = session_of(server, full)
    server.clock.move(server.lifetime)
    with signed_client(session, server.oauth()) as http, pytest.raises(OSError, match="no room"):
        http.get(f"{server.base}/api")
    assert server.seen == []


def test_a_consumed_scope_disappears_from_the_grant(server, store):
    server.refresh = {store.load("ada").refresh: CHATS}
    server.clock.move(server.lifetime)
    session = session_of(server, store)
    session.current()
    assert session.grant.scopes == {CHATS}
    assert session.grant.asked == {ALL, CHATS}
    assert session.grant.since == store.load("ada").grant.since


def test_a_refresh_token_that_does_not_change_stays(server, store):
    old = store.load("ada")
    server.rotates = False
    body = {k: v for k, v in server.hand_out(ALL).items() if k != "refresh_token"}
    server.answers.append((200, body))
    server.clock.move(server.lifetime)
    assert session_of(server, store).current().refresh == old.refresh


def test_twenty_workers_renew_once_for_each_expiry(server, store):
    """T17: 20 workers, tokens of two seconds, a clock that only the test moves."""
    server.lifetime = 2.0
    session = session_of(server, store)
    server.clock.move(86_400)
    expiries, rounds, failed = 10, 3, []
    barrier = threading.Barrier(20, timeout=60)
    with signed_client(session, server.oauth()) as http:

        def work():
            try:
                for _ in range(expiries):
                    for _ in range(rounds):
                        if http.post(f"{server.base}/api", json={}).status_code != 200:
                            failed.append("not let in")
                    if barrier.wait() == 0:
                        server.clock.move(2)
                    barrier.wait()
            except Exception as error:  # noqa: BLE001 - it fails the test below
                failed.append(error)
                barrier.abort()

        threads = [threading.Thread(target=work) for _ in range(20)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
    assert failed == []
    assert server.calls["/token"] == expiries
    assert server.calls["/api"] == 20 * expiries * rounds


def test_twenty_workers_whose_clock_is_behind_renew_once_too(server, store):
    """The service says 401 before this machine's clock does."""
    here = login_server.Clock()
    sessions = Session(evolve(endpoint_of(server), now=here), store, "ada", AGAIN)
    server.clock.move(server.lifetime + 1)
    results = []
    with signed_client(sessions, server.oauth()) as http:
        gate = threading.Barrier(20, timeout=60)

        def work():
            gate.wait()
            results.append(http.get(f"{server.base}/api").status_code)

        threads = [threading.Thread(target=work) for _ in range(20)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
    assert results == [200] * 20
    assert server.calls["/token"] == 1


@pytest.mark.parametrize("hours", [-400 * 24, -1, 1, 30])
def test_a_wrong_clock_here_does_no_harm(server, store, hours):
    here = login_server.Clock()
    here.move(hours * 3600)
    session = Session(evolve(endpoint_of(server), now=here), store, "ada", AGAIN)
    with signed_client(session, server.oauth()) as http:
        assert http.get(f"{server.base}/api").status_code == 200
        server.clock.move(server.lifetime + 1)
        here.move(server.lifetime + 1)
        assert http.get(f"{server.base}/api").status_code == 200
        assert http.get(f"{server.base}/api").status_code == 200
    assert server.calls["/token"] <= 2


def test_two_sessions_share_what_one_renewed(server, store):
    one, other = session_of(server, store), session_of(server, store)
    server.clock.move(server.lifetime)
    assert one.current() == other.current()
    assert server.calls["/token"] == 1


def test_a_token_that_was_renewed_elsewhere_is_taken_after_a_401(server, store):
    here = session_of(server, store)
    elsewhere = session_of(server, store)
    old = here.current()
    elsewhere.renewed(elsewhere.current())
    del server.access[old.access]
    with signed_client(here, server.oauth()) as http:
        assert http.get(f"{server.base}/api").status_code == 200
    assert server.calls["/token"] == 1


def test_a_store_that_rounds_the_times_of_a_grant_hides_no_401(server, store):
    """The file of connections keeps whole seconds."""

    class Rounds(MemoryTokens):
        def load(self, key):
            kept = super().load(key)
            return evolve(kept, grant=evolve(kept.grant, until=None))

    rounds = Rounds()
    rounds.kept = store.kept
    session = session_of(server, rounds)
    with signed_client(session, server.oauth()) as http:
        for number in range(1, 4):
            server.access.clear()
            assert http.get(f"{server.base}/api").status_code == 200
            assert server.calls["/token"] == number


def test_a_renewal_that_another_holds_for_too_long_is_said(server, store):
    class Held(MemoryTokens):
        def lock(self, key):
            raise Locked("held")

    held = Held()
    held.kept = store.kept
    server.clock.move(server.lifetime)
    with pytest.raises(Locked):
        session_of(server, held).current()


def test_a_revoked_sign_in_ends_at_once(server, store):
    server.access.clear()
    server.refresh.clear()
    with (
        signed_client(session_of(server, store), server.oauth()) as http,
        pytest.raises(AuthError, match="does not accept the sign-in any more") as caught,
    ):
        http.get(f"{server.base}/api")
    assert caught.value.hint == AGAIN
    assert caught.value.exit_code == 5
    assert (server.calls["/token"], server.calls["/api"]) == (1, 1)
    assert "CANARY" not in str(caught.value)


def test_a_sign_in_that_was_forgotten_meanwhile(server, store):
    session = session_of(server, store)
    store.delete("ada")
    server.clock.move(server.lifetime)
    with pytest.raises(AuthError, match="no sign-in at Thing"):
        session.current()
    with pytest.raises(AuthError, match="no sign-in at Thing"):
        session_of(server, store)


def test_without_a_refresh_token_it_ends(server, store):
    store.kept["ada"] = evolve(store.load("ada"), refresh="").to_json()
    server.clock.move(server.lifetime)
    with pytest.raises(AuthError, match="cannot be renewed"):
        session_of(server, store).current()
    assert not server.calls


LOST = ["dropped", "lost", (500, b""), (502, b"<html>"), (504, b""), (200, b"<html>"), (200, b"{}")]


@pytest.mark.parametrize("answer", ["dropped", (500, b""), (502, b"<html>"), (200, b"<html>")])
def test_a_lost_answer_is_asked_for_once_more(server, store, answer):
    server.answers.append(answer)
    server.clock.move(server.lifetime)
    assert session_of(server, store).current().access in server.access
    assert server.calls["/token"] == 2


def test_a_lost_answer_is_found_again_where_both_refresh_tokens_are_good(server, store):
    server.rotates = False
    server.answers.append("lost")
    server.clock.move(server.lifetime)
    assert session_of(server, store).current().access in server.access
    assert server.calls["/token"] == 2


def test_a_lost_answer_after_rotation_is_explained(server, store):
    server.answers.append("lost")
    server.clock.move(server.lifetime)
    with pytest.raises(AuthError, match="lost on the way") as caught:
        session_of(server, store).current()
    assert "does not accept the former sign-in any more" in caught.value.message
    assert caught.value.hint == AGAIN
    assert caught.value.exit_code == 5
    assert server.calls["/token"] == 2


@pytest.mark.parametrize("answer", LOST)
def test_an_answer_that_is_lost_twice_is_not_asked_for_a_third_time(server, store, answer):
    server.answers += [answer, answer]
    if answer == "lost":
        server.rotates = False
    before = store.load("ada")
    server.clock.move(server.lifetime)
    with pytest.raises(AuthError, match="so was that of a second attempt"):
        session_of(server, store).current()
    assert server.calls["/token"] == 2
    assert store.load("ada") == before


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_service_costs_nothing(server, store, status):
    server.answers.append((status, b""))
    server.clock.move(server.lifetime)
    session = session_of(server, store)
    with pytest.raises(Unavailable):
        session.current()
    assert server.calls["/token"] == 1
    assert session.current().access in server.access


def test_a_service_that_cannot_be_reached_costs_nothing(server, store):
    endpoint = endpoint_of(server, token_url="http://127.0.0.1:9/token")
    server.clock.move(server.lifetime)
    with pytest.raises(Unavailable, match="cannot be reached"):
        Session(endpoint, store, "ada", AGAIN).current()
    assert session_of(server, store).current().access in server.access


# --- the client ----------------------------------------------------------------------------


def test_a_401_is_renewed_once_and_then_returned(server, store):
    server.admits = lambda header: False
    with signed_client(session_of(server, store), server.oauth()) as http:
        answer = http.post(f"{server.base}/api", json={"a": 1})
    assert answer.status_code == 401
    assert (server.calls["/api"], server.calls["/token"]) == (2, 1)
    assert server.seen[0] != server.seen[1]


def test_the_token_stays_at_its_origin(server, store):
    with (
        login_server.serving() as other,
        signed_client(session_of(server, store), server.oauth()) as http,
    ):
        for url in (
            f"{other.base}/api",
            f"http://localhost:{server.port}/api",
            "https://a.example/",
        ):
            with pytest.raises(PluginError, match=r"for http://127\.0\.0\.1") as caught:
                http.get(url)
            assert "CANARY" not in str(caught.value)
        assert not other.calls
        moved = http.get(f"{server.base}/moved")
        assert moved.status_code == 302
        assert server.calls == {"/moved": 1}


def test_nothing_of_this_machine_is_sent(server, store, monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login ada password netrc-secret")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with signed_client(session_of(server, store), server.oauth()) as http:
        assert http.get(f"{server.base}/api").status_code == 200
    assert server.seen == [f"Bearer {store.load('ada').access}"]


@pytest.mark.parametrize(
    "url",
    [
        "http://tiktok.example/token",
        "http://127.0.0.1.example/",
        "http://localhost:8000/",  # a name, which could lead anywhere
        "ftp://127.0.0.1/",
        "https://ada:pw@a.example/",
        "https:///token",
        "no address",
        "http://10.0.0.1/",
    ],
)
def test_secrets_go_over_https_alone(server, url):
    with pytest.raises(Exception, match=r"https|web address|user name") as caught:
        endpoint_of(server, token_url=url)
    assert caught.value.code == "config"


def test_nothing_secret_is_logged_at_debug_level(server, store, caplog):
    caplog.set_level(logging.DEBUG)
    server.answers.append("lost")
    server.rotates = False
    server.clock.move(server.lifetime)
    session = session_of(server, store)
    with signed_client(session, server.oauth()) as http:
        http.post(f"{server.base}/api", json={})
    server.refresh.clear()
    server.access.clear()
    with signed_client(session, server.oauth()) as http:
        try:
            http.get(f"{server.base}/api")
        except AuthError:
            logging.getLogger("x").exception("failed")
    assert "send_request_headers" in caplog.text
    assert "Traceback" in caplog.text
    assert "CANARY" not in caplog.text


# --- revocation ----------------------------------------------------------------------------


def test_a_grant_is_taken_back(server, store):
    assert session_of(server, store).revoke()
    assert server.revoked == [store.load("ada").access]


def test_an_expired_token_is_renewed_to_be_taken_back(server, store):
    server.clock.move(server.lifetime)
    assert session_of(server, store).revoke()
    assert server.revoked == [store.load("ada").access]


def test_a_token_that_the_service_takes_for_expired_is_renewed_to_be_taken_back(server, store):
    server.access.clear()
    assert session_of(server, store).revoke()
    assert len(server.revoked) == 1


def test_what_is_dead_already_needs_no_taking_back(server, store):
    server.access.clear()
    server.refresh.clear()
    assert not session_of(server, store).revoke()


def test_after_a_lost_renewal_nobody_says_that_it_was_taken_back(server, store):
    """The grant is in force, under a pair that nobody has."""
    server.clock.move(server.lifetime)
    server.answers.append("lost")
    with pytest.raises(AuthError, match="lost on the way"):
        session_of(server, store).revoke()
    assert server.revoked == []


@pytest.mark.parametrize("answer", ["dropped", (500, b""), (503, b"")])
def test_a_revocation_in_doubt_is_said(server, store, answer):
    server.revoke_answers.append(answer)
    with pytest.raises(Unavailable):
        session_of(server, store).revoke()


def test_a_revocation_that_broke_down_at_the_service_is_in_doubt(server, store):
    server.revoke_answers.append((500, {"error": "server_error", "error_description": "x"}))
    with pytest.raises(AnswerLost):
        session_of(server, store).revoke()
    server.revoke_answers.append((503, {"error": "temporarily_unavailable"}))
    with pytest.raises(Unavailable) as caught:
        session_of(server, store).revoke()
    assert not isinstance(caught.value, AnswerLost)


def test_the_client_without_a_sign_in_brings_no_token(server):
    with closing(service_client()) as http:
        assert http.get(f"{server.base}/api").status_code == 401
    assert server.seen == [""]
    assert isinstance(http, httpx.Client)


def test_tokens_are_written_and_read(server):
    tokens = sign_in(server)
    assert Tokens.from_json(tokens.to_json()) == tokens
    with pytest.raises(ValueError, match="Expected"):
        Tokens.from_json(b'{"access": 1}')
