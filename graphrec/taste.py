"""What is known of someone, in the rows of a snapshot: the left side of every recommendation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Rows
from graphrec.overlay import Event
from graphrec.snapshot import Snapshot


@dataclass(frozen=True)
class Taste:
    """What is known of someone, in rows."""

    history: Rows  # [H] items they like
    worth: NDArray[np.float32]  # [H] how much
    seen: Rows  # [S] items they have met
    vector: NDArray[np.float32] | None  # [dim]
    user: int | None = None
    """Their row, where the snapshot knows them."""
    met: frozenset[str] = frozenset()
    """Ids of items that they have met and the snapshot does not know."""


NOTHING = np.empty(0, np.int32)
NEWCOMER = Taste(NOTHING, np.empty(0, np.float32), NOTHING, None)


def of_user(snapshot: Snapshot, user: int) -> Taste:
    """Of a user that the snapshot knows, by row."""
    likes, embeddings = snapshot.likes, snapshot.embeddings
    vector = None if embeddings is None else embeddings.user[user]
    history = snapshot.graph_filter.history
    worth = history.data[history.indptr[user] : history.indptr[user + 1]]
    return Taste(stored(likes.by_user, user), worth, stored(likes.seen, user), vector, user)


def of_session(snapshot: Snapshot, items: Sequence[str]) -> Taste:
    """Of someone who is known by the items they like; raises UnknownNode."""
    vocabulary = snapshot.likes.items
    return of_items(
        snapshot, np.unique(np.array([vocabulary.row(i, "item") for i in items], np.int32))
    )


def of_items(snapshot: Snapshot, history: Rows) -> Taste:
    """Of someone who is known by the distinct rows of the items they like."""
    worth = np.ones(len(history), np.float32)
    return Taste(history, worth, history, _folded_in(snapshot, history))


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
    if total == before:
        return replace(taste, seen=seen)
    history = np.array(sorted(total), np.int32)
    worth = np.array([total[row] for row in history.tolist()], np.float32)
    vector = _folded_in(snapshot, history) if total.keys() > before.keys() else taste.vector
    return Taste(history, worth, seen, vector, taste.user, taste.met)


def _folded_in(snapshot: Snapshot, history: Rows) -> NDArray[np.float32] | None:
    """The embedding of someone with a history that training did not meet."""
    return None if snapshot.encoder is None else snapshot.encoder.embed(history)


def stored(matrix: sparse.csr_array, row: int) -> Rows:
    """The columns of a row."""
    return matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]
