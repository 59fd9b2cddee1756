"""Losses as pure functions: scores in, one number out. B pairs, N negatives each."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - the name everyone knows it by


def bpr(positive: Tensor, negative: Tensor) -> Tensor:
    """-log σ(positive - negative), the mean (Rendle et al., UAI 2009). [B], [B, N] -> []."""
    return F.softplus(negative - positive[:, None]).mean()


def pointwise(positive: Tensor, negative: Tensor) -> Tensor:
    """Binary cross-entropy of 1 for positives and 0 for negatives (NCF, WWW 2017), a positive.

    [B], [B, N] -> []: every negative counts as much as the positive.
    """
    return F.softplus(-positive).mean() + F.softplus(negative).sum(1).mean()


def pointwise_batch(score: Tensor, liked: Tensor, unseen: Tensor) -> Tensor:
    """As `pointwise`, of all pairs of B users and J items, with their weights. [B, J] -> [].

    The mean over the positives; the weights `unseen` add up to the negatives of each times the sum
    of `liked`. -log σ(s) is softplus(s) - s, so that one softplus does for both.
    """
    loss = (liked + unseen) * F.softplus(score) - liked * score
    return loss.sum() / liked.sum()


def shared_softmax(
    positive: Tensor, row: Tensor, weight: Tensor, negative: Tensor, log_probability: Tensor
) -> Tensor:
    """Cross-entropy of each positive of a user among sampled negatives: the weighted mean.

    [E] scores of positives, [E] the users (rows of `negative`) and [E] the weights of them,
    [B, N], [N] -> []. Each negative's score is lowered by the log of the rate at which it is drawn,
    so that popular negatives are not punished for being drawn often (Bengio & Senécal 2008; Yi et
    al. 2019). The negatives of a user are summed once, not once a positive. A drawn item that the
    user has seen is masked with a large negative, finite score.
    """
    rest = torch.logsumexp(negative - log_probability, dim=1)
    each = F.softplus(torch.index_select(rest, 0, row) - positive)
    return (each * weight).sum() / weight.sum().clamp_min(torch.finfo(weight.dtype).tiny)
