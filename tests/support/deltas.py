"""Deltas out of events and attributes, without a store."""

from __future__ import annotations

from collections.abc import Mapping

from graphrec.data import AttributeValue, Interactions
from graphrec.data.drift import kinds_of
from graphrec.store.delta import Delta, UserDelta, events_by_user


def delta_of(
    log: Interactions, attributes: Mapping[str, Mapping[str, AttributeValue]] | None = None
) -> Delta:
    """All events of each pair that was written to, and the attributes of users who got some."""
    events, written = events_by_user(log), attributes or {}
    users = dict.fromkeys([*events, *written])
    return Delta(
        {user: UserDelta(events.get(user, ()), written.get(user)) for user in users},
        written=len(log),
        kinds=kinds_of(log),
        events=len(log),
    )
