"""Which events are likes, in Cypher: `graphrec.data.in_force`, as an expression.

A query collects the events of each pair of a user and an item as `pair`, a list, and compares them
in it. Looking for the other events of a pair in the graph, from each of its events, takes a hundred
times as long, and planning such patterns takes seconds. What no kind of event in the graph does is
left out.
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


def event(pattern: Pattern, name: str = "event") -> str:
    """What is compared of an event, as a list: [kind, sign, value, time]."""
    kind, weight, time = (each(name) for each in pattern[1:4])
    return f"[{kind}, toInteger(sign({weight})) + 1, {weight}, {time}]"


def liked(pattern: Pattern, meanings: Meanings, user: str) -> str:
    """Those events of a `pair` that show that the user likes the item; `user` names its node."""
    parts = [
        "one[2] >= $likes_from[one[0]][one[1]]",
        f"NOT {_out_of_force(meanings, 'one')}",
    ]
    if meanings.any_negative:
        parts.append(
            "none(no IN pair WHERE coalesce(no[2] >= $dislikes_from[no[0]][no[1]] "
            f"AND NOT {_out_of_force(meanings, 'no')}, false))"
        )
    if meanings.any_own:
        parts.append(_reaches_own(pattern, meanings, user))
    return f"[one IN pair WHERE {' AND '.join(parts)}]"


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


def _out_of_force(meanings: Meanings, one: str) -> str:
    """Whether a later event of the `pair` took the place of one, or one cancelled it."""
    parts = []
    if meanings.any_latest:
        parts.append(
            f"any(later IN pair WHERE coalesce(later[0] = {one}[0] AND later[3] > {one}[3] "
            f"AND $supersedes[later[0]][later[1]], false))"
        )
    if meanings.any_cancels:
        parts.append(
            f"any(undo IN pair WHERE coalesce(undo[3] >= {one}[3] "
            f"AND {one}[0] IN $cancels[undo[0]][undo[1]], false))"
        )
    return f"({' OR '.join(parts) or 'false'})"


def _reaches_own(pattern: Pattern, meanings: Meanings, user: str) -> str:
    """Whether `one` reaches the bar of its user, where its kind has one."""
    rated = (
        f"MATCH ({user})-[each:{pattern.types}]->(rated_item{pattern.items}) "
        f"WITH rated_item, collect({event(pattern, 'each')}) AS pair "
        f"UNWIND [rating IN pair WHERE rating[0] = one[0] AND $rated[rating[0]][rating[1]] "
        f"AND NOT {_out_of_force(meanings, 'rating')}] AS rating RETURN rating[2]"
    )
    total = f"reduce(total = 0, rating IN ratings | total + {_micro('rating')})"
    return (
        f"[ratings IN [CASE WHEN $own[one[0]] IS NULL THEN [] ELSE COLLECT {{ {rated} }} END] | "
        f"CASE WHEN $own[one[0]] IS NULL THEN true "
        f"WHEN $own[one[0]] < 0 THEN {_micro('one[2]')} * size(ratings) >= {total} "
        f"ELSE size([rating IN ratings WHERE rating <= one[2]]) "
        f">= $own[one[0]] * size(ratings) - {SLACK} END][0]"
    )


def _micro(value: str) -> str:
    """A value in whole millionths, as of `graphrec.data.in_force.micro`."""
    most = LARGEST_RATED
    wide = f"CASE WHEN {value} > {most} THEN {most} WHEN {value} < -{most} THEN -{most} "
    return f"toInteger(floor(({wide} ELSE {value} END) * {MICRO} + 0.5))"


def _finite(bar: float) -> float:
    return min(max(bar, -LARGEST), LARGEST)
