"""A whole log leaves what its batches would have left."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.data import MAX_KINDS, Attribute, Vocabulary
from graphrec.errors import DataError
from graphrec.store import GraphStore
from graphrec.testing.logs import SMALL, Event, listed, log_of, logs
from graphrec.testing.stores.comparing import (
    FreshStore,
    assert_same_graph,
    events_after,
    nodes_after,
    position_of,
    property_settings,
)


class WholeLogContract:
    """A whole log leaves what its batches would have left."""

    def test_a_whole_log_is_written(self, store: GraphStore) -> None:
        batches = [log_of(SMALL[:3]), log_of(SMALL[3:])]
        assert store.write_log(batches, len(SMALL)) == len(SMALL)
        assert store.counts() == {"user": 3, "item": 4, "events": len(SMALL), "links": 0}
        assert sorted(events_after(store, 0)) == sorted(SMALL)
        position = position_of(store)
        assert store.write_log(batches, len(SMALL)) == 0
        assert position_of(store) == position

    def test_a_log_of_nothing_changes_nothing(self, small: GraphStore) -> None:
        position = position_of(small)
        assert small.write_log([], 0) == 0
        assert small.write_log([log_of([])], 5) == 0
        assert position_of(small) == position

    def test_a_log_changes_weights_and_leaves_the_rest(self, small: GraphStore) -> None:
        title = {"title": Attribute("text", ("Heat",))}
        small.write_nodes("item", Vocabulary(("heat",)), title)
        small.write_links(("item", "has_genre", "genre"), [("heat", "crime", 1)])
        small.delete_item("speed")
        position = position_of(small)
        changed, added = SMALL[0]._replace(weight=1), Event("dan", "heat", 2.5, -7, "view")
        batches = [log_of([changed._replace(weight=9), SMALL[1]]), log_of([added, changed])]
        assert small.write_log(batches, 4) == 1
        assert sorted(events_after(small, position)) == sorted([changed, added])
        assert [node.id for node in nodes_after(small, position)] == ["dan"]
        assert small.counts()["links"] == 1
        assert small.read_graph().attributes["item"]["title"].values[-1] == "Heat"

    def test_a_log_with_a_weight_that_is_not_finite_is_refused(self, small: GraphStore) -> None:
        bad = log_of([Event("zoe", "heat", np.nan)])
        with pytest.raises(DataError, match="finite"):
            small.write_log([bad], 1)
        assert small.counts()["events"] == len(SMALL)

    def test_a_log_of_more_kinds_than_can_be_is_refused(self, small: GraphStore) -> None:
        events = [Event("dan", f"i{n}", 1, 0, f"kind {n}") for n in range(MAX_KINDS - 1)]
        with pytest.raises(DataError, match="to 256 kinds: expected at most 255; see that"):
            small.write_log([log_of(events)], len(events))
        assert small.counts()["events"] == len(SMALL)
        assert small.write_log([log_of(events[1:])], len(events)) == MAX_KINDS - 2

    @given(written=st.lists(st.lists(logs, max_size=3), max_size=3))
    @property_settings
    def test_a_whole_log_leaves_what_its_batches_would(
        self, fresh: FreshStore, written: list[list[list[Event]]]
    ) -> None:
        whole = fresh()
        left = []
        for batches in written:
            before, position = whole.read_graph(), position_of(whole)
            new = whole.write_log(map(log_of, batches), sum(map(len, batches)))
            since = set(events_after(whole, position))
            left.append((before, new, whole.read_graph(), whole.counts(), since))
        users = whole.read_graph().users.ids
        similar = [whole.similar_users(user) for user in users]
        whole.close()
        batched = fresh()  # only now: it may be an emptied server
        for batches, (before, new, graph, counts, since) in zip(written, left, strict=True):
            position = position_of(batched)
            assert new == sum(batched.write_events(log_of(batch)) for batch in batches)
            assert_same_graph(graph, batched.read_graph())
            assert counts == batched.counts()
            by_batch = set(events_after(batched, position))
            assert since <= by_batch
            # what one batch changed and the next changed back did not change
            assert by_batch - since <= set(listed(before.interactions))
        assert similar == [batched.similar_users(user) for user in users]
        batched.close()
