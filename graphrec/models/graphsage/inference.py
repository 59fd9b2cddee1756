"""From a trained network to the embeddings of all users and items.

They are made from all neighbours, also where training samples them.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data.dgl_graph import HeteroGraph, whole_field
from graphrec.models.embeddings import Embeddings
from graphrec.models.graphsage.batches import social_neighbours
from graphrec.models.graphsage.hyper_parameters import HyperParameters
from graphrec.models.graphsage.network import Network


def embeddings_of(
    config: HyperParameters,
    network: Network,
    matrix: sparse.csr_array,
    likes: HeteroGraph,
    log_popularity: NDArray[np.float32],
    shift: NDArray[np.float32],
) -> Embeddings:
    """The embeddings by a network, and the encoders that embed new users and items in NumPy.

    `likes` is the `likes_graph` of the matrix [U, I]. Item vectors are scaled by the popularity
    whose log is given [I]; `shift` [I] is added to the biases of items.
    """
    everyone = np.arange(matrix.shape[0], dtype=np.int32)
    with torch.no_grad():
        items, messages = network.items(whole_field(likes, config.rounds - 1))
        social = social_neighbours(network.friends, matrix, everyone)
        users = network.users(likes, messages, everyone, social)
        encoder = network.encoder(messages)
        length = float(network.length)
        similar = network.item_side.similar(items, length)
        item_encoder = network.item_side.encoder(length, similar)
    ranked = items.numpy()
    if similar is not None:
        side, cold = network.item_side, network.item_side.cold_rows
        ranked[cold] = similar.vectors(ranked[cold], side.cold_features, side.cold_links)
    ranked[:, :-1] *= np.exp(config.popularity_exponent * log_popularity)[:, None]
    ranked[:, -1] += shift
    return Embeddings(users.numpy(), ranked, encoder, item_encoder, network.friends, network.kinds)
