"""What a snapshot holds, to be looked through: its items, its users, and what a user has met."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from heapq import merge
from itertools import islice
from operator import itemgetter
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from graphrec.data import AttributeValue, as_title
from graphrec.errors import UnknownNode
from graphrec.recommend.profile import stored
from graphrec.recommend.results import ItemId, Title
from graphrec.recommend.search import Search
from graphrec.snapshot.overlay import Overlay
from graphrec.snapshot.snapshot import Snapshot, values_at


@dataclass(frozen=True)
class Item:
    """An item, in a list of items."""

    item: ItemId
    title: Title
    likes: Annotated[int, Field(description="How many people like it.")]


@dataclass(frozen=True)
class User:
    """A user, in a list of users."""

    user: Annotated[str, Field(description="Id of the user.")]
    likes: Annotated[int, Field(description="How many items they like.")]


@dataclass(frozen=True)
class SeenItem:
    """An item that a user has seen."""

    item: ItemId
    title: Title
    liked: Annotated[
        bool, Field(description="Whether they like it. Seen items are left out of their list.")
    ]


@dataclass(frozen=True)
class Details(Item):
    """An item, and its attributes."""

    attributes: Annotated[
        Mapping[str, AttributeValue],
        Field(description="All attributes but the title, by name; null where this item lacks it."),
    ]


@dataclass(frozen=True)
class Latest:
    """Items that came or changed since, the most popular first."""

    items: Mapping[str, Details]
    ids: tuple[str, ...]
    fame: tuple[float, ...]
    """How popular each is, in that order."""
    names: Search


NOTHING_SINCE = Overlay({})


@dataclass(frozen=True)
class Directory:
    """The items and users of a snapshot; the names are made ready for search when first needed.

    An overlay says what came, changed and went since.
    """

    snapshot: Snapshot

    def items(self, query: str = "", overlay: Overlay = NOTHING_SINCE) -> Iterator[Item]:
        """The items whose title or id fits a query, the best first, then the most popular.

        Items that came since are the least popular.
        """
        deleted, latest = frozenset(overlay.deleted), self._latest(overlay)
        held, popularity = self.snapshot.likes.items.ids, self.snapshot.popularity
        left_out = deleted | latest.items.keys()
        known = (each for each in self._items.ranked(query) if held[each[1]] not in left_out)
        found = ((fit, latest.fame[at], latest.ids[at]) for fit, at in latest.names.ranked(query))
        by_fame = merge(
            (((fit, -float(popularity[row])), self._item(row)) for fit, row in known),
            (
                ((fit, -fame), latest.items[item])
                for fit, fame, item in found
                if item not in deleted
            ),
            key=itemgetter(0),
        )
        return (item for _, item in by_fame)

    def popular(self, k: int, overlay: Overlay = NOTHING_SINCE) -> tuple[Item, ...]:
        """The `k` most popular items, by what the recommender goes by."""
        held, deleted = self.snapshot.likes.items.ids, frozenset(overlay.deleted)
        left = (row for row in self.snapshot.by_popularity.tolist() if held[row] not in deleted)
        latest = self._latest(overlay).items
        return tuple(latest.get(held[row]) or self._item(row) for row in islice(left, k))

    def users(self, query: str = "", overlay: Overlay = NOTHING_SINCE) -> Iterator[User]:
        """The users whose id fits a query, the best first, then those who like most.

        Those who came since are last of those who fit as well; of others, likes are as the
        snapshot knows.
        """
        held, likes = self.snapshot.likes.users, self._liked_by_user
        new = [User(user, _likes(overlay, user)) for user in overlay.users if user not in held]
        new.sort(key=lambda user: -user.likes)
        names = ((each.user,) for each in new)
        latest = Search.of(np.arange(len(new), dtype=np.int32), names)
        known = (
            (fit, User(held.ids[row], int(likes[row])))
            for fit, row in self._users.ranked(query)
            if not overlay.has_forgotten(held.ids[row])
        )
        since = ((fit, new[at]) for fit, at in latest.ranked(query))
        return (user for _, user in merge(known, since, key=itemgetter(0)))

    def item(self, item: str, overlay: Overlay = NOTHING_SINCE) -> Details:
        """The item of an id; raises UnknownNode."""
        row, changed = self.snapshot.likes.items.rows.get(item), overlay.items.get(item)
        if item in overlay.deleted or (row is None and changed is None):
            raise UnknownNode("item", item)
        if changed is None:
            assert row is not None  # noqa: S101 - else nothing is known of it
            changed = values_at(self.snapshot.attributes, row)
        return self._details(item, changed)

    def history(self, user: str, overlay: Overlay = NOTHING_SINCE) -> tuple[SeenItem, ...]:
        """What a user has met: what they like first, then the most popular; raises UnknownNode."""
        likes, events = self.snapshot.likes, overlay.events_of(user)
        row = None if overlay.has_forgotten(user) else likes.users.rows.get(user)
        if row is None and not events:
            raise UnknownNode("user", user)
        met = {}
        if row is not None:
            liked = set(stored(likes.by_user, row).tolist())
            met = {likes.items.ids[at]: at in liked for at in stored(likes.seen, row).tolist()}
        for event in events:
            met[event.item] = met.get(event.item, False) or event.worth > 0
        rows, changed, gone = likes.items.rows, overlay.items, frozenset(overlay.deleted)

        def title(item: str) -> str | None:
            if item in changed:
                return as_title(changed[item].get("title"))
            return self.snapshot.title(rows[item])

        def place(item: str) -> tuple[bool, float, int]:
            at = rows.get(item, len(rows))
            return not met[item], -self.snapshot.popularity[at] if item in rows else 0.0, at

        there = [item for item in met if item not in gone and (item in rows or item in changed)]
        return tuple(SeenItem(item, title(item), met[item]) for item in sorted(there, key=place))

    def _details(self, item: str, attributes: Mapping[str, AttributeValue]) -> Details:
        row = self.snapshot.likes.items.rows.get(item)
        return Details(
            item,
            as_title(attributes.get("title")),
            0 if row is None else int(self.snapshot.likes.degrees[row]),
            {name: value for name, value in attributes.items() if name != "title"},
        )

    def _latest(self, overlay: Overlay) -> Latest:
        """The items that came or changed since: made ready once, until one of them changes."""
        edition = overlay, overlay.edition
        latest = self._editions.get(edition)
        if latest is None:
            rows, popularity = self.snapshot.likes.items.rows, self.snapshot.popularity
            items = {item: self._details(item, each) for item, each in overlay.items.items()}
            fame = {i: float(popularity[rows[i]]) if i in rows else 0.0 for i in items}
            ids = tuple(sorted(items, key=lambda item: -fame[item]))
            names = ((items[item].title or item, item) for item in ids)
            found = Search.of(np.arange(len(ids), dtype=np.int32), names)
            latest = Latest(items, ids, tuple(fame[item] for item in ids), found)
            self._editions.clear()
            self._editions[edition] = latest
        return latest

    @cached_property
    def _editions(self) -> dict[tuple[Overlay, int], Latest]:
        return {}  # the last one alone, filled by `_latest`

    def _item(self, row: int) -> Item:
        ids = self.snapshot.likes.items.ids
        return Item(ids[row], self.snapshot.title(row), int(self.snapshot.likes.degrees[row]))

    @cached_property
    def _items(self) -> Search:
        ids, title = self.snapshot.likes.items.ids, self.snapshot.title
        names = ((title(row) or item, item) for row, item in enumerate(ids))
        return Search.of(self.snapshot.by_popularity, names)

    @cached_property
    def _users(self) -> Search:
        names = ((user,) for user in self.snapshot.likes.users.ids)
        by_likes = np.argsort(-self._liked_by_user, kind="stable").astype(np.int32)
        return Search.of(by_likes, names)

    @cached_property
    def _liked_by_user(self) -> NDArray[np.integer]:
        return np.diff(self.snapshot.likes.by_user.indptr)  # [U]


def _likes(overlay: Overlay, user: str) -> int:
    """How many items someone came to like since."""
    return len({event.item for event in overlay.events_of(user) if event.worth > 0})
