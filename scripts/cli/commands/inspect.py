"""`graphrec inspect` describes the graph in the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from graphrec.cli.ingest_report import (
    show_data,
)
from graphrec.cli.options import AsJson, SettingsFile, StoreUrl
from graphrec.cli.output import OUT, print_json, print_table
from graphrec.cli.settings import load_settings
from graphrec.ingest.stored import stored_report

from graphrec.data.inspect import GraphReport, describe, neighbourhood, write_graphml
from graphrec.data.weighting import weigh
from graphrec.errors import SettingsError
from graphrec.store import open_store


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

    And what the store holds: kinds of events and what they count as, attributes, times, ids, with
    warnings for what is doubtful.

    **Example:** `graphrec inspect --user 42 --graphml around-42.graphml`
    """
    settings = load_settings(settings_file)
    if (user is None) != (graphml is None):
        raise SettingsError("--user and --graphml go together: give both, or neither")
    source = open_store(store or settings.store, settings.kinds, settings.neo4j, create=False)
    with source as opened:
        recorded = opened.read_graph()
    graph = weigh(recorded, settings.kinds)
    report = describe(graph)
    data = stored_report(recorded, settings.kinds, "the store")
    if as_json:
        links = {" ".join(edge_type): count for edge_type, count in report.links.items()}
        print_json({**asdict(report), "links": links, **data.as_dict()})
    else:
        _show_graph(report)
        show_data(data)
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
