"""Two towers with features: a user is attention over their history, and attributes; an item is its
identity, and attributes (Covington et al., RecSys 2016; Yi et al., RecSys 2019).

An item without events has the vector of its attributes, and someone without a history that of
theirs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import torch

from graphrec.data import Graph
from graphrec.data.dataset import Dataset
from graphrec.models.fitted import FittedModel, Seed
from graphrec.models.hyper_parameters import Dropped, Search
from graphrec.models.sequence.sasrec import Attention, SASRec
from graphrec.models.sequence.scorer import SequenceScorer
from graphrec.models.sequence.towers import ItemTower, UserTower
from graphrec.models.sequence.training import Learner, train


@dataclass(frozen=True)
class TwoTower(SASRec):
    """As SASRec, with the attributes of users and items."""

    identity_dropout: Annotated[Dropped, Search(0.0, 0.5)] = 0.1
    """Share of the identities of items that are dropped in training, where they have attributes."""

    def fit(self, data: Dataset, seed: Seed = 0) -> FittedModel[SequenceScorer]:
        """The towers after the last epoch."""
        return FittedModel.of(data.weighted, deque(self.train(data, seed), maxlen=1)[0])

    def train(self, data: Dataset, seed: Seed) -> Iterator[SequenceScorer]:
        """The towers after each epoch; raises as `SASRec.train`."""
        return train(self, data, seed, _learner)


def _learner(model: TwoTower, graph: Graph, noise: torch.Generator) -> Learner:
    items = ItemTower(graph, model.dim, noise, attributes=True, dropped=model.identity_dropout)
    return Learner(items, Attention(model, noise), UserTower(graph, model.dim, noise))
