"""The rows of the table: a model of ours or a peer, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphrec.evaluation.results import ModelResult


@dataclass(frozen=True)
class Checkpoint:
    """How good a peer was while it learnt."""

    seconds: float
    """Of learning until then, without loading and ranking."""
    recall: float
    ndcg: float


@dataclass(frozen=True)
class Row:
    """A model and its figures, or why there are none."""

    model: str
    is_peer: bool
    result: ModelResult | None
    note: str | None = None
    """Why there is no result, or what must be known of it."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Hyper-parameters."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """Of the libraries of a peer."""
    checkpoints: tuple[Checkpoint, ...] = ()
    """Of a peer, in the order of time."""

    @property
    def ndcg(self) -> float:
        """Of all test users; what rows are compared by. -1 where there is no result."""
        if self.result is None:
            return -1.0
        evaluation = self.result.evaluation
        return evaluation.metrics[f"ndcg@{evaluation.k}"].value

    @property
    def seconds(self) -> float:
        """To the result, choosing included; infinite where there is none."""
        return float("inf") if self.result is None else self.result.fit_seconds
