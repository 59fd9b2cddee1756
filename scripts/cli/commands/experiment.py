"""`graphrec experiment`: which experiments there are, what came of one, and what a policy would."""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated

import typer
from graphrec.cli.commands.evaluate_policy import evaluate
from graphrec.cli.log_lines import lines_of, log_of, name_of_user
from graphrec.cli.options import AsJson, PseudonymKey, SettingsFile, StoreUrl
from graphrec.cli.output import OUT, print_json, print_table, warn
from graphrec.cli.settings import load_settings
from rich.markup import escape

from graphrec.errors import SettingsError
from graphrec.experiment.definition import Experiment
from graphrec.experiments.outcomes import events_of
from graphrec.experiments.report import report as report_of
from graphrec.experiments.results import PER_USER, RATE, USERS, Figure, GoalFigures, Report
from graphrec.experiments.segments import segments_of
from graphrec.experiments.shown import read_shown
from graphrec.settings import Settings
from graphrec.store import open_store
from graphrec.suggest import expectation

LABELS = {RATE: "of items shown", USERS: "of users", PER_USER: "per user"}

experiment = typer.Typer(help="Experiments of the settings.", no_args_is_help=True)


@experiment.callback()
def _group() -> None:
    """Experiments of the settings."""


experiment.command()(evaluate)


@experiment.command("list")
def list_(settings_file: SettingsFile = None, as_json: AsJson = False) -> None:
    """List the experiments, with the share of each variant.

    **Example:** `graphrec experiment list`
    """
    found, now = load_settings(settings_file).experiments, _now()
    if as_json:
        print_json(
            [
                {
                    "name": name,
                    "state": each.state(now),
                    **each.model_dump(mode="json", exclude_defaults=True),
                    "control": each.control,
                    "shares": each.shares,
                }
                for name, each in found.items()
            ]
        )
        return
    rows = [
        [
            name,
            each.state(now),
            ", ".join(f"{variant} {share:.0%}" for variant, share in each.shares.items()),
            ", ".join(each.lists) or "all lists",
            _day(each.start),
            _day(each.end),
            ", ".join(each.goals),
        ]
        for name, each in found.items()
    ]
    columns = ["name", "state", "variants", "lists", "start", "end", "goals"]
    print_table("Experiments", columns, rows)


@experiment.command()
def report(
    name: Annotated[str, typer.Argument(help="Name of the experiment in the settings.")],
    segment: Annotated[
        str | None, typer.Option(help="Attribute of users by which to divide the figures too.")
    ] = None,
    exposures: Annotated[
        Path | None,
        typer.Option(
            help="Exposure log: the folder of the service, or a file of such lines.",
            show_default="serve.exposures of the settings",
        ),
    ] = None,
    key: PseudonymKey = None,
    store: StoreUrl = None,
    settings_file: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Report what came of what each variant showed, and of the differences to the control.

    Without an end in the settings, intervals hold whenever you look; with one, nothing is concluded
    before it. Where users are missing from a variant, no figure is to be trusted, and the exit
    status is 1.

    **Example:** `graphrec experiment report home --segment country`
    """
    settings = load_settings(settings_file)
    found = _named(settings, name)
    paths, key = log_of(exposures, key, settings, "--exposures", "docs/experiments.md")
    shown = read_shown(lines_of(paths), name, found.start, found.end)
    name_of = name_of_user(key)
    source = open_store(store or settings.store, settings.kinds, settings.neo4j, create=False)
    with source as graph_store:
        graph = graph_store.read_graph()
    events = events_of(graph, settings.kinds, shown, name_of, found.end)
    parts = None if segment is None else segments_of(graph, segment, shown.users, name_of)
    made = report_of(name, found, shown, events, _now(), parts)
    if as_json:
        print_json(asdict(made))
    else:
        _show(made, segment)
    if not made.trusted:
        raise typer.Exit(1)


def _named(settings: Settings, name: str) -> Experiment:
    found = settings.experiments.get(name)
    if found is None:
        right = expectation(name, settings.experiments)
        raise SettingsError(
            f"there is no experiment {name!r}: {right}; experiments are in the settings, as "
            f"[experiments.NAME]"
        )
    return found


def _show(made: Report, segment: str | None) -> None:
    rows = [
        [each.variant, f"{each.share:.1%}", f"{each.users:,}", f"{each.shown:,}"]
        for each in made.variants
    ]
    print_table(f"Experiment {made.experiment}", ["variant", "share", "users", "items shown"], rows)
    for goal in made.goals:
        _show_goal(goal)
    for part in made.segments:
        users = ", ".join(f"{each.variant} {each.users:,}" for each in part.variants)
        OUT.print(f"[bold]{escape(str(segment))}: {escape(part.value)}[/] ({users} users)")
        for goal in part.goals:
            _show_goal(goal)
    for note in made.notes:
        warn(f"experiment {made.experiment}", note)
    look = "whenever you look" if made.inference == "at any time" else "for one look, at the end"
    OUT.print(
        f"Sample ratio: p = {made.sample_ratio_p:.3g}. Intervals hold for all variants together "
        f"with {made.confidence:.0%} confidence, {look}."
    )
    if made.end is not None:
        OUT.print(f"It ends {_day(made.end)} and is {made.state}.")
    if made.why:
        state = "Not yet" if made.trusted else "Not to be trusted"
        OUT.print(f"[bold]{state}[/]: {escape(made.why)}")


def _show_goal(goal: GoalFigures) -> None:
    rows = [
        [
            f"{LABELS[figure]}" if each.verdict == "control" else "",
            each.variant,
            "–" if each.value is None else f"{each.value:.4f}",
            _interval(each),
            "" if each.detectable is None else f"{each.detectable:.4f}",
            "" if each.verdict == "control" else each.verdict,
        ]
        for figure, figures in goal.figures.items()
        for each in figures
    ]
    title = f"{goal.goal}: {', '.join(goal.kinds)} within {goal.days:g} days"
    print_table(title, ["", "variant", "value", "difference", "detectable", "verdict"], rows)


def _interval(figure: Figure) -> str:
    if figure.difference is None:
        return ""
    return f"{figure.difference:+.4f} [{figure.low:+.4f}, {figure.high:+.4f}]"


def _day(at: int | None) -> str:
    if at is None:
        return ""
    return datetime.fromtimestamp(at / 1000, timezone.utc).strftime("%Y-%m-%d %H:%M UTC")


def _now() -> int:
    return time.time_ns() // 1_000_000
