"""Accuracy against time, as a drawing that needs nothing beside itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from scripts.quality.rows import Row

WIDTH, HEIGHT = 720, 420
LEFT, RIGHT, TOP, BOTTOM = 64, 150, 44, 52
"""Margins, in pixels; labels of points may reach into the right one."""

LABEL_GAP = 13
"""Pixels between the labels of points one above the other."""

LETTER = 7
"""Width of a letter in a label, about, in pixels."""

STYLE = """
text { font: 12px system-ui, sans-serif; fill: #24292f }
.title { font-size: 15px; font-weight: 600 }
.grid { stroke: #d0d7de }
.ours { stroke: #0969da; fill: #0969da }
.peer { stroke: #bc4c00; fill: none }
.interval, .curve { fill: none; stroke-opacity: .55 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .grid { stroke: #30363d }
  .ours { stroke: #58a6ff; fill: #58a6ff } .peer { stroke: #f0883e; fill: none }
  .interval, .curve { fill: none }
}
"""


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

    labels = _apart([(x(p.seconds), y(p.value) + 4, LETTER * len(p.model)) for p in points])
    for point, label in zip(points, labels, strict=True):
        kind = "peer" if point.is_peer else "ours"
        at, height = x(point.seconds), y(point.value)
        if len(point.curve) > 1:
            way = " ".join(f"{x(s):.1f},{y(v):.1f}" for s, v in point.curve)
            parts.append(f'<polyline class="{kind} curve" points="{way}"/>')
        if point.low is not None and point.high is not None:
            parts.append(_line(f"{kind} interval", at, y(point.low), at, y(point.high)))
        parts.append(f'<circle class="{kind}" cx="{at:.1f}" cy="{height:.1f}" r="4.5"/>')
        parts.append(_text(at + 9, label, point.model, "start"))
    return "\n".join([*parts, "</svg>", ""])


def _step(spread: float) -> float:
    """A round distance between lines, so that there are some five of them."""
    rough = max(spread, 0.001) / 5
    size = 10.0 ** math.floor(math.log10(rough))
    return min(s * size for s in (1, 2, 5, 10) if s * size >= rough * 0.999)


def _decimals(step: float) -> int:
    return max(0, -math.floor(math.log10(step * 1.001)))


def _apart(labels: Sequence[tuple[float, float, float]]) -> list[float]:
    """Heights of labels (left, height, width), moved down where one would cover another."""
    heights = [height for _, height, _ in labels]
    placed: list[int] = []
    for at in sorted(range(len(labels)), key=lambda at: heights[at]):
        left, _, width = labels[at]
        for other in placed:  # from the top down, so that moving below one may meet the next
            beside = labels[other][0] >= left + width or left >= labels[other][0] + labels[other][2]
            if not beside and abs(heights[at] - heights[other]) < LABEL_GAP:
                heights[at] = heights[other] + LABEL_GAP
        placed = sorted([*placed, at], key=lambda at: heights[at])
    return heights


def _line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
