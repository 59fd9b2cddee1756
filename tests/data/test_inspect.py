"""The report on a graph, and a neighbourhood to draw."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.data import Attribute, Graph, Interactions, Links, Vocabulary
from graphrec.data.inspect import describe, neighbourhood, write_graphml
from graphrec.errors import UnknownNode


@pytest.fixture
def graph() -> Graph:
    """ann, bob and cat around heat and fargo; dan and alien apart; eve and speed without events."""
    log = Interactions.of(
        ["ann", "ann", "ann", "bob", "bob", "cat", "dan"],
        ["heat", "heat", "fargo", "heat", "fargo", "heat", "alien"],
        [1, 2, 1, 1, 0, 0, 0],
        [10, 30, 20, 40, 50, 60, 5],
        ["view", "buy", "view", "view", "view", "view", "view"],
    )
    users = Vocabulary(("ann", "bob", "cat", "dan", "eve"))
    items = Vocabulary(("alien", "fargo", "heat", "speed"))
    titles = Attribute("text", ("Alien", None, "Heat", None))
    one = np.zeros(1, np.int32)
    return Graph(
        log.recode(users, items),
        {"item": {"title": titles}},
        {"genre": Vocabulary(("horror",))},
        {("item", "has_genre", "genre"): Links(one, one, np.ones(1, np.float32))},
    )


def test_a_report_counts_nodes_edges_and_degrees(graph: Graph):
    report = describe(graph)
    assert report.nodes == {"user": 5, "item": 4, "genre": 1}
    assert report.events == {"buy": 1, "view": 6}
    assert report.links == {("item", "has_genre", "genre"): 1}
    assert (report.pairs, report.density) == (6, 6 / 20)
    assert report.user_degrees[0] == 0
    assert report.user_degrees[0.5] == 1
    assert report.item_degrees[1] == 3
    assert (report.cold_users, report.cold_items) == (3 / 5, 2 / 4)
    # {ann, bob, cat, heat, fargo}, {dan, alien, horror}, {eve}, {speed}
    assert (report.components, report.largest_component) == (4, 5 / 10)
    assert (report.first_time, report.last_time) == (5, 60)


def test_a_report_of_nothing():
    report = describe(Graph(Interactions.of([], [])))
    assert report.nodes == {"user": 0, "item": 0}
    assert (report.density, report.cold_users, report.components) == (0, 0, 0)
    assert (report.first_time, report.last_time) == (None, None)


def test_a_neighbourhood_has_items_and_the_people_who_share_them(graph: Graph):
    drawn = neighbourhood(graph, "ann")
    assert set(drawn) == {"user:ann", "user:bob", "user:cat", "item:heat", "item:fargo"}
    assert drawn.nodes["item:heat"] == {"type": "item", "id": "heat", "title": "Heat"}
    assert drawn.nodes["item:fargo"] == {"type": "item", "id": "fargo"}
    assert drawn.nodes["user:bob"] == {"type": "user", "id": "bob"}
    # two events of a pair: weights are summed, kind and time are the newer one's
    assert drawn.edges["user:ann", "item:heat"] == {"weight": 3, "kind": "buy", "time": 30}
    assert drawn.number_of_edges() == 5


def test_a_neighbourhood_is_bounded(graph: Graph):
    drawn = neighbourhood(graph, "ann", items=1, others=1)
    # heat weighs most; bob and cat both met it, and bob is first by id
    assert set(drawn) == {"user:ann", "item:heat", "user:bob"}
    assert set(neighbourhood(graph, "ann", items=0)) == {"user:ann"}


def test_a_neighbourhood_of_nobody(graph: Graph):
    assert set(neighbourhood(graph, "eve")) == {"user:eve"}
    with pytest.raises(UnknownNode, match="user 'zoe'"):
        neighbourhood(graph, "zoe")


def test_graphml_reads_back(graph: Graph, tmp_path: Path):
    path = tmp_path / "ann.graphml"
    drawn = neighbourhood(graph, "ann")
    write_graphml(drawn, path)
    read = nx.read_graphml(path)
    assert dict(read.nodes(data=True)) == dict(drawn.nodes(data=True))
    assert nx.utils.edges_equal(read.edges(data=True), drawn.edges(data=True))


def test_graphml_leaves_out_none_and_joins_tuples(tmp_path: Path):
    path = tmp_path / "one.graphml"
    drawn = nx.Graph()
    drawn.add_node("item:heat", title=None, genres=("crime", "drama"))
    drawn.add_edge("item:heat", "user:\x00ann", time=1_700_000_000_123, kind=None)
    write_graphml(drawn, path)
    read = nx.read_graphml(path)
    assert read.nodes["item:heat"] == {"genres": "crime|drama"}
    assert read.edges["item:heat", "user:\ufffdann"] == {"time": 1_700_000_000_123}


@given(node_id=st.text(), title=st.text(min_size=1))
def test_graphml_takes_any_text(tmp_path_factory: pytest.TempPathFactory, node_id: str, title: str):
    log = Interactions.of([node_id], ["heat"])
    titles = {"item": {"title": Attribute("text", (title,))}}
    path = tmp_path_factory.getbasetemp() / "any.graphml"
    write_graphml(neighbourhood(Graph(log, titles), node_id), path)
    assert nx.read_graphml(path).number_of_nodes() == 2
