"""The weights of events."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.data import Graph, Interactions
from graphrec.data.kinds import policy_of
from graphrec.data.times import DAY
from graphrec.data.weighting import DEFAULT_POLICY, KindPolicy, weigh

Event = tuple[str, float, int]
"""Kind, value and time in days."""

VALUES = st.sampled_from([0.0, 0.5, 1, 3.5, 4, 1e30])
LOGS = st.lists(
    st.tuples(st.sampled_from(["rating", "view", "buy"]), VALUES, st.integers(0, 20_000)),
    min_size=1,
    max_size=20,
)
POLICIES = st.dictionaries(
    st.sampled_from(["rating", "view", "buy"]),
    st.builds(
        KindPolicy,
        weight=st.sampled_from([0.0, 0.25, 1, 3]),
        threshold=st.none() | st.sampled_from([0.0, 1, 3.5]),
        half_life_days=st.none() | st.sampled_from([0.001, 1, 365]),
    ),
)


def graph_of(events: list[Event]) -> Graph:
    kinds, values, days = zip(*events, strict=True)
    users = [f"u{n}" for n in range(len(events))]
    return Graph(
        Interactions.of(users, ["i"] * len(events), values, [d * DAY for d in days], kinds)
    )


def weights(
    events: list[Event], policy: Mapping[str, KindPolicy], now: int | None = None
) -> list[float]:
    graph = weigh(graph_of(events), policy, None if now is None else now * DAY)
    log = graph.interactions
    rows = {user: row for row, user in enumerate(log.users.ids)}
    found = dict(zip(log.user.tolist(), log.weight.tolist(), strict=True))
    return [found[rows[f"u{n}"]] for n in range(len(events))]


def test_a_value_below_the_threshold_is_seen_not_liked() -> None:
    """From it on all weigh the same: 5 stars are not more of a click than 4."""
    events = [("rating", value, 0) for value in (0.5, 3, 3.5, 5)]
    assert weights(events, DEFAULT_POLICY) == [0, 0, 1, 1]


def test_without_a_threshold_the_weight_is_weight_times_value() -> None:
    policy = {"play": KindPolicy(weight=0.5)}
    assert weights([("play", 6, 0), ("play", 0, 0)], policy) == [3, 0]


def test_a_kind_that_the_policy_does_not_name_counts_as_it_is() -> None:
    assert weights([("buy", 2, 0)], {"view": KindPolicy(weight=0)}) == [2]


def test_each_kind_goes_by_its_own_rule() -> None:
    policy = {"view": KindPolicy(weight=0), "rating": KindPolicy(weight=2, threshold=4)}
    events = [("view", 1, 0), ("buy", 1, 0), ("rating", 4, 0), ("rating", 3, 0), ("view", 5, 0)]
    assert weights(events, policy) == [0, 1, 2, 0, 0]


def test_the_worth_halves_with_each_half_life_before_the_newest_event() -> None:
    policy = {"view": KindPolicy(half_life_days=10)}
    events = [("view", 1, 0), ("view", 1, 10), ("view", 1, 20), ("buy", 1, 0), ("buy", 1, 30)]
    np.testing.assert_allclose(weights(events, policy), [1 / 8, 1 / 4, 1 / 2, 1, 1])


def test_what_came_later_does_not_age_a_graph_that_was_cut_off() -> None:
    """Or a future event would change what a model is trained on."""
    policy = {"view": KindPolicy(half_life_days=10)}
    past = graph_of([("view", 1, 0), ("view", 1, 10)])
    whole = graph_of([("view", 1, 0), ("view", 1, 10), ("view", 1, 5000)])
    cut = weigh(whole.before(4000 * DAY), policy).interactions
    np.testing.assert_array_equal(cut.weight, weigh(past, policy).interactions.weight)


def test_events_after_now_are_worth_no_more_than_those_at_now() -> None:
    policy = {"view": KindPolicy(half_life_days=1)}
    assert weights([("view", 1, 0), ("view", 1, 2), ("view", 1, 4)], policy, now=2) == [0.25, 1, 1]


def test_however_old_a_like_is_it_stays_one() -> None:
    """The stores count a like by its value alone; the matrix must have the same ones."""
    policy = {"view": KindPolicy(half_life_days=0.001)}
    graph = weigh(graph_of([("view", 1, 0), ("view", 1, 20_000)]), policy)
    assert (graph.interactions.weight > 0).all()
    assert graph.matrix.nnz == 2


@given(LOGS, POLICIES)
def test_what_is_positive_does_not_depend_on_age(
    events: list[Event], policy: dict[str, KindPolicy]
) -> None:
    found = weights(events, policy)
    for (kind, value, _), weight in zip(events, found, strict=True):
        rule = policy_of(kind, policy)
        liked = value > 0 if rule.threshold is None else value >= rule.threshold
        assert (weight > 0) == (liked and rule.weight > 0)
        assert np.isfinite(weight)


@given(st.floats(-1e300, 1e300))
def test_a_value_equal_to_the_threshold_is_positive(value: float) -> None:
    """Values are kept in float32, where .7 is a little less than .7."""
    policy = {"view": KindPolicy(threshold=value)}
    kept = abs(value) < float(np.finfo(np.float32).max)
    with np.errstate(over="ignore"):
        found = weights([("view", value, 0)], policy)
    assert not kept or found == [1]


def test_a_threshold_that_no_value_can_have_is_never_met() -> None:
    policy = {"view": KindPolicy(threshold=1e39)}
    assert weights([("view", 3e38, 0)], policy) == [0]


@given(LOGS, POLICIES, st.integers(0, 25_000))
def test_an_event_is_worth_the_same_beside_others(
    events: list[Event], policy: dict[str, KindPolicy], now: int
) -> None:
    every = {*policy, *(kind for kind, _, _ in events)}
    policy = {
        kind: policy.get(kind, KindPolicy()).model_copy(update={"clip_quantile": 1.0})
        for kind in every
    }
    together = weights(events, policy, now)
    assert together == [weights([event], policy, now)[0] for event in events]


@given(LOGS, POLICIES)
def test_only_weights_change(events: list[Event], policy: dict[str, KindPolicy]) -> None:
    graph = graph_of(events)
    before = graph.interactions.weight.copy()
    after = weigh(graph, policy)
    for column in ("user", "item", "time", "kind", "kinds", "users", "items"):
        assert getattr(after.interactions, column) is getattr(graph.interactions, column)
    assert after.interactions.weight.dtype == np.float32
    np.testing.assert_array_equal(graph.interactions.weight, before)


def test_a_graph_without_events_is_weighed() -> None:
    empty = Graph(Interactions.of([], []))
    assert len(weigh(empty, DEFAULT_POLICY).interactions) == 0


@pytest.mark.parametrize(
    "values",
    [
        *({"weight": -1}, {"weight": np.inf}, {"threshold": np.nan}, {"half_live": 3}),
        *({"half_life_days": 0}, {"half_life_days": -2}),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(values: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(values))):
        KindPolicy.model_validate(values)
