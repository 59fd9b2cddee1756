"""What an item is to GraphSAGE, before its users are heard: identity, features and linked nodes.

An item is the sum of a learned identity, of what its features say, and of what the nodes that it is
linked to say, each relation in a learned weight. A genre or a brand, any node that is neither user
nor item, has a learned identity as well and hears its items; a linked item says what it is itself.
Everything is a vector with a bias behind it, so that a newcomer's features and links say how
popular it may become, too. The more events an item has, the less its links have to say: with n of
them, s / (s + n) of it, where s is learned. All of it where the identity is dropped.

Where items have features or links, each identity is dropped at random in training, so that the
model learns to do without (DropoutNet: Volkovs, Yu & Poutanen, NeurIPS 2017); and one that has no
events and so no identity, a stranger, is what its features and links say, and what known items of
like features have turned out to be beyond that (`graphrec.models.gaussian_process`).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn
from torch.nn import functional

from graphrec.data import EdgeType, Graph
from graphrec.data import text_encoders as text
from graphrec.data.features import FeatureSpace
from graphrec.models.encoder import ItemEncoder
from graphrec.models.gaussian_process import Known, Likeness

SPREAD = 0.1
"""Standard deviation of what features and nodes say at the start, per element."""

ECHO = 0.5
"""Where the weight of what a node hears from its items starts."""

HASTE = 5.0
"""How much faster a scale is learned than the vectors that wait for it: its logarithm over this is
the parameter."""

HALF_HEARD = 10.0
"""Where the number of events starts at which an item's links have half their say."""


class ItemSide(nn.Module):  # type: ignore[misc]  # torch is not type-checked
    """Vectors of all items, with their bias, out of identities, features and links."""

    def __init__(
        self,
        graph: Graph,
        start: NDArray[np.float32],  # [I, dim] of the identities
        prior: NDArray[np.float32],  # [I] of the biases
        *,
        dropped: float,
        without: Collection[str],
        texts: Mapping[str, text.Name],
        rng: np.random.Generator,
    ) -> None:
        super().__init__()
        count, dim = start.shape
        self.dropped = dropped
        attributes = graph.attributes.get("item", {})
        self.others = graph.others
        self.space = FeatureSpace.of(attributes, texts)
        features = self.space.matrix(attributes, count)
        links = item_links(graph, without)
        told = sum((np.diff(m.indptr) for m in links.values()), np.diff(features.indptr))
        events = np.bincount(graph.seen.indices, minlength=count)
        self.stranger = torch.from_numpy((events == 0) & (told > 0))[:, None]
        self.has_content = bool(told.any())
        if self.has_content:  # strangers are compared with the others, of whom the mean is 0
            prior = prior - prior[events > 0].mean() if (events > 0).any() else prior
        self.identity = nn.Parameter(torch.from_numpy(start.astype(np.float32)))
        self.bias = nn.Parameter(torch.from_numpy(prior)[:, None])
        self.features = as_tensor(features)
        self.known = Known.of(self.space, features, events)
        self.unmet = np.flatnonzero((events == 0) & (np.diff(features.indptr) > 0))
        self.of_unmet = sparse.csr_array(features[self.unmet])
        self.of_features = nn.Parameter(_noise((features.shape[1], dim + 1), rng))
        self.relations = tuple(links)
        self.to_items = [as_tensor(_by_root_of_degree(m)) for m in links.values()]
        met = sparse.diags_array((events > 0).astype(np.float32), format="csr")
        self.to_nodes = [
            as_tensor(_by_degree(_stored((met @ m).T.tocsr()))) for m in links.values()
        ]
        self.weights = nn.Parameter(torch.ones(len(links)))
        self.events = torch.from_numpy(events.astype(np.float32))[:, None]
        self.half_heard = nn.Parameter(torch.full((), math.log(HALF_HEARD) / HASTE))
        self.echo = nn.Parameter(torch.full((len(links),), ECHO))
        self.nodes = nn.ParameterList(
            _noise((m.shape[1], dim + 1), rng) if name[2] != "item" else torch.zeros(0)
            for name, m in links.items()
        )

    def forward(self, noise: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """Items [I, dim + 1], and how much of each one's identity there is [I, 1].

        With `noise`, as in training, identities are dropped.
        """
        kept = ~self.stranger
        if noise is not None and self.has_content and self.dropped:
            kept = kept & (torch.rand(kept.shape, generator=noise) >= self.dropped)
        kept = kept.float()
        item = self._unlinked(kept)
        told = [
            weight * (to_items @ node)
            for weight, to_items, node in zip(
                self.weights, self.to_items, self.linked(item), strict=True
            )
        ]
        half = torch.exp(HASTE * self.half_heard)
        say = half / (half + self.events * kept)
        return sum((say * each for each in told), item), kept

    def _unlinked(self, kept: Tensor) -> Tensor:
        """Items without their links [I, dim + 1], with so much of each identity [I, 1]."""
        item = torch.cat([self.identity, self.bias], 1)
        if self.has_content:
            item = item * kept
        if self.features.shape[1]:
            item = item + self.features @ self.of_features
        return item

    def linked(self, item: Tensor) -> list[Tensor]:
        """What the nodes of each relation say [N, dim + 1], given the items without their links."""
        return [
            item if relation[2] == "item" else node + echo * (to_nodes @ item)
            for relation, node, echo, to_nodes in zip(
                self.relations, self.nodes, self.echo, self.to_nodes, strict=True
            )
        ]

    def likeness(self, items: Tensor, length: float) -> Likeness | None:
        """What strangers are, beyond what features and links say; None without features.

        `items` [I, dim + 1] are what items turned out to be, at this length.
        """
        if self.known is None:
            return None
        with torch.no_grad():
            whole, kept = self()
            told = whole - torch.cat([self.identity, self.bias], 1) * kept
            taste = items[:, :-1] / length - functional.normalize(told[:, :-1], dim=1)
            beyond = torch.cat([taste * length, items[:, -1:] - told[:, -1:]], 1)
        return self.known.likeness(beyond.numpy())

    def encoder(self, length: float, likeness: Likeness | None) -> ItemEncoder | None:
        """What embeds strangers at this length; None where there is nothing to embed them from."""
        if not self.has_content:
            return None
        with torch.no_grad():
            nodes = self.linked(self._unlinked((~self.stranger).float()))
            said = [
                (weight * node).numpy() for weight, node in zip(self.weights, nodes, strict=True)
            ]
        features = self.of_features.detach().numpy().copy()
        return ItemEncoder(
            self.space,
            features,
            dict(zip(self.relations, said, strict=True)),
            {name: self.others[name] for _, _, name in self.relations if name != "item"},
            length,
            likeness,
        )


def item_links(graph: Graph, without: Collection[str]) -> dict[EdgeType, sparse.csr_array]:
    """What items are linked to, by type as seen from the item, but for relations in `without`.

    Weights [I, N]; links that lead to items are turned round. Those of users are not among them.
    """
    found: dict[EdgeType, sparse.csr_array] = {}
    count = len(graph.items)
    for (source, relation, target), links in graph.links.items():
        if relation in without or "user" in (source, target) or "item" not in (source, target):
            continue
        near, far, other = (
            (links.source, links.target, target)
            if source == "item"
            else (links.target, links.source, source)
        )
        size = len(graph.vocabulary(other))
        found["item", relation, other] = sparse.csr_array(
            (links.weight, (near.astype(np.int64), far.astype(np.int64))), shape=(count, size)
        )
    return found


def as_tensor(matrix: sparse.csr_array) -> Tensor:
    """The same matrix for torch."""
    rows, columns = matrix.tocoo().coords
    index = torch.from_numpy(np.stack([rows, columns]).astype(np.int64))
    return torch.sparse_coo_tensor(
        index, torch.from_numpy(matrix.data), matrix.shape, check_invariants=False
    ).coalesce()


def _by_root_of_degree(matrix: sparse.csr_array) -> sparse.csr_array:
    """Rows over the root of their number of elements: many links say more than one, not as much."""
    return sparse.csr_array(matrix.multiply(1 / np.sqrt(_degrees(matrix))).astype(np.float32))


def _stored(matrix: sparse.csr_array) -> sparse.csr_array:
    """The same without elements that are 0."""
    matrix = sparse.csr_array(matrix)
    matrix.eliminate_zeros()
    return matrix


def _by_degree(matrix: sparse.csr_array) -> sparse.csr_array:
    """Rows over their number of elements, as a mean is taken."""
    return sparse.csr_array(matrix.multiply(1 / _degrees(matrix)).astype(np.float32))


def _degrees(matrix: sparse.csr_array) -> NDArray[np.float32]:
    return np.maximum(np.diff(matrix.indptr), 1)[:, None].astype(np.float32)


def _noise(shape: tuple[int, int], rng: np.random.Generator) -> Tensor:
    """Vectors that point anywhere, and biases of 0."""
    values = rng.standard_normal(shape) * SPREAD
    values[:, -1] = 0
    return torch.from_numpy(values.astype(np.float32))
