"""What came of new items when they were shown: what Thompson sampling goes by until a training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from graphrec.ranking.thompson import Posteriors


@dataclass(frozen=True, eq=False)
class Tried:
    """By id of a new item, how often it was shown, and how often somebody liked it then."""

    counts: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """(liked, shown)"""

    def posteriors(self, known: Posteriors, new: Sequence[str]) -> Posteriors:
        """Those of the items of a snapshot, of the `new` ones after them, and of one never seen."""
        made: dict[tuple[int, int], Posteriors] = vars(self).setdefault("_made", {})
        key = (id(known), len(new))
        found = made.get(key)
        if found is None:
            pairs = np.array([self.counts.get(item, (0, 0)) for item in new] or [(0, 0)], np.int64)
            found = made[key] = known.followed_by(pairs[: len(new), 0], pairs[: len(new), 1])
        return found
