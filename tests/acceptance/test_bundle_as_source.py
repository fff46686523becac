"""A bundle is a source too: the copy of a copy is the copy, and exports may join it."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bagit
import pytest

from cli_run import Cli
from decamp.validation import require_valid
from decamp_tiktok.sandbox import ArchiveOptions, Counts, MediaServer, write_archive
from hand_archives import clip
from hand_files import account, pack
from journey import Journey, rows, stamps, tree

FIRST = datetime(2023, 5, 1, 9, tzinfo=UTC)
LATER = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def server() -> Iterator[MediaServer]:
    with MediaServer() as running:
        yield running


def write(path: Path, server: MediaServer, moment: datetime, **changes: Any) -> Path:
    options = ArchiveOptions(
        seed=11,
        counts=Counts(posts=9, watched=700),
        exported_at=moment,
        media_base=server.base,
        **changes,
    )
    write_archive(path, options)
    return path


@pytest.fixture(scope="module")
def filled(server: MediaServer, tmp_path_factory: pytest.TempPathFactory) -> Journey:
    """A bundle filled from two exports, so with several cuts of most collections."""
    folder = tmp_path_factory.mktemp("filled")
    journey = Journey(folder, server)
    journey.run(write(folder / "old.zip", server, FIRST, generation="A"))
    trim = datetime(2022, 1, 1, tzinfo=UTC)
    journey.run(write(folder / "new.zip", server, LATER, trim_before=trim))
    return journey


def said(row: dict[str, Any]) -> tuple[str, str]:
    """What makes rows equal; the first export that had one decides what else it says."""
    return row["time"], row["object"]


def segments(bundle: Path) -> list[Path]:
    return sorted(bundle.rglob("*.jsonl"))


def all_rows(bundle: Path) -> Counter[str]:
    found: Counter[str] = Counter()
    for path in segments(bundle):
        folder = path.parent.name
        for line in path.read_text("utf-8").split("\n")[1:-1]:
            found[f"{folder} {line}"] += 1
    return found


def test_the_copy_of_a_bundle_is_the_bundle(filled: Journey, tmp_path: Path) -> None:
    cli = Cli(tmp_path / "home")
    copy = tmp_path / "copy"
    ended = cli("transfer", str(filled.bundle), str(copy), "--json")
    assert ended.code == 0, ended.err
    assert ended.document["verdict"]["complete"]
    assert tree(copy) == tree(filled.bundle)
    bagit.Bag(str(copy)).validate()
    before = stamps(copy)
    for source in (str(filled.bundle), f"disk:{filled.bundle}"):
        again = cli("transfer", source, str(copy), "--json")
        assert again.code == 0
        for counts in again.document["counts"].values():
            assert counts == {"found": counts["found"], "unchanged": counts["found"]}
    assert stamps(copy) == before


def test_a_bundle_that_was_copied_is_recognised_until_somebody_touches_it(
    filled: Journey, tmp_path: Path
) -> None:
    source, copy = tmp_path / "source", tmp_path / "copy"
    shutil.copytree(filled.bundle, source)
    cli = Cli(tmp_path / "home")
    assert cli("transfer", str(source), str(copy)).code == 0
    moved = source.rename(tmp_path / "moved")
    again = cli("transfer", str(moved), str(copy), "--json")
    assert again.code == 0
    assert "nothing is new" in again.err
    record = next(one for one in moved.rglob("post.json") if '"private"' in one.read_text("utf-8"))
    record.write_text(record.read_text("utf-8").replace('"private"', '"friends"'), "utf-8")
    edited = cli("transfer", str(moved), str(copy), "--json")
    assert "nothing is new" not in edited.err, "though it is as long as before"
    assert edited.document["counts"]["post"]["changed"] == 1
    (moved / "data" / "posts" / "mine.txt").write_text("a stranger's", "utf-8")
    assert "nothing is new" not in cli("transfer", str(moved), str(copy)).err
    next(copy.rglob("*.mp4")).unlink()
    assert "no longer" in cli("transfer", str(moved), str(copy)).err


def test_a_copy_says_what_the_bundle_could_not_get(server: MediaServer, tmp_path: Path) -> None:
    """Nor has it what a person took out since; and both are brought once they can be had."""
    links = (clip(server.base, 0), f"{server.base}/nothing/here.mp4", clip(server.base, 2))
    posts = [
        {"Date": f"2024-01-01 00:00:0{n}", "Link": link, "Title": f"Post {n}"}
        for n, link in enumerate(links)
    ]
    export = pack(tmp_path / "a.zip", account(Post={"Posts": {"VideoList": posts}}))
    first, copy = Journey(tmp_path / "first", server), Journey(tmp_path / "copy", server)
    assert first.run(export)["exit_code"] == 3
    assert copy.run(first.bundle)["exit_code"] == 3
    assert tree(copy.bundle) == tree(first.bundle)
    again = copy.run(first.bundle)
    assert again["exit_code"] == 3
    assert tree(copy.bundle) == tree(first.bundle)
    next(first.bundle.rglob("*00Z/1.mp4")).unlink()
    other = Journey(tmp_path / "other", server)
    receipt = other.run(first.bundle)
    assert receipt["counts"]["post"]["incomplete"] == 2
    codes = sorted(one["code"] for one in receipt["media"]["missing"])
    assert codes == ["gone", "not-found"], "the server's answer, and the file taken out"
    other.run(copy.bundle)
    assert tree(other.bundle) == tree(copy.bundle)


def test_many_small_files_of_rows_are_joined(filled: Journey, tmp_path: Path) -> None:
    cli = Cli(tmp_path / "home")
    joined = tmp_path / "joined"
    ended = cli("transfer", str(filled.bundle), str(joined), "--consolidate")
    assert ended.code == 0, ended.err
    assert len(segments(joined)) < len(segments(filled.bundle))
    assert all_rows(joined) == all_rows(filled.bundle)
    bagit.Bag(str(joined)).validate()
    headers = [json.loads(path.read_text("utf-8").split("\n")[0]) for path in segments(joined)]
    assert all(header["source"]["paths"] for header in headers), "where they came from at first"
    others = [
        path for path in tree(filled.bundle) if path.startswith("data/") and "jsonl" not in path
    ]
    assert {p: tree(joined)[p] for p in others} == {p: tree(filled.bundle)[p] for p in others}


def test_a_bundle_and_an_export_meet_on_one_route(
    filled: Journey, server: MediaServer, tmp_path: Path
) -> None:
    """The old bundle from a USB stick, and a newer export: nothing twice, nothing lost."""
    old = Journey(tmp_path / "old", server)
    old.run(filled.folder / "old.zip")
    both = Journey(tmp_path / "both", server)
    assert both.run(filled.folder / "new.zip")["exit_code"] == 0
    receipt = both.run(old.bundle)
    assert receipt["exit_code"] == 0
    assert Counter(map(said, rows(both.bundle, "watched"))) == Counter(
        map(said, rows(filled.bundle, "watched"))
    )
    posts = [path.parent.name for path in both.bundle.rglob("post.json")]
    assert sorted(posts) == sorted(path.parent.name for path in filled.bundle.rglob("post.json"))
    both.bag()
    again = both.run(filled.folder / "new.zip")
    assert all(not counts.get("new") for counts in again["counts"].values())


def test_equal_rows_of_several_cuts_are_several_rows(tmp_path: Path) -> None:
    cli = Cli(tmp_path / "home")
    bundle, copy = tmp_path / "bundle", tmp_path / "copy"
    for number, words in enumerate(("one", "one one", "one one one two")):
        export = pack(tmp_path / f"{number}.zip", account(words=words))
        assert cli("transfer", str(export), str(bundle)).code == 0
    assert cli("transfer", str(bundle), str(copy)).code == 0
    assert tree(copy) == tree(bundle)
    joined = tmp_path / "joined"
    assert cli("transfer", str(bundle), str(joined), "--consolidate").code == 0
    assert all_rows(joined) == all_rows(bundle)


def twins(path: Path, *captions: str) -> Path:
    posts = [{"Date": "2024-01-01 00:00:00", "Link": "", "Title": text} for text in captions]
    return pack(path, account(Post={"Posts": {"VideoList": posts}}))


def test_posts_of_one_second_keep_apart(tmp_path: Path) -> None:
    cli = Cli(tmp_path / "home")
    first, second = tmp_path / "first", tmp_path / "second"
    assert cli("transfer", str(twins(tmp_path / "a.zip", "A", "B")), str(first)).code == 0
    assert cli("transfer", str(twins(tmp_path / "b.zip", "B", "C")), str(second)).code == 0
    ended = cli("transfer", str(first), str(second), "--json")
    captions = sorted(json.loads(p.read_text())["caption"] for p in second.rglob("post.json"))
    assert captions == ["B", "C"], "A could be C before an edit: listed, and not merged"
    assert [one["code"] for one in ended.document["problems"]] == ["ambiguous"]
    assert ended.code == 3
    assert "Next: see whether" in ended.err
    assert "run the same command again" not in ended.err
    third = tmp_path / "third"
    assert cli("transfer", str(first), str(third)).code == 0
    assert tree(third) == tree(first)


def test_a_damaged_file_is_not_copied_in_silence(filled: Journey, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(filled.bundle, damaged)
    [video, *_] = sorted(damaged.rglob("1.mp4"))
    data = bytearray(video.read_bytes())
    data[-1] ^= 1
    video.write_bytes(data)
    ended = Cli(tmp_path / "home")("transfer", str(damaged), str(tmp_path / "copy"), "--json")
    assert ended.code == 3
    assert not ended.document["verdict"]["complete"]
    assert len(ended.document["problems"]) == 1
    assert tree(tmp_path / "copy").keys() <= tree(filled.bundle).keys()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("data/posts/undated/x/post.json", b"{"),
        ("data/posts/undated/y/post.json", b"[" * 100_000),
        ("data/activity/watched/undated_000000000000.jsonl", b'{"kind":"event"'),
        (
            "data/activity/watched/undated_000000000000.jsonl",
            b'{"kind":"event","collection":"watched"}\nnot json\n',
        ),
        ("data/sections/x.json", b"\xff\xfe"),
    ],
)
def test_what_cannot_be_understood_comes_as_it_is(
    filled: Journey, tmp_path: Path, name: str, content: bytes
) -> None:
    odd = tmp_path / "odd"
    shutil.copytree(filled.bundle, odd)
    (odd / name).parent.mkdir(parents=True, exist_ok=True)
    (odd / name).write_bytes(content)
    ended = Cli(tmp_path / "home")("transfer", str(odd), str(tmp_path / "copy"), "--json")
    assert ended.code == 3, ended.err
    raw = [json.loads(p.read_text()) for p in (tmp_path / "copy").rglob("unread-*.json")]
    assert [one["path"] for one in raw] == [name]
    assert raw[0]["value"] == content.decode("utf-8", "replace")
    bagit.Bag(str(tmp_path / "copy")).validate()


def test_bundles_that_are_none_or_not_finished(filled: Journey, tmp_path: Path) -> None:
    cli = Cli(tmp_path / "home")
    for source, said in (
        (f"disk:{tmp_path / 'nowhere'}", "no folder"),
        (f"disk:{tmp_path}", "no bundle"),
    ):
        ended = cli("transfer", source, str(tmp_path / "copy"))
        assert ended.code == 4
        assert said in ended.err
    unfinished = tmp_path / "unfinished"
    shutil.copytree(filled.bundle, unfinished)
    marker = json.loads((unfinished / "decamp.json").read_text()) | {"complete": False}
    (unfinished / "decamp.json").write_text(json.dumps(marker))
    ended = cli("transfer", str(unfinished), str(tmp_path / "copy"))
    assert ended.code == 4
    assert "from.incomplete=yes" in ended.err
    forced = cli("transfer", str(unfinished), str(tmp_path / "copy"), "-o", "from.incomplete=yes")
    assert forced.code == 0, forced.err
    assert tree(tmp_path / "copy") == tree(filled.bundle)


def test_inspect_counts_what_is_there(filled: Journey, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    shutil.copytree(filled.bundle, bundle)
    (bundle / "data" / "posts" / "mine.txt").write_text("mine")
    decamp = Cli(tmp_path / "home")
    ended = decamp("inspect", str(bundle), "--json")
    assert ended.code == 0, ended.err
    found = ended.document
    require_valid("inspection", found)
    counted = {one["becomes"]: one["entries"] for one in found["sections"]}
    assert counted["post"] == len(list(bundle.rglob("post.json")))
    assert counted["event:watched"] == len(rows(bundle, "watched"))
    media = [*bundle.rglob("*.mp4"), *bundle.rglob("*.jpg"), *bundle.rglob("*.jpeg")]
    assert found["bundle"]["media"] == len(media)
    assert (found["bundle"]["service"], found["bundle"]["complete"]) == ("tiktok", True)
    assert found["unknown_sections"] == ["data/posts/mine.txt"]
    assert "media files" in ended.err


def test_a_skeleton_has_no_value(filled: Journey, tmp_path: Path) -> None:
    ended = Cli(tmp_path / "home")("inspect", str(filled.bundle), "--skeleton")
    assert ended.code == 0, ended.err
    assert ended.document["post"]["caption: str"]
    record = json.loads(next(filled.bundle.rglob("profile.json")).read_text())
    assert record["username"] not in ended.out
