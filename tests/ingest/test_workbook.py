"""Excel workbooks: the sheets of a table, and what says so where they cannot be read."""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest
from graphrec.ingest.datasets import checked_dataset, open_folder
from graphrec.ingest.sources import File

from graphrec.errors import DataError
from graphrec.settings import IngestSettings
from tests.support.sources import lines, opened, rows, write, zipped

HEAD = ("user", "item", "when")
DAY = datetime(2010, 12, 1, 8, 26)  # noqa: DTZ001 - cells have no zone


def book(sheets: Mapping[str, Sequence[Sequence[object]]]) -> bytes:
    found = openpyxl.Workbook()
    found.remove(found.active)
    for title, cells in sheets.items():
        sheet = found.create_sheet(title)
        for row in cells:
            sheet.append(list(row))
    content = io.BytesIO()
    found.save(content)
    return content.getvalue()


TWO = book(
    {
        "2009": [HEAD, (17850.0, "85123A", DAY), (), (17851, 71053, "soon")],
        "Notes": [("about",), ("nothing",)],
        "2010": [HEAD, (1, "x", None)],
    }
)


@pytest.mark.parametrize("name", ["log.xlsx", "log"])
def test_sheets_with_the_same_columns_are_one_table(tmp_path: Path, name: str) -> None:
    file = File(write(tmp_path, name, TWO))
    assert rows(file, 10) == [
        (17850, "85123A", "2010-12-01 08:26:00"),
        (17851, "71053", "soon"),
        (1, "x", None),
    ]
    assert lines(file) == [2, 4, 2]
    read = opened(file).read_as
    assert read.format == "Excel workbook"
    assert "sheets with other columns are not read: Notes" in read.notes


def test_a_workbook_in_an_archive(tmp_path: Path) -> None:
    content = book({"a": [HEAD, ("u", "i", DAY)]})
    assert rows(File(write(tmp_path, "a.zip", zipped({"a.xlsx": content})))) == [
        ("u", "i", "2010-12-01 08:26:00")
    ]


def test_online_retail_as_it_is_published(tmp_path: Path) -> None:
    head = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice")
    content = book(
        {
            "Online Retail": [
                (*head, "CustomerID", "Country"),
                (536365, "85123A", "HEART", 6, DAY, 2.55, 17850, "United Kingdom"),
                ("C536379", 71053, "LANTERN", -1, DAY, 2.55, 17850, "United Kingdom"),
                (536414, 22139, None, 56, DAY, 0, None, "United Kingdom"),
            ]
        }
    )
    path = write(tmp_path, "online+retail.zip", zipped({"Online Retail.xlsx": content}))
    with checked_dataset(open_folder(path), IngestSettings(), None) as checked:
        found = [row for batch in checked["events"].spool.batches() for row in batch.to_pylist()]
        assert checked["events"].spool.passed == {"no customer": 1}
    assert [(r["user"], r["item"], r["weight"], r["kind"]) for r in found] == [
        ("17850", "85123A", 6.0, "purchase"),
        ("17850", "71053", 1.0, "return"),
    ]
    assert {row["time"] for row in found} == {1291191960000}


def test_without_openpyxl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, "log.xlsx", TWO)
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(DataError, match=r"is an Excel workbook.*save it as CSV.*graphrec\[excel\]"):
        opened(File(path))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (book({"a": []}), "has no rows"),
        (zipped({"xl/workbook.xml": b""}), "cannot be read as an Excel workbook"),
    ],
)
def test_a_workbook_of_nothing(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        opened(File(write(tmp_path, "log.xlsx", content)))
