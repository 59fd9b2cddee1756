"""The embedded store: one SQLite file, one writer at a time, any number of readers beside it."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path as FilePath
from types import TracebackType

from graphrec.data import (
    Attribute,
    AttributeKind,
    AttributeValue,
    EdgeType,
    Graph,
    Interactions,
    Vocabulary,
)
from graphrec.data.weighting import KindPolicy
from graphrec.errors import StoreError
from graphrec.progress import Progress
from graphrec.store.batch import StreamBatch
from graphrec.store.event_key import EventKey
from graphrec.store.other_side import CountedOnce
from graphrec.store.protocol import (
    CAP,
    PAGE,
    ChangedNodes,
    Neighbour,
    Neighbours,
    NewEvents,
    Path,
    Popular,
    Similarity,
)
from graphrec.store.sqlite import acknowledged, bulk, copies, deletion, read, stream, write
from graphrec.store.sqlite import queries as sql
from graphrec.store.sqlite.file import connect, store_errors, transaction
from graphrec.store.sqlite.likes import apply_policy
from graphrec.store.sqlite.neighbourhoods import paths, recommendations, similar
from graphrec.store.sqlite.rows import Positions, position_of, row_of, written
from graphrec.store.sqlite.traces import has_alike, traces_in_files, traces_in_tables
from graphrec.store.sqlite.write import check_finite

BULK_ROWS = 100_000
"""A log of fewer events is written batch by batch."""

LARGE = 2
"""And so is one of which the store has more than so many times the events already."""

MANY = 500_000
"""Events of a log that become durable together: each transaction touches most pages of a table."""


class SQLiteStore:
    """A `GraphStore` in one SQLite file.

    Threads and processes may share it: a connection is lent to one call at a time, readers see the
    last committed state, and writers wait for each other for up to `busy_seconds`. A batch that was
    acknowledged survives `kill -9` and power loss: the log is flushed before a write returns.

    Opening creates the file, but not its folder; one that is there is opened without a write, so
    that nobody waits. Raises StoreError where the file cannot be used, and without `create` where
    it is not there.
    """

    def __init__(
        self,
        path: FilePath,
        policy: Mapping[str, KindPolicy],
        busy_seconds: float = 30.0,
        create: bool = True,
        bulk_rows: int = BULK_ROWS,
    ) -> None:
        if not create and (not path.exists() or (path.is_file() and not path.stat().st_size)):
            what = "empty" if path.exists() else "not there"
            raise StoreError(
                f"store {str(path)!r} is {what}: expected a graph that was loaded; "
                f"run `graphrec ingest`, or restore a copy"
            )
        self._path = path
        self._policy = dict(policy)
        self._busy_seconds = busy_seconds
        self._bulk_rows = bulk_rows
        self._idle: deque[sqlite3.Connection] = deque()
        self._closed = False
        self._counted = CountedOnce()
        self._number = 0
        with self._lent():
            self._number = acknowledged.number_of(path)

    def position(self) -> int:
        """How far the store has been written; 0 for a file from before there were positions."""
        with self._reading() as connection:
            return position_of(connection)

    def events_since(
        self, position: int, limit: int = PAGE, whole_users: bool = False
    ) -> NewEvents:
        """The first `limit` events that changed after a position; whole pairs, or whole users.

        With them come all other events of the same (user, item) pairs, or users.
        """
        with self._reading() as connection:
            return read.events_since(connection, position, limit, whole_users)

    def nodes_since(self, position: int, limit: int = PAGE) -> ChangedNodes:
        """The first `limit` users and items that came, changed or went after a position."""
        with self._reading() as connection:
            return read.nodes_since(connection, position, limit)

    def write_events(self, events: Interactions) -> int:
        """Add events, and the users and items they name; returns how many were new.

        Raises DataError for a weight that is not finite, and where the store would come to have
        more than MAX_KINDS kinds.
        """
        check_finite(events)
        with self._writing() as (connection, positions):
            return write.write_events(connection, positions, [events])

    def write_log(
        self, batches: Iterable[Interactions], rows: int, progress: Progress | None = None
    ) -> int:
        """Add the events of a whole log of about `rows`; returns how many were new.

        A log that is large beside the store is one transaction, in which the table and its indexes
        are made anew; of another, batches are, MANY events together. `progress` reports what
        comes once all batches were taken. Raises as `write_events` does.
        """
        if not self._is_large(rows):
            return sum(map(self._write_batches, grouped(batches)))
        with self._connected() as connection:
            with written(connection) as positions:
                new = bulk.load(connection, positions, batches, progress)
            self._acknowledge(positions)
        self._empty_log()
        if progress:
            progress("storing", rows, rows)
        return new

    def write_batch(self, batch: StreamBatch) -> int:
        """Store what a batch of a stream changes, and how far the stream is read by it, at once.

        Returns how many events were new. Raises StreamMoved where somebody else read it on, and
        DataError as the single writes do.
        """
        check_finite(batch.events)
        with self._writing() as (connection, positions):
            return stream.write_batch(connection, positions, batch)

    def stream_positions(self, name: str) -> Mapping[str, str]:
        """How far each partition of a stream was read."""
        with self._reading() as connection:
            return stream.positions(connection, name)

    def write_nodes(
        self, node_type: str, nodes: Vocabulary, attributes: Mapping[str, Attribute]
    ) -> None:
        """Add nodes, or set the given attributes of nodes that exist; other attributes stay.

        Raises DataError for a number that is not finite, and for an attribute that the store has
        with another kind.
        """
        with self._writing() as (connection, positions):
            write.write_nodes(connection, positions, node_type, nodes, attributes)

    def change_kind(self, node_type: str, name: str, kind: AttributeKind) -> int:
        """Make an attribute one of another kind; returns how many values were removed by it."""
        with self._writing() as (connection, positions):
            return write.change_kind(connection, positions, node_type, name, kind)

    def write_links(self, edge_type: EdgeType, links: Sequence[tuple[str, str, float]]) -> int:
        """Add (source id, target id, weight) links and the nodes they name; returns new ones.

        Raises DataError for a weight that is not finite.
        """
        weights = write.weights_of(edge_type[1], links)
        with self._writing() as (connection, positions):
            return write.write_links(connection, positions, edge_type, weights)

    def read_graph(self, until: int | None = None) -> Graph:
        """All nodes, and the events before `until` (milliseconds), in canonical order.

        It is one consistent state, however many writes go on meanwhile. The kinds are those of the
        events that are read.
        """
        with self._reading() as connection:
            return read.graph(connection, until)

    def user_events(self, user: str) -> Interactions:
        """The events of a user, in canonical order; none where there is no such user."""
        with self._reading() as connection:
            return read.user_events(connection, user)

    def events_between(self, since: int, until: int, limit: int) -> Interactions:
        """At most `limit` of the events from `since` on and before `until`, in canonical order."""
        with self._reading() as connection:
            found = connection.execute(sql.EVENTS_BETWEEN, (since, until, limit)).fetchall()
        columns = zip(*found, strict=True) if found else [()] * 5
        return Interactions.of(*columns).sorted()

    def attribute_kinds(self, node_type: str) -> Mapping[str, AttributeKind]:
        """What kind of value each attribute of a type of node has, by name."""
        with self._reading() as connection:
            return read.kinds_of_attributes(connection).get(node_type, {})

    def event_kinds(self) -> Collection[str]:
        """The kinds of the events that the store has or had."""
        with self._reading() as connection:
            return frozenset(name for _, name in connection.execute(sql.READ_KINDS))

    def link_types(self) -> Collection[EdgeType]:
        """The types of links that there are: source type, relation, target type."""
        with self._reading() as connection:
            return frozenset(connection.execute(sql.READ_LINK_TYPES))

    def read_node(self, node_type: str, node_id: str) -> Mapping[str, AttributeValue]:
        """The attributes that a node has, by name; raises UnknownNode."""
        with self._reading() as connection:
            return read.node(connection, node_type, node_id)

    def related_items(
        self,
        item: str,
        k: int = 10,
        similarity: Similarity = "cosine",
        min_support: int = 1,
        cap: int = CAP,
        kinds: Collection[str] | None = None,
        after: bool = False,
    ) -> Neighbours:
        """Items liked by the same users, or those with events of `kinds`; raises UnknownNode.

        With `after`, by those whose first such event on the other item is later.
        """
        with self._reading(kinds) as connection:
            row = row_of(connection, "item", item)
            query = sql.ITEMS_AFTER if after else sql.RELATED_ITEMS
            everyone = self._tied(connection, "user", kinds) if similarity == "lift" else None
            return similar(connection, query, row, k, similarity, min_support, cap, everyone)

    def similar_users(
        self,
        user: str,
        k: int = 10,
        similarity: Similarity = "cosine",
        min_support: int = 1,
        cap: int = CAP,
    ) -> Neighbours:
        """Users who like the same items; raises UnknownNode."""
        with self._reading() as connection:
            row = row_of(connection, "user", user)
            query = sql.SIMILAR_USERS
            everyone = self._tied(connection, "item", None) if similarity == "lift" else None
            return similar(connection, query, row, k, similarity, min_support, cap, everyone)

    def neighbour_recommendations(
        self, user: str, k: int = 10, neighbours: int = 50
    ) -> list[Neighbour]:
        """Items the most similar users like and the user has not seen; raises UnknownNode."""
        with self._reading() as connection:
            return recommendations(connection, user, k, neighbours)

    def popular_items(
        self,
        k: int = 10,
        since: int | None = None,
        until: int | None = None,
        kinds: Collection[str] | None = None,
    ) -> list[Popular]:
        """Items by the number of users who like them, in the window [since, until).

        With `kinds`, only events of these count.
        """
        with self._reading(kinds) as connection:
            values = {"k": k, "since": since, "until": until}
            return [Popular(*row) for row in connection.execute(sql.POPULAR_ITEMS, values)]

    def paths(self, user: str, item: str, k: int = 10) -> list[Path]:
        """Why `item` for `user`: the paths between them, by score; raises UnknownNode."""
        with self._reading() as connection:
            return paths(connection, user, item, k)

    def delete_events(self, keys: Sequence[EventKey]) -> int:
        """Take events back; returns how many there were. Their users and items stay."""
        with self._writing() as (connection, positions):
            return deletion.delete_events(connection, positions, keys)

    def forget_user(self, user: str, remember: bool = True) -> bool:
        """Delete a user with all events and links; returns whether there was one.

        With `remember`, a hash of their id is kept, by which events that come late are known.
        What is deleted is overwritten with zeros, and the write-ahead log is emptied once those who
        read an older state are done; where that takes longer than `busy_seconds`, a later
        checkpoint empties it.
        """
        found = self._delete("user", [user], remember)
        self._empty_log()
        return found == 1

    def delete_item(self, item: str) -> bool:
        """Delete an item with all events and links; returns whether there was one."""
        return self.delete_items([item]) == 1

    def delete_items(self, items: Collection[str]) -> int:
        """Delete items with all events and links, all or none; returns how many there were."""
        return self._delete("item", items)

    def deleted(self, node_type: str, ids: Collection[str]) -> frozenset[str]:
        """Which of some users or items were deleted, and not put since by `write_nodes`."""
        with self._reading() as connection:
            return deletion.deleted(connection, node_type, ids)

    def ids(self, node_type: str) -> tuple[str, ...]:
        """The ids of all nodes of a type, in code-point order."""
        with self._reading() as connection:
            return tuple(id_ for (id_,) in connection.execute(sql.READ_IDS, (node_type,)))

    def traces(self, user: str) -> tuple[str, ...]:
        """Places where something of a user is left, in words; empty once the user is forgotten.

        All tables are searched for the id and for rows that belong to nobody, and all bytes of the
        files, free pages and write-ahead log included, for an id long enough to be distinguished
        from other bytes. Not while other threads use this store: its connections are closed first,
        because closing a file of SQLite's releases the locks on it.
        """
        with self._reading() as connection:
            found = [*traces_in_tables(connection, user)]
            alike = has_alike(connection, user)
        while self._idle:
            self._idle.pop().close()
        return (*found, *traces_in_files(self._path, user, alike=alike))

    def counts(self) -> Mapping[str, int]:
        """Number of nodes by type, of events under "events", of links under "links"."""
        with self._reading() as connection:
            return {"user": 0, "item": 0, **dict(connection.execute(sql.COUNT))}

    def dump(self, path: FilePath) -> None:
        """Write all as of one moment into a new file of the SQLite store; others write meanwhile.

        What was deleted is not in its pages. It takes as much room as the store.
        """
        with self._lent() as connection:
            copies.dump(connection, path)

    def restore(self, path: FilePath) -> None:
        """Take all from a file that `dump` wrote, into a store that holds nothing.

        All or nothing. A file of an older schema version is migrated. Raises StoreError where the
        store holds something, or the file is damaged or newer.
        """
        with store_errors(path), closing(connect(path, self._busy_seconds)) as given:
            copies.check(given, str(path))
        with self._connected() as connection:
            copies.restore(connection, path, str(self._path))
            self._acknowledge(Positions(position_of(connection)))
        self._empty_log()

    def close(self) -> None:
        """Release the connections; a call that is under way in another thread ends first."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    def __enter__(self) -> SQLiteStore:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @contextmanager
    def _lent(self) -> Iterator[sqlite3.Connection]:
        """A connection of one's own, for one call."""
        if self._closed:
            raise StoreError(f"store {str(self._path)!r} is closed: open it again")
        self._check_file()
        with store_errors(self._path):
            connection = self._idle_connection()
            if connection is None:
                connection = self._new_connection()
            try:
                yield connection
            finally:
                self._idle.append(connection)
                if self._closed:
                    self.close()

    def _new_connection(self) -> sqlite3.Connection:
        connection = connect(self._path, self._busy_seconds)
        try:
            acknowledged.check(connection, self._path)
        except BaseException:
            connection.close()
            raise
        return connection

    def _idle_connection(self) -> sqlite3.Connection | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None

    @contextmanager
    def _reading(self, kinds: Collection[str] | None = None) -> Iterator[sqlite3.Connection]:
        """A connection in a transaction, with likes; of `kinds` those events that count."""
        with self._lent() as connection, transaction(connection, "DEFERRED"):
            apply_policy(connection, self._policy, kinds)
            yield connection

    def _tied(
        self, connection: sqlite3.Connection, node_type: str, kinds: Collection[str] | None
    ) -> int:
        """How many users like anything, or items anyone likes, by events of these kinds."""

        def count() -> int:
            return int(connection.execute(sql.COUNT_TIED[node_type]).fetchone()[0])

        asked = None if kinds is None else frozenset(kinds)
        return self._counted.get(position_of(connection), (node_type, asked), count)

    @contextmanager
    def _writing(self) -> Iterator[tuple[sqlite3.Connection, Positions]]:
        with self._lent() as connection:
            with written(connection) as positions:
                yield connection, positions
            self._acknowledge(positions)

    def _acknowledge(self, positions: Positions) -> None:
        """Note what is durable, unless it is durable in a file that nobody will find again."""
        self._check_file()
        acknowledged.note(self._path, self._number, positions.last)

    def _check_file(self) -> None:
        if self._number and acknowledged.number_of(self._path) != self._number:
            raise StoreError(
                f"store {str(self._path)!r} was deleted, or another file put in its place: "
                f"expected the file that was opened; open it again"
            )

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """A connection that is closed afterwards."""
        with (
            self._lent(),
            closing(connect(self._path, self._busy_seconds)) as connection,
        ):
            yield connection

    def _is_large(self, rows: int) -> bool:
        """Whether a log is large beside the store."""
        if rows < self._bulk_rows:
            return False
        with self._reading() as connection:
            (held,) = connection.execute(sql.COUNT_EVENTS, (LARGE * rows + 1,)).fetchone()
        return bool(held <= LARGE * rows)

    def _write_batches(self, batches: Sequence[Interactions]) -> int:
        with self._writing() as (connection, positions):
            return write.write_events(connection, positions, batches)

    def _empty_log(self) -> None:
        """Empty the write-ahead log, as soon as those who read an older state are done."""
        with self._lent() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _delete(self, node_type: str, ids: Collection[str], remember: bool = True) -> int:
        with self._writing() as (connection, positions):
            found = deletion.delete_nodes(connection, positions, node_type, ids)
            if remember:
                deletion.remember(connection, node_type, ids)
            return found


def grouped(batches: Iterable[Interactions]) -> Iterator[Sequence[Interactions]]:
    """Batches, MANY events together."""
    group: list[Interactions] = []
    for batch in batches:
        check_finite(batch)
        group.append(batch)
        if sum(map(len, group)) >= MANY:
            yield group
            group = []
    if group:
        yield group
