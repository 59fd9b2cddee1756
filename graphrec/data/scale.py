"""On which scale ratings are, by the values that occur."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

COUNTS = "counts"
"""Not a scale: how often, how long or how many."""


@dataclass(frozen=True)
class Scale:
    """A scale of ratings, and what one would take for a like on it."""

    name: str
    least: float
    most: float
    like: float
    """The threshold that is usual on this scale."""
    zero_is_none: bool = False
    """Whether a 0 beside these values most likely says that there is no rating."""


def _any(value: float) -> bool:
    return True


def _half(value: float) -> bool:
    return (2 * value).is_integer()


_SCALES: tuple[tuple[Scale, Callable[[float], bool]], ...] = (
    (Scale("0 and 1", 0, 1, 1), float.is_integer),
    (Scale("-1 and 1", -1, 1, 1), float.is_integer),
    (Scale("shares from 0 to 1", 0, 1, 0.7), _any),
    (Scale("1 to 5", 1, 5, 3.5, zero_is_none=True), float.is_integer),
    (Scale("half stars, 0.5 to 5", 0.5, 5, 3.5, zero_is_none=True), _half),
    (Scale("fractions from 1 to 5", 1, 5, 3.5, zero_is_none=True), _any),
    (Scale("1 to 10", 1, 10, 7, zero_is_none=True), float.is_integer),
    (Scale("half points, 0.5 to 10", 0.5, 10, 7, zero_is_none=True), _half),
    (Scale("fractions from 1 to 10", 1, 10, 7, zero_is_none=True), _any),
    (Scale("-10 to 10", -10, 10, 2), _any),
    (Scale("0 to 100", 0, 100, 70), _any),
)
"""The scales, the first that holds all values first, and which values between its ends it has."""


def scale_of(values: Mapping[float, int]) -> Scale | None:
    """The scale of ratings with their counts; None where there are no values, or one for all.

    Ratings of up to 10 are recognised by the values that occur; of higher ones those that grow
    rarer and rarer are counts, and have no scale either.
    """
    if len(values) < 2:
        return None
    for scale, holds in _SCALES:
        allowed = [v for v in values if v or not scale.zero_is_none]
        if (
            allowed
            and all(scale.least <= v <= scale.most and holds(float(v)) for v in allowed)
            and not (scale.least == -1 and min(allowed) >= 0)
            and not (scale.least == -10 and min(allowed) >= 0)
        ):
            return None if scale.most == 100 and _falls_off(values) else scale
    return None


def _falls_off(values: Mapping[float, int]) -> bool:
    """Whether small values are the usual ones, as of counts."""
    total = sum(values.values())
    small = sum(count for value, count in values.items() if value <= 10)
    return small > total / 2


def zero_is_none(values: Mapping[float, int], scale: Scale) -> bool:
    """Whether the zeros among ratings most likely say that there is no rating."""
    if not values.get(0.0):
        return False
    if scale.most == 100:  # there a 0 may be the lowest score, but not the most frequent by far
        rest = [count for value, count in values.items() if value]
        return values[0.0] > 10 * max(rest, default=0)
    return scale.zero_is_none
