"""The network of GraphSAGE: what is learned, and the forward pass.

An item's vector is a learned identity plus what its features and links give
(`graphrec.models.graphsage.item_side`); the identity starts at the item's place in the spectrum of
the graph (`graphrec.models.spectral`). The message that it sends to its users is that vector plus a
learned offset. A user has no identity: their vector is aggregated from the messages of their items,
plus what their features give, plus a share of the same for their friends. So a user unknown in
training is embedded like any other, which is what makes the model inductive, and serving does it in
NumPy (`graphrec.models.encoder`). In further rounds items aggregate from their users, and send
messages again; a vector is the mean over the rounds.

The aggregator is linear unless asked otherwise, as deep non-linear ones do not help where
identities are learned (LightGCN: He et al., SIGIR 2020). The score is the cosine over a temperature
plus the item's bias. Kinds of events are relations with learned weights
(`graphrec.models.graphsage.kinds`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn
from torch.nn import functional

from graphrec.data import Graph, Rows
from graphrec.data import text_encoders as text
from graphrec.data.dgl_graph import (
    LIKED_BY,
    LIKES,
    HeteroGraph,
    ReceptiveField,
    mean_of_neighbours,
    pairs_of,
)
from graphrec.data.features import FeatureSpace
from graphrec.data.friends import friends_of
from graphrec.data.kind_relations import bits_of, kinds_of_likes
from graphrec.errors import DataError
from graphrec.models.encoder import Encoder, UserFeatures
from graphrec.models.graphsage.aggregators import aggregator
from graphrec.models.graphsage.batches import SocialNeighbours
from graphrec.models.graphsage.hyper_parameters import HyperParameters, names_in
from graphrec.models.graphsage.item_side import RATE_MULTIPLIER, ItemSide
from graphrec.models.graphsage.kinds import AuxiliaryTargets, KindWeights, Target
from graphrec.models.graphsage.tensors import as_tensor
from graphrec.models.spectral import item_spectrum

MIN_TEMPERATURE = 0.1
"""Below it, only the nearest of the negatives would be learned from."""

CONFIDENCE_PRIOR = 10.0
"""Where the learned number of items starts that brings a user to half the full length."""

FRIEND_WEIGHT = 0.5
"""Where the learned weight of the mean over friends starts."""


class Network(nn.Module):  # type: ignore[misc]  # torch is not type-checked
    """Parameters, and the forward pass from items to users."""

    def __init__(
        self,
        config: HyperParameters,
        graph: Graph,
        prior: NDArray[np.float32],  # [I] where the biases of items start
        rng: np.random.Generator,
        others: tuple[Target, ...] = (),
    ) -> None:
        super().__init__()
        self.config = config
        matrix, dim = graph.matrix, config.dim
        degree = np.bincount(matrix.indices, minlength=matrix.shape[1])
        item = np.maximum(degree, 1).astype(np.float32)[:, None]
        exponent = 0.5 if config.aggregator == "degree" else 0.0
        self.item_receives = torch.from_numpy(item**exponent)
        self.item_sends = torch.from_numpy(item**-exponent)
        self.aggregator = aggregator(config.aggregator, dim)
        attributes = graph.attributes.get("user", {})
        texts = texts_of(graph, config)
        self.user_space = FeatureSpace.of(attributes, texts)
        features = self.user_space.matrix(attributes, len(graph.users))
        self.user_features = as_tensor(features)
        self.has_features = torch.from_numpy((np.diff(features.indptr) > 0).astype(np.float32))
        vectors, strength = item_spectrum(matrix, dim, rng)
        # So that training starts from the spectral vectors whatever the rounds will add to them.
        gain = sum(strength ** (2 * n) for n in range(config.rounds)) / config.rounds
        start = vectors * (0.5 * np.sqrt(matrix.shape[1] / dim) / gain)
        start += 0.01 * rng.standard_normal(start.shape)
        without = names_in(config.without_relations)
        self.item_side = ItemSide(
            graph,
            start,
            prior,
            dropped=config.identity_dropout,
            without=without,
            texts=texts,
            rng=rng,
        )
        self.kinds: sparse.csr_array | None = None
        if len(kinds := kinds_of_likes(graph)) > 1:
            self.kinds = bits_of(graph, kinds)
            self.kind_weights_to_user = KindWeights(self.kinds, kinds)
            self.kind_weights_to_item = KindWeights(self.kinds, kinds)
        self.auxiliary = AuxiliaryTargets(others, dim)
        self.friends = friends_of(graph, without)
        self.friend_weight = nn.Parameter(torch.tensor(FRIEND_WEIGHT))
        self.message_offset = nn.Parameter(torch.zeros(matrix.shape[1], dim))
        self.user_feature_vectors = nn.Parameter(torch.zeros(self.user_features.shape[1], dim))
        self.log_scale = nn.Parameter(torch.zeros(()))
        self.log_confidence_prior = nn.Parameter(
            torch.full((), math.log(CONFIDENCE_PRIOR) / RATE_MULTIPLIER)
        )

    def items(
        self, field: ReceptiveField, noise: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """Of the N items that `field` is of, vectors [N, dim + 1] and messages to users [N, dim].

        The last dimension is the item's bias. With `noise`, as in training, there is dropout.
        """

        def of_field(table: Tensor) -> Tensor:
            return table if field.items is None else functional.embedding(field.items, table)

        whole, kept = self.item_side(noise)
        rounds = [of_field(whole[:, :-1])]
        sends, receives, offset, bias = map(
            of_field,
            (self.item_sends, self.item_receives, self.message_offset * kept, whole[:, -1:]),
        )
        count = len(rounds[0])
        for to_users, to_items in field.rounds:
            users = self._aggregate_items(to_users, rounds[-1] * sends[:count])
            weight = None
            if self.kinds is not None:
                weight = self.kind_weights_to_item(pairs_of(to_items, LIKES))
            aggregated = mean_of_neighbours(to_items, LIKES, users, weight)
            count = len(aggregated)  # targets are the first of the sources
            rounds = [*(each[:count] for each in rounds), aggregated * receives[:count]]
        vector = torch.stack(rounds).mean(0) if len(rounds) > 1 else rounds[0]
        message = (vector + offset[:count]) * sends[:count]
        if noise is not None and self.config.dropout:
            kept = torch.rand(message.shape, generator=noise) >= self.config.dropout
            message = message * kept / (1 - self.config.dropout)
        return torch.cat([self._scaled(vector), bias[:count]], 1), message

    def users(
        self,
        likes: HeteroGraph,
        messages: Tensor,
        users: Rows,
        social: SocialNeighbours | None,
    ) -> Tensor:
        """The vectors of the B `users`, which are the users of `likes`, from messages of items.

        [B, dim + 1], the last dimension being 1, before the item's bias.
        """
        aggregated = self._aggregate(likes, messages, users)
        evidence = likes.in_degrees(etype=LIKED_BY)[:, None].float()
        if self.user_features.shape[1]:
            evidence = evidence + self.has_features[torch.from_numpy(users).long(), None]
        if social is not None:
            of_friends = self._aggregate(social.likes, messages, social.rows)
            aggregated = aggregated + self.friend_weight * (social.share @ of_friends)
            has_friends = social.share @ torch.ones(len(of_friends), 1) > 0
            evidence = evidence + has_friends.float()
        confidence = evidence / (evidence + self.confidence_prior).clamp_min(1)
        ones = torch.ones(len(aggregated), 1)
        return torch.cat([self._scaled(aggregated) * confidence, ones], 1)

    def _aggregate(self, likes: HeteroGraph, messages: Tensor, users: Rows) -> Tensor:
        """What the items and features of the B `users` give together [B, dim]."""
        aggregated = self._aggregate_items(likes, messages)
        if self.user_features.shape[1]:
            by_features = self.user_features @ self.user_feature_vectors
            aggregated = aggregated + by_features[torch.from_numpy(users).long()]
        return aggregated

    def _aggregate_items(self, likes: HeteroGraph, messages: Tensor) -> Tensor:
        """The messages of items, aggregated for B users, with the weights of kinds [B, dim]."""
        weight = None
        if self.kinds is not None:
            weight = self.kind_weights_to_user(pairs_of(likes, LIKED_BY))
        aggregated: Tensor = self.aggregator(likes, messages, weight)
        return aggregated

    def encoder(self, messages: Tensor) -> Encoder:
        """What embeds any user, given the messages of the items [I, dim]."""
        encoder = self.aggregator.encoder(messages, float(self.length))
        features = None
        if self.user_features.shape[1]:
            vectors = np.pad(self.user_feature_vectors.detach().numpy(), ((0, 0), (0, 1)))
            features = UserFeatures(self.user_space, vectors)
        return replace(
            encoder,
            confidence_prior=float(self.confidence_prior),
            features=features,
            friend_weight=None if self.friends is None else float(self.friend_weight),
            relations=None if self.kinds is None else self.kind_weights_to_user.learned(),
        )

    @property
    def length(self) -> Tensor:
        """Of the vectors of users and items: the root of one over the temperature."""
        free = self.config.temperature**-0.5 * torch.exp(RATE_MULTIPLIER * self.log_scale)
        return free.clamp_max(MIN_TEMPERATURE**-0.5)

    @property
    def confidence_prior(self) -> Tensor:
        """The number of items that makes a user half as long as one with very many; 0 where
        training cuts no histories short.
        """
        if not self.config.short_history_share:
            return torch.zeros(())
        return torch.exp(RATE_MULTIPLIER * self.log_confidence_prior)

    def _scaled(self, vectors: Tensor) -> Tensor:
        """So that the inner product of user and item is their cosine over the temperature."""
        return functional.normalize(vectors, dim=1) * self.length


def texts_of(graph: Graph, config: HyperParameters) -> Mapping[str, text.Name]:
    """The encoders of the attributes to embed, by name.

    Raises DataError where a name is not that of an attribute with words.
    """
    names = names_in(config.texts)
    words = {
        name
        for of_type in (graph.attributes.get("user", {}), graph.attributes.get("item", {}))
        for name, attribute in of_type.items()
        if attribute.kind in ("text", "category")
    }
    for name in names:
        if name not in words:
            raise DataError(
                f"text {name!r} is no attribute of words of users or items: expected some of "
                f"{', '.join(sorted(words)) or 'those that there are'}; see `texts` in "
                f"[models.graphsage]"
            )
    return dict.fromkeys(names, config.text_encoder)
