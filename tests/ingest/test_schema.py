"""Columns are found by their usual names, or named by a mapping; doubt is an error."""

from __future__ import annotations

import pytest
from graphrec.ingest.schema import (
    EventColumns,
    LinkColumns,
    event_columns,
    link_columns,
    node_column,
)

from graphrec.errors import DataError


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (
            ["user_id", "item_id", "rating", "timestamp"],
            EventColumns("user_id", "item_id", "rating", "timestamp", None, "rating"),
        ),
        (
            ["userId", "movieId", "rating", "timestamp"],
            EventColumns("userId", "movieId", "rating", "timestamp", None, "rating"),
        ),
        (
            ["timestamp", "visitorid", "event", "itemid", "transactionid"],
            EventColumns("visitorid", "itemid", None, "timestamp", "event"),
        ),
        (
            ["reviewerID", "asin", "overall", "unixReviewTime", "summary"],
            EventColumns("reviewerID", "asin", "overall", "unixReviewTime", None, "rating"),
        ),
        (
            ["review_id", "user_id", "business_id", "stars", "date"],
            EventColumns("user_id", "business_id", "stars", "date", None, "rating"),
        ),
        (["uid", "iid", "count"], EventColumns("uid", "iid", "count", None, None)),
        (
            ["User ID", "Product Id", "event_type", "event_time", "rating"],
            EventColumns("User ID", "Product Id", "rating", "event_time", "event_type", "rating"),
        ),
    ],
)
def test_usual_names_are_found(columns: list[str], expected: EventColumns) -> None:
    assert event_columns("log", columns, {}) == expected


def test_a_mapping_comes_first() -> None:
    found = event_columns("log", ["user", "uid", "what", "item"], {"user": "uid", "kind": "what"})
    assert (found.user, found.item, found.kind) == ("uid", "item", "what")


def test_a_column_that_is_mapped_is_taken() -> None:
    found = event_columns("log", ["user", "item", "value", "count"], {"time": "count"})
    assert (found.weight, found.time) == ("value", "count")


def test_a_kind_for_all_events() -> None:
    found = event_columns("log", ["user", "item", "rating", "event"], {}, kind="view")
    assert (found.kind, found.default_kind) == (None, "view")


@pytest.mark.parametrize(
    ("columns", "mapping", "message"),
    [
        (["who", "item"], {}, "no column for the user: found 'who', 'item'; .*--map user=COLUMN"),
        (["user", "uid", "item"], {}, "more than one column for the user: 'user', 'uid'"),
        (["user", "item"], {"time": "when"}, "no column 'when' for the time: found 'user', 'item'"),
        (["user", "item"], {"place": "item"}, "'place' cannot be mapped in log: .*'user', 'item'"),
        (["a", "b"], {"user": "a", "item": "a"}, "uses a column twice"),
        ([], {}, "found none"),
    ],
)
def test_doubt_is_an_error(columns: list[str], mapping: dict[str, str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        event_columns("log", columns, mapping)


@pytest.mark.parametrize(
    ("node_type", "columns", "mapping", "expected"),
    [
        ("item", ["movieId", "title"], {}, "movieId"),
        ("item", ["id", "title"], {}, "id"),
        ("item", ["id", "item_id"], {}, "item_id"),
        ("item", ["isbn", "item_id", "item"], {}, "item_id"),
        ("item", ["isbn", "item"], {}, "item"),
        ("item", ["isbn", "title"], {}, "isbn"),
        ("user", ["user_id", "age"], {}, "user_id"),
        ("user", ["customer", "userId"], {}, "userId"),
        ("genre", ["genre_id", "label"], {}, "genre_id"),
        ("genre", ["code", "label"], {"id": "code"}, "code"),
    ],
)
def test_ids_of_nodes(
    node_type: str, columns: list[str], mapping: dict[str, str], expected: str
) -> None:
    assert node_column("nodes", columns, mapping, node_type) == expected


@pytest.mark.parametrize(
    ("columns", "types", "expected"),
    [
        (["source", "target"], ("user", "user"), LinkColumns("source", "target")),
        (["item", "brand", "weight"], ("item", "brand"), LinkColumns("item", "brand", "weight")),
        (["item_id", "entity_id"], ("item", "entity"), LinkColumns("item_id", "entity_id")),
        (["user", "target"], ("user", "user"), LinkColumns("user", "target")),
        (["source", "user"], ("user", "user"), LinkColumns("source", "user")),
    ],
)
def test_ends_of_links(columns: list[str], types: tuple[str, str], expected: LinkColumns) -> None:
    assert link_columns("links", columns, {}, (types[0], "of", types[1])) == expected


def test_triples_name_their_relation() -> None:
    columns = ["head_id", "relation_id", "tail_id"]
    found = link_columns("kg", columns, {}, ("entity", None, "entity"))
    assert found == LinkColumns("head_id", "tail_id", None, "relation_id")


def test_one_column_cannot_be_both_ends() -> None:
    message = r"for both ends of a link: .*--map user:follows:user\.target=COLUMN"
    with pytest.raises(DataError, match=message):
        link_columns("links", ["user", "since"], {}, ("user", "follows", "user"))


def test_a_column_of_relations_is_found_beside_a_fixed_one() -> None:
    found = link_columns("kg", ["head", "relation", "tail"], {}, ("entity", "is", "entity"))
    assert found.relation == "relation"
    found = link_columns("kg", ["item", "relation"], {}, ("item", "is", "relation"))
    assert (found.target, found.relation) == ("relation", None)


@pytest.mark.parametrize("columns", [["movieId", "isbn"], ["id", "isbn"], ["title"]])
def test_doubt_about_an_id_names_the_option_that_ends_it(columns: list[str]) -> None:
    with pytest.raises(DataError, match=r"for the id: .*--map item\.id=COLUMN"):
        node_column("items.csv", columns, {}, "item")
    assert node_column("items.csv", columns, {"id": columns[0]}, "item") == columns[0]


def test_a_wrong_mapping_of_ids_is_named_as_it_was_written() -> None:
    with pytest.raises(DataError, match=r"correct `--map item\.id=sku`"):
        node_column("items.csv", ["id"], {"id": "sku"}, "item")
