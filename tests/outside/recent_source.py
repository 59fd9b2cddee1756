"""A source of candidates: the items that people liked right after the items of the history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from scipy import sparse

from graphrec.data.axes import axes
from graphrec.data.dataset import Dataset
from graphrec.models.protocol import Seed
from graphrec.retrieval.profile import UserProfile
from graphrec.retrieval.source import Candidates, Eligible, from_scores


@dataclass(frozen=True)
class NextItems:
    """How often one item was liked next after another one."""

    counts: Annotated[sparse.csr_array, axes("item", "item")]
    """[I, I]: from the earlier item (row) to the next one (column)."""

    @property
    def name(self) -> str:
        """As the settings name it."""
        return "next-items"

    def retrieve(self, profile: UserProfile, eligible: Eligible, count: int) -> Candidates | None:
        """The items that came next most often; None without a history."""
        if not len(profile.history):
            return None
        scores = np.asarray(self.counts[profile.history].sum(axis=0), np.float32).ravel()
        return from_scores(self.name, scores, eligible, count)


@dataclass(frozen=True)
class Next:
    """The hyper-parameters of the source."""

    steps: int = 3
    """How many of the likes after an item count as next."""

    def fit(self, data: Dataset, seed: Seed = 0) -> NextItems:
        """Count the pairs of likes of one user that follow each other."""
        graph = data.weighted
        log = graph.interactions.take(graph.interactions.weight > 0)
        log = log.take(np.lexsort((log.time, log.user)))
        size = len(graph.items)
        counts = sparse.csr_array((size, size), dtype=np.float32)
        for step in range(1, self.steps + 1):
            same = log.user[:-step] == log.user[step:]
            pair = log.item[:-step][same], log.item[step:][same]
            ones = np.ones(same.sum(), np.float32)
            counts = counts + sparse.csr_array((ones, pair), (size, size))
        return NextItems(sparse.csr_array(counts))
