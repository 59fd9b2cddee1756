"""The loss: each next item against all others, or against negatives that a batch shares."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - the name everyone knows it by

from graphrec.data import Rows
from graphrec.models.training.losses import shared_softmax
from graphrec.models.training.negative_sampling import NegativeSampler

LOWEST = -1e9
"""The score of a negative that is the positive itself."""


def softmax(states: Tensor, targets: Tensor, weights: Tensor, items: Tensor) -> Tensor:
    """Cross-entropy of the targets among all items: the weighted mean.

    States [T, dim], targets [T], their weights [T], vectors of items [I, dim] -> [].
    """
    each = F.cross_entropy(states @ items.T, targets, reduction="none")
    return (each * weights).sum() / weights.sum()


def sampled_softmax(
    states: Tensor,
    targets: Tensor,
    weights: Tensor,
    items: Tensor,
    negatives: Rows,
    sampler: NegativeSampler,
) -> Tensor:
    """The same among the target and N negatives [N], which the sampler drew for all targets."""
    drawn = torch.from_numpy(negatives).long()
    rate = np.log(sampler.probability[negatives] * len(negatives)).astype(np.float32)
    own = torch.index_select(items, 0, drawn)
    scores = states @ own.T
    row, column = _hits(targets.numpy(), negatives)
    scores = scores.index_put((row, column), torch.tensor(LOWEST))
    positive = (states * torch.index_select(items, 0, targets)).sum(1)
    everyone = torch.arange(len(targets))
    return shared_softmax(positive, everyone, weights, scores, torch.from_numpy(rate))


def _hits(targets: np.ndarray, negatives: Rows) -> tuple[Tensor, Tensor]:
    """The pairs of a target and a negative that are one item: their places [H], [H]."""
    order = np.argsort(negatives, kind="stable")
    ranked = negatives[order]
    low, high = (np.searchsorted(ranked, targets, side) for side in ("left", "right"))
    counts = high - low
    row = np.repeat(np.arange(len(targets)), counts)
    within = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    column = order[np.repeat(low, counts) + within]
    return torch.from_numpy(row), torch.from_numpy(column)
