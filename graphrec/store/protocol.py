"""What a graph store does; `graphrec.testing.stores` has the tests that every store passes.

Neighbourhood queries count users: a user likes an item where at least one event of the pair is
positive under the store's policy (`graphrec.data.weighting`), and counts once however many events
there are. Where a query is asked about `kinds`, only events of these kinds count: of positive kinds
likes, of kinds that are neutral by the policy, such as views of weight 0, all that are in force
(`graphrec.data.in_force.only_kinds`). A kind that the store does not have has no events.

Rows come best first, ties by id in code-point order. Similarities are rounded to `DIGITS` decimals,
half up, before they are summed or ordered, so that order and sums are exact everywhere.

Writes raise DataError, and change nothing, for weights and numbers that are not finite, for an
attribute that the store holds with another kind and for more kinds of events than MAX_KINDS.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path as FilePath
from types import TracebackType
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from graphrec.data import (
    Attribute,
    AttributeKind,
    AttributeValue,
    EdgeType,
    Graph,
    Interactions,
    Vocabulary,
)
from graphrec.progress import Progress
from graphrec.store.batch import StreamBatch
from graphrec.store.event_key import EventKey

DIGITS = 9

SCALE = 10**DIGITS
"""Queries give scores in whole units of 1 / SCALE, so that they add up exactly."""

CAP = 5_000
"""How many of a node's neighbours a query counts: the latest, ties by id. It bounds the time that a
query on a supernode takes."""

PAGE = 10_000
"""Events or nodes written since a position that one call gives."""

Similarity: TypeAlias = Literal["cosine", "jaccard", "lift"]
"""How alike two items are that a and b users like, of whom `support` like both:

- cosine: support / √(a b)
- jaccard: support / (a + b - support)
- lift: support n / (a b), where n is the number of users who like anything at all. It is the share
  of those who like the one item that like the other, over that share among all users: 1 where they
  have nothing to do with each other. It is not at most 1, and rare items have the largest: ask for
  a minimum of support.

Of a supernode, a and the support are of its latest users only; b and n are of all users. With
`after`, the support alone is of fewer users. For users it is likewise with the items that they like
and n, the number of items that anyone likes.
"""


class Neighbour(NamedTuple):
    """A node similar to another one; `support` is the number of neighbours that both share."""

    id: str
    score: float
    support: int


class Neighbours(list[Neighbour]):
    """Rows of a query around one node, and the number of its neighbours that were counted.

    `degree` is the number of users who like the item, or of items that the user likes. A node whose
    degree is above the cap is a supernode: only its latest neighbours count, as many as the cap,
    and scores and support are as if there were no others. `counted` is how many count. Both are 0
    without rows.
    """

    def __init__(self, rows: Iterable[Neighbour] = (), degree: int = 0, cap: int = 0) -> None:
        super().__init__(rows)
        self.degree = degree
        self.counted = min(degree, cap)


class Popular(NamedTuple):
    """An item and the number of users who like it."""

    id: str
    people: int


class Path(NamedTuple):
    """user → `via` ← `people` → item: one reason for a recommendation.

    `via` is an item that the user likes; `people` is the number of other users who like both
    it and the recommended item;
    `score` is the similarity of the two items.
    """

    via: str
    people: int
    score: float


class NewEvents(NamedTuple):
    """A page of what was written of events after a position, pair by pair.

    A pair is a (user, item). All events of a pair on which an event was written, or taken back, are
    there, so that what a reader knows of the pair can be replaced as a whole; where whole users are
    asked for, of all pairs of its user. No event comes twice in a page.
    """

    events: Interactions
    """[E], the changed ones first, in the order in which they were written."""
    changed: NDArray[np.bool_]
    """[E], true for the events that this page lists as written. Page by page, an event of the store
    is marked once; one that a later page lists may come before, unmarked, with its pair."""
    position: int
    """Where the next page begins."""
    taken_back: tuple[tuple[str, str], ...] = ()
    """The pairs of which an event was deleted; one of which none is left has no event in the
    page."""

    @classmethod
    def of_rows(
        cls,
        rows: Sequence[Sequence[Any]],
        position: int,
        taken_back: Iterable[tuple[str, str]] = (),
    ) -> NewEvents:
        """The page from a store's rows, changed events first, in order.

        A row is (user, item, weight, time, kind, changed).
        """
        *columns, changed = zip(*rows, strict=True) if rows else [()] * 6
        flags = np.array(changed, bool)
        return cls(Interactions.of(*columns), flags, position, tuple(taken_back))


class ItemLink(NamedTuple):
    """A link of an item to another node, whichever way it points."""

    relation: str
    type: str
    id: str


class ChangedNode(NamedTuple):
    """A user or item that was written or deleted.

    A store keeps no id of a deleted user: it is None.
    """

    type: str
    id: str | None
    attributes: Mapping[str, AttributeValue] | None
    """All attributes that it has now; None where it is deleted."""
    links: tuple[ItemLink, ...] = ()
    """All links of an item, except those to users and those from other items; by relation, type and
    id."""
    position: int = 0
    """Of the store, after which it was so."""


class ChangedNodes(NamedTuple):
    """Users and items written or deleted after a position, in order, and how far they reach."""

    nodes: tuple[ChangedNode, ...]
    position: int


class GraphStore(Protocol):
    """The durable graph. Writes are idempotent upserts, each call one transaction.

    Every write that changes anything moves the store's position on, so that a reader can ask for
    what was written since. A write that changes nothing leaves it where it is.
    """

    def position(self) -> int | None:
        """How far the store has been written; 0 before its first write with positions.

        None where other programs write it too, and no position covers that.
        """
        ...

    def events_since(
        self, position: int, limit: int = PAGE, whole_users: bool = False
    ) -> NewEvents:
        """The first `limit` events that changed after a position; whole pairs, or whole users.

        An event changes that is added, gets another weight or is taken back: of one that was taken
        back, its pair is listed. With them come all other events of the same (user, item) pairs, or
        of the same users, so that there may be more than `limit`. Ask again from the position that
        is returned, until `position()` is reached. All is as of one moment: an event that was
        deleted is missing, and one that changes again is listed again later. Raises StoreError
        where the store has no position.
        """
        ...

    def nodes_since(self, position: int, limit: int = PAGE) -> ChangedNodes:
        """The first `limit` users and items that came, changed or went after a position.

        As `events_since`. Nodes of other types move the position, but are not listed. An item also
        changes when it gets a link; a link from another item is not its own.
        """
        ...

    def write_events(self, events: Interactions) -> int:
        """Add events, and the users and items they name; returns how many were new.

        An event is identified by (user, item, kind, time). One that is there already takes the new
        weight and does not count as new. Events of a user or an item that `deleted` names are left
        out. When the call returns, the events are durable; when it does not return, none of them
        is stored.
        """
        ...

    def write_log(
        self, batches: Iterable[Interactions], rows: int, progress: Progress | None = None
    ) -> int:
        """Add the events of a whole log of about `rows`; returns how many were new.

        As `write_events` of each batch, in their order; when it does not return, some may be
        stored, and writing all again puts it right. `progress` reports work that comes after
        the last batch was taken.
        """
        ...

    def write_batch(self, batch: StreamBatch) -> int:
        """Store what a batch of a stream changes, and how far the stream is read by it, at once.

        Returns how many events were new. Raises StreamMoved, and changes nothing, where a partition
        is not where the batch begins: another reader was faster, or what was sent before was stored
        although no answer came. Raises DataError as the single writes do.
        """
        ...

    def stream_positions(self, stream: str) -> Mapping[str, str]:
        """How far each partition of a stream was read."""
        ...

    def write_nodes(
        self, node_type: str, nodes: Vocabulary, attributes: Mapping[str, Attribute]
    ) -> None:
        """Add nodes, or set the given attributes of nodes that exist; other attributes stay.

        This, and nothing else, brings back users and items that were deleted.
        """
        ...

    def change_kind(self, node_type: str, name: str, kind: AttributeKind) -> int:
        """Make an attribute one of another kind; returns how many values were removed by it.

        A number becomes its text, a category one tag, and a text a number where it is one. Nothing
        changes where there is no such attribute.
        """
        ...

    def write_links(self, edge_type: EdgeType, links: Sequence[tuple[str, str, float]]) -> int:
        """Add (source id, target id, weight) links and the nodes they name; returns new ones.

        Links of a user or an item that `deleted` names are left out.
        """
        ...

    def read_graph(self, until: int | None = None) -> Graph:
        """All nodes, and the events before `until` (milliseconds), in canonical order.

        Vocabularies are in code-point order and events by (user, item, time, kind), so that two
        stores with the same content give equal graphs. Weights are the raw values.
        """
        ...

    def user_events(self, user: str) -> Interactions:
        """The events of a user, in canonical order; none where there is no such user."""
        ...

    def events_between(self, since: int, until: int, limit: int) -> Interactions:
        """At most `limit` of the events from `since` on and before `until`, both in milliseconds.

        Which of them is not said; they are in canonical order.
        """
        ...

    def attribute_kinds(self, node_type: str) -> Mapping[str, AttributeKind]:
        """What kind of value each attribute of a type of node has, by name."""
        ...

    def event_kinds(self) -> Collection[str]:
        """The kinds of the events that the store has or had."""
        ...

    def link_types(self) -> Collection[EdgeType]:
        """The types of links that there are: source type, relation, target type."""
        ...

    def read_node(self, node_type: str, node_id: str) -> Mapping[str, AttributeValue]:
        """The attributes that a node has, by name; raises UnknownNode."""
        ...

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
        """Items liked by the same users; raises UnknownNode.

        With `kinds`, only events of these count. With `after`, only users support a pair whose
        first event that counts on the other item is later than their first one on `item`.
        """
        ...

    def similar_users(
        self,
        user: str,
        k: int = 10,
        similarity: Similarity = "cosine",
        min_support: int = 1,
        cap: int = CAP,
    ) -> Neighbours:
        """Users who like the same items; raises UnknownNode."""
        ...

    def neighbour_recommendations(
        self, user: str, k: int = 10, neighbours: int = 50
    ) -> list[Neighbour]:
        """Items the most similar users like, scored by the sum of their (cosine) similarities.

        Items that the user has seen are left out; `support` is the number of those neighbours. Of a
        user's likes, the latest CAP count.
        Raises UnknownNode.
        """
        ...

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
        ...

    def paths(self, user: str, item: str, k: int = 10) -> list[Path]:
        """Why `item` for `user`: the paths between them, by score; raises UnknownNode.

        The score is the cosine of the two items over all users, this one included.
        """
        ...

    def delete_events(self, keys: Sequence[EventKey]) -> int:
        """Take events back; returns how many there were. Their users and items stay."""
        ...

    def forget_user(self, user: str, remember: bool = True) -> bool:
        """Delete a user with all events and links; returns whether there was one.

        Their id is not kept. What is kept with `remember` is a hash of it under a key of the store,
        by which events that come late are known: see `deleted`.
        """
        ...

    def delete_item(self, item: str) -> bool:
        """Delete an item with all events and links; returns whether there was one."""
        ...

    def delete_items(self, items: Collection[str]) -> int:
        """Delete items with all events and links, all or none; returns how many there were."""
        ...

    def deleted(self, node_type: str, ids: Collection[str]) -> frozenset[str]:
        """Which of some users or items were deleted, and not put since by `write_nodes`.

        Ids that were not in the store when they were deleted are among them. None where other
        programs write the graph.
        """
        ...

    def ids(self, node_type: str) -> tuple[str, ...]:
        """The ids of all nodes of a type, in code-point order."""
        ...

    def traces(self, user: str) -> tuple[str, ...]:
        """Places where something of a user is left, in words; empty once the user is forgotten.

        Everything that the store can look at is searched, which may take a while.
        """
        ...

    def counts(self) -> Mapping[str, int]:
        """Number of nodes by type, of events under "events", of links under "links"."""
        ...

    def dump(self, path: FilePath) -> None:
        """Write all as of one moment into a new file, which is one of the SQLite store.

        Others may write meanwhile. With what the graph holds go positions, how far streams were
        read, and what is remembered of those who were deleted. Memory does not grow with the graph.
        """
        ...

    def restore(self, path: FilePath) -> None:
        """Take all from a file that `dump` of any store wrote, into a store that holds nothing.

        Raises StoreError where the store holds something, and where the file is damaged or newer
        than this version. One that is interrupted leaves no store that opens as if it were whole.
        """
        ...

    def close(self) -> None:
        """Release the connection."""
        ...

    def __enter__(self) -> GraphStore: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
