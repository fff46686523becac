"""Everything that a server or a network can refuse, in words for a worried person."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bundle_dav import begun, client, importer_at, overwrite, transfer
from bundle_items import post, profile
from dav_proxy import Action, Answer, DavProxy, Drop, Rewrite, always, dav_proxy, when
from dav_servers import DavServer
from decamp import (
    AccessDenied,
    AuthError,
    ConfigError,
    Conflict,
    Corrupted,
    DestinationFull,
    DestinationRefused,
    ItemRejected,
    Locked,
    RateLimited,
    TransferError,
    Unavailable,
)
from decamp_webdav.address import Address
from decamp_webdav.answers import TooLarge, refusal
from decamp_webdav.moving import move

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
WHERE = "https://cloud.example/dav/TikTok/"


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (401, AuthError, "password"),
        (403, AccessDenied, "does not allow"),
        (301, DestinationRefused, "another address"),
        (404, DestinationRefused, "no such folder"),
        (409, DestinationRefused, "no such folder"),
        (405, DestinationRefused, "not of a WebDAV folder"),
        (501, DestinationRefused, "not of a WebDAV folder"),
        (413, TooLarge, "larger"),
        (414, ItemRejected, "name"),
        (423, Unavailable, "lock"),
        (429, RateLimited, "slow down"),
        (500, Unavailable, "cannot answer now"),
        (503, Unavailable, "cannot answer now"),
        (507, DestinationFull, "room"),
        (418, DestinationRefused, "418"),
    ],
)
def test_each_status_has_its_words(status: int, kind: type[TransferError], words: str) -> None:
    error = refusal(status, {}, WHERE, NOW)
    assert type(error) is kind
    assert words in error.message and WHERE in error.message and error.hint.endswith(".")


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (404, Unavailable, "not there, or not any more"),
        (409, Unavailable, "not there, or not any more"),
        (405, DestinationRefused, "quota may be full"),
        (501, DestinationRefused, "quota may be full"),
    ],
)
def test_what_has_worked_before_is_no_wrong_address(
    status: int, kind: type[TransferError], words: str
) -> None:
    error = refusal(status, {}, WHERE, NOW, worked=True)
    assert type(error) is kind
    assert words in f"{error.message} {error.hint}"
    assert "typing" not in error.hint
    assert "web page" not in error.message


def test_a_full_disk_that_is_answered_as_405(
    apache: DavServer, proxy: DavProxy, through: str, tmp_path: Path
) -> None:
    """So rclone says it; the address is right, for it has taken files before."""
    with begun(apache, through, tmp_path) as importer:
        importer.import_item(profile())
    proxy.act = when("PUT", Answer(405))
    with (
        pytest.raises(DestinationRefused, match="now refuses what it did") as error,
        begun(apache, through, tmp_path),
    ):
        pass
    assert "full" in error.value.hint


def test_temporaries_that_a_server_is_busy_with_stop_nothing(
    apache: DavServer, proxy: DavProxy, through: str, tmp_path: Path
) -> None:
    """rclone answers 405 while it still writes what a killed run was sending."""
    left = f"{through}/.decamp-tmp-00000000/"
    with client(apache) as http:
        assert http.request("MKCOL", through).status_code == 201
        assert http.request("MKCOL", left).status_code == 201
        proxy.act = when("DELETE", Answer(405), path=".decamp-tmp-00000000", times=1)
        with begun(apache, through, tmp_path) as importer:
            importer.import_item(profile())
        assert http.request("PROPFIND", left).status_code == 404


def test_an_address_says_what_is_wrong_with_it() -> None:
    for url, words in {
        "https://c/a%2Fb": "a / in it",
        "https://c/a/../b": ". or ..",
        "https://c/a?x=1": "as pages have",
        "gopher://c/a": "begin with https",
    }.items():
        with pytest.raises(ConfigError, match=re.escape(words)):
            Address.parse(url)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("30", 30.0),
        ("0", 0.0),
        ("Fri, 02 Jan 2026 03:05:05 GMT", 60.0),
        ("Thu, 01 Jan 2026 00:00:00 GMT", 0.0),
        ("99999999999999", 100_000_000.0),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_in_every_form(value: str, seconds: float | None) -> None:
    for status in (429, 503, 423):
        error = refusal(status, {"retry-after": value}, WHERE, NOW)
        assert isinstance(error, Unavailable) and error.retry_after == seconds


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("60", "Wait a little"),
        ("61", "for 2 minutes;"),
        ("3600", "for 60 minutes;"),
        ("86400", "for 24 hours;"),
        ("Sat, 03 Jan 2026 03:04:06 GMT", "for 25 hours;"),
    ],
)
def test_a_long_wait_is_told(value: str, words: str) -> None:
    for status in (429, 503):
        assert words in refusal(status, {"retry-after": value}, WHERE, NOW).hint


def test_a_date_is_compared_with_the_servers_clock() -> None:
    headers = {
        "retry-after": "Fri, 02 Jan 2026 05:00:10 GMT",
        "date": "Fri, 02 Jan 2026 05:00:00 GMT",
    }
    error = refusal(503, headers, WHERE, NOW)
    assert isinstance(error, Unavailable) and error.retry_after == 10.0


# --- at the first look -------------------------------------------------------------------


FIRST: dict[str, tuple[Action, type[TransferError], str]] = {
    "a sign-in page": (Answer(200, b"<html>Sign in</html>"), DestinationRefused, "WebDAV"),
    "another host": (
        Answer(302, headers={"Location": "https://evil.example/"}),
        DestinationRefused,
        "evil.example",
    ),
    "a port of https": (Answer(400), DestinationRefused, "does not understand"),
    "no address to go to": (Answer(302), DestinationRefused, "another address"),
    "an odd address": (
        Answer(301, headers={"Location": "http://[::1"}),
        DestinationRefused,
        "another address",
    ),
    "a page instead of a list": (Answer(207, b"<html/>"), DestinationRefused, "list"),
    "a list of another folder": (
        Answer(
            207, b'<multistatus xmlns="DAV:"><response><href>/x/</href></response></multistatus>'
        ),
        DestinationRefused,
        "other addresses than the one that was asked for, such as '/x'",
    ),
    "compressed": (
        Answer(207, b"x", headers={"Content-Encoding": "gzip"}),
        DestinationRefused,
        "compress",
    ),
    "a storm": (Answer(503, headers={"Retry-After": "7"}), Unavailable, "503"),
    "no answer": (Drop(), Unavailable, "broke off"),
}


@pytest.mark.parametrize(("action", "kind", "words"), FIRST.values(), ids=FIRST)
def test_the_first_look_says_what_is_wrong(
    action: Action,
    kind: type[TransferError],
    words: str,
    apache: DavServer,
    proxy: DavProxy,
    through: str,
    tmp_path: Path,
) -> None:
    importer = importer_at(apache, through, tmp_path)
    proxy.act = always(action)
    with pytest.raises(kind) as error:
        importer.check()
    assert words in error.value.message and error.value.hint
    proxy.act = lambda request: None
    importer.close()


def test_a_truncated_list(apache: DavServer, proxy: DavProxy, through: str, tmp_path: Path) -> None:
    client(apache).request("MKCOL", proxy.upstream + through[len(proxy.url) :])
    proxy.act = when("PROPFIND", Rewrite(lambda status, body: (status, body[: len(body) // 2])))
    with pytest.raises(DestinationRefused, match="cut off"):
        importer_at(apache, through, tmp_path).check()


def test_what_was_webdav_before_is_no_wrong_address(
    apache: DavServer, proxy: DavProxy, through: str, tmp_path: Path
) -> None:
    """A hotel's sign-in page, or that of a proxy whose session has ended."""
    with begun(apache, through, tmp_path) as importer:
        importer.import_item(profile())
        for action in (
            Answer(200, b"<html>Sign in</html>"),
            Answer(302, headers={"Location": "https://portal.example/?t=s3cret"}),
            Answer(302, headers={"Location": "/login"}),
        ):
            proxy.act = always(action)
            with pytest.raises(DestinationRefused) as error:
                importer.import_item(post())
            assert "the address is right" in error.value.hint
            assert "s3cret" not in error.value.message and "-tmp-" not in error.value.message
        proxy.act = lambda request: None
        importer.import_item(post())


def test_a_redirect_leads_to_no_other_folder(
    apache: DavServer, proxy: DavProxy, through: str, tmp_path: Path
) -> None:
    """Such as to the top, where a session has ended: there is nothing of ours to be removed."""
    other, http = apache.place(), client(apache)
    http.request("MKCOL", other).raise_for_status()
    http.put(f"{other}mine.txt", content=b"mine").raise_for_status()
    with begun(apache, through, tmp_path) as importer:
        receipt = importer.import_item(post())
        for target in (other, f"{other}mine.txt", f"{through}data/"):
            moved = Answer(302, headers={"Location": urlsplit(target).path})
            proxy.act = when("DELETE", moved, path="/post.json")
            with pytest.raises(DestinationRefused, match="from one of its addresses to another"):
                importer.remove(receipt, None)
        proxy.reset()
        assert importer.find_item(post()) is not None
    assert apache.path(other).joinpath("mine.txt").read_bytes() == b"mine"


def test_a_redirect_in_a_circle_is_called_that(
    apache: DavServer, proxy: DavProxy, through: str, tmp_path: Path
) -> None:
    importer = importer_at(apache, through, tmp_path)
    for target in (through, "/dav/elsewhere", "elsewhere"):
        proxy.act = always(Answer(301, headers={"Location": target}))
        with pytest.raises(DestinationRefused, match="circle") as error:
            importer.check()
        assert "your password" not in error.value.message
    proxy.act = lambda request: None
    importer.close()


def test_a_redirect_that_leads_nowhere_is_asked_for_once(
    apache: DavServer, proxy: DavProxy, through: str, tmp_path: Path
) -> None:
    proxy.act = always(Answer(302))
    with pytest.raises(DestinationRefused, match="another address"):
        importer_at(apache, through, tmp_path).check()
    assert proxy.count() == 1


def test_a_redirect_on_the_same_server_is_followed(
    apache: DavServer, proxy: DavProxy, through: str, tmp_path: Path
) -> None:
    importer = importer_at(apache, through, tmp_path)
    moved = Answer(301, headers={"Location": through})
    proxy.act = when("PROPFIND", moved, times=1)
    assert importer.check().holds is None
    proxy.act = when("PROPFIND", moved)
    with pytest.raises(DestinationRefused):
        importer.check()
    importer.close()


def test_no_such_host(apache: DavServer, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no such host"):
        importer_at(apache, "https://nobody.invalid/dav", tmp_path).check()


def test_nobody_listens(apache: DavServer, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/dav"
        with pytest.raises(Unavailable, match="cannot be reached"):
            importer_at(apache, url, tmp_path).check()


def test_a_wrong_password(apache: DavServer, tmp_path: Path) -> None:
    from attrs import evolve

    importer_at(apache, apache.place(), tmp_path)
    with pytest.raises(AuthError) as error:
        importer_at(evolve(apache, password="wr0ng-secret"), apache.place(), tmp_path).check()
    assert "wr0ng" not in error.value.message + error.value.hint


def test_a_certificate_that_nobody_vouches_for(
    dav_servers: Callable[..., DavServer], apache: DavServer, tmp_path: Path
) -> None:
    secure = dav_servers("apache", tls=True)
    importer_at(apache, apache.place(), tmp_path)
    with pytest.raises(DestinationRefused, match="certificate"):
        importer_at_known(secure, apache, tmp_path)


def importer_at_known(secure: DavServer, known: DavServer, tmp_path: Path) -> None:
    from bundle_dav import LEARNT

    LEARNT[secure.url] = LEARNT[known.url]
    try:
        importer_at(secure, secure.place(), tmp_path).check()
    finally:
        del LEARNT[secure.url]


def test_a_folder_with_other_peoples_files_is_never_touched(dav: DavServer, tmp_path: Path) -> None:
    url, http = dav.place(), client(dav)
    http.request("MKCOL", url).raise_for_status()
    http.put(url + "mine.txt", content=b"mine").raise_for_status()
    importer = importer_at(dav, url, tmp_path)
    with pytest.raises(DestinationRefused, match="not empty"):
        importer.begin(*_origin())
    importer.close()
    assert [path.name for path in dav.path(url).iterdir()] == ["mine.txt"]


def test_a_file_in_the_place_of_the_folder(dav: DavServer, tmp_path: Path) -> None:
    url = dav.place()
    client(dav).put(url.rstrip("/"), content=b"mine").raise_for_status()
    importer = importer_at(dav, url, tmp_path)
    with pytest.raises(TransferError):
        importer.begin(*_origin())
    importer.close()
    assert dav.path(url).read_bytes() == b"mine"


def test_a_file_in_the_way_of_the_address(apache: DavServer, tmp_path: Path) -> None:
    url = apache.place()
    client(apache).put(url.rstrip("/"), content=b"mine").raise_for_status()
    importer = importer_at(apache, f"{url}below/it", tmp_path)
    with pytest.raises(TransferError):
        importer.begin(*_origin())
    importer.close()


# --- in the middle -----------------------------------------------------------------------


MIDDLE: dict[str, tuple[Action, type[TransferError]]] = {
    "401": (Answer(401), AuthError),
    "403": (Answer(403), AccessDenied),
    "409": (Answer(409), Unavailable),
    "413": (Answer(413), ItemRejected),
    "423": (Answer(423), Unavailable),
    "429": (Answer(429, headers={"Retry-After": "3"}), RateLimited),
    "500": (Answer(500), Unavailable),
    "507": (Answer(507), DestinationFull),
    "stored, and not there": (Answer(201), Corrupted),
    "lost answers": (Drop(), Unavailable),
}


@pytest.mark.parametrize(("action", "kind"), MIDDLE.values(), ids=MIDDLE)
def test_a_file_that_is_refused_leaves_nothing_half(
    action: Action,
    kind: type[TransferError],
    apache: DavServer,
    proxy: DavProxy,
    through: str,
    tmp_path: Path,
) -> None:
    item = post(data=b"film" * 1000)
    with begun(apache, through, tmp_path) as importer:
        receipts = [importer.import_item(profile())]
        proxy.act = when("PUT", action, path="/1.mp4")
        with pytest.raises(kind) as error:
            importer.import_item(item)
        assert error.value.message
        proxy.act = lambda request: None
        receipts.append(importer.import_item(item))
        importer.finish(sorted(receipts, key=lambda receipt: receipt.item_id))
    place = apache.path(proxy.upstream + through[len(proxy.url) :])
    assert [path.read_bytes() for path in place.rglob("1.mp4")] == [b"film" * 1000]
    assert not list(place.rglob(".decamp*"))


@pytest.mark.parametrize("kind", ["wsgidav", "rclone", "copyparty"])
def test_a_page_is_no_move(
    kind: str, dav_servers: Callable[..., DavServer], tmp_path: Path
) -> None:
    server = dav_servers(kind)
    url, item, page = server.place(), post(data=b"film"), Answer(200, b"<html>Sign in</html>")
    with dav_proxy(server.url) as proxy, begun(server, proxy.here(url), tmp_path) as importer:
        importer.import_item(profile())
        proxy.act = when("MOVE", page, path="-tmp-")
        with pytest.raises(Unavailable, match="not there"):
            importer.import_item(item)
        assert not list(server.path(url).glob("data/posts/*/*/*"))
        proxy.act = when("MOVE", page, path="-tmp-", times=1)
        importer.import_item(item)
        found = server.path(url).glob("data/**/1.mp4")
        assert [path.read_bytes() for path in found] == [b"film"]


def test_a_page_is_no_move_to_a_name_that_somebody_else_has(
    apache: DavServer, proxy: DavProxy, tmp_path: Path
) -> None:
    place = apache.place()
    with begun(apache, proxy.here(place), tmp_path) as importer:
        for name in ("ours", "taken"):
            client(apache).put(f"{place}{name}", content=name.encode()).raise_for_status()
        proxy.act = when("MOVE", Answer(200, b"<html>Sign in</html>"))
        ours, taken = (proxy.here(f"{place}{name}") for name in ("ours", "taken"))
        with pytest.raises(Unavailable, match="not there"):
            move(importer._client, ours, taken, keep=True)
    assert apache.path(place).joinpath("taken").read_bytes() == b"taken"


def test_a_lost_answer_is_asked_for_again_at_once(
    apache: DavServer, proxy: DavProxy, through: str, tmp_path: Path
) -> None:
    with begun(apache, through, tmp_path) as importer:
        proxy.act = when("PUT", Drop(), path="/post.json", times=1)
        receipt = importer.import_item(post())
        assert importer.find_item(post()) is not None
        assert receipt.item_id == post().id


def test_an_edit_at_the_destination_wins(any_dav: DavServer, tmp_path: Path) -> None:
    url = any_dav.place()
    (receipt,) = transfer(any_dav, url, tmp_path, [post()])
    name = receipt.data["files"][0][0]
    overwrite(any_dav, url + name, b'{"caption": "mine"}')
    with begun(any_dav, url, tmp_path) as importer, pytest.raises(Conflict):
        importer.update_item(post(caption="newer"), receipt)
    assert client(any_dav).get(url + name).content == b'{"caption": "mine"}'


def test_what_someone_puts_into_an_emptied_folder_stays(dav: DavServer, tmp_path: Path) -> None:
    url, http = dav.place(), client(dav)
    with begun(dav, url, tmp_path) as importer:
        receipt = importer.import_item(post())
        folder = receipt.data["files"][0][0].rpartition("/")[0]
        http.put(f"{url}{folder}/mine.txt", content=b"mine").raise_for_status()
        assert importer.remove(receipt, None) is None
    assert http.get(f"{url}{folder}/mine.txt").content == b"mine"


def test_one_run_at_a_time(dav: DavServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = dav.place()
    with begun(dav, url, tmp_path / "a"):
        monkeypatch.setattr("decamp.bundle.lock._machine", lambda: "another")
        other = importer_at(dav, url, tmp_path / "b")
        with pytest.raises(Locked, match="Another run"):
            other.begin(*_origin())
        other.close()
        with begun(dav, url, tmp_path / "c", break_lock=True):
            pass


@pytest.mark.parametrize("url", ["https://ada:pw@cloud.example/x", "nonsense", "https://c/a/../b"])
def test_addresses_are_checked_before_anything_is_asked(url: str, tmp_path: Path) -> None:
    from decamp.testing import fake_context
    from decamp_webdav.config import Config
    from decamp_webdav.importer import DavImporter

    with pytest.raises(ConfigError):
        DavImporter(fake_context(Config(url), tmp_path))


def _origin():
    from bundle_disk import ADA, TOKEN
    from decamp import Origin

    return Origin(ADA), TOKEN


def test_a_name_that_someone_takes_in_a_folder_of_this_run(dav: DavServer, tmp_path: Path) -> None:
    """decamp asks for no name in a folder that it has just made; the server still refuses it."""
    url, http = dav.place(), client(dav)
    second = post("2023-06-01T12:00:00Z")
    with begun(dav, url, tmp_path) as importer:
        importer.import_item(post())
        folder = f"{url}data/posts/2023/2023-06-01T120000Z/"
        http.request("MKCOL", folder).raise_for_status()
        http.put(f"{folder}post.json", content=b"mine").raise_for_status()
        with pytest.raises(Conflict):
            importer.import_item(second)
        assert http.get(f"{folder}post.json").content == b"mine"
        http.delete(folder).raise_for_status()
        assert not importer.import_item(second).existed
        assert importer.import_item(second).existed
    assert not list(dav.path(url).glob(".decamp*"))


def test_a_folder_that_goes_away_meanwhile_is_made_again(
    any_dav: DavServer, tmp_path: Path
) -> None:
    url, http = any_dav.place(), client(any_dav)
    with begun(any_dav, url, tmp_path) as importer:
        importer.import_item(post())
        http.delete(f"{url}data/").raise_for_status()
        second = post("2023-06-01T12:00:00Z")
        try:
            importer.import_item(second)
        except Unavailable:  # the engine tries again
            importer.import_item(second)
        assert importer.find_item(second) is not None
        assert importer.find_item(post()) is None


def test_a_bundle_that_goes_away_meanwhile_is_not_made_again(
    any_dav: DavServer, tmp_path: Path
) -> None:
    """Its marker and its lock went with it, so nobody would know what is sent there then."""
    url, http = any_dav.place(), client(any_dav)
    with begun(any_dav, url, tmp_path) as importer:
        receipt = importer.import_item(post())
        http.delete(url).raise_for_status()
        for _ in range(2):
            with pytest.raises(Unavailable, match=r"gone|not any more"):
                importer.import_item(post("2023-06-01T12:00:00Z"))
        with pytest.raises(Unavailable, match="gone"):
            importer.finish([receipt])
    assert http.request("PROPFIND", url, headers={"Depth": "0"}).status_code == 404
    transfer(any_dav, url, tmp_path, [post()])


def test_a_file_that_is_said_to_be_removed_and_is_not(any_dav: DavServer, tmp_path: Path) -> None:
    with (
        dav_proxy(any_dav.url) as proxy,
        begun(any_dav, proxy.here(any_dav.place()), tmp_path) as importer,
    ):
        item = post(data=b"film")
        receipt = importer.import_item(item)
        for path in ("/post.json", "/1.mp4"):
            proxy.act = when("DELETE", Answer(200, b"<html>Sign in</html>"), path=path)
            with pytest.raises(Unavailable, match="still there"):
                importer.remove(receipt, None)
        proxy.reset()
        assert importer.remove(receipt, None) is None
        assert importer.find_item(item) is None
