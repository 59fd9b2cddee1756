"""The command line: `graphrec --help`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Annotated

import typer
from graphrec.cli.output import ERR
from rich.markup import escape

import graphrec
from graphrec.errors import GraphrecError, MissingExtra, missing_extra

COMMANDS = {
    "demo": "demo",
    "ingest": "ingest",
    "consume": "consume",
    "inspect": "inspect",
    "export": "export",
    "train": "models",
    "refresh": "refresh",
    "promote": "refresh",
    "rollback": "refresh",
    "evaluate": "models",
    "tune": "tune",
    "recommend": "queries",
    "placement": "placements",
    "related": "queries",
    "explain": "queries",
    "predict": "queries",
    "cypher": "queries",
    "report": "report",
    "forget": "forget",
    "events": "events",
    "items": "items",
    "users": "users",
    "serve": "serve",
    "dump": "backup",
    "restore": "backup",
    "upgrade": "upgrade",
    "doctor": "doctor",
    "compare": "compare",
    "spark": "spark",
    "benchmark": "benchmark",
    "experiment": "experiment",
    "policy": "policy",
    "keys": "keys",
}
"""By name, the module of `graphrec.cli.commands` that has the function, or the group of
commands."""

PASS_ON = {"allow_extra_args": True, "allow_interspersed_args": False}
"""Of a command that gives all from its first argument on to another program."""


def command_line(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """The commands `names`. Only their modules are imported, so that serving stays light."""
    app = typer.Typer(
        name="graphrec",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode="markdown",
        pretty_exceptions_enable=False,
        help="Recommendations from a graph of interactions, with reasons.\n\n"
        "**Try it:** `graphrec demo`. **Your data:** `graphrec ingest events.csv --items "
        "items.csv`, `graphrec train`, `graphrec recommend USER`, `graphrec serve`.\n\n"
        "Settings come from `graphrec.toml` and `GRAPHREC_…` variables; options win over both.",
    )
    app.callback()(options)  # a command keeps its name even where it is the only one
    for name in names:
        try:
            module = import_module(f"graphrec.cli.commands.{COMMANDS[name]}")
        except ModuleNotFoundError as error:
            _add_unavailable(app, name, missing_extra(f"`graphrec {name}`", error))
            continue
        command = getattr(module, name)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name, context_settings=PASS_ON if name == "benchmark" else None)(command)
    return app


def show_version(wanted: bool) -> None:
    """Print the version and end, where `wanted`."""
    if wanted:
        typer.echo(f"graphrec {graphrec.__version__}")
        raise typer.Exit


def options(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", is_eager=True, callback=show_version),
    ] = False,
) -> None:
    """Options that stand before a command."""


def _add_unavailable(app: typer.Typer, name: str, reason: MissingExtra) -> None:
    """A command whose extra is not installed: help lists it, running it raises `reason`."""

    @app.command(
        name,
        short_help="Not available: its extra is not installed.",
        help=str(reason),
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )
    def unavailable() -> None:
        raise reason


def main() -> None:
    """Run a command of `graphrec`."""
    named = sys.argv[1:2]
    if named == ["--version"]:
        named = ["doctor"]  # any one: none is run, and all would take a second to import
    run(command_line(named if named and named[0] in COMMANDS else COMMANDS))


def run(command: Callable[[], None]) -> None:
    """Run a command; an error that graphrec raises on purpose is one line, and exit status 1."""
    try:
        try:
            command()
        except ModuleNotFoundError as error:
            raise missing_extra("this command", error) from error
    except GraphrecError as error:
        ERR.print(f"[bold red]error:[/] {escape(str(error))}", soft_wrap=True)
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
