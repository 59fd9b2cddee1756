"""What the layers are made of: affine maps, normalisation, activation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

EPSILON = 1e-5
"""Added to the variance by `Norm`, as in torch."""

SLOPE = np.float32(np.sqrt(2 / np.pi))
CUBIC = np.float32(0.044715)


@dataclass(frozen=True)
class Affine:
    """A linear map and a shift."""

    weight: NDArray[np.float32]  # [from, to]
    bias: NDArray[np.float32]  # [to]

    def __call__(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """[..., from] -> [..., to]."""
        found: NDArray[np.float32] = x @ self.weight + self.bias
        return found


@dataclass(frozen=True)
class Norm:
    """Layer normalisation (Ba et al. 2016)."""

    scale: NDArray[np.float32]  # [dim]
    shift: NDArray[np.float32]  # [dim]

    def __call__(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """[..., dim] -> [..., dim]."""
        size = np.float32(x.shape[-1])
        centred = x - x.sum(axis=-1, keepdims=True) / size
        variance = np.einsum("...d,...d->...", centred, centred)[..., None] / size
        found: NDArray[np.float32] = (
            centred / np.sqrt(variance + np.float32(EPSILON)) * self.scale + self.shift
        )
        return found


def gelu(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """The Gaussian error linear unit, by its approximation with tanh (Hendrycks & Gimpel 2016).

    In one array: new ones would be half of the time that attention takes.
    """
    inner: NDArray[np.float32] = x * x
    inner *= CUBIC
    inner += np.float32(1)
    inner *= x
    inner *= SLOPE
    np.tanh(inner, out=inner)
    inner += np.float32(1)
    inner *= x
    inner *= np.float32(0.5)
    return inner


def sigmoid(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """The logistic function, without overflow."""
    found: NDArray[np.float32] = np.float32(0.5) * (np.tanh(np.float32(0.5) * x) + np.float32(1))
    return found


def at_last(x: NDArray[np.float32], counts: NDArray[np.integer]) -> NDArray[np.float32]:
    """The elements [B, dim] of [B, L, dim] at the last of so many places each [B]."""
    found: NDArray[np.float32] = x[np.arange(len(x)), counts - 1]
    return found
