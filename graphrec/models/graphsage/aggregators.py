"""The aggregators of GraphSAGE: from the messages of items to a user's vector.

Each aggregates messages [N, dim] along a graph for its users [B, dim], which gives 0 for a user
without items, and gives the encoder that does the same in NumPy. Learned ones start as plain ones:
attention as the mean, pooling as the largest elements of each sign. Edges may have a weight [E, 1].
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from graphrec.data.dgl_graph import (
    LIKED_BY,
    HeteroGraph,
    attention_over_neighbours,
    max_of_neighbours,
    mean_of_neighbours,
)
from graphrec.models.encoder import SLOPE, Encoder
from graphrec.models.graphsage.hyper_parameters import Aggregator


class Mean(nn.Module):  # type: ignore[misc]  # torch is not type-checked
    """The mean, in which nothing is learned (Hamilton, Ying & Leskovec, NeurIPS 2017)."""

    def forward(self, likes: HeteroGraph, messages: Tensor, weight: Tensor | None = None) -> Tensor:
        """[N, dim] -> [B, dim]."""
        return mean_of_neighbours(likes, LIKED_BY, messages, weight)

    def encoder(self, messages: Tensor, length: float) -> Encoder:
        """For [I, dim] messages; its vectors end in 1, before the item's bias."""
        return Encoder(_before_bias(messages), _base(messages), length)


class Pooling(nn.Module):  # type: ignore[misc]
    """The largest elements of messages, through a layer before and after (ibid., eq. 3)."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        signs = torch.cat([torch.eye(dim), -torch.eye(dim)])
        self.hidden = nn.Parameter(signs.T.contiguous())
        self.bias = nn.Parameter(torch.zeros(2 * dim))
        self.readout = nn.Parameter(signs.clone())

    def forward(self, likes: HeteroGraph, messages: Tensor, weight: Tensor | None = None) -> Tensor:
        """[N, dim] -> [B, dim]."""
        hidden = self._hidden(messages)
        return max_of_neighbours(likes, LIKED_BY, hidden, weight) @ self.readout

    def encoder(self, messages: Tensor, length: float) -> Encoder:
        """As of `Mean`."""
        hidden = self._hidden(messages).numpy()
        return Encoder(hidden, _base(messages), length, readout=_before_bias(self.readout.detach()))

    def _hidden(self, messages: Tensor) -> Tensor:
        return functional.relu(messages @ self.hidden + self.bias)


class Attention(nn.Module):  # type: ignore[misc]
    """A mean by softmax weights (GAT, Veličković et al., ICLR 2018).

    The score of an item for a user is the leaky ReLU of the item's source score plus the mean of
    the target scores of the user's items, so that users need no identity.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.score = nn.Parameter(torch.zeros(dim, 2))

    def forward(self, likes: HeteroGraph, messages: Tensor, weight: Tensor | None = None) -> Tensor:
        """[N, dim] -> [B, dim]."""
        source, target = (messages @ self.score).split(1, dim=1)
        of_user = mean_of_neighbours(likes, LIKED_BY, target, weight)
        return attention_over_neighbours(likes, LIKED_BY, messages, _leaky, source, of_user, weight)

    def encoder(self, messages: Tensor, length: float) -> Encoder:
        """As of `Mean`."""
        score = (messages @ self.score.detach()).numpy()
        return Encoder(_before_bias(messages), _base(messages), length, attention=score)


def aggregator(name: Aggregator, dim: int) -> Mean | Pooling | Attention:
    """The aggregator of messages of `dim` dimensions; `degree` is a mean of scaled messages."""
    if name == "pooling":
        return Pooling(dim)
    return Attention(dim) if name == "attention" else Mean()


def _leaky(score: Tensor) -> Tensor:
    return functional.leaky_relu(score, SLOPE)


def _before_bias(vectors: Tensor) -> NDArray[np.float32]:
    return np.pad(vectors.numpy(), ((0, 0), (0, 1)))


def _base(messages: Tensor) -> NDArray[np.float32]:
    dim = messages.shape[1]
    return np.eye(1, dim + 1, dim, dtype=np.float32)[0]
