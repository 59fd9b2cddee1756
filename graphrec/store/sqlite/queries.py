"""The SQL of the SQLite store, to be read: schema, policy view, writes and queries.

Every value is a bound parameter. Scores are whole billionths (`:scale` of them make 1), rounded
half up, so that sums and ties are exact.
"""

from __future__ import annotations

from string import Template

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

-- What kind of value an attribute has: number, category, tags or text.
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

MIGRATIONS = (_VERSION_1, _VERSION_2)
"""`MIGRATIONS[v]` brings a file from schema version v to v + 1."""

POLICY = (
    # The weights of the kinds of events, from the settings; for this connection, not stored.
    """
    CREATE TEMP TABLE rules (
        name      TEXT PRIMARY KEY,
        weight    REAL NOT NULL,
        threshold REAL
    ) WITHOUT ROWID
    """,
    # The same for the kinds that the store has so far, by row: queries look it up for every event.
    """
    CREATE TEMP TABLE policy (
        kind      INTEGER PRIMARY KEY,
        weight    REAL NOT NULL,
        threshold REAL
    )
    """,
    # The positive events, as `graphrec.data.weighting` has them; a kind with no row counts fully.
    """
    CREATE TEMP VIEW likes AS
    SELECT events.user, events.item, events.time
    FROM events LEFT JOIN policy USING (kind)
    WHERE COALESCE(policy.weight, 1) > 0
      AND CASE WHEN policy.threshold IS NULL THEN events.weight > 0
               ELSE events.weight >= policy.threshold END
    """,
)

ADD_RULE = "INSERT INTO rules (name, weight, threshold) VALUES (?, ?, ?)"

# Any process may have added a kind since the last query. A kind keeps its row for ever.
APPLY_RULES = """
INSERT OR IGNORE INTO policy (kind, weight, threshold)
SELECT kinds.row, rules.weight, rules.threshold FROM rules JOIN kinds USING (name)
"""

ADD_KIND = "INSERT INTO kinds (name) VALUES (?) ON CONFLICT DO NOTHING"

FIND_NODE = "SELECT row FROM nodes WHERE type = ? AND id = ?"
FIND_NODES = Template("SELECT id, row FROM nodes WHERE type = ? AND id IN ($ids)")  # $ids: ?,?,…
ADD_NODE = "INSERT INTO nodes (type, id, position) VALUES (?, ?, ?)"

# The patch, ?4, sets the attributes it names, removes those it has as null and leaves others.
PATCH_NODE = """
INSERT INTO nodes (type, id, position, attributes) VALUES (?1, ?2, ?3, json_patch('{}', ?4))
ON CONFLICT (type, id) DO UPDATE SET attributes = json_patch(attributes, ?4), position = ?3
WHERE json_patch(attributes, ?4) <> attributes
"""

FIND_ATTRIBUTE = "SELECT kind FROM attributes WHERE type = ? AND name = ?"
ADD_ATTRIBUTE = "INSERT INTO attributes (type, name, kind) VALUES (?, ?, ?)"

# Each upsert is two statements with the same parameters, because a single one would not tell how
# many rows were new. What is as it was is not written again.
ADD_EVENT = """
INSERT INTO events (weight, position, user, item, kind, time) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING
"""
SET_EVENT = """
UPDATE events SET weight = ?1, position = ?2
WHERE user = ?3 AND item = ?4 AND kind = ?5 AND time = ?6 AND weight <> ?1
"""

ADD_LINK = """
INSERT INTO links (weight, source, relation, target) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
SET_LINK = """
UPDATE links SET weight = ?1 WHERE source = ?2 AND relation = ?3 AND target = ?4 AND weight <> ?1
"""
MOVE_NODE = "UPDATE nodes SET position = ? WHERE row = ?"

READ_POSITION = "SELECT last FROM position"
SET_POSITION = "UPDATE position SET last = ?"

# The next :limit events by position, and all other events of their (user, item) pairs. Each event
# that has a position has one of its own.
EVENTS_SINCE = """
WITH
    written AS (
        SELECT user, item, position
        FROM events INDEXED BY events_by_position
        WHERE position > :position
        ORDER BY position
        LIMIT :limit
    ),
    pairs AS (SELECT DISTINCT user, item FROM written),
    reached AS (SELECT MAX(position) AS position FROM written)
SELECT users.id, items.id, events.weight, events.time, kinds.name, events.position,
       events.position > :position AND events.position <= reached.position AS changed
FROM pairs
CROSS JOIN reached
CROSS JOIN events ON events.user = pairs.user AND events.item = pairs.item
JOIN nodes AS users ON users.row = events.user
JOIN nodes AS items ON items.row = events.item
JOIN kinds ON kinds.row = events.kind
ORDER BY changed DESC, events.position
"""
USER_EVENTS = """
SELECT items.id, events.weight, events.time, kinds.name
FROM nodes AS users
JOIN events ON events.user = users.row
JOIN nodes AS items ON items.row = events.item
JOIN kinds ON kinds.row = events.kind
WHERE users.type = 'user' AND users.id = ?
"""
EVENTS_BETWEEN = """
SELECT users.id, items.id, events.weight, events.time, kinds.name
FROM events
JOIN nodes AS users ON users.row = events.user
JOIN nodes AS items ON items.row = events.item
JOIN kinds ON kinds.row = events.kind
WHERE events.time >= ? AND events.time < ?
LIMIT ?
"""
NODES_SINCE = """
SELECT type, id, attributes, position FROM nodes
WHERE position > :position AND type IN ('user', 'item')
UNION ALL
SELECT type, id, NULL, position FROM deletions WHERE position > :position
ORDER BY position
LIMIT :limit
"""

# The links of items, as seen from them.
LINKS_OF = Template("""
SELECT items.id, links.relation, others.type, others.id
FROM nodes AS items
JOIN links ON links.source = items.row
JOIN nodes AS others ON others.row = links.target
WHERE items.type = 'item' AND items.id IN ($ids) AND others.type <> 'user'
UNION
SELECT items.id, links.relation, others.type, others.id
FROM nodes AS items
JOIN links ON links.target = items.row
JOIN nodes AS others ON others.row = links.source
WHERE items.type = 'item' AND items.id IN ($ids) AND others.type NOT IN ('user', 'item')
ORDER BY 1, 2, 3, 4
""")  # $ids: ?,?,…

# SQLite compares text by its UTF-8 bytes, which is the order of its code points.
READ_NODES = "SELECT type, id, row, attributes FROM nodes ORDER BY type, id"
READ_NODE = "SELECT attributes FROM nodes WHERE type = ? AND id = ?"
READ_ATTRIBUTES = "SELECT type, name, kind FROM attributes ORDER BY type, name"
READ_KINDS = "SELECT row, name FROM kinds ORDER BY name"
READ_EVENTS = "SELECT user, item, kind, time, weight FROM events"
READ_EVENTS_UNTIL = READ_EVENTS + " WHERE time < ?"
READ_LINKS = """
SELECT source.type, links.relation, target.type, source.row, target.row, links.weight
FROM links
JOIN nodes AS source ON source.row = links.source
JOIN nodes AS target ON target.row = links.target
ORDER BY source.type, links.relation, target.type, source.id, target.id
"""

DELETE_NODE = (
    "DELETE FROM events WHERE user = ?",
    "DELETE FROM events WHERE item = ?",
    "DELETE FROM links WHERE source = ?",
    "DELETE FROM links WHERE target = ?",
    "DELETE FROM nodes WHERE row = ?",
)
ADD_DELETION = "INSERT INTO deletions (position, type, id) VALUES (?, ?, ?)"

# What forgetting must not leave behind, wherever it is. The names come from the file's own schema.
READ_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table'"
READ_COLUMNS = "SELECT name FROM pragma_table_info(?)"
FIND_TEXT = Template(
    """SELECT 1 FROM "$table" WHERE typeof("$column") = 'text' AND "$column" = ? LIMIT 1"""
)
FIND_TYPED = Template("""SELECT 1 FROM "$table" WHERE type = 'user' AND "$column" = ? LIMIT 1""")
FIND_ALIKE = """
SELECT 1 FROM nodes
WHERE (type <> 'user' OR id <> :id) AND (instr(id, :id) OR instr(attributes, :id))
LIMIT 1
"""
ORPHANS = (
    ("events of nobody", "SELECT 1 FROM events WHERE user NOT IN (SELECT row FROM nodes) LIMIT 1"),
    (
        "links of nobody",
        """
        SELECT 1 FROM links
        WHERE source NOT IN (SELECT row FROM nodes) OR target NOT IN (SELECT row FROM nodes)
        LIMIT 1
        """,
    ),
)

COUNT = """
SELECT type, COUNT(*) FROM nodes GROUP BY type
UNION ALL SELECT 'events', COUNT(*) FROM events
UNION ALL SELECT 'links', COUNT(*) FROM links
"""

# Nodes tied to the same others: items liked by the same users, or users who like the same items.
_SIMILAR = Template("""
WITH
    -- the other side's nodes that :row is tied to, and the latest :cap of them
    everyone AS (SELECT $other, MAX(time) AS last FROM likes WHERE $node = :row GROUP BY $other),
    others AS (
        SELECT $other
        FROM everyone JOIN nodes ON nodes.row = everyone.$other
        ORDER BY last DESC, id
        LIMIT :cap
    ),
    -- what else they are tied to, and how many of them
    shared AS (
        SELECT $node, COUNT(DISTINCT $other) AS support
        FROM others CROSS JOIN likes USING ($other)
        WHERE $node <> :row
        GROUP BY $node
        HAVING support >= :min_support
    ),
    counted AS (
        SELECT
            $node,
            support,
            (SELECT COUNT(*) FROM others) AS mine,
            (SELECT COUNT(DISTINCT $other) FROM likes WHERE likes.$node = shared.$node) AS theirs
        FROM shared
    ),
    scored AS (
        SELECT
            $node,
            support,
            CASE :similarity WHEN 'cosine' THEN support / SQRT(mine * theirs)
                             ELSE CAST(support AS REAL) / (mine + theirs - support) END AS score
        FROM counted
    )
SELECT id, CAST(score * :scale + 0.5 AS INTEGER) AS score, support, nodes.row AS $node,
       (SELECT COUNT(*) FROM everyone) AS degree
FROM scored JOIN nodes ON nodes.row = scored.$node
ORDER BY score DESC, id
LIMIT :k
""")

RELATED_ITEMS = _SIMILAR.substitute(node="item", other="user")
SIMILAR_USERS = _SIMILAR.substitute(node="user", other="item")

# What the :k most similar users like and the user has not seen.
NEIGHBOUR_RECOMMENDATIONS = Template("""
WITH
    neighbours AS ($SIMILAR_USERS),
    candidates AS (
        SELECT DISTINCT likes.item, neighbours.user, neighbours.score
        FROM neighbours CROSS JOIN likes USING (user)
        WHERE likes.item NOT IN (SELECT item FROM events WHERE user = :row)
    )
SELECT id, SUM(score) AS score, COUNT(*) AS support
FROM candidates JOIN nodes ON nodes.row = candidates.item
GROUP BY item
ORDER BY score DESC, id
LIMIT :items
""").substitute(SIMILAR_USERS=SIMILAR_USERS)

POPULAR_ITEMS = """
WITH liked AS (
    SELECT item, COUNT(DISTINCT user) AS people
    FROM likes
    WHERE (:since IS NULL OR time >= :since) AND (:until IS NULL OR time < :until)
    GROUP BY item
)
SELECT id, people
FROM liked JOIN nodes ON nodes.row = liked.item
ORDER BY people DESC, id
LIMIT :k
"""

# user → via ← people → item
PATHS = """
WITH
    fans AS (SELECT DISTINCT user FROM likes WHERE item = :item),
    mine AS (SELECT DISTINCT item FROM likes WHERE user = :user AND item <> :item),
    pairs AS (SELECT DISTINCT item, user FROM mine CROSS JOIN likes USING (item)),
    vias AS (
        SELECT
            item,
            COUNT(*) AS degree,
            SUM(user IN fans) AS support,
            SUM(user IN fans AND user <> :user) AS people
        FROM pairs
        GROUP BY item
    ),
    scored AS (
        SELECT item, people, support / SQRT(degree * (SELECT COUNT(*) FROM fans)) AS score
        FROM vias
        WHERE people > 0
    )
SELECT id, people, CAST(score * :scale + 0.5 AS INTEGER) AS score
FROM scored JOIN nodes ON nodes.row = scored.item
ORDER BY score DESC, id
LIMIT :k
"""
