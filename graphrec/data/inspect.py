"""Looking at a graph: a report in numbers, and one user's neighbourhood to draw."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import EdgeType, Graph

QUANTILES = (0.0, 0.25, 0.5, 0.75, 0.9, 0.99, 1.0)

NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class GraphReport:
    """A graph in numbers.

    The degree of a user is the number of distinct items seen, that of an item the number of users
    who saw it.
    """

    nodes: Mapping[str, int]
    """By node type, user and item first."""
    events: Mapping[str, int]
    """By kind."""
    links: Mapping[EdgeType, int]
    pairs: int
    """Distinct (user, item) pairs."""
    density: float
    """Share of all possible pairs that are there."""
    user_degrees: Mapping[float, float]
    """Degree by quantile."""
    item_degrees: Mapping[float, float]
    cold_users: float
    """Share of users with no positive interaction."""
    cold_items: float
    components: int
    """Connected components over all nodes, interactions and links."""
    largest_component: float
    """Share of the nodes that are in the largest one."""
    first_time: int | None
    """Milliseconds since 1970; None where there are no events."""
    last_time: int | None


def describe(graph: Graph) -> GraphReport:
    """The numbers of a weighed graph (`graphrec.data.weighting.weigh`)."""
    log, seen, liked = graph.interactions, graph.seen, graph.matrix
    users, items = seen.shape
    sizes = {"user": users, "item": items, **{t: len(v) for t, v in graph.others.items()}}
    events = np.bincount(log.kind, minlength=len(log.kinds)).tolist()
    components, largest = _components(graph, sizes)
    return GraphReport(
        nodes=sizes,
        events=dict(zip(log.kinds, events, strict=True)),
        links={edge_type: len(links) for edge_type, links in graph.links.items()},
        pairs=seen.nnz,
        density=_share(seen.nnz, users * items),
        user_degrees=_quantiles(np.diff(seen.indptr)),
        item_degrees=_quantiles(np.bincount(seen.indices, minlength=items)),
        cold_users=_share(int((np.diff(liked.indptr) == 0).sum()), users),
        cold_items=_share(int((np.bincount(liked.indices, minlength=items) == 0).sum()), items),
        components=components,
        largest_component=_share(largest, sum(sizes.values())),
        first_time=int(log.time.min()) if len(log) else None,
        last_time=int(log.time.max()) if len(log) else None,
    )


def neighbourhood(graph: Graph, user: str, items: int = 30, others: int = 20) -> nx.Graph:
    """A user, their items of the largest weight, and the users who saw most of these items.

    At most `1 + items + others` nodes, and the edges between them. Items are chosen by the weight
    of the user's interactions, users by the number of these items they saw, ties by id. Nodes
    are named "user:ID" and "item:ID", with attributes type, id and, where the graph has one, title;
    an edge has the summed weight of the pair, and kind and time (milliseconds) of its newest event.
    Raises UnknownNode.
    """
    row = graph.users.row(user, "user")
    log = graph.interactions
    mine = log.take(log.user == row)
    weight = np.bincount(mine.item, mine.weight, minlength=len(graph.items))
    item_ids = graph.items.ids
    seen = sorted(set(mine.item.tolist()), key=lambda item: (-weight[item], item_ids[item]))
    chosen = seen[:items]

    shared = np.bincount(graph.seen[:, chosen].tocoo().coords[0], minlength=len(graph.users))
    shared[row] = 0
    user_ids = graph.users.ids
    near = sorted(
        np.flatnonzero(shared).tolist(), key=lambda other: (-shared[other], user_ids[other])
    )[:others]

    drawn = nx.Graph()
    for node_type, rows in (("user", [row, *near]), ("item", chosen)):
        for node in rows:
            _add_node(drawn, graph, node_type, node)
    events = log.take(np.isin(log.user, [row, *near]) & np.isin(log.item, chosen)).sorted()
    columns = (events.user, events.item, events.weight, events.time, events.kind)
    for u, i, value, time, kind in zip(*(c.tolist() for c in columns), strict=True):
        edge = (_name("user", user_ids[u]), _name("item", item_ids[i]))
        before = drawn.edges[edge]["weight"] if drawn.has_edge(*edge) else 0.0
        drawn.add_edge(*edge, weight=before + value, kind=log.kinds[kind], time=time)
    return drawn


def write_graphml(drawn: nx.Graph, path: Path) -> None:
    """Write a networkx graph as GraphML, which has neither None nor tuples nor control characters.

    An attribute that is None is left out, a tuple becomes its values joined by "|", and characters
    that XML cannot hold become U+FFFD.
    """
    plain = nx.Graph()
    for node, values in drawn.nodes(data=True):
        plain.add_node(_plain(node), **_plain_values(values))
    for source, target, values in drawn.edges(data=True):
        plain.add_edge(_plain(source), _plain(target), **_plain_values(values))
    nx.write_graphml(plain, path)


def _components(graph: Graph, sizes: Mapping[str, int]) -> tuple[int, int]:
    """Number of connected components, and the nodes in the largest."""
    if not any(sizes.values()):
        return 0, 0
    first = dict(zip(sizes, accumulate(sizes.values(), initial=0), strict=False))
    log = graph.interactions
    ends = [(log.user, log.item + first["item"])] + [
        (links.source + first[source], links.target + first[target])
        for (source, _, target), links in graph.links.items()
    ]
    source, target = (np.concatenate(column) for column in zip(*ends, strict=True))
    total = sum(sizes.values())
    edges = sparse.csr_array((np.ones(len(source), bool), (source, target)), shape=(total, total))
    count, labels = sparse.csgraph.connected_components(edges, directed=False)
    return int(count), int(np.bincount(labels).max())


def _quantiles(degrees: NDArray[np.integer]) -> dict[float, float]:
    if not len(degrees):
        return dict.fromkeys(QUANTILES, 0.0)
    return dict(zip(QUANTILES, np.quantile(degrees, QUANTILES).tolist(), strict=True))


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _name(node_type: str, node_id: str) -> str:
    return f"{node_type}:{node_id}"


def _add_node(drawn: nx.Graph, graph: Graph, node_type: str, row: int) -> None:
    node_id = graph.vocabulary(node_type).ids[row]
    values: dict[str, object] = {"type": node_type, "id": node_id}
    title = graph.attributes.get(node_type, {}).get("title")
    if title is not None and isinstance(title.values[row], str):
        values["title"] = title.values[row]
    drawn.add_node(_name(node_type, node_id), **values)


def _plain_values(values: Mapping[str, object]) -> dict[str, object]:
    return {name: _plain(value) for name, value in values.items() if value is not None}


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        value = "|".join(map(str, value))
    return NOT_IN_XML.sub("\ufffd", value) if isinstance(value, str) else value
