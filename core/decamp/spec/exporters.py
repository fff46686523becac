"""What a source declares and implements."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, Literal, Protocol, runtime_checkable

from attrs import frozen

from decamp.auth import Login, OAuth2
from decamp.model import Account, Item, Page
from decamp.spec.context import CONTRACT_VERSION, C, Context
from decamp.spec.sandboxes import Sandbox
from decamp.webhooks import Webhooks

__all__ = [
    "Exporter",
    "ExporterSpec",
    "Identifies",
    "Inspects",
    "RequestState",
    "RequestStatus",
    "Requests",
]


class Exporter(Protocol):
    """Reads from a source."""

    def export_pages(self, cursor: str | None) -> Iterator[Page]:
        """Yield everything the source holds, from the cursor's position on.

        The same item has the same id in every run. Starting from a cursor that a page of
        this run brought may repeat, but never skips. Blobs may be opened later, and more
        than once, until the exporter is closed. Pages with rows come before pages with
        items where both are in one stream, so that the account is known by then.

        Raises:
            SourceUnreadable: The source is damaged, hostile, or not for this plugin.
            NotReady: The source needs more time.
            Unavailable: Asking again from the last cursor may succeed.
        """
        ...


@runtime_checkable
class Identifies(Protocol):
    """An exporter that knows whose data it reads, and from when it is."""

    def account(self) -> Account:
        """Tell whose data it is. May be called at any time; cheap once pages were read."""
        ...

    def as_of(self) -> datetime | None:
        """Tell when the data was exported, if known; aware, UTC."""
        ...

    def fingerprint(self) -> str:
        """Tell which copy this is: the same for the same bytes, another for a newer export."""
        ...


@runtime_checkable
class Inspects(Protocol):
    """An exporter that can describe what its source holds, without mapping it."""

    def inspect(self) -> dict[str, Any]:
        """Describe the source: JSON, valid by ``inspection.schema.json``."""
        ...

    def skeleton(self) -> dict[str, Any]:
        """Describe structure and types only, with no value, safe to publish."""
        ...


RequestState = Literal["pending", "ready", "expired", "cancelled"]


@frozen
class RequestStatus:
    """How far a service is with a copy that was asked for."""

    state: RequestState
    until: datetime | None = None
    """Until when a copy that is ready can be fetched; aware, UTC; None if not known."""

    detail: str = ""
    """The service's own word for it."""


@runtime_checkable
class Requests(Protocol):
    """An exporter whose service makes a copy when it is asked, and needs time for it.

    The engine drives it: it writes down its intent before `request`, the id right after,
    asks `status` with patience, calls `download`, and then `export_pages`, which reads that
    file. After a doubt it never asks twice, unless `repeatable` says that this costs nothing.
    """

    def repeatable(self) -> bool:
        """Tell whether asking for one more copy uses nothing up. No network."""
        ...

    def request(self) -> str:
        """Ask for a new copy.

        Returns:
            Its id at the service.

        Raises:
            Unavailable: It may have been taken or not; `unsent` if surely not.
            RateLimited: Surely not taken.
            AuthError: Surely not taken: the grant does not allow it, or has been used up.
            ConfigError, SourceUnreadable, NotReady: Surely not taken, for another reason.
        """
        ...

    def status(self, request: str) -> RequestStatus:
        """Ask how far it is. A word of the service that is not known means pending.

        Raises:
            SourceUnreadable: The service does not know the request.
        """
        ...

    def download(self, request: str, file: Path) -> None:
        """Write the copy to a new private file, and make sure that it is whole.

        Raises:
            Unavailable: It broke off; the engine deletes the file and begins anew.
            NotReady: It is not there yet.
        """
        ...

    def cancel(self, request: str) -> None:
        """Give up a request; one that has ended already is fine."""
        ...

    def use(self, file: Path) -> None:
        """Read this file from now on; called before `export_pages`."""
        ...


@frozen(kw_only=True)
class ExporterSpec(Generic[C]):
    """A source, as data. Building one does no work."""

    name: str
    """Lower case, stable for ever: the word before the colon on the command line."""

    title: str
    """For people: ``TikTok``."""

    config: type[C]
    """An attrs class; see `decamp.options`."""

    create: Callable[[Context[C]], Exporter]
    kinds: frozenset[str]
    """The kinds of items and rows that it can bring."""

    mapping_version: int = 1
    """Raised when a release maps the same source to other records."""

    former: Callable[[Item, int], Item | None] | None = None
    """Gives an item as the mapping of an older version made it; None if that cannot be told.
    So a better mapping is told apart from a change at the source."""

    omits: tuple[str, ...] = ()
    """What this source never exports, one phrase each; every receipt says it."""

    recognises: Callable[[Path], bool] | None = None
    """Tells, cheaply, whether this path looks like this source; for bare paths."""

    takes_paths: bool = False
    """A bare path that no source recognises means this one: it says what is wrong with it."""

    auth: Callable[[C], OAuth2 | Login | None] | None = None
    """The sign-in that these settings need; None if they need none."""

    request_id: Callable[[str], str] | None = None
    """Reads the id of a request (see `Requests`) as a person types it; raises `ConfigError` for
    what cannot be one. None if that cannot be told."""

    webhooks: Callable[[str, Sequence[str]], Webhooks] | None = None
    """Verifies and reads what the service sends to an app by itself, given the app's key and its
    secrets (two while they are changed); None if it sends nothing."""

    sandbox: Callable[[], Sandbox] | None = None
    contract: int = CONTRACT_VERSION
