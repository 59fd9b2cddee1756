"""Accuracy against time, as a drawing in one file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graphrec.report.chart import Scale, axes, dot, drawing, labels, line, path
from scripts.benchmark.quality.rows import Row

WIDTH, HEIGHT = 720, 420
LEFT, RIGHT, TOP, BOTTOM = 64, 96, 64, 52
"""Margins; labels of points may reach into the right one."""


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
    """(seconds, value) of its checkpoints."""


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
    """An SVG of the points, seconds on a logarithmic axis.

    `points` must not be empty. Our models are discs; peers are rings, with their checkpoints as a
    line. It follows the light or dark scheme of its reader.
    """
    seconds = [p.seconds for p in points] + [s for p in points for s, _ in p.curve]
    values = [v for p in points for v in (p.value, p.low or p.value, p.high or p.value)]
    values += [v for p in points for _, v in p.curve]
    x = Scale.decades(seconds, LEFT, WIDTH - RIGHT)
    y = Scale.over(values, HEIGHT - BOTTOM, TOP)
    parts = list(axes(x, y, "seconds to fit and rank, selection included", measure))
    for point in points:  # behind the points
        style = f"faint {_colour(point)}"
        if len(point.curve) > 1:
            parts.append(path(((x(s), y(v)) for s, v in point.curve), style))
        if point.low is not None and point.high is not None:
            at = x(point.seconds)
            parts.append(line((at, y(point.low)), (at, y(point.high)), f"line {style}"))
    places = [(x(point.seconds), y(point.value)) for point in points]
    for point, place in zip(points, places, strict=True):
        style = f"ring {_colour(point)}" if point.is_peer else _colour(point)
        said = f"{point.model}: {point.value:.4f} in {point.seconds:.3g} s"
        parts.append(dot(place, 4.5, style, said))
    parts += labels([point.model for point in points], places)
    return drawing(parts, WIDTH, HEIGHT, title, alone=True)


def _colour(point: Point) -> str:
    return "c1" if point.is_peer else "c0"
