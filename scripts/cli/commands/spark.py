"""`graphrec spark`: the steps for a log that one machine is too small for, on Apache Spark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, TypeAlias

import typer
from graphrec.cli.options import AsJson, SettingsFile, Snapshots
from graphrec.cli.output import OUT, print_json, print_table, warn
from graphrec.cli.settings import folder_of, load_settings

from graphrec.data.times import clock, milliseconds
from graphrec.errors import SettingsError
from graphrec.models.graph_filter.model import GraphFilter
from graphrec.spark import als as als_
from graphrec.spark import evaluate as evaluate_
from graphrec.spark import lists as lists_
from graphrec.spark import neighbours as neighbours_
from graphrec.spark import prepare as prepare_
from graphrec.spark.prepared import Prepared
from graphrec.spark.session import jobs, session
from graphrec.spark.sources import Source, frame

spark = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Prepare, learn, list and evaluate on Apache Spark, for logs that one machine is too "
    "small for.",
)

Master: TypeAlias = Annotated[
    str | None,
    typer.Option(
        help="Where Spark runs: local[*], spark://HOST:7077, k8s://https://HOST:6443 or yarn.",
        show_default="that of spark-submit, or local[*]",
    ),
]
Conf: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(help="Setting of Spark, such as spark.executor.memory=8g. Repeatable."),
]
Packages: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--package",
        help="Maven coordinates of a connector, such as those of Delta, Iceberg, Neo4j or a JDBC "
        "driver. Repeatable.",
    ),
]
Data: TypeAlias = Annotated[
    str, typer.Argument(help="Folder that `graphrec spark prepare` wrote.", show_default=False)
]
Out: TypeAlias = Annotated[
    str,
    typer.Option(help="Folder to write, on any file system that Spark knows, such as s3a://…"),
]


@spark.command()
def prepare(
    out: Out,
    path: Annotated[
        str | None,
        typer.Argument(
            help="Files or table of events; left out where options say it, as for jdbc and neo4j.",
            show_default=False,
        ),
    ] = None,
    form: Annotated[
        str,
        typer.Option(
            "--format",
            help="Spark's name of it: parquet, csv, delta, iceberg, jdbc, neo4j.",
        ),
    ] = "parquet",
    option: Annotated[
        list[str] | None,
        typer.Option(help="Option of the format, such as url=jdbc:…, dbtable=events. Repeatable."),
    ] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", help="Which column is user, item, weight, time or kind: user=buyer."),
    ] = None,
    kind: Annotated[str | None, typer.Option(help="Kind of all events.")] = None,
    test_share: Annotated[
        float | None,
        typer.Option(help="Share of the positive events, the newest, to hold out for a test."),
    ] = None,
    cutoff: Annotated[
        str | None, typer.Option(help="Time from which on events are the test, in its place.")
    ] = None,
    block_users: Annotated[
        int | None,
        typer.Option(min=1, help="Users of a block.", show_default="about 500,000 events"),
    ] = None,
    master: Master = None,
    conf: Conf = None,
    package: Packages = None,
    settings_file: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Read a log, check it, number users and items, weigh events, split by time, write blocks.

    Rules are those of `graphrec ingest` and the settings: ids, times, kinds, which rows are
    rejected.

    **Example:** `graphrec spark prepare events.csv --format csv --out prepared --test-share 0.1`
    """
    if test_share is not None and not 0 < test_share < 1:
        raise SettingsError(
            f"--test-share {test_share:g}: expected a part of the events, above 0 and below 1"
        )
    if test_share is not None and cutoff is not None:
        raise SettingsError("--test-share and --cutoff are both given: expected one; leave one out")
    settings = load_settings(settings_file)
    options = prepare_.Options(
        _pairs(mapping, "--map", "user=COLUMN"),
        kind,
        test_share,
        None if cutoff is None else milliseconds(cutoff),
        block_users,
    )
    source = Source(path, form, _pairs(option, "--option", "url=jdbc:postgresql://…"))
    running = _session(master, conf, package)
    with jobs():
        done = prepare_.prepare(running, source, out, settings, options)
    for reading in done.readings:
        warn("it was read so", reading)
    about = done.prepared.about
    figures = {
        "rows": done.rows,
        "rejected": sum(done.rejected.values()),
        "users": about.users,
        "items": about.items,
        "events": about.events,
        "test_events": about.test_events,
        "cutoff": about.cutoff,
        "block_users": about.block_users,
    }
    _show(f"Prepared in {out}", {**figures, "reasons": dict(done.rejected)}, as_json)


@spark.command()
def neighbours(
    data: Data,
    out: Out,
    part: Annotated[
        list[str] | None,
        typer.Option(
            help="What to learn: co-occurrence, cosine, lift, jaccard, graph-filter, popularity or "
            "trends. Repeatable.",
            show_default="all",
        ),
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, help="Neighbours of an item.")] = 100,
    min_support: Annotated[
        int, typer.Option(min=1, help="People who like both items, at least.")
    ] = 1,
    dim: Annotated[int, typer.Option(min=1, help="Directions of the graph filter.")] = 512,
    kept: Annotated[
        int, typer.Option("--neighbours", min=1, help="Pairs of an item that the filter keeps.")
    ] = 512,
    seed: Annotated[int, typer.Option(help="Of the graph filter.")] = 0,
    days: Annotated[float, typer.Option(help="Length of a window of trends.")] = 7,
    master: Master = None,
    conf: Conf = None,
    package: Packages = None,
    as_json: AsJson = False,
) -> None:
    """Learn which items go together, which are popular, and which are growing.

    **Example:** `graphrec spark neighbours prepared --out learned --part cosine`
    """
    running = _session(master, conf, package)
    options = neighbours_.Options(
        tuple(part or neighbours_.PARTS),
        k,
        min_support,
        GraphFilter(dim=dim, neighbours=kept),
        seed,
        days=days,
    )
    with jobs():
        rows = neighbours_.neighbours(Prepared.open(running, data), out, options)
    _show(f"Rows in {out}", rows, as_json)


@spark.command()
def als(
    data: Data,
    out: Out,
    k: Annotated[int, typer.Option("-k", min=1, help="Length of a list.")] = 10,
    dim: Annotated[int, typer.Option(min=1, help="Length of vectors.")] = 64,
    sweeps: Annotated[int, typer.Option(min=1, help="Of users, then items.")] = 10,
    regularization: Annotated[float, typer.Option(min=0, help="As of MLlib.")] = 0.1,
    alpha: Annotated[float, typer.Option(min=0, help="Confidence of a weight.")] = 10.0,
    seed: Annotated[int, typer.Option(help="Of the vectors that it starts with.")] = 0,
    master: Master = None,
    conf: Conf = None,
    package: Packages = None,
    as_json: AsJson = False,
) -> None:
    """Fit alternating least squares of Spark's MLlib, a baseline, and make its lists.

    **Example:** `graphrec spark als prepared --out als`, then
    `graphrec spark evaluate prepared als/lists`
    """
    running = _session(master, conf, package)
    options = als_.Options(dim, sweeps, regularization, alpha, seed, k)
    with jobs():
        rows = als_.als(Prepared.open(running, data), out, options)
    _show(f"Rows in {out}", {"lists": rows}, as_json)


@spark.command()
def lists(
    out: Out,
    k: Annotated[int, typer.Option("-k", min=1, help="Length of a list.")] = 10,
    placement: Annotated[
        str | None, typer.Option(help="Make the lists of a placement.", show_default="recommend")
    ] = None,
    version: Annotated[
        str | None, typer.Option(help="Snapshot.", show_default="the published one")
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="Make them as of a time.", show_default="now")
    ] = None,
    ship: Annotated[
        bool,
        typer.Option("--ship", help="Copy the snapshot to workers that cannot see it."),
    ] = False,
    snapshots: Snapshots = None,
    master: Master = None,
    conf: Conf = None,
    package: Packages = None,
    settings_file: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Make the lists of all users of a snapshot.

    **Example:** `graphrec spark lists --snapshots snapshots --out lists`
    """
    settings = load_settings(settings_file)
    now = clock() if at is None else milliseconds(at)
    options = lists_.Options(k, placement, now, ship)
    folder = folder_of(snapshots, settings, *([version] if version else []))
    running = _session(master, conf, package)
    with jobs():
        found = lists_.lists(running, folder, version, settings, options)
        found.write.mode("overwrite").parquet(out)
        rows = running.read.parquet(out).count()
    _show(f"Rows in {out}", {"lists": rows}, as_json)


@spark.command()
def evaluate(
    data: Data,
    path: Annotated[str, typer.Argument(help="Lists of user, rank and item.", show_default=False)],
    form: Annotated[str, typer.Option("--format", help="Spark's name of it.")] = "parquet",
    k: Annotated[int, typer.Option("-k", min=1, help="Places of a list that count.")] = 10,
    master: Master = None,
    conf: Conf = None,
    package: Packages = None,
    as_json: AsJson = False,
) -> None:
    """Compare lists with the events that `graphrec spark prepare --test-share` held out.

    **Example:** `graphrec spark evaluate prepared lists -k 20`
    """
    running = _session(master, conf, package)
    with jobs():
        lists = frame(running, Source(path, form))
        found = evaluate_.evaluate(Prepared.open(running, data), lists, k)
    if as_json:
        print_json(asdict(found))
        return
    rows = [[name, f"{value:.4f}"] for name, value in found.metrics.items()]
    print_table(f"{found.users:,} users, {found.without_list:,} of them without a list",
                ["metric", "mean"], rows)  # fmt: skip


def _session(master: str | None, conf: list[str] | None, packages: list[str] | None) -> Any:
    return session(master, conf or (), packages or ())


def _pairs(options: list[str] | None, name: str, example: str) -> dict[str, str]:
    found = {}
    for option in options or ():
        left, equals, right = option.partition("=")
        if not (left and equals and right):
            raise SettingsError(f"{name} {option!r}: expected the form {example}")
        found[left] = right
    return found


def _show(title: str, figures: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(dict(figures))
        return
    OUT.print(f"{title}:")
    for name, value in figures.items():
        if value not in (None, {}):
            OUT.print(f"  {name.replace('_', ' ')}: {value:,}" if isinstance(value, int) else
                      f"  {name.replace('_', ' ')}: {value}")  # fmt: skip
