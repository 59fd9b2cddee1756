"""What is known of items whoever gets them, for the learned ranker.

All of it follows from who likes and has seen what, when, and from attributes: so an incremental
update and forgetting someone keep it right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Attribute, Rows, labels
from graphrec.data.times import DAY

RECENT = (0.01, 0.03, 0.1, 0.3)
"""Shares of the time of a log, back from its newest event, in which likes are counted apart."""

TOP = 20
"""Items that others are counted beside."""

NUMBERS = 5
"""Attributes that are numbers at most, such as a price, in the order of their names."""


@dataclass(frozen=True)
class ItemFacts:
    """What is known of I items."""

    columns: NDArray[np.float32]
    """[I, C]: as `names` says. Counts are the logarithm of their ratio to those of the top: a log
    grows, and what was learned in the past must mean the same now."""
    likes: NDArray[np.float32]  # [I] how many like each, as log(1 + n)
    age: NDArray[np.float32]
    """[I]: days since somebody liked it first, as log(1 + n); NaN where nobody did."""
    labels: sparse.csr_array  # [I, L] categories and tags, each row of length 1
    numbers: NDArray[np.float32]  # [I, N] standardised; NaN where one is missing
    number_names: tuple[str, ...]  # [N]
    newest: int
    """When the newest like was, in milliseconds since 1970."""

    names = (
        "likes",
        *(f"likes in the newest {share:.0%}" for share in RECENT),
        "seen",
        "growth",
        "age",
        "share of those who have seen it that like it",
        "weight of a like",
    )
    """Of the columns."""

    @classmethod
    def of(
        cls,
        history: sparse.csr_array,
        liked_at: sparse.csr_array,
        seen: sparse.csr_array,
        attributes: Mapping[str, Attribute],
    ) -> ItemFacts:
        """From what users like and have seen [U, I], and when they liked it in milliseconds."""
        count = history.shape[1]
        items, times = liked_at.indices, liked_at.data
        known = times > 0
        end, start = int(times.max(initial=0)), int(times[known].min(initial=times.max(initial=0)))
        total, viewed = (np.bincount(each, minlength=count) for each in (items, seen.indices))
        likes = np.log1p(total)
        recent = [
            np.log1p(np.bincount(items[times > end - share * (end - start)], minlength=count))
            for share in RECENT
        ]
        first = np.full(count, np.inf)
        np.minimum.at(first, items[known], times[known])
        age = np.log1p(np.where(np.isfinite(first), (end - first) / DAY, np.nan))
        weight = np.bincount(history.indices, history.data, count) / np.maximum(total, 1)
        columns = [
            *map(_beside_the_top, (likes, *recent, np.log1p(viewed))),
            *(recent[1] - likes, age, (total + 1) / (viewed + 2), weight),
        ]
        named = sorted(name for name, each in attributes.items() if each.kind == "number")[:NUMBERS]
        return cls(
            np.stack(columns, axis=1).astype(np.float32),
            likes.astype(np.float32),
            age.astype(np.float32),
            _labels(attributes, count),
            _numbers([attributes[name] for name in named], count),
            tuple(named),
            end,
        )

    def common(self, items: Rows, others: Sequence[Rows]) -> NDArray[np.float64]:
        """How many labels N items have in common with each of G groups of others: [G, N].

        The mean cosine over a group; NaN where nobody is in it.
        """
        place, label, weight = self._labels_of(items)
        found = np.full((len(others), len(items)), np.nan)
        for row, group in zip(found, others, strict=True):
            if len(group):
                _, own, much = self._labels_of(group)
                mean = np.bincount(own, much, self.labels.shape[1]) / len(group)
                row[:] = np.bincount(place, weight * mean[label], len(items))
        return found

    def _labels_of(self, items: Rows) -> tuple[NDArray, NDArray, NDArray]:
        """The place of an item among some, a label of it, and its weight, for each they have."""
        starts, ends = self.labels.indptr[items], self.labels.indptr[items + 1]
        count = ends - starts
        place = np.repeat(np.arange(len(items)), count)
        at = np.arange(len(place)) + np.repeat(starts - np.cumsum(count) + count, count)
        return place, self.labels.indices[at], self.labels.data[at]


def _beside_the_top(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Less the mean of the highest."""
    top = np.sort(counts)[-TOP:]
    return counts - (top.mean() if len(top) else 0)


def _labels(attributes: Mapping[str, Attribute], count: int) -> sparse.csr_array:
    columns: dict[tuple[str, str], int] = {}
    rows, places = [], []
    for name, each in sorted(attributes.items()):
        if each.kind in ("category", "tags"):
            for row, value in enumerate(each.values):
                for label in labels(value):
                    rows.append(row)
                    places.append(columns.setdefault((name, label), len(columns)))
    shape = (count, max(len(columns), 1))
    found = sparse.csr_array((np.ones(len(rows), np.float32), (rows, places)), shape)
    length = np.sqrt(np.maximum(found.multiply(found).sum(axis=1), 1))
    return sparse.csr_array(sparse.diags_array(1 / length) @ found).astype(np.float32)


def _numbers(attributes: Sequence[Attribute], count: int) -> NDArray[np.float32]:
    found = np.full((count, len(attributes)), np.nan)
    for column, each in enumerate(attributes):
        found[:, column] = [v if isinstance(v, int | float) else np.nan for v in each.values]
    known = np.isfinite(found)
    found[~known] = 0
    seen = np.maximum(known.sum(axis=0), 1)
    middle = found.sum(axis=0) / seen
    spread = np.sqrt((np.where(known, found - middle, 0) ** 2).sum(axis=0) / seen)
    standard = (found - middle) / np.where(spread > 0, spread, 1)
    return np.where(known, standard, np.nan).astype(np.float32)
