"""Several kinds of interactions in GraphSAGE: their weights, and which are learned to predict.

Each kind is a relation with a learned weight (`graphrec.data.kind_relations`). Training predicts
all positive events alike, or target kinds, each with a loss of its own. Lists are made for the
first target. For each other one, the user's vector is multiplied by a learned vector, as in
DistMult (Yang et al., ICLR 2015), and items have another bias; both help in training, and are
then left out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn
from torch.nn import functional

from graphrec.data import Graph, elements_of
from graphrec.data.kind_relations import Relations
from graphrec.errors import DataError
from graphrec.models.graphsage.hyper_parameters import parse_targets
from graphrec.models.graphsage.item_side import RATE_MULTIPLIER
from graphrec.models.training.negative_sampling import log_popularity, positive_chances


@dataclass(frozen=True)
class Target:
    """Something to learn to predict."""

    graph: Graph
    """In which only that is positive."""
    weight: float
    """Of its loss."""
    chance: NDArray[np.float64]  # [P] the weight of each pair of the matrix of the whole graph
    prior: NDArray[np.float32]  # [I] where the biases of items start


def targets_of(graph: Graph, targets: str) -> tuple[Target, ...]:
    """The targets in a weighted graph, the first of which is what lists are made for.

    Where none is named, the one target is all positive events alike. Raises DataError for a kind of
    which the graph has no positive events.
    """
    kinds = parse_targets(targets)
    if not kinds:
        chance = positive_chances(graph, None)
        return (Target(graph, 1.0, chance, log_popularity(graph, chance)),)
    return tuple(_target(graph, kind, weight) for kind, weight in kinds.items())


def _target(graph: Graph, kind: str, weight: float) -> Target:
    log = graph.interactions
    of_kind = np.array([name == kind for name in log.kinds])[log.kind]
    alone = graph.with_interactions(replace(log, weight=np.where(of_kind, log.weight, 0)))
    if not alone.matrix.nnz:
        liked = sorted({log.kinds[code] for code in np.unique(log.kind[log.weight > 0])})
        raise DataError(
            f"target {kind!r} has no positive events: expected one of {', '.join(liked)}; see "
            f"`targets` in [models.graphsage] and what is positive in [kinds]"
        )
    drawn = positive_chances(alone, None)
    user, item = alone.matrix.tocoo().coords
    chance = np.zeros(graph.matrix.nnz)
    chance[elements_of(graph.matrix, user, item)] = drawn
    return Target(alone, weight, chance, log_popularity(alone, drawn))


class KindWeights(nn.Module):  # type: ignore[misc]  # torch is not type-checked
    """The weight of a pair: the sum of the weights of its kinds, 1 in the mean of all pairs."""

    def __init__(self, bits: sparse.csr_array, kinds: tuple[str, ...]) -> None:
        super().__init__()
        self.kinds = kinds
        sets, number, pairs = np.unique(bits.data, return_inverse=True, return_counts=True)
        places = np.arange(len(kinds), dtype=np.uint64)
        holds = (sets[:, None] >> places & 1).astype(np.float32)
        self.set_of = torch.from_numpy(number)  # [P]
        self.holds = torch.from_numpy(holds)  # [S, K]
        self.share = torch.from_numpy((pairs @ holds / max(pairs.sum(), 1)).astype(np.float32))
        self.log_weights = nn.Parameter(torch.zeros(len(kinds)))

    def forward(self, pairs: Tensor) -> Tensor:
        """Of pairs [E], by number: [E, 1]."""
        of_sets = (self.holds @ self._weights())[:, None]
        return functional.embedding(self.set_of[pairs.long()], of_sets)

    def learned(self) -> Relations:
        """For serving."""
        weights = self._weights().detach().tolist()
        return Relations(dict(zip(self.kinds, weights, strict=True)))

    def _weights(self) -> Tensor:
        free = torch.exp(RATE_MULTIPLIER * self.log_weights)
        return free / (self.share @ free)


class AuxiliaryTargets(nn.Module):  # type: ignore[misc]
    """Users and items as targets beside the first score them."""

    def __init__(self, targets: tuple[Target, ...], dim: int) -> None:
        super().__init__()
        self.relation = nn.Parameter(torch.ones(len(targets), dim))
        self.bias = nn.ParameterList(
            torch.from_numpy(each.prior.copy())[:, None] for each in targets
        )

    def forward(
        self, n: int, user: Tensor, item: Tensor, items: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """For the nth of them, users [B, dim + 1] and the `items` [N, dim + 1]; None: all items."""
        bias = self.bias[n] if items is None else functional.embedding(items, self.bias[n])
        scaled = user[:, :-1] * self.relation[n]
        return torch.cat([scaled, user[:, -1:]], 1), torch.cat([item[:, :-1], bias], 1)
