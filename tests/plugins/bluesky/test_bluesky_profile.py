"""The profile: changed only when asked for, and put back by undo, picture included."""

from __future__ import annotations

import httpx
import pytest

from bluesky_runs import blob, png
from decamp import Conflict, Item
from pds_run import Account, Pds

PROFILE = "app.bsky.actor.profile/self"
ITEM = Item(
    "profile",
    "profile",
    {"username": "ada", "display_name": "Ada \U0001f426", "bio": "I film birds.", "email": "a@b.c"},
    (blob("avatar.png", png(64, 64, 7)),),
)


@pytest.fixture
def before(pds: Pds, account: Account) -> dict:
    """Give the account a profile with a picture and a banner text of its own."""
    headers = {"Authorization": f"Bearer {account.token}", "Content-Type": "image/png"}
    url = f"{pds.url}/xrpc/com.atproto.repo.uploadBlob"
    uploaded = httpx.post(url, content=png(32, 32, 3), headers=headers, timeout=60).json()["blob"]
    record = {
        "$type": "app.bsky.actor.profile",
        "displayName": "Before",
        "avatar": uploaded,
        "pronouns": "she/her",
    }
    put(pds, account, record)
    return pds.repository(account.did)[PROFILE]


def put(pds: Pds, account: Account, record: dict) -> None:
    where = {"repo": account.did, "collection": "app.bsky.actor.profile", "rkey": "self"}
    pds.call("com.atproto.repo.putRecord", {**where, "record": record}, account.token)


def test_it_is_brought_and_the_rest_of_it_stays(make, pds: Pds, account: Account, before) -> None:
    importer = make(profile=True)
    importer.check()
    preview = importer.preview(ITEM)
    assert preview.before["displayName"] == "Before"
    assert preview.after["displayName"] == "Ada \U0001f426"

    receipt = importer.import_item(ITEM)

    now = pds.repository(account.did)[PROFILE]
    assert (now["displayName"], now["description"]) == ("Ada \U0001f426", "I film birds.")
    assert now["pronouns"] == "she/her"
    assert now["avatar"] != before["avatar"]
    assert "a@b.c" not in str(now)
    assert importer.import_item(ITEM).existed
    assert importer.find_item(ITEM) is not None
    [found] = importer.verify([receipt], "digest")
    assert not found.problem

    for _ in range(2):
        assert importer.remove(receipt, None) is None
        assert pds.repository(account.did)[PROFILE] == before
    assert len(pds.blobs(account.did)) == 1  # the server had dropped it, and has it again


def test_what_was_there_is_known_after_a_lost_answer(make, pds, account, before) -> None:
    importer = make(profile=True)
    importer.import_item(ITEM)

    again = importer.import_item(ITEM)  # the answer to the first never came

    assert again.data["before"]["displayName"] == "Before"
    importer.remove(again, None)
    assert pds.repository(account.did)[PROFILE] == before


def test_an_account_without_a_profile_has_none_afterwards(make, pds, account) -> None:
    importer = make(profile=True)
    receipt = importer.import_item(ITEM)
    assert PROFILE in pds.repository(account.did)
    importer.remove(receipt, None)
    assert pds.repository(account.did) == {}


def test_an_edit_of_the_person_wins(make, pds: Pds, account: Account, before) -> None:
    importer = make(profile=True)
    receipt = importer.import_item(ITEM)
    put(pds, account, {"$type": "app.bsky.actor.profile", "displayName": "By hand"})

    with pytest.raises(Conflict):
        importer.remove(receipt, None)
    with pytest.raises(Conflict):
        importer.update_item(ITEM, receipt)
    [found] = importer.verify([receipt], "size")
    assert found.problem == "changed"
    assert pds.repository(account.did)[PROFILE]["displayName"] == "By hand"


def test_an_older_export_adds_what_is_absent(make, pds: Pds, account: Account, before) -> None:
    importer = make(profile=True)
    record = {"username": "ada", "display_name": "Ada"}
    first = importer.import_item(Item("profile", "profile", record))
    left = pds.repository(account.did)[PROFILE]

    filled = importer.fill_item(ITEM, first)

    now = pds.repository(account.did)[PROFILE]
    assert filled.superseded  # its name and its picture stay out
    assert now == left | {"description": "I film birds."}
    assert importer.fill_item(ITEM, first).data == filled.data
    assert importer.fill_item(ITEM, filled).superseded
    assert pds.repository(account.did)[PROFILE] == now
    assert importer.remove(filled, first) == first
    assert pds.repository(account.did)[PROFILE] == left


def test_an_older_export_changes_nothing_that_a_person_edited(make, pds, account, before) -> None:
    importer = make(profile=True)
    first = importer.import_item(Item("profile", "profile", {"display_name": "Ada"}))
    put(pds, account, {"$type": "app.bsky.actor.profile", "displayName": "By hand"})
    with pytest.raises(Conflict):
        importer.fill_item(ITEM, first)
    assert pds.repository(account.did)[PROFILE]["displayName"] == "By hand"
