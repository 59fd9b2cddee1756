"""A number that cannot be used fails alone, by its line, and a refresh never dies of one."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from graphrec.ingest.load import load_events, load_links, load_nodes
from graphrec.ingest.sources import File

from graphrec.data.dataset import Dataset
from graphrec.data.features import feature_matrix
from graphrec.settings import IngestSettings
from graphrec.store import GraphStore, open_store

ALL = IngestSettings(max_rejected_share=1)
GOOD = "".join(f"u{n},i{n % 5},1,160000000{n % 10},view\n" for n in range(40))
HEAD = "user,item,weight,time,kind\n"


@pytest.fixture
def store(tmp_path: Path) -> GraphStore:
    return open_store(f"sqlite:///{tmp_path / 'graph.db'}")


@pytest.mark.parametrize("weight", ["inf", "-inf", "nan", "1e308", "1e39", "-1", "-1e30", "1,5x"])
def test_a_weight_that_is_none_is_set_aside_by_its_line(
    weight: str, store: GraphStore, tmp_path: Path
) -> None:
    file = tmp_path / "log.csv"
    file.write_text(f'{HEAD}{GOOD}bot,i1,"{weight}",1600000000,view\n')
    with store:
        report = load_events(store, File(file), ALL, tmp_path / "rejects.csv")
        assert (report.accepted, sum(report.reasons.values())) == (40, 1)
        assert report.rejects is not None
        [_, [line, reason, _]] = csv.reader(report.rejects.open(newline=""))
        assert line == "42"
        assert "weight" in reason
        assert "bot" not in store.read_graph().users.ids


@pytest.mark.parametrize("time", ["-62135596800", "99999999999999999999", "0.5e-300", "NaN"])
def test_so_is_a_time(time: str, store: GraphStore, tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text(f"{HEAD}{GOOD}bot,i1,1,{time},view\n")
    with store:
        report = load_events(store, File(file), ALL, tmp_path / "rejects.csv")
        graph = Dataset(store.read_graph()).weighted
    assert report.accepted >= 40
    assert graph.matrix.data.max() == 1


@pytest.mark.parametrize("price", ["1e308", "-1e308", "inf", "1e39", "3e38"])
def test_a_price_that_is_none_is_left_out_of_its_row(
    price: str, store: GraphStore, tmp_path: Path
) -> None:
    file = tmp_path / "items.csv"
    file.write_text("item_id,price\n" + "".join(f"i{n},{n}.5\n" for n in range(40)) + f"x,{price}")
    with store:
        load_nodes(store, "item", File(file), ALL, tmp_path / "rejects.csv")
        graph = store.read_graph()
    assert len(graph.items) == 41
    features = feature_matrix(graph.attributes["item"], 41).toarray()
    assert np.isfinite(features).all()
    assert np.ptp(features[[graph.items.rows[f"i{n}"] for n in range(40)], 0]) > 0.3


def test_a_vector_with_one_huge_component_bends_no_other(store: GraphStore, tmp_path: Path) -> None:
    file = tmp_path / "items.csv"
    rows = "".join(f"i{n},{n / 7:.3f} {n / 9:.3f} 0.5\n" for n in range(40))
    file.write_text(f"item_id,embedding\n{rows}x,3e38 0.5 0.5\ny,1e308 0.5 0.5\n")
    with store:
        load_nodes(store, "item", File(file), ALL, tmp_path / "rejects.csv")
        graph = store.read_graph()
    features = feature_matrix(graph.attributes["item"], len(graph.items)).toarray()
    assert np.isfinite(features).all()
    assert np.ptp(features[[graph.items.rows[f"i{n}"] for n in range(40)], 0]) > 0.3


@pytest.mark.parametrize("weight", ["1e308", "inf", "nan", "-1"])
def test_a_link_that_weighs_no_number_is_set_aside(
    weight: str, store: GraphStore, tmp_path: Path
) -> None:
    file = tmp_path / "links.csv"
    file.write_text(f"source,target,weight\ni1,i2,1\ni2,i3,{weight}\n")
    with store:
        report = load_links(store, File(file), ("item", "like", "item"), ALL, tmp_path / "r.csv")
        [links] = store.read_graph().links.values()
    assert sum(report.reasons.values()) == 1
    assert links.weight.tolist() == [1]


def test_a_spreadsheet_runs_no_row_that_was_set_aside(store: GraphStore, tmp_path: Path) -> None:
    rows = ["=1+1,i1,x,1600000000,view", "@SUM(A1),i1,x,1600000000,view", "+1+2,i,x,1,view"]
    file = tmp_path / "log.csv"
    file.write_text(HEAD + GOOD + "\n".join(rows))
    with store:
        report = load_events(store, File(file), ALL, tmp_path / "rejects.csv")
    assert report.rejects is not None
    found = list(csv.reader(report.rejects.open(newline="")))[1:]
    assert [row[-1] for row in found] == [f"'{row}" for row in rows]
