"""The model of ratings that the settings name: compared with others, and fitted for what serves."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from graphrec.data.dataset import Dataset
from graphrec.evaluation.evaluator import model_rng
from graphrec.evaluation.rating_evaluation import (
    RatingComparison,
    RatingSplit,
    evaluate_ratings,
)
from graphrec.progress import Progress
from graphrec.ratings import RatingModel, create_rating_model
from graphrec.ratings.log import rating_kinds, ratings_of
from graphrec.ratings.predictor import RatingPredictor
from graphrec.settings import RatingSettings, Settings


def rating_model(name: str, settings: Settings) -> RatingModel:
    """The model of a name, as the settings have it; raises SettingsError and MissingExtra."""
    return create_rating_model(name, settings.ratings.models.get(name))


def compare_rating_models(
    names: Sequence[str],
    splits: Sequence[RatingSplit],
    settings: Settings,
    *,
    protocol: str,
    k: int,
    progress: Progress | None = None,
) -> RatingComparison:
    """The named models on the same splits; raises what creating and fitting them raise."""
    return evaluate_ratings(
        {name: rating_model(name, settings) for name in names},
        splits,
        protocol=protocol,
        k=k,
        seed=settings.seed,
        resamples=settings.evaluation.resamples,
        progress=progress,
    )


def fit_ratings(data: Dataset, spec: RatingSettings, seed: int) -> RatingPredictor | None:
    """What predicts ratings once it serves; None where none shall, or there are no ratings.

    Where several kinds of events are ratings and the settings name none there is none either, and a
    Python warning says so. Raises DataError where the named kind has no ratings.
    """
    if spec.model is None:
        return None
    kinds = rating_kinds(data)
    if spec.kind is None and len(kinds) != 1:
        if kinds:
            warnings.warn(
                f"no model of ratings: events of kinds {', '.join(kinds)} are all ratings; name "
                f"one to predict, as in [ratings] kind = {kinds[0]!r}",
                stacklevel=2,
            )
        return None
    rated = ratings_of(data, spec.kind).as_dataset()
    model = create_rating_model(spec.model, spec.models.get(spec.model))
    return model.fit(rated, model_rng(seed, f"ratings {spec.model}")).predictor
