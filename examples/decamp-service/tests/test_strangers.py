"""What strangers, other sites and people who change their minds do; and what nobody may read."""

import logging
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from service_runner import PATIENCE, USERS, Browser, Runner, later, requests

from decamp_tiktok.sandbox.service import SandboxServer


def test_a_person_who_does_not_agree(tiktok: SandboxServer, service: Runner) -> None:
    alice = Browser(service)
    alice.press("enter", person="alice")
    asked = alice.press("connect")
    back = alice.open(tiktok.sign_in(asked.headers["location"], allow=False))
    assert back.status_code == 400 and "did not agree" in back.text
    assert service.house().copies.of("alice") is None
    service.work()
    assert requests(tiktok) == 0


def test_a_redirect_counts_once_and_in_its_own_browser(
    tiktok: SandboxServer, service: Runner
) -> None:
    alice, mallory = Browser(service), Browser(service)
    alice.press("enter", person="alice")
    mallory.press("enter", person="mallory")
    asked = mallory.press("connect")
    lure = tiktok.sign_in(asked.headers["location"], user=USERS["bob"])
    assert alice.open(lure).status_code == 400, "nobody signs in with the account of another"
    assert Browser(service).open(lure).status_code == 400
    assert service.house().copies.of("alice") is None
    assert mallory.open(lure).status_code == 303
    assert mallory.open(lure).status_code == 400, "a second time"


def test_another_site_cannot_press_buttons(service: Runner) -> None:
    alice = Browser(service)
    alice.press("enter", person="alice")
    url = service.settings.url
    with service.web():
        for headers in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
            assert alice.client.post(f"{url}/close", headers=headers).status_code == 403
        assert alice.client.get(f"{url}/close").status_code == 405
    assert "Hello alice" in alice.page()


@pytest.mark.parametrize("name", ["", "Alice", "../bob", "a" * 41, "a/b", "<b>"])
def test_a_name_is_no_path(service: Runner, name: str) -> None:
    assert Browser(service).press("enter", person=name).status_code == 400
    assert not (service.settings.folder / "people").exists()


def test_forged_webhooks_are_refused(service: Runner) -> None:
    url = f"{service.settings.url}/webhook"
    with service.web(), httpx.Client(trust_env=False, timeout=PATIENCE) as client:
        assert client.post(url, content=b"{}").status_code == 401
        assert client.post(url, content=b"x" * 10_000_000).status_code == 413
        assert client.get(url).status_code == 405
        assert service.deliver("new.event", {"x": 1}) == 200
    assert [one.name for one in service.house().inbox.waiting()] == ["new.event"]
    service.work()
    assert service.house().inbox.waiting() == []


def test_no_token_code_or_secret_is_in_a_log_or_on_a_page(
    tiktok: SandboxServer, service: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        alice = Browser(service)
        alice.press("enter", person="alice")
        asked = alice.press("connect")
        state = parse_qs(urlsplit(asked.headers["location"]).query)["state"][0]
        address = tiktok.sign_in(asked.headers["location"], user=USERS["alice"])
        code = parse_qs(urlsplit(address).query)["code"][0]
        pages = [alice.open(address).text]
        tokens = service.house().tokens.load("alice")
        assert tokens is not None
        service.work()
        later(service, tiktok, hours=2)
        service.work()
        pages += [alice.page(), alice.press("disconnect").text, alice.page()]
    said = "\n".join(record.getMessage() for record in caplog.records if _ours(record))
    assert "run " in said and "webhook" in said
    cookie = alice.client.cookies["session"]
    kept = "".join(
        path.read_text("utf-8", "replace")
        for path in (service.settings.folder / "people").rglob("*")
        if path.is_file()
    )
    for secret in (
        *(tokens.access, tokens.refresh, code, state, cookie),
        *(service.settings.client_secret, tokens.grant.account),
    ):
        assert secret not in said
        assert all(secret not in page for page in pages)
        assert secret == tokens.grant.account or secret not in kept
    assert service.settings.client_secret not in repr(service.house().transfer("alice"))


def _ours(record: logging.LogRecord) -> bool:
    # The test's own browser talks too, through the same process.
    return not record.name.startswith(("httpcore", "httpx"))
