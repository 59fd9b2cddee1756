"""GraphSAGE on the user-item graph (Hamilton, Ying & Leskovec, NeurIPS 2017), with DGL.

An item starts as a learned identity vector plus what its features say; the identity begins at the
item's place in the spectrum of the graph (`graphrec.models.spectral`). What it tells users may come
to differ from what it is, by its voice. A user has no identity: they are what the items they like
tell them, plus what their features say. So a user whom training never met is embedded like any
other, which is what makes the model inductive, and serving does it in NumPy
(`graphrec.models.encoder`). In further rounds items become what their users tell them, and tell
their users again; a vector is the mean over the rounds.

The aggregator is linear unless asked otherwise, as deep non-linear ones do not help where
identities are learned (He et al., LightGCN, SIGIR 2020). Training learns a score that is the cosine
over a temperature plus the item's bias; then each item's vector is lengthened by its popularity, so
that the inner product ranks by the cosine times that. Each training step hides the edges that it is
asked about from message passing, both ways, so that no edge helps to predict itself. The embeddings
are those of a moving average of the parameters, which is past the noise of the last steps.
They are always made from all neighbours, also where training samples them.

Where likes are of several kinds, each is a relation in a learned weight
(`graphrec.models.graphsage.kinds`).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from graphrec.data import Graph, Rows
from graphrec.data import text_encoders as text
from graphrec.data.dataset import Dataset
from graphrec.data.dgl_graph import (
    LIKED_BY,
    LIKES,
    HeteroGraph,
    ReceptiveField,
    among,
    dot_on_edges,
    hide_edges,
    items_heard,
    liked_by_graph,
    likes_graph,
    mean_of_neighbours,
    numbered,
    pairs_of,
    sampled_edges,
    sampled_field,
    whole_field,
)
from graphrec.data.features import FeatureSpace
from graphrec.data.friends import friends_of
from graphrec.data.kind_relations import bits_of, kinds_of_likes
from graphrec.errors import DataError
from graphrec.models.embeddings import Embeddings
from graphrec.models.encoder import Encoder, UserFeatures
from graphrec.models.fitted import FittedModel, Seed, prepare
from graphrec.models.graphsage.aggregators import Name, aggregator
from graphrec.models.graphsage.item_side import HASTE, ItemSide, as_tensor, item_links
from graphrec.models.graphsage.kinds import Asides, KindWeights, Target, Targets, targets_of
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
from graphrec.models.spectral import item_spectrum
from graphrec.models.training.loop import train_epochs
from graphrec.models.training.losses import bpr, shared_softmax
from graphrec.models.training.negative_sampling import NegativeSampler, recency_shift
from graphrec.models.training.warm_start import with_columns_of

COLDEST = 0.1
"""The least temperature: below it, only the nearest of the negatives would be learned from."""

MODEST = 10.0
"""Where `Network.softening` starts: as much as nothing is said of one who likes an item or two."""

FRIENDSHIP = 0.5
"""Where the weight of what friends say starts."""

MASKED = -1e30
"""Score of a negative that is none. Finite, as a gradient of all -inf would be nan."""


@dataclass(frozen=True)
class GraphSAGE:
    """Hyper-parameters; chosen on validation parts of train parts, on Gowalla and MovieLens."""

    dim: Annotated[Count, Search(32, 256, log=True)] = 128
    rounds: Annotated[Count, Search(1, 3)] = 1
    """Of messages from items to users; n rounds see 2n - 1 steps far."""
    aggregator: Annotated[Name, Options(get_args(Name))] = "degree"
    """The mean of messages, of which items with many neighbours send softer ones (degree^-½) or all
    alike ("mean"); or a learned one (`graphrec.models.graphsage.aggregators`)."""
    fanout: Count | None = None
    """Neighbours that a node hears in training, at random; None: all of them."""
    epochs: Count = 60
    loss: Literal["softmax", "bpr"] = "softmax"
    negatives: Annotated[Count, Search(100, 3000, log=True)] = 1000
    """Shared by a batch with softmax; for each positive with bpr."""
    negative_exponent: Annotated[NotNegative, Search(0.0, 1.0)] = 0.5
    batches: Count = 30
    """An epoch; each asks about its share of the users."""
    hidden: Annotated[Part, Search(0.1, 0.8)] = 0.3
    """Share of a user's edges that are asked about, and hidden from message passing."""
    temperature: Annotated[Rate, Search(0.1, 2.0, log=True)] = 0.6
    """Where that of the softmax starts; it is learned too, and a low one is personal."""
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
    for; a number after a colon is the weight of the loss, as in `purchase, cart: 0.3`. None: all
    likes alike."""
    beginners: Share = 0.0
    """Share of the users who show but a few of their items in training, so that the model learns
    how much a few items say; 0: as much as many."""
    popularity_exponent: Annotated[NotNegative, Search(0.0, 0.5)] = 0.0
    """An item's vector is made longer by its popularity of late to this power: of what suits a
    user, the popular is liked more than the loss learns."""
    half_life_share: Annotated[NotNegative | None, Search(0.005, 1.0, log=True)] = 0.05
    """Of late: the recency that is added to item biases
    (`graphrec.models.training.negative_sampling.recency_shift`)."""

    def fit(self, data: Dataset, seed: Seed = 0) -> FittedModel[Embeddings]:
        """The embeddings after the last epoch."""
        return FittedModel.of(data.weighted, deque(self.train(data, seed), maxlen=1)[0])

    def can_resume(self, start: Embeddings, data: Dataset) -> bool:
        """Whether all that was learnt can be told from the vectors, and they have as many
        dimensions: with one round, a mean of messages, no links of items, and likes of one kind.
        """
        graph = data.weighted
        told = start.encoder is not None and start.item.shape[1] == self.dim + 1
        plain = self.rounds == 1 and self.aggregator in ("degree", "mean") and not self.targets
        alike = len(kinds_of_likes(graph)) < 2
        return told and plain and alike and not item_links(graph, self.left_out)

    def train(
        self, data: Dataset, seed: Seed, start: Embeddings | None = None
    ) -> Iterator[Embeddings]:
        """The embeddings after each epoch, of `dim` + 1 dimensions: the last is the item's bias.

        Items that `start` does not know begin as what their features say, or their users.
        """
        graph, rng = prepare(self, data, seed)
        matrix = graph.matrix
        likes = likes_graph(matrix)
        targets = targets_of(graph, self.targets)
        first, *others = targets
        shift = recency_shift(first.graph, self.half_life_share)
        longer = np.exp(self.popularity_exponent * (first.prior + shift))
        network = Network(self, graph, first.prior, rng, tuple(others))
        aimed = np.any([target.chance > 0 for target in targets], axis=0)
        if start is not None:
            network.resume(start, matrix, shift)
        # Nobody could have met a stranger, so it is no negative.
        sampler = NegativeSampler(
            graph.seen, self.negative_exponent, floor=0 if network.item_side.has_content else 1
        )
        [fanout_rng] = rng.spawn(1)  # so that a fanout changes no other draw
        noise = torch.Generator().manual_seed(int(rng.integers(2**63)))
        average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(self.averaged))
        warm = np.flatnonzero(np.diff(matrix.indptr)).astype(np.int32)

        def batches() -> Iterator[tuple[Rows, NDArray[np.bool_]]]:
            for part in np.array_split(rng.permutation(warm), self.batches):
                users = np.sort(part)
                counts = np.diff(matrix.indptr)[users]
                share = np.repeat(self._hidden_shares(counts, rng), counts)
                hidden = rng.random(len(share)) < share
                if aimed[edges_of(matrix, users)[1][hidden]].any():
                    yield users, hidden

        def loss_of(batch: tuple[Rows, NDArray[np.bool_]]) -> Tensor:
            users, hidden = batch
            row, edge = edges_of(matrix, users)
            met, shape = matrix.indices[edge], (len(users), matrix.shape[1])
            shown, asked = shown_and_asked(row, met, hidden, shape)
            if network.kinds is not None:
                numbered(shown, edge[~hidden])
            rest = hide_edges(likes, edge[hidden]) if self.rounds > 1 else likes
            if self.loss == "bpr":
                drawn = sampler.unmet(users[row[hidden]], self.negatives, rng)
            else:
                drawn = sampler.draw(self.negatives, rng)
            company = company_of(network.friends, matrix, users)
            if self.fanout is None:
                field, at = whole_field(rest, self.rounds - 1), drawn.astype(np.int64)
            else:
                seeds = fanout_rng.integers(2**31, size=2).tolist()
                shown = sampled_edges(shown, self.fanout, seeds[0])
                heard = [items_heard(shown)]
                if company is not None:
                    heard.append(items_heard(company.likes))
                needed = np.unique(np.concatenate([*heard, met[hidden], drawn.ravel()]))
                field = sampled_field(rest, needed, self.rounds - 1, self.fanout, seeds[1])
                shown, asked = among(shown, needed), among(asked, needed)
                if company is not None:
                    company = replace(company, likes=among(company.likes, needed))
                at = np.searchsorted(needed, drawn)
            of_item, messages = network.items(field, noise)
            of_user = network.users(shown, messages, users, company)
            rows = None if field.items is None else field.items[: len(of_item)]
            seen_by = [
                (of_user, of_item),
                *(network.asides(n, of_user, of_item, rows) for n in range(len(others))),
            ]
            if self.loss == "softmax":
                rate = torch.from_numpy(np.log(sampler.probability[drawn] * self.negatives)).float()
                known = tuple(
                    torch.from_numpy(ends).long()
                    for ends in graph.seen[users][:, drawn].tocoo().coords
                )

            def loss_for(weight: NDArray[np.float64], of_user: Tensor, of_item: Tensor) -> Tensor:
                [mine] = np.nonzero(weight)  # [H] of what is asked
                positive = dot_on_edges(asked, of_item, of_user)[torch.from_numpy(mine)]
                u = torch.from_numpy(row[hidden][mine])
                if self.loss == "bpr":
                    unmet = of_item[torch.from_numpy(at[mine])]
                    return bpr(positive, (of_user[u][:, None] * unmet).sum(2))
                negative = of_user @ functional.embedding(torch.from_numpy(at), of_item).T
                negative[known] = MASKED
                weighed = torch.from_numpy(weight[mine]).float()
                return shared_softmax(positive, u, weighed, negative, rate)

            asked_of = [target.chance[edge[hidden]] for target in targets]
            return sum(
                target.weight * loss_for(weight, *seen)
                for target, weight, seen in zip(targets, asked_of, seen_by, strict=True)
                if weight.any()
            )

        for _ in train_epochs(
            network.parameters(),
            batches,
            loss_of,
            epochs=self.epochs,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            warmup_steps=self.warmup_steps,
            after_step=lambda: average.update_parameters(network),
        ):
            with torch.no_grad():
                final = average.module
                items, messages = final.items(whole_field(likes, self.rounds - 1))
                everyone = np.arange(matrix.shape[0], dtype=np.int32)
                company = company_of(network.friends, matrix, everyone)
                users = final.users(likes, messages, everyone, company)
                encoder = final.encoder(messages)
                length = float(final.length)
                likeness = final.item_side.likeness(items, length)
                newcomers = final.item_side.encoder(length, likeness)
            ranked = items.numpy()
            if likeness is not None:
                ranked[final.item_side.unmet] += likeness.said(final.item_side.of_unmet)
            ranked[:, :-1] *= longer[:, None]
            ranked[:, -1] += shift
            yield Embeddings(
                users.numpy(), ranked, encoder, newcomers, network.friends, network.kinds
            )

    @property
    def left_out(self) -> list[str]:
        """The relations of `without_relations`."""
        return [name.strip() for name in self.without_relations.split(",")]

    def _hidden_shares(
        self, counts: NDArray[np.integer], rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Of the items of B users who have `counts` of them [B].

        Beginners show from one to nearly all of them, each order of magnitude as often.
        """
        shares = np.full(len(counts), self.hidden)
        if self.beginners:
            few = rng.random(len(counts)) < self.beginners
            shares[few] = 1 - counts[few] ** -rng.random(np.count_nonzero(few))
        return shares


def _take_over(
    own: nn.Parameter, space: FeatureSpace, vectors: NDArray[np.float32], known: FeatureSpace
) -> None:
    """Of `own` [F, dim], the rows of features that another space has, too."""
    own.copy_(torch.from_numpy(with_columns_of(own.detach().numpy(), space, vectors, known)))


def edges_of(matrix: sparse.csr_array, users: Rows) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The edges of B users: of each, its place among `users`, and its number [E], [E]."""
    starts, counts = matrix.indptr[users].astype(np.int64), np.diff(matrix.indptr)[users]
    row = np.repeat(np.arange(len(users), dtype=np.int64), counts)
    first = np.cumsum(counts) - counts
    return row, np.arange(len(row)) + np.repeat(starts - first, counts)


def shown_and_asked(
    user: NDArray, item: NDArray, hidden: NDArray[np.bool_], shape: tuple[int, int]
) -> tuple[HeteroGraph, HeteroGraph]:
    """The graph that messages pass along, and that of the edges it hides, from E edges."""
    return (
        liked_by_graph(user[~hidden], item[~hidden], shape),
        liked_by_graph(user[hidden], item[hidden], shape),
    )


@dataclass(frozen=True)
class Company:
    """The friends of B users, and what they like."""

    rows: Rows  # [F] of the friends
    likes: HeteroGraph  # of `liked_by_graph`, with the F friends as its users
    share: Tensor  # [B, F] the mean of each user's friends, sparse


def company_of(
    friends: sparse.csr_array | None, matrix: sparse.csr_array, users: Rows
) -> Company | None:
    """Of the B `users`; None where nobody has friends.

    A friend says all they like, also what they are asked about themselves: it is another edge.
    """
    if friends is None:
        return None
    near = friends[users].astype(np.float32)
    share = sparse.csr_array(near.multiply(1 / np.maximum(np.diff(near.indptr), 1)[:, None]))
    rows = np.unique(near.indices).astype(np.int32)
    row, edge = edges_of(matrix, rows)
    likes = liked_by_graph(row, matrix.indices[edge], (len(rows), matrix.shape[1]))
    numbered(likes, edge)
    return Company(rows, likes, as_tensor(share[:, rows].astype(np.float32)))


def texts_of(graph: Graph, config: GraphSAGE) -> Mapping[str, text.Name]:
    """The encoders of the attributes to embed; raises DataError where a name is of no text."""
    names = [name for name in map(str.strip, config.texts.split(",")) if name]
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


class Network(nn.Module):  # type: ignore[misc]  # torch is not type-checked
    """What is learned, and the forward pass."""

    def __init__(
        self,
        config: GraphSAGE,
        graph: Graph,
        prior: NDArray[np.float32],
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
        self.hear = aggregator(config.aggregator, dim)
        attributes = graph.attributes.get("user", {})
        texts = texts_of(graph, config)
        self.user_space = FeatureSpace.of(attributes, texts)
        features = self.user_space.matrix(attributes, len(graph.users))
        self.user_features = as_tensor(features)
        self.introduced = torch.from_numpy((np.diff(features.indptr) > 0).astype(np.float32))
        vectors, strength = item_spectrum(matrix, dim, rng)
        # So that training starts from the spectral vectors whatever the rounds will add to them.
        gain = sum(strength ** (2 * n) for n in range(config.rounds)) / config.rounds
        start = vectors * (0.5 * np.sqrt(matrix.shape[1] / dim) / gain)
        start += 0.01 * rng.standard_normal(start.shape)
        without = config.left_out
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
            self.counts_to_user = KindWeights(self.kinds, kinds)
            self.counts_to_item = KindWeights(self.kinds, kinds)
        self.asides = Asides(others, dim)
        self.friends = friends_of(graph, without)
        self.friendship = nn.Parameter(torch.tensor(FRIENDSHIP))
        self.voice = nn.Parameter(torch.zeros(matrix.shape[1], dim))
        self.of_user_features = nn.Parameter(torch.zeros(self.user_features.shape[1], dim))
        self.warmth = nn.Parameter(torch.zeros(()))
        self.modesty = nn.Parameter(torch.full((), math.log(MODEST) / HASTE))

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def resume(
        self, start: Embeddings, matrix: sparse.csr_array, shift: NDArray[np.float32]
    ) -> None:
        """Become what gave `start`: items it knows have their directions, messages and biases.

        Of a vector only the direction was told; it gets the length of what the item says. Others
        begin as what their features say; those without, as what their users are told.
        """
        encoder, side = start.encoder, self.item_side
        assert encoder is not None  # noqa: S101 - see `GraphSAGE.can_resume`
        if (newcomers := start.newcomers) is not None:
            _take_over(side.of_features, side.space, newcomers.features, newcomers.space)
        if (features := encoder.features) is not None:
            _take_over(
                self.of_user_features, self.user_space, features.vectors[:, :-1], features.space
            )
        said = encoder.messages[:, :-1] / self.item_sends.numpy()  # [I, dim]
        taste = start.item[:, :-1]
        known = np.isfinite(said).all(axis=1) & np.isfinite(taste).all(axis=1)
        size = np.linalg.norm(said, axis=1, keepdims=True)
        vector = taste / np.linalg.norm(taste, axis=1, keepdims=True).clip(1e-12) * size
        learnt = np.concatenate([vector, start.item[:, -1:] - shift[:, None]], axis=1)
        begun = torch.cat([side.identity, side.bias], 1).numpy()
        side.identity.zero_()
        side.bias.zero_()
        by_features = side()[0].numpy()
        users = sparse.csr_array((np.ones(matrix.nnz), matrix.indices, matrix.indptr), matrix.shape)
        heard = np.asarray(users.T @ (users @ np.where(known[:, None], said, 0)))
        reach = np.linalg.norm(heard, axis=1, keepdims=True)
        near = ~known & (reach[:, 0] > 0)
        begun[near, :-1] = (heard / reach.clip(1e-12))[near] * size[known].mean()
        begun[~known & by_features[:, :-1].any(axis=1), :-1] = 0
        begun[known] = (learnt - by_features)[known]
        side.identity.copy_(torch.from_numpy(begun[:, :-1]))
        side.bias.copy_(torch.from_numpy(begun[:, -1:]))
        self.voice.copy_(torch.from_numpy(np.where(known[:, None], said - vector, 0)))
        if encoder.length:
            self.warmth.fill_(math.log(encoder.length * self.config.temperature**0.5) / HASTE)
        if encoder.softening:
            self.modesty.fill_(math.log(encoder.softening) / HASTE)
        if encoder.friendship is not None:
            self.friendship.fill_(encoder.friendship)

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
        sends, receives, voice, bias = map(
            of_field, (self.item_sends, self.item_receives, self.voice * kept, whole[:, -1:])
        )
        count = len(rounds[0])
        for to_users, to_items in field.rounds:
            users = self._hear(to_users, rounds[-1] * sends[:count])
            weight = None
            if self.kinds is not None:
                weight = self.counts_to_item(pairs_of(to_items, LIKES))
            told = mean_of_neighbours(to_items, LIKES, users, weight)
            count = len(told)  # targets are the first of the sources
            rounds = [*(each[:count] for each in rounds), told * receives[:count]]
        vector = torch.stack(rounds).mean(0) if len(rounds) > 1 else rounds[0]
        message = (vector + voice[:count]) * sends[:count]
        if noise is not None and self.config.dropout:
            kept = torch.rand(message.shape, generator=noise) >= self.config.dropout
            message = message * kept / (1 - self.config.dropout)
        return torch.cat([self._of_length(vector), bias[:count]], 1), message

    def users(
        self, likes: HeteroGraph, messages: Tensor, users: Rows, company: Company | None
    ) -> Tensor:
        """The B `users`, which are the users of `likes`, from what they are told [B, dim + 1]."""
        told = self._own(likes, messages, users)
        evidence = likes.in_degrees(etype=LIKED_BY)[:, None].float()
        if self.user_features.shape[1]:
            evidence = evidence + self.introduced[torch.from_numpy(users).long(), None]
        if company is not None:
            said = self._own(company.likes, messages, company.rows)
            told = told + self.friendship * (company.share @ said)
            evidence = evidence + (company.share @ torch.ones(len(said), 1) > 0).float()
        confidence = evidence / (evidence + self.softening).clamp_min(1)
        return torch.cat([self._of_length(told) * confidence, torch.ones(len(told), 1)], 1)

    def _own(self, likes: HeteroGraph, messages: Tensor, users: Rows) -> Tensor:
        """What items and features of the B `users` say [B, dim]."""
        told = self._hear(likes, messages)
        if self.user_features.shape[1]:
            about = self.user_features @ self.of_user_features
            told = told + about[torch.from_numpy(users).long()]
        return told

    def _hear(self, likes: HeteroGraph, messages: Tensor) -> Tensor:
        """What items tell B users [B, dim], in which their kinds of liking them count."""
        weight = None if self.kinds is None else self.counts_to_user(pairs_of(likes, LIKED_BY))
        told: Tensor = self.hear(likes, messages, weight)
        return told

    def encoder(self, messages: Tensor) -> Encoder:
        """What embeds anybody, given the messages of the items [I, dim]."""
        encoder = self.hear.encoder(messages, float(self.length))
        features = None
        if self.user_features.shape[1]:
            vectors = np.pad(self.of_user_features.detach().numpy(), ((0, 0), (0, 1)))
            features = UserFeatures(self.user_space, vectors)
        return replace(
            encoder,
            softening=float(self.softening),
            features=features,
            friendship=None if self.friends is None else float(self.friendship),
            relations=None if self.kinds is None else self.counts_to_user.learned(),
        )

    @property
    def length(self) -> Tensor:
        """Of users and of items, the root of one over the temperature."""
        free = self.config.temperature**-0.5 * torch.exp(HASTE * self.warmth)
        return free.clamp_max(COLDEST**-0.5)

    @property
    def softening(self) -> Tensor:
        """The number of items that makes a user half as long as one of very many."""
        if not self.config.beginners:
            return torch.zeros(())
        return torch.exp(HASTE * self.modesty)

    def _of_length(self, vectors: Tensor) -> Tensor:
        """So that the inner product of user and item is their cosine over the temperature."""
        return functional.normalize(vectors, dim=1) * self.length
