"""Addresses: one way to write each, and none with a secret in it."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decamp import ConfigError
from decamp_webdav.address import Address, name_key
from decamp_webdav.multistatus import path_of


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("https://cloud.example/dav/TikTok", "https://cloud.example/dav/TikTok"),
        ("HTTPS://Cloud.Example:443/dav/TikTok/", "https://cloud.example/dav/TikTok"),
        ("https://cloud.example:8443/a b", "https://cloud.example:8443/a%20b"),
        ("https://cloud.example/a%20b/%c3%a9", "https://cloud.example/a%20b/%C3%A9"),
        ("https://cloud.example/é+&=%25", "https://cloud.example/%C3%A9%2B%26%3D%25"),
        ("davs://cloud.example/x", "https://cloud.example/x"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
        ("https://bücher.example/x", "https://xn--bcher-kva.example/x"),
        ("https://cloud.example", "https://cloud.example"),
    ],
)
def test_one_folder_has_one_address(typed: str, url: str) -> None:
    address = Address.parse(typed)
    assert address.url == url
    assert Address.parse(url) == address


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "cloud.example/dav",
        "ftp://cloud.example/dav",
        "https:///dav",
        "https://cloud.example/a/../b",
        "https://cloud.example/a//b",
        "https://cloud.example/a%2Fb",
        "https://cloud.example/a%00b",
        "https://cloud.example/a?b",
        "https://cloud.example/a#b",
        "https://cloud.example:port/a",
        "https://cloud.example:99999/a",
        "https://[::1/a",
        "https://cloud..example/a",
        f"https://{'a' * 64}.example/a",
        "https://cloud.example/%ff",
    ],
)
def test_what_is_no_folder_is_refused(typed: str) -> None:
    with pytest.raises(ConfigError) as error:
        Address.parse(typed)
    assert error.value.hint


@pytest.mark.parametrize(
    "typed",
    [
        "https://ada:s3cret@cloud.example/a",
        "https://ada@c.example/a",
        "https://ada:s3cret@cloud.example:port/a",
        "https://ada:a/s3cret@cloud.example/a",
        "https://ada:1#s3cret@cloud.example/a",
        "ada:s3cret@cloud.example/a",
        "https://ada:s3cret/a@b@cloud.example/a//b",
        "https://cloud.example/a?token=s3cret",
        "https://cloud.example/a#s3cret",
    ],
)
def test_a_password_in_an_address_is_refused_and_not_repeated(typed: str) -> None:
    with pytest.raises(ConfigError) as error:
        Address.parse(typed)
    assert "s3cret" not in error.value.message + error.value.hint


@given(st.text(st.characters(exclude_characters="/", exclude_categories=("Cs",)), min_size=1))
def test_any_name_comes_back(name: str) -> None:
    url = Address.parse("https://cloud.example/dav").at(f"data/{name}")
    assert url.isascii() and unquote(url) == f"https://cloud.example/dav/data/{name}"


def test_a_name_that_is_no_utf_8_comes_back() -> None:
    address = Address.parse("https://cloud.example/dav")
    name = path_of("/dav/caf%E9.txt").rpartition("/")[2]
    assert address.at(name) == "https://cloud.example/dav/caf%E9.txt"


def test_folders_from_the_outermost_on() -> None:
    address = Address.parse("https://cloud.example/a/b c")
    assert list(address.parents()) == ["https://cloud.example/a/", "https://cloud.example/a/b%20c/"]
    assert address.folder() == "https://cloud.example/a/b%20c/"
    assert address.folder("data") == "https://cloud.example/a/b%20c/data/"


def test_two_forms_of_a_name_are_one() -> None:
    assert name_key("a\u0308") == name_key("\u00e4") and name_key("A") != name_key("a")
