"""Write a bundle with media to a path: ``make_bundle.py PATH FILES BYTES``."""

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
    """Give each post one file of made-up bytes."""
    root, files, size = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    log = logging.getLogger("bench")
    importer = DiskImporter(Context(Config(root), log, lambda: datetime.now(UTC), root.parent))
    importer.begin(Origin(Account(names=("bench.example",), service="tiktok")), "00")
    receipts = []
    for number in range(files):
        data = number.to_bytes(8, "big") * (size // 8)
        digest = hashlib.sha256(data).hexdigest()
        time = f"2024-01-01T{number // 3600:02d}:{number // 60 % 60:02d}:{number % 60:02d}Z"
        media = {"name": "1.mp4", "media_type": "video/mp4", "size": len(data), "sha256": digest}
        record = {"time": time, "type": "video", "audience": "private", "media": [media]}
        blob = Blob("1.mp4", "video/mp4", lambda data=data: io.BytesIO(data), len(data), digest)
        receipts.append(importer.import_item(Item(f"post:{time}", "post", record, (blob,))))
    importer.sync()
    importer.finish(sorted(receipts, key=lambda receipt: receipt.item_id))
    importer.close()


main()
