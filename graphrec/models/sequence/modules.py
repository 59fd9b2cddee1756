"""What the networks are made of, in torch, and the same as arrays for what serves."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from graphrec.models.sequence.layers import Layers
from graphrec.models.sequence.layers.basic import EPSILON, Affine, Norm

START = 0.02
"""Deviation of the normal distribution that weights are drawn from (as in BERT, NAACL 2019)."""


class Network(Protocol):
    """Layers over the vectors of histories while they are trained: an `nn.Module`."""

    def __call__(self, vectors: Tensor, gaps: Tensor, noise: torch.Generator | None) -> Tensor:
        """The states [B, L, dim] after each of the places of [B, L, dim], from what is before.

        With `noise`, as in training, elements are dropped.
        """
        ...

    def layers(self) -> Layers:
        """The same in NumPy, as of now."""
        ...


def dropped(x: Tensor, share: float | None, noise: torch.Generator | None) -> Tensor:
    """With a share of the elements set to 0, and the others larger by as much, in training."""
    if noise is None or not share:
        return x
    kept = torch.empty_like(x).bernoulli_(1 - share, generator=noise)
    return x * kept.div_(1 - share)


def linear(inputs: int, outputs: int, noise: torch.Generator, scale: float = START) -> nn.Linear:
    """An affine map with weights of a deviation and no shift at first."""
    made = nn.Linear(inputs, outputs)
    nn.init.normal_(made.weight, std=scale, generator=noise)
    nn.init.zeros_(made.bias)
    return made


def norm(dim: int) -> nn.LayerNorm:
    """Layer normalisation."""
    return nn.LayerNorm(dim, eps=EPSILON)


def affine_of(module: nn.Linear) -> Affine:
    """An affine map as arrays."""
    return Affine(np.ascontiguousarray(array_of(module.weight).T), array_of(module.bias))


def norm_of(module: nn.LayerNorm) -> Norm:
    """A normalisation as arrays."""
    return Norm(array_of(module.weight), array_of(module.bias))


def array_of(parameter: Tensor) -> NDArray[np.float32]:
    """A copy: training goes on."""
    found: NDArray[np.float32] = parameter.detach().numpy().copy()
    return found
