"""Candidates by what someone did last, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from graphrec.models.sequence.scorer import SequenceEncoder
from graphrec.retrieval.profile import UserProfile
from graphrec.retrieval.reason import Reason
from graphrec.retrieval.source import Candidates, Eligible, from_scores


@dataclass(frozen=True)
class SequenceSource:
    """Items that come next, by a model of sequences."""

    encoder: SequenceEncoder
    name: str = "sequence"
    """As in `CandidateSource`."""

    def retrieve(self, profile: UserProfile, eligible: Eligible, count: int) -> Candidates | None:
        """As in `CandidateSource`; None where the model knows nothing of the profile."""
        vector = self.encoder.encode(*profile.in_order, profile.attributes)
        if not vector.any():
            return None
        return from_scores(self.name, self.encoder.score(vector), eligible, count)

    def reason(self, profile: UserProfile, item: int, name: Callable[[int], str]) -> Reason | None:
        """As in `Explains`: after what it comes; None without a history."""
        if not len(profile.history):
            return None
        return Reason("next", {"via": name(int(profile.in_order[0][-1]))})

    @property
    def attribute_names(self) -> Collection[str]:
        """The attributes of users that the model reads."""
        users = self.encoder.users
        return () if users is None else users.space.columns.keys()
