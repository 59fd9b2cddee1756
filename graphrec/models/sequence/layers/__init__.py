"""The forward passes that serve, in NumPy: what training learned, as arrays."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Layers(Protocol):
    """Layers over the vectors of histories; a frozen dataclass of arrays."""

    def last(
        self, vectors: NDArray[np.float32], gaps: NDArray[np.uint8], counts: NDArray[np.integer]
    ) -> NDArray[np.float32]:
        """The states [B, dim] after the last items of B histories.

        `vectors` [B, L, dim] are of their items, of which each has `counts` [B], at least one; what
        comes after these counts nothing. `gaps` [B, L] are those of `graphrec.data.sequences`.
        """
        ...
