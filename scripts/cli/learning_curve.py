"""Learning curves of cold users: as a table, and as a drawing that needs nothing beside itself."""

from __future__ import annotations

from html import escape

from graphrec.cli.output import OUT, print_table

from graphrec.training.learning_curve import LearningCurves

WIDTH, HEIGHT = 640, 400
LEFT, RIGHT, TOP, BOTTOM = 56, 120, 44, 48
"""Margins, in pixels; the names of the models are in the right one."""

LABEL_GAP = 14
"""Pixels between names, one above the other."""

LINES = 5
COLOURS = ("#0969da", "#bc4c00", "#1a7f37", "#8250df", "#9a6700", "#cf222e", "#57606a")
STYLE = """
text { font: 12px system-ui, sans-serif; fill: #24292f }
.title { font-size: 15px; font-weight: 600 }
.grid { stroke: #d0d7de }
.curve { fill: none; stroke-width: 2 }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .grid { stroke: #30363d } }
"""


def show_curves(curves: LearningCurves) -> None:
    """The NDCG of each model by the number of interactions given, with its interval."""
    given, name = tuple(curves.cold.given), f"ndcg@{curves.k}"
    rows = []
    for curve in curves.curves:
        cells = [curve.model]
        for n in given:
            ndcg = curve.by_given[n].metrics[name]
            interval = "" if ndcg.low is None else f"\n{ndcg.low:.3f}–{ndcg.high:.3f}"
            cells.append(f"{ndcg.value:.4f}{interval}")
        rows.append([*cells, "–" if curve.epochs is None else str(curve.epochs)])
    columns = ["model", *(f"{n} given" for n in given), "epochs"]
    print_table(f"NDCG@{curves.k} for cold users", columns, rows)
    users = len(next(iter(curves.curves[0].by_given.values())).users)
    OUT.print(
        f"{len(curves.cold.train.interactions):,} events of others to learn from; {users:,} users "
        f"of whom training holds nothing give their first interactions, and are asked about all "
        f"that they liked later. With 0 given, models that fold in give the popular list. "
        f"Interval: 95 % bootstrap over users."
    )


def draw(curves: LearningCurves) -> str:
    """An SVG of NDCG against how many interactions were given, intervals as bands.

    It follows the reader's light or dark.
    """
    given, name = tuple(curves.cold.given), f"ndcg@{curves.k}"
    found = {c.model: [c.by_given[n].metrics[name] for n in given] for c in curves.curves}
    ends = [v for each in found.values() for m in each for v in (m.value, m.low, m.high)]
    values = [v for v in ends if v is not None]
    bottom, top = min(values), max(max(values), min(values) + 0.01)

    def x(place: int) -> float:
        """Numbers stand at equal distances, as the first interactions matter most."""
        return LEFT + place / max(len(given) - 1, 1) * (WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (value - bottom) / (top - bottom) * (HEIGHT - TOP - BOTTOM)

    title = f"NDCG@{curves.k} by interactions given"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{escape(title)}">',
        f"<style>{STYLE}</style>",
        f'<text class="title" x="{LEFT}" y="22">{escape(title)}</text>',
    ]
    for place, n in enumerate(given):
        parts.append(_text(x(place), HEIGHT - BOTTOM + 18, str(n), "middle"))
    for line in range(LINES + 1):
        value = bottom + (top - bottom) * line / LINES
        parts.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(value):.1f}" '
            f'y2="{y(value):.1f}"/>'
        )
        parts.append(_text(LEFT - 8, y(value) + 4, f"{value:.3f}", "end"))
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, "first interactions", "middle"))

    height = float("-inf")
    for at, model in enumerate(sorted(found, key=lambda model: -found[model][-1].value)):
        colour, metrics = COLOURS[at % len(COLOURS)], found[model]
        bands = [(x(p), m.low, m.high) for p, m in enumerate(metrics) if m.low is not None]
        edge = [f"{a:.1f},{y(high):.1f}" for a, _, high in bands if high is not None]
        edge += [f"{a:.1f},{y(low):.1f}" for a, low, _ in reversed(bands) if low is not None]
        if edge:
            parts.append(f'<polygon points="{" ".join(edge)}" fill="{colour}" opacity="0.12"/>')
        way = " ".join(f"{x(p):.1f},{y(m.value):.1f}" for p, m in enumerate(metrics))
        parts.append(f'<polyline class="curve" points="{way}" stroke="{colour}"/>')
        height = max(y(metrics[-1].value) + 4, height + LABEL_GAP)
        parts.append(
            f'<text x="{WIDTH - RIGHT + 8}" y="{height:.1f}" style="fill: {colour}">'
            f"{escape(model)}</text>"
        )
    return "\n".join([*parts, "</svg>", ""])


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
