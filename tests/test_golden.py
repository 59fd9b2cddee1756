"""Golden numbers: what the models reach on real data, in bands, so that no change loses it unseen.

Gowalla is the split of NGCF and LightGCN (see `datasets` in conftest.py); MovieLens-100K is fetched
into the cache of the settings once. Where the data cannot be had, the tests are skipped.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from graphrec.ingest.datasets import load_dataset, open_dataset

from graphrec.data.weighting import weigh
from graphrec.errors import DataError, MissingExtra
from graphrec.evaluation.metrics import paired_difference
from graphrec.evaluation.results import ModelResult
from graphrec.evaluation.splits.split import temporal
from graphrec.models import create
from graphrec.settings import Settings
from graphrec.store import open_store
from graphrec.training.fit import compare
from tests.support.paths import ROOT

pytestmark = pytest.mark.slow

EVALUATE = """
import resource, sys
from graphrec.cli.main import main
try:
    main()
finally:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print("peak", peak * (1 if sys.platform == "darwin" else 1024), file=sys.stderr)
"""


@dataclass(frozen=True)
class Figures:
    """What `graphrec evaluate` found, and the most memory that its process had."""

    metrics: dict[str, dict[str, dict[str, float]]]
    """By model, then by metric."""
    peak_bytes: int


@pytest.fixture(scope="module")
def gowalla(datasets: Path, tmp_path_factory: pytest.TempPathFactory) -> Figures:
    """The figures of the command by which we measure ourselves, in a process of its own."""
    pytest.importorskip("resource")
    folder = datasets / "gowalla-lightgcn"
    train, test = folder / "train.tsv.gz", folder / "test.tsv.gz"
    if not (train.exists() and test.exists()):
        pytest.skip(f"no train.tsv.gz and test.tsv.gz in {str(folder)!r}")
    work = tmp_path_factory.mktemp("gowalla")
    arguments: list[str | Path] = [
        "evaluate", "--train", train, "--test", test, "--models", "popularity,item-knn",
        "--k", "20", "--seed", "0", "--json", "figures.json",
    ]  # fmt: skip
    environment = {k: v for k, v in os.environ.items() if not k.upper().startswith("GRAPHREC_")}
    done = subprocess.run(
        [sys.executable, "-c", EVALUATE, *arguments],
        cwd=work, capture_output=True, text=True, env={**environment, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads((work / "figures.json").read_bytes())
    assert (found["users"], found["items"]) == (29_858, 40_981)
    assert (found["train"], found["test"], found["repeats"]) == (810_128, 217_242, 0)
    return Figures(
        {entry["model"]: entry["metrics"] for entry in found["models"]},
        int(done.stderr.split()[-1]),
    )


def test_popularity_on_gowalla_is_that_of_the_papers(gowalla: Figures) -> None:
    """Exactly: it has nothing to tune, so it checks the protocol."""
    metrics = gowalla.metrics["popularity"]
    assert metrics["recall@20"]["value"] == pytest.approx(0.0416, abs=0.0002)
    assert metrics["ndcg@20"]["value"] == pytest.approx(0.0317, abs=0.0002)
    assert metrics["hit@20"]["value"] == pytest.approx(0.2038, abs=0.0002)


def test_item_knn_on_gowalla_reaches_its_mark(gowalla: Figures) -> None:
    """The mark is .157/.121. What is far above the band is too good to be true."""
    metrics = gowalla.metrics["item-knn"]
    assert 0.170 <= metrics["recall@20"]["value"] <= 0.185
    assert 0.135 <= metrics["ndcg@20"]["value"] <= 0.150
    for metric in ("recall@20", "ndcg@20"):
        low, value, high = (metrics[metric][part] for part in ("low", "value", "high"))
        assert low < value < high
        assert high - low < 0.01  # 29,858 users say it to the second digit


def test_gowalla_fits_into_four_gigabytes(gowalla: Figures) -> None:
    assert gowalla.peak_bytes < 4 * 2**30


LEARNED = ("item-knn", "user-knn", "mf", "graphsage")


@pytest.fixture(scope="module")
def ml_100k(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ModelResult]:
    """The models on MovieLens-100K, split by time, with the settings that everyone starts from."""
    settings = Settings.model_validate({"evaluation": {"resamples": 200}})
    folder = tmp_path_factory.mktemp("ml-100k")
    try:
        dataset = open_dataset("ml-100k", settings.cache.expanduser())
        for name in LEARNED:
            create(name)
    except (DataError, MissingExtra) as error:
        pytest.skip(str(error))
    with open_store(f"sqlite:///{folder / 'graph.db'}", settings.kinds) as store:
        load_dataset(store, dataset, settings.ingest, folder / "rejects")
        graph = weigh(store.read_graph(), settings.kinds)
    assert (len(graph.users), len(graph.items), len(graph.interactions)) == (943, 1682, 100_000)
    split = temporal(graph, settings.evaluation.test_share)
    found = compare(("popularity", *LEARNED), split, settings, protocol="temporal", k=10)
    return {result.model: result for result in found.results}


def ndcg(results: dict[str, ModelResult], name: str) -> float:
    return results[name].evaluation.metrics["ndcg@10"].value


def test_popularity_on_ml_100k_is_what_it_was(ml_100k: dict[str, ModelResult]) -> None:
    """It moves with the threshold of a like, the split and the metric, and with nothing else."""
    assert ndcg(ml_100k, "popularity") == pytest.approx(0.2442, abs=0.0005)


@pytest.mark.parametrize("name", LEARNED)
def test_every_learned_model_beats_popularity(ml_100k: dict[str, ModelResult], name: str) -> None:
    assert ndcg(ml_100k, name) > ndcg(ml_100k, "popularity") + 0.005


def test_graphsage_is_not_below_mf_by_more_than_chance(ml_100k: dict[str, ModelResult]) -> None:
    found = ml_100k["graphsage"].evaluation.metrics["ndcg@10"]
    assert found.low is not None
    assert found.high is not None
    sage, mf = (ml_100k[name].evaluation.per_user["ndcg@10"] for name in ("graphsage", "mf"))
    value, _, high = paired_difference(sage, mf, np.random.default_rng(0), 1000, 0.95)
    assert value > -0.02
    assert high > 0
    assert found.high - found.low < 0.12  # or the comparison says nothing
