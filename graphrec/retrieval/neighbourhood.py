"""Candidates in the neighbourhood of the history, by any model of item-item scores."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from graphrec.models.history import FollowsHistories
from graphrec.models.scorer import ItemScores
from graphrec.retrieval.profile import UserProfile
from graphrec.retrieval.source import Candidates, Eligible, Histories, from_scores


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
        scores = self.scores.score_history(profile.history, profile.weights)
        known = profile.disliked < len(scores)
        if self.dislike_weight and known.any():
            weights = profile.dislike_weights[known] * self.dislike_weight
            scores = scores - self.scores.score_history(profile.disliked[known], weights)
        return from_scores(self.name, scores, eligible, count)

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
