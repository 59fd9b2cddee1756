"""The loss of a batch: the supervision edges against negatives, once for each target."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor
from torch.nn import functional

from graphrec.data.dgl_graph import dot_on_edges
from graphrec.models.graphsage.batches import Batch
from graphrec.models.graphsage.hyper_parameters import HyperParameters
from graphrec.models.graphsage.kinds import Target
from graphrec.models.graphsage.network import Network
from graphrec.models.training.losses import bpr, shared_softmax
from graphrec.models.training.negative_sampling import NegativeSampler

MASKED = -1e30
"""Score of a sampled item that is no negative. Finite, as a gradient of all -inf would be nan."""


def batch_loss(
    config: HyperParameters,
    network: Network,
    batch: Batch,
    targets: Sequence[Target],
    sampler: NegativeSampler,
    seen: sparse.csr_array,
    noise: torch.Generator,
) -> Tensor:
    """The weighted sum of the losses of the targets, by scores that `network` gives.

    `seen` [U, I] says which of the shared negatives are none.
    """
    item, messages = network.items(batch.field, noise)
    user = network.users(batch.messages, messages, batch.users, batch.social)
    rows = None if batch.field.items is None else batch.field.items[: len(item)]
    vectors = [
        (user, item),
        *(network.auxiliary(n, user, item, rows) for n in range(len(targets) - 1)),
    ]
    if config.loss == "softmax":
        rate = sampler.probability[batch.negatives] * config.negatives
        log_rate = torch.from_numpy(np.log(rate)).float()
        positives = tuple(
            torch.from_numpy(ends).long()
            for ends in seen[batch.users][:, batch.negatives].tocoo().coords
        )

    def loss_for(weight: NDArray[np.float64], user: Tensor, item: Tensor) -> Tensor:
        [chosen] = np.nonzero(weight)  # the supervision edges of this target
        positive = dot_on_edges(batch.supervision, item, user)[torch.from_numpy(chosen)]
        u = torch.from_numpy(batch.user[chosen])
        if config.loss == "bpr":
            unseen = item[torch.from_numpy(batch.places[chosen])]
            return bpr(positive, (user[u][:, None] * unseen).sum(2))
        negative = user @ functional.embedding(torch.from_numpy(batch.places), item).T
        negative[positives] = MASKED
        weights = torch.from_numpy(weight[chosen]).float()
        return shared_softmax(positive, u, weights, negative, log_rate)

    edge_weights = [target.chance[batch.edge] for target in targets]
    return sum(
        target.weight * loss_for(weight, *pair)
        for target, weight, pair in zip(targets, edge_weights, vectors, strict=True)
        if weight.any()
    )
