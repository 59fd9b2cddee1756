"""Tables of vectors: what the embedding models learn and what Faiss indexes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Rows
from graphrec.encoder import Encoder


@dataclass(frozen=True)
class Embeddings:
    """A scorer by inner product."""

    user: NDArray[np.float32]  # [U, dim]
    item: NDArray[np.float32]  # [I, dim]
    encoder: Encoder | None = None
    """Makes a user's vector out of items, where the model can."""

    def score(self, users: Rows) -> NDArray[np.float32]:
        """[B, I]."""
        return self.user[users] @ self.item.T
