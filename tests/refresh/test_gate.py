"""What refuses, what trains anew, and who gets the canary: pure functions of figures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from graphrec.data.drift import Shape, drift, shape_of
from graphrec.refresh.gate import Difference, Figures, Health, Quality, check, failed
from graphrec.refresh.rehearsal import spread, user_share
from graphrec.refresh.retrain_policy import Since, decide
from graphrec.settings import RefreshSettings
from graphrec.snapshot.canary import gets_canary

SETTINGS = RefreshSettings()
BETTER = Difference(0.1, 0.05, 0.15)
HEALTHY = Health(user_spread=0.8, item_spread=0.9, overlap=0.2, coverage=0.4)
COUNTS = {"users": 1000, "items": 500, "events": 20_000}
GOOD = Figures(
    quality=Quality(0.3, BETTER, 0.3, Difference(0.0, -0.01, 0.01)),
    health=HEALTHY,
    serving_health=HEALTHY,
    counts=COUNTS,
    serving_counts=COUNTS,
    kept_likes=1.0,
    position=70,
    serving_position=60,
)


def names(figures: Figures) -> list[str]:
    return [each.name for each in failed(check(figures, SETTINGS))]


def test_a_good_one_passes() -> None:
    assert names(GOOD) == []
    first = replace(
        GOOD, serving_health=None, serving_counts=None, kept_likes=None, serving_position=None,
        quality=Quality(0.3, BETTER, None, None),
    )  # fmt: skip
    assert names(first) == []
    assert names(replace(first, quality=None)) == []


def worse(difference: Difference) -> Figures:
    return replace(GOOD, quality=Quality(0.3, BETTER, 0.3, difference))


def counted(**counts: int) -> Figures:
    return replace(GOOD, counts={**COUNTS, **counts})


@pytest.mark.parametrize(
    ("figures", "refused"),
    [
        # 5 % of 0.3 is 0.015: the whole interval must be below that.
        (worse(Difference(-0.1, -0.2, -0.016)), "NDCG over that of the serving snapshot"),
        (worse(Difference(-0.1, -0.2, -0.014)), None),
        (
            replace(GOOD, quality=Quality(0.3, Difference(-0.1, -0.2, -0.01), None, None)),
            "NDCG over that of popularity",
        ),
        (replace(GOOD, health=replace(HEALTHY, user_spread=0.04)),
         "spread of the embeddings of users"),
        (replace(GOOD, health=replace(HEALTHY, item_spread=0.0)),
         "spread of the embeddings of items"),
        (replace(GOOD, health=replace(HEALTHY, user_spread=None, item_spread=None)), None),
        (replace(GOOD, health=replace(HEALTHY, overlap=0.95)), "overlap of two lists"),
        (replace(GOOD, health=replace(HEALTHY, coverage=0.19)), "coverage"),
        (counted(users=899), "users"),
        (counted(users=900), None),
        (counted(items=250), "items"),
        (counted(events=1), "events"),
        (replace(GOOD, kept_likes=0.5),
         "share of the serving snapshot's likes that are still there"),
        (replace(GOOD, position=59), "position of the store"),
        (replace(GOOD, position=None), None),
    ],
)  # fmt: skip
def test_each_check_fails_by_itself(figures: Figures, refused: str | None) -> None:
    assert names(figures) == ([] if refused is None else [refused])


def test_a_check_says_what_it_found_and_expected() -> None:
    [said] = failed(check(counted(items=250), SETTINGS))
    assert str(said) == "items is 250: expected at least 450, where 500 serve"


def test_a_figure_that_is_no_number_passes_nothing() -> None:
    nan = float("nan")
    health = Health(nan, nan, nan, nan)
    assert len(names(replace(GOOD, health=health))) == 4


def test_the_spread_of_vectors() -> None:
    rng = np.random.default_rng(0)
    assert spread(np.ones((5, 3), np.float32)) == pytest.approx(0, abs=1e-6)
    assert spread(np.outer(np.arange(1, 6), [1, 2]).astype(np.float32)) == pytest.approx(
        0, abs=1e-6
    )
    assert spread(np.zeros((5, 3), np.float32)) == 0
    assert spread(rng.normal(size=(5000, 8)).astype(np.float32)) > 0.99
    assert spread(np.eye(2, dtype=np.float32)) == pytest.approx(0.5)


# Policy


def since(**changes: object) -> Since:
    usual = Since("20261122T101500Z-3fa9c1", 100, False, 0, 0, 1.0, 0.01, {"kinds": 0.0})
    return replace(usual, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("facts", "action", "why"),
    [
        (since(), "infer", "100 events"),
        (since(written=0), "nothing", "no event"),
        (since(serving=None), "train", "no snapshot"),
        (since(written=None), "train", "cannot tell"),
        (since(went_back=True), "train", "behind"),
        (since(deleted=2), "train", "2 users or items were deleted"),
        (since(inferred=6), "train", "one in 7"),
        (since(inferred=5), "infer", "100 events"),
        (since(age_days=7.0), "train", "7.0 days"),
        (since(new_share=0.2), "train", "20.0% of likes"),
        (since(drift={"kinds": 0.4}), "train", "drift of kinds is 0.400"),
        (since(written=0, age_days=8.0), "train", "8.0 days"),
    ],
)
def test_the_policy(facts: Since, action: str, why: str) -> None:
    decision = decide(facts, SETTINGS)
    assert decision.action == action
    assert any(why in reason for reason in decision.reasons)


def likes(*degrees: int) -> sparse.csr_array:
    columns = np.concatenate([np.arange(degree) for degree in degrees]).astype(np.int32)
    indptr = np.cumsum([0, *degrees])
    return sparse.csr_array((np.ones(len(columns)), columns, indptr), (len(degrees), 9))


def test_degrees_are_counted_in_octaves() -> None:
    shape = shape_of(likes(0, 1, 2, 3, 8), {"view": 14})
    assert shape.user_degrees == {"0": 1, "1": 1, "2": 2, "8": 1}
    assert shape.item_degrees == {"0": 1, "1": 5, "2": 2, "4": 1}


counts = st.dictionaries(st.sampled_from("abc"), st.integers(0, 9), min_size=1)


@given(counts, counts)
def test_drift_is_a_share_and_none_to_oneself(one: dict[str, int], other: dict[str, int]) -> None:
    before, after = (Shape(each, {}, {}) for each in (one, other))
    assert drift(before, before)["kinds"] == 0
    assert 0 <= drift(before, after)["kinds"] <= 1 + 1e-12
    assert drift(before, after)["kinds"] == pytest.approx(drift(after, before)["kinds"])


def test_drift_by_hand() -> None:
    before, after = Shape({"view": 90, "buy": 10}, {}, {}), Shape({"view": 40, "skip": 10}, {}, {})
    assert drift(before, after)["kinds"] == pytest.approx(0.2)  # buy .1 and view .1 became skip


# Who gets the canary

SALT = "20261122T101500Z-3fa9c1"


def test_the_same_users_get_the_canary_every_time_and_others_with_the_next_one() -> None:
    users = [f"user {n}" for n in range(20_000)]
    one, again, other = (
        {user for user in users if gets_canary(user, 0.1, salt)}
        for salt in (
            "20261122T101500Z-3fa9c1",
            "20261122T101500Z-3fa9c1",
            "20261123T101500Z-07be11",
        )
    )
    assert one == again
    assert len(one) / len(users) == pytest.approx(0.1, abs=0.01)
    assert len(one & other) / len(one) == pytest.approx(0.1, abs=0.03)
    assert one < {user for user in users if gets_canary(user, 0.2, SALT)}


@given(st.text())
def test_no_share_is_nobody_and_all_is_everyone(user: str) -> None:
    try:
        user.encode()
    except UnicodeEncodeError:
        return
    assert not gets_canary(user, 0, "v")
    assert gets_canary(user, 1, "v")


def test_one_user_does_not_make_what_is_popular() -> None:
    for share, refused in ((None, []), (0.5, []), (0.51, ["share of one user in popularity"])):
        assert names(replace(GOOD, health=replace(HEALTHY, user_share=share))) == refused


def test_the_share_of_one_user_is_of_weights_and_needs_several_users() -> None:
    many = sparse.csr_array(np.ones((40, 3), np.float32))
    assert user_share(many) == pytest.approx(1 / 40)
    many[7, 0] = 1e30
    assert user_share(sparse.csr_array(many)) == pytest.approx(1)
    assert user_share(sparse.csr_array(many[:19])) is None
    assert user_share(sparse.csr_array((0, 3), dtype=np.float32)) is None
