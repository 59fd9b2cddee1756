"""`graphrec ingest` and `graphrec inspect`: data into the store, and a look at the graph there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from graphrec.config import load_settings
from graphrec.errors import SettingsError
from graphrec.inspect import GraphReport, describe, neighbourhood, write_graphml
from graphrec.store import open_store
from graphrec.weighting import weigh
from ingest.datasets import load_dataset, open_dataset
from ingest.load import LoadReport, load_events, load_links, load_nodes
from ingest.sources import File, Query
from scripts.options import AsJson, SettingsFile, StoreUrl
from scripts.output import OUT, print_json, print_table, progress_bars


def ingest(
    events: Annotated[
        Path | None,
        typer.Argument(
            help="Events: CSV, TSV, JSON Lines (each also .gz), Parquet or RecBole .inter."
        ),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(help="A data set instead: ml-100k, ml-1m, ml-latest-small, or a folder."),
    ] = None,
    sql: Annotated[str | None, typer.Option(help="A query for events, with --url.")] = None,
    url: Annotated[
        str | None, typer.Option(help="Database of --sql, such as postgresql://host/shop.")
    ] = None,
    items: Annotated[
        Path | None, typer.Option(help="A file of items and their attributes.")
    ] = None,
    users: Annotated[
        Path | None, typer.Option(help="A file of users and their attributes.")
    ] = None,
    links: Annotated[
        list[str] | None,
        typer.Option(
            help="A file of links, as source:relation:target=FILE, such as "
            "user:follows:user=friends.csv; may be given several times."
        ),
    ] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            help="Which column of the events is user, item, weight, time or kind, such as "
            "user=customer; usual names are found without.",
        ),
    ] = None,
    kind: Annotated[
        str | None, typer.Option(help="Kind of all events of a log that has no such column.")
    ] = None,
    rejects: Annotated[Path, typer.Option(help="Folder for the rows that are set aside.")] = Path(
        "rejects"
    ),
    max_rejected: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="Share of bad rows above which nothing is written.",
            show_default="from the settings, 0.01",
        ),
    ] = None,
    store: StoreUrl = None,
    settings_file: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Load events, items, users and links into the graph store.

    Every source is checked to the end before any of it is written. Bad rows go to a file of
    rejects with line number and reason. Loading a file again changes nothing: an event is what it
    is by user, item, kind and time.

    **Example:** `graphrec ingest clicks.parquet --items products.csv --map user=customer`
    """
    settings = load_settings(settings_file)
    limits = settings.ingest
    if max_rejected is not None:
        limits = limits.model_copy(update={"max_rejected_share": max_rejected})
    columns = dict(_pair(option, "--map", "user=COLUMN") for option in mapping or ())
    log = _events(events, sql, url)
    if log is None and not (dataset or items or users or links):
        raise SettingsError("ingest has nothing to load: name a file of events, or a --dataset")
    reports: dict[str, LoadReport] = {}
    with (
        open_store(store or settings.store, settings.kinds, settings.neo4j) as graph,
        progress_bars() as progress,
    ):
        if dataset:
            found = open_dataset(dataset, settings.cache.expanduser())
            reports |= load_dataset(graph, found, limits, rejects, progress)
        if log is not None:
            reports["events"] = load_events(
                graph, log, limits, rejects / "events.csv", mapping=columns, kind=kind,
                progress=progress,
            )  # fmt: skip
        for node_type, file in (("item", items), ("user", users)):
            if file is not None:
                reports[node_type] = load_nodes(
                    graph, node_type, File(file), limits, rejects / f"{node_type}.csv",
                    progress=progress,
                )  # fmt: skip
        for option in links or ():
            name, path = _pair(option, "--links", "user:follows:user=FILE")
            source, relation, target = _edge_type(name)
            reports[name] = load_links(
                graph, File(Path(path)), (source, relation, target), limits,
                rejects / f"{source}-{relation}-{target}.csv", progress=progress,
            )  # fmt: skip
        counts = dict(graph.counts())
    if as_json:
        print_json({"loaded": {n: asdict(r) for n, r in reports.items()}, "store": counts})
    else:
        show_reports(reports, counts)


def _events(path: Path | None, sql: str | None, url: str | None) -> File | Query | None:
    if (sql is None) != (url is None) or (path and sql):
        raise SettingsError("events come from a file, or from --sql together with --url")
    if sql is not None and url is not None:
        return Query(url, sql)
    return None if path is None else File(path)


def _pair(option: str, name: str, example: str) -> tuple[str, str]:
    left, equals, right = option.partition("=")
    if not (left and equals and right):
        raise SettingsError(f"{name} {option!r}: expected the form {example}")
    return left, right


def _edge_type(name: str) -> tuple[str, str, str]:
    parts = name.split(":")
    if len(parts) != 3 or not all(parts):
        raise SettingsError(f"--links {name!r}: expected source:relation:target=FILE")
    return parts[0], parts[1], parts[2]


def show_reports(reports: Mapping[str, LoadReport], counts: Mapping[str, int]) -> None:
    """What was loaded, what was set aside and why, and what the store now holds."""
    rows = [
        [
            name,
            f"{report.rows:,}",
            f"{report.new:,}",
            f"{report.rejected:,}",
            f"{report.seconds:.1f}",
            f"{report.rows / max(report.seconds, 1e-9):,.0f}",
        ]
        for name, report in reports.items()
    ]
    print_table("Loaded", ["what", "rows", "new", "set aside", "seconds", "rows/s"], rows)
    for name, report in reports.items():
        for reason, count in report.reasons.items():
            OUT.print(f"  {name}: {count:,} × {reason}; see {report.rejects}")
    OUT.print("In the store: " + ", ".join(f"{what} {n:,}" for what, n in counts.items()))


def inspect(
    user: Annotated[
        str | None, typer.Option(help="A user whose neighbourhood to write, with --graphml.")
    ] = None,
    graphml: Annotated[
        Path | None,
        typer.Option(help="File for the neighbourhood of --user; Gephi and networkx read it."),
    ] = None,
    store: StoreUrl = None,
    settings_file: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Show the graph in numbers: sizes, degrees, density, components, who and what is cold.

    **Example:** `graphrec inspect --user 42 --graphml around-42.graphml`
    """
    settings = load_settings(settings_file)
    if (user is None) != (graphml is None):
        raise SettingsError("--user and --graphml go together: whose neighbourhood, and where to")
    with open_store(store or settings.store, settings.kinds, settings.neo4j) as opened:
        graph = weigh(opened.read_graph(), settings.kinds)
    report = describe(graph)
    if as_json:
        links = {" ".join(edge_type): count for edge_type, count in report.links.items()}
        print_json({**asdict(report), "links": links})
    else:
        _show_graph(report)
    if user is not None and graphml is not None:
        drawn = neighbourhood(graph, user)
        write_graphml(drawn, graphml)
        if not as_json:
            OUT.print(f"{drawn.number_of_nodes()} nodes around user {user} are in {graphml}")


def _show_graph(report: GraphReport) -> None:
    sizes = [[name, f"{count:,}"] for name, count in report.nodes.items()]
    sizes += [[f"{kind} events", f"{count:,}"] for kind, count in report.events.items()]
    sizes += [[" ".join(kind) + " links", f"{count:,}"] for kind, count in report.links.items()]
    sizes += [
        ["pairs of user and item", f"{report.pairs:,}"],
        ["density", f"{report.density:.4%}"],
        ["cold users", f"{report.cold_users:.1%}"],
        ["cold items", f"{report.cold_items:.1%}"],
        ["components", f"{report.components:,}"],
        ["in the largest", f"{report.largest_component:.1%}"],
    ]
    print_table("Graph", ["what", "count"], sizes)
    rows: Sequence[Sequence[str]] = [
        [f"{quantile:.0%}", f"{report.user_degrees[quantile]:,.0f}", f"{items:,.0f}"]
        for quantile, items in report.item_degrees.items()
    ]
    print_table("Degrees", ["quantile", "items of a user", "users of an item"], rows)
