"""Which positives are asked about how often, and which negatives beside them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from graphrec.data import Graph, Interactions
from graphrec.models.training.negative_sampling import (
    NegativeSampler,
    log_popularity,
    positive_chances,
)


def sampler_of(dense: list[list[int]], exponent: float = 0.0) -> NegativeSampler:
    return NegativeSampler(sparse.csr_array(np.array(dense, bool)), exponent)


def graph_of(*events: tuple[str, str, int, float]) -> Graph:
    """From (user, item, time, weight)."""
    users, items, times, weights = zip(*events, strict=True)
    return Graph(Interactions.of(users, items, weights, times))


def chances(graph: Graph, half_life_share: float | None) -> dict[tuple[str, str], float]:
    rows, cols = graph.matrix.nonzero()
    found = positive_chances(graph, half_life_share)
    return {
        (graph.users.ids[row], graph.items.ids[col]): float(chance)
        for row, col, chance in zip(rows, cols, found, strict=True)
    }


LOGS = st.lists(
    st.tuples(
        st.sampled_from("abcd"),
        st.sampled_from("wxyz"),
        st.integers(0, 6),
        st.sampled_from([0.0, 1, 2.5]),
    ),
    min_size=1,
    max_size=30,
)


# Negatives


@pytest.mark.parametrize("exponent", [0.0, 0.75])
def test_what_a_user_has_met_is_never_their_negative(exponent: float) -> None:
    items = np.arange(40)
    met = np.stack([(items < 10) | ((items + user) % 4 == 0) for user in range(40)])
    sampler = NegativeSampler(sparse.csr_array(met), exponent)
    users = np.repeat(np.arange(40, dtype=np.int32), 25)
    drawn = sampler.unseen(users, 20, np.random.default_rng(0))
    assert drawn.shape == (1000, 20)
    # Ten redraws leave a met one now and then where half of all are met: see ATTEMPTS.
    assert met[users[:, None], drawn].mean() < 0.01
    few = np.stack([(items + user) % 8 == 0 for user in range(40)])
    drawn = NegativeSampler(sparse.csr_array(few), exponent).unseen(
        users, 20, np.random.default_rng(0)
    )
    assert not few[users[:, None], drawn].any()
    assert set(drawn.ravel().tolist()) == set(range(40))


def test_a_liked_and_a_disliked_item_are_both_met() -> None:
    others = [f"other {n}" for n in range(18)]
    users, items = ["a", "a", *["b"] * 18], ["liked", "disliked", *others]
    log = Interactions.of(users, items, [1, 0, *[1] * 18])
    sampler = NegativeSampler(Graph(log).seen)
    drawn = sampler.unseen(np.zeros(500, np.int32), 1, np.random.default_rng(0))
    assert {log.items.ids[item] for item in drawn.ravel()} == set(others)


def test_someone_who_has_met_everything_gets_a_negative_all_the_same() -> None:
    drawn = sampler_of([[1, 1, 1]]).unseen(np.zeros(4, np.int32), 3, np.random.default_rng(0))
    assert drawn.shape == (4, 3)
    assert set(drawn.ravel().tolist()) <= {0, 1, 2}


def test_without_any_interaction_all_items_are_drawn() -> None:
    drawn = sampler_of([[0, 0], [0, 0]]).unseen(np.zeros(99, np.int32), 1, np.random.default_rng(0))
    assert set(drawn.ravel().tolist()) == {0, 1}


@pytest.mark.parametrize("exponent", [0.0, 0.75, 1.0])
def test_items_are_drawn_by_popularity_to_the_exponent(exponent: float) -> None:
    seen = np.zeros((16, 4), int)
    for item, people in enumerate([16, 8, 1, 0]):
        seen[:people, item] = 1
    sampler = sampler_of(seen.tolist(), exponent)
    expected = np.array([16, 8, 1, 1]) ** exponent  # an item that nobody met is drawn like one
    expected = expected / expected.sum()
    np.testing.assert_allclose(sampler.probability, expected)
    drawn = sampler.draw(40_000, np.random.default_rng(0))
    share = np.bincount(drawn, minlength=4) / len(drawn)
    np.testing.assert_allclose(share, expected, atol=5 * np.sqrt(0.25 / len(drawn)))


def test_the_largest_draw_is_an_item() -> None:
    """Sums of probabilities may end just below 1."""
    sampler = sampler_of([[1] * 7] * 3, 0.75)

    class Top(np.random.Generator):
        def random(self, *args: object, **kwargs: object) -> float:  # type: ignore[override]
            return np.nextafter(1, 0)

    assert sampler.draw((), Top(np.random.PCG64())) == 6


@pytest.mark.parametrize("exponent", [0.0, 0.75])
def test_one_seed_gives_the_same_negatives(exponent: float) -> None:
    sampler, users = sampler_of([[1, 0, 0, 0], [0, 1, 1, 0]], exponent), np.array([0, 1, 1])
    first, second = (sampler.unseen(users, 9, np.random.default_rng(4)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_keys_of_users_and_items_do_not_overflow() -> None:
    """100,000 users times 50,000 items are more than an int32 holds."""
    users, items = 100_000, 50_000
    met = sparse.csr_array(([True], ([users - 1], [items - 1])), shape=(users, items))
    sampler = NegativeSampler(met)
    drawn = sampler.unseen(np.full(100_000, users - 1, np.int32), 2, np.random.default_rng(0))
    assert (drawn != items - 1).all()


# Positives


@given(LOGS, st.none() | st.sampled_from([0.01, 0.25, 2]))
def test_chances_are_of_positive_pairs_and_sum_to_one(
    events: list[tuple[str, str, int, float]], half_life_share: float | None
) -> None:
    graph = graph_of(*events)
    found = positive_chances(graph, half_life_share)
    assert len(found) == graph.matrix.nnz
    assert (found > 0).all()
    if graph.matrix.nnz:
        assert found.sum() == pytest.approx(1)


@given(LOGS)
def test_without_recency_a_chance_is_the_share_of_the_weight(
    events: list[tuple[str, str, int, float]],
) -> None:
    graph = graph_of(*events)
    total = graph.matrix.data.sum()
    np.testing.assert_allclose(positive_chances(graph, None), graph.matrix.data / max(total, 1e-9))


def test_a_chance_halves_with_each_share_of_the_log_that_is_newer() -> None:
    events = [("a", item, time, 1.0) for time, item in enumerate("stuvwxyz")]
    found = chances(graph_of(*events), 0.25)  # two of the eight events
    by_age = [found["a", item] for item in "zyxwvuts"]
    ratios = np.array(by_age) / by_age[0]
    np.testing.assert_allclose(ratios, 0.5 ** (np.arange(8) / 2))


def test_recency_is_in_shares_of_the_log_and_not_in_days() -> None:
    days = graph_of(("a", "x", 0, 1), ("a", "y", 86_400_000, 1), ("b", "x", 2 * 86_400_000, 1))
    years = graph_of(("a", "x", 0, 1), ("a", "y", 10**12, 1), ("b", "x", 10**12 + 1, 1))
    assert chances(days, 0.1) == chances(years, 0.1)


def test_events_of_one_pair_add_up_each_by_its_own_age() -> None:
    found = chances(
        graph_of(("a", "x", 1, 1), ("a", "y", 2, 1), ("a", "x", 3, 2), ("b", "y", 4, 0)), 0.25
    )
    # in units of the newest: ages 3/4, 2/4, 1/4 of the log
    assert found["a", "x"] / found["a", "y"] == pytest.approx((1 / 8 + 2 / 2) / (1 / 4))
    assert ("b", "y") not in found


def test_a_log_without_times_has_no_recency() -> None:
    graph = graph_of(("a", "x", 7, 1), ("a", "y", 7, 3))
    assert chances(graph, 0.01) == {("a", "x"): 0.25, ("a", "y"): 0.75}


def test_a_log_without_likes_has_no_chances() -> None:
    assert positive_chances(graph_of(("a", "x", 1, 0)), 0.1).tolist() == []


# Popularity as a starting point


def test_log_popularity_is_of_the_positives_an_item_would_get() -> None:
    graph = graph_of(("a", "x", 0, 1), ("b", "x", 0, 1), ("a", "y", 0, 1), ("b", "z", 0, 0))
    found = log_popularity(graph, positive_chances(graph, None))
    np.testing.assert_allclose(found, np.log([3, 2, 1]), rtol=1e-6)
    assert found.dtype == np.float32


def test_log_popularity_of_new_items_is_higher_with_recency() -> None:
    events = [(f"u{n}", "old" if n < 50 else "new", n, 1.0) for n in range(100)]
    graph = graph_of(*events)
    new, old = log_popularity(graph, positive_chances(graph, 0.05))
    assert new - old > 3
    new, old = log_popularity(graph, positive_chances(graph, None))
    assert new == old
