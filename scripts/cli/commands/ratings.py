"""`graphrec evaluate --task rating`: models of what users would give items, compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from graphrec.cli.output import OUT, print_table, progress_bars
from graphrec.cli.splits import attributes_of, read_graph

from graphrec.counts import counted
from graphrec.data import Graph
from graphrec.data.dataset import Dataset
from graphrec.errors import MissingExtra, SettingsError
from graphrec.evaluation.rating_evaluation import (
    RatingComparison,
    RatingSplit,
    by_time,
    given,
    random_folds,
)
from graphrec.evaluation.rating_metrics import rmse_difference
from graphrec.evaluation.results import Metric
from graphrec.ratings import RATING_MODELS
from graphrec.ratings.log import Ratings, ratings_of
from graphrec.settings import Settings
from graphrec.training.ratings import compare_rating_models, rating_model

RESAMPLES = 1000
"""Bootstrap resamples of users for the intervals of differences."""


def rating_models(models: str, settings: Settings) -> tuple[str, ...]:
    """The models of a comma-separated list, or all that are installed for `auto`.

    Raises SettingsError for an unknown one, or for none, and MissingExtra.
    """
    if models == "auto":
        return tuple(name for name in RATING_MODELS if _is_installed(name, settings))
    names = tuple(dict.fromkeys(name.strip() for name in models.split(",") if name.strip()))
    if not names:
        raise SettingsError(f"no models given: expected some of {', '.join(RATING_MODELS)}")
    for name in names:
        rating_model(name, settings)  # an unknown one is an error before any work
    return names


def _is_installed(name: str, settings: Settings) -> bool:
    try:
        rating_model(name, settings)
    except MissingExtra:
        return False
    return True


def compare_ratings(
    data: Graph,
    settings: Settings,
    *,
    models: str,
    protocol: str,
    folds: int | None,
    against: str | None,
    k: int | None,
    test: Graph | None = None,
) -> Mapping[str, Any]:
    """Compare models of ratings, print the tables, and return the figures.

    `data` and `test` are graphs as recorded. Raises SettingsError for a protocol that ratings do
    not have, and what splitting and fitting raise.
    """
    names = rating_models(models, settings)
    if against is not None and against not in names:
        raise SettingsError(f"--against is {against!r}: expected one of {', '.join(names)}")
    title, splits = _splits(data, test, settings, protocol, folds)
    with progress_bars() as progress:
        found = compare_rating_models(
            names,
            splits,
            settings,
            protocol=title,
            k=k or settings.evaluation.k,
            progress=progress,
        )
    show_ratings(found)
    if against is not None:
        show_rating_differences(found, against)
    return found.as_json()


def read_ratings(
    train: Path,
    test: Path,
    items: Path | None,
    users: Path | None,
    settings: Settings,
    rejects: Path,
) -> tuple[Graph, Graph]:
    """The graphs of two files of events, as recorded, the first with attributes.

    Raises what reading raises.
    """
    known = read_graph(train, settings, rejects)
    attributes = attributes_of(known, items, users, settings, rejects)
    return Graph(known.interactions, attributes), read_graph(test, settings, rejects)


def _splits(
    data: Graph, test: Graph | None, settings: Settings, protocol: str, folds: int | None
) -> tuple[str, Sequence[RatingSplit]]:
    """The name of the protocol, and its splits."""

    def of(graph: Graph) -> Ratings:
        return ratings_of(Dataset(graph, settings.kinds), settings.ratings.kind)

    if protocol not in ("auto", "temporal") or (folds and (test or protocol == "temporal")):
        asked = f"--protocol {protocol}" + (f" with --folds {folds}" if folds else "")
        if test is not None and protocol == "auto":
            asked = f"--test with --folds {folds}"
        raise SettingsError(
            f"{asked} is no way to split ratings: expected --folds alone, for random folds, "
            f"--protocol temporal, or --train and --test; give one of the three"
        )
    if test is not None:
        return "given", given(of(data), of(test))
    if protocol == "temporal":
        return "temporal", by_time(of(data), settings.evaluation.test_share)
    count = folds or settings.ratings.folds
    return f"{count}-fold", random_folds(of(data), count, settings.seed)


def show_ratings(found: RatingComparison) -> None:
    """The table of models: errors with intervals, the order they give, and what they took."""

    def value(metric: Metric | None) -> str:
        return "–" if metric is None else f"{metric.value:.4f}"

    def interval(metric: Metric) -> str:
        return "–" if metric.low is None else f"{metric.low:.3f}–{metric.high:.3f}"

    ordered = f"ndcg@{found.k}"
    rows = [
        [
            result.model,
            value(result.metrics["rmse"]),
            interval(result.metrics["rmse"]),
            value(result.metrics["mae"]),
            value(result.metrics["mse"]),
            value(result.metrics.get("fcp")),
            value(result.metrics.get(ordered)),
            f"{result.fit_seconds + result.predict_seconds:.1f}",
        ]
        for result in found.results
    ]
    columns = ["model", "RMSE", "interval", "MAE", "MSE", "FCP", ordered.upper(), "s"]
    print_table(f"Ratings, a {found.protocol} split", columns, rows)
    fallbacks = found.results[0].fallbacks
    OUT.print(
        f"{counted(found.ratings, 'rating')} from {found.low:g} to {found.high:g}, of "
        f"{counted(found.users, 'user')} and {counted(found.items, 'item')}; {fallbacks:,} of them "
        f"predicted from biases alone, as the user or the item had no other. Interval: of RMSE, "
        f"95 % bootstrap over users; FCP: share of a user's pairs of items that are put in the "
        f"right order; {ordered.upper()}: of what was predicted of a user, in the order of the "
        f"predictions; s: seconds to fit and predict."
    )


def show_rating_differences(found: RatingComparison, against: str) -> None:
    """The table of how much less each model errs than `against`, for the same ratings."""
    sums = {result.model: result.sums for result in found.results}
    rows = []
    for name, own in sums.items():
        if name != against:
            rng = np.random.default_rng(found.seed)
            difference, low, high = rmse_difference(own, sums[against], rng, RESAMPLES)
            rows.append([name, f"{difference:+.4f}", f"{low:+.4f} to {high:+.4f}"])
    print_table(f"RMSE minus that of {against}", ["model", "difference", "interval"], rows)
    OUT.print("Below 0 is better. Interval: 95 % bootstrap over users, paired by user.")
