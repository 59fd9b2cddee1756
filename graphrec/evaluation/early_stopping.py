"""Early stopping: the number of epochs, chosen on validation.

Training runs once on the train side of the validation split and stops when NDCG has not risen for
`patience` epochs. The final model is then fitted on all events in the best number of epochs, so
that it also learns from the newest ones, which validation had held out.
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
    """A model with the best number of epochs, and its scorer after them."""

    model: ModelOfEpochs
    scorer: Scorer | None
    """Fitted on the train side of validation; None where the validation split is empty."""
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
    after_epoch: Callable[[int, float], None] | None = None,
) -> Chosen[ModelOfEpochs]:
    """The model with the `epochs` after which NDCG@k on `validation` was best.

    At most `model.epochs`; exactly these where the validation split is empty. `after_epoch` is
    called with each epoch, from 1, and its NDCG@k. Raises what fitting, `evaluate` and
    `after_epoch` raise.
    """
    if not len(validation.test):
        return Chosen(model, None)
    sampled = sample_users(validation, MAX_USERS, rng)
    curve: list[float] = []
    best, best_epoch = -np.inf, 0
    best_scorer: Scorer | None = None
    train = Dataset.of_weights(validation.train)
    for epoch, scorer in enumerate(model.train(train, rng), start=1):
        result = evaluate(scorer, sampled, k=k, resamples=0, rng=rng)
        value = result.metrics[f"ndcg@{k}"].value
        curve.append(value)
        if value > best:
            best, best_epoch, best_scorer = value, epoch, scorer
        if progress:
            progress("choosing epochs", epoch, min(model.epochs, best_epoch + patience))
        if after_epoch:
            after_epoch(epoch, value)
        if epoch - best_epoch >= patience:
            break
    best_model = replace(model, epochs=best_epoch)  # type: ignore[type-var]  # models are dataclasses
    return Chosen(best_model, best_scorer, tuple(curve))
