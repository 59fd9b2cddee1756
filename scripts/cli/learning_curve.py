"""Learning curves of cold users, as a table and as a drawing in one file."""

from __future__ import annotations

from graphrec.cli.output import OUT, print_table

from graphrec.report.chart import COLOURS, LINE, Scale, axes, band, drawing, path, text
from graphrec.training.learning_curve import LearningCurves

WIDTH, HEIGHT = 640, 400
LEFT, RIGHT, TOP, BOTTOM = 56, 120, 64, 48
"""Margins; the names of the models are in the right one."""


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
        f"{len(curves.cold.train.interactions):,} events of other users to learn from. {users:,} "
        f"users that are not in training give their first interactions; the lists are compared "
        f"with what they liked later. With 0 given, models that fold in return the popular list. "
        f"Interval: 95 % bootstrap over users."
    )


def draw(curves: LearningCurves) -> str:
    """An SVG of NDCG by the number of interactions given, with intervals as bands.

    It follows the light or dark scheme of its reader.
    """
    given, name = tuple(curves.cold.given), f"ndcg@{curves.k}"
    found = {c.model: [c.by_given[n].metrics[name] for n in given] for c in curves.curves}
    values = [v for each in found.values() for m in each for v in (m.value, m.low, m.high)]
    # Equally spaced whatever the numbers: the first interactions matter most.
    x = Scale(0, max(len(given) - 1, 1), LEFT, WIDTH - RIGHT)
    y = Scale.over([v for v in values if v is not None], HEIGHT - BOTTOM, TOP)
    ticks = [(place, str(n)) for place, n in enumerate(given)]
    parts = list(axes(x, y, "first interactions given", f"NDCG@{curves.k}", x_ticks=ticks))
    height = float("-inf")
    for at, model in enumerate(sorted(found, key=lambda model: -found[model][-1].value)):
        style, metrics = f"c{at % COLOURS}", list(enumerate(found[model]))
        lower = [(x(n), y(m.low)) for n, m in metrics if m.low is not None]
        upper = [(x(n), y(m.high)) for n, m in metrics if m.high is not None]
        if lower:
            parts.append(band(lower, upper, style))
        points = [(x(n), y(m.value)) for n, m in metrics]
        parts.append(path(points, style))
        height = max(points[-1][1] + 4, height + LINE + 1)
        parts.append(text(WIDTH - RIGHT + 8, height, model, "start", f"name {style}"))
    title = f"NDCG@{curves.k} by interactions given"
    return drawing(parts, WIDTH, HEIGHT, title, alone=True)
