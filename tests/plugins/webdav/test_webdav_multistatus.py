"""What servers list, and what hostile ones send instead (CWE-776, CWE-611, CWE-400)."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from decamp_webdav.multistatus import Malformed, Resource, path_of, read_multistatus

OPEN = '<?xml version="1.0" encoding="utf-8"?>\n<d:multistatus xmlns:d="DAV:">'
CLOSE = "</d:multistatus>"


def entry(href: str, inner: str = "", status: str = "HTTP/1.1 200 OK") -> str:
    return (
        f"<d:response><d:href>{href}</d:href><d:propstat><d:prop>{inner}</d:prop>"
        f"<d:status>{status}</d:status></d:propstat></d:response>"
    )


def read(text: str) -> list[Resource]:
    return read_multistatus([text.encode()])


def test_a_folder_and_a_file() -> None:
    found = read(
        OPEN
        + entry("/dav/a%20b/", "<d:resourcetype><d:collection/></d:resourcetype>")
        + entry(
            "http://other.example/dav/a%20b/%C3%A9%2525.txt",
            "<d:resourcetype/><d:getcontentlength>12</d:getcontentlength>"
            "<d:getlastmodified>Mon, 12 Jan 1998 09:25:56 GMT</d:getlastmodified>"
            '<d:getetag>"x"</d:getetag>',
        )
        + CLOSE
    )
    assert found == [
        Resource("/dav/a b", folder=True),
        Resource("/dav/a b/é%25.txt", False, 12, 884597156_000_000, '"x"'),
    ]


@pytest.mark.parametrize("origin", ["", "http://cloud.example"])
def test_a_hash_that_was_not_encoded_is_one_of_the_name(origin: str) -> None:
    assert path_of(f"{origin}/dav/a#1%23.txt") == "/dav/a#1#.txt"


def test_values_that_a_server_refuses_to_tell_do_not_count() -> None:
    refused = entry("/f", "<d:getcontentlength>9</d:getcontentlength>", "HTTP/1.1 404 Not Found")
    assert read(OPEN + refused + CLOSE) == [Resource("/f", folder=False)]


@pytest.mark.parametrize(
    "href",
    [
        "/dav/a%20b/caf%C3%A9.txt",
        "/dav/a%20b/caf%c3%a9.txt",
        "/%64av/a b/café.txt",
        "//dav/a%20b/caf%C3%A9.txt",
        "//dav//a b///café.txt",
        "https://10.0.0.1:8443/dav/a%20b/caf%C3%A9.txt",
        "https://10.0.0.1//dav//a%20b/caf%C3%A9.txt",
        "\n  /dav/a%20b/caf%C3%A9.txt/\n",
    ],
)
def test_one_file_in_all_the_ways_of_writing_its_address(href: str) -> None:
    assert path_of(href) == "/dav/a b/café.txt"


def test_a_name_that_is_no_utf_8_spoils_no_list() -> None:
    found = read(OPEN + entry("/dav/") + entry("/dav/caf%E9.txt") + entry("/dav/f") + CLOSE)
    assert [one.path for one in found] == ["/dav", "/dav/caf\udce9.txt", "/dav/f"]


@pytest.fixture
def auckland(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A computer half a day ahead, where a test can have one."""
    tzset = getattr(time, "tzset", lambda: None)
    monkeypatch.setenv("TZ", "NZST-12")
    tzset()
    yield
    monkeypatch.undo()
    tzset()


@pytest.mark.usefixtures("auckland")
@pytest.mark.parametrize("zone", ["GMT", "+0000", "-0000", ""])
def test_a_date_without_a_zone_is_in_utc(zone: str) -> None:
    date = f"<d:getlastmodified>Mon, 12 Jan 1998 09:25:56 {zone}</d:getlastmodified>"
    assert read(OPEN + entry("/f", date) + CLOSE)[0].changed == 884597156_000_000


def test_the_status_of_an_entry_is_told() -> None:
    text = "<d:response><d:href>/f</d:href><d:status>HTTP/1.1 423 Locked</d:status></d:response>"
    assert [one.status for one in read(OPEN + text + CLOSE)] == [423]


@pytest.mark.parametrize("length", ["-1", "1e3", "١٢", "9" * 40, "12 12", ""])
def test_odd_lengths_are_none(length: str) -> None:
    text = OPEN + entry("/f", f"<d:getcontentlength>{length}</d:getcontentlength>") + CLOSE
    assert read(text)[0].size is None


@pytest.mark.usefixtures("auckland")
@pytest.mark.parametrize(
    ("date", "seconds"),
    [
        ("1998-01-12T09:25:56Z", 884597156),
        ("1998-01-12T09:25:56", 884597156),
        ("1998-01-12T09:25:56+00:00", 884597156),
        ("0001-01-01T00:00:00", -62135596800),  # what .NET has where it knows no date
        ("9999-12-31T23:59:59", 253402300799),
    ],
)
def test_a_date_in_the_form_of_creation_dates(date: str, seconds: int) -> None:
    text = OPEN + entry("/f", f"<d:getlastmodified>{date}</d:getlastmodified>") + CLOSE
    assert read(text)[0].changed == seconds * 1_000_000


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Jan 1998 99:25:56 GMT", "0"])
def test_odd_dates_are_none(date: str) -> None:
    text = OPEN + entry("/f", f"<d:getlastmodified>{date}</d:getlastmodified>") + CLOSE
    assert read(text)[0].changed is None


LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE m [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY a{n} "{"&a;" * 10}">' for n in range(9))
    + f']><d:multistatus xmlns:d="DAV:">{entry("&a8;")}</d:multistatus>'
)
OUTSIDE = (
    '<?xml version="1.0"?><!DOCTYPE m [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    f'<d:multistatus xmlns:d="DAV:">{entry("&x;")}</d:multistatus>'
)
HOSTILE = {
    "laughs": LAUGHS,
    "a file of ours": OUTSIDE,
    "a bare DTD": '<!DOCTYPE m SYSTEM "http://127.0.0.1:1/x.dtd"><m/>',
    "a page": "<html><body>Sign in</body></html>",
    "html that is no xml": "<!doctype html><title>Sign in<p>",
    "another kind": '<d:error xmlns:d="DAV:"/>',
    "empty": "",
    "cut off": OPEN + entry("/f")[:-20],
    "no end": OPEN + entry("/f"),
    "too deep": OPEN + "<d:x>" * 200_000,
    "a long value": OPEN + entry("/" + "x" * 20_000) + CLOSE,
    "no address": OPEN + "<d:response/>" + CLOSE,
    "nul": OPEN + entry("/\x00") + CLOSE,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_list_is_malformed(text: str) -> None:
    with pytest.raises(Malformed) as error:
        read(text)
    assert "passwd" not in str(error.value) and len(str(error.value)) < 100


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "made-up"])
def test_another_encoding_is_read_or_refused(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?><d:multistatus xmlns:d="DAV:"/>'
    data = text.encode(encoding if encoding != "made-up" else "ascii")
    if encoding == "utf-16":
        assert read_multistatus([data]) == []
    else:
        with pytest.raises(Malformed):
            read_multistatus([data])


def test_an_endless_answer_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("decamp_webdav.multistatus.MOST_BYTES", 1 << 20)
    given = 0

    def endless():
        nonlocal given
        while True:
            given += 1 << 16
            yield b" " * (1 << 16)

    with pytest.raises(Malformed, match="longer"):
        read_multistatus(endless())
    assert given < 2 << 20


def test_too_many_entries_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("decamp_webdav.multistatus._MOST_ENTRIES", 100)
    with pytest.raises(Malformed, match="more than 100"):
        read(OPEN + entry("/f") * 101 + CLOSE)


def test_an_address_that_is_none() -> None:
    with pytest.raises(Malformed):
        path_of("http://[")
