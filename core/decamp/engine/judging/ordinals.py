"""Numbers items that share an id, so that each keeps its own.

TikTok posts carry no id: their key is the second they were posted in, and two may share
it. The first gets the plain id, the others ``#2``, ``#3``, in order of appearance; in a
later export each is recognised by `Item.match`, then by what its record says. A number is
given again only when nothing can be at the destination under it any more.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from functools import partial
from itertools import groupby

import msgspec
from attrs import define, field

from decamp.identity import own_fields
from decamp.journal import Journal, Known, Marks
from decamp.model import Item

__all__ = ["Numbered", "Ordinals", "marks_of", "part_id"]


_MOST_COMPARED = 1_000
"""So many pairs of one second are compared field by field. Of more, those are found first that
say the very same; as a rule no other is left then."""


@define
class Numbered:
    """Items with their ids, and those that could be more than one known item."""

    items: list[Item] = field(factory=list)
    ambiguous: list[Item] = field(factory=list)


def part_id(item_id: str) -> tuple[str, int]:
    """Part an id into the one that items share, and the number."""
    key, mark, number = item_id.rpartition("#")
    return (key, int(number)) if mark and number.isascii() and number.isdigit() else (item_id, 1)


def marks_of(item: Item, salt: bytes) -> Marks:
    """Digest what recognises an item: the journal needs to compare captions, not to know them.

    Args:
        salt: 16 secret bytes, the journal's own.
    """

    def mark(data: bytes) -> str:
        return hashlib.blake2b(data, digest_size=8, salt=salt).hexdigest()

    features = [text and mark(text.encode("utf-8", "surrogatepass")) for text in item.match]
    fields = {
        name: mark(_encode(value)) for name, value in own_fields(item.kind, item.record).items()
    }
    return Marks(tuple(features), fields)


_encode = msgspec.json.Encoder(order="deterministic").encode


@define
class Ordinals:
    """Gives ids to items with `match`, on one route."""

    _journal: Journal
    _route: int

    def resolve(self, items: Sequence[Item]) -> Numbered:
        """Number the items of one page; items of one id always stand together in one."""
        result = Numbered()
        given = self._journal.ordinals(
            self._route, list(dict.fromkeys(_key(item) for item in items if item.match))
        )
        learnt: list[tuple[str, int, Marks]] = []
        freed: list[tuple[str, int]] = []
        for key, group in groupby(items, key=_key):
            together = list(group)
            if not any(item.match for item in together):
                result.items += together
                continue
            found = [_Found(item, marks_of(item, self._journal.salt)) for item in together]
            known = given[key]
            pairs, rest = _pair(found, known)
            taken = dict(known)
            unused = taken.keys() - {number for _, number in pairs}
            if rest and self._stand(key, unused):
                result.ambiguous += [one.item for one in rest]
            elif rest:
                for number in unused:  # nothing is there that one of these could be
                    freed.append((key, number))
                    self._journal.release(self._route, _numbered(key, number))
                    del taken[number]
                for one in rest:
                    wanted = part_id(one.item.id)[1]  # a bundle has numbered its items already
                    number = wanted if wanted not in taken else max(taken) + 1
                    taken[number] = Marks()
                    pairs.append((one, number))
            for one, number in pairs:
                learnt.append((key, number, _joined(taken[number], one.marks)))
                result.items.append(one.item.evolve(id=_numbered(key, number)))
        if learnt:
            self._journal.set_ordinals(self._route, learnt, freed=freed)
        return result

    def _stand(self, key: str, numbers: Collection[int]) -> bool:
        """Tell whether anything is, or may be, at the destination under one of these numbers.

        Nothing is after an undo, or if it was never sent.
        """
        known = self._journal.known_many(self._route, [_numbered(key, one) for one in numbers])
        return any(map(_may_stand, known.values()))


def _may_stand(known: Known) -> bool:
    return known.receipt is not None or known.state not in ("failed", "skipped", "held")


def _numbered(key: str, number: int) -> str:
    return key if number == 1 else f"{key}#{number}"


def _key(item: Item) -> str:
    """Give the id that an item may share with others."""
    return part_id(item.id)[0] if item.match else item.id


@define(eq=False)
class _Found:
    item: Item
    marks: Marks


def _joined(before: Marks, now: Marks) -> Marks:
    """Remember the newest of each mark; an export that says less takes none away."""
    features = [
        new or (before.features[level] if level < len(before.features) else "")
        for level, new in enumerate(now.features)
    ]
    return Marks(tuple(features), {**before.fields, **now.fields})


def _pair(
    items: list[_Found], known: list[tuple[int, Marks]]
) -> tuple[list[tuple[_Found, int]], list[_Found]]:
    """Recognise items: by the strongest feature first, and by being the only one left."""
    pairs: list[tuple[_Found, int]] = []
    left, open_numbers = list(items), dict(known)

    def settle(item: _Found, number: int) -> None:
        pairs.append((item, number))
        left.remove(item)
        del open_numbers[number]

    depth = max((len(item.marks.features) for item in items), default=0)
    for level in range(depth):
        for item, number in _single(left, open_numbers, partial(_at, level=level)):
            settle(item, number)
    if len(left) * len(open_numbers) > _MOST_COMPARED:
        for item, number in _single(left, open_numbers, _fields_of):
            if _likeness(item.marks, open_numbers[number]) > 0:
                settle(item, number)
    while len(left) * len(open_numbers) <= _MOST_COMPARED:
        best = _most_alike(left, open_numbers)
        if best is None:
            break
        settle(*best)
    if len(items) == len(known) and (_only_one(items, left) or _alike(left, open_numbers)):
        pairs += zip(left, open_numbers, strict=True)
        left = []
    return pairs, left


def _single(
    items: Iterable[_Found], numbers: Mapping[int, Marks], value_of: Callable[[Marks], Hashable]
) -> list[tuple[_Found, int]]:
    """Pair those that have a value in common which is no other's, on either side."""
    having: defaultdict[Hashable, list[_Found]] = defaultdict(list)
    known: defaultdict[Hashable, list[int]] = defaultdict(list)
    for item in items:
        having[value_of(item.marks)].append(item)
    for number, marks in numbers.items():
        known[value_of(marks)].append(number)
    return [
        (found[0], known[value][0])
        for value, found in having.items()
        if value and len(found) == 1 and len(known.get(value, ())) == 1
    ]


def _fields_of(marks: Marks) -> Hashable:
    return frozenset(marks.fields.items())


def _only_one(items: list[_Found], left: list[_Found]) -> bool:
    """Tell whether the one that is left is known by being it.

    That holds for full copies of a service, which have features; not for a bundle, which may
    have been filled from others.
    """
    return len(left) == 1 and (len(items) == 1 or any(left[0].marks.features))


def _at(marks: Marks, level: int) -> str:
    return marks.features[level] if level < len(marks.features) else ""


def _most_alike(items: list[_Found], numbers: Mapping[int, Marks]) -> tuple[_Found, int] | None:
    """Find two whose records say the same in more fields than those of any other pair of either.

    With one candidate only, nothing tells whether it is the same one or another.
    """
    if len(items) < 2 and len(numbers) < 2:
        return None
    scores = {
        (place, number): _likeness(item.marks, marks)
        for place, item in enumerate(items)
        for number, marks in numbers.items()
    }
    of_item: defaultdict[int, list[int]] = defaultdict(list)
    of_number: defaultdict[int, list[int]] = defaultdict(list)
    for (place, number), score in scores.items():
        of_item[place].append(score)
        of_number[number].append(score)
    first_of_item = {place: _first(line) for place, line in of_item.items()}
    first_of_number = {number: _first(line) for number, line in of_number.items()}
    leading = [
        (place, number)
        for (place, number), score in scores.items()
        if score > 0 and score == first_of_item[place] == first_of_number[number]
    ]
    if not leading:
        return None
    place, number = max(leading, key=lambda pair: scores[pair])
    return items[place], number


def _first(scores: list[int]) -> int:
    """Give the highest score; 0 if two have it."""
    highest = max(scores)
    return highest if scores.count(highest) == 1 else 0


def _likeness(one: Marks, other: Marks) -> int:
    """Count fields that agree, less those that differ.

    Only of use where one side was read back from a destination, which knows no features:
    where both have them they differ, and an edit cannot be told from another post.
    """
    if any(map(all, zip(one.features, other.features, strict=False))):
        return 0
    both = one.fields.keys() & other.fields.keys()
    agree = sum(one.fields[name] == other.fields[name] for name in both)
    return agree - (len(both) - agree)


def _alike(items: list[_Found], numbers: Mapping[int, Marks]) -> bool:
    """Tell whether nothing but the strongest feature, which may rotate, tells these apart."""
    if not items:
        return False
    seen = {item.marks.features[1:] for item in items}
    seen |= {marks.features[1:] for marks in numbers.values()}
    return len(seen) == 1
