"""The format of a store: which there is, which this version writes, and bringing it up to that."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from graphrec.data.weighting import DEFAULT_POLICY, KindPolicy
from graphrec.settings import Neo4jSettings
from graphrec.store import open_store, stands
from graphrec.store.sqlite.file import refuse_later, store_errors
from graphrec.store.sqlite.schema import MIGRATIONS


class SchemaVersion(NamedTuple):
    """The schema version of a store; an older one is migrated by the first that opens or writes."""

    found: int
    """0 where nothing was written yet."""
    expected: int

    @property
    def older(self) -> bool:
        """Whether it is of an older version of graphrec."""
        return 0 < self.found < self.expected


def schema_version(url: str, neo4j: Neo4jSettings | None = None) -> SchemaVersion:
    """What a store has, without a change to it.

    Raises StoreError where it is away or newer, and SettingsError as `open_store` does.
    """
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite":
        if not stands(url):
            return SchemaVersion(0, len(MIGRATIONS))
        return SchemaVersion(_of_file(Path(rest.removeprefix("/"))), len(MIGRATIONS))
    with open_store(url, DEFAULT_POLICY, neo4j) as store:
        from graphrec.store.neo4j.queries import VERSION
        from graphrec.store.neo4j.store import Neo4jStore

        return SchemaVersion(store.version if isinstance(store, Neo4jStore) else 0, VERSION)


def upgrade(
    url: str,
    policy: Mapping[str, KindPolicy] = DEFAULT_POLICY,
    neo4j: Neo4jSettings | None = None,
) -> None:
    """Bring a store that is there to the schema of this version; other processes may use it.

    Raises StoreError where it is not there, away or newer.
    """
    with open_store(url, policy, neo4j, create=False) as store:  # which migrates a file
        if url.startswith("sqlite"):
            return
        from graphrec.store.neo4j.store import Neo4jStore

        if isinstance(store, Neo4jStore):
            store.upgrade()


def _of_file(path: Path) -> int:
    with (
        store_errors(path),
        closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection,
    ):
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    refuse_later(path, version)
    return int(version)
