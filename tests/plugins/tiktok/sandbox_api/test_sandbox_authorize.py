"""Authorize: each parameter, what comes back, and the rules of redirect addresses."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote

import pytest

from decamp_tiktok.sandbox.service import App, example_app
from login_kit import ALL_ONCE, CHALLENGE, REDIRECT, Client, query_of

POSTS = "portability.postsandprofile.single"
SERVICE = "https://service.example/callback"


def named(page: str) -> str:
    """Give the parameter that an error page names."""
    found = re.search(r"<dt><code>([a-z_]+)</code></dt>", page)
    assert found, page
    return found[1]


def refused(client: Client, scope: str = ALL_ONCE, **changes: str | None) -> str:
    """Ask for a page that has to be an error page, and give the parameter it names."""
    answer = client.authorize(scope, **changes)
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert "<form" not in answer.text
    return named(answer.text)


def of_web(client: Client) -> dict[str, str | None]:
    """Act as the app for the web, which sends no PKCE."""
    client.app = client.server.simulator.options.apps[1]
    return {"redirect_uri": SERVICE, "code_challenge": None, "code_challenge_method": None}


def test_authorize_client_key_is_required_and_known(client):
    assert refused(client, client_key=None) == "client_key"
    assert refused(client, client_key="another") == "client_key"
    assert refused(client, client_key=None, client_id=client.app.key) == "client_key"


def test_authorize_scope_is_separated_by_commas(client):
    assert client.authorize(f"{ALL_ONCE},{POSTS}").status_code == 200
    assert refused(client, f"{ALL_ONCE} {POSTS}") == "scope"
    assert refused(client, scope="") == "scope"
    assert refused(client, f"{ALL_ONCE},") == "scope"


def test_authorize_redirect_uri_equals_a_registered_one(client):
    assert client.authorize().status_code == 200
    assert refused(client, redirect_uri=None) == "redirect_uri"
    assert refused(client, redirect_uri="http://127.0.0.1:5123/other/") == "redirect_uri"
    web = of_web(client)
    assert client.authorize(**web).status_code == 200
    assert refused(client, **web | {"redirect_uri": SERVICE + "/"}) == "redirect_uri"


def test_authorize_state_is_required_and_echoed(client):
    assert refused(client, state=None) == "state"
    hard = "ü \"'<&>=%+/?#"
    assert client.consent(state=hard)["state"] == hard
    assert client.consent(state=hard, allow=False)["state"] == hard


def test_authorize_response_type_is_code(client):
    assert refused(client, response_type=None) == "response_type"
    assert refused(client, response_type="token") == "response_type"


def test_authorize_code_challenge_is_required_for_desktop_and_not_for_web(client):
    assert refused(client, code_challenge=None) == "code_challenge"
    assert client.authorize(**of_web(client)).status_code == 200


def test_authorize_code_challenge_method_is_s256(client):
    assert refused(client, code_challenge_method=None) == "code_challenge_method"
    assert refused(client, code_challenge_method="plain") == "code_challenge_method"


def test_authorize_a_parameter_may_not_be_there_twice(client):
    query = list(client.authorize_query().items())
    answer = client.http.get("/v2/auth/authorize/", params=[*query, ("state", "another")])
    assert answer.status_code == 400
    assert named(answer.text) == "state"


@pytest.mark.parametrize(("value", "skipped"), [("0", True), ("1", False), (None, False)])
def test_authorize_disable_auto_auth(client, value, skipped):
    web = of_web(client) | {"disable_auto_auth": value}
    assert client.authorize(**web).status_code == 200, "nobody is signed in yet"
    ticket = re.search(r'name="ticket" value="(\w+)"', client.authorize(**web).text)
    form = {"ticket": ticket[1], "user": "tide.and.toast", "decision": "allow", "scope": ALL_ONCE}
    assert client.http.post("/v2/auth/authorize/", data=form).status_code == 302
    again = client.authorize(**web)
    assert again.status_code == (302 if skipped else 200)
    if skipped:
        assert query_of(again.headers["location"]).keys() == {"code", "scopes", "state"}
        assert client.authorize(POSTS, **web).status_code == 200, "it asks for something else"
        client.server.simulator.disconnect(client.server.simulator.user("tide.and.toast"))
        assert client.authorize(**web).status_code == 200, "what was agreed to was taken back"


def test_authorize_disable_auto_auth_is_nothing_for_desktop(client):
    ticket = re.search(r'name="ticket" value="(\w+)"', client.authorize().text)
    form = {"ticket": ticket[1], "user": "tide.and.toast", "decision": "allow", "scope": ALL_ONCE}
    assert client.http.post("/v2/auth/authorize/", data=form).status_code == 302
    assert client.authorize(disable_auto_auth="0").status_code == 200


def test_the_error_page_names_a_code(client):
    for code, changes in (
        ("unauthorized_client", {"client_key": "another"}),
        ("unsupported_response_type", {"response_type": "token"}),
        ("invalid_scope", {"scope": "video.list"}),
        ("invalid_request", {"state": None}),
    ):
        assert f">{code} · log id <code>" in client.authorize(**changes).text


def test_authorize_disable_auto_auth_asks_again_after_a_revocation(client):
    web = of_web(client) | {"disable_auto_auth": "0"}
    ticket = re.search(r'name="ticket" value="(\w+)"', client.authorize(**web).text)
    form = {"ticket": ticket[1], "user": "tide.and.toast", "decision": "allow", "scope": ALL_ONCE}
    where = client.http.post("/v2/auth/authorize/", data=form).headers["location"]
    code = query_of(where)["code"]
    tokens = client.exchange(code, redirect_uri=SERVICE, code_verifier=None).json()
    client.revoke(tokens["access_token"])
    assert client.authorize(**web).status_code == 200


def test_redirect_carries_code_scopes_and_state(client):
    found = client.consent(f"{POSTS},{ALL_ONCE}")
    assert found.keys() == {"code", "scopes", "state"}
    assert found["scopes"] == f"{ALL_ONCE},{POSTS}"


def test_redirect_names_what_was_granted_when_scopes_were_unticked(client):
    found = client.consent(f"{ALL_ONCE},{POSTS}", ticked=[POSTS])
    assert found["scopes"] == POSTS
    assert client.exchange(found["code"]).json()["scope"] == POSTS


def test_redirect_never_grants_more_than_was_asked(client):
    assert client.consent(POSTS, ticked=[POSTS, ALL_ONCE])["scopes"] == POSTS


def test_redirect_keeps_a_scope_that_cannot_be_unticked(client):
    found = client.consent(f"user.info.basic,{POSTS}", ticked=[POSTS])
    assert found["scopes"] == f"user.info.basic,{POSTS}"


@pytest.mark.parametrize("answer", [{"allow": False}, {"ticked": []}])
def test_redirect_of_a_refusal_carries_error_and_description(client, answer):
    found = client.consent(**answer)
    assert found.keys() == {"error", "error_description", "state"}
    assert found["error"] == "access_denied"


def test_an_unapproved_scope_refuses_the_whole_sign_in(start):
    app = example_app(0, scopes=frozenset({POSTS}))
    client: Client = start(apps=(app,))
    assert client.authorize(POSTS).status_code == 200
    assert refused(client, f"{POSTS},{ALL_ONCE}") == "scope"
    assert refused(client, f"{POSTS},video.list") == "scope"


def test_a_page_is_good_for_one_answer(client):
    page = client.authorize().text
    ticket = re.search(r'name="ticket" value="(\w+)"', page)
    form = {"ticket": ticket[1], "user": "tide.and.toast", "decision": "allow", "scope": ALL_ONCE}
    assert client.http.post("/v2/auth/authorize/", data=form).status_code == 302
    for again in (form, form | {"decision": "deny"}, form | {"ticket": "none"}, {}):
        answer = client.http.post("/v2/auth/authorize/", data=again)
        assert answer.status_code == 400
        assert "location" not in answer.headers


@pytest.mark.parametrize(
    "uri",
    [
        pytest.param(REDIRECT, id="http on 127.0.0.1"),
        pytest.param("http://localhost:1/callback/", id="localhost"),
        pytest.param("https://127.0.0.1:65535/callback/", id="https"),
    ],
)
def test_redirect_uri_of_desktop(start, uri):
    wild = ("http://127.0.0.1:*/callback/", "http://localhost:*/callback/",
            "https://127.0.0.1:*/callback/")  # fmt: skip
    client: Client = start(apps=(example_app(0, redirect_uris=wild),))
    assert client.authorize(redirect_uri=uri).status_code == 200


@pytest.mark.parametrize(
    "uri",
    [
        pytest.param("ftp://127.0.0.1:5123/callback/", id="scheme"),
        pytest.param("http://192.168.0.1:5123/callback/", id="host"),
        pytest.param("http://127.0.0.1.example:5123/callback/", id="host that looks like it"),
        pytest.param("http://127.0.0.1/callback/", id="no port"),
        pytest.param("http://127.0.0.1:*/callback/", id="the wildcard itself"),
        pytest.param("http://127.0.0.1:99999/callback/", id="no such port"),
        pytest.param("http://127.0.0.1:5123/callback/?a=b", id="query"),
        pytest.param("http://127.0.0.1:5123/callback/#a", id="fragment"),
        pytest.param("http://127.0.0.1:5123/callback/" + "a" * 500, id="length"),
        pytest.param("http://me@127.0.0.1:5123/callback/", id="user"),
    ],
)
def test_redirect_uri_of_desktop_is_refused(client, uri):
    assert refused(client, redirect_uri=uri) == "redirect_uri"


@pytest.mark.parametrize(
    ("kind", "uris", "fault"),
    [
        pytest.param("web", ["http://service.example/"], "https", id="web: https alone"),
        pytest.param("web", ["https://service.example/?a=b"], "query", id="web: no query"),
        pytest.param("web", ["https://service.example/#a"], "fragment", id="web: no fragment"),
        pytest.param("web", ["https://service.example/"] * 11, "at most 10", id="web: ten"),
        pytest.param("web", ["https://service.example/" + "a" * 488], "511", id="web: length"),
        pytest.param("desktop", ["http://127.0.0.1/callback/"], "port", id="desktop: a port"),
        pytest.param("desktop", ["http://service.example:1/"], "host", id="desktop: loopback"),
        pytest.param("desktop", ["app://127.0.0.1:1/"], "http", id="desktop: http or https"),
        pytest.param("desktop", ["http://127.0.0.1:1/"] * 11, "at most 10", id="desktop: ten"),
    ],
)
def test_redirect_uris_that_cannot_be_registered(kind, uris, fault):
    with pytest.raises(ValueError, match=fault):
        App(key="k", secret="s", kind=kind, redirect_uris=tuple(uris))


def test_redirect_uri_of_the_longest_that_fits():
    uri = "https://service.example/" + "a" * 487
    assert len(uri) == 511
    assert App(key="k", secret="s", kind="web", redirect_uris=(uri,)).takes(uri)


def test_redirect_uri_of_web_is_loopback_only_where_the_sandbox_is_told_so():
    with pytest.raises(ValueError, match="https"):
        App(key="k", secret="s", kind="web", redirect_uris=("http://127.0.0.1:8000/callback",))
    assert example_app(0, "web").takes("http://127.0.0.1:8000/callback")


def test_the_error_page_holds_no_markup_of_the_request(client):
    page = client.authorize("<script>alert(1)</script>").text
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_pages_may_load_nothing(client):
    for answer in (client.authorize(), client.authorize(state=None), client.http.get("/")):
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert not re.search(r"(?:src|href)=\"(?!/)", answer.text)
        assert answer.headers["cache-control"] == "no-store"


def test_another_host_name_reaches_nothing(client):
    answer = client.http.get("/", headers={"Host": "evil.example"})
    assert answer.status_code == 400


def test_the_challenge_is_judged_at_the_exchange_and_not_before(client):
    assert client.authorize(code_challenge="no challenge").status_code == 200
    assert client.authorize(code_challenge=CHALLENGE.upper()).status_code == 200


def test_the_code_has_to_be_quoted(client, start: Callable[..., Client]):
    for _ in range(3):
        where = client.server.sign_in(
            f"{client.server.address}/v2/auth/authorize/?"
            + "&".join(f"{k}={quote(v)}" for k, v in client.authorize_query().items())
        )
        raw = where.partition("code=")[2].partition("&")[0]
        assert "%21" in raw and "%2A" in raw
