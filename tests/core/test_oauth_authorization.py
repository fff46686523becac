"""The address of the consent page, and the redirect that answers: S1."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import pytest

from decamp.auth import OAuth2
from decamp.errors import AccessDenied, AuthError
from decamp.oauth.authorization import Attempt, authorization_url, challenge_of, read_callback

NOW = datetime(2026, 11, 25, 21, tzinfo=UTC)
BACK = "http://127.0.0.1:4711/callback/"
PLAIN = OAuth2(authorize_url="https://a.example/go", token_url="https://a.example/token")
KIT = OAuth2(
    authorize_url="https://a.example/v2/auth/authorize/",
    token_url="https://a.example/token",
    client_parameter="client_key",
    scope_separator=",",
    granted_parameter="scopes",
    challenge="hex",
)


@pytest.fixture
def attempt():
    return Attempt.begin(BACK, ["b.one", "a.two"], NOW)


def parameters(url):
    return dict(parse_qsl(urlsplit(url).query))


def read(attempt, query, oauth=KIT):
    return read_callback(oauth, attempt, f"{BACK}?{query}", "TikTok")


def test_every_attempt_has_a_state_and_a_verifier_of_its_own(attempt):
    many = [Attempt.begin(BACK, [], NOW) for _ in range(20)]
    assert len({one.state for one in many}) == len({one.verifier for one in many}) == 20
    assert re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", attempt.verifier)  # RFC 7636 4.1
    assert len(attempt.state) >= 43  # 256 bits
    assert attempt.state not in repr(attempt)
    assert attempt.verifier not in repr(attempt)
    assert Attempt.from_json(attempt.to_json()) == attempt


def test_the_challenge_is_that_of_rfc_7636():
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # appendix B
    assert challenge_of(verifier, PLAIN) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_challenge_of_login_kit_is_hexadecimal(attempt):
    """Row "challenge" of tiktok 1.2."""
    challenge = challenge_of(attempt.verifier, KIT)
    assert re.fullmatch("[0-9a-f]{64}", challenge)
    assert challenge == hashlib.sha256(attempt.verifier.encode()).hexdigest()
    assert base64.urlsafe_b64encode(bytes.fromhex(challenge)).decode() != challenge


def test_the_address_has_what_login_kit_documents_and_nothing_else(attempt):
    url = authorization_url(KIT, "sbawkey", attempt)
    assert url.startswith("https://a.example/v2/auth/authorize/?")
    assert parameters(url) == {
        "client_key": "sbawkey",
        "scope": "a.two,b.one",
        "redirect_uri": BACK,
        "state": attempt.state,
        "response_type": "code",
        "code_challenge": challenge_of(attempt.verifier, KIT),
        "code_challenge_method": "S256",
    }


def test_a_web_app_may_go_without_pkce():
    attempt = Attempt.begin(BACK, ["a"], NOW, pkce=False)
    found = parameters(authorization_url(KIT, "key", attempt))
    assert not [name for name in found if "challenge" in name]
    assert attempt.verifier == ""


def test_the_code_is_decoded_once(attempt):
    """Codes may hold ``!``, ``*`` and ``.``, and come percent-encoded."""
    consent = read(attempt, f"code=a%2A%21b.e2%2525&scopes=a.two&state={attempt.state}")
    assert consent.code == "a*!b.e2%25"
    assert consent.scopes == {"a.two"}
    assert "a*!b" not in repr(consent)
    bare = read_callback(KIT, attempt, f"code=x&state={attempt.state}", "TikTok")
    assert (bare.code, bare.scopes) == ("x", None)


@pytest.mark.parametrize(
    "state", ["", "state=", "state=wrong", "state={0}&state={0}", "state={0}x"]
)
def test_a_wrong_state_is_refused(attempt, state):
    for answer in ("code=x", "error=access_denied"):
        with pytest.raises(AuthError) as caught:
            read(attempt, f"{answer}&{state.format(attempt.state)}")
        assert not isinstance(caught.value, AccessDenied)
        assert attempt.state not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["", "nonsense", "http://[::1", "?" + "a=b&" * 500, "state=\ud800"]
)
def test_nonsense_is_refused(attempt, address):
    with pytest.raises(AuthError):
        read_callback(KIT, attempt, address, "TikTok")


def test_a_redirect_without_a_code_is_refused(attempt):
    with pytest.raises(AuthError, match="without a code"):
        read(attempt, f"state={attempt.state}&code=")


def test_a_denied_consent_is_no_fault(attempt):
    with pytest.raises(AccessDenied, match="You did not agree at TikTok") as caught:
        read(attempt, f"error=access_denied&error_description=x&state={attempt.state}")
    assert caught.value.exit_code == 5


def test_an_unapproved_scope_says_what_to_do(attempt):
    with pytest.raises(AuthError, match="may not ask for one of these permissions") as caught:
        read(attempt, f"error=invalid_scope&state={attempt.state}")
    assert "approved" in caught.value.hint


def test_what_a_service_says_is_bounded_and_redacted(attempt):
    said = "see+https%3A%2F%2Fx.example%2F%3Ftoken%3DCANARY+" + "x" * 5000
    with pytest.raises(AuthError) as caught:
        read(attempt, f"error=strange&error_description={said}&state={attempt.state}")
    assert "CANARY" not in caught.value.message
    assert len(caught.value.message) < 500
