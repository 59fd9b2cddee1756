"""Experiments in the settings: who gets what, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.data.weighting import DAY
from graphrec.errors import SettingsError
from graphrec.experiment.assignment import variant_of
from graphrec.experiment.changes import changed_placements
from graphrec.experiment.definition import Experiment, Variant, snapshots_of
from graphrec.placement.ready import READY
from graphrec.recommend.setting_names import setting_problems
from graphrec.rules.check import Known
from graphrec.settings import load_settings
from graphrec.snapshot.canary import gets_canary

USERS = [f"user {n}" for n in range(20_000)]
GOALS = {"purchase": {}}


def made(**variants: Any) -> Experiment:
    return Experiment.model_validate({"variants": variants, "goals": GOALS})


def counts(experiment: Experiment, name: str = "home") -> dict[str | None, int]:
    got = [variant_of(user, name, experiment) for user in USERS]
    return {each: got.count(each) for each in set(got)}


# Who gets what


def test_shares_are_those_of_the_settings() -> None:
    three = counts(made(a={}, b={"share": 0.2}, c={}))
    assert three.keys() == {"a", "b", "c"}
    expected = {"a": 0.4, "b": 0.2, "c": 0.4}
    for variant, share in expected.items():
        assert abs(three[variant] / len(USERS) - share) < 0.015
    part = counts(made(a={"share": 0.1}, b={"share": 0.1}))
    assert abs(part[None] / len(USERS) - 0.8) < 0.015
    thirds = made(a={"share": 1 / 3}, b={"share": 1 / 3}, c={"share": 1 / 3})
    assert None not in counts(thirds)


def test_a_user_keeps_the_variant_and_experiments_are_independent() -> None:
    experiment = made(a={}, b={})
    first = [variant_of(user, "home", experiment) for user in USERS]
    assert first == [variant_of(user, "home", experiment) for user in USERS]
    other = [variant_of(user, "cart", experiment) for user in USERS]
    same = np.mean([x == y for x, y in zip(first, other, strict=True)])
    assert abs(same - 0.5) < 0.02
    salted = experiment.model_copy(update={"salt": "again"})
    anew = [variant_of(user, "home", salted) for user in USERS]
    assert abs(np.mean([x == y for x, y in zip(first, anew, strict=True)]) - 0.5) < 0.02
    canary = [gets_canary(user, 0.5, "20261122T101500Z") for user in USERS]
    both = np.mean([c and v == "b" for c, v in zip(canary, first, strict=True)])
    assert abs(both - 0.25) < 0.02


@given(st.text(max_size=20), st.floats(0.05, 0.4), st.floats(0.0, 0.2))
def test_whoever_is_in_the_last_variant_stays_in_it_as_its_share_grows(
    user: str, share: float, more: float
) -> None:
    before = made(a={"share": 0.3}, b={"share": share})
    after = made(a={"share": 0.3}, b={"share": share + more})
    got = variant_of(user, "x", before)
    assert got is None or variant_of(user, "x", after) == got


def test_when_it_runs() -> None:
    experiment = Experiment.model_validate(
        {"variants": {"a": {}, "b": {}}, "goals": GOALS, "start": "2026-11-01", "end": "2026-12-01"}
    )
    assert experiment.start is not None
    states = [experiment.state(experiment.start + days * DAY) for days in (-1, 0, 29, 30)]
    assert states == ["waiting", "running", "running", "over"]
    assert made(a={}, b={}).state(0) == "running"
    pinned = made(a={}, b={"snapshot": "20261122T101500Z-3fa9c1"})
    over = pinned.model_copy(update={"end": 5})
    assert snapshots_of({"x": pinned, "y": over}, 5) == {"20261122T101500Z-3fa9c1"}
    assert snapshots_of({"y": over}, 5) == frozenset()


# What a variant changes


def test_a_placement_keeps_what_is_not_said_of_it() -> None:
    found = changed_placements(
        Variant(placements={"also-bought": {"k": 3}, "popular": {"type": "trending"}}), READY
    )
    assert found["also-bought"] == READY["also-bought"].model_copy(update={"k": 3})
    assert found["popular"].type == "trending"
    assert found["cart"] == READY["cart"]


def test_diversity_is_of_all_placements_but_those_that_say_otherwise() -> None:
    variant = Variant(diversity=0.4, placements={"cart": {"diversity": 0.1}})
    found = changed_placements(variant, READY)
    assert found["cart"].diversity == 0.1
    assert {each.diversity for name, each in found.items() if name != "cart"} == {0.4}


# Settings


SETTINGS = """
[[rules]]
name = "in stock"
action = "require"
attribute = "stock"
least = 1

[experiments.home]
lists = ["for-you", "recommendations"]
start = 2026-11-01T00:00:00Z
end = "2026-12-01"

[experiments.home.variants.usual]
share = 0.5

[experiments.home.variants.diverse]
share = 0.4
diversity = 0.3
without_rules = ["in stock"]
weights = { popularity = 0.0 }

[experiments.home.variants.diverse.placements.for-you]
k = 20
caps = { brand = 2 }

[experiments.home.goals.bought]
kinds = ["purchase"]
days = 3
attribute = "price"
"""


def loaded(tmp_path: Path, text: str) -> Any:
    file = tmp_path / "graphrec.toml"
    file.write_text(text)
    return load_settings(file)


def test_settings_are_read(tmp_path: Path) -> None:
    found = loaded(tmp_path, SETTINGS).experiments["home"]
    assert found.control == "usual"
    assert found.shares == {"usual": 0.5, "diverse": 0.4}
    assert found.end - found.start == 30 * DAY
    assert found.goals["bought"].attribute == "price"


WRONG = [
    ('"for-you", ', '"for-yu", ', "lists: there is no placement 'for-yu'; did you mean 'for-you'?"),
    ("k = 20", "kk = 20", "variants.diverse.placements.for-you.kk = 20: a placement has no such"),
    ("k = 20", "k = 0", "variants.diverse.placements.for-you.k = 0: Input should be greater"),
    ("k = 20", 'fallback = ["x"]', "variants.diverse.placements.for-you.fallback: there is no"),
    ("placements.for-you", "placements.foryou", "foryou: there is no such placement; did you mean"),
    ('["in stock"]', '["instock"]', "there is no rule 'instock'; did you mean 'in stock'?"),
    ("share = 0.5", "share = 0.7", "the shares add up to 1.1; expected shares of 1 at most"),
    ("share = 0.4", "", "home"),
    ("diversity = 0.3", "divers = 0.3", "mean 'experiments.home.variants.diverse.diversity'"),
    ("diversity = 0.3", "diversity = 3", "experiments.home.variants.diverse.diversity' = 3"),
    ('end = "2026-12-01"', 'end = "2026-10-01"', "end: expected a time after start"),
    ('end = "2026-12-01"', 'end = "soon"', "experiments.home.end"),
    ('end = "2026-12-01"', 'control = "usal"', "no variant 'usal'; did you mean 'usual'?"),
    ("days = 3", "days = 0", "experiments.home.goals.bought.days"),
    ("days = 3", "hours = 3", "unknown setting 'experiments.home.goals.bought.hours'"),
    ("goals.bought", "variants.third", "experiments.home"),
    ("diversity = 0.3", 'snapshot = "latest"', "experiments.home.variants.diverse.snapshot"),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "said"), WRONG)
def test_what_is_wrong_is_said(tmp_path: Path, right: str, wrong: str, said: str) -> None:
    assert right in SETTINGS
    text = SETTINGS.replace(right, wrong)
    if said == "home":  # what the others leave is taken, and so this is no mistake
        assert loaded(tmp_path, text).experiments["home"].shares["diverse"] == 0.5
        return
    with pytest.raises(SettingsError) as error:
        loaded(tmp_path, text)
    assert said in str(error.value)


def test_goals_and_variants_are_needed(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"goals: expected one or more, such as \[experiments"):
        loaded(tmp_path, "[experiments.x.variants.a]\n[experiments.x.variants.b]\n")
    with pytest.raises(SettingsError, match="variants: expected two or more"):
        loaded(tmp_path, "[experiments.x.variants.a]\n[experiments.x.goals.click]\n")


def beside(other: str) -> str:
    return f"{SETTINGS}\n[experiments.other]\n{other}\n[experiments.other.goals.click]\n"


A_OR_B = "[experiments.other.variants.a]\n[experiments.other.variants.b]\n"


def test_two_experiments_do_not_change_the_same(tmp_path: Path) -> None:
    both = "home and other both set diversity of the same lists at the same time"
    with pytest.raises(SettingsError, match=both):
        loaded(tmp_path, beside(f"{A_OR_B}diversity = 0.5"))
    placement = f"{A_OR_B}[experiments.other.variants.b.placements.for-you]\n"
    with pytest.raises(SettingsError, match=r"both set placements\.for-you\.k of"):
        loaded(tmp_path, beside(f"{placement}k = 5"))
    assert loaded(tmp_path, beside(f"{placement}days = 5"))
    assert loaded(tmp_path, beside(f'lists = ["cart"]\n{A_OR_B}diversity = 0.5'))
    assert loaded(tmp_path, beside(f"start = 2026-12-01\n{A_OR_B}diversity = 0.5"))


def test_a_placement_may_not_be_called_as_the_other_lists(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="placement 'recommendations' has the name"):
        loaded(tmp_path, f'{SETTINGS}\n[placements.recommendations]\ntype = "popular"\n')


def test_names_that_are_in_no_store_are_found(tmp_path: Path) -> None:
    text = SETTINGS.replace('["purchase"]', '["purchas"]').replace("brand", "brend")
    settings = loaded(tmp_path, text.replace("popularity", "popular"))
    known = Known(("stock", "brand", "Price"), (), ("purchase",), ("purchase",))
    found = {each.key: each for each in setting_problems(settings, known)}
    experiment = "experiments.home"
    assert found.keys() == {
        f"{experiment}.variants.diverse.weights.popular",
        f"{experiment}.variants.diverse.placements.for-you.caps",
        f"{experiment}.goals.bought.kinds",
        f"{experiment}.goals.bought.attribute",
        "serve.exposures",
    }
    assert "did you mean 'purchase'?" in found[f"{experiment}.goals.bought.kinds"].said
    assert "did you mean 'Price'?" in found[f"{experiment}.goals.bought.attribute"].said
    assert not found["serve.exposures"].unknown
