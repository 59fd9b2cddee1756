"""Gated recurrence in NumPy: what `graphrec.models.sequence.gru4rec` trains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphrec.models.sequence.layers.basic import Affine, at_last, sigmoid


@dataclass(frozen=True)
class Gates:
    """A layer of gated recurrent units (Cho et al., EMNLP 2014), in torch's order of gates."""

    inputs: Affine  # [from, 3 * hidden]: reset, update, new
    states: Affine  # [hidden, 3 * hidden]

    def __call__(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """[B, L, from] -> [B, L, hidden]: the state after each place."""
        hidden = len(self.states.weight)
        given = self.inputs(x).swapaxes(0, 1)  # [L, B, 3 * hidden]
        found = np.empty((*given.shape[:2], hidden), np.float32)
        state = np.zeros((len(x), hidden), np.float32)
        for now, after in zip(given, found, strict=True):
            before = self.states(state)
            gates = sigmoid(now[:, : 2 * hidden] + before[:, : 2 * hidden])
            new = np.tanh(now[:, 2 * hidden :] + gates[:, :hidden] * before[:, 2 * hidden :])
            np.add(new, gates[:, hidden:] * (state - new), out=after)
            state = after
        return found.swapaxes(0, 1)


@dataclass(frozen=True)
class RecurrentLayers:
    """Layers of units over the vectors of items, and a map to the vectors that score."""

    layers: tuple[Gates, ...]
    output: Affine

    def last(
        self,
        vectors: NDArray[np.float32],
        gaps: NDArray[np.uint8],
        counts: NDArray[np.integer],
    ) -> NDArray[np.float32]:
        """As `Layers.last`."""
        for layer in self.layers:
            vectors = layer(vectors)
        return self.output(at_last(vectors, counts))
