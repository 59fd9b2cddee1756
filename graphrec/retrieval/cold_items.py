"""Items that came since the snapshot was made, embedded from attributes and links as they come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Attribute, AttributeKind, AttributeValue, EdgeType, Rows, Vocabulary
from graphrec.models.encoder import ItemEncoder
from graphrec.store.protocol import ItemLink

Attributes: TypeAlias = Mapping[str, AttributeValue]
Links: TypeAlias = Mapping[str, Sequence[ItemLink]]


@dataclass(frozen=True)
class Newcomers:
    """N new items; those of which the encoder can tell nothing are not among them."""

    items: Mapping[str, Attributes]
    """In the order of the vectors."""
    vectors: NDArray[np.float32]  # [N, dim]
    messages: Mapping[str, NDArray[np.float32]]
    """What each tells a user who likes it [dim]."""

    @property
    def taste(self) -> NDArray[np.float32]:
        """The vectors without the bias, which their last element is: see `Embeddings`."""
        return self.vectors[:, :-1]


NONE = Newcomers({}, np.empty((0, 1), np.float32), {})

UNLINKED: Links = {}


def arrived(
    encoder: ItemEncoder,
    items: Mapping[str, Attributes],
    before: Newcomers = NONE,
    links: Links = UNLINKED,
    known: Vocabulary = Vocabulary(),  # noqa: B008 - it is frozen
) -> Newcomers:
    """The vectors of new items, which may be linked to `known` ones and to nodes of other types.

    What has not changed since `before` is not made again: an item whose links change is given with
    other attributes, too, be they equal.
    """
    made = dict(zip(before.items, before.vectors, strict=True))
    found = {
        item: (made[item], before.messages[item])
        if before.items.get(item) is attributes
        else encoder.embed(_as_columns(attributes), _rows(encoder, links.get(item, ()), known))
        for item, attributes in items.items()
    }
    told = {item: each for item, each in found.items() if each[0][:-1].any()}
    if not told:
        return NONE
    return Newcomers(
        {item: items[item] for item in told},
        np.stack([vector for vector, _ in told.values()]),
        {item: message for item, (_, message) in told.items()},
    )


def _rows(
    encoder: ItemEncoder, links: Sequence[ItemLink], known: Vocabulary
) -> Mapping[EdgeType, Rows]:
    """The rows of the nodes that an item is linked to, of those that the training met."""
    found: dict[EdgeType, list[int]] = {}
    for link in links:
        relation = ("item", link.relation, link.type)
        if relation in encoder.nodes:
            nodes = known if link.type == "item" else encoder.others[link.type]
            row = nodes.rows.get(link.id)
            if row is not None and row < len(encoder.nodes[relation]):
                found.setdefault(relation, []).append(row)
    return {relation: np.array(rows, np.int32) for relation, rows in found.items()}


def _as_columns(attributes: Attributes) -> Mapping[str, Attribute]:
    return {name: Attribute(_kind(value), (value,)) for name, value in attributes.items()}


def _kind(value: AttributeValue) -> AttributeKind:
    # Features go by the columns that training knew: a text is none of them, whatever it is called.
    if isinstance(value, tuple):
        return "tags"
    return "number" if isinstance(value, int | float) else "category"
