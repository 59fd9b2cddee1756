"""Ties of the Neo4j store: that they say what the events say, and when they are not followed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest

from graphrec.data.kinds import KindPolicy
from graphrec.store import EventKey
from graphrec.store.neo4j import names, read, ties
from graphrec.testing.logs import KINDS, Event, log_of
from graphrec.testing.stores import POLICY
from tests.support.neo4j_server import TestServer

neo4j_store = pytest.importorskip("graphrec.store.neo4j.store")
Neo4jStore = neo4j_store.Neo4jStore

BOUGHT = [Event(user, item, 1, 0, "purchase") for user in "ab" for item in ("pot", "lid")]


def test_a_pair_has_one_tie_of_likes_and_one_of_each_kind() -> None:
    log = [Event("a", "pot", 1, 3, "purchase"), Event("a", "pot", 1, 5, "purchase")]
    log += [Event("a", "lid", 1, 1, "view"), Event("a", "lid", 1, 2, "purchase")]
    log += [Event("a", "lid", 1, 9, "skip"), Event("b", "pot", 1, 4, "skip")]
    log += [Event("c", "pot", 1, 1, "view"), Event("c", "pot", 1, 2, "thumbs_down")]
    found = set(ties.ties_of(log_of(log), POLICY))
    assert found == {
        ties.Tie("a", "pot", "GRAPHREC_ONLY_PURCHASE", 3, 5),
        ties.Tie("a", "lid", "GRAPHREC_ALSO_VIEW", 1, 1),
        ties.Tie("a", "lid", "GRAPHREC_ALSO_PURCHASE", 2, 2),
        ties.Tie("a", "lid", "GRAPHREC_ALSO_SKIP", 9, 9),
        ties.Tie("a", "lid", "GRAPHREC_LIKES", 1, 2),
        ties.Tie("b", "pot", "GRAPHREC_ONLY_SKIP", 4, 4),
    }
    assert list(ties.ties_of(log_of([]), POLICY)) == []


def test_a_question_follows_one_tie_a_pair_where_it_can() -> None:
    known = ("view", "purchase", "skip", "thumbs_down")
    likes = (names.only("purchase"), names.only("view"), names.LIKES)
    assert ties.types_of(known, POLICY, None) == (likes, True)
    assert ties.types_of(known, POLICY, ["view", "purchase"]) == (likes, True)
    skips = (names.only("skip"), names.also("skip"))
    assert ties.types_of(known, POLICY, ["skip"]) == (skips, True)
    both = ties.types_of(known, POLICY, ["skip", "view"])
    assert set(both.names) == {*skips, names.only("view"), names.also("view")}
    assert not both.single
    for nothing in ([], ["thumbs_down"], ["no such"]):
        assert ties.types_of(known, POLICY, nothing) == ((names.LIKES_OF_NONE,), True)


def test_types_of_ties_do_not_meet() -> None:
    tricky = ("view", "View", "VIEW", "a b", "é", "_a", "", "likes", "only_view", "x` //")
    made = [name(kind) for kind in tricky for name in (names.only, names.also)]
    assert len({*made, names.LIKES, names.LIKES_OF_NONE}) == len(made) + 2
    assert all(names.STRICT.fullmatch(name) for name in made)


def test_a_meaning_is_of_what_decides_alone() -> None:
    def of(**fields: Any) -> str:
        return ties.meaning_of("rating", {"rating": KindPolicy(**fields)})

    assert of(threshold=4) == of(threshold=4, half_life_days=3, clip_quantile=0.9, weight=2)
    assert len({of(), of(threshold=4), of(threshold=4, weight=0), of(polarity="neutral")}) == 4


@pytest.fixture
def store(neo4j_server: TestServer) -> Iterator[Neo4jStore]:
    neo4j_server.empty()
    with Neo4jStore(neo4j_server.url, POLICY, neo4j_server.settings) as store:
        yield store


def tied(store: Neo4jStore, policy: Mapping[str, KindPolicy] = POLICY) -> bool:
    """Whether queries follow ties."""
    return bool(store._server.read(lambda tx: read.known(tx, store._events, policy)).tied)


def answers(store: Neo4jStore) -> list[Any]:
    """To questions of all sorts."""
    items, users = store.ids("item"), store.ids("user")
    found: list[Any] = [store.popular_items(99), store.popular_items(99, kinds=["skip", "view"])]
    for item in items:
        found += [
            store.related_items(item, 20),
            store.related_items(item, 20, after=True),
            store.related_items(item, 20, "lift", kinds=["purchase"]),
            store.related_items(item, 20, "jaccard", kinds=["skip", "view"]),
            store.related_items(item, 20, kinds=["skip", "view"], after=True, cap=2),
        ]
        found += [store.paths(user, item, 20) for user in users[:2]]
    for user in users:
        found += [store.similar_users(user, 20, "lift"), store.neighbour_recommendations(user, 20)]
    return found


@pytest.mark.slow
class TestTies:
    def test_they_say_what_the_events_say(self, store: Neo4jStore, neo4j_server: TestServer):
        rng = np.random.default_rng(5)

        def some(count: int) -> list[Event]:
            return [
                Event(f"u{rng.integers(6)}", f"i{rng.integers(5)}", float(rng.choice((1, 4, -1))),
                      int(rng.integers(4)), str(rng.choice(KINDS)))
                for _ in range(count)
            ]  # fmt: skip

        log = some(50)
        store.write_events(log_of(log))
        store.write_events(log_of(some(40)))
        store.delete_events([EventKey(*event[:2]) for event in log[:4]])
        store.delete_item("i4")
        store.forget_user("u5")
        store.write_events(log_of(some(10)))
        assert tied(store)
        by_ties = answers(store)
        neo4j_server.query("MATCH (schema:GraphrecSchema) SET schema.ties_position = -1")
        assert not tied(store)
        assert by_ties == answers(store)
        assert any(by_ties)

    def test_a_graph_from_before_there_were_ties_gets_them_by_its_writes(
        self, store: Neo4jStore, neo4j_server: TestServer, monkeypatch: pytest.MonkeyPatch
    ):
        store.write_events(log_of(BOUGHT))
        expected = store.related_items("pot", kinds=["purchase"])
        neo4j_server.query("MATCH ()-[tie:GRAPHREC_ONLY_PURCHASE]->() DELETE tie")
        neo4j_server.query("MATCH (schema:GraphrecSchema) REMOVE schema.ties_position")
        neo4j_server.query("MATCH (kind:GraphrecKind) REMOVE kind.meaning")
        assert not tied(store)
        assert store.related_items("pot", kinds=["purchase"]) == expected
        monkeypatch.setattr("graphrec.store.neo4j.tying.advance.__defaults__", (1,))
        position = store.position()
        store.write_events(log_of(BOUGHT[:1]))  # which changes nothing
        assert store.position() == position
        found = []
        for n in range(2):  # a user is gone through with each write
            found.append(tied(store))
            store.write_events(log_of([Event("z", "pot", 1, n, "view")]))
            assert store.related_items("pot", kinds=["purchase"]) == expected
        assert found[0] is False
        store.write_log([log_of([Event("z", "pot", 1, 9, "view")])], 1)
        assert tied(store)
        assert store.related_items("pot", kinds=["purchase"]) == expected
        count = "MATCH ()-[tie]->() WHERE type(tie) STARTS WITH 'GRAPHREC_' RETURN count(tie)"
        assert neo4j_server.query(count) == [[5]]

    def test_another_policy_asks_the_events_until_it_writes(
        self, store: Neo4jStore, neo4j_server: TestServer
    ):
        store.write_events(log_of([*BOUGHT, Event("c", "pot", 2, 0, "rating")]))
        lenient = {"rating": KindPolicy(threshold=1), "purchase": KindPolicy(weight=0)}
        with Neo4jStore(neo4j_server.url, lenient, neo4j_server.settings) as other:
            assert not tied(other, lenient)
            assert other.popular_items() == [("pot", 1)]
            other.write_log([log_of([Event("d", "pot", 2, 0, "rating")])], 1)
            assert tied(other, lenient)
            assert other.popular_items() == [("pot", 2)]
            assert other.popular_items(kinds=["purchase"]) == [("lid", 2), ("pot", 2)]
        assert not tied(store)
        assert store.popular_items() == [("lid", 2), ("pot", 2)]
        store.write_events(log_of([Event("e", "pan")]))  # a graph of few users is done at once
        assert tied(store)
        assert store.popular_items() == [("lid", 2), ("pot", 2), ("pan", 1)]

    def test_what_a_writer_without_ties_wrote_counts(
        self, store: Neo4jStore, neo4j_server: TestServer
    ):
        store.write_events(log_of(BOUGHT))
        neo4j_server.query(
            "MATCH (user:User {id: 'a'}), (schema:GraphrecSchema) MERGE (item:Item {id: 'pan'}) "
            "CREATE (user)-[:INTERACTED {kind: 'purchase', time: 1, weight: 1.0}]->(item) "
            "SET schema.position = schema.position + 1"
        )
        assert not tied(store)
        assert [row.id for row in store.related_items("pot")] == ["lid", "pan"]
        store.write_events(log_of([Event("c", "pot", 1, 0, "purchase")]))
        assert tied(store)
        assert [row.id for row in store.related_items("pot")] == ["lid", "pan"]

    def test_attributes_and_links_leave_them_as_they_are(self, store: Neo4jStore):
        store.write_events(log_of(BOUGHT))
        store.write_links(("item", "has_genre", "genre"), [("pot", "kitchen", 1)])
        assert tied(store)
