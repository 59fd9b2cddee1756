"""A user-item matrix scaled by the sums of its weights by user and by item, its weighted degrees.

The sums are taken and raised to powers in double precision: weights that have faded through many
half-lives are too small for single.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse


def shares(histories: sparse.csr_array) -> sparse.csr_array:
    """Each history of weights [B, I] divided by its sum, as float32; empty ones stay empty."""
    user = np.repeat(np.arange(histories.shape[0]), np.diff(histories.indptr))
    total = np.bincount(user, histories.data, histories.shape[0])
    total = np.maximum(total, np.finfo(np.float64).tiny)  # a stored weight may be 0
    data = histories.data / total[user]
    return sparse.csr_array(
        (data.astype(np.float32), histories.indices, histories.indptr), histories.shape
    )


def normalised(
    matrix: sparse.csr_array, user_exponent: float, item_exponent: float
) -> sparse.csr_array:
    """D_u^-user_exponent · R · D_i^-item_exponent of weights R [U, I], as float32 [U, I].

    In units of the largest entry.
    """
    data = scaled(matrix, user_exponent, item_exponent)
    data /= data.max(initial=0) or 1
    return sparse.csr_array((data.astype(np.float32), matrix.indices, matrix.indptr), matrix.shape)


def scaled(
    matrix: sparse.csr_array,
    user_exponent: float,
    item_exponent: float,
    by_item: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """The entries of `normalised` [U, I], in their order, in units of the weights.

    `by_item` [I] are the sums by item where the matrix holds some of the users alone.
    """
    by_user = np.asarray(matrix.sum(axis=1, dtype=np.float64)).ravel()
    data = matrix.data * np.repeat(_power(by_user, -user_exponent), np.diff(matrix.indptr))
    data *= _power(item_degrees(matrix) if by_item is None else by_item, -item_exponent)[
        matrix.indices
    ]
    return data


def item_degrees(matrix: sparse.csr_array) -> NDArray[np.float64]:
    """The sums of weights [U, I] by item [I]."""
    return np.asarray(matrix.sum(axis=0, dtype=np.float64)).ravel()


def popularity_factor(matrix: sparse.csr_array, exponent: float) -> NDArray[np.float32]:
    """The sums of weights [U, I] by item, relative to the largest, ^ exponent: float32 [I].

    0 for an item without weights.
    """
    return factor_of(item_degrees(matrix), exponent)


def factor_of(popularity: NDArray[np.float64], exponent: float) -> NDArray[np.float32]:
    """The same of the sums by item [I]."""
    relative = popularity / (popularity.max(initial=0) or 1)
    return _power(relative, exponent).astype(np.float32)


def _power(values: NDArray[np.float64], exponent: float) -> NDArray[np.float64]:
    """Each value ^ exponent, 0 where a value is 0."""
    return np.power(values, exponent, out=np.zeros_like(values), where=values > 0)
