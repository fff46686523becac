"""PKCE, the token endpoint and revoke: each field, each grant, each error."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from decamp_tiktok.sandbox.service import Behaviour, example_app
from login_kit import ALL_ONCE, ALL_ONGOING, REDIRECT, VERIFIER, Client

SERVICE = "https://service.example/callback"


def error_of(answer, status=400):
    """Give the error of an answer, which has to be of the flat shape."""
    body = answer.json()
    assert answer.status_code == status
    assert body.keys() == {"error", "error_description", "log_id"}
    assert all(isinstance(value, str) and value for value in body.values())
    return body["error"]


# --- PKCE --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "verifier",
    ["a" * 43, "Z" * 128, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJ0123-._~"],
    ids=["shortest", "longest", "all characters"],
)
def test_verifier_has_43_to_128_characters(client, verifier):
    challenge = hashlib.sha256(verifier.encode()).hexdigest()
    code = client.consent(code_challenge=challenge)["code"]
    assert client.exchange(code, code_verifier=verifier).status_code == 200


@pytest.mark.parametrize(
    "verifier", ["a" * 42, "a" * 129, "a" * 42 + "+", "a" * 42 + "é", "a" * 43 + "\n", ""]
)
def test_verifier_outside_of_the_rules_is_refused(client, verifier):
    challenge = hashlib.sha256(verifier.encode()).hexdigest()
    code = client.consent(code_challenge=challenge)["code"]
    assert error_of(client.exchange(code, code_verifier=verifier)) == "invalid_request"


def test_challenge_is_lower_case_hex(client):
    digest = hashlib.sha256(VERIFIER.encode()).digest()
    code = client.consent(code_challenge=digest.hex())["code"]
    assert client.exchange(code).status_code == 200
    for wrong in (
        base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),  # as RFC 7636 says
        digest.hex().upper(),
        VERIFIER,  # as the sample on TikTok's page has it
    ):
        code = client.consent(code_challenge=wrong)["code"]
        refused = client.exchange(code)
        assert error_of(refused) == "invalid_request"
        assert "verifier or code challenge is invalid" in refused.json()["error_description"]


def test_verifier_of_another_attempt_is_refused(client):
    code = client.consent()["code"]
    assert error_of(client.exchange(code, code_verifier="b" * 50)) == "invalid_request"
    assert error_of(client.exchange(code, code_verifier=None)) == "invalid_request"
    assert client.exchange(code).status_code == 200, "the code was not used up by that"


# --- the exchange of a code --------------------------------------------------------------


def test_token_answer_has_all_fields(client):
    body = client.sign_in(f"{ALL_ONCE},portability.activity.single")
    assert body.keys() == {
        "access_token", "expires_in", "refresh_token", "refresh_expires_in",
        "open_id", "scope", "token_type",
    }  # fmt: skip
    assert body["access_token"].startswith("act.")
    assert body["refresh_token"].startswith("rft.")
    assert re.search(r"![0-9]+\.", body["access_token"])
    assert body["expires_in"] == 86_400
    assert body["refresh_expires_in"] == 31_536_000
    assert body["scope"] == f"{ALL_ONCE},portability.activity.single"
    assert body["token_type"] == "Bearer"


def test_token_answer_may_not_be_cached(client):
    assert client.exchange(client.consent()["code"]).headers["cache-control"] == "no-store"


def test_token_client_key_and_secret_are_required_for_desktop_too(client):
    code = client.consent()["code"]
    for name in ("client_key", "client_secret"):
        assert error_of(client.exchange(code, **{name: None})) == "invalid_request"
        assert error_of(client.exchange(code, **{name: "another"}), 401) == "invalid_client"


def test_token_grant_type_is_one_of_those_known(client):
    code = client.consent()["code"]
    assert error_of(client.exchange(code, grant_type=None)) == "invalid_request"
    refused = client.exchange(code, grant_type="password")
    assert error_of(refused) == "unsupported_grant_type"


def test_token_form_is_urlencoded(client):
    form = client.exchange_form(client.consent()["code"])
    assert error_of(client.http.post("/v2/oauth/token/", json=form)) == "invalid_request"
    assert client.http.get("/v2/oauth/token/", params=form).status_code == 405


def test_token_code_is_url_decoded(client):
    code = client.consent()["code"]
    assert "!" in code and "*" in code
    quoted = code.replace("!", "%21").replace("*", "%2A")
    assert error_of(client.exchange(quoted)) == "invalid_grant"
    assert client.exchange(code).status_code == 200


def test_token_code_works_once(client):
    code = client.consent()["code"]
    assert client.exchange(code).status_code == 200
    assert error_of(client.exchange(code)) == "invalid_grant"


def test_token_code_expires(client):
    code = client.consent()["code"]
    client.server.advance(minutes=10)
    assert error_of(client.exchange(code)) == "invalid_grant"


def test_token_code_belongs_to_one_app(client):
    code = client.consent()["code"]
    other = client.server.simulator.options.apps[1]
    refused = client.exchange(code, client_key=other.key, client_secret=other.secret)
    assert error_of(refused) == "invalid_grant"


def test_token_code_is_dead_once_the_person_has_disconnected(client):
    code = client.consent()["code"]
    client.server.simulator.disconnect(client.server.simulator.user("tide.and.toast"))
    assert error_of(client.exchange(code)) == "invalid_grant"


def test_token_redirect_uri_is_the_very_one_that_was_sent(client):
    code = client.consent()["code"]
    for wrong in (None, "http://127.0.0.1:*/callback/", REDIRECT.replace("5123", "5124")):
        assert error_of(client.exchange(code, redirect_uri=wrong)) == "invalid_request"
    assert client.exchange(code).status_code == 200


def test_token_code_verifier_is_for_desktop_alone(client):
    client.app = client.server.simulator.options.apps[1]
    none = {"code_challenge": None, "code_challenge_method": None, "redirect_uri": SERVICE}
    code = client.consent(**none)["code"]
    answer = client.exchange(code, code_verifier=None, redirect_uri=SERVICE)
    assert answer.status_code == 200


def test_open_id_is_one_for_each_app_and_person(client, start):
    mine = client.sign_in()["open_id"]
    assert client.sign_in()["open_id"] == mine
    assert client.sign_in(user="harbour.lights")["open_id"] != mine
    other: Client = start(apps=(example_app(5),))
    assert other.sign_in()["open_id"] != mine


# --- renewal -----------------------------------------------------------------------------


def test_refresh_gives_all_fields_and_another_pair(client):
    before = client.sign_in()
    client.server.advance(hours=1)
    after = client.refresh(before["refresh_token"]).json()
    assert after.keys() == before.keys()
    assert after["access_token"] != before["access_token"]
    assert after["refresh_token"] != before["refresh_token"]
    assert after["open_id"] == before["open_id"]
    assert after["scope"] == before["scope"]


def test_refresh_expiry_counts_from_the_consent(client):
    token = client.sign_in()["refresh_token"]
    client.server.advance(days=100)
    renewed = client.refresh(token).json()
    assert renewed["refresh_expires_in"] == 265 * 86_400
    assert renewed["expires_in"] == 86_400
    client.server.advance(days=265)
    assert error_of(client.refresh(renewed["refresh_token"])) == "invalid_grant"


def test_refresh_token_is_dead_once_used(client):
    token = client.sign_in()["refresh_token"]
    assert client.refresh(token).status_code == 200
    assert error_of(client.refresh(token)) == "invalid_grant"


def test_refresh_needs_key_and_secret_of_the_same_app(client):
    token = client.sign_in()["refresh_token"]
    other = client.server.simulator.options.apps[1]
    assert error_of(client.refresh(token, client_secret="x"), 401) == "invalid_client"
    refused = client.refresh(token, client_key=other.key, client_secret=other.secret)
    assert error_of(refused) == "invalid_grant"
    assert error_of(client.refresh("")) == "invalid_grant"
    assert client.refresh(token).status_code == 200


def test_refresh_shows_that_a_single_scope_is_used_up(client):
    token = client.sign_in(f"{ALL_ONCE},portability.activity.single")["refresh_token"]
    client.added("video")
    assert client.refresh(token).json()["scope"] == "portability.activity.single"


def test_an_access_token_ends_and_a_renewed_one_goes_on(start):
    client: Client = start()
    tokens = client.sign_in(ALL_ONGOING)
    request = client.added()
    client.server.advance(hours=23, minutes=59)
    assert client.status(request) == "downloading"
    client.server.advance(minutes=1)
    assert client.call("check", {"request_id": request}, "status").status_code == 401
    client.token = client.refresh(tokens["refresh_token"]).json()["access_token"]
    assert client.status(request) == "downloading"


def test_lifetimes_can_be_set_for_a_test(start):
    from datetime import timedelta

    client: Client = start(access_lifetime=timedelta(seconds=2))
    assert client.sign_in()["expires_in"] == 2
    client.server.advance(seconds=2)
    assert client.add().status_code == 401


# --- other grants, other errors ----------------------------------------------------------


def test_client_credentials_do_not_work_for_portability(client):
    form = {
        "client_key": client.app.key,
        "client_secret": client.app.secret,
        "grant_type": "client_credentials",
    }
    body = client.http.post("/v2/oauth/token/", data=form).json()
    assert body["access_token"].startswith("clt.")
    assert body["expires_in"] == 7_200
    client.token = body["access_token"]
    assert client.add().json()["error"]["code"] == "access_token_invalid"


@pytest.mark.parametrize(
    ("fault", "status", "error"),
    [("429", 429, "temporarily_unavailable"), ("500", 500, "server_error")],
)
@pytest.mark.parametrize("endpoint", ["token", "refresh", "revoke"])
def test_errors_of_the_server_have_the_flat_shape_too(client, endpoint, fault, status, error):
    tokens = client.sign_in()
    client.server.fail(f"{endpoint}:{fault}")
    call = {
        "token": lambda: client.exchange(client.consent()["code"]),
        "refresh": lambda: client.refresh(tokens["refresh_token"]),
        "revoke": lambda: client.revoke(tokens["access_token"]),
    }[endpoint]
    assert error_of(call(), status) == error
    assert call().status_code == 200, "nothing happened the first time"


def test_the_same_seed_gives_the_same_tokens(start):
    assert start(seed=4).sign_in() == start(seed=4).sign_in() != start(seed=5).sign_in()


# --- revoke ------------------------------------------------------------------------------


def test_revoke_takes_the_access_token_and_answers_nothing(client):
    tokens = client.sign_in()
    answer = client.revoke(tokens["access_token"])
    assert answer.status_code == 200
    assert answer.json() == {}
    assert client.add().json()["error"]["code"] == "access_token_invalid"
    assert error_of(client.refresh(tokens["refresh_token"])) == "invalid_grant"


def test_revoke_ends_all_grants_of_that_person_to_that_app(client):
    first = client.sign_in()
    other = client.sign_in(user="harbour.lights")
    second = client.sign_in()
    client.revoke(second["access_token"])
    assert error_of(client.refresh(first["refresh_token"])) == "invalid_grant"
    assert client.refresh(other["refresh_token"]).status_code == 200


def test_revoke_fails_with_the_flat_error(client):
    token = client.sign_in()["access_token"]
    assert error_of(client.revoke("act.unknown")) == "invalid_request"
    assert error_of(client.revoke("")) == "invalid_request"
    assert error_of(client.revoke(token, client_secret="x"), 401) == "invalid_client"
    other = client.server.simulator.options.apps[1]
    refused = client.revoke(token, client_key=other.key, client_secret=other.secret)
    assert error_of(refused) == "invalid_request"
    assert client.revoke(token).status_code == 200


def test_a_person_can_sign_in_again_after_a_revocation(client):
    client.revoke(client.sign_in()["access_token"])
    client.sign_in()
    assert client.add().status_code == 200


def test_no_secret_shows_in_a_repr(client):
    tokens = client.sign_in()
    shown = repr(client.server.simulator.options) + repr(client.server.simulator.tokens.grants)
    for secret in (client.app.secret, tokens["access_token"], tokens["refresh_token"]):
        assert secret not in shown


def test_a_switch_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="there is no switch nonsense"):
        Behaviour().changed({"nonsense": "yes"})
    with pytest.raises(ValueError, match="rfc, 200"):
        Behaviour().changed({"oauth_status": "404"})
