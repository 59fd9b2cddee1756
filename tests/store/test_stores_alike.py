"""The command line gives the same with one store as with the other, on a part of MovieLens-100K."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from graphrec.cli.main import command_line
from typer.testing import CliRunner

from graphrec.settings import Settings
from graphrec.snapshot.registry import load
from graphrec.store import open_store
from graphrec.testing.stores import assert_same_graph
from tests.support.neo4j_server import TestServer

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (Settings().cache.expanduser() / "ml-100k").is_dir(),
        reason="ml-100k was not fetched yet: `graphrec demo` does",
    ),
]

USERS = 150
"""Of 943: those with the first ids, who have 15,000 of the ratings."""

SETTINGS = """
seed = 3
[evaluation]
resamples = 0
[models.mf]
epochs = 2
"""


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What some users rated, in the form of ml-latest-small."""
    source = Settings().cache.expanduser() / "ml-100k"
    folder = tmp_path_factory.mktemp("films")
    for name, header, columns, kept in (
        ("inter", "userId,movieId,rating,timestamp", (0, 1, 2, 3), USERS),
        ("item", "movieId,title,genres", (0, 1, 3), 10_000),
    ):
        lines = (source / f"ml-100k.{name}").read_text("utf-8").splitlines()[1:]
        rows = [line.split("\t") for line in lines]
        target = folder / ("ratings.csv" if name == "inter" else "movies.csv")
        with target.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(header.split(","))
            writer.writerows(
                [row[at].replace(" ", "|") if at == 3 and name == "item" else row[at]
                 for at in columns]
                for row in rows
                if int(row[0]) <= kept
            )  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def urls(neo4j_server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Of both stores, empty."""
    neo4j_server.empty()
    folder = tmp_path_factory.mktemp("alike")
    return {
        "sqlite": f"sqlite:///{folder / 'graphrec.db'}",
        "neo4j": neo4j_server.url.replace("bolt", "neo4j"),
    }


@pytest.fixture(autouse=True)
def login(neo4j_server: TestServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    password = neo4j_server.settings.password
    assert password is not None
    monkeypatch.setenv("GRAPHREC_NEO4J__PASSWORD", password.get_secret_value())
    monkeypatch.chdir(tmp_path)
    Path("graphrec.toml").write_text(SETTINGS)


def graphrec(*arguments: str) -> Any:
    done = CliRunner().invoke(command_line(), list(arguments), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def both(urls: Mapping[str, str], *arguments: str) -> list[Any]:
    return [graphrec(*arguments, "--store", url, "--json") for url in urls.values()]


def test_one_store_does_as_the_other(urls: Mapping[str, str], films: Path, tmp_path: Path):
    for _ in range(2):  # the second load changes nothing
        one, other = both(urls, "ingest", "--dataset", str(films))
        assert one["store"] == other["store"]
        assert 10_000 < one["store"]["events"] < 20_000
        new = [{name: r["new"] for name, r in each["loaded"].items()} for each in (one, other)]
        assert new[0] == new[1]

    for item in ("50", "1", "181"):
        for similarity in ("cosine", "jaccard"):
            options = ("--similarity", similarity, "-k", "30", "--min-support", "1")
            one, other = both(urls, "related", item, *options)
            assert one == other
            assert len(one) == 30

    for user, item in (("1", "50"), ("13", "181")):
        one, other = both(urls, "explain", user, item, "-k", "20")
        assert one == other
    assert one["because"]

    one, other = both(urls, "inspect")
    assert one == other

    for name, url in urls.items():
        graphrec(
            "train", "--embedding", "mf", "--models", "none", "--store", url,
            "--snapshots", str(tmp_path / name), "--json",
        )  # fmt: skip
    one, other = (load(tmp_path / name).embeddings for name in urls)
    # The graphs are equal to the bit (below), but torch's first training in a process is not.
    np.testing.assert_allclose(one.user, other.user, rtol=0, atol=1e-6)
    np.testing.assert_allclose(one.item, other.item, rtol=0, atol=1e-6)


def test_the_graphs_and_the_answers_are_equal(urls: Mapping[str, str], neo4j_server: TestServer):
    settings = Settings()
    with (
        open_store(urls["sqlite"], settings.kinds) as sqlite,
        open_store(urls["neo4j"], settings.kinds, neo4j_server.settings) as neo4j,
    ):
        assert_same_graph(neo4j.read_graph(), sqlite.read_graph())
        cutoff = 885_000_000_000
        assert_same_graph(neo4j.read_graph(cutoff), sqlite.read_graph(cutoff))
        assert neo4j.popular_items(50) == sqlite.popular_items(50)
        for user in ("1", "13", "100"):
            assert neo4j.similar_users(user, 50) == sqlite.similar_users(user, 50)
            expected = sqlite.neighbour_recommendations(user, 50)
            assert neo4j.neighbour_recommendations(user, 50) == expected
            for item in ("50", "181"):
                assert neo4j.paths(user, item, 50) == sqlite.paths(user, item, 50)
