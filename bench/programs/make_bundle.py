"""Write a bundle with media to a path: ``make_bundle.py PATH POSTS FILES BYTES``."""

from __future__ import annotations

import hashlib
import io
import logging
import sys
from datetime import UTC, datetime
from pathlib import Path

from decamp import Account, Blob, Context, Item, Origin
from decamp_disk.config import Config
from decamp_disk.importer import DiskImporter


def main() -> None:
    """Give each post so many files of made-up bytes, no two of them alike."""
    root = Path(sys.argv[1])
    posts, files, size = (int(word) for word in sys.argv[2:])
    log = logging.getLogger("bench")
    importer = DiskImporter(Context(Config(root), log, lambda: datetime.now(UTC), root.parent))
    importer.begin(Origin(Account(names=("bench.example",), service="tiktok")), "00")
    receipts = []
    for number in range(posts):
        time = f"2024-01-01T{number // 3600:02d}:{number // 60 % 60:02d}:{number % 60:02d}Z"
        blobs = tuple(_blob(number * files + file, file + 1, size) for file in range(files))
        media = [
            {"name": one.name, "media_type": one.media_type, "size": one.size, "sha256": one.sha256}
            for one in blobs
        ]
        record = {"time": time, "type": "video", "audience": "private", "media": media}
        receipts.append(importer.import_item(Item(f"post:{time}", "post", record, blobs)))
    importer.sync()
    importer.finish(sorted(receipts, key=lambda receipt: receipt.item_id))
    importer.close()


def _blob(number: int, name: int, size: int) -> Blob:
    data = number.to_bytes(8, "big") * (size // 8)
    digest = hashlib.sha256(data).hexdigest()
    return Blob(f"{name}.mp4", "video/mp4", lambda: io.BytesIO(data), len(data), digest)


main()
