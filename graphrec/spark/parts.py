"""Parts of a snapshot that Spark wrote, put together in one process, without Spark."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data.degrees import normalised
from graphrec.models.graph_filter.scorer import Exponents, Factors, FittedFilter


def read_filter(folder: str | Path, likes: sparse.csr_array) -> FittedFilter:
    """The graph filter of a folder `graph-filter` that `graphrec spark neighbours` wrote.

    `likes` [U, I] are those of the data it was fitted to, in the same rows. Raises OSError where
    the folder cannot be read.
    """
    place = Path(folder)
    about = json.loads(_line(place / "about"))
    items = pq.read_table(place / "items").sort_by("row")
    pairs = pq.read_table(place / "pairs")
    exponents = Exponents(**about["exponents"])
    votes = normalised(likes, exponents.user / 2, 0.5) / np.float32(about["unit"])
    directions = items.column("direction").combine_chunks()
    dim = len(about["gains"])
    factors = Factors(
        votes,
        directions.flatten().to_numpy().astype(np.float32).reshape(-1, dim),
        np.array(about["gains"], np.float32),
        _numbers(items, "history"),
        _numbers(items, "target"),
        about["slope"],
        about["neighbours"],
    )
    return FittedFilter(factors, _matrix(pairs, len(items)), exponents)


def _matrix(pairs: pa.Table, items: int) -> sparse.csr_array:
    row, column = (pairs.column(name).to_numpy() for name in ("row", "neighbour"))
    order = np.lexsort((column, row))
    ends = np.searchsorted(row[order], np.arange(items + 1))
    values = pairs.column("value").to_numpy()[order]
    return sparse.csr_array((values, column[order], ends), (items, items))


def _numbers(table: pa.Table, name: str) -> NDArray[np.float32]:
    found: Any = table.column(name).to_numpy()
    return found.astype(np.float32)


def _line(folder: Path) -> str:
    [path] = folder.glob("part-*")
    return path.read_text("utf-8")
