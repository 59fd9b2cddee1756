"""What an evaluation found: metrics with intervals, and several models on one split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Rows
from graphrec.errors import MissingExtra
from graphrec.evaluation.splits.split import Split
from graphrec.models.hyper_parameters import Point

if TYPE_CHECKING:
    import pandas as pd

SHOWN = ("ndcg", "recall", "hit", "mrr", "coverage", "overlap", "long_tail", "lift")
"""Metrics in the table; `Comparison.to_frame` has all."""


@dataclass(frozen=True)
class Metric:
    """A mean over users, and its 95 % confidence interval, where one was computed."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Slice:
    """Recall and NDCG over some of the users, or with only some of the relevant items."""

    users: int
    """Users with a value in this slice."""
    metrics: Mapping[str, Metric]


@dataclass(frozen=True, repr=False)
class Evaluation:
    """The metrics of one model's lists; T users have a test event."""

    k: int
    users: Rows  # [T] in ascending order
    per_user: Mapping[str, NDArray[np.float64]]  # by metric such as "recall@20": [T]
    metrics: Mapping[str, Metric]
    """Those of `per_user`, and of all lists together. One that no user has a value for is left out.
    """
    slices: Mapping[str, Slice]
    """`warm_users` and `cold_users`: with and without a positive event in train; `users_1_to_2` and
    so on: by the number of items with one; `head_items` and `tail_items`: relevant items in and
    outside the most popular fifth; `cold_items`: relevant items without a positive event in train.
    """
    score_seconds: float
    """Scoring and ranking of all T users."""

    def __repr__(self) -> str:
        values = ", ".join(f"{name} {metric.value:.4f}" for name, metric in self.metrics.items())
        return f"Evaluation({len(self.users):,} users: {values})"


@dataclass(frozen=True)
class ModelResult:
    """The evaluation of a model, and the time and memory that it took."""

    model: str
    evaluation: Evaluation
    epochs: int | None
    """Those of the final fit; None for a model that does not learn in epochs."""
    fit_seconds: float
    """Choosing epochs and fitting on the whole of train."""
    peak_mib: float | None
    """Highest resident memory of the process during fit and evaluation, in MiB: data included."""
    chosen: Mapping[str, Point] = field(default_factory=dict)
    """Hyper-parameters that were open and were chosen on validation, by the name of the model: its
    own, or of a fusion, that of its neighbourhood."""
    note: str = ""
    """What else validation says of it, in a sentence."""

    def as_json(self) -> dict[str, Any]:
        """The figures, times in seconds."""
        return {
            "model": self.model,
            "metrics": metrics_json(self.evaluation.metrics),
            "epochs": self.epochs,
            "chosen": {name: dict(values) for name, values in self.chosen.items()},
            "note": self.note,
            "fit_seconds": self.fit_seconds,
            "score_seconds": self.evaluation.score_seconds,
            "peak_mib": self.peak_mib,
            "slices": {
                name: {"users": part.users, "metrics": metrics_json(part.metrics)}
                for name, part in self.evaluation.slices.items()
            },
        }


@dataclass(frozen=True, repr=False)
class Comparison:
    """Models evaluated on one split."""

    results: tuple[ModelResult, ...]
    split: Split
    k: int
    seed: int
    """Of the draws of users for the intervals, and of what was fitted."""
    validation: Split | None = None
    """Where epochs were chosen; None where every model kept the hyper-parameters it had."""
    protocol: str = "given"
    """How the split was made."""
    curves: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """NDCG@k on validation after each epoch, from the first, by the models that learn in epochs."""

    def to_frame(self) -> pd.DataFrame:
        """A row for each model, a column for each metric, such as "ndcg@10".

        Beside a metric stand the ends of its 95 % interval, "ndcg@10_low" and "ndcg@10_high", and
        at the end the seconds that fitting and scoring took. Raises MissingExtra without pandas.
        """
        try:
            pandas: Any = import_module("pandas")
        except ModuleNotFoundError as error:
            raise MissingExtra("a data frame", error.name or "pandas", "ingest") from error
        rows = {}
        for result in self.results:
            row: dict[str, float | None] = {}
            for name, metric in result.evaluation.metrics.items():
                row[name] = metric.value
                if metric.low is not None:
                    row |= {f"{name}_low": metric.low, f"{name}_high": metric.high}
            row["fit_seconds"] = result.fit_seconds
            row["score_seconds"] = result.evaluation.score_seconds
            rows[result.model] = row
        frame: pd.DataFrame = pandas.DataFrame.from_dict(rows, orient="index")
        return frame.rename_axis("model")

    def as_json(self) -> dict[str, Any]:
        """The figures, in the order of the results, as `graphrec evaluate --json` writes them.

        Sizes count events; `train` includes what validation was carved from. `cutoff` is in
        milliseconds since 1970, null where the split is not by time.
        """
        split = self.split
        return {
            "protocol": self.protocol,
            "cutoff": split.cutoff,
            "k": self.k,
            "seed": self.seed,
            "users": len(split.train.users),
            "items": len(split.train.items),
            "train": len(split.train.interactions),
            "valid": 0 if self.validation is None else len(self.validation.test),
            "test": len(split.test),
            "test_users": len(np.unique(split.test.user)),
            "repeats": split.repeats,
            "models": [result.as_json() for result in self.results],
            "curves": {name: list(curve) for name, curve in self.curves.items()},
        }

    def __repr__(self) -> str:
        table = [self._head(), *self._rows()]
        width = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = []
        for row in table:
            first, *others = row
            cells = [first.ljust(width[0])]
            cells += [cell.rjust(w) for cell, w in zip(others, width[1:], strict=True)]
            lines.append("  ".join(cells).rstrip())
        return "\n".join([*lines, self._note()])

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{escape(cell)}</th>" for cell in self._head())
        rows = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
            for row in self._rows()
        )
        return (
            f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
            f"<p>{escape(self._note())}</p>"
        )

    def _names(self) -> list[str]:
        shown = (f"{name}@{self.k}" for name in SHOWN)
        return [name for name in shown if name in self.results[0].evaluation.metrics]

    def _head(self) -> list[str]:
        return ["model", *self._names(), "seconds"]

    def _rows(self) -> list[list[str]]:
        return [
            [
                result.model,
                *(_cell(result.evaluation.metrics[name]) for name in self._names()),
                f"{result.fit_seconds + result.evaluation.score_seconds:.1f}",
            ]
            for result in self.results
        ]

    def _note(self) -> str:
        users = len(self.results[0].evaluation.users)
        return f"{users:,} test users; in brackets: 95 % bootstrap over users"


def chosen_text(chosen: Mapping[str, Point]) -> str:
    """Hyper-parameters that were chosen, as people read them: "graph-filter: low_pass 0.1"."""
    return "; ".join(
        f"{name}: {', '.join(f'{key} {value:g}' for key, value in values.items())}"
        for name, values in chosen.items()
    )


def metrics_json(values: Mapping[str, Metric]) -> dict[str, dict[str, float | None]]:
    """Values and intervals by name."""
    return {n: {"value": m.value, "low": m.low, "high": m.high} for n, m in values.items()}


def _cell(metric: Metric) -> str:
    value = f"{metric.value:.4f}"
    return value if metric.low is None else f"{value} ({metric.low:.3f}–{metric.high:.3f})"
