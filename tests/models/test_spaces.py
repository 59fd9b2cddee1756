"""Spaces of hyper-parameters against the models' fields, their ranges, and the docs."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from graphrec.errors import MissingExtra
from graphrec.models import MODELS, Model, create
from graphrec.models.spaces import SPACES, Choice, Point, Real, Whole
from tests.support.paths import ROOT

SETTINGS = ROOT / "docs" / "settings.md"


def created(name: str, point: Point | None = None) -> Model:
    try:
        return create(name, point)
    except MissingExtra as error:
        pytest.skip(str(error))


def test_every_model_has_a_space() -> None:
    """All of them have something to tune, but for chance."""
    assert list(SPACES) == list(MODELS)
    assert [name for name, space in SPACES.items() if not space] == ["random"]


@pytest.mark.parametrize("name", SPACES)
def test_a_space_names_fields_of_the_model(name: str) -> None:
    known = {field.name for field in fields(created(name))}  # type: ignore[arg-type]
    assert set(SPACES[name]) <= known


@pytest.mark.parametrize("name", SPACES)
def test_defaults_lie_in_the_space(name: str) -> None:
    """So that a search learns from the first trial; None, which is no value, cannot."""
    for key, within in SPACES[name].items():
        default = getattr(created(name), key)
        assert default is None or within.holds(default), f"{key} = {default}: expected {within}"


@pytest.mark.parametrize("name", SPACES)
def test_epochs_are_not_searched(name: str) -> None:
    """Early stopping chooses them, at no cost."""
    assert "epochs" not in SPACES[name]


@pytest.mark.parametrize(
    ("name", "key"), [(name, key) for name, space in SPACES.items() for key in space]
)
def test_bounds_are_in_the_range_of_the_field(name: str, key: str) -> None:
    within = SPACES[name][key]
    ends = within.options if isinstance(within, Choice) else (within.low, within.high)
    assert len(set(ends)) > 1
    for value in ends:
        assert within.holds(value)
        taken = getattr(created(name, {key: value}), key)
        assert (taken, type(taken)) == (value, type(value)) or isinstance(within, Real)


@pytest.mark.parametrize(
    ("name", "key"), [(name, key) for name, space in SPACES.items() for key in space]
)
def test_bounds_can_be_searched(name: str, key: str) -> None:
    within = SPACES[name][key]
    if not isinstance(within, Choice):
        assert within.low < within.high
        assert within.low > 0 or not within.log, "there is no logarithm of 0"


def test_what_a_space_holds() -> None:
    assert [Whole(2, 4).holds(value) for value in (1, 2, 4, 5, 2.5, None)] == [
        False, True, True, False, False, False,
    ]  # fmt: skip
    assert [Real(0, 1).holds(value) for value in (0, 0.5, 1, 1.1, None)] == [True] * 3 + [False] * 2
    assert [Choice(("a", "b")).holds(value) for value in ("a", "c", None)] == [True, False, False]


def test_the_docs_show_the_spaces() -> None:
    table = SETTINGS.read_text("utf-8").partition("### What `graphrec tune` searches")[2]
    shown = dict(re.findall(r"^\| `([\w-]+)` \| (.*) \|$", table, re.MULTILINE))
    assert shown == {
        name: ", ".join(f"`{key}` {within}" for key, within in space.items())
        for name, space in SPACES.items()
    }
