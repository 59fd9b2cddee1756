"""Causal self-attention in NumPy: what `graphrec.models.sequence.sasrec` trains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphrec.models.sequence.layers.basic import Affine, Norm, gelu


@dataclass(frozen=True)
class Frequencies:
    """Which frequencies of a history pass: the low ones as they are, the others scaled."""

    kernel: NDArray[np.float32]  # of the low ones, by distance back in the history
    high: NDArray[np.float32]  # [dim] the factor of the others
    norm: Norm
    share: float
    """Weight of the filter, where attention has the rest."""


@dataclass(frozen=True)
class Block:
    """Attention, or attention and a filter, and a perceptron of one hidden layer."""

    queries: Affine
    keys: Affine
    values: Affine
    mixed: Affine
    norm: Norm
    hidden: Affine
    output: Affine
    output_norm: Norm
    filter: Frequencies | None = None

    def __call__(
        self, x: NDArray[np.float32], places: NDArray[np.integer], heads: int
    ) -> NDArray[np.float32]:
        """The outputs [B, Q, dim] at `places` [B, Q] of [B, L, dim]: each sees what is before."""
        back = places[:, :, None] - np.arange(x.shape[1])  # [B, Q, L]
        own = np.take_along_axis(x, places[:, :, None], axis=1)
        states = self.norm(own + self._attended(x, own, back >= 0, heads))
        if self.filter is not None:
            share = np.float32(self.filter.share)
            states = share * _filtered(self.filter, x, own, back) + (1 - share) * states
        return self.output_norm(states + self.output(gelu(self.hidden(states))))

    def _attended(
        self,
        x: NDArray[np.float32],
        own: NDArray[np.float32],
        seen: NDArray[np.bool_],
        heads: int,
    ) -> NDArray[np.float32]:
        queries, keys, values = (
            _heads(part, heads) for part in (self.queries(own), self.keys(x), self.values(x))
        )
        scale = np.float32(queries.shape[-1] ** -0.5)
        scores = (queries * scale) @ keys.swapaxes(-1, -2)  # [B, heads, Q, L]
        scores = np.where(seen[:, None], scores, np.float32(-np.inf))
        share = np.exp(scores - scores.max(axis=-1, keepdims=True))
        share /= share.sum(axis=-1, keepdims=True)
        mixed = (share @ values).swapaxes(1, 2)
        return self.mixed(mixed.reshape(own.shape))


@dataclass(frozen=True)
class AttentionLayers:
    """Blocks over the vectors of items and of their places in the history, or of gaps in time."""

    places: NDArray[np.float32] | None  # [length, dim]
    gaps: NDArray[np.float32] | None  # [GAPS, dim]
    norm: Norm
    blocks: tuple[Block, ...]
    heads: int

    def last(
        self, vectors: NDArray[np.float32], gaps: NDArray[np.uint8], counts: NDArray[np.integer]
    ) -> NDArray[np.float32]:
        """As `Layers.last`."""
        if self.places is not None:
            vectors = vectors + self.places[: vectors.shape[1]]
        if self.gaps is not None:
            vectors = vectors + self.gaps[gaps]
        x = self.norm(vectors)
        everywhere = np.broadcast_to(np.arange(x.shape[1]), x.shape[:2])
        for block in self.blocks[:-1]:
            x = block(x, everywhere, self.heads)
        return self.blocks[-1](x, (counts - 1)[:, None], self.heads)[:, 0]


def _heads(x: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """[B, L, dim] -> [B, heads, L, dim / heads]."""
    return x.reshape(*x.shape[:2], heads, -1).swapaxes(1, 2)


def _filtered(
    filter: Frequencies,  # noqa: A002
    x: NDArray[np.float32],
    own: NDArray[np.float32],
    back: NDArray[np.integer],
) -> NDArray[np.float32]:
    kernel = np.where(back >= 0, filter.kernel[np.maximum(back, 0)], np.float32(0))
    low = kernel @ x
    return filter.norm(own + low + filter.high * (own - low))
