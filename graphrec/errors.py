"""The error tree.

::

    GraphrecError
    ├── SettingsError        a key or value in graphrec.toml, the environment or the command line
    ├── DataError            unusable input: a missing column, an unreadable file
    │   ├── TooManyRejects   more bad rows than the allowed share; nothing was written
    │   ├── UnknownName      an attribute, relation or kind that there is not, in a question
    │   └── WrongChange      a setting of a placement that a question cannot change so
    ├── StoreError           the graph store cannot be opened, read or written
    ├── StreamError          a broker or a stream of it does not answer, or refuses
    ├── StreamMoved          somebody else read a stream on: nothing of the batch was stored
    ├── UnknownNode          a user or item (or other node) that is not in the graph or snapshot
    ├── TrainingError        training cannot continue, such as a loss that is not finite
    ├── SparkFailed          a job of Spark came to no end
    ├── BackupError          a backup is there already, is broken or has no room
    ├── SnapshotError        a snapshot is missing, broken or from another format version
    │   ├── SnapshotsAway    the place where snapshots are does not answer
    │   └── SnapshotsChanged somebody else changed what is there; nothing of this change serves
    ├── Locked               another process keeps a lock
    │   └── RefreshRunning   a refresh works on the same folder of snapshots
    └── MissingExtra         the work needs a package that is not installed

A message reads: subject, value, expectation, remedy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphrec.locks import Holder


class GraphrecError(Exception):
    """Every error that graphrec raises on purpose."""


class SettingsError(GraphrecError):
    """An unknown setting, or a value it cannot take."""


class DataError(GraphrecError):
    """Unusable input."""


class TooManyRejects(DataError):  # noqa: N818 - named after what happened
    """More rows were rejected than the settings allow; the store is unchanged."""


class UnknownName(DataError):  # noqa: N818
    """A question names an attribute, relation or kind that there is not."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field
        """Where in the question, such as `rules[0].attribute`."""


class WrongChange(DataError):  # noqa: N818
    """A question changes a setting of a placement that it cannot, or to what it cannot be."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(f"{field} {message}")
        self.field = field
        """Where in the question, such as `changes.diversity`."""


class UnknownPlacement(GraphrecError):  # noqa: N818
    """There is no placement of a name."""


class StoreError(GraphrecError):
    """The graph store cannot be opened, read or written."""


class StreamError(GraphrecError):
    """A broker does not answer, or refuses what is asked of it."""


class StreamMoved(GraphrecError):  # noqa: N818
    """A partition of a stream is not where a batch begins; nothing of the batch was stored."""

    def __init__(self, stream: str, partition: str, before: str | None, found: str | None) -> None:
        super().__init__(
            f"partition {partition!r} of stream {stream!r} was read up to {found or 'nothing'}: "
            f"expected {before or 'nothing'}, where the batch begins; read on from there"
        )


class UnknownNode(GraphrecError):  # noqa: N818
    """A node id that the graph or the snapshot does not hold."""

    def __init__(self, node_type: str, node_id: str) -> None:
        super().__init__(
            f"{node_type} {node_id!r} is unknown: expected an id that was loaded; "
            f"check its spelling, or load it with `graphrec ingest`"
        )
        self.node_type = node_type
        self.node_id = node_id


class TrainingError(GraphrecError):
    """Training cannot continue."""


class SparkFailed(GraphrecError):  # noqa: N818
    """A job of Spark failed, on the workers or before."""


class BackupError(GraphrecError):
    """A backup cannot be written or restored."""


class SnapshotError(GraphrecError):
    """A snapshot is missing, broken or of another format."""


class NoEmbeddings(SnapshotError):  # noqa: N818
    """A snapshot without embeddings is asked for what is made of them."""

    def __init__(self, version: str, remedy: str, field: str | None) -> None:
        super().__init__(
            f"snapshot {version!r} has no embeddings: expected those of a model that learns them; "
            f"{remedy}"
        )
        self.field = field
        """The part of a request that asks for it."""


class NoRatings(SnapshotError):  # noqa: N818
    """A snapshot has no model that predicts ratings."""

    def __init__(self, version: str) -> None:
        super().__init__(
            f"snapshot {version!r} has no model of ratings: expected one that was trained on "
            f"ratings; load events of a kind with a threshold, such as rating, see that [ratings] "
            f"model is not none, and train again"
        )


class OutdatedSnapshot(SnapshotError):  # noqa: N818
    """A snapshot is of an earlier format."""


class SnapshotsAway(SnapshotError):  # noqa: N818
    """The place where snapshots are does not answer, or refuses."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(
            f"snapshots at {url} cannot be read or written ({reason}): expected the place to "
            f"answer; check its name, the network, and the credentials in the environment"
        )


class SnapshotsChanged(SnapshotError):  # noqa: N818
    """Somebody else changed the snapshots at a place meanwhile."""

    def __init__(self, url: str, work: str, other: str) -> None:
        super().__init__(
            f"snapshots at {url} were changed by {other}, while `{work}` ran: expected nobody else "
            f"to; nothing that it made is there; run it again"
        )


class Locked(GraphrecError):  # noqa: N818
    """Another process keeps a lock."""

    def __init__(self, path: str, holder: Holder, seconds: float) -> None:
        super().__init__(
            f"lock {path!r} is held by {holder}: expected it to be free within {seconds:.0f} s; "
            f"wait for that process, or end it (`fuser {path}` lists who has the file open)"
        )
        self.path = path
        self.holder = holder
        self.seconds = seconds
        """How long it was waited for."""


class RefreshRunning(Locked):
    """A refresh or a training works on the same folder of snapshots."""

    def __init__(self, folder: str, holder: Holder, seconds: float = 0.0) -> None:
        super().__init__(folder, holder, seconds)
        self.args = (
            f"snapshot folder {folder!r} is being refreshed by {holder}: expected one refresh at a "
            f"time; wait for it, or end that process",
        )


class MissingExtra(GraphrecError):  # noqa: N818
    """A package of an extra is not installed."""

    def __init__(self, subject: str, package: str, extra: str) -> None:
        super().__init__(
            f"{subject} needs {package!r}, which is not installed: expected the extra "
            f"graphrec[{extra}]; install it with `pip install '.[{extra}]'` in a clone, or "
            f"`pip install 'WHEEL[{extra}]'` with the path of the wheel"
        )


EXTRAS = {
    "adlfs": "az",
    "anyio": "api",
    "confluent_kafka": "kafka",
    "dgl": "train",
    "fastavro": "registry",
    "fastapi": "api",
    "gcsfs": "gs",
    "google": "registry",
    "httptools": "api",
    "httpx": "client",
    "hypothesis": "testing",
    "implicit": "models",
    "lightgbm": "ranker",
    "nats": "nats",
    "neo4j": "neo4j",
    "networkx": "ingest",
    "openpyxl": "excel",
    "opentelemetry": "otel",
    "optuna": "tune",
    "pandas": "ingest",
    "pooch": "ingest",
    "prometheus_client": "api",
    "py4j": "spark",
    "pyarrow": "ingest",
    "pyspark": "spark",
    "pytest": "testing",
    "redis": "redis",
    "rich": "cli",
    "s3fs": "s3",
    "sqlalchemy": "sql",
    "starlette": "api",
    "structlog": "cli",
    "threadpoolctl": "models",
    "tomlkit": "cli",
    "torch": "train",
    "typer": "cli",
    "uvicorn": "api",
    "wordllama": "text",
}
"""By the name under which a package is imported, the extra that it belongs to."""


def missing_extra(subject: str, error: ModuleNotFoundError) -> MissingExtra:
    """The error to raise where an import failed because an extra is not installed.

    Raises `error` itself where the module belongs to no extra: then it is a fault of the code or
    of the installation, and no extra would mend it.
    """
    package = (error.name or "").partition(".")[0]
    if package not in EXTRAS:
        raise error
    return MissingExtra(subject, package, EXTRAS[package])
