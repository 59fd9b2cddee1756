"""Lists of one placement, read from lines of the exposure log, with how they were explored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import orjson
from numpy.typing import NDArray

from graphrec.data import Vocabulary
from graphrec.experiments.lists import Lists

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ExploredLists:
    """L lists with E items, each by rank."""

    lists: Lists
    propensity: tuple[float | None, ...]
    """[E]: None but for what exploration drew."""
    share: Floats
    """[L]: of exploration."""
    unreadable: int
    """Lines that cannot be read."""
    unknown_share: int
    """Lists that are left out: something was drawn, and the log does not say of what share."""

    def rows(self) -> list[list[int]]:
        """The places of the items of each list in E."""
        found: list[list[int]] = [[] for _ in range(len(self.lists))]
        for at, of in enumerate(self.lists.of.tolist()):
            found[of].append(at)
        return found


@dataclass
class _Rows:
    user: str
    time: int
    share: float | None
    items: list[tuple[int, str, float | None]]


def read_explored(
    lines: Iterable[bytes], placement: str | None, exploration: float | None = None
) -> ExploredLists:
    """The lists of a placement by its label, None: those of recommendations, by time.

    `exploration` is the share of lists of which the log has none, from before it was logged.
    """
    found: dict[tuple[str, int, str], _Rows] = {}
    unreadable = 0
    for line in lines:
        try:
            row = orjson.loads(line)
            if row.get("placement") != placement:
                continue
            user, time = str(row["user"]), int(row["time"])
            propensity = row.get("propensity")
            item = (
                int(row["rank"]),
                str(row["item"]),
                None if propensity is None else float(propensity),
            )
            share = row.get("exploration", exploration)
        except (ValueError, KeyError, TypeError, AttributeError):
            unreadable += 1
            continue
        key = (user, time, str(row.get("request")))
        made = found.setdefault(key, _Rows(user, time, share, []))
        made.items.append(item)
    kept, unknown = [], 0
    for rows in sorted(found.values(), key=lambda each: each.time):
        if rows.share is None and any(chance is not None for *_, chance in rows.items):
            unknown += 1
        else:
            kept.append(rows)
    return _explored(kept, unreadable, unknown)


def _explored(kept: list[_Rows], unreadable: int, unknown: int) -> ExploredLists:
    users: dict[str, int] = {}
    items: dict[str, int] = {}
    of, item, propensity = [], [], []
    for at, rows in enumerate(kept):
        for _, each, chance in sorted(rows.items, key=lambda entry: entry[0]):
            of.append(at)
            item.append(items.setdefault(each, len(items)))
            propensity.append(chance)
    user = [users.setdefault(rows.user, len(users)) for rows in kept]
    return ExploredLists(
        Lists(
            Vocabulary(tuple(users)),
            Vocabulary(tuple(items)),
            np.array(user, np.int64),
            np.array([rows.time for rows in kept], np.int64),
            ("",) * len(kept),
            np.ones(len(kept)),
            ((),) * len(kept),
            np.array(of, np.int64),
            np.array(item, np.int64),
        ),
        tuple(propensity),
        np.array([rows.share or 0.0 for rows in kept], np.float64),
        unreadable,
        unknown,
    )
