"""`python -m scripts.benchmark policy`: policies beside others, and estimates beside the truth."""

from __future__ import annotations

from dataclasses import asdict
from enum import Enum
from pathlib import Path
from typing import Annotated

import orjson
import typer
from graphrec.cli.output import print_table

from scripts.benchmark.policy.coverage import Covered, coverage
from scripts.benchmark.policy.network import Gain, gains
from scripts.benchmark.policy.network import worlds as network_worlds
from scripts.benchmark.policy.regret import Regret, regrets, worlds


class Part(str, Enum):
    """What is measured."""

    REGRET = "regret"
    NETWORK = "network"
    COVERAGE = "coverage"


def policy(
    seeds: Annotated[int, typer.Option(min=2, help="Courses of each policy.")] = 20,
    visits: Annotated[int, typer.Option(min=500, help="Of each course.")] = 6000,
    runs: Annotated[int, typer.Option(min=1, help="Logs that are evaluated.")] = 200,
    lists: Annotated[int, typer.Option(min=200, help="In each log.")] = 1000,
    part: Annotated[
        list[Part] | None,
        typer.Option(
            help="Bandits (`regret`), the Q-network, or off-policy estimates; may be repeated.",
            show_default="all",
        ),
    ] = None,
    json: Annotated[Path | None, typer.Option(help="File for all figures.")] = None,
) -> None:
    """Regret of policies in the simulator, and how often estimates of a log hold the truth.

    A Q-network learns from the first half of the visits, and is compared with fusion on a sixth of
    them afterwards. All is drawn by seeds: the same figures each time.

    **Example:** `graphrec benchmark policy --json policy.json`
    """
    figures: dict[str, object] = {"seeds": seeds, "visits": visits, "runs": runs, "lists": lists}
    chosen = part or [*Part]
    if Part.REGRET in chosen:
        found = {name: regrets(world, seeds) for name, world in worlds(visits).items()}
        figures["regret"] = {name: [*map(asdict, each)] for name, each in found.items()}
        for name, each in found.items():
            _show_regret(f"Regret of {visits:,} visits: {name}", each)
    if Part.NETWORK in chosen:
        made = {
            name: gains(world, seeds, visits // 2, visits // 6)
            for name, world in network_worlds(visits).items()
        }
        figures["network"] = {name: [*map(asdict, each)] for name, each in made.items()}
        for name, gained in made.items():
            _show_gains(f"Reward of a list after {visits // 2:,} visits: {name}", gained)
    if Part.COVERAGE in chosen:
        covered = coverage(runs, lists)
        figures["coverage"] = [*map(asdict, covered)]
        _show_coverage(f"Intervals of 95 % that hold the truth, of {runs} runs", covered)
    if json is not None:
        options = orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY
        json.write_bytes(orjson.dumps(figures, option=options))


def _show_regret(title: str, found: tuple[Regret, ...]) -> None:
    rows = [
        [
            each.policy,
            f"{each.mean:,.0f}",
            f"[{each.low:,.0f}, {each.high:,.0f}]",
            f"{each.reward:.3f}",
            f"{each.of_epsilon:.2f} (up to {each.of_epsilon_high:.2f})",
        ]
        for each in found
    ]
    columns = ["policy", "regret", "95 % interval", "reward of a list", "of epsilon-greedy's"]
    print_table(title, columns, rows)


def _show_gains(title: str, found: tuple[Gain, ...]) -> None:
    rows = [
        [
            each.policy,
            f"{each.reward:.3f}",
            f"{each.gain:+.3f}",
            f"[{each.low:+.3f}, {each.high:+.3f}]",
            f"{each.served:.0%}",
        ]
        for each in found
    ]
    columns = ["policy", "reward of a list", "beside fusion", "95 % interval", "served"]
    print_table(title, columns, rows)


def _show_coverage(title: str, found: tuple[Covered, ...]) -> None:
    rows = [
        [
            each.log,
            each.estimator,
            f"{each.covered:.1%}",
            f"{each.bias:+.3f}",
            f"{each.width:.3f}",
            f"{each.truth:.3f}",
            f"{each.runs}",
            f"{each.refused}",
        ]
        for each in found
    ]
    columns = ["log", "estimator", "covered", "bias", "width", "truth", "runs", "refused"]
    print_table(title, columns, rows)
