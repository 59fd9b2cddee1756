"""A multi-layer perceptron over learned vectors of users and items, trained with torch.

As NeuMF (He et al., WWW 2017), for ratings: the layers see both vectors and their product, and what
they give is added to the inner product of the vectors and to the biases.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from graphrec.data.dataset import Dataset
from graphrec.models.fitted import Seed
from graphrec.models.hyper_parameters import Count, Dropped, NotNegative, Rate
from graphrec.models.training.loop import train_epochs
from graphrec.ratings.biases import deviations, fit_baseline, predictor_of
from graphrec.ratings.fitted import FittedRatings, fitted, prepare
from graphrec.ratings.perceptron import Perceptron


@dataclass(frozen=True)
class MLP:
    """Hyper-parameters; the defaults were chosen on validation."""

    dim: Count = 16
    width: Count = 16
    """Of the first layer; each further one is half as wide."""
    layers: Count = 1
    epochs: Count = 15
    batch_size: Count = 1024
    learning_rate: Rate = 0.003
    l2: NotNegative = 0.2
    """Of the vectors of a pair, for each rating."""
    dropout: Dropped = 0.5
    """Share of the inputs of the first layer that are dropped in training."""

    def fit(self, data: Dataset, seed: Seed = 0) -> FittedRatings:
        """The network after the last epoch."""
        ratings, rng = prepare(self, data, seed)
        base = fit_baseline(ratings)
        target = torch.from_numpy(deviations(ratings, base).astype(np.float32))
        user, item = (torch.from_numpy(each).long() for each in (ratings.user, ratings.item))
        noise = torch.Generator().manual_seed(int(rng.integers(2**31)))
        network = Network(self, len(ratings.users), len(ratings.items), noise)

        def batches() -> Iterator[Tensor]:
            order = torch.from_numpy(rng.permutation(len(ratings)))
            yield from order.split(self.batch_size)

        def loss_of(batch: Tensor) -> Tensor:
            found, squares = network(user[batch], item[batch], noise)
            return functional.mse_loss(found, target[batch]) + self.l2 * squares

        epochs = train_epochs(
            network.parameters(),
            batches,
            loss_of,
            epochs=self.epochs,
            learning_rate=self.learning_rate,
            warmup_steps=20,
        )
        deque(epochs, maxlen=0)
        return fitted(ratings, predictor_of("mlp", ratings, base, network.in_numpy()))


class Network(nn.Module):  # type: ignore[misc]  # torch is not type-checked
    """The vectors and the layers."""

    def __init__(self, config: MLP, users: int, items: int, noise: torch.Generator) -> None:
        super().__init__()
        self.dropout = config.dropout
        self.user, self.item = (
            nn.Parameter(torch.randn(count, config.dim, generator=noise) * 0.1)
            for count in (users, items)
        )
        widths = [3 * config.dim, *(max(config.width >> n, 1) for n in range(config.layers)), 1]
        self.weights = nn.ParameterList(
            torch.randn(wide, narrow, generator=noise) * (2 / wide) ** 0.5  # He et al., ICCV 2015
            for wide, narrow in pairwise(widths)
        )
        self.offsets = nn.ParameterList(torch.zeros(narrow) for narrow in widths[1:])

    def forward(self, user: Tensor, item: Tensor, noise: torch.Generator) -> tuple[Tensor, Tensor]:
        """The residuals of B pairs [B], and the mean of the squares of their vectors."""
        one, other = functional.embedding(user, self.user), functional.embedding(item, self.item)
        products = one * other
        layer = torch.cat([one, other, products], 1).detach()
        if self.dropout:
            kept = torch.rand(layer.shape, generator=noise) >= self.dropout
            layer = layer * kept / (1 - self.dropout)
        last = len(self.weights) - 1
        for place, (weight, offset) in enumerate(zip(self.weights, self.offsets, strict=True)):
            layer = layer @ weight + offset
            layer = layer if place == last else torch.relu(layer)
        return layer[:, 0] + products.sum(1), (one**2 + other**2).sum(1).mean()

    def in_numpy(self) -> Perceptron:
        """The same, for serving."""

        def plain(each: Tensor) -> np.ndarray:
            found: np.ndarray = each.detach().numpy().copy()
            return found

        return Perceptron(
            plain(self.user),
            plain(self.item),
            tuple(map(plain, self.weights)),
            tuple(map(plain, self.offsets)),
        )
