"""The Cypher of the queries around nodes, to be read.

A query finds who is tied to what by the events themselves, or by the ties that graphrec keeps of
them (`graphrec.store.neo4j.ties`), which takes a fraction of the time. It is made of the same text
but for these steps.

By events, those of each pair of a user and an item are collected as `pair`; `@LIKED_user` are those
of them that count: `graphrec.store.neo4j.likes` makes it of what events mean by the settings. A tie
is a relationship of one of the types `@TIES`. `single` says that no pair has two of them, so that
they need not be told apart.

Parameters are in one map, `$asked`: the server keeps a plan for each type of the parameters, and
strings of other lengths are other types to it, but maps are one.
"""

from __future__ import annotations

from graphrec.store.neo4j.queries import Cypher

# Nodes tied to the same others: items liked by the same users, or users who like the same items.
_SIMILAR = Cypher("""
MATCH (node:@Node {@id: $asked.id})@LEFT[@TIE]@RIGHT(other@Other)
@TIED_node
ORDER BY latest DESC, @other_key
WITH node, collect(@OTHER) AS everyone
// Of a supernode, the latest ones.
WITH node, everyone[..$asked.cap] AS others, size(everyone) AS degree
WITH node, others, size(others) AS mine, degree
// Counted by one key, and by nothing else, this takes the least time.
CALL (others) {
    UNWIND others AS @EACH
    MATCH (other)@BACK_LEFT[@TIE]@BACK_RIGHT(near@Near)@TIED_near
    WITH near, count(*) AS support
    WHERE support >= $asked.min_support
    RETURN near, support
}
WITH mine, degree, near, support, node
WHERE near <> node
@COUNTED
WITH near, support, degree, @SCORE_theirs AS score
WITH near, support, degree, toInteger(floor(score * $asked.scale + 0.5)) AS score
ORDER BY score DESC, @near_key
LIMIT $asked.k
""")

_BY_EVENTS_NODE = """WITH node, other, collect(@EVENT) AS pair
WITH node, other, @LIKED_node AS liked
WHERE size(liked) > 0
WITH node, other, reduce(latest = liked[0][3], one IN liked |
    CASE WHEN one[3] > latest THEN one[3] ELSE latest END) AS latest"""
_FIRST = """, reduce(first = liked[0][3], one IN liked |
    CASE WHEN one[3] < first THEN one[3] ELSE first END) AS first"""
_BY_EVENTS_NEAR = """
    WITH other, near, collect(@EVENT) AS pair
    WHERE size(@LIKED_near) > 0"""
_BY_EVENTS_NEAR_AFTER = """
    WITH other, near, first, collect(@EVENT) AS pair
    WITH other, near, first, @LIKED_near AS liked
    WHERE size(liked) > 0 AND all(one IN liked WHERE one[3] > first)"""
_EVENTS_THEIRS = """COUNT {
    MATCH (near)@LEFT[event:@INTERACTED]@RIGHT(other@Other)
    WITH other, collect(@EVENT) AS pair
    WHERE size(@LIKED_near) > 0
    RETURN other
}"""

_BY_TIES_NODE = "WITH node, other, max(tie.last) AS latest, min(tie.first) AS first"
_BY_TIES_NEAR_AFTER = """
    WITH other, near, first, min(tie.first) AS then
    WHERE then > first"""
_TIES_THEIRS = "COUNT { MATCH (near)@LEFT[:@TIES]@RIGHT(other) RETURN DISTINCT other }"

_SCORE = """
     CASE $asked.similarity
         WHEN 'cosine' THEN support / sqrt(mine * {theirs})
         WHEN 'lift' THEN toFloat(support * $asked.everyone) / (mine * {theirs})
         ELSE toFloat(support) / (mine + {theirs} - support) END"""

_THEIRS = """WITH mine, degree, near, support, @THEIRS AS theirs"""
_BEST = (
    """// To count the neighbours of every node would take long. Its relationships are counted at
// once, and cannot be less, which gives a bar that $asked.k nodes are sure to pass: those who share
// most are tried.
WITH mine, degree, near, support
ORDER BY support DESC
WITH mine, degree, collect(near) AS nears, collect(support) AS supports
CALL (mine, nears, supports) {
    UNWIND range(0, size(nears[..5 * $asked.k]) - 1) AS place
    WITH mine, nears[place] AS near, supports[place] AS support
    WITH mine, support, COUNT { (near)@LEFT[:@TYPES]@RIGHT() } AS most
    WITH @SCORE_most AS at_least
    ORDER BY at_least DESC
    LIMIT $asked.k
    RETURN min(at_least) * (1 - 1e-8) - 1e-8 AS bar
}
// No score can be above what it would be if only those who are shared were tied to the node: who is
// below the bar even so is left out.
WITH mine, degree, nears, supports, bar, size([support IN supports
    WHERE CASE $asked.similarity WHEN 'cosine' THEN sqrt(toFloat(support) / mine)
                                 WHEN 'lift' THEN toFloat($asked.everyone) / mine
                                 ELSE toFloat(support) / mine END >= bar]) AS hopeful
UNWIND range(0, hopeful - 1) AS place
WITH mine, degree, nears[place] AS near, supports[place] AS support
"""
    + _THEIRS
)


def similar(by_ties: bool, single: bool = False, after: bool = False) -> Cypher:
    """The query around a node; `after` counts only those who came to the other node later."""
    if by_ties:
        if single:
            near = "\n    WHERE tie.first > first" if after else ""
        elif after:
            near = _BY_TIES_NEAR_AFTER
        else:
            near = "\n    WITH DISTINCT other, near"
        node = _BY_TIES_NODE
        counted = Cypher(_THEIRS if single else _BEST).safe_substitute(
            THEIRS="COUNT { (near)@LEFT[:@TIES]@RIGHT() }" if single else _TIES_THEIRS,
            TYPES="@TIES",
        )
    else:
        near = _BY_EVENTS_NEAR_AFTER if after else _BY_EVENTS_NEAR
        node = _BY_EVENTS_NODE + (_FIRST if after else "")
        counted = Cypher(_BEST).safe_substitute(THEIRS=_EVENTS_THEIRS, TYPES="@INTERACTED")
    counted = Cypher(counted).safe_substitute(SCORE_most=_SCORE.format(theirs="most"))
    return Cypher(
        _SIMILAR.safe_substitute(
            TIE="tie:@TIES" if by_ties else "event:@INTERACTED",
            TIED_node=node,
            OTHER="[other, first]" if after else "other",
            EACH="each\n    WITH each[0] AS other, each[1] AS first" if after else "other",
            TIED_near=near,
            COUNTED=counted,
            SCORE_theirs=_SCORE.format(theirs="theirs"),
        )
    )


def related(by_ties: bool, single: bool = False, after: bool = False) -> Cypher:
    """The nodes similar to a node, as rows."""
    text = similar(by_ties, single, after).template
    return Cypher(text + "RETURN near.@id AS id, score, support, degree\n")


def recommendations(by_ties: bool) -> Cypher:
    """What the $asked.k most similar users like and the user has not seen."""
    own = "" if by_ties else _NEAR_LIKES
    text = similar(by_ties, single=True).template + _RECOMMENDED
    return Cypher(
        Cypher(text).safe_substitute(TIE="tie:@TIES" if by_ties else "event:@INTERACTED", OWN=own)
    )


_RECOMMENDED = """
WITH collect([near, score]) AS neighbours
MATCH (user:@User {@user_id: $asked.id})
OPTIONAL MATCH (user)-[:@INTERACTED]->(seen@OfItems)
WITH neighbours, collect(DISTINCT seen) AS seen
UNWIND neighbours AS each
WITH seen, each[0] AS near, each[1] AS similarity
MATCH (near)-[@TIE]->(item@OfItems)
WHERE NOT item IN seen@OWN
WITH item, sum(similarity) AS score, count(*) AS support
ORDER BY score DESC, @item_key
LIMIT $asked.items
RETURN item.@item_id AS id, score, support
"""
_NEAR_LIKES = """
WITH near, similarity, item, collect(@EVENT) AS pair
WHERE size(@LIKED_user_near) > 0"""


POPULAR_BY_EVENTS = Cypher("""
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


_POPULAR_BY_TIES = Cypher("""
MATCH (item:@Item)
WITH item, @COUNT AS people
WHERE people > 0
ORDER BY people DESC, @item_key
LIMIT $asked.k
RETURN item.@item_id AS id, people
""")


def popular_by_ties(single: bool) -> Cypher:
    """Items by the number of users tied to them, whenever."""
    count = "COUNT { (item)<-[:@TIES]-() }"
    if not single:
        count = "COUNT { MATCH (item)<-[:@TIES]-(user) RETURN DISTINCT user }"
    return Cypher(_POPULAR_BY_TIES.safe_substitute(COUNT=count))


# How many nodes of a type are tied to anything.
TIED_BY_EVENTS = Cypher("""
MATCH (node:@Node)
WHERE EXISTS {
    MATCH (node)@LEFT[event:@INTERACTED]@RIGHT(other@Other)
    WITH node, other, collect(@EVENT) AS pair
    WHERE size(@LIKED_node) > 0
    RETURN other
}
RETURN count(node)
""")
TIED_BY_TIES = Cypher("""
MATCH (node:@Node) WHERE EXISTS { (node)@LEFT[:@TIES]@RIGHT() } RETURN count(node)
""")


def paths(by_ties: bool) -> Cypher:
    """User → via ← people → item"""

    def liked(user: str, *others: str) -> str:
        if by_ties:
            return ""
        pair = ", ".join([*others, user])
        return f"\nWITH {pair}, collect(@EVENT) AS pair\nWHERE size(@LIKED_{user}) > 0"

    tie = "tie:@TIES" if by_ties else "event:@INTERACTED"
    return Cypher(f"""
MATCH (item:@Item {{@item_id: $asked.item}})<-[{tie}]-(fan@OfUsers){liked("fan", "item")}
WITH item, collect(fan) AS fans
MATCH (user:@User {{@user_id: $asked.user}})-[{tie}]->(via@OfItems)
WHERE via <> item{liked("user", "fans", "via")}
CALL (user, via, fans) {{
    MATCH (via)<-[{tie}]-(person@OfUsers){liked("person", "user", "fans")}
    WITH user, person, person IN fans AS is_fan
    RETURN count(*) AS degree,
           sum(CASE WHEN is_fan THEN 1 ELSE 0 END) AS support,
           sum(CASE WHEN is_fan AND person <> user THEN 1 ELSE 0 END) AS people
}}
WITH via, people, degree, support, size(fans) AS fans
WHERE people > 0
WITH via, people, toInteger(floor(support / sqrt(degree * fans) * $asked.scale + 0.5)) AS score
ORDER BY score DESC, @via_key
LIMIT $asked.k
RETURN via.@item_id AS id, people, score
""")
