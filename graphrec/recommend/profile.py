"""What is known of someone, in the rows of a snapshot: the left side of every recommendation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import AttributeValue, Rows
from graphrec.data.kind_relations import Bits
from graphrec.models.encoder import NOTHING_KNOWN
from graphrec.snapshot.overlay import Event
from graphrec.snapshot.snapshot import Snapshot

NOTHING = np.empty(0, np.int32)

SILENCE: Mapping[str, NDArray[np.float32]] = {}
"""Of new items, where there are none that say anything."""


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
    news: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    """What items tell them that they like and the snapshot does not know, by id."""
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    """Their own, as far as the snapshot keeps them."""
    friends: Rows = field(default_factory=lambda: NOTHING)
    """Users whom they hear."""
    company: tuple[NDArray[np.float32], ...] = ()
    """What other friends say of themselves."""
    kinds: Bits | None = None  # [H]
    """In which ways they like each item, where the encoder listens; None: in ways unknown."""

    @property
    def likes(self) -> int:
        """How many items they like."""
        return len(self.history) + len(self.news)


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


def of_beginner(snapshot: Snapshot, user: int, shown: Rows) -> Taste:
    """Of a user, by row, as if only `shown` of the items that they like were known.

    They have met the others all the same.
    """
    known = of_user(snapshot, user)
    kept = np.isin(known.history, shown)
    kinds = None if known.kinds is None else known.kinds[kept]
    beginner = replace(known, history=known.history[kept], worth=known.worth[kept], kinds=kinds)
    return _folded_in(snapshot, beginner)


def of_session(
    snapshot: Snapshot,
    items: Sequence[str],
    attributes: Mapping[str, AttributeValue] = NOTHING_KNOWN,
    friends: Sequence[Taste] = (),
    news: Mapping[str, NDArray[np.float32]] = SILENCE,
) -> Taste:
    """Of someone known by the items they like, attributes and friends; raises UnknownNode.

    `news` are what items tell that the snapshot does not know, by id.
    """
    rows = np.unique(np.array([snapshot.likes.items.row(i, "item") for i in items], np.int32))
    encoder = snapshot.encoder
    company: tuple[NDArray[np.float32], ...] = ()
    if encoder is not None and encoder.friendship is not None:
        company = tuple(
            encoder.own(
                friend.history, friend.attributes, tuple(friend.news.values()), friend.kinds
            )
            for friend in friends
        )
    told = replace(of_items(rows), attributes=attributes, company=company, news=news)
    return _folded_in(snapshot, told)


def of_history(snapshot: Snapshot, history: Rows) -> Taste:
    """Of someone known by the distinct rows of the items that they like."""
    return _folded_in(snapshot, of_items(history))


def of_items(history: Rows) -> Taste:
    """As `of_history`, before it is embedded."""
    return replace(NEWCOMER, history=history, worth=np.ones(len(history), np.float32), seen=history)


def with_attributes(
    snapshot: Snapshot, taste: Taste, attributes: Mapping[str, AttributeValue]
) -> Taste:
    """The same of someone whose attributes are these now.

    The vector stays where the encoder hears nothing else than before: it may be a learned one.
    """
    changed = replace(taste, attributes=attributes)
    heard = () if snapshot.encoder is None else snapshot.encoder.listens_to
    if all(attributes.get(name) == taste.attributes.get(name) for name in heard):
        return changed
    return _folded_in(snapshot, changed)


def with_events(
    snapshot: Snapshot,
    taste: Taste,
    events: Iterable[Event],
    messages: Mapping[str, NDArray[np.float32]] = SILENCE,
) -> Taste:
    """The same after more events.

    An item that they like already counts for the more of the two, so that an event which the
    snapshot holds as well changes nothing. Of items that it does not know, `messages` are what
    they tell.
    """
    rows = snapshot.likes.items.rows
    events = tuple(events)
    new = [event for event in events if event.item not in rows]
    known = [(rows[event.item], event.worth) for event in events if event.item in rows]
    news = {e.item: messages[e.item] for e in new if e.worth > 0 and e.item in messages}
    taste = replace(taste, met=taste.met | {event.item for event in new})
    seen = np.union1d(taste.seen, np.array([row for row, _ in known], np.int32))
    added: dict[int, float] = {}
    for row, value in known:
        if value > 0:
            added[row] = added.get(row, 0) + value
    before = dict(zip(taste.history.tolist(), taste.worth.tolist(), strict=True))
    total = before | {row: max(value, before.get(row, 0)) for row, value in added.items()}
    history = np.array(sorted(total), np.int32)
    ways = _ways(snapshot, taste, history, events)
    worth = np.array([total[row] for row in history.tolist()], np.float32)
    after = replace(
        taste, history=history, worth=worth, seen=seen, news={**taste.news, **news}, kinds=ways
    )
    more = total.keys() > before.keys() or after.news.keys() > taste.news.keys()
    return after if not more and _same(ways, taste.kinds) else _folded_in(snapshot, after)


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


def _folded_in(snapshot: Snapshot, taste: Taste) -> Taste:
    """With the embedding of someone whom training did not meet so; None where nothing is known."""
    encoder, liked = snapshot.encoder, snapshot.likes.by_user
    if encoder is None:
        return replace(taste, vector=None)
    heard = [] if encoder.friendship is None else taste.friends.tolist()
    if not (taste.likes or heard or taste.company or _speaks(snapshot, taste.attributes)):
        return replace(taste, vector=None)
    said = [
        encoder.own(stored(liked, friend), snapshot.about(friend), kinds=_kinds(snapshot, friend))
        for friend in heard
    ]
    vector = encoder.embed(
        taste.history,
        taste.attributes,
        [*said, *taste.company],
        tuple(taste.news.values()),
        taste.kinds,
    )
    return replace(taste, vector=vector)


def _speaks(snapshot: Snapshot, attributes: Mapping[str, AttributeValue]) -> bool:
    """Whether the encoder makes anything of attributes."""
    features = None if snapshot.encoder is None else snapshot.encoder.features
    return bool(attributes) and features is not None and features.said(attributes) is not None


def stored(matrix: sparse.csr_array, row: int) -> Rows:
    """The columns of a row."""
    return matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]
