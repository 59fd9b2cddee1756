"""`graphrec spark neighbours`: what is learned from who likes what together."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812

from graphrec.errors import SettingsError
from graphrec.models.graph_filter.model import GraphFilter
from graphrec.spark.graph_filter import FilterOnBlocks, fit_filter
from graphrec.spark.likes import Likes, likes_of
from graphrec.spark.popularity import growth, popularity
from graphrec.spark.prepared import Prepared, write_line
from graphrec.spark.similar import SIMILARITIES, similar_items

FILTER = "graph-filter"
POPULARITY = "popularity"
TRENDS = "trends"
PARTS = (*SIMILARITIES, FILTER, POPULARITY, TRENDS)


@dataclass(frozen=True)
class Options:
    """What is learned, and how much of it is kept."""

    parts: Sequence[str] = PARTS
    k: int = 100
    """Neighbours of each item by each similarity."""
    min_support: int = 1
    model: GraphFilter = field(default_factory=GraphFilter)
    seed: int = 0
    half_life_share: float = 0.05
    """Of recent popularity."""
    days: float = 7
    """Of a window of trends."""


def neighbours(prepared: Prepared, out: str, options: Options) -> Mapping[str, int]:
    """Write the parts to folders of `out`; returns the rows of each.

    Raises SettingsError for a part that there is not, and for a hyper-parameter out of its range.
    """
    unknown = sorted(set(options.parts) - set(PARTS))
    if unknown:
        raise SettingsError(
            f"part {unknown[0]!r} is unknown: expected some of {', '.join(PARTS)}; name one"
        )
    likes = likes_of(prepared)
    similarities = [each for each in SIMILARITIES if each in options.parts]
    rows: dict[str, int] = {}
    if similarities:
        rows |= _similar(prepared, likes, similarities, out, options)
    if FILTER in options.parts:
        fitted = fit_filter(likes, options.model, options.seed)
        rows[FILTER] = _filter(prepared, fitted, f"{out}/{FILTER}", options.seed)
    if POPULARITY in options.parts or TRENDS in options.parts:
        rows |= _popular(prepared, likes, out, options)
    prepared.spark.catalog.clearCache()
    return rows


def _similar(
    prepared: Prepared, likes: Likes, similarities: Sequence[str], out: str, options: Options
) -> dict[str, int]:
    found = similar_items(likes, similarities, options.k, options.min_support)
    named = prepared.named(found, "item", "row", "item")
    named = prepared.named(named, "item", "neighbour", "related").select(
        "similarity", "item", "rank", "related", "score", "people"
    )
    folder = f"{out}/similar"
    ordered = named.sortWithinPartitions("similarity", "item", "rank")
    ordered.write.mode("overwrite").partitionBy("similarity").parquet(folder)
    counts = prepared.spark.read.parquet(folder).groupBy("similarity").count().collect()
    return {row["similarity"]: row["count"] for row in counts}


def _filter(prepared: Prepared, fitted: FilterOnBlocks, folder: str, seed: int) -> int:
    """The parts of a fitted filter, which `graphrec.spark.parts.read_filter` puts together."""
    pairs = fitted.pairs.sortWithinPartitions("row", "neighbour")
    pairs.write.mode("overwrite").parquet(f"{folder}/pairs")
    factors = fitted.factors
    items = pa.table(
        {
            "row": np.arange(len(factors.target), dtype=np.int32),
            "history": factors.history,
            "target": factors.target,
            "direction": list(factors.directions),
        }
    )
    prepared.spark.createDataFrame(items).write.mode("overwrite").parquet(f"{folder}/items")
    about = {
        "unit": fitted.unit,
        "gains": factors.gains.tolist(),
        "slope": factors.slope,
        "neighbours": factors.neighbours,
        "seed": seed,
        "exponents": vars(fitted.exponents),
    }
    write_line(prepared.spark, json.dumps(about), f"{folder}/about")
    return prepared.spark.read.parquet(f"{folder}/pairs").count()


def _popular(prepared: Prepared, likes: Likes, out: str, options: Options) -> dict[str, int]:
    rows: dict[str, int] = {}
    if POPULARITY in options.parts:
        columns: dict[str, NDArray] = {
            "people": likes.people,
            "popularity": popularity(prepared, likes, None),
            "recent": popularity(prepared, likes, options.half_life_share),
        }
        rows[POPULARITY] = _items(prepared, columns, f"{out}/{POPULARITY}", "popularity")
    if TRENDS in options.parts:
        found = growth(prepared, options.days)
        grown: dict[str, NDArray] = {
            "people": found.now,
            "before": found.before,
            "score": found.score,
        }
        rows[TRENDS] = _items(prepared, grown, f"{out}/{TRENDS}", "score")
    return rows


def _items(prepared: Prepared, columns: Mapping[str, NDArray], folder: str, by: str) -> int:
    """Write a row for each item, the best first."""
    rows = np.arange(len(columns[by]), dtype=np.int32)
    frame: DataFrame = prepared.spark.createDataFrame(pa.table({"row": rows, **columns}))
    named = prepared.named(frame, "item", "row", "item").select("item", *columns)
    ordered = named.coalesce(1).sortWithinPartitions(F.desc(by), "item")
    ordered.write.mode("overwrite").parquet(folder)
    return len(rows)
