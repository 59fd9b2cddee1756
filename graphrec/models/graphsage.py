"""GraphSAGE on the user-item graph (Hamilton, Ying & Leskovec, NeurIPS 2017), with DGL.

An item starts as a learned identity vector plus what its features say. A user has no identity: they
are the mean of what the items they like tell them, plus what their features say. So a user whom
training never met is embedded like any other, which is what makes the model inductive, and serving
does it in NumPy (`graphrec.encoder`). In further rounds items become the mean of what their users
tell them, and tell their users again; a vector is the mean over the rounds.

The aggregators are linear, as deep non-linear ones do not help where identities are learned
(He et al., LightGCN, SIGIR 2020). Each training step hides the edges that it is asked about from
message passing, both ways, so that no edge helps to predict itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn

from graphrec.data import Graph
from graphrec.dgl_graph import (
    LIKED_BY,
    LIKES,
    HeteroGraph,
    hide_edges,
    likes_graph,
    mean_of_neighbours,
)
from graphrec.embeddings import Embeddings
from graphrec.encoder import Encoder
from graphrec.features import feature_matrix
from graphrec.losses import bpr, sampled_softmax
from graphrec.models.ranges import Count, Dropped, NotNegative, Rate, Steps
from graphrec.sampling import NegativeSampler, log_popularity, positive_chances, recency_shift
from graphrec.train import train_epochs


@dataclass(frozen=True)
class GraphSAGE:
    """Hyper-parameters; the defaults were chosen on rolling cuts within a train part."""

    dim: Count = 64
    rounds: Count = 1
    """Of messages from items to users; n rounds see 2n - 1 steps far."""
    epochs: Count = 60
    loss: Literal["softmax", "bpr"] = "softmax"
    negatives: Count = 1000
    """Shared by a batch with softmax; for each positive with bpr."""
    negative_exponent: NotNegative = 0.0
    batches: Count = 10
    """An epoch; each hides its share of the edges from message passing."""
    learning_rate: Rate = 0.002
    weight_decay: NotNegative = 1e-4
    warmup_steps: Steps = 20
    dropout: Dropped = 0.5
    """Share of the elements of item vectors that are dropped in training."""
    half_life_share: NotNegative | None = 0.05
    """Of the recency that is added to item biases (`graphrec.sampling.recency_shift`)."""

    def fit(self, graph: Graph, rng: np.random.Generator) -> Embeddings:
        """The embeddings after the last epoch."""
        return deque(self.train(graph, rng), maxlen=1)[0]

    def train(self, graph: Graph, rng: np.random.Generator) -> Iterator[Embeddings]:
        """The embeddings after each epoch, of `dim` + 1 dimensions: the last is the item's bias."""
        likes = likes_graph(graph.matrix)
        user, item = likes.edges(etype=LIKES, order="eid")
        chance = positive_chances(graph, None)
        shift = np.pad(recency_shift(graph, self.half_life_share)[:, None], ((0, 0), (self.dim, 0)))
        sampler = NegativeSampler(graph.seen, self.negative_exponent)
        noise = torch.Generator().manual_seed(int(rng.integers(2**63)))
        network = Network(self, graph, log_popularity(graph, chance), noise)

        def batches() -> Iterator[tuple[NDArray, NDArray]]:
            part = rng.permutation(len(chance)) % self.batches
            for hidden in filter(len, (np.flatnonzero(part == p) for p in range(self.batches))):
                share = chance[hidden]
                yield hidden, rng.choice(hidden, len(hidden), p=share / share.sum())

        def loss_of(batch: tuple[NDArray, NDArray]) -> Tensor:
            hidden, asked = batch
            users, items, _ = network(hide_edges(likes, hidden), noise)
            u, i = user[asked].long(), item[asked].long()
            of_user = users[u]
            positive = (of_user * items[i]).sum(1)
            if self.loss == "bpr":
                drawn = torch.from_numpy(sampler.unmet(user[asked].numpy(), self.negatives, rng))
                return bpr(positive, (of_user[:, None] * items[drawn.long()]).sum(2))
            rows = sampler.draw(self.negatives, rng)
            rate = torch.from_numpy(np.log(sampler.probability[rows] * self.negatives)).float()
            drawn = torch.from_numpy(rows).long()
            negative = (of_user @ items[drawn].T).masked_fill(i[:, None] == drawn, -torch.inf)
            return sampled_softmax(positive, negative, rate)

        for _ in train_epochs(
            network.parameters(),
            batches,
            loss_of,
            epochs=self.epochs,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            warmup_steps=self.warmup_steps,
        ):
            with torch.no_grad():
                users, items, messages = (t.numpy() for t in network(likes))
            base = np.eye(1, self.dim + 1, self.dim, dtype=np.float32)[0]
            yield Embeddings(users, items + shift, Encoder(messages, base))


class Network(nn.Module):  # type: ignore[misc]  # torch is not type-checked
    """What is learned, and the forward pass."""

    def __init__(
        self, config: GraphSAGE, graph: Graph, prior: NDArray[np.float32], noise: torch.Generator
    ) -> None:
        super().__init__()
        dim = config.dim
        self.dropout = config.dropout

        def normal(rows: int) -> nn.Parameter:
            return nn.Parameter(torch.randn(rows, dim, generator=noise) * 0.1)

        def near_identity() -> nn.Parameter:
            return nn.Parameter(torch.eye(dim) + torch.randn(dim, dim, generator=noise) * 0.01)

        self.user_features = _tensor(
            feature_matrix(graph.attributes.get("user", {}), len(graph.users))
        )
        self.item_features = _tensor(
            feature_matrix(graph.attributes.get("item", {}), len(graph.items))
        )
        self.of_user_features = nn.Parameter(torch.zeros(self.user_features.shape[1], dim))
        self.of_item_features = normal(self.item_features.shape[1])
        self.identity = normal(len(graph.items))
        self.bias = nn.Parameter(torch.from_numpy(prior)[:, None])
        self.to_user = nn.ParameterList(near_identity() for _ in range(config.rounds))
        self.to_item = nn.ParameterList(near_identity() for _ in range(config.rounds - 1))

    def forward(
        self, likes: HeteroGraph, noise: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Users [U, dim + 1], items [I, dim + 1] and their messages to users [I, dim + 1].

        With `noise`, as in training, there is dropout.
        """
        about_user = self.user_features @ self.of_user_features
        item = self.identity + self.item_features @ self.of_item_features
        if noise is not None and self.dropout:
            kept = torch.rand(item.shape, generator=noise) >= self.dropout
            item = item * kept / (1 - self.dropout)
        items, messages = [item], [item @ self.to_user[0]]
        for to_item, to_user in zip(self.to_item, self.to_user[1:], strict=True):
            user = mean_of_neighbours(likes, LIKED_BY, messages[-1]) + about_user
            items.append(mean_of_neighbours(likes, LIKES, user) @ to_item)
            messages.append(items[-1] @ to_user)
        message = torch.stack(messages).mean(0)
        user = mean_of_neighbours(likes, LIKED_BY, message) + about_user
        item = torch.stack(items).mean(0)
        return (
            torch.cat([user, torch.ones(len(user), 1)], 1),
            torch.cat([item, self.bias], 1),
            torch.cat([message, torch.zeros(len(message), 1)], 1),
        )


def _tensor(matrix: sparse.csr_array) -> Tensor:
    rows, columns = matrix.tocoo().coords
    index = torch.from_numpy(np.stack([rows, columns]).astype(np.int64))
    return torch.sparse_coo_tensor(
        index, torch.from_numpy(matrix.data), matrix.shape, check_invariants=False
    ).coalesce()
