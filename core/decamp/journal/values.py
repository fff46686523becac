"""The values that the journal takes and gives."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping
from typing import Any, Literal

from attrs import field, frozen

from decamp.model import Item, Receipt

__all__ = [
    "Bucket",
    "Change",
    "Effect",
    "Frozen",
    "Intent",
    "Known",
    "Learnt",
    "Marks",
    "Outcome",
    "RequestRecord",
    "RequestStep",
    "Route",
    "RunRecord",
    "Settled",
    "Standing",
    "State",
]

State = Literal[
    "intent",  # about to be sent, or sent and not answered
    "confirmed",  # the destination holds it
    "incomplete",  # delivered, but a blob is missing: due again
    "unknown",  # it may or may not be there; never sent again without being asked
    "conflict",  # something else is in its place
    "failed",  # could not be sent; tried again in the next run
    "skipped",  # the destination does not take it
    "held",  # not sent yet: its media are missing, and the destination needs them
    "kept",  # a person has settled a conflict or a doubt: what is there stays
]


@frozen
class Route:
    """One source account to one destination account."""

    id: int
    source: str
    destination: str
    place: str
    """The destination's own id, from `Destination.id`."""
    aliases: tuple[str, ...]
    finish_due: bool
    """Something was written since `Finishes.finish` last returned."""
    newest: str
    """When the newest export that was delivered is from, RFC 3339; empty if unknown."""
    token: str = ""
    """What the destination shows while something of ours is unfinished there."""
    seal: str = ""
    """What the destination showed when it was last finished."""
    people: str = ""
    """What becomes of other people's names: ``keep``, ``alias`` or ``drop``; empty: not yet
    decided."""
    settings: Mapping[str, str] = field(factory=dict)
    """What leads to the destination again, from `Destination.settings`."""


@frozen
class Known:
    """What the journal knows about an item."""

    item_id: str
    kind: str
    state: State
    digest: str
    mapping: int
    receipt: Receipt | None
    media: tuple[Mapping[str, Any], ...]
    """One entry per blob: ``{"declared", "name", "media_type", "size", "sha256"}`` for
    one that was stored, ``{"declared", "name", "code", "reason"}`` for a missing one."""
    reason: str
    run: str
    """The run that last did something about it."""
    as_of: str = ""
    """When the newest export that had it so is from, RFC 3339; empty if unknown."""
    adopted: bool = False
    """A better mapping knows it by another record, which was not sent."""


@frozen
class Marks:
    """What recognises an item among others of the same id, as salted digests."""

    features: tuple[str, ...] = ()
    """Of `decamp.model.Item.match`, strongest first; empty where not known."""
    fields: Mapping[str, str] = field(factory=dict)
    """Of what its record says, by field."""


@frozen
class Frozen:
    """The rows of a segment, by bucket: what the receipt will mark as delivered."""

    collection: str
    buckets: Mapping[str, tuple[array[int], int]] = field(eq=False)
    """Bucket name to the keys of its rows and the sum of their digests modulo 2**48."""


@frozen
class Intent:
    """What is about to be sent. Durable before the first byte leaves."""

    item: Item
    digest: str
    mapping: int
    media: tuple[Mapping[str, Any], ...] = ()
    frozen: Frozen | None = None
    as_of: str = ""
    version: str = ""
    """Set if it only fills gaps: the digest of the older version."""


@frozen
class Settled:
    """How an intent ended."""

    item_id: str
    state: State
    receipt: Receipt | None = None
    reason: str = ""
    version: str = ""
    """The digest of an older version that filled gaps."""


Change = Literal[
    "later",  # a later run has changed the item again
    "nothing",  # announced, and never arrived
    "new",  # the run brought the item
    "changed",  # the item was held, and the run changed it
]


@frozen
class Effect:
    """What a run changed about one item at the destination."""

    seq: int
    item_id: str
    change: Change
    kind: str
    """Of the item; empty if nothing is known of it."""
    before: Known | None
    """What was held before; None if the run brought the item."""
    receipt: Receipt | None
    """Of what is held now."""
    later: str
    """The latest run that has changed the item again; empty if none has."""


@frozen
class Outcome:
    """An item that is listed without having been sent."""

    item_id: str
    kind: str
    state: State
    reason: str


@frozen
class Learnt:
    """What a destination was found to hold, for a journal that did not know it."""

    item_id: str
    kind: str
    state: State
    digest: str
    mapping: int
    receipt: Receipt
    media: tuple[Mapping[str, Any], ...] = ()
    """As in `Known`; ``declared`` is None where only the name of the stored file is known."""
    frozen: Frozen | None = None
    as_of: str = ""
    number: tuple[str, int, Marks] | None = None
    """The id that it may share with others, its number, and what recognises it."""


@frozen
class Standing:
    """How things stand on a route: what a receipt says beyond what its own run did."""

    held: int
    """How many items the destination holds."""
    proofs: Mapping[str, tuple[int, str]]
    """How many of them were read back, by depth, each with the oldest time of it; the key is
    empty for those that never were."""
    doubtful: Mapping[str, int]
    """By kind: rows of segments that may or may not be there."""
    kept: Mapping[str, int]
    """By kind: rows of such segments that a person has settled."""
    unobtainable: int
    """Files that nobody could have had on the day of the export either."""


@frozen
class Bucket:
    """The rows of one collection and month that a route has delivered."""

    count: int
    total: int
    """Sum of the digests modulo 2**48: with the count, tells "nothing new" at a glance."""
    keys: Callable[[], array[int]] = field(eq=False, repr=False)
    """Reads the keys of the rows, which is only needed where count and sum differ."""


RequestStep = Literal[
    "asking",  # about to be asked, or asked and not answered
    "open",  # the service has taken it, and makes the copy
    "ready",  # the copy can be downloaded
    "here",  # it was downloaded
    "used",  # all destinations that waited for it have it
    "expired",  # it was not fetched in time
    "cancelled",  # given up, here or at the service
    "lost",  # the answer was lost, and it has been asked for again since
]


@frozen(kw_only=True)
class RequestRecord:
    """A copy that was asked for."""

    number: int
    source: str
    """Name of the source's plugin."""
    account: str
    """The account's id at the service; empty if it is not known."""
    consent: str
    """When the person agreed, RFC 3339; empty if that is not known."""
    single: bool
    """Asking for it used up what was granted."""
    title: str
    """As the source was named on the command line."""
    asked: str
    """RFC 3339."""
    id: str
    """At the service; empty until it has answered."""
    step: RequestStep
    changed: str
    """When it came to this step, RFC 3339."""
    until: str
    """Until when it can be downloaded, RFC 3339; empty if not known."""

    @property
    def ended(self) -> bool:
        """Tell whether nothing will come of it any more."""
        return self.step in ("used", "expired", "cancelled", "lost")


@frozen
class RunRecord:
    """One invocation."""

    id: str
    route: int | None
    command: str
    state: str
    """``running``, ``done``, ``partial``, ``stopped``, ``waiting``, ``interrupted`` or ``undone``."""
    started: str
    ended: str | None
    source: str
    destination: str
    fingerprint: str
    exit_code: int | None
    report: Mapping[str, Any] | None
    pid: int
    as_of: str = ""
    newest_before: str = ""
    """`Route.newest` before this run."""
    names_before: tuple[str, ...] | None = None
    """By which names the destination knew the account before this run, newest first; None if
    that was not written down."""
