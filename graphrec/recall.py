"""Recall: what each source says of the items to someone, and the items that it finds.

Items that the graph filter finds in the neighbourhood of the history, items whose embedding is
nearest to the user's, popular items. What may not be recommended is left out within every source,
so that each gives as many candidates as it can.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.config import RecallSettings
from graphrec.data import Rows
from graphrec.explain import Source
from graphrec.fusion import Opinion, strengths
from graphrec.ranking import top_k
from graphrec.snapshot import Snapshot
from graphrec.taste import Taste

Eligible = NDArray[np.bool_]
"""Which items [I] may be recommended."""


@dataclass(frozen=True)
class Sources:
    """The sources of candidates of a snapshot."""

    snapshot: Snapshot
    settings: RecallSettings

    @cached_property
    def weights(self) -> Mapping[str, float]:
        """What the settings say, else what was chosen in training."""
        chosen = self.snapshot.manifest.weights
        set_by_hand = self.settings.model_dump(
            exclude={"candidates", "newcomers"}, exclude_none=True
        )
        return {**chosen, **set_by_hand}

    def opinions(
        self, tastes: Sequence[Taste], eligible: Sequence[Eligible]
    ) -> list[tuple[Opinion, ...]]:
        """Of each source that has a weight and something to go by, for each person."""
        weight, count = self.weights, self.settings.candidates
        near = self._filtered(tastes) if weight["neighbours"] else None
        found = []
        for at, (taste, allowed) in enumerate(zip(tastes, eligible, strict=True)):
            opinions: list[Opinion] = []
            if near is not None and len(taste.history):
                opinions.append(_opinion("neighbours", _strengths_of(near[at]), allowed, count))
            if weight["embedding"] and taste.vector is not None:
                opinions.append(self._nearest(taste.vector, allowed))
            if weight["popularity"]:
                best = self._by_fame[allowed[self._by_fame]][:count]
                opinions.append(Opinion("popularity", best, self._fame.__getitem__))
            found.append(tuple(opinions))
        return found

    def _filtered(self, tastes: Sequence[Taste]) -> NDArray[np.float32]:
        """The scores of the graph filter [B, I]."""
        histories = sparse.csr_array(
            (
                np.concatenate([taste.worth for taste in tastes]),
                np.concatenate([taste.history for taste in tastes]),
                np.cumsum([0, *(len(taste.history) for taste in tastes)]),
            ),
            (len(tastes), len(self.snapshot.popularity)),
        )
        return self.snapshot.graph_filter.score_histories(histories)

    def _nearest(self, vector: NDArray[np.float32], eligible: Eligible) -> Opinion:
        embeddings, index = self.snapshot.embeddings, self.snapshot.index
        assert embeddings is not None and index is not None  # noqa: S101, PT018 - there is a vector
        mean, covariance = self._moments
        user = vector.astype(np.float64)
        middle, deviation = float(user @ mean), math.sqrt(max(float(user @ covariance @ user), 0))

        def of(items: Rows) -> NDArray[np.float64]:
            return strengths((embeddings.item[items] * user).sum(axis=1), middle, deviation)

        barred = np.flatnonzero(~eligible).astype(np.int32)
        rows = index.search(vector[None], self.settings.candidates, [barred])[0][0]
        rows = rows[rows >= 0]
        return Opinion("embedding", rows[of(rows) > 0], of)

    def nearness(
        self, vector: NDArray[np.float32], items: NDArray[np.float32]
    ) -> NDArray[np.float64]:
        """The strengths of N other items [N, dim] by embedding, among those of the snapshot."""
        mean, covariance = self._moments
        user = vector.astype(np.float64)
        deviation = math.sqrt(max(float(user @ covariance @ user), 0))
        return strengths(items @ user, float(user @ mean), deviation)

    @cached_property
    def _moments(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean [dim] and covariance [dim, dim] of the item vectors.

        They give mean and deviation of anyone's scores, for which no item need be looked at.
        """
        embeddings = self.snapshot.embeddings
        assert embeddings is not None  # noqa: S101 - who asks has a vector
        items = embeddings.item.astype(np.float64)
        mean = items.mean(axis=0)
        return mean, (items - mean).T @ (items - mean) / len(items)

    @cached_property
    def _fame(self) -> NDArray[np.float64]:
        """The strength of each item by popularity [I]; its logarithm, as it spans magnitudes."""
        return _strengths_of(np.log1p(self.snapshot.popularity))

    @cached_property
    def _by_fame(self) -> Rows:
        """The item rows that stand out by popularity, the most popular first."""
        order = np.argsort(-self._fame, kind="stable").astype(np.int32)
        return order[self._fame[order] > 0]


def _strengths_of(scores: NDArray) -> NDArray[np.float64]:
    """Of scores of all items [I]."""
    if not len(scores):
        return np.empty(0)
    scores = scores.astype(np.float64)
    return strengths(scores, float(scores.mean()), float(scores.std()))


def _opinion(
    source: Source, strength: NDArray[np.float64], eligible: NDArray[np.bool_], count: int
) -> Opinion:
    """Of a source that knows the strengths [I] of all items."""
    left = strength * eligible
    rows = top_k(left[None], count)[0]
    rows = rows[rows >= 0]

    def of(items: Rows) -> NDArray[np.float64]:
        return strength[items]

    return Opinion(source, rows[left[rows] > 0], of)
