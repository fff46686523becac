"""The disk importer in the suite that every importer has to pass."""

from __future__ import annotations

from bundle_suite import DiskSuite


class TestDisk(DiskSuite):
    """All of it; nothing is skipped."""
