"""Settings that all tests share, and where real data are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from scripts.benchmark.load.process import free_port
from tests.support.neo4j_server import TestServer, missing

settings.register_profile("fast", deadline=None, max_examples=20)
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)

FAST = "not slow"
"""The marks of the fast lane: `pytest -m "not slow"`."""

# Before anything imports DGL, which else asks for it and writes a file into the home folder.
os.environ.setdefault("DGLBACKEND", "pytorch")
# What tests train is small: more threads gain nothing, and where the machine has other work to do
# they wait for each other, which makes training several times slower.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# A width that pytest-xdist says: whoever is started would cut their lines off there.
os.environ.pop("COLUMNS", None)


def pytest_configure(config: pytest.Config) -> None:
    """Fewer examples of each property in the fast lane; in CI always the same ones."""
    fast = config.option.markexpr == FAST
    settings.load_profile("fast" if fast else "ci" if os.environ.get("CI") else "local")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Requests are made up while they are collected, which takes longer than most tests."""
    fuzz = collection_path.name == "test_fuzz.py"
    return True if fuzz and config.option.markexpr == FAST else None


@pytest.fixture(scope="session")
def datasets() -> Path:
    """The folder of real data sets: TEST_DATASETS, or `shared/datasets` beside the checkout."""
    beside = Path(__file__).resolve().parent.parent.parent / "shared" / "datasets"
    folder = Path(os.environ.get("TEST_DATASETS") or beside)
    if not folder.is_dir():
        pytest.skip(f"no data sets in {str(folder)!r}: set TEST_DATASETS to their folder")
    return folder


@pytest.fixture(scope="session")
def neo4j_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestServer]:
    """A server with an empty database; skipped where there is no Java or Maven."""
    lacking = missing()
    if lacking:
        if os.environ.get("CI"):
            pytest.fail(f"Neo4j must be tested in CI: {lacking}")
        pytest.skip(f"Neo4j is not tested: {lacking}")
    server = TestServer(tmp_path_factory.mktemp("neo4j"), free_port())
    server.start()
    yield server
    server.stop()
