"""Causal convolutions in NumPy: what `graphrec.models.sequence.caser` trains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphrec.models.sequence.layers.basic import Affine, Norm, at_last


@dataclass(frozen=True)
class Convolution:
    """A convolution over the places of a history, none of which sees a later one."""

    taps: Affine  # [width * dim, dim], the oldest of the places that it sees first
    norm: Norm
    dilation: int
    """From one of these places to the next."""

    def __call__(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """[B, L, dim] -> [B, L, dim], added to what came in."""
        length, dim = x.shape[1:]
        width = len(self.taps.weight) // dim
        before = (width - 1) * self.dilation
        padded = np.pad(x, ((0, 0), (before, 0), (0, 0)))
        seen = [padded[:, at : at + length] for at in range(0, before + 1, self.dilation)]
        return self.norm(x + np.maximum(self.taps(np.concatenate(seen, axis=2)), 0))


@dataclass(frozen=True)
class ConvolutionLayers:
    """Convolutions, each over longer stretches of the history than the one before."""

    norm: Norm
    layers: tuple[Convolution, ...]

    def last(
        self,
        vectors: NDArray[np.float32],
        gaps: NDArray[np.uint8],
        counts: NDArray[np.integer],
    ) -> NDArray[np.float32]:
        """As `Layers.last`."""
        x = self.norm(vectors)
        for layer in self.layers:
            x = layer(x)
        return at_last(x, counts)
