"""Batches of users: which edges pass messages, and which are predicted.

A batch is some users with all of their edges. A random part of these are supervision edges: the
model predicts them, and no message passes along them, in either direction, so that no edge helps to
predict itself. The rest are message edges.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor

from graphrec.data import Rows
from graphrec.data.dgl_graph import (
    HeteroGraph,
    ReceptiveField,
    items_of_edges,
    liked_by_graph,
    numbered,
    sampled_edges,
    sampled_field,
    whole_field,
    with_items,
    without_edges,
)
from graphrec.models.graphsage.hyper_parameters import HyperParameters
from graphrec.models.graphsage.tensors import as_tensor
from graphrec.models.training.negative_sampling import NegativeSampler


@dataclass(frozen=True)
class SocialNeighbours:
    """The friends of B users, and the items of these friends."""

    rows: Rows  # [F] of the friends
    likes: HeteroGraph  # of `liked_by_graph`, with the F friends as its users
    share: Tensor  # [B, F] the mean over each user's friends, sparse


@dataclass(frozen=True)
class Batch:
    """B users, their message and supervision edges, and the items that these need.

    Items are numbered by their places in `field`, which are rows where it is the whole graph.
    """

    users: Rows  # [B]
    messages: HeteroGraph  # of `liked_by_graph`: message edges, item to user
    supervision: HeteroGraph  # the same of the S supervision edges
    user: NDArray[np.int64]  # [S] the user of each supervision edge, by place in `users`
    edge: NDArray[np.int64]  # [S] its number in the matrix
    field: ReceptiveField
    social: SocialNeighbours | None
    negatives: Rows  # item rows: [negatives] with softmax, [S, negatives] with bpr
    places: NDArray[np.int64]  # of the negatives in `field`


def user_batches(
    config: HyperParameters,
    matrix: sparse.csr_array,
    targeted: NDArray[np.bool_],
    rng: np.random.Generator,
) -> Iterator[tuple[Rows, NDArray[np.bool_]]]:
    """The users of each batch of an epoch, and which of their edges are supervision edges [E].

    A batch without a supervision edge that is `targeted` [P], by its number, is left out.
    """
    degrees = np.diff(matrix.indptr)
    warm = np.flatnonzero(degrees).astype(np.int32)
    for part in np.array_split(rng.permutation(warm), config.batches):
        users = np.sort(part)
        share = np.repeat(_supervision_shares(config, degrees[users], rng), degrees[users])
        supervised = rng.random(len(share)) < share
        if targeted[edges_of(matrix, users)[1][supervised]].any():
            yield users, supervised


def _supervision_shares(
    config: HyperParameters, degrees: NDArray[np.integer], rng: np.random.Generator
) -> NDArray[np.float64]:
    """The share of supervision edges of B users by their degrees [B].

    Users with a short history keep from one to nearly all of their edges, each order of magnitude
    as often.
    """
    shares = np.full(len(degrees), config.supervision_share)
    if config.short_history_share:
        few = rng.random(len(degrees)) < config.short_history_share
        shares[few] = 1 - degrees[few] ** -rng.random(np.count_nonzero(few))
    return shares


def batch_of(
    config: HyperParameters,
    matrix: sparse.csr_array,
    likes: HeteroGraph,
    friends: sparse.csr_array | None,
    sampler: NegativeSampler,
    users: Rows,
    supervised: NDArray[np.bool_],
    rng: np.random.Generator,
    fanout_rng: np.random.Generator,
) -> Batch:
    """The batch of these users, with negatives; with a fanout, of sampled neighbours.

    `likes` is the `likes_graph` of the matrix. `fanout_rng` is apart, so that a fanout changes no
    other draw.
    """
    row, edge = edges_of(matrix, users)
    item, shape = matrix.indices[edge], (len(users), matrix.shape[1])
    messages, supervision = message_and_supervision_edges(row, item, supervised, shape)
    numbered(messages, edge[~supervised])
    rest = without_edges(likes, edge[supervised]) if config.rounds > 1 else likes
    if config.loss == "bpr":
        negatives = sampler.unseen(users[row[supervised]], config.negatives, rng)
    else:
        negatives = sampler.draw(config.negatives, rng)
    social = social_neighbours(friends, matrix, users)
    if config.fanout is None:
        field, places = whole_field(rest, config.rounds - 1), negatives.astype(np.int64)
    else:
        seeds = fanout_rng.integers(2**31, size=2).tolist()
        messages = sampled_edges(messages, config.fanout, seeds[0])
        sources = [items_of_edges(messages)]
        if social is not None:
            sources.append(items_of_edges(social.likes))
        needed = np.unique(np.concatenate([*sources, item[supervised], negatives.ravel()]))
        field = sampled_field(rest, needed, config.rounds - 1, config.fanout, seeds[1])
        messages, supervision = with_items(messages, needed), with_items(supervision, needed)
        if social is not None:
            social = replace(social, likes=with_items(social.likes, needed))
        places = np.searchsorted(needed, negatives)
    return Batch(
        users,
        messages,
        supervision,
        row[supervised],
        edge[supervised],
        field,
        social,
        negatives,
        places,
    )


def message_and_supervision_edges(
    user: NDArray, item: NDArray, supervised: NDArray[np.bool_], shape: tuple[int, int]
) -> tuple[HeteroGraph, HeteroGraph]:
    """E edges as two graphs: those that messages pass along, and those that are predicted."""
    return (
        liked_by_graph(user[~supervised], item[~supervised], shape),
        liked_by_graph(user[supervised], item[supervised], shape),
    )


def edges_of(matrix: sparse.csr_array, users: Rows) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The edges of B users: of each, its place among `users`, and its number [E], [E]."""
    starts, counts = matrix.indptr[users].astype(np.int64), np.diff(matrix.indptr)[users]
    row = np.repeat(np.arange(len(users), dtype=np.int64), counts)
    first = np.cumsum(counts) - counts
    return row, np.arange(len(row)) + np.repeat(starts - first, counts)


def social_neighbours(
    friends: sparse.csr_array | None, matrix: sparse.csr_array, users: Rows
) -> SocialNeighbours | None:
    """The friends of the B `users`, from `friends` [U, U]; None where there are none at all.

    All items of a friend pass messages, also the one that is predicted for the user: that is
    another edge.
    """
    if friends is None:
        return None
    near = friends[users].astype(np.float32)
    share = sparse.csr_array(near.multiply(1 / np.maximum(np.diff(near.indptr), 1)[:, None]))
    rows = np.unique(near.indices).astype(np.int32)
    row, edge = edges_of(matrix, rows)
    likes = liked_by_graph(row, matrix.indices[edge], (len(rows), matrix.shape[1]))
    numbered(likes, edge)
    return SocialNeighbours(rows, likes, as_tensor(share[:, rows].astype(np.float32)))
