"""`graphrec export`: what is in the files is what is in the store."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from graphrec.cli.main import command_line
from typer.testing import CliRunner

from graphrec.data import Graph, Vocabulary
from graphrec.data.dataset import Dataset
from graphrec.errors import MissingExtra, SettingsError
from graphrec.store import open_store
from graphrec.testing.stores import assert_same_graph

HAS_GENRE = ("item", "has_genre", "genre")


@pytest.fixture
def stored(tmp_path: Path) -> Graph:
    events = pd.DataFrame(
        {
            "user": ["a", "a", "b"], "item": ["x", "y", "x"], "count": [1.0, 2.5, 3.0],
            "time": [1_600_000_000_000, 1_600_000_000_001, 0], "kind": ["view", "buy", "view"],
        }
    )  # fmt: skip
    items = pd.DataFrame({"item": ["x", "y", "z"], "price": [1.5, None, 3.0]})
    genres = pd.DataFrame({"item": ["x", "z"], "genre": ["g", "h"]})
    graph = Dataset.from_frame(events, items, links={HAS_GENRE: genres}).recorded
    with open_store(f"sqlite:///{tmp_path}/graph.db") as store:
        for node_type in ("user", "item", *graph.others):
            known = graph.attributes.get(node_type, {})
            store.write_nodes(node_type, graph.vocabulary(node_type), known)
        store.write_events(graph.interactions)
        for (source, relation, target), links in graph.links.items():
            ends = (graph.vocabulary(source).ids, graph.vocabulary(target).ids)
            rows = zip(links.source, links.target, links.weight, strict=True)
            store.write_links(
                (source, relation, target), [(ends[0][s], ends[1][t], w) for s, t, w in rows]
            )
    return graph


def export(tmp_path: Path, *options: object) -> str:
    arguments = [*map(str, options), "--store", f"sqlite:///{tmp_path}/graph.db"]
    done = CliRunner().invoke(command_line(["export"]), ["export", *arguments])
    if done.exception is not None:
        raise done.exception
    return " ".join(done.output.split())


def test_a_dgl_graph(tmp_path: Path, stored: Graph) -> None:
    dgl = pytest.importorskip("dgl")
    from graphrec.data.dgl_graph import from_dgl

    path = tmp_path / "out" / "graph.bin"
    assert "DGL graph in" in export(tmp_path, "--dgl", path)
    (heterograph,), _ = dgl.load_graphs(str(path))
    names = json.loads((tmp_path / "out" / "graph.bin.json").read_text())
    ids = {node_type: Vocabulary(tuple(known)) for node_type, known in names["ids"].items()}
    back = from_dgl(heterograph, ids, tuple(names["kinds"]))
    assert_same_graph(back, Graph(stored.interactions, {}, stored.others, stored.links))


def test_a_data_set_as_a_dgl_graph(stored: Graph) -> None:
    pytest.importorskip("dgl")
    heterograph = Dataset(stored).to_dgl()
    assert heterograph.num_edges("interacted") == 3
    assert heterograph.num_nodes("genre") == 2
    assert heterograph.edges["interacted"].data["weight"].tolist() == [1, 2.5, 3]


def test_parquet_files(tmp_path: Path, stored: Graph) -> None:
    output = export(tmp_path, "--parquet", tmp_path / "tables")
    assert output.startswith("Dataset(2 users, 3 items, 3 events of kind buy and view, 2 genre")
    folder = tmp_path / "tables"
    assert sorted(path.stem for path in folder.iterdir()) == [
        "events", "genre", "item", "item-has_genre-genre", "user",
    ]  # fmt: skip
    frames = {path.stem: pd.read_parquet(path) for path in folder.iterdir()}
    links = {HAS_GENRE: frames["item-has_genre-genre"]}
    back = Dataset.from_frame(frames["events"], frames["item"], links=links)
    assert_same_graph(back.recorded, stored)
    read = Dataset.read(folder / "events.parquet", folder / "item.parquet", folder / "user.parquet")
    assert_same_graph(read.recorded, Graph(stored.interactions, stored.attributes))


def test_nothing_to_export_to(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="expected --dgl FILE or --parquet FOLDER"):
        export(tmp_path)


def test_no_dgl(tmp_path: Path, stored: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "graphrec.data.dgl_graph", raising=False)
    with pytest.raises(MissingExtra, match="a DGL graph needs 'torch'"):
        export(tmp_path, "--dgl", tmp_path / "graph.bin")
    with pytest.raises(MissingExtra, match="a DGL graph needs 'torch'"):
        Dataset(stored).to_dgl()


def test_a_place_that_cannot_be_written(tmp_path: Path, stored: Graph) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Exception, match="cannot be written"):
        export(tmp_path, "--parquet", tmp_path / "file" / "tables")
