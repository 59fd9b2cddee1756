"""A session of Spark, on whatever master."""

from __future__ import annotations

import os
import re
import shutil
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException, PySparkRuntimeError
from pyspark.sql import SparkSession

from graphrec.errors import SettingsError, SparkFailed

_RAISED = re.compile(r"^[\w.]*(Error|Exception|Rejects|Failed|Interrupt)\b: ")
"""The last line of a traceback of Python."""

DEFAULTS: Mapping[str, str] = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.maxBytesPerBatch": str(64 * 2**20),
    "spark.ui.showConsoleProgress": "false",
}
"""Of a session, where nothing else says otherwise. Rows are blocks of users: some fill a batch."""


def session(
    master: str | None = None,
    conf: Sequence[str] = (),
    packages: Sequence[str] = (),
) -> SparkSession:
    """The session of this process, begun if there is none.

    `master` is such as `local[*]`, `spark://HOST:7077`, `k8s://…` or `yarn`; None: the one that
    `spark-submit` or the configuration of Spark names, else `local[*]`. `conf` are `KEY=VALUE`,
    `packages` coordinates of Maven. Workers run the Python of this process unless `PYSPARK_PYTHON`
    or `spark.pyspark.python` names another. Raises SettingsError where it cannot begin.
    """
    given = dict(_pair(each) for each in conf)
    if not _java():
        raise SettingsError(
            "Java is not found: expected Java 17 or newer, which Spark runs on; install it (apt "
            "install openjdk-17-jre-headless), or set JAVA_HOME"
        )
    if "PYSPARK_PYTHON" not in os.environ and "spark.pyspark.python" not in given:
        os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.appName("graphrec")
    if master is not None:
        builder = builder.master(master)
    if packages:
        builder = builder.config("spark.jars.packages", ",".join(packages))
    for key, value in {**DEFAULTS, **given}.items():
        builder = builder.config(key, value)
    # What is used of Spark here does not go through pandas.
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
    try:
        spark = builder.getOrCreate()
    except (PySparkException, PySparkRuntimeError) as error:
        raise SettingsError(
            f"Spark does not begin on {master or 'its master'!r}: {_first_line(error)}; expected "
            f"one that answers, such as local[*] or spark://HOST:7077; see --master and --conf"
        ) from error
    spark.sparkContext.setLogLevel("ERROR")
    return spark


@contextmanager
def jobs() -> Iterator[None]:
    """Raises SparkFailed, which says why in a line, where a job that runs inside fails."""
    try:
        yield
    except (PySparkException, Py4JJavaError) as error:
        raise SparkFailed(
            f"Spark failed: {_reason(error)}; expected jobs to end; see the logs of its workers, "
            f"and docs/spark.md for what a block needs"
        ) from error


def _reason(error: Exception) -> str:
    """What a worker in Python raised last, or else what Spark says first."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    raised = [line for line in lines if _RAISED.match(line)]
    thrown = [line.removeprefix(": ") for line in lines if line.startswith(": ")]
    return [*thrown[:1], *raised[-1:]][-1] if thrown or raised else _first_line(error)


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise SettingsError(
            f"{text!r} is no setting of Spark: expected KEY=VALUE, such as spark.executor.memory=8g"
        )
    return key, value


def _java() -> bool:
    home = os.environ.get("JAVA_HOME")
    return bool(shutil.which("java") or (home and (Path(home) / "bin" / "java").exists()))


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
