"""What a receipt states, as sentences: for the terminal and for the page alike.

Receipts of earlier versions lack some parts; what they do not say is not made up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from decamp.cli.words import day, moment, no_data, number, people_words, plural, several

__all__ = [
    "asked",
    "consent",
    "exported",
    "hollow",
    "not_covered",
    "people",
    "proof",
    "verdict",
    "where",
]

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")

_DEPTHS = {
    "digest": "byte for byte, by SHA-256",
    "size": "by length",
    "exists": "only for being there",
}
_WHERE = {
    "here": "On this computer: make a second copy on another disk.",
    "network": "In a folder of another computer, as it was connected to this one.",
    "elsewhere": "Not on this computer.",
}


def verdict(receipt: Mapping[str, Any]) -> str:
    """Say whether everything is there, and if not, why."""
    judged = receipt["verdict"]
    if not judged["complete"]:
        reasons = "; ".join(judged["reasons"])
        return f"Not everything in this export is proved to be at the destination: {reasons}."
    return no_data(receipt["counts"]) or (
        "Everything in this export is proved to be at the destination."
    )


def proof(receipt: Mapping[str, Any]) -> list[str]:
    """Say how that is proved."""
    proved = receipt.get("proof")
    if proved is None and "proof" in receipt["verdict"]:
        return [receipt["verdict"]["proof"]]
    if proved is None:
        return ["This receipt is from an earlier version of decamp, which did not note it."]
    written, before = proved["written"], proved["before"]
    said = []
    if written or before:
        said.append(
            f"{_entries(written)} of this export {_was(written)} written by this run, and "
            f"{number(before)} {_was(before)} there from earlier runs. {proved['how']}"
        )
    else:
        said.append("No entry of this export was proved to be there with all that belongs to it.")
    said += [
        f"Read back later: {number(one['items'])} of the {plural(proved['held'], 'item')} of this "
        f"account that are there, {_DEPTHS[one['depth']]}; none longer ago than "
        f"{moment(one['since'])}."
        for one in proved["read_back"]
    ]
    if proved["held"] and not proved["read_back"]:
        said.append("Nothing was read back later.")
    return said


def not_covered(receipt: Mapping[str, Any]) -> str:
    """Say what the verdict does not speak about."""
    said = "; ".join(receipt.get("proof", {}).get("not_covered", ()))
    return _TIME.sub(lambda found: moment(found[0]), said)


def asked(receipt: Mapping[str, Any]) -> str:
    """Say what decamp was asked for."""
    return _selection(receipt["asked"])


def exported(receipt: Mapping[str, Any]) -> str:
    """Say from when the data is."""
    as_of = receipt["source"].get("as_of")
    return moment(as_of) if as_of else "The export does not say when it was made."


def hollow(receipt: Mapping[str, Any]) -> str:
    """Say that a service gave next to nothing, which has a reason; empty if it gave more."""
    consented = receipt.get("consent", {})
    asked = consented.get("basis") == "authorization" and not _may_all(consented)
    ended = receipt["state"] in ("done", "partial")
    if not (asked and ended) or any(
        receipt["counts"].get(kind, {}).get("found") for kind in ("post", "message", "event")
    ):
        return ""
    return (
        "The copy holds no posts, no messages and no activity. Either there are none, or they were "
        "not granted, or the service gives nothing of this account, for example because of the "
        "country that it is from."
    )


def people(receipt: Mapping[str, Any]) -> str:
    """Say what became of other people's names; empty if they are there as they are."""
    way = receipt.get("people", "keep")
    return "" if way == "keep" else people_words(way)


def where(receipt: Mapping[str, Any]) -> str:
    """Say whether the copy is on this computer."""
    return _WHERE.get(receipt["destination"].get("where", ""), "")


def consent(receipt: Mapping[str, Any]) -> str:
    """Say whose will it was."""
    given = receipt.get("consent")
    if given is None:
        return ""
    if given["basis"] == "file":
        return (
            f"You named {given['named']} to decamp, on {moment(given['given'])}, and asked for "
            f"{_selection(given['asked'])}."
        )
    if _may_all(given):
        return (
            f"You signed decamp in to {given['named']} on {moment(given['given'])}, by a user name and "
            "password or a token, so it may do all that this user may; and you asked for "
            f"{_selection(given['asked'])}."
        )
    said = f"{given['named']} gave decamp access on {moment(given['given'])}"
    for name, text in (("scopes", ", asked for {}"), ("granted", ", granted {}")):
        if name in given:
            said += text.format(", ".join(given[name]) or "nothing")
    if "until" in given:
        said += f", until {moment(given['until'])}"
    if "revoked" in given:
        said += f"; it was taken back on {moment(given['revoked'])}"
    return f"{said}."


def _may_all(given: Mapping[str, Any]) -> bool:
    """Tell whether the sign-in was one that knows no scopes, as that of a file server."""
    return given.get("scopes") == given.get("granted") == []


def _selection(chosen: Mapping[str, Any]) -> str:
    parts = []
    if "kinds" in chosen:
        parts.append(", ".join(several(kind) for kind in chosen["kinds"]))
    if "since" in chosen:
        parts.append(f"from {day(chosen['since'])} on")
    if "until" in chosen:
        parts.append(f"before {day(chosen['until'])}")
    if "limit" in chosen:
        parts.append(f"at most {plural(chosen['limit'], 'item')}")
    return ", ".join(parts) or "everything"


def _entries(count: int) -> str:
    return plural(count, "entry", "entries")


def _was(count: int) -> str:
    return "was" if count == 1 else "were"
