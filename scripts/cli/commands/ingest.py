"""`graphrec ingest` loads data into the store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal

import typer
from graphrec.cli.confirm import confirm
from graphrec.cli.files import (
    Columns,
    Delimiter,
    Encoding,
    Header,
    Quotes,
    rejects_file,
    text_files,
)
from graphrec.cli.ingest_report import (
    known_codes,
    show_data,
    show_rejects,
    stop_on_doubts,
    stop_on_rejects,
)
from graphrec.cli.names import warn_of_names
from graphrec.cli.options import AsJson, Rejects, SettingsFile, StoreUrl
from graphrec.cli.output import OUT, print_json, print_table, progress_bars
from graphrec.cli.settings import load_settings
from graphrec.cli.source_options import (
    by_source,
    changed_kinds,
    kinds_of,
    links_option,
    long_tables,
)
from graphrec.ingest.catalogue import Replacement, replacement
from graphrec.ingest.datasets import checked_dataset, free, open_dataset, open_folder
from graphrec.ingest.formats.opened import DataSet
from graphrec.ingest.formats.table import PLAIN, recognised
from graphrec.ingest.late import Late
from graphrec.ingest.load import (
    CheckedSource,
    LoadReport,
    checked_events,
    checked_links,
    checked_nodes,
    write_all,
)
from graphrec.ingest.report import report_of
from graphrec.ingest.sources import File, Files, Query
from pydantic import ValidationError

from graphrec.counts import all_counted, counted
from graphrec.errors import SettingsError
from graphrec.settings import IngestSettings, Settings
from graphrec.store import GraphStore, open_store

MOST_REMOVED = 0.5
"""The share of the items that --replace deletes without --yes."""


def ingest(
    events: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Events: files of one table, a folder of parts, or - for standard input; "
            "delimited text, JSON, Parquet or RecBole .inter, also packed (gzip, zip, zstd …)."
        ),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            help="A data set instead: ml-100k, ml-1m, ml-latest-small, shop, or a folder."
        ),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="What the folder, archive or file of EVENTS holds, items and users among it, such "
            "as movielens, amazon-2023, yelp or mind; none: any files. Without it, a format is "
            "recognised where the names of the files give it away.",
        ),
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
            help="The kind of an attribute (number, category, tags, text or vector) of --items, "
            "such as summary=text, or of --users, such as user.age=number; without it, the kind is "
            "the one in the store, or inferred from the values.",
        ),
    ] = None,
    change_kind: Annotated[
        list[str] | None,
        typer.Option(
            help="An attribute of --items, or user.NAME of --users, whose stored values become "
            "ones of the kind that --attribute, or else the file, gives it."
        ),
    ] = None,
    separator: Annotated[
        list[str] | None,
        typer.Option(
            help="What is between the tags of an attribute, such as genres=, or user.tags=;",
        ),
    ] = None,
    long: Annotated[
        list[str] | None,
        typer.Option(
            help="--items has a property a row: the columns of id, property and value, such as "
            "itemid,property,value, or item,tag for one property; user:ID,… of --users.",
        ),
    ] = None,
    header: Header = None,
    columns: Columns = None,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    quotes: Quotes = True,
    kind: Annotated[
        str | None, typer.Option(help="Kind of all events; replaces a column of kinds.")
    ] = None,
    replace: Annotated[
        bool,
        typer.Option(
            help="The file of --items is the whole catalogue: items that it does not name are "
            "deleted with their events, once all is checked and you have agreed."
        ),
    ] = False,
    yes: Annotated[
        bool, typer.Option(help="Do not ask before --replace deletes, however many.")
    ] = False,
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
    rejects: Rejects = None,
    max_rejected: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="Share of bad rows above which nothing is written.",
            show_default="from the settings, 0.01",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read, check and report, and write nothing.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Write nothing where the report has warnings.")
    ] = False,
    accept: Annotated[
        list[str] | None,
        typer.Option(
            help="The code of a warning that is known to be right, and is not told; may be given "
            "several times."
        ),
    ] = None,
    store: StoreUrl = None,
    settings_file: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Load events, items, users and links into the graph store.

    All sources are checked in full before anything is written, and a report says what was taken
    for what, with warnings for what is doubtful. Bad rows go to files of rejects, with line number
    and reason. Loading a file again changes nothing: an event is identified by user, item, kind
    and time.

    **Example:** `graphrec ingest clicks.parquet --items products.csv --map user=customer`
    """
    settings = load_settings(settings_file)
    described = bool(mapping or columns or delimiter or encoding or kind or items or users)
    described |= header is not None or not quotes
    found = _data_set(events or (), form, dataset, settings, described)
    if found is not None and not dataset:
        events = None
    aside = rejects or settings.ingest.rejects
    limit = settings.ingest.max_rejected_share if max_rejected is None else max_rejected
    # A dry run reads on, so that its report is whole.
    limits = _with_options(
        settings.ingest,
        max_rejected_share=1.0 if dry_run else limit,
        time_unit=time_unit,
        time_format=time_format,
        day_first=day_first,
    )
    settled = known_codes(accept or ())
    edges = [links_option(option) for option in links or ()]
    named = {"events": events or sql, "item": items, "user": users}
    given = [name for name, source in named.items() if source] + [name for name, _, _ in edges]
    files = [name for name in given if name != "events" or events]
    text = text_files(header, columns or (), delimiter or (), encoding or (), quotes, files)
    log = _events(text.events(events or ()), sql, url)
    if log is None and not (found or items or users or links):
        raise SettingsError("ingest has nothing to load: name a file of events, or a --dataset")
    if replace and (items is None or found is not None):
        raise SettingsError(
            "--replace says that a file of items is the whole catalogue: expected --items FILE "
            "beside it, and no --dataset or --format; users are deleted with `graphrec forget`"
        )
    roles = by_source("--map", "user=COLUMN", mapping or (), "events", given)
    nodes_of = [name for name in given if name in ("item", "user")]
    kinds = kinds_of(by_source("--attribute", "title=text", attributes or (), "item", nodes_of))
    separators = by_source("--separator", "genres=,", separator or (), "item", nodes_of)
    changed = changed_kinds(change_kind or (), nodes_of)
    tables = long_tables(long or (), nodes_of)
    checked: dict[str, CheckedSource] = {}
    address = store or settings.store
    with (
        _existing(address, settings, none_yet=dry_run or strict) as graph,
        ExitStack() as shown,
        ExitStack() as opened,
    ):
        progress = shown.enter_context(progress_bars())
        if dry_run:
            aside = Path(opened.enter_context(TemporaryDirectory()))
        stays = frozenset({"user"}) if settings.privacy.refuse_forgotten else frozenset[str]()
        late = Late(graph.deleted, stays=stays) if graph else Late()
        stored = (
            {}
            if graph is None
            else {
                t: {
                    n: k for n, k in graph.attribute_kinds(t).items() if n not in changed.get(t, ())
                }
                for t in _types(found)
            }
        )
        if found is not None:
            checked |= opened.enter_context(
                checked_dataset(found, limits, aside, progress, settings.kinds, late, stored)
            )
        catalogue = None
        found_nodes: dict[str, CheckedSource] = {}
        for node_type, file in (("item", items), ("user", users)):
            if file is not None:
                column, table = tables.get(node_type, (None, None))
                mapped = roles.get(node_type) or ({"id": column} if column else None)
                nodes = checked_nodes(
                    node_type, text.file(node_type, file), limits, rejects_file(aside, file),
                    mapped, kinds.get(node_type), progress=progress, long=table,
                    known=stored.get(node_type), separators=separators.get(node_type),
                    late=late,
                )  # fmt: skip
                found_nodes[node_type] = opened.enter_context(nodes)
                late = late.but_for(node_type, found_nodes[node_type].back)
        if replace and graph:
            catalogue = replacement(graph, found_nodes["item"])
            late = late.outside(catalogue.kept)
        if log is not None:
            of_events = rejects_file(aside, (events or [Path("events")])[0])
            events_of = checked_events(
                log, limits, of_events, roles.get("events"), kind, progress, settings.kinds, late
            )
            checked[free("events", checked)] = opened.enter_context(events_of)
        checked |= {free(name, checked): nodes for name, nodes in found_nodes.items()}
        for name, edge_type, file in edges:
            pairs = checked_links(
                text.file(name, file), edge_type, limits, rejects_file(aside, file),
                roles.get(name), progress, late,
            )  # fmt: skip
            checked[free(name, checked)] = opened.enter_context(pairs)
        report = report_of(checked, settings.kinds, graph, settled, found.taken if found else None)
        refused = strict and report.doubts
        if graph is None and not (dry_run or refused):
            graph = opened.enter_context(open_store(address, settings.kinds, settings.neo4j))
        gone = () if catalogue is None else catalogue.removed
        reports, unlike = {}, {}
        if graph and not (dry_run or refused):
            if catalogue is not None and gone:
                shown.close()
                _confirm(catalogue, yes)
                progress = shown.enter_context(progress_bars())
            unlike = _change_kinds(graph, changed, checked)
            reports = write_all(graph, checked, progress, partial(graph.delete_items, gone))
            warn_of_names(settings, graph)
        counts = dict(graph.counts()) if graph else {}
    if as_json:
        loaded = {name: asdict(each) for name, each in reports.items()}
        removed = {} if catalogue is None else {"removed": len(gone)}
        print_json(
            {
                **report.as_dict(),
                "loaded": loaded,
                **removed,
                "store": counts,
                "dry_run": dry_run,
            }
        )
    else:
        show_data(report)
        for name, values in unlike.items():
            OUT.print(f"{values:,} values of {name} were removed: they are none of the new kind")
        if reports:
            show_reports(reports, counts)
        elif dry_run:
            show_rejects(report)
            OUT.print("Nothing was written: this was a dry run.")
        if catalogue is not None:
            done = "Removed" if reports else "Would remove"
            OUT.print(
                f"{done} {counted(len(gone), 'item')} that {items} does not name.", markup=False
            )
    if dry_run:
        stop_on_rejects(checked, limit)
    if strict:
        stop_on_doubts(report)


def _data_set(
    events: Sequence[Path],
    form: str | None,
    dataset: str | None,
    settings: Settings,
    described: bool,
) -> DataSet | None:
    """The data set that is named, of the format that is named, or that file names give away.

    `described` says that other options tell what the files are. Raises SettingsError for options
    that exclude one another, and DataError where a data set is not there.
    """
    if dataset is not None:
        if form is not None:
            raise SettingsError(
                "--format says what the files of EVENTS are, and --dataset names others: expected "
                "one of them; leave one out"
            )
        return open_dataset(dataset, settings.cache.expanduser(), seed=settings.seed)
    if form == PLAIN or len(events) != 1:
        if form not in (None, PLAIN):
            raise SettingsError(
                f"--format {form} is of one folder, archive or file: expected one path, found "
                f"{len(events)}; name the folder that holds the files"
            )
        return None
    if form is None:
        return None if described else recognised(events[0])
    if described:
        raise SettingsError(
            f"--format {form} says what all files are: expected no --items, --users, --map, "
            f"--columns, --delimiter, --encoding, --header, --no-quotes or --kind beside it; leave "
            f"them out, or the format"
        )
    return open_folder(events[0], form)


def _types(dataset: DataSet | None) -> tuple[str, ...]:
    """The types of nodes that may be loaded."""
    others = () if dataset is None else (each.node_type for each in dataset.nodes)
    return tuple(dict.fromkeys(("item", "user", *others)))


@contextmanager
def _existing(url: str, settings: Settings, *, none_yet: bool) -> Iterator[GraphStore | None]:
    """The store, made if need be; with `none_yet` None instead of one that would be made."""
    file = Path(url.removeprefix("sqlite:///"))
    if none_yet and url.startswith("sqlite:///") and not file.exists():
        yield None
        return
    with open_store(url, settings.kinds, settings.neo4j) as store:
        yield store


def _confirm(catalogue: Replacement, yes: bool) -> None:
    """Ask before items are deleted; raises SettingsError where that is not agreed to."""
    many = f"{len(catalogue.removed):,} of {counted(catalogue.before, 'item')}"
    if catalogue.share > MOST_REMOVED and not yes:
        raise SettingsError(
            f"--replace would delete {many} ({catalogue.share:.0%}) with their events: expected at "
            f"most {MOST_REMOVED:.0%}, and nothing was changed; see that the file is the whole "
            f"catalogue, then add --yes"
        )
    confirm(f"Delete {many}, with their events, such as {catalogue.removed[0]}?", yes)


def _change_kinds(
    store: GraphStore,
    changed: Mapping[str, Sequence[str]],
    checked: Mapping[str, CheckedSource],
) -> dict[str, int]:
    """Change the kinds of stored attributes; how many values were removed, where any were."""
    removed = {}
    for node_type, names in changed.items():
        kinds = {each.name: each.kind for each in checked[node_type].attributes}
        for name in names:
            if name not in kinds:
                raise SettingsError(
                    f"--change-kind {name!r}: expected an attribute of the file, one of "
                    f"{', '.join(kinds)}"
                )
            removed[name] = store.change_kind(node_type, name, kinds[name])
    return {name: values for name, values in removed.items() if values}


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


def _events(
    files: File | Files | None, sql: str | None, url: str | None
) -> File | Files | Query | None:
    if (sql is None) != (url is None) or (files and sql):
        raise SettingsError("events come from a file, or from --sql together with --url")
    if sql is not None and url is not None:
        return Query(url, sql)
    return files


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
        if report.replaced:
            OUT.print(
                f"  {name}: merged {counted(report.replaced, 'row')} with the same user, item, "
                f"kind and time: the last one counts; same_time of a kind adds them up",
                markup=False,
            )
        if report.added:
            OUT.print(
                f"  {name}: merged {counted(report.added, 'row')} with the same user, item, kind "
                f"and time: their values are added up",
                markup=False,
            )
        for reason, rows_of in report.reasons.items():
            OUT.print(f"  {name}: {rows_of:,} × {reason}; see {report.rejects}", markup=False)
    OUT.print(f"In the store: {all_counted(counts)}", markup=False)
