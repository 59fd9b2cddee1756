"""What an experiment showed, read from lines of the exposure log."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import orjson
from numpy.typing import NDArray

from graphrec.data import Vocabulary


@dataclass(frozen=True)
class Shown:
    """The exposures of an experiment."""

    users: Vocabulary
    """Ids as the log has them: pseudonyms, in a log of the service."""
    items: Vocabulary
    variants: tuple[str, ...]
    user: NDArray[np.int64]  # [E] rows of `users`
    item: NDArray[np.int64]  # [E] rows of `items`
    variant: NDArray[np.int64]  # [E] index into `variants`
    time: NDArray[np.int64]  # [E] milliseconds since 1970
    unreadable: int = 0
    """Lines that name the experiment and cannot be read."""

    def __len__(self) -> int:
        return len(self.user)


def read_shown(
    lines: Iterable[bytes],
    experiment: str,
    since: int | None = None,
    until: int | None = None,
) -> Shown:
    """The exposures of an experiment among lines of a log, from `since` and before `until`."""
    named = f"{experiment}/".encode()
    users: dict[str, int] = {}
    items: dict[str, int] = {}
    variants: dict[str, int] = {}
    columns = tuple(array("q") for _ in range(4))
    unreadable = 0
    for line in lines:
        if named not in line:  # cheaper than to read it
            continue
        try:
            found = orjson.loads(line)
            given = dict(each.split("/") for each in (found["variant"] or "").split(",") if each)
            user, item, time = str(found["user"]), str(found["item"]), int(found["time"])
        except (ValueError, KeyError, TypeError, AttributeError):
            unreadable += 1
            continue
        variant = given.get(experiment)
        within = (since is None or time >= since) and (until is None or time < until)
        if variant is None or not within:
            continue
        columns[0].append(users.setdefault(user, len(users)))
        columns[1].append(items.setdefault(item, len(items)))
        columns[2].append(variants.setdefault(variant, len(variants)))
        columns[3].append(time)
    user_, item_, variant_, time_ = (np.array(column, np.int64) for column in columns)
    return Shown(
        Vocabulary(tuple(users)),
        Vocabulary(tuple(items)),
        tuple(variants),
        user_,
        item_,
        variant_,
        time_,
        unreadable,
    )
