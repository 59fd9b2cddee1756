"""A Gaussian process over features and links: what items have in common with similar ones.

A sum over features gives the same for a genre whatever the other genres are, and whenever. But
films of the same three genres and the same years have more in common than that. And what it gives
for a known item, from whose vector it was learned, is nearer to that than it will be for a new one:
most of all by a node with few items, such as a director. So the sum counts for a part, CONTENT, and
the mean of the known items for the rest. What their vectors are beyond that is taken for a Gaussian
process over features and links, and a cold item gets its posterior mean: a weighted sum over known
items by their similarity (Rasmussen & Williams, "Gaussian Processes for Machine Learning", 2006,
eq. 2.25). Where no item is similar, it is 0.

The distance of two items is the mean over attributes of how much more they differ than items
usually do, so that a year counts as much as all of the genres, whatever their units and their
number. Beside it, items are similar by the nodes that both are linked to: by the cosine of their
links, for each relation. This part is linear, so what it comes to is a vector for each node.

`DECAY` and `NOISE` were chosen among .5 to 2, `LINKED` among .1 and .3, on the validation items of
MovieLens-1M, and `CONTENT` among 0 to 1 on those and on held-out items of an Amazon log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import EdgeType, Rows
from graphrec.data.features import FeatureSpace, NumberColumns, WordColumns

MAX_ITEMS = 2_000
"""Known items at most; of more, those with most events."""

MAX_COLUMNS = 256
"""Features at most that are compared; of more, those in which most pairs of items differ."""

DECAY = 0.5
"""The similarity of items is e to the power of minus this at the usual distance."""

NOISE = 0.5
"""Variance of what is an item's alone, where that of what it shares with similar ones is 1."""

LINKED = 0.1
"""The similarity by one relation of items with the same links, where that of items with the same
features is 1."""

CONTENT = 0.25
"""The part that a sum over features and links counts for."""

Linked: TypeAlias = Mapping[EdgeType, sparse.csr_array]
"""Links of items [N, nodes] by relation, of which only matters what is linked."""


@dataclass(frozen=True)
class GaussianProcess:
    """M known items, by their features, and their weights."""

    columns: Rows  # [C] of the features that are compared
    scale: NDArray[np.float32]  # [C] the distance that a difference of 1 makes
    known: NDArray[np.float32]  # [M, C] scaled
    weights: NDArray[np.float32]  # [M, D]
    nodes: Mapping[EdgeType, NDArray[np.float32]]
    """By relation, what being linked to a node comes to [nodes, D]; of an item with n nodes, each
    counts 1 / √n."""
    prior: NDArray[np.float32]  # [D] the mean of the known items, which counts 1 - CONTENT

    def vectors(
        self, content: NDArray[np.float32], features: sparse.csr_array, links: Linked
    ) -> NDArray[np.float32]:
        """The vectors of items with these features [N, F] and links: [N, D].

        `content` [N, D] is what a sum over features and links gives. Items without features or
        without links have the other alone.
        """
        mean = CONTENT * content + (1 - CONTENT) * self.prior
        described = np.diff(features.indptr) > 0
        if len(self.columns) and described.any():
            scaled = _scaled(features[described], self.columns, self.scale)
            mean[described] += _similarity(scaled, self.known) @ self.weights
        for relation, vectors in self.nodes.items():
            if relation in links:
                mean += cosines(links[relation]) @ vectors
        return mean.astype(np.float32)


@dataclass(frozen=True)
class KnownItems:
    """The known items that others are compared with: a `GaussianProcess` but for its weights."""

    rows: Rows  # [M]
    columns: Rows  # [C]
    scale: NDArray[np.float32]  # [C]
    features: NDArray[np.float32]  # [M, C] scaled
    links: Linked  # [M, nodes]
    inverse: NDArray[np.float32]  # [M, M] of their covariance, with noise

    @classmethod
    def of(
        cls,
        space: FeatureSpace,
        features: sparse.csr_array,
        links: Linked,
        events: NDArray[np.integer],
    ) -> KnownItems | None:
        """From items with `features` [I, F] of this space, `links` and so many `events` [I].

        None where no two known items differ in a feature, and none has a link.
        """
        described = np.diff(features.indptr) > 0
        content = sum((np.diff(each.indptr) > 0 for each in links.values()), described)
        warm = np.flatnonzero((events > 0) & (content > 0))
        rows = np.sort(warm[np.argsort(-events[warm], kind="stable")[:MAX_ITEMS]]).astype(np.int32)
        if not len(rows):
            return None
        with_features = described[rows]
        scale, distance = _scales(space, sparse.csr_array(features[rows[with_features]]))
        chosen = np.argsort(-distance, kind="stable")[:MAX_COLUMNS]
        columns = np.sort(chosen[distance[chosen] > 0]).astype(np.int32)
        linked = {relation: cosines(each[rows]) for relation, each in links.items() if each.nnz}
        if not len(columns) and not linked:
            return None
        known = _scaled(features[rows], columns, scale[columns])
        covariance = NOISE * np.eye(len(rows))
        if len(columns):
            both = with_features[:, None] & with_features
            covariance += np.where(both, _similarity(known, known), 0)
        for each in linked.values():
            covariance += LINKED * (each @ each.T).toarray()
        inverse = np.linalg.inv(covariance).astype(np.float32)
        return cls(rows, columns, scale[columns], known, linked, inverse)

    def process(
        self, vectors: NDArray[np.float32], content: NDArray[np.float32]
    ) -> GaussianProcess:
        """The process of the vectors of all items [I, D], of which a sum gives `content` [I, D]."""
        known, prior = vectors[self.rows], vectors[self.rows].mean(axis=0)
        weights = self.inverse @ (known - CONTENT * content[self.rows] - (1 - CONTENT) * prior)
        nodes = {
            relation: np.asarray(np.float32(LINKED) * (each.T @ weights))
            for relation, each in self.links.items()
        }
        return GaussianProcess(self.columns, self.scale, self.features, weights, nodes, prior)


def cosines(links: sparse.csr_array) -> sparse.csr_array:
    """Links of unit length by item: a product of two items' is the cosine of what they link to."""
    pattern = sparse.csr_array(
        (np.ones(links.nnz, np.float32), links.indices, links.indptr), links.shape
    )
    count = np.maximum(np.diff(links.indptr), 1)[:, None]
    return sparse.csr_array(pattern.multiply(1 / np.sqrt(count)).astype(np.float32))


def _similarity(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float64]:
    """[N, C], [M, C] -> [N, M]: e to the power of minus their distance."""
    high = np.max(other, axis=0, initial=0)
    flags = (high > 0) & _only_zero_or(high, one) & _only_zero_or(high, other)
    ones, others = one[:, flags], other[:, flags]
    # |a - b| = a + b - 2 a b / high, where both are 0 or `high`: most columns are words.
    distance = ones.sum(1)[:, None] + others.sum(1) - 2 * (ones / high[flags]) @ others.T
    one, other = one[:, ~flags], other[:, ~flags]
    # Row by row, in NumPy: scipy.spatial would cost serving 15 MB and a quarter second to import.
    for row, each in enumerate(one):
        distance[row] += np.abs(other - each).sum(axis=1)
    return np.exp(-np.maximum(distance, 0, dtype=np.float64))


def _only_zero_or(high: NDArray[np.float32], values: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether all values [N, C] of a column are 0, or that of `high` [C]."""
    only: NDArray[np.bool_] = ((values == 0) | (values == high)).all(axis=0)
    return only


def _scaled(
    features: sparse.csr_array, columns: Rows, scale: NDArray[np.float32]
) -> NDArray[np.float32]:
    chosen: NDArray[np.float32] = features[:, columns].toarray() * scale
    return chosen


def _scales(
    space: FeatureSpace, features: sparse.csr_array
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Of each feature, the distance that a difference of 1 makes, and the mean distance [F].

    The buckets of a number are left out, as its value is more precise.
    """
    scale, start = np.zeros(features.shape[1], np.float32), 0
    difference = _mean_difference(features)
    attributes = []
    for columns in space.columns.values():
        width = columns.matrix((None,)).shape[1]
        if isinstance(columns, NumberColumns):
            difference[start + 2 : start + width] = 0
        elif not isinstance(columns, WordColumns):
            difference[start : start + width] = 0
        attributes.append(slice(start, start + width))
        start += width
    used = [each for each in attributes if difference[each].sum() > 0]
    for each in used:
        scale[each] = DECAY / (len(used) * difference[each].sum())
    return scale, difference * scale


def _mean_difference(features: sparse.csr_array) -> NDArray[np.float64]:
    """Of each column of [N, F], the mean over pairs of rows of how much they differ [F].

    By Gini's formula, from sorted values; the zeros that are not stored are all in one place.
    """
    count, by_column = features.shape[0], features.tocsc()
    found = np.zeros(features.shape[1])
    for column in range(features.shape[1]):
        stored = by_column.data[by_column.indptr[column] : by_column.indptr[column + 1]]
        values = np.sort(stored.astype(np.float64))
        place = np.arange(len(values)) + np.where(values < 0, 0, count - len(values))
        found[column] = 2 * values @ (2 * place + 1 - count) / count**2
    return found
