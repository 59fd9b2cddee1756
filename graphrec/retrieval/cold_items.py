"""Items that came since the snapshot was made, embedded from attributes and links as they come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from graphrec.data import (
    AttributeValue,
    EdgeType,
    Rows,
    Vocabulary,
)
from graphrec.models.encoder import ItemEncoder
from graphrec.retrieval.embedding import Nearest
from graphrec.retrieval.profile import UserProfile
from graphrec.retrieval.reach import AMONG
from graphrec.retrieval.source import Candidates, Eligible, ZScores
from graphrec.store.protocol import ItemLink

Attributes: TypeAlias = Mapping[str, AttributeValue]
Links: TypeAlias = Mapping[str, Sequence[ItemLink]]


@dataclass(frozen=True)
class ColdItems:
    """N new items that have an embedding; those of which nothing is known have none."""

    items: Mapping[str, Attributes] = field(default_factory=dict)
    """In the order of the vectors."""
    vectors: NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 1), np.float32))
    """[N, dim], the last element being a bias: see `Embeddings`."""
    messages: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    """What each sends to a user who likes it [dim]."""
    unknown: Mapping[str, Attributes] = field(default_factory=dict)
    """New items that have none: nothing of what is known of them was in the training."""


@dataclass(frozen=True)
class NearestCold:
    """New items whose embedding is near that of the user; they share the name of `Nearest`."""

    nearest: Nearest
    cold: ColdItems
    rows: Rows  # [N]
    """Of the new items in the view."""

    @cached_property
    def _places(self) -> Mapping[int, int]:
        """Among the vectors, by row."""
        return {row: at for at, row in enumerate(self.rows.tolist())}

    @property
    def name(self) -> str:
        """As in `CandidateSource`."""
        return self.nearest.name

    def retrieve(
        self, profile: UserProfile, eligible: Eligible, count: int, reach: float = 1.0
    ) -> Candidates | None:
        """The nearest of them; `eligible` [I + N] counts the rows of the view.

        With a `reach` below 1, only those that are nearer to the profile than to all but about this
        share of the users.
        """
        if profile.vector is None or not len(self.rows):
            return None
        scores = self.nearest.z_scores_of(profile.vector, self.cold.vectors)
        order = np.argsort(-scores, kind="stable")
        order = order[(scores[order] > 0) & eligible[self.rows[order]]]
        if reach < 1:
            order = order[:AMONG]
            vectors = self.cold.vectors[order]
            order = order[self.nearest.sample.share_nearer(vectors, scores[order]) <= reach]
        order = order[:count]

        def of(items: Rows) -> ZScores:
            return scores[[self._places[row] for row in items.tolist()]]

        return Candidates(self.name, self.rows[order], of)


NONE = ColdItems()

NO_LINKS: Links = {}

AT_ONCE = 500
"""New items that are embedded together: others get their turn between them."""


def embed_new_items(
    encoder: ItemEncoder,
    items: Mapping[str, Attributes],
    before: ColdItems = NONE,
    links: Links = NO_LINKS,
    known: Vocabulary = Vocabulary(),  # noqa: B008 - it is frozen
) -> ColdItems:
    """The vectors of new items, which may be linked to `known` ones and to nodes of other types.

    What has not changed since `before` is not embedded again: an item whose links change is given
    with another mapping of attributes, too, be they equal.
    """
    held = dict(zip(before.items, before.vectors, strict=True))
    written = [
        item
        for item, attributes in items.items()
        if before.items.get(item) is not attributes and before.unknown.get(item) is not attributes
    ]
    made = _embedded(encoder, written, items, links, known)
    embedded: dict[str, _Embedded] = {}
    unknown: dict[str, Attributes] = {}
    for item, attributes in items.items():
        if item in made:
            embedded[item] = made[item]
        elif before.items.get(item) is attributes:
            embedded[item] = held[item], before.messages[item]
        else:
            unknown[item] = attributes
    if not embedded:
        return replace(NONE, unknown=unknown) if unknown else NONE
    return ColdItems(
        {item: items[item] for item in embedded},
        np.stack([vector for vector, _ in embedded.values()]),
        {item: message for item, (_, message) in embedded.items()},
        unknown,
    )


_Embedded: TypeAlias = tuple[NDArray[np.float32], NDArray[np.float32]]
"""The vector of an item, and its message."""


def _embedded(
    encoder: ItemEncoder,
    written: Sequence[str],
    items: Mapping[str, Attributes],
    links: Links,
    known: Vocabulary,
) -> dict[str, _Embedded]:
    """Those of the items of which anything is known."""
    found = {}
    for start in range(0, len(written), AT_ONCE):
        some = written[start : start + AT_ONCE]
        nodes = [_rows(encoder, links.get(item, ()), known) for item in some]
        vectors, messages = encoder.embed([items[item] for item in some], nodes)
        for at in np.flatnonzero(vectors[:, :-1].any(axis=1)).tolist():
            found[some[at]] = vectors[at], messages[at]
    return found


def with_new_items(before: ColdItems, written: ColdItems) -> ColdItems:
    """The vectors of new items, after some of them were written and embedded anew."""
    again = {*written.items, *written.unknown}
    stays = np.array([item not in again for item in before.items], bool)
    items = {item: each for item, each in before.items.items() if item not in again}
    messages = {item: each for item, each in before.messages.items() if item not in again}
    unknown = {item: each for item, each in before.unknown.items() if item not in again}
    kept = [before.vectors[stays]] if items else []
    vectors = [*kept, *([written.vectors] if written.items else [])]
    return ColdItems(
        {**items, **written.items},
        np.concatenate(vectors) if vectors else NONE.vectors,
        {**messages, **written.messages},
        {**unknown, **written.unknown},
    )


def _rows(
    encoder: ItemEncoder, links: Sequence[ItemLink], known: Vocabulary
) -> Mapping[EdgeType, Rows]:
    """The rows of the nodes that an item is linked to, of those in training."""
    found: dict[EdgeType, list[int]] = {}
    for link in links:
        relation = ("item", link.relation, link.type)
        if relation in encoder.nodes:
            nodes = known if link.type == "item" else encoder.others[link.type]
            row = nodes.rows.get(link.id)
            if row is not None and row < len(encoder.nodes[relation]):
                found.setdefault(relation, []).append(row)
    return {relation: np.array(rows, np.int32) for relation, rows in found.items()}
