"""Lists as they were written, kept until something changes.

No list is ever out of date: its key has all that it depends on. Once the snapshot changes, or the
user does something, the key is another one, and lists that are not requested any more are dropped.
"""

from __future__ import annotations

import zlib
from collections import Counter, OrderedDict
from collections.abc import Hashable
from typing import NamedTuple

from graphrec.ranking.fusion import Source
from graphrec.recommend.results import EmptyCause, RecommendationList

GZIP = 31
"""zlib's number for gzip's format, which most clients take as it is."""


class WrittenList(NamedTuple):
    """A list as JSON, and what metrics and exposures need of it."""

    body: bytes
    """JSON, gzipped where `packed`."""
    items: tuple[str, ...]
    propensities: tuple[float | None, ...] = ()
    """Empty where no item is drawn by exploration."""
    sources: tuple[tuple[Source, int], ...] = ()
    """How many items each source adds to."""
    packed: bool = False
    empty: EmptyCause | None = None
    """Why there is no item; None where there is one."""

    @classmethod
    def of(cls, body: bytes, found: RecommendationList) -> WrittenList:
        """That of a list, whose JSON is `body`."""
        propensities = tuple(each.propensity for each in found)
        return cls(
            body,
            tuple(each.item for each in found),
            propensities if any(each is not None for each in propensities) else (),
            tuple(Counter(source for each in found for source in each.sources).items()),
            empty=found.empty,
        )

    def unpacked(self) -> bytes:
        """The JSON of a list that is packed."""
        return zlib.decompress(self.body, GZIP)


class Key(NamedTuple):
    """What a list of a user depends on."""

    user: str
    path: str
    query: bytes
    version: str
    edition: Hashable
    """Of what is known of the user since the snapshot."""


class ListCache:
    """The `size` lists that were requested last; 4 KB of JSON take 1 KB here."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[Key, WrittenList] = OrderedDict()

    def get(self, key: Key) -> WrittenList | None:
        """The list of a key, where it is kept."""
        found = self._kept.get(key)
        if found is None:
            return None
        self._kept.move_to_end(key)
        return found

    def keep(self, key: Key, written: WrittenList) -> None:
        """Keep a list; of too many, the one not requested for the longest is dropped."""
        if self._size:
            body = zlib.compress(written.body, level=1, wbits=GZIP)
            self._kept[key] = written._replace(body=body, packed=True)
        if len(self._kept) > self._size:
            self._kept.popitem(last=False)

    def forget(self, user: str) -> None:
        """Drop all lists of a user."""
        for key in [key for key in self._kept if key.user == user]:
            del self._kept[key]
