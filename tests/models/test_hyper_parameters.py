"""Search spaces against the models' fields, their ranges, and the docs."""

from __future__ import annotations

import re
from typing import get_type_hints

import pytest

from graphrec.errors import MissingExtra, SettingsError
from graphrec.models import MODELS, class_of, create
from graphrec.models.hyper_parameters import (
    Options,
    Search,
    Space,
    check_values,
    search_space,
)
from graphrec.models.knn import ItemKNN
from tests.support.paths import ROOT

SETTINGS = ROOT / "docs" / "settings.md"


def space_of(name: str) -> Space:
    try:
        return search_space(class_of(name))
    except MissingExtra as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("name", MODELS)
def test_every_model_but_random_has_something_to_search(name: str) -> None:
    assert bool(space_of(name)) == (name != "random")


@pytest.mark.parametrize("name", MODELS)
def test_defaults_lie_in_the_space(name: str) -> None:
    """So that a search learns from the first trial; None, which is no value, cannot."""
    for key, within in space_of(name).items():
        default = getattr(create(name), key)
        assert default is None or within.holds(default), f"{key} = {default}: expected {within}"


@pytest.mark.parametrize("name", MODELS)
def test_epochs_are_not_searched(name: str) -> None:
    """Early stopping chooses them, at no cost."""
    assert "epochs" not in space_of(name)


@pytest.mark.parametrize("name", MODELS)
def test_bounds_are_in_the_range_of_the_field(name: str) -> None:
    for key, within in space_of(name).items():
        ends = within.values if isinstance(within, Options) else (within.low, within.high)
        assert len(set(ends)) > 1
        for value in ends:
            assert within.holds(value)
            taken = getattr(create(name, {key: value}), key)
            assert (taken, type(taken)) == (value, type(value)), key


@pytest.mark.parametrize("name", MODELS)
def test_bounds_are_of_the_type_of_the_field_and_can_be_searched(name: str) -> None:
    hints = get_type_hints(class_of(name)) if space_of(name) else {}
    for key, within in space_of(name).items():
        if isinstance(within, Search):
            kind = int if within.whole else float
            assert hints[key] in (kind, kind | None), key
            assert within.low < within.high
            assert within.low > 0 or not within.log, "there is no logarithm of 0"


def test_what_a_space_holds() -> None:
    assert [Search(2, 4).holds(value) for value in (1, 2, 4, 5, 2.5, None)] == [
        False, True, True, False, False, False,
    ]  # fmt: skip
    real = Search(0.0, 1.0)
    assert [real.holds(value) for value in (0, 0.5, 1, 1.1, None)] == [True] * 3 + [False] * 2
    either = Options(("a", "b"))
    assert [either.holds(value) for value in ("a", "c", None)] == [True, False, False]


def test_a_model_that_is_constructed_can_be_checked() -> None:
    check_values(ItemKNN())
    with pytest.raises(SettingsError, match=r"ItemKNN.neighbours = 0: Input should be greater"):
        check_values(ItemKNN(neighbours=0))


def test_the_docs_show_the_spaces() -> None:
    table = SETTINGS.read_text("utf-8").partition("### What `graphrec tune` searches")[2]
    shown = dict(re.findall(r"^\| `([\w-]+)` \| (.*) \|$", table, re.MULTILINE))
    assert shown == {
        name: ", ".join(f"`{key}` {within}" for key, within in space_of(name).items())
        for name in MODELS
    }
