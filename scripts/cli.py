"""The command line: `graphrec --help`."""

from __future__ import annotations

import typer
from rich.markup import escape

from graphrec.errors import GraphrecError
from scripts.commands.benchmark import benchmark
from scripts.commands.data import ingest, inspect
from scripts.commands.demo import demo
from scripts.commands.models import evaluate, train
from scripts.commands.queries import explain, recommend, related
from scripts.commands.serve import serve
from scripts.output import ERR

app = typer.Typer(
    name="graphrec",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="Recommendations from a graph of interactions, each with its reason.\n\n"
    "**Try it:** `graphrec demo`. **Your data:** `graphrec ingest events.csv --items items.csv`, "
    "`graphrec train`, `graphrec recommend USER`, `graphrec serve`.\n\n"
    "Settings come from `graphrec.toml` and `GRAPHREC_…` variables; options win over both.",
)
for command in (demo, ingest, inspect, train, evaluate, recommend, related, explain, serve):
    app.command()(command)
app.add_typer(benchmark, name="benchmark")


def main() -> None:
    """Run a command; an error that graphrec raises on purpose is one line, and exit status 1."""
    try:
        app()
    except GraphrecError as error:
        ERR.print(f"[bold red]error:[/] {escape(str(error))}")
        raise SystemExit(1) from error
