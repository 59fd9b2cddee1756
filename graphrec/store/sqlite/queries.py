"""The SQL of the SQLite store, to be read: writes and queries.

Every value is a bound parameter. Scores are whole billionths (`:scale` of them make 1), rounded
half up, so that sums and ties are exact.
"""

from __future__ import annotations

from string import Template

ADD_KIND = "INSERT INTO kinds (name) VALUES (?) ON CONFLICT DO NOTHING"

FIND_NODE = "SELECT row FROM nodes WHERE type = ? AND id = ?"
FIND_NODES = Template("SELECT id, row FROM nodes WHERE type = ? AND id IN ($ids)")  # $ids: ?,?,…
LAST_NODE = "SELECT COALESCE(MAX(row), 0) FROM nodes"
HAS_NODES = "SELECT 1 FROM nodes WHERE type = ? LIMIT 1"
ADD_NODES = Template(
    "INSERT INTO nodes (row, type, id, position) VALUES $values"  # (?,?,?,?),…
)

# The patch, ?4, sets the attributes it names, removes those it has as null and leaves others.
PATCH_NODE = """
INSERT INTO nodes (type, id, position, attributes) VALUES (?1, ?2, ?3, json_patch('{}', ?4))
ON CONFLICT (type, id) DO UPDATE SET attributes = json_patch(attributes, ?4), position = ?3
WHERE json_patch(attributes, ?4) <> attributes
"""

FIND_ATTRIBUTE = "SELECT kind FROM attributes WHERE type = ? AND name = ?"
SET_ATTRIBUTE = "UPDATE attributes SET kind = ? WHERE type = ? AND name = ?"
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

READ_STREAM = "SELECT partition, position FROM streams WHERE stream = ?"
SET_STREAM = "INSERT OR REPLACE INTO streams (stream, partition, position) VALUES (?, ?, ?)"

# How far the next :limit changes of events reach: those that were written, and pairs of which one
# was taken back. Each has a position of its own. Nothing where there are fewer.
EVENTS_REACHED = """
SELECT position FROM events INDEXED BY events_by_position WHERE position > :position
UNION ALL
SELECT position FROM taken_back WHERE position > :position
ORDER BY position
LIMIT 1 OFFSET :limit - 1
"""

# The changes up to :reached, and all other events of their (user, item) pairs, or users, in one row
# of four columns of numbers: SQLite puts them together faster than Python fetches row by row, and
# other threads run meanwhile. A row and a kind are below 2^32 and 2^16.
_EVENTS_SINCE = Template("""
WITH
    chosen AS (
        SELECT $KEY FROM events INDEXED BY events_by_position
        WHERE position > :position AND position <= :reached
        UNION
        SELECT $KEY FROM taken_back WHERE position > :position AND position <= :reached
    )
SELECT group_concat(events.user << 32 | events.item),
       group_concat(events.position << 16 | events.kind),
       group_concat(events.time),
       group_concat(events.weight)
FROM chosen
CROSS JOIN events ON $SAME
""")
EVENTS_SINCE = _EVENTS_SINCE.substitute(
    KEY="user, item", SAME="events.user = chosen.user AND events.item = chosen.item"
)
EVENTS_OF_USERS_SINCE = _EVENTS_SINCE.substitute(KEY="user", SAME="events.user = chosen.user")
# The ids of rows of nodes, a JSON array of both, in the same order.
IDS_OF = """
SELECT json_group_array(nodes.id)
FROM json_each(?) AS wanted
CROSS JOIN nodes ON nodes.row = wanted.value
"""
TAKEN_BACK_SINCE = """
SELECT users.id, items.id
FROM taken_back
JOIN nodes AS users ON users.row = taken_back.user
JOIN nodes AS items ON items.row = taken_back.item
WHERE taken_back.position > :position AND taken_back.position <= :reached
ORDER BY taken_back.position
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
# Left to itself, SQLite reads all users and items here, at every poll.
NODES_SINCE = """
SELECT type, id, attributes, position FROM nodes INDEXED BY nodes_by_position
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
READ_IDS = "SELECT id FROM nodes WHERE type = ? ORDER BY id"
READ_NODES_OF = "SELECT id, attributes FROM nodes WHERE type = ?"
READ_NODE = "SELECT attributes FROM nodes WHERE type = ? AND id = ?"
READ_ATTRIBUTES = "SELECT type, name, kind FROM attributes ORDER BY type, name"
READ_KINDS = "SELECT row, name FROM kinds ORDER BY name"
READ_EVENTS = "SELECT user, item, kind, time, weight FROM events"
READ_EVENTS_UNTIL = READ_EVENTS + " WHERE time < ?"
READ_LINK_TYPES = """
SELECT DISTINCT source.type, links.relation, target.type
FROM links
JOIN nodes AS source ON source.row = links.source
JOIN nodes AS target ON target.row = links.target
"""
READ_LINKS = """
SELECT source.type, links.relation, target.type, source.row, target.row, links.weight
FROM links
JOIN nodes AS source ON source.row = links.source
JOIN nodes AS target ON target.row = links.target
ORDER BY source.type, links.relation, target.type, source.id, target.id
"""

# A whole log: events are sorted and made into tables outside of the store, then copied into it.
COUNT_EVENTS = "SELECT COUNT(*) FROM (SELECT 1 FROM main.events LIMIT ?)"  # no more than that
READ_ALL = "SELECT user, item, time, position, weight, kind FROM main.events"
READ_EVENTS_SCHEMA = """
SELECT sql FROM main.sqlite_master WHERE tbl_name = 'events' AND sql NOT NULL
ORDER BY type DESC
"""
ATTACH = "ATTACH ? AS made"
CLEAR_EVENTS = "DELETE FROM main.events"
# Tables that are alike to the letter: SQLite copies records and indexes as they are, in order.
COPY_EVENTS = "INSERT INTO main.events SELECT * FROM made.events"

DELETE_NODE = (
    "DELETE FROM events WHERE user = ?",
    "DELETE FROM events WHERE item = ?",
    "DELETE FROM taken_back WHERE user = ?",
    "DELETE FROM taken_back WHERE item = ?",
    "DELETE FROM links WHERE source = ?",
    "DELETE FROM links WHERE target = ?",
    "DELETE FROM nodes WHERE row = ?",
)
ADD_DELETION = "INSERT INTO deletions (position, type, id) VALUES (?, ?, ?)"

# Without a kind or a time, all events of the pair that have any.
DELETE_EVENTS = """
DELETE FROM events
WHERE user = (SELECT row FROM nodes WHERE type = 'user' AND id = :user)
  AND item = (SELECT row FROM nodes WHERE type = 'item' AND id = :item)
  AND (:kind IS NULL OR kind = (SELECT row FROM kinds WHERE name = :kind))
  AND (:time IS NULL OR time = :time)
"""
TAKE_BACK = """
INSERT OR REPLACE INTO taken_back (user, item, position)
SELECT users.row, items.row, ?3
FROM nodes AS users, nodes AS items
WHERE users.type = 'user' AND users.id = ?1 AND items.type = 'item' AND items.id = ?2
"""

ANY_TOMBSTONE = "SELECT 1 FROM tombstones WHERE type = ? LIMIT 1"
FIND_TOMBSTONES = Template("SELECT id FROM tombstones WHERE type = ? AND id IN ($marks)")  # ?,?,…
ADD_TOMBSTONE = "INSERT OR IGNORE INTO tombstones (type, id) VALUES (?, ?)"
DROP_TOMBSTONE = "DELETE FROM tombstones WHERE type = ? AND id = ?"
READ_HASH_KEY = "SELECT key FROM hash_key"

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
        "taken-back events of nobody",
        "SELECT 1 FROM taken_back WHERE user NOT IN (SELECT row FROM nodes) LIMIT 1",
    ),
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
    everyone AS (
        SELECT $other, MAX(time) AS last, MIN(time) AS first
        FROM likes WHERE $node = :row GROUP BY $other
    ),
    others AS (
        SELECT $other, first
        FROM everyone JOIN nodes ON nodes.row = everyone.$other
        ORDER BY last DESC, id
        LIMIT :cap
    ),
    -- what else they are tied to, and how many of them
    shared AS ($SHARED
        GROUP BY $node
        HAVING support >= :min_support
    ),
    -- Which of their events count takes long to say. There are no more than events, which gives a
    -- bar that :k nodes are sure to pass: those who share most are tried.
    tried AS (
        SELECT
            support,
            (SELECT COUNT(*) FROM others) AS mine,
            (SELECT COUNT(*) FROM events WHERE events.$node = shared.$node) AS most
        FROM shared
        ORDER BY support DESC
        LIMIT 5 * :k
    ),
    bar AS (
        SELECT MIN(at_least) * (1 - 1e-8) - 1e-8 AS bar
        FROM (SELECT $SCORE_most AS at_least FROM tried ORDER BY at_least DESC LIMIT :k)
    ),
    -- No score can be above what it would be if only those who are shared were tied to the node:
    -- who is below the bar even so is left out.
    hopeful AS (
        SELECT $node, support, mine
        FROM (SELECT $node, support, (SELECT COUNT(*) FROM others) AS mine FROM shared)
        CROSS JOIN bar
        WHERE CASE :similarity
            WHEN 'cosine' THEN SQRT(CAST(support AS REAL) / mine)
            WHEN 'lift' THEN CAST(:everyone AS REAL) / mine
            ELSE CAST(support AS REAL) / mine END >= bar
    ),
    counted AS (
        SELECT
            $node,
            support,
            mine,
            (SELECT COUNT(DISTINCT $other) FROM likes WHERE likes.$node = hopeful.$node) AS theirs
        FROM hopeful
    ),
    scored AS (SELECT $node, support, $SCORE_theirs AS score FROM counted)
SELECT id, CAST(score * :scale + 0.5 AS INTEGER) AS score, support, nodes.row AS $node,
       (SELECT COUNT(*) FROM everyone) AS degree
FROM scored JOIN nodes ON nodes.row = scored.$node
ORDER BY score DESC, id
LIMIT :k
""")
_SCORE = """CASE :similarity
                WHEN 'cosine' THEN support / SQRT(mine * {theirs})
                WHEN 'lift' THEN CAST(support * :everyone AS REAL) / (mine * {theirs})
                ELSE CAST(support AS REAL) / (mine + {theirs} - support) END"""
_SHARED = Template("""
        SELECT $node, COUNT(DISTINCT $other) AS support
        FROM others CROSS JOIN likes USING ($other)
        WHERE $node <> :row""")
_SHARED_AFTER = Template("""
        SELECT item, COUNT(*) AS support
        FROM (
            SELECT user, item, first
            FROM others CROSS JOIN likes USING (user)
            WHERE item <> :row
            GROUP BY user, item
            HAVING MIN(time) > first
        )""")


def _similar(node: str, other: str, shared: Template = _SHARED) -> str:
    return _SIMILAR.substitute(
        node=node,
        other=other,
        SHARED=shared.substitute(node=node, other=other),
        SCORE_most=_SCORE.format(theirs="most"),
        SCORE_theirs=_SCORE.format(theirs="theirs"),
    )


RELATED_ITEMS = _similar("item", "user")
SIMILAR_USERS = _similar("user", "item")
# Only who came to the other item later.
ITEMS_AFTER = _similar("item", "user", _SHARED_AFTER)

# Those who like anything, or what anyone likes.
COUNT_TIED = {
    "user": """
    SELECT COUNT(*) FROM nodes
    WHERE type = 'user' AND EXISTS (SELECT 1 FROM likes WHERE likes.user = nodes.row)
    """,
    "item": """
    SELECT COUNT(*) FROM nodes
    WHERE type = 'item' AND EXISTS (SELECT 1 FROM likes WHERE likes.item = nodes.row)
    """,
}

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
