"""What was learnt of one graph, in the rows of another: where training goes on instead of anew.

Nodes are matched by id, and features by what they mean. Of what is not known there is nothing: rows
of NaN, which a model begins in a way of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Graph, Vocabulary
from graphrec.data.features import FeatureSpace, NumberColumns, TextColumns
from graphrec.models.embeddings import Embeddings

Column: TypeAlias = tuple[str, str]
"""An attribute, and which of its columns: a word, or a place among those of a number."""


def in_rows_of(
    graph: Graph, learnt: Embeddings, users: Vocabulary, items: Vocabulary
) -> Embeddings:
    """Vectors of `users` and `items` in the rows of a graph; NaN for those whom it adds.

    Items without a direction, as those that came after the training, count as unknown too.
    """
    item = learnt.item.copy()
    item[~learnt.item_without_bias.any(axis=1)] = np.nan
    encoder = learnt.encoder
    return replace(
        learnt,
        user=_by_id(learnt.user, users, graph.users),
        item=_by_id(item, items, graph.items),
        encoder=encoder and replace(encoder, messages=_by_id(encoder.messages, items, graph.items)),
        friends=None,
    )


def with_columns_of(
    vectors: NDArray[np.float32],
    space: FeatureSpace,
    learnt: NDArray[np.float32],
    learnt_space: FeatureSpace,
) -> NDArray[np.float32]:
    """`vectors` [F, dim] of the features of a space, with those `learnt` where they mean the same.

    Buckets of a number do where there are as many: their edges move with the values.
    """
    rows = {column: row for row, column in enumerate(_columns(learnt_space))}
    found = vectors.copy()
    for row, column in enumerate(_columns(space)):
        if column in rows:
            found[row] = learnt[rows[column]]
    return found


def _by_id(table: NDArray[np.float32], ids: Vocabulary, wanted: Vocabulary) -> NDArray[np.float32]:
    found = np.full((len(wanted), table.shape[1]), np.nan, np.float32)
    rows = np.array([ids.rows.get(each, -1) for each in wanted.ids], np.int64)
    found[rows >= 0] = table[rows[rows >= 0]]
    return found


def _columns(space: FeatureSpace) -> Iterator[Column]:
    for name, columns in space.columns.items():
        if isinstance(columns, NumberColumns):
            buckets = len(columns.edges) + 1 if columns.edges else 0
            yield from ((name, f"{place} of {buckets}") for place in range(2 + buckets))
        elif isinstance(columns, TextColumns):
            yield from ((name, f"{columns.encoder} {place}") for place in range(len(columns.mean)))
        else:
            yield from ((name, f"word {word}") for word in columns.words.ids)
