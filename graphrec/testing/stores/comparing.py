"""What the tests of stores are made of: a policy, graphs written and compared, pages read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from graphrec.data import Attribute, AttributeKind, AttributeValue, Graph, Vector
from graphrec.data.weighting import KindPolicy
from graphrec.store import ChangedNode, GraphStore, Neighbour, Path
from graphrec.testing.logs import Event, listed

FreshStore = Callable[[], GraphStore]

POLICY: Mapping[str, KindPolicy] = {
    "rating": KindPolicy(threshold=3.5),
    "score": KindPolicy(threshold=0.7),  # which no float32 is
    "vote": KindPolicy(threshold=0),  # 0 is a vote for, -1 against
    "purchase": KindPolicy(weight=3, negative="cancel"),
    "skip": KindPolicy(weight=0),
    "stars": KindPolicy(like_from="user-mean", zero="missing", negative="dislike"),
    "plays": KindPolicy(like_from="user-quantile:0.6", threshold=0.5, negative="seen"),
    "undo": KindPolicy(polarity="neutral", cancels=("stars", "rating", "Thumbs-Down")),
}
"""The policy of the store that `fresh` opens. "view" is not named: it counts as it comes; nor is
"thumbs_down" or "return", which mean what their names say."""


names = st.text(min_size=1, max_size=4)
attributes_by_kind: Mapping[AttributeKind, st.SearchStrategy[AttributeValue]] = {
    "number": st.floats(allow_nan=False, allow_infinity=False),
    "category": st.text(max_size=5),
    "tags": st.lists(st.text(max_size=3), max_size=3).map(tuple),
    "text": st.text(max_size=9),
    "vector": st.lists(
        st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=3, max_size=3
    ).map(Vector.of),
}


@st.composite
def attribute_tables(draw: st.DrawFn, rows: int) -> dict[str, Attribute]:
    """Attributes of some names and kinds, with a value or none for each row."""
    table = {}
    for name in draw(st.lists(names, max_size=3, unique=True)):
        kind = draw(st.sampled_from(sorted(attributes_by_kind)))
        value = st.none() | attributes_by_kind[kind]
        table[name] = Attribute(kind, tuple(draw(value) for _ in range(rows)))
    return table


def write_graph(store: GraphStore, graph: Graph) -> None:
    """Write all of a graph into a store."""
    for node_type in ("user", "item", *graph.others):
        attributes = graph.attributes.get(node_type, {})
        store.write_nodes(node_type, graph.vocabulary(node_type), attributes)
    store.write_events(graph.interactions)
    for edge_type, links in graph.links.items():
        source, target = (graph.vocabulary(edge_type[end]).ids for end in (0, 2))
        rows = zip(links.source, links.target, links.weight, strict=True)
        store.write_links(edge_type, [(source[s], target[t], w) for s, t, w in rows])


def assert_same_graph(one: Graph, other: Graph) -> None:
    """Two graphs hold the same, in the same order and to the last bit."""
    assert one.users.ids == other.users.ids
    assert one.items.ids == other.items.ids
    assert one.interactions.kinds == other.interactions.kinds
    for column in ("user", "item", "weight", "time", "kind"):
        mine, theirs = (getattr(graph.interactions, column) for graph in (one, other))
        assert mine.dtype == theirs.dtype
        np.testing.assert_array_equal(mine, theirs)
    assert one.attributes == other.attributes
    assert {t: v.ids for t, v in one.others.items()} == {t: v.ids for t, v in other.others.items()}
    assert one.links.keys() == other.links.keys()
    for edge_type, links in one.links.items():
        for column in ("source", "target", "weight"):
            mine, theirs = (getattr(each, column) for each in (links, other.links[edge_type]))
            np.testing.assert_array_equal(mine, theirs)


def assert_same_rows(
    rows: Sequence[Neighbour] | Sequence[Path], expected: Sequence[Neighbour] | Sequence[Path]
) -> None:
    """The same rows in the same order, with scores that differ by 1e-6 at most."""

    def unscored(all_rows: Sequence[Neighbour] | Sequence[Path]) -> list[Sequence[object]]:
        return [row._replace(score=0) for row in all_rows]

    assert unscored(rows) == unscored(expected)
    np.testing.assert_allclose(
        [row.score for row in rows], [row.score for row in expected], rtol=0, atol=1e-6
    )


# `fresh` is the same for all examples; each of them opens a store of its own.
property_settings = settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.differing_executors,
        HealthCheck.too_slow,
    ],
)


def position_of(store: GraphStore) -> int:
    """How far a store that has a position has been written."""
    position = store.position()
    assert position is not None
    return position


def events_after(store: GraphStore, position: int, page: int = 4) -> list[Event]:
    """All events written since a position, page by page, each with all others of its pair."""
    found: list[Event] = []
    while position != position_of(store):
        log, changed, reached, _ = store.events_since(position, page)
        assert position < reached <= position_of(store)
        assert changed.dtype == bool
        assert changed.shape == (len(log),)
        assert changed.sum() <= page
        written = listed(log.take(changed))
        pairs = {event[:2] for event in written}
        held = listed(store.read_graph().interactions)
        assert sorted(listed(log)) == sorted(event for event in held if event[:2] in pairs)
        found += written
        position = reached
    return found


def nodes_after(store: GraphStore, position: int, page: int = 2) -> list[ChangedNode]:
    """All users and items that changed since a position, page by page, without their positions."""
    found: list[ChangedNode] = []
    while position != position_of(store):
        nodes, reached = store.nodes_since(position, page)
        assert position < reached <= position_of(store)
        assert len(nodes) <= page
        places = [node.position for node in nodes]
        assert places == sorted(places)
        assert all(position < place <= reached for place in places)
        found += (node._replace(position=0) for node in nodes)
        position = reached
    return found
