"""The hyper-parameters that all models of sequences have: vectors, window, loss, training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias, get_args

from graphrec.models.hyper_parameters import (
    Count,
    Dropped,
    NotNegative,
    Options,
    Rate,
    Search,
    Steps,
)

Loss: TypeAlias = Literal["softmax", "sampled"]


@dataclass(frozen=True)
class HyperParameters:
    """Of the vectors, the window, the loss and the training."""

    dim: Annotated[Count, Search(16, 256, log=True)] = 64
    """Of the vectors of items, and of the network."""
    length: Annotated[Count, Search(10, 200, log=True)] = 50
    """Items of a history that are looked at, the last ones; in training, longer histories are cut
    into so long pieces, elsewhere in each epoch."""
    epochs: Count = 60
    loss: Annotated[Loss, Options(get_args(Loss))] = "sampled"
    """`softmax`: the next item against all others, which suits small catalogues; `sampled`: against
    negatives."""
    negatives: Annotated[Count, Search(100, 3000, log=True)] = 1000
    """With `sampled`: drawn for a batch, and shared by all that is predicted in it."""
    negative_exponent: Annotated[NotNegative, Search(0.0, 1.0)] = 0.5
    """With `sampled`: items are drawn by their popularity to this power."""
    batch_size: Annotated[Count, Search(512, 16384, log=True)] = 1024
    """Items that are predicted in a batch, about; fewer of a small log and more of a large one, so
    that the number of batches is within `graphrec.models.sequence.training.BATCHES`."""
    learning_rate: Annotated[Rate, Search(2e-4, 0.01, log=True)] = 0.001
    weight_decay: NotNegative = 0.0
    warmup_steps: Steps = 100
    dropout: Annotated[Dropped | None, Search(0.0, 0.7)] = None
    """Share of the elements of vectors and of outputs of layers that are dropped in training. None:
    by how long histories are, from 0.5 for a mean of ten items to 0.2 for a hundred."""
    averaged: Dropped = 0.998
    """Decay of a moving average of the parameters, by step, which evens out the noise of the last
    ones; less in the first thousands. 0: the parameters as they are."""
