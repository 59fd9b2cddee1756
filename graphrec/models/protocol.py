"""What a model is; `graphrec.testing.models` has the tests that every model passes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Rows
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
    "VariantModel",
    "VariantScorer",
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


class VariantScorer(Protocol):
    """The variants of a model, fitted together."""

    def score_variants(self, users: Rows) -> Iterator[NDArray[np.float32]]:
        """What each of `VariantModel.variants` gives the B users, as `Scorer.score`: [B, I]."""
        ...


@runtime_checkable
class VariantModel(Model, Protocol):
    """A model that leaves hyper-parameters open, with few values to choose from on validation."""

    def variants(self) -> Sequence[VariantModel]:
        """The model with each combination of these values; it alone where nothing is open.

        The first is what `fit` takes where nothing was chosen.
        """
        ...

    def fit_variants(self, data: Dataset, seed: Seed = 0) -> VariantScorer:
        """All of them fitted to the data, in less time than one by one."""
        ...
