"""What every graph store does, as tests: inherit `StoreContract` and give it a fixture `fresh`.

In a test module of your own, for a store `MyStore` that follows `graphrec.store.GraphStore`:

    from graphrec.testing.stores import POLICY, FreshStore, StoreContract

    class TestMyStore(StoreContract):
        @pytest.fixture
        def fresh(self, tmp_path) -> FreshStore:
            numbers = itertools.count()
            return lambda: MyStore(tmp_path / str(next(numbers)), POLICY)

pytest collects about 60 tests. Each call of `fresh` has to open another empty store, under POLICY.
"""

from __future__ import annotations

import pytest

from graphrec.store import GraphStore
from graphrec.testing.logs import SMALL, log_of
from graphrec.testing.stores.comparing import (
    POLICY,
    FreshStore,
    assert_same_graph,
    assert_same_rows,
    events_after,
    nodes_after,
    position_of,
    property_settings,
    write_graph,
)
from graphrec.testing.stores.copying import CopyContract
from graphrec.testing.stores.deletions import DeletionContract
from graphrec.testing.stores.forgetting import ForgettingContract
from graphrec.testing.stores.kinds import KindsContract
from graphrec.testing.stores.meaning import MeaningContract
from graphrec.testing.stores.positions import PositionContract
from graphrec.testing.stores.queries import QueryContract
from graphrec.testing.stores.streams import StreamContract
from graphrec.testing.stores.whole_logs import WholeLogContract
from graphrec.testing.stores.writing import WritingContract

__all__ = [
    "POLICY",
    "FreshStore",
    "StoreContract",
    "assert_same_graph",
    "assert_same_rows",
    "events_after",
    "nodes_after",
    "position_of",
    "property_settings",
    "write_graph",
]


class StoreContract(
    WritingContract,
    WholeLogContract,
    QueryContract,
    MeaningContract,
    KindsContract,
    ForgettingContract,
    PositionContract,
    DeletionContract,
    StreamContract,
    CopyContract,
):
    """Tests of a fixture `fresh`: what is written is read, queries, deletions, positions."""

    @pytest.fixture
    def fresh(self) -> FreshStore:
        """A function that opens an empty store under POLICY; called again, another empty one."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, fresh: FreshStore) -> GraphStore:
        return fresh()

    @pytest.fixture
    def small(self, store: GraphStore) -> GraphStore:
        store.write_events(log_of(SMALL))
        return store

    def test_closing_ends_a_context(self, fresh: FreshStore) -> None:
        with fresh() as store:
            store.write_events(log_of(SMALL))
