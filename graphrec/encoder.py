"""The forward pass of a trained model that embeds a user from items alone, in NumPy.

With GraphSAGE a user is made of what their neighbours tell them (Hamilton, Ying & Leskovec,
NeurIPS 2017), so one whom training never met is embedded like any other; with matrix factorisation,
one whom training never met is the mean of the vectors of their items. Serving needs no torch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Rows

SLOPE = 0.2
"""Of the leaky ReLU of attention below zero, as in GAT (Veličković et al., ICLR 2018)."""


@dataclass(frozen=True)
class Encoder:
    """An aggregator over items, and maybe the length that the result is brought to.

    What items say is put together by its mean; with `attention`, by a mean whose weights are a
    softmax over the items; with `readout`, by its largest elements.
    """

    messages: NDArray[np.float32]  # [I, M] what each item tells a user who likes it
    base: NDArray[np.float32]  # [dim] the same for every user, such as 1 before an item bias
    length: float | None = None
    """Of what the items say together; None leaves it at the mean's, 0 stays 0."""
    attention: NDArray[np.float32] | None = None
    """How loud each item is, and how loud it makes the others seem [I, 2]."""
    readout: NDArray[np.float32] | None = None  # [M, dim] from the largest elements to a vector
    softening: float = 0.0
    """The number of items that brings a user to half the length: a few items say little."""

    def embed(self, items: Rows) -> NDArray[np.float32]:
        """The embedding [dim] of someone who likes the H `items`; `base` where H is 0."""
        if len(items) == 0:
            return self.base
        said = self._heard(items)
        if self.length is not None:
            length = self.length * len(items) / (len(items) + self.softening)
            said = said * (length / max(float(np.linalg.norm(said)), 1e-12))
        return self.base + said

    def _heard(self, items: Rows) -> NDArray[np.float32]:
        messages = self.messages[items]
        if self.readout is not None:
            return messages.max(axis=0) @ self.readout
        if self.attention is not None:
            loud, seeming = self.attention[items].T
            score = loud + seeming.mean()
            score = np.maximum(score, SLOPE * score)
            weight = np.exp(score - score.max())
            return weight / weight.sum() @ messages
        return messages.mean(axis=0)
