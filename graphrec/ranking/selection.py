"""Which of several alternatives serves, by what they show to the users of validation.

The best on validation is the best by chance as well, and where few users tell, it is often the one
that leans on what is popular. By the rule `personal`, all alternatives count as equally good that
are within one standard error of the best (Breiman et al. 1984, "Classification and Regression
Trees"; here of the paired differences over the users), and of them the most personal is taken: the
one whose lists cover most of the catalogue, and among equals overlap least.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Rows
from graphrec.ranking.all_lists import coverage, overlap

Rule: TypeAlias = Literal["accuracy", "personal"]
"""`accuracy`: the best mean NDCG; `personal`: see above."""


@dataclass(frozen=True)
class Shown:
    """What one alternative shows to the P users of validation."""

    ndcg: NDArray[np.float64]  # [P]
    coverage: float = 0.0
    overlap: float = 0.0

    @property
    def mean(self) -> float:
        """The mean NDCG, 0 without users."""
        return float(self.ndcg.mean()) if len(self.ndcg) else 0.0

    @classmethod
    def of(cls, ndcg: NDArray[np.float64], lists: Rows, items: int) -> Shown:
        """What lists [P, k] of so many items show."""
        return cls(ndcg, coverage(lists, items), overlap(lists, items))

    @classmethod
    def over(cls, cuts: Sequence[Shown]) -> Shown:
        """What is shown on all cuts: to their users, and the mean of what their lists are like."""
        return cls(
            np.concatenate([each.ndcg for each in cuts]),
            float(np.mean([each.coverage for each in cuts])),
            float(np.mean([each.overlap for each in cuts])),
        )


def select(alternatives: Sequence[Shown], rule: Rule) -> int:
    """The place of the alternative to take; of equal ones, the first."""
    best = int(np.argmax([each.mean for each in alternatives]))
    if rule == "accuracy":
        return best
    as_good = [n for n, each in enumerate(alternatives) if is_as_good(each, alternatives[best])]
    return max(as_good, key=lambda n: (*personal(alternatives[n]), alternatives[n].mean, -n))


def is_as_good(shown: Shown, best: Shown) -> bool:
    """Whether the mean NDCG is within one standard error of the best, paired over the users."""
    if shown is best:
        return True
    loss = best.ndcg - shown.ndcg
    error = loss.std(ddof=1) / np.sqrt(len(loss)) if len(loss) > 1 else 0.0
    return bool(loss.size == 0 or loss.mean() <= error)


def personal(shown: Shown) -> tuple[float, float]:
    """What alternatives that are as good are ordered by, the most personal last."""
    return shown.coverage, -np.nan_to_num(shown.overlap)
