"""`graphrec benchmark`: the benchmarks of a checkout, which are no part of the package."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import typer

import graphrec
from graphrec.errors import SettingsError

ROOT = Path(graphrec.__file__).resolve().parents[1]
"""Of the checkout, where the package is used from one."""


def benchmark(context: typer.Context) -> None:
    """Run a benchmark on your data and machine, from a checkout of graphrec.

    `graphrec benchmark` alone lists them; a name and its options go to `python -m
    scripts.benchmark`.

    **Examples:** `graphrec benchmark quality --help`, `graphrec benchmark shop --json shop.json`
    """
    if not (ROOT / "scripts" / "benchmark").is_dir():
        raise SettingsError(
            f"benchmarks are no part of the installed package in {str(ROOT)!r}: expected a "
            f"checkout of graphrec; clone it, and install it from there with `pip install -e .`"
        )
    before = os.environ.get("PYTHONPATH")
    path = os.pathsep.join([str(ROOT), *([before] if before else [])])
    command = [sys.executable, "-m", "scripts.benchmark", *(context.args or ["--help"])]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, check=False)  # noqa: S603
    raise typer.Exit(done.returncode)
