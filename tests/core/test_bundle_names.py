from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from decamp.bundle import safe_file_name, safe_name

HOSTILE = [
    "", ".", "..", "../../etc/passwd", "/absolute", "C:\\Windows", "a\\b", "a/b", "nul\0byte",
    "CON", "con", "aux.txt", "COM1.txt", "lpt9", "com\u00b9", "CONOUT$", "nul .txt", "trailing.",
    "trailing ", "-rf", ".hidden", "~", "a\nb", "a\rb", "100%", "x" * 300, "é" * 120, "😀" * 80,
    "e\u0301" * 60, "\u202egnp.exe", "zero\u200bwidth", "\ufeffbom", "\ud83d lone", "A", "\uff21", "ß",
    "\u017f", "\u0131", "\u0130", "\u212a", "Straße", "STRASSE", "a:stream", '<>|?*"', "\uffff", ".decamp-tmp-1",
]  # fmt: skip
DEVICES = {"con", "prn", "aux", "nul", "conin$", "conout$"} | {
    f"{port}{number}" for port in ("com", "lpt") for number in "0123456789¹²³"
}


def on_any_system(name: str) -> set[str]:
    """The ways in which file systems compare a name."""
    return {
        unicodedata.normalize(form, fold(name))
        for form in ("NFC", "NFD")
        for fold in (str.casefold, str.lower, str.upper)
    }


def assert_safe(name: str, max_bytes: int = 120) -> None:
    assert 0 < len(name.encode("utf-8")) <= max_bytes
    assert name[0] not in ".- "
    assert name[-1] not in ". "
    assert not set(name) & set('<>:"/\\|?*%\x00\r\n\x7f\u202e\u200b\ufeff')
    assert not any(ord(character) < 32 for character in name)
    assert name == unicodedata.normalize("NFC", name)
    assert name.split(".", maxsplit=1)[0].rstrip().lower() not in DEVICES


@pytest.mark.parametrize("name", ["alice", "user.name_1", "1.mp4", "a", "avatar.jpg", "2023-05"])
def test_simple_names_stay_as_they_are(name: str) -> None:
    assert safe_name(name) == name
    assert safe_file_name(name) == name


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_become_safe_and_change(text: str) -> None:
    for name in (safe_name(text), safe_file_name(text)):
        assert_safe(name)
        assert name != text


def test_hostile_names_stay_apart_on_any_system() -> None:
    texts = [*HOSTILE, "a", "strasse", "k", "s", "i", "e" * 60, "é" * 60, "com1.txt", "trailing"]
    seen: dict[str, str] = {}
    for text in texts:
        for form in on_any_system(safe_name(text)):
            assert seen.setdefault(form, text) == text


def test_a_changed_name_never_meets_a_name_that_was_given() -> None:
    marked = safe_name("Alice")
    assert marked.startswith("Alice~")
    assert safe_name(marked) != marked


def test_a_file_keeps_its_extension() -> None:
    assert safe_file_name("My Film.MP4").startswith("My Film~")
    assert safe_file_name("My Film.MP4").endswith(".mp4")


def test_cutting_never_splits_a_character() -> None:
    for length in range(40, 60):
        name = safe_name("😀" * 40, max_bytes=length)
        assert_safe(name, length)
        assert set(name.split("~")[0]) == {"😀"}


def test_too_little_room_is_a_fault_of_the_caller() -> None:
    with pytest.raises(ValueError, match="too few"):
        safe_name("Ä", max_bytes=20)


@given(st.text(st.characters(exclude_categories=()), max_size=80))
@example("CON.tar.gz")
def test_any_text_gives_a_safe_name(text: str) -> None:
    assert_safe(safe_name(text))
    assert_safe(safe_file_name(text))


LOOKALIKES = st.text("aAäÄa\u0308ßsS.K\u212a\u0131i\u0130~- ", max_size=6)


@given(LOOKALIKES, LOOKALIKES)
def test_distinct_texts_never_share_a_name(one: str, other: str) -> None:
    if one != other:
        for naming in (safe_name, safe_file_name):
            assert not on_any_system(naming(one)) & on_any_system(naming(other))
