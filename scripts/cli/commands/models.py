"""`graphrec evaluate` and `graphrec train`: comparing models, and publishing what serves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import orjson
import typer
from graphrec.api.online.shared import SNAPSHOTS
from graphrec.cli.commands.ratings import compare_ratings, read_ratings
from graphrec.cli.learning_curve import draw, show_curves
from graphrec.cli.names import warn_of_names
from graphrec.cli.news import teller
from graphrec.cli.options import AsJson, Rejects, SettingsFile, Snapshots, StoreUrl
from graphrec.cli.output import OUT, print_json, print_table, progress_bars, stage, stages
from graphrec.cli.settings import load_settings, snapshots_of
from graphrec.cli.splits import (
    held_out_users,
    linked,
    read_cold_items,
    read_cold_users,
    read_given,
    read_ncf,
)
from rich.markup import escape

from graphrec.counts import counted
from graphrec.data import Graph
from graphrec.data.dataset import Dataset
from graphrec.data.times import written
from graphrec.data.weighting import weigh
from graphrec.errors import MissingExtra, SettingsError, SnapshotError
from graphrec.evaluation.metrics import paired_difference
from graphrec.evaluation.results import Comparison, Metric, ModelResult, chosen_text
from graphrec.evaluation.splits.cold import with_cold_apart
from graphrec.models import create
from graphrec.ranking.list_columns import COLUMNS, LEGEND
from graphrec.ratings import RATING_MODELS
from graphrec.settings import Settings
from graphrec.snapshot.carry import with_policies_of
from graphrec.snapshot.place import changing
from graphrec.snapshot.registry import load, publish
from graphrec.snapshot.remote.mirror import serving
from graphrec.snapshot.snapshot import Snapshot
from graphrec.snapshot.types import types_of
from graphrec.store import open_store
from graphrec.training import ablation
from graphrec.training.fit import (
    FUSION,
    MODELS,
    RANKER,
    compare,
    compare_and_choose,
    positive,
    split_log,
)
from graphrec.training.fusion import choose, fusion_of
from graphrec.training.lambdamart import LambdaMART
from graphrec.training.learning import learn, snapshot_of
from graphrec.training.learning_curve import learning_curves
from graphrec.training.ratings import fit_ratings

COMPARED = (
    "popularity", "recent-popularity", "item-knn", "user-knn", "graph-filter", "mf", "graphsage",
    FUSION,
)  # fmt: skip
"""Models that are compared unless others are named."""

COLD: Mapping[str, tuple[str, ...]] = {
    "cold-items": ("random", "content-knn", "graphsage"),
    "overall": ("popularity", "item-knn", "content-knn", "graphsage", FUSION),
    "cold-users": ("popularity", "content-knn", "item-knn", "svd", "mf", "graphsage", FUSION),
}
"""The same for cold users and items; `mf` represents a new user by the mean of their items."""


RESAMPLES = 1000
"""Bootstrap resamples of users for the intervals of differences."""


def evaluate(
    train: Annotated[
        Path | None, typer.Option(help="Training events: user, item, optionally weight and time.")
    ] = None,
    test: Annotated[Path | None, typer.Option(help="Test events.")] = None,
    valid: Annotated[
        Path | None,
        typer.Option(
            help="Validation events, to choose epochs on.", show_default="split from train"
        ),
    ] = None,
    negatives: Annotated[
        Path | None,
        typer.Option(
            help="Candidates of each test item, which is ranked among these only, as in the NCF "
            "paper. Lines of "
            "'(user,item)', item, item, … with tabs between.",
        ),
    ] = None,
    items: Annotated[
        Path | None, typer.Option(help="Items and their attributes, which become features.")
    ] = None,
    users: Annotated[
        Path | None, typer.Option(help="Users and their attributes, which become features.")
    ] = None,
    links: Annotated[
        list[str] | None,
        typer.Option(
            help="A file of links beside --train, as source:relation:target=FILE, such as "
            "item:made_by:brand=brands.csv. Repeatable."
        ),
    ] = None,
    task: Annotated[
        Literal["ranking", "rating"],
        typer.Option(
            help="ranking: which items users take; rating: what they would give them, with RMSE "
            "and MAE."
        ),
    ] = "ranking",
    folds: Annotated[
        int | None,
        typer.Option(
            min=2,
            help="For ratings: random folds, each predicted by models of the others.",
            show_default="from the settings, 5",
        ),
    ] = None,
    protocol: Annotated[
        Literal["auto", "temporal", "leave-last-out", "cold-items", "overall", "cold-users"],
        typer.Option(
            help="How to split the store, or --train. auto: temporal if events have times, else a "
            "random share of each user's events. cold-items: rank items without events in train, "
            "held out of the store or those of --test. overall: rank those and the others in one "
            "list, and each among themselves. cold-users: hold out whole users of the "
            "store or of --train, and predict the rest from their first interactions."
        ),
    ] = "auto",
    sequence: Annotated[
        str | None,
        typer.Option(
            help="For cold-users: the column of --train with the position in the user's history, "
            "if there are no times."
        ),
    ] = None,
    chart: Annotated[
        Path | None, typer.Option(help="For cold-users: SVG file for the learning curves.")
    ] = None,
    models: Annotated[
        str,
        typer.Option(
            help=f"Comma-separated, of {', '.join(MODELS)}; with --task rating, of "
            f"{', '.join(RATING_MODELS)}; auto: those installed."
        ),
    ] = "auto",
    against: Annotated[
        str | None,
        typer.Option(help="A model of the table: show the paired differences of the others to it."),
    ] = None,
    ablate: Annotated[
        bool,
        typer.Option(
            "--ablate",
            help="Add graphsage without each relation and without all of them, and show the paired "
            "differences.",
        ),
    ] = False,
    k: Annotated[
        int | None, typer.Option("--k", "-k", min=1, help="Cut-off.", show_default="10")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of all random choices.")] = None,
    json: Annotated[Path | None, typer.Option(help="File for the figures, as JSON.")] = None,
    rejects: Rejects = None,
    store: StoreUrl = None,
    settings_file: SettingsFile = None,
) -> None:
    """Compare models on a split of your files, or of the store.

    Every model ranks the full catalogue for every test user, except the items seen in train; ties
    are broken the same way for all. Epochs are chosen on validation, then the model is fitted on
    all of train. Intervals are a 95 % bootstrap over users.

    With `--negatives` the protocol is that of the NCF paper: each user's one test item is ranked
    among its negatives, ties in random order; epochs are chosen on each user's last event in train
    among 99 random items; all events count as positive.

    **Example:** `graphrec evaluate --train train.tsv --test test.tsv --models item-knn,mf --k 20`
    """
    settings = load_settings(settings_file)
    aside = rejects or settings.ingest.rejects
    if seed is not None:
        settings = settings.model_copy(update={"seed": seed})
    if task == "rating":
        alone = valid or negatives or sequence or chart or ablate or links
        if alone or (train is None) != (test is None):
            raise SettingsError(
                "--task rating takes --folds, --protocol temporal, or --train and --test: omit "
                "--valid, --negatives, --sequence, --chart, --ablate and --links"
            )
        if train is not None and test is not None:
            data, tested = read_ratings(train, test, items, users, settings, aside)
        else:
            data, tested = _stored(store, settings), None
        figures = compare_ratings(
            data,
            settings,
            models=models,
            protocol=protocol,
            folds=folds,
            against=against,
            k=k,
            test=tested,
        )
        _write_json(json, figures)
        return
    if folds is not None:
        raise SettingsError(f"--folds is {folds}: expected it with --task rating only; omit it")
    compared = COLD.get(protocol, COMPARED)
    names = (
        installed_models(settings, compared) if models == "auto" else named_models(models, settings)
    )
    if protocol == "cold-users":
        if test or valid or negatives or against or ablate or links:
            raise SettingsError(
                "--protocol cold-users splits by itself and shows no differences: expected at most "
                "--train; omit --test, --valid, --negatives, --against, --ablate and --links (of "
                "a store, its links count)"
            )
        with progress_bars() as progress:
            if train is not None:
                held = read_cold_users(train, sequence, items, users, settings, aside)
            else:
                held = held_out_users(weigh(_stored(store, settings), settings.kinds), settings)
            curves = learning_curves(
                names,
                *held,
                settings,
                k=k or settings.evaluation.k,
                embeddings=installed_embeddings(settings),
                progress=progress,
            )
        show_curves(curves)
        if chart is not None:
            chart.parent.mkdir(parents=True, exist_ok=True)
            chart.write_text(draw(curves), "utf-8")
        _write_json(json, curves.as_json())
        return
    if sequence or chart:
        raise SettingsError("--sequence and --chart need --protocol cold-users: omit both")
    if (train is None) != (test is None) or ((valid or negatives) and train is None):
        raise SettingsError(
            "--train and --test go together, and --valid or --negatives need both: "
            "give both or none"
        )
    if links and train is None:
        raise SettingsError(
            "--links go with --train: the links of a store are in it; load them with `graphrec "
            "ingest --links`, or omit --links"
        )
    if protocol == "overall" and (valid or negatives):
        raise SettingsError(
            "--protocol overall holds out its validation itself, and ranks all items: omit --valid "
            "and --negatives"
        )
    if valid and negatives:
        raise SettingsError("--valid and --negatives exclude each other: give one of them")
    rows = (*names, ablation.BARE) if ablate else names
    if against is not None and against not in rows:
        raise SettingsError(f"--against is {against!r}: expected one of {', '.join(rows)}")
    validation = None
    with progress_bars() as progress:
        if train is not None and test is not None:
            cold = protocol == "cold-items"
            title = "ncf" if negatives else "cold-items" if cold else "given"
            read = read_cold_items if cold else read_given
            split, validation = (
                read_ncf(train, test, negatives, items, users, settings, aside)
                if negatives
                else read(train, test, valid, items, users, settings, aside)
            )
            if links:
                described = linked(split.train, links, settings, aside)
                split = split.with_links(described)
                validation = validation and validation.with_links(described)
            if protocol == "overall":
                split, validation, title = with_cold_apart(split), None, protocol
        else:
            title, split = split_log(
                Dataset(_stored(store, settings), settings.kinds), settings, protocol
            )
        comparison = compare(
            names,
            split,
            settings,
            protocol=title,
            k=k or settings.evaluation.k,
            validation=validation,
            embeddings=installed_embeddings(settings),
            progress=progress,
        )
        if ablate:
            comparison = ablation.with_ablations(comparison, settings, progress)
    show_comparison(comparison)
    if against is not None or ablate:
        show_differences(comparison, against or ablation.BARE)
    _write_json(json, comparison.as_json())


def _write_json(path: Path | None, figures: Mapping[str, Any]) -> None:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(orjson.dumps(figures, option=orjson.OPT_INDENT_2))


def _stored(store: str | None, settings: Settings) -> Graph:
    """The graph in the store, unweighted."""
    source = open_store(store or settings.store, settings.kinds, settings.neo4j, create=False)
    with source as opened:
        return opened.read_graph()


def named_models(models: str, settings: Settings) -> tuple[str, ...]:
    """The models of a comma-separated list; raises SettingsError for an unknown one, or for none.

    MissingExtra, where the library of one is not installed.
    """
    names = tuple(dict.fromkeys(name.strip() for name in models.split(",") if name.strip()))
    if not names:
        raise SettingsError(f"no models given: expected some of {', '.join(MODELS)}")
    for name in names:
        if name == RANKER:
            LambdaMART.require()
        elif name != FUSION:
            create(name, settings.models.get(name))  # an unknown one is an error before any work
    return names


def show_comparison(comparison: Comparison) -> None:
    """The table of models: figures with intervals, what they took, and what they were tested on."""
    k, split = comparison.k, comparison.split

    def value(metric: Metric | None) -> str:
        return "–" if metric is None else f"{metric.value:.4f}"

    rows = []
    for result in comparison.results:
        metrics = result.evaluation.metrics
        ndcg = metrics[f"ndcg@{k}"]
        rows.append(
            [
                result.model,
                value(ndcg),
                "–" if ndcg.low is None else f"{ndcg.low:.3f}–{ndcg.high:.3f}",
                value(result.evaluation.slices["warm_users"].metrics.get(f"ndcg@{k}")),
                value(metrics[f"recall@{k}"]),
                "–" if result.epochs is None else str(result.epochs),
                f"{result.fit_seconds + result.evaluation.score_seconds:.1f}",
            ]
        )
    columns = ["model", f"NDCG@{k}", "interval", "warm", "Recall", "epochs", "s"]
    print_table(f"Models on {_split_name(comparison)}", columns, rows)
    for result in comparison.results:
        if result.chosen:
            OUT.print(
                f"{result.model}, chosen on validation: {chosen_text(result.chosen)}", markup=False
            )
        if result.note:
            OUT.print(f"{result.model}: {result.note}", markup=False)
    _show_parts(comparison)
    _show_lists(comparison)
    warm_users = comparison.results[0].evaluation.slices["warm_users"].users
    tested = len(comparison.results[0].evaluation.users)
    when = "" if split.cutoff is None else f", cut off at {_day(split.cutoff)}"
    OUT.print(
        f"{counted(len(split.train.interactions), 'training event')}, "
        f"{counted(len(split.test), 'positive test event')}{when}; {counted(tested, 'test user')}, "
        f"{warm_users:,} of them with a history; users without one get the popularity list. "
        f"Interval: 95 % bootstrap over users; warm: NDCG of users with a history; s: seconds to "
        f"fit, score and rank."
    )


def _show_lists(comparison: Comparison) -> None:
    """The table of what the lists of models are like beside being right, where lists were made."""
    k = comparison.k

    def shown(result: ModelResult, name: str, form: str) -> str:
        metric = result.evaluation.metrics.get(f"{name}@{k}")
        return "–" if metric is None else format(metric.value, form)

    if all(f"coverage@{k}" not in each.evaluation.metrics for each in comparison.results):
        return
    rows = [
        [result.model, *(shown(result, name, each.form) for name, each in COLUMNS.items())]
        for result in comparison.results
    ]
    titles = [each.title for each in COLUMNS.values()]
    print_table(f"Their lists of {k}", ["model", *titles], rows)
    OUT.print(f"{LEGEND}.")


def _show_parts(comparison: Comparison) -> None:
    """Of a split with parts, how right the lists are for each, in the one list and alone."""
    k, parts = comparison.k, tuple(comparison.split.parts)
    if not parts:
        return

    def value(result: ModelResult, name: str) -> str:
        metric = result.evaluation.slices[name].metrics.get(f"ndcg@{k}")
        return "–" if metric is None else f"{metric.value:.4f}"

    rows = [
        [result.model, value(result, "cold_items"), *(value(result, f"{p}_alone") for p in parts)]
        for result in comparison.results
    ]
    columns = ["model", "cold in the list", *(f"{part} alone" for part in parts)]
    print_table(f"NDCG@{k} of cold and warm items", columns, rows)


def show_differences(comparison: Comparison, against: str) -> None:
    """The table of how much better each model is than `against`, for the same users."""
    values = {
        result.model: result.evaluation.per_user[f"ndcg@{comparison.k}"]
        for result in comparison.results
    }
    rows = []
    for name, value in values.items():
        if name != against:
            difference, low, high = paired_difference(
                value, values[against], np.random.default_rng(comparison.seed), RESAMPLES
            )
            rows.append([name, f"{difference:+.4f}", f"{low:+.4f} to {high:+.4f}"])
    print_table(
        f"NDCG@{comparison.k} minus that of {against}", ["model", "difference", "interval"], rows
    )
    OUT.print("Interval: 95 % bootstrap over users, paired by user.")


def _split_name(comparison: Comparison) -> str:
    candidates = comparison.split.candidates
    if candidates is None:
        article = "an" if comparison.protocol[0] in "aeiou" else "a"
        return f"{article} {comparison.protocol} split"
    each = candidates.nnz / np.count_nonzero(np.diff(candidates.indptr))
    return (
        f"an {comparison.protocol} split, each test item among {each:.0f} candidates; Recall is HR"
    )


def _day(time: int) -> str:
    return f"{written(time, clock=True)} UTC"


def train(
    embedding: Annotated[
        Literal["auto", "graphsage", "mf", "none"],
        typer.Option(
            help="Model whose embeddings serve; auto: the best of the installed ones on validation."
        ),
    ] = "auto",
    models: Annotated[
        str,
        typer.Option(
            help="Models to compare first, comma-separated; auto: those installed; none: none."
        ),
    ] = "auto",
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of all random choices.")] = None,
    store: StoreUrl = None,
    snapshots: Snapshots = None,
    settings_file: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Train on the store, and publish a snapshot that can be served.

    First the models, and the recommender that will serve, are compared on a temporal split, or a
    random one if events have no times. Then everything is fitted on all events. The snapshot is
    published in one step; if anything fails, the previous one stays current.
    """
    settings = load_settings(settings_file)
    if seed is not None:
        settings = settings.model_copy(update={"seed": seed})
    place = snapshots_of(snapshots, settings)
    source = open_store(store or settings.store, settings.kinds, settings.neo4j, create=False)
    changed = changing(place, settings.cache, "graphrec train", needs=serving)
    with source as opened, changed as folder:
        warn_of_names(settings, opened)
        position = opened.position()
        comparison, version = train_and_publish(
            opened.read_graph(),
            settings,
            position=position,
            embeddings=named_embeddings(embedding, settings),
            names=_compared(models, settings),
            folder=folder,
        )
    teller(settings.online)(SNAPSHOTS)
    if as_json:
        evaluation = None if comparison is None else comparison.as_json()
        print_json({"version": version, "evaluation": evaluation})
    else:
        show_published(comparison, version, str(place))


def _compared(models: str, settings: Settings) -> tuple[str, ...]:
    if models == "none":
        return ()
    names = installed_models(settings) if models == "auto" else named_models(models, settings)
    return tuple(dict.fromkeys((*names, FUSION)))  # what will serve is always compared


def installed_models(settings: Settings, names: Sequence[str] = COMPARED) -> tuple[str, ...]:
    """Those of `names` whose libraries are installed."""
    return tuple(name for name in names if name == FUSION or _is_installed(name, settings))


def named_embeddings(
    embedding: Literal["auto", "graphsage", "mf", "none"], settings: Settings
) -> tuple[str, ...]:
    """The embedding models that a value of --embedding stands for."""
    if embedding == "auto":
        return installed_embeddings(settings)
    return () if embedding == "none" else (embedding,)


def installed_embeddings(settings: Settings) -> tuple[str, ...]:
    """The models of vectors to serve whose libraries are installed."""
    return tuple(name for name in settings.fusion.embeddings if _is_installed(name, settings))


def _is_installed(name: str, settings: Settings) -> bool:
    try:
        named_models(name, settings)
    except MissingExtra:
        return False
    return True


def _serving(folder: Path, settings: Settings) -> Snapshot | None:
    """What serves; None where nothing does, or it cannot be read."""
    try:
        return load(folder, types=types_of(settings))
    except SnapshotError:
        return None


def train_and_publish(
    raw: Graph,
    settings: Settings,
    *,
    position: int | None,
    embeddings: Sequence[str],
    names: Sequence[str],
    folder: Path,
) -> tuple[Comparison | None, str]:
    """Compare on a split of a raw graph, fit on all of it and publish.

    The caller holds the lock of the folder (`graphrec.snapshot.lock`) from before the read.

    `position` is the store's, just before the graph was read.
    """
    data = Dataset(raw, settings.kinds)
    graph = positive(data)
    comparison, served = None, None
    with stages() as progress:
        if names:
            with stage(progress, f"comparing {', '.join(names)}"):
                protocol, split = split_log(data, settings)
                comparison, served = compare_and_choose(
                    names,
                    split,
                    settings,
                    protocol=protocol,
                    k=settings.evaluation.k,
                    embeddings=embeddings,
                    progress=progress,
                )
        spec = fusion_of(
            settings,
            embeddings if served is None else [name for name in embeddings if name in served],
        )
        with stage(progress, "choosing what serves"):
            choice = choose(spec, graph, settings.seed, chosen=served, progress=progress)
        with stage(progress, "training on all events"):
            learned = learn(spec, graph, settings.seed, choice, progress=progress)
            ratings = fit_ratings(data, settings.ratings, settings.seed)
        with stage(progress, "publishing"):
            metrics = None if comparison is None else comparison.as_json()
            snapshot = with_policies_of(
                snapshot_of(
                    spec, graph, learned, settings.seed, metrics, position, ratings, settings.kinds
                ),
                _serving(folder, settings),
            )
            version = publish(snapshot, folder, types=types_of(settings))
    return comparison, version


def show_published(comparison: Comparison | None, version: str, place: str) -> None:
    """Say what a training compared and published, and where people find it."""
    if comparison is not None:
        show_comparison(comparison)
    OUT.print(
        f"Published snapshot {version} in {escape(place)}; a running service loads it within "
        f"seconds"
    )
