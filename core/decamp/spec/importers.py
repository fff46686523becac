"""What a destination declares and implements."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Generic, Literal, Protocol, runtime_checkable

from attrs import frozen

from decamp.auth import AppPassword, Login
from decamp.model import (
    Depth,
    Destination,
    Finding,
    Holding,
    Item,
    Origin,
    Preview,
    Receipt,
)
from decamp.spec.context import CONTRACT_VERSION, C, Context

__all__ = [
    "Authenticates",
    "Batches",
    "Begins",
    "Budget",
    "Closes",
    "Delivery",
    "Fills",
    "Finds",
    "Finishes",
    "Importer",
    "ImporterCapabilities",
    "ImporterSpec",
    "Knows",
    "Previews",
    "Probes",
    "Removes",
    "SignsIn",
    "Syncs",
    "Updates",
    "Verifies",
]

Delivery = Literal["idempotent", "reconcilable", "blind"]
"""What the engine may do after a doubt: repeat the call; ask `Finds.find_item` first;
or neither, and list the item as unknown."""


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
class Authenticates(Protocol):
    """An importer whose `ImporterSpec.auth` gives a `Login`; the exporter, if there is no importer."""

    def authenticate(self) -> bool:
        """Ask the server for what `Login.url` names, and judge the answer. Changes nothing.

        `decamp connect` does it with what a person has typed, before anything of it is kept.

        Returns:
            Whether there is something; False if it would have to be made first.

        Raises:
            AuthError: The server does not accept the user name and password, or the token.
            DestinationRefused: The address is not one of such a server.
            Unavailable: The server cannot be reached, or cannot answer now.
        """
        ...


@runtime_checkable
class Verifies(Protocol):
    """An importer that can tell whether what it wrote is still there, and unchanged."""

    def verify(self, receipts: Iterable[Receipt], depth: Depth) -> Iterator[Finding]:
        """Look at the items of these receipts; one finding each, in their order. Changes nothing.

        Called after `Importer.check`. At the depth ``exists`` it is quick, and other content
        in the same place is no problem; a record that is gone makes the item missing, and one of
        several makes it partial. At any other depth, whatever lies there and is not from decamp
        follows as findings without an item, provided that all receipts of the route were given.
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
