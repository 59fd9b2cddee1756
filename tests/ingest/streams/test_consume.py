"""What is read of a stream, message by message, and that nothing is lost or counts twice."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphrec.ingest.streams.address import address_of
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.data.weighting import DEFAULT_POLICY
from graphrec.errors import DataError, SettingsError, StoreError
from graphrec.settings import Settings
from graphrec.store.sqlite.store import SQLiteStore
from graphrec.testing.logs import Event, listed, log_of
from tests.support.streams import NOON, Log, consumed, reading


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SQLiteStore]:
    with SQLiteStore(tmp_path / "graph.db", DEFAULT_POLICY) as opened:
        yield opened


def events(store: SQLiteStore) -> list[Event]:
    graph = store.read_graph()
    return sorted(listed(graph.interactions))


def test_an_event_is_read_by_its_own_keys(store: SQLiteStore) -> None:
    log = Log()
    log.add({"user_id": "ann", "item": 7, "action": "view", "ts": NOON})
    log.add({"who": {"id": "bob"}, "product": "p", "rating": 4})
    log.add({"user": "ann", "item": "8", "event": "purchase", "quantity": 3, "time": None})
    consumed(log, store)
    assert [letter.reason for letter in log.letters] == [
        "the message has no column for the user: found 'who.id', 'product', 'rating'; name it "
        "with `graphrec consume --map user=COLUMN` (in Python: user='COLUMN'), or rename columns"
    ]
    assert events(store) == [
        Event("ann", "7", 1, NOON, "view"),
        Event("ann", "8", 3, NOON + 2, "purchase"),
    ]


def test_keys_that_are_named_are_read_and_may_be_missing(store: SQLiteStore) -> None:
    log = Log()
    log.add({"customer": {"id": "bob"}, "product": "p", "stars": 4})
    log.add({"product": "p", "stars": 4})
    log.add({"customer": {"id": "bob"}, "product": "q"})
    mapping = {"events": {"user": "customer.id", "item": "product", "weight": "stars"}}
    consumed(log, store, reading(mapping=mapping))
    assert [letter.reason for letter in log.letters] == ["missing user id"]
    found = {(event.item, event.kind, event.weight) for event in events(store)}
    assert found == {("p", "rating", 4), ("q", "rating", 1)}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"{oops", "not a JSON object"),
        (b"[1]", "not a JSON object"),
        (b'{"user":"a","user":"b","item":"c"}', "the key 'user' comes twice in an object"),
        (b"", "an empty message: expected an event"),
        ({"user": "", "item": "x"}, "missing user id"),
        ({"user": "a", "item": ["x"]}, "item id is a list, an object or true or false"),
        ({"user": "a", "item": "x", "rating": "many"}, "weight is not a number"),
        ({"user": "a", "item": "x", "rating": -1, "event": "view"}, "weight is negative"),
        ({"user": "a", "item": "x", "time": "04/08/2022"}, "time may begin with the day"),
        ({"user": "a", "item": "x", "time": "2190-01-01"}, "future"),
    ],
)
def test_what_cannot_be_used_is_a_dead_letter_with_the_reason(
    store: SQLiteStore, value: object, reason: str
) -> None:
    log = Log()
    log.add({"user": "ann", "item": "heat"})
    log.add(value, key=b"k")
    log.add({"user": "bob", "item": "heat"})
    (step,) = consumed(log, store)
    (letter,) = log.letters
    assert reason in letter.reason
    assert (letter.message.position, letter.headers["graphrec-position"]) == ("1", b"1")
    assert (step.messages, step.events, step.rejected, step.reason) == (3, 2, 1, letter.reason)
    assert dict(store.stream_positions("kafka:graphrec")) == {"clicks/0": "3"}


def test_a_mapping_that_fits_nothing_ends_the_reading(store: SQLiteStore) -> None:
    log = Log()
    for _ in range(100):
        log.add({"who": "ann", "what": "heat"})
    with pytest.raises(DataError, match=r"first 100 messages .* no column for the user"):
        consumed(log, store)
    assert (log.letters, dict(store.stream_positions("kafka:graphrec"))) == ([], {})


def test_reading_again_changes_nothing_however_it_is_cut(store: SQLiteStore) -> None:
    log = Log()
    for number in range(60):
        value = {"user": f"u{number % 7}", "item": f"i{number % 5}", "plays": number}
        log.add(value, partition=number % 3)
    consumed(log, store, limit=7)
    before = events(store)
    assert len(before) == 60
    consumed(log, store, limit=11, start={})
    assert events(store) == before


def test_events_of_one_message_add_up_and_of_several_the_last_counts(store: SQLiteStore) -> None:
    order = {
        "event": "Order Completed",
        "userId": "ann",
        "timestamp": "2026-11-01T10:00:00Z",
        "properties": {"products": [{"product_id": "p", "quantity": 2}] * 2 + [{"sku": "q"}]},
    }
    log = Log()
    log.add(order)
    log.add({"event": "Page Seen", "userId": "ann"})
    log.add(order)
    adds = Settings(kinds={"purchase": {"same_time": "add"}})
    (step,) = consumed(log, store, reading("segment", adds))
    found = {event.item: (event.kind, event.weight) for event in events(store)}
    assert found == {"p": ("purchase", 4), "q": ("purchase", 1)}
    assert step.ignored == {"an event without a product": 1}


def test_cloud_events_structured_and_binary(store: SQLiteStore) -> None:
    log = Log()
    data = {"user": "ann", "item": "heat"}
    about = {"specversion": "1.0", "type": "view", "id": "1", "source": "/shop"}
    log.add({**about, "time": "2026-11-01T10:00:00Z", "data": data})
    packed = base64.b64encode(b'{"user":"bob","item":"heat","event":"like"}').decode()
    log.add({**about, "data_base64": packed})
    log.add(data, headers={"ce_specversion": b"1.0", "ce_type": b"purchase"})
    log.add(data)
    log.add({**about, "time": "soon", "data": data})
    consumed(log, store, reading("cloudevents"))
    assert {(e.user, e.kind, e.time) for e in events(store)} == {
        ("ann", "view", 1793527200000),
        ("bob", "like", NOON + 1),
        ("ann", "purchase", NOON + 2),
    }
    assert [letter.reason.partition(":")[0] for letter in log.letters] == [
        "no CloudEvent",
        "time of the CloudEvent",
    ]


def test_items_and_users_are_put_and_tombstones_delete_them(store: SQLiteStore) -> None:
    log = Log()
    log.add({"user": "ann", "item": "old"})
    log.add({"user": "cem", "item": "heat"})
    consumed(log, store)
    log.add({"id": "heat", "name": "Heat", "price": 5, "brand": {"name": "Acme"}}, "products")
    log.add({"id": "heat", "price": 6.5, "tags": ["new"]}, "products")
    log.add(None, "products", key=b"old")
    log.add({"id": "gone", "__deleted": "true"}, "products")
    log.add({"id": "dune", "price": "cheap"}, "products")
    log.add({"user_id": "ann", "age": 30}, "customers")
    log.add(b"", "customers", key=b'"cem"')
    log.add(None, "products")
    (step,) = consumed(log, store)
    assert dict(store.read_node("item", "heat")) == {
        "title": "Heat", "price": 6.5, "brand.name": "Acme", "tags": ("new",),
    }  # fmt: skip
    assert store.deleted("item", ["old", "gone", "heat"]) == {"old", "gone"}
    assert store.deleted("user", ["ann", "cem"]) == {"cem"}
    assert dict(store.read_node("user", "ann")) == {"age": 30}
    assert step.ignored == {"price is not a number: stored without it": 1}
    assert [letter.reason for letter in log.letters] == [
        "an empty message without a key: expected the id of what was deleted"
    ]
    log.add({"user": "cem", "item": "heat"}, time=NOON + 99)
    log.add({"user": "cem", "item": "heat", "rating": "secret"})
    sent = len(log.letters)
    (step,) = consumed(log, store)
    assert (step.events, step.ignored) == (0, {"user was deleted": 2})
    assert len(log.letters) == sent  # no letter tells of somebody who was forgotten


def test_what_a_store_refuses_is_found_message_by_message(store: SQLiteStore) -> None:
    log = Log()
    for number in range(9):
        log.add({"id": f"i{number}", "v": [1.0, 2.0]}, "products")
    log.add({"id": "odd", "v": [1.0, 2.0, 3.0]}, "products")
    log.add({"user": "ann", "item": "i3"})
    (step,) = consumed(log, store)
    assert [letter.message.value for letter in log.letters] == [b'{"id":"odd","v":[1.0,2.0,3.0]}']
    assert (step.nodes, step.events, step.rejected) == (9, 1, 1)


def test_debezium_follows_the_tables_of_a_shop(store: SQLiteStore) -> None:
    def change(op: str, before: object, after: object, schema: object = None) -> dict[str, object]:
        payload = {"op": op, "before": before, "after": after, "ts_ms": NOON}
        return payload if schema is None else {"schema": schema, "payload": payload}

    price = {"field": "price", "name": "org.apache.kafka.connect.data.Decimal",
             "parameters": {"scale": "2"}}  # fmt: skip
    schema = {"fields": [{"field": "after", "fields": [price]}]}
    cents = base64.b64encode((1999).to_bytes(2, "big")).decode()
    log = Log()
    log.add(change("r", None, {"id": 1, "name": "Lamp", "price": cents}, schema), "products")
    log.add(change("c", None, {"id": 2, "name": "Desk"}), "products")
    log.add(change("u", {"id": 2, "name": "Desk"}, {"id": 2, "name": "Big desk"}), "products")
    log.add(change("d", {"id": 1}, None), "products")
    log.add(None, "products", key=b'{"id":1}')
    row = {"user_id": 5, "product_id": 2, "rating": 3}
    log.add(change("c", None, row))
    log.add(change("u", row, {**row, "rating": 5}))
    log.add(change("c", None, {**row, "user_id": 6}))
    log.add(change("d", {**row, "user_id": 6}, None))
    log.add(change("d", None, None))
    log.add(change("t", None, None))
    log.add({"hello": 1})
    (step,) = consumed(log, store, reading("debezium", mapping={"item": {"id": "id"}}))
    assert dict(store.read_node("item", "2")) == {"title": "Big desk"}
    assert store.deleted("item", ["1", "2"]) == {"1"}
    assert events(store) == [Event("5", "2", 5, NOON, "rating")]
    assert [letter.reason.partition(":")[0] for letter in log.letters] == [
        "a deletion without the row before it",
        "the table was emptied (op 't'), which is not applied",
        "no change of Debezium",
    ]
    assert list(step.ignored) == ["tombstones, whose rows were deleted by the message before"]


def test_a_faster_reader_is_noticed_and_nothing_counts_twice(store: SQLiteStore) -> None:
    log = Log()
    for number in range(20):
        log.add({"user": "ann", "item": f"i{number}"})
    log.add(b"{oops")
    consumed(log, store, limit=4)
    # One that believes to be where it was an hour ago.
    late = {"clicks/0": "8"}
    steps = consumed(log, store, limit=4, start=late)
    assert dict(store.stream_positions("kafka:graphrec")) == {"clicks/0": "21"}
    assert len(events(store)) == 20
    assert {step.result for step in steps} == {"written"}


class Flaky:
    """A store that fails whenever `fails` says so, before or after it has stored a batch."""

    def __init__(self, store: SQLiteStore, fails: Iterator[int]) -> None:
        self._store, self._fails = store, fails

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def write_batch(self, batch: object) -> int:
        when = next(self._fails, 0)
        if when == 1:
            raise StoreError("away")
        found = self._store.write_batch(batch)  # type: ignore[arg-type]
        if when == 2:
            raise StoreError("away after it was stored")
        return found


@settings(max_examples=15)  # each makes a file, and writes it durably
@given(st.lists(st.integers(0, 2), max_size=12), st.integers(1, 9))
def test_whatever_fails_each_message_counts_once(
    tmp_path_factory: pytest.TempPathFactory, fails: list[int], limit: int
) -> None:
    log = Log()
    for number in range(25):
        log.add({"user": f"u{number % 4}", "item": f"i{number}"}, partition=number % 2)
    with SQLiteStore(tmp_path_factory.mktemp("flaky") / "g.db", DEFAULT_POLICY) as store:
        consumed(log, Flaky(store, iter(fails)), limit=limit)  # type: ignore[arg-type]
        assert len(events(store)) == 25
        ends = {"clicks/0": "13", "clicks/1": "12"}
        assert dict(store.stream_positions("kafka:graphrec")) == ends


def test_forgotten_users_stay_so_where_the_settings_say_it(store: SQLiteStore) -> None:
    store.write_events(log_of([Event("ann", "x")]))
    store.forget_user("ann")
    log = Log()
    log.add({"id": "ann", "age": 3}, "customers")
    strict = Settings(privacy={"refuse_forgotten": True})
    (step,) = consumed(log, store, reading(settings=strict))
    assert step.ignored == {"user was forgotten": 1}
    assert store.deleted("user", ["ann"]) == {"ann"}


def test_addresses() -> None:
    found = address_of(
        "kafka://me:s%40crt@a:1,b:2/clicks,views?security.protocol=SASL_PLAINTEXT", "products"
    )
    assert found.hosts == ("a:1", "b:2")
    assert (found.user, found.password) == ("me", "s@crt")
    assert dict(found.topics) == {"clicks": "event", "views": "event", "products": "item"}
    assert found.dead_letters == "clicks.rejected"
    assert found.options == {"security.protocol": "SASL_PLAINTEXT"}
    for wrong in ("amqp://u:secret@h/x", "kafka://h", "kafka:///x", "clicks"):
        with pytest.raises(SettingsError, match="expected") as error:
            address_of(wrong)
        assert "secret" not in str(error.value)
    with pytest.raises(SettingsError, match="named for events and for items"):
        address_of("kafka://h/x", "x")
