"""Early stopping: the number of epochs, chosen on validation.

Training runs once on the train side of each cut of the validation split and stops when NDCG has not
risen for `patience` epochs. The final model is then fitted on all events in the number of epochs
that was selected (`graphrec.ranking.selection`), so that it also learns from the newest ones, which
validation had held out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import numpy as np

from graphrec.data.dataset import Dataset
from graphrec.evaluation.evaluator import evaluate
from graphrec.evaluation.results import Evaluation
from graphrec.evaluation.splits.split import Split, sample_users
from graphrec.models.protocol import EpochModel, Model, Scorer
from graphrec.progress import Progress
from graphrec.ranking.selection import Rule, Shown, select

MAX_USERS = 4_000
"""Validation users that are ranked after each epoch; of more, a random sample."""

AnyModel = TypeVar("AnyModel", bound=Model, covariant=True)
ModelOfEpochs = TypeVar("ModelOfEpochs", bound=EpochModel)


@dataclass(frozen=True)
class Chosen(Generic[AnyModel]):
    """A model with what was selected of it, such as its epochs, and what it learned in them."""

    model: AnyModel
    scorers: tuple[Scorer, ...] = ()
    """Fitted on the train sides of the cuts of validation, in their order; none where validation is
    empty, or they were not kept."""
    curve: tuple[float, ...] = ()
    """NDCG@k on validation after each epoch, from the first."""


def choose_epochs(
    model: ModelOfEpochs,
    validation: Split,
    rng: np.random.Generator,
    *,
    k: int,
    rule: Rule = "accuracy",
    patience: int = 10,
    progress: Progress | None = None,
    after_epoch: Callable[[int, float], None] | None = None,
) -> Chosen[ModelOfEpochs]:
    """The model with the `epochs` that the `rule` selects by its lists on `validation`.

    At most `model.epochs`; exactly these where the validation split is empty. `after_epoch` is
    called with each epoch, from 1, and its NDCG@k. Raises what fitting, `evaluate` and
    `after_epoch` raise.
    """
    if not len(validation.test):
        return Chosen(model)
    sampled = [sample_users(cut, MAX_USERS, rng) for cut in validation.cuts]
    rngs = [rng, *rng.spawn(len(sampled) - 1)]
    runs = [
        model.train(Dataset.of_weights(cut.train), own)
        for cut, own in zip(sampled, rngs, strict=True)
    ]
    shown: list[Shown] = []
    best, best_epoch = -np.inf, 0
    kept, kept_epoch = (), 0
    for epoch, scorers in enumerate(zip(*runs, strict=True), start=1):
        results = [
            evaluate(scorer, cut, k=k, resamples=0, rng=rng)
            for scorer, cut in zip(scorers, sampled, strict=True)
        ]
        shown.append(Shown.over([_shown(result, k) for result in results]))
        value = shown[-1].mean
        if value > best:
            best, best_epoch = value, epoch
        if select(shown, rule) == epoch - 1:
            kept, kept_epoch = scorers, epoch
        if progress:
            progress("choosing epochs", epoch, min(model.epochs, best_epoch + patience))
        if after_epoch:
            after_epoch(epoch, value)
        if epoch - best_epoch >= patience:
            break
    epochs = select(shown, rule) + 1
    chosen = replace(model, epochs=epochs)  # type: ignore[type-var]  # models are dataclasses
    curve = tuple(each.mean for each in shown)
    return Chosen(chosen, kept if kept_epoch == epochs else (), curve)


def _shown(result: Evaluation, k: int) -> Shown:
    """What a model shows on a cut."""
    ndcg = result.per_user[f"ndcg@{k}"]

    def value(name: str) -> float:
        return result.metrics[name].value if name in result.metrics else 0.0

    return Shown(ndcg[~np.isnan(ndcg)], value(f"coverage@{k}"), value(f"overlap@{k}"))
