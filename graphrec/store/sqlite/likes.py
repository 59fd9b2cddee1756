"""The likes of the SQLite store, as a view: `graphrec.data.in_force` in SQL."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping
from string import Template

import numpy as np

from graphrec.data.in_force import SIGNS, SLACK, meanings_of, only_kinds
from graphrec.data.kinds import KindPolicy
from graphrec.data.taken_back import micro
from graphrec.store.sqlite.queries import READ_KINDS

# What events mean, by the settings; for this connection, not stored. `sign` is that of their value.
MEANINGS = (
    """
    CREATE TEMP TABLE meanings (
        kind      INTEGER NOT NULL,
        sign      INTEGER NOT NULL,
        polarity  INTEGER NOT NULL,  -- 1: a like, -1: a dislike, 0: seen
        seen      INTEGER NOT NULL,  -- whether it counts in force, though it is no like
        bar       REAL NOT NULL,     -- the value from which on it counts
        rated     INTEGER NOT NULL,
        latest    INTEGER NOT NULL,  -- whether of its kind the latest rated one counts
        cancelled INTEGER NOT NULL,  -- whether any kind cancels its kind
        taken     INTEGER NOT NULL,  -- whether any kind takes amounts of its kind back
        takes     INTEGER NOT NULL,  -- whether it takes amounts of any kind back
        own       TEXT,              -- whether the user has a bar of their own: mean or quantile
        share     REAL,              -- of a quantile
        PRIMARY KEY (kind, sign)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX temp.meanings_by_polarity ON meanings (polarity)",
    """
    CREATE TEMP TABLE cancels (
        by_kind INTEGER NOT NULL,
        by_sign INTEGER NOT NULL,
        kind    INTEGER NOT NULL,
        amount  INTEGER NOT NULL,  -- whether it takes back as much as its value says, or all
        PRIMARY KEY (by_kind, by_sign, kind)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX temp.cancels_by_cancelled ON cancels (kind)",
    # Which kinds the view is of: a JSON array, or null for all.
    "CREATE TEMP TABLE asked (kinds TEXT NOT NULL)",
)

# Any process may have added a kind since the last query. A kind keeps its row for ever.
COUNT_KINDS = "SELECT COUNT(*) FROM kinds"
COUNT_MEANINGS = "SELECT COUNT(*), (SELECT kinds FROM asked) FROM meanings"
DROP_MEANINGS = (
    "DELETE FROM meanings",
    "DELETE FROM cancels",
    "DELETE FROM asked",
    "DROP VIEW IF EXISTS likes",
)
ADD_MEANING = """
INSERT INTO meanings
    (kind, sign, polarity, seen, bar, rated, latest, cancelled, taken, takes, own, share)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
ADD_ASKED = "INSERT INTO asked (kinds) VALUES (?)"
ADD_CANCEL = "INSERT INTO cancels (by_kind, by_sign, kind, amount) VALUES (?, ?, ?, ?)"

# Conditions on an event $e with the meaning $m. What no kind of the store does is left out of the
# view, and what the kind of an event does not ask for is not looked up: so the CASEs. The index is
# that of items, in whose order most queries come: the events of a pair are beside each other there.
# Few kinds cancel another or are dislikes, and a pair has seldom events of them: they come first.
_SUPERSEDED = Template("""CASE WHEN $m.latest THEN EXISTS (
    SELECT 1
    FROM events AS later INDEXED BY events_by_item CROSS JOIN meanings AS its
    WHERE later.item = $e.item AND later.user = $e.user AND later.kind = $e.kind
      AND later.time > $e.time
      AND its.kind = later.kind AND its.sign = (later.weight > 0) - (later.weight < 0)
      AND its.rated
) ELSE 0 END""")
_CANCELLED = Template("""CASE WHEN $m.cancelled THEN EXISTS (
    SELECT 1
    FROM cancels CROSS JOIN events AS undo INDEXED BY events_by_item
    WHERE cancels.kind = $e.kind AND NOT cancels.amount
      AND undo.item = $e.item AND undo.user = $e.user AND undo.kind = cancels.by_kind
      AND undo.time >= $e.time
      AND cancels.by_sign = (undo.weight > 0) - (undo.weight < 0)
) ELSE 0 END""")
# Nothing is left of it: from it up to some return, no more was given than was returned.
_TAKEN_BACK = Template("""CASE WHEN $m.taken AND $e.weight > 0 THEN EXISTS (
    SELECT 1
    FROM cancels CROSS JOIN events AS undo INDEXED BY events_by_item
    WHERE cancels.kind = $e.kind AND cancels.amount
      AND undo.item = $e.item AND undo.user = $e.user AND undo.kind = cancels.by_kind
      AND undo.time >= $e.time
      AND cancels.by_sign = (undo.weight > 0) - (undo.weight < 0)
      AND (
        SELECT SUM(CASE
            WHEN part.kind = $e.kind AND part.weight > 0 THEN MAX(MICRO(part.weight), 1)
            WHEN EXISTS (
                SELECT 1 FROM cancels AS takes
                WHERE takes.by_kind = part.kind
                  AND takes.by_sign = (part.weight > 0) - (part.weight < 0)
                  AND takes.kind = $e.kind AND takes.amount
            ) THEN -MICRO(ABS(part.weight))
            ELSE 0 END)
        FROM events AS part INDEXED BY events_by_item
        WHERE part.item = $e.item AND part.user = $e.user
          AND part.time BETWEEN $e.time AND undo.time
      ) <= 0
) ELSE 0 END""")
_DISLIKED = Template("""CASE WHEN meanings.polarity > 0 THEN EXISTS (
    SELECT 1
    FROM meanings AS own CROSS JOIN events AS no INDEXED BY events_by_item
    WHERE own.polarity < 0
      AND no.item = events.item AND no.user = events.user AND no.kind = own.kind
      AND own.sign = (no.weight > 0) - (no.weight < 0)
      AND no.weight >= own.bar AND NOT $OUT_OF_FORCE AND NOT $KEPT_PART
) ELSE 0 END""")
# Something is left of what it takes from.
_KEPT_PART = Template("""CASE WHEN own.takes THEN EXISTS (
    SELECT 1
    FROM cancels CROSS JOIN events AS kept INDEXED BY events_by_item CROSS JOIN meanings AS its
    WHERE cancels.by_kind = no.kind
      AND cancels.by_sign = (no.weight > 0) - (no.weight < 0)
      AND kept.item = no.item AND kept.user = no.user AND kept.kind = cancels.kind
      AND kept.time <= no.time AND kept.weight > 0
      AND its.kind = kept.kind AND its.sign = 1
      AND cancels.amount AND NOT $OUT_OF_FORCE
) ELSE 0 END""")
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
  AND $IN_FORCE
""")


def likes_view(
    latest: bool, cancels: bool, takes: bool, negative: bool, own: bool, seen: bool
) -> str:
    """The view of the events that count, in a store where events may do these things."""

    def out_of_force(event: str, meaning: str = "own") -> str:
        found = [_SUPERSEDED] * latest + [_CANCELLED] * cancels + [_TAKEN_BACK] * takes
        parts = " OR ".join(each.substitute(e=event, m=meaning) for each in found)
        return f"({parts or 'FALSE'})"

    in_force = f"NOT {out_of_force('events', 'meanings')}"
    conditions = ["meanings.polarity > 0 AND events.weight >= meanings.bar"]
    if not seen:
        conditions.append(in_force)
    if negative:
        kept = _KEPT_PART.substitute(OUT_OF_FORCE=out_of_force("kept", "its"))
        disliked = _DISLIKED.substitute(
            OUT_OF_FORCE=out_of_force("no"), KEPT_PART=kept if takes else "FALSE"
        )
        conditions.append(f"NOT {disliked}")
    if own:
        rated = _RATED.substitute(OUT_OF_FORCE=out_of_force("mine"))
        conditions.append(_REACHES_OWN.substitute(RATED=rated, SLACK=SLACK))
    found = "\n  AND ".join(conditions)
    if seen:
        found = f"(meanings.seen OR {found})\n  AND {in_force}"
    return _LIKES.substitute(IN_FORCE=found)


def prepare(connection: sqlite3.Connection) -> None:
    """What the view needs, for this connection."""
    for statement in MEANINGS:
        connection.execute(statement)
    connection.create_function("MICRO", 1, _micro, deterministic=True)


def apply_policy(
    connection: sqlite3.Connection,
    policy: Mapping[str, KindPolicy],
    only: Collection[str] | None = None,
) -> None:
    """Give the connection the view of likes, for the kinds that the store has by now.

    With `only`, it is of the events that count where these kinds are asked for: `only_kinds`.
    Within a transaction. Nothing is written to the file.
    """
    asked = json.dumps(None if only is None else sorted(only))
    (count,) = connection.execute(COUNT_KINDS).fetchone()
    known, known_asked = connection.execute(COUNT_MEANINGS).fetchone()
    if count * len(SIGNS) == known and asked == known_asked:
        return
    for statement in DROP_MEANINGS:
        connection.execute(statement)
    kinds = connection.execute(READ_KINDS).fetchall()
    rows = [row for row, _ in kinds]
    meanings = only_kinds(meanings_of([name for _, name in kinds], policy), only)
    cancelled = {rows[kind] for each in meanings.of for one in each for kind in one.cancels}
    taken = {rows[kind] for each in meanings.of for one in each for kind in one.takes}
    for row, rule, of_kind in zip(rows, meanings.policies, meanings.of, strict=True):
        own = None if rule.like_from is None else "mean" if rule.quantile is None else "quantile"
        for sign, each in zip(SIGNS, of_kind, strict=True):
            means = (row, sign, each.polarity, each.seen, each.bar, each.rated, rule.latest)
            undoes = (row in cancelled, row in taken, bool(each.takes))
            connection.execute(ADD_MEANING, (*means, *undoes, own, rule.quantile))
            for others, amount in ((each.cancels, False), (each.takes, True)):
                values = ((row, sign, rows[other], amount) for other in others)
                connection.executemany(ADD_CANCEL, values)
    connection.execute(
        likes_view(
            latest=meanings.any_latest,
            cancels=meanings.any_cancels,
            takes=meanings.any_takes,
            negative=meanings.any_negative,
            own=meanings.any_own,
            seen=meanings.any_seen,
        )
    )
    connection.execute(ADD_ASKED, (asked,))


def _micro(value: float) -> int:
    return int(micro(np.array([value]))[0])
