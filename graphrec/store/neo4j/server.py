"""Connections to a Neo4j server: how long work is tried, and what can go wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

import neo4j
from neo4j.exceptions import (
    AuthError,
    ConfigurationError,
    DriverError,
    Forbidden,
    IncompleteCommit,
    Neo4jError,
    ServiceUnavailable,
    TransientError,
)

from graphrec.errors import DataError, SettingsError, StoreError
from graphrec.settings import Neo4jSettings
from graphrec.store.neo4j import queries as cypher

SCHEMES = ("neo4j", "neo4j+s", "neo4j+ssc", "bolt", "bolt+s", "bolt+ssc")

CONNECT_SECONDS = 5.0
"""To wait for one connection to open."""

FETCH = 5_000
"""Records that are asked for at a time."""

UNFINISHED = (
    "the store holds a part of a copy that was not restored to its end: expected a whole one; run "
    "`graphrec restore` with the same file again"
)

Result = TypeVar("Result")
Work = Callable[[neo4j.ManagedTransaction], Result]


class Server:
    """A Neo4j server and one of its databases.

    Work is a managed transaction: all or nothing. Where the server is away, or two writers were in
    each other's way, it is tried again for up to `retry_seconds`.
    """

    def __init__(self, url: str, settings: Neo4jSettings, retry_seconds: float) -> None:
        self._url = _checked(url)
        self._user = settings.user
        self._database = settings.database
        self._retry_seconds = retry_seconds
        password = settings.password
        self._has_password = password is not None
        with self._errors():
            self._driver = neo4j.GraphDatabase.driver(
                url,
                auth=None if password is None else (self._user, password.get_secret_value()),
                user_agent="graphrec",
                connection_timeout=CONNECT_SECONDS,
                connection_acquisition_timeout=max(CONNECT_SECONDS, retry_seconds),
                max_transaction_retry_time=retry_seconds,
                liveness_check_timeout=30,
                notifications_min_severity="OFF",
            )
        self._closed = False

    def check(self, unfinished: bool = False) -> int:
        """The schema version of the database, 0 for none.

        Raises StoreError where it is away, and for a newer schema; and unless `unfinished`, for a
        copy that was not restored to its end.
        """
        with self._errors(), self._session() as session:
            # Not a managed transaction: at the start, a server that is away is an error at once.
            noted = session.run(cypher.READ_VERSION).single(strict=True)
        found = noted["version"] or 0
        if found > cypher.VERSION:
            raise StoreError(
                f"store {self._url} has schema version {found}: expected at most "
                f"{cypher.VERSION}; a newer graphrec wrote it: update this one"
            )
        if noted["restoring"] is not None and not unfinished:
            raise StoreError(f"store {self._url}: {UNFINISHED}")
        return int(found)

    def read(self, work: Work[Result]) -> Result:
        """What `work` reads, in one transaction."""
        with self._errors(), self._session() as session:
            return session.execute_read(work)

    def write(self, work: Work[Result]) -> Result:
        """What `work` returns, once what it wrote is durable.

        Where the server went away during the commit, nobody knows whether it took place: as all
        work is idempotent, it is done again.
        """
        try:
            with self._errors(), self._session() as session:
                return session.execute_write(work)
        except StoreError as error:
            if not isinstance(error.__cause__, IncompleteCommit):
                raise
        with self._errors(), self._session() as session:
            return session.execute_write(work)

    def define(self, statements: tuple[str, ...]) -> None:
        """Run statements that define the schema, each in a transaction of its own, as they must."""
        for statement in statements:
            self.write(partial(rows, query=statement))

    def close(self) -> None:
        """Release the connections."""
        self._closed = True
        self._driver.close()

    @contextmanager
    def _session(self) -> Iterator[neo4j.Session]:
        if self._closed:
            raise StoreError(f"store {self._url} is closed: open it again")
        with self._driver.session(database=self._database, fetch_size=FETCH) as session:
            yield session

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """The driver's errors as StoreErrors, and text that is not Unicode as a DataError."""
        try:
            yield
        except UnicodeEncodeError as error:
            raise DataError(
                f"text {error.object!r} holds half of a surrogate pair: expected whole "
                f"characters; correct or drop it"
            ) from error
        except (Neo4jError, DriverError) as error:
            raise StoreError(f"store {self._url} {self._what_happened(error)}") from error

    def _what_happened(self, error: Neo4jError | DriverError) -> str:
        code = getattr(error, "code", None) or ""
        message = " ".join((getattr(error, "message", None) or str(error)).split())
        if isinstance(error, AuthError) and not self._has_password:
            return (
                f"wants a password of the user {self._user!r}: expected one in the variable "
                f"GRAPHREC_NEO4J__PASSWORD; set it"
            )
        if isinstance(error, AuthError) and not isinstance(error, Forbidden):
            return (
                f"refused the user {self._user!r}: {message.rstrip('.')}; set [neo4j] user, and "
                f"the variable GRAPHREC_NEO4J__PASSWORD"
            )
        if isinstance(error, Forbidden):
            return f"does not allow the user {self._user!r} to do this: {message}"
        if code.startswith("Neo.ClientError.Database"):
            return (
                f"has no database {self._database!r} in use: expected one that `SHOW DATABASES` "
                f"lists as online; set [neo4j] database"
            )
        if "OutOfMemory" in code or "MemoryPool" in code:
            return (
                "has too little memory for this batch, and nothing of it was stored: set [ingest] "
                "batch_rows to less, or give the server more (server.memory.heap.max_size)"
            )
        if isinstance(error, ServiceUnavailable | TransientError):
            return (
                f"is away: {message}; start the server, or check the address. What was not "
                f"acknowledged is not stored: do it again then"
            )
        if isinstance(error, ConfigurationError):
            return f"cannot be reached in this way: {message}"
        return f"failed: {message}"


def _checked(url: str) -> str:
    """The URL, which has a host and nothing secret; raises SettingsError, without what is in it."""
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None:
        raise SettingsError(
            f"store URL of {parts.hostname} holds a user or password: expected neo4j://HOST:7687; "
            f"set [neo4j] user, and the variable GRAPHREC_NEO4J__PASSWORD"
        )
    if parts.scheme not in SCHEMES or not parts.hostname or parts.path.strip("/"):
        raise SettingsError(
            f"store {url!r} is no address of a Neo4j server: expected neo4j://HOST:7687; the name "
            f"of the database is [neo4j] database in the settings"
        )
    return url


def rows(transaction: neo4j.ManagedTransaction, query: str, **values: Any) -> list[list[Any]]:
    """All rows that a query gives."""
    return transaction.run(query, values).values()
