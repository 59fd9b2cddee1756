"""Embeddings of one graph in the rows of another, for training to go on from.

Nodes are matched by id, and features by their meaning. Rows of unknown nodes are NaN; each model
has its own way to begin them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Graph, Rows, Vocabulary
from graphrec.data.features import FeatureSpace, NumberColumns, TextColumns, VectorColumns
from graphrec.data.tree import align
from graphrec.models.embeddings import Embeddings

Column: TypeAlias = tuple[str, str]
"""An attribute, and which of its columns: a word, or the place among the columns of a number."""


def in_rows_of(
    graph: Graph, learned: Embeddings, users: Vocabulary, items: Vocabulary
) -> Embeddings:
    """Vectors of `users` and `items` in the rows of a graph; NaN for those that it adds.

    Items whose vector is zero, as of those newer than the training, count as unknown too.
    """
    item = learned.item.copy()
    item[~learned.item_without_bias.any(axis=1)] = np.nan
    known = replace(learned, item=item, friends=None, kinds=None)
    by_user = align(known, "user", _rows(users, graph.users))
    return align(by_user, "item", _rows(items, graph.items))


def with_columns_of(
    vectors: NDArray[np.float32],
    space: FeatureSpace,
    learned: NDArray[np.float32],
    learned_space: FeatureSpace,
) -> NDArray[np.float32]:
    """`vectors` [F, dim] of the features of a space, replaced by those `learned` of equal meaning.

    Buckets of a number are equal where there are as many: their edges move with the values.
    """
    rows = {column: row for row, column in enumerate(_columns(learned_space))}
    found = vectors.copy()
    for row, column in enumerate(_columns(space)):
        if column in rows:
            found[row] = learned[rows[column]]
    return found


def _rows(ids: Vocabulary, wanted: Vocabulary) -> Rows:
    """The row in `ids` of each of `wanted`; -1 where it is not there."""
    return np.array([ids.rows.get(each, -1) for each in wanted.ids], np.int64)


def _columns(space: FeatureSpace) -> Iterator[Column]:
    for name, columns in space.columns.items():
        if isinstance(columns, NumberColumns):
            buckets = len(columns.edges) + 1 if columns.edges else 0
            yield from ((name, f"{place} of {buckets}") for place in range(2 + buckets))
        elif isinstance(columns, TextColumns):
            yield from ((name, f"{columns.encoder} {place}") for place in range(len(columns.mean)))
        elif isinstance(columns, VectorColumns):
            yield from ((name, f"vector {place}") for place in range(len(columns.mean)))
        else:
            yield from ((name, f"word {word}") for word in columns.words.ids)
