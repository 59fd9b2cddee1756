"""Small random snapshots, and any small recommender."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timezone

import numpy as np
from hypothesis import strategies as st

from graphrec.data import Attribute, Graph, Interactions, Vocabulary
from graphrec.data.dataset import Dataset
from graphrec.models.embeddings import Embeddings
from graphrec.models.encoder import Encoder
from graphrec.models.graph_filter.model import GraphFilter
from graphrec.recommend.recommender import Recommender
from graphrec.settings import RetrievalSettings
from graphrec.snapshot.snapshot import build_snapshot

NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)


def small_snapshot(seed=0, *, learnt=True, users=12, items=9, aggregated=None):
    """A snapshot of random likes; `learnt` is whether it has embeddings and an encoder."""
    rng = np.random.default_rng(seed)
    pairs = np.argwhere(rng.random((users, items)) < 0.4)
    log = Interactions.of(
        [f"u{u:02}" for u, _ in pairs],
        [f"i{i:02}" for _, i in pairs],
        rng.integers(0, 3, len(pairs)),
        rng.integers(1, 10**12, len(pairs)),
    )
    attributes = {
        "title": Attribute("text", tuple(f"The {i}th" if i else None for i in range(items))),
        "genres": Attribute("tags", tuple(("a", "b") if i % 2 else None for i in range(items))),
        "year": Attribute("number", tuple(1990.0 + i for i in range(items))),
    }
    graph = Graph(log, {"item": attributes})
    vectors = rng.normal(size=(len(log.users) + 3 * items + 1, 4)).astype(np.float32)
    user, item, messages, base = np.split(
        vectors, np.cumsum([len(log.users), items, 2 * items])[:3]
    )
    return build_snapshot(
        graph,
        graph_filter=GraphFilter().fit(Dataset.of_weights(graph), rng).scorer,
        embeddings=Embeddings(user, item) if learnt else None,
        encoder=Encoder(messages[:items], base[0], 1.5, **(aggregated or {})) if learnt else None,
        seed=seed,
        cutoff=10**12,
        models={"item-knn": {"similarity": "cosine", "neighbours": 5, "half_life_days": None}},
        metrics={"ndcg@10": {"value": 0.25, "low": None, "high": 0.5}},
    )


def reseal(folder, version, change):
    """Change the manifest as one who knows about its checksum would."""
    path = folder / version / "manifest.json"
    manifest = json.loads(path.read_bytes())
    change(manifest)
    path.write_text(json.dumps(manifest))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    (folder / version / "manifest.sha256").write_text(f"{digest}  manifest.json\n")


@st.composite
def recommenders(draw):
    """Any small graph, learnt or not, with any weights: ties and empty rows are common."""
    users, items = draw(st.integers(1, 6)), draw(st.integers(1, 8))
    pair = st.tuples(st.integers(0, users - 1), st.integers(0, items - 1), st.sampled_from([0, 1]))
    events = draw(st.lists(pair, max_size=30))
    user, item, weight = np.array(events, np.int32).reshape(-1, 3).T
    log = Interactions(
        Vocabulary(tuple(f"u{row}" for row in range(users))),
        Vocabulary(tuple(f"i{row}" for row in range(items))),
        user,
        item,
        weight.astype(np.float32),
        np.zeros(len(user), np.int64),
        np.zeros(len(user), np.uint8),
    )
    graph = Graph(log)
    rng = np.random.default_rng(draw(st.integers(0, 3)))

    def vectors(rows):
        return rng.integers(-1, 2, (rows, 2)).astype(np.float32)

    learnt = draw(st.booleans())
    snapshot = build_snapshot(
        graph,
        graph_filter=GraphFilter().fit(Dataset.of_weights(graph), rng).scorer,
        embeddings=Embeddings(vectors(users), vectors(items)) if learnt else None,
        encoder=Encoder(vectors(items), vectors(1)[0]) if learnt and draw(st.booleans()) else None,
        seed=0,
        cutoff=None,
        models={},
        metrics={},
    )
    weights = st.sampled_from([0.0, 0.1, 1.0])
    retrieval = RetrievalSettings(
        candidates=draw(st.integers(1, 9)),
        embedding=draw(weights),
        neighbours=draw(weights),
        popularity=draw(weights),
    )
    return Recommender(snapshot, retrieval)
