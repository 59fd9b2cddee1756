"""SASRec: causal self-attention (Kang & McAuley, ICDM 2018), with a filter of frequencies as an
option: BSARec's (Shin et al., AAAI 2024), made causal.

BSARec lets through the lowest frequencies of a history, and scales the others. At the last place,
its low-pass filter is a sum over the places before, weighted by their distance alone. Here every
place gets that sum, so that none sees what comes after it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias, get_args

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - the name everyone knows it by

from graphrec.data.dataset import Dataset
from graphrec.data.sequences import GAPS
from graphrec.errors import SettingsError
from graphrec.models.fitted import FittedModel, Seed
from graphrec.models.hyper_parameters import Count, Options, Search, Share
from graphrec.models.sequence.hyper_parameters import HyperParameters
from graphrec.models.sequence.layers.attention import AttentionLayers, Block, Frequencies
from graphrec.models.sequence.modules import (
    START,
    affine_of,
    array_of,
    dropped,
    linear,
    norm,
    norm_of,
)
from graphrec.models.sequence.scorer import SequenceScorer
from graphrec.models.sequence.training import plain, train

FILTERED = 50
"""Places that the filter of frequencies is over, as in BSARec."""

Encoding: TypeAlias = Literal["place", "gap", "both", "none"]


@dataclass(frozen=True)
class SASRec(HyperParameters):
    """The next item by attention to those before."""

    length: Annotated[Count, Search(10, 200, log=True)] = 200
    layers: Annotated[Count, Search(1, 4)] = 2
    heads: Annotated[Count, Options((1, 2, 4))] = 1
    widening: Annotated[Count, Options((1, 2, 4))] = 4
    """Of the perceptron after attention: its hidden layer, in units of `dim`."""
    encoding: Annotated[Encoding, Options(get_args(Encoding))] = "place"
    """What is known of when: the place in the history, the gap in time to the event before, both,
    or only what came before what."""
    filter_share: Annotated[Share, Search(0.0, 0.9)] = 0.7
    """Weight of the filter of frequencies, where attention has the rest; 0: there is none."""
    frequencies: Annotated[Count, Search(1, 10)] = 3
    """With a filter: the lowest ones of the last `FILTERED` items, which pass as they are."""

    def fit(self, data: Dataset, seed: Seed = 0) -> FittedModel[SequenceScorer]:
        """The network after the last epoch."""
        return FittedModel.of(data.weighted, deque(self.train(data, seed), maxlen=1)[0])

    def train(self, data: Dataset, seed: Seed) -> Iterator[SequenceScorer]:
        """The network after each epoch; raises SettingsError for heads that do not divide `dim`."""
        if self.dim % self.heads:
            raise SettingsError(
                f"SASRec.heads = {self.heads}: expected a divisor of dim, which is {self.dim}; "
                f"set heads = 1, or another dim"
            )
        return train(self, data, seed, plain(Attention))


class Attention(nn.Module):  # type: ignore[misc]  # torch is not type-checked
    """Blocks of attention over the vectors of items and of when they came."""

    def __init__(self, model: SASRec, noise: torch.Generator) -> None:
        super().__init__()
        self.model = model
        dim, coded = model.dim, model.encoding
        self.places = self.gaps = None
        if coded in ("place", "both"):
            self.places = nn.Parameter(torch.randn(model.length, dim, generator=noise) * START)
        if coded in ("gap", "both"):
            self.gaps = nn.Parameter(torch.randn(GAPS, dim, generator=noise) * START)
        self.norm = norm(dim)
        self.blocks = nn.ModuleList(AttentionBlock(model, noise) for _ in range(model.layers))

    def forward(self, vectors: Tensor, gaps: Tensor, noise: torch.Generator | None) -> Tensor:
        """As `Network`."""
        if self.places is not None:
            vectors = vectors + self.places[: vectors.shape[1]]
        if self.gaps is not None:
            vectors = vectors + F.embedding(gaps, self.gaps)
        states = self.norm(vectors)
        for block in self.blocks:
            states = block(states, noise)
        return states

    def layers(self) -> AttentionLayers:
        """As `Network`."""
        return AttentionLayers(
            None if self.places is None else array_of(self.places),
            None if self.gaps is None else array_of(self.gaps),
            norm_of(self.norm),
            tuple(block.arrays() for block in self.blocks),
            self.model.heads,
        )


class AttentionBlock(nn.Module):  # type: ignore[misc]  # torch is not type-checked
    """Attention, or attention and a filter, and a perceptron; each is added and normalised."""

    def __init__(self, model: SASRec, noise: torch.Generator) -> None:
        super().__init__()
        self.model, dim = model, model.dim
        self.inputs = nn.ModuleList(linear(dim, dim, noise) for _ in range(3))
        self.mixed, self.norm = linear(dim, dim, noise), norm(dim)
        self.hidden = linear(dim, model.widening * dim, noise)
        self.output, self.output_norm = linear(model.widening * dim, dim, noise), norm(dim)
        self.filter = Filter(model, noise) if model.filter_share else None

    def forward(self, x: Tensor, noise: torch.Generator | None) -> Tensor:
        """[B, L, dim] -> [B, L, dim]."""
        share = self.model.dropout
        queries, keys, values = (_heads(each(x), self.model.heads) for each in self.inputs)
        mixed = F.scaled_dot_product_attention(queries, keys, values, is_causal=True)
        mixed = self.mixed(mixed.transpose(1, 2).reshape(x.shape))
        states = self.norm(x + dropped(mixed, share, noise))
        if self.filter is not None:
            weight = self.model.filter_share
            states = weight * self.filter(x, noise) + (1 - weight) * states
        inner = self.output(F.gelu(self.hidden(states), approximate="tanh"))
        return self.output_norm(states + dropped(inner, share, noise))

    def arrays(self) -> Block:
        """The same in NumPy."""
        queries, keys, values = (affine_of(each) for each in self.inputs)
        return Block(
            queries,
            keys,
            values,
            affine_of(self.mixed),
            norm_of(self.norm),
            affine_of(self.hidden),
            affine_of(self.output),
            norm_of(self.output_norm),
            None if self.filter is None else self.filter.arrays(),
        )


class Filter(nn.Module):  # type: ignore[misc]  # torch is not type-checked
    """Low frequencies of a history as they are, the others scaled."""

    def __init__(self, model: SASRec, noise: torch.Generator) -> None:
        super().__init__()
        self.model = model
        self.scale = nn.Parameter(torch.randn(model.dim, generator=noise))
        self.norm = norm(model.dim)
        kernel = low_pass(max(model.length, FILTERED), model.frequencies)
        self.register_buffer("kernel", torch.from_numpy(kernel))

    def forward(self, x: Tensor, noise: torch.Generator | None) -> Tensor:
        """[B, L, dim] -> [B, L, dim]."""
        places = torch.arange(x.shape[1])
        back = places[:, None] - places
        kernel = torch.where(back >= 0, self.kernel[back.clamp_min(0)], 0.0)
        low = kernel @ x
        passed = low + self.scale**2 * (x - low)
        return self.norm(x + dropped(passed, self.model.dropout, noise))

    def arrays(self) -> Frequencies:
        """The same in NumPy."""
        return Frequencies(
            array_of(self.kernel),
            array_of(self.scale**2),
            norm_of(self.norm),
            self.model.filter_share,
        )


def low_pass(length: int, frequencies: int) -> np.ndarray:
    """What the lowest frequencies of the last `FILTERED` places make of each, by its distance back
    [length]; nothing of those before.
    """
    back = np.arange(FILTERED)
    waves = np.arange(1, min(frequencies, FILTERED // 2 + 1))
    kernel = 1 + 2 * np.cos(2 * np.pi * np.outer(back, waves) / FILTERED).sum(axis=1)
    return np.pad(kernel / FILTERED, (0, length - FILTERED)).astype(np.float32)


def _heads(x: Tensor, heads: int) -> Tensor:
    """[B, L, dim] -> [B, heads, L, dim / heads]."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)
