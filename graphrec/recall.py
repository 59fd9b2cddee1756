"""Recall: what each source says of the items to someone, and the items that it finds.

Items that the graph filter finds in the neighbourhood of the history, items whose embedding is
nearest to the user's, popular items. What may not be recommended is left out within every source,
so that each gives as many candidates as it can.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.catalogue import labels
from graphrec.config import RecallSettings
from graphrec.data import Rows
from graphrec.explain import Source
from graphrec.fusion import Opinion, Weights, strengths, weights_for
from graphrec.ranking import top_k
from graphrec.segments import Segments, segments_of
from graphrec.snapshot import Snapshot
from graphrec.taste import Taste

SOURCES: tuple[Source, ...] = ("neighbours", "embedding", "popularity")

FAMOUS = 64
"""Segments of which the popular items are held; of more, they are found again."""

Eligible = NDArray[np.bool_]
"""Which items [I] may be recommended."""


@dataclass(frozen=True)
class Sources:
    """The sources of candidates of a snapshot."""

    snapshot: Snapshot
    settings: RecallSettings

    @cached_property
    def _weights(self) -> Weights:
        """What the settings say, else what was chosen in training."""
        set_by_hand: dict[str, float] = {
            source: weight
            for source in SOURCES
            if (weight := getattr(self.settings, source)) is not None
        }
        return tuple(
            replace(group, weights={**group.weights, **set_by_hand})
            for group in self.snapshot.manifest.weights
        )

    def weights_for(self, taste: Taste) -> Mapping[str, float]:
        """What each source weighs for someone, by how many items they like."""
        return weights_for(self._weights, taste.likes)

    def opinions(
        self,
        tastes: Sequence[Taste],
        eligible: Sequence[Eligible],
        segments: Sequence[str | None],
    ) -> list[tuple[Opinion, ...]]:
        """Of each source that has a weight and something to go by, for each person.

        Popular are items in the person's segment, if any.
        """
        count = self.settings.candidates
        weights = [self.weights_for(taste) for taste in tastes]
        near = self._filtered(tastes) if any(each["neighbours"] for each in weights) else None
        found = []
        people = zip(tastes, weights, eligible, segments, strict=True)
        for at, (taste, weight, allowed, segment) in enumerate(people):
            opinions: list[Opinion] = []
            if near is not None and weight["neighbours"] and len(taste.history):
                opinions.append(_opinion("neighbours", _strengths_of(near[at]), allowed, count))
            if weight["embedding"] and taste.vector is not None:
                opinions.append(self._nearest(taste.vector, allowed))
            if weight["popularity"]:
                fame, order = self._fame(segment)
                best = order[allowed[order]][:count]
                opinions.append(Opinion("popularity", best, fame.__getitem__))
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
        user, middle, deviation = self._spread(vector)

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
        user, middle, deviation = self._spread(vector)
        return strengths(items @ user, middle, deviation)

    def _spread(self, vector: NDArray[np.float32]) -> tuple[NDArray[np.float64], float, float]:
        """A user's vector, and mean and deviation of its inner products with all items."""
        mean, covariance = self._moments
        user = vector.astype(np.float64)
        return user, float(user @ mean), math.sqrt(max(float(user @ covariance @ user), 0))

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
    def segments(self) -> Segments:
        """People by the attribute of the settings, as far as the snapshot keeps it."""
        column = self.snapshot.user_attributes.get(self.settings.popular_by or "")
        return segments_of(self.snapshot.likes.by_user, () if column is None else column.values)

    def segment_of(self, taste: Taste, asked: str | None) -> str | None:
        """The one that `asked` names, or the first that someone is in; None for who likes an item.

        What they like says more. None, too, where there is no such segment.
        """
        by = self.settings.popular_by
        if by is None or taste.likes:
            return None
        known = self.segments.rows
        named = labels(taste.attributes.get(by)) if asked is None else (asked,)
        return next((each for each in named if each in known), None)

    def _fame(self, segment: str | None) -> tuple[NDArray[np.float64], Rows]:
        """The strength of each item by popularity [I], and the rows of those that stand out.

        By the logarithm, as popularity spans magnitudes. The most popular come first.
        """
        if segment not in self._famous:
            if len(self._famous) == FAMOUS:
                self._famous.clear()
            popularity = self.snapshot.popularity
            fame = _strengths_of(
                np.log1p(
                    popularity if segment is None else self.segments.popularity(segment, popularity)
                )
            )
            order = np.argsort(-fame, kind="stable").astype(np.int32)
            self._famous[segment] = fame, order[fame[order] > 0]
        return self._famous[segment]

    @cached_property
    def _famous(self) -> dict[str | None, tuple[NDArray[np.float64], Rows]]:
        return {}  # filled by `_fame`


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
