"""What a receipt, a plan and an inspection say to a person."""

from __future__ import annotations

import copy

import pytest

import decamp_schemas
from cli_text import heard, listening
from decamp.cli.contents import show_inspection
from decamp.cli.preview import show_plan
from decamp.cli.summary import show_receipt
from decamp.validation import validator

NO_MEDIA = {"stored": 0, "bytes": 0, "missing": []}
EXPIRED = {"code": "expired", "reason": "The link has expired."}


def receipt(**changes):
    document = copy.deepcopy(decamp_schemas.load("receipt")["examples"][0])
    document["counts"] = {
        "conversation": {"found": 6, "new": 6, "delivered": 6},
        "event": {"found": 2310, "new": 2310, "delivered": 2310},
        "message": {"found": 1204, "new": 1204, "delivered": 1204},
        "post": {"found": 25, "new": 25, "delivered": 25},
        "section": {"found": 18, "new": 18, "delivered": 18},
    }
    document["media"] = {"stored": 27, "bytes": 3_100_000, "missing": []}
    document |= changes
    assert not validator("receipt").problems(document)
    return document


def said_of(document, **settings):
    output = listening(**settings)
    show_receipt(output, document)
    return " ".join(heard(output).split())


def test_a_full_receipt_says_what_arrived():
    said = said_of(receipt())
    for words in (
        "Done. The data is at TikTok",
        "account ada.example",
        "1,204 messages in 6 conversations",
        "25 posts",
        "2,310 activity entries",
        "18 other sections",
        "27 media files (3.1 MB)",
        "Everything in this export is at the destination.",
        "Such an export never holds: drafts.",
    ):
        assert words in said
    assert "Next:" not in said


def test_missing_media_are_grouped_with_examples_and_a_way_out():
    missing = [{"item": f"post:{number}", "name": "1.mp4", **EXPIRED} for number in range(7)] + [
        {"item": "post:x", "name": "2.jpg", "code": "unreachable", "reason": "No answer."}
    ]
    document = receipt(state="partial", exit_code=3)
    document["media"]["missing"] = missing
    document["verdict"] = {"complete": False, "reasons": ["8 went"], "never_exported": []}
    said = said_of(document)
    assert "8 media files could not be had:" in said
    assert "7 x The link has expired." in said
    assert "post:4 1.mp4 ... and 2 more" in said
    assert "post:5" not in said
    assert "1 x No answer." in said
    assert "Not everything in this export is at the destination: 8 went." in said
    assert "Next: ask for a new copy of your data" in said


def test_problems_are_grouped_by_why():
    problem = {"kind": "post", "state": "failed", "code": "item-rejected", "reason": "too large"}
    problems = [problem | {"item": "post:1"}, problem | {"item": "post:2"}]
    said = said_of(receipt(problems=problems, state="partial", exit_code=3))
    assert "2 posts: could not be delivered" in said
    assert "Why: too large post:1 post:2" in said
    assert "Next: run the same command again" in said


def test_an_error_says_what_next():
    error = {"code": "destination-full", "message": "The disk is full.", "hint": "Free some."}
    said = said_of(receipt(state="stopped", exit_code=6, error=error, counts={}, media=NO_MEDIA))
    assert "Error: The disk is full." in said
    assert "Next: Free some." in said
    assert "Arrived nothing" in said


def test_quiet_says_the_verdict_and_no_more():
    output = listening(quiet=True)
    show_receipt(output, receipt())
    assert heard(output) == "Everything in this export is at the destination.\n"


def test_a_copy_on_this_computer_is_named_as_such(tmp_path):
    (tmp_path / "bagit.txt").touch()
    here = {"plugin": "disk", "id": str(tmp_path), "title": str(tmp_path)}
    said = said_of(receipt(destination=here))
    assert "make a second copy" in said
    assert f"bagit.py --validate {tmp_path}" in said
    assert "make a second copy" not in said_of(
        receipt(destination={"plugin": "dav", "id": "https://cloud.example/dav"})
    )


def test_names_from_an_export_cannot_steer_the_terminal():
    document = receipt()
    document["source"]["account"] = ["ada\x1b]0;owned\x07"]
    assert "\x1b" not in said_of(document)
    assert "[bold]" in said_of(receipt(source=document["source"] | {"title": "[bold].zip"}))


@pytest.mark.parametrize("terminal", [True, False])
def test_a_plan_is_a_table_and_a_command(terminal):
    plan = copy.deepcopy(decamp_schemas.load("plan")["examples"][0])
    plan["counts"] = {
        "post": {"found": 12, "new": 2, "unchanged": 10},
        "message": {"found": 1200, "new": 1200},
    }
    output = listening(terminal=terminal)
    show_plan(output, plan, "decamp transfer a.zip 'my folder'")
    said = " ".join(heard(output).replace("\x1b[0m", "").split())
    assert "what found new there already" in said
    assert "posts 12 2 10" in said
    assert "messages 1,200 1,200 0" in said
    assert "Nothing was changed. A transfer would bring 1,202 records." in said
    assert "decamp transfer a.zip 'my folder'" in said


def inspection(**links):
    document = copy.deepcopy(decamp_schemas.load("inspection")["examples"][0])
    document["media_links"] |= links
    assert not validator("inspection").problems(document)
    output = listening()
    show_inspection(output, document, "a file.zip")
    return heard(output)


def test_an_inspection_says_when_links_expire():
    none = {"expired": 0, "undated": 0, "next_expiry": None, "last_expiry": None}
    until = {"next_expiry": "2026-11-27T06:00:00Z", "last_expiry": "2026-11-27T06:00:00Z"}
    assert "It links to no media files." in inspection(total=0, **none)
    assert "It links to 3 media files.\n" in inspection(total=3, **none)
    soon = inspection(total=3, **none | until)
    assert "Transfer before 2026-11-27 06:00 UTC" in soon
    assert "plan 'a file.zip' FOLDER" in soon
    gone = inspection(total=3, **none | {"expired": 3})
    assert gone.startswith("The links to all 3 media files have expired.")
    some = inspection(total=3, **none | until | {"expired": 1})
    assert some.startswith("The links to 1 of 3 media files have expired.")
