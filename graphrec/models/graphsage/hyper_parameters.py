"""The hyper-parameters of GraphSAGE."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias, get_args

import numpy as np
from pydantic import AfterValidator

from graphrec.data import text_encoders as text
from graphrec.models.hyper_parameters import (
    Count,
    Dropped,
    NotNegative,
    Options,
    Part,
    Rate,
    Search,
    Share,
    Steps,
)

Aggregator: TypeAlias = Literal["degree", "mean", "pooling", "attention"]


def parse_targets(targets: str) -> Mapping[str, float]:
    """The weights of the losses of target kinds, the first of which is what lists are made for.

    "purchase, cart: 0.3" is {"purchase": 1, "cart": 0.3}. Raises ValueError.
    """
    found: dict[str, float] = {}
    for part in filter(None, map(str.strip, targets.split(","))):
        kind, colon, number = (each.strip() for each in part.partition(":"))
        try:
            weight = float(number) if colon else 1.0
        except ValueError:
            weight = np.nan
        if not kind or kind in found or not 0 < weight < np.inf:
            raise ValueError(
                f"{part!r} is no target: expected a kind of events, each once, and maybe a weight "
                f"above 0, as in 'purchase, cart: 0.3'"
            )
        found[kind] = weight
    return found


def names_in(listed: str) -> list[str]:
    """The names in a list with commas between."""
    return [name for name in map(str.strip, listed.split(",")) if name]


def _parsed(targets: str) -> str:
    parse_targets(targets)
    return targets


Targets: TypeAlias = Annotated[str, AfterValidator(_parsed)]


@dataclass(frozen=True)
class HyperParameters:
    """The defaults were chosen on validation parts of train parts, on Gowalla and MovieLens."""

    dim: Annotated[Count, Search(32, 256, log=True)] = 128
    rounds: Annotated[Count, Search(1, 3)] = 1
    """Rounds of message passing from items to users; n of them reach 2n - 1 edges far."""
    aggregator: Annotated[Aggregator, Options(get_args(Aggregator))] = "degree"
    """`degree`: a mean of messages that are scaled by the item's degree^-½; `mean`: a plain mean;
    or a learned one (`graphrec.models.graphsage.aggregators`)."""
    fanout: Count | None = None
    """Neighbours that are sampled for each node in training; None: all of them."""
    epochs: Count = 60
    loss: Literal["softmax", "bpr"] = "softmax"
    negatives: Annotated[Count, Search(100, 3000, log=True)] = 1000
    """Shared by a batch with softmax; for each positive with bpr."""
    negative_exponent: Annotated[NotNegative, Search(0.0, 1.0)] = 0.5
    batches: Count = 30
    """Batches of users in an epoch."""
    supervision_share: Annotated[Part, Search(0.1, 0.8)] = 0.3
    """Share of a user's edges that are supervision edges in a batch: they are predicted, and left
    out of message passing."""
    temperature: Annotated[Rate, Search(0.1, 2.0, log=True)] = 0.6
    """Where the learned temperature of the softmax starts."""
    learning_rate: Annotated[Rate, Search(5e-4, 0.02, log=True)] = 0.003
    weight_decay: NotNegative = 0.0
    warmup_steps: Steps = 20
    averaged: Dropped = 0.95
    """Decay of the moving average of the parameters, by step."""
    dropout: Annotated[Dropped, Search(0.0, 0.8)] = 0.0
    """Share of the elements of item messages that are dropped in training."""
    identity_dropout: Share = 0.2
    """Share of the item identities that are dropped in training, where items have features or links
    (`graphrec.models.graphsage.item_side`)."""
    without_relations: str = ""
    """Names of relations that are left out, with commas between."""
    texts: str = ""
    """Names of text attributes of users and items to embed, with commas between."""
    text_encoder: text.Name = "wordllama"
    """What embeds them (`graphrec.data.text_encoders`)."""
    targets: Targets = ""
    """Kinds of events to learn to predict, with commas between, the first of which lists are made
    for; a number after a colon is the weight of the loss, as in `purchase, cart: 0.3`. Empty: all
    positive events alike."""
    short_history_share: Share = 0.0
    """Share of the users of a batch whose history is cut to a few items, so that the model learns
    how much confidence a few items deserve; 0: as much as many."""
    popularity_exponent: Annotated[NotNegative, Search(0.0, 0.5)] = 0.0
    """An item's vector is scaled by its recent popularity to this power."""
    half_life_share: Annotated[NotNegative | None, Search(0.005, 1.0, log=True)] = 0.05
    """Half-life of that popularity, and of the recency that is added to item biases
    (`graphrec.models.training.negative_sampling.recency_shift`), as a share of the log."""
