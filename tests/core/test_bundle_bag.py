from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from attrs import evolve

from bundle_items import entries_of, messages, post, profile, stock_of, watched
from decamp import Account, DestinationRefused, Origin
from decamp.bundle import (
    Entry,
    File,
    Marker,
    bag_declaration,
    bag_info,
    encode_path,
    manifest,
    read_marker,
    require_same_account,
)
from decamp.validation import require_valid

ADA = Account("1", ("ada",))


def test_paths_are_encoded_as_rfc_8493_says() -> None:
    assert encode_path("data/100%\r\n/é.jpg") == "data/100%25%0D%0A/é.jpg"


def test_a_manifest_is_in_order_of_paths() -> None:
    files = [File("data/b", 1, "b" * 64), File("data/a", 2, "a" * 64)]
    expected = f"{'a' * 64}  data/a\n{'b' * 64}  data/b\n"
    assert manifest(files) == manifest(files[::-1]) == expected.encode()


def test_tag_files_name_no_time_and_no_run() -> None:
    assert bag_declaration() == b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
    info = bag_info(Account(None, ("ada", "Åda\nx")), 2, 7)
    assert info.decode().splitlines() == [
        "Bag-Software-Agent: decamp",
        "External-Identifier: ada",
        "External-Identifier: Åda x",
        "External-Description: Personal data of one account, in the decamp bundle format",
        "Payload-Oxum: 7.2",
    ]


@pytest.mark.parametrize("account", [ADA, Account(), Account(None, ("a", "b"))])
def test_a_marker_is_valid_and_reads_back(account: Account) -> None:
    origin = Origin(account, datetime(2026, 11, 20, 9, tzinfo=UTC))
    for marker in (
        Marker(origin, {"post": 3}, complete=True),
        Marker(Origin(evolve(account, service="tiktok")), token="0123456789abcdef"),
    ):
        require_valid("bundle", msgspec.json.decode(marker.to_bytes()))
        assert read_marker(marker.to_bytes(), "here") == marker


def test_a_marker_may_have_fields_that_this_version_does_not_know() -> None:
    data = b'{"format": 1, "account": {"names": [], "x": 1}, "new": true}'
    assert read_marker(data, "here") == Marker(Origin(Account()))


def test_a_newer_format_is_refused_before_it_is_read() -> None:
    with pytest.raises(DestinationRefused, match="here is a bundle of format 9"):
        read_marker(b'{"format": 9, "account": "in some new way"}', "here")


def test_another_account_is_refused() -> None:
    require_same_account(None, ADA, "here")
    require_same_account(Account(None, ("old",)), ADA, "here")
    require_same_account(ADA, Account(None, ("new",)), "here")
    for held, new in (
        (ADA, Account("2", ("ada",))),
        (Account(service="tiktok"), Account(service="other")),
    ):
        with pytest.raises(DestinationRefused, match="another account"):
            require_same_account(held, new, "here")


def test_counts_are_of_rows_and_items(tmp_path: Path) -> None:
    entries = entries_of([post(), profile(), messages(count=3), messages("bob", 4), watched(5)])
    for some in (entries, entries[::-1]):
        with stock_of(tmp_path, some) as stock:
            assert stock.counts() == {"event": 5, "message": 7, "post": 1, "profile": 1}


def test_a_file_that_two_entries_name_is_listed_once(tmp_path: Path) -> None:
    entry = Entry("post", (File("data/a", 1, "x"),))
    with stock_of(tmp_path, [entry, entry]) as stock:
        assert (stock.total(), b"".join(stock.manifest())) == ((1, 1), b"x  data/a\n")


def test_a_file_knows_the_name_of_its_blob() -> None:
    plain = File("data/a/1.mp4", 1, "x", 1_700_000_000_000_000)
    renamed = File("data/a/con~x.jpg", 1, "x", None, "CON.jpg")
    assert (plain.blob_name, renamed.blob_name) == ("1.mp4", "CON.jpg")
    entry = Entry("post", (plain, renamed))
    assert Entry.from_data(entry.to_data()) == entry
    assert plain.to_data() == ["data/a/1.mp4", 1, "x", 1_700_000_000_000_000]


def test_an_entry_survives_its_receipt() -> None:
    for entry in entries_of([post(), watched()]):
        assert Entry.from_data(entry.to_data()) == entry
