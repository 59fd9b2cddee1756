"""`graphrec benchmark`: measurements on your data and this machine, a file each."""

from __future__ import annotations

import typer

from scripts.commands.benchmark.chaos import chaos
from scripts.commands.benchmark.fold_in import fold_in
from scripts.commands.benchmark.quality import quality
from scripts.commands.benchmark.refresh import refresh
from scripts.commands.benchmark.serve import serve
from scripts.commands.benchmark.stores import stores

benchmark = typer.Typer(no_args_is_help=True, help="Measure, on your data and this machine.")
benchmark.command()(quality)
benchmark.command()(serve)
benchmark.command()(stores)
benchmark.command()(refresh)
benchmark.command("fold-in")(fold_in)
benchmark.command()(chaos)
