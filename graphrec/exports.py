"""Rows for very many ids, such as the lists of all users, into one file: block by block.

Each block is written as a part of its own, so that memory stays the same however many there are,
and an export that was stopped goes on where it was::

    lists.parquet.parts/
    ├── plan.json        what is exported: with another plan, all begins anew
    ├── 00000.part       the rows of the first block, in the format of the file
    └── …

The parts become the file in the end, in one step.
"""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import orjson

from graphrec.errors import DataError, MissingExtra
from graphrec.files import make_folder, replace_file
from graphrec.progress import Progress

FORMATS = ("parquet", "csv", "jsonl")
"""By the end of the name of the file."""

BLOCK = 2_000
"""Ids of a part."""

Row: TypeAlias = Mapping[str, Any]
Columns: TypeAlias = Mapping[str, str]
"""The columns of the rows, with their types: int, float, text or texts."""

Blocks: TypeAlias = Callable[[Sequence[tuple[int, Sequence[str]]]], Iterator[tuple[int, list[Row]]]]
"""Gives the rows of numbered blocks of ids, each with its number."""


def format_of(path: Path) -> str:
    """The format that the name of a file says; raises DataError."""
    found = path.suffix.removeprefix(".").lower()
    if found not in FORMATS:
        raise DataError(
            f"{str(path)!r} has no format that is written: expected a name that ends in "
            f"{', '.join('.' + each for each in FORMATS)}; name the file so"
        )
    if found == "parquet":
        try:
            import_module("pyarrow.parquet")
        except ModuleNotFoundError as error:
            raise MissingExtra("Parquet files", error.name or "pyarrow", "ingest") from error
    return found


def export_rows(
    path: Path,
    ids: Sequence[str],
    columns: Columns,
    rows_of: Blocks,
    plan: Mapping[str, Any],
    *,
    block: int = BLOCK,
    progress: Progress | None = None,
) -> tuple[int, int]:
    """Write the rows of all ids; returns how many rows there are, and how many ids were there.

    `plan` says all that the rows depend on: where it is that of the parts that are left of an
    export that was stopped, they are used. Raises OSError where the file cannot be written, and
    DataError for its name.
    """
    made = format_of(path)
    parts = path.with_name(f"{path.name}.parts")
    blocks = [tuple(islice(ids, at, at + block)) for at in range(0, len(ids), block)]
    _begin(parts, {**plan, "columns": dict(columns), "ids": len(ids), "block": block})
    done = {at for at in range(len(blocks)) if _part(parts, at).exists()}
    before = sum(len(blocks[at]) for at in done)
    count = before
    waiting = [(at, each) for at, each in enumerate(blocks) if at not in done]
    if progress:
        progress("exporting", count, len(ids))
    for at, rows in rows_of(waiting):
        replace_file(_part(parts, at), _encoded(rows, columns, made))
        count += len(blocks[at])
        if progress:
            progress("exporting", count, len(ids))
    rows_written = _joined(path, [_part(parts, at) for at in range(len(blocks))], columns, made)
    shutil.rmtree(parts)
    return rows_written, before


def _begin(parts: Path, plan: Mapping[str, Any]) -> None:
    written, note = orjson.dumps(plan, option=orjson.OPT_SORT_KEYS), parts / "plan.json"
    if note.exists() and note.read_bytes() == written:
        return
    if parts.exists():
        if not note.exists() and any(parts.iterdir()):
            raise DataError(
                f"{str(parts)!r} holds files that are no parts of an export: expected a folder "
                f"that is free; move them, or name another file"
            )
        shutil.rmtree(parts)
    make_folder(parts)
    replace_file(note, written)


def _part(parts: Path, number: int) -> Path:
    return parts / f"{number:05d}.part"


def _encoded(rows: Sequence[Row], columns: Columns, made: str) -> bytes:
    if made == "jsonl":
        return b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)
    if made == "csv":
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        for row in rows:
            writer.writerow([_cell(row.get(name)) for name in columns])
        return text.getvalue().encode()
    sink = io.BytesIO()
    import_module("pyarrow.parquet").write_table(_table(rows, columns), sink)
    return sink.getvalue()


def _joined(path: Path, parts: Sequence[Path], columns: Columns, made: str) -> int:
    """Put parts together as the file, in one step; returns the number of rows."""
    draft, count = path.with_name(f".{path.name}.draft"), 0
    try:
        if made == "parquet":
            parquet = import_module("pyarrow.parquet")
            with parquet.ParquetWriter(str(draft), _schema(columns)) as writer:
                for part in parts:
                    table = parquet.read_table(str(part))
                    count += table.num_rows
                    writer.write_table(table)
        else:
            with draft.open("wb") as file:
                if made == "csv":
                    file.write((",".join(columns) + "\n").encode())
                for part in parts:
                    content = part.read_bytes()
                    count += _records(content, made)
                    file.write(content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return count


def _records(content: bytes, made: str) -> int:
    if made == "jsonl":
        return content.count(b"\n")
    return sum(1 for _ in csv.reader(io.StringIO(content.decode(), newline="")))


def _cell(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return "|".join(map(str, value))
    return "" if value is None else value


def _schema(columns: Columns) -> Any:
    arrow = import_module("pyarrow")
    types = {
        "int": arrow.int64(),
        "float": arrow.float64(),
        "text": arrow.string(),
        "texts": arrow.list_(arrow.string()),
        "floats": arrow.list_(arrow.float32()),
    }
    return arrow.schema([(name, types[kind]) for name, kind in columns.items()])


def _table(rows: Sequence[Row], columns: Columns) -> Any:
    values = {name: [row.get(name) for row in rows] for name in columns}
    return import_module("pyarrow").table(values, schema=_schema(columns))
