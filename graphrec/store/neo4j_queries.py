"""The Cypher of the Neo4j store, to be read, and pasted into the Neo4j browser.

Every value is a parameter. Names are `@placeholders` where they come from data or from the settings
(`docs/stores.md` shows the queries with the usual names). Scores are whole billionths (`$scale` of
them make 1), rounded half up, so that sums and ties are exact.
"""

from __future__ import annotations

from string import Template

VERSION = 1
"""Of the schema. A later one is refused: a newer graphrec wrote it."""


class Cypher(Template):
    """A query with `@name` where a label, a relationship type or a property goes."""

    delimiter = "@"


# The schema

READ_VERSION = "MATCH (schema:GraphrecSchema) RETURN max(schema.version) AS version"

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
)
"""What graphrec notes about the graph: its types of nodes and links, and kinds of attributes and
of events."""

CREATE_CONSTRAINT = Cypher("""
CREATE CONSTRAINT IF NOT EXISTS FOR (node:@Node) REQUIRE node.id IS UNIQUE
""")

AWAIT_INDEXES = "CALL db.awaitIndexes(300)"

WRITE_VERSION = """
MERGE (schema:GraphrecSchema {name: 'graphrec'}) ON CREATE SET schema.version = $version
"""

# Writes

ADD_KINDS = "UNWIND $kinds AS name MERGE (:GraphrecKind {name: name})"

COUNT_KINDS = "MATCH (kind:GraphrecKind) RETURN count(kind)"

ADD_NODES = Cypher("UNWIND $ids AS id MERGE (:@Node {id: id})")

# Users, and which of them have no events yet. Removing a property that is not there locks the node,
# so that no other transaction adds the same events meanwhile.
ADD_USERS = """
UNWIND $ids AS id
MERGE (user:User {id: id})
REMOVE user.lock
WITH id, user
WHERE NOT EXISTS { (user)-[:INTERACTED]->() }
RETURN id
"""

# The events of users who have none need not be looked for.
ADD_EVENTS = """
UNWIND $users AS row
MATCH (user:User {id: row[0]})
UNWIND row[1] AS event
MATCH (item:Item {id: event[0]})
CREATE (user)-[:INTERACTED {kind: event[1], time: event[2], weight: event[3]}]->(item)
"""

# An event is known again by user, item, kind and time.
WRITE_EVENTS = """
UNWIND $users AS row
MATCH (user:User {id: row[0]})
UNWIND row[1] AS event
MATCH (item:Item {id: event[0]})
MERGE (user)-[known:INTERACTED {kind: event[1], time: event[2]}]->(item)
SET known.weight = event[3]
"""

ADD_NODE_TYPE = "MERGE (:GraphrecNodeType {name: $name, label: $label})"

# An attribute keeps the kind that it was first written with.
ADD_ATTRIBUTE = """
MERGE (attribute:GraphrecAttribute {type: $type, name: $name})
ON CREATE SET attribute.kind = $kind, attribute.property = $property
RETURN attribute.kind AS kind
"""

# Attributes that are given as null are removed; those that are not given stay.
WRITE_NODES = Cypher("""
UNWIND $nodes AS row
MERGE (node:@Node {id: row[0]})
SET node += row[1]
""")

ADD_LINK_TYPE = """
MERGE (:GraphrecLinkType {source: $source, relation: $relation, target: $target})
"""

WRITE_LINKS = Cypher("""
UNWIND $links AS link
MATCH (source:@Source {id: link[0]})
MATCH (target:@Target {id: link[1]})
MERGE (source)-[link_:@LINKED]->(target)
SET link_.weight = link[2]
""")

FORGET = "MATCH (user:User {id: $id}) DETACH DELETE user RETURN count(*) AS users"

# Reads

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

READ_IDS = Cypher("MATCH (node:@Node) RETURN node.id AS id")
READ_NODES = Cypher("MATCH (node:@Node) RETURN node.id AS id, properties(node) AS properties")
READ_NODE = Cypher("MATCH (node:@Node {id: $id}) RETURN properties(node) AS properties")

# One row for each user and kind: a row for each event would take eight times as long, and grouping
# all events at once would hold them all in the server's memory.
READ_EVENTS = """
MATCH (user:User)
CALL (user) {
    MATCH (user)-[event:INTERACTED]->(item)
    WHERE $until IS NULL OR event.time < $until
    RETURN event.kind AS kind, collect(item.id) AS items, collect(event.time) AS times,
           collect(event.weight) AS weights
}
RETURN user.id AS user, kind, items, times, weights
"""

READ_LINKS = Cypher("""
MATCH (source:@Source)
CALL (source) {
    MATCH (source)-[link:@LINKED]->(target:@Target)
    RETURN collect(target.id) AS targets, collect(link.weight) AS weights
}
WITH source, targets, weights WHERE size(targets) > 0
RETURN source.id AS source, targets, weights
""")

COUNT_NODES = Cypher("MATCH (node:@Node) RETURN count(node) AS count")
COUNT_EDGES = Cypher("MATCH ()-[edge:@EDGE]->() RETURN count(edge) AS count")

HAS_NODE = Cypher("MATCH (node:@Node {id: $id}) RETURN count(node) AS count")

# Queries

# Whether an event says that the user likes the item. `$positive_from` has the least weight that
# does, by kind; of other kinds, any weight above 0 does.
_LIKED = "event.weight >= coalesce($positive_from[event.kind], 5e-324)"

# Nodes tied to the same others: items liked by the same people, or people who like the same items.
# INTERACTED goes from users to items only, so that a pattern needs no direction, and at its other
# end no label, which would have to be looked up.
_SIMILAR = Cypher("""
MATCH (node:@Node {id: $id})-[event:INTERACTED]-(other)
WHERE @LIKED
WITH node, collect(DISTINCT other) AS others
WITH node, others, size(others) AS mine
UNWIND others AS other
MATCH (other)-[event:INTERACTED]-(near)
WHERE near <> node AND @LIKED
WITH mine, near, count(DISTINCT other) AS support
WHERE support >= $min_support
// The exact degree of a node takes long to count. Its number of events is known at once, and cannot
// be less, which gives a bar that $k nodes are sure to pass. No score can be above what it would be
// if only those who are shared were tied to the node: whoever is below the bar even so is left out.
WITH mine, collect([near, support]) AS all_near
CALL (mine, all_near) {
    UNWIND all_near AS each
    WITH mine, each[0] AS near, each[1] AS support
    WITH mine, support, COUNT { (near)-[:INTERACTED]-() } AS most
    WITH CASE $similarity WHEN 'cosine' THEN support / sqrt(mine * most)
                          ELSE toFloat(support) / (mine + most - support) END AS at_least
    ORDER BY at_least DESC
    LIMIT $k
    RETURN min(at_least) - 1e-8 AS bar
}
UNWIND all_near AS each
WITH mine, bar, each[0] AS near, each[1] AS support
WHERE CASE $similarity WHEN 'cosine' THEN sqrt(toFloat(support) / mine)
                       ELSE toFloat(support) / mine END >= bar
// The same again with up to 30 of those who are tied to it: enough to tell for most nodes.
WITH mine, bar, near, support, COUNT {
    MATCH (near)-[event:INTERACTED]-(other) WHERE @LIKED RETURN DISTINCT other LIMIT 30
} AS least
WHERE CASE $similarity WHEN 'cosine' THEN support / sqrt(mine * least)
                       ELSE toFloat(support) / (mine + least - support) END >= bar
   OR least < support
WITH mine, near, support, COUNT {
    MATCH (near)-[event:INTERACTED]-(other) WHERE @LIKED RETURN DISTINCT other
} AS theirs
WITH near, support,
     CASE $similarity WHEN 'cosine' THEN support / sqrt(mine * theirs)
                      ELSE toFloat(support) / (mine + theirs - support) END AS score
WITH near, support, toInteger(floor(score * $scale + 0.5)) AS score
ORDER BY score DESC, near.id
LIMIT $k
""")

RELATED_ITEMS = _SIMILAR.substitute(Node="Item", LIKED=_LIKED) + (
    "RETURN near.id AS id, score, support"
)
SIMILAR_USERS = _SIMILAR.substitute(Node="User", LIKED=_LIKED) + (
    "RETURN near.id AS id, score, support"
)

# What the $k most similar users like and the user has not met.
NEIGHBOUR_RECOMMENDATIONS = _SIMILAR.substitute(Node="User", LIKED=_LIKED) + Cypher(
    """
WITH collect([near, score]) AS neighbours
MATCH (user:User {id: $id})
OPTIONAL MATCH (user)-[:INTERACTED]->(met)
WITH neighbours, collect(DISTINCT met) AS met
UNWIND neighbours AS each
WITH met, each[0] AS near, each[1] AS similarity
MATCH (near)-[event:INTERACTED]->(item)
WHERE @LIKED
WITH DISTINCT met, near, similarity, item
WHERE NOT item IN met
WITH item, sum(similarity) AS score, count(*) AS support
ORDER BY score DESC, item.id
LIMIT $items
RETURN item.id AS id, score, support
"""
).substitute(LIKED=_LIKED)

POPULAR_ITEMS = Cypher("""
MATCH (item:Item)
CALL (item) {
    MATCH (item)<-[event:INTERACTED]-(user)
    WHERE ($since IS NULL OR event.time >= $since) AND ($until IS NULL OR event.time < $until)
      AND @LIKED
    RETURN count(DISTINCT user) AS people
}
WITH item, people
WHERE people > 0
ORDER BY people DESC, item.id
LIMIT $k
RETURN item.id AS id, people
""").substitute(LIKED=_LIKED)

# user → via ← people → item
PATHS = Cypher("""
MATCH (item:Item {id: $item})<-[event:INTERACTED]-(fan)
WHERE @LIKED
WITH item, collect(DISTINCT fan) AS fans
MATCH (user:User {id: $user})-[event:INTERACTED]->(via)
WHERE via <> item AND @LIKED
WITH DISTINCT item, fans, user, via
CALL (user, via, fans) {
    MATCH (via)<-[event:INTERACTED]-(person)
    WHERE @LIKED
    WITH DISTINCT user, fans, person
    WITH user, person, person IN fans AS is_fan
    RETURN count(*) AS degree,
           sum(CASE WHEN is_fan THEN 1 ELSE 0 END) AS support,
           sum(CASE WHEN is_fan AND person <> user THEN 1 ELSE 0 END) AS people
}
WITH via, people, degree, support, size(fans) AS fans
WHERE people > 0
WITH via, people, toInteger(floor(support / sqrt(degree * fans) * $scale + 0.5)) AS score
ORDER BY score DESC, via.id
LIMIT $k
RETURN via.id AS via, people, score
""").substitute(LIKED=_LIKED)
