"""Which events are likes, in Cypher: `graphrec.data.in_force`, as a condition on an `event`.

What no kind of event in the graph does is left out of the condition.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from graphrec.data.in_force import LARGEST_RATED, MICRO, SLACK, Meaning, Meanings

LARGEST = 1e308
"""Beyond all values, which are in single precision: not every reader of parameters has infinity."""


class Pattern(NamedTuple):
    """What is known of an event, in Cypher, by the name of its relationship."""

    types: str
    """Of the relationships, as a pattern has them."""
    kind: Callable[[str], str]
    weight: Callable[[str], str]
    time: Callable[[str], str]
    items: str
    """The label of items, where a pattern must name it."""


def condition(pattern: Pattern, meanings: Meanings, user: str, item: str) -> str:
    """True of an `event` between two nodes of a query that shows that the user likes the item."""
    parts = [
        f"{pattern.weight('event')} >= {_of(pattern, 'likes_from', 'event')}",
        f"NOT {_out_of_force(pattern, meanings, 'event', user, item)}",
    ]
    if meanings.any_negative:
        parts.append(
            f"NOT EXISTS {{ MATCH ({user})-[no:{pattern.types}]->({item}) "
            f"WHERE {pattern.weight('no')} >= {_of(pattern, 'dislikes_from', 'no')} "
            f"AND NOT {_out_of_force(pattern, meanings, 'no', user, item)} }}"
        )
    if meanings.any_own:
        parts.append(_reaches_own(pattern, meanings, user))
    return "(" + " AND ".join(parts) + ")"


def values(meanings: Meanings, key: Mapping[str, str]) -> dict[str, Any]:
    """The parameters of the condition; `key` is what the graph has as the kind."""
    keys = [key.get(kind, kind) for kind in meanings.kinds]

    def each(value: Callable[[int, Meaning], Any]) -> dict[str, Any]:
        return {
            name: [value(code, meaning) for meaning in meanings.of[code]]
            for code, name in enumerate(keys)
        }

    found = {
        "likes_from": each(lambda _, m: _finite(m.bar) if m.polarity > 0 else LARGEST),
        "dislikes_from": each(lambda _, m: _finite(m.bar) if m.polarity < 0 else LARGEST),
        "supersedes": each(lambda code, m: m.rated and meanings.policies[code].latest),
        "cancels": each(lambda _, m: [keys[other] for other in m.cancels]),
        "rated": each(lambda _, m: m.rated),
        "own": {
            name: -1.0 if policy.quantile is None else policy.quantile
            for name, policy in zip(keys, meanings.policies, strict=True)
            if policy.like_from is not None
        },
    }
    needed = {"likes_from"}
    needed |= {"supersedes"} if meanings.any_latest else set()
    needed |= {"cancels"} if meanings.any_cancels else set()
    needed |= {"dislikes_from"} if meanings.any_negative else set()
    needed |= {"rated", "own"} if meanings.any_own else set()
    return {name: value for name, value in found.items() if name in needed}


def _of(pattern: Pattern, parameter: str, event: str) -> str:
    """What a parameter says of the kind of an event, and of the sign of its value."""
    sign = f"toInteger(sign({pattern.weight(event)})) + 1"
    return f"${parameter}[{pattern.kind(event)}][{sign}]"


def _out_of_force(pattern: Pattern, meanings: Meanings, event: str, user: str, item: str) -> str:
    """Whether a later event took the place of one, or one cancelled it."""
    kind, time = pattern.kind, pattern.time
    parts = []
    if meanings.any_latest:
        parts.append(
            f"EXISTS {{ MATCH ({user})-[later:{pattern.types}]->({item}) "
            f"WHERE {kind('later')} = {kind(event)} AND {time('later')} > {time(event)} "
            f"AND {_of(pattern, 'supersedes', 'later')} }}"
        )
    if meanings.any_cancels:
        parts.append(
            f"EXISTS {{ MATCH ({user})-[undo:{pattern.types}]->({item}) "
            f"WHERE {time('undo')} >= {time(event)} "
            f"AND {kind(event)} IN {_of(pattern, 'cancels', 'undo')} }}"
        )
    return f"({' OR '.join(parts) or 'false'})"


def _reaches_own(pattern: Pattern, meanings: Meanings, user: str) -> str:
    """Whether an event reaches the bar of its user, where its kind has one."""
    kind, weight = pattern.kind, pattern.weight
    rated = (
        f"MATCH ({user})-[each:{pattern.types}]->(mine{pattern.items}) "
        f"WHERE {kind('each')} = {kind('event')} AND {_of(pattern, 'rated', 'each')} "
        f"AND NOT {_out_of_force(pattern, meanings, 'each', user, 'mine')}"
    )
    total = "reduce(total = 0, one IN ratings | total + one)"
    mean = (
        f"[ratings IN [COLLECT {{ {rated} RETURN {_micro(weight('each'))} }}] "
        f"| {_micro(weight('event'))} * size(ratings) >= {total}][0]"
    )
    not_above = f"COUNT {{ {rated} AND {weight('each')} <= {weight('event')} }}"
    own = f"$own[{kind('event')}]"
    return (
        f"CASE WHEN {own} IS NULL THEN true WHEN {own} < 0 THEN {mean} "
        f"ELSE {not_above} >= {own} * COUNT {{ {rated} }} - {SLACK} END"
    )


def _micro(value: str) -> str:
    """A value in whole millionths, as of `graphrec.data.in_force.micro`."""
    most = LARGEST_RATED
    wide = f"CASE WHEN {value} > {most} THEN {most} WHEN {value} < -{most} THEN -{most} "
    return f"toInteger(floor(({wide} ELSE {value} END) * {MICRO} + 0.5))"


def _finite(bar: float) -> float:
    return min(max(bar, -LARGEST), LARGEST)
