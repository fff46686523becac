"""A receipt as a page to print and to keep: one file, no script, nothing loaded from elsewhere.

Names come from a service and from other people, so they reach the page only through an
escaping template, under a policy (CSP Level 3) that allows one style sheet, by its hash.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from decamp.cli import statement
from decamp.cli.checks import check_commands
from decamp.cli.troubles import cause
from decamp.cli.words import by_kind, moment, number, printable, several, size
from decamp.report.verdict import there_already

__all__ = ["receipt_page"]

_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'sha256-{}'"
_STATES = {
    "done": "It came to its end.",
    "partial": "It came to its end, and left something open.",
    "stopped": "It was stopped by an error.",
    "waiting": "It ended because the source needs more time.",
    "interrupted": "It was interrupted.",
}
_COLUMNS = (
    ("found", "In the export"),
    ("delivered", "Arrived"),
    ("updated", "Brought up to date"),
    ("unchanged", "There already"),
    ("incomplete", "Without all media"),
    ("failed", "Failed"),
    ("conflict", "In conflict"),
    ("unknown", "In doubt"),
    ("held", "Held back"),
    ("rejected", "Kept as it came"),
    ("withheld", "Changed, not sent"),
    ("superseded", "Newer version there"),
    ("kept", "Settled by you"),
    ("deleted", "Deleted there"),
    ("trimmed", "Without others' part"),
    ("left_out", "About others, left out"),
    ("skipped", "Not taken there"),
    ("not_asked", "Not asked for"),
)
_ALWAYS = ("found", "delivered", "unchanged")
_EXAMPLES = 200
"""The most entries of one list; the JSON of the receipt has more."""


def receipt_page(receipt: Mapping[str, Any], *, undone: bool = False) -> bytes:
    """Make the page.

    Args:
        receipt: Valid by ``receipt.schema.json``, of this version or an earlier one.
        undone: The run was taken back since.
    """
    # Only who asks for a page pays for these.
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    loader = PackageLoader("decamp.cli")
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=lambda value: printable(value) if type(value) is str else value,
    )
    style, _, _ = loader.get_source(environment, "receipt.css")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    template = environment.get_template("receipt.html")
    text = template.render(
        policy=_POLICY.format(digest),
        style=Markup(style),  # noqa: S704 (our own file, not data)
        undone=undone,
        **_content(receipt),
    )
    return text.encode("utf-8", "replace")


def _content(receipt: Mapping[str, Any]) -> dict[str, Any]:
    source, destination, media = receipt["source"], receipt["destination"], receipt["media"]
    judged = receipt["verdict"]
    account = source["account"]
    place = destination.get("title") or destination["plugin"]
    facts = [
        ("Account", ", ".join(account) or "the export does not say"),
        ("Exported", statement.exported(receipt)),
        ("From", source["title"]),
        ("To", place),
        ("The copy", statement.where(receipt)),
        ("Asked for", statement.asked(receipt)),
        ("Other people", statement.people(receipt)),
        ("Begun", moment(receipt["started"])),
        ("Ended", f"{moment(receipt['ended'])}. {_STATES[receipt['state']]}"),
        ("Media files", f"{number(media['stored'])} stored by this run ({size(media['bytes'])})"),
    ]
    check = check_commands(destination)
    return {
        "owner": account[0] if account else "",
        "run": receipt["run"],
        "complete": judged["complete"],
        "headline": "Complete" if judged["complete"] else "Not complete",
        "verdict": _opening(receipt),
        "reasons": judged["reasons"],
        "remarks": judged.get("remarks", ()),
        "error": receipt.get("error"),
        "facts": [(name, text) for name, text in facts if text],
        "table": _table(receipt["counts"]),
        "proof": statement.proof(receipt),
        "not_covered": receipt.get("proof", {}).get("not_covered", ()),
        "missing": _listed(media["missing"], receipt["unlisted"]["missing"]),
        "missing_count": len(media["missing"]) + receipt["unlisted"]["missing"],
        "problems": _listed(receipt["problems"], receipt["unlisted"]["problems"]),
        "problem_count": len(receipt["problems"]) + receipt["unlisted"]["problems"],
        "never": judged["never_exported"],
        "consent": statement.consent(receipt),
        "check": check,
        "versions": _versions(receipt),
    }


def _opening(receipt: Mapping[str, Any]) -> str:
    """Give the verdict; its reasons stand below it, in a list."""
    if receipt["verdict"]["complete"]:
        return statement.verdict(receipt)
    return "Not everything in this export is proved to be at the destination, because"


def _table(counts: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    counts = {
        kind: {**columns, "unchanged": there_already(kind, columns)}
        for kind, columns in counts.items()
    }
    sums: Counter[str] = Counter()
    for columns in counts.values():
        sums.update(columns)
    shown = [(key, head) for key, head in _COLUMNS if key in _ALWAYS or sums[key]]
    rows = [
        (several(kind), [number(columns.get(key, 0)) for key, _ in shown])
        for kind, columns in by_kind(counts)
    ]
    return {"heads": [head for _, head in shown], "rows": rows}


def _listed(entries: Sequence[Mapping[str, str]], unlisted: int) -> dict[str, Any]:
    """Put entries of one reason together, the most frequent first."""
    groups: dict[str, tuple[str, list[str]]] = {}
    for entry in entries[:_EXAMPLES]:
        name = f"{entry['item']}  {entry['name']}" if "name" in entry else entry["item"]
        groups.setdefault(cause(entry["reason"]), (entry["reason"], []))[1].append(name)
    return {
        "groups": sorted(groups.values(), key=lambda group: -len(group[1])),
        "more": max(0, len(entries) - _EXAMPLES) + unlisted,
    }


def _versions(receipt: Mapping[str, Any]) -> str:
    source, destination = receipt["source"]["plugin"], receipt["destination"]["plugin"]
    version = receipt.get("version", "")
    said = f"Written by decamp {version}".rstrip() + f", from {source} to {destination}"
    fingerprint = receipt["source"].get("fingerprint")
    return f"{said}; fingerprint of the export {fingerprint}." if fingerprint else f"{said}."
