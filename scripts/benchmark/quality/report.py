"""Everything about a run, as JSON."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import distributions
from typing import Any

from graphrec.evaluation.results import Comparison
from graphrec.settings import Settings
from scripts.benchmark.quality.against import differences, speeds
from scripts.benchmark.quality.folder import Question
from scripts.benchmark.quality.rows import Row

PACKAGES = (
    *("graphrec", "numpy", "scipy", "faiss-cpu", "torch", "dgl", "scikit-learn", "implicit"),
)
"""Whose versions can change a figure."""


def as_json(
    rows: Sequence[Row], question: Question, settings: Settings, *, data: str, k: int
) -> dict[str, Any]:
    """The figures of a `Comparison`, and beside them what is needed to run it again.

    Each of `models` has `peer`, `note`, `settings`, `versions` and `checkpoints` as well. Models
    without a result are under `failed`. Times are in seconds, memory in MiB.
    """
    done = [row for row in rows if row.result is not None]
    figures = Comparison(
        tuple(row.result for row in done if row.result is not None),
        question.split,
        k=k,
        seed=settings.seed,
        validation=question.validation,
        protocol=question.protocol,
    ).as_json()
    for row, found in zip(done, figures["models"], strict=True):
        found |= {
            "peer": row.is_peer,
            "note": row.note,
            "settings": dict(row.settings),
            "versions": dict(row.versions),
            "checkpoints": [asdict(each) for each in row.checkpoints],
        }
    resamples = settings.evaluation.resamples
    return {
        "data": data,
        **figures,
        "failed": [
            {"model": row.model, "peer": row.is_peer, "note": row.note}
            for row in rows
            if row.result is None
        ],
        "differences": [
            asdict(each) for each in differences(rows, resamples=resamples, seed=settings.seed)
        ],
        "speeds": [{**asdict(each), "times": each.times} for each in speeds(rows)],
        "settings": settings.model_dump(
            mode="json", include={"seed", "kinds", "models", "evaluation", "retrieval"}
        ),
        "versions": _versions(),
        "machine": {
            "cores": os.cpu_count(),
            "threads": os.environ.get("OMP_NUM_THREADS"),
            "python": platform.python_version(),
            "platform": platform.platform(),
        },
    }


def _versions() -> dict[str, str]:
    installed = {each.name.lower(): each.version for each in distributions()}
    return {package: installed[package] for package in PACKAGES if package in installed}
