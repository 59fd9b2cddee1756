"""graphrec: graph-based recommendations, from an interaction log to a live, explained service.

::

    import graphrec as gr

    data = gr.Dataset.from_frame(events, items=items)
    recommender = gr.Recommender.fit(data, seed=0)
    recommender.recommend("42", k=10)

    train, test = gr.split.temporal(data, share=0.1)
    gr.compare([gr.MF(dim=64), gr.EASE()], train, test, k=10)

Names are imported when they are first used: `import graphrec` imports no library, and a model's
library (torch, DGL, scikit-learn, implicit) is only needed for that model.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphrec import errors as errors
    from graphrec import ratings as ratings
    from graphrec import split as split
    from graphrec.data.dataset import Dataset as Dataset
    from graphrec.data.weighting import KindPolicy as KindPolicy
    from graphrec.evaluation.compare import compare as compare
    from graphrec.evaluation.compare import evaluate as evaluate
    from graphrec.evaluation.rating_evaluation import RatingComparison as RatingComparison
    from graphrec.evaluation.rating_evaluation import compare_ratings as compare_ratings
    from graphrec.evaluation.results import Comparison as Comparison
    from graphrec.evaluation.test_set import TestSet as TestSet
    from graphrec.evaluation.test_set import TrainTest as TrainTest
    from graphrec.models.content_knn import ContentKNN as ContentKNN
    from graphrec.models.ease import EASE as EASE
    from graphrec.models.graph_filter.model import GraphFilter as GraphFilter
    from graphrec.models.graphsage.model import GraphSAGE as GraphSAGE
    from graphrec.models.ials import IALS as IALS
    from graphrec.models.knn import ItemKNN as ItemKNN
    from graphrec.models.knn import UserKNN as UserKNN
    from graphrec.models.mf import MF as MF
    from graphrec.models.neumf import NeuMF as NeuMF
    from graphrec.models.popularity import Popularity as Popularity
    from graphrec.models.popularity import RecentPopularity as RecentPopularity
    from graphrec.models.random import Random as Random
    from graphrec.models.rp3beta import RP3Beta as RP3Beta
    from graphrec.models.sequence.caser import Caser as Caser
    from graphrec.models.sequence.gru4rec import GRU4Rec as GRU4Rec
    from graphrec.models.sequence.sasrec import SASRec as SASRec
    from graphrec.models.sequence.two_tower import TwoTower as TwoTower
    from graphrec.models.svd import SVD as SVD
    from graphrec.recommend.query import Query as Query
    from graphrec.recommend.recommender import Recommender as Recommender
    from graphrec.settings import Settings as Settings
    from graphrec.settings import load_settings as load_settings
    from graphrec.training.fusion import Fusion as Fusion
    from graphrec.training.lambdamart import LambdaMART as LambdaMART

    __version__: str

_MODULES = ("errors", "ratings", "split")
"""Public modules."""

_HOMES = {
    "Caser": "models.sequence.caser",
    "Comparison": "evaluation.results",
    "ContentKNN": "models.content_knn",
    "Dataset": "data.dataset",
    "EASE": "models.ease",
    "Fusion": "training.fusion",
    "GRU4Rec": "models.sequence.gru4rec",
    "GraphFilter": "models.graph_filter.model",
    "GraphSAGE": "models.graphsage.model",
    "IALS": "models.ials",
    "ItemKNN": "models.knn",
    "KindPolicy": "data.weighting",
    "LambdaMART": "training.lambdamart",
    "MF": "models.mf",
    "NeuMF": "models.neumf",
    "Popularity": "models.popularity",
    "Query": "recommend.query",
    "RP3Beta": "models.rp3beta",
    "Random": "models.random",
    "RecentPopularity": "models.popularity",
    "Recommender": "recommend.recommender",
    "SASRec": "models.sequence.sasrec",
    "SVD": "models.svd",
    "Settings": "settings",
    "TestSet": "evaluation.test_set",
    "TrainTest": "evaluation.test_set",
    "TwoTower": "models.sequence.two_tower",
    "UserKNN": "models.knn",
    "RatingComparison": "evaluation.rating_evaluation",
    "compare": "evaluation.compare",
    "compare_ratings": "evaluation.rating_evaluation",
    "evaluate": "evaluation.compare",
    "load_settings": "settings",
}
"""By name, the module of this package that has it."""

__all__ = [
    "EASE",
    "IALS",
    "MF",
    "SVD",
    "Caser",
    "Comparison",
    "ContentKNN",
    "Dataset",
    "Fusion",
    "GRU4Rec",
    "GraphFilter",
    "GraphSAGE",
    "ItemKNN",
    "KindPolicy",
    "LambdaMART",
    "NeuMF",
    "Popularity",
    "Query",
    "RP3Beta",
    "Random",
    "RatingComparison",
    "RecentPopularity",
    "Recommender",
    "SASRec",
    "Settings",
    "TestSet",
    "TrainTest",
    "TwoTower",
    "UserKNN",
    "__version__",
    "compare",
    "compare_ratings",
    "errors",
    "evaluate",
    "load_settings",
    "ratings",
    "split",
]


if not TYPE_CHECKING:  # else any name would seem to be there

    def __getattr__(name: str) -> Any:
        """Import a public name; raises AttributeError, and MissingExtra without its library.

        `__version__` is that of the installed package.
        """
        if name in _MODULES:
            return import_module(f"graphrec.{name}")
        if name == "__version__":
            value: Any = import_module("importlib.metadata").version("graphrec")
        elif name in _HOMES:
            value = _imported(name)
        else:
            raise AttributeError(f"module 'graphrec' has no attribute {name!r}")
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return __all__


def _imported(name: str) -> Any:
    try:
        return getattr(import_module(f"graphrec.{_HOMES[name]}"), name)
    except ModuleNotFoundError as error:
        if (error.name or "graphrec").startswith("graphrec"):
            raise
        extra = import_module("graphrec.errors").MissingExtra
        raise extra(f"graphrec.{name}", error.name or "torch", "train") from error
