"""The made-up people who have an account, inside and outside of the region."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from attrs import field, frozen

from decamp_tiktok.sandbox.options import Counts

__all__ = ["EEA_AND_UK", "USERS", "User"]

EEA_AND_UK = frozenset(
    [
        "AT",
        "BE",
        "BG",
        "CY",
        "CZ",
        "DE",
        "DK",
        "EE",
        "ES",
        "FI",
        "FR",
        "GR",
        "HR",
        "HU",
        "IE",
        "IS",
        "IT",
        "LI",
        "LT",
        "LU",
        "LV",
        "MT",
        "NL",
        "NO",
        "PL",
        "PT",
        "RO",
        "SE",
        "SI",
        "SK",
        "GB",
    ]
)
"""Where the Data Portability API returns data: the European Economic Area and the UK."""


@frozen(kw_only=True)
class User:
    """A person with an account."""

    username: str
    seed: int
    """Another number is another history; the same one as in `ArchiveOptions`."""

    region: str = "IE"
    counts: Counts | float = field(factory=Counts)
    """Numbers, or a scale for `Counts.at_scale`."""

    keeps: timedelta | None = None
    """How long TikTok keeps histories; older rows are missing from every later copy."""

    archive: Path | None = None
    """A zip that every copy is, instead of one that is made; for tests of size."""

    @property
    def in_region(self) -> bool:
        """Tell whether TikTok gives this person's data to apps."""
        return self.region in EEA_AND_UK


USERS = (
    User(username="tide.and.toast", seed=7),
    User(username="harbour.lights", seed=11, region="GB", keeps=timedelta(days=180)),
    User(username="far.from.home", seed=13, region="US"),
)
"""Who is there unless something else is said."""
