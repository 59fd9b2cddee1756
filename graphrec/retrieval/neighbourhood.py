"""Candidates in the neighbourhood of the history, by any model of item-item scores."""

from __future__ import annotations

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
        items = len(eligible)
        known = (profile.disliked < items) & (self.dislike_weight > 0)
        disliked = profile.disliked[known]
        weights = profile.dislike_weights[known] * self.dislike_weight
        some = self._nearest(profile.history, profile.weights)
        if some is not None:
            less = self._nearest(disliked, weights) if len(disliked) else None
            if less is not None:
                rows = np.concatenate([some[0], less[0]])
                some = added(rows, np.concatenate([some[1], -less[1]]), items)
            return from_some(self.name, *some, items, eligible, count)
        scores = self.scores.score_history(profile.history, profile.weights)
        if len(disliked):
            scores = scores - self.scores.score_history(disliked, weights)
        return from_scores(self.name, scores, eligible, count)

    def _nearest(
        self, items: Rows, weights: NDArray[np.floating]
    ) -> tuple[Rows, NDArray[np.float64]] | None:
        """As in `NearestScores`; None of scores to all items."""
        scores = self.scores
        return scores.score_nearest(items, weights) if isinstance(scores, NearestScores) else None

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
