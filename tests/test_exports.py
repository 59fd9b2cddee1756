"""Exports in parts: the same file in every format, and after a stop."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from graphrec.errors import DataError
from graphrec.exports import Row, export_rows

COLUMNS = {"user": "text", "rank": "int", "score": "float", "tags": "texts"}
IDS = tuple(f"u{n}" for n in range(23))


def rows_of(blocks: Sequence[tuple[int, Sequence[str]]]) -> Iterator[tuple[int, list[Row]]]:
    for at, block in blocks:
        yield (
            at,
            [
                {"user": user, "rank": rank, "score": rank / 2, "tags": ["a", 'b,"c"']}
                for user in block
                for rank in (1, 2)
            ],
        )


def read(path: Path) -> list[tuple[str, int]]:
    if path.suffix == ".jsonl":
        rows: list[dict[str, Any]] = [json.loads(line) for line in path.read_text().splitlines()]
    elif path.suffix == ".csv":
        with path.open(newline="") as file:
            rows = [*csv.DictReader(file)]
        assert rows[0]["tags"] == 'a|b,"c"'
    else:
        parquet = pytest.importorskip("pyarrow.parquet")
        rows = parquet.read_table(str(path)).to_pylist()
        assert rows[0]["tags"] == ["a", 'b,"c"']
    return [(row["user"], int(row["rank"])) for row in rows]


@pytest.mark.parametrize("end", ["csv", "jsonl", "parquet"])
def test_all_rows_in_order(tmp_path: Path, end: str) -> None:
    path = tmp_path / f"lists.{end}"
    assert export_rows(path, IDS, COLUMNS, rows_of, {}, block=5) == (46, 0)
    assert read(path) == [(user, rank) for user in IDS for rank in (1, 2)]
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


class StoppedError(Exception):
    pass


@pytest.mark.parametrize("end", ["csv", "jsonl", "parquet"])
def test_goes_on_where_it_was_stopped(tmp_path: Path, end: str) -> None:
    path, asked = tmp_path / f"lists.{end}", list[int]()

    def until(last: int) -> Any:
        def some(blocks: Sequence[tuple[int, Sequence[str]]]) -> Iterator[tuple[int, list[Row]]]:
            for at, block in blocks:
                if at == last:
                    raise StoppedError
                asked.append(at)
                yield from rows_of([(at, block)])

        return some

    with pytest.raises(StoppedError):
        export_rows(path, IDS, COLUMNS, until(2), {"version": "a"}, block=5)
    assert not path.exists()
    assert export_rows(path, IDS, COLUMNS, until(-1), {"version": "a"}, block=5) == (46, 10)
    assert asked == [0, 1, 2, 3, 4]
    assert read(path) == [(user, rank) for user in IDS for rank in (1, 2)]


def test_another_plan_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "lists.jsonl"
    with pytest.raises(StoppedError):
        export_rows(path, IDS, COLUMNS, _stopping, {"version": "a"}, block=5)
    assert export_rows(path, IDS, COLUMNS, rows_of, {"version": "b"}, block=5) == (46, 0)


def _stopping(blocks: Sequence[tuple[int, Sequence[str]]]) -> Iterator[tuple[int, list[Row]]]:
    yield from rows_of(blocks[:1])
    raise StoppedError


def test_nothing_of_others_is_deleted(tmp_path: Path) -> None:
    path = tmp_path / "lists.jsonl"
    (tmp_path / "lists.jsonl.parts").mkdir()
    (tmp_path / "lists.jsonl.parts" / "mine.txt").write_text("mine")
    with pytest.raises(DataError, match="no parts of an export"):
        export_rows(path, IDS, COLUMNS, rows_of, {})
    with pytest.raises(DataError, match=r"\.parquet, \.csv, \.jsonl"):
        export_rows(tmp_path / "lists.xlsx", IDS, COLUMNS, rows_of, {})
