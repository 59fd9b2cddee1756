"""What one person's events on one item count at most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.data import Graph, Interactions
from graphrec.data.clipping import LARGEST
from graphrec.data.kinds import KindPolicy
from graphrec.data.weighting import weigh

Row = tuple[str, str, float, str]
"""User, item, value and kind; the time is the number of the row."""

CROWD: list[Row] = [(f"u{n}", f"i{n % 7}", 1, "view") for n in range(60)]
HUGE = (1e30, 3e38, 1e12, 1e6)


def weighed(rows: Sequence[Row], kinds: Mapping[str, KindPolicy] | None = None) -> Graph:
    user, item, value, kind = zip(*rows, strict=True)
    return weigh(
        Graph(Interactions.of(user, item, value, range(1, len(rows) + 1), kind)), kinds or {}
    )


def pair(graph: Graph, user: str, item: str) -> float:
    return float(graph.matrix[graph.users.rows[user], graph.items.rows[item]])


@pytest.mark.parametrize("value", HUGE)
@pytest.mark.parametrize("kind", ["view", "purchase", "no such kind before"])
def test_one_event_counts_as_much_as_one_person(value: float, kind: str) -> None:
    graph = weighed([*CROWD, ("bot", "i9", value, kind)])
    assert pair(graph, "bot", "i9") == 1
    assert pair(graph, "u3", "i3") == 1


def test_so_do_events_without_end_on_one_item() -> None:
    graph = weighed([*CROWD, *[("bot", "i9", 1.0, "view")] * 5000])
    assert pair(graph, "bot", "i9") == pytest.approx(1, rel=1e-4)


def test_events_on_all_items_change_no_order() -> None:
    bot = [("bot", f"i{n}", 1e30, "view") for n in range(7)]
    with_, without = weighed([*CROWD, *bot]), weighed(CROWD)
    np.testing.assert_array_equal(with_.matrix.sum(axis=0), without.matrix.sum(axis=0) + 1)


def test_kinds_that_only_the_same_few_have_are_clipped_as_all_kinds_are() -> None:
    few = [(f"bot{n}", "i9", 1e30, "mine") for n in range(3)]
    graph = weighed([*CROWD, *few])
    assert [pair(graph, user, "i9") for user, *_ in few] == [1, 1, 1]


def test_each_kind_is_clipped_by_itself() -> None:
    plays = [(f"u{n}", "i1", 300.0, "play") for n in range(30)]
    graph = weighed([*CROWD, *plays, ("bot", "i2", 1e30, "view"), ("bot", "i3", 1e30, "play")])
    assert pair(graph, "u2", "i1") == 300
    assert (pair(graph, "bot", "i2"), pair(graph, "bot", "i3")) == (1, 300)


def test_ordinary_logs_are_as_they_were() -> None:
    """Quantities of few, ratings as amounts, repeated views: whatever many people have."""
    rng = np.random.default_rng(0)
    for values in ((1, 2, 3, 4, 5), (1,), (0.5, 60)):
        rows = [
            (f"u{n % 50}", f"i{rng.integers(30)}", float(rng.choice(values)), "view")
            for n in range(1000)
        ]
        user, item, value, kind = zip(*rows, strict=True)
        log = Interactions.of(user, item, value, range(1, 1001), kind)
        kept = weigh(Graph(log), {}).interactions.weight
        assert np.mean(kept == log.weight) > 0.99


def test_ratings_are_no_amounts_and_never_clipped() -> None:
    rated = [(f"u{n}", "i1", 4.0, "rating") for n in range(40)]
    graph = weighed([*rated, ("bot", "i1", 1e30, "rating")])
    assert graph.matrix.data.tolist() == [1] * 41


def test_dislikes_are_clipped_too() -> None:
    rows = [(f"u{n}", "i1", 1.0, "dislike") for n in range(40)]
    graph = weighed([*CROWD, *rows, ("bot", "i9", 1e30, "dislike")])
    assert graph.disliked.data.max() == 1


def test_few_people_keep_what_is_near_what_is_usual() -> None:
    rows = [("a", "x", 1.0, "view"), ("b", "x", 3.0, "view"), ("c", "y", 1e30, "view")]
    assert sorted(weighed(rows).matrix.data.tolist()) == [1, 3, 9]


def test_alone_everything_counts_as_far_as_models_can_compute() -> None:
    graph = weighed([("a", "x", 5.0, "view"), ("a", "y", 1e30, "view")])
    assert graph.matrix.data.max() == np.float32(LARGEST)


def test_it_can_be_switched_off_for_a_kind() -> None:
    kinds = {"view": KindPolicy(clip_quantile=1)}
    graph = weighed([*CROWD, ("bot", "i9", 1e6, "view")], kinds)
    assert pair(graph, "bot", "i9") == 1e6


def test_only_the_weights_of_who_has_more_change_and_ages_count_after() -> None:
    kinds = {"view": KindPolicy(half_life_days=1)}
    graph = weighed([*CROWD, ("bot", "i9", 1e30, "view")], kinds)
    assert pair(graph, "bot", "i9") == pytest.approx(1)


VALUES = st.sampled_from([0.0, 1, 2, 5, 1e9, 1e30, 3e38])
ROWS = st.lists(
    st.tuples(
        st.sampled_from("abcdef"), st.sampled_from("xyz"), VALUES, st.sampled_from(["view", "buy"])
    ),
    min_size=1,
    max_size=30,
)


@given(ROWS, st.data())
def test_the_largest_of_one_person_moves_nobody_elses(rows: list[Row], data: st.DataObject) -> None:
    """However much more it gets."""
    bot = data.draw(st.floats(1e31, 3e38))
    one, other = (weighed([*CROWD, *rows, ("bot", "i9", v, "view")]) for v in (1e31, bot))
    np.testing.assert_array_equal(one.matrix.data, other.matrix.data)
    assert np.isfinite(one.matrix.data).all()
    assert one.interactions.clipping == other.interactions.clipping


@given(ROWS)
def test_events_that_count_go_on_counting(rows: list[Row]) -> None:
    off = {kind: KindPolicy(clip_quantile=1) for kind in ("view", "buy")}
    clipped, free = weighed(rows), weighed(rows, off)
    np.testing.assert_array_equal(clipped.interactions.weight > 0, free.interactions.weight > 0)
    assert (clipped.interactions.weight <= free.interactions.weight).all()
