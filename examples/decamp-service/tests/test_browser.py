"""The pages in a real browser, with its own rules for cookies, origins and policies."""

from pathlib import Path

import pytest
from service_runner import Runner

from chromium import CHROMIUM, browser
from decamp_tiktok.sandbox.service import SandboxServer

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


def test_from_the_first_button_to_the_last(
    tiktok: SandboxServer, service: Runner, tmp_path: Path
) -> None:
    with service.web(), browser() as page:
        page.open(service.settings.url)
        page.run("document.querySelector('[name=person]').value = 'alice'")
        page.click("form[action='/enter'] button")
        page.loaded()
        page.picture(tmp_path / "before.png")
        page.click("form[action='/connect'] button")
        page.loaded()
        assert page.run("location.origin") == tiktok.address
        page.click("button[value=allow]")
        page.loaded()
        assert page.run("location.href") == f"{service.settings.url}/"
        assert "waiting" in page.run("document.body.innerText")
        service.work()
        tiktok.advance(hours=1, seconds=1)
        service.work()
        page.open(service.settings.url)
        assert "new entries are in your copy" in page.run("document.body.innerText")
        page.picture(tmp_path / "done.png")
        page.click("form[action='/disconnect'] button")
        page.loaded()
        assert "stopped" in page.run("document.body.innerText")
        page.click("form[action='/close'] button")
        page.loaded()
        assert "Who are you?" in page.run("document.body.innerText")
        ours = (service.settings.url, tiktok.address, "data:")
        assert [one for one in page.requested if not one.startswith(ours)] == []
        assert [one for one in page.said if "favicon" not in one and "404" not in one] == []
