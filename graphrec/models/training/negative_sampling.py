"""Negatives, which are items that a user has not seen, and the weights of positives."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Graph, Rows, elements_of

ATTEMPTS = 10
"""Redraws of a negative that turned out to be seen; after that it stays, which is rare."""


@dataclass(frozen=True)
class NegativeSampler:
    """Draws unseen items, each with a probability in proportion to popularity^`exponent`.

    Exponent 0 is uniform; 0.75 is word2vec's (Mikolov et al. 2013), which draws popular items more
    often.
    """

    seen: sparse.csr_array  # [U, I]
    exponent: float = 0.0
    floor: int = 1
    """The least number of users that an item is taken to have; with 0, an item without users is not
    drawn."""

    @cached_property
    def _seen_pairs(self) -> NDArray[np.int64]:
        users, items = self.seen.shape
        user = np.repeat(np.arange(users, dtype=np.int64), np.diff(self.seen.indptr))
        return np.sort(user * items + self.seen.indices)

    @cached_property
    def probability(self) -> NDArray[np.float64]:
        """Of drawing each item, before redraws [I]; with a floor, no item is impossible."""
        items = self.seen.shape[1]
        users = np.maximum(np.bincount(self.seen.indices, minlength=items), self.floor)
        share = np.where(users > 0, np.maximum(users, 1) ** self.exponent, 0)
        return share / share.sum()

    @cached_property
    def _cumulative(self) -> NDArray[np.float64]:
        return np.cumsum(self.probability)

    def draw(self, shape: int | tuple[int, ...], rng: np.random.Generator) -> Rows:
        """Items regardless of any user."""
        items = self.seen.shape[1]
        if self.exponent == 0 and self.floor:
            return rng.integers(items, size=shape, dtype=np.int32)
        drawn = np.searchsorted(self._cumulative, rng.random(shape), side="right")
        return np.minimum(drawn, items - 1).astype(np.int32)

    def unseen(self, users: Rows, count: int, rng: np.random.Generator) -> Rows:
        """`count` negatives for each of B users, [B, count]."""
        items = self.seen.shape[1]
        drawn = self.draw((len(users), count), rng)
        if not len(self._seen_pairs):
            return drawn
        flat, user = drawn.ravel(), np.repeat(users.astype(np.int64), count)
        unsure = np.arange(flat.size)  # only what was redrawn needs another look
        for _ in range(ATTEMPTS):
            keys = user[unsure] * items + flat[unsure]
            at = np.minimum(np.searchsorted(self._seen_pairs, keys), len(self._seen_pairs) - 1)
            unsure = unsure[self._seen_pairs[at] == keys]
            if not len(unsure):
                break
            flat[unsure] = self.draw(len(unsure), rng)
        return drawn


def positive_chances(graph: Graph, half_life_share: float | None) -> NDArray[np.float64]:
    """How often each positive pair is drawn, in the order of the elements of `graph.matrix`; sum 1.

    In proportion to the weight of its events, where an event counts half as much for each
    `half_life_share` of the log that is newer: recency in parts of the log, not in days, suits
    a week of clicks and ten years of reviews alike. None or 0, or a log without times: no recency.
    """
    log = graph.interactions
    weight = np.maximum(log.weight.astype(np.float64), 0)
    if half_life_share and len(log) and log.time.min() < log.time.max():
        newer = 1 - np.searchsorted(np.sort(log.time), log.time, side="right") / len(log)
        weight *= faded(newer, half_life_share)
    matrix = graph.matrix
    positive = log.weight > 0
    at = elements_of(matrix, log.user[positive], log.item[positive])
    chance = np.bincount(at, weight[positive], minlength=matrix.nnz)
    return chance / max(chance.sum(), np.finfo(float).tiny)


def faded(newer: NDArray[np.float64], half_life_share: float) -> NDArray[np.float64]:
    """How much events count of which the log has a share that is `newer` [E]."""
    count: NDArray[np.float64] = 0.5 ** (newer / half_life_share)
    return count


def log_popularity(graph: Graph, chance: NDArray[np.float64]) -> NDArray[np.float32]:
    """Log-popularity, at which the biases of items start [I].

    The log of 1 plus the positives that an item gets in as many draws by `chance` as there are
    positives.
    """
    draws = np.bincount(graph.matrix.indices, chance, minlength=len(graph.items)) * len(chance)
    return np.log1p(draws).astype(np.float32)


def recency_shift(
    graph: Graph, half_life_share: float | None, learned: NDArray[np.float64] | None = None
) -> NDArray[np.float32]:
    """What to add to item scores learned on the whole log, so that they suit its end [I].

    The recent log-popularity less that of the whole log: user vectors are learned from all
    positives, and recent popularity is added afterwards. This is the logit adjustment of Menon et
    al. (ICLR 2021) for a prior that has shifted between training and use. `learned` are the chances
    of positives in training, where they are not those of the whole log. Zeros without a half-life.
    """
    if not half_life_share:
        return np.zeros(len(graph.items), np.float32)
    always = positive_chances(graph, None) if learned is None else learned
    late = positive_chances(graph, half_life_share)
    return log_popularity(graph, late) - log_popularity(graph, always)


def recent_chances(
    graph: Graph, half_life_share: float | None, share: float
) -> NDArray[np.float64]:
    """A `share` of the draws with a half-life, the others without; see `positive_chances`.

    So recent positives count more, and old ones still count.
    """
    recent, always = (positive_chances(graph, h) for h in (half_life_share, None))
    return share * recent + (1 - share) * always
