"""Policies of kinds: what usual names mean, and what settings change of it."""

from __future__ import annotations

import re

import pytest
from pydantic import ValidationError

from graphrec.data.kinds import (
    USUAL,
    KindPolicy,
    check_cancels,
    check_given,
    describe,
    normal,
    policy_of,
    usual_names,
)
from graphrec.errors import SettingsError
from tests.support.paths import ROOT


def test_the_table_in_the_docs_is_that_of_the_code() -> None:
    text = (ROOT / "docs" / "data.md").read_text("utf-8")
    table = text.partition("| kinds | meaning |\n")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| (`.*?) \| (.*?) \|$", table, re.M)
    assert [(tuple(re.findall(r"`(\w+)`", names)), said) for names, said in rows] == [
        (names, describe(policy)) for names, policy in usual_names()
    ]


def test_no_usual_name_means_two_things() -> None:
    assert len(USUAL) == sum(len(names) for names, _ in usual_names())


def test_no_usual_name_cancels_one_that_says_nothing() -> None:
    for _, policy in usual_names():
        for name in policy.cancels:
            assert policy_of(name).polarity != "neutral"


@pytest.mark.parametrize("name", ["Thumbs-Down", "thumbs down", "THUMBSDOWN", " thumbs_down\t"])
def test_case_blanks_hyphens_and_underscores_do_not_matter(name: str) -> None:
    assert policy_of(name).polarity == "negative"
    given = {"Thumbs down": KindPolicy(weight=3)}
    assert policy_of(name, given).weight == 3
    assert normal(name) == "thumbsdown"


def test_the_very_name_comes_first() -> None:
    given = {"View": KindPolicy(weight=2), "view": KindPolicy(weight=3)}
    assert [policy_of(name, given).weight for name in ("View", "view", "VIEW")] == [2, 3, 2]


def test_what_is_given_overrides_single_fields() -> None:
    given = {"return": KindPolicy(weight=0), "rating": KindPolicy(half_life_days=3)}
    assert policy_of("return", given).cancels == policy_of("return").cancels
    assert policy_of("rating", given).threshold == 3.5
    assert policy_of("rating", {"rating": KindPolicy(threshold=None)}).threshold is None
    # The same values, of which some are not set: what is known of one is not said of the other.
    assert policy_of("rating", {"rating": KindPolicy()}).threshold == 3.5


def test_a_threshold_of_users_own_is_in_place_of_the_usual_one() -> None:
    assert policy_of("rating", {"rating": KindPolicy(like_from="user-mean")}).threshold is None
    both = {"rating": KindPolicy(like_from="user-quantile:0.7", threshold=2)}
    assert (policy_of("rating", both).threshold, policy_of("rating", both).quantile) == (2, 0.7)


@pytest.mark.parametrize("value", ["user-quantile:2", "mean", "user-quantile", "user-quantile:x"])
def test_a_threshold_of_no_known_form_is_refused(value: str) -> None:
    with pytest.raises(ValidationError, match=r"expected 'user-mean', or 'user-quantile:' and a"):
        KindPolicy(like_from=value)


def test_a_kind_to_cancel_may_be_one_or_several() -> None:
    assert KindPolicy.model_validate({"cancels": "buy"}).cancels == ("buy",)
    assert KindPolicy.model_validate({"cancels": ["buy", "cart"]}).cancels == ("buy", "cart")
    assert KindPolicy.model_validate({"threshold": "none"}).threshold is None


def test_an_unknown_kind_to_cancel_is_refused_with_a_suggestion() -> None:
    def check(name: str, *known: str) -> None:
        check_cancels({"back": KindPolicy(cancels=(name,))}, known)

    check("Purchase")
    check("lease", "lease")
    with pytest.raises(SettingsError, match=r"kinds.back.cancels = 'purchas' .* 'purchase'\?"):
        check("purchas")
    with pytest.raises(SettingsError, match=r"'leese' is no kind .* did you mean 'Lease'\?"):
        check("leese", "Lease")
    with pytest.raises(SettingsError, match="expected one of lease, view"):
        check("xyzxyz", "view", "lease")


def test_policies_that_contradict_a_name_are_refused() -> None:
    with pytest.raises(SettingsError, match="names 'view' itself"):
        check_given({"view": KindPolicy(cancels=("View",))})
    with pytest.raises(SettingsError, match=r"of a kind that is negative: .* set its polarity"):
        check_given({"skip": KindPolicy(like_from="user-mean")})
    check_given({"skip": KindPolicy(like_from="user-mean", polarity="positive")})


def test_a_policy_in_a_few_words() -> None:
    assert describe(policy_of("rating")) == "positive from 3.5, the latest counts"
    assert describe(policy_of("skip")) == "negative"
    assert describe(policy_of("return"), ["Purchase", "view"]) == (
        "negative, cancels by amount Purchase, below 0: dislike"
    )
    own = KindPolicy(like_from="user-mean", threshold=2, zero="missing", half_life_days=7, weight=2)
    assert describe(own) == (
        "positive from 2 and user-mean, the latest counts, 0: no rating, weight 2, "
        "halves every 7 days"
    )
    assert describe(policy_of("view", {"view": KindPolicy(weight=0)})) == "neutral"
