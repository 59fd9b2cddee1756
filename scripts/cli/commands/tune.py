"""`graphrec tune`: a search for the hyper-parameters of a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import orjson
import typer
from graphrec.cli.options import Rejects, SettingsFile, StoreUrl
from graphrec.cli.output import OUT, print_table, progress_bars
from graphrec.cli.settings import load_settings
from graphrec.ingest.read import read_attributes, read_events
from graphrec.ingest.sources import File

from graphrec.data import Graph
from graphrec.data.dataset import Dataset
from graphrec.data.weighting import weigh
from graphrec.errors import SettingsError
from graphrec.evaluation.evaluator import model_rng
from graphrec.evaluation.splits.split import Split, given
from graphrec.models import MODELS, class_of, create
from graphrec.models.hyper_parameters import Point, Value, search_space
from graphrec.settings import Settings
from graphrec.settings_file import add_section, model_section, refuse_second_section
from graphrec.store import open_store
from graphrec.training.fit import split_log
from graphrec.training.objective import (
    kept_values,
    known_settings,
    validation_objective,
    validation_of,
)
from graphrec.training.tune import Budget, Trial, Tuning
from graphrec.training.tune import tune as search

MINUTES = 10.0
"""Default length of a search, unless the number of trials is given."""

SHOWN = 10
"""Trials in the table."""


def tune(
    model: Annotated[str, typer.Argument(help=f"One of {', '.join(MODELS)}.")],
    minutes: Annotated[
        float | None,
        typer.Option(
            min=0.1, help="Length of the search.", show_default="10, or no end with --trials"
        ),
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option(min=1, help="Number of trials.", show_default="as many as fit in the time"),
    ] = None,
    k: Annotated[
        int | None, typer.Option("--k", "-k", min=1, help="Cut-off.", show_default="10")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of all random choices.")] = None,
    train: Annotated[
        Path | None,
        typer.Option(
            help="Training events: user, item, optionally weight and time.",
            show_default="the train side of a split of the store",
        ),
    ] = None,
    items: Annotated[
        Path | None, typer.Option(help="Items and their attributes, which become features.")
    ] = None,
    users: Annotated[
        Path | None, typer.Option(help="Users and their attributes, which become features.")
    ] = None,
    json: Annotated[Path | None, typer.Option(help="File for all trials, as JSON.")] = None,
    write: Annotated[
        Path | None,
        typer.Option(
            help="Settings file to add the best hyper-parameters to; the rest of it is unchanged."
        ),
    ] = None,
    rejects: Rejects = None,
    store: StoreUrl = None,
    settings_file: SettingsFile = None,
) -> None:
    """Search the hyper-parameters of a model, and print the best.

    Each trial is scored by NDCG on a validation part of train; the test part is not used. The
    defaults are tried first, so the best is never worse than they are on validation. Ctrl-C ends
    the search with the best so far. docs/settings.md lists the search spaces.

    **Example:** `graphrec tune item-knn --minutes 5 --write graphrec.toml`
    """
    settings = load_settings(settings_file)
    aside = rejects or settings.ingest.rejects
    if seed is not None:
        settings = settings.model_copy(update={"seed": seed})
    if train is None and (items or users):
        raise SettingsError("--items and --users need --train: give it, or omit them")
    if train is not None and store is not None:
        raise SettingsError("--train and --store exclude each other: give one of them")
    chosen = settings.models.get(model, {})
    create(model, chosen)  # an invalid value is an error before any work
    if write is not None:
        refuse_second_section(write, model)
    k = k or settings.evaluation.k
    seconds = minutes or (None if trials else MINUTES)
    kept, starts = kept_values(model, chosen), known_settings(model, chosen)
    with progress_bars() as progress:
        if train is None:
            source = open_store(
                store or settings.store, settings.kinds, settings.neo4j, create=False
            )
            with source as opened:
                graph = split_log(Dataset(opened.read_graph(), settings.kinds), settings)[1].train
        else:
            graph = _read_train(train, items, users, settings, aside)
        validation = validation_of(graph, settings)
        tuning = search(
            model,
            search_space(class_of(model)),
            validation_objective(
                model, kept, validation, seed=settings.seed, k=k, progress=progress
            ),
            starts=starts,
            budget=Budget(None if seconds is None else 60 * seconds, trials),
            rng=model_rng(settings.seed, f"tuning {model}"),
            progress=progress,
        )
    show_tuning(model, tuning, validation, starts=len(starts), k=k)
    if json is not None:
        json.parent.mkdir(parents=True, exist_ok=True)
        figures = _as_json(model, tuning, validation, kept, k=k, seed=settings.seed)
        json.write_bytes(orjson.dumps(figures, option=orjson.OPT_INDENT_2))
    best = tuning.best
    if best.number == 0:
        OUT.print("Keep the defaults: no trial was better.")
        return
    default = tuning.trials[0].score
    comment = (
        f"graphrec tune, seed {settings.seed}: validation NDCG@{k} {_figure(best.score)}, "
        f"with the defaults {_figure(default)}"
    )
    section = model_section(model, {**kept, **best.point}, comment)
    OUT.print(f"\n{section}", markup=False, soft_wrap=True)
    if write is None:
        OUT.print("Paste it into graphrec.toml, or use --write graphrec.toml next time.")
    else:
        add_section(write, model, section)
        OUT.print(f"Added to {write}", markup=False, soft_wrap=True)


def _read_train(
    train: Path, items: Path | None, users: Path | None, settings: Settings, rejects: Path
) -> Graph:
    log = read_events(
        File(train), settings.ingest, rejects / f"{train.stem}.csv", policies=settings.kinds
    )
    weighed = weigh(Graph(log), settings.kinds).interactions
    # In the rows that `graphrec evaluate` gives them, so that it draws the same validation part.
    split = given(weighed, weighed.take(np.empty(0, np.int64)))
    attributes = {
        node_type: read_attributes(
            node_type,
            File(path),
            split.train.vocabulary(node_type),
            settings.ingest,
            rejects / f"{path.stem}.csv",
        )
        for node_type, path in (("item", items), ("user", users))
        if path is not None
    }
    return split.with_attributes(attributes).train


def show_tuning(model: str, tuning: Tuning, validation: Split, *, starts: int, k: int) -> None:
    """The best trials, the ones the search started from, and which hyper-parameters mattered."""
    best, default = tuning.best, tuning.trials[0]
    first = dict(zip(range(starts), (" default", " as set"), strict=False))
    ranked = tuning.ranked[:SHOWN]
    shown = [*ranked, *(trial for trial in tuning.trials[:starts] if trial not in ranked)]
    epochs = any(trial.steps for trial in tuning.trials)
    columns = ["trial", f"NDCG@{k}", *(["epochs"] if epochs else []), "s", "setting"]
    rows = [
        [
            f"{trial.number}{first.get(trial.number, '')}",
            _figure(trial.score),
            *([str(trial.best_step or "–")] if epochs else []),
            f"{trial.seconds:.1f}",
            ", ".join(f"{key} {_shown(value)}" for key, value in trial.point.items()),
        ]
        for trial in shown
    ]
    print_table(f"Best trials of {model}, on validation", columns, rows)
    if len(tuning.importance) > 1:
        print_table(
            "What mattered",
            ["hyper-parameter", "share", "best", "default"],
            [
                [
                    key,
                    f"{share:.0%}",
                    _shown(best.point.get(key)),
                    _shown(default.point.get(key)),
                ]
                for key, share in tuning.importance.items()
            ],
        )
    states = [trial.state for trial in tuning.trials]
    users = len(np.unique(validation.test.user))
    ended = ", ".join(
        f"{states.count(state)} {state}" for state in dict.fromkeys(states) if state != "finished"
    )
    OUT.print(
        f"{len(tuning.trials)} trials{f' ({ended})' if ended else ''} in "
        f"{tuning.seconds:.0f} s. Validation: "
        f"{len(validation.test):,} positive events of {users:,} users, carved from train. The "
        f"search has seen them, so figures on them flatter: `graphrec evaluate` gives fair ones."
    )
    for reason, count in tuning.failures.items():
        OUT.print(f"{count} × {reason}", markup=False, soft_wrap=True)


def _as_json(
    model: str, tuning: Tuning, validation: Split, kept: Point, *, k: int, seed: int
) -> dict[str, Any]:
    """Figures are NDCG@k on validation; `setting` holds what was searched, `kept` what was not."""

    def of(trial: Trial) -> dict[str, Any]:
        return {
            "trial": trial.number,
            "state": trial.state,
            "ndcg": trial.score,
            "epochs": trial.best_step,
            "seconds": trial.seconds,
            "reason": trial.reason,
            "setting": dict(trial.point),
        }

    return {
        "model": model,
        "k": k,
        "seed": seed,
        "train": len(validation.train.interactions),
        "valid": len(validation.test),
        "kept": dict(kept),
        "default": of(tuning.trials[0]),
        "best": of(tuning.best),
        "importance": dict(tuning.importance),
        "seconds": tuning.seconds,
        "interrupted": tuning.interrupted,
        "trials": [of(trial) for trial in tuning.trials],
    }


def _figure(score: float | None) -> str:
    return "–" if score is None else f"{score:.4f}"


def _shown(value: Value | None) -> str:
    return "none" if value is None else str(value)
