"""The forward pass of a trained model for new users and items, in NumPy: users from their items,
features and friends, and items from their features and links.

In GraphSAGE a user is aggregated from their neighbours (Hamilton, Ying & Leskovec, NeurIPS 2017),
so a user unknown in training is embedded like any other; in matrix factorisation, such a user is
the mean of the vectors of their items. Serving needs no torch.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import AttributeValue, EdgeType, Rows, Vocabulary
from graphrec.data.axes import axes
from graphrec.data.features import FeatureSpace
from graphrec.data.kind_relations import Bits, Relations
from graphrec.models.gaussian_process import GaussianProcess, cosines

SLOPE = 0.2
"""Of the leaky ReLU of attention below zero, as in GAT (Veličković et al., ICLR 2018)."""

NO_ROWS: Rows = np.empty(0, np.int32)

NO_ATTRIBUTES: Mapping[str, AttributeValue] = {}
"""Of a user of whom no attributes are known."""


@dataclass(frozen=True)
class UserFeatures:
    """The learned vectors of the features of users."""

    space: FeatureSpace
    vectors: NDArray[np.float32]  # [F, dim]

    def vector(self, attributes: Mapping[str, AttributeValue]) -> NDArray[np.float32] | None:
        """The sum of the vectors of one user's features [dim]; None where none is known."""
        row = self.space.row(attributes)
        return row @ self.vectors if row.any() else None


@dataclass(frozen=True)
class Encoder:
    """An aggregator over the messages of items, with features and friends.

    Messages are aggregated by their mean; with `attention`, by a mean whose weights are a softmax
    over the items; with `readout`, by their largest elements.
    """

    messages: Annotated[NDArray[np.float32], axes("item", None)]
    """[I, M]: what each item sends to its users; zeros for an item without a message."""
    base: NDArray[np.float32]  # [dim] added to every user, such as 1 before an item bias
    length: float | None = None
    """The length that vectors are scaled to; None: they are not scaled."""
    attention: Annotated[NDArray[np.float32] | None, axes("item", None)] = None
    """[I, 2]: the source and the target score of each item."""
    readout: NDArray[np.float32] | None = None  # [M, dim] from the largest elements to a vector
    confidence_prior: float = 0.0
    """The number of items with which a user has half the length. Features count as one item."""
    features: UserFeatures | None = None
    friend_weight: float | None = None
    """Weight of the mean over friends; None: friends do not count. All friends together count as
    one item in a user's length."""
    relations: Relations | None = None
    """The weights of the kinds of events between user and item; None: all alike."""

    def embed(
        self,
        items: Rows,
        attributes: Mapping[str, AttributeValue] = NO_ATTRIBUTES,
        friends: Sequence[NDArray[np.float32]] = (),
        new_item_messages: Sequence[NDArray[np.float32]] = (),
        kinds: Bits | None = None,
    ) -> NDArray[np.float32]:
        """The embedding [dim] of a user with H `items` and these attributes.

        `friends` are what `aggregate` gives for each of them; `new_item_messages` [M] are those of
        items that are newer than the training; `kinds` [H] are the kinds of events with each item,
        None where they are unknown, as they are for new items. `base` where nothing is known.
        """
        has_friends = self.friend_weight is not None and len(friends) > 0
        features = self._features_vector(attributes)
        items, new_item_messages, kinds = self._with_messages(items, new_item_messages, kinds)
        evidence = len(items) + len(new_item_messages) + (features is not None) + has_friends
        if evidence == 0:
            return self.base
        vector = self._sum(items, new_item_messages, features, kinds)
        if self.friend_weight is not None and len(friends):
            vector = vector + np.float32(self.friend_weight) * np.mean(friends, axis=0)
        if self.length is not None:
            length = self.length * evidence / (evidence + self.confidence_prior)
            vector = vector * (length / max(float(np.linalg.norm(vector)), 1e-12))
        return self.base + vector

    def aggregate(
        self,
        items: Rows,
        attributes: Mapping[str, AttributeValue] = NO_ATTRIBUTES,
        new_item_messages: Sequence[NDArray[np.float32]] = (),
        kinds: Bits | None = None,
    ) -> NDArray[np.float32]:
        """What a user's items and attributes aggregate to [dim], before it is scaled; as `embed`.

        It is what users aggregate of a friend.
        """
        items, new_item_messages, kinds = self._with_messages(items, new_item_messages, kinds)
        return self._sum(items, new_item_messages, self._features_vector(attributes), kinds)

    @property
    def attribute_names(self) -> Collection[str]:
        """The names of the attributes of users that have learned vectors."""
        return () if self.features is None else self.features.space.columns.keys()

    @property
    def takes_new_items(self) -> bool:
        """Whether messages of new items can be aggregated: for attention they lack scores, and for
        the largest elements their hidden layer.
        """
        return self.attention is None and self.readout is None

    def _with_messages(
        self, items: Rows, new_item_messages: Sequence[NDArray[np.float32]], kinds: Bits | None
    ) -> tuple[Rows, Sequence[NDArray[np.float32]], Bits | None]:
        """Those that have a message: items that are newer than the training may have none."""
        known = self.messages[items].any(axis=1)
        known_kinds = None if kinds is None else kinds[known]
        return items[known], new_item_messages if self.takes_new_items else (), known_kinds

    def _features_vector(
        self, attributes: Mapping[str, AttributeValue]
    ) -> NDArray[np.float32] | None:
        return None if self.features is None else self.features.vector(attributes)

    def _sum(
        self,
        items: Rows,
        new_item_messages: Sequence[NDArray[np.float32]],
        features: NDArray[np.float32] | None,
        kinds: Bits | None,
    ) -> NDArray[np.float32]:
        if len(items) + len(new_item_messages):
            vector = self._aggregate_messages(items, new_item_messages, kinds)
        else:
            vector = np.zeros_like(self.base)
        return vector if features is None else vector + features

    def _aggregate_messages(
        self, items: Rows, new_item_messages: Sequence[NDArray[np.float32]], kinds: Bits | None
    ) -> NDArray[np.float32]:
        messages = self.messages[items]
        weights = None
        if self.relations is not None and kinds is not None:
            ones = np.ones(len(new_item_messages), np.float32)
            weights = np.concatenate([self.relations.weights_of(kinds), ones])
        if len(new_item_messages):
            messages = np.concatenate([messages, new_item_messages])
        if self.readout is not None:
            if weights is not None:
                messages = messages * weights[:, None]
            return messages.max(axis=0) @ self.readout
        if self.attention is not None:
            source, target = self.attention[items].T
            score = source + np.average(target, weights=weights)
            score = np.maximum(score, SLOPE * score)
            share = np.exp(score - score.max())
            if weights is not None:
                share = share * weights
            return share / share.sum() @ messages
        if weights is not None:
            return weights / weights.sum() @ messages
        return messages.mean(axis=0)


@dataclass(frozen=True)
class ItemEncoder:
    """The learned vectors of features and linked nodes, which embed an item without events."""

    space: FeatureSpace
    features: NDArray[np.float32]  # [F, dim], the last element of each being a bias
    nodes: Mapping[EdgeType, NDArray[np.float32]]
    """The vectors of the nodes of each relation of items [N, dim], by row."""
    others: Mapping[str, Vocabulary]
    """Ids of these nodes by type, but for items."""
    length: float
    """Of item vectors, without the bias."""
    similar: GaussianProcess | None = None
    """What known items of similar features and links say."""

    def embed(
        self,
        items: Sequence[Mapping[str, AttributeValue]],
        links: Sequence[Mapping[EdgeType, Rows]],
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The embeddings of N items, and their messages to their users, both [N, dim].

        Of each item, its attributes by name and the rows of the nodes that it is linked to, each of
        weight 1. Unknown attributes and links are left out; without any known one, zeros.
        """
        features = self.space.rows(items)
        linked = {
            relation: _pattern([each.get(relation, NO_ROWS) for each in links], len(nodes))
            for relation, nodes in self.nodes.items()
        }
        content = np.asarray(features @ self.features)
        for relation, nodes in self.nodes.items():
            content += cosines(linked[relation]) @ nodes
        messages = content.copy()
        messages[:, -1] = 0
        size = np.maximum(np.linalg.norm(messages, axis=1, keepdims=True), 1e-12)
        vectors = messages / size * self.length
        vectors[:, -1] = content[:, -1]
        known = np.flatnonzero(content.any(axis=1))
        if self.similar is not None and len(known):
            by_relation = {relation: sparse.csr_array(m[known]) for relation, m in linked.items()}
            vectors[known] = self.similar.vectors(vectors[known], features[known], by_relation)
        return vectors.astype(np.float32), messages.astype(np.float32)


def _pattern(linked: Sequence[Rows], nodes: int) -> sparse.csr_array:
    """Which nodes items are linked to: [N, nodes]."""
    ends = np.cumsum([0, *map(len, linked)])
    columns = np.concatenate([NO_ROWS, *linked])
    return sparse.csr_array(
        (np.ones(len(columns), np.float32), columns, ends), (len(linked), nodes)
    )
