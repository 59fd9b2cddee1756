"""A delta is the same, in whatever pieces it was read, folded and let go of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.data import Attribute, Interactions, Vocabulary
from graphrec.data.kinds import KindPolicy
from graphrec.store import EventKey
from graphrec.store import delta_log as module
from graphrec.store.delta import Delta, Event, UserDelta
from graphrec.store.delta_log import DeltaLog, read_delta
from graphrec.store.event_columns import NOTHING_LEFT, Codes, latest
from graphrec.store.protocol import NewEvents
from graphrec.store.sqlite.store import SQLiteStore
from graphrec.testing.logs import Event as Logged
from graphrec.testing.logs import log_of
from graphrec.testing.stores.comparing import property_settings

USERS, ITEMS = ("ann", "bob", "cat"), ("a", "b", "c")

events = st.builds(
    Logged,
    user=st.sampled_from(USERS),
    item=st.sampled_from(ITEMS),
    weight=st.sampled_from((1.0, 2.5, -1.0)),
    time=st.integers(0, 2),
    kind=st.sampled_from(("view", "purchase")),
)

Step: TypeAlias = Callable[[SQLiteStore, DeltaLog], object]


def _put(store: SQLiteStore, node_type: str, node: str, value: str) -> None:
    town = {"town": Attribute("category", (value,))}
    store.write_nodes(node_type, Vocabulary((node,)), town)


def _forget(store: SQLiteStore, log: DeltaLog, user: str) -> None:
    log.forget(user)
    if not store.forget_user(user):
        log.stays(user)


users, items = st.sampled_from(USERS), st.sampled_from(ITEMS)
values = st.sampled_from(("x", "y"))
steps: st.SearchStrategy[Step] = st.one_of(
    st.lists(events, min_size=1, max_size=8).map(lambda e: lambda s, _: s.write_events(log_of(e))),
    st.tuples(users, items).map(lambda pair: lambda s, _: s.delete_events([EventKey(*pair)])),
    st.tuples(users, values).map(lambda put: lambda s, _: _put(s, "user", *put)),
    st.tuples(items, values).map(lambda put: lambda s, _: _put(s, "item", *put)),
    items.map(lambda item: lambda s, _: s.delete_item(item)),
    users.map(lambda user: lambda s, log: _forget(s, log, user)),
    st.just(lambda _, log: log.fold()),
    st.just(lambda _, log: log.delta),
)


def caught_up(store: SQLiteStore, log: DeltaLog, page: int) -> DeltaLog:
    """The log, after all that is in the store was read into it."""
    while min(log.events_read, log.nodes_read) < store.position():
        log.add_events(store.events_since(log.events_read, page))
        log.add_nodes(*store.nodes_since(log.nodes_read, page))
    return log


def known(delta: Delta) -> dict[str, object]:
    """What a delta says of users, whatever the order of their events, and of items."""
    return {**since_known(delta), "renewed": delta.renewed}


def since_known(delta: Delta) -> dict[str, object]:
    """The same where a snapshot may have the deletion of an item that came back since."""
    names = {name for each in delta.users.values() for name in each.attributes or ()}
    return {
        "users": {
            user: (sorted(each.events), each.attributes, each.taken_back)
            for user, each in delta.users.items()
        },
        "items": dict(delta.items),
        "deleted": delta.deleted,
        "names": names <= delta.user_attributes,
    }


@given(
    before=st.lists(steps, max_size=4),
    after=st.lists(steps, max_size=8),
    pages=st.lists(st.integers(1, 9), min_size=20, max_size=20),
    large=st.sampled_from((0, 2, 1000)),
)
@property_settings
def test_in_any_pieces_it_is_what_is_read_at_once(
    before: list[Step], after: list[Step], pages: list[int], large: int
) -> None:
    with (
        TemporaryDirectory() as folder,
        SQLiteStore(Path(folder) / "graph.db", {}) as store,
        patch.object(module, "LARGE", large),
    ):
        log = DeltaLog()
        for step, page in zip(before, pages, strict=False):
            step(store, log)
            caught_up(store, log, page)
        position = store.position()
        assert known(log.delta) == known(read_delta(store, 0))
        for step, page in zip(after, pages[10:], strict=False):
            step(store, log)
            caught_up(store, log, page)
            given_out = log.delta
            assert len(given_out.users) == len(list(given_out.users))
            assert all(user in given_out.users for user in given_out.users)
        assert known(log.delta) == known(read_delta(store, 0))
        was = known(log.delta)
        given_out = log.delta
        log.prune(position)
        assert since_known(log.delta) == since_known(read_delta(store, position))
        assert known(given_out) == was
        log.fold()
        assert since_known(log.delta) == since_known(read_delta(store, position))


def page_of(position: int, rows: Iterable[tuple[str, str]]) -> NewEvents:
    users, items = zip(*rows, strict=True)
    log = Interactions.of(users, items)
    return NewEvents(log, np.ones(len(log), bool), position)


def test_folding_changes_no_edition_and_what_was_given_out_stays() -> None:
    log = DeltaLog()
    log.add_events(page_of(1, [("ann", "a"), ("bob", "a")]))
    log.add_events(page_of(2, [("ann", "b")]))
    before = log.delta
    editions = {user: before.edition_of(user) for user in (*USERS, "nobody")}
    log.fold()
    assert {user: log.delta.edition_of(user) for user in editions} == editions
    log.add_events(page_of(3, [("ann", "c")]))
    assert log.delta.edition_of("ann") != editions["ann"]
    assert log.delta.edition_of("bob") == editions["bob"]
    assert {each.item for each in before.users["ann"].events} == {"a", "b"}
    assert {each.item for each in log.delta.users["ann"].events} == {"a", "b", "c"}


def test_pages_that_are_large_stay_apart_until_they_are_asked_for() -> None:
    log = DeltaLog()
    people = [f"u{n}" for n in range(module.LARGE + 1)]
    for position, item in enumerate("abc", 1):
        log.add_events(page_of(position, [(user, item) for user in people]))
        assert log.to_fold == (item == "b")
    assert len(log.delta.users) == len(people)
    assert log.delta.users["u7"].events == tuple(
        Event(item, "interaction", 0, 1.0) for item in "abc"
    )
    assert not log.to_fold


def test_who_is_forgotten_is_another_edition_than_who_never_was() -> None:
    log = DeltaLog()
    before = log.delta.edition_of("ann")
    log.forget("ann")
    assert log.delta.edition_of("ann") != before
    assert "ann" not in log.delta.users


def test_memory_is_some_tens_of_bytes_an_event() -> None:
    log = DeltaLog()
    people = [f"u{n % 500}" for n in range(5_000)]
    log.add_events(page_of(1, [(user, f"i{n}") for n, user in enumerate(people)]))
    rows = log.delta.users._folded.events  # type: ignore[attr-defined]
    assert sum(getattr(rows, name).nbytes for name in vars(rows)) <= 32 * len(people)


def test_of_a_pair_the_last_part_counts_and_codes_stay() -> None:
    codes = Codes(["b", "a"])
    assert codes.of(["a", "c", "b"]).tolist() == [1, 2, 0]
    assert (codes.ids, codes.get("d"), len(codes)) == (["b", "a", "c"], None, 3)
    assert len(latest([])) == 0
    assert NOTHING_LEFT < 0


def test_whole_users_come_where_they_have_thresholds_of_their_own(tmp_path: Path) -> None:
    kinds = {"rating": KindPolicy(like_from="user-mean")}
    with SQLiteStore(tmp_path / "graph.db", kinds) as store:
        store.write_events(log_of([Logged("ann", "a", 3, 1, "rating"), Logged("bob", "a")]))
        since = store.position()
        store.write_events(log_of([Logged("ann", "b", 5, 2, "rating")]))
        assert {e.item for e in read_delta(store, since).users["ann"].events} == {"b"}
        delta = read_delta(store, since, kinds)
        assert set(delta.users) == {"ann"}
        assert {e.item for e in delta.users["ann"].events} == {"a", "b"}
        assert isinstance(delta.users["ann"], UserDelta)
        assert delta.written == 1
        store.delete_events([EventKey("ann", "b")])
        back = read_delta(store, since, kinds).users["ann"]
        assert ([e.item for e in back.events], back.taken_back) == (["a"], {"b"})


@pytest.mark.parametrize("user", ["nobody", 7, None])
def test_of_others_nothing_is_known(user: object) -> None:
    log = DeltaLog()
    log.add_events(page_of(1, [("ann", "a")]))
    assert user not in log.delta.users
