"""What is no export, or a damaged one: said in a sentence, with nothing written anywhere."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from cli_run import Cli
from hand_files import JSON_NAME, account, documents, pack, zipped

GOOD = account()
TEXT = json.dumps(GOOD)
_ROWS = b'{"Your Activity":{"Searches":{"SearchList":[{"Date":"2024-01-01 00:00:00",%s},{"Date":"2024-01-01 00:00:01","SearchTerm":"good"}]}}}'


def damaged(path: Path) -> Path:
    """Change one bit of the compressed data of a good zip."""
    raw = bytearray(pack(path, GOOD).read_bytes())
    raw[30 + len(JSON_NAME) + 20] ^= 0x10
    path.write_bytes(raw)
    return path


def refused(cli: Cli, source: Path, destination: Path, *said: str, code: int = 4) -> None:
    """Check one clear refusal that leaves nothing behind."""
    ended = cli("transfer", str(source), str(destination))
    assert ended.code == code, ended.err
    assert ended.out == ""
    assert ended.err.count("Error: ") == 1
    assert "Next: " in ended.err
    for words in said:
        assert words in ended.err
    assert not destination.exists()


@pytest.fixture
def cli(home: Path) -> Cli:
    return Cli(home)


FILES: dict[str, tuple[bytes, str]] = {
    "no-zip.zip": (b"hello", "looks like a text file"),
    "empty.zip": (b"", "is an empty file"),
    "list.json": (b"[1, 2]", "looks like a JSON list"),
    "user_data_lemon8.json": (b'{"Post": {}}', "Lemon8"),
    "Watch History.txt": (b"Date: 2026-08-16 18:18:02 UTC\nLink: x\n", "choose JSON"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_something_else(name: str, cli: Cli, tmp_path: Path) -> None:
    content, said = FILES[name]
    (tmp_path / name).write_bytes(content)
    refused(cli, tmp_path / name, tmp_path / "out", said, name)


ZIPS: dict[str, tuple[dict[str, str | bytes], str]] = {
    "holiday": ({"beach.jpg": b"\xff\xd8\xff"}, "no TikTok export was found in it"),
    "lemon8": ({"user_data_lemon8.json": "{}"}, "Lemon8"),
    "instagram": ({"your_instagram_activity/likes/liked_posts.json": "{}"}, "Instagram"),
    "text": ({"TikTok/Your Activity/Watch History.txt": "Date: x"}, "text format"),
    "two": ({f"a/{JSON_NAME}": TEXT, f"b/{JSON_NAME}": TEXT}, "holds 2 TikTok exports"),
    "bomb": ({JSON_NAME: '{"Your Activity": "' + "0" * 20_000_000 + '"}'}, "max_ratio"),
}


@pytest.mark.parametrize("name", ZIPS)
def test_a_zip_of_something_else(name: str, cli: Cli, tmp_path: Path) -> None:
    entries, said = ZIPS[name]
    refused(cli, zipped(tmp_path / f"{name}.zip", entries), tmp_path / "out", said)


JSONS: dict[str, tuple[str | bytes, str]] = {
    "half": (TEXT[:-20], "ends in the middle"),
    "garbage": ('{"Your Activity": nope}', "at byte 18: expected a value"),
    "list": ("[]", "has to begin with an object"),
    "nothing": ("", "the file is empty"),
    "utf-16": (TEXT.encode("utf-16"), "UTF-16"),
    "deep": ('{"Your Activity": ' + '{"a": ' * 99 + "1" + "}" * 100, "nested more than 64 deep"),
}


@pytest.mark.parametrize("name", JSONS)
def test_a_zip_with_broken_json(name: str, cli: Cli, tmp_path: Path) -> None:
    content, said = JSONS[name]
    refused(cli, zipped(tmp_path / "a.zip", {JSON_NAME: content}), tmp_path / "out", said)


def test_a_damaged_zip_names_the_damage_and_a_whole_one_then_works(
    cli: Cli, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    half = tmp_path / "half.zip"
    half.write_bytes(pack(half, GOOD).read_bytes()[:-80])
    refused(cli, half, out, "incomplete zip file")
    refused(cli, damaged(tmp_path / "bit.zip"), out, "is damaged")
    assert cli("transfer", str(pack(tmp_path / "good.zip", GOOD)), str(out)).code == 0


def test_an_encrypted_zip_is_named_as_such(cli: Cli, tmp_path: Path) -> None:
    raw = bytearray(pack(tmp_path / "a.zip", GOOD).read_bytes())
    raw[raw.find(b"PK\3\4") + 6] |= 1
    raw[raw.find(b"PK\1\2") + 8] |= 1
    (tmp_path / "a.zip").write_bytes(raw)
    refused(cli, tmp_path / "a.zip", tmp_path / "out", "is encrypted", "password")


def test_places_without_an_export(cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "out"
    refused(cli, tmp_path / "nothing here.zip", out, "There is nothing at")
    empty = tmp_path / "empty"
    empty.mkdir()
    refused(cli, empty, out, "an empty folder")
    (empty / "notes.txt").write_text("x")
    refused(cli, empty, out, "for example notes.txt")
    for name in ("one.zip", "two.zip"):
        pack(empty / name, GOOD)
    refused(cli, empty, out, "holds 2 TikTok exports")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (rb'"SearchTerm":"\ud800"', "half of a surrogate pair"),
        (b'"SearchTerm":"\xff"', "not UTF-8"),
        (b'"SearchTerm":1e400', "too large"),
        (b'"SearchTerm":"first","SearchTerm":"second"', "names a key twice"),
        (rb'"SearchTerm":"first","\u0053earchTerm":"second"', "names a key twice"),
    ],
)
def test_one_bad_entry_is_kept_as_text_and_the_others_go_on(
    row: bytes, reason: str, cli: Cli, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    source = zipped(tmp_path / "a.zip", {JSON_NAME: _ROWS % row})
    ended = cli("transfer", str(source), str(out), "--json")
    assert ended.code in (0, 3)
    found = list(documents(out))
    assert [one["text"] for one in found if "text" in one] == ["good"]
    [kept] = [one for one in found if "reason" in one]
    assert reason in kept["reason"]
    assert kept["path"] == "Your Activity/Searches/SearchList/0"


def test_a_byte_order_mark_does_not_matter(cli: Cli, tmp_path: Path) -> None:
    source = zipped(tmp_path / "a.zip", {JSON_NAME: b"\xef\xbb\xbf" + TEXT.encode()})
    ended = cli("transfer", str(source), str(tmp_path / "out"), "--json")
    assert (ended.code, ended.document["counts"]["event"]["new"]) == (0, 3)


def test_two_equal_keys_in_one_entry(cli: Cli, tmp_path: Path) -> None:
    raw = _ROWS % b'"SearchTerm":"first","SearchTerm":"second"'
    source = zipped(tmp_path / "a.zip", {JSON_NAME: raw})
    cli("transfer", str(source), str(tmp_path / "out"))
    text = json.dumps(list(documents(tmp_path / "out")))
    assert "first" in text
    assert "second" in text


def test_half_an_emoji_in_a_key_costs_that_key_only(cli: Cli, tmp_path: Path) -> None:
    raw = rb'{"Direct Message":{"Group Chat":{"GroupChat":{"Us \ud83d":[]}}},' + TEXT.encode()[1:]
    source = zipped(tmp_path / "a.zip", {JSON_NAME: raw})
    assert cli("transfer", str(source), str(tmp_path / "out")).code in (0, 3)


def test_an_export_without_any_data_is_not_simply_done(cli: Cli, tmp_path: Path) -> None:
    source = zipped(tmp_path / "a.zip", {JSON_NAME: "{}"})
    ended = cli("transfer", str(source), str(tmp_path / "out"))
    assert "holds no data" in ended.err


def test_a_deep_file_is_not_said_to_be_a_broken_download(cli: Cli, tmp_path: Path) -> None:
    source = zipped(tmp_path / "a.zip", {JSON_NAME: JSONS["deep"][0]})
    assert "download" not in cli("transfer", str(source), str(tmp_path / "out")).err


def test_the_zip_of_a_test_is_what_it_says(tmp_path: Path) -> None:
    """The good archive of this file is good by Python's own judgement."""
    with zipfile.ZipFile(pack(tmp_path / "a.zip", GOOD)) as archive:
        assert archive.testzip() is None
