"""Reading a source that is wanted in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from graphrec.ingest.read import told_apart, with_links
from graphrec.ingest.sources import File
from hypothesis import given
from hypothesis import strategies as st

from graphrec.data import Graph, Interactions
from graphrec.errors import DataError
from graphrec.settings import IngestSettings


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 6)), min_size=1, max_size=30))
def test_equal_times_of_a_user_are_told_apart_and_nothing_changes_places(
    events: list[tuple[int, int]],
) -> None:
    user, time = (np.array(column, np.int64) for column in zip(*events, strict=True))
    found = told_apart(user.astype(np.int32), time)
    assert (found >= time).all()
    for each in np.unique(user):
        mine = found[user == each]
        assert len(np.unique(mine)) == len(mine)
        before = np.argsort(time[user == each], kind="stable")
        np.testing.assert_array_equal(np.argsort(mine), before)
        apart = np.diff(np.sort(time[user == each]), prepend=-9) > 30
        assert (np.sort(mine)[apart] == np.sort(time[user == each])[apart]).all()


GRAPH = Graph(Interactions.of(["u", "u", "v"], ["a", "b", "b"]))


def linked(folder: Path, text: str, relation: str | None = "by") -> Graph:
    file = folder / "links.csv"
    file.write_text(text)
    edge_type = ("item", relation, "brand")
    return with_links(GRAPH, [(edge_type, File(file))], IngestSettings(), folder / "rejects.csv")


def test_links_of_a_file_lead_to_nodes_of_their_own(tmp_path: Path) -> None:
    found = linked(tmp_path, "item,brand\nb,acme\na,zeta\nb,zeta\nunknown,acme\nunknown,solo\n")
    assert found.others["brand"].ids == ("acme", "zeta")
    links = found.links["item", "by", "brand"]
    assert list(zip(links.source.tolist(), links.target.tolist(), strict=True)) == [
        (0, 1),
        (1, 0),
        (1, 1),
    ]
    assert found.items is GRAPH.items


def test_a_knowledge_graph_names_the_relation_of_each_row(tmp_path: Path) -> None:
    found = linked(tmp_path, "head,relation,tail\na,by,acme\na,like,zeta\nc,by,x\n", None)
    assert {relation for _, relation, _ in found.links} == {"by", "like"}


def test_links_of_unknown_items_alone_are_none(tmp_path: Path) -> None:
    found = linked(tmp_path, "item,brand\nc,acme\n")
    assert (found.links, found.others) == ({}, {})


def test_a_file_without_links_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"links\.csv"):
        linked(tmp_path, "nothing\nhere\n")
