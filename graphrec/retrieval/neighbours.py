"""Neighbourhood queries over sparse matrices, for the process that serves.

They give the same rows, in the same order and with the same scores, as the queries of a
`GraphStore` whose policy weighed the graph: see `graphrec.store.protocol` for what they mean. With
`a` and `b` the people who like either item, cosine is |a ∩ b| / √(|a| |b|) and jaccard is
|a ∩ b| / |a ∪ b| (Sarwar et al., "Item-based collaborative filtering", WWW 2001, for cosine). Lift
is |a ∩ b| n / (|a| |b|) with the n people who like anything (Brin et al., "Dynamic itemset counting
and implication rules for market basket data", SIGMOD 1997, as "interest").
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from heapq import nsmallest
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Graph, Rows, Vocabulary
from graphrec.models.sparse_rows import distinct, places
from graphrec.store.protocol import SCALE, Neighbour, Path, Popular, Similarity

BLOCK = 16
"""Items whose paths are counted at a time: a bit each, for each who likes any of them."""

WORDS_AT_ONCE = 2**15
"""Of these bits, that are compared in one go: they and their counts fit a cache."""

BITS_UP_TO = 2**24
"""Bytes that a bit for each and every item and user may take."""

BITS_AT_ONCE = 512
"""Items whose bits are made at a time, which takes a byte for each and every user."""

NOBODY = np.empty(0, np.int32)
NO_PATH = -1


Via: TypeAlias = tuple[int, int, float]
"""A path in rows: an item, how many others like both it and the item in question, and a score."""


@dataclass(frozen=True)
class Likes:
    """Who likes what, from either side, and who has seen what.

    What counts is which elements are stored, each once; their values are not read.
    """

    users: Vocabulary
    items: Vocabulary
    by_user: sparse.csr_array  # [U, I] the items each user likes
    by_item: sparse.csr_array  # [I, U] the users who like each item
    seen: sparse.csr_array  # [U, I] the items each user has seen, liked or not

    @classmethod
    def of(cls, graph: Graph) -> Likes:
        """The likes of a weighed graph (`graphrec.data.weighting.weigh`)."""
        by_item = graph.matrix.T.tocsr()
        return cls(graph.users, graph.items, graph.matrix, by_item, graph.seen)

    @cached_property
    def degrees(self) -> NDArray[np.int64]:
        """How many users like each item [I]."""
        return _degrees(self.by_item)

    @cached_property
    def by_id(self) -> Rows:
        """The place of each item [I] in the order of their ids."""
        place = np.empty(len(self.items), np.int32)
        place[sorted(range(len(place)), key=self.items.ids.__getitem__)] = np.arange(len(place))
        return place

    @cached_property
    def bits(self) -> NDArray[np.uint64] | None:
        """The users who like each item, a bit for each and every one [I, U / 64].

        Two items are compared by some instructions for each 64 users. None where it is too large.
        """
        users, items = len(self.users), len(self.items)
        words = -(-users // 64)
        if 8 * words * items > BITS_UP_TO:
            return None
        bits = np.zeros((items, 8 * words), np.uint8)
        for start in range(0, items, BITS_AT_ONCE):
            block = self.by_item[start : start + BITS_AT_ONCE]
            likes_it = np.zeros((block.shape[0], 64 * words), bool)
            likes_it[np.repeat(np.arange(block.shape[0]), np.diff(block.indptr)), block.indices] = 1
            bits[start : start + BITS_AT_ONCE] = np.packbits(likes_it, axis=1)
        return bits.view(np.uint64)


def related_items(
    likes: Likes,
    item: str,
    k: int = 10,
    similarity: Similarity = "cosine",
    min_support: int = 1,
    first: sparse.csr_array | None = None,
) -> list[Neighbour]:
    """Items liked by the same people; raises UnknownNode.

    `first` [U, I] is when each user first liked each item, in the places of `likes.by_user`. Where
    it is given, only users support a pair who liked the other item later than `item`.
    """
    row = likes.items.row(item, "item")
    if first is None:
        shared = _count(likes.by_user, _row(likes.by_item, row))
    else:
        shared = _count_after(first, row, _row(likes.by_item, row))
    tied = _similar(row, likes.by_item, likes.by_user, shared, similarity, min_support)
    return _neighbours(likes.items, *tied, k)


def similar_users(
    likes: Likes,
    user: str,
    k: int = 10,
    similarity: Similarity = "cosine",
    min_support: int = 1,
) -> list[Neighbour]:
    """Users who like the same items; raises UnknownNode."""
    row = likes.users.row(user, "user")
    shared = _count(likes.by_item, _row(likes.by_user, row))
    tied = _similar(row, likes.by_user, likes.by_item, shared, similarity, min_support)
    return _neighbours(likes.users, *tied, k)


def neighbour_recommendations(
    likes: Likes, user: str, k: int = 10, neighbours: int = 50
) -> list[Neighbour]:
    """Items the most similar users like and the user has not seen; raises UnknownNode.

    The score of an item is the sum of the (cosine) similarities of those of the `neighbours` most
    similar users who like it, and its support is their number.
    """
    row = likes.users.row(user, "user")
    shared = _count(likes.by_item, _row(likes.by_user, row))
    rows, score, _ = _similar(row, likes.by_user, likes.by_item, shared, "cosine", 1)
    nearest = _best(likes.users, rows, score, neighbours)
    liked = likes.by_user[rows[nearest]]
    items = len(likes.items)
    support = np.bincount(liked.indices, minlength=items)
    weights = np.repeat(score[nearest], np.diff(liked.indptr))
    total = np.bincount(liked.indices, weights, minlength=items).astype(np.int64)
    support[_row(likes.seen, row)] = 0
    candidates = np.flatnonzero(support)
    return _neighbours(likes.items, candidates, total[candidates], support[candidates], k)


def popular_items(
    graph: Graph, k: int = 10, since: int | None = None, until: int | None = None
) -> list[Popular]:
    """Items of a weighed graph by the number of people who like them, in [since, until)."""
    log = graph.interactions
    inside = log.weight > 0
    if since is not None:
        inside &= log.time >= since
    if until is not None:
        inside &= log.time < until
    people = np.diff(graph.with_interactions(log.take(inside)).matrix.tocsc().indptr)
    items = np.flatnonzero(people)
    best = items[_best(graph.items, items, people[items], k)]
    return [Popular(graph.items.ids[row], int(people[row])) for row in best]


def paths(likes: Likes, user: str, item: str, k: int = 10) -> list[Path]:
    """Why `item` for `user`: the items they like that others like beside it; raises UnknownNode.

    The score is the cosine of the two items over all people, the user among them.
    """
    user_row = likes.users.row(user, "user")
    item_row = likes.items.row(item, "item")
    found = vias(likes, _row(likes.by_user, user_row), np.array([item_row]), k, user_row)
    return [Path(likes.items.ids[row], people, score) for row, people, score in found[0]]


def vias(
    likes: Likes, history: Rows, items: Rows, k: int, user: int | None = None
) -> list[list[Via]]:
    """The `k` best paths from the distinct `history` [H] to each of the `items` [N], ties by id.

    `user` is the row of the user whose history it is, where it is one's: they are not among the
    people. The time is that of reading everyone who likes an item of the history, at most.
    """
    if not len(history) or k < 1:
        return [[] for _ in items]
    shared = people = _shared(likes, history, items)  # [N, H]
    if user is not None:  # who is counted where they like both
        mine = np.zeros(len(likes.items), bool)
        mine[_row(likes.by_user, user)] = True
        people = shared - (mine[items, None] & mine[history])
    degree, theirs = (np.maximum(likes.degrees[rows], 1) for rows in (items, history))
    score = similarity_units(shared, degree[:, None], theirs, "cosine")
    score[(people <= 0) | (items[:, None] == history)] = NO_PATH
    # No two are alike, as each item has a place of its own in the order of ids.
    order = likes.by_id[history] - score * len(likes.items)
    if k < len(history):
        best = np.argpartition(order, k, axis=1)[:, :k]
        best = np.take_along_axis(best, np.take_along_axis(order, best, 1).argsort(1), 1)
    else:
        best = order.argsort(1)
    counted = np.take_along_axis(people, best, 1)
    rated = np.take_along_axis(score, best, 1)
    paths = zip(history[best].tolist(), counted.tolist(), rated.tolist(), strict=True)
    return [
        [(row, n, s / SCALE) for row, n, s in zip(*each, strict=True) if s > NO_PATH]
        for each in paths
    ]


def _shared(likes: Likes, history: Rows, items: Rows) -> NDArray[np.int64]:
    """How many people like both one of the `items` and an item of the `history` [N, H]."""
    shared = np.empty((len(items), len(history)), np.int64)
    if likes.bits is not None:
        fans = likes.bits[history]
        count = max(1, WORDS_AT_ONCE // max(fans.size, 1))
        for start in range(0, len(items), count):
            own = likes.bits[items[start : start + count], None]
            np.bitwise_count(own & fans).sum(2, np.int64, shared[start : start + count])
        return shared
    found, liked = _likers(likes, history)
    for start in range(0, len(items), BLOCK):
        block = items[start : start + BLOCK]
        people, each = _likers(likes, block)
        # A bit for each of the items, by whom they are liked; sums of them are exact.
        known, of = distinct(people, len(likes.users))
        likes_it = np.bincount(of, 2.0**each, len(known) + 1).astype("<u2")
        also = likes_it[places(found, known, len(likes.users))]
        at = np.flatnonzero(also)
        bits = np.unpackbits(also[at].view(np.uint8), bitorder="little")
        place, n = np.divmod(np.flatnonzero(bits), BLOCK)
        pairs = np.bincount(n * len(history) + liked[at[place]], minlength=BLOCK * len(history))
        shared[start : start + BLOCK] = pairs.reshape(BLOCK, -1)[: len(block)]
    return shared


def _likers(likes: Likes, items: Rows) -> tuple[Rows, NDArray[np.intp]]:
    """Who likes each of some items, one after the other, and the place of that item among them."""
    near = [_row(likes.by_item, item) for item in items.tolist()]
    return np.concatenate([NOBODY, *near]), np.repeat(np.arange(len(near)), list(map(len, near)))


def _similar(
    row: int,
    own: sparse.csr_array,
    other: sparse.csr_array,
    shared: NDArray[np.int64],
    similarity: Similarity,
    min_support: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Rows that share something with `row`, their scores in 1 / SCALE, and how much they share.

    `shared` says how much each row shares with it; that of itself is not read.
    """
    shared[row] = 0
    rows = np.flatnonzero(shared >= max(min_support, 1))
    degrees = _degrees(own)
    everyone = int(np.count_nonzero(_degrees(other))) if similarity == "lift" else 0
    score = similarity_units(shared[rows], degrees[row], degrees[rows], similarity, everyone)
    return rows, score, shared[rows]


def similarity_units(
    support: NDArray[np.int64],
    mine: int | NDArray[np.int64],
    theirs: NDArray[np.int64],
    similarity: Similarity,
    everyone: int = 0,
) -> NDArray[np.int64]:
    """Similarity in units of 1 / SCALE: the same operations on doubles as in the stores."""
    if similarity == "cosine":
        score = support / np.sqrt(mine * theirs)
    elif similarity == "lift":
        score = support * everyone / (mine * theirs)
    else:
        score = support / (mine + theirs - support)
    return np.floor(score * SCALE + 0.5).astype(np.int64)


def _row(matrix: sparse.csr_array, row: int) -> NDArray[np.int32]:
    return matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]


def _count(matrix: sparse.csr_array, rows: NDArray[np.int32]) -> NDArray[np.int64]:
    """How many of `rows` hold each column, [columns]."""
    return np.bincount(matrix[rows].indices, minlength=matrix.shape[1])


def _count_after(first: sparse.csr_array, item: int, users: NDArray[np.int32]) -> NDArray[np.int64]:
    """How many of the users of an item have a later time of each item, [I]."""
    own = first[users]
    column = np.repeat(np.arange(len(users)), np.diff(own.indptr))
    at_item = own.indices == item
    since = np.empty(len(users), own.data.dtype)
    since[column[at_item]] = own.data[at_item]
    later = own.data > since[column]
    return np.bincount(own.indices[later], minlength=first.shape[1])


def _degrees(matrix: sparse.csr_array) -> NDArray[np.int64]:
    return np.diff(matrix.indptr).astype(np.int64)


def _best(
    vocabulary: Vocabulary, rows: NDArray[np.integer], score: NDArray[np.int64], k: int
) -> list[int]:
    """Positions of the `k` best scores, best first, ties by id."""
    if k < 1:
        return []
    at = np.arange(len(score))
    if k < len(score):
        at = np.flatnonzero(score >= np.partition(score, -k)[-k])
    ids = map(vocabulary.ids.__getitem__, rows[at].tolist())
    ranked = nsmallest(k, zip((-score[at]).tolist(), ids, at.tolist(), strict=True))
    return [position for _, _, position in ranked]


def _neighbours(
    vocabulary: Vocabulary,
    rows: NDArray[np.int64],
    score: NDArray[np.int64],
    support: NDArray[np.int64],
    k: int,
) -> list[Neighbour]:
    return [
        Neighbour(vocabulary.ids[rows[at]], float(score[at] / SCALE), int(support[at]))
        for at in _best(vocabulary, rows, score, k)
    ]
