"""The learned ranker that serves: what it adds to the fused score of each candidate, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from graphrec.ranking.fusion import Fused, Source
from graphrec.ranking.learned.features import features
from graphrec.ranking.learned.item_facts import ItemFacts
from graphrec.ranking.learned.trees import Trees
from graphrec.retrieval.profile import UserProfile


@dataclass(frozen=True)
class LearnedRanker:
    """Trees over the features of candidates, which were learned beside the fused scores."""

    trees: Trees
    sources: tuple[str, ...]  # [S] those that candidates come from
    columns: tuple[str, ...]  # [F] what the features are called
    groups: tuple[Source, ...]  # [F] what each is shown as in an explanation

    @staticmethod
    def serves(profile: UserProfile) -> bool:
        """Whether it orders the candidates of a profile: those without a history get what is
        popular.
        """
        return len(profile.history) > 0

    def rank(
        self,
        fused: Fused,
        found: Sequence[str],
        profile: UserProfile,
        facts: ItemFacts,
        now: int | None,
    ) -> Fused:
        """The candidates by what is added to their fused scores; see `features`."""
        table = features(self.sources, fused, found, profile, facts, now)
        return replace(fused, features=table).ranked(fused.scores + self.added(table))

    def added(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """What is added to the scores [N] of items with features [N, F].

        0 where nothing is known.
        """
        return self.trees.sum(features) - self.trees.mean

    def contributions(self, features: NDArray[np.float32]) -> Mapping[Source, NDArray[np.float64]]:
        """What the features of each group contribute to that: [N] each, of features [N, F]."""
        parts, groups = self.trees.contributions(features), np.array(self.groups)
        return {name: parts[:, groups == name].sum(axis=1) for name in dict.fromkeys(self.groups)}
