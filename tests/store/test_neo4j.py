"""The Neo4j store on a real server: the contract, and what only a server can do."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from graphrec.data import Attribute, Vocabulary
from graphrec.data.weighting import DEFAULT_POLICY, KindPolicy
from graphrec.errors import DataError, SettingsError, StoreError, UnknownNode
from graphrec.settings import MappedGraph, Neo4jSettings
from graphrec.store import EventKey, open_store
from graphrec.store.neo4j import names
from graphrec.store.neo4j import queries as cypher
from graphrec.store.neo4j.layout import literal, pasteable
from graphrec.store.sqlite.store import SQLiteStore
from graphrec.testing.logs import IDS, KINDS, SMALL, Event, log_of
from graphrec.testing.stores import (
    POLICY,
    FreshStore,
    StoreContract,
    assert_same_graph,
    events_after,
)
from scripts.benchmark.load.process import free_port
from tests.support.neo4j_server import ROOT, TestServer

pytestmark = pytest.mark.slow
"""A server of another language: seconds to start, and to ask."""

neo4j_store = pytest.importorskip("graphrec.store.neo4j.store")
Neo4jStore = neo4j_store.Neo4jStore


@pytest.fixture
def fresh(neo4j_server: TestServer) -> Iterator[FreshStore]:
    stores: list[Neo4jStore] = []

    def fresh() -> Neo4jStore:
        neo4j_server.empty()
        stores.append(Neo4jStore(neo4j_server.url, POLICY, neo4j_server.settings))
        return stores[-1]

    yield fresh
    for store in stores:
        store.close()


@pytest.fixture
def store(fresh: FreshStore) -> Neo4jStore:
    return fresh()


class TestNeo4jStore(StoreContract):
    @pytest.fixture
    def fresh(
        self, fresh: FreshStore, neo4j_server: TestServer, request: pytest.FixtureRequest
    ) -> FreshStore:
        if not request.node.originalname.startswith("test_answers_"):
            return fresh

        def with_all_kinds() -> Neo4jStore:
            """One that had events of all kinds: queries are planned once, which takes seconds."""
            store = fresh()
            neo4j_server.query(cypher.ADD_KINDS, kinds=[[kind, None] for kind in KINDS])
            return store

        return with_all_kinds


# Names and order


def test_names_from_data_are_plain_or_hexadecimal():
    assert names.label("genre") == "Genre"
    assert names.label("film_studio") == "Film_studio"
    assert names.relationship("has_genre") == "HAS_GENRE"
    assert names.attribute_property("year") == "year"
    hostile = "x`) DETACH DELETE n //"
    for name in (names.label(hostile), names.relationship(hostile)):
        assert names.STRICT.fullmatch(name)
    with pytest.raises(StoreError, match="cannot be used in a query: expected letters, digits"):
        names.quoted(hostile)


def test_no_two_names_meet():
    tricky = ["a", "A", "_a", "type_61", "type_", "graphrecSchema", "id", "ID", "link_61", "a b"]
    tricky += ["interacted", "INTERACTED", "attribute_6964", "", "é", "User", "user", "item"]
    for name_of in (names.label, names.relationship, names.attribute_property):
        assert len({name_of(name) for name in tricky}) == len(tricky), name_of
    assert "GraphrecSchema" not in map(names.label, tricky)
    assert names.INTERACTED not in map(names.relationship, tricky)
    assert "id" not in map(names.attribute_property, tricky)


def test_the_server_orders_ids_by_code_point(store: Neo4jStore):
    # As many people like each: ties in the whole list, and at its cut.
    store.write_events(log_of([Event("ann", item) for item in IDS]))
    expected = sorted(IDS)
    assert [row.id for row in store.popular_items(len(IDS))] == expected
    for k in range(1, len(IDS)):
        assert [row.id for row in store.popular_items(k)] == expected[:k]


def test_a_graph_reads_well_in_cypher(store: Neo4jStore, neo4j_server: TestServer):
    store.write_events(log_of([Event("ann", "heat", 5, 10, "rating")]))
    title = Attribute("text", ("Heat",))
    store.write_nodes("item", Vocabulary(("heat",)), {"title": title})
    store.write_links(("item", "has_genre", "genre"), [("heat", "crime", 1)])
    found = neo4j_server.query(
        "MATCH (user:User)-[event:INTERACTED]->(item:Item)-[:HAS_GENRE]->(genre:Genre) "
        "RETURN user.id, event.kind, event.weight, event.time, item.title, genre.id"
    )
    assert found == [["ann", "rating", 5.0, 10, "Heat", "crime"]]


def test_the_query_in_the_docs_gives_what_the_store_gives(
    store: Neo4jStore, neo4j_server: TestServer
):
    store.write_events(log_of(SMALL))
    text = (ROOT / "docs" / "stores.md").read_text()
    query = text.partition("```cypher\n")[2].partition("```")[0].partition("\n\n")[2]
    rows = neo4j_server.query(query.replace("'50'", "'heat'"), positive_from={"rating": 3.5})
    expected = [
        [row.id, row.support, pytest.approx(row.score)] for row in store.related_items("heat")
    ]
    assert sorted([item, support, cosine] for item, _, support, cosine in rows) == expected


def test_the_queries_to_paste_give_what_the_store_gives(
    store: Neo4jStore, neo4j_server: TestServer
):
    store.write_events(log_of(SMALL))
    values, queries = pasteable(neo4j_server.settings, POLICY)
    scale = values["asked"]["scale"]
    related, after, everyone, similar, recommended, popular, paths = queries.values()
    for value in (*values.values(), {"a`b": ["'", '"\\', None, -1e308, True]}):
        assert neo4j_server.query(f"RETURN {literal(value)}") == [[value]]

    def ask(query: str, **about: str) -> list[list[Any]]:
        return neo4j_server.query(query, **{**values, "asked": {**values["asked"], **about}})

    def scored(rows: list[list[Any]]) -> list[tuple[Any, ...]]:
        return [(row[0], row[1] / scale, row[2]) for row in rows]

    assert scored(ask(related, id="heat")) == store.related_items("heat")
    assert scored(ask(after, id="heat")) == store.related_items("heat", after=True)
    assert ask(everyone) == [[3]]
    assert scored(ask(similar, id="ann")) == store.similar_users("ann")
    assert scored(ask(recommended, id="ann")) == store.neighbour_recommendations("ann")
    assert [tuple(row) for row in ask(popular)] == store.popular_items()
    found = ask(paths, user="ann", item="alien")
    assert [(via, n, s / scale) for via, n, s in found] == store.paths("ann", "alien")


def test_opening_and_reading_change_nothing(neo4j_server: TestServer):
    neo4j_server.empty()
    with Neo4jStore(neo4j_server.url, POLICY, neo4j_server.settings) as store:
        store.read_graph()
        assert store.popular_items() == []
    assert neo4j_server.query("MATCH (node) RETURN count(node)") == [[0]]


def test_the_policy_is_the_opener_s(store: Neo4jStore, neo4j_server: TestServer):
    store.write_events(log_of([Event("ann", "heat", 2, 0, "rating")]))
    any_rating = {"rating": KindPolicy(threshold=None)}
    for policy, people in ((any_rating, [("heat", 1)]), (DEFAULT_POLICY, [])):
        with open_store(neo4j_server.url, policy, neo4j_server.settings) as opened:
            assert opened.popular_items() == people


def test_more_events_than_one_statement_takes(store: Neo4jStore):
    # Users whose events go over the end of a statement's rows, and users who are known already.
    events = [Event(f"u{n % 7}", f"i{n}", 1, n) for n in range(12_000)]
    assert store.write_events(log_of(events[:10])) == 10
    assert store.write_events(log_of(events)) == 12_000 - 10
    assert store.write_events(log_of(events)) == 0
    assert store.counts() == {"user": 7, "item": 12_000, "events": 12_000, "links": 0}


def test_the_best_are_found_where_most_candidates_are_not_counted(store: Neo4jStore):
    # Popular items, which are tied to everything, and a few that go together.
    people = [f"u{n}" for n in range(200)]
    events = [Event(person, f"popular {n}") for person in people for n in range(5)]
    events += [Event(person, f"rare {n}") for person in people[:20] for n in range(3)]
    events += [Event(person, f"once {person}") for person in people]
    events += [Event(person, "disliked", 1, 0, "rating") for person in people]
    events += [Event(people[0], "disliked", 5, 0, "rating")]
    store.write_events(log_of(events))
    rows = store.related_items("rare 0", k=3)
    assert [(row.id, row.support) for row in rows] == [
        ("rare 1", 20),
        ("rare 2", 20),
        ("popular 0", 20),
    ]
    found = store.related_items("once u0", k=20)
    assert found[0].id == "disliked"
    assert found[0].score == 1


# A graph that is there already

MOVIES = """
UNWIND $events AS event
MERGE (person:Person {name: event[0]})
MERGE (movie:Movie {movieId: event[1]})
CREATE (person)-[rated:RATED {rating: event[2], timestamp: event[3]}]->(movie)
"""
MORE_MOVIES = """
MATCH (ann:Person {name: 'ann'}), (bob:Person {name: 'bob'}), (alien:Movie {movieId: 30})
MERGE (genre:Genre {name: 'horror'})
CREATE (alien)-[:IN_GENRE]->(genre), (ann)-[:RATED {rating: 5}]->(ann), (ann)-[:KNOWS]->(bob),
       (bob)-[:SAW {at: datetime('1970-01-01T00:00:01.500Z')}]->(alien)
SET alien.title = 'Alien', alien.year = 1979, alien.kinds = ['a', 'b'], ann.age = 30
"""
MAPPING = MappedGraph.model_validate(
    {
        "nodes": {
            "user": {"label": "Person", "id": "name", "attributes": {"age": "number"}},
            "item": {
                "label": "Movie",
                "id": "movieId",
                "attributes": {"title": "text", "year": "number", "kinds": "tags"},
            },
            "genre": {"label": "Genre", "id": "name"},
        },
        "interactions": {
            "rating": {"type": "RATED", "weight": "rating", "time": "timestamp"},
            "view": {"type": "SAW", "time": "at", "time_unit": "datetime"},
        },
        "links": [
            {"source": "item", "relation": "has_genre", "target": "genre", "type": "IN_GENRE"},
            {"source": "user", "relation": "knows", "target": "user", "type": "KNOWS"},
        ],
    }
)


@pytest.fixture
def movies(neo4j_server: TestServer, tmp_path: Path) -> Iterator[tuple[Neo4jStore, SQLiteStore]]:
    """A graph as others have it, mapped; and the same in SQLite."""
    neo4j_server.empty()
    codes = {"heat": 10, "fargo": 20, "alien": 30, "speed": 4}
    rated = [event for event in SMALL if event.kind == "rating"]
    events = [[e.user, codes[e.item], e.weight, e.time] for e in rated]
    neo4j_server.query(MOVIES, events=events)
    neo4j_server.query(MORE_MOVIES)
    settings = neo4j_server.settings.model_copy(update={"graph": MAPPING})
    with (
        Neo4jStore(neo4j_server.url, POLICY, settings) as mapped,
        SQLiteStore(tmp_path / "copy.db", POLICY) as sqlite,
    ):
        as_rows = [
            Event(e.user, str(codes[e.item]), e.weight, e.time * 1000, "rating") for e in rated
        ]
        sqlite.write_events(log_of([*as_rows, Event("bob", "30", 1, 1500, "view")]))
        attributes = {
            "title": Attribute("text", ("Alien",)),
            "year": Attribute("number", (1979.0,)),
            "kinds": Attribute("tags", (("a", "b"),)),
        }
        sqlite.write_nodes("item", Vocabulary(("30",)), attributes)
        sqlite.write_nodes("user", Vocabulary(("ann",)), {"age": Attribute("number", (30.0,))})
        sqlite.write_links(("item", "has_genre", "genre"), [("30", "horror", 1)])
        sqlite.write_links(("user", "knows", "user"), [("ann", "bob", 1)])
        yield mapped, sqlite


def test_a_mapped_graph_answers_as_a_copy_of_it_does(movies: tuple[Neo4jStore, SQLiteStore]):
    mapped, copy = movies
    assert_same_graph(mapped.read_graph(), copy.read_graph())
    assert_same_graph(mapped.read_graph(45_000), copy.read_graph(45_000))
    assert mapped.counts() == copy.counts()
    assert mapped.read_node("item", "30") == copy.read_node("item", "30")
    assert mapped.popular_items() == copy.popular_items() != []
    assert mapped.popular_items(since=20_000, until=80_000) == copy.popular_items(
        10, 20_000, 80_000
    )
    for item in ("10", "20", "30", "4"):
        assert mapped.related_items(item) == copy.related_items(item)
        for user in ("ann", "bob", "cat"):
            assert mapped.paths(user, item) == copy.paths(user, item)
    for user in ("ann", "bob", "cat"):
        assert mapped.similar_users(user, similarity="jaccard") == copy.similar_users(
            user, similarity="jaccard"
        )
        assert mapped.neighbour_recommendations(user) == copy.neighbour_recommendations(user)
    for strange in ("010", "x", "1.0", "9" * 30):
        with pytest.raises(UnknownNode, match=f"item {strange!r} is unknown"):
            mapped.related_items(strange)
        with pytest.raises(UnknownNode):
            mapped.read_node("item", strange)


def test_a_database_from_before_there_were_positions_is_brought_up_to_date_by_the_first_write(
    neo4j_server: TestServer,
):
    neo4j_server.empty()
    neo4j_server.query(
        "CREATE (:GraphrecSchema {name: 'graphrec', version: 1}), (:GraphrecKind {name: 'view'}), "
        "(:User {id: 'ann'})-[:INTERACTED {kind: 'view', time: 0, weight: 1.0}]->"
        "(:Item {id: 'heat'}), (:GraphrecDeletion {position: 1, type: 'item', id: 'fargo'}), "
        "(:GraphrecDeletion {position: 2, type: 'item', id: 'heat'})"
    )
    with Neo4jStore(neo4j_server.url, POLICY, neo4j_server.settings) as store:
        assert store.position() == 0
        assert events_after(store, 0) == []
        assert store.write_events(log_of([Event("ann", "heat"), Event("bob", "heat")])) == 1
        assert events_after(store, 0) == [Event("bob", "heat")]
        assert store.counts()["events"] == 2
        assert store.deleted("item", ["heat", "fargo"]) == {"fargo"}
        assert store.forget_user("bob")
        assert store.deleted("user", ["ann", "bob"]) == {"bob"}
    assert neo4j_server.query("MATCH (schema:GraphrecSchema) RETURN schema.version") == [[3]]


def test_a_mapped_graph_is_left_as_it_is(
    movies: tuple[Neo4jStore, SQLiteStore], neo4j_server: TestServer
):
    mapped, copy = movies
    before = neo4j_server.query("MATCH (node) RETURN count(node)")
    for write in (
        lambda: mapped.write_events(copy.read_graph().interactions),
        lambda: mapped.write_nodes("item", Vocabulary(("1",)), {}),
        lambda: mapped.write_links(("user", "knows", "user"), [("a", "b", 1)]),
        lambda: mapped.forget_user("ann"),
        lambda: mapped.delete_item("1"),
        lambda: mapped.delete_items([]),
        lambda: mapped.delete_events([EventKey("ann", "1")]),
    ):
        with pytest.raises(StoreError, match=r"that \[neo4j.graph\] maps is only read"):
            write()
    assert mapped.deleted("item", ["1", "2"]) == frozenset()
    assert mapped.ids("item") == copy.ids("item")
    assert mapped.position() is None
    for ask in (mapped.events_since, mapped.nodes_since):
        with pytest.raises(StoreError, match="has no position, as others write it"):
            ask(0)
    assert neo4j_server.query("MATCH (node) RETURN count(node)") == before


def test_what_a_mapped_graph_lacks_is_left_out_with_a_warning(
    movies: tuple[Neo4jStore, SQLiteStore],
    neo4j_server: TestServer,
    caplog: pytest.LogCaptureFixture,
):
    mapped, copy = movies
    neo4j_server.query("MATCH (bob:Person {name: 'bob'}) CREATE (bob)-[:RATED]->(:Movie)")
    assert_same_graph(mapped.read_graph(), copy.read_graph())
    assert "1 of the relationships `RATED`|`SAW` are left out: expected a weight" in caplog.text
    neo4j_server.query("CREATE (:Movie {movieId: 30})")
    with pytest.raises(
        StoreError, match="two nodes :Movie have the movieId '30': expected another"
    ):
        mapped.read_graph()


@pytest.mark.parametrize(
    ("section", "change", "message"),
    [
        ("nodes", {"item": {"label": "Film"}}, r"item.label = 'Film' is of no node .* Movie"),
        ("nodes", {"item": {"label": "Movie"}}, r"item.id = 'id' identifies no node :Movie"),
        ("interactions", {"view": {"type": "LIKED"}}, r"'LIKED' is of no relationship in .* RATED"),
    ],
)
def test_a_mapping_to_what_is_not_there_is_refused(
    movies: tuple[Neo4jStore, SQLiteStore],
    neo4j_server: TestServer,
    section: str,
    change: dict[str, dict[str, str]],
    message: str,
):
    raw = MAPPING.model_dump()
    graph = MappedGraph.model_validate({**raw, section: {**raw[section], **change}})
    settings = neo4j_server.settings.model_copy(update={"graph": graph})
    with pytest.raises(SettingsError, match=message):
        Neo4jStore(neo4j_server.url, POLICY, settings)


# Several threads


def test_threads_may_share_a_store(store: Neo4jStore):
    failures: list[BaseException] = []

    def write(thread: int) -> None:
        try:
            for turn in range(5):
                events = [Event(f"u{n}", f"i{m}", thread) for n in range(4) for m in range(5)]
                events.append(Event(f"t{thread}", f"i{turn}"))
                store.write_events(log_of(events))
                assert store.similar_users(f"t{thread}", k=1) is not None
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert store.counts() == {"user": 8, "item": 5, "events": 20 + 20, "links": 0}


# What cannot be opened


def test_a_server_that_is_away_is_said_at_once():
    start = time.monotonic()
    with pytest.raises(StoreError, match=r"bolt://127.0.0.1:\d+ is away: .* start the server"):
        Neo4jStore(f"bolt://127.0.0.1:{free_port()}", POLICY)
    assert time.monotonic() - start < 10


def test_a_wrong_password_is_refused_and_shown_nowhere(neo4j_server: TestServer):
    settings = Neo4jSettings(password=SecretStr("not-the-password"))
    with pytest.raises(
        StoreError, match=r"refused the user 'neo4j'.* GRAPHREC_NEO4J__PASSWORD"
    ) as e:
        Neo4jStore(neo4j_server.url, POLICY, settings)
    assert "not-the-password" not in f"{e.value} {e.value!r} {e.value.__cause__!r} {settings!r}"
    with pytest.raises(StoreError, match="wants a password of the user 'neo4j'"):
        Neo4jStore(neo4j_server.url, POLICY)


def test_a_wrong_database_is_named(neo4j_server: TestServer):
    settings = neo4j_server.settings.model_copy(update={"database": "shop"})
    with pytest.raises(StoreError, match="has no database 'shop' in use: expected one that"):
        Neo4jStore(neo4j_server.url, POLICY, settings)


def test_a_later_schema_is_refused(store: Neo4jStore, neo4j_server: TestServer):
    store.write_events(log_of(SMALL))
    neo4j_server.query("MATCH (schema:GraphrecSchema) SET schema.version = 99")
    with pytest.raises(StoreError, match="has schema version 99: expected at most 3; a newer"):
        Neo4jStore(neo4j_server.url, POLICY, neo4j_server.settings)


@pytest.mark.parametrize(
    "url",
    ["neo4j://ann:secret@localhost:7687", "neo4j://localhost/secret", "bolt://", "neo4j+x://a"],
)
def test_a_url_holds_an_address_and_nothing_else(url: str):
    with pytest.raises(SettingsError, match="expected neo4j://HOST:7687") as error:
        open_store(url)
    assert "ann" not in str(error.value)


def test_a_driver_that_is_not_installed_is_named():
    code = (
        "import sys; sys.modules['neo4j'] = None\n"
        "from graphrec.store import open_store; open_store('neo4j://localhost')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "the Neo4j store needs 'neo4j', which is not installed" in done.stderr
    assert "graphrec[neo4j]" in done.stderr


def test_a_closed_store_says_so(store: Neo4jStore):
    store.close()
    store.close()
    with pytest.raises(StoreError, match="is closed: open it again"):
        store.counts()


def test_half_a_character_is_refused(store: Neo4jStore):
    with pytest.raises(DataError, match="surrogate"):
        store.write_events(log_of([Event("ann", "heat"), Event("\ud800", "heat")]))
    assert store.counts()["user"] == 0


# Outages

BATCH = 500


def batch(number: int) -> list[Event]:
    return [Event(f"u{number % 7}", f"i{n}", 1, number) for n in range(BATCH)]


@pytest.fixture
def outage(neo4j_server: TestServer) -> Iterator[TestServer]:
    """A server that a test may kill; it runs again afterwards."""
    yield neo4j_server
    neo4j_server.start()


@pytest.mark.slow
@pytest.mark.parametrize("after", [4])
def test_a_load_goes_on_when_a_killed_server_comes_back(
    store: Neo4jStore, outage: TestServer, after: int
):
    acknowledged: list[int] = []
    failures: list[BaseException] = []
    total = after + 12

    def load() -> None:
        try:
            for number in range(total):
                store.write_events(log_of(batch(number)))
                acknowledged.append(number)
        except BaseException as error:
            failures.append(error)

    loader = threading.Thread(target=load)
    loader.start()
    while len(acknowledged) < after:
        time.sleep(0.001)
    outage.kill()
    known = len(acknowledged)
    outage.start()
    times = store.read_graph().interactions.time.tolist()
    assert set(range(known)) <= set(times)  # no acknowledged event is lost
    loader.join()
    assert not failures
    times = sorted(store.read_graph().interactions.time.tolist())
    assert times == [number for number in range(total) for _ in range(BATCH)]  # and none is half


@pytest.mark.slow
def test_a_server_that_stays_away_is_an_error_in_time_and_the_store_recovers(outage: TestServer):
    outage.empty()
    with Neo4jStore(outage.url, POLICY, outage.settings, retry_seconds=2) as store:
        store.write_events(log_of(SMALL))
        outage.kill()
        for work in (lambda: store.write_events(log_of(batch(0))), store.read_graph, store.counts):
            start = time.monotonic()
            with pytest.raises(StoreError, match=r"is away: .* start the server, or"):
                work()
            assert time.monotonic() - start < 20
        outage.start()
        assert store.counts()["events"] == len(SMALL)
        assert store.write_events(log_of(batch(0))) == BATCH
