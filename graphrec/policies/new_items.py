"""Exposures of new items, read from lines of the exposure log, and how often they were liked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import orjson

from graphrec.data import Interactions
from graphrec.data.kinds import KindPolicy, policy_of
from graphrec.experiments.lists import Lists
from graphrec.experiments.outcomes import events_in
from graphrec.policies.rewards import rewarded
from graphrec.policy.definition import Reward
from graphrec.ranking.tried import Tried

DAYS = 7.0
"""After an item was shown, within which it counts as liked for it."""

MOST = 200_000
"""Exposures that are kept, the latest ones."""


@dataclass
class NewItemLog:
    """Takes in lines of the log, in their order; keeps those of items that a snapshot lacks."""

    _shown: list[tuple[str, str, int]] = field(default_factory=list)

    def add(self, lines: Iterable[bytes], known: Collection[str]) -> None:
        """Take in further lines; `known` are the items of the snapshot."""
        for line in lines:
            try:
                found = orjson.loads(line)
                user, item, time = str(found["user"]), str(found["item"]), int(found["time"])
            except (ValueError, KeyError, TypeError, AttributeError):
                continue  # reports of the log say how many there are
            if item not in known:
                self._shown.append((user, item, time))
        del self._shown[:-MOST]

    def __len__(self) -> int:
        return len(self._shown)

    def tried(
        self,
        log: Interactions,
        kinds: Mapping[str, KindPolicy],
        name_of: Callable[[str], str],
        known: Collection[str],
    ) -> Tried:
        """What came of those that a snapshot lacks; `name_of` is what the log calls a user."""
        shown = [each for each in self._shown if each[1] not in known]
        users = tuple(dict.fromkeys(user for user, _, _ in shown))
        lists = Lists.single(shown, users, tuple(_counts(shown)))
        events = events_in(
            log, kinds, lists.users, lists.items, name_of, None, lambda _: np.empty(0)
        )
        liked = tuple(k for k in log.kinds if policy_of(k, kinds).polarity == "positive")
        if not liked:
            return Tried({item: (0, count) for item, count in _counts(shown).items()})
        found = rewarded(lists, events, {"liked": Reward(kinds=liked, days=DAYS)})
        positive = Counter(
            items_of
            for (_, items_of, _), reward in zip(shown, found.by_item, strict=True)
            if reward
        )
        return Tried({i: (positive[i], count) for i, count in _counts(shown).items()})


def _counts(shown: Iterable[tuple[str, str, int]]) -> Mapping[str, int]:
    return Counter(item for _, item, _ in shown)
