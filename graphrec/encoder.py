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


@dataclass(frozen=True)
class Encoder:
    """A linear aggregator over items, and maybe the length that the result is brought to."""

    messages: NDArray[np.float32]  # [I, dim] what each item tells a user who likes it
    base: NDArray[np.float32]  # [dim] the same for every user, such as 1 before an item bias
    length: float | None = None
    """Of what the items say together; None leaves it at the mean's, 0 stays 0."""

    def embed(self, items: Rows) -> NDArray[np.float32]:
        """The embedding [dim] of someone who likes the H `items`; `base` where H is 0."""
        if len(items) == 0:
            return self.base
        said = self.messages[items].mean(axis=0)
        if self.length is not None:
            said = said * (self.length / max(float(np.linalg.norm(said)), 1e-12))
        return self.base + said
