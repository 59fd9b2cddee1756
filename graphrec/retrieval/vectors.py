"""Items whose vectors, which the user brought, are near those of what someone likes.

The profile is the mean of the liked items' vectors, each of length 1; items are scored by their
cosine with it. Nothing is learned: it works from the first like on, and for an item without events.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Attribute, AttributeValue, Rows, Vector
from graphrec.data.axes import axes
from graphrec.data.vector import stacked
from graphrec.retrieval.profile import UserProfile
from graphrec.retrieval.reach import AMONG, Sample, evenly
from graphrec.retrieval.reason import Reason
from graphrec.retrieval.source import (
    Candidates,
    Eligible,
    Histories,
    ZScores,
    from_moments,
    moments,
    z_scores,
)

PREFIX = "vector:"
"""Before the name of the attribute, in the name of its source."""


@dataclass(frozen=True)
class NearestVectors:
    """Nearest vectors of an attribute: `vector:NAME`."""

    attribute: str
    vectors: Annotated[NDArray[np.float32], axes("item", None)]
    """[I, dim] of length 1; zeros for an item without one."""

    @classmethod
    def of(cls, name: str, attribute: Attribute) -> NearestVectors | None:
        """The source of an attribute of items; None where no item has a vector."""
        length = next((len(v) for v in attribute.values if isinstance(v, Vector)), None)
        if length is None:
            return None
        return cls(name, unit(stacked(attribute.values, length)))

    @property
    def name(self) -> str:
        """As in `CandidateSource`."""
        return f"{PREFIX}{self.attribute}"

    def retrieve(self, profile: UserProfile, eligible: Eligible, count: int) -> Candidates | None:
        """As in `CandidateSource`; None where no liked item has a vector."""
        return VectorsNow(self).retrieve(profile, eligible, count)

    def reason(self, profile: UserProfile, item: int, name: Callable[[int], str]) -> Reason | None:
        """As in `Explains`."""
        return VectorsNow(self).reason(profile, item, name)

    def updated(self, histories: Histories) -> NearestVectors:
        """As in `Updatable`: with the vectors of the items that came or changed."""
        if not histories.changed_items:
            return self
        vectors = self.vectors.copy()
        for row, attributes in histories.changed_items.items():
            vectors[row] = self.unit_of(attributes)
        return replace(self, vectors=vectors)

    def without_users(
        self, before: NearestVectors, histories: Histories, kept: NDArray[np.integer]
    ) -> NearestVectors:
        """As in `Updatable`: vectors of items say nothing of users."""
        return self

    @cached_property
    def sample(self) -> Sample:
        """People who like one of some of the items each."""
        likes = self.vectors[self.vectors.any(axis=1)]
        queries = likes[evenly(len(likes))]
        scores = queries @ likes.T
        mean, deviation = scores.mean(axis=1), scores.std(axis=1)
        known = deviation > 0
        return Sample(
            queries[known], mean[known].astype(np.float64), deviation[known].astype(np.float64)
        )

    def unit_of(self, attributes: Mapping[str, AttributeValue]) -> NDArray[np.float32]:
        """The vector of an item [dim], of length 1; zeros where it has none of this length."""
        return unit(stacked((attributes.get(self.attribute),), self.vectors.shape[1]))[0]


@dataclass(frozen=True)
class VectorsNow:
    """A source with the vectors of items that came or changed since."""

    source: NearestVectors
    changed: Mapping[int, NDArray[np.float32]] | None = None
    """[dim] of length 1, by row; rows from I on are of new items."""

    @property
    def name(self) -> str:
        """As in `CandidateSource`."""
        return self.source.name

    @cached_property
    def _changed(self) -> tuple[Rows, NDArray[np.float32]]:
        """Their rows [C], ascending, and their vectors [C, dim]."""
        rows = np.array(sorted(self.changed or ()), np.int32)
        vectors = [(self.changed or {})[row] for row in rows.tolist()]
        return rows, np.stack(vectors) if vectors else np.empty(
            (0, self.source.vectors.shape[1]), np.float32
        )

    @cached_property
    def _new(self) -> tuple[Rows, NDArray[np.float32]]:
        """The same of the new items that have a vector."""
        rows, vectors = self._changed
        new = (rows >= len(self.source.vectors)) & vectors.any(axis=1)
        return rows[new], vectors[new]

    def retrieve(self, profile: UserProfile, eligible: Eligible, count: int) -> Candidates | None:
        """As in `CandidateSource`, of the items of the snapshot."""
        found = self._scores(profile)
        if found is None:
            return None
        scores, (mean, deviation) = found
        return from_moments(self.name, scores, mean, deviation, eligible, count)

    def retrieve_new(
        self, profile: UserProfile, eligible: Eligible, count: int, reach: float = 1.0
    ) -> Candidates | None:
        """The nearest of the new items; `eligible` [I + N] counts the rows of the view.

        With a `reach` below 1, only those that are nearer to the profile than to all but about this
        share of people who like one item each.
        """
        found, (rows, vectors) = self._scores(profile), self._new
        if found is None or not len(rows):
            return None
        query = self._query(profile)
        z_score = z_scores(vectors @ query, *found[1])
        order = np.argsort(-z_score, kind="stable")
        order = order[(z_score[order] > 0) & eligible[rows[order]]]
        if reach < 1:
            order = order[:AMONG]
            share = self.source.sample.share_nearer(vectors[order], z_score[order])
            order = order[share <= reach]
        order = order[:count]

        def of(items: Rows) -> ZScores:
            return z_score[np.searchsorted(rows, items)]

        return Candidates(self.name, rows[order], of)

    def reason(self, profile: UserProfile, item: int, name: Callable[[int], str]) -> Reason | None:
        """As in `Explains`: the liked item whose vector is nearest."""
        liked = [*profile.history.tolist(), *profile.new_likes]
        if not liked:
            return None
        near = np.array([self._vector(row) for row in liked]) @ self._vector(item)
        most = int(near.argmax())
        if not near[most] > 0:
            return None
        return Reason(
            "attribute-alike",
            {"via": name(liked[most]), "attribute": self.source.attribute},
        )

    def _vector(self, row: int) -> NDArray[np.float32]:
        """Of an item row of the view [dim]."""
        changed = (self.changed or {}).get(row)
        return self.source.vectors[row] if changed is None else changed

    def _scores(
        self, profile: UserProfile
    ) -> tuple[NDArray[np.float32], tuple[float, float]] | None:
        """The cosine of each item of the snapshot [I], -inf without a vector; and its moments."""
        query = self._query(profile)
        if not query.any():
            return None
        vectors = self.source.vectors
        scores: NDArray[np.float32] = vectors @ query
        known: NDArray[np.bool_] = np.asarray(vectors.any(axis=1))
        rows, changed = self._changed
        here = rows < len(vectors)
        scores[rows[here]] = changed[here] @ query
        known[rows[here]] = changed[here].any(axis=1)
        scores[~known] = -np.inf
        return scores, moments(scores[known])

    def _query(self, profile: UserProfile) -> NDArray[np.float32]:
        """The mean of the vectors of what is liked, of length 1; zeros where none has one."""
        liked = {
            **dict(zip(profile.history.tolist(), profile.weights.tolist(), strict=True)),
            **profile.new_likes,
        }
        vectors, changed = self.source.vectors, self.changed or {}
        total = np.zeros(vectors.shape[1], np.float32)
        old = [row for row in liked if row < len(vectors) and row not in changed]
        if old:
            weights = np.array([liked[row] for row in old], np.float32)
            total += weights @ vectors[old]
        for row in liked.keys() & changed.keys():
            total += np.float32(liked[row]) * changed[row]
        return unit(total[None])[0]


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Vectors [N, dim] of length 1; zeros where one is missing or zero."""
    given = np.nan_to_num(vectors).astype(np.float64)
    length = np.linalg.norm(given, axis=1, keepdims=True)
    return (given / np.where(length > 0, length, 1)).astype(np.float32)
