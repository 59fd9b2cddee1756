"""`python -m scripts.benchmark quality`: quality and cost of models and of other libraries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from graphrec.cli.commands.models import installed_embeddings, installed_models, named_models
from graphrec.cli.options import SettingsFile
from graphrec.cli.output import progress_bars

from graphrec.errors import SettingsError
from graphrec.progress import Progress
from graphrec.settings import Settings, load_settings
from graphrec.training.fit import FUSIONS, MODELS
from scripts.benchmark.quality import isolated, peers
from scripts.benchmark.quality.chart import draw, points_of
from scripts.benchmark.quality.folder import Protocol, Question, read_question
from scripts.benchmark.quality.peers import PEERS, named_peers
from scripts.benchmark.quality.report import as_json
from scripts.benchmark.quality.rows import Row
from scripts.benchmark.quality.table import show


def quality(
    data: Annotated[
        str,
        typer.Option(
            help="Folder with train.tsv and test.tsv (maybe valid, items, users; test.negative of "
            "the NCF paper), or with a log: interactions, events or ratings, MovieLens or RecBole "
            "files; or the name of a data set. Any format that `ingest` takes."
        ),
    ],
    protocol: Annotated[
        Protocol,
        typer.Option(
            help="given: train and test as they are; ncf: each test item is ranked among its "
            "negatives; temporal: the newest events are the test; leave-one-out: each user's last, "
            "by time, or without times by a column 'seq', the event's place in its user's "
            "history; auto: ncf where there are negatives, given where there is a test, else "
            "temporal, or at random where there are no times."
        ),
    ] = "auto",
    models: Annotated[
        str,
        typer.Option(
            help=f"Comma-separated, of {', '.join(MODELS)}; auto: those installed; none: none."
        ),
    ] = "auto",
    k: Annotated[
        int | None,
        typer.Option("--k", "-k", min=1, help="Cut-off.", show_default="20; with ncf 10"),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of all random choices.")] = None,
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
        float, typer.Option(min=0, help="Limit of each peer's run, installation excluded.")
    ] = 90,
    json: Annotated[Path | None, typer.Option(help="JSON file for all results.")] = None,
    chart: Annotated[Path | None, typer.Option(help="SVG file for accuracy by seconds.")] = None,
    rejects: Annotated[Path, typer.Option(help="Folder for rejected rows.")] = Path("rejects"),
    settings_file: SettingsFile = None,
) -> None:
    """Compare models with each other and with other libraries: accuracy, time and memory.

    Every model ranks the full catalogue for every test user, without what the user met in train, or
    with ncf the candidates that are given; the same code judges all. Epochs and weights are chosen
    on validation, a part of train that asks what the test asks: its newest events, or with ncf and
    leave-one-out each user's last; the test is scored once. Each model has a process of its own, so
    peak memory is its own.

    A peer gets an environment of its own the first time, in the cache folder of the settings, with
    pinned versions (RecBole's takes gigabytes, for torch), and the library's default
    hyper-parameters. It does not get the test items. One that learns in epochs answers now
    and then, and its best answer **on the test** counts, which favours it; at its limit of time it
    is stopped, and what it had reached counts.

    **Example:** `python -m scripts.benchmark quality --data ml-100k --models item-knn,fusion
    --peers implicit,recbole-lightgcn --peer-minutes 10 --json quality.json --chart quality.svg`
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
        k = k or (10 if question.protocol == "ncf" else 20)
        rows: list[Row] = []
        for row in _measured(names, rivals, question, settings, k, 60 * peer_minutes, progress):
            rows.append(row)
            if json is not None:  # after each: a run of hours may be cut off
                _write(json, as_json(rows, question, settings, data=data, k=k))
    show(rows, question, k=k, resamples=settings.evaluation.resamples, seed=settings.seed)
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
    fused = any(name in names for name in FUSIONS)
    embeddings = installed_embeddings(settings) if fused else ()
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
