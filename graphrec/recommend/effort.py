"""How much work a list is, estimated before it is made: long ones are made beside the loop."""

from __future__ import annotations

from graphrec.data import Rows
from graphrec.recommend.query import Context, Query
from graphrec.snapshot.snapshot import history_rows
from graphrec.snapshot.view import View

MUCH = 500_000
"""Numbers that are looked at in some milliseconds: of most lists it is a tenth of them."""

EVENT = 50
"""An event since the snapshot, which is read by itself, takes as long as so many numbers."""

PAIRS = 512
"""Of each item of a history that are added up, where not all of the catalogue's are."""

DRAW = 20_000
"""A place that Thompson sampling may fill takes as long as so many numbers."""

PATHS_AT_ONCE = 16
"""Places of a list whose paths are found in one pass over who likes the items of the history."""


def effort(view: View, query: Query, context: Context) -> int:
    """About how many numbers are looked at for the list of a query.

    What is made of a snapshot once, by the first query that needs it, counts as MUCH.
    """
    if not _prepared(view, query):
        return MUCH
    return _of_history(view, query, context) + _of_draws(query)


def _of_draws(query: Query) -> int:
    return query.k * DRAW if query.exploration and query.exploration_by == "thompson" else 0


def _of_history(view: View, query: Query, context: Context) -> int:
    if query.user is None:
        rows = view.items.ids.rows
        known = [rows[item] for item in query.items if item in rows]
        passes = -(-query.k // PATHS_AT_ONCE)
        friends = _of_friends(view, query)
        return friends + _of_rows(view, [r for r in known if r < len(view.snapshot.items)], passes)
    return len(context.events or ()) * EVENT + _of_user(view, query.user, query.k)


def _prepared(view: View, query: Query) -> bool:
    draws = query.exploration and query.exploration_by == "thompson"
    counted = not draws or "posteriors" in vars(view.snapshot)
    return counted and all(map(view.items.table.prepared, query.all_rules))


def _of_friends(view: View, query: Query) -> int:
    return sum(_of_user(view, friend, 0) for friend in query.friends)


def _of_user(view: View, user: str, k: int) -> int:
    """Of a user's own history and events, and of those of the friends whose messages they get."""
    row, own = view.row(user), _of_events(view, user)
    if row is None:
        return own
    passes = -(-k // PATHS_AT_ONCE)
    own += _of_rows(view, history_rows(view.snapshot.history, row), passes)
    vectors = view.snapshot.embeddings
    if vectors is None or vectors.friends is None:
        return own
    ids, ends = view.snapshot.users.ids, view.snapshot.history.indptr
    friends = history_rows(vectors.friends, row)
    return (
        own
        + int((ends[friends + 1] - ends[friends]).sum())
        + sum(_of_events(view, ids[friend]) + EVENT for friend in friends.tolist())
    )


def _of_events(view: View, user: str) -> int:
    written = view.delta.users.get(user)
    return 0 if written is None else EVENT * len(written.events)


def _of_rows(view: View, rows: Rows | list[int], passes: int) -> int:
    """Of item rows of a history: their pairs, and who likes them for each pass over these."""
    likers = int(view.snapshot.likes.degrees[rows].sum()) if passes and len(rows) else 0
    return PAIRS * len(rows) + passes * likers
