"""Settings of a placement that are otherwise in one list."""

from __future__ import annotations

from typing import Any

import pytest

from graphrec.errors import WrongChange
from graphrec.placement.definition import CHANGEABLE, Placement
from tests.support.placed import CONTEXT, ITEMS, engine, ids


def asked(name: str, changes: dict[str, Any], **question: Any) -> list[str]:
    found = engine(placements={}).placement(name, changes=changes, context=CONTEXT, **question)
    return ids(found)


def test_a_list_is_that_of_a_placement_with_these_settings() -> None:
    for changes in (
        {"kinds": ["view"]},
        {"min_support": 3},
        {"after": True},
        {"caps": {"brand": 1}},
    ):
        set_so = engine(placements={"also-bought": changes})
        expected = ids(set_so.placement("also-bought", item="phone", context=CONTEXT))
        assert asked("also-bought", changes, item="phone") == expected, changes
    assert asked("also-bought", {}, item="phone") != asked(
        "also-bought", {"kinds": ["view"]}, item="phone"
    )


def test_caps_and_fields() -> None:
    found = engine().placement(
        "popular", k=3, changes={"caps": {"category": 1}}, fields=["price"], context=CONTEXT
    )
    categories = [ITEMS[each.item][0] for each in found]
    assert len(set(categories)) == len(categories)
    assert [each.fields for each in found] == [{"price": ITEMS[each.item][3]} for each in found]


def test_those_of_fallbacks_stay() -> None:
    listed = asked("for-you", {"weights": {"neighbours": 0, "popularity": 0}}, user="ann")
    assert listed  # popular ones, by the fallback
    assert engine().placements["for-you"].weights == {}


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"divrsity": 1}, "changes.divrsity", "did you mean 'diversity'"),
        ({"rules": []}, "changes.rules", "is not to be changed"),
        ({"pins": []}, "changes.pins", "is not to be changed"),
        ({"type": "popular"}, "changes.type", "is not to be changed"),
        ({"diversity": 2}, "changes.diversity", "expected less than or equal to 1"),
        ({"caps": 3}, "changes.caps", "is 3: expected"),
        ({"caps": {"brand": 0}}, "changes.caps.brand", "expected greater than or equal to 1"),
        ({"caps": {"bramd": 1}}, "changes.caps", "did you mean 'brand'"),
        ({"fields": ["price"]}, "changes.fields", "is not to be changed"),
        ({"apart": ["x"]}, "changes.apart", "expected one of brand"),
        ({"weights": {"neighbour": 1}}, "changes.weights", "did you mean 'neighbours'"),
    ],
)
def test_what_cannot_be_is_said(changes: dict[str, Any], field: str, sentence: str) -> None:
    with pytest.raises(WrongChange, match=sentence) as found:
        asked("for-you", changes, user="ann")
    assert found.value.field == field


def test_all_that_can_be_changed_are_settings() -> None:
    assert Placement.model_fields.keys() >= CHANGEABLE
