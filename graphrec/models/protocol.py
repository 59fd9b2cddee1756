"""What a model is; `graphrec.testing.models` has the tests that every model passes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from graphrec.data.dataset import Dataset
from graphrec.models.embeddings import Embeddings
from graphrec.models.fitted import FittedModel, Seed
from graphrec.models.scorer import FoldIn, FollowsOrder, ItemScores, Scorer, Vectors

__all__ = [
    "EpochModel",
    "FittedModel",
    "FoldIn",
    "FollowsOrder",
    "ItemScores",
    "Model",
    "Scorer",
    "Seed",
    "Vectors",
    "WarmModel",
]


class Model(Protocol):
    """A frozen dataclass of hyper-parameters; fitting changes neither it nor the data."""

    def fit(self, data: Dataset, seed: Seed = 0) -> FittedModel[Scorer]:
        """Fit to all of `data`.

        Raises SettingsError where a hyper-parameter is out of its range.
        """
        ...


@runtime_checkable
class EpochModel(Model, Protocol):
    """A model that is trained in epochs, so that their number can be chosen."""

    @property
    def epochs(self) -> int:
        """The number of epochs that `fit` trains for."""
        ...

    def train(self, data: Dataset, seed: Seed) -> Iterator[Scorer]:
        """A scorer after every epoch, `epochs` of them; `fit` gives the last."""
        ...


@runtime_checkable
class WarmModel(Protocol):
    """A model of vectors whose training can go on from earlier vectors."""

    def can_resume(self, start: Embeddings, data: Dataset) -> bool:
        """Whether training on `data` can go on from `start`."""
        ...

    def train(
        self, data: Dataset, seed: Seed, start: Embeddings | None = None
    ) -> Iterator[Embeddings]:
        """As `EpochModel.train`, going on from `start`, which is in the rows of the data
        (`graphrec.models.training.warm_start`).
        """
        ...
