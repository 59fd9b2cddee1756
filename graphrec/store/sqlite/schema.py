"""The schema of the SQLite store, as migrations."""

from __future__ import annotations

APPLICATION_ID = int.from_bytes(b"grec", "big")
"""In the file's header, so that no other SQLite file is taken for a graph."""

# A semicolon at the end of a line ends a statement.
_VERSION_1 = """
-- Nodes of all types. The world knows a node by (type, id), `row` is internal.
CREATE TABLE nodes (
    row        INTEGER PRIMARY KEY,
    type       TEXT NOT NULL,
    id         TEXT NOT NULL,
    attributes TEXT NOT NULL DEFAULT '{}',  -- JSON object by attribute name
    UNIQUE (type, id)
);

-- What kind of value an attribute has: number, category, tags, text, or vector and its length.
CREATE TABLE attributes (
    type TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    PRIMARY KEY (type, name)
) WITHOUT ROWID;

-- Kinds of events, such as rating or view.
CREATE TABLE kinds (
    row  INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

-- The log, clustered by user. The references are not enforced: checking them costs a third of the
-- speed of a load, and rows only ever come from `nodes` within the same transaction.
CREATE TABLE events (
    user   INTEGER NOT NULL REFERENCES nodes,
    item   INTEGER NOT NULL REFERENCES nodes,
    kind   INTEGER NOT NULL REFERENCES kinds,
    time   INTEGER NOT NULL,  -- milliseconds since 1970
    weight REAL NOT NULL,     -- as it came: a rating, a count
    PRIMARY KEY (user, item, kind, time)
) WITHOUT ROWID;

-- The same from the item's side; it covers every query, so that none goes back to the table.
CREATE INDEX events_by_item ON events (item, user, kind, weight, time);

-- Edges of other relations; the types of their ends are those of the nodes.
CREATE TABLE links (
    source   INTEGER NOT NULL REFERENCES nodes,
    relation TEXT NOT NULL,
    target   INTEGER NOT NULL REFERENCES nodes,
    weight   REAL NOT NULL,
    PRIMARY KEY (source, relation, target)
) WITHOUT ROWID;

CREATE INDEX links_by_target ON links (target);
"""

_VERSION_2 = """
-- What was written since: each event and node has the position of its last change, 0 where it came
-- before there were positions.
ALTER TABLE events ADD COLUMN position INTEGER NOT NULL DEFAULT 0;
ALTER TABLE nodes ADD COLUMN position INTEGER NOT NULL DEFAULT 0;
CREATE INDEX events_by_position ON events (position);
CREATE INDEX nodes_by_position ON nodes (position);

-- The last position given. The other tables do not show it: the last row written may be deleted.
CREATE TABLE position (last INTEGER NOT NULL);
INSERT INTO position (last) VALUES (0);

-- Users and items that went. A user's id is not kept.
CREATE TABLE deletions (
    position INTEGER PRIMARY KEY,
    type     TEXT NOT NULL,
    id       TEXT
);
"""

_VERSION_3 = """
-- What was deleted, and must not come back with an event that comes late: the ids of items, and
-- hashes of the ids of users under the key below.
CREATE TABLE tombstones (
    type TEXT NOT NULL,
    id   NOT NULL,
    PRIMARY KEY (type, id)
) WITHOUT ROWID;
INSERT OR IGNORE INTO tombstones (type, id)
SELECT type, id FROM deletions
WHERE type = 'item' AND id NOT IN (SELECT id FROM nodes WHERE type = 'item');

CREATE TABLE hash_key (key BLOB NOT NULL);
INSERT INTO hash_key (key) VALUES (randomblob(32));

-- The pairs of which an event was taken back, each with the position of the last time.
CREATE TABLE taken_back (
    user     INTEGER NOT NULL REFERENCES nodes,
    item     INTEGER NOT NULL REFERENCES nodes,
    position INTEGER NOT NULL,
    PRIMARY KEY (user, item)
) WITHOUT ROWID;
CREATE INDEX taken_back_by_item ON taken_back (item);
CREATE INDEX taken_back_by_position ON taken_back (position);
"""

_VERSION_4 = """
-- How far each partition of a stream was read: written together with what was read.
CREATE TABLE streams (
    stream    TEXT NOT NULL,
    partition TEXT NOT NULL,
    position  TEXT NOT NULL,
    PRIMARY KEY (stream, partition)
) WITHOUT ROWID;
"""

MIGRATIONS = (_VERSION_1, _VERSION_2, _VERSION_3, _VERSION_4)
"""`MIGRATIONS[v]` brings a file from schema version v to v + 1."""
