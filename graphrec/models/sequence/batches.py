"""Batches of histories: pieces of similar length together, so that short ones cost little."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Rows
from graphrec.data.sequences import Sequences, gaps_of

SPREAD = 0.2
"""How far, as a share, lengths within a batch may differ at random: the mix is another in each
epoch, and little of a batch is padding."""


@dataclass(frozen=True)
class Batch:
    """B pieces of histories of up to L items, each with the item that came next."""

    users: Rows  # [B]
    items: Rows  # [B, L] what there was; after the last of a piece, 0
    gaps: NDArray[np.uint8]  # [B, L] see `graphrec.data.sequences.gaps_of`
    known: NDArray[np.bool_]  # [B, L] which places hold an item
    targets: Rows  # [T] the item that came next, for each known place in their order
    weights: NDArray[np.float32]  # [T]


def batches(
    histories: Sequences, length: int, size: int, rng: np.random.Generator
) -> Iterator[Batch]:
    """All that can be predicted of some histories, once, in batches of about `size` targets.

    Pieces have at most `length` items; longer histories are cut at a random place.
    """
    users, starts, counts = pieces(histories, length, rng)
    order = np.argsort(counts * (1 + SPREAD * rng.random(len(counts))), kind="stable")
    cuts = _cuts(counts[order], size)
    for n in rng.permutation(len(cuts) - 1).tolist():
        chosen = order[cuts[n] : cuts[n + 1]]
        yield _batch(histories, users[chosen], starts[chosen], counts[chosen])


def pieces(
    histories: Sequences, length: int, rng: np.random.Generator
) -> tuple[Rows, NDArray[np.int64], NDArray[np.int64]]:
    """Pieces of histories that have a next item each: users, first places and lengths [P]."""
    inputs = np.maximum(histories.lengths - 1, 0)
    first = np.where(inputs > length, rng.integers(1, length + 1, len(inputs)), inputs)
    more = -(-(inputs - first) // length)  # pieces after the first
    users = np.repeat(np.arange(len(inputs), dtype=np.int32), np.where(inputs > 0, 1 + more, 0))
    place = np.arange(len(users)) - np.searchsorted(users, users)
    begin = np.where(place == 0, 0, first[users] + (place - 1) * length)
    end = np.minimum(first[users] + place * length, inputs[users])
    return users, histories.starts[users] + begin, end - begin


def _cuts(counts: NDArray[np.int64], size: int) -> list[int]:
    """Where batches begin and end, so that each has about `size` places, padding included."""
    cuts, widest = [0], 0
    for at, count in enumerate(counts.tolist()):
        widest = max(widest, count)
        if at > cuts[-1] and widest * (at + 1 - cuts[-1]) > size:
            cuts.append(at)
            widest = count
    return [*cuts, len(counts)] if len(counts) else cuts


def _batch(
    histories: Sequences, users: Rows, starts: NDArray[np.int64], counts: NDArray[np.int64]
) -> Batch:
    places = np.arange(counts.max())
    known = places < counts[:, None]
    at = np.where(known, starts[:, None] + places, starts[:, None])
    ahead = at[known] + 1
    return Batch(
        users,
        np.where(known, histories.items[at], 0).astype(np.int32),
        np.where(known, gaps_of(histories.times[at]), 0).astype(np.uint8),
        known,
        histories.items[ahead],
        histories.weights[ahead],
    )
