"""The training loop of all models of sequences: the next item at every place of every history."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from math import log10
from typing import TypeAlias, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - the name everyone knows it by
from torch.optim.swa_utils import AveragedModel

from graphrec.data import Graph
from graphrec.data.dataset import Dataset
from graphrec.data.sequences import Sequences, sequences_of
from graphrec.models.fitted import Seed, prepare
from graphrec.models.sequence.batches import Batch, batches
from graphrec.models.sequence.hyper_parameters import HyperParameters
from graphrec.models.sequence.loss import sampled_softmax, softmax
from graphrec.models.sequence.modules import Network, array_of, dropped
from graphrec.models.sequence.scorer import SequenceEncoder, SequenceScorer
from graphrec.models.sequence.towers import ItemTower, UserTower
from graphrec.models.training.loop import train_epochs
from graphrec.models.training.negative_sampling import NegativeSampler


class Learner(nn.Module):  # type: ignore[misc]  # torch is not type-checked
    """The vectors of items, a network over those of histories, and vectors of user features."""

    def __init__(self, items: ItemTower, network: Network, users: UserTower | None = None) -> None:
        super().__init__()
        self.items, self.network, self.users = items, network, users

    def forward(
        self, batch: Batch, dropout: float | None, noise: torch.Generator | None
    ) -> tuple[Tensor, Tensor]:
        """The vectors of items [I, dim], and the states [T, dim] at the known places of a batch."""
        items = self.items(noise)
        rows = torch.from_numpy(batch.items).long()
        vectors = dropped(F.embedding(rows, items), dropout, noise)
        states: Tensor = self.network(vectors, torch.from_numpy(batch.gaps).long(), noise)
        if self.users is not None:
            states = states + self.users(batch.users)[:, None]
        return items, states[torch.from_numpy(batch.known)]

    def scorer(self, histories: Sequences, length: int) -> SequenceScorer:
        """What was learned, in NumPy."""
        users = None if self.users is None else self.users.learned()
        encoder = SequenceEncoder(array_of(self.items(None)), self.network.layers(), length, users)
        about = None if self.users is None else self.users.features @ array_of(self.users.vectors)
        return SequenceScorer(histories, encoder, about)


BATCHES = (50, 300)
"""The least and the most of an epoch, but that small ones have `LEAST` targets."""

LEAST = 64

Model = TypeVar("Model", bound=HyperParameters)

Build: TypeAlias = Callable[[Model, Graph, torch.Generator], Learner]
"""Makes the learner of a model for a graph, whose weights are drawn from a generator."""


def plain(network: Callable[[Model, torch.Generator], Network]) -> Build[Model]:
    """Of identities of items alone, with the network that a class makes of a model."""
    return lambda model, graph, noise: Learner(
        ItemTower(graph, model.dim, noise), network(model, noise)
    )


def train(model: Model, data: Dataset, seed: Seed, build: Build[Model]) -> Iterator[SequenceScorer]:
    """A scorer after every epoch."""
    graph, rng = prepare(model, data, seed)
    histories, latest = sequences_of(graph, "first"), sequences_of(graph, "last")
    noise = torch.Generator().manual_seed(int(rng.integers(2**63)))
    if model.dropout is None:
        model = replace(model, dropout=dropout_for(histories))
    learner = build(model, graph, noise)
    average = None
    if model.averaged:
        average = AveragedModel(learner, multi_avg_fn=partial(move, model.averaged))
    few, many = (len(histories) // count for count in BATCHES)
    size = max(LEAST, min(model.batch_size, few), many)
    sampler = NegativeSampler(graph.seen, model.negative_exponent)

    def loss_of(batch: Batch) -> Tensor:
        items, states = learner(batch, model.dropout, noise)
        targets = torch.from_numpy(batch.targets).long()
        weights = torch.from_numpy(batch.weights / batch.weights.max())
        if model.loss == "softmax":
            return softmax(states, targets, weights, items)
        negatives = sampler.draw(model.negatives, rng)
        return sampled_softmax(states, targets, weights, items, negatives, sampler)

    for _ in train_epochs(
        learner.parameters(),
        lambda: batches(histories.with_ties_drawn(rng), model.length, size, rng),
        loss_of,
        epochs=model.epochs,
        learning_rate=model.learning_rate,
        weight_decay=model.weight_decay,
        warmup_steps=model.warmup_steps,
        fused=True,
        after_step=None if average is None else lambda: average.update_parameters(learner),
    ):
        learned: Learner = learner if average is None else average.module
        with torch.no_grad():
            yield learned.scorer(latest, model.length)


def dropout_for(histories: Sequences) -> float:
    """The share to drop where none is given: the shorter histories are, the more is chance."""
    users = int(np.count_nonzero(histories.lengths))
    mean = len(histories) / max(users, 1)
    return float(np.clip(0.5 - 0.3 * log10(max(mean, 1) / 10), 0.2, 0.5))


def move(
    decay: float, average: Sequence[Tensor], current: Sequence[Tensor], steps: Tensor | int
) -> None:
    """Move averaged parameters towards the current ones, the further the fewer steps there were."""
    share = 1 - min(decay, (1 + int(steps)) / (10 + int(steps)))
    torch._foreach_lerp_(list(average), list(current), share)
