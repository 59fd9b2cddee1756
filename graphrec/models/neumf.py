"""NeuMF: matrix factorisation and a perceptron over user and item vectors, as one network.

He et al., "Neural Collaborative Filtering", WWW 2017. The score of item i for user u is

    h · (p_u ∘ q_i)  +  g · MLP(a_u + c_i)  +  b_i

with other vectors in each branch: GMF on the left, MLP on the right. Both are trained alone first,
and the network starts as their weighted mean. GMF with h = 1 is `graphrec.models.mf` with its
pointwise loss, so that is what pre-trains it.

The first layer of a perceptron of free vectors needs no weights: a linear map of a free vector is a
free vector. That leaves a sum and the activation for each pair.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - the name everyone knows it by

from graphrec.data import Rows
from graphrec.data.dataset import Dataset
from graphrec.models.fitted import FittedModel, Seed, prepare
from graphrec.models.hyper_parameters import (
    Count,
    Dropped,
    NotNegative,
    Rate,
    Search,
    Share,
    Steps,
)
from graphrec.models.mf import MF, MIN_BATCHES
from graphrec.models.training.loop import train_epochs
from graphrec.models.training.losses import pointwise
from graphrec.models.training.negative_sampling import (
    NegativeSampler,
    log_popularity,
    recency_shift,
    recent_chances,
)

BLOCK_FLOATS = 2**21
"""In the first layer of MLP, where all items are scored for some users: they stay in the cache."""


@dataclass(frozen=True)
class NeuMF:
    """Hyper-parameters; the defaults were chosen on validation."""

    dim: Annotated[Count, Search(16, 256, log=True)] = 64
    """Of the vectors of GMF."""
    mlp_dim: Annotated[Count, Search(8, 128, log=True)] = 32
    """Of the vectors of MLP; each layer after the first has half as many outputs as inputs."""
    layers: Annotated[Count, Search(1, 4)] = 3
    """Of MLP."""
    epochs: Count = 20
    """Of the whole network, after pre-training."""
    pretrain_epochs: Steps = 15
    """Of each branch alone; 0: the network starts at random."""
    gmf_share: Annotated[Share, Search(0.2, 1.0)] = 0.8
    """The α of the paper: what GMF weighs at first, where MLP weighs 1 - α."""
    negatives: Annotated[Count, Search(1, 16, log=True)] = 4
    negative_exponent: NotNegative = 0.0
    batch_size: Count = 8192
    """Positives at most: a small log has `MIN_BATCHES` batches an epoch all the same."""
    learning_rate: Annotated[Rate, Search(1e-5, 1e-2, log=True)] = 0.0001
    """Of the whole network."""
    gmf_learning_rate: Rate = 0.01
    """Of GMF alone."""
    mlp_learning_rate: Rate = 0.01
    """Of MLP alone."""
    l2: Annotated[NotNegative, Search(1e-3, 0.2, log=True)] = 0.02
    """Of the two vectors of GMF, for each positive."""
    dropout: Dropped = 0.0
    """Share of the outputs of MLP's first layer that are dropped in training."""
    warmup_steps: Steps = 100
    recent_share: Annotated[Share, Search(0.0, 1.0)] = 0.7
    """Share of the weight of positives in training that depends on their recency."""
    profile_half_life_share: NotNegative | None = 0.1
    """Half-life of that recency, as a share of the log
    (`graphrec.models.training.negative_sampling.recent_chances`)."""
    half_life_share: Annotated[NotNegative | None, Search(0.005, 1.0, log=True)] = 0.05
    """Half-life of the recency that is added to item biases, likewise
    (`graphrec.models.training.negative_sampling.recency_shift`)."""

    def fit(self, data: Dataset, seed: Seed = 0) -> FittedModel[NeuMFScorer]:
        """The network after the last epoch."""
        return FittedModel.of(data.weighted, deque(self.train(data, seed), maxlen=1)[0])

    def train(self, data: Dataset, seed: Seed) -> Iterator[NeuMFScorer]:
        """The network after each epoch; pre-training comes before the first."""
        graph, rng = prepare(self, data, seed)
        likes = graph.matrix
        users, items = likes.shape
        edges = np.stack([np.repeat(np.arange(users), np.diff(likes.indptr)), likes.indices], 1)
        chance = recent_chances(graph, self.profile_half_life_share, self.recent_share)
        sampler = NegativeSampler(graph.seen, self.negative_exponent)
        rate = sampler.probability * self.negatives * max(len(chance), 1)
        prior = torch.from_numpy(log_popularity(graph, chance) - np.log(rate)).float()
        shift = torch.from_numpy(recency_shift(graph, self.half_life_share, chance))
        warm = torch.from_numpy(np.diff(likes.indptr) > 0)
        noise = torch.Generator().manual_seed(int(rng.integers(2**63)))
        gmf = GMF(users, items, self.dim, noise)
        mlp = MLP(users, items, self.mlp_dim, self.layers, self.dropout, noise)
        bias = nn.Parameter(prior.clone())

        def batches() -> Iterator[tuple[Rows, Rows]]:
            order = rng.choice(len(edges), len(edges), p=chance)
            count = max(MIN_BATCHES, -(-len(order) // self.batch_size))
            for rows in filter(len, np.array_split(order, count)):
                u, i = edges[rows].T
                yield u, np.column_stack([i, sampler.unseen(u, self.negatives, rng)])

        def epochs(
            score: Callable[[Tensor, Tensor], Tensor],
            learned: Sequence[nn.Module],
            count: int,
            rate: float,
        ) -> Iterator[float]:
            def loss_of(batch: tuple[Rows, Rows]) -> Tensor:
                user, item = (torch.from_numpy(rows).long() for rows in batch)
                scores = score(user, item) + bias[item]
                loss = pointwise(scores[:, 0], scores[:, 1:])
                if gmf in learned and self.l2:
                    loss = loss + self.l2 * gmf.squares(user, item[:, 0])
                return loss

            return train_epochs(
                [bias, *(p for part in learned for p in part.parameters())],
                batches,
                loss_of,
                epochs=count,
                learning_rate=rate,
                warmup_steps=self.warmup_steps,
            )

        if self.pretrain_epochs:
            alone = epochs(
                lambda u, i: mlp(u, i, noise), [mlp], self.pretrain_epochs, self.mlp_learning_rate
            )
            deque(alone, maxlen=0)
            factors = self.factorisation().fit(data, rng).scorer
            with torch.no_grad():
                gmf.start_from(factors.user[:, :-1], factors.item[:, :-1], self.gmf_share)
                mlp.output.mul_(1 - self.gmf_share)
                bias.lerp_(torch.from_numpy(factors.item[:, -1]), self.gmf_share)
        together = epochs(
            lambda u, i: gmf(u, i) + mlp(u, i, noise), [gmf, mlp], self.epochs, self.learning_rate
        )
        for _ in together:
            yield NeuMFScorer(deepcopy(gmf), deepcopy(mlp), bias.detach() + shift, warm)

    def factorisation(self) -> MF:
        """What pre-trains GMF."""
        return MF(
            dim=self.dim,
            epochs=self.pretrain_epochs,
            loss="pointwise",
            negatives=self.negatives,
            negative_exponent=self.negative_exponent,
            learning_rate=self.gmf_learning_rate,
            weight_decay=0.0,
            l2=self.l2,
            recent_share=self.recent_share,
            profile_half_life_share=self.profile_half_life_share,
            half_life_share=None,  # added once, to the biases of the whole
        )


class GMF(nn.Module):  # type: ignore[misc]  # torch is not type-checked
    """Generalised matrix factorisation: h · (p_u ∘ q_i)."""

    def __init__(self, users: int, items: int, dim: int, noise: torch.Generator) -> None:
        super().__init__()
        self.user = nn.Parameter(torch.randn(users, dim, generator=noise) * 0.1)
        self.item = nn.Parameter(torch.randn(items, dim, generator=noise) * 0.1)
        self.output = nn.Parameter(torch.ones(dim))

    def start_from(
        self, user: NDArray[np.float32], item: NDArray[np.float32], share: float
    ) -> None:
        """Take over the vectors of a factorisation, [U, dim] and [I, dim], at a share of it."""
        self.user.copy_(torch.from_numpy(user))
        self.item.copy_(torch.from_numpy(item))
        self.output.fill_(share)

    def forward(self, user: Tensor, item: Tensor) -> Tensor:
        """[B], [B, N] -> [B, N]."""
        of_user = F.embedding(user, self.user) * self.output
        return torch.bmm(F.embedding(item, self.item), of_user[:, :, None])[:, :, 0]

    def squares(self, user: Tensor, item: Tensor) -> Tensor:
        """Mean of |p|² + |q|² over pairs. [B], [B] -> []."""
        squares = F.embedding(user, self.user) ** 2 + F.embedding(item, self.item) ** 2
        return squares.sum(1).mean()


class MLP(nn.Module):  # type: ignore[misc]  # torch is not type-checked
    """A perceptron of rectified layers, normalised after the first (Ba et al. 2016, LayerNorm)."""

    def __init__(
        self,
        users: int,
        items: int,
        dim: int,
        layers: int,
        dropout: float,
        noise: torch.Generator,
    ) -> None:
        super().__init__()
        self.dropout = dropout
        self.user = nn.Parameter(torch.randn(users, dim, generator=noise) * 0.1)
        self.item = nn.Parameter(torch.randn(items, dim, generator=noise) * 0.1)
        widths = [max(dim >> n, 1) for n in range(layers)]
        self.weights = nn.ParameterList(
            torch.randn(wide, narrow, generator=noise) * (2 / wide) ** 0.5  # He et al., ICCV 2015
            for wide, narrow in pairwise(widths)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(narrow) for narrow in widths[1:])
        self.output = nn.Parameter(torch.randn(widths[-1], generator=noise) * 0.1)

    def forward(self, user: Tensor, item: Tensor, noise: torch.Generator | None = None) -> Tensor:
        """[B], [B, N] -> [B, N]; with `noise`, as in training, there is dropout."""
        first = torch.relu(F.embedding(user, self.user)[:, None] + F.embedding(item, self.item))
        if noise is not None and self.dropout:
            kept = torch.rand(first.shape, generator=noise) >= self.dropout
            first = first * kept / (1 - self.dropout)
        return self.deeper(first)

    def deeper(self, layer: Tensor) -> Tensor:
        """From the outputs of the first layer [..., dim] to scores [...]."""
        for weight, norm in zip(self.weights, self.norms, strict=True):
            layer = torch.relu(norm(layer @ weight))
        return layer @ self.output


@dataclass(frozen=True)
class NeuMFScorer:
    """A fitted network."""

    gmf: GMF
    mlp: MLP
    bias: Tensor  # [I]
    warm: Tensor  # bool [U]; the vectors of others were never trained

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def score(self, users: Rows) -> NDArray[np.float32]:
        """[B, I]; a user without positives is ranked by the biases."""
        rows = torch.from_numpy(users).long()
        items, dim = self.mlp.item.shape
        scores = (self.gmf.user[rows] * self.gmf.output) @ self.gmf.item.T
        size = max(1, BLOCK_FLOATS // (items * dim))
        for start in range(0, len(rows), size):
            block = slice(start, start + size)
            first = torch.relu(self.mlp.user[rows[block]][:, None] + self.mlp.item)
            scores[block] += self.mlp.deeper(first)
        return (scores * self.warm[rows][:, None] + self.bias).numpy()
