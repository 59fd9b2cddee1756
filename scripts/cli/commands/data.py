"""`graphrec ingest` loads data into the store, `graphrec inspect` describes the graph there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import Annotated, Literal

import typer
from graphrec.cli.options import AsJson, SettingsFile, StoreUrl
from graphrec.cli.output import OUT, print_json, print_table, progress_bars
from graphrec.ingest.attributes import KINDS
from graphrec.ingest.datasets import checked_dataset, open_dataset
from graphrec.ingest.load import (
    CheckedSource,
    LoadReport,
    checked_events,
    checked_links,
    checked_nodes,
    write_all,
)
from graphrec.ingest.schema import LinkType
from graphrec.ingest.sources import File, Query
from pydantic import ValidationError

from graphrec.counts import all_counted
from graphrec.data import AttributeKind
from graphrec.data.inspect import GraphReport, describe, neighbourhood, write_graphml
from graphrec.data.weighting import weigh
from graphrec.errors import SettingsError
from graphrec.settings import IngestSettings, load_settings
from graphrec.store import open_store


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
            "user:follows:user=friends.csv; without a relation, as entity::entity=FILE, each row "
            "names its own; may be given several times."
        ),
    ] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            help="Which column of the events is user, item, weight, time or kind, such as "
            "user=customer; of other files item.id=COLUMN, user.id=COLUMN or "
            "user:follows:user.source=COLUMN; common names are recognised without it.",
        ),
    ] = None,
    attributes: Annotated[
        list[str] | None,
        typer.Option(
            "--attribute",
            help="The kind of an attribute (number, category, tags or text) of --items, such as "
            "summary=text, or of --users, such as user.age=number; without it, the kind is "
            "inferred from the values.",
        ),
    ] = None,
    kind: Annotated[
        str | None, typer.Option(help="Kind of all events; replaces a column of kinds.")
    ] = None,
    time_unit: Annotated[
        Literal["auto", "s", "ms", "us", "ns"] | None,
        typer.Option(
            help="Unit of times that are numbers: s, ms, us or ns since 1970; auto tells it by "
            "their size, and reads 20220408 as a date.",
            show_default="from the settings, auto",
        ),
    ] = None,
    time_format: Annotated[
        str | None,
        typer.Option(help="How times are written, such as '%d/%m/%Y %H:%M' (as of strptime)."),
    ] = None,
    day_first: Annotated[
        bool | None,
        typer.Option(
            "--day-first/--month-first",
            help="How dates such as 04/08/2022 are meant.",
            show_default="as other dates of the column show",
        ),
    ] = None,
    rejects: Annotated[Path, typer.Option(help="Folder for rejected rows.")] = Path("rejects"),
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

    All sources are checked in full before anything is written. Bad rows go to files of rejects,
    with line number and reason. Loading a file again changes nothing: an event is identified by
    user, item, kind and time.

    **Example:** `graphrec ingest clicks.parquet --items products.csv --map user=customer`
    """
    settings = load_settings(settings_file)
    limits = _with_options(
        settings.ingest,
        max_rejected_share=max_rejected,
        time_unit=time_unit,
        time_format=time_format,
        day_first=day_first,
    )
    log = _events(events, sql, url)
    if log is None and not (dataset or items or users or links):
        raise SettingsError("ingest has nothing to load: name a file of events, or a --dataset")
    edges = [_edge(option) for option in links or ()]
    names = {"events": log, "item": items, "user": users}
    given = [name for name, source in names.items() if source] + [name for name, _, _ in edges]
    columns = _by_source("--map", "user=COLUMN", mapping or (), "events", given)
    nodes_of = [name for name in given if name in ("item", "user")]
    kinds = _kinds(_by_source("--attribute", "title=text", attributes or (), "item", nodes_of))
    checked: dict[str, CheckedSource] = {}
    with (
        open_store(store or settings.store, settings.kinds, settings.neo4j) as graph,
        progress_bars() as progress,
        ExitStack() as opened,
    ):
        if dataset:
            found = open_dataset(dataset, settings.cache.expanduser())
            checked |= opened.enter_context(checked_dataset(found, limits, rejects, progress))
        if log is not None:
            aside = _aside(rejects, events or Path("events"))
            events_of = checked_events(log, limits, aside, columns.get("events"), kind, progress)
            checked[_free("events", checked)] = opened.enter_context(events_of)
        for node_type, file in (("item", items), ("user", users)):
            if file is not None:
                nodes = checked_nodes(
                    node_type, File(file), limits, _aside(rejects, file),
                    columns.get(node_type), kinds.get(node_type), progress=progress,
                )  # fmt: skip
                checked[_free(node_type, checked)] = opened.enter_context(nodes)
        for name, edge_type, file in edges:
            pairs = checked_links(
                File(file), edge_type, limits, _aside(rejects, file), columns.get(name), progress,
            )  # fmt: skip
            checked[_free(name, checked)] = opened.enter_context(pairs)
        reports = write_all(graph, checked, progress)
        counts = dict(graph.counts())
    if as_json:
        print_json({"loaded": {n: asdict(r) for n, r in reports.items()}, "store": counts})
    else:
        show_reports(reports, counts)


def _with_options(settings: IngestSettings, **options: object) -> IngestSettings:
    """The settings with the options that are given; raises SettingsError for one it cannot take."""
    given = {name: value for name, value in options.items() if value is not None}
    try:
        return IngestSettings(**{**settings.model_dump(), "ids": settings.ids, **given})
    except ValidationError as error:
        [problem, *_] = error.errors()
        option = str(problem["loc"][0]).replace("_", "-")
        said = problem["msg"].removeprefix("Value error, ")
        raise SettingsError(f"--{option} {problem['input']!r}: {said}") from None


def _events(path: Path | None, sql: str | None, url: str | None) -> File | Query | None:
    if (sql is None) != (url is None) or (path and sql):
        raise SettingsError("events come from a file, or from --sql together with --url")
    if sql is not None and url is not None:
        return Query(url, sql)
    return None if path is None else File(path)


def _aside(folder: Path, source: Path) -> Path:
    """The file for the rejects of a file."""
    return folder / f"{Path(source.name.removesuffix('.gz')).stem}.csv"


def _pair(option: str, name: str, example: str) -> tuple[str, str]:
    left, equals, right = option.partition("=")
    if not (left and equals and right):
        raise SettingsError(f"{name} {option!r}: expected the form {example}")
    return left, right


def _edge(option: str) -> tuple[str, LinkType, Path]:
    """The name, the type and the file of a --links option."""
    name, file = _pair(option, "--links", "user:follows:user=FILE")
    parts = name.split(":")
    if len(parts) != 3 or not (parts[0] and parts[2]):
        raise SettingsError(
            f"--links {name!r}: expected source:relation:target=FILE, or source::target=FILE where "
            f"each row names its relation"
        )
    return name, (parts[0], parts[1] or None, parts[2]), Path(file)


def _by_source(
    option: str, example: str, values: Sequence[str], default: str, given: Collection[str]
) -> dict[str, dict[str, str]]:
    """What options such as `item.id=COLUMN` say, by source: that before the dot, or `default`."""
    found: dict[str, dict[str, str]] = {}
    for value in values:
        left, right = _pair(value, option, example)
        sources = {"item", "user", *given}
        owner = max((s for s in sources if left.startswith(f"{s}.")), key=len, default=default)
        if owner not in given:
            raise SettingsError(
                f"{option} {value!r} is for {owner!r}, which is not loaded: expected an option for "
                f"one of {', '.join(given) or 'the files that are named'}; "
                f"{_REMEDIES.get(owner, 'name its file')}"
            )
        found.setdefault(owner, {})[left.removeprefix(f"{owner}.")] = right
    return found


_REMEDIES = {
    "events": "name a file of events, or say whose it is, such as item.id=COLUMN",
    "item": "add --items FILE, or say whose it is, such as user.age=number",
    "user": "add --users FILE",
}


def _kinds(options: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, AttributeKind]]:
    known = {str(kind): kind for kind in KINDS}
    for names in options.values():
        for name, kind in names.items():
            if kind not in known:
                raise SettingsError(
                    f"--attribute '{name}={kind}': expected a kind of {', '.join(known)}"
                )
    return {
        source: {name: known[kind] for name, kind in names.items()}
        for source, names in options.items()
    }


def _free(name: str, taken: Collection[str]) -> str:
    """The name, with a number where a source before has it: a data set and a file may be both."""
    names = (f"{name} {number}" for number in count(2))
    return name if name not in taken else next(n for n in names if n not in taken)


def show_reports(reports: Mapping[str, LoadReport], counts: Mapping[str, int]) -> None:
    """Print what was loaded, what was rejected and why, and what the store now holds."""
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
    print_table("Loaded", ["what", "rows", "new", "rejected", "seconds", "rows/s"], rows)
    for name, report in reports.items():
        for reason, rows_of in report.reasons.items():
            OUT.print(f"  {name}: {rows_of:,} × {reason}; see {report.rejects}", markup=False)
        for note in report.notes:
            OUT.print(f"  {name}: {note}", markup=False)
    OUT.print(f"In the store: {all_counted(counts)}", markup=False)


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
    """Show statistics of the graph: sizes, degrees, density, components, cold users and items.

    **Example:** `graphrec inspect --user 42 --graphml around-42.graphml`
    """
    settings = load_settings(settings_file)
    if (user is None) != (graphml is None):
        raise SettingsError("--user and --graphml go together: give both, or neither")
    source = open_store(store or settings.store, settings.kinds, settings.neo4j, create=False)
    with source as opened:
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
            OUT.print(
                f"{drawn.number_of_nodes()} nodes around user {user} are in {graphml}", markup=False
            )


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
