"""Items that came since the snapshot was made, embedded from their attributes as they come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Attribute, AttributeKind, AttributeValue
from graphrec.encoder import ItemEncoder

Attributes: TypeAlias = Mapping[str, AttributeValue]


@dataclass(frozen=True)
class Newcomers:
    """N new items; those of which the encoder can tell nothing are not among them."""

    items: Mapping[str, Attributes]
    """In the order of the vectors."""
    vectors: NDArray[np.float32]  # [N, dim]

    @property
    def taste(self) -> NDArray[np.float32]:
        """The vectors without the bias, which their last element is: see `Embeddings`."""
        return self.vectors[:, :-1]


NONE = Newcomers({}, np.empty((0, 1), np.float32))


def arrived(
    encoder: ItemEncoder, items: Mapping[str, Attributes], before: Newcomers = NONE
) -> Newcomers:
    """The vectors of new items; what has not changed since `before` is not made again."""
    made = dict(zip(before.items, before.vectors, strict=True))
    found = {
        item: made[item]
        if before.items.get(item) is attributes
        else encoder.embed(_as_columns(attributes), {})[0]
        for item, attributes in items.items()
    }
    told = {item: vector for item, vector in found.items() if vector[:-1].any()}
    if not told:
        return NONE
    return Newcomers({item: items[item] for item in told}, np.stack(list(told.values())))


def _as_columns(attributes: Attributes) -> Mapping[str, Attribute]:
    return {name: Attribute(_kind(value), (value,)) for name, value in attributes.items()}


def _kind(value: AttributeValue) -> AttributeKind:
    # Features go by the columns that training knew: a text is none of them, whatever it is called.
    if isinstance(value, tuple):
        return "tags"
    return "number" if isinstance(value, int | float) else "category"
