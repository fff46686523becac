"""The tag files of a BagIt bag, version 1.0 (RFC 8493).

Nothing in them depends on the time, the machine or the number of a run: the optional
Bagging-Date is left out, so the same content gives the same bytes.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterable, Iterator

from decamp.bundle.entries import File
from decamp.model import Account

__all__ = [
    "BAG_DECLARATION",
    "BAG_INFO",
    "MANIFEST",
    "PAYLOAD",
    "TAG_MANIFEST",
    "bag_declaration",
    "bag_info",
    "decode_path",
    "encode_path",
    "manifest",
    "manifest_entries",
    "manifest_line",
    "read_manifest",
]

BAG_DECLARATION = "bagit.txt"
BAG_INFO = "bag-info.txt"
MANIFEST = "manifest-sha256.txt"
TAG_MANIFEST = "tagmanifest-sha256.txt"
PAYLOAD = "data"

_DIGEST = re.compile(r"[0-9a-f]{64}")
_PLAIN = re.compile(r"[%\r\n]")
_ENCODED = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_CODES = re.compile("%(?:25|0D|0A)", re.IGNORECASE)
_DECODED = {code: character for character, code in _ENCODED.items()}


def bag_declaration() -> bytes:
    """Write ``bagit.txt`` (section 2.1.1)."""
    return b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


def bag_info(account: Account, files: int, size: int) -> bytes:
    """Write ``bag-info.txt`` (section 2.2.2).

    Args:
        files: How many there are in the payload.
        size: Bytes of all of them.
    """
    lines = ["Bag-Software-Agent: decamp"]
    lines += [f"External-Identifier: {_one_line(name)}" for name in _names(account)]
    lines += ["External-Description: Personal data of one account, in the decamp bundle format"]
    lines += [f"Payload-Oxum: {size}.{files}"]
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")


def encode_path(path: str) -> str:
    """Write a path for a manifest (section 2.1.3): CR, LF and % as percent signs and digits."""
    return _PLAIN.sub(lambda found: _ENCODED[found[0]], path)


def decode_path(text: str) -> str:
    """Read a path of a manifest."""
    return _CODES.sub(lambda found: _DECODED[found[0].upper()], text)


def manifest(files: Iterable[File]) -> bytes:
    """Write the manifest of a few files (sections 2.1.3 and 2.2.1), in order of paths."""
    lines = sorted((encode_path(file.path), file.sha256) for file in files)
    return b"".join(manifest_line(sha256, path) for path, sha256 in lines)


def manifest_line(sha256: str, path: str) -> bytes:
    """Write the line of one file, given its path as `encode_path` writes it."""
    return f"{sha256}  {path}\n".encode()


def read_manifest(data: bytes) -> dict[str, str]:
    """Read a whole manifest into memory: digest by path in normal form C."""
    return dict(manifest_entries(data))


def manifest_entries(data: bytes) -> Iterator[tuple[str, str]]:
    """Go through a manifest: paths in normal form C, and digests. What is no line of one is left out."""
    for line in io.TextIOWrapper(io.BytesIO(data), "utf-8", "replace"):
        for text in line.splitlines():  # it takes more signs for the end of a line
            digest, _, path = text.partition("  ")
            if _DIGEST.fullmatch(digest):
                yield unicodedata.normalize("NFC", decode_path(path)), digest


def _names(account: Account) -> tuple[str, ...]:
    return account.names if account.id is None else (account.id, *account.names)


def _one_line(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+", " ", text).strip()
