"""A perceptron over two vectors, evaluated in NumPy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Rows
from graphrec.data.axes import axes

BLOCK_FLOATS = 2**22
"""In the widest layer, of the pairs that are evaluated at a time."""


@dataclass(frozen=True)
class Perceptron:
    """The residual of a pair is the inner product of both vectors, and what layers of rectified
    units make of them.
    """

    user: Annotated[NDArray[np.float32], axes("user")]  # [U, dim]
    item: Annotated[NDArray[np.float32], axes("item")]  # [I, dim]
    weights: tuple[NDArray[np.float32], ...]  # [3 dim, width], [width, …], …, [width, 1]
    offsets: tuple[NDArray[np.float32], ...]  # [width], …, [1]

    def residual(self, users: Rows, items: Rows) -> NDArray[np.float64]:
        """[N]."""
        found = np.empty(len(users))
        size = max(1, BLOCK_FLOATS // max(each.shape[0] for each in self.weights))
        for start in range(0, len(users), size):
            block = slice(start, start + size)
            one, other = self.user[users[block]], self.item[items[block]]
            product = one * other
            layer = np.hstack([one, other, product])
            for weight, offset in zip(self.weights[:-1], self.offsets[:-1], strict=True):
                layer = np.maximum(layer @ weight + offset, 0)
            found[block] = (layer @ self.weights[-1] + self.offsets[-1])[:, 0] + product.sum(1)
        found[~self.user[users].any(axis=1)] = 0  # users who came after it was trained
        return found
