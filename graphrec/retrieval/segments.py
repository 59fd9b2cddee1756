"""What is popular among people of one kind, such as those of a country.

A segment is the people who share a value of an attribute. An item is as popular in it as with
everyone, times how much larger its share of the likes of the segment is than its share of all
likes; a segment with few likes is shrunk towards everyone (smoothing with a Dirichlet prior: Zhai &
Lafferty, "A study of smoothing methods for language models", TOIS 2004):

    popularity(i) · (inside(i) + PRIOR · share(i)) / ((inside + PRIOR) · share(i))

where `inside` are likes of its people, of the item or of all, and `share` is that of all likes. So
what is popular of late counts as much as with everyone, and an item that nobody likes keeps its
popularity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import AttributeValue, labels

PRIOR = 500.0
"""Likes of everyone that each segment is given in addition to its own."""

ENOUGH = 100
"""Likes below which a segment is none."""


@dataclass(frozen=True)
class Segments:
    """The segments by an attribute that are large enough."""

    rows: Mapping[str, int]
    """Of each in `likes`, by the value that its people share."""
    likes: sparse.csr_array  # [S, I] people of each who like each item
    of_everyone: NDArray[np.int64]  # [I] people who like each item

    def popularity(self, segment: str, everyone: NDArray[np.floating]) -> NDArray[np.float64]:
        """How popular each item is in a segment [I], from its popularity with everyone [I]."""
        inside = self.likes[[self.rows[segment]]].toarray()[0]
        share = self.of_everyone / max(self.of_everyone.sum(), 1)
        expected = (inside.sum() + PRIOR) * share
        lift = np.ones(len(share))
        np.divide(inside + PRIOR * share, expected, out=lift, where=expected > 0)
        return everyone * lift

    def people(self, segment: str, item: int) -> int:
        """How many in a segment like an item, by row."""
        return int(self.likes[self.rows[segment], item])


def segments_of(likes: sparse.csr_array, values: Sequence[AttributeValue]) -> Segments:
    """The segments of U users, from what they like [U, I] and the value of each [U].

    Someone with several tags is in several segments.
    """
    found: dict[str, list[int]] = {}
    for user, value in enumerate(values):
        for label in labels(value):
            found.setdefault(label, []).append(user)
    degree = np.diff(likes.indptr)
    large = [label for label in sorted(found) if degree[found[label]].sum() >= ENOUGH]
    users = [user for label in large for user in found[label]]
    row = np.repeat(np.arange(len(large)), [len(found[label]) for label in large])
    inside = sparse.csr_array(
        (np.ones(len(users), np.int64), (row, np.array(users, np.int64))),
        (len(large), likes.shape[0]),
    )
    liked = sparse.csr_array(
        (np.ones(likes.nnz, np.int64), likes.indices, likes.indptr), likes.shape
    )
    counts = np.bincount(likes.indices, minlength=likes.shape[1])
    return Segments({label: n for n, label in enumerate(large)}, (inside @ liked).tocsr(), counts)
