"""A snapshot as large as a catalogue that people know, made in seconds: nothing is trained."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from graphrec.data import Attribute, Graph, Interactions, Vocabulary
from graphrec.data.features import FeatureSpace
from graphrec.models.embeddings import Embeddings
from graphrec.models.encoder import Encoder, ItemEncoder
from graphrec.models.graph_filter.scorer import Exponents, Factors, FittedFilter
from graphrec.snapshot.snapshot import Snapshot
from tests.support.snapshots import build_snapshot

USERS, ITEMS = 100_000, 40_000

DIM = 64

PAIRS = 512
"""Of each item, as a fitted filter holds of a large catalogue."""

GENRES = tuple(f"genre{n}" for n in range(20))


def large_snapshot(
    users: int = USERS, items: int = ITEMS, each: int = 20, pairs: int = PAIRS
) -> Snapshot:
    """Users `u0`, … with about `each` likes, the first one with all; items `i0`, … with titles.

    A few items have most likes. Vectors, and the `pairs` of each item, are random.
    """
    rng = np.random.default_rng(0)
    liked = (items * rng.random(users * each) ** 2).astype(np.int32)
    user = np.concatenate([np.zeros(items, np.int32), rng.integers(1, users, len(liked))])
    item = np.concatenate([np.arange(items, dtype=np.int32), liked])
    log = Interactions(
        Vocabulary(tuple(f"u{n}" for n in range(users))),
        Vocabulary(tuple(f"i{n}" for n in range(items))),
        user.astype(np.int32),
        item,
        np.ones(len(user), np.float32),
        np.full(len(user), 10**12, np.int64),
        np.zeros(len(user), np.uint8),
    )
    attributes = {
        "title": Attribute("text", tuple(f"The {n}th of many things" for n in range(items))),
        "genres": Attribute("tags", tuple((GENRES[n % 20], GENRES[n % 7]) for n in range(items))),
        "year": Attribute("number", tuple(float(1950 + n % 70) for n in range(items))),
    }
    graph = Graph(log, {"item": attributes})
    made = build_snapshot(
        graph, graph_filter=_Filter(_filter(graph, pairs, rng)), embeddings=_vectors(graph, rng)
    )
    return replace(made, manifest=replace(made.manifest, position=0))


@dataclass(frozen=True)
class _Filter:
    items: FittedFilter


def _filter(graph: Graph, pairs: int, rng: np.random.Generator) -> FittedFilter:
    count = len(graph.items)
    columns = np.sort((np.arange(count)[:, None] + rng.integers(1, count, pairs)) % count, axis=1)
    ends = np.arange(0, count * pairs + 1, pairs)
    values = rng.random(count * pairs, np.float32)
    factors = Factors(
        graph.matrix,
        np.zeros((count, 1), np.float32),
        np.zeros(1, np.float32),
        np.ones(count, np.float32),
        np.ones(count, np.float32),
        neighbours=pairs,
    )
    held = sparse.csr_array((values, columns.ravel().astype(np.int32), ends), (count, count))
    return FittedFilter(factors, held, Exponents())


def _vectors(graph: Graph, rng: np.random.Generator) -> Embeddings:
    items = rng.normal(size=(len(graph.items), DIM)).astype(np.float32)
    users = rng.normal(size=(len(graph.users), DIM)).astype(np.float32)
    users[:, -1] = 1  # the last dimension of items is a bias
    known = {name: each for name, each in graph.attributes["item"].items() if name != "title"}
    space = FeatureSpace.of(known)
    size = space.matrix({name: Attribute(a.kind, a.values[:1]) for name, a in known.items()}, 1)
    features = rng.normal(size=(size.shape[1], DIM)).astype(np.float32)
    return Embeddings(
        users,
        items,
        Encoder(items, np.append(np.zeros(DIM - 1), 1).astype(np.float32)),
        ItemEncoder(space, features, {}, {}, 1.0),
    )
