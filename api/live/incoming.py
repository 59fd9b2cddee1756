"""Events of requests on their way to the store: times, repeats, and those that come too late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from graphrec.api.schemas.events import NewEvent, Reason

from graphrec.data import Interactions
from graphrec.data.weighting import KindPolicy
from graphrec.store import EventKey, GraphStore

ITEM_DELETED = "the item was deleted: put it again first"

USER_DELETED = "the user was deleted: put them again first"


@dataclass(frozen=True)
class Incoming:
    """The events of one request that can be stored, each once, and what became of the others."""

    weights: Mapping[EventKey, float]
    accepted: int
    """How many were sent of them."""
    late: tuple[Reason, ...] = ()
    """Those of users and items that were deleted."""

    @property
    def merged(self) -> int:
        """How many of those that were accepted repeat another."""
        return self.accepted - len(self.weights)


def stamped(
    batches: Sequence[Sequence[NewEvent]], now: int
) -> tuple[list[list[tuple[EventKey, float]]], int]:
    """The key and the weight of each event; one without a time gets `now`, or a moment after it.

    Each of those is another event: where several have the same user, item and kind, each gets a
    millisecond of its own. Returns the latest time given, too.
    """
    times: dict[tuple[str, str, str], int] = {}
    found = []
    for batch in batches:
        rows = []
        for event in batch:
            time = event.time
            if time is None:
                of = (event.user, event.item, event.kind)
                time = times[of] = times.get(of, now - 1) + 1
            rows.append((EventKey(event.user, event.item, event.kind, time), event.weight))
        found.append(rows)
    return found, max(times.values(), default=now)


def parted(
    store: GraphStore,
    batches: Sequence[Sequence[tuple[EventKey, float]]],
    kinds: Mapping[str, KindPolicy],
) -> list[Incoming]:
    """The events of each request that can be stored; those with the same key are one."""
    keys = [key for batch in batches for key, _ in batch]
    items = store.deleted("item", {key.item for key in keys})
    users = store.deleted("user", {key.user for key in keys})
    return [_one(batch, kinds, items, users) for batch in batches]


def log_of(incoming: Sequence[Incoming]) -> Interactions:
    """The events of several requests, in their order."""
    rows = [(key, weight) for each in incoming for key, weight in each.weights.items()]
    keys = [key for key, _ in rows]
    return Interactions.of(
        [key.user for key in keys],
        [key.item for key in keys],
        [weight for _, weight in rows],
        [key.time or 0 for key in keys],
        [key.kind or "" for key in keys],
    )


def _one(
    batch: Sequence[tuple[EventKey, float]],
    kinds: Mapping[str, KindPolicy],
    items: frozenset[str],
    users: frozenset[str],
) -> Incoming:
    weights: dict[EventKey, float] = {}
    late = []
    for at, (key, weight) in enumerate(batch):
        if key.item in items or key.user in users:
            late.append(Reason(at, ITEM_DELETED if key.item in items else USER_DELETED))
            continue
        before = weights.pop(key, None)  # the last one counts, and comes last
        adds = kinds.get(key.kind or "", KindPolicy()).same_time == "add"
        weights[key] = before + weight if before is not None and adds else weight
    return Incoming(weights, len(batch) - len(late), tuple(late))
