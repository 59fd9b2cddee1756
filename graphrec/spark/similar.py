"""Items liked by the same people: by co-occurrence, cosine, lift or jaccard."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from scipy import sparse

from graphrec.data import Rows
from graphrec.retrieval.neighbours import similarity_units
from graphrec.spark.likes import Likes
from graphrec.spark.products import ITEMS_AT_ONCE, products
from graphrec.store.protocol import SCALE

CO_OCCURRENCE = "co-occurrence"
SIMILARITIES = (CO_OCCURRENCE, "cosine", "lift", "jaccard")

SCHEMA = "similarity string, row int, rank int, neighbour int, score double, people long"


def similar_items(
    likes: Likes,
    similarities: Sequence[str],
    k: int,
    min_support: int = 1,
    at_once: int = ITEMS_AT_ONCE,
) -> DataFrame:
    """The `k` best neighbours of each item by each similarity, ties by id.

    As `graphrec.retrieval.neighbours.related_items`; co-occurrence is the number of people who like
    both. Columns: similarity, row, rank (from 1), neighbour (a row), score, people.
    """
    spark = likes.blocks.sparkSession
    people = spark.sparkContext.broadcast(likes.people)
    finish = partial(
        _best,
        people=people,
        everyone=likes.active,
        similarities=tuple(similarities),
        k=k,
        least=max(min_support, 1),
    )
    return products(
        likes.blocks, likes.size, likes.items, finish, SCHEMA, pattern=True, at_once=at_once
    )


def _best(
    items: Rows,
    shared: sparse.csr_array,
    people: Any,
    everyone: int,
    similarities: tuple[str, ...],
    k: int,
    least: int,
) -> pa.Table:
    columns: dict[str, list[Any]] = {name: [] for name in ("similarity", "row", "rank")}
    columns |= {name: [] for name in ("neighbour", "score", "people")}
    degrees = people.value
    for at, item in enumerate(items.tolist()):
        own = slice(*shared.indptr[at : at + 2].tolist())
        near, both = shared.indices[own], shared.data[own].astype(np.int64)
        kept = (near != item) & (both >= least)
        near, both = near[kept], both[kept]
        for similarity in similarities:
            score = _units(both, degrees[item], degrees[near], similarity, everyone)
            # Rows are in the order of ids: ties go to the lowest.
            best = np.lexsort((near, -score))[:k]
            columns["similarity"].append(np.full(len(best), similarity, object))
            columns["row"].append(np.full(len(best), item, np.int32))
            columns["rank"].append(np.arange(1, len(best) + 1, dtype=np.int32))
            columns["neighbour"].append(near[best].astype(np.int32))
            columns["score"].append(score[best] / SCALE)
            columns["people"].append(both[best])
    text = pa.array(np.concatenate(columns.pop("similarity")), pa.string())
    numbers = {name: np.concatenate(values) for name, values in columns.items()}
    return pa.table({"similarity": text, **numbers})


def _units(both: Any, mine: Any, theirs: Any, similarity: str, everyone: int) -> Any:
    if similarity == CO_OCCURRENCE:
        return both * SCALE
    return similarity_units(both, mine, theirs, similarity, everyone)  # type: ignore[arg-type]
