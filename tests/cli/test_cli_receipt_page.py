"""The receipt as a page to print."""

from __future__ import annotations

import base64
import copy
import hashlib
import re
import stat
import subprocess
import sys
from html.parser import HTMLParser

import pytest

import decamp_schemas
from chromium import CHROMIUM
from cli_run import Cli
from decamp.cli.receipt_page import receipt_page
from decamp.home import Home
from decamp.journal import Journal, RunRecord
from decamp.validation import validator

PAYLOADS = (
    "<script>document.title='owned'</script>",
    "<img src=https://example.org/x onerror=\"document.title='owned'\">",
    "</style><script>document.title='owned'</script>",
    "{{ 7 * 7 }}{% raw %}",
    "\u202egnp.exe",
)
_VOID = ("meta", "br", "img", "link", "hr")


class Page(HTMLParser):
    """Reads a page strictly: every element that is opened is closed, in its order."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.open, self.tags, self.text = [], [], ""
        self.feed(data.decode())
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] != ["style"]:
            self.text += f"{data} "

    @property
    def words(self):
        return " ".join(self.text.split())


def receipt(**changes):
    document = copy.deepcopy(decamp_schemas.load("receipt")["examples"][0]) | changes
    assert not validator("receipt").problems(document)
    return document


def open_receipt():
    document = receipt(state="partial", exit_code=3)
    entry = {"item": "post:1", "name": "1.mp4", "code": "expired", "reason": "The link expired."}
    document["media"]["missing"] = [entry] * 3
    problem = {"item": "post:2", "kind": "post", "state": "failed", "code": "item"}
    document["problems"] = [problem | {"reason": "too large"}]
    document["unlisted"] = {"problems": 2, "missing": 4}
    document["verdict"] |= {
        "complete": False,
        "reasons": ["1 item could not be delivered", "3 items went without some media"],
        "remarks": ["1 file could not be had by anyone"],
    }
    return document


def hostile():
    document = open_receipt()
    for number, text in enumerate(PAYLOADS):
        document["source"]["account"].insert(0, text)
        document["media"]["missing"][number % 3] |= {"item": text, "name": text, "reason": text}
        document["problems"] += [document["problems"][0] | {"item": text, "reason": text}]
        document["verdict"]["never_exported"].append(text)
        document["verdict"]["reasons"].append(text)
        document["counts"][text] = {"found": 1}
    for place in (document["source"], document["destination"], document["consent"]):
        place["source" if "basis" in place else "title"] = PAYLOADS[0]
    document["proof"]["how"] = document["error"] = PAYLOADS[1]
    document["error"] = {"code": "x", "message": PAYLOADS[2], "hint": ""}
    assert not validator("receipt").problems(document)
    return document


def test_a_yes_says_of_what_how_and_what_it_does_not_cover():
    words = Page(receipt_page(receipt())).words
    for text in (
        "Receipt of a data transfer: ada.example Run 20261123-091500-7f3a Complete Everything in",
        "this export is proved to be at the destination.",
        "Exported 2026-11-20 09:00 UTC",
        "The copy On this computer",
        "Asked for posts, from 2024-01-01 on",
        "Ended 2026-11-23 09:16 UTC. It came to its end.",
        "Kind In the export Arrived There already posts 12 12 0",
        "How this is proved 1,254 entries of this export were written by this run",
        "The verdict does not speak about: what became of the copy after 2026-11-23T09:16:10Z",
        "What such an export never holds drafts",
        "Consent You named TikTok_Data.zip",
        "Written by decamp 0.1.0, from tiktok to disk; fingerprint of the export 3f2a9c11/1.",
    ):
        assert text in words
    assert "could not be had" not in words


def test_a_no_gives_its_reasons_and_lists_what_is_missing():
    words = Page(receipt_page(open_receipt())).words
    for text in (
        "Not complete Not everything in this export is proved to be at the destination, because:",
        "because: 1 item could not be delivered 3 items went without some media Note: 1 file",
        "Media files that could not be had (7) 3 × The link expired. post:1 1.mp4",
        "… and 4 more.",
        "What needs attention (3) 1 × too large post:2",
    ):
        assert text in words


def test_the_check_of_a_bag_on_this_computer_is_given(tmp_path):
    (tmp_path / "bagit.txt").touch()
    here = {"plugin": "disk", "id": str(tmp_path), "title": "TikTok", "where": "here"}
    words = Page(receipt_page(receipt(destination=here))).words
    assert f"bagit.py --validate --quiet {tmp_path}" in words


def test_a_receipt_of_the_first_version_has_a_page():
    old = receipt()
    for name in ("version", "proof", "consent"):
        del old[name]
    del old["verdict"]["remarks"], old["destination"]["where"]
    words = Page(receipt_page(old)).words
    assert "from an earlier version of decamp" in words
    assert "Written by decamp, from tiktok to disk" in words


def test_an_interrupted_run_that_found_nothing_has_a_page():
    bare = receipt(counts={}, state="interrupted", exit_code=130)
    assert "Nothing was found in the export." in Page(receipt_page(bare)).words


def test_hostile_names_stay_text():
    page = Page(receipt_page(hostile()))
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "img", "svg", "iframe", "a", "link"})
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    assert "{{ 7 * 7 }}" in page.text
    assert "\u202e" not in page.text


def test_the_policy_allows_the_style_sheet_and_nothing_else():
    data = receipt_page(hostile())
    [policy] = [attrs["content"] for _, attrs in Page(data).tags if "http-equiv" in attrs]
    style = re.search(r"<style>(.*?)</style>", data.decode(), re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'sha256-{digest}'"
    )
    assert not [attrs for _, attrs in Page(data).tags if {"style", "src", "href"} & set(attrs)]
    assert "url(" not in style[1] and "@import" not in style[1]


@pytest.fixture
def cli(tmp_path):
    cli = Cli(tmp_path / "home")
    journal = Journal.open(Home(cli.home).journal)
    run = RunRecord("r1", None, "transfer", "running", *["2026-11-23T09:15:00Z", None, "a", "b", ""], None, None, 1)  # fmt: skip
    journal.start_run(run)
    journal.end_run("r1", "done", "2026-11-23T09:16:10Z", 0, receipt())
    journal.close()
    return cli


def test_the_page_is_a_new_private_file(cli, tmp_path):
    page = tmp_path / "receipt.html"
    ended = cli("receipt", "--page", str(page))
    assert ended.code == 0
    assert f"The page to print: {page}" in ended.err
    assert "ada.example" in Page(page.read_bytes()).words
    if sys.platform != "win32":
        assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "receipt.html"]


def test_an_existing_file_is_never_replaced(cli, tmp_path):
    page = tmp_path / "receipt.html"
    page.write_text("mine", encoding="utf-8")
    ended = cli("receipt", "--page", str(page))
    assert ended.code == 2
    assert "exists already, and is not replaced" in ended.err
    assert page.read_text(encoding="utf-8") == "mine"


def test_a_page_that_cannot_be_written_is_explained(cli, tmp_path):
    ended = cli("receipt", "--page", str(tmp_path / "no folder" / "receipt.html"))
    assert ended.code == 2
    assert "cannot be written" in ended.err


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_a_browser_runs_nothing_finds_no_fault_and_prints_it(tmp_path):
    page = tmp_path / "receipt.html"
    page.write_bytes(receipt_page(hostile()))
    flags = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--enable-logging=stderr", f"--user-data-dir={tmp_path / 'profile'}"]  # fmt: skip
    for action in ("--dump-dom", f"--print-to-pdf={tmp_path / 'receipt.pdf'}"):
        shown = subprocess.run(
            [*flags, action, page.as_uri()], check=True, capture_output=True, text=True
        )
        assert "CONSOLE" not in shown.stderr  # where refusals by the policy would be
        if action == "--dump-dom":
            assert "<title>Receipt 20261123-091500-7f3a</title>" in shown.stdout
    assert (tmp_path / "receipt.pdf").read_bytes().startswith(b"%PDF-")
