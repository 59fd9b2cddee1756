"""Why an item is recommended: the paths in the graph, the sources that found it, one sentence.

A path is you → an item you like ← people → the recommended item. Its count and score are those of
`graphrec.neighbours.paths` and of a store's `paths`, so that anyone can check them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Rows
from graphrec.neighbours import SCALE, Likes

Source: TypeAlias = Literal["embedding", "neighbours", "popularity", "fallback"]
"""What speaks for an item; `fallback` is popular items that fill up a list, unrecalled."""


BLOCK = 16
"""Items whose paths are counted at a time, which takes 4 bytes for each and every user."""


@dataclass(frozen=True)
class Because:
    """One path: `people` others like both `item`, which you like, and the recommended item."""

    item: str
    title: str | None
    people: int
    score: float
    """Cosine of the two items over all people."""


@dataclass(frozen=True)
class Contribution:
    """What a source adds to the score of an item: `weight` · `strength`, 0 for the fallback."""

    source: Source
    strength: float
    """Standard deviations by which the item stands out to the source: see `graphrec.fusion`."""
    weight: float
    score: float


@dataclass(frozen=True)
class Explanation:
    """Why an item is, or is not, recommended."""

    item: str
    title: str | None
    seen: bool
    """Whether the item is left out because it was met before."""
    rank: int | None
    """From 1, in the list of all items that can be recommended; None where the item was seen."""
    score: float
    contributions: tuple[Contribution, ...]
    """They sum to `score`."""
    reason: str
    because: tuple[Because, ...]


@dataclass(frozen=True)
class Via:
    """A path in rows: `people` others like both the item row `item` and the recommended item."""

    item: int
    people: int
    score: float


def paths(
    likes: Likes, history: Rows, items: Rows, k: int, user: int | None = None
) -> list[list[Via]]:
    """The `k` best paths from the distinct `history` [H] to each of the `items` [N], ties by id.

    `user` is the row of the user whose history it is, where it is one's: they are not among the
    people. The time is that of reading everyone who likes an item of the history.
    """
    degree = np.diff(likes.by_item.indptr)
    found = []
    for item, support in zip(items.tolist(), _shared(likes, history, items).T, strict=True):
        people = support - (user is not None and item in _stored(likes.by_user, user))
        at = np.flatnonzero((people > 0) & (history != item))
        via, people = history[at], people[at]
        score = _cosine(support[at], degree[item], degree[via])
        found.append(
            [
                Via(int(via[best]), int(people[best]), float(score[best] / SCALE))
                for best in _best(score, [likes.items.ids[row] for row in via.tolist()], k)
            ]
        )
    return found


def reason(name: str, because: Sequence[Because], sources: Collection[Source], people: int) -> str:
    """One sentence for an item called `name`, which `people` like; without sources, it was seen."""
    if not sources:
        return f"You have already seen {name}"
    if "neighbours" in sources or "embedding" in sources:
        if not because:
            return "Close to your taste"
        first = because[0]
        return (
            f"Because you liked {first.title or first.item}: "
            f"{_count(first.people)} who liked it also liked {name}"
        )
    return f"Popular: {_count(people)} liked it" if people else "New: nobody has liked it yet"


def _count(people: int) -> str:
    return "1 person" if people == 1 else f"{people} people"


def _shared(likes: Likes, history: Rows, items: Rows) -> NDArray[np.int32]:
    """How many people like both an item of the `history` and one of the `items` [H, N]."""
    near = _ones(likes.by_item[history])  # [H, U]
    counts = [np.empty((len(history), 0), np.int32)]
    for start in range(0, len(items), BLOCK):
        fans = _ones(likes.by_item[items[start : start + BLOCK]])
        counts.append(near @ fans.toarray().T)  # dense on one side: five times as fast
    return np.concatenate(counts, axis=1)


def _ones(matrix: sparse.csr_array) -> sparse.csr_array:
    """1 where an element is stored."""
    stored = np.ones(matrix.nnz, np.int32)
    return sparse.csr_array((stored, matrix.indices, matrix.indptr), matrix.shape)


def _stored(matrix: sparse.csr_array, row: int) -> Rows:
    return matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]


def _cosine(support: NDArray[np.int32], mine: int, theirs: NDArray) -> NDArray[np.float64]:
    """In whole units of 1 / SCALE, as in `graphrec.neighbours`, so that ties are the same."""
    return np.floor(support / np.sqrt(int(mine) * theirs.astype(np.int64)) * SCALE + 0.5)


def _best(score: NDArray[np.float64], ids: Sequence[str], k: int) -> list[int]:
    """Positions of the `k` best scores, best first, ties by id."""
    positions = np.arange(len(score))
    if 0 < k < len(score):
        least = np.partition(score, len(score) - k)[len(score) - k]
        positions = np.flatnonzero(score >= least)
    return sorted(positions.tolist(), key=lambda at: (-score[at], ids[at]))[:k]
