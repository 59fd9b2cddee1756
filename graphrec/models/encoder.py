"""The forward pass of a trained model that embeds newcomers, in NumPy: users from their items,
features and friends, and items from their features and links.

With GraphSAGE a user is made of what their neighbours tell them (Hamilton, Ying & Leskovec,
NeurIPS 2017), so one whom training never met is embedded like any other; with matrix factorisation,
one whom training never met is the mean of the vectors of their items. Serving needs no torch.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Attribute, AttributeValue, EdgeType, Rows, Vocabulary
from graphrec.data.axes import axes
from graphrec.data.features import FeatureSpace
from graphrec.data.kind_relations import Bits, Relations
from graphrec.models.gaussian_process import Likeness

SLOPE = 0.2
"""Of the leaky ReLU of attention below zero, as in GAT (Veličković et al., ICLR 2018)."""


NOTHING_KNOWN: Mapping[str, AttributeValue] = {}
"""The attributes of someone who has told none."""


@dataclass(frozen=True)
class UserFeatures:
    """What their own features say of a user, as training learned it."""

    space: FeatureSpace
    vectors: NDArray[np.float32]  # [F, dim]

    def said(self, attributes: Mapping[str, AttributeValue]) -> NDArray[np.float32] | None:
        """What those of one user say together [dim]; None where none of them is known."""
        row = self.space.row(attributes)
        return row @ self.vectors if row.any() else None


@dataclass(frozen=True)
class Encoder:
    """An aggregator over items, features, and maybe the length that the result is brought to.

    What items say is put together by its mean; with `attention`, by a mean whose weights are a
    softmax over the items; with `readout`, by its largest elements.
    """

    messages: Annotated[NDArray[np.float32], axes("item", None)]
    """[I, M]: what each item sends to a user who likes it."""
    base: NDArray[np.float32]  # [dim] the same for every user, such as 1 before an item bias
    length: float | None = None
    """Of what the items say together; None leaves it at the mean's, 0 stays 0."""
    attention: Annotated[NDArray[np.float32] | None, axes("item", None)] = None
    """How loud each item is, and how loud it makes the others seem [I, 2]."""
    readout: NDArray[np.float32] | None = None  # [M, dim] from the largest elements to a vector
    softening: float = 0.0
    """The number of items that brings a user to half the length: a few items say little. Features
    say as much as one item."""
    features: UserFeatures | None = None
    friendship: float | None = None
    """What the mean of friends counts beside what a user says of themselves; None: nothing. All
    friends together are evidence as one item is."""
    relations: Relations | None = None
    """What each kind of liking an item counts; None: all alike."""

    def embed(
        self,
        items: Rows,
        attributes: Mapping[str, AttributeValue] = NOTHING_KNOWN,
        friends: Sequence[NDArray[np.float32]] = (),
        news: Sequence[NDArray[np.float32]] = (),
        kinds: Bits | None = None,
    ) -> NDArray[np.float32]:
        """The embedding [dim] of someone who likes the H `items` and has these attributes.

        `friends` are what each says of themselves, by `own`; `news` are messages [M] of items that
        came since the training and that they like too, and `kinds` the ways in which they like
        each item [H]; None, as for news: in ways unknown. `base` where there is nothing of all.
        """
        heeded = self.friendship is not None and len(friends) > 0
        about = self._about(attributes)
        items, news, kinds = self._telling(items, news, kinds)
        evidence = len(items) + len(news) + (about is not None) + heeded
        if evidence == 0:
            return self.base
        said = self._together(items, news, about, kinds)
        if self.friendship is not None and len(friends):
            said = said + np.float32(self.friendship) * np.mean(friends, axis=0)
        if self.length is not None:
            length = self.length * evidence / (evidence + self.softening)
            said = said * (length / max(float(np.linalg.norm(said)), 1e-12))
        return self.base + said

    def own(
        self,
        items: Rows,
        attributes: Mapping[str, AttributeValue] = NOTHING_KNOWN,
        news: Sequence[NDArray[np.float32]] = (),
        kinds: Bits | None = None,
    ) -> NDArray[np.float32]:
        """What a user's items and attributes say [dim], of whatever length; as for `embed`."""
        items, news, kinds = self._telling(items, news, kinds)
        return self._together(items, news, self._about(attributes), kinds)

    @property
    def listens_to(self) -> Collection[str]:
        """The names of the attributes of users that say something."""
        return () if self.features is None else self.features.space.columns.keys()

    @property
    def hears_news(self) -> bool:
        """Whether new items are heard: nobody learnt how loud they are, or what stands out."""
        return self.attention is None and self.readout is None

    def _telling(
        self, items: Rows, news: Sequence[NDArray[np.float32]], kinds: Bits | None
    ) -> tuple[Rows, Sequence[NDArray[np.float32]], Bits | None]:
        """Those that say anything: of one that came since the training, nobody may know what."""
        tells = self.messages[items].any(axis=1)
        telling = None if kinds is None else kinds[tells]
        return items[tells], news if self.hears_news else (), telling

    def _about(self, attributes: Mapping[str, AttributeValue]) -> NDArray[np.float32] | None:
        return None if self.features is None else self.features.said(attributes)

    def _together(
        self,
        items: Rows,
        news: Sequence[NDArray[np.float32]],
        about: NDArray[np.float32] | None,
        kinds: Bits | None,
    ) -> NDArray[np.float32]:
        heard = len(items) + len(news)
        said = self._heard(items, news, kinds) if heard else np.zeros_like(self.base)
        return said if about is None else said + about

    def _heard(
        self, items: Rows, news: Sequence[NDArray[np.float32]], kinds: Bits | None
    ) -> NDArray[np.float32]:
        messages = self.messages[items]
        counts = None
        if self.relations is not None and kinds is not None:
            counts = np.concatenate([self.relations.count(kinds), np.ones(len(news), np.float32)])
        if len(news):
            messages = np.concatenate([messages, news])
        if self.readout is not None:
            if counts is not None:
                messages = messages * counts[:, None]
            return messages.max(axis=0) @ self.readout
        if self.attention is not None:
            loud, seeming = self.attention[items].T
            score = loud + np.average(seeming, weights=counts)
            score = np.maximum(score, SLOPE * score)
            weight = np.exp(score - score.max())
            if counts is not None:
                weight = weight * counts
            return weight / weight.sum() @ messages
        if counts is not None:
            return counts / counts.sum() @ messages
        return messages.mean(axis=0)


@dataclass(frozen=True)
class ItemEncoder:
    """What features and linked nodes say of an item that nobody has met, as training learned it."""

    space: FeatureSpace
    features: NDArray[np.float32]  # [F, dim], the last element of each being a bias
    nodes: Mapping[EdgeType, NDArray[np.float32]]
    """What the nodes of each relation of items say [N, dim], by row."""
    others: Mapping[str, Vocabulary]
    """Ids of these nodes by type, but for items."""
    length: float
    """Of what they say together, without the bias."""
    likeness: Likeness | None = None
    """What known items of like features add to that."""

    def embed(
        self, attributes: Mapping[str, Attribute], links: Mapping[EdgeType, Rows]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The embedding of an item, and its message to those who like it, both [dim].

        `attributes` are of this one item; `links` are rows of the nodes it is linked to, each of
        weight 1. What is unknown says nothing: an item of which nothing is known is all zeros.
        """
        features = self.space.matrix(attributes, 1)
        said = (features @ self.features)[0]
        for relation, rows in links.items():
            if relation in self.nodes and len(rows):
                said = said + self.nodes[relation][rows].sum(axis=0) / np.sqrt(len(rows))
        taste = said[:-1] / max(float(np.linalg.norm(said[:-1])), 1e-12) * self.length
        message = np.append(said[:-1], 0)
        vector = np.append(taste, said[-1])
        if self.likeness is not None and features.nnz:
            vector = vector + self.likeness.said(features)[0]
        return vector.astype(np.float32), message.astype(np.float32)
