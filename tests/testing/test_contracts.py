"""Somebody's own store or model, held to the contracts from outside the package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

MODEL = """
from dataclasses import dataclass
import numpy as np
import pytest
from graphrec.models.protocol import FittedModel
from graphrec.testing.models import ModelContract

@dataclass(frozen=True)
class Scores:
    of_pairs: np.ndarray

    def score(self, users):
        return self.of_pairs[users]

@dataclass(frozen=True)
class CoOccurrence:
    \"\"\"Items that are liked together, counted.\"\"\"

    bonus: float = 0.0

    def fit(self, data, seed=0):
        graph = data.weighted
        likes = graph.matrix.toarray()
        scores = Scores((likes @ (likes.T @ likes) {wrong}).astype(np.float32))
        return FittedModel.of(graph, scores)

class TestCoOccurrence(ModelContract):
    @pytest.fixture
    def model(self):
        return CoOccurrence()

    def plain_model(self):
        return CoOccurrence()
"""

STORE = """
import itertools
import pytest
from graphrec.store.sqlite.store import SQLiteStore
from graphrec.testing.stores import POLICY, StoreContract

class Mine(SQLiteStore):
    {wrong}

class TestMine(StoreContract):
    @pytest.fixture
    def fresh(self, tmp_path):
        numbers = itertools.count()
        return lambda: Mine(tmp_path / f"{{next(numbers)}}.db", POLICY)
"""

FORGETS_NOTHING = """
    def forget_user(self, user):
        return False
"""

MARKS_ALL = """
    def events_since(self, position, limit=10_000, whole_users=False):
        page = super().events_since(position, limit, whole_users)
        return page._replace(changed=page.changed | True)
"""


def outcome(folder: Path, code: str, only: str = "") -> tuple[set[str], str]:
    """The tests that fail in a module of somebody's own, and what pytest says at the end."""
    (folder / "test_own.py").write_text(code)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", only]
    done = subprocess.run(
        [*command, "test_own.py"], cwd=folder, capture_output=True, text=True, check=False
    )
    lines = done.stdout.splitlines()
    failed = {line.split("::")[-1].split(" ")[0] for line in lines if line.startswith("FAILED")}
    return failed, lines[-1]


def test_a_model_of_ones_own_passes(tmp_path: Path) -> None:
    failed, summary = outcome(tmp_path, MODEL.format(wrong=""))
    assert not failed
    assert "7 passed" in summary


@pytest.mark.parametrize(
    ("wrong", "test"),
    [
        ("* -1", "test_recommends_the_missing_square_of_a_checkerboard"),
        ("+ np.random.default_rng().random(likes.shape)", "test_one_seed_gives_one_model"),
        ("/ np.maximum(likes.sum(1, keepdims=True), 0)", "test_users_and_items_without_inter"),
    ],
)
def test_a_wrong_model_fails(tmp_path: Path, wrong: str, test: str) -> None:
    failed, _ = outcome(tmp_path, MODEL.format(wrong=wrong))
    assert any(name.startswith(test) for name in failed), failed


def test_a_store_of_ones_own_passes(tmp_path: Path) -> None:
    failed, summary = outcome(tmp_path, STORE.format(wrong="pass"), "forgotten or since or popular")
    assert not failed
    assert " passed" in summary


@pytest.mark.parametrize(
    ("wrong", "test"),
    [
        (FORGETS_NOTHING, "test_a_forgotten_user_is_gone_and_the_others_stay"),
        (MARKS_ALL, "test_what_was_written_comes_with_all_events_of_its_pairs"),
    ],
)
def test_a_wrong_store_fails(tmp_path: Path, wrong: str, test: str) -> None:
    failed, _ = outcome(tmp_path, STORE.format(wrong=wrong), test)
    assert failed == {test}
