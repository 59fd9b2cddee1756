"""A new item is for those it is nearest to, however near it is to everybody."""

from __future__ import annotations

import numpy as np
import pytest
from graphrec.api.live.new_items import NewItemLists

from graphrec.models.embeddings import Embeddings
from graphrec.retrieval.cold_items import ColdItems, NearestCold
from graphrec.retrieval.embedding import Nearest
from graphrec.retrieval.profile import UserProfile
from graphrec.retrieval.reach import SAMPLE, evenly


def vectors(rng: np.random.Generator, rows: int) -> np.ndarray:
    """Vectors that all point about one way, as those of people who like what is popular."""
    found = rng.normal(size=(rows, 8)).astype(np.float32)
    found[:, 0] += 4
    return found


@pytest.mark.parametrize("reach", [0.05, 0.2, 0.5, 1.0])
def test_a_hub_reaches_no_more_than_its_share(reach: float) -> None:
    rng = np.random.default_rng(0)
    users, items = vectors(rng, 1500), vectors(rng, 200)
    hub = items.mean(axis=0) * 3
    pot = rng.normal(size=8).astype(np.float32)
    cold = ColdItems({"hub": {}, "pot": {}}, np.stack([hub, pot]), {})
    nearest = NearestCold(Nearest.of(Embeddings(users, items)), cold, np.array([200, 201]))
    eligible = np.ones(202, bool)
    got = np.zeros(202, int)
    for vector in users:
        found = nearest.retrieve(UserProfile(vector=vector), eligible, 2, reach)
        assert found is not None
        got[found.rows] += 1
    assert got[200] / len(users) == pytest.approx(reach, abs=0.05)
    assert got[201] / len(users) <= reach + 0.05


def test_lists_of_an_hour_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [7200.0]
    monkeypatch.setattr("graphrec.api.live.new_items.time.time", lambda: now[0])
    lists = NewItemLists(2)
    lists.add(["pot", "rug"])
    assert lists.full == frozenset()
    lists.add(["pot"])
    assert lists.full == {"pot"}
    now[0] += 3600
    assert lists.full == frozenset()
    assert not NewItemLists(None).limited


def test_a_sample_is_spread_over_all() -> None:
    assert evenly(3).tolist() == [0, 1, 2]
    assert evenly(0).tolist() == []
    assert len(evenly(10_000)) == SAMPLE
    assert evenly(10_000)[-1] == 9_999
