"""Models of what a user would give an item: each a frozen dataclass, one file each.

::

    import graphrec as gr

    fitted = gr.ratings.BayesianSVD().fit(gr.Dataset.load("ml-100k"))
    fitted.predict("196", "242").rating

Classes are imported when they are first used: those that train with torch need it, and no model
needs it to predict.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from graphrec.errors import missing_extra
from graphrec.models import class_in, with_values
from graphrec.ratings.fitted import FittedRatings, RatingModel
from graphrec.ratings.log import Ratings, ratings_of
from graphrec.ratings.predictor import PredictedRating

if TYPE_CHECKING:
    from graphrec.ratings.bayesian import BayesianSVD as BayesianSVD
    from graphrec.ratings.biases import Biases as Biases
    from graphrec.ratings.biases import GlobalMean as GlobalMean
    from graphrec.ratings.blend import Blend as Blend
    from graphrec.ratings.factorisation import SVD as SVD
    from graphrec.ratings.factorisation import SVDpp as SVDpp
    from graphrec.ratings.graphsage import GraphSAGE as GraphSAGE
    from graphrec.ratings.knn import ItemKNN as ItemKNN
    from graphrec.ratings.knn import UserKNN as UserKNN
    from graphrec.ratings.mlp import MLP as MLP

RATING_MODELS: Mapping[str, tuple[str, str]] = {
    "mean": ("biases", "GlobalMean"),
    "biases": ("biases", "Biases"),
    "user-knn": ("knn", "UserKNN"),
    "item-knn": ("knn", "ItemKNN"),
    "svd": ("factorisation", "SVD"),
    "svd++": ("factorisation", "SVDpp"),
    "bayesian-svd": ("bayesian", "BayesianSVD"),
    "mlp": ("mlp", "MLP"),
    "graphsage": ("graphsage", "GraphSAGE"),
    "blend": ("blend", "Blend"),
}
"""Module and class of each model, by its name in settings and commands."""

_CLASSES = {name: module for module, name in RATING_MODELS.values()}

__all__ = [
    "MLP",
    "RATING_MODELS",
    "SVD",
    "BayesianSVD",
    "Biases",
    "Blend",
    "FittedRatings",
    "GlobalMean",
    "GraphSAGE",
    "ItemKNN",
    "PredictedRating",
    "RatingModel",
    "Ratings",
    "SVDpp",
    "UserKNN",
    "create_rating_model",
    "ratings_of",
]


def create_rating_model(
    name: str, hyper_parameters: Mapping[str, Any] | None = None
) -> RatingModel:
    """The model `name`, or "module:Class" from outside the package, with its hyper-parameters.

    Those that are not given have their defaults. Raises SettingsError for an unknown name or
    hyper-parameter and for a value out of range, and MissingExtra where its library is not
    installed.
    """
    model = class_in(RATING_MODELS, "graphrec.ratings", "model of ratings", name)
    return cast(
        "RatingModel",
        with_values(model, f"ratings.models.{name}", hyper_parameters or {}),
    )


if not TYPE_CHECKING:  # else any name would seem to be there

    def __getattr__(name: str) -> Any:
        """Import a model; raises AttributeError, and MissingExtra without its library."""
        if name not in _CLASSES:
            raise AttributeError(f"module 'graphrec.ratings' has no attribute {name!r}")
        try:
            found = getattr(import_module(f"graphrec.ratings.{_CLASSES[name]}"), name)
        except ModuleNotFoundError as error:
            raise missing_extra(f"graphrec.ratings.{name}", error) from error
        globals()[name] = found
        return found
