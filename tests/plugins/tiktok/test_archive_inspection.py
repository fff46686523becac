"""What `inspect` and `skeleton` tell, and what the skeleton must not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import decamp_schemas
from archives import NOW, opened, written
from decamp_tiktok.archive.inspection import generation
from decamp_tiktok.archive.skeleton import shape
from decamp_tiktok.sandbox import ArchiveOptions, Counts, generate


def inspected(document: Any, folder: Path) -> dict[str, Any]:
    with opened(written(document, folder), folder) as exporter:
        report = exporter.inspect()
    jsonschema.validate(report, decamp_schemas.load("inspection"))
    return report


def test_the_schema_is_one() -> None:
    schema = decamp_schemas.load("inspection")
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(schema["examples"][0], schema)


@pytest.mark.parametrize("letter", ["A", "B", "C", "D"])
def test_generations(letter: Any, tmp_path: Path) -> None:
    report = inspected(generate(ArchiveOptions(generation=letter, seed=4)), tmp_path)
    assert report["generation"]["guess"] == letter
    assert report["account"] == "example.user"
    watched = next(entry for entry in report["sections"] if entry["becomes"] == "event:watched")
    assert watched["entries"] > 100
    assert watched["first"] < watched["last"] <= "2026-11-20T12:00:00Z"
    assert report["media_links"]["total"] >= 25
    assert report["unknown_fields"] == []


def test_a_mixture_is_called_one() -> None:
    assert generation(["Video/Videos/VideoList", "Your Activity/Searches"])[0] == "mixed"
    assert generation(["Nothing/Known"]) == (None, "unknown")


def test_expired_links_are_counted(tmp_path: Path) -> None:
    now = int(NOW.timestamp())
    entries = [
        {"Date": f"2024-01-01 00:00:{n:02}", "Link": f"https://v.example/{n}?x-expires={now + at}"}
        for n, at in enumerate((-5, 0, 60, 3600))
    ]
    entries.append({"Date": "2024-01-01 00:01:00", "Link": "https://v.example/x", "Likes": "1"})
    links = inspected({"Post": {"Posts": {"VideoList": entries}}}, tmp_path)["media_links"]
    assert links == {
        "total": 5,
        "expired": 2,
        "undated": 1,
        "next_expiry": "2026-11-20T12:01:00Z",
        "last_expiry": "2026-11-20T13:00:00Z",
    }


def test_a_list_that_comes_twice_is_marked(tmp_path: Path) -> None:
    entry = {"TimeStamp": "2024-01-01 00:00:00", "Source": "a", "Event": "b"}
    one, two = ({"Off TikTok Activity": {"OffTikTokActivityDataList": [entry] * n}} for n in (1, 2))
    for other, marked in ((one, True), (two, False)):
        document = {"Profile And Settings": one, "Your Activity": other}
        first, second = inspected(document, tmp_path)["sections"]
        assert "repeats" not in first
        assert (second.get("repeats") == first["path"]) is marked


def test_what_is_new_is_named(tmp_path: Path) -> None:
    document = {
        "Your Activity": {
            "Searches": {"SearchList": [{"Date": "", "SearchTerm": "a", "Mood": "x"}] * 2},
            "Dreams": {"DreamList": [1, 2]},
            "Follower": {"FansList": None},
            "Settings": {"SettingsMap": {"a": 1}},
        }
    }
    report = inspected(document, tmp_path)
    assert report["unknown_sections"] == ["Your Activity/Dreams"]
    assert report["unknown_fields"] == [
        {"path": "Your Activity/Searches/SearchList", "field": "Mood", "count": 2}
    ]
    empty = next(entry for entry in report["sections"] if entry["becomes"] == "nothing")
    assert (empty["path"], empty["empty"]) == ("Your Activity/Follower/FansList", None)


def test_the_skeleton_holds_no_value_and_no_name(tmp_path: Path) -> None:
    document = generate(ArchiveOptions(seed=8, counts=Counts()))
    secrets = {"zq.secret_person", "Zq Secret Group", "7311111111111111111", "zq-secret text"}
    document["Direct Message"]["Group Chat"] = {"GroupChat": {"Zq Secret Group": []}}
    document["New"] = {"Friends Map": {"zq.secret_person": {"Note": "zq-secret text"}}}
    document["TikTok Shop"]["Order History"] = {"OrderHistories": {"7311111111111111111": {"a": 1}}}
    with opened(written(document, tmp_path), tmp_path) as exporter:
        told = json.dumps(exporter.skeleton())
    assert not [secret for secret in secrets if secret in told]
    for chat in document["Direct Message"]["Direct Messages"]["ChatHistory"]:
        assert chat not in told
    texts = {term["SearchTerm"] for term in document["Your Activity"]["Searches"]["SearchList"]}
    assert not [text for text in texts if len(text) > 6 and text in told]
    assert "SearchTerm" in told
    assert "example.user" not in told


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("2024-01-01 00:00:00", "date"),
        ("2024-01-01 00:00:00 UTC", "date with zone"),
        ("https://x.example/", "url"),
        ("https://x.example/\nhttps://y.example/", "urls"),
        ("0042", "digits"),
        ("N/A", "text 'N/A'"),
        ("Hello", "text"),
        (None, "null"),
        (True, "boolean"),
        (3, "integer"),
        (0.5, "number"),
    ],
)
def test_shapes(value: Any, name: str) -> None:
    assert shape(value) == name
