"""Matrix factorisation by gradient descent: a vector a user, a vector and a bias an item.

A user unknown in training gets the mean of the vectors of their items. Training does not fit the
item vectors to that, so it is less precise than the vectors of known users.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor

from graphrec.data import Rows
from graphrec.data.dataset import Dataset
from graphrec.models.embeddings import Embeddings
from graphrec.models.encoder import Encoder
from graphrec.models.fitted import FittedModel, Seed, prepare
from graphrec.models.hyper_parameters import Count, NotNegative, Options, Rate, Search, Share, Steps
from graphrec.models.training.loop import train_epochs
from graphrec.models.training.losses import bpr, pointwise_batch
from graphrec.models.training.negative_sampling import (
    NegativeSampler,
    log_popularity,
    recency_shift,
    recent_chances,
)
from graphrec.models.training.user_batches import UserBatch, user_batches

MIN_BATCHES = 5

Loss: TypeAlias = Literal["bpr", "pointwise"]


@dataclass(frozen=True)
class MF:
    """Biased matrix factorisation (Koren et al. 2009) on implicit feedback.

    With `bpr` each positive is compared with `negatives` random items (Rendle et al., UAI 2009).
    `pointwise` is the logistic loss of the tuned dot product of Rendle et al. (RecSys 2020, "Neural
    Collaborative Filtering vs. Matrix Factorization Revisited"), in expectation over the draws of
    negatives (`graphrec.models.training.user_batches`).
    """

    dim: Annotated[Count, Search(16, 256, log=True)] = 64
    epochs: Count = 60
    loss: Annotated[Loss, Options(get_args(Loss))] = "pointwise"
    negatives: Annotated[Count, Search(1, 32, log=True)] = 4
    negative_exponent: Annotated[NotNegative, Search(0.0, 1.0)] = 0.0
    batch_size: Count = 1024
    """Positives at most, with bpr: a small log has `MIN_BATCHES` batches an epoch all the same."""
    users_per_batch: Count = 256
    """At most, with pointwise."""
    learning_rate: Annotated[Rate, Search(1e-3, 0.1, log=True)] = 0.01
    weight_decay: NotNegative = 0.0
    """Of all parameters, at every step: what suits bpr (1e-4) is far too much for pointwise."""
    l2: Annotated[NotNegative, Search(1e-3, 0.2, log=True)] = 0.02
    """With pointwise: of both vectors, for each positive."""
    warmup_steps: Steps = 20
    recent_share: Annotated[Share, Search(0.0, 1.0)] = 0.7
    """Share of the weight of positives in training that depends on their recency."""
    profile_half_life_share: Annotated[NotNegative | None, Search(0.005, 1.0, log=True)] = 0.1
    """Half-life of that recency, as a share of the log
    (`graphrec.models.training.negative_sampling.recent_chances`)."""
    half_life_share: Annotated[NotNegative | None, Search(0.005, 1.0, log=True)] = 0.05
    """Half-life of the recency that is added to item biases, likewise
    (`graphrec.models.training.negative_sampling.recency_shift`)."""

    def fit(self, data: Dataset, seed: Seed = 0) -> FittedModel[Embeddings]:
        """The embeddings after the last epoch."""
        return FittedModel.of(data.weighted, deque(self.train(data, seed), maxlen=1)[0])

    def can_resume(self, start: Embeddings, data: Dataset) -> bool:
        """Whether the vectors have as many dimensions."""
        return start.item.shape[1] == start.user.shape[1] == self.dim + 1

    def train(
        self, data: Dataset, seed: Seed, start: Embeddings | None = None
    ) -> Iterator[Embeddings]:
        """The embeddings after each epoch, of `dim` + 1 dimensions: the last is the item's bias.

        Users whom `start` does not know begin at the mean of their items; items, as without it.
        """
        graph, rng = prepare(self, data, seed)
        likes = graph.matrix
        users, items = likes.shape
        edges = np.stack([np.repeat(np.arange(users), np.diff(likes.indptr)), likes.indices], 1)
        chance = recent_chances(graph, self.profile_half_life_share, self.recent_share)
        shift = torch.from_numpy(recency_shift(graph, self.half_life_share, chance))
        sampler = NegativeSampler(graph.seen, self.negative_exponent)
        noise = torch.Generator().manual_seed(int(rng.integers(2**63)))
        user = torch.randn(users, self.dim, generator=noise) * 0.1
        item = torch.randn(items, self.dim, generator=noise) * 0.1
        prior = log_popularity(graph, chance)
        if self.loss == "pointwise":  # a logit: log of the odds of being a positive or a negative
            prior = prior - np.log(sampler.probability * self.negatives * len(chance))
        bias = torch.from_numpy(prior.astype(np.float32))
        if start is not None:
            known = np.isfinite(start.item).all(axis=1)
            item[known] = torch.from_numpy(start.item[known, :-1])
            bias[known] = torch.from_numpy(start.item[known, -1]) - shift[known]
            user[:] = torch.from_numpy(_mean_of_items(likes, item.numpy()))
            known = np.isfinite(start.user).all(axis=1)
            user[known] = torch.from_numpy(start.user[known, :-1])
        for table in (user, item, bias):
            table.requires_grad_()

        def pairs() -> Iterator[tuple[Rows, Rows, Rows]]:
            order = rng.choice(len(edges), len(edges), p=chance)
            for rows in np.array_split(order, max(MIN_BATCHES, -(-len(order) // self.batch_size))):
                if not len(rows):
                    continue  # fewer positives than batches
                u, i = edges[rows].T
                yield u, i, sampler.unseen(u, self.negatives, rng)

        def loss_of_pairs(batch: tuple[Rows, Rows, Rows]) -> Tensor:
            u, positive, negative = (torch.from_numpy(rows).long() for rows in batch)
            vector = user[u]
            return bpr(
                (vector * item[positive]).sum(1) + bias[positive],
                (vector[:, None] * item[negative]).sum(2) + bias[negative],
            )

        def users_of() -> Iterator[UserBatch]:
            count = max(MIN_BATCHES, -(-users // self.users_per_batch))
            return user_batches(graph, chance, sampler, count, rng)

        def loss_of_users(batch: UserBatch) -> Tensor:
            u, i = torch.from_numpy(batch.users).long(), torch.from_numpy(batch.items).long()
            liked, unseen = torch.from_numpy(batch.liked), torch.from_numpy(batch.unseen)
            loss = pointwise_batch(user[u] @ item[i].T + bias[i], liked, unseen * self.negatives)
            if self.l2:
                squares = (user[u] ** 2).sum(1) @ liked.sum(1) + (item[i] ** 2).sum(1) @ liked.sum(
                    0
                )
                loss = loss + self.l2 * squares / liked.sum()
            return loss

        steps: Any = (pairs, loss_of_pairs) if self.loss == "bpr" else (users_of, loss_of_users)
        # A user without positives keeps only the constant, and so is ranked by the biases.
        warm = torch.from_numpy(np.diff(likes.indptr) > 0)[:, None]
        for _ in train_epochs(
            [user, item, bias],
            *steps,
            epochs=self.epochs,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            warmup_steps=self.warmup_steps,
        ):
            vectors = item.detach()
            message = torch.cat([vectors, torch.zeros(items, 1)], 1).numpy()
            base = np.eye(1, self.dim + 1, self.dim, dtype=np.float32)[0]
            yield Embeddings(
                torch.cat([user.detach() * warm, torch.ones(users, 1)], 1).numpy(),
                torch.cat([vectors, (bias.detach() + shift)[:, None]], 1).numpy(),
                Encoder(message, base),
            )


def _mean_of_items(likes: sparse.csr_array, item: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean of the vectors [I, dim] of the items that each user likes [U, dim]."""
    pattern = sparse.csr_array(
        (np.ones(likes.nnz, np.float32), likes.indices, likes.indptr), likes.shape
    )
    total = np.asarray(pattern @ item, np.float32)
    return total / np.maximum(np.diff(likes.indptr), 1).astype(np.float32)[:, None]
