"""Recall: what each source says of the items to someone, and the items that it finds.

Items that the graph filter finds in the neighbourhood of the history, items whose embedding is
nearest to the user's, popular items. What may not be recommended is left out within every source,
so that each gives as many candidates as it can.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Rows, labels
from graphrec.models.top_k import best
from graphrec.ranking.fusion import Opinion, Source, Weights, strengths, weights_for
from graphrec.recommend.profile import Taste
from graphrec.retrieval.segments import Segments, segments_of
from graphrec.settings import RetrievalSettings
from graphrec.snapshot.snapshot import Snapshot

SOURCES: tuple[Source, ...] = ("neighbours", "embedding", "popularity")

FAMOUS = 64
"""Segments of which the popular items are held; of more, they are found again."""

Eligible = NDArray[np.bool_]
"""Which items [I] may be recommended."""


@dataclass(frozen=True)
class Sources:
    """The sources of candidates of a snapshot."""

    snapshot: Snapshot
    settings: RetrievalSettings

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
        taste: Taste,
        weights: Mapping[str, float],
        eligible: Eligible,
        segment: str | None,
    ) -> tuple[Opinion, ...]:
        """Of each source that has a weight and something to go by, to one person.

        Popular are items in the segment, if any.
        """
        barred = np.flatnonzero(~eligible).astype(np.int32)
        opinions: list[Opinion] = []
        if weights["neighbours"] and len(taste.history):
            scores = self.snapshot.graph_filter.score_history(taste.history, taste.worth)
            middle, deviation = _spread(scores)
            opinions.append(self._opinion("neighbours", scores, middle, deviation, barred))
        if weights["embedding"] and taste.vector is not None:
            opinions.append(self._nearest(taste.vector, barred))
        if weights["popularity"]:
            fame, order = self._fame(segment)
            famous = _first(order, eligible, self.settings.candidates)
            opinions.append(Opinion("popularity", famous, fame.__getitem__))
        return tuple(opinions)

    def _nearest(self, vector: NDArray[np.float32], barred: Rows) -> Opinion:
        embeddings, index = self.snapshot.embeddings, self.snapshot.index
        assert embeddings is not None and index is not None  # noqa: S101, PT018 - there is a vector
        middle, deviation = self._moments_for(vector)
        scores = index.scores(vector)
        if scores is not None:
            return self._opinion("embedding", scores, middle, deviation, barred)

        def of(items: Rows) -> NDArray[np.float64]:
            # In double precision an item has the same score alone and among others.
            known = embeddings.item[items].astype(np.float64)
            return strengths(known @ vector.astype(np.float64), middle, deviation)

        rows = index.search(vector[None], self.settings.candidates, [barred])[0][0]
        rows = rows[rows >= 0]
        return Opinion("embedding", rows[of(rows) > 0], of)

    def _opinion(
        self,
        source: Source,
        scores: NDArray[np.floating],
        middle: float,
        deviation: float,
        barred: Rows,
    ) -> Opinion:
        """Of a source that knows the scores [I] of all items, and their mean and deviation."""
        left = scores.copy()
        left[barred] = -np.inf
        rows = best(left, min(self.settings.candidates, len(left))).astype(np.int32)

        def of(items: Rows) -> NDArray[np.float64]:
            return strengths(scores[items], middle, deviation)

        return Opinion(source, rows[of(rows) > 0], of)

    def nearness(
        self, vector: NDArray[np.float32], items: NDArray[np.float32]
    ) -> NDArray[np.float64]:
        """The strengths of N other items [N, dim] by embedding, among those of the snapshot."""
        return strengths(items @ vector, *self._moments_for(vector))

    def _moments_for(self, vector: NDArray[np.float32]) -> tuple[float, float]:
        """Mean and deviation of the inner products of a vector with those of all items."""
        mean, covariance = self._moments
        user = vector.astype(np.float64)
        return float(user @ mean), math.sqrt(max(float(user @ covariance @ user), 0))

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
            popular: NDArray[np.floating] = self.snapshot.popularity
            if segment is not None:
                popular = self.segments.popularity(segment, popular)
            told = np.log1p(popular, dtype=np.float64)
            fame = strengths(told, *_spread(told))
            order = np.argsort(-fame, kind="stable").astype(np.int32)
            self._famous[segment] = fame, order[fame[order] > 0]
        return self._famous[segment]

    @cached_property
    def _famous(self) -> dict[str | None, tuple[NDArray[np.float64], Rows]]:
        return {}  # filled by `_fame`


def _spread(scores: NDArray[np.floating]) -> tuple[float, float]:
    """Mean and deviation of scores [I]."""
    if not len(scores):
        return 0.0, 0.0
    wide = scores.astype(np.float64, copy=False)
    middle = float(wide.sum()) / len(wide)
    return middle, math.sqrt(max(float(wide @ wide) / len(wide) - middle**2, 0))


def _first(order: Rows, eligible: Eligible, count: int) -> Rows:
    """The first `count` rows of an order that are eligible: most often they are soon found."""
    for rows in (order[: 4 * count], order):
        found = rows[eligible[rows]]
        if len(found) >= count:
            break
    return found[:count]
