"""`graphrec benchmark quality`: how good the lists are, what they cost, and beside whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import orjson
import typer

from graphrec.config import Settings, load_settings
from graphrec.errors import SettingsError
from graphrec.evaluate import Metric
from graphrec.pipeline import FUSION, MODELS
from graphrec.progress import Progress
from scripts.commands.models import installed_embeddings, installed_models, named_models
from scripts.options import SettingsFile
from scripts.output import OUT, print_table, progress_bars
from scripts.quality import isolated, peers
from scripts.quality.against import differences, speeds
from scripts.quality.chart import draw, points_of
from scripts.quality.folder import Protocol, Question, read_question
from scripts.quality.peers import PEERS, named_peers
from scripts.quality.report import as_json
from scripts.quality.rows import Row


def quality(
    data: Annotated[
        str,
        typer.Option(
            help="Folder with train.tsv and test.tsv (maybe valid, items, users), or with a log: "
            "interactions, events or ratings, MovieLens or RecBole files; or the name of a data "
            "set. Any format that `ingest` takes."
        ),
    ],
    protocol: Annotated[
        Protocol,
        typer.Option(
            help="given: train and test as they are; temporal: the newest events are the test; "
            "leave-one-out: each user's last; auto: given where there is a test, else temporal, "
            "or at random where there are no times."
        ),
    ] = "auto",
    models: Annotated[
        str,
        typer.Option(
            help=f"Comma-separated, of {', '.join(MODELS)}; auto: those installed; none: none."
        ),
    ] = "auto",
    k: Annotated[int, typer.Option("--k", "-k", min=1, help="Cut-off.")] = 20,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of everything random.")] = None,
    with_peers: Annotated[
        str,
        typer.Option(
            "--peers",
            help=f"Other libraries to run on the same split, comma-separated: {', '.join(PEERS)}; "
            f"a library's name stands for all of its.",
            show_default="none",
        ),
    ] = "",
    peer_minutes: Annotated[
        float, typer.Option(min=0, help="Limit of each peer's run, without its installation.")
    ] = 90,
    json: Annotated[Path | None, typer.Option(help="File for everything, as JSON.")] = None,
    chart: Annotated[
        Path | None, typer.Option(help="File for accuracy against seconds, as SVG.")
    ] = None,
    rejects: Annotated[Path, typer.Option(help="Folder for rows that are set aside.")] = Path(
        "rejects"
    ),
    settings_file: SettingsFile = None,
) -> None:
    """Compare models, and peers beside them: accuracy, time and memory, on one split.

    Every model ranks the full catalogue for every test user, without what the user met in train,
    and the same code judges all lists. Epochs and weights are chosen on validation, carved from
    train; the test is scored once. Each model has a process of its own, so peak memory is its own.

    A peer gets an environment of its own the first time, in the cache folder of the settings, with
    pinned versions (RecBole's takes gigabytes, for torch), and the library's default
    hyper-parameters. It sees no test item. One that learns in epochs writes lists now and then, and
    the best of them **on the test** count, which favours it; at its limit of time it is stopped,
    and what it had reached counts.

    **Example:** `graphrec benchmark quality --data ml-100k --models item-knn,fusion --peers
    implicit,recbole-lightgcn --peer-minutes 10 --json quality.json --chart quality.svg`
    """
    settings = load_settings(settings_file)
    if seed is not None:
        settings = settings.model_copy(update={"seed": seed})
    if models == "none":
        names: tuple[str, ...] = ()
    else:
        names = installed_models(settings) if models == "auto" else named_models(models, settings)
    rivals = named_peers(with_peers)
    if not names and not rivals:
        raise SettingsError("neither models nor peers are named: give --models, --peers or both")
    with progress_bars() as progress:
        question = read_question(data, protocol, settings, rejects, progress)
        rows: list[Row] = []
        for row in _measured(names, rivals, question, settings, k, 60 * peer_minutes, progress):
            rows.append(row)
            if json is not None:  # after each: a run of hours may be cut off
                _write(json, as_json(rows, question, settings, data=data, k=k))
    _show(rows, question, k=k, resamples=settings.evaluation.resamples, seed=settings.seed)
    points = points_of(rows)
    if chart is not None and points:
        chart.parent.mkdir(parents=True, exist_ok=True)
        title = f"NDCG@{k} against time, {question.protocol} split"
        chart.write_text(draw(points, title, f"NDCG@{k}"), "utf-8")


def _measured(
    names: Sequence[str],
    rivals: Sequence[str],
    question: Question,
    settings: Settings,
    k: int,
    limit: float,
    progress: Progress,
) -> Iterator[Row]:
    """A row for each model of ours, then for each peer, as they get done."""
    embeddings = installed_embeddings(settings) if FUSION in names else ()
    for name in names:
        yield isolated.measure(
            name, question, settings, k=k, embeddings=embeddings, progress=progress
        )
    for name in rivals:
        yield peers.measure(
            name,
            question.split,
            k=k,
            seed=settings.seed,
            resamples=settings.evaluation.resamples,
            limit=limit,
            cache=settings.cache.expanduser(),
            progress=progress,
        )


def _write(path: Path, figures: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps(figures, option=orjson.OPT_INDENT_2))


def _show(rows: Sequence[Row], question: Question, *, k: int, resamples: int, seed: int) -> None:
    """The table, what must be known of its rows, and who is ahead of whom."""
    columns = ["model", f"Recall@{k}", f"NDCG@{k}", "warm", "cover", "fit s", "rank s", "MiB"]
    print_table(f"Quality on a {question.protocol} split", columns, [_cells(r, k) for r in rows])
    split = question.split
    OUT.print(
        f"{len(split.train.interactions):,} events to learn from, {len(question.validation.test):,}"
        f" of them to choose on; {len(split.test):,} positive ones to test on, of "
        f"{len(np.unique(split.test.user)):,} users. In brackets: 95 % bootstrap over users; warm: "
        f"NDCG of those with a history; fit s: choosing included; * marks a peer."
    )
    for row in rows:
        if row.note:
            OUT.print(f"{row.model}: {row.note}", markup=False)
    for each in differences(rows, resamples=resamples, seed=seed):
        OUT.print(
            f"{each.ours} − {each.other}, {each.metric}: {each.value:+.4f} "
            f"({each.low:+.4f} to {each.high:+.4f}, paired)"
        )
    learning = {row.model for row in rows if len(row.checkpoints) > 1}
    for speed in speeds(rows):
        if speed.peer in learning:
            OUT.print(
                f"{speed.ours} is at least as good in {speed.ours_seconds:,.1f} s as {speed.peer} "
                f"was after {speed.peer_seconds:,.1f} s: {speed.times:,.1f} times as fast"
            )


def _cells(row: Row, k: int) -> list[str]:
    name = f"{row.model} *" if row.is_peer else row.model
    if row.result is None:
        return [name, *["–"] * 7]
    evaluation = row.result.evaluation
    metrics, warm = evaluation.metrics, evaluation.slices["warm_users"].metrics
    cover, peak = metrics.get(f"coverage@{k}"), row.result.peak_mib
    return [
        name,
        _with_interval(metrics[f"recall@{k}"]),
        _with_interval(metrics[f"ndcg@{k}"]),
        "–" if f"ndcg@{k}" not in warm else f"{warm[f'ndcg@{k}'].value:.4f}",
        "–" if cover is None else f"{cover.value:.0%}",
        f"{row.result.fit_seconds:,.1f}",
        f"{evaluation.score_seconds:,.1f}",
        "–" if peak is None else f"{peak:,.0f}",
    ]


def _with_interval(metric: Metric) -> str:
    if metric.low is None:
        return f"{metric.value:.4f}"
    return f"{metric.value:.4f} ({metric.low:.3f}–{metric.high:.3f})"
