"""What a receipt, a plan and an inspection say to a person."""

from __future__ import annotations

import copy
import re

import pytest

import decamp_schemas
from cli_text import heard, listening
from decamp.cli import statement
from decamp.cli.contents import show_inspection
from decamp.cli.preview import show_plan
from decamp.cli.receipt_page import receipt_page
from decamp.cli.summary import next_steps, show_receipt
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
        "Everything in this export is proved to be at the destination.",
        "Never exported drafts",
    ):
        assert words in said
    assert "Next:" not in said


def test_missing_media_are_grouped_with_examples_and_a_way_out():
    missing = [{"item": f"post:{number}", "name": "1.mp4", **EXPIRED} for number in range(7)] + [
        {"item": "post:x", "name": "2.jpg", "code": "unreachable", "reason": "No answer."}
    ]
    document = receipt(state="partial", exit_code=3)
    document["media"]["missing"] = missing
    document["verdict"] |= {"complete": False, "reasons": ["8 went"]}
    said = said_of(document)
    assert "8 media files could not be had:" in said
    assert "7 x The link has expired." in said
    assert "post:4 1.mp4 ... and 2 more" in said
    assert "post:5" not in said
    assert "1 x No answer." in said
    assert "Not everything in this export is proved to be at the destination: 8 went." in said
    assert "Next: ask for a new copy of your data" in said


def test_missing_media_beyond_the_list_are_told_apart():
    document = receipt(state="partial", exit_code=3)
    document["media"]["missing"] = [{"item": "post:1", "name": "1.mp4", **EXPIRED}] * 2_000
    document["unlisted"]["missing"] = 18_000
    said = said_of(document)
    assert "20,000 media files could not be had: 2,000 x The link has expired." in said
    assert "... and 18,000 more, which no list has room for." in said


def test_problems_are_grouped_by_why():
    problem = {"kind": "post", "state": "failed", "code": "corrupted", "reason": "too large"}
    problems = [problem | {"item": "post:1"}, problem | {"item": "post:2"}]
    said = said_of(receipt(problems=problems, state="partial", exit_code=3))
    assert "2 posts could not be delivered" in said
    assert "Why: too large post:1 post:2" in said
    assert "Next: run the same command again" in said


FULL_DISK = "No room left to write {}: the server's disk or your quota is full (HTTP 507)."


@pytest.mark.parametrize("at", ["https://h/.tmp-7/{}/1.mp4", "/home/ada/{}.mp4", r"C:\ada\{}.mp4"])
def test_one_cause_is_one_block_wherever_it_was_met(at):
    problem = {"kind": "post", "state": "failed", "code": "destination-full"}
    problems = [
        problem | {"item": f"post:{number}", "reason": FULL_DISK.format(at.format(number))}
        for number in range(20)
    ]
    document = receipt(problems=problems, state="partial", exit_code=3)
    said = said_of(document)
    assert "20 posts could not be delivered" in said
    assert said.count("Why") == 1
    assert f"Why, for the first: {problems[0]['reason']}" in said
    assert receipt_page(document).count(b"No room left") == 1


def test_files_that_are_missing_for_one_reason_are_one_line():
    never = "It could not be had when this bundle was made."
    codes = ["expired"] * 6 + ["not-found"]
    missing = [
        {"item": f"post:{n}", "name": "1.mp4", "code": code, "reason": never}
        for n, code in enumerate(codes)
    ]
    document = receipt(state="partial", exit_code=3)
    document["media"]["missing"] = missing
    said = said_of(document)
    assert f"7 x {never}" in said
    assert said.count(never) == 1


FULL = {"code": "destination-full", "message": "The disk is full.", "hint": "Free some."}


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({"event": 4}, "4 activity entries could not be delivered"),
        ({"event": 1}, "1 activity entry could not be delivered"),
        ({}, "A part of your activity could not be delivered"),
    ],
)
def test_a_segment_stands_for_its_rows(counts, said):
    problem = {"item": "event/watched/1", "kind": "event", "state": "failed"}
    problems = [problem | {"code": "item-rejected", "reason": "too large"}]
    counts = {kind: {"found": 9, "failed": count} for kind, count in counts.items()}
    document = receipt(problems=problems, state="partial", exit_code=3, counts=counts)
    assert said in said_of(document)


def test_rows_of_several_reasons_are_not_counted_twice():
    problem = {"item": "message/bo/1", "kind": "message", "state": "failed", "code": "item"}
    problems = [problem | {"reason": "too large"}, problem | {"reason": "too old"}]
    counts = {"message": {"found": 9, "failed": 7}}
    said = said_of(receipt(problems=problems, state="partial", exit_code=3, counts=counts))
    assert said.count("A part of your messages could not be delivered") == 2


@pytest.mark.parametrize(
    ("state", "code", "one", "two"),
    [
        ("confirmed", "not-sent", "1 post has changed and is", "2 posts have changed and are"),
        ("conflict", "conflict", "1 post found something else in its", "2 posts found something"),
        ("conflict", "ambiguous", "1 post could not be told apart from posts", "are not sent"),
        ("rejected", "invalid", "1 post does not fit its schema", "2 posts do not fit their"),
        ("novel", "novel", "1 post: novel.", "2 posts: novel."),
    ],
)
def test_one_and_many_are_told_apart(state, code, one, two):
    problem = {"kind": "post", "state": state, "code": code, "reason": "Because."}
    problems = [problem | {"item": f"post:{number}"} for number in (1, 2)]
    assert one in said_of(receipt(problems=problems[:1], state="partial", exit_code=3))
    assert two in said_of(receipt(problems=problems, state="partial", exit_code=3))


def test_a_refusal_says_what_next_and_no_more():
    refused = {"post": {"found": 3, "new": 3}}
    for counts in ({}, refused):
        document = receipt(state="stopped", exit_code=6, error=FULL, counts=counts, media=NO_MEDIA)
        assert said_of(document) == "Error: The disk is full. Next: Free some."


def test_an_error_after_some_has_arrived_tells_of_both():
    document = receipt(state="stopped", exit_code=6, error=FULL)
    document["verdict"] |= {"complete": False, "reasons": ["the end"]}
    said = said_of(document)
    for words in ("25 posts", "Error: The disk is full.", "Next: Free some.", "Not everything"):
        assert words in said


def test_an_export_without_data_is_called_that():
    empty = receipt(counts={"section": {"found": 1, "new": 1, "delivered": 1}}, media=NO_MEDIA)
    said = said_of(empty)
    assert "Apart from 1 other section, this export holds no data" in said
    assert "ask for a new export" in said
    assert "Everything in this export" not in said
    assert "Never exported" not in said
    assert "This export holds no data" in said_of(receipt(counts={}, media=NO_MEDIA))


def test_what_belongs_to_the_verdict_is_always_below_it():
    again = receipt(counts={"post": {"found": 25, "unchanged": 25}}, media=NO_MEDIA)
    failed = receipt(state="partial", exit_code=3)
    failed["verdict"] |= {"complete": False, "reasons": ["1 item could not be delivered"]}
    for document in (receipt(), again, failed):
        said = said_of(document).partition("proved to be at the destination")[2]
        for words in (
            "Proof 1,254 entries of this export were written by this run, and 0 were there",
            "Nothing was read back later.",
            "Not covered what became of the copy after 2026-11-23 09:16 UTC",
            "Never exported drafts",
            "Asked for posts, from 2024-01-01 on",
            "Exported 2026-11-20 09:00 UTC",
            "The copy On this computer",
            "Consent You named TikTok_Data.zip to decamp, on 2026-11-23 09:15 UTC, and asked",
        ):
            assert words in said


def test_what_was_read_back_is_part_of_the_proof():
    document = receipt()
    since = "2026-11-24T08:00:00Z"
    document["proof"]["read_back"] = [
        {"depth": "digest", "items": 40, "since": since},
        {"depth": "exists", "items": 2, "since": since},
    ]
    said = said_of(document)
    assert (
        "40 of the 42 items of this account that are there, byte for byte, by SHA-256; none" in said
    )
    assert "Read back later: 2 of the 42 items" in said
    assert "none longer ago than 2026-11-24 08:00 UTC" in said
    assert "Nothing was read back" not in said


def test_a_remark_stands_beside_the_verdict():
    document = receipt()
    document["verdict"]["remarks"] = ["1 file could not be had by anyone"]
    said = said_of(document)
    assert "at the destination. Note: 1 file could not be had by anyone." in said


def test_a_receipt_of_the_first_version_is_shown_and_nothing_is_made_up():
    old = receipt()
    for name in ("version", "proof", "consent"):
        del old[name]
    del old["verdict"]["remarks"], old["destination"]["where"]
    assert not validator("receipt").problems(old)
    said = said_of(old)
    assert "Everything in this export is proved" in said
    assert "from an earlier version of decamp, which did not note it" in said
    assert "The copy" not in said
    assert "Consent" not in said


def test_a_grant_of_a_service_is_told_with_its_scopes_and_its_end():
    document = receipt()
    document["consent"] = decamp_schemas.load("receipt")["properties"]["consent"]["examples"][1]
    document["consent"] = document["consent"] | {"revoked": "2026-12-01T10:00:00Z"}
    assert not validator("receipt").problems(document)
    assert (
        "TikTok gave decamp access on 2026-11-23 09:15 UTC, asked for "
        "portability.postsandprofile.single, granted portability.postsandprofile.single, until "
        "2027-11-23 09:15 UTC; it was taken back on 2026-12-01 10:00 UTC."
    ) in said_of(document)


def test_a_sign_in_by_user_name_knows_no_scopes():
    place = "webdav:https://cloud.example/TikTok"
    document = receipt(counts={"profile": {"found": 1, "new": 1, "delivered": 1}})
    document["consent"] = {
        "basis": "authorization", "named": place, "given": "2026-11-23T09:15:00Z", "asked": {},
        "scopes": [], "granted": [],
    }  # fmt: skip
    assert not validator("receipt").problems(document)
    said = said_of(document)
    assert (
        f"You signed decamp in to {place} on 2026-11-23 09:15 UTC, by a user name and password or a "
        "token, so it may do all that this user may; and you asked for everything."
    ) in said
    assert "not granted" not in said, "whoever may read a folder may read all of it"


@pytest.mark.parametrize(
    ("plugin", "place", "command"),
    [
        ("webdav", "https://cloud.example/TikTok", "webdav:https://cloud.example/TikTok"),
        ("disk", "s3://bucket/tiktok", "disk:s3://bucket/tiktok"),
        ("bluesky", "did:plc:abcdef", None),
    ],
)
def test_a_copy_that_has_an_address_can_be_checked_there(plugin, place, command):
    there = {"plugin": plugin, "id": place, "title": place, "where": "elsewhere"}
    said = said_of(receipt(destination=there))
    assert (f"decamp verify --deep {command}" in said) is bool(command)
    assert ("Check it at any time:" in said) is bool(command)
    assert "a tool that is not ours" not in said


def test_where_nothing_can_be_done_nothing_is_asked():
    problem = {"item": "Activity/Watch", "kind": "event", "state": "rejected", "code": "invalid"}
    document = receipt(
        problems=[problem | {"reason": "/time: is not a time"}], state="partial", exit_code=3
    )
    document["counts"]["event"]["rejected"] = 3
    said = said_of(document)
    assert "Next: nothing needs to be done." in said
    assert "run the same command again" not in said


@pytest.mark.parametrize(
    ("way", "said"),
    [("alias", "names are replaced by aliases"), ("drop", "about other people is left out")],
)
def test_what_becomes_of_other_people_is_told(way, said):
    counts = {"found": 9, "new": 2, "delivered": 2, "not_asked": 7, "left_out": 4}
    told = said_of(receipt(people=way, counts={"message": counts}))
    assert said in told and "may still name somebody" in told
    assert "About others, left out 4 messages" in told
    assert "Not asked for 3 messages" in told
    old = receipt(counts={"message": counts})
    del old["people"]
    assert "aliases" not in said_of(old), "a receipt of an older version does not say"


def test_quiet_says_the_verdict_and_no_more():
    output = listening(quiet=True)
    show_receipt(output, receipt())
    assert heard(output) == "Everything in this export is proved to be at the destination.\n"


def test_a_copy_on_this_computer_is_named_as_such(tmp_path):
    (tmp_path / "bagit.txt").touch()
    here = {"plugin": "disk", "id": str(tmp_path), "title": str(tmp_path), "where": "here"}
    said = said_of(receipt(destination=here))
    assert "make a second copy" in said
    assert f"bagit.py --validate --quiet {tmp_path}" in said
    assert "make a second copy" not in said_of(
        receipt(destination={"plugin": "dav", "id": "https://cloud.example", "where": "elsewhere"})
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
    assert said.startswith("A transfer would fetch 57 media files; links work until 2026-11-27")
    assert "decamp transfer a.zip 'my folder'" in said


def test_what_was_held_back_does_not_come_by_running_the_same_again():
    held = {"item": "post:1", "kind": "post", "state": "held", "code": "held", "reason": "why"}
    media = {"stored": 0, "bytes": 0, "missing": [
        {"item": "post:1", "name": "1.mp4", "code": "not-found", "reason": "not there"}
    ]}  # fmt: skip
    document = receipt(state="partial", exit_code=3, problems=[held], media=media)
    assert next_steps(document)[0].startswith("Next: what was held back needs files")
    failed = {**held, "state": "failed", "code": "corrupted"}
    [said] = next_steps(document | {"problems": [held, failed]})
    assert said.startswith("Next: run the same command again")


def test_a_plan_says_what_one_item_becomes_and_what_is_held():
    plan = copy.deepcopy(decamp_schemas.load("plan")["examples"][0]) | {"further": 3}
    plan["counts"] = {"post": {"found": 12, "new": 12, "held": 2}}
    assert not validator("plan").problems(plan)
    output = listening()
    show_plan(output, plan, "")
    said = " ".join(heard(output).split())
    assert "posts 12 12 2" in said
    assert "A transfer would bring 10 records, which become 13 there." in said


@pytest.mark.parametrize(
    ("media", "said"),
    [
        ({"links": 0, "expired": 0}, ""),
        ({"links": 1, "expired": 0}, "A transfer would fetch 1 media file."),
        ({"links": 3, "expired": 3}, "the links to all of them no longer work. Ask for a new"),
        ({"links": 3, "expired": 1}, "the links to 1 of them no longer work."),
        (
            {"links": 0, "expired": 0, "here": 1, "bytes": 4_200_000},
            "1 media file (4.2 MB) would come without being fetched.",
        ),
        (
            {"links": 1, "expired": 0, "here": 2, "bytes": 0},
            "2 media files would come without being fetched. A transfer would fetch 1 media file.",
        ),
    ],
)
def test_a_plan_tells_of_media_first(media, said):
    plan = copy.deepcopy(decamp_schemas.load("plan")["examples"][0]) | {"media": media}
    assert not validator("plan").problems(plan)
    output = listening()
    show_plan(output, plan, "decamp transfer a b")
    first = heard(output).splitlines()[0]
    assert said in first if said else first.startswith("Plan:")


@pytest.mark.parametrize(
    ("media", "said"),
    [
        ({"links": 0, "expired": 0, "here": 0, "bytes": 0}, False),
        ({"links": 3, "expired": 3, "here": 0, "bytes": 0}, False),
        ({"links": 3, "expired": 2, "here": 0, "bytes": 0}, True),
        ({"links": 0, "expired": 0, "here": 1, "bytes": 10}, True),
    ],
)
def test_a_plan_without_new_records_tells_that_media_may_come(media, said):
    counts = {"post": {"found": 12, "unchanged": 12, "incomplete": 1}}
    plan = copy.deepcopy(decamp_schemas.load("plan")["examples"][0])
    output = listening()
    show_plan(output, plan | {"media": media, "counts": counts}, "decamp transfer a b")
    told = heard(output)
    assert ("media that were missing may come" in told) == said
    assert ("decamp transfer a b" in told) == said


@pytest.mark.parametrize(("until", "warned"), [("2026-11-27", True), ("2026-12-05", False)])
def test_a_plan_tells_of_losses_changes_and_when_it_would_end(until, warned):
    loss = {"code": "long-text", "text": "A long text becomes a thread.", "certain": 3}
    change = {"item": "profile", "field": "bio", "before": "", "after": "I film\nbirds."}
    plan = copy.deepcopy(decamp_schemas.load("plan")["examples"][0]) | {
        "media": {"links": 3, "expired": 0, "until": f"{until}T06:00:00Z"},
        "losses": {"sums": [loss | {"conditional": 1}], "items": [], "unlisted": 0},
        "changes": [change],
        "public": True,
        "audience": ["public"],
        "finish": "2026-12-01T06:00:00Z",
    }
    assert not validator("plan").problems(plan)
    output = listening()
    show_plan(output, plan, "")
    said = heard(output)
    assert re.search(r"A long text becomes a thread\. +3 +1", said)
    assert re.search(r"bio +- +I film birds\.", said)
    assert "would end at about 2026-12-01 06:00" in said
    assert ("Links to your media stop working before that" in said) == warned
    assert "To do it:" not in said


def test_a_plan_that_was_refused_says_only_that():
    plan = copy.deepcopy(decamp_schemas.load("plan")["examples"][0]) | {"error": FULL}
    output = listening()
    show_plan(output, plan, "decamp transfer a b")
    assert heard(output).splitlines() == [
        "Error: The disk is full.",
        "Next: Free some.",
        "Nothing was changed.",
    ]


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


def test_an_inspection_of_nothing_says_so():
    document = copy.deepcopy(decamp_schemas.load("inspection")["examples"][0])
    document["sections"] = [document["sections"][0] | {"entries": 0, "empty": None}]
    output = listening()
    show_inspection(output, document, "a.zip")
    assert "This export holds no data" in heard(output)


def test_what_the_source_never_had_does_not_come_by_running_the_same_again():
    counts = {"post": {"found": 2, "unchanged": 2, "incomplete": 1}}
    [said] = next_steps(receipt(state="partial", exit_code=3, counts=counts))
    assert said.startswith("Next: this source does not have what is missing.")


def test_what_the_source_lacks_is_no_reason_to_run_the_same_again():
    lacking = {"item": "post:1", "name": "1.mp4", "code": "not-found", "reason": "Never had."}
    counts = {"post": {"found": 2, "new": 2, "delivered": 1, "incomplete": 1}}
    document = receipt(state="partial", exit_code=3, counts=counts)
    document["media"]["missing"] = [lacking | {"source_lacks": True}]
    [said] = next_steps(document)
    assert said.startswith("Next: this source does not have what is missing.")
    document["media"]["missing"].append(lacking)
    [said] = next_steps(document)
    assert said.startswith("Next: run the same command again")


@pytest.mark.parametrize(
    ("state", "code", "said"),
    [
        ("failed", "item-rejected", "Next: change what keeps the destination from taking"),
        ("conflict", "conflict", "Next: look at what lies in the place of what was left alone."),
    ],
)
def test_what_the_same_run_does_not_settle_has_advice_of_its_own(state, code, said):
    problem = {"item": "post:1", "kind": "post", "state": state, "code": code, "reason": "why"}
    document = receipt(state="partial", exit_code=3, problems=[problem])
    [step] = next_steps(document)
    assert step.startswith(said)
    assert "the next run tries again" not in said_of(document)
    other = problem | {"item": "post:2", "state": "failed", "code": "corrupted"}
    steps = next_steps(document | {"problems": [problem, other]})
    assert [one[:30] for one in steps] == [said[:30], "Next: run the same command aga"]


def test_times_are_written_for_people():
    said = ["what became of the copy after 2026-11-26T05:04:12Z", "what the export did not hold"]
    document = receipt() | {"proof": {"not_covered": said}}
    assert statement.not_covered(document) == (
        "what became of the copy after 2026-11-26 05:04 UTC; what the export did not hold"
    )


@pytest.mark.parametrize(
    ("columns", "already"),
    [
        ({"found": 27, "new": 8, "unchanged": 19, "incomplete": 27}, 0),
        ({"found": 27, "new": 2, "unchanged": 25, "delivered": 2, "incomplete": 5}, 20),
        ({"found": 9, "unchanged": 9, "updated": 1, "incomplete": 1}, 7),
        ({"found": 9, "unchanged": 9, "deleted": 2}, 7),
        ({"found": 9, "unchanged": 9, "superseded": 3}, 9),
        ({"found": 9, "unchanged": 8, "rejected": 1}, 8),
        ({"found": 9, "unchanged": 9}, 9),
    ],
)
def test_no_entry_stands_in_two_lines(columns, already):
    document = receipt(counts={"post": columns}, state="partial", exit_code=3)
    said = said_of(document)
    assert (f"There already {already} posts" in said) is bool(already)
    assert ("There already" in said) is bool(already)
    page = receipt_page(document).decode()
    assert f"<td>{already}</td>" in page
