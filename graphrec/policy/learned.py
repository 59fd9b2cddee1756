"""What a policy has learned of its actions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from graphrec.policy.beliefs import Beliefs


@dataclass(frozen=True)
class Learned:
    """What a policy goes by."""

    beliefs: Beliefs
    lists: int
    """That it has learned from."""
    rewards: Mapping[str, float]
    """By action, the mean reward of its lists, as far as it came."""
    shown: Mapping[str, int]
    """By action, its lists."""
    broken: Mapping[str, str]
    """By action that may not be taken, the guard that it breaks, in words."""
    until: int = 0
    """The time of the last list, in milliseconds since 1970."""

    @property
    def allowed(self) -> Collection[str]:
        """The actions that break nothing; the first one, where all do."""
        free = [each for each in self.beliefs.actions if each not in self.broken]
        return free or self.beliefs.actions[:1]
