"""`graphrec spark lists`: everyone's lists from a snapshot, which workers map into memory.

The folder of snapshots is one that every worker reaches by the same path, on a shared file system;
or it is shipped to each worker once. Processes of one worker share what is mapped.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa
from pyspark import SparkFiles
from pyspark.sql import DataFrame, SparkSession

from graphrec.recommend.recommender import Recommender
from graphrec.settings import Neo4jSettings, Settings, StreamSettings
from graphrec.snapshot.registry import current, load
from graphrec.snapshot.types import types_of

SCHEMA = "user string, rank int, item string, score double"

_SHIPPED = "graphrec-snapshot-"

USERS_AT_ONCE = 500
"""Of a task: it takes seconds, so that what is lost with a worker is little."""


@dataclass(frozen=True)
class Options:
    """Which lists are made."""

    k: int = 10
    placement: str | None = None
    """None: the lists of `graphrec recommend`."""
    now: int = 0
    """As of when, in milliseconds since 1970."""
    ship: bool = False
    """Copy the snapshot to the workers, in place of a path that they share."""
    users_at_once: int = USERS_AT_ONCE


def lists(
    spark: SparkSession, folder: Path, version: str | None, settings: Settings, options: Options
) -> DataFrame:
    """The lists of all users of a snapshot: user, rank (from 1), item and score.

    As `Recommender.recommend_all`. Raises SnapshotError where there is no such snapshot.
    """
    chosen = version or current(folder)
    users = len(_engine(folder, chosen, settings).everyone)
    if options.ship:
        _ship(spark, folder, chosen)
    starts = spark.range(0, users, options.users_at_once)
    tasks = max(1, -(-users // options.users_at_once))
    # What workers do needs no access to stores, servers or brokers, and so they learn of none.
    closed = {"store": "", "neo4j": Neo4jSettings(), "stream": StreamSettings()}
    own = settings.model_copy(update=closed)
    make = partial(_made, folder=folder.absolute(), version=chosen, settings=own, options=options)
    return starts.repartition(tasks, "id").mapInArrow(make, SCHEMA)


def _ship(spark: SparkSession, folder: Path, version: str) -> None:
    """Send a snapshot to the workers, each of which unpacks it once."""
    # Workers fetch it when they need it, from this place, which goes away with the session.
    archive = Path(SparkFiles.getRootDirectory()) / f"{_SHIPPED}{version}.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
        for path in sorted((folder / version).rglob("*")):
            packed.write(path, path.relative_to(folder))
    spark.sparkContext.addArchive(f"{archive}#{_SHIPPED}{version}")


def _made(
    batches: Iterator[pa.RecordBatch],
    folder: Path,
    version: str,
    settings: Settings,
    options: Options,
) -> Iterator[pa.RecordBatch]:
    place = Path(SparkFiles.get(_SHIPPED + version)) if options.ship else folder
    for batch in batches:
        for start in batch.column(0).to_pylist():
            engine = _engine(place, version, settings)
            users = engine.everyone[start : start + options.users_at_once]
            found = engine.recommend_all(
                options.k, len(users), users, placement=options.placement, at=options.now
            )
            for block in found:
                yield pa.RecordBatch.from_pydict(
                    {name: column.tolist() for name, column in block.columns().items()}, _ARROW
                )


_ARROW = pa.schema(
    [("user", pa.string()), ("rank", pa.int32()), ("item", pa.string()), ("score", pa.float64())]
)


_ENGINES: dict[tuple[Path, str, str], Recommender] = {}
"""Of a process, which makes lists of one snapshot as long as it lives."""


def _engine(folder: Path, version: str, settings: Settings) -> Recommender:
    key = folder, version, settings.model_dump_json()
    if key not in _ENGINES:
        _ENGINES.clear()
        snapshot = load(folder, version, types=types_of(settings))
        _ENGINES[key] = Recommender.serving(snapshot, settings)
    return _ENGINES[key]
