"""Which locations there are, and which are refused before anything is touched."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bundle_disk import ADA, TOKEN
from bundle_items import post, validate_bag
from cli_run import Cli
from decamp import ConfigError, DestinationRefused, Origin
from decamp.options import build_config
from decamp.testing import fake_context
from decamp_disk.config import Config
from decamp_disk.importer import DiskImporter
from decamp_tiktok.sandbox import ArchiveOptions, write_archive


def at(location: str, scratch: Path, **options: object) -> DiskImporter:
    options.setdefault("in_memory", location.lower().startswith("memory:"))
    return DiskImporter(fake_context(Config(location, **options), scratch))


def test_a_file_address_is_the_path(tmp_path: Path) -> None:
    folder = tmp_path / "my data"
    for url in (folder.as_uri(), f"file://localhost{folder.as_posix().replace(' ', '%20')}"):
        assert at(url, tmp_path).check() == at(str(folder), tmp_path).check()
    importer = at(folder.as_uri(), tmp_path)
    importer.begin(Origin(ADA), TOKEN)
    importer.finish([importer.import_item(post())])
    importer.close()
    validate_bag(folder)


def test_a_file_address_of_another_machine(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not a folder of this machine"):
        at("file://server/share", tmp_path)


@pytest.mark.parametrize(
    "location",
    ["a:b", "C:\\Users\\ada", "D:/tiktok", "x", "~/x", "//server/share", "s3:/bucket", "1://x"],
)
def test_these_are_paths(location: str, tmp_path: Path) -> None:
    found = at(location, tmp_path).check()
    assert Path(found.title).is_absolute()
    assert found.id == at(str(Path(location)), tmp_path).check().id


def test_one_address_has_one_identity(tmp_path: Path) -> None:
    ids = {at(url, tmp_path).check().id for url in ("memory://one/x", "MEMORY://one/x/")}
    assert ids == {"memory://one/x"}


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("s3://key:secret@bucket/x", "user name inside"),
        ("sftp://ada@host/x", "user name inside"),
        ("s3://", "does not name a place"),
        ("memory:///", "does not name a place"),
        ("s3://bucket/../x", "does not name a place"),
        ("s3://bucket//x", "does not name a place"),
        ("s3://bucket/x?versionId=1", "does not name a place"),
        ("memory://x*", "does not name a place"),
        ("memory://x\ny", "does not name a place"),
        ("simplecache://s3::x", "does not name a place"),
        ("nosuchthing://x", "no file system that fsspec knows"),
        ("gs://bucket/x", "needs a package that is not installed"),
    ],
)
def test_no_place(location: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        at(location, tmp_path)
    assert caught.value.hint
    assert "secret" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    ("location", "options", "message"),
    [
        ("folder", {"endpoint_url": "https://s3.example.org"}, "endpoint_url is not for a folder"),
        ("folder", {"break_lock": True}, "break_lock is not for a folder"),
        ("memory://x", {"endpoint_url": "https://s3.example.org"}, "only for s3"),
        ("folder", {"in_memory": True}, "in_memory is not for a folder"),
        ("s3://bucket/x", {"in_memory": True}, "in_memory is only for memory"),
        ("s3://bucket", {"endpoint_url": "s3.example.org"}, "not the address of a server"),
        ("s3://bucket", {"endpoint_url": "https://a:secret@b"}, "not the address of a server"),
    ],
)
def test_an_option_of_another_place(
    location: str, options: dict[str, object], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        at(location, tmp_path, **options)
    assert "secret" not in caught.value.message


def test_nothing_is_brought_to_memory_by_accident(tmp_path: Path) -> None:
    cli = Cli(tmp_path / "home")
    archive = tmp_path / "TikTok_Data.zip"
    write_archive(archive, ArchiveOptions())
    ended = cli("transfer", str(archive), "disk:memory://x", "--kind", "activity")
    assert ended.code == 2
    assert "is gone as soon as this command ends" in ended.err
    ended = cli(
        *("transfer", str(archive), "disk:memory://x", "--kind", "activity"),
        *("-o", "to.in_memory=yes"),
    )
    assert ended.code == 0, ended.err


def test_what_lies_in_memory_is_found_again_by_its_settings(tmp_path: Path) -> None:
    settings = at("memory://again", tmp_path).check().settings
    config = build_config(Config, dict(settings), plugin="disk")
    assert DiskImporter(fake_context(config, tmp_path)).check().id == "memory://again"


def test_names_that_no_store_could_hold(tmp_path: Path) -> None:
    with pytest.raises(DestinationRefused, match="too long"):
        at("memory://" + "/".join(["x" * 200] * 4), tmp_path).check()


WITHOUT_S3FS = """
import sys
sys.modules["s3fs"] = None
from pathlib import Path
from decamp import ConfigError
from decamp.testing import fake_context
from decamp_disk.config import Config
from decamp_disk.importer import DiskImporter
try:
    DiskImporter(fake_context(Config("s3://bucket/x"), Path()))
except ConfigError as error:
    print(error.message, error.hint)
"""


def test_without_s3fs_it_says_what_to_install() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_S3FS], capture_output=True, text=True, check=True
    )
    assert "pip install s3fs" in done.stdout


LOCAL_RUN = """
import json, sys
from pathlib import Path
from bundle_disk import transfer
from bundle_items import post
transfer(Path(sys.argv[1]), [post()])
print(json.dumps(sorted(sys.modules)))
"""


def test_a_folder_never_loads_fsspec(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOCAL_RUN, str(tmp_path / "b")],
        env={"PYTHONPATH": ":".join([str(Path(__file__).parents[2] / "support"), *sys.path])},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(json.loads(done.stdout))
    assert "decamp_disk.folder" in loaded
    assert not loaded & {"fsspec", "s3fs", "asyncio", "decamp_disk.remote"}
