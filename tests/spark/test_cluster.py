"""What Spark gives on a cluster of a master and two workers is what one machine gives."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from graphrec import split
from graphrec.data.dataset import Dataset
from graphrec.data.weighting import KindPolicy
from graphrec.evaluation.evaluator import evaluate_ranking
from graphrec.evaluation.test_set import TrainTest
from graphrec.models.graph_filter.model import GraphFilter
from graphrec.models.graph_filter.nearest import nearest_pairs
from graphrec.models.popularity import Popularity
from graphrec.recommend.placements.popular import growth_scores
from graphrec.recommend.recommender import Recommender
from graphrec.retrieval.neighbours import Likes, popular_items, related_items
from graphrec.settings import Settings
from graphrec.snapshot.registry import load, publish
from tests.support.snapshots import build_snapshot
from tests.support.spark_cluster import CONF, Cluster, cluster, missing

pytestmark = pytest.mark.slow

KINDS = {
    "view": KindPolicy(weight=0.2, half_life_days=20),
    "purchase": KindPolicy(same_time="add"),
}
SHARE = 0.2
FILTER = GraphFilter(dim=8, neighbours=15)
CUT = ["--block-users", "16"]


def log_of(seed: int = 0, events: int = 1500) -> pd.DataFrame:
    """Views, purchases, ratings, dislikes and returns, some of them twice."""
    rng = np.random.default_rng(seed)
    kinds = ["view", "purchase", "rating", "dislike", "return"]
    frame = pd.DataFrame(
        {
            "user": [f"u{user}" for user in rng.integers(0, 60, events)],
            "item": [f"i{item}" for item in (50 * rng.random(events) ** 1.5).astype(int)],
            "event": rng.choice(kinds, events, p=[0.4, 0.3, 0.2, 0.05, 0.05]),
            "value": rng.integers(1, 6, events),
            "time": 1_600_000_000 + rng.integers(0, 3000, events) * 3600,
        }
    )
    again = frame.iloc[:40].assign(value=lambda rows: rows.value % 5 + 1)
    return pd.concat([frame, again], ignore_index=True)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    lacking = missing()
    if lacking and os.environ.get("CI"):
        pytest.fail(f"Spark must be tested in CI: {lacking}")
    if lacking:
        pytest.skip(f"Spark is not tested: {lacking}")
    with cluster(tmp_path_factory.mktemp("cluster"), workers=2) as found:
        from graphrec.spark.session import session

        spark = session(found.url, CONF)
        yield found
        spark.stop()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("log")
    log_of().to_csv(place / "good.csv", index=False)
    bad = log_of()
    bad.loc[len(bad)] = [None, "i1", "view", 1, 1_600_000_000]
    bad.to_csv(place / "events.csv", index=False)
    (place / "typed").mkdir()
    typed = bad.assign(time=pd.to_datetime(bad.time.astype("int64"), unit="s", utc=True))
    for part in range(2):
        rows = typed.iloc[part * 800 : (part + 1) * 800]
        rows.to_parquet(place / "typed" / f"{part}.parquet", index=False)
    (place / "graphrec.toml").write_text(
        "[kinds.view]\nweight = 0.2\nhalf_life_days = 20\n[kinds.purchase]\nsame_time = 'add'\n"
    )
    return place


@pytest.fixture(scope="module")
def truth(folder: Path) -> TrainTest:
    """The same on one machine."""
    data = Dataset.read(folder / "good.csv", settings=Settings(kinds=KINDS))
    return split.temporal(data, SHARE)


def run(*arguments: str) -> Any:
    """What a command of `graphrec spark` prints as JSON; it finds the session that there is."""
    from graphrec.cli.commands.spark import spark

    found = CliRunner().invoke(spark, [*arguments, "--json"], catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return json.loads(found.stdout)


@pytest.fixture(scope="module")
def prepared(running: Cluster, folder: Path) -> dict[str, Any]:
    return run(
        *("prepare", str(folder / "events.csv"), "--format", "csv", "--out", f"{folder}/prepared"),
        *("--test-share", str(SHARE), "--settings", f"{folder}/graphrec.toml", *CUT),
    )


@pytest.fixture(scope="module")
def learned(running: Cluster, prepared: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The neighbours, in the course of which an executor is lost."""
    from pyspark.sql import SparkSession

    lost = []

    def kill() -> None:
        spark = SparkSession.getActiveSession() or SparkSession._instantiatedSession
        while not spark.sparkContext.statusTracker().getActiveStageIds():
            time.sleep(0.02)
        time.sleep(1)
        lost.append(running.kill_one())

    before = running.executors()
    killer = threading.Thread(target=kill)
    killer.start()
    found = run(
        *("neighbours", f"{folder}/prepared", "--out", f"{folder}/learned", "-k", "10"),
        *("--dim", str(FILTER.dim), "--neighbours", str(FILTER.neighbours)),
    )
    killer.join()
    assert set(lost) <= set(before)
    assert not set(lost) & set(running.executors())
    return found


def events(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_parquet(folder / name).sort_values(["user", "item", "time", "kind"])


def test_prepare_is_what_one_machine_reads_weighs_and_splits(
    prepared: dict[str, Any], folder: Path, truth: TrainTest
) -> None:
    train, test = truth
    assert prepared["rejected"] == 1
    assert prepared["reasons"] == {"missing user id": 1}
    assert prepared["cutoff"] == test.split.cutoff
    for role, known in (("users", train.users), ("items", train.items)):
        ids = pd.read_parquet(folder / "prepared" / role).sort_values("row")
        assert tuple(ids.id) == known.ids
        assert list(ids.row) == list(range(len(known)))
    log, edges = train.weighted.interactions, events(folder / "prepared", "edges")
    for name in ("user", "item", "kind", "time", "value"):
        assert np.array_equal(edges[name], getattr(log, name)), name
    assert np.allclose(edges.weight, log.weight, rtol=1e-6, atol=0)
    assert set(edges.block) == set(range(4))
    held, own = events(folder / "prepared", "test"), test.split.test.sorted()
    for name in ("user", "item", "kind", "time"):
        assert np.array_equal(held[name], getattr(own, name)), name


@pytest.mark.parametrize("similarity", ["cosine", "lift", "jaccard"])
def test_neighbours_are_those_of_one_machine_though_an_executor_was_lost(
    learned: dict[str, Any], folder: Path, truth: TrainTest, similarity: Any
) -> None:
    likes = Likes.of(truth.train.weighted)
    found = pd.read_parquet(folder / "learned" / "similar" / f"similarity={similarity}")
    of_item = {item: rows.sort_values("rank") for item, rows in found.groupby("item")}
    for item in likes.items.ids:
        wanted = related_items(likes, item, 10, similarity)
        rows = of_item.get(item, found.iloc[:0])
        assert [tuple(each) for each in wanted] == list(
            zip(rows.related, rows.score, rows.people, strict=True)
        )


def test_the_filter_is_that_of_one_machine(
    learned: dict[str, Any], folder: Path, truth: TrainTest
) -> None:
    from graphrec.spark.parts import read_filter

    graph = truth.train.weighted
    wanted = FILTER.fit(truth.train).scorer.items
    rows = np.arange(len(graph.items), dtype=np.int32)
    found = read_filter(folder / "learned" / "graph-filter", graph.matrix)
    assert abs(found.pairs - nearest_pairs(wanted.factors, rows)).max() < 1e-6
    scores = found.score_histories(graph.matrix[:5])
    assert np.isfinite(scores).all()
    assert scores.any()


def test_popularity_and_growth_are_those_of_one_machine(
    learned: dict[str, Any], folder: Path, truth: TrainTest
) -> None:
    graph = truth.train.weighted
    found = pd.read_parquet(folder / "learned" / "popularity").set_index("item")
    found = found.loc[list(graph.items.ids)]
    for name, half_life in (("popularity", None), ("recent", 0.05)):
        wanted = Popularity(half_life).fit(truth.train).scorer.popularity
        assert np.allclose(found[name], wanted, rtol=1e-6)
    end, week = int(graph.interactions.time.max()) + 1, 7 * 86_400_000
    people = [
        {each.id: each.people for each in popular_items(graph, len(graph.items), *window)}
        for window in ((end - week, end), (end - 2 * week, end - week))
    ]
    now, then = (np.array([of.get(item, 0) for item in graph.items.ids]) for of in people)
    trends = pd.read_parquet(folder / "learned" / "trends").set_index("item")
    trends = trends.loc[list(graph.items.ids)]
    assert np.array_equal(trends.people, now)
    assert np.array_equal(trends.before, then)
    assert np.allclose(trends.score, growth_scores(now, then))


def test_all_is_the_same_whatever_the_partitions(
    learned: dict[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does it matter who counts, the driver or workers, and whether columns have types."""
    from pyspark.sql import SparkSession

    from graphrec.spark import tallies

    spark = SparkSession.builder.getOrCreate()
    monkeypatch.setattr(tallies, "DISTINCT", 5)
    spark.conf.set("spark.sql.shuffle.partitions", "5")
    try:
        run(
            *("prepare", f"{folder}/typed", "--out", f"{folder}/again"),
            *("--test-share", str(SHARE), "--settings", f"{folder}/graphrec.toml", *CUT),
        )
        run(
            *("neighbours", f"{folder}/again", "--out", f"{folder}/learned-again", "-k", "10"),
            *("--dim", str(FILTER.dim), "--neighbours", str(FILTER.neighbours)),
            *("--part", "graph-filter"),
        )
    finally:
        spark.conf.set("spark.sql.shuffle.partitions", "2")
    for name in ("edges", "test"):
        one, other = (events(folder / each, name) for each in ("prepared", "again"))
        assert one.reset_index(drop=True).equals(other.reset_index(drop=True))
    one, other = (
        pd.read_parquet(folder / each / "graph-filter/pairs").sort_values(["row", "neighbour"])
        for each in ("learned", "learned-again")
    )
    assert one.reset_index(drop=True).equals(other.reset_index(drop=True))


def test_als_is_a_baseline_and_metrics_are_those_of_one_machine(
    prepared: dict[str, Any], folder: Path, truth: TrainTest
) -> None:
    made = run("als", f"{folder}/prepared", "--out", f"{folder}/als", "--dim", "4", "--sweeps", "1")
    found = run("evaluate", f"{folder}/prepared", f"{folder}/als/lists")
    rows = pd.read_parquet(folder / "als" / "lists")
    assert made["lists"] == len(rows)
    train, test = truth
    ranked = np.full((len(train.users), 10), -1, np.int32)
    for user, rank, item in zip(rows.user, rows["rank"], rows.item, strict=True):
        ranked[train.users.rows[user], rank - 1] = train.items.rows[item]
    seen = train.weighted.seen.toarray()
    assert not any(seen[user, item] for user, row in enumerate(ranked) for item in row if item >= 0)
    wanted = evaluate_ranking(
        lambda users, k: ranked[users, :k],
        test.split, k=10, resamples=0, rng=np.random.default_rng(0),
    )  # fmt: skip
    assert found["metrics"] == pytest.approx({n: m.value for n, m in wanted.metrics.items()})
    for part, of_part in wanted.slices.items():
        values = {name: metric.value for name, metric in of_part.metrics.items()}
        assert found["slices"].get(part, {}) == pytest.approx(values), part
    assert found["users"] == len(wanted.users)


def test_lists_of_a_snapshot_are_those_of_one_process(
    running: Cluster, folder: Path, truth: TrainTest
) -> None:
    snapshots = folder / "snapshots"
    version = publish(build_snapshot(truth.train.weighted), snapshots)
    at = "2026-01-01"
    found = run(
        *("lists", "--snapshots", str(snapshots), "--out", f"{folder}/lists", "-k", "5"),
        *("--at", at, "--ship"),
    )
    engine = Recommender.serving(load(snapshots, version), Settings())
    wanted = engine.recommend_all(5, at=1_767_225_600_000).to_frame()
    rows = pd.read_parquet(folder / "lists").sort_values(["user", "rank"]).reset_index(drop=True)
    wanted = wanted.sort_values(["user", "rank"]).reset_index(drop=True)
    assert found["lists"] == len(wanted)
    assert list(rows.item) == list(wanted["item"])
    assert np.allclose(rows.score, wanted.score, rtol=1e-6)
