"""The charts of a report's page: lines, intervals of models, and the map of items.

Text is 12 units high and a chart some 460 wide, so that it can be read on a phone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from graphrec.report.chart import LETTER, Scale, axes, dot, drawing, line, path, text

WIDTH, HEIGHT = 460, 280
TOP, RIGHT, BOTTOM, LEFT = 12, 14, 40, 46


@dataclass(frozen=True)
class Series:
    """A line."""

    name: str
    points: tuple[tuple[float, float], ...]
    style: str
    """Classes, such as `c1` or `c1 dashed`."""
    marked: int | None = None
    """Index of the point that gets a dot."""


@dataclass(frozen=True)
class Interval:
    """A value with its interval, and the same of the snapshot before."""

    name: str
    value: float
    low: float | None
    high: float | None
    before: tuple[float, float | None, float | None] | None
    """Value, low and high."""


def lines(
    series: Sequence[Series],
    x_label: str,
    y_label: str,
    *,
    logarithmic: bool = False,
    percent: bool = False,
) -> Markup:
    """Lines over numbers, both axes linear or both logarithmic; empty without points."""
    points = [point for each in series for point in each.points]
    if not points:
        return Markup("")
    x = Scale.over([p[0] for p in points], LEFT, WIDTH - RIGHT, logarithmic)
    y = Scale.over([p[1] for p in points], HEIGHT - BOTTOM, TOP + 14, logarithmic)
    parts = list(axes(x, y, x_label, y_label, y_ticks=y.labelled(percent=percent)))
    for each in series:
        parts.append(path(((x(a), y(b)) for a, b in each.points), each.style))
        if each.marked is not None:
            a, b = each.points[each.marked]
            parts.append(dot((x(a), y(b)), 4, each.style, f"{each.name}: {b:.4f} at {a:g}"))
    return drawing(parts, WIDTH, HEIGHT, f"{y_label} by {x_label}")


def intervals(rows: Sequence[Interval], label: str) -> Markup:
    """A row for each name, from the top: its value and interval, and below it those before."""
    if not rows:
        return Markup("")
    left, row_height = LETTER * max(len(row.name) for row in rows) + 16, 30
    bottom = TOP + row_height * len(rows)
    values = [v for row in rows for v in (row.value, row.low, row.high, *(row.before or ()))]
    x = Scale.over([v for v in values if v is not None], left, WIDTH - RIGHT)
    parts = list(axes(x, Scale(0, len(rows), bottom, TOP), label, ""))
    for at, row in enumerate(rows):
        y = TOP + row_height * (at + 0.5)
        parts.append(text(left - 10, y + 4, row.name, "end"))
        if row.before is not None:
            parts += _interval(x, y + 5, *row.before, "muted", "before")
        parts += _interval(x, y - 3, row.value, row.low, row.high, "c0", row.name)
    return drawing(parts, WIDTH, bottom + BOTTOM, label)


def scatter(
    dots: Sequence[tuple[float, float, float, str, str]], labels: Sequence[tuple[float, float, str]]
) -> Markup:
    """Dots (x, y, size 0 to 1, class, title) on axes of one scale, and labels (x, y, text).

    A label that would cover an earlier one is left out.
    """
    width, height, margin = 920, 620, 16
    xs, ys = [each[0] for each in dots], [each[1] for each in dots]
    spread = max(
        (max(xs) - min(xs)) / (width - 2 * margin), (max(ys) - min(ys)) / (height - 2 * margin)
    )
    unit = 1 / (spread or 1)
    middle = (max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2

    def place(x: float, y: float) -> tuple[float, float]:
        return width / 2 + (x - middle[0]) * unit, height / 2 - (y - middle[1]) * unit

    parts = [dot(place(x, y), 2 + 5 * size**2, style, title) for x, y, size, style, title in dots]
    taken: list[tuple[float, float, float]] = []
    for x, y, title in labels:
        at, height_at = place(x, y)
        long = 7.5 * len(title)
        at = min(at, width - long - 4)
        if any(abs(height_at - h) < 18 and at < a + w and a < at + long for a, h, w in taken):
            continue
        taken.append((at, height_at, long))
        parts.append(text(at, height_at - 7, title, "start", "label"))
    return drawing(parts, width, height, "Map of items")


def _interval(
    x: Scale, y: float, value: float, low: float | None, high: float | None, style: str, name: str
) -> list[str]:
    title = f"{name}: {value:.4f}"
    if low is None or high is None:
        return [dot((x(value), y), 4, style, title)]
    return [
        line((x(low), y), (x(high), y), f"interval {style}"),
        dot((x(value), y), 4, style, f"{title} [{low:.4f}, {high:.4f}]"),
    ]
