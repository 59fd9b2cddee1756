"""`Graph` to a DGL heterograph and back."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import orjson
import torch
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Attribute, EdgeType, Graph, Interactions, Links, Vector, Vocabulary
from graphrec.data.vector import stacked, unstacked
from graphrec.errors import DataError, MissingExtra

# DGL asks for its backend, and writes a file into the home folder, unless this is set.
os.environ.setdefault("DGLBACKEND", "pytorch")
try:
    import dgl
except ImportError as error:
    raise MissingExtra("a DGL graph (Python 3.10 or 3.11)", "dgl", "train") from error

HeteroGraph: TypeAlias = dgl.DGLHeteroGraph

TINY = torch.finfo(torch.float32).tiny
"""The least sum of weights, so that a mean over no edges is 0."""

INTERACTED = ("user", "interacted", "item")
LIKES = ("user", "likes", "item")
LIKED_BY = ("item", "liked_by", "user")
PAIR = "pair"
"""Edge data: the number of the pair in the graph's matrix, int32, where edges were numbered."""
REVERSE = "rev_"
"""Before a relation's name: the same edges from target to source, so that messages go both ways."""


def to_dgl(graph: Graph) -> HeteroGraph:
    """A heterograph with each edge type and its reverse; node numbers are rows.

    Edge data: `weight` float32; interactions also carry `time` int64 and `kind` uint8. Node data:
    attributes that are vectors, float32 [N, dim], NaN where one is missing. Raises DataError for a
    link type whose name means something else here.
    """
    for edge_type in graph.links:
        if edge_type == INTERACTED or edge_type[1].startswith(REVERSE):
            raise DataError(
                f"links {' '.join(edge_type)!r} cannot be edges of a DGL graph: expected another "
                f"relation than that of interactions, not beginning with {REVERSE!r}; rename it"
            )
    log = graph.interactions
    edges = {INTERACTED: (log.user, log.item)}
    edges |= {kind: (links.source, links.target) for kind, links in graph.links.items()}
    both = {
        name: pair
        for (source, relation, target), (a, b) in edges.items()
        for name, pair in (
            ((source, relation, target), (a, b)),
            ((target, REVERSE + relation, source), (b, a)),
        )
    }
    types = {node_type for source, _, target in edges for node_type in (source, target)}
    result = dgl.heterograph(
        {kind: (torch.from_numpy(a), torch.from_numpy(b)) for kind, (a, b) in both.items()},
        {node_type: len(graph.vocabulary(node_type)) for node_type in sorted(types)},
        idtype=torch.int32,
    )
    for name in ("weight", "time", "kind"):
        result.edges[INTERACTED].data[name] = torch.from_numpy(getattr(log, name))
    for kind, links in graph.links.items():
        result.edges[kind].data["weight"] = torch.from_numpy(links.weight)
    for node_type in result.ntypes:
        for name, vectors in _vectors(graph.attributes.get(node_type, {})):
            result.nodes[node_type].data[name] = torch.from_numpy(vectors)
    return result


def _vectors(attributes: Mapping[str, Attribute]) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """The attributes that have vectors, as arrays [N, dim]."""
    for name, attribute in attributes.items():
        length = next((len(v) for v in attribute.values if isinstance(v, Vector)), None)
        if length is not None:
            yield name, stacked(attribute.values, length)


def from_dgl(
    heterograph: HeteroGraph, vocabularies: Mapping[str, Vocabulary], kinds: tuple[str, ...]
) -> Graph:
    """The graph behind a heterograph that `to_dgl` made.

    DGL holds numbers only, so the ids come in `vocabularies` by node type, and the names of the
    interaction kinds in `kinds`. Of attributes, only vectors are part of a heterograph.
    """
    data = heterograph.edges[INTERACTED].data
    user, item = (rows.numpy() for rows in heterograph.edges(etype=INTERACTED, order="eid"))
    log = Interactions(
        vocabularies["user"],
        vocabularies["item"],
        user,
        item,
        data["weight"].numpy(),
        data["time"].numpy(),
        data["kind"].numpy(),
        kinds,
    )
    links = {}
    for edge_type in heterograph.canonical_etypes:
        if edge_type != INTERACTED and not edge_type[1].startswith(REVERSE):
            source, target = heterograph.edges(etype=edge_type, order="eid")
            weight = heterograph.edges[edge_type].data["weight"].numpy()
            links[edge_type] = Links(source.numpy(), target.numpy(), weight)
    others = {name: ids for name, ids in vocabularies.items() if name not in ("user", "item")}
    attributes = {
        node_type: {
            name: Attribute("vector", unstacked(vectors.numpy()))
            for name, vectors in heterograph.nodes[node_type].data.items()
        }
        for node_type in heterograph.ntypes
        if heterograph.nodes[node_type].data
    }
    return replace(Graph(log), others=others, links=links, attributes=attributes)


def save_dgl(graph: Graph, path: Path) -> Path:
    """Write the graph in DGL's own format, which `dgl.load_graphs` reads; no pickle is in it.

    DGL keeps numbers only: the ids by node type, and the names of the kinds of events, go into a
    JSON file beside it, whose path is returned. `from_dgl` takes both back. Raises as `to_dgl`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    dgl.save_graphs(str(path), [to_dgl(graph)])
    node_types = ("user", "item", *graph.others)
    names = {
        "ids": {node_type: graph.vocabulary(node_type).ids for node_type in node_types},
        "kinds": graph.interactions.kinds,
    }
    beside = path.with_name(f"{path.name}.json")
    beside.write_bytes(orjson.dumps(names, option=orjson.OPT_INDENT_2))
    return beside


def without_edges(likes: HeteroGraph, left_out: NDArray[np.integer]) -> HeteroGraph:
    """A graph of `likes_graph` without these edges [E], in both directions; all nodes stay."""
    kept = np.delete(np.arange(likes.num_edges(LIKES), dtype=np.int32), left_out)
    edges = torch.from_numpy(kept)
    return dgl.edge_subgraph(likes, {LIKES: edges, LIKED_BY: edges}, relabel_nodes=False)


@dataclass(frozen=True)
class ReceptiveField:
    """The nodes and edges that messages to some items pass, in rounds of item to user and back.

    The N items whose vectors go in begin with those that vectors come out for; the two graphs of a
    round number their nodes in the same way, so that targets are the first of the sources.
    """

    items: torch.Tensor | None  # [N] rows; None: all, in their order
    rounds: tuple[tuple[HeteroGraph, HeteroGraph], ...]  # to users, and from them to items


def whole_field(likes: HeteroGraph, rounds: int) -> ReceptiveField:
    """All items, along all edges."""
    return ReceptiveField(None, ((likes, likes),) * rounds)


def sampled_field(
    likes: HeteroGraph, items: NDArray[np.integer], rounds: int, fanout: int, seed: int
) -> ReceptiveField:
    """`items`, along at most `fanout` random edges into each node of each round."""
    sources = torch.from_numpy(items.astype(np.int32))
    if not rounds:
        return ReceptiveField(sources, ())
    dgl.seed(seed)
    into_users = {LIKED_BY: fanout, LIKES: 0}
    into_items = {LIKED_BY: 0, LIKES: fanout}
    # DGL 1.1.3's fused sampler loses nodes of graphs of several node types.
    sampler = dgl.dataloading.NeighborSampler([into_users, into_items] * rounds, fused=False)
    reached, _, blocks = sampler.sample_blocks(likes, {"item": sources})
    for n, block in enumerate(blocks):
        edge_type = LIKES if n % 2 else LIKED_BY
        edges = block.edges[edge_type].data
        edges[PAIR] = likes.edges[edge_type].data[PAIR][edges[dgl.EID].long()]
    return ReceptiveField(reached["item"], tuple(zip(blocks[0::2], blocks[1::2], strict=True)))


def sampled_edges(likes: HeteroGraph, fanout: int, seed: int) -> HeteroGraph:
    """A graph of `liked_by_graph` with at most `fanout` random items of each user."""
    dgl.seed(seed)
    return dgl.sampling.sample_neighbors(likes, {"user": likes.nodes("user")}, fanout)


def items_of_edges(likes: HeteroGraph) -> NDArray[np.int32]:
    """The item of each edge of a graph of `liked_by_graph` [E]."""
    return likes.edges(etype=LIKED_BY, order="eid")[0].numpy()


def with_items(likes: HeteroGraph, items: NDArray[np.integer]) -> HeteroGraph:
    """A graph of `liked_by_graph` with its items numbered by their places in sorted `items`."""
    item, user = (ends.numpy() for ends in likes.edges(etype=LIKED_BY, order="eid"))
    shape = (likes.num_nodes("user"), len(items))
    found = liked_by_graph(user, np.searchsorted(items, item), shape)
    for name, data in likes.edges[LIKED_BY].data.items():
        found.edges[LIKED_BY].data[name] = data
    return found


def numbered(likes: HeteroGraph, pairs: NDArray[np.integer]) -> HeteroGraph:
    """The graph itself, whose edges, of each type, are of these pairs [E] of the matrix."""
    for edge_type in likes.canonical_etypes:
        likes.edges[edge_type].data[PAIR] = torch.from_numpy(pairs.astype(np.int32))
    return likes


def pairs_of(graph: HeteroGraph, edge_type: EdgeType) -> torch.Tensor:
    """The pair of each edge of a type, where edges were numbered [E]."""
    return graph.edges[edge_type].data[PAIR]


def mean_of_neighbours(
    graph: HeteroGraph,
    edge_type: EdgeType,
    vectors: torch.Tensor,
    weight: torch.Tensor | None = None,
) -> torch.Tensor:
    """For each target node of `edge_type` the mean of its sources' vectors; 0 where it has none.

    Edges count by their `weight` [E, 1], where there is one.
    """
    part = graph[edge_type]
    if weight is None:
        return dgl.ops.copy_u_mean(part, vectors)
    total = dgl.ops.copy_e_sum(part, weight)
    return dgl.ops.u_mul_e_sum(part, vectors, weight) / total.clamp_min(TINY)


def max_of_neighbours(
    graph: HeteroGraph,
    edge_type: EdgeType,
    vectors: torch.Tensor,
    weight: torch.Tensor | None = None,
) -> torch.Tensor:
    """For each target node the largest elements of its sources' vectors, none of them below 0.

    They are as much larger as the `weight` of their edges [E, 1], where there is one.
    """
    part = graph[edge_type]
    if weight is None:
        return dgl.ops.copy_u_max(part, vectors).clamp_min(0)
    return dgl.ops.u_mul_e_max(part, vectors, weight).clamp_min(0)


def attention_over_neighbours(
    graph: HeteroGraph,
    edge_type: EdgeType,
    vectors: torch.Tensor,
    score_of: Callable[[torch.Tensor], torch.Tensor],
    source: torch.Tensor,
    target: torch.Tensor,
    weight: torch.Tensor | None = None,
) -> torch.Tensor:
    """For each target node the mean of its sources' vectors by softmax weights; 0 where none.

    The score of an edge is `score_of` the sum of what its `source` and `target` [., 1] bring; its
    share is in proportion to its `weight` [E, 1] as well, where there is one.
    """
    part = graph[edge_type]
    score = score_of(dgl.ops.u_add_v(part, source, target))
    if weight is not None:
        score = score + weight.log()
    return dgl.ops.u_mul_e_sum(part, vectors, dgl.ops.edge_softmax(part, score))


def dot_on_edges(graph: HeteroGraph, item: torch.Tensor, user: torch.Tensor) -> torch.Tensor:
    """The inner product of the two ends of each `LIKED_BY` edge, by edge number [E].

    Its gradients are sums over neighbours, several times as fast as those of gathered rows.
    """
    return dgl.ops.u_dot_v(graph[LIKED_BY], item, user)[:, 0]


def liked_by_graph(user: NDArray, item: NDArray, shape: tuple[int, int]) -> HeteroGraph:
    """Edges from E items to E users of a [B, I] part, one direction only."""
    ends = (torch.from_numpy(item.astype(np.int32)), torch.from_numpy(user.astype(np.int32)))
    sizes = dict(zip(("user", "item"), shape, strict=True))
    return dgl.heterograph({LIKED_BY: ends}, sizes, idtype=torch.int32)


def likes_graph(matrix: sparse.csr_array) -> HeteroGraph:
    """The positive pairs of a [U, I] matrix, edge n being its nth element, and their reverse."""
    user = np.repeat(np.arange(matrix.shape[0], dtype=np.int32), np.diff(matrix.indptr))
    ends = torch.from_numpy(user), torch.from_numpy(matrix.indices.astype(np.int32))
    sizes = dict(zip(("user", "item"), matrix.shape, strict=True))
    graph = dgl.heterograph({LIKES: ends, LIKED_BY: ends[::-1]}, sizes, idtype=torch.int32)
    return numbered(graph, np.arange(matrix.nnz))
