"""Exports in shapes that no generator makes: nothing lost, and nothing twice in the next one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import hand_archives
from archive_leaves import leaves
from cli_run import Cli
from decamp_tiktok.sandbox import MediaServer
from hand_files import account, bundle_leaves, documents, keys, pack, rezipped
from hand_messages import messages_only
from journey import Journey

Make = Callable[..., dict[str, Any]]

FIELDS = {
    *("allowduets", "biodescription", "commentcontent", "commenttime", "datedeleted"),
    *("displayname", "emailaddress", "event", "followercount", "followingcount", "placename"),
    *("questioncontent", "questiontime", "rating", "reviewtext", "searchterm", "sound", "source"),
    *("timestamp", "username"),
}
"""Names of fields that records have under another name. All other keys say something."""


def lost(source: Counter[str], bundle: Path) -> dict[str, tuple[int, int]]:
    """List the values that the bundle holds less often than the source."""
    found = bundle_leaves(bundle)
    return {value: (n, found[value]) for value, n in source.items() if found[value] < n}


def unnamed(source: Any, bundle: Path) -> set[str]:
    """List the keys of the source that stand nowhere in the bundle, not even in a path."""
    text = "\n".join(json.dumps(one, ensure_ascii=False) for one in documents(bundle))
    return {
        key
        for key in keys(source)
        if json.dumps(key, ensure_ascii=False)[1:-1] not in text and key.lower() not in FIELDS
    }


@pytest.mark.parametrize("make", [hand_archives.half_an_export, hand_archives.odd_shapes])
def test_every_value_and_key_arrives_and_the_next_export_adds_only_what_is_new(
    make: Make, tmp_path: Path
) -> None:
    with MediaServer() as server:
        old, new = make(server.base), make(server.base, later=True)
        journey = Journey(tmp_path, server)
        first = journey.run(pack(tmp_path / "old.zip", old))
        assert (first["exit_code"], first["problems"]) == (0, [])
        assert first["media"]["missing"] == []
        journey.bag()
        assert lost(leaves(old), journey.bundle) == {}
        assert unnamed(old, journey.bundle) == set()

        second = journey.run(rezipped(tmp_path / "new.zip", new))
    assert (second["exit_code"], second["problems"]) == (0, [])
    journey.bag()
    # A count of likes that has changed is no change of the post: it stays as it was.
    assert set(lost(leaves(old) | leaves(new), journey.bundle)) <= {"text 1700"}
    counts = second["counts"]
    assert counts["post"]["new"] == 1
    assert counts["event"].get("new", 0) == (2 if "Activity" in old else 0)
    assert counts.get("message", {}).get("new", 0) == (1 if "Direct Message" in old else 0)


def test_messages_of_nobody_in_particular_and_partners_with_hard_names(tmp_path: Path) -> None:
    old, new = messages_only(), messages_only(later=True)
    journey = Journey(tmp_path)
    first = journey.run(pack(tmp_path / "old.zip", old))
    assert (first["exit_code"], first["problems"]) == (0, [])
    journey.bag()
    assert lost(leaves(old), journey.bundle) == {}
    folders = [path for path in (journey.bundle / "data" / "messages").iterdir() if path.is_dir()]
    assert len({path.name.casefold() for path in folders}) == first["counts"]["conversation"]["new"]

    archive, bundle = rezipped(tmp_path / "new.zip", new), str(journey.bundle)
    cli = Cli(journey.home)
    told = cli("transfer", str(archive), bundle, "--json")
    assert told.code == 0
    assert "continues what is there" in told.err, "the messages tell whose it is"
    assert told.document["counts"]["message"]["new"] == 2
    stranger = pack(tmp_path / "c.zip", account("someone.else", "four"))
    asked = cli("transfer", str(stranger), bundle)
    assert asked.code == 2
    assert "--account" in asked.err
    journey.bag()
    assert lost(leaves(old) | leaves(new), journey.bundle) == {}
    texts = Counter(one.get("text") for one in documents(journey.bundle) if "side" in one)
    assert texts["the same"] == 2, "two equal messages, seen twice, then once"
    assert all(texts[f"hello from {number}"] == 1 for number in range(19))


def test_the_same_export_as_zip_as_json_in_a_folder_and_under_another_name(tmp_path: Path) -> None:
    with MediaServer() as server:
        document = hand_archives.odd_shapes(server.base)
        journey = Journey(tmp_path, server)
        assert journey.run(pack(tmp_path / "a.zip", document))["exit_code"] == 0
        folder = tmp_path / "unpacked" / "TikTok"
        folder.mkdir(parents=True)
        bare = folder / "user_data_tiktok.json"
        bare.write_text(json.dumps(document), encoding="utf-8")
        others = [bare, folder.parent, rezipped(tmp_path / "b.zip", document)]
        for source in others:
            receipt = journey.run(source)
            assert receipt["exit_code"] == 0
            for counts in receipt["counts"].values():
                assert counts == {"found": counts["found"], "unchanged": counts["found"]}
    journey.bag()
