"""The items' side of GraphSAGE, before any messages: identity, features and linked nodes.

An item's vector is the sum of a learned identity, of learned vectors of its features, and of the
vectors of the nodes that it is linked to, each relation with a learned weight. A node of another
type, such as a genre or a brand, has a learned identity as well and aggregates its items; a linked
item gives its own vector, without its links. Every vector has a bias behind it, so that the
features and links of a new item also predict its popularity. The more events an item has,
the less its links weigh: s / (s + n) with n events, where s is learned; 1 where the identity is
dropped.

Where items have features or links, each identity is dropped at random in training, so that the
model learns to do without (DropoutNet: Volkovs, Yu & Poutanen, NeurIPS 2017). A cold item, which
has features or links and no events and so no identity, is made of what these give and of what known
items of similar features and links are (`graphrec.models.gaussian_process`).
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
from graphrec.models.gaussian_process import GaussianProcess, KnownItems
from graphrec.models.graphsage.tensors import as_tensor

INITIAL_DEVIATION = 0.1
"""Standard deviation of the vectors of features and nodes at the start, per element."""

NODE_AGGREGATION = 0.5
"""Where the learned weight starts of what a node aggregates from its items."""

RATE_MULTIPLIER = 5.0
"""Learning-rate multiplier of scales, which are learned faster than vectors: the parameter is the
logarithm of the scale over this."""

HIGH, OUTER, MOST = 0.95, 10.0, 1e6
"""A link weighs at most OUTER times what the share HIGH of its type stays below, and MOST."""

HALF_WEIGHT_EVENTS = 10.0
"""Where the learned number of events starts at which an item's links have half their weight."""


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
        content = sum((np.diff(m.indptr) for m in links.values()), np.diff(features.indptr))
        events = np.bincount(graph.seen.indices, minlength=count)
        self.cold = torch.from_numpy((events == 0) & (content > 0))[:, None]
        self.has_content = bool(content.any())
        if self.has_content:  # cold items are compared with the others, of whom the mean is 0
            prior = prior - prior[events > 0].mean() if (events > 0).any() else prior
        self.identity = nn.Parameter(torch.from_numpy(start.astype(np.float32)))
        self.bias = nn.Parameter(torch.from_numpy(prior.copy())[:, None])
        self.features = as_tensor(features)
        self.known_items = KnownItems.of(self.space, features, links, events)
        self.cold_rows = np.flatnonzero((events == 0) & (content > 0))
        self.cold_features = sparse.csr_array(features[self.cold_rows])
        self.cold_links = {name: sparse.csr_array(m[self.cold_rows]) for name, m in links.items()}
        self.feature_vectors = nn.Parameter(_noise((features.shape[1], dim + 1), rng))
        self.relations = tuple(links)
        self.to_items = [as_tensor(_by_root_of_degree(m)) for m in links.values()]
        warm = sparse.diags_array((events > 0).astype(np.float32), format="csr")
        self.to_nodes = [
            as_tensor(_by_degree(_stored((warm @ m).T.tocsr()))) for m in links.values()
        ]
        self.relation_weights = nn.Parameter(torch.ones(len(links)))
        self.events = torch.from_numpy(events.astype(np.float32))[:, None]
        self.log_half_weight_events = nn.Parameter(
            torch.full((), math.log(HALF_WEIGHT_EVENTS) / RATE_MULTIPLIER)
        )
        self.node_aggregation = nn.Parameter(torch.full((len(links),), NODE_AGGREGATION))
        self.node_identities = nn.ParameterList(
            _noise((m.shape[1], dim + 1), rng) if name[2] != "item" else torch.zeros(0)
            for name, m in links.items()
        )

    def forward(self, noise: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """Items [I, dim + 1], and the share of each one's identity in it [I, 1].

        With `noise`, as in training, identities are dropped.
        """
        kept = ~self.cold
        if noise is not None and self.has_content and self.dropped:
            kept = kept & (torch.rand(kept.shape, generator=noise) >= self.dropped)
        kept = kept.float()
        item = self._without_links(kept)
        by_relation = [
            weight * (to_items @ node)
            for weight, to_items, node in zip(
                self.relation_weights, self.to_items, self.linked(item), strict=True
            )
        ]
        half = torch.exp(RATE_MULTIPLIER * self.log_half_weight_events)
        link_weight = half / (half + self.events * kept)
        return sum((link_weight * each for each in by_relation), item), kept

    def _without_links(self, kept: Tensor) -> Tensor:
        """Items without their links [I, dim + 1], with this share of each identity [I, 1]."""
        item = torch.cat([self.identity, self.bias], 1)
        if self.has_content:
            item = item * kept
        if self.features.shape[1]:
            item = item + self.features @ self.feature_vectors
        return item

    def linked(self, item: Tensor) -> list[Tensor]:
        """The vectors of the nodes of each relation [N, dim + 1], given items without links."""
        return [
            item if relation[2] == "item" else node + weight * (to_nodes @ item)
            for relation, node, weight, to_nodes in zip(
                self.relations,
                self.node_identities,
                self.node_aggregation,
                self.to_nodes,
                strict=True,
            )
        ]

    def similar(self, items: Tensor, length: float) -> GaussianProcess | None:
        """What cold items have in common with known ones; None without features and links.

        `items` [I, dim + 1] are the vectors of items after training, at this length.
        """
        if self.known_items is None:
            return None
        with torch.no_grad():
            whole, kept = self()
            content = whole - torch.cat([self.identity, self.bias], 1) * kept
            direction = functional.normalize(content[:, :-1], dim=1) * length
        return self.known_items.process(
            items.numpy(), torch.cat([direction, content[:, -1:]], 1).numpy()
        )

    def encoder(self, length: float, similar: GaussianProcess | None) -> ItemEncoder | None:
        """What embeds cold items at this length; None without features and links."""
        if not self.has_content:
            return None
        with torch.no_grad():
            nodes = self.linked(self._without_links((~self.cold).float()))
            vectors = [
                (weight * node).numpy()
                for weight, node in zip(self.relation_weights, nodes, strict=True)
            ]
        features = self.feature_vectors.detach().numpy().copy()
        return ItemEncoder(
            self.space,
            features,
            dict(zip(self.relations, vectors, strict=True)),
            {name: self.others[name] for _, _, name in self.relations if name != "item"},
            length,
            similar,
        )


def item_links(graph: Graph, without: Collection[str]) -> dict[EdgeType, sparse.csr_array]:
    """The links of items, by type as seen from the item, but for relations in `without`.

    Weights [I, N]; links that lead to items are reversed. Links with users are not among them.
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
            (bounded_weights(links.weight), (near.astype(np.int64), far.astype(np.int64))),
            shape=(count, size),
        )
    return found


def bounded_weights(weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """The weights of links of one type [L], of which none counts OUTER times what is high."""
    if not len(weight):
        return weight
    high = np.quantile(weight, HIGH, method="lower")
    return np.minimum(weight, np.float32(min(OUTER * float(high) or 1, MOST)))


def _by_root_of_degree(matrix: sparse.csr_array) -> sparse.csr_array:
    """Rows over the root of their number of elements: between a sum and a mean."""
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
    """Random vectors, with biases of 0."""
    values = rng.standard_normal(shape) * INITIAL_DEVIATION
    values[:, -1] = 0
    return torch.from_numpy(values.astype(np.float32))
