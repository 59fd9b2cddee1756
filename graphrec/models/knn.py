"""Neighbourhood models: item-kNN and user-kNN over one similarity.

With x the weighted user-item matrix, v_u = (positive events of u)^-user_exponent, and the sums over
users u, the similarity of a history item h to a target item t is

    cosine    Σ v_u x_uh x_ut / (‖x_h‖^2a ‖x_t‖^2b + shrinkage)
    jaccard   users(h and t) / (users(h or t) + shrinkage)
    pearson   Σ (x_uh - x̄_h)(x_ut - x̄_t) / (U σ_h σ_t + shrinkage)

and each target keeps its `neighbours` most similar items. Plain cosine is a = b = ½ and
user_exponent = 0 (Sarwar et al. 2001); a ≠ b is the asymmetric cosine of Aiolli (RecSys 2013);
user_exponent > 0 lets a heavy user's vote count less, as in the random walks P3α and RP3β
(Paudel et al. 2017). The shrinkage term is that of Ferrari Dacrema et al. (RecSys 2019).
For users, read the formulas with the matrix transposed.

The weights of the matrix are the sums of the weights of the events of a pair
(`graphrec.data.weighting`). Without shrinkage a factor common to all of them changes no ranking.
Where they are counts with a long tail, such as plays, or have shrunk through many half-lives,
`binary` or `bm25` may do better.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Rows
from graphrec.data.dataset import Dataset
from graphrec.models.fitted import FittedModel, Seed, prepare
from graphrec.models.history import HistoryScorer, ItemWeights
from graphrec.models.hyper_parameters import Count, NotNegative, Options, Search

Similarity: TypeAlias = Literal["cosine", "jaccard", "pearson"]
Weighting: TypeAlias = Literal["none", "binary", "tfidf", "bm25"]

BLOCK_ENTRIES = 4_000_000
"""Similarities held at a time before they are cut to the nearest neighbours."""


@dataclass(frozen=True)
class ItemKNN:
    """Items that are similar to those in the user's history."""

    similarity: Similarity = "cosine"
    weighting: Annotated[Weighting, Options(get_args(Weighting))] = "none"
    neighbours: Annotated[Count, Search(20, 2000, log=True)] = 400
    shrinkage: Annotated[NotNegative, Search(0.0, 50.0)] = 0.0
    user_exponent: Annotated[NotNegative, Search(0.0, 2.0)] = 0.5
    history_exponent: Annotated[NotNegative, Search(0.0, 1.0)] = 0.5
    target_exponent: Annotated[NotNegative, Search(0.0, 1.0)] = 0.3

    def fit(self, data: Dataset, seed: Seed = 0) -> FittedModel[HistoryScorer[ItemWeights]]:
        """Similarities of all pairs of items that share a user, the nearest kept."""
        graph, _ = prepare(self, data, seed)
        history = weighted(graph.matrix, self.weighting)
        to_history = nearest(
            history,
            self.similarity,
            self.neighbours,
            shrinkage=self.shrinkage,
            sharer_exponent=self.user_exponent,
            neighbour_exponent=self.history_exponent,
            target_exponent=self.target_exponent,
        )
        return FittedModel.of(graph, HistoryScorer(history, ItemWeights(to_history.T.tocsr())))


@dataclass(frozen=True)
class UserKNNScorer:
    """Scores are sums, over similar users, of similarity times what they like."""

    history: sparse.csr_array  # [U, I] weights
    similarity: sparse.csr_array  # [U, U] from user (row) to neighbour (column)

    def score(self, users: Rows) -> NDArray[np.float32]:
        """[B, I]; zeros for a user with no history."""
        return (self.similarity[users] @ self.history).toarray()


@dataclass(frozen=True)
class UserKNN:
    """Items that similar users like."""

    similarity: Similarity = "cosine"
    weighting: Annotated[Weighting, Options(get_args(Weighting))] = "none"
    neighbours: Annotated[Count, Search(20, 2000, log=True)] = 200
    shrinkage: Annotated[NotNegative, Search(0.0, 50.0)] = 0.0
    item_exponent: Annotated[NotNegative, Search(0.0, 2.0)] = 0.5
    neighbour_exponent: Annotated[NotNegative, Search(0.0, 1.0)] = 0.5

    def fit(self, data: Dataset, seed: Seed = 0) -> FittedModel[UserKNNScorer]:
        """Similarities of all pairs of users that share an item, the nearest kept."""
        graph, _ = prepare(self, data, seed)
        history = weighted(graph.matrix, self.weighting)
        similarity = nearest(
            history.T.tocsr(),
            self.similarity,
            self.neighbours,
            shrinkage=self.shrinkage,
            sharer_exponent=self.item_exponent,
            neighbour_exponent=self.neighbour_exponent,
            target_exponent=0.5,
        )
        return FittedModel.of(graph, UserKNNScorer(history, similarity))


def weighted(matrix: sparse.csr_array, weighting: Weighting) -> sparse.csr_array:
    """Term weights for a [U, I] matrix, users as documents and items as terms.

    `tfidf`: √weight · ln(U / users) ; `bm25`: Robertson's saturation with K1 = 1.2, B = 0.75
    (Robertson & Zaragoza 2009); `binary`: 1; `none`: the weights as they are.
    """
    if weighting == "none":
        return matrix
    if weighting == "binary":
        data = np.ones_like(matrix.data)
    else:
        users, items = matrix.shape
        idf = np.log(users / np.maximum(np.bincount(matrix.indices, minlength=items), 1))
        if weighting == "tfidf":
            data = np.sqrt(matrix.data) * idf[matrix.indices]
        else:
            length = np.diff(matrix.indptr)
            relative = np.repeat(length / max(length.mean(), 1e-9), length)
            saturation = 2.2 * matrix.data / (1.2 * (0.25 + 0.75 * relative) + matrix.data)
            data = saturation * idf[matrix.indices]
    return sparse.csr_array((data.astype(np.float32), matrix.indices, matrix.indptr), matrix.shape)


def nearest(
    matrix: sparse.csr_array,
    similarity: Similarity,
    neighbours: int,
    *,
    shrinkage: float,
    sharer_exponent: float,
    neighbour_exponent: float,
    target_exponent: float,
) -> sparse.csr_array:
    """The nearest columns of each column of an [M, N] matrix, as positive float32 [N, N].

    Row t holds the similarities to the at most `neighbours` nearest of target t, ties to the
    lowest row.
    """
    count = matrix.shape[0]
    if similarity == "jaccard":
        matrix = weighted(matrix, "binary")
    columns = matrix.T.tocsr()  # [N, M]
    degree = np.diff(columns.indptr)
    total = np.asarray(matrix.sum(axis=0)).ravel().astype(np.float64)
    square = np.asarray(matrix.power(2).sum(axis=0)).ravel().astype(np.float64)
    votes = matrix
    if similarity == "cosine" and sharer_exponent:
        sharers = np.maximum(np.diff(matrix.indptr), 1) ** -sharer_exponent
        votes = sparse.diags_array(sharers.astype(np.float32)) @ matrix

    def scaled(products: sparse.csr_array, targets: NDArray[np.int64]) -> NDArray[np.float32]:
        t = np.repeat(targets, np.diff(products.indptr))
        h = products.indices
        shared = products.data.astype(np.float64)
        if similarity == "jaccard":
            scale = degree[t] + degree[h] - shared
        elif similarity == "pearson":
            shared = shared - total[t] * total[h] / count
            spread = np.sqrt(np.maximum(square - total**2 / count, 0))
            scale = spread[t] * spread[h]
        else:
            scale = square[h] ** neighbour_exponent * square[t] ** target_exponent
        scale = scale + shrinkage
        return np.divide(shared, scale, out=np.zeros_like(shared), where=scale > 0).astype("f4")

    return largest_products(columns, votes, neighbours, scaled)


Scaled: TypeAlias = Callable[[sparse.csr_array, NDArray[np.int64]], NDArray[np.float32]]
"""The values of a block of products [B, N], given which targets [B] are its rows."""


def largest_products(
    columns: sparse.csr_array, votes: sparse.csr_array, keep: int, scaled: Scaled
) -> sparse.csr_array:
    """Of [N, M] times [M, N], the `keep` largest positive values of each row, without the diagonal.

    Float32 [N, N], ties to the lowest column. The values are those of `scaled`. Memory is bounded
    by blocks of rows, cut as they are computed.
    """
    n = columns.shape[0]
    # A row has at most as many products as those who share its column have entries.
    ones = np.ones(columns.nnz, np.int64)
    entries = sparse.csr_array((ones, columns.indices, columns.indptr), columns.shape)
    work = np.cumsum(entries @ np.diff(votes.indptr))
    blocks = np.split(
        np.arange(n),
        np.unique(
            np.searchsorted(work, np.arange(BLOCK_ENTRIES, work[-1] if n else 0, BLOCK_ENTRIES))
        ),
    )
    parts = []
    for targets in blocks:
        if len(targets) == 0:
            continue
        products = sparse.csr_array(columns[targets] @ votes)
        products.sort_indices()
        values = scaled(products, targets)
        values[products.indices == np.repeat(targets, np.diff(products.indptr))] = 0
        parts.append(_largest(values, products.indices, products.indptr, keep, n))
    if not parts:
        return columns @ votes  # 0 by 0
    return sparse.csr_array(sparse.vstack(parts, format="csr"))


def _largest(
    values: NDArray[np.float32], indices: NDArray, indptr: NDArray, keep: int, columns: int
) -> sparse.csr_array:
    """The `keep` largest positive values of each row, ties to the lowest column."""
    chosen = []
    for start, end in pairwise(indptr):
        row = values[start:end]
        if end - start > keep:
            floor = np.partition(row, end - start - keep)[end - start - keep]
            above = np.flatnonzero(row > floor)
            ties = np.flatnonzero(row == floor)[: keep - len(above)]
            picked = np.sort(np.concatenate([above, ties]))
        else:
            picked = np.arange(end - start)
        chosen.append(start + picked[row[picked] > 0])
    lengths = np.cumsum([0, *map(len, chosen)])
    at = np.concatenate(chosen)
    return sparse.csr_array((values[at], indices[at], lengths), (len(chosen), columns))
