"""Output of the commands: tables, JSON, progress bars, errors."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import orjson
import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.progress import (
    Progress as Bars,
)
from rich.table import Table

from graphrec.locks import Holder
from graphrec.progress import Progress

CONTROL = (*range(9), *range(11, 32), *range(0x7F, 0xA0), *range(0x202A, 0x202F),
           *range(0x2066, 0x206A))  # fmt: skip
"""Code points that a terminal obeys instead of showing them, but for tabs and line ends: C0, C1 and
those that turn the direction of text."""

SHOWN = {each: f"\\u{each:04x}" for each in CONTROL}


class SafeConsole(Console):
    """A console on which text is shown and never obeyed: titles and ids are anybody's."""

    def print(self, *objects: Any, **options: Any) -> None:
        """As rich's, with control characters of texts written by their numbers."""
        shown = (each.translate(SHOWN) if isinstance(each, str) else each for each in objects)
        super().print(*shown, **options)


OUT = SafeConsole(highlight=False)
ERR = SafeConsole(stderr=True, highlight=False)


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
    typer.echo(orjson.dumps(value, option=options, default=_plain).decode().translate(SHOWN))


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; columns of numbers are right-aligned and do not wrap."""
    table = Table(
        title=escape(title.translate(SHOWN)),
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for at, column in enumerate(columns):
        numeric = all(row[at][:1].isdigit() or row[at] in ("", "–") for row in rows)
        table.add_column(column, justify="right" if numeric else "left", no_wrap=numeric or at == 0)
    for row in rows:
        table.add_row(*(escape(cell.translate(SHOWN)) for cell in row))
    OUT.print(table)


def warn(about: str, said: str) -> None:
    """Print a warning on standard error."""
    ERR.print(f"[yellow]warning:[/] {escape(about)}: {escape(said)}", soft_wrap=True)


def tell_waiting(holder: Holder) -> None:
    """Print for whom a command waits, on standard error."""
    ERR.print(f"Waiting for {escape(str(holder))} …", soft_wrap=True)


@contextmanager
def progress_bars() -> Iterator[Progress]:
    """A bar for each stage, on standard error, so that standard output stays clean."""
    with Bars(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=ERR,
        transient=True,
        disable=not ERR.is_terminal,
    ) as bars:
        tasks: dict[str, Any] = {}

        def progress(stage: str, done: int, total: int | None) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage)
            bars.update(tasks[stage], completed=done, total=total)

        yield progress


@contextmanager
def stages() -> Iterator[Progress]:
    """The bars of `progress_bars` where somebody watches; else a line as each stage begins.

    So the log of a job, such as of cron or CI, shows what it is at, and since when.
    """
    if ERR.is_terminal:
        with progress_bars() as bars:
            yield bars
        return
    began, seen = time.monotonic(), set[str]()

    def progress(stage: str, done: int, total: int | None) -> None:
        if stage not in seen:
            seen.add(stage)
            ERR.print(f"{time.monotonic() - began:7.1f} s  {escape(stage)}", soft_wrap=True)

    yield progress


@contextmanager
def stage(progress: Progress, name: str) -> Iterator[None]:
    """A stage of which only its beginning and its end are known."""
    progress(name, 0, None)
    yield
    progress(name, 1, 1)
