"""The objective of a search of hyper-parameters: NDCG on a validation part of train."""

from __future__ import annotations

from graphrec.data import Graph
from graphrec.data.dataset import Dataset
from graphrec.errors import DataError
from graphrec.evaluation.early_stopping import MAX_USERS, choose_epochs
from graphrec.evaluation.evaluator import evaluate, model_rng
from graphrec.evaluation.splits.split import Split, carve_validation, of_kinds, sample_users
from graphrec.evaluation.variants import choose_variant
from graphrec.models import EpochModel, Model, create
from graphrec.models.hyper_parameters import Point, search_space
from graphrec.models.protocol import VariantModel
from graphrec.progress import Progress
from graphrec.settings import Settings
from graphrec.training.tune import Objective, Report


def validation_of(train: Graph, settings: Settings) -> Split:
    """The part of a weighed train graph that epochs are chosen on too, in the same draw.

    Raises DataError where it holds nothing, as of a tiny log.
    """
    rng = model_rng(settings.seed, "validation")
    validation = of_kinds(
        carve_validation(train, settings.evaluation.valid_share, rng), settings.evaluation.kinds
    )
    if not len(validation.test):
        raise DataError(
            f"validation set has 0 of {len(train.interactions)} events: expected at least 1 "
            f"positive one of an item that is new to its user; give more events, or raise "
            f"evaluation.valid_share in the settings"
        )
    return validation


def kept_values(name: str, chosen: Point) -> Point:
    """Those of the hyper-parameters that were set which a search leaves as they are."""
    model = create(name, chosen)
    space = search_space(type(model))
    return {key: getattr(model, key) for key in chosen if key not in space}


def known_settings(name: str, chosen: Point) -> tuple[Point, ...]:
    """What to start a search from: the defaults, and what was set where that is another.

    A hyper-parameter that is None is left out.
    """

    def searched(model: Model) -> Point:
        values = {key: getattr(model, key) for key in search_space(type(model))}
        return {key: value for key, value in values.items() if value is not None}

    default, current = searched(create(name)), searched(create(name, chosen))
    return (default,) if current == default else (default, current)


def validation_objective(
    name: str,
    kept: Point,
    validation: Split,
    *,
    seed: int,
    k: int,
    progress: Progress | None = None,
) -> Objective:
    """NDCG@k of the model `name` for the users of `validation`; of many, a random sample.

    `kept` are hyper-parameters that are the same in all trials, as is the randomness of a fit. A
    model of epochs has the score after its best epoch, and reports each; one that leaves
    hyper-parameters open has that of the best of its variants.
    """
    shown = sample_users(validation, MAX_USERS, model_rng(seed, "validation users"))

    def objective(point: Point, report: Report) -> float:
        model = create(name, {**kept, **point})
        choose_rng, fit_rng = model_rng(seed, name).spawn(2)
        if isinstance(model, VariantModel):
            model = choose_variant(model, shown, choose_rng, k=k)
        if not isinstance(model, EpochModel):
            scorer = model.fit(Dataset.of_weights(shown.train), fit_rng)
            result = evaluate(scorer, shown, k=k, resamples=0, rng=fit_rng)
            return result.metrics[f"ndcg@{k}"].value
        values: list[float] = []

        def after_epoch(epoch: int, value: float) -> None:
            values.append(value)
            report(epoch, value)

        choose_epochs(model, shown, choose_rng, k=k, progress=progress, after_epoch=after_epoch)
        return max(values)

    return objective
