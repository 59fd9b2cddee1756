"""What events mean, worked out the slow way: an oracle to compare the arrays with."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

from graphrec.data.kinds import KindPolicy, normal, policy_of
from graphrec.testing.logs import Event

Pair = tuple[str, str]


def counted(events: Sequence[Event], given: Mapping[str, KindPolicy]) -> dict[Pair, float]:
    """By pair: above 0 where it is liked, below 0 where it is disliked, 0 where it was seen.

    No event comes twice.
    """
    found: dict[Pair, float] = {}
    for event in events:
        found.setdefault((event.user, event.item), 0.0)
    for user, item in found:
        own = [each for each in events if (each.user, each.item) == (user, item)]
        sides = [_side(each, own, events, given) for each in own]
        against = sum(side for side in sides if side < 0)
        found[user, item] = against or sum(side for side in sides if side > 0)
    return found


def likes(events: Sequence[Event], given: Mapping[str, KindPolicy]) -> list[Event]:
    """The events that show that a user likes an item."""
    liked = {pair for pair, weight in counted(events, given).items() if weight > 0}
    found = []
    for event in events:
        pair = [each for each in events if each[:2] == event[:2]]
        if event[:2] in liked and _side(event, pair, events, given) > 0:
            found.append(event)
    return found


def in_force(event: Event, events: Sequence[Event], given: Mapping[str, KindPolicy]) -> bool:
    """Whether nothing took the place of an event of a log, cancelled it or took it back."""
    return _in_force(event, [each for each in events if each[:2] == event[:2]], given)


def _left(event: Event, pair: Sequence[Event], given: Mapping[str, KindPolicy]) -> Fraction:
    """The share of an amount that no later event took back, as pieces on a pile."""
    pile: list[tuple[Event, Fraction]] = []
    for at in sorted({each.time for each in pair}):
        now = [each for each in pair if each.time == at]
        pile += [(e, Fraction(e.weight)) for e in now if e.kind == event.kind and e.weight > 0]
        for each in now:
            if normal(event.kind) not in _undone(each, policy_of(each.kind, given), given, True):
                continue
            taken = abs(Fraction(each.weight))
            while pile and taken >= pile[-1][1]:
                taken -= pile.pop()[1]
            if pile:
                pile[-1] = (pile[-1][0], pile[-1][1] - taken)
    return next((left / Fraction(e.weight) for e, left in pile if e == event), Fraction(0))


def _kept_part(event: Event, pair: Sequence[Event], given: Mapping[str, KindPolicy]) -> bool:
    """Whether something is left of what an event takes from."""
    takes = _undone(event, policy_of(event.kind, given), given, True)
    return any(
        normal(each.kind) in takes
        and each.time <= event.time
        and each.weight > 0
        and _in_force(each, pair, given)
        for each in pair
    )


def _side(
    event: Event, pair: Sequence[Event], log: Sequence[Event], given: Mapping[str, KindPolicy]
) -> float:
    policy = policy_of(event.kind, given)
    if not policy.weight or not _rated(event, policy) or not _in_force(event, pair, given):
        return 0.0
    if event.weight < 0 and policy.negative == "dislike":
        if _kept_part(event, pair, given):
            return 0.0
        return -policy.weight * (1 if policy.rates else -event.weight)
    if policy.polarity == "neutral" or not _reaches(event, log, policy, given):
        return 0.0
    if policy.polarity == "negative" and _kept_part(event, pair, given):
        return 0.0
    side = -1 if policy.polarity == "negative" else 1
    left = float(_left(event, pair, given)) if event.weight > 0 and policy.amounts else 1
    return side * policy.weight * (1 if policy.rates else event.weight) * left


def _rated(event: Event, policy: KindPolicy) -> bool:
    if event.weight < 0:
        return policy.negative not in ("cancel", "seen")
    return bool(event.weight) or policy.zero == "rating"


def _in_force(event: Event, pair: Sequence[Event], given: Mapping[str, KindPolicy]) -> bool:
    for other in pair:
        policy = policy_of(other.kind, given)
        if (
            policy.latest
            and other.kind == event.kind
            and other.time > event.time
            and _rated(other, policy)
        ):
            return False
        if other.time >= event.time and normal(event.kind) in _undone(other, policy, given, False):
            return False
    amounts = policy_of(event.kind, given).amounts
    return not amounts or event.weight <= 0 or _left(event, pair, given) > 0


def _undone(
    event: Event, policy: KindPolicy, given: Mapping[str, KindPolicy], by_amount: bool
) -> set[str]:
    """The kinds, as names are compared, that an event cancels, or takes its amount of."""
    own, named = normal(event.kind), {normal(each) for each in policy.cancels}
    parts = {each for each in named if policy.cancels_by == "amount" and _amounts(each, given)}
    named = parts if by_amount else named - parts
    if _rated(event, policy):
        return named
    if event.weight < 0 and policy.negative == "cancel":
        mine = {own} if by_amount == policy.amounts else set[str]()
        return mine | (set() if policy.polarity == "positive" else named)
    return set()


def _amounts(form: str, given: Mapping[str, KindPolicy]) -> bool:
    return policy_of(form, given).amounts


def _reaches(
    event: Event, log: Sequence[Event], policy: KindPolicy, given: Mapping[str, KindPolicy]
) -> bool:
    if not policy.rates:
        return event.weight > 0
    if policy.least is not None and event.weight < policy.least:
        return False
    if policy.like_from is None:
        return True
    ratings = sorted(
        each.weight
        for each in log
        if (each.user, each.kind) == (event.user, event.kind)
        and _rated(each, policy)
        and _in_force(each, [e for e in log if (e.user, e.item) == (each.user, each.item)], given)
    )
    if policy.quantile is None:
        return Fraction(event.weight) >= sum(map(Fraction, ratings)) / len(ratings)
    rank = max(math.ceil(Fraction(str(policy.quantile)) * len(ratings)), 1)
    return event.weight >= ratings[rank - 1]
