"""A fitted model: ids in, ids out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Generic, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Graph, Rows, Vocabulary
from graphrec.data.dataset import Dataset
from graphrec.data.ids import as_id, as_ids
from graphrec.errors import SettingsError
from graphrec.models.embeddings import Embeddings
from graphrec.models.hyper_parameters import check_values
from graphrec.models.scorer import ItemScores, Scorer, Vectors
from graphrec.models.top_k import top_k

Seed: TypeAlias = int | np.random.Generator
"""A generator is drawn from as it is; a number begins a new one."""

BLOCK_SCORES = 2**24
"""Scores held at a time."""

AnyScorer = TypeVar("AnyScorer", bound=Scorer, covariant=True)


@dataclass(frozen=True)
class ModelLists:
    """Ranked lists, one for each of B users, best first. A list may be shorter than asked."""

    users: tuple[str, ...]
    items: tuple[tuple[str, ...], ...]
    scores: tuple[tuple[float, ...], ...]

    def __len__(self) -> int:
        return len(self.users)

    def to_frame(self) -> Any:
        """A pandas data frame of columns `user`, `rank` (from 1), `item` and `score`."""
        pandas = import_module("pandas")  # not before it is asked for: what serves has none
        lengths = [len(items) for items in self.items]
        return pandas.DataFrame(
            {
                "user": np.repeat(np.array(self.users, object), lengths),
                "rank": [rank for n in lengths for rank in range(1, n + 1)],
                "item": [item for items in self.items for item in items],
                "score": [score for scores in self.scores for score in scores],
            }
        )


@dataclass(frozen=True)
class FittedModel(Generic[AnyScorer]):
    """What a model learned, with the ids of the U users and I items it learned from."""

    users: Vocabulary
    items: Vocabulary
    seen: sparse.csr_array  # bool [U, I], what users interacted with
    scorer: AnyScorer
    """The same model by row."""

    @classmethod
    def of(cls, graph: Graph, scorer: AnyScorer) -> FittedModel[AnyScorer]:  # type: ignore[misc]  # only read
        """A scorer that was fitted to a graph."""
        return cls(graph.users, graph.items, graph.seen, scorer)

    def score(self, rows: Rows) -> NDArray[np.float32]:
        """As `Scorer.score`: [B, I]."""
        return self.scorer.score(rows)

    def recommend(
        self, users: str | Sequence[str], k: int = 10, *, exclude_seen: bool = True
    ) -> ModelLists:
        """The `k` items with the highest scores for each user, equal ones in the order of rows.

        Items that a user has interacted with are left out, unless `exclude_seen` is False. Raises
        UnknownNode for a user who is not in the data.
        """
        one = isinstance(users, str | int | np.integer)
        ids = tuple(as_ids((users,) if one else users))
        rows = np.array([self.users.row(user, "user") for user in ids], np.int32)
        items: list[tuple[str, ...]] = []
        scores: list[tuple[float, ...]] = []
        size = max(1, BLOCK_SCORES // max(len(self.items), 1))
        for start in range(0, len(rows), size):
            block = rows[start : start + size]
            found = self.score(block)
            best = top_k(found, k, self.seen[block] if exclude_seen else None)
            for row, ranked in zip(found, best, strict=True):
                listed = ranked[ranked >= 0]
                items.append(tuple(self.items.ids[item] for item in listed.tolist()))
                scores.append(tuple(row[listed].tolist()))
        return ModelLists(ids, tuple(items), tuple(scores))

    @property
    def user_vectors(self) -> NDArray[np.float32]:
        """The vectors of the users [U, dim], in the order of `users.ids`.

        A score is the inner product with an item's vector. Raises SettingsError for a model
        without vectors.
        """
        return self._vectors().user

    @property
    def item_vectors(self) -> NDArray[np.float32]:
        """The vectors of the items [I, dim], in the order of `items.ids`; as `user_vectors`."""
        return self._vectors().item

    def similar_items(self, item: str, k: int = 10) -> ModelLists:
        """The `k` items most similar to an item, as the list of that item.

        By the cosine of vectors, or by the scores of a history of this one item. Raises UnknownNode
        for an item that is not in the data, and SettingsError for a model with neither.
        """
        item = as_id(item)
        row = self.items.row(item, "item")
        if isinstance(self.scorer, Vectors):
            similarity = _cosines(self.scorer, row)
        elif isinstance(self.scorer, ItemScores):
            similarity = self.scorer.score_history(
                np.array([row], np.int32), np.ones(1, np.float32)
            )
        else:
            raise SettingsError(
                f"{type(self.scorer).__name__} has no similarities of items: expected a model with "
                f"vectors or with scores from item to item; fit ItemKNN, GraphFilter or MF, for one"
            )
        itself = sparse.csr_array(([True], ([0], [row])), (1, len(self.items)))
        [ranked] = top_k(similarity[None], k, itself)
        listed = ranked[ranked >= 0]
        ids = tuple(self.items.ids[each] for each in listed.tolist())
        return ModelLists((item,), (ids,), (tuple(similarity[listed].tolist()),))

    def _vectors(self) -> Vectors:
        if not isinstance(self.scorer, Vectors):
            raise SettingsError(
                f"{type(self.scorer).__name__} has no vectors: expected a model of vectors; fit "
                f"SVD, IALS, MF or GraphSAGE"
            )
        return self.scorer


def prepare(model: Any, data: Dataset, seed: Seed) -> tuple[Graph, np.random.Generator]:
    """What a fit starts with: the weighted graph of the data, and a generator.

    Raises SettingsError where a hyper-parameter of the model is out of its range.
    """
    check_values(model)
    return data.weighted, np.random.default_rng(seed)


def _cosines(vectors: Vectors, row: int) -> NDArray[np.floating]:
    """The cosines of all items to one [I], without the bias where there is one."""
    item = vectors.item_without_bias if isinstance(vectors, Embeddings) else vectors.item
    length = np.linalg.norm(item, axis=1)
    length[length == 0] = 1
    cosines: NDArray[np.floating] = item @ item[row] / (length * length[row])
    return cosines
