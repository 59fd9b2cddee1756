"""How often what was listed was followed by an event, snapshot by snapshot, for a look at a glance.

It reads the end of the exposure log alone. To judge one snapshot against another, with intervals
and checks, is what `graphrec.experiments.comparison` does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import orjson
from pydantic import Field

from graphrec.data import Interactions
from graphrec.experiments.comparison import clicks

MOST_BYTES = 64 * 2**20
"""Of the log that are read: the latest, some 400,000 items of lists."""

DAYS = 7
"""After an item was shown, within which an event counts."""


@dataclass(frozen=True)
class ClickRate:
    """What was listed by one snapshot."""

    version: Annotated[str, Field(description="Of the snapshot.")]
    first: Annotated[int, Field(description="The first list, in milliseconds since 1970.")]
    last: Annotated[int, Field(description="The last list, in milliseconds since 1970.")]
    users: Annotated[int, Field(description="Who got them.")]
    shown: Annotated[int, Field(description="Items in the lists.")]
    clicked: Annotated[
        int,
        Field(
            description=f"Items of those with an event of the same user within {DAYS} days, of "
            "any kind; of several lists with the item, the last one counts."
        ),
    ]


@dataclass(frozen=True)
class LatestExposures:
    """The end of an exposure log."""

    shown: Interactions
    """Its kinds are the versions."""
    unreadable: int
    """Lines that cannot be read."""
    whole: bool
    """Whether there is nothing before them, nor in packed files."""


def latest_exposures(folder: Path) -> LatestExposures:
    """The latest exposures in a folder, of the files that are not packed; raises OSError."""
    left, unreadable = MOST_BYTES, 0
    versions, users, items, times = list[str](), list[str](), list[str](), list[int]()
    days = sorted(folder.glob("*.jsonl"), reverse=True)
    packed = any(path.suffix != ".jsonl" for path in folder.glob("*.jsonl.*"))
    whole = not packed
    for path in days:
        size = path.stat().st_size
        for line in _end_of(path, left):
            try:
                found = orjson.loads(line)
                row = str(found["version"]), str(found["user"]), str(found["item"])
                time = int(found["time"])
            except (ValueError, KeyError, TypeError):
                unreadable += 1
                continue
            versions.append(row[0])
            users.append(row[1])
            items.append(row[2])
            times.append(time)
        left -= size
        if left <= 0:
            whole = whole and left == 0 and path == days[-1]
            break
    shown = Interactions.of(users, items, None, times, versions)
    return LatestExposures(shown, unreadable, whole)


def click_rates(shown: Interactions, events: Interactions) -> tuple[ClickRate, ...]:
    """Those of the versions that listed `shown`, the latest first, by events of the same names."""
    clicked = clicks(shown, events, DAYS * 86_400_000)
    found = []
    for code, version in enumerate(shown.kinds):
        own = shown.kind == code
        times = shown.time[own]
        users, count = len(np.unique(shown.user[own])), int(clicked[own].sum())
        found.append(
            ClickRate(version, int(times.min()), int(times.max()), users, int(own.sum()), count)
        )
    return tuple(sorted(found, key=lambda each: -each.last))


def _end_of(path: Path, most: int) -> Iterator[bytes]:
    """The last whole lines of a file, within so many bytes."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(size - most, 0))
        if size > most:
            file.readline()  # the rest of a line
        yield from file
