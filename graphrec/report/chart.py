"""The parts of a chart in SVG: scales, axes, marks and labels, as pure functions.

Each function returns elements as text, with every string in them escaped, and `drawing` joins them.
Colours are CSS classes, `c0` to `c7` for series and `muted` for what is shown for comparison, so
that a chart follows the light or dark scheme of its reader; `STYLE` defines them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias

from markupsafe import Markup, escape

Point: TypeAlias = tuple[float, float]
Anchor: TypeAlias = Literal["start", "middle", "end"]
Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, right and bottom."""

COLOURS = 8
LETTER, LINE = 6.5, 13.0
"""Width of a letter, about, and height of a line of text."""

LIGHT = ["#0969da", "#bc4c00", "#1a7f37", "#8250df", "#9a6700", "#bf3989", "#0f766e", "#57606a"]
DARK = ["#58a6ff", "#f0883e", "#3fb950", "#bc8cff", "#d29922", "#f778ba", "#2dd4bf", "#8b949e"]


def _colours(colours: Sequence[str], muted: str) -> str:
    rules = [f".c{at} {{ color: {colour} }}" for at, colour in enumerate(colours)]
    return " ".join([*rules, f".muted {{ color: {muted} }}"])


STYLE = f"""{_colours(LIGHT, "#8c959f")}
@media (prefers-color-scheme: dark) {{ {_colours(DARK, "#6e7681")} }}
.line {{ fill: none; stroke: currentColor; stroke-width: 2 }} .faint {{ stroke-opacity: .4 }}
.dashed {{ stroke-dasharray: 5 4 }} .band {{ fill: currentColor; fill-opacity: .12 }}
.interval {{ stroke: currentColor; stroke-width: 3; stroke-opacity: .45 }}
.dot {{ fill: currentColor }} .ring {{ fill: none; stroke: currentColor; stroke-width: 1.5 }}
"""
"""Colours and marks, for the `<style>` of a page or of a drawing."""

_ALONE = f"""
text {{ font: 12px system-ui, sans-serif; fill: #59636e }}
.title {{ font-size: 15px; font-weight: 600; fill: #1f2328 }} .grid {{ stroke: #d1d9e0 }}
.label {{ fill: #1f2328; paint-order: stroke; stroke: #fff; stroke-width: 3px }}
.name {{ fill: currentColor }}
@media (prefers-color-scheme: dark) {{
  text {{ fill: #9198a1 }} .title {{ fill: #e6edf3 }} .grid {{ stroke: #3d444d }}
  .label {{ fill: #e6edf3; stroke: #0d1117 }} .name {{ fill: currentColor }} }}
{STYLE}"""


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

    @classmethod
    def decades(cls, values: Sequence[float], start: float, end: float) -> Scale:
        """A logarithmic scale from one power of ten to another; the values are above 0."""
        first = math.floor(math.log10(min(values)))
        last = max(math.ceil(math.log10(max(values))), first + 1)
        return cls(10.0**first, 10.0**last, start, end, True)

    def __call__(self, value: float) -> float:
        """The place of a value."""
        low, high = self.low, self.high
        if self.logarithmic:
            low, high, value = math.log(low), math.log(high), math.log(value)
        return self.start + (value - low) / (high - low) * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Powers of ten, or some five round values."""
        if self.logarithmic:
            first, last = (
                math.ceil(math.log10(self.low) - 1e-9),
                math.floor(math.log10(self.high) + 1e-9),
            )
            return [10.0**power for power in range(first, last + 1)]
        step = _step(self.high - self.low)
        count = round((self.high - self.low) / step)
        return [self.low + n * step for n in range(count + 1)]

    def labelled(self, *, percent: bool = False) -> list[tuple[float, str]]:
        """The ticks and what is written at them, with as many decimals as tell them apart."""
        ticks = self.ticks()
        if percent:
            return [(tick, f"{tick:.4%}".rstrip("0%").rstrip(".") + " %") for tick in ticks]
        if self.logarithmic:
            return [(tick, f"{tick:,.6g}") for tick in ticks]
        gap = min((b - a for a, b in pairwise(ticks)), default=1.0)
        decimals = max(0, -math.floor(math.log10(gap * 1.001))) if gap < 1 else 0
        return [(tick, f"{tick:,.{decimals}f}") for tick in ticks]


def drawing(
    parts: Iterable[str], width: float, height: float, label: str, *, alone: bool = False
) -> Markup:
    """The parts as one image, which `label` describes; `alone` as a file, else within a page.

    A file has its own size, style and title; in a page, the page gives them.
    """
    size = f'viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{escape(label)}"'
    inside = "\n".join(parts)
    if alone:
        size = (
            f'xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" {size}'
        )
        inside = f"<style>{_ALONE}</style>\n{text(16, 22, label, 'start', 'title')}\n{inside}"
    end = "\n" if alone else ""
    return Markup(f"<svg {size}>\n{inside}\n</svg>{end}")  # noqa: S704 - every text is escaped


def axes(
    x: Scale,
    y: Scale,
    x_label: str,
    y_label: str,
    *,
    x_ticks: Sequence[tuple[float, str]] | None = None,
    y_ticks: Sequence[tuple[float, str]] | None = None,
) -> Iterator[str]:
    """A grid over the area that two scales span, its ticks and its labels.

    Ticks are those of the scales unless given; without `y_label` only those of `x` are drawn.
    """
    for value, said in x.labelled() if x_ticks is None else x_ticks:
        yield line((x(value), y.end), (x(value), y.start), "grid")
        yield text(x(value), y.start + 16, said, "middle")
    yield text((x.start + x.end) / 2, y.start + 34, x_label, "middle")
    if not y_label:
        return
    for value, said in y.labelled() if y_ticks is None else y_ticks:
        yield line((x.start, y(value)), (x.end, y(value)), "grid")
        yield text(x.start - 6, y(value) + 4, said, "end")
    yield text(x.start, y.end - 14, y_label, "start")


def line(start: Point, end: Point, style: str) -> str:
    """A straight line."""
    (x1, y1), (x2, y2) = start, end
    return f'<line class="{style}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def path(points: Iterable[Point], style: str) -> str:
    """A line through points."""
    return f'<polyline class="line {style}" points="{_joined(points)}"/>'


def band(lower: Sequence[Point], upper: Sequence[Point], style: str) -> str:
    """The area between two lines."""
    return f'<polygon class="band {style}" points="{_joined([*upper, *reversed(lower)])}"/>'


def dot(at: Point, radius: float, style: str, title: str) -> str:
    """A disc, or with the class `ring` a circle; its title is shown on hovering."""
    filled = style if "ring" in style.split() else f"dot {style}"
    return (
        f'<circle class="{filled}" cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="{radius:.1f}">'
        f"<title>{escape(title)}</title></circle>"
    )


def text(x: float, y: float, said: str, anchor: Anchor, style: str = "") -> str:
    """A line of text whose start, middle or end is at `x`, and whose base line is at `y`."""
    named = f' class="{style}"' if style else ""
    return f'<text{named} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(said)}</text>'


def labels(names: Sequence[str], points: Sequence[Point]) -> list[str]:
    """The names of points beside them, each where it covers the least of points and other names.

    Of equally clear places the nearest to the point is taken, the right side first.
    """
    taken: list[Box] = [(x - 5, y - 5, x + 5, y + 5) for x, y in points]
    found = []
    for name, (x, y) in zip(names, points, strict=True):
        width, places = LETTER * len(name), []
        for rise in (0.0, -0.8, 0.8, -1.6, 1.6, -2.4, 2.4, -3.2, 3.2, -4.0, 4.0):
            middle = y + rise * LINE
            for anchor, left in (("start", x + 9), ("end", x - 9 - width)):
                box = (left, middle - LINE / 2, left + width, middle + LINE / 2)
                places.append((sum(_overlap(box, other) for other in taken), anchor, box))
        _, anchor, box = min(places, key=lambda place: place[0])
        taken.append(box)
        edge = box[0] if anchor == "start" else box[2]
        found.append(
            text(edge, box[3] - 2.5, name, "start" if anchor == "start" else "end", "label")
        )
    return found


def _joined(points: Iterable[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _overlap(a: Box, b: Box) -> float:
    """The area that two boxes share."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return max(width, 0) * max(height, 0)


def _step(spread: float) -> float:
    """A round distance between ticks, so that there are some five of them."""
    rough = max(spread, 1e-6) / 5
    size = 10.0 ** math.floor(math.log10(rough))
    return min(s * size for s in (1, 2, 5, 10) if s * size >= rough * 0.999)
