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
    """Embeds new users, where the model can."""
    item_encoder: ItemEncoder | None = None
    """Embeds new items, where the model has learned vectors of features or links."""
    friends: Annotated[sparse.csr_array | None, axes("user", "user")] = None  # [U, U]
    """The friends of each user, where the encoder aggregates them."""
    kinds: Annotated[sparse.csr_array | None, axes("user", "item")] = None  # [U, I]
    """The kinds of events of each pair (`graphrec.data.kind_relations`), where the encoder weighs
    them."""

    @property
    def item_without_bias(self) -> NDArray[np.float32]:
        """The item vectors without the bias, which the last dimension is if all users have 1 there.

        For comparing items with each other, as biases say how popular they are.
        """
        return self.item[:, :-1] if self.biased else self.item

    @cached_property
    def item_lengths(self) -> NDArray[np.float32]:
        """Lengths of `item_without_bias` [I], and 1 where a vector is all zeros."""
        length = np.linalg.norm(self.item_without_bias, axis=1)
        return np.where(length > 0, length, 1).astype(np.float32)

    @property
    def user_without_bias(self) -> NDArray[np.float32]:
        """The user vectors without the constant that goes with that bias."""
        return self.user[:, :-1] if self.biased else self.user

    @cached_property
    def biased(self) -> bool:
        """Whether all users have 1 in the last dimension, which makes it a bias of the items."""
        return self.user.shape[1] > 1 and bool((self.user[:, -1] == 1).all())

    def score(self, users: Rows) -> NDArray[np.float32]:
        """[B, I]."""
        return self.user[users] @ self.item.T

    def score_histories(self, histories: sparse.csr_array) -> NDArray[np.float32]:
        """[B, I] for histories [B, I] of any users, by the encoder; zeros where there is none."""
        if self.encoder is None:
            return np.zeros(histories.shape, np.float32)
        rows = np.split(histories.indices, histories.indptr[1:-1])
        return np.stack([self.encoder.embed(history) for history in rows]) @ self.item.T
