"""What a model is; `graphrec.testing.models` has the tests that every model passes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Graph, Rows
from graphrec.models.embeddings import Embeddings


class Scorer(Protocol):
    """A fitted model."""

    def score(self, users: Rows) -> NDArray[np.float32]:
        """How much each of the B users would like each of the I items: finite, [B, I].

        A user who had no interactions in training gets a score all the same, from whatever the
        model knows without them, down to zeros.
        """
        ...


@runtime_checkable
class FoldIn(Protocol):
    """A fitted model that scores for anyone whose history it is shown."""

    def score_histories(self, histories: sparse.csr_array) -> NDArray[np.float32]:
        """How much people with these histories of weights [B, I] would like each item: [B, I]."""
        ...


class Model(Protocol):
    """A frozen dataclass of hyper-parameters; fitting returns another type and changes nothing."""

    def fit(self, graph: Graph, rng: np.random.Generator) -> Scorer:
        """Learn from all of `graph`, whose weights say what counts as positive."""
        ...


@runtime_checkable
class WarmModel(Protocol):
    """A model of vectors that can go on from what was learnt before."""

    def can_resume(self, start: Embeddings, graph: Graph) -> bool:
        """Whether these are vectors that it could have learnt of a graph like this."""
        ...

    def train(
        self, graph: Graph, rng: np.random.Generator, start: Embeddings | None = None
    ) -> Iterator[Embeddings]:
        """As of `EpochModel`; from `start`, in the rows of the graph
        (`graphrec.models.training.warm_start`).
        """
        ...


@runtime_checkable
class EpochModel(Model, Protocol):
    """A model that learns in epochs, so that how many is a hyper-parameter to be chosen."""

    @property
    def epochs(self) -> int:
        """How many epochs `fit` makes."""
        ...

    def train(self, graph: Graph, rng: np.random.Generator) -> Iterator[Scorer]:
        """A scorer after every epoch, `epochs` of them; `fit` returns the last."""
        ...
