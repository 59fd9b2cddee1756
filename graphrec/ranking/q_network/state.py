"""What a Q-network goes by: who asks, the session so far, and each item that may be listed.

A state is the profile, what was liked in this session, and what was shown to somebody lately.
An action is an item. All that is known of both when a list is made is a row of `inputs`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Vectors = NDArray[np.float32]
Whole = NDArray[np.int64]

NOTHING = np.empty(0, np.int64)

FURTHER = 10
"""Inputs beside those of vectors."""


@dataclass(frozen=True)
class Shown:
    """What was shown to somebody lately: S items, each time that one was shown."""

    items: Whole = field(default_factory=lambda: NOTHING)
    """[S]: rows, -1 for an item that is not known."""
    age: Floats = field(default_factory=lambda: np.empty(0))
    """[S]: half-lives ago."""
    last: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, bool))
    """[S]: whether it was in the last list."""


def width(dim: int) -> int:
    """The number of inputs for vectors of `dim` numbers."""
    return 4 * dim + FURTHER


def mean_vector(
    vectors: Vectors,
    rows: NDArray[np.integer],
    weights: NDArray[np.floating] | None = None,
) -> Floats:
    """The direction [D] of the mean of some vectors [I, D]; 0 where there is none."""
    if not len(rows):
        return np.zeros(vectors.shape[1])
    found = np.average(vectors[rows], axis=0, weights=weights)
    return np.asarray(found / max(float(np.linalg.norm(found)), 1e-6), np.float64)


def inputs(
    profile: Floats,
    session: Floats,
    events: int,
    shown: Shown,
    items: NDArray[np.integer],
    vectors: Vectors,
    popularity: NDArray[np.floating],
    fused: Floats,
) -> Vectors:
    """The inputs [N, width] of N items for a state.

    `profile` and `session` [D] are directions, `events` is how much was liked in the session;
    `vectors` [N, D], `popularity` [N] and `fused` [N], the scores without the network, are of the
    items.
    """
    count, dim = vectors.shape
    if not count:
        return np.empty((0, width(dim)), np.float32)
    lately, last = counts(shown, items)
    spread = float(fused.std())
    own = [
        (fused - fused.mean()) / max(spread, 1e-6),
        fused,
        popularity,
        vectors @ profile,
        vectors @ session,
        lately,
        np.log1p(lately),
        last,
        np.full(count, np.log1p(events)),
        np.full(count, np.log1p(len(shown.items)) / 4),
    ]
    found = np.empty((count, width(dim)), np.float32)
    found[:, :dim] = vectors
    found[:, dim : 2 * dim] = vectors * profile
    found[:, 2 * dim : 3 * dim] = profile
    found[:, 3 * dim : 4 * dim] = session
    found[:, 4 * dim :] = np.stack(own, axis=1)
    return found


def counts(shown: Shown, items: NDArray[np.integer]) -> tuple[Floats, Floats]:
    """How often each of N items was shown lately, by age, and whether in the last list."""
    if not len(shown.items):
        return np.zeros(len(items)), np.zeros(len(items))
    order = np.argsort(items, kind="stable")
    at = np.searchsorted(items[order], shown.items)
    at = np.minimum(at, len(items) - 1)
    place = order[at]
    known = items[place] == shown.items
    lately, last = np.zeros(len(items)), np.zeros(len(items))
    np.add.at(lately, place[known], 0.5 ** shown.age[known])
    last[place[known & shown.last]] = 1
    return lately, last
