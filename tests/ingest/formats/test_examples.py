"""Each format of the table reads its example: events, catalogue, links, recognition, rejects."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from graphrec.ingest.collected import Collected
from graphrec.ingest.datasets import checked_dataset, open_folder
from graphrec.ingest.formats.table import FORMATS, recognised
from graphrec.ingest.load import write_all

from graphrec.data import Graph
from graphrec.settings import IngestSettings
from tests.support.formats import EXAMPLES
from tests.support.formats.example import Event

SETTINGS = IngestSettings(max_rejected_share=0.9)
NAMES = [form.name for form in FORMATS]


def graph_of(path: Path, rejects: Path | None, name: str | None = None) -> Graph:
    collected = Collected()
    with checked_dataset(open_folder(path, name), SETTINGS, rejects) as checked:
        write_all(collected, checked)
    return collected.graph()


def events_of(graph: Graph) -> list[Event]:
    log = graph.interactions
    return sorted(
        (
            log.users.ids[user],
            log.items.ids[item],
            round(float(weight), 4),
            log.kinds[kind],
            datetime.fromtimestamp(time / 1000, timezone.utc)
            .isoformat()
            .removesuffix("+00:00")[:23]
            if time
            else "",
        )
        for user, item, weight, kind, time in zip(
            log.user, log.item, log.weight, log.kind, log.time.tolist(), strict=True
        )
    )


def facts_of(graph: Graph, node_type: str) -> dict[str, dict[str, Any]]:
    """The attributes of nodes, without nodes that have none."""
    found: dict[str, dict[str, Any]] = {}
    for name, attribute in graph.attributes.get(node_type, {}).items():
        for node, value in zip(graph.vocabulary(node_type).ids, attribute.values, strict=True):
            if value is not None:
                found.setdefault(node, {})[name] = value
    return found


def links_of(graph: Graph) -> dict[tuple[str, str, str], frozenset[tuple[str, str]]]:
    found = {}
    for edge_type, links in graph.links.items():
        source, _, target = (
            graph.vocabulary(t).ids if t in _types(graph) else () for t in edge_type
        )
        ends = zip(links.source.tolist(), links.target.tolist(), strict=True)
        found[edge_type] = frozenset((source[s], target[t]) for s, t in ends)
    return found


def _types(graph: Graph) -> set[str]:
    return {"user", "item", *graph.others}


def known(nodes: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    given = {n: {k: v for k, v in facts.items() if v is not None} for n, facts in nodes.items()}
    return {node: facts for node, facts in given.items() if facts}


def test_each_format_has_an_example() -> None:
    assert sorted(EXAMPLES) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_read(tmp_path: Path, name: str) -> None:
    example = EXAMPLES[name]
    graph = graph_of(example.write(tmp_path / "data"), None, name)
    assert events_of(graph) == sorted(example.events)
    assert facts_of(graph, "item") == known(example.items)
    assert facts_of(graph, "user") == known(example.users)
    for node_type, nodes in example.others.items():
        assert facts_of(graph, node_type) == known(nodes)
    assert links_of(graph) == dict(example.links)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_recognised(tmp_path: Path, name: str) -> None:
    example = EXAMPLES[name]
    found = recognised(example.write(tmp_path / "data"))
    assert (found.format.name if found else None) == (name if example.recognised else None)


@pytest.mark.parametrize("name", NAMES)
def test_an_archive_is_a_folder(tmp_path: Path, name: str) -> None:
    example = EXAMPLES[name]
    path = tmp_path / "data.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file, content in example.files.items():
            archive.writestr(f"top/{file}", content)
    assert events_of(graph_of(path, None, name)) == sorted(example.events)


@pytest.mark.parametrize("name", [n for n in NAMES if EXAMPLES[n].bad])
def test_a_bad_row_is_set_aside_as_it_stood(tmp_path: Path, name: str) -> None:
    example = EXAMPLES[name]
    assert example.bad is not None
    file, line = example.bad
    changed = replace(example, files={**example.files, file: example.files[file] + line + b"\n"})
    graph = graph_of(changed.write(tmp_path / "data"), tmp_path / "rejects", name)
    assert events_of(graph) == sorted(example.events)
    rows = [row for path in (tmp_path / "rejects").iterdir() for row in csv.DictReader(path.open())]
    assert [row["row"] for row in rows] == [line.decode()]
    assert [int(row["line"]) for row in rows] == [example.files[file].count(b"\n") + 1]


@pytest.mark.parametrize("size", [1, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", NAMES)
def test_chunks_of_any_size_are_the_same(tmp_path: Path, name: str, size: int) -> None:
    example = EXAMPLES[name]
    collected = Collected()
    dataset = open_folder(example.write(tmp_path / "data"), name)
    with checked_dataset(dataset, of_size(size), None) as checked:
        write_all(collected, checked)
    graph = collected.graph()
    assert events_of(graph) == sorted(example.events)
    assert facts_of(graph, "item") == known(example.items)
    assert links_of(graph) == dict(example.links)


def of_size(size: int) -> IngestSettings:
    return SETTINGS.model_copy(update={"batch_rows": size})
