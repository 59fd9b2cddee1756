"""Tables of vectors: what the embedding models learn and what Faiss indexes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Rows
from graphrec.data.axes import axes
from graphrec.models.encoder import Encoder, ItemEncoder


@dataclass(frozen=True)
class Embeddings:
    """A scorer by inner product."""

    user: Annotated[NDArray[np.float32], axes("user", None)]  # [U, dim]
    item: Annotated[NDArray[np.float32], axes("item", None)]  # [I, dim]
    encoder: Encoder | None = None
    """Makes a user's vector out of items, where the model can."""
    newcomers: ItemEncoder | None = None
    """Makes an item's vector out of features and links, where the model has learned of any."""
    friends: Annotated[sparse.csr_array | None, axes("user", "user")] = None  # [U, U]
    """Whom each user hears, where the encoder listens to friends."""
    kinds: Annotated[sparse.csr_array | None, axes("user", "item")] = None  # [U, I]
    """In which ways each user likes each item (`graphrec.data.kind_relations`), where the encoder
    listens."""

    @property
    def item_taste(self) -> NDArray[np.float32]:
        """The item vectors without the bias, which the last dimension is if all users have 1 there.

        For comparing items with each other: their biases say how popular they are, not how alike.
        """
        return self.item[:, :-1] if self.biased else self.item

    @cached_property
    def item_lengths(self) -> NDArray[np.float32]:
        """Of these item vectors [I], and 1 where one is all zeros."""
        length = np.linalg.norm(self.item_taste, axis=1)
        return np.where(length > 0, length, 1).astype(np.float32)

    @property
    def user_taste(self) -> NDArray[np.float32]:
        """The user vectors, likewise."""
        return self.user[:, :-1] if self.biased else self.user

    @cached_property
    def biased(self) -> bool:
        """Whether all users have 1 in the last dimension, which makes it a bias of the items."""
        return self.user.shape[1] > 1 and bool((self.user[:, -1] == 1).all())

    def score(self, users: Rows) -> NDArray[np.float32]:
        """[B, I]."""
        return self.user[users] @ self.item.T

    def score_histories(self, histories: sparse.csr_array) -> NDArray[np.float32]:
        """[B, I] for histories [B, I] of anybody, by the encoder; zeros where there is none."""
        if self.encoder is None:
            return np.zeros(histories.shape, np.float32)
        rows = np.split(histories.indices, histories.indptr[1:-1])
        return np.stack([self.encoder.embed(history) for history in rows]) @ self.item.T
