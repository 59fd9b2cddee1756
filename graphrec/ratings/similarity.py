"""Similarities of rows by what they have in common: cosine, Pearson and Euclidean.

They are of the deviations from the baseline, so that someone who rates everything high is not like
everyone else who does. Each is shrunk by n / (n + shrinkage), where n is how many columns two rows
have in common: a similarity of few is chance (Koren, TKDD 2010).
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Similarity: TypeAlias = Literal["cosine", "pearson", "euclidean"]

BLOCK_FLOATS = 2**21
"""In a block of similarities that is held at a time."""


def similar_rows(
    deviations: sparse.csr_array, similarity: Similarity, shrinkage: float, kept: int
) -> sparse.csr_array:
    """The `kept` most similar rows of each row, above 0, of deviations [N, M]: float32 [N, N].

    With the sums over the columns that both rows have:

    - cosine: Σ xy / √(Σx² Σy²);
    - pearson: the same of x and y less their means there;
    - euclidean: 1 / (1 + the mean of (x - y)²).
    """
    count = deviations.shape[0]
    ones = sparse.csr_array(
        (np.ones(deviations.nnz), deviations.indices, deviations.indptr), deviations.shape
    )
    squares = deviations.power(2)
    columns = [each.T.tocsc() for each in (deviations, ones, squares)]
    size = max(1, BLOCK_FLOATS // max(count, 1))
    blocks = []
    for start in range(0, count, size):
        block = slice(start, start + size)
        x, one, square = deviations[block], ones[block], squares[block]
        common = (one @ columns[1]).toarray()
        product = (x @ columns[0]).toarray()
        of_x, of_y = (square @ columns[1]).toarray(), (one @ columns[2]).toarray()
        if similarity == "pearson":
            sum_x, sum_y = (x @ columns[1]).toarray(), (one @ columns[0]).toarray()
            found = _pearson(common, product, of_x, of_y, sum_x, sum_y)
        elif similarity == "cosine":
            found = _quotient(product, np.sqrt(of_x * of_y))
        else:
            found = 1 / (1 + _quotient(np.maximum(of_x - 2 * product + of_y, 0), common))
        found *= common / np.maximum(common + shrinkage, 1e-12)
        found[np.arange(len(found)), start + np.arange(len(found))] = 0  # a row is no neighbour
        blocks.append(_strongest(found, kept))
    return sparse.csr_array(sparse.vstack(blocks)) if blocks else sparse.csr_array((0, 0))


def _pearson(
    common: NDArray[np.float64],
    product: NDArray[np.float64],
    of_x: NDArray[np.float64],
    of_y: NDArray[np.float64],
    sum_x: NDArray[np.float64],
    sum_y: NDArray[np.float64],
) -> NDArray[np.float64]:
    covariance = product - _quotient(sum_x * sum_y, common)
    spread_x = np.maximum(of_x - _quotient(sum_x**2, common), 0)
    spread_y = np.maximum(of_y - _quotient(sum_y**2, common), 0)
    spread = np.sqrt(spread_x * spread_y)
    return _quotient(covariance, np.where(spread > 1e-9, spread, 0))


def _quotient(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """A / b, and 0 where b is 0."""
    return np.divide(a, b, out=np.zeros_like(a), where=b > 0)


def _strongest(found: NDArray[np.float64], kept: int) -> sparse.csr_array:
    """The `kept` largest numbers above 0 of each row, as a sparse matrix."""
    if kept < found.shape[1]:
        least = np.partition(found, -kept, axis=1)[:, -kept, None]
        found = np.where(found >= least, found, 0)
    return sparse.csr_array(np.maximum(found, 0).astype(np.float32))
