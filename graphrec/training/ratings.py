"""The model of ratings that the settings name: compared with others, and fitted for what serves."""

from __future__ import annotations

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
from graphrec.ratings.log import has_ratings, ratings_of
from graphrec.ratings.predictor import RatingPredictor
from graphrec.settings import Settings


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


def fit_ratings(data: Dataset, settings: Settings) -> RatingPredictor | None:
    """What predicts ratings once it serves; None where none shall, or there are no ratings.

    Raises DataError where several kinds of events are ratings and the settings name none.
    """
    name, kind = settings.ratings.model, settings.ratings.kind
    if name is None or (kind is None and not has_ratings(data)):
        return None
    rated = ratings_of(data, kind).as_dataset()
    model = rating_model(name, settings)
    return model.fit(rated, model_rng(settings.seed, f"ratings {name}")).predictor
