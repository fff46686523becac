"""The contract: what a plugin declares, and what it implements.

The required part is small: an exporter has `export_pages`, an importer has
`check` and `import_item`. Everything else is an optional protocol that the
engine finds by ``isinstance``, with a correct default where it is missing.

Plugins are synchronous. Retry, pacing, hashing, fetching of links, resuming,
progress, dry run and option parsing belong to the host.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar, runtime_checkable

from attrs import field, frozen

from decamp.auth import AppPassword, Grant, Login, OAuth2
from decamp.model import (
    Account,
    Depth,
    Destination,
    Finding,
    Holding,
    Item,
    Origin,
    Page,
    Preview,
    Receipt,
)
from decamp.webhooks import Webhooks

if TYPE_CHECKING:
    import httpx

__all__ = [
    "CONTRACT_VERSION",
    "Batches",
    "Begins",
    "Budget",
    "Closes",
    "Context",
    "Delivery",
    "Exporter",
    "ExporterSpec",
    "Fills",
    "Finds",
    "Finishes",
    "Identifies",
    "Importer",
    "ImporterCapabilities",
    "ImporterSpec",
    "Inspects",
    "Knows",
    "MemorySecrets",
    "Previews",
    "Probes",
    "Removes",
    "RequestState",
    "RequestStatus",
    "Requests",
    "Sandbox",
    "SandboxSession",
    "Secrets",
    "ServedSandbox",
    "Serves",
    "SignsIn",
    "Simulation",
    "Syncs",
    "Updates",
    "Verifies",
]

CONTRACT_VERSION = 1
"""Raised when a plugin written for the former version would stop working."""

C = TypeVar("C")

Delivery = Literal["idempotent", "reconcilable", "blind"]
"""What the engine may do after a doubt: repeat the call; ask `Finds.find_item` first;
or neither, and list the item as unknown."""


class Secrets(Protocol):
    """Keeps texts that nobody else may read, by name. A plugin meets its own alone."""

    def get(self, name: str) -> str | None:
        """Give a secret; None if there is none of this name."""
        ...

    def set(self, name: str, value: str) -> None:
        """Keep a secret, durably on return.

        Raises:
            ConfigError: It cannot be kept here; the hint says what to do.
        """
        ...

    def delete(self, name: str) -> None:
        """Forget a secret; none of this name is fine."""
        ...


class MemorySecrets:
    """Keeps secrets for as long as it lives, and no longer: for surroundings without a home."""

    def __init__(self) -> None:
        self._kept: dict[str, str] = {}

    def get(self, name: str) -> str | None:
        """Give a secret."""
        return self._kept.get(name)

    def set(self, name: str, value: str) -> None:
        """Keep a secret."""
        self._kept[name] = value

    def delete(self, name: str) -> None:
        """Forget a secret."""
        self._kept.pop(name, None)


@frozen
class Context(Generic[C]):
    """What the host hands to `create`, once per transfer."""

    config: C
    log: logging.Logger
    now: Callable[[], datetime]
    """The time, aware and in UTC."""

    scratch: Path
    """A private folder for temporary files; the host removes it."""

    http: httpx.Client | None = None
    """A client that is signed in: it brings the token, and renews it once it has expired.
    Redirects are not followed, and every answer is returned. Present if the plugin
    declares `ExporterSpec.auth` for these settings."""

    grant: Grant | None = None
    """What the person granted; present together with `http`, if anybody signed in."""

    state: Path | None = None
    """A private folder of this plugin, not made yet, that stays between runs: for what can be
    learnt again, since it may be removed at any time. None where nothing is to be kept."""

    connect: str = ""
    """The command by which this person grants access again, for hints. Empty if that is done in
    another way than on the command line."""

    secrets: Secrets = field(factory=MemorySecrets)
    """What the plugin must remember between runs and nobody may read: sessions."""

    notes: Secrets = field(factory=MemorySecrets)
    """What else it must remember and cannot learn again; small, and durable on return."""


# --- exporters ---------------------------------------------------------------------------


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


@frozen
class SandboxSession:
    """A running simulator."""

    location: str
    """What to give as SOURCE, without the plugin's name."""

    allowed: tuple[tuple[str, int], ...] = ()
    """Loopback addresses (host, port) that media may be fetched from while it runs."""

    options: tuple[tuple[str, str], ...] = ()


class Sandbox(Protocol):
    """A simulator of a service, brought by its plugin."""

    def start(self, folder: Path) -> AbstractContextManager[SandboxSession]:
        """Run it, with all of its files below the folder."""
        ...


@frozen(kw_only=True)
class Simulation:
    """What a person wants of a simulator that is served."""

    port: int = 0
    """On loopback; 0 for any that is free."""

    seed: int = 0
    """The same number makes the same people, keys and answers."""

    delay: timedelta = timedelta(0)
    """How long the service needs for what it is asked for."""

    faults: tuple[str, ...] = ()
    """What is to go wrong, in the simulator's own words."""

    options: tuple[tuple[str, str], ...] = ()
    """Further settings, in the simulator's own words."""


@frozen(kw_only=True)
class ServedSandbox:
    """A simulator that listens on loopback, and how a person uses it."""

    address: str
    facts: tuple[tuple[str, str], ...] = ()
    """What a person needs to know: names, and what is to be said about them."""

    commands: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """What to do in another terminal: what for, and the words after ``decamp``."""


@runtime_checkable
class Serves(Protocol):
    """A simulator that other programs on this computer can use as the service."""

    def serve(self, wanted: Simulation) -> AbstractContextManager[ServedSandbox]:
        """Serve it until the end of the context.

        Raises:
            ConfigError: A setting is wrong, the port is taken, or a library is missing.
        """
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


# --- importers ---------------------------------------------------------------------------


class Importer(Protocol):
    """Writes to a destination."""

    def check(self) -> Destination:
        """Find out whether a transfer can work. Quick, and changes nothing.

        Raises:
            DestinationRefused: It cannot; the message says why.
        """
        ...

    def import_item(self, item: Item) -> Receipt:
        """Write one item and return when the destination holds it.

        Importing the same item again makes no second copy and says `existed`. After an
        exception nothing half-written is visible under the final name. Called by at most
        `max_concurrency` threads at a time. All blobs can be opened.

        Raises:
            ItemRejected: The destination will not take it.
            Conflict: Something else is in its place.
            DestinationFull: No room left.
        """
        ...


@runtime_checkable
class Begins(Protocol):
    """An importer that prepares before the first item: a lock, a marker, a probe."""

    def begin(self, origin: Origin, token: str) -> ImporterCapabilities:
        """Get ready for the data of this account. Never called by ``plan``.

        Args:
            origin: Whose data it is, by all names that are known, and from when the newest of
                it will be. What was known of it here before is part of it.
            token: What `Importer.check` is to show as `Destination.seal` from the first
                write on until `Finishes.finish` has returned: by it a journal recognises
                its own unfinished work, and that of others.

        Returns:
            The capabilities in effect.

        Raises:
            Locked: Another run writes here.
        """
        ...


@runtime_checkable
class Probes(Protocol):
    """An importer that can try out what its destination honours, without data of a person."""

    def probe(self) -> Iterator[tuple[str, str]]:
        """Try it in a folder of its own, removed afterwards; pairs of what, and how it is.

        Called after `Importer.check`, and never by ``plan``.
        """
        ...


@runtime_checkable
class SignsIn(Protocol):
    """An importer whose `ImporterSpec.auth` gives an `AppPassword`."""

    def sign_in(self, password: str) -> str:
        """Begin a session and keep it among `Context.secrets`; of the password nothing is kept.

        Returns:
            The account's id at the service.

        Raises:
            AuthError: The service does not accept it; a former session stays.
            Unavailable: It cannot be reached.
        """
        ...

    def sign_out(self) -> bool:
        """End the session at the service; it is forgotten by `forget`.

        Returns:
            Whether it was still valid.

        Raises:
            Unavailable: The service cannot be reached.
        """
        ...

    def forget(self, account: str) -> None:
        """Forget the session of an account, as `sign_in` named it. Asks nobody."""
        ...


@runtime_checkable
class Verifies(Protocol):
    """An importer that can tell whether what it wrote is still there, and unchanged."""

    def verify(self, receipts: Iterable[Receipt], depth: Depth) -> Iterator[Finding]:
        """Look at the items of these receipts; one finding each, in their order. Changes nothing.

        Called after `Importer.check`. At the depth ``exists`` it is quick, and other content
        in the same place is no problem; a record that is gone makes the item missing. At any
        other depth, whatever lies there and is not from decamp follows as findings without an
        item, provided that all receipts of the route were given.
        """
        ...


@runtime_checkable
class Knows(Protocol):
    """An importer that can read back all that was written, for a journal that was lost."""

    def known(self) -> Iterator[Holding]:
        """Go through everything of this account that is there. Changes nothing.

        Segments of one collection come together, in the order in which they were written as
        far as that can be told. What a person edited is given as it is now.
        """
        ...


@runtime_checkable
class Removes(Protocol):
    """An importer that can take back what it wrote."""

    def remove(self, receipt: Receipt, previous: Receipt | None) -> Receipt | None:
        """Take back one delivery. Repeating it does no harm.

        Args:
            receipt: What is to be taken back; its item may be gone by now.
            previous: What was there before, if the delivery changed an item that was held:
                then that version is put back.

        Returns:
            The receipt of what is there now; None if nothing of the item is.

        Raises:
            Conflict: It is not as decamp left it; nothing was changed.
        """
        ...


@runtime_checkable
class Fills(Protocol):
    """An importer that can take from an older export what it lacks."""

    def fill_item(self, item: Item, previous: Receipt) -> Receipt:
        """Add what is absent, and leave every value and file that is there as it is.

        Returns:
            A receipt that says `superseded` if other values stayed.

        Raises:
            Conflict: It is not as we left it; a person's edit wins.
        """
        ...


@runtime_checkable
class Finds(Protocol):
    """An importer that can tell whether it holds an item."""

    def find_item(self, item: Item) -> Receipt | None:
        """Look for exactly this item, blobs included, without changing anything.

        The blobs of the item carry size and digest and may not be openable.
        None means that the destination surely does not hold it.

        Raises:
            Conflict: Something else is in its place.
        """
        ...


@runtime_checkable
class Updates(Protocol):
    """An importer that can bring an item it holds up to date."""

    def update_item(self, item: Item, previous: Receipt) -> Receipt:
        """Merge a changed item into what is there. What is absent now stays as it was.

        Raises:
            Conflict: It is not as we left it; a person's edit wins.
        """
        ...


@runtime_checkable
class Syncs(Protocol):
    """An importer whose writes survive a killed process at once, a power cut only later."""

    def sync(self) -> None:
        """Return when everything receipted so far would survive a power cut."""
        ...


@runtime_checkable
class Finishes(Protocol):
    """An importer with something to write once all items are there."""

    def finish(self, receipts: Iterable[Receipt]) -> None:
        """Complete the destination. Gets all receipts of the route, in order of item id.

        Runs again until it has returned once, even when a later run brings nothing new.
        """
        ...


@runtime_checkable
class Batches(Protocol):
    """An importer that can write several small items at once."""

    def import_batch(self, items: Sequence[Item]) -> Sequence[Receipt | Exception]:
        """Write new items without blobs; give a receipt or an error for each, in their order.

        Each has the meaning that `Importer.import_item` gives it. What is raised concerns all.
        Called with at most `ImporterCapabilities.max_batch` items.
        """
        ...


@runtime_checkable
class Previews(Protocol):
    """An importer that can tell beforehand what becomes of an item."""

    def preview(self, item: Item) -> Preview:
        """Tell what will not survive, and what sending it costs. Pure: asks nobody.

        In a plan, media are not there yet, and what depends on them is not certain. When an item
        was delivered it is asked again with the media that went; the receipt lists that.
        """
        ...


@runtime_checkable
class Closes(Protocol):
    """An exporter or importer that holds something open."""

    def close(self) -> None:
        """Let go of everything. Called once, also after an error."""
        ...


@frozen
class Budget:
    """How much of something a destination gives in a time; the host keeps the account."""

    name: str
    """What is used up: a key of `Preview.costs`."""

    limit: int
    seconds: int


@frozen(kw_only=True)
class ImporterCapabilities:
    """What an importer can do; the conformance suite tests every claim."""

    kinds: frozenset[str] | None = None
    """The kinds it takes; None for any."""

    max_blob_bytes: int | None = None
    """The largest blob it takes; a larger one is left out before the first byte is sent."""

    max_concurrency: int = 1
    """How many threads may call `import_item` at a time."""

    max_segment_rows: int = 50_000
    """The most rows that one segment may have."""

    delivery: Delivery = "blind"

    leaves_out: frozenset[str] = frozenset()
    """Names, without extension, of files that are worth nothing here: not even fetched."""

    max_batch: int = 0
    """How many items `Batches.import_batch` takes at once."""

    public: bool = False
    """What is written can be seen by others: only what is public at the source goes there, and
    a person confirms the plan."""

    budgets: tuple[Budget, ...] = ()
    """What the destination gives in a time; the host waits rather than run into a refusal."""

    needs_media: bool = False
    """An item is worth nothing here without its media: if some cannot be had, it is held."""


@frozen(kw_only=True)
class ImporterSpec(Generic[C]):
    """A destination, as data. Building one does no work."""

    name: str
    title: str
    config: type[C]
    create: Callable[[Context[C]], Importer]
    capabilities: ImporterCapabilities = ImporterCapabilities()
    capabilities_for: Callable[[C], ImporterCapabilities] | None = None
    """Gives the capabilities where they depend on the settings."""

    takes_paths: bool = False
    """A bare path on the command line means this destination."""

    auth: Callable[[C], Login | AppPassword | None] | None = None
    """Tells how to sign in with these settings; None if they need none. No network."""

    contract: int = CONTRACT_VERSION
