"""Recommendations from a snapshot: recall from several sources, one ranking, a reason for each.

Each source gives its best candidates: items whose embedding is nearest to the user's, neighbours
of the items in the history, popular items. They are ranked by weighted reciprocal rank fusion
(Cormack, Clarke & Büttcher, SIGIR 2009): the score of an item is the sum, over the sources that
found it, of

    weight of the source / (60 + rank in the source)

What the user has met is left out of every source, and popular items that no source found fill the
list up, with score 0. So a list is short only where there is nothing left to recommend. A user who
likes nothing, or whom the snapshot does not know, gets the popular items.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.config import RecallSettings
from graphrec.data import Rows
from graphrec.errors import SnapshotError
from graphrec.explain import Because, Contribution, Explanation, Source, paths, reason
from graphrec.neighbours import related_items
from graphrec.ranking import top_k
from graphrec.snapshot import Snapshot
from graphrec.store.protocol import Similarity

RANK_CONSTANT = 60
"""Of reciprocal rank fusion, as in the paper: how little the very first ranks stand out."""

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
    seen: Rows  # [S] items to leave out
    vector: NDArray[np.float32] | None  # [dim]
    user: int | None = None
    """Their row, where the snapshot knows them."""


NOTHING = np.empty(0, np.int32)
NEWCOMER = Taste(NOTHING, NOTHING, None)


@dataclass(frozen=True)
class Candidates:
    """What one source recalls."""

    source: Source
    weight: float
    items: Rows  # best first

    @cached_property
    def rank(self) -> Mapping[int, int]:
        """Rank of each item, from 1."""
        return {item: rank for rank, item in enumerate(self.items.tolist(), start=1)}


@dataclass(frozen=True)
class Ranking:
    """The best items for someone, in rows."""

    items: Rows  # [N] best first
    scores: NDArray[np.float64]  # [N]
    recalled: int
    """How many items any source found; those from this place on are the fallback."""
    candidates: tuple[Candidates, ...]

    def contributions(self, place: int) -> tuple[Contribution, ...]:
        """What makes up the score at a place of the list."""
        if place >= self.recalled:
            return (Contribution("fallback", place - self.recalled + 1, 0.0, 0.0),)
        item = int(self.items[place])
        found = []
        for by in self.candidates:
            if rank := by.rank.get(item):
                score = by.weight / (RANK_CONSTANT + rank)
                found.append(Contribution(by.source, rank, by.weight, score))
        return tuple(found)


def fuse(candidates: Sequence[Candidates]) -> tuple[Rows, NDArray[np.float64]]:
    """Weighted reciprocal rank fusion: all items found, best first, and their scores, both [N]."""
    items = np.concatenate([NOTHING, *(by.items for by in candidates)])
    shares = [by.weight / (RANK_CONSTANT + np.arange(1, len(by.items) + 1)) for by in candidates]
    items, position = np.unique(items, return_inverse=True)
    scores = _sums(position, np.concatenate([np.empty(0), *shares]), len(items))
    order = np.argsort(-scores, kind="stable")
    return items[order], scores[order]


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
        ranked = np.full((len(users), k), -1, np.int32)
        for b, user in enumerate(users):
            items = self._ranking(self._taste_of(int(user)), k).items
            ranked[b, : len(items)] = items
        return ranked

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

    def _taste_of(self, user: int) -> Taste:
        likes, embeddings = self.snapshot.likes, self.snapshot.embeddings
        vector = None if embeddings is None else embeddings.user[user]
        return Taste(_stored(likes.by_user, user), _stored(likes.seen, user), vector, user)

    def _taste_for(self, items: Sequence[str]) -> Taste:
        """Of someone who is known by the items they like."""
        vocabulary, encoder = self.snapshot.likes.items, self.snapshot.encoder
        history = np.unique(np.array([vocabulary.row(i, "item") for i in items], np.int32))
        vector = None if encoder is None else encoder.embed(history)
        return Taste(history, history, vector)

    def _ranking(self, taste: Taste, k: int) -> Ranking:
        """The `k` best items for someone: the one way in which a list is made."""
        eligible = np.ones(len(self._popular), bool)
        eligible[taste.seen] = False
        popular = self._popular[eligible[self._popular]]
        candidates = self._recall(taste, eligible, popular)
        items, scores = fuse(candidates)
        recalled = len(items)
        if recalled < k:
            eligible[items] = False
            items = np.concatenate([items, popular[eligible[popular]]])
            scores = np.concatenate([scores, np.zeros(len(items) - recalled)])
        return Ranking(items[:k], scores[:k], recalled, candidates)

    def _recall(
        self, taste: Taste, eligible: NDArray[np.bool_], popular: Rows
    ) -> tuple[Candidates, ...]:
        """The best eligible items of each source that has a weight and something to go by."""
        weight, index, count = self._weights, self.snapshot.index, self.recall.candidates
        warm = len(taste.history) > 0
        found = []
        if weight["embedding"] and warm and index is not None and taste.vector is not None:
            rows = index.search(taste.vector[None], count, [taste.seen])[0][0]
            found.append(Candidates("embedding", weight["embedding"], rows[rows >= 0]))
        if weight["neighbours"] and warm:
            near = self.snapshot.neighbours[taste.history]
            score = _sums(near.indices, near.data, len(eligible)) * eligible
            rows = top_k(score[None], count)[0]
            rows = rows[rows >= 0]
            found.append(Candidates("neighbours", weight["neighbours"], rows[score[rows] > 0]))
        if weight["popularity"]:
            rows = popular[:count]
            found.append(Candidates("popularity", weight["popularity"], rows))
        return tuple(found)

    def _recommendations(self, taste: Taste, k: int) -> tuple[Recommendation, ...]:
        ranking = self._ranking(taste, k)
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
        ranking = self._ranking(taste, len(self._popular))
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
                for via in vias
            )
            for vias in paths(likes, taste.history, items, k, taste.user)
        ]

    def _reason(self, item: int, because: Sequence[Because], sources: Sequence[Source]) -> str:
        name = self.snapshot.title(item) or self.snapshot.likes.items.ids[item]
        people = len(_stored(self.snapshot.likes.by_item, item))
        return reason(name, because, sources, people)


def _sums(rows: NDArray, values: NDArray, count: int) -> NDArray[np.float64]:
    """The sum of the `values` of each row [count]."""
    return np.bincount(rows, values, minlength=count).astype(np.float64)  # of nothing: integers


def _stored(matrix: sparse.csr_array, row: int) -> Rows:
    """The columns of a row."""
    return matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]
