"""Models that are fitted where their libraries are installed, and what they are fitted on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from graphrec.data import Attribute, Graph, Links, Vocabulary
from graphrec.data.dataset import Dataset
from graphrec.errors import MissingExtra
from graphrec.models import create
from graphrec.models.embeddings import Embeddings
from graphrec.snapshot.snapshot import Snapshot
from tests.support.small_data import graph_of, ratings
from tests.support.snapshots import build_snapshot


def needs(name: str) -> str:
    """The name of a model, where its libraries are installed."""
    try:
        create(name)
    except MissingExtra as error:
        pytest.skip(str(error))
    return name


ITEMS = len(graph_of(ratings()).items)

MADE_BY = ("item", "made_by", "brand")

ALSO = ("item", "also_viewed", "item")


def catalogue(*, strangers: int = 2) -> Graph:
    """Even items are red and of one brand, odd ones blue and of another; some nobody has met."""
    graph = graph_of(ratings())
    ids = Vocabulary((*graph.items.ids, *(f"new{n}" for n in range(strangers))))
    graph = graph.with_interactions(graph.interactions.recode(graph.users, ids))
    rows = np.arange(len(ids), dtype=np.int32)
    parity = rows % 2
    ones = np.ones(len(rows), np.float32)
    return replace(
        graph,
        attributes={
            "item": {
                "colour": Attribute("category", tuple("red" if p == 0 else "blue" for p in parity)),
                "price": Attribute("number", tuple(float(row) for row in rows)),
            }
        },
        others={"brand": Vocabulary(("a", "b"))},
        links={
            MADE_BY: Links(rows, parity.astype(np.int32), ones),
            ALSO: Links(rows, ((rows + 2) % ITEMS).astype(np.int32), ones),
        },
    )


def snapshot_with(fitted: Embeddings, graph: Graph) -> Snapshot:
    data, rng = Dataset.of_weights(graph), np.random.default_rng(0)
    exponents = {"user_exponent": 0.5, "history_exponent": 0.5, "target_exponent": 0.5}
    popular = create("recent-popularity").fit(data, rng).scorer.popularity  # type: ignore[attr-defined]
    return build_snapshot(
        graph,
        graph_filter=create("graph-filter", {**exponents, "dim": 4}).fit(data, rng).scorer,
        embeddings=fitted,
        popularity=popular,
    )
