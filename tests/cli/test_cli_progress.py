"""Progress, live and as lines."""

from __future__ import annotations

import threading

import pytest

from cli_text import heard, listening
from decamp.cli.progress import RunProgress
from decamp.cli.session import watched
from decamp.cli.signals import STOPPING
from decamp.events import (
    Downloaded,
    ItemSettled,
    Notice,
    ReadProgress,
    Sending,
    Stage,
    StageProgress,
    Waiting,
)


def show(output, *events):
    ticks = iter(range(0, 100_000, 4))
    with RunProgress(output, threading.Event(), lambda: float(next(ticks))) as progress:
        for event in events:
            progress(event)
    return heard(output)


def test_without_a_terminal_there_are_plain_lines_now_and_then():
    reading = [ReadProgress(number / 100, number * 1000, number) for number in range(100)]
    said = show(listening(), Stage("reading"), *reading, Stage("finishing"))
    lines = said.splitlines()
    assert lines[0] == "Reading ..."
    assert lines[-1] == "Finishing ..."
    assert 10 < len(lines) < 60
    assert any(line.startswith("Reading: 5") and "rows" in line for line in lines)
    assert not {character for character in said if ord(character) < 32} - {"\n"}


def test_a_terminal_that_cannot_draw_anew_gets_plain_lines():
    output = listening(terminal=True)
    output.console._environ = {"TERM": "dumb"}
    assert not output.live
    assert show(output, Stage("reading"), Stage("finishing")) == "Reading ...\nFinishing ...\n"


def test_quiet_says_nothing():
    assert not show(listening(quiet=True), Stage("reading"), Notice("warning", "links expire"))


def test_a_terminal_gets_one_line_that_is_drawn_again():
    output = listening(terminal=True)
    said = show(
        output,
        Stage("rows", 1000),
        ItemSettled("a", "message", "confirmed", 500, 2_000_000),
        ItemSettled("b", "message", "confirmed", 500, 2_000_000),
    )
    assert "Messages and activity" in said
    assert "100%" in said
    assert "1,000 rows" in said
    assert "333 kB/s" in said, "4 MB in the 12 seconds since the stage began"


def test_each_stage_counts_its_own_things():
    said = show(
        listening(),
        Stage("items", 2),
        ItemSettled("post:1", "post", "incomplete"),
        ItemSettled("post:2", "post", "confirmed"),
        *[ReadProgress(1.0, 40, 2)] * 3,
        Stage("rows", 40),
        *[ItemSettled("segment", "message", "confirmed", 20)] * 2,
        *[ReadProgress(1.0, 40, 2)] * 3,
    )
    assert "Posts and media: 100% 2 of 2 items, 1 without all media" in said
    assert "Messages and activity: 100% 40 rows\n" in said


def test_uploads_show_items_bytes_and_speed():
    """Two items are there already and two are on their way, when the source has been read."""
    said = show(
        listening(),
        Stage("items", 4),
        ItemSettled("post:1", "post", "confirmed", size=30_000_000),
        *[ReadProgress(1.0, 0, 4, 2)] * 4,
        ItemSettled("post:2", "post", "confirmed", size=30_000_000),
        *[ReadProgress(1.0, 0, 4, 2)] * 4,
    )
    assert "Posts and media: 75% 3 of 4 items, 30.0 MB, " in said
    assert "Posts and media: 100% 4 of 4 items, 60.0 MB, " in said
    assert said.splitlines()[-1].endswith("/s")


def test_a_large_file_shows_its_bytes_while_it_is_sent_and_counts_once():
    film = [Sending("post:2", number * 100_000_000) for number in range(1, 12)]
    again = [Sending("post:2", 5)] * 4
    said = show(
        listening(),
        Stage("items", 2),
        ItemSettled("post:1", "post", "confirmed", size=30_000_000),
        *film,
        *again,
        ItemSettled("post:2", "post", "confirmed", size=2_000_000_000),
        *[ReadProgress(1.0, 0, 2, 2)] * 4,
        Stage("rows", 40),
        *[ItemSettled("segment", "message", "confirmed", 20, 1_000)] * 4,
    )
    amounts = [
        line.split(", ")[1] for line in said.splitlines() if line.startswith("Posts and media: ")
    ]
    assert amounts[0] == "130 MB"
    assert [float(one.split()[0]) for one in amounts if one.endswith("MB")] == sorted(
        float(one.split()[0]) for one in amounts if one.endswith("MB")
    )
    assert "1.1 GB" in amounts, "and not less when it is sent again"
    assert amounts[-1] == "2.0 GB"
    assert "GB" not in said.partition("Messages and activity")[2]


def left_said(*events):
    """Show a film as the last or the last but one item; tell whether a time is guessed."""
    output = listening(terminal=True)
    with RunProgress(output, threading.Event()) as progress:
        live = progress._live
        assert live is not None
        # A second for each event: it is drawn all the time, which tells nothing of speed.
        for second, event in enumerate((Stage("items", 4), *events)):
            live.get_time = lambda now=float(second): now
            progress(event)
        file = output.console.file
        file.seek(0)
        file.truncate()
        live.refresh()
        return " left" in heard(output)


def test_the_time_that_is_left_is_not_guessed_from_others_for_the_last_large_file():
    read = ReadProgress(1.0, 0, 4, 4)
    settled = [ItemSettled(f"post:{n}", "post", "confirmed") for n in range(3)]
    assert left_said(read, *settled)
    assert left_said(read, *settled[:2], Sending("post:3", 1_000_000))
    assert not left_said(read, Sending("post:3", 1_000_000), *settled)


def test_how_large_files_move_is_no_line_of_json(capsys):
    def work(emit, stop, ask):
        emit(Sending("post:1", 5))
        emit(ItemSettled("post:1", "post", "confirmed", size=10))
        return {}

    watched(listening(), work, events=True)
    [line] = capsys.readouterr().out.splitlines()
    assert '"event":"item"' in line


def test_what_was_read_beside_the_items_that_were_announced_counts():
    said = show(
        listening(),
        Stage("items", 3),
        ReadProgress(1.0, 0, 4, 4),
        *[ItemSettled(f"post:{n}", "post", "confirmed") for n in range(3)],
        *[ReadProgress(1.0, 0, 4, 4)] * 3,
    )
    assert "75% 3 of 4 items" in said


def test_how_many_items_there_are_may_be_known_late():
    said = show(
        listening(),
        Stage("items", None),
        *[ItemSettled(f"post:{number}", "post", "confirmed") for number in range(4)],
        *[ReadProgress(1.0, 0, 8, 8)] * 4,
    )
    assert "Posts and media: 2 items" in said
    assert "Posts and media: 50% 4 of 8 items" in said


def test_a_stage_with_nothing_to_count_says_how_long_it_takes():
    output = listening(terminal=True)
    with RunProgress(output, threading.Event()) as progress:
        progress(Stage("finishing"))
        live = progress._live
        assert live is not None
        [task] = live.tasks
        now = live.get_time()
        live.get_time = lambda: now
        task.start_time = now - 83
        live.refresh()
    assert "1:23 so far" in heard(output)


def test_what_has_nothing_to_count_is_said_once():
    waits = [Waiting("2026-11-23T09:00:00Z", "a copy is being prepared.")] * 9
    said = show(listening(), Stage("requesting"), *waits)
    assert "Asking for a copy ...\n" in said
    assert "Asking for a copy:" not in said


def test_a_download_shows_bytes_and_speed():
    events = Stage("downloading"), *[Downloaded(number * 4_000_000) for number in range(1, 9)]
    said = show(listening(), *events)
    assert "Downloading the copy ...\n" in said
    assert "Downloading the copy: 16.0 MB, 400 kB/s\n" in said
    assert "Downloading the copy" in show(listening(terminal=True), *events)


def test_looking_and_taking_back_say_how_far_they_are():
    back = show(listening(), Stage("undoing", 3_000), *map(StageProgress, range(0, 3_000, 750)))
    assert "Taking back: 75% 2,250 of 3,000 items\n" in back
    look = show(listening(), Stage("verifying"), *map(StageProgress, range(0, 9_000, 750)))
    assert "Looking at what is there: 2,250 items\n" in look


def test_a_stop_is_answered_while_nothing_moves():
    output, stop = listening(terminal=True), threading.Event()
    with RunProgress(output, stop) as progress:
        progress(Stage("reading"))
        stop.set()
        live = progress._live
        assert live is not None
        live.refresh()
    said = " ".join(heard(output).split())
    assert STOPPING in said
    assert said.index("Reading") < said.index(STOPPING), "and how far it is stays"


def test_notices_and_waits_are_said_in_words():
    said = show(
        listening(),
        Notice("warning", "Links expire soon."),
        Waiting("2026-11-23T10:00:00Z", "TikTok prepares the file."),
    )
    assert "Links expire soon." in said
    assert "Waiting until 2026-11-23 10:00 UTC: TikTok prepares the file." in said


@pytest.mark.parametrize("verbose", [True, False])
def test_items_are_said_when_asked_for_and_trouble_always(verbose):
    said = show(
        listening(verbose=verbose),
        ItemSettled("post:1", "post", "confirmed"),
        ItemSettled("post:2", "post", "failed", reason="it is too large"),
    )
    assert ("post:1" in said) is verbose
    assert "post:2" in said
    assert "it is too large" in said


def test_what_goes_wrong_for_one_reason_is_said_once():
    said = show(
        listening(),
        *[
            ItemSettled(f"post:{n}", "post", "failed", reason=f"No room left to write /d/{n}.mp4.")
            for n in range(20)
        ],
        ItemSettled("post:x", "post", "failed", reason="It is too large."),
    )
    assert said.splitlines() == [
        "post:0: No room left to write /d/0.mp4.",
        "The same goes for more; they are listed at the end.",
        "post:x: It is too large.",
    ]
