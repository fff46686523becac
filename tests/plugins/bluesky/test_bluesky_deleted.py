"""What a person deletes or edits at Bluesky: it is told, and comes back only when asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from bluesky_runs import COLLECTION, LONG, Place, post
from cli_run import Cli
from decamp import ConfigError
from decamp_bluesky.signin import VARIABLE
from pds_run import Account, Pds


def delete(pds: Pds, account: Account, name: str) -> None:
    where = {"repo": account.did, "collection": COLLECTION, "rkey": name.partition("/")[2]}
    pds.call("com.atproto.repo.deleteRecord", where, account.token)


def edit(pds: Pds, account: Account, name: str) -> None:
    record = {"$type": COLLECTION, "text": "By hand", "createdAt": "2026-01-01T00:00:00Z"}
    where = {"repo": account.did, "collection": COLLECTION, "rkey": name.partition("/")[2]}
    pds.call("com.atproto.repo.putRecord", {**where, "record": record}, account.token)


def named(pds: Pds, account: Account, text: str) -> str:
    there = pds.repository(account.did)
    return next(name for name, one in there.items() if one["text"].startswith(text))


def test_what_was_deleted_there_is_not_called_there_already(
    place: Place, pds: Pds, account: Account
) -> None:
    items = [post(1, "One"), post(2, "Two"), post(3, LONG)]
    assert place.run(*items)["verdict"]["complete"]
    delete(pds, account, named(pds, account, "Two"))
    delete(pds, account, max(pds.repository(account.did)))  # the end of the thread
    there = pds.repository(account.did)

    for dry_run in (True, False):
        told = place.run(*items, dry_run=dry_run)
        counts = {"found": 3, "unchanged": 3, "deleted": 2}
        assert (told["counts"]["post"], told["exit_code"]) == (counts, 0)
        assert [(one["item"], one["state"]) for one in told["problems"]] == [
            (items[1].id, "deleted"),
            (items[2].id, "deleted"),
        ]
        assert "a part of it" in told["problems"][1]["reason"]
    assert not told["verdict"]["complete"]
    assert "2 items were deleted there since" in told["verdict"]["reasons"][0]
    assert told["proof"]["before"] == 1
    assert pds.repository(account.did) == there


def test_also_if_the_source_has_a_new_version_of_it(
    place: Place, pds: Pds, account: Account
) -> None:
    place.run(post(1, "One"))
    delete(pds, account, named(pds, account, "One"))
    told = place.run(post(1, "One, and more"))
    assert told["counts"]["post"] == {"found": 1, "unchanged": 1, "deleted": 1}
    assert pds.repository(account.did) == {}


def test_a_person_is_told_and_can_have_it_sent_again(
    bundle: Path, pds: Pds, account: Account, tmp_path: Path
) -> None:
    cli = Cli(tmp_path / "home")
    to = (str(bundle), f"bluesky:{account.handle}", "-o", f"to.server={pds.url}")
    variables = {"DECAMP_SECRETS": "file", VARIABLE: account.app_password}
    brought = cli("transfer", *to, "--yes", "--json", **variables).document
    whole = pds.repository(account.did)
    one, other = list(whole)[:2]
    delete(pds, account, one)
    delete(pds, account, other)

    planned = " ".join(cli("plan", *to, **variables).err.split())
    assert "2 posts are not sent again: they have been deleted there." in planned
    again = cli("transfer", *to, "--yes", "--json", **variables)
    told = " ".join(again.err.split())
    assert f"There already {brought['counts']['post']['delivered'] - 2} posts" in told
    assert "Deleted there 2 posts" in told
    assert "decamp resolve --again ITEM" in told
    first = next(one["item"] for one in again.document["problems"] if one["state"] == "deleted")

    assert cli("resolve", "--again", "post:2001-01-01T00:00:00Z", **variables).code == 2
    settled = cli("resolve", "--again", first, "--json", **variables).document
    assert (settled["again"], settled["open"]) == (1, [])
    assert {one, other}.isdisjoint(pds.repository(account.did))
    sent = cli("transfer", *to, "--yes", "--json", **variables).document["counts"]["post"]
    assert (sent["delivered"], sent["deleted"]) == (1, 1)
    assert len(pds.repository(account.did)) == len(whole) - 1


def test_a_thread_that_is_there_in_part_cannot_be_sent_again(
    place: Place, pds: Pds, account: Account
) -> None:
    item = post(1, LONG)
    place.run(item)
    delete(pds, account, max(pds.repository(account.did)))
    with pytest.raises(ConfigError, match=r"A part of .* is still at") as caught:
        place.resolve(item.id)
    assert "Delete the rest" in caught.value.hint
    for name in pds.repository(account.did):
        delete(pds, account, name)
    assert place.resolve(item.id, item.id)["again"] == 1
    assert place.run(item)["counts"]["post"]["delivered"] == 1
    with pytest.raises(ConfigError, match="Nothing is open"):
        place.resolve(item.id)


def test_a_thread_that_was_deleted_in_part_is_not_gone(
    place: Place, pds: Pds, account: Account
) -> None:
    place.run(post(1, "One"), post(2, LONG))
    delete(pds, account, max(pds.repository(account.did)))
    [found] = place.verify()["problems"]
    assert (found["problem"], len(found["places"])) == ("partial", 1)


def test_an_undo_announces_what_it_will_do(place: Place, pds: Pds, account: Account) -> None:
    place.run(post(1, "One"), post(2, "Two"), post(3, "Three"), post(4, LONG))
    edit(pds, account, named(pds, account, "One"))
    delete(pds, account, named(pds, account, "Two"))
    delete(pds, account, max(pds.repository(account.did)))  # the end of the thread

    announced = place.undo(dry_run=True)
    assert (announced["remove"], announced["gone"]) == (2, 1)
    assert [one["reason"] for one in announced["stays"]] == ["somebody has edited it there"]
    done = place.undo()
    assert (done["remove"], done["removed"], done["gone"]) == (2, 2, 1)
    assert [one["item"] for one in done["stays"]] == [one["item"] for one in announced["stays"]]
    assert [one["text"] for one in pds.repository(account.did).values()] == ["By hand"]
