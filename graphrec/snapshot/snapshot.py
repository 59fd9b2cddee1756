"""The published artefact: everything that serving needs, and nothing that can run.

A snapshot is a tree of arrays (`graphrec.data.tree`): what is per user or per item says so on
its field, here and in the sources, so that writing, reading, forgetting users, adding rows and
comparing need no list of what there is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Attribute, AttributeValue, Graph, Rows, Vocabulary, as_title
from graphrec.data.axes import axes
from graphrec.data.clipping import UNKNOWN
from graphrec.data.drift import kinds_of, shape_of
from graphrec.data.item_links import ItemLinks, links_of
from graphrec.data.kind_events import KindEvents, events_by_kind
from graphrec.data.kinds import DEFAULT_POLICY, KindPolicy
from graphrec.data.times import newest
from graphrec.models.embeddings import Embeddings
from graphrec.models.encoder import Encoder
from graphrec.policy.learned import Learned
from graphrec.ranking.fusion import Weights, alike
from graphrec.ranking.learned.item_facts import ItemFacts
from graphrec.ranking.learned.ranker import LearnedRanker
from graphrec.ranking.q_network.network import QNetwork
from graphrec.ranking.thompson import Posteriors
from graphrec.ratings.predictor import RatingPredictor
from graphrec.retrieval.embedding import Nearest
from graphrec.retrieval.kind_pairs import KindPairs
from graphrec.retrieval.labels import LabelSpace
from graphrec.retrieval.neighbours import Likes
from graphrec.retrieval.popularity import Popularity
from graphrec.retrieval.segments import segments_of
from graphrec.retrieval.sequence import SequenceSource
from graphrec.retrieval.source import CandidateSource
from graphrec.snapshot.layout import MOST_PLACED, Points, layout
from graphrec.snapshot.manifest import HyperParameters, Manifest
from graphrec.snapshot.search import Search

KEPT_KINDS = 16
"""Combinations of kinds whose events are kept by pairs; those of more are put together again."""

EQUAL_WEIGHTS = alike({"embedding": 1.0, "neighbours": 1.0, "popularity": 0.1})

TYPES: Mapping[str, str] = {
    "neighbours": "graphrec.retrieval.neighbourhood:Neighbourhood",
    "embedding": "graphrec.retrieval.embedding:Nearest",
    "popularity": "graphrec.retrieval.popularity:Popularity",
    "vectors": "graphrec.retrieval.vectors:NearestVectors",
    "sequence": "graphrec.retrieval.sequence:SequenceSource",
    "attention": "graphrec.models.sequence.layers.attention:AttentionLayers",
    "recurrence": "graphrec.models.sequence.layers.recurrence:RecurrentLayers",
    "convolution": "graphrec.models.sequence.layers.convolution:ConvolutionLayers",
    "graph-filter": "graphrec.models.graph_filter.scorer:FittedFilter",
    "item-weights": "graphrec.models.history:ItemWeights",
    "rating-factors": "graphrec.ratings.factors:Factors",
    "rating-item-neighbours": "graphrec.ratings.knn:ItemNeighbours",
    "rating-user-neighbours": "graphrec.ratings.knn:UserNeighbours",
    "rating-perceptron": "graphrec.ratings.perceptron:Perceptron",
    "rating-blend": "graphrec.ratings.blend:Blended",
}
"""The classes that the fields of a snapshot may hold where they name a protocol, by the name that
files have them under. Sources and models from elsewhere are named in the settings."""


@dataclass(frozen=True)
class Snapshot:
    """Everything that serving needs, about U users and I items."""

    manifest: Manifest
    users: Annotated[Vocabulary, axes("user")]
    items: Annotated[Vocabulary, axes("item")]
    history: Annotated[sparse.csr_array, axes("user", "item")]
    """[U, I]: what users like, and how much."""
    liked_at: Annotated[sparse.csr_array, axes("user", "item")]
    """int64 [U, I]: when last, in milliseconds since 1970, in the places of `history`."""
    seen: Annotated[sparse.csr_array, axes("user", "item")]
    """bool [U, I]: the items that users have an event on, liked or not."""
    disliked: Annotated[sparse.csr_array, axes("user", "item")]
    """float32 [U, I]: what users dislike, and how much: all of it is seen, and none liked."""
    disliked_at: Annotated[sparse.csr_array, axes("user", "item")]
    """int64 [U, I]: when, in milliseconds since 1970, in the places of `disliked`."""
    popularity: Popularity
    """A source of its own, and the order in which items fill up a list."""
    sources: tuple[CandidateSource, ...] = ()
    """The other sources of candidates, the first to name in explanations first."""
    item_attributes: Annotated[Mapping[str, Attribute], axes("item")] = field(default_factory=dict)
    """`title` is what an item is called. Vectors are not among them."""
    user_attributes: Annotated[Mapping[str, Attribute], axes("user")] = field(default_factory=dict)
    """Those that the encoder reads, and those that segments and rules go by; no others."""
    links: tuple[ItemLinks, ...] = ()
    """What items are linked to, for rules."""
    ratings: RatingPredictor | None = None
    """What predicts what users would give items; None where none was fitted."""
    events: Mapping[str, KindEvents] = field(default_factory=dict)
    """By kind: who did it with which item, and when."""
    ranker: LearnedRanker | None = None
    """What adds to the fused scores of candidates; None where fusion serves alone."""
    networks: Mapping[str, QNetwork] = field(default_factory=dict)
    """By policy, the Q-network that re-ranks candidates where it is the action that is taken."""
    learned: Mapping[str, Learned] = field(default_factory=dict)
    """By policy, what it had learned of its actions when the snapshot was made."""

    @cached_property
    def item_facts(self) -> ItemFacts:
        """What the learned ranker goes by of items."""
        return ItemFacts.of(self.history, self.liked_at, self.seen, self.item_attributes)

    @cached_property
    def likes(self) -> Likes:
        """Who likes and has seen what, from either side."""
        by_item = self.history.T.tocsr()
        return Likes(self.users, self.items, self.history, by_item, self.seen)

    @property
    def all_sources(self) -> tuple[CandidateSource, ...]:
        """The sources of candidates, popularity last."""
        return (*self.sources, self.popularity)

    @cached_property
    def nearest(self) -> Nearest | None:
        """The source of nearest embeddings, where there is one."""
        return next((each for each in self.sources if isinstance(each, Nearest)), None)

    @property
    def embeddings(self) -> Embeddings | None:
        """The vectors, where there are any."""
        return None if self.nearest is None else self.nearest.vectors

    @cached_property
    def item_points(self) -> Points | None:
        """The items as points of a map [I, 2]; None without embeddings.

        nan where an item has no vector, and beyond the `MOST_PLACED` most popular ones.

        It takes seconds where there are thousands.
        """
        if self.embeddings is None:
            return None
        vectors = self.embeddings.item_without_bias
        order = self.popularity.order
        order = order[vectors[order].any(axis=1)][:MOST_PLACED]
        points = np.full((len(self.items), 2), np.nan, np.float32)
        points[order] = layout(vectors[order])
        return points

    @property
    def encoder(self) -> Encoder | None:
        """What makes a user's vector out of items and features, where the model can."""
        return None if self.embeddings is None else self.embeddings.encoder

    @cached_property
    def posteriors(self) -> Posteriors:
        """What is known of how many like each item, and at the end of one that nobody has seen."""
        seen = np.bincount(self.seen.indices, minlength=len(self.items))
        return Posteriors(np.append(self.likes.degrees, 0), np.append(seen, 0))

    @cached_property
    def label_space(self) -> LabelSpace:
        """The categories and tags of items, for those that have no embedding."""
        return LabelSpace.of(self.item_attributes, self.history)

    @cached_property
    def item_names(self) -> Search:
        """Titles and ids of items, the most popular first."""
        names = (
            (title or item, item) for item, title in zip(self.items.ids, self.titles, strict=True)
        )
        return Search.of(self.popularity.order, names)

    @cached_property
    def user_names(self) -> Search:
        """Ids of users, those who like most first."""
        likes = np.diff(self.history.indptr)
        order = np.argsort(-likes, kind="stable").astype(np.int32)
        return Search.of(order, ((user,) for user in self.users.ids))

    def pairs_of(self, kinds: frozenset[str]) -> KindPairs:
        """The events of some kinds that count; of none: those of all kinds on what is liked."""
        if kinds not in self._pairs:
            if len(self._pairs) == KEPT_KINDS:
                self._pairs.clear()
            events = [each for kind, each in self.events.items() if not kinds or kind in kinds]
            among = None if kinds else self.history
            self._pairs[kinds] = KindPairs.of(events, self.history.shape, among)
        return self._pairs[kinds]

    @cached_property
    def _pairs(self) -> dict[frozenset[str], KindPairs]:
        return {}  # filled by `pairs_of`

    def about(self, user: int) -> Mapping[str, AttributeValue]:
        """The attributes of a user row that are kept."""
        return values_at(self.user_attributes, user)

    def title(self, item: int) -> str | None:
        """The title of an item row, where it has one."""
        return self.titles[item]

    @cached_property
    def titles(self) -> tuple[str | None, ...]:
        """The titles of all items [I]."""
        titles = self.item_attributes.get("title")
        if titles is None:
            return (None,) * len(self.items)
        return tuple(map(as_title, titles.values))


def values_at(attributes: Mapping[str, Attribute], row: int) -> Mapping[str, AttributeValue]:
    """The value of each attribute of one node."""
    return {name: attribute.values[row] for name, attribute in attributes.items()}


def history_rows(matrix: sparse.csr_array, row: int) -> Rows:
    """The columns that are stored in a row."""
    rows: Rows = matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]
    return rows


def _oldest(time: NDArray[np.int64]) -> int | None:
    """The oldest of the times that are known, in milliseconds; None where none is."""
    known = time[time > 0]
    return int(known.min()) if len(known) else None


def build_snapshot(
    graph: Graph,
    *,
    sources: tuple[CandidateSource, ...],
    seed: int,
    cutoff: int | None = None,
    models: Mapping[str, HyperParameters] | None = None,
    metrics: Mapping[str, Any] | None = None,
    weights: Weights = EQUAL_WEIGHTS,
    popularity: NDArray[np.floating] | None = None,
    half_life: float | None = None,
    popular_by: str | None = None,
    user_attributes: Collection[str] = (),
    ratings: RatingPredictor | None = None,
    ranker: LearnedRanker | None = None,
    kinds: Mapping[str, KindPolicy] | None = DEFAULT_POLICY,
) -> Snapshot:
    """The snapshot of a weighted graph (`graphrec.data.weighting`) and of sources fitted on it.

    `popularity` [I] defaults to the sum of the weights of each item's likes; `half_life` is that of
    the likes it was made of, in shares of the log. `popular_by` is an attribute of users by whose
    values popularity is kept, too; `user_attributes` are further ones to keep. `kinds` say which
    events count as one of their kind; None: no events are kept, as for a trial.
    """
    log, history = graph.interactions, graph.matrix
    if popularity is None:
        popularity = np.bincount(history.indices, history.data, len(graph.items)).astype(np.float32)
    columns = graph.attributes.get("user", {})
    nearest = next((each for each in sources if isinstance(each, Nearest)), None)
    encoder = None if nearest is None else nearest.vectors.encoder
    read = set(() if encoder is None else encoder.attribute_names)
    read.update(*(each.attribute_names for each in sources if isinstance(each, SequenceSource)))
    by_segment = None if popular_by is None else columns.get(popular_by)
    return Snapshot(
        manifest=Manifest(
            seed=seed,
            cutoff=cutoff,
            newest_event=newest(log.time),
            oldest_event=_oldest(log.time),
            user_attributes=tuple(sorted(columns)),
            clipping=UNKNOWN if log.clipping is None else log.clipping,
            counts={
                "users": len(graph.users),
                "items": len(graph.items),
                "events": len(log),
                "likes": history.nnz,
                "seen": graph.seen.nnz,
            },
            models=models or {},
            metrics=metrics or {},
            weights=weights,
            shape=shape_of(history, kinds_of(log)),
        ),
        users=graph.users,
        items=graph.items,
        history=history,
        liked_at=graph.liked_at,
        seen=graph.seen,
        disliked=graph.disliked,
        disliked_at=graph.disliked_at,
        popularity=Popularity(
            popularity.astype(np.float32),
            segments_of(history, by_segment, popular_by or ""),
            half_life,
        ),
        sources=sources,
        item_attributes={
            name: each
            for name, each in graph.attributes.get("item", {}).items()
            if each.kind != "vector"  # which a source has as an array, if any
        },
        user_attributes={
            name: each
            for name, each in columns.items()
            if name in read or name == popular_by or name in user_attributes
        },
        links=links_of(graph),
        ratings=ratings,
        ranker=ranker,
        events={} if kinds is None else events_by_kind(log, kinds),
    )
