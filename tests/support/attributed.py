"""A snapshot whose items have attributes of every kind and links, and its recommender."""

from __future__ import annotations

import random
from collections.abc import Mapping

import numpy as np

from graphrec.data import Attribute, EdgeType, Graph, Links, Vocabulary
from graphrec.data.dataset import Dataset
from graphrec.data.weighting import DEFAULT_POLICY, KindPolicy
from graphrec.models.embeddings import Embeddings
from graphrec.models.encoder import Encoder
from graphrec.models.graph_filter.model import GraphFilter
from graphrec.recommend.recommender import Recommender
from graphrec.settings import RetrievalSettings
from graphrec.snapshot.snapshot import Snapshot
from tests.support.small_data import graph_of, ratings
from tests.support.snapshots import build_snapshot

BRANDS, TAGS = ("acme", "bolt", "core", None), ("red", "big", "old")

PRICES, STARTS = (1.0, 2.0, 5.0, None), (500.0, 1500.0, None)

MAKERS = Vocabulary(("m0", "m1", "m2"))


def links_of(items: int, draw: random.Random) -> Mapping[EdgeType, Links]:
    """Some items have makers, some lead to other items."""

    def pairs(count: int, to: int) -> Links:
        drawn = sorted({(draw.randrange(items), draw.randrange(to)) for _ in range(count)})
        source, target = np.array(drawn, np.int32).T
        return Links(source, target, np.ones(len(drawn), np.float32))

    return {
        ("item", "made_by", "maker"): pairs(10, len(MAKERS)),
        ("item", "also_viewed", "item"): pairs(8, items),
    }


def tags_of(draw: random.Random) -> tuple[str, ...]:
    return tuple(draw.sample(TAGS, draw.randint(0, 2)))


def small_snapshot(users: int = 12, items: int = 16, dim: int = 4) -> Snapshot:
    """With attributes of every kind, and embeddings that know nothing."""
    graph = graph_of(ratings(users, items, each=6))
    rng, draw = np.random.default_rng(0), random.Random(0)  # noqa: S311
    count = len(graph.items)
    attributes: Mapping[str, Attribute] = {
        "brand": Attribute("category", tuple(draw.choice(BRANDS) for _ in range(count))),
        "tags": Attribute("tags", tuple(tags_of(draw) for _ in range(count))),
        "price": Attribute("number", tuple(draw.choice(PRICES) for _ in range(count))),
        "from": Attribute("number", tuple(draw.choice(STARTS) for _ in range(count))),
    }
    links = links_of(count, random.Random(1))  # noqa: S311
    graph = Graph(graph.interactions, {"item": attributes}, {"maker": MAKERS}, links)
    vectors = rng.normal(size=(count, dim)).astype(np.float32)
    return build_snapshot(
        graph,
        graph_filter=GraphFilter().fit(Dataset.of_weights(graph), rng).scorer,
        embeddings=Embeddings(rng.normal(size=(len(graph.users), dim)).astype(np.float32), vectors),
        encoder=Encoder(vectors, np.zeros(dim, np.float32)),
        seed=0,
        cutoff=None,
        models={},
        metrics={},
    )


SNAPSHOT = small_snapshot()

USERS, ITEMS = SNAPSHOT.users.ids, SNAPSHOT.items.ids

KINDS = {**DEFAULT_POLICY, "return": KindPolicy(weight=0)}

RECOMMENDER = Recommender.of(SNAPSHOT, RetrievalSettings(candidates=4), KINDS)


def attribute(name: str, item: str) -> object:
    return SNAPSHOT.item_attributes[name].values[SNAPSHOT.items.row(item)]
