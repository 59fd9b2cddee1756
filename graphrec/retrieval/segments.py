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

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Attribute, labels
from graphrec.data.axes import axes

PRIOR = 500.0
"""Likes of everyone that each segment is given in addition to its own."""

ENOUGH = 100
"""Likes below which a segment is none."""


@dataclass(frozen=True)
class Segments:
    """The segments by an attribute that are large enough."""

    attribute: str
    """Of users: a category or tags."""
    names: tuple[str, ...]
    """Of the S segments: the value that their users share."""
    likes: Annotated[sparse.csr_array, axes(None, "item")]
    """[S, I]: how many users of each like each item."""
    of_everyone: Annotated[NDArray[np.int64], axes("item")]
    """[I]: how many users like each item."""

    @cached_property
    def rows(self) -> Mapping[str, int]:
        """The row of each segment in `likes`, by its name."""
        return {name: row for row, name in enumerate(self.names)}

    def popularity(self, segment: str, everyone: NDArray[np.floating]) -> NDArray[np.float64]:
        """How popular each item is in a segment [I], from its popularity with everyone [I]."""
        inside = self.likes[[self.rows[segment]]].toarray()[0]
        share = self.of_everyone / max(self.of_everyone.sum(), 1)
        expected = (inside.sum() + PRIOR) * share
        lift = np.ones(len(share))
        np.divide(inside + PRIOR * share, expected, out=lift, where=expected > 0)
        return everyone * lift

    def people(self, segment: str, item: int) -> int:
        """How many users of a segment like an item, by row."""
        return int(self.likes[self.rows[segment], item])


def segments_of(
    likes: sparse.csr_array, column: Attribute | None, attribute: str
) -> Segments | None:
    """The segments of U users by an attribute, from what they like [U, I]; None without values.

    A user with several tags is in several segments.
    """
    if column is None:
        return None
    found: dict[str, list[int]] = {}
    for user, value in enumerate(column.values):
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
    return Segments(attribute, tuple(large), (inside @ liked).tocsr(), counts)
