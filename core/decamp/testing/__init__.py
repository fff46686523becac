"""For plugin authors: conformance suites, fakes, and sample data with the nasty cases.

A plugin's whole test file is one subclass::

    class TestShelf(ImporterSuite):
        @pytest.fixture
        def importer(self, tmp_path):
            return ShelfImporter(fake_context(Config(path=tmp_path), tmp_path))
"""

import pytest

pytest.register_assert_rewrite(
    "decamp.testing.exporter_suite",
    "decamp.testing.importer_afterwards",
    "decamp.testing.importer_base",
    "decamp.testing.importer_more",
    "decamp.testing.importer_suite",
    "decamp.testing.requests_suite",
)

from decamp.testing.exporter_suite import ExporterSuite  # noqa: E402
from decamp.testing.fakes import (  # noqa: E402
    MemoryImporter,
    ScriptedExporter,
    ScriptedRequests,
    fake_context,
)
from decamp.testing.importer_suite import ImporterSuite  # noqa: E402
from decamp.testing.requests_suite import RequestsSuite  # noqa: E402
from decamp.testing.samples import sample_items, segment_item  # noqa: E402

__all__ = [
    "ExporterSuite",
    "ImporterSuite",
    "MemoryImporter",
    "RequestsSuite",
    "ScriptedExporter",
    "ScriptedRequests",
    "fake_context",
    "sample_items",
    "segment_item",
]
