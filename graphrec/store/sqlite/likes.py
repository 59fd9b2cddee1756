"""The likes of the SQLite store, as a view: `graphrec.data.in_force` in SQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from string import Template

import numpy as np

from graphrec.data.in_force import SIGNS, SLACK, meanings_of, micro
from graphrec.data.kinds import KindPolicy
from graphrec.store.sqlite.queries import READ_KINDS

# What events mean, by the settings; for this connection, not stored. `sign` is that of their value.
MEANINGS = (
    """
    CREATE TEMP TABLE meanings (
        kind     INTEGER NOT NULL,
        sign     INTEGER NOT NULL,
        polarity INTEGER NOT NULL,  -- 1: a like, -1: a dislike, 0: seen
        bar      REAL NOT NULL,     -- the value from which on it counts
        rated    INTEGER NOT NULL,
        latest   INTEGER NOT NULL,  -- whether of its kind the latest rated one counts
        own      TEXT,              -- whether the user has a bar of their own: mean or quantile
        share    REAL,              -- of a quantile
        PRIMARY KEY (kind, sign)
    ) WITHOUT ROWID
    """,
    """
    CREATE TEMP TABLE cancels (
        by_kind INTEGER NOT NULL,
        by_sign INTEGER NOT NULL,
        kind    INTEGER NOT NULL,
        PRIMARY KEY (by_kind, by_sign, kind)
    ) WITHOUT ROWID
    """,
)

# Any process may have added a kind since the last query. A kind keeps its row for ever.
COUNT_KINDS = "SELECT COUNT(*) FROM kinds"
COUNT_MEANINGS = "SELECT COUNT(*) FROM meanings"
DROP_MEANINGS = ("DELETE FROM meanings", "DELETE FROM cancels", "DROP VIEW IF EXISTS likes")
ADD_MEANING = """
INSERT INTO meanings (kind, sign, polarity, bar, rated, latest, own, share)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
ADD_CANCEL = "INSERT INTO cancels (by_kind, by_sign, kind) VALUES (?, ?, ?)"

# What no kind of the store does is left out of the view.
_SUPERSEDED = Template("""EXISTS (
    SELECT 1 FROM events AS later CROSS JOIN meanings AS own
    WHERE later.user = $e.user AND later.item = $e.item AND later.kind = $e.kind
      AND later.time > $e.time
      AND own.kind = later.kind AND own.sign = (later.weight > 0) - (later.weight < 0)
      AND own.rated AND own.latest
)""")
_CANCELLED = Template("""EXISTS (
    SELECT 1 FROM events AS undo CROSS JOIN cancels
    WHERE undo.user = $e.user AND undo.item = $e.item AND undo.time >= $e.time
      AND cancels.by_kind = undo.kind
      AND cancels.by_sign = (undo.weight > 0) - (undo.weight < 0) AND cancels.kind = $e.kind
)""")
_DISLIKED = Template("""EXISTS (
    SELECT 1 FROM events AS no CROSS JOIN meanings AS own
    WHERE no.user = events.user AND no.item = events.item
      AND own.kind = no.kind AND own.sign = (no.weight > 0) - (no.weight < 0)
      AND own.polarity < 0 AND no.weight >= own.bar AND NOT $OUT_OF_FORCE
)""")
# The user's ratings of the same kind that are in force.
_RATED = Template("""
    FROM events AS mine CROSS JOIN meanings AS own
    WHERE mine.user = events.user AND mine.kind = events.kind
      AND own.kind = mine.kind AND own.sign = (mine.weight > 0) - (mine.weight < 0)
      AND own.rated AND NOT $OUT_OF_FORCE
""")
_REACHES_OWN = Template("""CASE meanings.own
    WHEN 'mean' THEN (
        SELECT MICRO(events.weight) * COUNT(*) >= SUM(MICRO(mine.weight)) $RATED
    )
    WHEN 'quantile' THEN (
        SELECT SUM(mine.weight <= events.weight) >= meanings.share * COUNT(*) - $SLACK $RATED
    )
    ELSE 1 END""")
_LIKES = Template("""
CREATE TEMP VIEW likes AS
SELECT events.user, events.item, events.time
FROM events CROSS JOIN meanings
WHERE meanings.kind = events.kind
  AND meanings.sign = (events.weight > 0) - (events.weight < 0)
  AND meanings.polarity > 0 AND events.weight >= meanings.bar
  AND $IN_FORCE
""")


def likes_view(latest: bool, cancels: bool, negative: bool, own: bool) -> str:
    """The view of the events that are likes, in a store where events may do these things."""

    def out_of_force(event: str) -> str:
        found = [_SUPERSEDED] * latest + [_CANCELLED] * cancels
        parts = " OR ".join(each.substitute(e=event) for each in found)
        return f"({parts or 'FALSE'})"

    conditions = [f"NOT {out_of_force('events')}"]
    if negative:
        conditions.append(f"NOT {_DISLIKED.substitute(OUT_OF_FORCE=out_of_force('no'))}")
    if own:
        rated = _RATED.substitute(OUT_OF_FORCE=out_of_force("mine"))
        conditions.append(_REACHES_OWN.substitute(RATED=rated, SLACK=SLACK))
    return _LIKES.substitute(IN_FORCE="\n  AND ".join(conditions))


def prepare(connection: sqlite3.Connection) -> None:
    """What the view needs, for this connection."""
    for statement in MEANINGS:
        connection.execute(statement)
    connection.create_function("MICRO", 1, _micro, deterministic=True)


def apply_policy(connection: sqlite3.Connection, policy: Mapping[str, KindPolicy]) -> None:
    """Give the connection the view of likes, for the kinds that the store has by now.

    Within a transaction. Nothing is written to the file.
    """
    (count,) = connection.execute(COUNT_KINDS).fetchone()
    (known,) = connection.execute(COUNT_MEANINGS).fetchone()
    if count * len(SIGNS) == known and known:
        return
    for statement in DROP_MEANINGS:
        connection.execute(statement)
    kinds = connection.execute(READ_KINDS).fetchall()
    rows = [row for row, _ in kinds]
    meanings = meanings_of([name for _, name in kinds], policy)
    for row, rule, of_kind in zip(rows, meanings.policies, meanings.of, strict=True):
        own = None if rule.like_from is None else "mean" if rule.quantile is None else "quantile"
        for sign, each in zip(SIGNS, of_kind, strict=True):
            values = (row, sign, each.polarity, each.bar, each.rated, rule.latest, own)
            connection.execute(ADD_MEANING, (*values, rule.quantile))
            connection.executemany(ADD_CANCEL, ((row, sign, rows[other]) for other in each.cancels))
    connection.execute(
        likes_view(
            latest=meanings.any_latest,
            cancels=meanings.any_cancels,
            negative=meanings.any_negative,
            own=meanings.any_own,
        )
    )


def _micro(value: float) -> int:
    return int(micro(np.array([value]))[0])
