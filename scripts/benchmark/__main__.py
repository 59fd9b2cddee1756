"""`python -m scripts.benchmark COMMAND`: measurements on your data and this machine, a file
each.
"""

from __future__ import annotations

import typer
from graphrec.cli.main import run

from scripts.benchmark.commands.chaos import chaos
from scripts.benchmark.commands.fold_in import fold_in
from scripts.benchmark.commands.ingest import ingest
from scripts.benchmark.commands.policy import policy
from scripts.benchmark.commands.quality import quality
from scripts.benchmark.commands.ratings import ratings
from scripts.benchmark.commands.refresh import refresh
from scripts.benchmark.commands.scale import scale
from scripts.benchmark.commands.serve import serve
from scripts.benchmark.commands.shop import shop
from scripts.benchmark.commands.stores import stores
from scripts.benchmark.commands.stream import stream

benchmark = typer.Typer(no_args_is_help=True, help="Benchmarks on your data and machine.")
benchmark.command()(quality)
benchmark.command()(ratings)
benchmark.command()(serve)
benchmark.command()(stores)
benchmark.command()(ingest)
benchmark.command()(refresh)
benchmark.command("fold-in")(fold_in)
benchmark.command()(scale)
benchmark.command()(shop)
benchmark.command()(chaos)
benchmark.command()(stream)
benchmark.command()(policy)


def main() -> None:
    """Run a command; an error that graphrec raises on purpose is one line, and exit status 1."""
    run(benchmark)


if __name__ == "__main__":
    main()
