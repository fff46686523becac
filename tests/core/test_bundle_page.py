from __future__ import annotations

import base64
import hashlib
import re
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote

import pytest

from bundle_items import (
    conversation,
    entries_of,
    messages,
    post,
    profile,
    sample_items,
    stock_of,
)
from chromium import CHROMIUM
from decamp import Account, Item
from decamp.bundle import Entry, File, is_page, pages, parts

ADA = Account("open-id-1", ("ada.example",))
PAYLOADS = [
    "<script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "\"><svg onload=document.title='owned'>",
    "javascript:document.title='owned'",
    "</style><script>document.title='owned'</script>",
    "{{ 7 * 7 }}{% raw %}",
    "<!-- -->\u2028<iframe src=https://example.org>",
]


def rendered(items: list[Item], account: Account = ADA) -> dict[str, str]:
    records = {part.path: part.head for item in items for part in parts(item)}
    made = pages_of(entries_of(items), account, lambda file: records.get(file.path))
    return {name: data.decode() for name, data in made.items()}


def pages_of(
    entries: list[Entry], account: Account, read: Callable[[File], bytes | None]
) -> dict[str, bytes]:
    with TemporaryDirectory() as folder, stock_of(Path(folder), entries) as stock:
        return dict(pages(stock, account, read))


def hostile_items() -> list[Item]:
    items = [profile(username=text, display_name=text, bio=text) for text in PAYLOADS[:1]]
    for number, text in enumerate(PAYLOADS):
        when = f"2023-05-01T12:00:{number:02}Z"
        missing = [{"name": text, "code": text}]
        items.append(post(when, caption=text, alt_text=text, type=text, missing=missing))
        items.append(conversation(text, title=text))
        items.append(messages(text))
    return items


class Tags(HTMLParser):
    """Collects what a browser would see."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def links(self) -> list[str]:
        values = [attrs.get(name) for _, attrs in self.found for name in ("href", "src")]
        return [value for value in values if value and not value.startswith("#")]


def test_the_page_shows_what_is_there() -> None:
    page = rendered(sample_items())["index.html"]
    for text in ("Data of <bdi>ada.example</bdi>", "The same second", "2023-05-01 12:00 UTC",
                 "Ålice &amp; &lt;b&gt;Bob&lt;/b&gt;", "4 messages", "watched", "I film birds.",
                 "<b>7</b>messages", "1 entry"):  # fmt: skip
        assert text in page


def test_every_link_leads_to_a_file_of_the_bundle() -> None:
    items = sample_items()
    paths = {part.path for item in items for part in parts(item)}
    links = {unquote(link) for link in Tags(rendered(items)["index.html"]).links()}
    assert links == paths


def test_hostile_text_stays_text() -> None:
    for page in rendered(hostile_items(), Account(None, (PAYLOADS[1],))).values():
        tags = Tags(page)
        assert {tag for tag, _ in tags.found}.isdisjoint({"script", "svg", "iframe", "object"})
        assert not [name for _, attrs in tags.found for name in attrs if name.startswith("on")]
        assert all(link.startswith("data/") for link in tags.links())
        assert "{{ 7 * 7 }}" in page


def test_the_policy_allows_the_style_sheet_and_nothing_else() -> None:
    page = rendered(sample_items())["index.html"]
    (policy,) = [
        attrs["content"]
        for tag, attrs in Tags(page).found
        if tag == "meta" and attrs.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy
    assert policy.startswith("default-src 'none';")
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert not [attrs for _, attrs in Tags(page).found if "style" in attrs]


def test_the_same_content_gives_the_same_bytes() -> None:
    assert rendered(sample_items()) == rendered(sample_items()[::-1])


def test_many_posts_get_a_page_per_year(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("decamp.bundle.page.POSTS_ON_INDEX", 2)
    items = [post(f"{year}-01-01T00:00:00Z", caption=f"in {year}") for year in (2021, 2022, 2023)]
    items.append(Item("post:draft", "post", {"caption": "no time"}))
    made = rendered(items)
    assert set(made) == {"index.html", "posts-undated.html"} | {
        f"posts-{year}.html" for year in (2021, 2022, 2023)
    }
    assert "in 2022" in made["posts-2022.html"]
    assert "in 2022" not in made["index.html"]
    assert "no date" in made["posts-undated.html"]
    assert set(Tags(made["index.html"]).links()) == set(made) - {"index.html"}
    assert all(map(is_page, made))
    assert not any(map(is_page, ["posts-mine.html", "INDEX.HTML", "data/index.html"]))


@pytest.mark.parametrize(
    "record", [None, b"{", b"[]", b"\xff", b'{"time": 7}', b'{"missing": [1]}', b'{"time": null}']
)
def test_a_record_that_a_person_broke_is_left_out(record: bytes | None) -> None:
    items = [post(), profile(), conversation(), messages()]
    ((_, page),) = pages_of(entries_of(items), Account(), lambda file: record).items()
    assert b"post.json" in page
    assert b"an unnamed account" in page


def test_an_empty_bundle_has_a_page() -> None:
    assert "0 files, 0 bytes" in rendered([])["index.html"]


def test_sizes_for_people() -> None:
    sizes = {999: "999 bytes", 1000: "1.0 kB", 1_500_000: "1.5 MB", 10**13: "10.0 TB"}
    for size, text in sizes.items():
        entry = Entry("conversation", (File("data/messages/a/conversation.json", size, "0" * 64),))
        assert text in pages_of([entry], ADA, lambda file: None)["index.html"].decode()


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_a_browser_runs_nothing_and_finds_no_fault(tmp_path: Path) -> None:
    assert CHROMIUM
    items = hostile_items()
    for item in items:
        for part in parts(item):
            (tmp_path / part.path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / part.path).write_bytes(part.head + b"".join(part.body()))
    (tmp_path / "index.html").write_text(rendered(items)["index.html"], encoding="utf-8")
    shown = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
         f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom",
         (tmp_path / "index.html").as_uri()],
        check=True, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert "<title>Data of ada.example</title>" in shown.stdout
    assert "CONSOLE" not in shown.stderr  # where refusals by the policy would be
