"""The command line, run in a folder of its own as the installed script runs it."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from graphrec.cli.main import main

from tests.support.small_data import ratings

TOML = """
[evaluation]
resamples = 20
valid_cuts = 1
[models.mf]
dim = 8
epochs = 2
[models.graphsage]
dim = 8
epochs = 2
negatives = 20
"""


@dataclass(frozen=True)
class Answer:
    """What a command said."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        assert self.code == 0, self.err
        return json.loads(self.out)


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def graphrec(folder: Path, *arguments: str | Path, entry: Callable[[], None] = main) -> Answer:
    """Run a command with `folder` as the working folder, as the installed script does."""
    # A stream of bytes underneath, as a real one has: JSON is written to it.
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    environment = {k: v for k, v in os.environ.items() if not k.upper().startswith("GRAPHREC_")}
    with (
        inside(folder),
        patch.dict(os.environ, {**environment, "COLUMNS": "160"}, clear=True),
        patch.object(sys, "argv", ["graphrec", *map(str, arguments)]),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            entry()
            code = 0
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    return Answer(code, *(said.buffer.getvalue().decode() for said in (out, err)))  # type: ignore[attr-defined]


def error_line(answer: Answer) -> str:
    """The one line that a failed command says, however wide the terminal is."""
    [line] = answer.err.splitlines()
    assert line.startswith("error: ")
    return line


def write_csv(path: Path, header: str, rows: list[Any]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header.split(","), *rows])
    return path


GENRES = ("Comedy|Crime", "Drama")


def title(item: str) -> str:
    return f"The {item[1:]}th Film"


def fill(folder: Path) -> Path:
    """A folder with settings, events and items, and nothing loaded."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "graphrec.toml").write_text(TOML)
    write_csv(folder / "events.csv", "user,item,rating,timestamp", ratings())
    items = sorted({item for _, item, _, _ in ratings()})
    rows = [(item, title(item), GENRES[int(item[1:]) % 2]) for item in items]
    write_csv(folder / "items.csv", "item,title,genres", rows)
    return folder
