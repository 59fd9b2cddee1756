"""How a Q-network did beside the fusion, by the log: whether it has earned its place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class QTrial:
    """What a list of the network would bring more than one of the fusion, by off-policy evaluation.

    By networks that were learned from the lists of other users.
    """

    lists: int
    users: int
    effective: float
    """Lists of the network itself that tell as much."""
    fusion: float
    """What a list of the fusion would bring."""
    gain: float
    low: float
    high: float
    """Ends of the 95 % interval of the gain, over users."""

    @property
    def earned(self) -> bool:
        """Whether it may serve: it is not worse than fusion, by the lower bound."""
        return self.low >= 0

    def __str__(self) -> str:
        return (
            f"{self.gain:+.4f} beside {self.fusion:.4f} of fusion ({self.low:+.4f} to "
            f"{self.high:+.4f}), by {self.lists:,} lists of {self.users:,} users, which tell as "
            f"much as {self.effective:,.0f} lists of its own"
        )
