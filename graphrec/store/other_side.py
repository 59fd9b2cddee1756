"""How many users like anything, or items anyone likes, counted once for each state of a store."""

from __future__ import annotations

from collections.abc import Callable, Hashable


class CountedOnce:
    """Counts of the whole graph, which take long; they hold as long as nothing is written."""

    def __init__(self) -> None:
        self._position: int | None = None
        self._found: dict[Hashable, int] = {}

    def get(self, position: int | None, what: Hashable, count: Callable[[], int]) -> int:
        """What `count` gives of the store at a position; None, where nothing says so: each time."""
        if position is None:
            return count()
        if position != self._position:  # another thread may do so too: nothing else is kept
            self._found = {}
            self._position = position
        found = self._found
        if what not in found:
            found[what] = count()
        return found[what]
