"""What a Q-network learns from: lists that were shown, one after the other, by user."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphrec.ranking.q_network.state import Floats, Vectors

Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Step:
    """A list that was shown."""

    user: int
    """Whose it was, from 0."""
    time: float
    candidates: Vectors
    """[N, X]: inputs of what could have been listed, the best of the fusion first."""
    shown: Whole
    """[K]: which of these were, by place."""
    rewards: Floats
    """[K]: of each place."""
    known: float = 1.0
    """The share of its reward that is known."""


@dataclass(frozen=True)
class Table:
    """L steps as arrays, with room for the longest of each."""

    user: Whole
    """[L]"""
    candidates: Vectors
    """[L, N, X]"""
    exists: NDArray[np.bool_]
    """[L, N]"""
    shown: Whole
    """[L, K]: -1 beyond the end of a list."""
    rewards: Floats
    """[L, K]"""
    known: Floats
    """[L]"""
    following: Whole
    """[L, n]: the next lists of the user, -1 where there is none."""


def table(steps: list[Step], horizon: int, apart: float) -> Table:
    """Steps as arrays, by user and time; the `horizon` next ones of each are known.

    Lists of a user that are further than `apart` from each other are not of one course.
    """
    order = sorted(steps, key=lambda each: (each.user, each.time))
    count = max(len(each.candidates) for each in order)
    k = max(len(each.shown) for each in order)
    inputs = order[0].candidates.shape[1]
    found = Table(
        np.array([each.user for each in order]),
        np.zeros((len(order), count, inputs), np.float32),
        np.zeros((len(order), count), bool),
        np.full((len(order), k), -1, np.int64),
        np.zeros((len(order), k)),
        np.array([each.known for each in order]),
        np.full((len(order), horizon), -1, np.int64),
    )
    for at, each in enumerate(order):
        found.candidates[at, : len(each.candidates)] = each.candidates
        found.exists[at, : len(each.candidates)] = True
        found.shown[at, : len(each.shown)] = each.shown
        found.rewards[at, : len(each.rewards)] = each.rewards
        for ahead in range(1, horizon + 1):
            if at + ahead == len(order):
                break
            later, before = order[at + ahead], order[at + ahead - 1]
            if later.user != each.user or later.time - before.time > apart:
                break
            found.following[at, ahead - 1] = at + ahead
    return found
