"""The stages from a log to a published snapshot, and what its lists are worth.

Each reads what it needs of those before from a folder, does its work, and leaves what comes of it
there. The oldest TRAIN of the events are learned from; the others say how good the lists are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from graphrec.ingest.load import load_events
from graphrec.ingest.sources import File

from graphrec.data import Rows
from graphrec.data.dataset import Dataset
from graphrec.evaluation.evaluator import evaluate_ranking, rank_by
from graphrec.evaluation.splits.split import Split, sample_users, temporal
from graphrec.models import create
from graphrec.models.embeddings import Embeddings
from graphrec.models.graph_filter.scorer import FittedFilter
from graphrec.models.history import HistoryScorer
from graphrec.models.popularity import PopularityScorer
from graphrec.ranking.fusion import alike
from graphrec.recommend.recommender import Recommender
from graphrec.retrieval.embedding import Nearest
from graphrec.retrieval.neighbourhood import Neighbourhood
from graphrec.settings import IngestSettings
from graphrec.snapshot import codec
from graphrec.snapshot.registry import load, publish
from graphrec.snapshot.snapshot import TYPES, build_snapshot
from graphrec.store import open_store
from scripts.benchmark.scale.log import Size, write_log

TEST_SHARE = 0.05
"""Of the events, the newest."""

TEST_USERS = 500
K = 10

WEIGHTS = alike({"neighbours": 1.0, "embedding": 0.35, "popularity": 0.01})
"""Of the sources: nothing is chosen here."""

Facts = Mapping[str, Any]
Stage = Callable[["Path", "Options"], tuple[float, Facts]]


@dataclass(frozen=True)
class Options:
    """What the stages go by."""

    events: int
    users: int
    items: int
    seed: int = 0
    embedding: str = "graphsage"
    """The name of a model of vectors, or "none"."""
    epochs: int = 3
    """Of that model."""


def generate(folder: Path, options: Options) -> tuple[float, Facts]:
    """The log as a Parquet file."""
    began = perf_counter()
    size = Size(options.events, options.users, options.items)
    write_log(folder / "log.parquet", size, options.seed)
    return perf_counter() - began, {"bytes": (folder / "log.parquet").stat().st_size}


def load_log(folder: Path, options: Options) -> tuple[float, Facts]:
    """The log in a new SQLite store."""
    began = perf_counter()
    with open_store(_store(folder)) as store:
        log, rejects = File(folder / "log.parquet"), folder / "rejects.csv"
        load_events(store, log, IngestSettings(), rejects)
    seconds = perf_counter() - began
    return seconds, {"rate": options.events / seconds, "bytes": (folder / "log.db").stat().st_size}


def read(folder: Path, options: Options) -> tuple[float, Facts]:
    """The graph of the store, weighed, without the newest events."""
    began = perf_counter()
    split = _split(folder)
    seconds = perf_counter() - began
    train = split.train
    likes = train.matrix.nnz
    return seconds, {"users": len(train.users), "items": len(train.items), "likes": likes}


def popularity(folder: Path, options: Options) -> tuple[float, Facts]:
    """How popular each item is."""
    return _fitted(folder, options, "popularity", create("recent-popularity"))


def filter_(folder: Path, options: Options) -> tuple[float, Facts]:
    """The graph filter: the neighbourhood of every item."""
    return _fitted(folder, options, "filter", create("graph-filter"))


def embedding(folder: Path, options: Options) -> tuple[float, Facts]:
    """A few epochs of a model of vectors."""
    model: Any = create(options.embedding)
    return _fitted(folder, options, "embedding", replace(model, epochs=options.epochs))


def publish_(folder: Path, options: Options) -> tuple[float, Facts]:
    """The snapshot, with an index of the vectors."""
    graph = _split(folder).train
    fitted = codec.read(FittedFilter, folder / "filter", TYPES)
    popular = codec.read(PopularityScorer, folder / "popularity", TYPES).popularity
    vectors: Embeddings | None = None
    if options.embedding != "none":
        vectors = codec.read(Embeddings, folder / "embedding", TYPES)
    began = perf_counter()
    nearest = () if vectors is None else (Nearest.of(vectors),)
    snapshot = build_snapshot(
        graph,
        sources=(Neighbourhood(fitted), *nearest),
        seed=options.seed,
        weights=WEIGHTS,
        popularity=popular,
    )
    version = publish(snapshot, folder / "snapshots")
    seconds = perf_counter() - began
    files = (folder / "snapshots" / version).iterdir()
    return seconds, {"bytes": sum(each.stat().st_size for each in files)}


def evaluate(folder: Path, options: Options) -> tuple[float, Facts]:
    """NDCG of what is served, and of the most popular items, for users of the newest events."""
    split, popular = _split(folder), codec.read(PopularityScorer, folder / "popularity", TYPES)
    split = sample_users(split, TEST_USERS, np.random.default_rng(options.seed))
    began = perf_counter()
    recommender = Recommender.of(load(folder / "snapshots"))
    facts = {
        "ndcg": _ndcg(recommender.rank, split),
        "popularity_ndcg": _ndcg(rank_by(popular, split.train), split),
        "users": len(np.unique(split.test.user)),
    }
    return perf_counter() - began, facts


def _ndcg(rank: Callable[[Rows, int], Rows], split: Split) -> float:
    found = evaluate_ranking(rank, split, k=K, resamples=0, rng=np.random.default_rng(0))
    return found.metrics[f"ndcg@{K}"].value


def _fitted(folder: Path, options: Options, name: str, model: Any) -> tuple[float, Facts]:
    data = Dataset.of_weights(_split(folder).train)
    began = perf_counter()
    found = model.fit(data, options.seed).scorer
    seconds = perf_counter() - began
    (folder / name).mkdir(exist_ok=True)
    codec.write(found.items if isinstance(found, HistoryScorer) else found, folder / name, TYPES)
    return seconds, {}


def _store(folder: Path) -> str:
    return f"sqlite:///{folder / 'log.db'}"


def _split(folder: Path) -> Split:
    """The graph of the store, weighed, and its newest events apart."""
    with open_store(_store(folder)) as store:
        return temporal(Dataset(store.read_graph()).weighted, TEST_SHARE)


STAGES: Mapping[str, Stage] = {
    "generate": generate,
    "load": load_log,
    "read": read,
    "popularity": popularity,
    "filter": filter_,
    "embedding": embedding,
    "publish": publish_,
    "evaluate": evaluate,
}
"""In their order."""
