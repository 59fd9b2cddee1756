"""Drawings in SVG that follow the style of the page they stand in.

Colours are classes: `c0`, `c1`, … for series, `muted` for what stays behind. Text is 12 units high
and a drawing some 460 wide, so that it can be read on a phone without being enlarged.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup, escape

WIDTH, HEIGHT = 460, 280
TOP, RIGHT, BOTTOM = 12, 14, 40
LETTER = 6.4
"""Width of a letter, about."""


@dataclass(frozen=True)
class Series:
    """A line, or one of several groups of marks."""

    name: str
    points: tuple[tuple[float, float], ...]
    style: str
    """Classes, such as `c1` or `c1 dashed`."""
    marked: int | None = None
    """The point with a mark, by its place."""


@dataclass(frozen=True)
class Interval:
    """A value, and where it may lie; and how it was before."""

    name: str
    value: float
    low: float | None
    high: float | None
    before: tuple[float, float | None, float | None] | None


@dataclass(frozen=True)
class Scale:
    """From values to places, linear or logarithmic, with round ticks."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    @classmethod
    def over(
        cls, values: Sequence[float], start: float, end: float, logarithmic: bool = False
    ) -> Scale:
        """A scale that holds all values, and ends at round ones where it is linear."""
        low, high = min(values, default=0.0), max(values, default=1.0)
        if logarithmic:
            return cls(low, max(high, low * 1.01), start, end, True)
        step = _step(high - low)
        low, high = math.floor(low / step) * step, math.ceil(high / step) * step
        return cls(low, max(high, low + step), start, end)

    def __call__(self, value: float) -> float:
        """The place of a value."""
        low, high = self.low, self.high
        if self.logarithmic:
            low, high, value = math.log(low), math.log(high), math.log(value)
        return self.start + (value - low) / (high - low) * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Powers of ten, or some five round values."""
        if self.logarithmic:
            first, last = math.ceil(math.log10(self.low)), math.floor(math.log10(self.high) + 1e-9)
            return [10.0**power for power in range(first, last + 1)]
        step = _step(self.high - self.low)
        count = round((self.high - self.low) / step)
        return [self.low + n * step for n in range(count + 1)]


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
    left = 46
    x = Scale.over([p[0] for p in points], left, WIDTH - RIGHT, logarithmic)
    y = Scale.over([p[1] for p in points], HEIGHT - BOTTOM, TOP + 14, logarithmic)
    parts = [*_axes(x, y, left, percent), _text(left, TOP, y_label, "start")]
    parts.append(_text((left + WIDTH - RIGHT) / 2, HEIGHT - 6, x_label, "middle"))
    for each in series:
        way = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in each.points)
        parts.append(f'<polyline class="line {each.style}" points="{way}"/>')
        if each.marked is not None:
            parts.append(_dot(x(each.points[each.marked][0]), y(each.points[each.marked][1]), 4,
                              each.style, f"{each.name}: {each.points[each.marked][1]:.4f} at "
                              f"{each.points[each.marked][0]:g}"))  # fmt: skip
    return _drawing(parts, WIDTH, HEIGHT, f"{y_label} by {x_label}")


def intervals(rows: Sequence[Interval], label: str) -> Markup:
    """A value with its interval for each name, from above; what it was before, behind it."""
    if not rows:
        return Markup("")
    left, row_height = LETTER * max(len(row.name) for row in rows) + 16, 30
    height = TOP + row_height * len(rows) + BOTTOM
    values = [v for row in rows for v in (row.value, row.low, row.high, *(row.before or ()))]
    x = Scale.over([v for v in values if v is not None], left, WIDTH - RIGHT)
    parts = [
        part
        for tick in x.ticks()
        for part in (
            _line(x(tick), TOP, x(tick), height - BOTTOM, "grid"),
            _text(x(tick), height - BOTTOM + 16, _number(tick, x.ticks()), "middle"),
        )
    ]
    parts.append(_text((left + WIDTH - RIGHT) / 2, height - 4, label, "middle"))
    for at, row in enumerate(rows):
        y = TOP + row_height * (at + 0.5)
        parts.append(_text(left - 10, y + 4, row.name, "end"))
        if row.before is not None:
            value, low, high = row.before
            parts += _interval(x, y + 5, value, low, high, "muted", f"before: {value:.4f}")
        parts += _interval(
            x, y - 3, row.value, row.low, row.high, "c0", f"{row.name}: {row.value:.4f}"
        )
    return _drawing(parts, WIDTH, height, label)


def scatter(
    dots: Sequence[tuple[float, float, float, str, str]], labels: Sequence[tuple[float, float, str]]
) -> Markup:
    """Dots (x, y, size 0 to 1, class, title) in a square of equal scales, some of them labelled."""
    width, height, margin = 920, 620, 16
    xs, ys = [dot[0] for dot in dots], [dot[1] for dot in dots]
    spread = max(
        (max(xs) - min(xs)) / (width - 2 * margin), (max(ys) - min(ys)) / (height - 2 * margin)
    )
    unit = 1 / (spread or 1)
    middle = (max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2

    def place(x: float, y: float) -> tuple[float, float]:
        return width / 2 + (x - middle[0]) * unit, height / 2 - (y - middle[1]) * unit

    parts = [_dot(*place(x, y), 2 + 5 * size**2, style, title) for x, y, size, style, title in dots]
    taken: list[tuple[float, float, float]] = []
    for x, y, title in labels:
        at, height_at = place(x, y)
        long = 7.5 * len(title)
        at = min(at, width - long - 4)
        if any(abs(height_at - h) < 18 and at < a + w and a < at + long for a, h, w in taken):
            continue
        taken.append((at, height_at, long))
        parts.append(_text(at, height_at - 7, title, "start", "label"))
    return _drawing(parts, width, height, "Map of items")


def _axes(x: Scale, y: Scale, left: float, percent: bool) -> Iterator[str]:
    for tick in x.ticks():
        yield _line(x(tick), TOP + 14, x(tick), HEIGHT - BOTTOM, "grid")
        yield _text(x(tick), HEIGHT - BOTTOM + 16, _number(tick, x.ticks()), "middle")
    for tick in y.ticks():
        yield _line(left, y(tick), WIDTH - RIGHT, y(tick), "grid")
        said = (
            f"{tick:.4%}".rstrip("0%").rstrip(".") + " %" if percent else _number(tick, y.ticks())
        )
        yield _text(left - 6, y(tick) + 4, said, "end")


def _interval(
    x: Scale, y: float, value: float, low: float | None, high: float | None, style: str, title: str
) -> list[str]:
    parts = []
    if low is not None and high is not None:
        parts.append(_line(x(low), y, x(high), y, f"interval {style}"))
        title += f" [{low:.4f}, {high:.4f}]"
    return [*parts, _dot(x(value), y, 4, style, title)]


def _drawing(parts: Sequence[str], width: float, height: float, label: str) -> Markup:
    inside = "\n".join(parts)
    return Markup(  # noqa: S704 - every text in it is escaped where it is made
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{escape(label)}">\n'
        f"{inside}\n</svg>"
    )


def _line(x1: float, y1: float, x2: float, y2: float, style: str) -> str:
    return f'<line class="{style}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _text(x: float, y: float, text: str, anchor: str, style: str = "") -> str:
    named = f' class="{style}"' if style else ""
    return f'<text{named} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _dot(x: float, y: float, radius: float, style: str, title: str) -> str:
    return (
        f'<circle class="dot {style}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}">'
        f"<title>{escape(title)}</title></circle>"
    )


def _step(spread: float) -> float:
    """A round distance between ticks, so that there are some five of them."""
    rough = max(spread, 1e-6) / 5
    size = 10.0 ** math.floor(math.log10(rough))
    return min(s * size for s in (1, 2, 5, 10) if s * size >= rough * 0.999)


def _number(value: float, ticks: Sequence[float]) -> str:
    """A tick, with as many decimals as its neighbours need."""
    gap = min((b - a for a, b in pairwise(ticks)), default=1.0)
    decimals = max(0, -math.floor(math.log10(gap * 1.001))) if gap < 1 else 0
    return f"{value:,.{decimals}f}"
