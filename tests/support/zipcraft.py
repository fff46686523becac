"""Zip files for tests: sound ones by `zipfile`, and hostile ones by patching their headers."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Mapping

EXPORT = {
    "Your Activity": {
        "Watch History": {
            "VideoList": [
                {"Date": f"2024-01-01 00:00:{n % 60:02}", "Link": f"https://example.com/{n * 7919}"}
                for n in range(400)
            ]
        }
    }
}
EXPORT_JSON = json.dumps(EXPORT, indent=2).encode()

LOCAL = b"PK\3\4"
CENTRAL = b"PK\1\2"
END = b"PK\5\6"


def make_zip(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Zip some files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2024, 5, 6, 7, 8, 10)), data, method)
    return out.getvalue()


def export_zip(data: bytes = EXPORT_JSON, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Zip one export."""
    return make_zip({"user_data_tiktok.json": data}, method)


def patch(raw: bytes, sign: bytes, offset: int, layout: str, *values: int | bytes) -> bytes:
    """Overwrite fields at an offset in the first record with this signature."""
    at = raw.index(sign) + offset
    packed = struct.pack("<" + layout, *values)
    return raw[:at] + packed + raw[at + len(packed) :]


def patch_both(raw: bytes, local: int, central: int, layout: str, *values: int) -> bytes:
    """Overwrite the same fields in the first local header and the first directory record."""
    return patch(patch(raw, LOCAL, local, layout, *values), CENTRAL, central, layout, *values)
