"""An inspection in words: what a source holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from decamp.cli.output import Output
from decamp.cli.words import command_line, moment, no_data, number, plural, size

__all__ = ["show_inspection"]

_GENERATIONS = {"A": "2021 to 2023", "B": "2024 to early 2025", "C": "2025", "D": "2026"}
_EXAMPLES = 10


def show_inspection(output: Output, inspection: Mapping[str, Any], source: str) -> None:
    """Tell a person what a source holds.

    Args:
        output: Where to tell it.
        inspection: Valid by ``inspection.schema.json``.
        source: What was named as SOURCE, for the next command.
    """
    links = _links(inspection["media_links"])
    if links and inspection["media_links"]["expired"]:
        output.warn(links)
    output.say(inspection["file"], "bold")
    output.facts(_facts(inspection))
    _sections(output, inspection["sections"])
    _unknown(output, inspection["unknown_sections"], inspection["unknown_fields"])
    output.say()
    if all("empty" in one for one in inspection["sections"]):
        output.final(no_data({}))
    else:
        output.final(links or _media(inspection))
    output.say("Nothing was changed. To see what a transfer would do:")
    output.command(command_line("decamp", "plan", source, "FOLDER"))


def _sections(output: Output, sections: Sequence[Mapping[str, Any]]) -> None:
    """Show what has entries line by line, and only name or count the rest."""
    listed = [one for one in sections if one["entries"] or one.get("kept")]
    raw = [one["path"] for one in sections if one not in listed and "empty" not in one]
    empty = len(sections) - len(listed) - len(raw)
    output.say()
    output.table(
        ["section", "entries", "when", "becomes"],
        [
            [
                _title(one["path"]),
                number(one["entries"] + one.get("kept", 0)),
                _span(one["first"], one["last"]),
                one["becomes"].removeprefix("event:"),
            ]
            for one in listed
        ],
    )
    alone = [path for path in raw if not any(_within(one["path"], path) for one in listed)]
    if alone:
        names = ", ".join(path.rpartition("/")[2] for path in alone)
        output.say(f"Kept as they are, as other sections: {names}.")
    if empty:
        output.say(f"{plural(empty, 'section')} with nothing inside.")


def _title(path: str) -> str:
    """Name a section without its category and without the key of its list."""
    parts = path.split("/")
    return "/".join(parts[1:-1]) if len(parts) > 2 else path


def _span(first: str | None, last: str | None) -> str:
    """Write from which month to which: ``2019-03 to 2026-11``."""
    return f"{first[:7]} to {last[:7]}" if first and last else ""


def _within(path: str, section: str) -> bool:
    """Tell whether a list lies in a section, whose own line says nothing more then."""
    return path.startswith(f"{section}/")


def _facts(inspection: Mapping[str, Any]) -> list[tuple[str, str]]:
    as_of = inspection["as_of"]
    return [
        ("Account", inspection["account"] or "the export does not say"),
        ("Exported", moment(as_of) if as_of else "the export does not say"),
        ("Format", _format(inspection)),
        ("Size", size(inspection["size"])),
    ]


def _links(links: Mapping[str, Any]) -> str:
    """Say how many links still work, and until when; empty where there are none."""
    total, expired = links["total"], links["expired"]
    if not total:
        return ""
    files = plural(total, "media file")
    again = "Ask for a new copy of your data to get the rest."
    if expired == total:
        return f"The links to all {files} have expired. {again}"
    soon = ""
    if links["next_expiry"]:
        soon = f" Transfer before {moment(links['next_expiry'])}: links stop working then."
    if expired:
        return f"The links to {number(expired)} of {files} have expired. {again}{soon}"
    return f"It links to {files}.{soon}"


def _media(inspection: Mapping[str, Any]) -> str:
    """Say what media there are where no links lead to any."""
    if "bundle" not in inspection:
        return "It links to no media files."
    media = inspection["bundle"]["media"]
    return f"It holds {plural(media, 'media file') if media else 'no media files'}."


def _format(inspection: Mapping[str, Any]) -> str:
    if "bundle" in inspection:
        bundle = inspection["bundle"]
        state = "" if bundle["complete"] else ", whose last run has not come to its end"
        return f"bundle, from {bundle['service'] or 'an unknown service'}{state}"
    guess = inspection["generation"]["guess"]
    age = _GENERATIONS.get(guess, guess) or "unknown"
    if inspection["generation"]["certainty"] == "likely":
        age = f"{age}, most likely"
    return f"{inspection['source']}, {age}"


def _unknown(output: Output, sections: Sequence[str], fields: Sequence[Mapping[str, Any]]) -> None:
    if not sections and not fields:
        return
    output.say()
    output.say("This version of decamp does not know the following. It is kept as it is:")
    names = [*sections, *(f"{field['path']}: {field['field']}" for field in fields)]
    for name in names[:_EXAMPLES]:
        output.say(f"  {name}")
    if len(names) > _EXAMPLES:
        output.say(f"  ... and {number(len(names) - _EXAMPLES)} more; see them with --json")
