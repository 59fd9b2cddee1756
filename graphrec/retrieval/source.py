"""Where candidates come from: the protocol of sources, and how their scores are made comparable.

The scales of sources have nothing in common, so a score counts by how far it stands out: the
z-score of an item is the number of standard deviations by which its score is above the mean over
all items, and 0 below it (Montague & Aslam, "Relevance score normalization for metasearch", CIKM
2001).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Attribute, AttributeValue, Rows
from graphrec.models.top_k import best
from graphrec.retrieval.profile import UserProfile
from graphrec.retrieval.reason import Reason

ZScores: TypeAlias = NDArray[np.float64]

Eligible: TypeAlias = NDArray[np.bool_]
"""[I]: which items of the snapshot may be recommended."""

DIGITS = 4
"""Decimals of z-scores: fewer than single precision has, so that scores which are equal but for
the order in which they were summed tie."""


@dataclass(frozen=True)
class Candidates:
    """What one source finds for one profile."""

    source: str
    """The name of the source."""
    rows: Rows
    """[C]: the items that it retrieves; the z-score of each is above 0."""
    z_scores: Callable[[Rows], ZScores]
    """Those [N] of any items [N], retrieved or not."""


class CandidateSource(Protocol):
    """A source of candidates: a frozen dataclass, most often with arrays, kept in a snapshot.

    What the axes of its arrays count is declared on the fields (`graphrec.data.axes`).
    """

    @property
    def name(self) -> str:
        """What weights, explanations and settings call it: letters, digits, `-` and `_`."""
        ...

    def retrieve(self, profile: UserProfile, eligible: Eligible, count: int) -> Candidates | None:
        """Up to `count` eligible items for a profile; None where it has nothing to go by."""
        ...


@dataclass(frozen=True)
class Histories:
    """What users like before and after a change, and whom of them it keeps."""

    before: sparse.csr_array  # [U, I]
    after: sparse.csr_array  # [U', I']
    """Its first columns are those of before."""
    user_attributes: dict[str, Attribute]
    """Of the users after the change."""
    newest_event: int | None = None
    """The newest event before the change: milliseconds since 1970."""
    changed_items: Mapping[int, Mapping[str, AttributeValue]] = field(default_factory=dict)
    """The attributes of the items that came or changed, by their rows after the change."""


@runtime_checkable
class Updatable(Protocol):
    """A source with arrays that follow from the histories of users.

    Its own rows were extended, or taken out, before it is asked.
    """

    def updated(self, histories: Histories) -> CandidateSource:
        """The source once users and items came and histories changed."""
        ...

    def without_users(
        self, before: CandidateSource, histories: Histories, kept: NDArray[np.integer]
    ) -> CandidateSource:
        """The source once users were taken out; `before` is the source with all of them.

        `kept` are the rows before of those who are left. What was learned from everyone together
        stays.
        """
        ...


@runtime_checkable
class Explains(Protocol):
    """A source that says itself why it brought an item."""

    def reason(
        self, profile: UserProfile, item: int, name: Callable[[int], str]
    ) -> Reason | str | None:
        """Why an item row suits a profile; None where it cannot say. `name` is that of a row.

        A reason is written in the language of the question; a sentence stays as it is.
        """
        ...


def from_scores(
    source: str, scores: NDArray[np.floating], eligible: Eligible, count: int
) -> Candidates:
    """The candidates of a source that scores all items [I]."""
    mean, deviation = moments(scores)
    return from_moments(source, scores, mean, deviation, eligible, count)


def from_moments(
    source: str,
    scores: NDArray[np.floating],
    mean: float,
    deviation: float,
    eligible: Eligible,
    count: int,
) -> Candidates:
    """The same where the mean and the standard deviation of the scores are known."""
    left = scores.copy()
    left[~eligible] = -np.inf
    rows = best(left, min(count, len(left))).astype(np.int32)

    def of(items: Rows) -> ZScores:
        return z_scores(scores[items], mean, deviation)

    return Candidates(source, rows[of(rows) > 0], of)


def from_some(
    source: str, rows: Rows, scores: NDArray[np.float64], items: int, eligible: Eligible, count: int
) -> Candidates:
    """The same of a source that scores some items [N], ascending, of I; all others are at 0."""
    mean = float(scores.sum()) / max(items, 1)
    variance = float(scores @ scores) / max(items, 1) - mean**2
    deviation = math.sqrt(max(variance, 0))
    may = np.flatnonzero(eligible[rows])
    found = may[best(scores[may], min(count, len(may)))]
    found = found[z_scores(scores[found], mean, deviation) > 0]

    def of(asked: Rows) -> ZScores:
        at = np.minimum(rows.searchsorted(asked), max(len(rows) - 1, 0))
        known = scores[at] * (rows[at] == asked) if len(rows) else np.zeros(len(asked))
        return z_scores(known, mean, deviation)

    return Candidates(source, rows[found], of)


def z_scores(scores: NDArray, mean: float, deviation: float) -> ZScores:
    """How far each score stands out, to DIGITS decimals; all 0 where no score differs."""
    if not deviation > 0:
        return np.zeros(len(scores))
    distance: ZScores = (scores.astype(np.float64) - mean) / deviation
    return np.maximum(distance, 0).round(DIGITS)


def moments(scores: NDArray[np.floating]) -> tuple[float, float]:
    """Mean and standard deviation of scores [I]."""
    if not len(scores):
        return 0.0, 0.0
    wide = scores.astype(np.float64, copy=False)
    mean = float(wide.sum()) / len(wide)
    return mean, math.sqrt(max(float(wide @ wide) / len(wide) - mean**2, 0))
