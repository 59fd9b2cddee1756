"""GRU4Rec: gated recurrence (Hidasi et al., ICLR 2016; with sampled softmax, CIKM 2018)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from torch import Tensor, nn

from graphrec.data.dataset import Dataset
from graphrec.models.fitted import FittedModel, Seed
from graphrec.models.hyper_parameters import Count, Search
from graphrec.models.sequence.hyper_parameters import HyperParameters
from graphrec.models.sequence.layers.basic import Affine
from graphrec.models.sequence.layers.recurrence import Gates, RecurrentLayers
from graphrec.models.sequence.modules import affine_of, array_of, dropped, linear
from graphrec.models.sequence.scorer import SequenceScorer
from graphrec.models.sequence.training import plain, train


@dataclass(frozen=True)
class GRU4Rec(HyperParameters):
    """The next item from a state that each item changes."""

    layers: Annotated[Count, Search(1, 3)] = 1
    hidden: Annotated[Count, Search(32, 512, log=True)] = 64
    """Of the states."""

    def fit(self, data: Dataset, seed: Seed = 0) -> FittedModel[SequenceScorer]:
        """The network after the last epoch."""
        return FittedModel.of(data.weighted, deque(self.train(data, seed), maxlen=1)[0])

    def train(self, data: Dataset, seed: Seed) -> Iterator[SequenceScorer]:
        """The network after each epoch."""
        return train(self, data, seed, plain(Recurrence))


class Recurrence(nn.Module):  # type: ignore[misc]  # torch is not type-checked
    """Layers of gated recurrent units, and a map to the vectors that score."""

    def __init__(self, model: GRU4Rec, noise: torch.Generator) -> None:
        super().__init__()
        self.model = model
        self.units = nn.GRU(model.dim, model.hidden, model.layers, batch_first=True)
        for parameter in self.units.parameters():
            nn.init.normal_(parameter, std=(3 * model.hidden) ** -0.5, generator=noise)
        self.output = linear(model.hidden, model.dim, noise, scale=model.hidden**-0.5)

    def forward(
        self,
        vectors: Tensor,
        gaps: Tensor,
        noise: torch.Generator | None,
    ) -> Tensor:
        """As `Network`."""
        states, _ = self.units(vectors)
        mapped: Tensor = self.output(dropped(states, self.model.dropout, noise))
        return mapped

    def layers(self) -> RecurrentLayers:
        """As `Network`."""
        return RecurrentLayers(
            tuple(self._gates(number) for number in range(self.model.layers)),
            affine_of(self.output),
        )

    def _gates(self, number: int) -> Gates:
        inputs, states = (
            Affine(
                np.ascontiguousarray(array_of(getattr(self.units, f"weight_{side}_l{number}")).T),
                array_of(getattr(self.units, f"bias_{side}_l{number}")),
            )
            for side in ("ih", "hh")
        )
        return Gates(inputs, states)
