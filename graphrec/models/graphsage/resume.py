"""Where training goes on from earlier embeddings instead of anew."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import nn

from graphrec.data.features import FeatureSpace
from graphrec.models.embeddings import Embeddings
from graphrec.models.graphsage.item_side import RATE_MULTIPLIER
from graphrec.models.graphsage.network import Network
from graphrec.models.training.warm_start import with_columns_of


@torch.no_grad()  # type: ignore[untyped-decorator]
def resume(
    network: Network, start: Embeddings, matrix: sparse.csr_array, shift: NDArray[np.float32]
) -> None:
    """Set the parameters so that the network gives `start`, in the rows of `matrix` [U, I].

    Known items get their directions, messages and biases, less `shift` [I]. Of a vector only the
    direction counted; it gets the length of the item's message. Unknown items begin as what their
    features give; those without features, as what their users aggregate.
    """
    encoder, side = start.encoder, network.item_side
    assert encoder is not None  # noqa: S101 - see `GraphSAGE.can_resume`
    if (items := start.item_encoder) is not None:
        _take_over(side.feature_vectors, side.space, items.features, items.space)
    if (features := encoder.features) is not None:
        _take_over(
            network.user_feature_vectors,
            network.user_space,
            features.vectors[:, :-1],
            features.space,
        )
    message = encoder.messages[:, :-1] / network.item_sends.numpy()  # [I, dim]
    direction = start.item[:, :-1]
    known = np.isfinite(message).all(axis=1) & np.isfinite(direction).all(axis=1)
    size = np.linalg.norm(message, axis=1, keepdims=True)
    vector = direction / np.linalg.norm(direction, axis=1, keepdims=True).clip(1e-12) * size
    learned = np.concatenate([vector, start.item[:, -1:] - shift[:, None]], axis=1)
    begun = torch.cat([side.identity, side.bias], 1).numpy()
    side.identity.zero_()
    side.bias.zero_()
    by_features = side()[0].numpy()
    pattern = sparse.csr_array((np.ones(matrix.nnz), matrix.indices, matrix.indptr), matrix.shape)
    by_users = np.asarray(pattern.T @ (pattern @ np.where(known[:, None], message, 0)))
    length = np.linalg.norm(by_users, axis=1, keepdims=True)
    near = ~known & (length[:, 0] > 0)
    begun[near, :-1] = (by_users / length.clip(1e-12))[near] * size[known].mean()
    begun[~known & by_features[:, :-1].any(axis=1), :-1] = 0
    begun[known] = (learned - by_features)[known]
    side.identity.copy_(torch.from_numpy(begun[:, :-1]))
    side.bias.copy_(torch.from_numpy(begun[:, -1:]))
    network.message_offset.copy_(torch.from_numpy(np.where(known[:, None], message - vector, 0)))
    if encoder.length:
        scale = encoder.length * network.config.temperature**0.5
        network.log_scale.fill_(math.log(scale) / RATE_MULTIPLIER)
    if encoder.confidence_prior:
        network.log_confidence_prior.fill_(math.log(encoder.confidence_prior) / RATE_MULTIPLIER)
    if encoder.friend_weight is not None:
        network.friend_weight.fill_(encoder.friend_weight)


def _take_over(
    parameter: nn.Parameter,
    space: FeatureSpace,
    vectors: NDArray[np.float32],
    known: FeatureSpace,
) -> None:
    """Set the rows of a parameter [F, dim] of features that another space has, too."""
    found = with_columns_of(parameter.detach().numpy(), space, vectors, known)
    parameter.copy_(torch.from_numpy(found))
