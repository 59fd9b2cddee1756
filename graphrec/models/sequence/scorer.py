"""Scores from the last items of a history, in NumPy: anyone's, whether training knew them or not.

The state after the last item is a vector; the score of an item is its inner product with the
item's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from graphrec.data import AttributeValue, Rows
from graphrec.data.axes import axes
from graphrec.data.sequences import Sequences, gaps_of
from graphrec.models.encoder import UserFeatures
from graphrec.models.sequence.layers import Layers

PLACES = 8192
"""Places of histories that are encoded at a time, padding included."""

NO_ATTRIBUTES: Mapping[str, AttributeValue] = {}


@dataclass(frozen=True)
class SequenceEncoder:
    """Vectors of the I items and the layers over those of a history."""

    items: Annotated[NDArray[np.float32], axes("item", None)]
    """[I, dim]; zeros for an item of which training knew nothing."""
    layers: Layers
    length: int
    """How many items of a history are looked at, the last ones."""
    users: UserFeatures | None = None
    """Vectors of what is known of a user, which are added to the state."""

    def encode(
        self,
        items: Rows,
        times: NDArray[np.int64],
        attributes: Mapping[str, AttributeValue] = NO_ATTRIBUTES,
    ) -> NDArray[np.float32]:
        """The vector [dim] of someone by the H items of their history, oldest first.

        `times` [H] are in milliseconds, or places where none are known. Without an item that
        training knew, what the attributes give, or zeros.
        """
        items, times = self.recent(items, times)
        state = np.zeros(self.items.shape[1], np.float32)
        if len(items):
            counts = np.array([len(items)])
            state = self.layers.last(self.items[items][None], gaps_of(times)[None], counts)[0]
        about = None if self.users is None else self.users.vector(attributes)
        return state if about is None else state + about

    def score(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """The scores [..., I] for vectors [..., dim]; of unknown items, the least of the others."""
        scores: NDArray[np.float32] = vector @ self.items.T
        if len(self.unknown):
            scores[..., self.unknown] = np.inf
            least = scores.min(axis=-1, keepdims=True)
            scores[..., self.unknown] = np.where(np.isfinite(least), least, 0)
        return scores

    def recent(self, items: Rows, times: NDArray[np.int64]) -> tuple[Rows, NDArray[np.int64]]:
        """The last items that training knew, and their times."""
        known = np.flatnonzero(self._known[items])[-self.length :]
        return items[known], times[known]

    @cached_property
    def unknown(self) -> Rows:
        """The items of which training knew nothing, and those that came since."""
        return np.flatnonzero(~self._known).astype(np.int32)

    @cached_property
    def _known(self) -> NDArray[np.bool_]:
        known: NDArray[np.bool_] = np.asarray(self.items.any(axis=1))
        return known


@dataclass(frozen=True)
class SequenceScorer:
    """A fitted model of sequences, with the histories of the users in training."""

    histories: Sequences
    encoder: SequenceEncoder
    about: NDArray[np.float32] | None = None
    """[U, dim]: what is added to the state of each user for their attributes."""

    def score(self, users: Rows) -> NDArray[np.float32]:
        """[B, I]; zeros for a user of whom nothing is known."""
        return self.encoder.score(self.encode(users))

    def with_histories(self, histories: Sequences) -> SequenceScorer:
        """As `graphrec.models.scorer.FollowsOrder`."""
        return replace(self, histories=histories)

    def encode(self, users: Rows) -> NDArray[np.float32]:
        """The vectors [B, dim] of user rows; see `SequenceEncoder.encode`."""
        encoder, starts = self.encoder, self.histories.starts
        found = np.zeros((len(users), encoder.items.shape[1]), np.float32)
        cut = [
            encoder.recent(self.histories.items[start:end], self.histories.times[start:end])
            for start, end in zip(starts[users], starts[users + 1], strict=True)
        ]
        counts = np.array([len(items) for items, _ in cut], np.int64)
        order = np.argsort(counts, kind="stable")
        order = order[counts[order] > 0]
        while len(order):
            width = int(counts[order[-1]])
            block, order = order[-max(1, PLACES // width) :], order[: -max(1, PLACES // width)]
            items = np.zeros((len(block), width), np.int32)
            gaps = np.zeros((len(block), width), np.uint8)
            for row, user in enumerate(block.tolist()):
                items[row, : counts[user]], times = cut[user]
                gaps[row, : counts[user]] = gaps_of(times)
            found[block] = encoder.layers.last(encoder.items[items], gaps, counts[block])
        return found if self.about is None else found + self.about[users]
