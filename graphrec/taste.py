"""What is known of someone, in the rows of a snapshot: the left side of every recommendation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import AttributeValue, Rows
from graphrec.encoder import NOTHING_KNOWN
from graphrec.overlay import Event
from graphrec.relations import Bits
from graphrec.snapshot import Snapshot

NOTHING = np.empty(0, np.int32)


@dataclass(frozen=True)
class Taste:
    """What is known of someone, in rows."""

    history: Rows  # [H] items they like
    worth: NDArray[np.float32]  # [H] how much
    seen: Rows  # [S] items they have met
    vector: NDArray[np.float32] | None  # [dim]
    """None where there is nothing that it could be made of."""
    user: int | None = None
    """Their row, where the snapshot knows them."""
    met: frozenset[str] = frozenset()
    """Ids of items that they have met and the snapshot does not know."""
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    """Their own, as far as the encoder listens to them."""
    friends: Rows = field(default_factory=lambda: NOTHING)
    """Users whom they hear."""
    kinds: Bits | None = None  # [H]
    """In which ways they like each item, where the encoder listens; None: in ways unknown."""


NEWCOMER = Taste(NOTHING, np.empty(0, np.float32), NOTHING, None)


def of_user(snapshot: Snapshot, user: int) -> Taste:
    """Of a user that the snapshot knows, by row."""
    likes, embeddings = snapshot.likes, snapshot.embeddings
    history, attributes = stored(likes.by_user, user), snapshot.about(user)
    friends, vector = NOTHING, None
    if embeddings is not None:
        if embeddings.friends is not None:
            friends = stored(embeddings.friends, user)
        if len(history) or len(friends) or _speaks(snapshot, attributes):
            vector = embeddings.user[user]
    weighed = snapshot.graph_filter.history
    worth = weighed.data[weighed.indptr[user] : weighed.indptr[user + 1]]
    seen, kinds = stored(likes.seen, user), _kinds(snapshot, user)
    return Taste(
        history, worth, seen, vector, user, attributes=attributes, friends=friends, kinds=kinds
    )


def of_session(
    snapshot: Snapshot,
    items: Sequence[str],
    attributes: Mapping[str, AttributeValue] = NOTHING_KNOWN,
    friends: Sequence[str] = (),
) -> Taste:
    """Of someone known by the items they like, attributes and friends; raises UnknownNode."""
    likes = snapshot.likes
    rows = np.unique(np.array([likes.items.row(i, "item") for i in items], np.int32))
    heard = np.unique(np.array([likes.users.row(u, "user") for u in friends], np.int32))
    return of_items(snapshot, rows, attributes, heard)


def of_items(
    snapshot: Snapshot,
    history: Rows,
    attributes: Mapping[str, AttributeValue] = NOTHING_KNOWN,
    friends: Rows = NOTHING,
) -> Taste:
    """As `of_session`, by the distinct rows of the items and of the friends."""
    worth = np.ones(len(history), np.float32)
    vector = _folded_in(snapshot, history, attributes, friends)
    return Taste(history, worth, history, vector, attributes=attributes, friends=friends)


def with_attributes(
    snapshot: Snapshot, taste: Taste, attributes: Mapping[str, AttributeValue]
) -> Taste:
    """The same of someone whose attributes are these now."""
    vector = _folded_in(snapshot, taste.history, attributes, taste.friends, taste.kinds)
    return replace(taste, vector=vector, attributes=attributes)


def with_events(snapshot: Snapshot, taste: Taste, events: Iterable[Event]) -> Taste:
    """The same after more events, of items that the snapshot knows.

    An item that they like already counts for the more of the two, so that an event which the
    snapshot holds as well changes nothing.
    """
    rows = snapshot.likes.items.rows
    events = tuple(events)
    taste = replace(taste, met=taste.met | {e.item for e in events if e.item not in rows})
    known = [(rows[event.item], event.worth) for event in events if event.item in rows]
    if not known:
        return taste
    seen = np.union1d(taste.seen, np.array([row for row, _ in known], np.int32))
    added: dict[int, float] = {}
    for row, value in known:
        if value > 0:
            added[row] = added.get(row, 0) + value
    before = dict(zip(taste.history.tolist(), taste.worth.tolist(), strict=True))
    total = before | {row: max(value, before.get(row, 0)) for row, value in added.items()}
    history = np.array(sorted(total), np.int32)
    ways = _ways(snapshot, taste, history, events)
    if total == before and _same(ways, taste.kinds):
        return replace(taste, seen=seen)
    worth = np.array([total[row] for row in history.tolist()], np.float32)
    vector = taste.vector
    if total.keys() > before.keys() or not _same(ways, taste.kinds):
        vector = _folded_in(snapshot, history, taste.attributes, taste.friends, ways)
    return replace(taste, history=history, worth=worth, seen=seen, vector=vector, kinds=ways)


def _ways(snapshot: Snapshot, taste: Taste, history: Rows, events: Iterable[Event]) -> Bits | None:
    """In which ways someone likes the items of a history, after more events."""
    relations = None if snapshot.encoder is None else snapshot.encoder.relations
    if relations is None:
        return None
    rows, kinds = snapshot.likes.items.rows, taste.kinds
    before = [0] * len(taste.history) if kinds is None else kinds.tolist()
    ways = dict(zip(taste.history.tolist(), before, strict=True))
    for event in events:
        if event.worth > 0 and event.item in rows:
            row = rows[event.item]
            ways[row] = ways.get(row, 0) | relations.bit(event.kind)
    return np.array([ways[row] for row in history.tolist()], np.uint64)


def _same(one: Bits | None, other: Bits | None) -> bool:
    return one is other or (one is not None and other is not None and np.array_equal(one, other))


def _kinds(snapshot: Snapshot, user: int) -> Bits | None:
    """In which ways a user that the snapshot knows likes each item."""
    kinds = None if snapshot.embeddings is None else snapshot.embeddings.kinds
    return None if kinds is None else kinds.data[kinds.indptr[user] : kinds.indptr[user + 1]]


def _folded_in(
    snapshot: Snapshot,
    history: Rows,
    attributes: Mapping[str, AttributeValue],
    friends: Rows,
    kinds: Bits | None = None,
) -> NDArray[np.float32] | None:
    """The embedding of someone whom training did not meet so; None where nothing is known."""
    encoder, liked = snapshot.encoder, snapshot.likes.by_user
    if encoder is None:
        return None
    heard = [] if encoder.friendship is None else friends.tolist()
    if not (len(history) or heard or _speaks(snapshot, attributes)):
        return None
    said = [
        encoder.own(stored(liked, friend), snapshot.about(friend), _kinds(snapshot, friend))
        for friend in heard
    ]
    return encoder.embed(history, attributes, said, kinds)


def _speaks(snapshot: Snapshot, attributes: Mapping[str, AttributeValue]) -> bool:
    """Whether the encoder makes anything of attributes."""
    features = None if snapshot.encoder is None else snapshot.encoder.features
    return bool(attributes) and features is not None and features.said(attributes) is not None


def stored(matrix: sparse.csr_array, row: int) -> Rows:
    """The columns of a row."""
    return matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]
