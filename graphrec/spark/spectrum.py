"""Passes of a narrow matrix over blocks of a sparse one: what the randomised SVD is made of.

The normal numbers that it starts with are those of one machine: a task draws those of its own
block, from where the generator is when it comes to that block.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame

from graphrec.spark.blocks import array, batch, each_block, each_group
from graphrec.spark.likes import matrix_of

ITEMS_AT_ONCE = 4096
"""Rows of a narrow matrix that are added up together."""


@dataclass(frozen=True)
class OnBlocks:
    """As `graphrec.models.spectral.Passes`, over packed blocks of user, item and weight."""

    blocks: DataFrame
    size: int
    """Users of a block."""
    sizes: Mapping[int, int]
    """Of each block, those without entries too."""
    items: int
    empty: bool

    @property
    def shape(self) -> tuple[int, int]:
        """As in `Passes`."""
        return sum(self.sizes.values()), self.items

    def drawn(self, width: int, rng: np.random.Generator) -> NDArray[np.floating]:
        """As in `Passes`."""
        states = {}
        for block in sorted(self.sizes):
            states[block] = rng.bit_generator.state
            rng.standard_normal((self.sizes[block], width), np.float32)
        held = self.blocks.sparkSession.sparkContext.broadcast(states)
        work = partial(_draw, states=held, size=self.size, sizes=dict(self.sizes), width=width)
        return self._added(partial(work, items=self.items), width)

    def there_and_back(self, narrow: NDArray[np.float32]) -> NDArray[np.floating]:
        """As in `Passes`."""
        held = self.blocks.sparkSession.sparkContext.broadcast(narrow)
        found = self._added(partial(_pass, narrow=held, size=self.size), narrow.shape[1])
        held.destroy()
        return found

    def triangle(self, found: NDArray[np.float32]) -> NDArray[np.float32]:
        """As in `Passes`."""
        held = self.blocks.sparkSession.sparkContext.broadcast(found)
        work = partial(_triangle, found=held, size=self.size)
        parts = each_block(self.blocks, work, "block long, rows binary").collect()
        held.destroy()
        total = np.empty((0, found.shape[1]), np.float32)
        for part in sorted(parts, key=lambda row: row["block"]):
            own = np.frombuffer(part["rows"], np.float32).reshape(-1, found.shape[1])
            both: Any = np.linalg.qr(np.concatenate([total, own]), mode="r")
            total = both
        return total

    def _added(self, work: Any, width: int) -> NDArray[np.float64]:
        """The sum over blocks of what `work` gives of each [I, width]."""
        parts = each_block(self.blocks, work, "part long, block long, rows binary")
        add = partial(_add, width=width)
        found = np.zeros((self.items, width))
        for row in each_group(parts, ("part",), add, "part long, rows binary").collect():
            values = np.frombuffer(row["rows"]).reshape(-1, width)
            start = row["part"] * ITEMS_AT_ONCE
            found[start : start + len(values)] = values
        return found


def _draw(
    block: int,
    rows: pa.Table,
    states: Any,
    size: int,
    sizes: Mapping[int, int],
    width: int,
    items: int,
) -> Iterator[pa.RecordBatch]:
    state = states.value[block]
    generator: Any = getattr(np.random, state["bit_generator"])()
    generator.state = state
    normal = np.zeros((size, width), np.float32)
    normal[: sizes[block]] = np.random.Generator(generator).standard_normal(
        (sizes[block], width), np.float32
    )
    yield from _pieces(block, matrix_of(rows, size, items).T.tocsr() @ normal)


def _pass(block: int, rows: pa.Table, narrow: Any, size: int) -> Iterator[pa.RecordBatch]:
    matrix = matrix_of(rows, size, len(narrow.value))
    yield from _pieces(block, matrix.T.tocsr() @ (matrix @ narrow.value))


def _triangle(block: int, rows: pa.Table, found: Any, size: int) -> Iterator[pa.RecordBatch]:
    places = matrix_of(rows, size, len(found.value)) @ found.value
    both: Any = np.linalg.qr(places, mode="r")
    triangle = np.ascontiguousarray(both, np.float32)
    yield batch(block=np.array([block]), rows=pa.array([triangle.tobytes()], pa.binary()))


def _pieces(block: int, values: NDArray[np.float32]) -> Iterator[pa.RecordBatch]:
    """Rows of a narrow matrix [I, W] in parts, without those that are all 0."""
    for start in range(0, len(values), ITEMS_AT_ONCE):
        piece = np.ascontiguousarray(values[start : start + ITEMS_AT_ONCE], np.float32)
        if piece.any():
            yield batch(
                part=np.array([start // ITEMS_AT_ONCE]),
                block=np.array([block]),
                rows=pa.array([piece.tobytes()], pa.binary()),
            )


def _add(table: pa.Table, width: int) -> pa.Table:
    order = np.argsort(array(table, "block"), kind="stable")
    packed = table.column("rows").combine_chunks()
    total: NDArray[np.float64] | None = None
    for at in order.tolist():
        piece = np.frombuffer(packed[at].as_buffer(), np.float32).reshape(-1, width)
        total = piece.astype(np.float64) if total is None else total + piece
    assert total is not None  # noqa: S101 - a group has a row
    return pa.table(
        {"part": array(table, "part")[:1], "rows": pa.array([total.tobytes()], pa.binary())}
    )
