"""The tag files of a BagIt bag, version 1.0 (RFC 8493).

Nothing in them depends on the time, the machine or the number of a run: the optional
Bagging-Date is left out, so the same content gives the same bytes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from io import BytesIO

from decamp.bundle.contents import File
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
    "read_manifest",
]

BAG_DECLARATION = "bagit.txt"
BAG_INFO = "bag-info.txt"
MANIFEST = "manifest-sha256.txt"
TAG_MANIFEST = "tagmanifest-sha256.txt"
PAYLOAD = "data"

_DIGEST = re.compile(r"[0-9a-f]{64}")
_ENCODED = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_DECODED = {code: character for character, code in _ENCODED.items()}


def bag_declaration() -> bytes:
    """Write ``bagit.txt`` (section 2.1.1)."""
    return b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


def bag_info(account: Account, files: Iterable[File]) -> bytes:
    """Write ``bag-info.txt`` (section 2.2.2)."""
    sizes = [file.size for file in files]
    lines = ["Bag-Software-Agent: decamp"]
    lines += [f"External-Identifier: {_one_line(name)}" for name in _names(account)]
    lines += ["External-Description: Personal data of one account, in the decamp bundle format"]
    lines += [f"Payload-Oxum: {sum(sizes)}.{len(sizes)}"]
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")


def encode_path(path: str) -> str:
    """Write a path for a manifest (section 2.1.3): CR, LF and % as percent signs and digits."""
    return re.sub(r"[%\r\n]", lambda found: _ENCODED[found[0]], path)


def decode_path(text: str) -> str:
    """Read a path of a manifest."""
    return re.sub(
        "%(25|0D|0A)", lambda found: _DECODED[found[0].upper()], text, flags=re.IGNORECASE
    )


def manifest(files: Iterable[File]) -> bytes:
    """Write a manifest (sections 2.1.3 and 2.2.1), in order of paths."""
    text = BytesIO()  # line by line: there can be hundreds of thousands
    for file in sorted(files, key=lambda file: encode_path(file.path)):
        text.write(f"{file.sha256}  {encode_path(file.path)}\n".encode())
    return text.getvalue()


def read_manifest(data: bytes) -> dict[str, str]:
    """Read a manifest: digest by path in normal form C. What is no line of one is left out."""
    found = {}
    for line in data.decode("utf-8", "replace").splitlines():
        digest, _, path = line.partition("  ")
        if _DIGEST.fullmatch(digest):
            found[unicodedata.normalize("NFC", decode_path(path))] = digest
    return found


def _names(account: Account) -> tuple[str, ...]:
    return account.names if account.id is None else (account.id, *account.names)


def _one_line(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+", " ", text).strip()
