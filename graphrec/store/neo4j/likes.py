"""Which events are likes, in Cypher: `graphrec.data.in_force`, as an expression.

A query collects the events of each pair of a user and an item as `pair`, a list, and compares them
in it. Looking for the other events of a pair in the graph, from each of its events, takes a hundred
times as long, and planning such patterns takes seconds. What no kind of event in the graph does is
left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from graphrec.data.in_force import SLACK, Meaning, Meanings
from graphrec.data.taken_back import LARGEST as LARGEST_SUMMED
from graphrec.data.taken_back import MICRO

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
    """Those events of a `pair` that count, as likes or else; `user` names the node of its user."""
    in_force = f"NOT {_out_of_force(meanings, 'one')}"
    parts = ["one[2] >= $likes_from[one[0]][one[1]]"]
    if not meanings.any_seen:
        parts.append(in_force)
    if meanings.any_negative:
        parts.append(
            "none(no IN pair WHERE coalesce(no[2] >= $dislikes_from[no[0]][no[1]] "
            f"AND NOT {_out_of_force(meanings, 'no')}{_no_part_kept(meanings)}, false))"
        )
    if meanings.any_own:
        parts.append(_reaches_own(pattern, meanings, user))
    found = " AND ".join(parts)
    if meanings.any_seen:
        found = f"(coalesce($seen[one[0]][one[1]], false) OR {found}) AND {in_force}"
    return f"[one IN pair WHERE {found}]"


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
        "takes": each(lambda _, m: [keys[other] for other in m.takes]),
        "rated": each(lambda _, m: m.rated),
        "seen": each(lambda _, m: m.seen),
        "own": {
            name: -1.0 if policy.quantile is None else policy.quantile
            for name, policy in zip(keys, meanings.policies, strict=True)
            if policy.like_from is not None
        },
    }
    needed = {"likes_from"}
    needed |= {"supersedes"} if meanings.any_latest else set()
    needed |= {"cancels"} if meanings.any_cancels else set()
    needed |= {"takes"} if meanings.any_takes else set()
    needed |= {"seen"} if meanings.any_seen else set()
    needed |= {"dislikes_from"} if meanings.any_negative else set()
    needed |= {"rated", "own"} if meanings.any_own else set()
    return {name: value for name, value in found.items() if name in needed}


def _out_of_force(meanings: Meanings, one: str, pair: str = "pair") -> str:
    """Whether a later event of a pair took the place of one, or one cancelled it."""
    parts = []
    if meanings.any_latest:
        parts.append(
            f"any(later IN {pair} WHERE coalesce(later[0] = {one}[0] AND later[3] > {one}[3] "
            f"AND $supersedes[later[0]][later[1]], false))"
        )
    if meanings.any_cancels:
        parts.append(
            f"any(undo IN {pair} WHERE coalesce(undo[3] >= {one}[3] "
            f"AND {one}[0] IN $cancels[undo[0]][undo[1]], false))"
        )
    if meanings.any_takes:
        # Nothing is left of it: from it up to some return, no more was given than was returned.
        sum_up = (
            f"reduce(total = 0, part IN {pair} | total + CASE "
            f"WHEN part[3] < {one}[3] OR part[3] > undo[3] THEN 0 "
            f"WHEN part[0] = {one}[0] AND part[2] > 0 THEN {_at_least_one(_micro('part[2]'))} "
            f"WHEN {one}[0] IN $takes[part[0]][part[1]] THEN -{_micro('abs(part[2])')} "
            f"ELSE 0 END)"
        )
        parts.append(
            f"any(undo IN {pair} WHERE coalesce({one}[2] > 0 AND undo[3] >= {one}[3] "
            f"AND {one}[0] IN $takes[undo[0]][undo[1]] AND {sum_up} <= 0, false))"
        )
    return f"({' OR '.join(parts) or 'false'})"


def _no_part_kept(meanings: Meanings) -> str:
    """That nothing is left of what the event `no` takes from."""
    if not meanings.any_takes:
        return ""
    return (
        " AND none(kept IN pair WHERE coalesce(kept[3] <= no[3] AND kept[2] > 0 "
        "AND kept[0] IN $takes[no[0]][no[1]] "
        f"AND NOT {_out_of_force(meanings, 'kept')}, false))"
    )


def _at_least_one(value: str) -> str:
    return f"CASE WHEN {value} < 1 THEN 1 ELSE {value} END"


def _reaches_own(pattern: Pattern, meanings: Meanings, user: str) -> str:
    """Whether `one` reaches the bar of its user, where its kind has one."""
    kind, weight, time = (each("each") for each in pattern[1:4])
    superseded = _out_of_force(meanings, f"[{kind}, 0, {weight}, {time}]", "rated")
    rated = (  # an expression over lists may not aggregate: here each looks its pair up
        f"MATCH ({user})-[each:{pattern.types}]->(rated_item{pattern.items}) "
        f"WHERE {kind} = one[0] AND $rated[{kind}][toInteger(sign({weight})) + 1] "
        f"AND [rated IN [COLLECT {{ MATCH ({user})-[of_pair:{pattern.types}]->(rated_item) "
        f"RETURN {event(pattern, 'of_pair')} }}] | NOT {superseded}][0] RETURN {weight}"
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
    """A value in whole millionths, as of `graphrec.data.taken_back.micro`."""
    most = LARGEST_SUMMED
    wide = f"CASE WHEN {value} > {most} THEN {most} WHEN {value} < -{most} THEN -{most} "
    return f"toInteger(floor(({wide} ELSE {value} END) * {MICRO} + 0.5))"


def _finite(bar: float) -> float:
    return min(max(bar, -LARGEST), LARGEST)
