"""Policies of the settings: what they may say."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from graphrec.policy.context import context_of
from graphrec.policy.definition import Policy
from graphrec.settings import Settings

GOOD: dict[str, Any] = {
    "lists": ["for-you"],
    "actions": {"usual": {}, "diverse": {"diversity": 0.3}},
    "rewards": {"purchase": {"weight": 5}},
}


def settings(**policies: dict[str, Any]) -> Settings:
    return Settings.model_validate({"serve": {"exposures": "log"}, "policies": policies})


def test_a_policy() -> None:
    found = settings(home=GOOD).policies["home"]
    assert (found.usual, found.days) == ("usual", 7)
    assert found.is_about("for-you")
    assert not found.is_about("popular")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"actions": {"usual": {}}}, "expected two or more"),
        ({"rewards": {}}, "expected one or more"),
        ({"actions": {"a": {}, "b": {"share": 0.5}}}, "actions.b.share: an action has none"),
        (
            {"actions": {"a": {}, "b": {"snapshot": "20261122T101500Z"}}},
            "actions.b.snapshot: an action has none",
        ),
        ({"lists": ["for-yo"]}, "there is no placement 'for-yo'"),
        ({"actions": {"a": {}, "b": {"without_rules": ["no"]}}}, "actions.b.without_rules"),
        ({"exploration": 0}, "greater than 0"),
        ({"learner": "sarsa"}, "thompson"),
        ({"rewards": {"purchase": {"wait": 5}}}, "wait"),
    ],
)
def test_what_is_wrong_is_said(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        settings(home={**GOOD, **change})


def test_a_list_has_one_policy() -> None:
    with pytest.raises(ValidationError, match="home and other are about the same lists"):
        settings(home=GOOD, other={**GOOD, "lists": []})
    assert len(settings(home=GOOD, other={**GOOD, "lists": ["popular"]}).policies) == 2


def test_an_experiment_sets_something_else() -> None:
    experiment: dict[str, Any] = {
        "variants": {"a": {}, "b": {"diversity": 0.1}},
        "goals": {"click": {}},
    }
    given: dict[str, Any] = {"serve": {"exposures": "log"}, "policies": {"home": GOOD}}
    with pytest.raises(ValidationError, match="home and experiment e both set diversity"):
        Settings.model_validate({**given, "experiments": {"e": experiment}})
    Settings.model_validate({**given, "experiments": {"e": {**experiment, "lists": ["popular"]}}})


def test_learning_needs_a_log() -> None:
    with pytest.raises(ValidationError, match="there is no exposure log"):
        Settings.model_validate({"policies": {"home": GOOD}})
    with pytest.raises(ValidationError, match="there is no exposure log"):
        Settings.model_validate({"retrieval": {"new_items_learn": True}})


def test_a_snapshot_keeps_the_attributes_that_a_policy_goes_by() -> None:
    assert "country" in settings(home={**GOOD, "attributes": ["country"]}).user_attributes


def test_a_context() -> None:
    policy = Policy.model_validate({**GOOD, "attributes": ["country", "tags", "age"]})
    attributes = {"country": "DE", "tags": ("a", "b"), "age": 7.0}
    noon = 1_700_000_000_000 // 86_400_000 * 86_400_000 + 12 * 3_600_000
    phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X)"
    assert context_of(policy, 7, attributes, noon, phone) == (
        *("history=5-19", "hour=12-18", "device=mobile"),
        *("country=DE", "tags=a", "tags=b"),
    )
    assert context_of(policy, 0, {}, noon, "") == ("history=0", "hour=12-18", "device=desktop")
