"""Caser: convolutions over the last items (Tang & Wang, WSDM 2018), as causal ones with growing
dilation, so that every place of a history is predicted at once (NextItNet: Yuan et al., WSDM 2019).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - the name everyone knows it by

from graphrec.data.dataset import Dataset
from graphrec.models.fitted import FittedModel, Seed
from graphrec.models.hyper_parameters import Count, Search
from graphrec.models.sequence.hyper_parameters import HyperParameters
from graphrec.models.sequence.layers.convolution import Convolution, ConvolutionLayers
from graphrec.models.sequence.modules import affine_of, dropped, linear, norm, norm_of
from graphrec.models.sequence.scorer import SequenceScorer
from graphrec.models.sequence.training import plain, train


@dataclass(frozen=True)
class Caser(HyperParameters):
    """The next item by convolutions over those before."""

    layers: Annotated[Count, Search(1, 6)] = 3
    """Each sees places twice as far apart as the one before: n of width w see the last
    1 + (w - 1)(2^n - 1) items."""
    width: Annotated[Count, Search(2, 5)] = 3
    """Places that a convolution takes together."""

    def fit(self, data: Dataset, seed: Seed = 0) -> FittedModel[SequenceScorer]:
        """The network after the last epoch."""
        return FittedModel.of(data.weighted, deque(self.train(data, seed), maxlen=1)[0])

    def train(self, data: Dataset, seed: Seed) -> Iterator[SequenceScorer]:
        """The network after each epoch."""
        return train(self, data, seed, plain(Convolutions))


class Convolutions(nn.Module):  # type: ignore[misc]  # torch is not type-checked
    """Causal convolutions, each added to what came in and normalised."""

    def __init__(self, model: Caser, noise: torch.Generator) -> None:
        super().__init__()
        self.model = model
        dim, scale = model.dim, (model.width * model.dim) ** -0.5
        self.norm = norm(dim)
        self.taps = nn.ModuleList(
            linear(model.width * dim, dim, noise, scale) for _ in range(model.layers)
        )
        self.norms = nn.ModuleList(norm(dim) for _ in range(model.layers))

    def forward(
        self,
        vectors: Tensor,
        gaps: Tensor,
        noise: torch.Generator | None,
    ) -> Tensor:
        """As `Network`."""
        states = self.norm(vectors)
        for number, (taps, after) in enumerate(zip(self.taps, self.norms, strict=True)):
            seen = _before(states, self.model.width, 2**number)
            states = after(states + dropped(F.relu(taps(seen)), self.model.dropout, noise))
        return states

    def layers(self) -> ConvolutionLayers:
        """As `Network`."""
        return ConvolutionLayers(
            norm_of(self.norm),
            tuple(
                Convolution(affine_of(taps), norm_of(after), 2**number)
                for number, (taps, after) in enumerate(zip(self.taps, self.norms, strict=True))
            ),
        )


def _before(x: Tensor, width: int, dilation: int) -> Tensor:
    """Each place with those before it, the oldest first; [B, L, dim] -> [B, L, width * dim]."""
    before = (width - 1) * dilation
    padded = F.pad(x, (0, 0, before, 0))
    seen = [padded[:, at : at + x.shape[1]] for at in range(0, before + 1, dilation)]
    return torch.cat(seen, dim=2)
