"""The Cypher of the Neo4j store, to be read.

Every value is a parameter. Names are `@placeholders` where they come from data or from the
settings; `graphrec cypher` prints the queries with them filled in, to be pasted. Scores are whole
billionths (`$asked.scale` of them make 1), rounded half up, so that sums and ties are exact.
"""

from __future__ import annotations

from string import Template

VERSION = 3
"""Of the schema. A later one is refused: a newer graphrec wrote it."""


class Cypher(Template):
    """A query with `@name` where a label, a relationship type or a property goes."""

    delimiter = "@"


# The schema

READ_VERSION = """
MATCH (schema:GraphrecSchema)
RETURN max(schema.version) AS version, max(schema.restoring) AS restoring
"""
READ_POSITION = "MATCH (schema:GraphrecSchema) RETURN max(schema.position) AS position"

CREATE_SCHEMA = (
    "CREATE CONSTRAINT graphrec_schema IF NOT EXISTS FOR (schema:GraphrecSchema) "
    "REQUIRE schema.name IS UNIQUE",
    "CREATE CONSTRAINT graphrec_node_type IF NOT EXISTS FOR (type:GraphrecNodeType) "
    "REQUIRE type.name IS UNIQUE",
    "CREATE CONSTRAINT graphrec_attribute IF NOT EXISTS FOR (attribute:GraphrecAttribute) "
    "REQUIRE (attribute.type, attribute.name) IS UNIQUE",
    "CREATE CONSTRAINT graphrec_link_type IF NOT EXISTS FOR (type:GraphrecLinkType) "
    "REQUIRE (type.source, type.relation, type.target) IS UNIQUE",
    "CREATE CONSTRAINT graphrec_kind IF NOT EXISTS FOR (kind:GraphrecKind) "
    "REQUIRE kind.name IS UNIQUE",
    "CREATE INDEX graphrec_event_position IF NOT EXISTS FOR ()-[event:INTERACTED]-() "
    "ON (event.position)",
    "CREATE CONSTRAINT graphrec_deletion IF NOT EXISTS FOR (deletion:GraphrecDeletion) "
    "REQUIRE deletion.position IS UNIQUE",
    "CREATE CONSTRAINT graphrec_tombstone IF NOT EXISTS FOR (tombstone:GraphrecTombstone) "
    "REQUIRE (tombstone.type, tombstone.mark) IS UNIQUE",
    "CREATE INDEX graphrec_taken_back IF NOT EXISTS FOR ()-[pair:GRAPHREC_TAKEN_BACK]-() "
    "ON (pair.position)",
)
"""What graphrec notes about the graph: its types of nodes and links, and kinds of attributes and
of events."""

CREATE_CONSTRAINT = Cypher("""
CREATE CONSTRAINT IF NOT EXISTS FOR (node:@Node) REQUIRE node.id IS UNIQUE
""")
CREATE_INDEX = Cypher("CREATE INDEX IF NOT EXISTS FOR (node:@Node) ON (node.graphrec_position)")

AWAIT_INDEXES = "CALL db.awaitIndexes(300)"

WRITE_VERSION = """
MERGE (schema:GraphrecSchema {name: 'graphrec'})
SET schema.version = $version, schema.position = coalesce(schema.position, 0),
    schema.hash_key = coalesce(schema.hash_key, $key)
"""
# Items that were deleted before there were tombstones.
WRITE_TOMBSTONES = """
MATCH (deletion:GraphrecDeletion {type: 'item'})
WITH DISTINCT deletion.id AS id
WHERE NOT EXISTS { MATCH (:Item {id: id}) }
MERGE (:GraphrecTombstone {type: 'item', mark: id})
"""

# Writes

# What a write begins with: it locks the schema until the transaction ends, so that writers come one
# after the other, and nobody who has read up to a position misses a lower one that comes later.
# The constant is set first, which takes the lock and nothing less: a MERGE would share it
# first, and of two that share it neither gets it.
LOCK_POSITION = """
MATCH (schema:GraphrecSchema {name: 'graphrec'})
SET schema.locked = true
WITH schema
RETURN coalesce(schema.position, 0) AS position, schema.ties_position AS ties_position,
       schema.ties_until AS ties_until, schema.restoring AS restoring
"""
CREATE_POSITION = """
MERGE (schema:GraphrecSchema {name: 'graphrec'})
ON CREATE SET schema.position = 0
"""
READ_STREAM = """
MATCH (stream:GraphrecStream {name: $stream})
RETURN stream.partition, stream.position
"""
SET_STREAM = """
UNWIND $moves AS move
MERGE (stream:GraphrecStream {name: $stream, partition: move[0]})
SET stream.position = move[1]
"""
SET_POSITION = """
MATCH (schema:GraphrecSchema)
SET schema.position = $position,
    schema.ties_position = CASE WHEN $tied THEN $position ELSE schema.ties_position END
"""

# Kinds, each with the meaning by which the ties of its events are made.
ADD_KINDS = """
UNWIND $kinds AS row
MERGE (kind:GraphrecKind {name: row[0]})
ON CREATE SET kind.meaning = row[1]
"""

COUNT_KINDS = "MATCH (kind:GraphrecKind) RETURN count(kind)"
READ_KINDS = "MATCH (kind:GraphrecKind) RETURN kind.name ORDER BY kind.name"
READ_MEANINGS = "MATCH (kind:GraphrecKind) RETURN kind.name, kind.meaning ORDER BY kind.name"
# The same, and whether ties hold where these are the meanings.
READ_KNOWN = """
OPTIONAL MATCH (schema:GraphrecSchema)
WITH max(schema.position) = max(schema.ties_position) AND max(schema.ties_until) IS NULL AS tied
OPTIONAL MATCH (kind:GraphrecKind)
RETURN kind.name, kind.meaning, coalesce(tied, false)
ORDER BY kind.name
"""
FIND_KINDS = "MATCH ()-[event:INTERACTED]->() RETURN DISTINCT event.kind ORDER BY event.kind"

ADD_NODES = Cypher("""
UNWIND range(0, size($ids) - 1) AS place
MERGE (node:@Node {id: $ids[place]})
ON CREATE SET node.graphrec_position = $position + place
""")

# Users, and which of them have no events yet.
ADD_USERS = """
UNWIND range(0, size($ids) - 1) AS place
WITH place, $ids[place] AS id
MERGE (user:User {id: id})
ON CREATE SET user.graphrec_position = $position + place
WITH id, user
WHERE NOT EXISTS { (user)-[:INTERACTED]->() }
RETURN id
"""

# Items are looked up once, and the events of a pair have the place of its item among them.
_EACH_PAIR = """
UNWIND $items AS id
MATCH (item:Item {id: id})
WITH collect(item) AS items
UNWIND $users AS row
MATCH (user:User {id: row[0]})
UNWIND row[1] AS pair
WITH user, items[pair[0]] AS item, pair
"""

# The events of users who have none need not be looked for.
ADD_EVENTS = (
    _EACH_PAIR
    + """
UNWIND pair[1] AS event
CREATE (user)-[:INTERACTED
    {kind: event[0], time: event[1], weight: event[2], position: event[3]}]->(item)
"""
)

# An event is known again by user, item, kind and time. What is as it was is not written again. The
# pairs that had events are given.
WRITE_EVENTS = (
    _EACH_PAIR
    + """
OPTIONAL MATCH (user)-[known:INTERACTED]->(item)
WITH user, item, pair, collect(known) AS before
FOREACH (event IN [event IN pair[1]
        WHERE none(known IN before WHERE known.kind = event[0] AND known.time = event[1])] |
    CREATE (user)-[:INTERACTED
        {kind: event[0], time: event[1], weight: event[2], position: event[3]}]->(item)
)
FOREACH (known IN before |
    FOREACH (event IN [event IN pair[1]
            WHERE known.kind = event[0] AND known.time = event[1]
              AND coalesce(known.weight <> event[2], true)] |
        SET known.weight = event[2], known.position = event[3]
    )
)
WITH user, pair, before
WHERE size(before) > 0
RETURN user.id, collect(pair[0])
"""
)

# Ties: which pairs count, by what graphrec works out of their events.

ANY_EVENT = "MATCH ()-[event:INTERACTED]->() RETURN 1 LIMIT 1"
BEGIN_TIES = """
MATCH (schema:GraphrecSchema)
SET schema.ties_position = schema.position, schema.ties_until = $until
WITH schema
UNWIND $kinds AS row
MATCH (kind:GraphrecKind {name: row[0]})
SET kind.meaning = row[1]
"""
ADVANCE_TIES = "MATCH (schema:GraphrecSchema) SET schema.ties_until = $until"

ADD_TIES = Cypher(_EACH_PAIR + "CREATE (user)-[:@TYPE {first: pair[1], last: pair[2]}]->(item)\n")
DROP_TIES = Cypher(_EACH_PAIR + "MATCH (user)-[gone:@TYPE]->(item)\nDELETE gone\n")

# Events and ties of users: [item, type, kind, time, weight, first, last]. The types of ties are not
# named, so that the server plans this once.
_EDGES = """
WHERE type(edge) IN ['INTERACTED', 'GRAPHREC_LIKES']
   OR type(edge) STARTS WITH 'GRAPHREC_ONLY_' OR type(edge) STARTS WITH 'GRAPHREC_ALSO_'
RETURN user.id AS id, collect(CASE WHEN edge IS NOT NULL THEN [
    item.id, type(edge), edge.kind, edge.time, edge.weight, edge.first, edge.last] END) AS edges
"""
EDGES_OF_PAIRS = _EACH_PAIR + "MATCH (user)-[edge]->(item)" + _EDGES
EDGES_OF_USERS = (
    """
UNWIND $users AS id
MATCH (user:User {id: id})-[edge]->(item)
"""
    + _EDGES
)
EDGES_OF_NEXT = (
    """
MATCH (user:User) WHERE user.id > $until
WITH user ORDER BY user.id LIMIT $count
OPTIONAL MATCH (user)-[edge]->(item)
"""
    + _EDGES
    + "ORDER BY id\n"
)
USERS_OF_ITEMS = """
UNWIND $items AS id
MATCH (:Item {id: id})<-[:INTERACTED]-(user)
RETURN DISTINCT user.id
"""

ADD_NODE_TYPE = "MERGE (:GraphrecNodeType {name: $name, label: $label})"

# An attribute keeps the kind that it was first written with.
ADD_ATTRIBUTE = """
MERGE (attribute:GraphrecAttribute {type: $type, name: $name})
ON CREATE SET attribute.kind = $kind, attribute.property = $property
RETURN attribute.kind AS kind
"""
SET_ATTRIBUTE = """
MATCH (attribute:GraphrecAttribute {type: $type, name: $name}) SET attribute.kind = $kind
"""

# Attributes that are given as null are removed; those that are not given stay.
WRITE_NODES = Cypher("""
UNWIND range(0, size($nodes) - 1) AS place
WITH place, $nodes[place] AS row
MERGE (node:@Node {id: row[0]})
ON CREATE SET node.graphrec_position = $position + place
WITH place, row[1] AS attributes, node
WHERE any(key IN keys(attributes) WHERE NOT coalesce(
    node[key] = attributes[key], node[key] IS NULL AND attributes[key] IS NULL))
SET node += attributes, node.graphrec_position = $position + place
""")

ADD_LINK_TYPE = """
MERGE (:GraphrecLinkType {source: $source, relation: $relation, target: $target})
"""

WRITE_LINKS = Cypher("""
UNWIND $links AS link
MATCH (source:@Source {id: link[0]})
MATCH (target:@Target {id: link[1]})
MERGE (source)-[link_:@LINKED]->(target)
WITH link_, link
WHERE link_.weight IS NULL OR link_.weight <> link[2]
SET link_.weight = link[2]
""")

DELETE_NODES = Cypher("""
UNWIND $ids AS id
MATCH (node:@Node {id: id})
DETACH DELETE node
RETURN id
""")
ADD_DELETIONS = """
UNWIND range(0, $count - 1) AS place
CREATE (:GraphrecDeletion {position: $position + place, type: $type, id: $ids[place]})
"""

# Without a kind or a time, all events of the pair that have any.
DELETE_EVENTS = """
UNWIND $keys AS key
MATCH (user:User {id: key[0]})-[event:INTERACTED]->(item:Item {id: key[1]})
WHERE (key[2] IS NULL OR event.kind = key[2]) AND (key[3] IS NULL OR event.time = key[3])
WITH user, item, collect(DISTINCT event) AS events
WITH user.id AS user, item.id AS item, size(events) AS count, events
FOREACH (event IN events | DELETE event)
RETURN user, item, count
"""
# Between a user and an item, so that it goes with either.
TAKE_BACK = """
UNWIND range(0, size($pairs) - 1) AS place
MATCH (user:User {id: $pairs[place][0]})
MATCH (item:Item {id: $pairs[place][1]})
MERGE (user)-[pair:GRAPHREC_TAKEN_BACK]->(item)
SET pair.position = $position + place
"""

# What was deleted, and must not come back with an event that comes late: the ids of items, and
# hashes of the ids of users under the key of the schema.
ANY_TOMBSTONE = "MATCH (tombstone:GraphrecTombstone {type: $type}) RETURN 1 LIMIT 1"
FIND_TOMBSTONES = """
UNWIND $marks AS mark
MATCH (tombstone:GraphrecTombstone {type: $type, mark: mark})
RETURN mark
"""
ADD_TOMBSTONES = "UNWIND $marks AS mark MERGE (:GraphrecTombstone {type: $type, mark: mark})"
DROP_TOMBSTONES = """
UNWIND $marks AS mark
MATCH (tombstone:GraphrecTombstone {type: $type, mark: mark})
DELETE tombstone
"""
READ_HASH_KEY = "MATCH (schema:GraphrecSchema) RETURN max(schema.hash_key) AS key"

TRACES = """
MATCH (user:User) WHERE any(key IN keys(user) WHERE user[key] = $id)
RETURN 'nodes User' AS place LIMIT 1
UNION
MATCH ()-[edge]->() WHERE any(key IN keys(edge) WHERE edge[key] = $id)
RETURN DISTINCT 'relationships ' + type(edge) AS place
"""

# Copies of the whole graph, page by page; `graphrec.store.neo4j.dumping` says how.
DUMP_NODES = Cypher("""
MATCH (node:@Node) WHERE node.id > $after
RETURN node.id, properties(node), coalesce(node.graphrec_position, 0)
ORDER BY node.id LIMIT $count
""")
DUMP_EVENTS = """
MATCH (user:User) WHERE user.id > $after
WITH user ORDER BY user.id LIMIT $count
OPTIONAL MATCH (user)-[event:INTERACTED]->(item:Item)
RETURN user.id AS id, collect(CASE WHEN event IS NOT NULL THEN [
    item.id, event.kind, event.time, event.weight, coalesce(event.position, 0)] END) AS events
ORDER BY id
"""
DUMP_NODES_SINCE = Cypher("""
MATCH (node:@Node) WHERE node.graphrec_position > $position
RETURN node.id, properties(node), node.graphrec_position
""")
_EVENT = """
RETURN user.id, item.id, event.kind, event.time, event.weight, coalesce(event.position, 0)
"""
DUMP_EVENTS_SINCE = (
    """
MATCH (user:User)-[event:INTERACTED]->(item:Item)
USING INDEX event:INTERACTED(position)
WHERE event.position > $position
"""
    + _EVENT
)
DUMP_EVENTS_OF = (
    """
UNWIND $pairs AS pair
MATCH (user:User {id: pair[0]})-[event:INTERACTED]->(item:Item {id: pair[1]})
"""
    + _EVENT
)
DUMP_TAKEN_BACK = """
MATCH (user:User)-[pair:GRAPHREC_TAKEN_BACK]->(item:Item) WHERE pair.position > $position
RETURN user.id, item.id, pair.position
"""
DUMP_DELETIONS = """
MATCH (deletion:GraphrecDeletion) WHERE deletion.position > $position
RETURN deletion.position, deletion.type, deletion.id
"""
DUMP_LINKS = Cypher("""
MATCH (source:@Source)-[link:@LINKED]->(target:@Target)
RETURN source.id, target.id, link.weight
""")
DUMP_TOMBSTONES = "MATCH (tombstone:GraphrecTombstone) RETURN tombstone.type, tombstone.mark"
DUMP_STREAMS = "MATCH (stream:GraphrecStream) RETURN stream.name, stream.partition, stream.position"

# What a copy is restored into: nothing of graphrec's, or a part of the same copy.
BEGIN_RESTORE = """
MERGE (schema:GraphrecSchema {name: 'graphrec'})
WITH schema, schema.restoring AS begun, coalesce(schema.position, 0) > 0
    OR EXISTS { MATCH (:User) } OR EXISTS { MATCH (:Item) } OR EXISTS { MATCH (:GraphrecNodeType) }
    OR EXISTS { MATCH (:GraphrecTombstone) } OR EXISTS { MATCH (:GraphrecStream) } AS holds
SET schema.restoring = CASE WHEN begun IS NULL AND NOT holds THEN $copy ELSE begun END
RETURN begun, holds
"""
RESTORE_NODES = Cypher("""
UNWIND $nodes AS row
MERGE (node:@Node {id: row[0]})
SET node += row[1], node.graphrec_position = row[2]
""")
RESTORE_TAKEN_BACK = """
UNWIND $rows AS row
MATCH (user:User {id: row[0]})
MATCH (item:Item {id: row[1]})
MERGE (user)-[pair:GRAPHREC_TAKEN_BACK]->(item)
SET pair.position = row[2]
"""
RESTORE_DELETIONS = """
UNWIND $rows AS row
MERGE (deletion:GraphrecDeletion {position: row[0]})
SET deletion.type = row[1], deletion.id = row[2]
"""
RESTORE_KINDS = "UNWIND $kinds AS name MERGE (:GraphrecKind {name: name})"
END_RESTORE = """
MATCH (schema:GraphrecSchema)
SET schema.position = $position, schema.hash_key = $key, schema.ties_position = NULL,
    schema.ties_until = NULL, schema.restoring = NULL
"""

# Reads

# How far the next $limit changes of events reach: those that were written, and pairs of which one
# was taken back. Each has a position of its own; events from before there were positions have none.
EVENTS_REACHED = """
CALL () {
    MATCH ()-[event:INTERACTED]->()
    USING INDEX event:INTERACTED(position)
    WHERE event.position > $position
    RETURN event.position AS position
    ORDER BY position LIMIT $limit
    UNION ALL
    MATCH ()-[pair:GRAPHREC_TAKEN_BACK]->()
    WHERE pair.position > $position
    RETURN pair.position AS position
    ORDER BY position LIMIT $limit
}
WITH position
ORDER BY position
LIMIT $limit
RETURN count(*) AS count, max(position) AS reached
"""

# The changes up to $reached, and all other events of their (user, item) pairs, or users.
EVENTS_SINCE = Cypher("""
CALL () {
    MATCH (user)-[event:INTERACTED]->(item)
    USING INDEX event:INTERACTED(position)
    WHERE event.position > $position AND event.position <= $reached
    RETURN @CHOSEN
    UNION
    MATCH (user)-[pair:GRAPHREC_TAKEN_BACK]->(item)
    WHERE pair.position > $position AND pair.position <= $reached
    RETURN @CHOSEN
}
MATCH (user)-[event:INTERACTED]->(item)
WITH user, event, item,
     coalesce(event.position > $position AND event.position <= $reached, false) AS changed
ORDER BY changed DESC, event.position
RETURN user.id, item.id, event.weight, event.time, event.kind, changed
""")  # @CHOSEN: user, or user, item
TAKEN_BACK_SINCE = """
MATCH (user)-[pair:GRAPHREC_TAKEN_BACK]->(item)
WHERE pair.position > $position AND pair.position <= $reached
WITH user, pair, item
ORDER BY pair.position
RETURN user.id, item.id
"""

# Nodes that came, changed or went; what went has no properties.
NODES_SINCE = """
CALL () {
    MATCH (node:User) WHERE node.graphrec_position > $position
    RETURN 'user' AS type, node.id AS id, properties(node) AS properties,
           node.graphrec_position AS position
    ORDER BY position LIMIT $limit
    UNION ALL
    MATCH (node:Item) WHERE node.graphrec_position > $position
    RETURN 'item' AS type, node.id AS id, properties(node) AS properties,
           node.graphrec_position AS position
    ORDER BY position LIMIT $limit
    UNION ALL
    MATCH (node:GraphrecDeletion) WHERE node.position > $position
    RETURN node.type AS type, node.id AS id, NULL AS properties, node.position AS position
    ORDER BY position LIMIT $limit
}
RETURN type, id, properties, position
ORDER BY position
LIMIT $limit
"""

READ_NODE_TYPES = "MATCH (type:GraphrecNodeType) RETURN type.name AS name"
READ_LINK_TYPES = """
MATCH (type:GraphrecLinkType)
RETURN type.source AS source, type.relation AS relation, type.target AS target
"""
READ_ATTRIBUTES = """
MATCH (attribute:GraphrecAttribute)
RETURN attribute.type AS type, attribute.name AS name, attribute.property AS property,
       attribute.kind AS kind
"""

# The driver takes some 50 µs for each record, whatever is in it: so a record holds many rows.
READ_IDS = Cypher("""
MATCH (node:@Node)
WITH collect(node.@id) AS ids
UNWIND range(0, size(ids) - 1, $rows) AS start
RETURN ids[start..start + $rows] AS ids
""")
READ_NODES = Cypher("""
MATCH (node:@Node)
WITH collect(node) AS nodes
UNWIND range(0, size(nodes) - 1, $rows) AS start
RETURN [node IN nodes[start..start + $rows] | [node.@id, properties(node)]] AS rows
""")
READ_NODE = Cypher("MATCH (node:@Node {@id: $id}) RETURN properties(node) AS properties")

# One row for each user and kind: a row for each event would take eight times as long, and grouping
# all events at once would hold them all in the server's memory.
READ_EVENTS = Cypher("""
MATCH (user:@User)
WITH collect(user) AS users
UNWIND range(0, size(users) - 1, $rows) AS start
CALL (users, start) {
    UNWIND users[start..start + $rows] AS user
    CALL (user) {
        MATCH (user)-[event:@INTERACTED]->(item@OfItems)
        WITH @KIND AS kind, item.@item_id AS item, @TIME AS time, @WEIGHT AS weight
        WHERE time < coalesce($until, time + 1) AND weight IS NOT NULL AND item IS NOT NULL
        RETURN kind, collect(item) AS items, collect(time) AS times, collect(weight) AS weights
    }
    RETURN collect([user.@user_id, kind, items, times, weights]) AS rows
}
RETURN rows
""")

EVENTS_BETWEEN = Cypher("""
MATCH (user:@User)-[event:@INTERACTED]->(item@OfItems)
WITH user.@user_id AS user, item.@item_id AS item, @WEIGHT AS weight, @TIME AS time, @KIND AS kind
WHERE user IS NOT NULL AND item IS NOT NULL AND weight IS NOT NULL
  AND time >= $since AND time < $until
RETURN user, item, weight, time, kind
LIMIT $limit
""")

USER_EVENTS = Cypher("""
MATCH (user:@User {@user_id: $user})-[event:@INTERACTED]->(item@OfItems)
WITH item.@item_id AS item, @WEIGHT AS weight, @TIME AS time, @KIND AS kind
WHERE item IS NOT NULL AND weight IS NOT NULL AND time IS NOT NULL
RETURN item, weight, time, kind
""")

# The links of items, and of which they have got new ones.
LINKS_OF = Cypher("""
UNWIND $items AS id
MATCH (item:Item {id: id})@LEFT[:@LINKED]@RIGHT(other:@Other)
RETURN id, other.id
""")
MOVE_ITEMS = """
UNWIND range(0, size($ids) - 1) AS place
MATCH (item:Item {id: $ids[place]})
SET item.graphrec_position = $position + place
"""

READ_LINKS = Cypher("""
MATCH (source:@Source)
WITH collect(source) AS sources
UNWIND range(0, size(sources) - 1, $rows) AS start
CALL (sources, start) {
    UNWIND sources[start..start + $rows] AS source
    CALL (source) {
        MATCH (source)-[link:@LINKED]->(target:@Target)
        WITH target.@target_id AS target, @WEIGHT AS weight
        WHERE target IS NOT NULL AND weight IS NOT NULL
        RETURN collect(target) AS targets, collect(weight) AS weights
    }
    WITH source, targets, weights WHERE size(targets) > 0
    RETURN collect([source.@source_id, targets, weights]) AS rows
}
RETURN rows
""")

COUNT_NODES = Cypher("MATCH (node:@Node) RETURN count(node) AS count")
COUNT_EVENTS = Cypher(
    "MATCH (@OfUsers)-[event:@INTERACTED]->(@OfItems) RETURN count(event) AS count"
)
COUNT_LINKS = Cypher("MATCH (:@Source)-[link:@LINKED]->(:@Target) RETURN count(link) AS count")

HAS_NODE = Cypher("MATCH (node:@Node {@id: $id}) RETURN count(node) AS count")

# About a graph that is there already

READ_LABELS = "CALL db.labels() YIELD label RETURN label"
READ_TYPES = "CALL db.relationshipTypes() YIELD relationshipType AS type RETURN type"
READ_AN_ID = Cypher("""
MATCH (node:@Node) WHERE node.@id IS NOT NULL RETURN node.@id AS id LIMIT 1
""")
