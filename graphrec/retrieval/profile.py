"""What is known of someone when candidates are looked for: the user profile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from graphrec.data import AttributeValue, Rows
from graphrec.data.kind_relations import Bits

NO_ROWS = np.empty(0, np.int32)


@dataclass(frozen=True)
class UserProfile:
    """Someone's history, attributes and vector, in item rows of a view.

    Rows from I on, the items of the snapshot, are of items that came since.
    """

    history: Rows = field(default_factory=lambda: NO_ROWS)  # [H]
    """Items of the snapshot that they like, ascending."""
    weights: NDArray[np.floating] = field(default_factory=lambda: np.empty(0, np.float32))
    """[H]: how much they like each."""
    liked_at: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    """[H]: when last, in milliseconds since 1970, or places where no times are known; empty where
    nothing is known of that."""
    seen: Rows = field(default_factory=lambda: NO_ROWS)  # [S]
    """All items that they have an event on, new ones among them."""
    disliked: Rows = field(default_factory=lambda: NO_ROWS)  # [D]
    """The items of these that they dislike, new ones among them, ascending."""
    dislike_weights: NDArray[np.floating] = field(default_factory=lambda: np.empty(0, np.float32))
    """[D]: how much they dislike each."""
    disliked_at: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    """[D]: when, in milliseconds since 1970; 0: unknown."""
    vector: NDArray[np.float32] | None = None
    """[dim]: their embedding; None where there is nothing that it could be made of."""
    user: int | None = None
    """Their row, where the snapshot knows them."""
    new_likes: Mapping[int, float] = field(default_factory=dict)
    """The new items that they like, by row, and how much."""
    new_liked_at: Mapping[int, int] = field(default_factory=dict)
    """When last, as `liked_at`."""
    new_messages: Mapping[int, NDArray[np.float32]] = field(default_factory=dict)
    """The messages [M] of those of them that have one: see `graphrec.models.encoder`."""
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    """Their own, as far as the snapshot keeps them."""
    friends: Rows = field(default_factory=lambda: NO_ROWS)
    """Rows of users whose messages they get."""
    friend_messages: tuple[NDArray[np.float32], ...] = ()
    """The messages of further friends."""
    kinds: Bits | None = None
    """[H]: by which kinds of events they like each item, where the encoder weights kinds; None:
    unknown."""
    new_kinds: Mapping[int, int] = field(default_factory=dict)
    """The same of new items, by row."""

    def without(self, items: Rows) -> UserProfile:
        """The same, but for the vector, as if there were no event on some items."""
        if not np.isin(self.seen, items).any():
            return self
        kept, gone = ~np.isin(self.history, items), set(items.tolist())
        still = ~np.isin(self.disliked, items)
        return replace(
            self,
            history=self.history[kept],
            weights=self.weights[kept],
            liked_at=self.liked_at[kept] if len(self.liked_at) else self.liked_at,
            seen=self.seen[~np.isin(self.seen, items)],
            disliked=self.disliked[still],
            dislike_weights=self.dislike_weights[still],
            disliked_at=self.disliked_at[still],
            new_likes={row: each for row, each in self.new_likes.items() if row not in gone},
            new_liked_at={row: each for row, each in self.new_liked_at.items() if row not in gone},
            new_messages={row: each for row, each in self.new_messages.items() if row not in gone},
            kinds=None if self.kinds is None else self.kinds[kept],
            new_kinds={row: each for row, each in self.new_kinds.items() if row not in gone},
        )

    @property
    def in_order(self) -> tuple[Rows, NDArray[np.int64]]:
        """The items of `history`, those that they liked last at the end, and the times of that.

        Equal times go by row.
        """
        times = self.liked_at if len(self.liked_at) else np.zeros(len(self.history), np.int64)
        order = np.argsort(times, kind="stable")
        return self.history[order], times[order]

    @property
    def likes(self) -> int:
        """How many items they like."""
        return len(self.history) + len(self.new_likes)
