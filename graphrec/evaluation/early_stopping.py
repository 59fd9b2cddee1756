"""How many epochs to train: a hyper-parameter, chosen on validation like any other.

Training runs once on the validation split's train part and stops when NDCG has not risen for
`patience` epochs. The model that counts is then fitted on everything in the number of epochs that
was best, so that it also learns from the newest events, which validation had held back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import numpy as np

from graphrec.data.dataset import Dataset
from graphrec.evaluation.evaluator import evaluate
from graphrec.evaluation.splits.split import Split, sample_users
from graphrec.models.protocol import EpochModel, Scorer
from graphrec.progress import Progress

MAX_USERS = 4_000
"""Validation users that are ranked after each epoch; of more, a random sample."""

ModelOfEpochs = TypeVar("ModelOfEpochs", bound=EpochModel)


@dataclass(frozen=True)
class Chosen(Generic[ModelOfEpochs]):
    """A model with the best number of epochs, and what it had learned in them."""

    model: ModelOfEpochs
    scorer: Scorer | None
    """Fitted on the train side of validation; None where there was nothing to choose on."""
    curve: tuple[float, ...] = ()
    """NDCG@k on validation after each epoch, from the first."""


def choose_epochs(
    model: ModelOfEpochs,
    validation: Split,
    rng: np.random.Generator,
    *,
    k: int,
    patience: int = 10,
    progress: Progress | None = None,
    judged: Callable[[int, float], None] | None = None,
) -> Chosen[ModelOfEpochs]:
    """The model with the `epochs` after which NDCG@k on `validation` was best.

    At most `model.epochs`; just these where the validation split holds nothing, as of a tiny log.
    `judged` is told the NDCG@k after each epoch, from 1. Raises what fitting, `evaluate` and
    `judged` raise.
    """
    if not len(validation.test):
        return Chosen(model, None)
    shown = sample_users(validation, MAX_USERS, rng)
    curve: list[float] = []
    best, best_epoch = -np.inf, 0
    learned: Scorer | None = None
    train = Dataset.of_weights(validation.train)
    for epoch, scorer in enumerate(model.train(train, rng), start=1):
        result = evaluate(scorer, shown, k=k, resamples=0, rng=rng)
        value = result.metrics[f"ndcg@{k}"].value
        curve.append(value)
        if value > best:
            best, best_epoch, learned = value, epoch, scorer
        if progress:
            progress("choosing epochs", epoch, min(model.epochs, best_epoch + patience))
        if judged:
            judged(epoch, value)
        if epoch - best_epoch >= patience:
            break
    best_model = replace(model, epochs=best_epoch)  # type: ignore[type-var]  # models are dataclasses
    return Chosen(best_model, learned, tuple(curve))
