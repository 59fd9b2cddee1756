"""Browsing a view: its items, its users, and what a user has seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from heapq import merge
from operator import itemgetter
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from graphrec.data import AttributeValue, PlainValue, Vector
from graphrec.errors import UnknownNode
from graphrec.recommend.results import ItemId, Title
from graphrec.snapshot.search import Search
from graphrec.snapshot.user_events import user_events
from graphrec.snapshot.view import View
from graphrec.store.delta import Event


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
class HistoryEvent:
    """Something that a user did with an item."""

    item: ItemId
    title: Title
    kind: Annotated[str, Field(description="What they did, such as `purchase`.")]
    time: Annotated[
        int | None, Field(description="When, in milliseconds since 1970; null: not known.")
    ]
    counted: Annotated[
        bool,
        Field(description="False for what no longer counts, such as a purchase that was returned."),
    ]
    value: Annotated[
        float | None,
        Field(
            description="As it was recorded, such as a rating; null where no graph store is there "
            "to ask."
        ),
    ] = None


@dataclass(frozen=True)
class Details(Item):
    """An item, and its attributes."""

    attributes: Annotated[
        Mapping[str, PlainValue],
        Field(
            description="All attributes but the title and vectors, by name; null where this item "
            "lacks it."
        ),
    ]


@dataclass(frozen=True)
class Directory:
    """The items and users of a view, to be looked through and searched."""

    view: View

    def items(self, query: str = "") -> Iterator[Item]:
        """The items whose title or id fits a query, the best first, then the most popular.

        Items that came since the snapshot are the least popular.
        """
        current, snapshot = self.view.items, self.view.snapshot
        ids, deleted = current.ids.ids, self.view.delta.deleted
        changed = tuple(current.changed)
        left_out = deleted | current.changed.keys()
        known = (
            ((fit, -self._popularity(row)), row)
            for fit, row in snapshot.item_names.ranked(query)
            if ids[row] not in left_out
        )
        since = (
            ((fit, -self._popularity(row)), row)
            for fit, at in current.names.ranked(query)
            for row in [current.ids.rows[changed[at]]]
            if changed[at] not in deleted
        )
        return (self._item(row) for _, row in merge(known, since, key=itemgetter(0)))

    def popular(self, k: int, allowed: NDArray[np.bool_]) -> tuple[Item, ...]:
        """The `k` most popular of the items that may be listed [I + N]."""
        order = self.view.snapshot.popularity.order
        return tuple(self._item(row) for row in order[allowed[order]][:k].tolist())

    def users(self, query: str = "") -> Iterator[User]:
        """The users whose id fits a query, the best first, then those who like most.

        Those who came since the snapshot are last of those who fit as well, in the order of their
        ids; of others, likes are those of the snapshot.
        """
        held, delta = self.view.snapshot.users, self.view.delta
        likes = np.diff(self.view.snapshot.history.indptr)
        # That a user is among them says that something is known; to look would make it an object.
        new = sorted(user for user in delta.users if user not in held)
        latest = Search.of(np.arange(len(new), dtype=np.int32), ((user,) for user in new))
        known = (
            (fit, User(held.ids[row], int(likes[row])))
            for fit, row in self.view.snapshot.user_names.ranked(query)
            if held.ids[row] not in delta.forgotten
        )
        since = ((fit, User(new[at], self._new_likes(new[at]))) for fit, at in latest.ranked(query))
        return (user for _, user in merge(known, since, key=itemgetter(0)))

    def item(self, item: str) -> Details:
        """The item of an id; raises UnknownNode."""
        row = self.view.items.ids.rows.get(item)
        if row is None or item in self.view.delta.deleted:
            raise UnknownNode("item", item)
        attributes = self.view.items.attributes(row)
        about = {name: value for name, value in attributes.items() if name != "title"}
        found = self._item(row)
        return Details(found.item, found.title, found.likes, plain(about))

    def history(self, user: str) -> tuple[SeenItem, ...]:
        """What a user has seen: what they like first, then the most popular; raises UnknownNode."""
        view = self.view
        if not view.knows(user):
            raise UnknownNode("user", user)
        profile, ids, titles = view.without_vector(user), view.items.ids.ids, view.items.titles
        rows = np.setdiff1d(profile.seen, view.items.deleted)
        liked = np.isin(rows, profile.history) | np.isin(rows, [*profile.new_likes])
        popularity = np.zeros(len(rows))
        known = rows < len(view.snapshot.items)
        popularity[known] = view.snapshot.popularity.popularity[rows[known]]
        order = np.lexsort((rows, -popularity, ~liked))
        seen = zip(rows[order].tolist(), liked[order].tolist(), strict=True)
        return tuple(SeenItem(ids[row], titles[row], liked) for row, liked in seen)

    def events(self, user: str, recorded: Iterable[Event] = ()) -> tuple[HistoryEvent, ...]:
        """What a user did, the latest first; raises UnknownNode.

        Values are those of the `recorded` events, which a snapshot does not keep.
        """
        view = self.view
        if not view.knows(user):
            raise UnknownNode("user", user)
        ids, titles, deleted = view.items.ids.ids, view.items.titles, view.delta.deleted
        values = {(each.item, each.kind, each.time): each.value for each in recorded}
        found = [
            HistoryEvent(
                ids[row],
                titles[row],
                kind,
                time or None,
                counts,
                values.get((ids[row], kind, time)),
            )
            for kind, acts in user_events(view, user).items()
            for row, time, counts in zip(*(column.tolist() for column in acts), strict=True)
            if ids[row] not in deleted
        ]
        return tuple(sorted(found, key=lambda each: (-(each.time or 0), each.item, each.kind)))

    def attributes(self, user: str) -> Mapping[str, AttributeValue]:
        """The attributes of a user that the model keeps."""
        return self.view.without_vector(user).attributes

    def _item(self, row: int) -> Item:
        current, known = self.view.items, row < len(self.view.snapshot.items)
        likes = int(self.view.snapshot.likes.degrees[row]) if known else 0
        return Item(current.ids.ids[row], current.titles[row], likes)

    def _popularity(self, row: int) -> float:
        """0 of an item that came since."""
        popularity = self.view.snapshot.popularity.popularity
        return float(popularity[row]) if row < len(popularity) else 0.0

    def _new_likes(self, user: str) -> int:
        """How many items a user who came since the snapshot likes."""
        profile = self.view.without_vector(user)
        return len(profile.history) + len(profile.new_likes)


def plain(attributes: Mapping[str, AttributeValue]) -> dict[str, PlainValue]:
    """Attributes without vectors, which nobody reads."""
    return {name: each for name, each in attributes.items() if not isinstance(each, Vector)}
