"""Numbers items that share an id, so that each keeps its own for ever.

TikTok posts carry no id: their key is the second they were posted in, and two may share
it. The first gets the plain id, the others ``#2``, ``#3``, in order of appearance; in a
later export each is recognised by `Item.match`, and a number is never given twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import groupby

from attrs import define, field

from decamp.journal import Journal
from decamp.model import Item

__all__ = ["Numbered", "Ordinals"]


@define
class Numbered:
    """Items with their ids, and those that could be more than one known item."""

    items: list[Item] = field(factory=list)
    ambiguous: list[Item] = field(factory=list)


@define
class Ordinals:
    """Gives ids to items with `match`, on one route."""

    _journal: Journal
    _route: int

    def _marks(self, item: Item) -> tuple[str, ...]:
        """Digest what recognises an item: the journal needs to compare captions, not to know."""
        return tuple(
            feature
            and hashlib.blake2b(
                feature.encode("utf-8", "surrogatepass"), digest_size=8, salt=self._journal.salt
            ).hexdigest()
            for feature in item.match
        )

    def resolve(self, items: Sequence[Item]) -> Numbered:
        """Number the items of one page; items of one id always stand together in one."""
        result = Numbered()
        given = self._journal.ordinals(
            self._route, list(dict.fromkeys(item.id for item in items if item.match))
        )
        learnt: list[tuple[str, int, tuple[str, ...]]] = []
        for key, group in groupby(items, key=lambda item: item.id):
            together = list(group)
            if not any(item.match for item in together):
                result.items += together
                continue
            together = [item.evolve(match=self._marks(item)) for item in together]
            known = given[key]
            pairs, rest = _pair(together, known)
            numbers = {number for number, _ in known}
            if rest and len(known) > len(pairs):
                result.ambiguous += rest
            else:
                for number, item in enumerate(rest, max(numbers, default=0) + 1):
                    pairs.append((item, number))
            for item, number in pairs:
                learnt.append((key, number, item.match))
                result.items.append(item.evolve(id=key if number == 1 else f"{key}#{number}"))
        if learnt:
            self._journal.set_ordinals(self._route, learnt)
        return result


def _pair(
    items: list[Item], known: list[tuple[int, tuple[str, ...]]]
) -> tuple[list[tuple[Item, int]], list[Item]]:
    """Recognise items: by the strongest feature first, and by being the only one left."""
    pairs: list[tuple[Item, int]] = []
    left, open_numbers = list(items), dict(known)
    depth = max((len(item.match) for item in items), default=0)
    for level in range(depth):
        for item in list(left):
            feature = item.match[level] if level < len(item.match) else ""
            same = [
                number
                for number, match in open_numbers.items()
                if feature and level < len(match) and match[level] == feature
            ]
            twins = [one for one in left if one.match[level : level + 1] == (feature,)]
            if len(same) == 1 and len(twins) == 1:
                pairs.append((item, same[0]))
                left.remove(item)
                del open_numbers[same[0]]
    if len(items) == len(known) and (len(left) == 1 or _alike(left, open_numbers)):
        pairs += zip(left, open_numbers, strict=True)
        left = []
    return pairs, left


def _alike(items: list[Item], numbers: dict[int, tuple[str, ...]]) -> bool:
    """Tell whether nothing but the strongest feature, which may rotate, tells these apart."""
    return len({item.match[1:] for item in items} | {match[1:] for match in numbers.values()}) == 1
