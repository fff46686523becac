"""A bundle as a destination: one importer for every place that a bundle can lie in."""

from decamp.bundle.writing.importer import BundleImporter
from decamp.bundle.writing.survey import LONGEST, is_clutter, marker_of, seal

__all__ = ["LONGEST", "BundleImporter", "is_clutter", "marker_of", "seal"]
