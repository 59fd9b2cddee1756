"""Lists as they were written, kept until something changes.

No list is ever out of date: its key has all that it depends on. Once the user does something, the
key is another one, and lists that are not requested any more are dropped. Those of a snapshot that
serves no more are dropped at once, and all where somebody was forgotten.
"""

from __future__ import annotations

import zlib
from collections import Counter, OrderedDict
from collections.abc import Collection, Hashable
from typing import NamedTuple

from graphrec.ranking.fusion import Source
from graphrec.recommend.placements.lists import PlacementList
from graphrec.recommend.results import EmptyCause, RecommendationList

GZIP = 31
"""zlib's number for gzip's format, which most clients take as it is."""


SHORT, LONG = 32, 1024
"""Bytes of a query up to which it counts as frequent, and above which its list is never kept."""

QUESTIONS = 1000
"""Queries that are remembered as asked."""

ENTRY = 600
"""Bytes of an entry beside its texts, as measured for lists of ten."""


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
    exploration: float = 0.0
    """Share of its places that were open to exploration."""

    @classmethod
    def of(
        cls, body: bytes, found: RecommendationList | PlacementList, exploration: float = 0.0
    ) -> WrittenList:
        """That of a list, whose JSON is `body`."""
        propensities = tuple(each.propensity for each in found)
        return cls(
            body,
            tuple(each.item for each in found),
            propensities if any(each is not None for each in propensities) else (),
            tuple(Counter(source for each in found for source in each.sources).items()),
            empty=found.empty,
            exploration=exploration,
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
    variants: tuple[tuple[str, str], ...] = ()
    """The experiments that it is in, each with its variant."""


class ListCache:
    """The lists that were requested last, of up to `most` bytes; 4 KB of JSON take 1 KB here.

    Lists of long questions are not kept, nor those of questions that nobody asked before: a client
    that makes them up would drive out the lists of everybody else.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._bytes = 0
        self._kept: OrderedDict[Key, WrittenList] = OrderedDict()
        self._asked: OrderedDict[bytes, None] = OrderedDict()
        self._versions: frozenset[str] | None = None

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def size(self) -> int:
        """Bytes that the lists take, about."""
        return self._bytes

    @property
    def users(self) -> frozenset[str]:
        """Whose lists are kept."""
        return frozenset(key.user for key in self._kept)

    def get(self, key: Key) -> WrittenList | None:
        """The list of a key, where it is kept."""
        found = self._kept.get(key)
        if found is None:
            return None
        self._kept.move_to_end(key)
        return found

    def keep(self, key: Key, written: WrittenList) -> WrittenList | None:
        """Keep a list; while there are too many bytes, what was requested least lately goes.

        Returns it as it is kept, packed; None where it is not.
        """
        if not self._most or not self._is_frequent(key.query):
            return None
        if self._versions is not None and key.version not in self._versions:
            return None  # another snapshot serves since
        packed = written
        if not written.packed:
            body = zlib.compress(written.body, level=1, wbits=GZIP)
            packed = written._replace(body=body, packed=True)
        self._drop(key)
        self._kept[key] = packed
        self._bytes += _size(key, packed)
        while self._bytes > self._most:
            self._drop(next(iter(self._kept)))
        return packed

    def serve(self, versions: Collection[str]) -> None:
        """Keep lists of these versions alone, from now on."""
        if self._versions == frozenset(versions):
            return
        self._versions = frozenset(versions)
        for key in [key for key in self._kept if key.version not in self._versions]:
            self._drop(key)

    def clear(self) -> None:
        """Drop all lists."""
        self._kept.clear()
        self._bytes = 0

    def forget(self, user: str) -> None:
        """Drop all lists of a user."""
        for key in [key for key in self._kept if key.user == user]:
            self._drop(key)

    def _drop(self, key: Key) -> None:
        dropped = self._kept.pop(key, None)
        if dropped is not None:
            self._bytes -= _size(key, dropped)

    def _is_frequent(self, query: bytes) -> bool:
        """Whether a question is short, or one of the last ones that somebody asked."""
        if len(query) <= SHORT:
            return True
        if len(query) > LONG:
            return False
        again = query in self._asked
        self._asked[query] = None
        self._asked.move_to_end(query)
        if len(self._asked) > QUESTIONS:
            self._asked.popitem(last=False)
        return again


def _size(key: Key, written: WrittenList) -> int:
    """Bytes of an entry; ids of items are shared with the snapshot."""
    return ENTRY + len(written.body) + 4 * len(key.user) + len(key.path) + len(key.query)
