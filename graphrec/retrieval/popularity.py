"""Popular items: with everyone, or, for a user without a history, in the user's segment."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Rows, labels
from graphrec.data.axes import axes
from graphrec.data.degrees import item_degrees
from graphrec.retrieval.profile import UserProfile
from graphrec.retrieval.segments import Segments, segments_of
from graphrec.retrieval.source import Candidates, Eligible, Histories, ZScores, moments, z_scores

CACHED_SEGMENTS = 64
"""Segments whose z-scores are kept; those of more are computed again."""


@dataclass(frozen=True)
class Popularity:
    """The most popular items: `popularity`."""

    popularity: Annotated[NDArray[np.float32], axes("item")]
    """[I]: the higher, the further up where nothing else is known."""
    segments: Segments | None = None
    """By an attribute of users, where one was chosen for it."""
    half_life: float | None = None
    """Of likes, in shares of the time of the log; None: likes of any age count alike."""

    @property
    def name(self) -> str:
        """As in `CandidateSource`."""
        return "popularity"

    @cached_property
    def order(self) -> Rows:
        """The rows of all items [I], the most popular first; ties by row."""
        return np.argsort(-self.popularity, kind="stable").astype(np.int32)

    def retrieve(self, profile: UserProfile, eligible: Eligible, count: int) -> Candidates | None:
        """As in `CandidateSource`."""
        return self.retrieve_in(self.segment_of(profile), eligible, count)

    def retrieve_in(self, segment: str | None, eligible: Eligible, count: int) -> Candidates:
        """The popular items of a segment; None: of everyone."""
        scores, order = self._z_scores(segment)
        return Candidates(self.name, _first(order, eligible, count), scores.__getitem__)

    def segment_of(self, profile: UserProfile, asked: str | None = None) -> str | None:
        """The segment `asked` for, or the first that the user is in; None for who likes an item.

        A history says more than a segment. None, too, where there is no such segment.
        """
        if self.segments is None or profile.likes:
            return None
        known = self.segments.rows
        named = labels(profile.attributes.get(self.segments.attribute))
        return next((e for e in (named if asked is None else (asked,)) if e in known), None)

    def updated(self, histories: Histories) -> Popularity:
        """As in `Updatable`: new likes count as much as the newest did at the training.

        Of a log with a half-life of `h` of it, the newest event counts as much as 1 over the mean
        of 0.5^(x / h) for x from 0 to 1. What is older fades with the next training.
        """
        newest = 1.0
        if self.half_life and histories.newest_event:
            newest = math.log(2) / self.half_life / (1 - 0.5 ** (1 / self.half_life))
        before, after = item_degrees(histories.before), item_degrees(histories.after)
        more = len(after) - len(before)
        base = np.pad(self.popularity[: len(before)] - newest * before, (0, more))
        return self._remade(base + newest * after, histories)

    def without_users(
        self, before: Popularity, histories: Histories, kept: NDArray[np.integer]
    ) -> Popularity:
        """As in `Updatable`: in proportion to the weights that are left of each item."""
        total, left = item_degrees(histories.before), item_degrees(histories.after)
        share = np.divide(left, total, out=np.ones(len(total)), where=total > 0)
        return self._remade(self.popularity * share, histories)

    def _remade(self, popularity: NDArray[np.floating], histories: Histories) -> Popularity:
        segments = self.segments
        if segments is not None:
            segments = segments_of(
                histories.after,
                histories.user_attributes.get(segments.attribute),
                segments.attribute,
            )
        positive = np.maximum(popularity, 0).astype(np.float32)
        return replace(self, popularity=positive, segments=segments)

    def _z_scores(self, segment: str | None) -> tuple[ZScores, Rows]:
        """The z-score of each item [I], by the logarithm, as popularity spans magnitudes.

        Beside them the rows of those above 0, the most popular first.
        """
        if segment not in self._cached:
            if len(self._cached) == CACHED_SEGMENTS:
                self._cached.clear()
            popular: NDArray[np.floating] = self.popularity
            if segment is not None and self.segments is not None:
                popular = self.segments.popularity(segment, popular)
            logarithm = np.log1p(popular, dtype=np.float64)
            scores = z_scores(logarithm, *moments(logarithm))
            order = np.argsort(-scores, kind="stable").astype(np.int32)
            self._cached[segment] = scores, order[scores[order] > 0]
        return self._cached[segment]

    @cached_property
    def _cached(self) -> dict[str | None, tuple[ZScores, Rows]]:
        return {}  # filled by `_z_scores`


def _first(order: Rows, eligible: Eligible, count: int) -> Rows:
    """The first `count` rows of an order that are eligible: most often they are soon found."""
    for rows in (order[: 4 * count], order):
        found = rows[eligible[rows]]
        if len(found) >= count:
            break
    return found[:count]
