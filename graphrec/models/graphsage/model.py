"""GraphSAGE on the user-item graph (Hamilton, Ying & Leskovec, NeurIPS 2017), with DGL.

The parts: `network` has the forward pass, `batches` what messages pass along and what is predicted,
`loss` the loss of a batch, `inference` the embeddings of everyone, and `resume` where training goes
on from earlier embeddings. `item_side`, `kinds` and `aggregators` are parts of the network.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from graphrec.data import Rows
from graphrec.data.dataset import Dataset
from graphrec.data.dgl_graph import likes_graph
from graphrec.data.kind_relations import kinds_of_likes
from graphrec.models.embeddings import Embeddings
from graphrec.models.fitted import FittedModel, Seed, prepare
from graphrec.models.graphsage.batches import batch_of, user_batches
from graphrec.models.graphsage.hyper_parameters import HyperParameters, names_in
from graphrec.models.graphsage.inference import embeddings_of
from graphrec.models.graphsage.item_side import item_links
from graphrec.models.graphsage.kinds import targets_of
from graphrec.models.graphsage.loss import batch_loss
from graphrec.models.graphsage.network import Network
from graphrec.models.graphsage.resume import resume
from graphrec.models.training.loop import train_epochs
from graphrec.models.training.negative_sampling import NegativeSampler, recency_shift


@dataclass(frozen=True)
class GraphSAGE(HyperParameters):
    """Embeddings aggregated from neighbours: inductive, so that new users get one at once."""

    def fit(self, data: Dataset, seed: Seed = 0) -> FittedModel[Embeddings]:
        """The embeddings after the last epoch."""
        return FittedModel.of(data.weighted, deque(self.train(data, seed), maxlen=1)[0])

    def can_resume(self, start: Embeddings, data: Dataset) -> bool:
        """Whether the parameters follow from vectors, which have as many dimensions: with one
        round, a mean of messages, no links of items, and positive events of one kind.
        """
        graph = data.weighted
        fits = start.encoder is not None and start.item.shape[1] == self.dim + 1
        plain = self.rounds == 1 and self.aggregator in ("degree", "mean") and not self.targets
        alike = len(kinds_of_likes(graph)) < 2
        return fits and plain and alike and not item_links(graph, names_in(self.without_relations))

    def train(
        self, data: Dataset, seed: Seed, start: Embeddings | None = None
    ) -> Iterator[Embeddings]:
        """The embeddings after each epoch, of `dim` + 1 dimensions: the last is the item's bias.

        They are those of a moving average of the parameters, which evens out the noise of the last
        steps. Items that `start` does not know begin as what their features, or their users,
        aggregate to.
        """
        graph, rng = prepare(self, data, seed)
        matrix = graph.matrix
        likes = likes_graph(matrix)
        targets = targets_of(graph, self.targets)
        first, *others = targets
        shift = recency_shift(first.graph, self.half_life_share)
        network = Network(self, graph, first.prior, rng, tuple(others))
        popularity = first.prior + shift
        targeted = np.any([target.chance > 0 for target in targets], axis=0)
        if start is not None:
            resume(network, start, matrix, shift)
        # No user could have seen a cold item, so it is no negative.
        floor = 0 if network.item_side.has_content else 1
        sampler = NegativeSampler(graph.seen, self.negative_exponent, floor=floor)
        [fanout_rng] = rng.spawn(1)  # so that a fanout changes no other draw
        noise = torch.Generator().manual_seed(int(rng.integers(2**63)))
        average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(self.averaged))

        def batches() -> Iterator[tuple[Rows, NDArray[np.bool_]]]:
            return user_batches(self, matrix, targeted, rng)

        def loss_of(drawn: tuple[Rows, NDArray[np.bool_]]) -> Tensor:
            batch = batch_of(self, matrix, likes, network.friends, sampler, *drawn, rng, fanout_rng)
            return batch_loss(self, network, batch, targets, sampler, graph.seen, noise)

        for _ in train_epochs(
            network.parameters(),
            batches,
            loss_of,
            epochs=self.epochs,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            warmup_steps=self.warmup_steps,
            after_step=lambda: average.update_parameters(network),
        ):
            yield embeddings_of(self, average.module, matrix, likes, popularity, shift)
