"""What each relation brings: rows without it, and without all of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from graphrec.cli.commands.models import show_differences

from graphrec.errors import DataError
from graphrec.evaluation.metrics import paired_difference
from graphrec.evaluation.splits.cold import cold_items
from graphrec.settings import Settings
from graphrec.training.ablation import BARE, with_ablations
from graphrec.training.fit import compare
from tests.support.fitted import catalogue
from tests.support.small_data import graph_of, ratings

pytestmark = pytest.mark.slow

OPTIONS = {"dim": 8, "epochs": 8, "negatives": 20, "batches": 2, "learning_rate": 0.02}


def test_links_bring_what_the_model_without_them_lacks(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("dgl")
    settings = Settings().model_copy(update={"models": {"graphsage": OPTIONS}})
    graph = replace(catalogue(strangers=0), attributes={})
    # Half of the items: of a few, a list that knows nothing is too often right by luck.
    split = cold_items(graph, 0.5, np.random.default_rng(0))
    compared = compare(("graphsage",), split, settings, protocol="cold-items", k=5)
    found = with_ablations(compared, settings)
    names = [result.model for result in found.results]
    assert names == ["graphsage", "without also_viewed", "without made_by", BARE]
    values = [result.evaluation.per_user["ndcg@5"] for result in found.results]
    _, low, _ = paired_difference(values[0], values[-1], np.random.default_rng(0), 200)
    assert low > 0
    show_differences(found, BARE)
    printed = capsys.readouterr().out
    assert f"NDCG@5 minus that of {BARE}" in printed
    assert f"{(values[0] - values[-1]).mean():+.4f}" in printed


def test_a_graph_without_links_has_nothing_to_leave_out() -> None:
    split = cold_items(graph_of(ratings()), 0.3, np.random.default_rng(0))
    compared = compare(("random",), split, Settings(), protocol="cold-items", k=5)
    with pytest.raises(DataError, match="has no links"):
        with_ablations(compared, Settings())
