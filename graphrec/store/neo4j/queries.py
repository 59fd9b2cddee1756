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

READ_VERSION = "MATCH (schema:GraphrecSchema) RETURN max(schema.version) AS version"
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
LOCK_POSITION = """
MERGE (schema:GraphrecSchema {name: 'graphrec'})
SET schema.position = coalesce(schema.position, 0)
RETURN schema.position AS position
"""
SET_POSITION = "MATCH (schema:GraphrecSchema) SET schema.position = $position"

ADD_KINDS = "UNWIND $kinds AS name MERGE (:GraphrecKind {name: name})"

COUNT_KINDS = "MATCH (kind:GraphrecKind) RETURN count(kind)"
READ_KINDS = "MATCH (kind:GraphrecKind) RETURN kind.name ORDER BY kind.name"
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

# Items are looked up once, and an event has the place of its item among them.
_EACH_EVENT = """
UNWIND $items AS id
MATCH (item:Item {id: id})
WITH collect(item) AS items
UNWIND $users AS row
MATCH (user:User {id: row[0]})
UNWIND row[1] AS event
WITH user, items[event[0]] AS item, event
"""

# The events of users who have none need not be looked for.
ADD_EVENTS = (
    _EACH_EVENT
    + """
CREATE (user)-[:INTERACTED
    {kind: event[1], time: event[2], weight: event[3], position: event[4]}]->(item)
"""
)

# An event is known again by user, item, kind and time. What is as it was is not written again.
WRITE_EVENTS = (
    _EACH_EVENT
    + """
MERGE (user)-[known:INTERACTED {kind: event[1], time: event[2]}]->(item)
WITH known, event
WHERE known.weight IS NULL OR known.weight <> event[3]
SET known.weight = event[3], known.position = event[4]
"""
)

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

# Queries
#
# The events of each pair of a user and an item are collected as `pair`; `@LIKED_user` are those of
# them that show that the user likes the item: `graphrec.store.neo4j.likes` makes it of what events
# mean by the settings.
#
# Parameters are in one map, `$asked`: the server keeps a plan for each type of the parameters, and
# strings of other lengths are other types to it, but maps are one.

# Nodes tied to the same others: items liked by the same users, or users who like the same items.
_SIMILAR = """
MATCH (node:@Node {@id: $asked.id})@LEFT[event:@INTERACTED]@RIGHT(other@Other)
WITH node, other, collect(@EVENT) AS pair
WITH node, other, @LIKED_node AS liked
WHERE size(liked) > 0
WITH node, other, reduce(latest = liked[0][3], one IN liked |
    CASE WHEN one[3] > latest THEN one[3] ELSE latest END) AS latest
ORDER BY latest DESC, @other_key
WITH node, collect(other) AS everyone
// Of a supernode, the latest ones.
WITH node, everyone[..$asked.cap] AS others, size(everyone) AS degree
WITH node, others, size(others) AS mine, degree
UNWIND others AS other
MATCH (other)@BACK_LEFT[event:@INTERACTED]@BACK_RIGHT(near@Near)
WHERE near <> node
WITH mine, degree, other, near, collect(@EVENT) AS pair
WHERE size(@LIKED_near) > 0
WITH mine, degree, near, count(*) AS support
ORDER BY support DESC
WHERE support >= $asked.min_support
// To count the neighbours of every node would take long. Its number of events is known at once, and
// cannot be less, which gives a bar that $asked.k nodes are sure to pass: those who share most are
// tried.
WITH mine, degree, collect(near) AS nears, collect(support) AS supports
CALL (mine, nears, supports) {
    UNWIND range(0, size(nears[..5 * $asked.k]) - 1) AS place
    WITH mine, nears[place] AS near, supports[place] AS support
    WITH mine, support, COUNT { (near)@LEFT[:@INTERACTED]@RIGHT() } AS most
    WITH CASE $asked.similarity WHEN 'cosine' THEN support / sqrt(mine * most)
                                ELSE toFloat(support) / (mine + most - support) END AS at_least
    ORDER BY at_least DESC
    LIMIT $asked.k
    RETURN min(at_least) - 1e-8 AS bar
}
// No score can be above what it would be if only those who are shared were tied to the node: who is
// below the bar even so is left out.
WITH mine, degree, nears, supports, bar, size([support IN supports
    WHERE CASE $asked.similarity WHEN 'cosine' THEN sqrt(toFloat(support) / mine)
                                 ELSE toFloat(support) / mine END >= bar]) AS hopeful
UNWIND range(0, hopeful - 1) AS place
WITH mine, degree, nears[place] AS near, supports[place] AS support
WITH mine, degree, near, support, COUNT {
    MATCH (near)@LEFT[event:@INTERACTED]@RIGHT(other@Other)
    WITH other, collect(@EVENT) AS pair
    WHERE size(@LIKED_near) > 0
    RETURN other
} AS theirs
WITH near, support, degree,
     CASE $asked.similarity WHEN 'cosine' THEN support / sqrt(mine * theirs)
                            ELSE toFloat(support) / (mine + theirs - support) END AS score
WITH near, support, degree, toInteger(floor(score * $asked.scale + 0.5)) AS score
ORDER BY score DESC, @near_key
LIMIT $asked.k
"""

SIMILAR = Cypher(_SIMILAR + "RETURN near.@id AS id, score, support, degree\n")

# What the $asked.k most similar users like and the user has not seen.
NEIGHBOUR_RECOMMENDATIONS = Cypher(
    _SIMILAR
    + """
WITH collect([near, score]) AS neighbours
MATCH (user:@User {@user_id: $asked.id})
OPTIONAL MATCH (user)-[:@INTERACTED]->(seen@OfItems)
WITH neighbours, collect(DISTINCT seen) AS seen
UNWIND neighbours AS each
WITH seen, each[0] AS near, each[1] AS similarity
MATCH (near)-[event:@INTERACTED]->(item@OfItems)
WHERE NOT item IN seen
WITH near, similarity, item, collect(@EVENT) AS pair
WHERE size(@LIKED_user_near) > 0
WITH item, sum(similarity) AS score, count(*) AS support
ORDER BY score DESC, @item_key
LIMIT $asked.items
RETURN item.@item_id AS id, score, support
"""
)

POPULAR_ITEMS = Cypher("""
MATCH (item:@Item)
CALL (item) {
    MATCH (item)<-[event:@INTERACTED]-(user@OfUsers)
    WITH user, collect(@EVENT) AS pair
    WHERE any(liked IN @LIKED_user
        WHERE ($asked.since IS NULL OR liked[3] >= $asked.since)
          AND ($asked.until IS NULL OR liked[3] < $asked.until))
    RETURN count(*) AS people
}
WITH item, people
WHERE people > 0
ORDER BY people DESC, @item_key
LIMIT $asked.k
RETURN item.@item_id AS id, people
""")

# user → via ← people → item
PATHS = Cypher("""
MATCH (item:@Item {@item_id: $asked.item})<-[event:@INTERACTED]-(fan@OfUsers)
WITH item, fan, collect(@EVENT) AS pair
WHERE size(@LIKED_fan) > 0
WITH item, collect(fan) AS fans
MATCH (user:@User {@user_id: $asked.user})-[event:@INTERACTED]->(via@OfItems)
WHERE via <> item
WITH fans, user, via, collect(@EVENT) AS pair
WHERE size(@LIKED_user) > 0
CALL (user, via, fans) {
    MATCH (via)<-[event:@INTERACTED]-(person@OfUsers)
    WITH user, fans, person, collect(@EVENT) AS pair
    WHERE size(@LIKED_person) > 0
    WITH user, person, person IN fans AS is_fan
    RETURN count(*) AS degree,
           sum(CASE WHEN is_fan THEN 1 ELSE 0 END) AS support,
           sum(CASE WHEN is_fan AND person <> user THEN 1 ELSE 0 END) AS people
}
WITH via, people, degree, support, size(fans) AS fans
WHERE people > 0
WITH via, people, toInteger(floor(support / sqrt(degree * fans) * $asked.scale + 0.5)) AS score
ORDER BY score DESC, @via_key
LIMIT $asked.k
RETURN via.@item_id AS id, people, score
""")
