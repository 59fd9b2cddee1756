"""What a snapshot holds, to be looked through: its items, its users, and what a user has met."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from graphrec.data import AttributeValue, Rows
from graphrec.search import Search
from graphrec.snapshot import Snapshot


@dataclass(frozen=True)
class Item:
    """An item, and how many people like it."""

    item: str
    title: str | None
    likes: int


@dataclass(frozen=True)
class User:
    """A user, and how many items they like."""

    user: str
    likes: int


@dataclass(frozen=True)
class Met:
    """An item that a user has met."""

    item: str
    title: str | None
    liked: bool


@dataclass(frozen=True)
class Directory:
    """The items and users of a snapshot; the names are made ready for search when first needed."""

    snapshot: Snapshot

    def items(self, query: str = "") -> Iterator[Item]:
        """The items whose title or id fits a query, the best first, then the most popular."""
        return map(self._item, self._items.find(query))

    def popular(self, k: int) -> tuple[Item, ...]:
        """The `k` most popular items, by what the recommender goes by."""
        return tuple(map(self._item, self._by_popularity[:k].tolist()))

    def users(self, query: str = "") -> Iterator[User]:
        """The users whose id fits a query, the best first, then those who like most."""
        ids, likes = self.snapshot.likes.users.ids, self._liked_by_user
        return (User(ids[row], int(likes[row])) for row in self._users.find(query))

    def item(self, item: str) -> Item:
        """The item of an id; raises UnknownNode."""
        return self._item(self.snapshot.likes.items.row(item, "item"))

    def attributes(self, item: str) -> Mapping[str, AttributeValue]:
        """What else is known of an item: all but its title; raises UnknownNode."""
        row = self.snapshot.likes.items.row(item, "item")
        known = self.snapshot.attributes.items()
        return {name: attribute.values[row] for name, attribute in known if name != "title"}

    def history(self, user: str) -> tuple[Met, ...]:
        """What a user has met: what they like first, then the most popular; raises UnknownNode."""
        likes = self.snapshot.likes
        row = likes.users.row(user, "user")
        met, liked = likes.seen[[row]].indices, likes.by_user[[row]].indices
        is_liked = np.isin(met, liked)
        best = np.lexsort((met, -self.snapshot.popularity[met], ~is_liked))
        return tuple(
            Met(likes.items.ids[item], self.snapshot.title(item), bool(is_liked[at]))
            for at, item in zip(best.tolist(), met[best].tolist(), strict=True)
        )

    def _item(self, row: int) -> Item:
        ids = self.snapshot.likes.items.ids
        return Item(ids[row], self.snapshot.title(row), int(self._liked_by_item[row]))

    @cached_property
    def _items(self) -> Search:
        ids, title = self.snapshot.likes.items.ids, self.snapshot.title
        names = ((title(row) or item, item) for row, item in enumerate(ids))
        return Search.of(self._by_popularity, names)

    @cached_property
    def _users(self) -> Search:
        names = ((user,) for user in self.snapshot.likes.users.ids)
        by_likes = np.argsort(-self._liked_by_user, kind="stable").astype(np.int32)
        return Search.of(by_likes, names)

    @cached_property
    def _by_popularity(self) -> Rows:
        return np.argsort(-self.snapshot.popularity, kind="stable").astype(np.int32)  # [I]

    @cached_property
    def _liked_by_item(self) -> NDArray[np.integer]:
        return np.diff(self.snapshot.likes.by_item.indptr)  # [I]

    @cached_property
    def _liked_by_user(self) -> NDArray[np.integer]:
        return np.diff(self.snapshot.likes.by_user.indptr)  # [U]
