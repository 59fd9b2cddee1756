"""The graph of a view, a hop at a time: what one node has edges to, the strongest first.

Nodes are items, users, values of attributes (categories and tags), nodes that items are linked to,
and people: all those who did one kind of thing with an item, as a number and never by name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from graphrec.data import Rows
from graphrec.errors import UnknownName, UnknownNode
from graphrec.recommend.setting_names import known_in_view
from graphrec.recommend.view_events import ViewEvents, events_of, user_row
from graphrec.rules.check import no_attribute, no_kind, no_relation
from graphrec.snapshot.view import View
from graphrec.store.protocol import ItemLink

MOST_PEOPLE = 5_000
"""People around an item whose other items are counted: the latest. It bounds the time of a hop."""

Type: TypeAlias = Literal["item", "people", "value", "linked"]


@dataclass(frozen=True)
class Reached:
    """A node at the other end of an edge."""

    type: Annotated[
        Type,
        Field(
            description="`people`: those who did something of kind `id` with the item. `value`: of "
            "an attribute. `linked`: what items are linked to, such as a brand."
        ),
    ]
    id: Annotated[
        str, Field(description="Of the item or the linked node; the kind of events, or the value.")
    ]
    name: Annotated[
        str | None,
        Field(
            description="The title of an item, the attribute of a value, the relation of a linked "
            "node; null where there is none."
        ),
    ]
    count: Annotated[
        int,
        Field(
            description="How many people are behind the edge; items that have a value or a link; "
            "events of a user."
        ),
    ]
    of: Annotated[
        str | None, Field(description="The type of a linked node, such as `brand`; else null.")
    ] = None


@dataclass(frozen=True)
class Hop:
    """The first of the nodes that a node has edges to."""

    total: Annotated[int, Field(description="How many there are.")]
    people: Annotated[
        int | None,
        Field(
            description="How many people were looked at, the latest of them where there are very "
            "many; null where people are not what was asked about."
        ),
    ]
    reached: Annotated[
        tuple[Reached, ...], Field(description="The strongest edges of each type first.")
    ]


@dataclass(frozen=True)
class Window:
    """Which events count: of some kinds, from `since` on and before `until` (milliseconds)."""

    kinds: tuple[str, ...] = ()
    """None: all."""
    since: int | None = None
    until: int | None = None

    @property
    def open(self) -> bool:
        """Whether all count."""
        return not self.kinds and self.since is None and self.until is None

    def of(self, events: ViewEvents) -> ViewEvents:
        """Those of some events that count; ones without a time do not where there is a limit."""
        chosen = np.ones(len(events.time), bool)
        if self.kinds:
            codes = [at for at, kind in enumerate(events.kinds) if kind in self.kinds]
            chosen &= np.isin(events.kind, codes)
        if self.since is not None:
            chosen &= (events.time > 0) & (events.time >= self.since)
        if self.until is not None:
            chosen &= (events.time > 0) & (events.time < self.until)
        return events.at(chosen)


def from_item(view: View, item: str, window: Window, k: int) -> Hop:
    """The people of an item by what they did, the values of its attributes, and its links.

    Up to `k` of each. Raises UnknownNode, and UnknownName for a kind that there is not.
    """
    row = _row(view, item)
    found = window.of(_events(view, window, np.array([row])))
    people = [
        Reached("people", kind, None, len(np.unique(found.user[found.kind == code])))
        for code, kind in enumerate(found.kinds)
    ]
    table, attributes = view.items.table, view.items.label_names
    values = [
        Reached("value", value, name, _left(view, table.labelled(name)[value]))
        for name in attributes
        for value in table.labels_by_row(name)(row)
    ]
    linked = [
        Reached("linked", each.id, each.relation, len(_linked_items(view, each)), each.type)
        for each in _links_of(view, item, row)
        if not (each.type == "item" and each.id in view.delta.deleted)
    ]
    everyone = [each for each in people if each.count]
    parts = (_strongest(each) for each in (everyone, values, linked))
    rows = [*parts]
    return Hop(
        sum(map(len, rows)),
        len(np.unique(found.user)),
        tuple(each for part in rows for each in part[:k]),
    )


def from_people(view: View, item: str, window: Window, k: int) -> Hop:
    """The items with which the same people did the same: the `k` that most of them did it with.

    Raises UnknownNode, and UnknownName for a kind that there is not.
    """
    row = _row(view, item)
    around = window.of(_events(view, window, np.array([row])))
    order = np.argsort(-around.time, kind="stable")
    latest, first = np.unique(around.user[order], return_index=True)
    people = latest[np.argsort(first)][:MOST_PEOPLE]
    theirs = window.of(events_of(view, users=people))
    return _items(view, theirs, k, without=row, people=len(people))


def from_user(view: View, user: str, window: Window, k: int) -> Hop:
    """The items that a user did something with: the `k` with most events, the latest first.

    Raises UnknownNode, and UnknownName for a kind that there is not.
    """
    if not view.knows(user):
        raise UnknownNode("user", user)
    _check(view, window)
    row = user_row(view, user)
    events = events_of(view, users=np.array([] if row is None else [row], np.int64))
    found = window.of(events)
    counts = np.bincount(found.item, minlength=len(view.items.ids))
    last = np.zeros(len(counts), np.int64)
    np.maximum.at(last, found.item, found.time)
    rows = np.flatnonzero(counts)
    rows = rows[np.lexsort((rows, -last[rows], -counts[rows]))]
    return Hop(len(rows), None, _reached(view, rows[:k], counts))


def from_value(view: View, attribute: str, value: str, window: Window, k: int) -> Hop:
    """The items with a category, tag or number: the `k` that most people did something with.

    Raises UnknownName for an attribute or a kind that there is not.
    """
    known = known_in_view(view).attributes
    if attribute not in known:
        raise UnknownName(no_attribute("item", attribute, known), "attribute")
    rows = view.items.table.labelled(attribute).get(value, np.empty(0, np.int32))
    return _busiest(view, rows, window, k)


def from_linked(view: View, link: ItemLink, window: Window, k: int) -> Hop:
    """The items that have a link: the `k` that most people did something with.

    Raises UnknownName for a relation or a kind that there is not.
    """
    known = _relations(view)
    if link.relation not in known:
        raise UnknownName(no_relation(link.relation, known), "relation")
    return _busiest(view, _linked_items(view, link), window, k)


def _busiest(view: View, rows: Rows, window: Window, k: int) -> Hop:
    rows = rows[~np.isin(rows, view.items.deleted)]
    events = window.of(_events(view, window, rows))
    people = _people_of(view, events)
    if not window.open:
        rows = rows[people[rows] > 0]
    rows = rows[np.lexsort((rows, -people[rows]))]
    return Hop(len(rows), None, _reached(view, rows[:k], people))


def _items(view: View, events: ViewEvents, k: int, without: int, people: int) -> Hop:
    """The items of some events, those of most people first."""
    counts = _people_of(view, events)
    counts[without] = 0
    rows = np.flatnonzero(counts)
    rows = rows[np.lexsort((rows, -counts[rows]))]
    return Hop(len(rows), people, _reached(view, rows[:k], counts))


def _people_of(view: View, events: ViewEvents) -> NDArray[np.intp]:
    """How many people some events are of, by item [I]."""
    pairs = np.unique(events.item.astype(np.int64) << 32 | events.user)
    return np.bincount(pairs >> 32, minlength=len(view.items.ids))


def _reached(
    view: View, rows: NDArray[np.integer], counts: NDArray[np.integer]
) -> tuple[Reached, ...]:
    ids, titles = view.items.ids.ids, view.items.titles
    return tuple(Reached("item", ids[row], titles[row], int(counts[row])) for row in rows.tolist())


def _strongest(nodes: Iterable[Reached]) -> list[Reached]:
    return sorted(nodes, key=lambda each: (-each.count, each.name or "", each.id))


def _row(view: View, item: str) -> int:
    row = view.items.ids.rows.get(item)
    if row is None or item in view.delta.deleted:
        raise UnknownNode("item", item)
    return row


def _events(view: View, window: Window, items: NDArray[np.integer]) -> ViewEvents:
    _check(view, window)
    return events_of(view, items)


def _check(view: View, window: Window) -> None:
    known = known_in_view(view).kinds
    for kind in window.kinds:
        if kind not in known:
            raise UnknownName(no_kind(kind, known), "kinds")


def _left(view: View, rows: Rows) -> int:
    """How many of some items were not deleted."""
    return len(rows) - int(np.isin(rows, view.items.deleted).sum())


def _links_of(view: View, item: str, row: int) -> tuple[ItemLink, ...]:
    """What an item is linked to now."""
    written = view.delta.items.get(item)
    if written is not None:
        return written.links
    return tuple(
        ItemLink(each.relation, each.type, node)
        for each in view.snapshot.links
        for node in each.linked_to(row)
    )


def _linked_items(view: View, link: ItemLink) -> Rows:
    """The item rows that have a link now."""
    changed = view.items.rows_of(view.delta.items)
    held = [
        each.items_of(link.id)
        for each in view.snapshot.links
        if (each.relation, each.type) == (link.relation, link.type)
    ]
    before = np.concatenate([np.empty(0, np.int32), *held])
    written = [item for item, each in view.delta.items.items() if link in each.links]
    found = np.union1d(before[~np.isin(before, changed)], view.items.rows_of(written))
    return np.setdiff1d(found, view.items.deleted).astype(np.int32)


def _relations(view: View) -> frozenset[str]:
    new = (link.relation for each in view.delta.items.values() for link in each.links)
    return frozenset(known_in_view(view).relations).union(new)
