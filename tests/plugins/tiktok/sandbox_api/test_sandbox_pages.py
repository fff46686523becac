"""The pages in a real browser: consent by mouse and by keys, and the sandbox's own page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlencode

import pytest

from chromium import CHROMIUM, Browser, browser
from login_kit import ALL_ONCE, ALL_ONGOING, Client, query_of

NEEDS_CHROMIUM = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
ACTIVITY = "portability.activity.single"
BOTH = f"{ALL_ONCE},{ACTIVITY}"


@pytest.fixture(scope="module")
def page() -> Iterator[Browser]:
    with browser() as running:
        yield running


@pytest.fixture
def app_address() -> Iterator[str]:
    """The app's own address on loopback, where the person comes back to."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>Back at the app</title>")

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/callback/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def consent_address(client: Client, redirect_uri: str, scope: str = BOTH, **changes: str) -> str:
    query = client.authorize_query(scope, redirect_uri=redirect_uri, **changes)
    return f"{client.server.address}/v2/auth/authorize/?{urlencode(query)}"


def back_at(page: Browser, redirect_uri: str) -> dict[str, str]:
    """Wait until the browser is back at the app, and give what it brought."""
    page.loaded()
    assert page.run("document.title") == "Back at the app"
    address = page.run("location.href")
    assert address.startswith(redirect_uri)
    return query_of(address)


@NEEDS_CHROMIUM
def test_consent_by_mouse_with_a_scope_unticked(page, client, app_address):
    page.open(consent_address(client, app_address))
    assert "Example app" in page.run("document.title")
    assert page.run("document.querySelectorAll('[name=scope]:checked').length") == 2
    page.click(f"[value='{ALL_ONCE}']")
    page.click("button[value=allow]")
    found = back_at(page, app_address)
    assert found["scopes"] == ACTIVITY
    assert found["state"] == "a state, & more"
    answer = client.exchange(found["code"], redirect_uri=app_address)
    assert answer.json()["scope"] == ACTIVITY


@NEEDS_CHROMIUM
def test_consent_by_mouse_denied(page, client, app_address):
    page.open(consent_address(client, app_address))
    page.click("button[value=deny]")
    assert back_at(page, app_address)["error"] == "access_denied"


@NEEDS_CHROMIUM
def test_consent_by_keys_alone(page, client, app_address):
    page.open(consent_address(client, app_address))
    order = []
    for _ in range(5):
        page.press("Tab")
        order.append(page.run("document.activeElement.name + '=' + document.activeElement.value"))
        if order[-1] == f"scope={ACTIVITY}":
            page.press(" ")
    assert order == [
        "user=tide.and.toast",
        f"scope={ALL_ONCE}",
        f"scope={ACTIVITY}",
        "decision=allow",
        "decision=deny",
    ]
    assert page.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.run("document.querySelector('[value=allow]').focus()")
    page.press("Enter")
    assert back_at(page, app_address)["scopes"] == ALL_ONCE


@NEEDS_CHROMIUM
def test_consent_tells_a_screen_reader_what_is_what(page, client, app_address):
    page.open(consent_address(client, app_address, f"user.info.basic,{BOTH}"))
    tree = page.send("Accessibility.getFullAXTree")["nodes"]
    named = [
        (node["role"]["value"], node["name"]["value"])
        for node in tree
        if not node["ignored"] and "name" in node and node["name"].get("value")
    ]
    assert ("heading", "Example app would like to have a copy of your TikTok data") in named
    assert ("combobox", "Signed in as") in named
    for title in ("Profile info", "Full archive", "Activity"):
        assert ("switch", title) in named
    assert ("button", "Continue") in named and ("button", "Cancel") in named
    assert page.run("document.documentElement.lang") == "en"
    assert page.run("document.querySelector('[value=\"user.info.basic\"]').disabled") is True


@NEEDS_CHROMIUM
def test_who_is_signed_in_stays_for_the_next_time(page, client, app_address):
    page.open(consent_address(client, app_address))
    page.run("document.querySelector('select').value = 'harbour.lights'")
    page.click("button[value=allow]")
    back_at(page, app_address)
    page.open(consent_address(client, app_address))
    assert page.run("document.querySelector('select').value") == "harbour.lights"


@NEEDS_CHROMIUM
def test_an_error_page_goes_nowhere(page, client, app_address):
    address = consent_address(client, app_address, code_challenge="")
    page.open(address)
    assert page.run("location.href") == address
    assert "code_challenge" in page.run("document.body.innerText")
    assert page.run("document.querySelectorAll('form, a, script').length") == 0


@NEEDS_CHROMIUM
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 900])
def test_text_stands_out_from_its_ground_and_nothing_is_cut_off(
    page, client, app_address, tmp_path, dark, width
):
    client.sign_in(ALL_ONGOING)
    client.added()
    pages = [
        consent_address(client, app_address),
        consent_address(client, app_address, "nonsense"),
        client.server.address,
    ]
    for number, address in enumerate(pages):
        page.open(address)
        page.picture(tmp_path / f"{number}.png", dark=dark, width=width)
        assert (tmp_path / f"{number}.png").read_bytes().startswith(b"\x89PNG")
        assert page.run("document.documentElement.scrollWidth <= innerWidth")
        assert page.run(_CONTRAST) == []


_CONTRAST = """(() => {
  const light = (c) => c.map((v) => v / 255)
    .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] === 1) return c.slice(0, 3);
    }
    return [255, 255, 255];
  };
  const bad = [];
  for (const e of document.querySelectorAll("main *, .sandbox")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || e.closest("option, .hidden")) continue;
    const [a, b] = [parse(getComputedStyle(e).color).slice(0, 3), ground(e)].map(light);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) bad.push(`${e.tagName} ${e.textContent.trim()} ${ratio.toFixed(2)}`);
  }
  return bad;
})()"""
"""Finds text with less contrast than 4.5 : 1 (WCAG 2.2, 1.4.3)."""


@NEEDS_CHROMIUM
def test_the_page_of_the_sandbox_moves_the_clock_and_sets_faults(page, start):
    client: Client = start(delay=timedelta(hours=1))
    client.sign_in(ALL_ONGOING)
    request = client.added()
    page.open(client.server.address)
    assert str(request) in page.run("document.body.innerText")
    page.click("button[value='3600']")
    page.loaded()
    assert client.server.clock.now() == datetime(2026, 11, 25, 13, tzinfo=UTC)
    assert "downloading" in page.run("document.body.innerText")
    page.run("document.querySelector('#fault').value = 'check:500'")
    page.click("#fault + button")
    page.loaded()
    assert "check:500@1" in page.run("document.body.innerText")
    assert client.call("check", {"request_id": request}, "status").status_code == 500
    page.run("document.querySelector('#w-category_echo').value = 'singular'")
    page.click("section[aria-labelledby=switches] button")
    page.loaded()
    assert client.server.simulator.behaviour.category_echo == "singular"
    assert client.server.simulator.behaviour.oauth_status == "rfc"
    page.click("section[aria-labelledby=people] button")
    page.loaded()
    assert "revoked" in page.run("document.body.innerText")
    assert client.call("check", {"request_id": request}, "status").status_code == 401


def refusals(page: Browser) -> list[str]:
    """List what the browser refused because of a page's policy."""
    return [text for text in page.said if "Content Security Policy" in text]


@NEEDS_CHROMIUM
def test_pages_load_nothing_from_elsewhere_and_their_policy_is_kept(page, client, app_address):
    page.open(consent_address(client, app_address))
    page.click("button[value=allow]")
    back_at(page, app_address)
    page.open(client.server.address)
    assert page.requested
    own = ("http://127.0.0.1:", "about:", "data:")
    assert all(address.startswith(own) for address in page.requested)
    assert refusals(page) == []
    page.run("document.body.append(Object.assign(new Image(), {src: '/picture'}))")
    page.open(client.server.address)
    assert len(refusals(page)) == 1, "so the browser would have told"


# --- without a browser -------------------------------------------------------------------


def test_the_page_shows_no_secret(client):
    tokens = client.sign_in(ALL_ONGOING)
    code = client.consent()["code"]
    client.refresh(tokens["refresh_token"])
    page = client.http.get("/").text
    for secret in (client.app.secret, code, tokens["access_token"], tokens["refresh_token"]):
        assert secret not in page
    assert "until 2026-11-26 12:00:00 UTC" in page
    assert "until 2027-11-25 12:00:00 UTC" in page


def test_the_clock_can_be_moved_by_a_program(client):
    answer = client.http.post("/sandbox/clock", data={"seconds": "345600"})
    assert answer.status_code == 204
    assert client.server.clock.now() == datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("clock", {"seconds": "-1"}),
        ("clock", {"seconds": "soon"}),
        ("clock", {"seconds": "nan"}),
        ("clock", {"seconds": "1e30"}),
        ("clock", {}),
        ("faults", {"fault": "add:burn"}),
        ("switches", {"nonsense": "yes"}),
        ("switches", {"oauth_status": "404"}),
        ("disconnect", {"user": "nobody"}),
        ("disconnect", {"user": "tide.and.toast", "reason": "9"}),
        ("webhook", {"app": "none", "address": ""}),
        ("webhook", {"address": "https://service.example/"}),
    ],
)
def test_what_cannot_be_done_is_said(client, path, form):
    answer = client.http.post(f"/sandbox/{path}", data=form)
    assert answer.status_code == 400
    assert answer.text.startswith("That cannot be done: ")
    assert client.server.clock.now() == datetime(2026, 11, 25, 12, tzinfo=UTC)


def test_another_page_in_the_browser_cannot_press_the_buttons(client):
    for origin in ("https://evil.example", "null", client.server.address + "0"):
        answer = client.http.post(
            "/sandbox/clock", data={"seconds": "60"}, headers={"Origin": origin}
        )
        assert answer.status_code == 403
    own = {"Origin": client.server.address, "Accept": "text/html"}
    answer = client.http.post("/sandbox/clock", data={"seconds": "60"}, headers=own)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_faults_switches_and_webhooks_can_be_set_by_a_program(client):
    post = client.http.post
    assert post("/sandbox/faults", data={"fault": "add:500@1-2"}).status_code == 204
    client.sign_in()
    assert client.add().status_code == 500
    assert post("/sandbox/faults").status_code == 204
    assert client.add().status_code == 200
    assert post("/sandbox/switches", data={"used_scope": "unknown-code"}).status_code == 204
    assert client.add().json()["error"]["code"] == "data_request_limit_exceeded"
    form = {"app": client.app.key, "address": "http://127.0.0.1:9/events"}
    assert post("/sandbox/webhook", data=form).status_code == 204
    assert post("/sandbox/disconnect", data={"user": "tide.and.toast"}).status_code == 204
    client.server.simulator.webhooks.settle()
    assert [one.status for one in client.server.simulator.webhooks.deliveries] == [None]


def test_download_your_data_of_nobody(client):
    assert client.http.get("/sandbox/archive?user=nobody").status_code == 404
