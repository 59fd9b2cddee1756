"""Where the graph is kept: a protocol, and one module for each store behind it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path as FilePath

from graphrec.data.weighting import DEFAULT_POLICY, KindPolicy
from graphrec.errors import MissingExtra, SettingsError
from graphrec.settings import Neo4jSettings
from graphrec.store.batch import Move, NodeValues, StreamBatch
from graphrec.store.event_key import EventKey
from graphrec.store.protocol import (
    ChangedNode,
    ChangedNodes,
    GraphStore,
    Neighbour,
    NewEvents,
    Path,
    Popular,
    Similarity,
)
from graphrec.store.sqlite.store import SQLiteStore

__all__ = [
    "ChangedNode",
    "ChangedNodes",
    "EventKey",
    "GraphStore",
    "Move",
    "Neighbour",
    "NewEvents",
    "NodeValues",
    "Path",
    "Popular",
    "Similarity",
    "StreamBatch",
    "open_store",
    "stands",
]


def open_store(
    url: str,
    policy: Mapping[str, KindPolicy] = DEFAULT_POLICY,
    neo4j: Neo4jSettings | None = None,
    *,
    create: bool = True,
    retry_seconds: float = 60.0,
    unfinished: bool = False,
) -> GraphStore:
    """The store at `url`: `sqlite:///graphrec.db`, made where `create`, or `neo4j://HOST`.

    `neo4j` has the login of a Neo4j server and the name of its database; where the server goes
    away, a call tries again for up to `retry_seconds`. With `unfinished`, also one into which a
    copy was not restored to its end. Raises SettingsError for a URL of no known store, StoreError
    where it cannot be opened and, without `create`, where a file is not there, and MissingExtra.
    """
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
        return SQLiteStore(FilePath(rest[1:]), policy, create=create)
    if scheme.partition("+")[0] in ("neo4j", "bolt"):
        try:
            from graphrec.store.neo4j.store import Neo4jStore
        except ModuleNotFoundError as error:
            raise MissingExtra("the Neo4j store", error.name or "neo4j", "neo4j") from error
        return Neo4jStore(url, policy, neo4j, retry_seconds, unfinished)
    raise SettingsError(
        f"store {url!r} is of no known kind: expected sqlite:///FILE, for example "
        f"sqlite:///graphrec.db, or neo4j://HOST, for example neo4j://localhost:7687"
    )


def stands(url: str) -> bool:
    """Whether a store is there: of a file, whether it is; of a server, True without asking it."""
    scheme, _, rest = url.partition("://")
    return scheme != "sqlite" or FilePath(rest.removeprefix("/")).is_file()
