"""A server that lists no name with a dot at its beginning: nginx."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bundle_dav import begun, client, importer_at
from bundle_items import post
from dav_servers import DavServer
from decamp import DestinationRefused
from decamp.bundle import TEMPORARY
from decamp_webdav.leftovers import Leftovers


@pytest.fixture
def nginx(dav_servers: Callable[..., DavServer]) -> DavServer:
    return dav_servers("nginx")


def test_what_a_killed_run_left_is_removed_all_the_same(nginx: DavServer, tmp_path: Path) -> None:
    url, name = nginx.place(), f"{TEMPORARY}12345678"
    importer_at(nginx, url, tmp_path).close()  # it knows the server, and where its state is
    Leftovers(tmp_path / "state", url.rstrip("/")).add(name)
    with client(nginx) as http:
        for folder in (url, f"{url}{name}/"):
            assert http.request("MKCOL", folder).is_success
        assert http.put(f"{url}{name}/1", content=b"left").is_success
        assert TEMPORARY not in http.request("PROPFIND", url, headers={"Depth": "1"}).text
    with begun(nginx, url, tmp_path):
        pass
    assert list(nginx.path(url).iterdir()) == []
    assert Leftovers(tmp_path / "state", url.rstrip("/")).names() == []


def test_a_hidden_file_of_somebody_else_outlives_the_post(nginx: DavServer, tmp_path: Path) -> None:
    url = nginx.place()
    with begun(nginx, url, tmp_path) as importer:
        receipt = importer.import_item(post())
        folder = next(nginx.path(url).glob("data/posts/*/*"))
        with client(nginx) as http:
            place = url + folder.relative_to(nginx.path(url)).as_posix()
            assert http.put(f"{place}/.mine", content=b"mine").is_success
        importer.remove(receipt, None)
    assert [path.name for path in folder.iterdir()] == [".mine"]


def test_empty_folders_of_an_undo_are_no_stranger(nginx: DavServer, tmp_path: Path) -> None:
    url = nginx.place()
    with begun(nginx, url, tmp_path) as importer:
        receipt = importer.import_item(post())
        importer.remove(receipt, None)
        importer.finish([])
    assert [path.name for path in nginx.path(url).iterdir()] == ["data"]
    importer = importer_at(nginx, url, tmp_path)
    assert importer.check().holds is None
    with client(nginx) as http:
        assert http.put(f"{url}data/posts/mine.txt", content=b"mine").is_success
    with pytest.raises(DestinationRefused, match="not empty"):
        importer.check()
    with client(nginx) as http:
        assert http.delete(f"{url}data/").is_success
        assert http.put(f"{url}data", content=b"mine").is_success
    with pytest.raises(DestinationRefused, match="not empty"):
        importer.check()
    importer.close()


@pytest.mark.parametrize("damage", [b"\xff", b"../other\n", b"data\n", b".decamp-tmp-a/../../b\n"])
def test_only_names_of_ours_are_read(damage: bytes, tmp_path: Path) -> None:
    kept = Leftovers(tmp_path, "https://cloud.example/a")
    kept.add(f"{TEMPORARY}1")
    [file] = tmp_path.iterdir()
    file.write_bytes(file.read_bytes() + damage)
    assert set(Leftovers(tmp_path, "https://cloud.example/a").names()) <= {f"{TEMPORARY}1"}


def test_addresses_do_not_mix(tmp_path: Path) -> None:
    Leftovers(tmp_path, "https://cloud.example/a").add(f"{TEMPORARY}1")
    assert Leftovers(tmp_path, "https://cloud.example/b").names() == []
    assert Leftovers(None, "https://cloud.example/a").names() == []
