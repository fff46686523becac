"""The page about the sandbox says what it can do, all of it and nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from decamp_tiktok.sandbox.service import USERS, switches
from decamp_tiktok.sandbox.service.admin import admin_routes
from decamp_tiktok.sandbox.service.faults import ENDPOINTS, FaultName
from decamp_tiktok.sandbox.serving import OWN_OPTIONS

TEXT = (Path(__file__).parents[4] / "docs" / "sandbox.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return TEXT.partition(f"### {title}\n")[2].partition("\n##")[0]


def test_every_switch_is_there_with_its_answers_in_order():
    rows = re.findall(
        r"^\| `(\w+)` \| (.+?) \| (.+) \|$", section("What nobody knows"), re.MULTILINE
    )
    listed = [(name, tuple(re.findall(r"`([^`]+)`", some)), text) for name, some, text in rows]
    assert listed == [(one.name, one.answers, one.question) for one in switches()]


def test_every_fault_and_endpoint_is_there():
    text = section("What goes wrong")
    cells = [
        cell for row in re.findall(r"^\| (`.+?) \|", text, re.MULTILINE) for cell in row.split(", ")
    ]
    assert {cell.strip("`") for cell in cells} == set(get_args(FaultName))
    line = re.search(r"The endpoints are (.+)\.\n", text)
    assert tuple(re.findall(r"`(\w+)`", line[1])) == ENDPOINTS


def test_every_option_is_there():
    assert set(re.findall(r"^\| `-o (\w+)=", TEXT, re.MULTILINE)) - {"NAME"} == set(OWN_OPTIONS)


def test_every_address_for_programs_is_there(client):
    paths = {route.path for route in admin_routes(client.server.simulator)} - {"/"}
    assert set(re.findall(r"8640(/sandbox/\w+)", section("By program"))) == paths


def test_everybody_is_there():
    assert all(f"`{user.username}`" in TEXT for user in USERS)
