"""Items whose embedding has the largest inner product with that of the user."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Rows
from graphrec.models.embeddings import Embeddings
from graphrec.retrieval.index import Index
from graphrec.retrieval.profile import UserProfile
from graphrec.retrieval.reach import Sample, evenly
from graphrec.retrieval.source import Candidates, Eligible, ZScores, from_moments, z_scores


@dataclass(frozen=True)
class Nearest:
    """Nearest embeddings: `embedding`. Vectors, their encoder and their index are one thing."""

    vectors: Embeddings
    graph: NDArray[np.uint8] | None = None
    """The index of item vectors as Faiss writes it, where it is a graph; None: an exact index is
    made of the vectors in no time."""

    @classmethod
    def of(cls, vectors: Embeddings) -> Nearest:
        """The source of these vectors, with an index of the items."""
        return cls(vectors, Index.build(vectors.item).as_graph())

    @property
    def name(self) -> str:
        """As in `CandidateSource`."""
        return "embedding"

    @cached_property
    def index(self) -> Index:
        """Of the item vectors."""
        return Index.build(self.vectors.item) if self.graph is None else Index.of_graph(self.graph)

    def retrieve(self, profile: UserProfile, eligible: Eligible, count: int) -> Candidates | None:
        """As in `CandidateSource`; None for a profile without a vector."""
        vector = profile.vector
        if vector is None:
            return None
        mean, deviation = self._moments_for(vector)
        scores = self.index.scores(vector)
        if scores is not None:
            return from_moments(self.name, scores, mean, deviation, eligible, count)

        def of(items: Rows) -> ZScores:
            # In double precision an item has the same score alone and among others.
            known = self.vectors.item[items].astype(np.float64)
            return z_scores(known @ vector.astype(np.float64), mean, deviation)

        excluded = np.flatnonzero(~eligible).astype(np.int32)
        rows = self.index.search(vector[None], count, [excluded])[0][0]
        rows = rows[rows >= 0]
        return Candidates(self.name, rows[of(rows) > 0], of)

    def extended(self, vectors: Embeddings) -> Nearest:
        """The source with further items, whose vectors come after those that it has."""
        more = vectors.item[len(self.vectors.item) :]
        graph = self.index.extended(more).as_graph() if len(more) else self.graph
        return replace(self, vectors=vectors, graph=graph)

    def z_scores_of(self, vector: NDArray[np.float32], items: NDArray[np.float32]) -> ZScores:
        """The z-scores of N other items [N, dim] for a user, among those of the index."""
        return z_scores(items @ vector, *self._moments_for(vector))

    @cached_property
    def sample(self) -> Sample:
        """Some of the users."""
        users = self.vectors.user[self.vectors.user.any(axis=1)]
        users = users[evenly(len(users))]
        mean, covariance = self._moments
        wide = users.astype(np.float64)
        variance = np.einsum("sd,de,se->s", wide, covariance, wide)
        spread = np.sqrt(np.maximum(variance, 0))
        known = spread > 0
        return Sample(users[known], (wide @ mean)[known], spread[known])

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
        items = self.vectors.item.astype(np.float64)
        mean = items.mean(axis=0)
        return mean, (items - mean).T @ (items - mean) / len(items)
