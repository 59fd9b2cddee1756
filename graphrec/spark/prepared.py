"""A folder that `graphrec spark prepare` wrote, on any file system that Spark knows.

::

    users/, items/     row and id, in code-point order of the ids
    edges/block=N/     user, item, kind, time, value and weight of the events to train on
    test/block=N/      user, item, kind, time and weight of the events held out, if any
    rejects/           reason and row of what was set aside
    about/             one line of JSON, written last
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from graphrec.data.clipping import Clipping
from graphrec.data.kinds import KindPolicy
from graphrec.errors import DataError
from graphrec.spark.blocks import packed

FORMAT = 1

EDGE = ("user", "item", "time", "kind")
"""The order of edges, in which each is one event."""

PAIR = ("user", "item")
"""The order of pairs, each once."""


@dataclass(frozen=True)
class About:
    """What is in a folder of prepared data."""

    users: int
    items: int
    events: int
    block_users: int
    """Consecutive rows of users that are one block."""
    kinds: tuple[str, ...]
    now: int
    """As of when events are weighed, in milliseconds since 1970."""
    clipping: Clipping
    policies: Mapping[str, KindPolicy] = field(default_factory=dict)
    cutoff: int | None = None
    """Where train ends and test begins; None: there is no test."""
    test_events: int = 0
    format: int = FORMAT

    def written(self) -> str:
        """One line of JSON."""
        policies = {k: p.model_dump(mode="json", exclude_unset=True) for k, p in self._policies()}
        return json.dumps({**asdict(self), "policies": policies})

    def _policies(self) -> list[tuple[str, KindPolicy]]:
        return sorted(self.policies.items())

    @classmethod
    def read(cls, text: str, folder: str) -> About:
        """The line of a folder; raises DataError for one of another format."""
        values = json.loads(text)
        if values.get("format") != FORMAT:
            raise DataError(
                f"{folder!r} has prepared data of format {values.get('format')!r}: expected "
                f"{FORMAT}; prepare it again with this version"
            )
        policies = {k: KindPolicy.model_validate(p) for k, p in values["policies"].items()}
        clipping = Clipping(**values["clipping"])
        return cls(
            **{
                **values,
                "kinds": tuple(values["kinds"]),
                "policies": policies,
                "clipping": clipping,
            }
        )


@dataclass(frozen=True)
class Prepared:
    """A folder of prepared data, open."""

    spark: SparkSession
    folder: str
    about: About

    @classmethod
    def open(cls, spark: SparkSession, folder: str) -> Prepared:
        """Raises DataError where there is none."""
        if not exists(spark, f"{folder}/about"):
            raise DataError(
                f"{folder!r} has no prepared data: expected a folder that `graphrec spark prepare` "
                f"wrote to its end; run it with --out {folder}"
            )
        lines = spark.read.text(f"{folder}/about").collect()
        return cls(spark, folder, About.read(lines[0][0], folder))

    def table(self, name: str) -> DataFrame:
        """The rows of one of its folders."""
        return self.spark.read.parquet(f"{self.folder}/{name}")

    def blocks(self, name: str = "edges") -> DataFrame:
        """Blocks of events: edges, or the test."""
        return packed(self.table(name), EDGE)

    def named(self, frame: DataFrame, role: str, row: str, name: str) -> DataFrame:
        """A frame with the ids of users or items as `name`, in place of their rows in `row`."""
        ids = self.table(f"{role}s").withColumnsRenamed({"row": row, "id": name})
        return frame.join(ids, row)


def write_line(spark: SparkSession, text: str, folder: str) -> None:
    """One line of text as a folder."""
    line = spark.createDataFrame(pa.table({"value": [text]}))
    line.coalesce(1).write.mode("overwrite").text(folder)


def exists(spark: SparkSession, path: str) -> bool:
    """Whether there is anything at a path of any file system that Spark knows."""
    jvm = spark.sparkContext._jvm
    where = jvm.org.apache.hadoop.fs.Path(path)
    system = where.getFileSystem(spark.sparkContext._jsc.hadoopConfiguration())
    return bool(system.exists(where))
