"""How a learned ranker did beside the fusion on validation: whether it has earned its place."""

from __future__ import annotations

from dataclasses import dataclass

ENOUGH = 50
"""Lists without which nothing is learned."""

KEPT_COVERAGE = 0.98
"""Of the coverage of the fusion's lists, the least share that those of the ranker must have."""


@dataclass(frozen=True)
class Trial:
    """The learned ranker beside the fusion, on lists that it has not learned from."""

    lists: int
    """Where there are fewer than ENOUGH, nothing was learned."""
    gain: float = 0.0
    """Mean difference of NDCG."""
    low: float = 0.0
    """Ends of its 95 % interval, paired over the lists."""
    high: float = 0.0
    coverage: float = 0.0
    """Share of the catalogue that its lists hold."""
    coverage_before: float = 0.0
    """The same of the fusion's."""

    @property
    def earned(self) -> bool:
        """Whether it serves."""
        return self.low > 0 and self.coverage >= KEPT_COVERAGE * self.coverage_before

    def __str__(self) -> str:
        if self.lists < ENOUGH:
            return (
                f"{self.lists} lists of validation are too few to judge a learned ranker by: "
                f"fusion serves"
            )
        return (
            f"{self.gain:+.4f} NDCG beside fusion on {self.lists:,} lists of validation "
            f"({self.low:+.4f} to {self.high:+.4f}), coverage {self.coverage:.3f} beside "
            f"{self.coverage_before:.3f}: {'it' if self.earned else 'fusion'} serves"
        )
