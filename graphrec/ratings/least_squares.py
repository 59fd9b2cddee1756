"""Ridge regressions that factorisations alternate between, for many rows at a time.

N rows (users, or items), M columns (the others), k coefficients of a row.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

BLOCK_FLOATS = 2**24
"""In the normal equations that are held at a time."""


def grams(pairs: sparse.csr_array, design: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sum of z zᵀ over the columns of each row: [N, k, k], of rows z of `design` [M, k].

    `pairs` [N, M] stores 1 where there is a rating.
    """
    count = design.shape[1]
    first, second = np.triu_indices(count)
    sums = pairs @ (design[:, first] * design[:, second])
    found = np.empty((pairs.shape[0], count, count))
    found[:, first, second] = sums
    found[:, second, first] = sums
    return found


def solve_rows(
    pairs: sparse.csr_array,
    targets: sparse.csr_array,
    design: NDArray[np.float64],
    precision: NDArray[np.float64],
    prior: NDArray[np.float64],
    noise: float,
    rng: np.random.Generator | None = None,
) -> NDArray[np.float64]:
    """The coefficients w of each row, given what it rated: [N, k].

    They minimise noise · Σ (target − w·z)² + (w − prior)ᵀ precision (w − prior); with `rng` they
    are drawn from the normal distribution whose mean that is. `prior` is [N, k], `precision`
    [k, k], and `targets` has values in the places of `pairs`.
    """
    found = np.empty_like(prior)
    size = max(1, BLOCK_FLOATS // design.shape[1] ** 2)
    for start in range(0, len(prior), size):
        block = slice(start, min(start + size, len(prior)))
        whole = block.stop - start == len(prior)
        own, values = (each if whole else each[block] for each in (pairs, targets))
        system = noise * grams(own, design) + precision
        right = noise * (values @ design) + prior[block] @ precision
        found[block] = np.linalg.solve(system, right[:, :, None])[:, :, 0]
        if rng is not None:
            root = np.linalg.cholesky(system)
            drawn = rng.normal(size=right.shape)[:, :, None]
            found[block] += np.linalg.solve(root.transpose(0, 2, 1), drawn)[:, :, 0]
    return found


def ridge(
    features: sparse.csr_array,
    right: NDArray[np.float64],
    penalty: float,
    start: NDArray[np.float64],
    *,
    steps: int = 20,
    tolerance: float = 1e-3,
) -> NDArray[np.float64]:
    """The solution [F, k] of (XᵀX + penalty) b = right, of sparse X [N, F], by conjugate gradients.

    Each of the k columns by itself, from `start` on, until what is left of all is below the
    `tolerance`, as a share of `right`, or after so many steps.
    """
    transposed = features.T.tocsr()

    def times(b: NDArray[np.float64]) -> NDArray[np.float64]:
        product: NDArray[np.float64] = transposed @ (features @ b) + penalty * b
        return product

    found = start.copy()
    left = right - times(found)
    step = left.copy()
    norm = (left**2).sum(0)
    enough = tolerance**2 * np.maximum((right**2).sum(0), 1e-30)
    for _ in range(steps):
        if (norm <= enough).all():
            break
        product = times(step)
        length = norm / np.maximum((step * product).sum(0), 1e-300)
        found += length * step
        left -= length * product
        after = (left**2).sum(0)
        step = left + after / np.maximum(norm, 1e-300) * step
        norm = after
    return found
