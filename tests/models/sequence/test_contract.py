"""Models of sequences against the contract of all models."""

from __future__ import annotations

from typing import Any

import pytest

from graphrec.models import Model, create
from graphrec.testing.models import ModelContract

pytestmark = pytest.mark.slow

SMALL: dict[str, Any] = {
    "dim": 16,
    "length": 12,
    "dropout": 0.1,
    "batch_size": 64,
    "learning_rate": 0.01,
    "warmup_steps": 5,
}
QUICK: dict[str, Any] = {"dim": 4, "length": 3, "epochs": 2, "negatives": 4}


class TestSASRec(ModelContract):
    @pytest.fixture(params=[{}, {"loss": "softmax", "heads": 2}, {"filter_share": 0.5}])
    def model(self, request: pytest.FixtureRequest) -> Model:
        pytest.importorskip("torch")
        return create("sasrec", {**SMALL, "epochs": 15, "negatives": 50, **request.param})

    def plain_model(self) -> Model:
        pytest.importorskip("torch")
        return create("sasrec", QUICK)


class TestGRU4Rec(ModelContract):
    @pytest.fixture
    def model(self) -> Model:
        pytest.importorskip("torch")
        return create("gru4rec", {**SMALL, "epochs": 20, "negatives": 50})

    def plain_model(self) -> Model:
        pytest.importorskip("torch")
        return create("gru4rec", QUICK)


class TestCaser(ModelContract):
    @pytest.fixture
    def model(self) -> Model:
        pytest.importorskip("torch")
        return create("caser", {**SMALL, "epochs": 15, "negatives": 50})

    def plain_model(self) -> Model:
        pytest.importorskip("torch")
        return create("caser", QUICK)


class TestTwoTower(ModelContract):
    @pytest.fixture
    def model(self) -> Model:
        pytest.importorskip("torch")
        return create("two-tower", {**SMALL, "epochs": 15, "negatives": 50})

    def plain_model(self) -> Model:
        pytest.importorskip("torch")
        return create("two-tower", QUICK)
