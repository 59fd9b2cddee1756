"""Sources that Spark reads: files, tables of lakes, databases, Neo4j."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - as Spark's own documentation has it

from graphrec.errors import DataError

NEO4J = "org.neo4j.spark.DataSource"

NAMES: Mapping[str, str] = {"neo4j": NEO4J}
"""Formats by a shorter name; others are Spark's own, such as parquet, csv, delta, iceberg, jdbc."""

ORDER = ("_file", "_start", "_place")
"""Columns beside those of a source, by which rows are in the order of the source, where it has one:
those of files do."""


@dataclass(frozen=True)
class Source:
    """Where rows come from."""

    path: str | None
    """Of files, or the name of a table; None: the options say it, as for jdbc and neo4j."""
    format: str = "parquet"
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What messages call it; without options, which may hold passwords."""
        return f"{self.format} {self.path!r}" if self.path else self.format


def read(spark: SparkSession, source: Source) -> DataFrame:
    """The columns of a source, and `ORDER` beside them.

    Raises DataError where it cannot be read.
    """
    return _in_order(frame(spark, source))


def frame(spark: SparkSession, source: Source) -> DataFrame:
    """The columns of a source; raises DataError where it cannot be read."""
    known = NAMES.get(source.format, source.format)
    options = dict(source.options)
    if known == "csv":
        # Text as it stands: what is an id, a number or a time is found by graphrec's own rules.
        options = {"header": "true", "inferSchema": "false", **options}
    try:
        return spark.read.format(known).options(**options).load(source.path)
    except PySparkException as error:
        first = str(error).strip().splitlines()[0]
        raise DataError(
            f"{source.name} cannot be read by Spark: {first}; expected a format that Spark knows "
            f"and a source that is there; see --format, --option and --package"
        ) from error


def _in_order(rows: DataFrame) -> DataFrame:
    unordered = rows.select("*", *_named(F.lit(""), F.lit(0), F.lit(0)))
    if not rows.inputFiles():  # rows come in no order that could be told again
        return unordered
    file, start = F.col("_metadata.file_path"), F.col("_metadata.file_block_start")
    try:
        return rows.select("*", *_named(file, start, F.monotonically_increasing_id()))
    except PySparkException:  # of a format that does not tell
        return unordered


def _named(*columns: F.Column) -> Sequence[F.Column]:
    kinds = ("string", "long", "long")
    found = zip(columns, kinds, ORDER, strict=True)
    return [column.cast(kind).alias(name) for column, kind, name in found]
