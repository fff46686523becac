"""What is learnt about real servers, and how it is remembered."""

from __future__ import annotations

import stat
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urljoin

import msgspec
import pytest

from bundle_dav import MOMENT, begun, client, context, importer_at
from dav_proxy import Action, Answer, Call, DavProxy, Drop, Request, Rewrite, dav_proxy, when
from dav_servers import DavServer
from decamp import DestinationRefused, Unavailable
from decamp_webdav.findings import Findings, load, save
from decamp_webdav.importer import DavImporter


def learnt(server: DavServer, url: str, tmp_path: Path) -> Findings:
    importer = DavImporter(context(server, url, tmp_path, None))
    try:
        importer._dav.make("")
        return importer._learnt()
    finally:
        importer.close()


SEEN = {
    "apache": ("put", True, True, True, True, True),
    "rclone": ("folder", False, False, False, True, True),
    "wsgidav": ("folder", True, False, False, True, True),
    "copyparty": ("file", False, False, True, False, False),
    "lighttpd": ("put", True, True, True, True, True),
    "nginx": ("folder", False, True, True, True, True),
    "sabre": ("put", True, True, True, True, True),
}


@pytest.mark.parametrize("kind", SEEN)
def test_what_each_server_honours(
    kind: str, dav_servers: Callable[..., DavServer], tmp_path: Path
) -> None:
    server = dav_servers(kind)
    url = server.place()
    found = learnt(server, url, tmp_path)
    assert (
        found.way,
        found.create_only_put,
        found.hidden_put,
        found.whole_replace,
        found.move_keeps,
        found.moves_folders,
    ) == SEEN[kind]
    assert found.takes_all_names and found.names == "kept" and not found.lost and not found.chunks
    assert found.lists_dots == (kind != "nginx")
    assert list(server.path(url).iterdir()) == []


def test_chunks_are_learnt(nextcloud_simulator: DavServer, tmp_path: Path) -> None:
    assert learnt(nextcloud_simulator, nextcloud_simulator.place(), tmp_path).chunks


def test_a_success_that_is_no_proof(apache: DavServer, proxy: DavProxy, tmp_path: Path) -> None:
    """A server that answers 201 and stores nothing is found out before any data is sent."""
    proxy.act = when("PUT", Answer(201))
    with pytest.raises(DestinationRefused, match="does not have it"):
        learnt(apache, proxy.here(apache.place()), tmp_path)


def test_a_page_that_is_changed(apache: DavServer, proxy: DavProxy, tmp_path: Path) -> None:
    """A proxy that puts a script into each page is found out before any data is sent."""
    injecting = Rewrite(lambda status, body: (status, body + b"<script>"))
    proxy.act = when("GET", injecting, path=".html")
    with pytest.raises(DestinationRefused, match="does not keep a page"):
        learnt(apache, proxy.here(apache.place()), tmp_path)


def test_a_film_that_is_refused(apache: DavServer, proxy: DavProxy, tmp_path: Path) -> None:
    proxy.act = when("PUT", Answer(400), path=".mp4")
    with pytest.raises(DestinationRefused, match="does not keep a film"):
        learnt(apache, proxy.here(apache.place()), tmp_path)


def test_a_move_that_is_none(apache: DavServer, proxy: DavProxy, tmp_path: Path) -> None:
    proxy.act = when("MOVE", Answer(201))
    found = learnt(apache, proxy.here(apache.place()), tmp_path)
    assert not found.move_keeps and not found.moves_folders


def test_sizes_that_are_not_told(apache: DavServer, proxy: DavProxy, tmp_path: Path) -> None:
    def without(status: int, body: bytes) -> tuple[int, bytes]:
        return status, body.replace(b"getcontentlength", b"getcontentwidth")

    proxy.act = when("PROPFIND", Rewrite(without))
    with pytest.raises(DestinationRefused, match="size"):
        learnt(apache, proxy.here(apache.place()), tmp_path)


def test_ends_of_lines_that_are_changed(apache: DavServer, proxy: DavProxy, tmp_path: Path) -> None:
    lines = Rewrite(lambda status, body: (status, body.replace(b"\n", b"\r\n")))
    proxy.act = when("GET", lines)
    with pytest.raises(DestinationRefused, match="does not have it as it was sent"):
        learnt(apache, proxy.here(apache.place()), tmp_path)


@pytest.mark.parametrize("name", ["%21%23", "page.html", "film.mp4", "xxxx"])
def test_a_server_that_is_busy_once_is_asked_again(
    name: str, apache: DavServer, proxy: DavProxy, tmp_path: Path
) -> None:
    proxy.act = when("PUT", Answer(503), path=name, times=1)
    found = learnt(apache, proxy.here(apache.place()), tmp_path)
    assert (found.names, found.takes_all_names) == ("kept", True)


def test_a_folder_whose_answer_is_lost_is_made(
    apache: DavServer, proxy: DavProxy, tmp_path: Path
) -> None:
    url = proxy.here(apache.place())
    asked: set[str] = set()

    def lose_the_first(request: Request) -> Action | None:
        first = request.method == "MKCOL" and request.path not in asked
        asked.add(request.path)
        return Drop() if first and "-tmp-probe-" in request.path else None

    proxy.act = lose_the_first
    found = learnt(apache, url, tmp_path)
    assert found.way == "put" and found.moves_folders
    proxy.act = when("MKCOL", Answer(405), path=".decamp-tmp-probe")
    with pytest.raises(DestinationRefused, match="405"):
        learnt(apache, url, tmp_path)


def test_nothing_is_learnt_of_a_folder_that_another_run_removes(
    apache: DavServer, proxy: DavProxy, tmp_path: Path
) -> None:
    """It takes it for one of a killed run; what is tried after that would seem not to work."""
    url = apache.place()

    def remove() -> None:
        for folder in apache.path(url).iterdir():
            client(apache).delete(f"{url}{folder.name}/").raise_for_status()

    proxy.act = when("PUT", Call(remove), path="xxxx", times=1)
    with pytest.raises(Unavailable, match="not any more"):
        learnt(apache, proxy.here(url), tmp_path)
    assert not list((tmp_path / "state").glob("server-*"))


class Forgetful:
    """Plays Tomcat, which remembers that a name was free until a file has wholly come there.

    Until then it neither tells a part that is there nor can remove it with its folder. Tomcat
    forgets after five seconds; this never does.
    """

    def __init__(self, server: DavServer) -> None:
        self._server = server
        self._free: set[str] = set()

    def __call__(self, request: Request) -> Action | None:
        path = request.path
        if request.method == "PUT":
            url = urljoin(self._server.url, path)
            if not self._server.path(url).exists():
                self._free.add(path)
            return Rewrite(partial(self._came, path))
        if request.method in ("PROPFIND", "GET") and path in self._free:
            return Answer(404)
        if request.method == "DELETE" and (hidden := [o for o in self._free if path in o]):
            entry = f"<d:href>{hidden[0]}</d:href><d:status>HTTP/1.1 405 </d:status>"
            text = f'<d:multistatus xmlns:d="DAV:"><d:response>{entry}</d:response></d:multistatus>'
            return Answer(207, text.encode())
        return None

    def _came(self, path: str, status: int, body: bytes) -> tuple[int, bytes]:
        self._free.discard(path)
        return status, body


def test_a_part_that_the_server_does_not_tell(
    dav_servers: Callable[..., DavServer], tmp_path: Path
) -> None:
    server = dav_servers("wsgidav")  # it leaves a part under its name
    with dav_proxy(server.url) as proxy:
        proxy.act = Forgetful(server)
        url = server.place()
        found = learnt(server, proxy.here(url), tmp_path)
    assert found.create_only_put and not found.hidden_put and found.way == "folder"
    assert list(server.path(url).iterdir()) == []


def test_what_was_learnt_is_not_tried_again(
    apache: DavServer, proxy: DavProxy, tmp_path: Path
) -> None:
    url = proxy.here(apache.place())
    with begun(apache, url, tmp_path):
        pass
    assert proxy.count("MOVE") == 0
    state = tmp_path / "other"
    for times in (1, 0):
        proxy.reset()
        importer = DavImporter(context(apache, url, tmp_path, state))
        importer.begin(*_origin())
        importer.close()
        assert (proxy.count("MOVE") > 0) == bool(times)


def test_a_run_that_was_killed_while_it_tried_leaves_nothing(
    dav: DavServer, tmp_path: Path
) -> None:
    url, http = dav.place(), client(dav)
    for folder in ("", ".decamp-tmp-probe-12345678/", ".decamp-tmp-probe-12345678/from/"):
        http.request("MKCOL", url + folder).raise_for_status()
    with begun(dav, url, tmp_path):
        pass
    assert list(dav.path(url).iterdir()) == []


def test_plugins_check_leaves_not_even_the_folder(dav: DavServer, tmp_path: Path) -> None:
    url = dav.place()
    importer = importer_at(dav, f"{url}a/b", tmp_path)
    importer.check()
    told = dict(importer.probe())
    importer.close()
    assert told["MOVE with Overwrite: F"] == "honoured"
    turns = "one at a time" if dav.kind == "rclone" else "side by side"
    assert told["requests about names"] == turns
    assert not dav.path(url).exists()


@pytest.fixture
def findings(apache: DavServer, tmp_path_factory: pytest.TempPathFactory) -> Findings:
    from bundle_dav import LEARNT

    importer_at(apache, apache.place(), tmp_path_factory.mktemp("learnt"))

    return msgspec.structs.replace(LEARNT[apache.url], learnt=MOMENT)


def test_it_is_kept_in_a_private_file(findings: Findings, tmp_path: Path) -> None:
    state = tmp_path / "state"
    save(state, findings)
    assert load(state, findings.url, findings.server, MOMENT) == findings
    assert {stat.S_IMODE(path.stat().st_mode) for path in state.iterdir()} == {0o600}
    assert stat.S_IMODE(state.stat().st_mode) == 0o700


def test_it_is_forgotten_with_time_and_with_another_server(
    findings: Findings, tmp_path: Path
) -> None:
    save(tmp_path, findings)
    url, server = findings.url, findings.server
    assert load(tmp_path, url, server, MOMENT + timedelta(days=31)) is None
    assert load(tmp_path, url, server, MOMENT - timedelta(days=1)) is None
    assert load(tmp_path, url, "another version", MOMENT) is None
    assert load(tmp_path, f"{url}x", server, MOMENT) is None
    assert load(None, url, server, MOMENT) is None


@pytest.mark.parametrize("damage", [b"", b"{", b'{"form": 1}', b"\xff", b"[]"])
def test_a_damaged_file_is_learnt_anew(damage: bytes, findings: Findings, tmp_path: Path) -> None:
    save(tmp_path, findings)
    next(tmp_path.iterdir()).write_bytes(damage)
    assert load(tmp_path, findings.url, findings.server, MOMENT) is None


def test_a_place_that_takes_no_file_is_no_failure(findings: Findings, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    save(None, findings)
    assert load(tmp_path / "file", findings.url, findings.server, MOMENT) is None


def _origin():
    from bundle_disk import ADA, TOKEN
    from decamp import Origin

    return Origin(ADA), TOKEN
