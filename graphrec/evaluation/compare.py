"""Comparing models on a split of one's data, from Python: `compare` and `evaluate`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import MISSING, fields, is_dataclass, replace
from typing import Any

import numpy as np

from graphrec.data import Graph
from graphrec.data.dataset import Dataset
from graphrec.errors import DataError
from graphrec.evaluation import evaluator
from graphrec.evaluation.evaluator import fit_and_evaluate
from graphrec.evaluation.results import Comparison, Evaluation, ModelResult
from graphrec.evaluation.splits.split import Split
from graphrec.evaluation.test_set import TestSet
from graphrec.models import MODELS, Model, Scorer, create
from graphrec.progress import Progress

RESAMPLES = 1000
"""Of users, for the intervals."""

BASELINES = ("popularity", "item-knn")
"""Models that every comparison shows."""


def compare(
    models: Sequence[Model | Scorer],
    train: Dataset,
    test: TestSet,
    k: int = 10,
    seed: int = 0,
    *,
    resamples: int = RESAMPLES,
    progress: Progress | None = None,
) -> Comparison:
    """Fit models to `train` and evaluate the lists of their k best items on `test`.

    `test` is of the same split as `train` (`graphrec.split`). Models are fitted with the
    hyper-parameters they have; those that were fitted already are evaluated as they are, and must
    be fitted to the same users and items. Popularity and ItemKNN, with their defaults, are added
    where no model of their kind is given, so that every comparison shows what they reach.

    Intervals are a 95 % bootstrap over users with `resamples` resamples, none with 0. Raises
    DataError where train and test are not of one split, and what fitting raises.
    """
    split = _split(train, test)
    labelled = _labelled(models)
    results = []
    for step, (label, model) in enumerate(labelled.items()):
        if progress:
            progress(f"comparing {label}", step, len(labelled))
        if hasattr(model, "fit"):
            result = fit_and_evaluate(label, model, split, seed=seed, k=k, resamples=resamples)
        else:
            result = ModelResult(
                label, evaluate(model, replace(test, split=split), k, seed, resamples=resamples),
                None, 0.0, None,
            )  # fmt: skip
        results.append(result)
    return Comparison(tuple(results), split, k, seed)


def evaluate(
    fitted: Scorer, test: TestSet, k: int = 10, seed: int = 0, *, resamples: int = RESAMPLES
) -> Evaluation:
    """Evaluate the lists of the k best items of a fitted model; see `compare`.

    Raises DataError where it was fitted to other users or items than those of the test.
    """
    _require_same_rows(fitted, test.split.train)
    rng = np.random.default_rng(seed)
    return evaluator.evaluate(fitted, test.split, k=k, resamples=resamples, rng=rng)


def _split(train: Dataset, test: TestSet) -> Split:
    """The split, with what models are to be fitted to as its train side."""
    if train.users.ids != test.split.test.users.ids or train.items.ids != test.split.test.items.ids:
        raise DataError(
            f"train has {len(train.users):,} users and {len(train.items):,} items, and others than "
            f"the test, which has {len(test.split.test.users):,} and "
            f"{len(test.split.test.items):,}: expected two sides of one split; "
            f"make them with graphrec.split"
        )
    split = replace(test.split, train=train.weighted)
    pairs = split.train.seen[split.test.user, split.test.item]
    if np.any(pairs):
        raise DataError(
            f"train holds {np.count_nonzero(pairs):,} of {len(split.test):,} pairs of user and "
            f"item that the test asks for: expected none; make both with one call of "
            f"graphrec.split"
        )
    return split


def _require_same_rows(fitted: object, train: Graph) -> None:
    for nodes, expected in (("users", train.users), ("items", train.items)):
        found = getattr(fitted, nodes, expected)
        if found.ids != expected.ids:
            raise DataError(
                f"the model was fitted to {len(found):,} {nodes}, others than the "
                f"{len(expected):,} of the test: expected the same; fit it to the train side of "
                f"the split"
            )


def _labelled(models: Sequence[Model | Scorer]) -> dict[str, Any]:
    """The models by distinct labels, and after them the baselines that are missing."""
    labelled: dict[str, Any] = {}
    for model in models:
        label = first = _label(model)
        number = 1
        while label in labelled:
            number += 1
            label = f"{first} #{number}"
        labelled[label] = model
    for name in BASELINES:
        if not any(_name(model) == name for model in models):
            labelled[name] = create(name)
    return labelled


def _name(model: object) -> str:
    """The name of a model in MODELS, or that of its class."""
    of_class = type(model)
    for name, (module, class_name) in MODELS.items():
        if (of_class.__module__, of_class.__name__) == (f"graphrec.models.{module}", class_name):
            return name
    return of_class.__name__


def _label(model: object) -> str:
    """The name, and the hyper-parameters that are not the defaults: "mf(dim=64)"."""
    if not hasattr(model, "fit"):
        scorer = getattr(model, "scorer", model)
        return f"fitted {type(scorer).__name__}"
    changed = []
    for field in fields(model) if is_dataclass(model) else ():
        value = getattr(model, field.name)
        default = field.default_factory() if field.default_factory is not MISSING else field.default
        if value != default:
            changed.append(f"{field.name}={value!r}")
    return f"{_name(model)}({', '.join(changed)})" if changed else _name(model)
