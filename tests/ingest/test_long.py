"""Tables with one property a row."""

from __future__ import annotations

from pathlib import Path

import pytest
from graphrec.ingest.collected import Collected
from graphrec.ingest.load import checked_nodes, write_all
from graphrec.ingest.long import LongTable, long_table
from graphrec.ingest.sources import File

from graphrec.data import Attribute
from graphrec.errors import DataError, SettingsError
from graphrec.settings import IngestSettings


def loaded(
    path: Path, *lines: str, long: LongTable | None = None, size: int = 1000
) -> tuple[dict[str, Attribute], LongTable | None, int]:
    """The attributes of the items of a file, how rows were gathered, and rejected rows."""
    path.write_text("\n".join(lines) + "\n")
    settings = IngestSettings(batch_rows=size, max_rejected_share=1)
    into = Collected()
    with checked_nodes(
        "item", File(path), settings, path.with_suffix(".rejects"), long=long
    ) as checked:
        report = write_all(into, {"item": checked})["item"]
    return dict(into.graph().attributes.get("item", {})), report.gathered, report.rejected


PROPERTIES = ("item,property,value", "a,color,red", "b,color,blue", "a,price,3", "b,price,4.5",
              "a,tag,x", "a,tag,y", "b,tag,x")  # fmt: skip


@pytest.mark.parametrize("size", [1, 2, 1000])
def test_properties_become_columns(tmp_path: Path, size: int) -> None:
    long = LongTable("value", "property")
    found, gathered, _ = loaded(tmp_path / "x.csv", *PROPERTIES, long=long, size=size)
    assert found == {
        "color": Attribute("category", ("red", "blue")),
        "price": Attribute("number", (3.0, 4.5)),
        "tag": Attribute("tags", (("x", "y"), ("x",))),
    }
    assert gathered == long


def test_they_are_recognised_where_ids_repeat(tmp_path: Path) -> None:
    assert loaded(tmp_path / "x.csv", *PROPERTIES)[1] == LongTable("value", "property")
    found, gathered, _ = loaded(tmp_path / "t.csv", "item,tag", "a,x", "b,x", "a,y", "b,z", "c,x")
    assert found == {"tag": Attribute("tags", (("x", "y"), ("x", "z"), ("x",)))}
    assert gathered == LongTable("tag")


@pytest.mark.parametrize(
    "lines",
    [
        ("item,color", "a,red", "b,blue", "a,green"),  # one row was corrected
        ("item,price", "a,1", "a,2", "b,3", "b,4"),  # prices that changed
        ("item,tag", "a,x", "b,x"),
    ],
)
def test_other_tables_are_not_gathered(tmp_path: Path, lines: tuple[str, ...]) -> None:
    found, gathered, _ = loaded(tmp_path / "x.csv", *lines)
    assert gathered is None
    assert all(each.kind != "tags" for each in found.values())


def test_the_latest_value_counts_where_there_are_times(tmp_path: Path) -> None:
    found, _, rejected = loaded(
        tmp_path / "x.csv",
        "timestamp,itemid,property,value",
        "1433041200,a,color,red",
        "1433645999,b,color,blue",
        "1433645999,a,color,green",
        "1433041200,b,color,red",
        "soon,a,color,black",
        "1433041200,,color,red",
    )
    assert found == {"color": Attribute("category", ("green", "blue"))}
    assert rejected == 2


def test_the_option() -> None:
    assert long_table(["item", "property", "value"]) == ("item", LongTable("value", "property"))
    assert long_table(["item", "tag"]) == ("item", LongTable("tag"))
    with pytest.raises((DataError, SettingsError), match="expected id,property,value"):
        long_table(["item"])


def test_columns_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"column 'val' of .* is not there"):
        loaded(tmp_path / "x.csv", "item,tag", "a,x", long=LongTable("val"))
