"""Ties: which pairs of a user and an item count, kept as relationships beside the events.

Whether events count follows from all events of their pair and from `[kinds]`. To work it out in a
query takes much longer than to follow a relationship without a look at its properties, so that a
graph of graphrec's own also has, for each pair of which events count,

- `GRAPHREC_ONLY_<KIND>` where those are of one kind, or
- `GRAPHREC_ALSO_<KIND>` for each of several kinds, and `GRAPHREC_LIKES` where any of them is
  positive,

with the times `first` and `last` of these events. So likes of any kind, and events of one kind, are
one relationship a pair, of types that can be told from its name.

Kinds note the `meaning` by which their ties were made. A reader whose policy says something else
asks the events.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from graphrec.data import Interactions
from graphrec.data.in_force import counts, meanings_of, only_kinds
from graphrec.data.kinds import KindPolicy, policy_of
from graphrec.store.neo4j import names

FORM = 1
"""Of what is worked out; another one, and all ties are made anew."""

FIELDS = {
    *("threshold", "like_from", "polarity"),
    *("cancels", "cancels_by", "repeats", "negative", "zero"),
}
"""Of a policy, what decides whether events count."""


class Types(NamedTuple):
    """Which ties a question is about."""

    names: tuple[str, ...]
    single: bool
    """Whether no pair has two of them."""


class Tie(NamedTuple):
    """One relationship: between a user and an item, of a type, with two times."""

    user: str
    item: str
    type: str
    first: int
    last: int


def meaning_of(kind: str, given: Mapping[str, KindPolicy]) -> str:
    """What decides whether events of a kind count, as text."""
    policy = policy_of(kind, given)
    fields = policy.model_dump(mode="json", include=FIELDS)
    return json.dumps([FORM, bool(policy.weight), fields], sort_keys=True)


def types_of(
    known: Collection[str], given: Mapping[str, KindPolicy], kinds: Collection[str] | None
) -> Types:
    """The ties that a question about `kinds` is about, None: about likes, in a store of `known`."""
    counting = {kind: _side(kind, given) for kind in sorted(known)}
    likes = {kind for kind, side in counting.items() if side > 0}
    asked = (
        likes if kinds is None else set(kinds) & {k for k, side in counting.items() if side >= 0}
    )
    if asked == likes:
        return Types((*(names.only(kind) for kind in sorted(likes)), names.LIKES), True)
    each = [name(kind) for kind in sorted(asked) for name in (names.only, names.also)]
    return Types(tuple(each) or (names.LIKES_OF_NONE,), len(asked) < 2)


def ties_of(log: Interactions, given: Mapping[str, KindPolicy]) -> Iterator[Tie]:
    """The ties of the pairs of a log, which has all their events; and where users have thresholds
    of their own, all events of its users.
    """
    meanings = only_kinds(meanings_of(log.kinds, given), log.kinds)
    counted = np.flatnonzero(counts(log, meanings, log.weight) > 0)
    key = (log.user[counted], log.item[counted], log.kind[counted])
    order = np.lexsort((log.time[counted], *key[::-1]))
    pairs: dict[tuple[int, int], dict[int, tuple[int, int]]] = {}
    columns = (*(column[order].tolist() for column in key), log.time[counted][order].tolist())
    for user, item, kind, time in zip(*columns, strict=True):
        kinds = pairs.setdefault((user, item), {})
        kinds[kind] = (kinds.get(kind, (time,))[0], time)
    positive = [_side(kind, given) > 0 for kind in log.kinds]
    only, also = ([name(kind) for kind in log.kinds] for name in (names.only, names.also))
    for (user, item), kinds in pairs.items():
        ends = log.users.ids[user], log.items.ids[item]
        if len(kinds) == 1:
            ((kind, times),) = kinds.items()
            yield Tie(*ends, only[kind], *times)
            continue
        for kind, times in kinds.items():
            yield Tie(*ends, also[kind], *times)
        liked = [times for kind, times in kinds.items() if positive[kind]]
        if liked:
            yield Tie(*ends, names.LIKES, min(t[0] for t in liked), max(t[1] for t in liked))


def changes(before: Sequence[Tie], after: Sequence[Tie]) -> tuple[list[Tie], list[Tie]]:
    """What is to be deleted and what is to be made, of ties as they are and should be."""
    held, wanted = set(before), set(after)
    return [tie for tie in before if tie not in wanted], [tie for tie in after if tie not in held]


def _side(kind: str, given: Mapping[str, KindPolicy]) -> int:
    """1 for a kind whose events are likes, 0 for a neutral one, -1 for one that is neither."""
    policy = policy_of(kind, given)
    if not policy.weight or policy.polarity == "neutral":
        return 0
    return 1 if policy.polarity == "positive" else -1
