"""A bundle as a source: one exporter for every place that a bundle can lie in."""

from decamp.bundle.reading.exporter import BundleExporter
from decamp.bundle.reading.reader import BundleReader, Found

__all__ = ["BundleExporter", "BundleReader", "Found"]
