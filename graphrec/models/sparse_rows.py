"""Sums of a few rows of a sparse matrix, in time that does not depend on how many columns it has.

A dense sum would be as long as the catalogue, for each list that is made.
"""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Rows

AT_ONCE = 2**19
"""Elements of many rows that are added up at a time: it holds the interpreter for milliseconds."""

_own = threading.local()


def sums_of_rows(
    matrix: sparse.csr_array, rows: Rows, weights: NDArray[np.floating]
) -> tuple[Rows, NDArray[np.float64]]:
    """The columns [N] that some distinct rows [H] have, ascending, and the weighted sums there [N].

    In the order of the rows, in double precision.
    """
    starts, ends = (matrix.indptr[at].tolist() for at in (rows, rows + 1))
    parts = [slice(*each) for each in zip(starts, ends, strict=True)]
    columns, sums = np.empty(0, np.int32), np.empty(0)
    for start, end in _runs([part.stop - part.start for part in parts]):
        some = parts[start:end]
        lengths = [part.stop - part.start for part in some]
        found = np.concatenate([columns, *(matrix.indices[part] for part in some)])
        values = np.concatenate([sums, *(matrix.data[part] for part in some)])
        values[len(sums) :] *= np.repeat(weights[start:end], lengths)
        columns, sums = added(found, values, matrix.shape[1])
    return columns, sums


def added(
    columns: NDArray[np.integer], values: NDArray[np.float64], count: int
) -> tuple[Rows, NDArray[np.float64]]:
    """Each column once, ascending, of `count` that there may be, and the sum of its values."""
    first, place = distinct(columns, count)
    sums = np.bincount(place, values, len(first)).astype(np.float64, copy=False)
    order = first.argsort()
    return first[order].astype(np.int32, copy=False), sums[order]


def _runs(lengths: list[int]) -> list[tuple[int, int]]:
    """Consecutive rows that have about `AT_ONCE` elements together, from and to."""
    runs, start, size = [], 0, 0
    for at, length in enumerate(lengths):
        size += length
        if size >= AT_ONCE:
            runs.append((start, at + 1))
            start, size = at + 1, 0
    return [*runs, (start, len(lengths))] if start < len(lengths) else runs


def distinct(numbers: NDArray[np.integer], count: int) -> tuple[NDArray, NDArray[np.integer]]:
    """The distinct ones of N numbers below `count`, in no order, and the place of each among them.

    In the time that reading them takes, where sorting them takes many times that.
    """
    last = _scratch(count)
    n = np.arange(len(numbers), dtype=np.int32)
    last[numbers] = n  # one of the places of each; what else is there is never read
    is_last = last[numbers] == n
    found = numbers[is_last]
    last[found] = n[: len(found)]
    return found, last[numbers]


def places(numbers: NDArray[np.integer], known: NDArray[np.integer], count: int) -> NDArray:
    """Where each of N numbers is among M distinct `known` ones, all below `count`; M of others."""
    last = _scratch(count)
    last[known] = np.arange(len(known), dtype=np.int32)
    place = last[numbers]
    place[(place < 0) | (place >= len(known))] = len(known)  # what was there before
    if len(known):
        wrong = known[np.minimum(place, len(known) - 1)] != numbers
        place[wrong] = len(known)
    return place


def _scratch(count: int) -> Rows:
    """At least so many numbers of this thread, of whatever value."""
    held: Rows | None = getattr(_own, "numbers", None)
    if held is None or len(held) < count:
        held = _own.numbers = np.empty(count, np.int32)
    return held
