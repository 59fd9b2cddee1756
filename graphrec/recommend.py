"""Recommendations from a snapshot: recall from several sources, one ranking, a reason for each.

Each source gives its best candidates: items that the graph filter finds in the neighbourhood of the
history, items whose embedding is nearest to the user's, popular items. They are ranked together by
`graphrec.fusion`: the score of an item is the sum, over the sources, of

    weight of the source · strength of the item in the eyes of the source

whoever recalled it. What the user has met is left out of every source, and popular items that no
source recalled fill the list up, with score 0. So a list is short only where there is nothing left
to recommend. A user who likes nothing, or whom the snapshot does not know, gets the popular items.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.config import RecallSettings
from graphrec.data import Rows
from graphrec.errors import SnapshotError
from graphrec.explain import Because, Contribution, Explanation, Source, reason
from graphrec.fusion import Opinion, fuse, strengths
from graphrec.neighbours import related_items, vias
from graphrec.ranking import top_k
from graphrec.snapshot import Snapshot
from graphrec.store.protocol import Similarity

BLOCK = 128
"""People whose lists are made at a time, where many are."""

PATHS = 3
"""Paths given with each recommendation."""

MIN_SUPPORT = 2
"""People two items must share to be related in the graph: one may be chance."""


@dataclass(frozen=True)
class Recommendation:
    """An item for someone, and why."""

    item: str
    title: str | None
    score: float
    sources: tuple[Source, ...]
    reason: str
    because: tuple[Because, ...]


@dataclass(frozen=True)
class Related:
    """An item beside another one."""

    item: str
    title: str | None
    score: float
    """Of the people who like either, or the cosine of the two embeddings."""
    people: int | None
    """How many like both; None where the embeddings were compared."""


@dataclass(frozen=True)
class Taste:
    """What is known of someone, in rows."""

    history: Rows  # [H] items they like
    worth: NDArray[np.float32]  # [H] how much
    seen: Rows  # [S] items to leave out
    vector: NDArray[np.float32] | None  # [dim]
    user: int | None = None
    """Their row, where the snapshot knows them."""


NOTHING = np.empty(0, np.int32)
NEWCOMER = Taste(NOTHING, np.empty(0, np.float32), NOTHING, None)


@dataclass(frozen=True)
class Ranking:
    """The best items for someone, in rows."""

    items: Rows  # [N] best first
    scores: NDArray[np.float64]  # [N]
    recalled: int
    """How many items any source recalled; those from this place on are the fallback."""
    opinions: tuple[Opinion, ...]
    weights: Mapping[str, float]

    def contributions(self, place: int) -> tuple[Contribution, ...]:
        """What makes up the score at a place of the list: the sources that speak for the item."""
        if place >= self.recalled:
            return (Contribution("fallback", 0.0, 0.0, 0.0),)
        found = []
        for opinion in self.opinions:
            weight = self.weights[opinion.source]
            if (strength := float(opinion.of(self.items[place : place + 1])[0])) > 0:
                found.append(Contribution(opinion.source, strength, weight, weight * strength))
        return tuple(found)


@dataclass(frozen=True)
class Recommender:
    """Lists, related items and explanations; all of it deterministic, with ties by row."""

    snapshot: Snapshot
    recall: RecallSettings

    def recommend(self, user: str, k: int) -> tuple[Recommendation, ...]:
        """The `k` best items that the user has not met; popular ones where the user is unknown."""
        row = self.snapshot.likes.users.rows.get(user)
        return self._recommendations(NEWCOMER if row is None else self._taste_of(row), k)

    def recommend_for(self, items: Sequence[str], k: int) -> tuple[Recommendation, ...]:
        """The `k` best items for someone who likes `items`, which are left out.

        Popular items where `items` is empty. Raises UnknownNode.
        """
        return self._recommendations(self._taste_for(items), k)

    def rank(self, users: Rows, k: int) -> Rows:
        """The lists of `recommend` for B user rows: item rows [B, k], -1 where a list is short."""
        return self._rank([self._taste_of(int(user)) for user in users], k)

    def rank_sessions(self, histories: Sequence[Rows], k: int) -> Rows:
        """The lists of `recommend_for` for B histories of distinct item rows: [B, k], as `rank`."""
        return self._rank([self._taste_for_rows(history) for history in histories], k)

    def _rank(self, tastes: Sequence[Taste], k: int) -> Rows:
        ranked = np.full((len(tastes), k), -1, np.int32)
        for start in range(0, len(tastes), BLOCK):
            block = tastes[start : start + BLOCK]
            for b, (taste, opinions) in enumerate(zip(block, self._opinions(block), strict=True)):
                items = self._ranking(taste, opinions, k).items
                ranked[start + b, : len(items)] = items
        return ranked

    def score(self, users: Rows) -> NDArray[np.float32]:
        """The fused scores [B, I] of all items, recalled, met or not.

        For tables in which the models are asked about given candidates; lists need less work.
        """
        everything = np.arange(len(self._popular), dtype=np.int32)
        scores = np.zeros((len(users), len(everything)), np.float32)
        for row, opinions in zip(scores, self.opinions(users), strict=True):
            for opinion in opinions:
                row += self._weights[opinion.source] * opinion.of(everything)
        return scores

    def opinions(self, users: Rows) -> Iterator[tuple[Opinion, ...]]:
        """What the sources say to each of B users of what they have not met."""
        for start in range(0, len(users), BLOCK):
            yield from self._opinions(
                [self._taste_of(int(user)) for user in users[start : start + BLOCK]]
            )

    def explain(self, user: str, item: str, k: int = PATHS) -> Explanation:
        """Why `item` for `user`, with the `k` best paths between them; raises UnknownNode."""
        taste = self._taste_of(self.snapshot.likes.users.row(user, "user"))
        return self._explanation(taste, item, k)

    def explain_session(self, items: Sequence[str], item: str, k: int = PATHS) -> Explanation:
        """Why `item` for someone who likes `items`; raises UnknownNode."""
        return self._explanation(self._taste_for(items), item, k)

    def related(
        self,
        item: str,
        k: int,
        by: Literal["graph", "embedding"] = "graph",
        similarity: Similarity = "cosine",
        min_support: int = MIN_SUPPORT,
    ) -> tuple[Related, ...]:
        """The `k` items most like `item`: liked by the same people, or of the nearest embeddings.

        `similarity` and `min_support` are of the people; embeddings are compared by cosine.
        Raises UnknownNode, and SnapshotError where embeddings are asked for and there are none.
        """
        likes, title = self.snapshot.likes, self.snapshot.title
        row = likes.items.row(item, "item")
        if by == "graph":
            found = related_items(likes, item, k, similarity, min_support)
            return tuple(
                Related(near.id, title(likes.items.row(near.id)), near.score, near.support)
                for near in found
            )
        cosine = self._cosine(row)
        itself = sparse.csr_array(([True], ([0], [row])), (1, len(cosine)))
        rows = top_k(cosine[None], k, itself)[0]
        return tuple(
            Related(likes.items.ids[near], title(near), float(cosine[near]), None)
            for near in rows[rows >= 0].tolist()
        )

    def _cosine(self, item: int) -> NDArray[np.float32]:
        """Of the embedding of an item with those of all [I].

        Not the inner product that ranks items for a user: it would put popular items first, since
        the length of an embedding carries popularity.
        """
        return self._vectors @ self._vectors[item] / (self._lengths * self._lengths[item])

    @cached_property
    def _vectors(self) -> NDArray[np.float32]:
        """The item embeddings [I, dim], no biases; raises SnapshotError where there are none."""
        if self.snapshot.embeddings is None:
            raise SnapshotError(
                f"snapshot {self.snapshot.manifest.version!r} has no embeddings: expected those of "
                f"a model that learns them; train one, or ask for items related in the graph"
            )
        return self.snapshot.embeddings.item_taste

    @cached_property
    def _lengths(self) -> NDArray[np.float32]:
        """Of the item embeddings [I], and 1 where one is all zeros."""
        length = np.linalg.norm(self._vectors, axis=1)
        return np.where(length > 0, length, 1).astype(np.float32)

    @cached_property
    def _weights(self) -> Mapping[str, float]:
        """Of the sources: what the settings say, else what was chosen in training."""
        chosen = self.snapshot.manifest.weights
        set_by_hand = self.recall.model_dump(exclude={"candidates"}, exclude_none=True)
        return {**chosen, **set_by_hand}

    @cached_property
    def _popular(self) -> Rows:
        """All item rows, the most popular first."""
        return np.argsort(-self.snapshot.popularity, kind="stable").astype(np.int32)

    @cached_property
    def _moments(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean [dim] and covariance [dim, dim] of the item vectors.

        They give mean and deviation of anyone's scores, for which no item need be looked at.
        """
        embeddings = self.snapshot.embeddings
        assert embeddings is not None  # noqa: S101 - who asks has a vector
        items = embeddings.item.astype(np.float64)
        mean = items.mean(axis=0)
        return mean, (items - mean).T @ (items - mean) / len(items)

    @cached_property
    def _fame(self) -> NDArray[np.float64]:
        """The strength of each item by popularity [I]; its logarithm, as it spans magnitudes."""
        return _strengths_of(np.log1p(self.snapshot.popularity))

    def _taste_of(self, user: int) -> Taste:
        likes, embeddings = self.snapshot.likes, self.snapshot.embeddings
        vector = None if embeddings is None else embeddings.user[user]
        history = self.snapshot.graph_filter.history
        worth = history.data[history.indptr[user] : history.indptr[user + 1]]
        return Taste(_stored(likes.by_user, user), worth, _stored(likes.seen, user), vector, user)

    def _taste_for(self, items: Sequence[str]) -> Taste:
        """Of someone who is known by the items they like."""
        vocabulary = self.snapshot.likes.items
        return self._taste_for_rows(
            np.unique(np.array([vocabulary.row(i, "item") for i in items], np.int32))
        )

    def _taste_for_rows(self, history: Rows) -> Taste:
        encoder = self.snapshot.encoder
        vector = None if encoder is None else encoder.embed(history)
        return Taste(history, np.ones(len(history), np.float32), history, vector)

    def _ranking(self, taste: Taste, opinions: tuple[Opinion, ...], k: int) -> Ranking:
        """The `k` best items for someone: the one way in which a list is made."""
        items, scores = fuse(opinions, self._weights)
        recalled = len(items)
        if recalled < k:
            eligible = self._eligible(taste)
            eligible[items] = False
            items = np.concatenate([items, self._popular[eligible[self._popular]]])
            scores = np.concatenate([scores, np.zeros(len(items) - recalled)])
        return Ranking(items[:k], scores[:k], recalled, opinions, self._weights)

    def _eligible(self, taste: Taste) -> NDArray[np.bool_]:
        """Which items [I] may be recommended."""
        eligible = np.ones(len(self._popular), bool)
        eligible[taste.seen] = False
        return eligible

    def _opinions(self, tastes: Sequence[Taste]) -> list[tuple[Opinion, ...]]:
        """Of each source that has a weight and something to go by, for each person."""
        weight, count = self._weights, self.recall.candidates
        near = self._filtered(tastes) if weight["neighbours"] else None
        found = []
        for at, taste in enumerate(tastes):
            opinions: list[Opinion] = []
            eligible = self._eligible(taste)
            if near is not None and len(taste.history):
                strength = _strengths_of(near[at])
                opinions.append(_opinion("neighbours", strength, eligible, count))
            if weight["embedding"] and len(taste.history) and taste.vector is not None:
                opinions.append(self._nearest(taste, taste.vector))
            if weight["popularity"]:
                opinions.append(_opinion("popularity", self._fame, eligible, count))
            found.append(tuple(opinions))
        return found

    def _filtered(self, tastes: Sequence[Taste]) -> NDArray[np.float32]:
        """The scores of the graph filter [B, I]."""
        histories = sparse.csr_array(
            (
                np.concatenate([taste.worth for taste in tastes]),
                np.concatenate([taste.history for taste in tastes]),
                np.cumsum([0, *(len(taste.history) for taste in tastes)]),
            ),
            (len(tastes), len(self._popular)),
        )
        return self.snapshot.graph_filter.score_histories(histories)

    def _nearest(self, taste: Taste, vector: NDArray[np.float32]) -> Opinion:
        embeddings, index = self.snapshot.embeddings, self.snapshot.index
        assert embeddings is not None and index is not None  # noqa: S101, PT018 - there is a vector
        mean, covariance = self._moments
        user = vector.astype(np.float64)
        middle, deviation = float(user @ mean), math.sqrt(max(float(user @ covariance @ user), 0))

        def of(items: Rows) -> NDArray[np.float64]:
            return strengths((embeddings.item[items] * user).sum(axis=1), middle, deviation)

        rows = index.search(vector[None], self.recall.candidates, [taste.seen])[0][0]
        rows = rows[rows >= 0]
        return Opinion("embedding", rows[of(rows) > 0], of)

    def _recommendations(self, taste: Taste, k: int) -> tuple[Recommendation, ...]:
        [opinions] = self._opinions([taste])
        ranking = self._ranking(taste, opinions, k)
        return tuple(
            self._recommendation(ranking, place, because)
            for place, because in enumerate(self._because(taste, ranking.items, PATHS))
        )

    def _recommendation(
        self, ranking: Ranking, place: int, because: tuple[Because, ...]
    ) -> Recommendation:
        item = int(ranking.items[place])
        sources = tuple(part.source for part in ranking.contributions(place))
        return Recommendation(
            item=self.snapshot.likes.items.ids[item],
            title=self.snapshot.title(item),
            score=float(ranking.scores[place]),
            sources=sources,
            reason=self._reason(item, because, sources),
            because=because,
        )

    def _explanation(self, taste: Taste, item: str, k: int) -> Explanation:
        row = self.snapshot.likes.items.row(item, "item")
        [because] = self._because(taste, np.array([row]), k)
        [opinions] = self._opinions([taste])
        ranking = self._ranking(taste, opinions, len(self._popular))
        places = np.flatnonzero(ranking.items == row).tolist()  # none where the item was seen
        contributions = ranking.contributions(places[0]) if places else ()
        sources = tuple(part.source for part in contributions)
        return Explanation(
            item=item,
            title=self.snapshot.title(row),
            seen=not places,
            rank=places[0] + 1 if places else None,
            score=float(ranking.scores[places[0]]) if places else 0.0,
            contributions=contributions,
            reason=self._reason(row, because, sources),
            because=because,
        )

    def _because(self, taste: Taste, items: Rows, k: int) -> list[tuple[Because, ...]]:
        likes = self.snapshot.likes
        return [
            tuple(
                Because(
                    likes.items.ids[via.item], self.snapshot.title(via.item), via.people, via.score
                )
                for via in found
            )
            for found in vias(likes, taste.history, items, k, taste.user)
        ]

    def _reason(self, item: int, because: Sequence[Because], sources: Sequence[Source]) -> str:
        name = self.snapshot.title(item) or self.snapshot.likes.items.ids[item]
        people = len(_stored(self.snapshot.likes.by_item, item))
        return reason(name, because, sources, people)


def _strengths_of(scores: NDArray) -> NDArray[np.float64]:
    """Of scores of all items [I]."""
    if not len(scores):
        return np.empty(0)
    scores = scores.astype(np.float64)
    return strengths(scores, float(scores.mean()), float(scores.std()))


def _opinion(
    source: Source, strength: NDArray[np.float64], eligible: NDArray[np.bool_], count: int
) -> Opinion:
    """Of a source that knows the strengths [I] of all items."""
    left = strength * eligible
    rows = top_k(left[None], count)[0]
    rows = rows[rows >= 0]

    def of(items: Rows) -> NDArray[np.float64]:
        return strength[items]

    return Opinion(source, rows[left[rows] > 0], of)


def _stored(matrix: sparse.csr_array, row: int) -> Rows:
    """The columns of a row."""
    return matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]
