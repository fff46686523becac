"""The journey of a person: inspect, plan, transfer, again, receipt; and the demonstration."""

from __future__ import annotations

import json
import re
import sys
import zipfile
from pathlib import Path

import bagit
import pytest

from cli_run import Cli
from decamp.cli import run
from decamp.validation import validator
from decamp_tiktok.sandbox import ArchiveOptions, Counts, write_archive

SMALL = Counts(watched=40, liked=5, posts=0, messages=30, chats=3, deleted_posts=0)
MESSAGES = 29
"""What the generator makes of thirty: it divides them among the chats, and rounds."""


@pytest.fixture
def cli(tmp_path):
    return Cli(tmp_path / "home")


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Write an export without links to media, so that all of it can arrive."""
    folder = tmp_path_factory.mktemp("source")
    written = folder / "written.zip"
    write_archive(written, ArchiveOptions(counts=SMALL, username="ada.example"))
    path = folder / "TikTok_Data_1795176000.zip"
    with zipfile.ZipFile(written) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            text = source.read(name).decode()
            text, count = re.subn(r'"profilePhoto": "http[^"]*"', '"profilePhoto": "N/A"', text)
            assert count == 1
            target.writestr(name, text)
    written.unlink()
    return path


def everything(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def valid(name, document):
    assert not validator(name).problems(document)
    return document


def test_inspecting_and_planning_change_nothing(cli, archive, tmp_path):
    before = everything(archive.parent)
    inspected = cli("inspect", str(archive), "--json")
    assert inspected.code == 0
    assert valid("inspection", inspected.document)["account"] == "ada.example"
    assert "Watch History" in inspected.err
    skeleton = cli("inspect", str(archive), "--skeleton")
    assert skeleton.code == 0
    assert "ada.example" not in skeleton.out + skeleton.err
    assert isinstance(skeleton.document, dict)
    target = tmp_path / "copy"
    for words in (["plan"], ["transfer", "--dry-run"]):
        planned = cli(words[0], str(archive), str(target), *words[1:], "--json")
        assert planned.code == 0
        assert valid("plan", planned.document)["counts"]["message"]["new"] == MESSAGES
        assert "Nothing was changed." in planned.err
        assert f"decamp transfer {archive} {target}" in planned.err
    assert everything(archive.parent) == before
    assert not target.exists()
    assert not cli.home.exists()


def test_a_transfer_arrives_once_and_can_be_looked_up(cli, archive, tmp_path):
    target = tmp_path / "copy"
    first = cli("transfer", str(archive), str(target), "--json")
    assert first.code == 0, first.err
    receipt = valid("receipt", first.document)
    assert receipt["counts"]["message"]["delivered"] == MESSAGES
    assert f"{MESSAGES} messages in 3 conversations" in first.err
    assert "Everything in this export is proved to be at the destination." in first.err
    assert "make a second copy" in first.err
    bagit.Bag(str(target)).validate()
    before = everything(target)

    again = cli("transfer", str(archive), str(target), "--json")
    assert again.code == 0
    assert "delivered" not in again.document["counts"]["message"]
    assert "nothing is new" in again.err
    assert everything(target) == before

    assert cli("receipt", receipt["run"], "--json").document == receipt
    listed = valid("runs", cli("runs", "--json").document)
    assert [run["state"] for run in listed["runs"]] == ["done", "done"]
    assert "brought everything" in cli("status").err
    log = (cli.home / "decamp.log").read_text(encoding="utf-8")
    assert "Traceback" not in log


def test_events_are_lines_and_nothing_else(cli, archive, tmp_path):
    ended = cli("transfer", str(archive), str(tmp_path / "copy"), "--events")
    assert ended.code == 0
    for line in ended.lines:
        valid("event-stream", line)
    assert ended.lines[0]["event"] == "run-started"
    assert ended.lines[-1] == {
        "event": "run-ended",
        "run": ended.lines[0]["run"],
        "state": "done",
        "exit_code": 0,
    }


def test_quiet_leaves_one_line(cli, archive, tmp_path):
    ended = cli("transfer", str(archive), str(tmp_path / "copy"), "-q")
    assert ended.code == 0
    assert ended.err == "Everything in this export is proved to be at the destination.\n"
    assert not ended.out


def test_a_selection_is_kept_and_said(cli, archive, tmp_path):
    target = tmp_path / "copy"
    planned = cli("plan", str(archive), str(target), "--kind", "messages", "--since", "2020-01-01")
    assert "--kind messages --since 2020-01-01" in planned.err
    ended = cli("transfer", str(archive), str(target), "--kind", "profile,messages", "--json")
    assert ended.code == 0
    assert ended.document["asked"] == {"kinds": ["conversation", "message", "profile"]}
    assert not (target / "data" / "activity").exists()
    assert "had not been asked for" in ended.err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["transfer", "SOURCE"], 2, "DESTINATION"),
        (["transfer", "SOURCE", "TARGET", "--kind", "pictures"], 2, "Choose among: profile"),
        (["transfer", "SOURCE", "TARGET", "--since", "yesterday"], 2, "--since must be a date"),
        (["transfer", "SOURCE", "TARGET", "--limit", "0"], 2, "--limit"),
        (["transfer", "SOURCE", "TARGET", "-o", "speed=11"], 2, "from.KEY=VALUE"),
        (["transfer", "SOURCE", "TARGET", "-o", "from.speed=11"], 2, "no option 'speed'"),
        (["transfer", "SOURCE", "TARGET", "--json", "--events"], 2, "exclude each other"),
        (["transfer", "nowhere:x", "TARGET"], 2, "Installed:"),
        (["transfer", "missing.zip", "TARGET"], 4, "There is nothing at"),
        (["transfer", "missing.zip", "TARGET", "--json"], 4, "There is nothing at"),
        (["inspect", "missing.zip", "--json"], 4, "There is nothing at"),
        (["plan", "SOURCE", "TARGET", "--since", "x", "--json"], 2, "--since must be a date"),
        (["transfer", "https://x.example/a?sig=1", "TARGET"], 2, "Download the export first"),
        (["transfer", "", "TARGET"], 2, "Name the export"),
        (["transfer", "SOURCE", " "], 2, "Name the folder"),
        (["transfer", "SOURCE", "SOURCE"], 6, "Error:"),
        (["inspect", "missing.zip"], 4, "There is nothing at"),
        (["schemas", "show", "nothing"], 2, "Choose among: bundle"),
        (["schemas", "validate", "post", "missing.json"], 4, "cannot be read"),
    ],
)
def test_what_a_person_can_do_wrong_has_a_code_and_a_sentence(
    archive, tmp_path, monkeypatch, capsys, words, code, said
):
    names = {"SOURCE": str(archive), "TARGET": str(tmp_path / "copy")}
    monkeypatch.setattr(sys, "argv", ["decamp", *(names.get(word, word) for word in words)])
    with pytest.raises(SystemExit) as ended:
        run()
    assert ended.value.code == code
    heard = capsys.readouterr()
    assert said in " ".join(heard.err.split())
    assert "Traceback" not in heard.err
    if "--json" not in words or "--events" in words:
        assert not heard.out
        return
    assert valid("error", json.loads(heard.out))["exit_code"] == code


def test_the_demonstration_runs_again_and_leaves_nothing_elsewhere(cli, tmp_path):
    folder = tmp_path / "show"
    first = cli("demo", str(folder), "--json")
    assert first.code == 0, first.err
    receipt = valid("receipt", first.document)
    assert receipt["counts"]["post"]["found"] > 20
    assert [entry["code"] for entry in receipt["media"]["missing"]] == [
        "dead-on-arrival",
        "refused",
    ]
    for words in ("decamp inspect", "decamp plan", "decamp transfer", "index.html", "on purpose"):
        assert words in first.err
    kept = folder / ".home"
    assert kept.is_dir()
    if sys.platform != "win32":
        assert f"DECAMP_HOME={kept} decamp receipt" in first.err
    assert Cli(kept)("receipt", "--json").document == receipt
    bagit.Bag(str(folder / "bundle")).validate()
    assert not cli.home.exists()

    again = cli("demo", str(folder), "--json")
    assert again.code == 0
    assert not any("new" in count for count in again.document["counts"].values())
    assert again.document["counts"]["post"]["unchanged"] == receipt["counts"]["post"]["found"]


def test_a_demonstration_that_is_refused_says_so_in_a_document(cli, tmp_path):
    (tmp_path / "show" / "bundle").mkdir(parents=True)
    (tmp_path / "show" / "bundle" / "mine.txt").write_text("mine")
    ended = cli("demo", str(tmp_path / "show"), "--json")
    assert ended.code == 6
    assert valid("error", ended.document)["error"]["code"] == "destination-refused"


def test_files_are_checked_against_schemas(cli, archive, tmp_path):
    receipt = tmp_path / "receipt.json"
    ended = cli("transfer", str(archive), str(tmp_path / "copy"), "--json", "-q")
    receipt.write_text(ended.out, encoding="utf-8")
    assert cli("schemas", "validate", "receipt", str(receipt)).code == 0
    refused = cli("schemas", "validate", "post", str(receipt))
    assert refused.code == 4
    assert "required" in refused.err
    segments = sorted((tmp_path / "copy" / "data").rglob("*.jsonl"))
    checked = cli("schemas", "validate", "segment", str(segments[0]))
    assert checked.code == 0
    spoiled = tmp_path / "spoiled.jsonl"
    spoiled.write_bytes(segments[0].read_bytes() + b'{"time": 5}\n{\n')
    broken = cli("schemas", "validate", "segment", str(spoiled))
    assert broken.code == 4
    assert "is not JSON" in broken.err
    assert json.loads(cli("schemas", "show", "post").out)["title"]


def test_plugins_are_listed(cli):
    ended = cli("plugins", "list", "--json")
    assert ended.code == 0
    found = valid("plugins", ended.document)
    assert {"tiktok", "disk"} <= {
        entry["name"] for side in ("exporters", "importers") for entry in found[side]
    }
    assert "-o from.media=..." in ended.err
    only = cli("plugins", "list", "--json", DECAMP_PLUGINS="disk").document
    assert [entry["name"] for entry in only["exporters"]] == ["disk"]
