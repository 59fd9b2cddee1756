"""A report as one self-contained HTML page without scripts, for screen and paper."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from graphrec.data.times import written
from graphrec.ranking.list_columns import COLUMNS
from graphrec.refresh.gate import figure
from graphrec.report import drawings
from graphrec.report.chart import STYLE
from graphrec.report.figures import Distribution, Map, Report, curves_of

LABELS = 26
"""Most popular items whose titles are on the map; fewer where titles would overlap."""

SHORT = 26
"""Letters of a title on the map."""

SLICES = {
    "warm_users": "warm users",
    "cold_users": "cold users",
    "head_items": "head items",
    "tail_items": "tail items",
}


def page(report: Report) -> str:
    """The whole page."""
    loader = PackageLoader("graphrec.report", ".")
    environment = Environment(
        loader=loader,
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "metric": _metric,
        "shown": _shown,
        "figure": figure,
        "day": _day,
        "clock": _clock,
        "change": _change,
    }
    now, before = report.now, report.before
    k = now.metrics.get("k", 10)
    return environment.get_template("page.html").render(
        style=STYLE,
        report=report,
        now=now,
        before=before,
        job=report.job,
        k=k,
        slices=SLICES,
        columns=COLUMNS,
        models={row["model"]: row for row in now.metrics.get("models", ())},
        earlier={} if before is None else _models(before.metrics),
        forest=_forest(report, f"ndcg@{k}"),
        curves=_curves(now.metrics),
        curve_names=list(curves_of(now.metrics)),
        users=_degrees(report, "user_degrees", "likes of a user", "users"),
        items=_degrees(report, "item_degrees", "users who like an item", "items"),
        map=report.map,
        drawn=None if report.map is None else _map(report.map),
        slowest=max((stage.seconds for stage in report.job.stages), default=1) if report.job else 1,
        failed=[check for check in report.job.checks if not check.passed] if report.job else [],
    )


def _models(metrics: Mapping[str, Any]) -> Mapping[str, Any]:
    return {row["model"]: row for row in metrics.get("models", ())}


def _forest(report: Report, name: str) -> Markup:
    earlier = {} if report.before is None else _models(report.before.metrics)
    rows = []
    for model, row in _models(report.now.metrics).items():
        found = row["metrics"].get(name)
        if found is None:
            continue
        was = earlier.get(model, {}).get("metrics", {}).get(name)
        before = None if was is None else (was["value"], was["low"], was["high"])
        rows.append(drawings.Interval(model, found["value"], found["low"], found["high"], before))
    return drawings.intervals(rows, f"{name.upper()}, with 95 % intervals over users")


def _curves(metrics: Mapping[str, Any]) -> Markup:
    series = [
        drawings.Series(
            model,
            tuple((float(n), value) for n, value in enumerate(curve, start=1)),
            f"c{at}",
            max(range(len(curve)), key=curve.__getitem__),
        )
        for at, (model, curve) in enumerate(curves_of(metrics).items())
        if curve
    ]
    return drawings.lines(series, "epoch", f"NDCG@{metrics.get('k', 10)} on validation")


def _degrees(report: Report, side: str, what: str, who: str) -> Markup:
    def series(name: str, distribution: Distribution, style: str) -> drawings.Series:
        pairs = zip(distribution.likes, distribution.share, strict=True)
        return drawings.Series(name, tuple((float(a), b) for a, b in pairs if b > 0), style)

    drawn = [series("now", getattr(report.now, side), "c0")]
    if report.before is not None:
        drawn.insert(0, series("before", getattr(report.before, side), "muted dashed"))
    return drawings.lines(drawn, what, f"share of {who} with at least so many", logarithmic=True,
                     percent=True)  # fmt: skip


def _map(found: Map) -> Markup:
    dots = [
        (dot.x, dot.y, dot.size, "muted" if dot.group is None else f"g{dot.group}",
         dot.title if dot.group is None else f"{dot.title} ({found.groups[dot.group]})")
        for dot in reversed(found.dots)
    ]  # fmt: skip
    labels = [(dot.x, dot.y, _shortened(dot.title)) for dot in found.dots[:LABELS]]
    return drawings.scatter(dots, labels)


def _shortened(title: str) -> str:
    return title if len(title) <= SHORT else title[: SHORT - 1].rstrip() + "…"


def _metric(found: Mapping[str, Any] | None) -> Markup:
    """A value and, smaller, its interval."""
    if found is None:
        return Markup("–")
    value = Markup("{:.4f}").format(found["value"])
    if found["low"] is None:
        return value
    return value + Markup("<small>{:.4f} to {:.4f}</small>").format(found["low"], found["high"])


def _shown(found: Mapping[str, Any] | None, form: str) -> str:
    """A value in a form."""
    return "–" if found is None else format(found["value"], form)


def _day(milliseconds: int | None) -> str:
    if milliseconds is None:
        return "–"
    return written(milliseconds)


def _clock(created: str) -> str:
    return f"{datetime.fromisoformat(created):%Y-%m-%d %H:%M} UTC" if created else "not published"


def _change(now: float, before: float | None) -> str:
    """The relative change of a count."""
    if not before:
        return "–"
    return f"{now / before - 1:+.1%}".replace("%", " %")
