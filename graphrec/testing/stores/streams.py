"""Batches of streams are stored once, together with how far the stream is read."""

from __future__ import annotations

import pytest

from graphrec.data import Attribute, Vocabulary
from graphrec.errors import DataError, StreamMoved
from graphrec.store import EventKey, GraphStore, Move, NodeValues, StreamBatch
from graphrec.testing.logs import SMALL, Event, listed, log_of


class StreamContract:
    """Batches of streams are stored once, together with how far the stream is read."""

    def test_a_stream_that_was_never_read_has_no_position(self, store: GraphStore) -> None:
        assert dict(store.stream_positions("clicks")) == {}

    def test_a_batch_moves_its_partitions_and_no_other_stream(self, store: GraphStore) -> None:
        moves = {"0": Move(None, "7"), "1": Move(None, "2")}
        assert store.write_batch(StreamBatch("clicks", moves, events=log_of(SMALL))) == len(SMALL)
        assert dict(store.stream_positions("clicks")) == {"0": "7", "1": "2"}
        assert dict(store.stream_positions("orders")) == {}
        assert store.write_batch(StreamBatch("orders", {"0": Move(None, "1")})) == 0
        assert store.write_batch(StreamBatch("clicks", {"1": Move("2", "5")})) == 0
        assert dict(store.stream_positions("clicks")) == {"0": "7", "1": "5"}

    def test_a_batch_that_begins_elsewhere_is_refused_whole(self, small: GraphStore) -> None:
        small.write_batch(StreamBatch("clicks", {"0": Move(None, "7")}))
        before = small.counts(), small.position()
        late = log_of([Event("zoe", "heat")])
        for wrong in (None, "6", "8"):
            moves = {"1": Move(None, "1"), "0": Move(wrong, "9")}
            with pytest.raises(StreamMoved, match=r"partition '0' of stream 'clicks'"):
                small.write_batch(
                    StreamBatch("clicks", moves, deleted_items=("alien",), events=late)
                )
        assert (small.counts(), small.position()) == before
        assert dict(small.stream_positions("clicks")) == {"0": "7"}

    def test_what_is_refused_does_not_move_the_stream(self, store: GraphStore) -> None:
        year = {"year": Attribute("number", (1995.0,))}
        store.write_nodes("item", Vocabulary(("heat",)), year)
        text = {"year": Attribute("text", ("soon",))}
        nodes = (NodeValues("item", Vocabulary(("fargo",)), text),)
        with pytest.raises(DataError):
            store.write_batch(
                StreamBatch("clicks", {"0": Move(None, "1")}, nodes=nodes, events=log_of(SMALL))
            )
        assert dict(store.stream_positions("clicks")) == {}
        assert store.counts()["events"] == 0

    def test_a_batch_deletes_then_adds_nodes_then_takes_back_then_adds_events(
        self, small: GraphStore
    ) -> None:
        first = SMALL[0]
        title = {"title": Attribute("text", ("Heat",))}
        batch = StreamBatch(
            "shop",
            {"0": Move(None, "1")},
            deleted_items=(first.item,),
            nodes=(NodeValues("item", Vocabulary((first.item,)), title),),
            taken_back=(EventKey(SMALL[1].user, SMALL[1].item),),
            events=log_of([first]),
        )
        small.write_batch(batch)
        of_item = [each for user in ("ann", "bob", "cat") for each in listed(
            small.user_events(user)) if each.item == first.item]  # fmt: skip
        assert of_item == [first]
        assert small.read_node("item", first.item)["title"] == "Heat"
        assert small.deleted("item", [first.item]) == frozenset()

    def test_a_deleted_item_stays_deleted(self, small: GraphStore) -> None:
        gone = SMALL[0].item
        small.write_batch(StreamBatch("shop", {"0": Move(None, "1")}, deleted_items=(gone, "new")))
        assert small.deleted("item", [gone, "new", "heat?"]) == {gone, "new"}
        late = log_of([SMALL[0]])
        assert small.write_batch(StreamBatch("shop", {"0": Move("1", "2")}, events=late)) == 0
