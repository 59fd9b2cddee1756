"""How far a log has moved from the one that a model was trained on.

Three distributions are compared: events by kind, and users and items by their number of likes, in
octaves (1, 2 to 3, 4 to 7 and so on). Drift is the total variation distance of two distributions,
0 to 1: the share of events, users or items that would have to change kind or octave.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Interactions


@dataclass(frozen=True)
class Shape:
    """The distributions of a log, as counts."""

    kinds: Mapping[str, int]
    """Events by kind."""
    user_degrees: Mapping[str, int]
    """Users by octave, named by its smallest number of likes; "0" for users without likes."""
    item_degrees: Mapping[str, int]
    """Items by octave."""


def shape_of(likes: sparse.csr_array, kinds: Mapping[str, int]) -> Shape:
    """The shape of likes [U, I], one stored element a liked pair, and of events by kind."""
    by_item = np.bincount(likes.indices, minlength=likes.shape[1])
    return Shape(kinds, _octaves(np.diff(likes.indptr)), _octaves(by_item))


def kinds_of(log: Interactions) -> Mapping[str, int]:
    """Events by kind."""
    counts = np.bincount(log.kind, minlength=len(log.kinds)).tolist()
    return dict(zip(log.kinds, counts, strict=True))


def drift(before: Shape, after: Shape) -> Mapping[str, float]:
    """The drift of each distribution, by its name."""
    one, other = asdict(before), asdict(after)
    return {name: _distance(one[name], other[name]) for name in one}


def _octaves(degrees: NDArray[np.integer]) -> Mapping[str, int]:
    octave = np.where(degrees > 0, 1 << np.floor(np.log2(np.maximum(degrees, 1))).astype(int), 0)
    values, counts = np.unique(octave, return_counts=True)
    return dict(zip(map(str, values.tolist()), counts.tolist(), strict=True))


def _distance(before: Mapping[str, int], after: Mapping[str, int]) -> float:
    """Total variation distance; 0 where either distribution is empty."""
    totals = sum(before.values()), sum(after.values())
    if not all(totals):
        return 0.0
    keys = {*before, *after}
    moved = (abs(before.get(k, 0) / totals[0] - after.get(k, 0) / totals[1]) for k in keys)
    return sum(moved) / 2
