"""The Neo4j store on a real server: the contract, and what only a server can do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from graphrec.store.neo4j import Neo4jStore
from tests.neo4j_server import TestServer
from tests.store_contract import POLICY, FreshStore, StoreContract


class TestNeo4jStore(StoreContract):
    @pytest.fixture
    def fresh(self, neo4j_server: TestServer) -> Iterator[FreshStore]:
        stores: list[Neo4jStore] = []

        def fresh() -> Neo4jStore:
            neo4j_server.empty()
            stores.append(Neo4jStore(neo4j_server.url, POLICY, neo4j_server.settings))
            return stores[-1]

        yield fresh
        for store in stores:
            store.close()
