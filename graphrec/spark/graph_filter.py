"""The graph filter by blocks of users: `graphrec.models.graph_filter`, for large logs.

It needs three kinds of passes: sums and the largest entry, for the votes N; there and back with a
narrow matrix, for the strongest directions; and the products of votes, of which each item keeps its
largest entries.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812
from scipy import sparse

from graphrec.data import Rows
from graphrec.data.degrees import factor_of, scaled
from graphrec.models.graph_filter.model import GraphFilter, chance, known
from graphrec.models.graph_filter.nearest import MOST_VOTES, largest_of
from graphrec.models.graph_filter.scorer import Exponents, Factors
from graphrec.models.hyper_parameters import check_values
from graphrec.models.spectral import strongest_of
from graphrec.spark.blocks import PACKED, array, batch, each_block, packed_row
from graphrec.spark.likes import Likes, matrix_of, no_likes
from graphrec.spark.products import products
from graphrec.spark.spectrum import OnBlocks

SCHEMA = "row int, neighbour int, value float"


@dataclass(frozen=True)
class FilterOnBlocks:
    """A fitted filter, whose pairs are a frame."""

    factors: Factors
    """Without votes, which stay where they are."""
    unit: float
    """By which votes are divided after they are in units of the largest: σ₁."""
    exponents: Exponents
    pairs: DataFrame
    """row, neighbour and value: the largest entries in size of each row of the matrix."""


def fit_filter(likes: Likes, model: GraphFilter, seed: int = 0) -> FilterOnBlocks:
    """As `GraphFilter.fit` in a catalogue too large for all pairs.

    What the model leaves open is as without validation. Raises SettingsError where a
    hyper-parameter is out of its range.
    """
    check_values(model)
    votes = _votes(likes, model.user_exponent / 2).persist()
    passes = OnBlocks(votes, likes.size, likes.sizes, likes.items, not likes.pairs)
    sigma, found = strongest_of(passes, model.dim, np.random.default_rng(seed))
    first, strength, directions = known(sigma, found)
    squares = each_block(votes, _squares, "block long, square double").sort("block").collect()
    length = np.sqrt(sum(row["square"] for row in squares)) / first
    liked = int(np.count_nonzero(likes.people)) or 1
    cut = len(strength) == model.dim < min(likes.users, likes.items)
    histories, responses, targets = model.choices()
    gains = model.gains(strength, chance(length, likes.active or 1, liked), cut, *responses[0])
    factors = Factors(
        no_likes(0, likes.items),
        directions,
        gains,
        factor_of(likes.weight, 0.5 - histories[0]),
        factor_of(likes.weight, 0.5 - targets[0]),
        slope=model.flatness,
        neighbours=model.neighbours,
    )
    held = votes.sparkSession.sparkContext.broadcast(replace(factors, slope=1.0))
    finish = partial(_largest, factors=held, slope=model.flatness / first**2)
    pairs = products(votes, likes.size, likes.items, finish, SCHEMA, most=MOST_VOTES)
    exponents = Exponents(model.user_exponent, histories[0], targets[0])
    return FilterOnBlocks(factors, first, exponents, pairs)


def _votes(likes: Likes, exponent: float) -> DataFrame:
    """Packed blocks of `graphrec.data.degrees.normalised`."""
    weight = likes.blocks.sparkSession.sparkContext.broadcast(likes.weight)
    scale = partial(_scaled, weight=weight, exponent=exponent, size=likes.size)
    largest = each_block(likes.blocks, partial(_most, scale=scale), "most double")
    unit = largest.agg(F.max("most")).collect()[0][0] or 1.0
    return each_block(likes.blocks, partial(_divided, scale=scale, unit=unit), PACKED)


def _scaled(rows: pa.Table, weight: Any, exponent: float, size: int) -> NDArray[np.float64]:
    matrix = matrix_of(rows, size, len(weight.value))
    return scaled(matrix, exponent, 0.5, weight.value)


def _most(_block: int, rows: pa.Table, scale: Any) -> Iterator[pa.RecordBatch]:
    yield batch(most=np.array([scale(rows).max()]))


def _divided(block: int, rows: pa.Table, scale: Any, unit: float) -> Iterator[pa.RecordBatch]:
    data = (scale(rows) / unit).astype(np.float32)
    at = rows.schema.get_field_index("weight")
    yield packed_row(block, rows.set_column(at, "weight", pa.array(data)))


def _squares(block: int, rows: pa.Table) -> Iterator[pa.RecordBatch]:
    square = float((array(rows, "weight").astype(np.float64) ** 2).sum())
    yield batch(block=np.array([block]), square=np.array([square]))


def _largest(items: Rows, shared: sparse.csr_array, factors: Any, slope: float) -> pa.Table:
    """The largest pairs of some items; the votes are not divided by σ₁ yet, nor times the slope."""
    linear = sparse.csr_array(
        ((shared.data * slope).astype(np.float32), shared.indices, shared.indptr), shared.shape
    )
    found = largest_of([(items, linear)], factors.value, len(items))
    return pa.table(
        {
            "row": np.repeat(items, np.diff(found.indptr)).astype(np.int32),
            "neighbour": found.indices.astype(np.int32),
            "value": found.data.astype(np.float32),
        }
    )
