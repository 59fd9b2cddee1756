"""Which events count, and which way."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.data import Graph, Interactions
from graphrec.data.in_force import counts, meanings_of, only_kinds, remaining
from graphrec.data.kinds import KindPolicy
from graphrec.data.taken_back import micro
from graphrec.data.weighting import weigh
from graphrec.testing.logs import KINDS, Event, log_of, logs
from graphrec.testing.stores import POLICY
from tests.support.clipping import unclipped as unclipped
from tests.support.meaning import Pair, counted, in_force, likes

CANCELLING = st.lists(st.sampled_from(["rating", "view", "Purchase", "stars"]), max_size=2)
OWN = st.sampled_from(["user-mean", "user-quantile:0.28", "user-quantile:.5", "user-quantile:1"])


def policies_of(kind: str) -> st.SearchStrategy[KindPolicy]:
    cancels = CANCELLING.map(lambda names: tuple(n for n in names if n.lower() != kind))
    return st.builds(
        KindPolicy,
        weight=st.sampled_from([0.0, 1, 3]),
        threshold=st.none() | st.sampled_from([-1.0, 0, 0.7, 3.5]),
        like_from=st.none() | OWN,
        polarity=st.just("positive"),
        cancels=cancels,
        cancels_by=st.sampled_from(["event", "amount"]),
        repeats=st.sampled_from([None, "latest", "sum"]),
        negative=st.sampled_from(["reject", "rating", "dislike", "cancel", "seen"]),
        zero=st.sampled_from(["rating", "missing"]),
    ) | st.builds(
        KindPolicy,
        polarity=st.sampled_from(["negative", "neutral"]),
        cancels=cancels,
        cancels_by=st.sampled_from(["event", "amount"]),
        threshold=st.none() | st.sampled_from([0.0, 0.7]),
        negative=st.sampled_from(["reject", "dislike", "cancel", "seen"]),
    )


POLICIES = st.fixed_dictionaries(
    {}, optional={kind: policies_of(kind) for kind in ("rating", "view", "purchase", "stars")}
)


def pairs(events: list[Event], policy: Mapping[str, KindPolicy]) -> dict[Pair, float]:
    """By pair: what it weighs, below 0 where it is disliked."""
    graph = weigh(Graph(log_of(events)), policy)
    seen, found = graph.seen.tocoo(), {}
    for user, item in zip(*(ends.tolist() for ends in seen.coords), strict=True):
        weight = float(graph.matrix[user, item]) - float(graph.disliked[user, item])
        found[graph.users.ids[user], graph.items.ids[item]] = weight
    return found


def distinct(events: list[Event]) -> list[Event]:
    """The last of those with the same user, item, kind and time, as a store keeps it."""
    return list({(e.user, e.item, e.kind, e.time): e for e in events}.values())


def assert_same(found: Mapping[Pair, float], expected: Mapping[Pair, float]) -> None:
    assert found.keys() == expected.keys()
    for pair, weight in expected.items():
        assert found[pair] == pytest.approx(weight), pair


DENSE = st.lists(
    st.tuples(
        st.sampled_from("ab"), st.sampled_from("xyz"), st.sampled_from((-1.0, 0.0, 0.7, 1, 3.5, 5)),
        st.integers(0, 3), st.sampled_from(("rating", "view", "purchase", "stars", "thumbs_down")),
    ).map(lambda columns: Event(*columns)),
    max_size=12,
)  # fmt: skip
"""Few users and items, so that most events share their pair with others."""


@given(logs | DENSE, POLICIES)
@settings(max_examples=400)
@pytest.mark.slow
def test_arrays_say_what_the_oracle_says(
    events: list[Event], policy: dict[str, KindPolicy]
) -> None:
    # Values that are alike in single precision: the oracle reads what is kept.
    events = [e._replace(weight=float(np.float32(e.weight))) for e in distinct(events)]
    assert_same(pairs(events, policy), counted(events, policy))
    assert_same(pairs(events, POLICY), counted(events, POLICY))


@given(logs, st.randoms())
@settings(max_examples=30)
def test_the_order_of_the_log_does_not_matter(events: list[Event], random: object) -> None:
    events = distinct(events)
    shuffled = list(events)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert pairs(shuffled, POLICY) == pytest.approx(pairs(events, POLICY))


@given(DENSE, st.integers(0, 4))
@settings(max_examples=50)
def test_a_weighted_graph_that_is_cut_off_knows_nothing_of_later(
    events: list[Event], time: int
) -> None:
    """Or a split by time would train on what users did afterwards."""
    graph = weigh(Graph(log_of(events)), POLICY)
    cut = graph.before(time).interactions
    early = Graph(log_of(events)).before(time)
    np.testing.assert_array_equal(cut.weight, weigh(early, POLICY).interactions.weight)


ONE = ("u", "i")


@pytest.mark.parametrize(
    ("events", "weight"),
    [
        ([("rating", 5, 1), ("rating", 1, 2)], 0),
        ([("rating", 1, 1), ("rating", 5, 2)], 1),
        ([("rating", 5, 1), ("view", 1, 0), ("rating", 1, 2)], 1),
        ([("view", 1, 1), ("view", 1, 2)], 2),
        ([("purchase", 3, 1), ("return", 1, 2)], 2),
        ([("purchase", 3, 1), ("return", 1, 2), ("refund", 2, 3)], -3),
        ([("purchase", 2, 1), ("return", 2, 1)], 0),
        ([("purchase", 2, 1), ("return", 5, 2), ("purchase", 1, 3)], 1),
        ([("purchase", 1, 1), ("purchase", 1, 2), ("return", 1, 3)], 1),
        ([("purchase", 2, 1), ("return", -1, 2)], 1),
        ([("like", 1, 1), ("like", 1, 2), ("unlike", 1, 3)], 0),
        ([("rating", 5, 1), ("return", 1, 2)], -1),
        ([("purchase", 3, 1), ("return", 1, 2), ("thumbs_down", 1, 2)], -1),
        ([("purchase", 2, 2), ("return", 1, 1)], 2),
        ([("purchase", 2, 1), ("return", 1, 2), ("purchase", 1, 3)], 2),
        ([("like", 1, 1), ("Unlike", 1, 2)], 0),
        ([("Thumbs Up", 1, 1), ("thumbs-down", 1, 2)], -1),
        ([("Thumbs Up", 1, 3), ("thumbs-down", 1, 2)], 1),
        ([("play", 1, 1), ("skip", 1, 2), ("play", 1, 3)], 2),
        ([("play", 1, 1), ("skip", 1, 2)], -1),
        ([("add_to_cart", 1, 1), ("RemoveFromCart", 1, 2)], 0),
        ([("impression", 1, 1)], 0),
        ([("report", 1, 1), ("like", 1, 2)], -1),
        ([("dislike", 0, 1), ("like", 1, 0)], 1),
        ([("return", -6, 1)], -6),
    ],
)
def test_the_usual_names_mean_what_everyone_means(
    events: list[tuple[str, float, int]], weight: float
) -> None:
    log = [Event(*ONE, value, time, kind) for kind, value, time in events]
    assert pairs(log, {}) == {ONE: weight}


@pytest.mark.parametrize(
    ("policy", "weight"),
    [
        ({"return": KindPolicy(weight=0)}, 0),
        ({"return": KindPolicy(weight=0, cancels=())}, 1),
        ({"Return": KindPolicy(weight=2)}, -2),
        ({"return": KindPolicy(polarity="neutral", cancels=("views",))}, 1),
    ],
)
def test_settings_override_single_fields(policy: dict[str, KindPolicy], weight: float) -> None:
    log = [Event(*ONE, 1, 1, "purchase"), Event(*ONE, 1, 2, "return")]
    assert pairs(log, policy) == {ONE: weight}


def test_a_rating_that_is_missing_takes_the_place_of_none() -> None:
    log = [Event(*ONE, 5, 1, "rating"), Event(*ONE, 0, 2, "rating")]
    assert pairs(log, {"rating": KindPolicy(zero="missing")}) == {ONE: 1}
    assert pairs(log, {}) == {ONE: 0}


def test_votes_of_plus_and_minus_one() -> None:
    policy = {"vote": KindPolicy(negative="dislike")}
    votes = [Event(*ONE, 1, 1, "vote"), Event(*ONE, -1, 2, "vote"), Event(*ONE, 1, 3, "vote")]
    assert [pairs(votes[:n], policy)[ONE] for n in (1, 2, 3)] == [1, -1, 1]


def test_the_same_value_for_everything_is_at_the_mean() -> None:
    policy = {"rating": KindPolicy(like_from="user-mean")}
    log = [Event("u", item, 0.1, 0, "rating") for item in "abc"]
    assert set(pairs(log, policy).values()) == {1}


def test_values_beyond_a_million_do_not_overflow_a_mean() -> None:
    assert micro(np.array([-1e30, 1e30, 0.1], np.float32)).tolist() == [-(10**12), 10**12, 100000]


@given(events=logs, kinds=st.sets(st.sampled_from(KINDS), max_size=3))
@settings(max_examples=200, deadline=None)
def test_of_the_kinds_asked_for_likes_count_and_what_is_neutral_in_force(
    events: list[Event], kinds: set[str]
) -> None:
    events = list({event._replace(weight=0): event for event in events}.values())
    log = log_of(events)
    found = counts(log, only_kinds(meanings_of(log.kinds, POLICY), kinds), log.weight) > 0
    liked = set(likes(events, POLICY))
    for event, counted_ in zip(events, found, strict=True):
        neutral = event.kind in ("skip", "undo") and in_force(event, events, POLICY)
        assert counted_ == (event.kind in kinds and (event in liked or neutral))


def test_a_return_of_a_neutral_kind_is_none_of_its_events() -> None:
    """A purchase of -1 takes one back, and is no purchase, whatever purchases weigh."""
    policy = {"purchase": KindPolicy(weight=0, negative="cancel")}
    log = log_of(
        [Event("ann", "pot", 1, 1, "purchase"), Event("ann", "pot", -1, 2, "purchase"),
         Event("ann", "lid", 3, 1, "purchase"), Event("ann", "lid", -1, 2, "purchase")]
    )  # fmt: skip
    found = counts(log, only_kinds(meanings_of(log.kinds, policy), ["purchase"]), log.weight)
    assert (found > 0).tolist() == [False, False, True, False]


def test_what_remains_is_what_stands_whatever_came_after() -> None:
    rows = [
        ("click", 1.0, 1), ("purchase", 3.0, 2), ("return", 1.0, 3),
        ("vote", 1.0, 4), ("vote", -1.0, 5), ("order", -1.0, 6), ("impression", 1.0, 7),
    ]  # fmt: skip
    log = Interactions.of(
        ["ann"] * 7, ["x"] * 7, [v for _, v, _ in rows], [t for _, _, t in rows],
        [kind for kind, _, _ in rows],
    )  # fmt: skip
    policies = {
        "vote": KindPolicy(negative="dislike", repeats="sum"),
        "order": KindPolicy(negative="cancel"),
    }
    left = remaining(log, meanings_of(log.kinds, policies), log.weight)
    assert left.tolist() == pytest.approx([1, 2 / 3, 1, 1, 0, 0, 1])


def test_a_rating_remains_where_it_reaches_its_bar() -> None:
    log = Interactions.of(
        ["ann"] * 3 + ["bob"], ["x", "x", "y", "x"], [2.0, 5.0, 3.0, 3.0], [1, 2, 3, 4],
        ["rating"] * 4,
    )  # fmt: skip
    usual = remaining(log, meanings_of(log.kinds, {}), log.weight)
    assert usual.tolist() == [0, 1, 0, 0]  # the latest of a pair, from 3.5
    own = {"rating": KindPolicy(like_from="user-mean")}
    assert remaining(log, meanings_of(log.kinds, own), log.weight).tolist() == [0, 1, 0, 1]
