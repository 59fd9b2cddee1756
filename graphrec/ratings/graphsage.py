"""GraphSAGE with a rating head: vectors aggregated along the graph of ratings.

Users have no vectors of their own: one is aggregated from the items that the user rated, and how
(Hamilton et al., NeurIPS 2017; ratings as edge features: Berg et al., "Graph convolutional matrix
completion", 2017). With x the vectors of items, learned and of their attributes, and d how far the
rating of an edge is from the biases,

    users   h = agg(x A + d · x B)         over the items that they rated
    items   x' = x + relu(agg(h C + d · h D))   over the users who rated them
    users   h' = h + agg(x' E + d · x' F)

where agg is Σ / (n + confidence), and the residual is h'·x' and a bias of each. In training each
step hides some ratings from the aggregation and predicts these: no rating is in the messages that
predict it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn
from torch.nn import functional

from graphrec.data.dataset import Dataset
from graphrec.data.features import feature_matrix
from graphrec.models.fitted import Seed
from graphrec.models.hyper_parameters import Count, Dropped, NotNegative, Part, Rate
from graphrec.models.training.loop import train_epochs
from graphrec.ratings.biases import deviations, fit_baseline, predictor_of
from graphrec.ratings.factors import Factors
from graphrec.ratings.fitted import FittedRatings, fitted, prepare
from graphrec.ratings.log import Ratings


@dataclass(frozen=True)
class GraphSAGE:
    """Hyper-parameters; the defaults were chosen on validation."""

    dim: Count = 32
    epochs: Count = 60
    supervision_share: Part = 0.2
    """Of the ratings, that each step hides from the aggregation and predicts."""
    confidence: NotNegative = 10.0
    learning_rate: Rate = 0.01
    weight_decay: NotNegative = 1e-4
    l2: NotNegative = 0.02
    """Of the vectors of a pair, for each rating."""
    dropout: Dropped = 0.2
    """Share of the numbers of items' vectors that are dropped in training."""

    def fit(self, data: Dataset, seed: Seed = 0) -> FittedRatings:
        """The network after the last epoch, aggregated over all ratings."""
        ratings, rng = prepare(self, data, seed)
        base = fit_baseline(ratings)
        away = deviations(ratings, base).astype(np.float32)
        noise = torch.Generator().manual_seed(int(rng.integers(2**31)))
        network = Network(self, ratings, noise)
        steps = max(1, round(1 / self.supervision_share))

        def batches() -> Iterator[NDArray[np.intp]]:
            yield from np.array_split(rng.permutation(len(ratings)), min(steps, len(ratings)))

        def loss_of(hidden: NDArray[np.intp]) -> Tensor:
            kept = np.ones(len(ratings), bool)
            kept[hidden] = len(ratings) == 1
            vectors = network(Edges.of(ratings, away, kept), noise)
            user, item = (torch.from_numpy(each[hidden]).long() for each in _rows(ratings))
            found, squares = vectors.residuals(user, item)
            target = torch.from_numpy(away[hidden])
            return functional.mse_loss(found, target) + self.l2 * squares

        epochs = train_epochs(
            network.parameters(),
            batches,
            loss_of,
            epochs=self.epochs,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            warmup_steps=10,
        )
        deque(epochs, maxlen=0)
        with torch.no_grad():
            made = network(Edges.of(ratings, away, np.ones(len(ratings), bool)))
        user, item, user_bias, item_bias = (each.numpy() for each in made.parts())
        factors = Factors.of(
            ratings, base, user, item, base.user + user_bias, base.item + item_bias
        )
        return fitted(ratings, predictor_of("graphsage", ratings, base, factors))


def _rows(ratings: Ratings) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    return ratings.user, ratings.item


@dataclass(frozen=True)
class Edges:
    """The ratings that messages go along: which there are, and how far each is from the biases."""

    ones: sparse.csr_array  # float32 [U, I]
    deviations: sparse.csr_array  # float32 [U, I]
    ones_of_items: sparse.csr_array  # [I, U]
    deviations_of_items: sparse.csr_array  # [I, U]

    @classmethod
    def of(cls, ratings: Ratings, away: NDArray[np.float32], kept: NDArray[np.bool_]) -> Edges:
        """Those at a mask [R]."""
        part = ratings.take(kept)
        ones = part.matrix_of(np.ones(len(part))).astype(np.float32)
        values = part.matrix_of(away[kept].astype(np.float64)).astype(np.float32)
        return cls(ones, values, ones.T.tocsr(), values.T.tocsr())


@dataclass(frozen=True)
class Vectors:
    """What the network makes: vectors whose last number is a bias, of users and of items."""

    user: Tensor  # [U, dim + 1]
    item: Tensor  # [I, dim + 1]

    def residuals(self, user: Tensor, item: Tensor) -> tuple[Tensor, Tensor]:
        """Of B pairs [B], and the mean of the squares of their vectors."""
        one, other = functional.embedding(user, self.user), functional.embedding(item, self.item)
        products = (one[:, :-1] * other[:, :-1]).sum(1)
        squares = (one[:, :-1] ** 2).sum(1) + (other[:, :-1] ** 2).sum(1)
        return products + one[:, -1] + other[:, -1], squares.mean()

    def parts(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Vectors of users and items, and their biases."""
        return self.user[:, :-1], self.item[:, :-1], self.user[:, -1], self.item[:, -1]


class Network(nn.Module):  # type: ignore[misc]  # torch is not type-checked
    """What is learned, and the forward pass."""

    def __init__(self, config: GraphSAGE, ratings: Ratings, noise: torch.Generator) -> None:
        super().__init__()
        self.config, dim = config, config.dim + 1
        attributes = ratings.graph.attributes.get("item", {})
        self.features = feature_matrix(attributes, len(ratings.items)).astype(np.float32)
        self.features_of = self.features.T.tocsr()
        self.item = nn.Parameter(torch.randn(len(ratings.items), dim, generator=noise) * 0.1)
        self.of_features = nn.Parameter(torch.zeros(self.features.shape[1], dim))
        self.layers = nn.ParameterList(
            torch.randn(dim, dim, generator=noise) / dim**0.5 for _ in range(6)
        )

    def forward(self, edges: Edges, noise: torch.Generator | None = None) -> Vectors:
        """The vectors along some edges; with `noise`, as in training, there is dropout."""
        first = self.item + Product.apply(self.of_features, self.features, self.features_of)
        if noise is not None and self.config.dropout:
            kept = torch.rand(first.shape, generator=noise) >= self.config.dropout
            first = first * kept / (1 - self.config.dropout)
        to_users = edges.ones, edges.deviations, edges.ones_of_items, edges.deviations_of_items
        to_items = *to_users[2:], *to_users[:2]
        users = self._aggregate(first, to_users, 0)
        items = first + torch.relu(self._aggregate(users, to_items, 2))
        return Vectors(users + self._aggregate(items, to_users, 4), items)

    def _aggregate(self, senders: Tensor, along: tuple[Any, Any, Any, Any], layer: int) -> Tensor:
        """The shrunk means of messages, by the two layers from this one on."""
        ones, values, ones_back, values_back = along
        plain = Product.apply(senders @ self.layers[layer], ones, ones_back)
        rated = Product.apply(senders @ self.layers[layer + 1], values, values_back)
        counts = torch.from_numpy(np.diff(ones.indptr).astype(np.float32))[:, None]
        return (plain + rated) / (counts + self.config.confidence).clamp(min=1e-6)


class Product(torch.autograd.Function):  # type: ignore[misc]  # torch is not type-checked
    """The product of a sparse matrix [N, M] and a dense one [M, dim], with its gradient."""

    @staticmethod
    def forward(
        context: Any, dense: Tensor, matrix: sparse.csr_array, transposed: sparse.csr_array
    ) -> Tensor:
        """[N, dim]; the transposed matrix is given, as it is needed many times."""
        context.transposed = transposed
        return torch.from_numpy(matrix @ dense.detach().numpy())

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        """That of the dense matrix."""
        return torch.from_numpy(context.transposed @ gradient.numpy()), None, None
