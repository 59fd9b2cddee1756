"""Names and values in rules, looked up among what items have."""

from __future__ import annotations

from datetime import date, datetime, timezone

import numpy as np
import pytest
from pydantic import TypeAdapter

from graphrec.data import Attribute, Vocabulary
from graphrec.rules.check import Known, Problem, problems_of
from graphrec.rules.item_table import ItemTable
from graphrec.rules.rule import Rule
from graphrec.snapshot.view import View
from tests.support.attributed import SNAPSHOT

DAY = 1_704_067_200_000

TABLE = ItemTable(
    Vocabulary(("a", "b", "c", "d")),
    {
        "restricted": Attribute("category", ("yes", "no", "no", None)),
        "flag": Attribute("number", (1.0, 0.0, None, 1.0)),
        "price": Attribute("number", (1.5, 20.0, 3.0, None)),
        "size": Attribute("category", ("10", "9", "large", None)),
        "released": Attribute("category", ("2020-01-01", "2024-01-01", "2030-06-01", None)),
        "until": Attribute("category", ("2020-01-01", "2030-01-01", "soon", None)),
        "until_s": Attribute("number", (1577836800.0, 1893456000.0, None, None)),
        "until_ms": Attribute("number", (1577836800000.0, 1893456000000.0, None, None)),
        "until_day": Attribute("number", (20200101.0, 20300101.0, None, None)),
        "words": Attribute("text", ("some", "words", "here", None)),
        "empty": Attribute("category", (None, None, None, None)),
    },
    {"d": {"stock": 3.0}},
    View.of(SNAPSHOT).items.table.links,
)

KNOWN = Known(TABLE.names, TABLE.relations, ("view", "return"), ("country",), ("view",), TABLE)


def rule(**values: object) -> Rule:
    return TypeAdapter(Rule).validate_python({"name": "r", "action": "require", **values})


def problem(**values: object) -> Problem | None:
    found = tuple(problems_of(rule(**values), KNOWN))
    assert len(found) <= 1, found
    return found[0] if found else None


def listed(now: int = DAY, **values: object) -> str:
    """The items that a rule lets pass."""
    meant = TABLE.meant(rule(**values), frozenset(), now)
    return "".join(TABLE.items.ids[row] for row in np.flatnonzero(meant))


@pytest.mark.parametrize(
    ("values", "key", "said"),
    [
        ({"attribute": "stok", "least": 1}, "attribute",
         "no item has an attribute 'stok': did you mean 'stock'?"),
        ({"attribute": "restrictd", "any_of": ["yes"]}, "attribute", "did you mean 'restricted'?"),
        ({"attribute": "Restricted", "shared_by": "view"}, "attribute", "mean 'restricted'?"),
        ({"available_until": "untill"}, "available_until", "did you mean 'until'?"),
        ({"available_from": "zzz"}, "available_from", "expected one of empty, flag, price"),
        ({"relation": "madeby", "any_of": ["m0"]}, "relation",
         "no item has a relation 'madeby': did you mean 'made_by'?"),
        ({"attribute": "restricted", "shared_by": "retrun"}, "shared_by",
         "no event is of kind 'retrun': did you mean 'return'?"),
        ({"attribute": "words", "least": 3}, "attribute", "no item has a number or a date"),
        ({"attribute": "words", "most": "2024-01-01"}, "attribute", "no item has a date"),
        ({"available_until": "words"}, "available_until", "3 of 3 values of 'words' are no dates"),
        ({"attribute": "released", "least": 2020}, "least", "expected a date such as 2024-05-01"),
    ],
)  # fmt: skip
def test_what_is_unknown_is_named_at_its_key(
    values: dict[str, object], key: str, said: str
) -> None:
    found = problem(**values)
    assert found is not None
    assert (found.key, found.unknown) == (key, True)
    assert said in found.said


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"attribute": "restricted", "any_of": ["yess"]}, "'yess': did you mean 'yes'?"),
        ({"attribute": "restricted", "any_of": ["Yes"]}, "'Yes': did you mean 'yes'?"),
        ({"attribute": "flag", "any_of": ["yes"]}, "no item has 'flag' = 'yes': expected one of"),
        ({"attribute": "restricted", "shared_by": "bought"}, "no event is of kind 'bought'"),
        ({"relation": "made_by", "any_of": ["m7"]}, "leads to no node 'm7': did you mean 'm"),
        ({"available_until": "until"}, "1 of 3 values of 'until' are no dates, such as 'soon'"),
    ],
)
def test_a_value_that_may_come_yet_is_doubtful(values: dict[str, object], said: str) -> None:
    found = problem(**values)
    assert found is not None
    assert not found.unknown
    assert said in found.said


@pytest.mark.parametrize(
    "values",
    [
        {"attribute": "restricted", "any_of": ["yes", "no"]},
        {"attribute": "flag", "any_of": ["1", "0"]},
        {"attribute": "price", "least": 1},
        {"attribute": "size", "least": 1},
        {"attribute": "released", "least": "2020-01-01"},
        {"attribute": "until_s", "least": "2020-01-01"},
        {"attribute": "stock", "least": 1},
        {"attribute": "empty", "most": 1},
        {"available_until": "until_day"},
        {"relation": "made_by", "shared_by": "return"},
    ],
)
def test_what_is_right_is_no_problem(values: dict[str, object]) -> None:
    assert problem(**values) is None


@pytest.mark.parametrize("name", ["until_s", "until_ms", "until_day", "until"])
def test_times_of_availability_however_they_are_written(name: str) -> None:
    unreadable = "c" if name != "until" else ""  # else it has none, and is available
    assert listed(available_until=name) == f"b{unreadable}d"
    assert listed(available_from=name) == f"a{unreadable}d"
    assert listed(DAY * 2, available_until=name) == f"{unreadable}d"


def test_a_range_of_dates() -> None:
    for least in ("2024-01-01", "2024-01-01T00:00Z", 1704067200, 1704067200000, 20240101):
        assert listed(attribute="released", least=least) == "bc"
    assert listed(attribute="released", least="2020-01-02", most="2029-01-01") == "b"
    assert listed(attribute="until_s", most="2021-01-01") == "a"


def test_numbers_as_text_are_numbers_and_numbers_have_text() -> None:
    assert listed(attribute="size", least=9.5) == "a"
    assert listed(attribute="flag", any_of=["1"]) == "a"
    assert listed(attribute="flag", any_of=["1.0"]) == "a"
    assert listed(attribute="price", any_of=["1.5", "20"]) == "ab"


def test_dates_of_toml_are_dates() -> None:
    day = datetime(2024, 1, 1, tzinfo=timezone.utc)
    for least in (date(2024, 1, 1), day):
        assert listed(attribute="released", least=least) == "bc"
