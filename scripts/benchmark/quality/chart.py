"""Accuracy against time, as a drawing that needs nothing beside itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TypeAlias

from scripts.benchmark.quality.rows import Row

WIDTH, HEIGHT = 720, 420
LEFT, RIGHT, TOP, BOTTOM = 64, 96, 44, 52
"""Margins, in pixels; labels of points may reach into the right one."""

LINE = 13
"""Height of a label, in pixels."""

LETTER = 6.5
"""Width of a letter in a label, about, in pixels."""

PLACES = tuple(
    (side, rise)
    for rise in (0.0, -0.8, 0.8, -1.6, 1.6, -2.4, 2.4, -3.2, 3.2, -4.0, 4.0)
    for side in ("start", "end")
)
"""Where the label of a point may be, the best first: on which side, and how many lines lower."""

STYLE = """
text { font: 12px system-ui, sans-serif; fill: #24292f; paint-order: stroke }
text { stroke: #fff; stroke-width: 3px }
.title { font-size: 15px; font-weight: 600 }
.grid { stroke: #d0d7de }
.ours { stroke: #0969da; fill: #0969da }
.peer { stroke: #bc4c00; fill: none }
.interval, .curve { fill: none; stroke-opacity: .35 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; stroke: #0d1117 } .grid { stroke: #30363d }
  .ours { stroke: #58a6ff; fill: #58a6ff } .peer { stroke: #f0883e; fill: none }
  .interval, .curve { fill: none }
}
"""


Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, right and bottom, in pixels."""


@dataclass(frozen=True)
class Point:
    """A model in the chart."""

    model: str
    is_peer: bool
    seconds: float
    """Above 0."""
    value: float
    low: float | None = None
    high: float | None = None
    curve: tuple[tuple[float, float], ...] = ()
    """(seconds, value) on the way there."""


def points_of(rows: Sequence[Row]) -> tuple[Point, ...]:
    """NDCG and seconds to fit and rank of the rows that have a result."""
    points = []
    for row in rows:
        if row.result is None:
            continue
        evaluation = row.result.evaluation
        ndcg = evaluation.metrics[f"ndcg@{evaluation.k}"]
        ranking = evaluation.score_seconds
        points.append(
            Point(
                row.model,
                row.is_peer,
                max(row.result.fit_seconds + ranking, 0.001),
                ndcg.value,
                ndcg.low,
                ndcg.high,
                tuple((max(c.seconds + ranking, 0.001), c.ndcg) for c in row.checkpoints),
            )
        )
    return tuple(points)


def draw(points: Sequence[Point], title: str, measure: str) -> str:
    """An SVG of the points, seconds on a logarithmic axis; it follows the reader's light or dark.

    `points` must not be empty. Ours are filled, peers are rings with the way they came.
    """
    seconds = [p.seconds for p in points] + [s for p in points for s, _ in p.curve]
    values = [v for p in points for v in (p.value, p.low or p.value, p.high or p.value)]
    values += [v for p in points for _, v in p.curve]
    first = math.floor(math.log10(min(seconds)))
    last = max(math.ceil(math.log10(max(seconds))), first + 1)
    step = _step(max(values) - min(values))
    bottom = math.floor(min(values) / step) * step
    top = max(math.ceil(max(values) / step) * step, bottom + step)

    def x(second: float) -> float:
        return LEFT + (math.log10(second) - first) / (last - first) * (WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (value - bottom) / (top - bottom) * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{escape(title)}">',
        f"<style>{STYLE}</style>",
        f'<text class="title" x="{LEFT}" y="22">{escape(title)}</text>',
    ]
    for power in range(first, last + 1):
        at = x(10.0**power)
        parts.append(_line("grid", at, TOP, at, HEIGHT - BOTTOM))
        parts.append(_text(at, HEIGHT - BOTTOM + 18, f"{10.0**power:g}", "middle"))
    for tick in range(round((top - bottom) / step) + 1):
        value = bottom + tick * step
        parts.append(_line("grid", LEFT, y(value), WIDTH - RIGHT, y(value)))
        parts.append(_text(LEFT - 8, y(value) + 4, f"{value:.{_decimals(step)}f}", "end"))
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(_text(middle, HEIGHT - 12, "seconds to fit and rank, choosing included", "middle"))
    parts.append(_text(8, TOP - 10, measure, "start"))

    for point in points:  # behind what follows
        kind = _kind(point)
        if len(point.curve) > 1:
            way = " ".join(f"{x(s):.1f},{y(v):.1f}" for s, v in point.curve)
            parts.append(f'<polyline class="{kind} curve" points="{way}"/>')
        if point.low is not None and point.high is not None:
            at = x(point.seconds)
            parts.append(_line(f"{kind} interval", at, y(point.low), at, y(point.high)))
    at_points = [(x(point.seconds), y(point.value)) for point in points]
    for point, (left, height) in zip(points, at_points, strict=True):
        parts.append(f'<circle class="{_kind(point)}" cx="{left:.1f}" cy="{height:.1f}" r="4.5"/>')
    names = [point.model for point in points]
    for name, place in zip(names, _labels(names, at_points), strict=True):
        parts.append(_text(place[0], place[1], name, place[2]))
    return "\n".join([*parts, "</svg>", ""])


def _step(spread: float) -> float:
    """A round distance between lines, so that there are some five of them."""
    rough = max(spread, 0.001) / 5
    size = 10.0 ** math.floor(math.log10(rough))
    return min(s * size for s in (1, 2, 5, 10) if s * size >= rough * 0.999)


def _decimals(step: float) -> int:
    return max(0, -math.floor(math.log10(step * 1.001)))


def _kind(point: Point) -> str:
    return "peer" if point.is_peer else "ours"


def _labels(
    names: Sequence[str], points: Sequence[tuple[float, float]]
) -> list[tuple[float, float, str]]:
    """Where labels begin or end, their lower edges, and which of it: clear of each other.

    Each takes the first of PLACES where it covers neither a point nor a label before it, or else
    covers the least.
    """
    taken = [(x - 5, y - 5, x + 5, y + 5) for x, y in points]
    found = []
    for name, (x, y) in zip(names, points, strict=True):
        width, places = LETTER * len(name), []
        for side, rise in PLACES:
            edge = x + 9 if side == "start" else x - 9
            left = edge if side == "start" else edge - width
            middle = y + rise * LINE
            box = (left, middle - LINE / 2, left + width, middle + LINE / 2)
            places.append((sum(_overlap(box, other) for other in taken), box, (edge, middle, side)))
        _, box, (edge, middle, side) = min(places, key=lambda place: place[0])
        taken.append(box)
        found.append((edge, middle + 4, side))
    return found


def _overlap(a: Box, b: Box) -> float:
    """The area that two boxes share."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return max(width, 0) * max(height, 0)


def _line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
