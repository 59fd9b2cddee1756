"""Candidates in the neighbourhood of the history, by any model of item-item scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Rows
from graphrec.models.history import FollowsHistories
from graphrec.models.scorer import ItemScores, NearestScores
from graphrec.models.sparse_rows import added
from graphrec.retrieval.profile import UserProfile
from graphrec.retrieval.source import Candidates, Eligible, Histories, from_scores, from_some


@dataclass(frozen=True)
class Neighbourhood:
    """Items with the highest scores for the history: `neighbours`."""

    scores: ItemScores
    dislike_weight: float = 0.0
    """What the items that someone dislikes weigh, against those that they like."""

    @property
    def name(self) -> str:
        """As in `CandidateSource`."""
        return "neighbours"

    def retrieve(self, profile: UserProfile, eligible: Eligible, count: int) -> Candidates | None:
        """As in `CandidateSource`; None without a history."""
        if not len(profile.history):
            return None
        parts = [(1, profile.history, profile.weights)]
        known = profile.disliked < len(eligible)
        if self.dislike_weight and known.any():
            weights = profile.dislike_weights[known] * self.dislike_weight
            parts.append((-1, profile.disliked[known], weights))
        some = self._nearest(parts, len(eligible))
        if some is not None:
            return from_some(self.name, *some, len(eligible), eligible, count)
        scores = sum(sign * self.scores.score_history(*history) for sign, *history in parts)
        return from_scores(self.name, scores, eligible, count)

    def _nearest(
        self, parts: Sequence[tuple[int, Rows, NDArray[np.floating]]], items: int
    ) -> tuple[Rows, NDArray[np.float64]] | None:
        """The items that histories have scores to, and the sums of these; None: of nearly all."""
        if not isinstance(self.scores, NearestScores):
            return None
        found = [self.scores.score_nearest(*history) for _, *history in parts]
        if found[0] is None or len(found) == 1:
            return found[0]
        rows = np.concatenate([each[0] for each in found if each is not None])
        values = [sign * each[1] for (sign, *_), each in zip(parts, found, strict=True) if each]
        return added(rows, np.concatenate(values), items)

    def updated(self, histories: Histories) -> Neighbourhood:
        """As in `Updatable`: scores that were fitted once and for all stay."""
        if not isinstance(self.scores, FollowsHistories):
            return self
        return replace(self, scores=self.scores.updated(histories.before, histories.after))

    def without_users(
        self, before: Neighbourhood, histories: Histories, kept: NDArray[np.integer]
    ) -> Neighbourhood:
        """As in `Updatable`."""
        if not isinstance(self.scores, FollowsHistories):
            return self
        return replace(self, scores=self.scores.without_users(before.scores, kept))
