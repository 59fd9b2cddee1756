"""Several kinds of interactions in GraphSAGE: what each counts, and which are learned to predict.

Each kind is a relation, in a learned weight (`graphrec.data.kind_relations`). Training asks about
all likes alike, or about target kinds, each by a loss of its own. Lists are made for the first
target. Of any other one, taste is seen through a learned vector, as in DistMult (Yang et al., ICLR
2015), and items have another popularity; both help to learn, and are then left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import AfterValidator
from scipy import sparse
from torch import Tensor, nn
from torch.nn import functional

from graphrec.data import Graph, elements_of
from graphrec.data.kind_relations import Relations
from graphrec.errors import DataError
from graphrec.models.graphsage.item_side import HASTE
from graphrec.models.training.negative_sampling import log_popularity, positive_chances


def parse(targets: str) -> Mapping[str, float]:
    """The weights of the losses of target kinds, the first of which is what lists are made for.

    "purchase, cart: 0.3" is {"purchase": 1, "cart": 0.3}. Raises ValueError.
    """
    found: dict[str, float] = {}
    for part in filter(None, map(str.strip, targets.split(","))):
        kind, colon, number = (each.strip() for each in part.partition(":"))
        try:
            weight = float(number) if colon else 1.0
        except ValueError:
            weight = np.nan
        if not kind or kind in found or not 0 < weight < np.inf:
            raise ValueError(
                f"{part!r} is no target: expected a kind of events, each once, and maybe a weight "
                f"above 0, as in 'purchase, cart: 0.3'"
            )
        found[kind] = weight
    return found


def _parsed(targets: str) -> str:
    parse(targets)
    return targets


Targets: TypeAlias = Annotated[str, AfterValidator(_parsed)]


@dataclass(frozen=True)
class Target:
    """Something to learn to predict."""

    graph: Graph
    """In which only that is positive."""
    weight: float
    """Of its loss."""
    chance: NDArray[np.float64]  # [P] of asking about each pair of the matrix of the whole graph
    prior: NDArray[np.float32]  # [I] where the biases of items start


def targets_of(graph: Graph, targets: str) -> tuple[Target, ...]:
    """The targets in a weighed graph, the first of which is what lists are made for.

    Without any named, all likes alike are the one there is. Raises DataError for one of which the
    graph has no positive events.
    """
    if not parse(targets):
        chance = positive_chances(graph, None)
        return (Target(graph, 1.0, chance, log_popularity(graph, chance)),)
    return tuple(_target(graph, kind, weight) for kind, weight in parse(targets).items())


def _target(graph: Graph, kind: str, weight: float) -> Target:
    log = graph.interactions
    of_kind = np.array([name == kind for name in log.kinds])[log.kind]
    own = graph.with_interactions(replace(log, weight=np.where(of_kind, log.weight, 0)))
    if not own.matrix.nnz:
        liked = sorted({log.kinds[code] for code in np.unique(log.kind[log.weight > 0])})
        raise DataError(
            f"target {kind!r} has no positive events: expected one of {', '.join(liked)}; see "
            f"`targets` in [models.graphsage] and what is positive in [kinds]"
        )
    drawn = positive_chances(own, None)
    user, item = own.matrix.tocoo().coords
    chance = np.zeros(graph.matrix.nnz)
    chance[elements_of(graph.matrix, user, item)] = drawn
    return Target(own, weight, chance, log_popularity(own, drawn))


class KindWeights(nn.Module):  # type: ignore[misc]  # torch is not type-checked
    """How much a pair counts: the sum of the weights of its kinds, 1 in the mean of all pairs."""

    def __init__(self, bits: sparse.csr_array, kinds: tuple[str, ...]) -> None:
        super().__init__()
        self.kinds = kinds
        sets, number, pairs = np.unique(bits.data, return_inverse=True, return_counts=True)
        places = np.arange(len(kinds), dtype=np.uint64)
        holds = (sets[:, None] >> places & 1).astype(np.float32)
        self.set_of = torch.from_numpy(number)  # [P]
        self.holds = torch.from_numpy(holds)  # [S, K]
        self.share = torch.from_numpy((pairs @ holds / max(pairs.sum(), 1)).astype(np.float32))
        self.free = nn.Parameter(torch.zeros(len(kinds)))

    def forward(self, pairs: Tensor) -> Tensor:
        """Of pairs [E], by number: [E, 1]."""
        of_sets = (self.holds @ self._weights())[:, None]
        return functional.embedding(self.set_of[pairs.long()], of_sets)

    def learned(self) -> Relations:
        """For serving."""
        weights = self._weights().detach().tolist()
        return Relations(dict(zip(self.kinds, weights, strict=True)))

    def _weights(self) -> Tensor:
        free = torch.exp(HASTE * self.free)
        return free / (self.share @ free)


class Asides(nn.Module):  # type: ignore[misc]
    """How taste and items look to targets beside the first."""

    def __init__(self, targets: tuple[Target, ...], dim: int) -> None:
        super().__init__()
        self.taste = nn.Parameter(torch.ones(len(targets), dim))
        self.bias = nn.ParameterList(torch.from_numpy(each.prior)[:, None] for each in targets)

    def forward(
        self, n: int, of_user: Tensor, of_item: Tensor, items: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """To the nth of them, users [B, dim + 1] and the `items` [N, dim + 1]; None: all items."""
        bias = self.bias[n] if items is None else functional.embedding(items, self.bias[n])
        seen = of_user[:, :-1] * self.taste[n]
        return torch.cat([seen, of_user[:, -1:]], 1), torch.cat([of_item[:, :-1], bias], 1)
