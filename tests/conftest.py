"""Settings that all tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.neo4j_server import TestServer, free_port, missing

settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")


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
