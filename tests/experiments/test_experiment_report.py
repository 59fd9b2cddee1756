"""Reports of experiments: what came of what was shown, counted by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pytest

from graphrec.data import Attribute, Graph, Interactions, Vocabulary
from graphrec.errors import DataError
from graphrec.experiment.definition import Experiment
from graphrec.experiments.attribution import last_touch
from graphrec.experiments.exposures import Exposure, lines, pseudonym
from graphrec.experiments.outcomes import events_of
from graphrec.experiments.report import PER_USER, RATE, USERS, Report, report
from graphrec.experiments.segments import segments_of
from graphrec.experiments.shown import Shown, read_shown

HOUR = 3_600_000
START = 1_700_000_000_000
NOW = START + 10_000 * HOUR
KEY = b"key"

Row = tuple[str, str, float, str]
"""User, item, hours, and a variant or a kind."""


def shown_of(rows: Iterable[Row], name: str = "home") -> Shown:
    """As the service logs it, read again, under ids."""
    made = b"".join(
        lines(
            Exposure(START + round(at * HOUR), "v", user, [item], variants=[(name, variant)]), KEY
        )
        for user, item, at, variant in rows
    )
    return read_shown(made.splitlines(), name)


def named(user: str) -> str:
    return pseudonym(user, KEY)


PRICES = {"x": 10.0, "y": 2.5}


def graph_of(rows: Iterable[Row], values: Mapping[int, float] | None = None) -> Graph:
    every = [*rows]
    users, items, hours, kinds = zip(*every, strict=True) if every else ((), (), (), ())
    weight = [(values or {}).get(at, 1.0) for at in range(len(every))]
    log = Interactions.of(users, items, weight, [START + round(h * HOUR) for h in hours], kinds)
    prices = Attribute("number", tuple(map(PRICES.get, log.items.ids)))
    countries = {"ann": "DE", "bob": "FR", "cat": "DE"}
    user = Attribute("category", tuple(map(countries.get, log.users.ids)))
    age = Attribute("number", tuple(float(len(each)) for each in log.users.ids))
    return Graph(log, {"item": {"price": prices}, "user": {"country": user, "age": age}})


def experiment(**given: Any) -> Experiment:
    goals = given.pop("goals", {"purchase": {"days": 1}})
    return Experiment.model_validate({"variants": {"a": {}, "b": {}}, "goals": goals, **given})


def reported(
    tried: Experiment, shown: Shown, graph: Graph, now: int = NOW, segment: str | None = None
) -> Report:
    events = events_of(graph, {}, shown, named, tried.end)
    parts = None if segment is None else segments_of(graph, segment, shown.users, named)
    return report("home", tried, shown, events, now, parts)


def values(found: Report, goal: int = 0) -> dict[str, list[float | None]]:
    return {name: [each.value for each in of] for name, of in found.goals[goal].figures.items()}


SHOWN: list[Row] = [
    ("ann", "x", 0, "a"),
    ("ann", "y", 0, "a"),
    ("ann", "x", 5, "a"),  # again
    ("bob", "x", 0, "a"),
    ("cat", "x", 0, "b"),
    ("cat", "y", 0, "b"),
    ("dan", "y", 0, "b"),
]
DONE: list[Row] = [
    ("ann", "x", 6, "purchase"),  # of the second time
    ("ann", "x", 8, "purchase"),
    ("ann", "y", 25, "purchase"),  # too late
    ("bob", "x", -1, "purchase"),  # too early
    ("bob", "y", 1, "purchase"),  # was not shown
    ("cat", "y", 24, "purchase"),
    ("cat", "x", 1, "view"),  # of another kind
    ("eve", "x", 1, "purchase"),  # of somebody else
]


def test_outcomes_are_of_the_last_exposure_before_them() -> None:
    of = last_touch(
        np.array([1, 1, 2]), np.array([0, 5, 0]), np.array([1, 1, 2, 2, 3]),
        np.array([4, 5, 11, 10, 1]), 10,
    )  # fmt: skip
    assert of.tolist() == [0, 1, -1, 2, -1]
    none = np.array([], np.int64)
    assert last_touch(none, none, np.array([1]), np.array([1]), 5).tolist() == [-1]
    assert last_touch(np.array([1]), np.array([1]), none, none, 5).tolist() == []


def test_figures_are_counted_by_hand() -> None:
    goals = {
        "purchase": {"days": 1},
        "revenue": {"kinds": ["Purchase"], "days": 1, "attribute": "price"},
        "viewed": {"kinds": ["view"], "days": 1},
        "any": {"kinds": ["purchase"], "days": 1, "by": "user"},
    }
    found = reported(experiment(goals=goals), shown_of(SHOWN), graph_of(DONE))
    assert [(each.variant, each.users, each.shown) for each in found.variants] == [
        ("a", 2, 4), ("b", 2, 3),
    ]  # fmt: skip
    assert values(found) == {RATE: [1 / 4, 1 / 3], USERS: [0.5, 0.5], PER_USER: [1, 0.5]}
    assert values(found, 1)[PER_USER] == [10, 1.25]
    assert values(found, 2)[RATE] == [0, 1 / 3]
    assert values(found, 3) == {USERS: [1, 0.5], PER_USER: [2, 0.5]}
    assert found.goals[0].outcomes == {"a": 2, "b": 1}
    assert {each.verdict for each in found.goals[0].figures[RATE]} == {
        "control", "too few outcomes",
    }  # fmt: skip


def test_revenue_is_by_value_and_less_what_came_back() -> None:
    goals = {
        "paid": {"kinds": ["purchase"], "by_value": True},
        "worth": {"kinds": ["purchase"], "attribute": "price", "by_value": True},
        "return": {},
    }
    rows: list[Row] = [
        ("ann", "x", 1, "purchase"), ("ann", "x", 2, "return"), ("cat", "x", 3, "purchase"),
        ("cat", "x", 4, "return"), ("dan", "z", 1, "purchase"),
    ]  # fmt: skip
    log = graph_of(rows, {0: 3.0, 1: 1.0, 2: 2.0, 3: 2.0, 4: 4.0})
    tried = experiment(goals=goals)
    found = reported(tried, shown_of([*SHOWN, ("dan", "z", 0, "b")]), log)
    assert values(found)[PER_USER] == [1.0, 2.0]  # 2 of 3 pieces stay with ann, none with cat
    assert values(found, 1)[PER_USER] == [10.0, 0.0]
    assert "1 outcomes are of items whose 'price' is no number" in found.notes[0]
    # A return of something else that was bought is no return of this.
    assert values(found, 2)[USERS] == [0.5, 0.5]


def test_a_click_on_what_was_returned_later_is_a_click() -> None:
    rows: list[Row] = [("ann", "x", 1, "click"), ("ann", "x", 2, "purchase"),
                       ("ann", "x", 9, "return")]  # fmt: skip
    found = reported(
        experiment(goals={"click": {}, "purchase": {}}), shown_of(SHOWN), graph_of(rows)
    )
    assert values(found)[USERS] == [0.5, 0]
    assert values(found, 1)[USERS] == [0, 0]


def simulated(
    rng: np.random.Generator, rate_a: float, rate_b: float, users: int = 400, lost: float = 0.0
) -> tuple[Shown, Graph]:
    shown: list[Row] = []
    done: list[Row] = []
    for n in range(users):
        in_b = rng.random() < 0.5
        if in_b and rng.random() < lost:
            continue
        for item in range(5):
            shown.append((f"u{n}", f"i{item}", 0, "ab"[in_b]))
            if rng.random() < (rate_b if in_b else rate_a):
                done.append((f"u{n}", f"i{item}", 1, "purchase"))
    return shown_of(shown), graph_of(done)


def test_a_difference_is_found_whenever_one_looks() -> None:
    tried = experiment()
    found = reported(tried, *simulated(np.random.default_rng(0), 0.1, 0.25))
    rate = found.goals[0].figures[RATE][1]
    assert found.inference == "at any time"
    assert found.trusted
    assert rate.verdict == "higher"
    assert rate.low is not None
    assert rate.high is not None
    assert rate.low < 0.15 < rate.high
    assert rate.p is not None
    assert rate.p < 0.001
    assert 0 < (rate.detectable or 0) < 0.15
    lower = reported(tried, *simulated(np.random.default_rng(0), 0.25, 0.1))
    assert lower.goals[0].figures[USERS][1].verdict == "lower"
    same = reported(tried, *simulated(np.random.default_rng(1), 0.2, 0.2))
    assert same.goals[0].figures[RATE][1].verdict == "no difference shown"


def test_nothing_is_concluded_before_the_end_that_was_set() -> None:
    data = simulated(np.random.default_rng(0), 0.1, 0.25)
    tried = experiment(end=NOW)
    early = reported(tried, *data, now=NOW - 1)
    assert early.state == "running"
    assert early.inference == "at the end"
    assert "nothing is concluded before its end" in early.why
    for figures in early.goals[0].figures.values():
        assert figures[1].verdict == "not yet"
        assert (figures[1].difference, figures[1].low, figures[1].p) == (None, None, None)
        assert figures[1].detectable is not None
    done = reported(tried, *data, now=NOW)
    assert done.state == "over"
    assert done.why == ""
    assert done.goals[0].figures[RATE][1].verdict == "higher"
    always = reported(experiment(), *data).goals[0].figures[RATE][1]
    once = done.goals[0].figures[RATE][1]
    assert (once.high or 0) - (once.low or 0) < (always.high or 0) - (always.low or 0)


def test_outcomes_after_the_end_do_not_count() -> None:
    tried = experiment(end=START + 7 * HOUR)
    found = reported(tried, shown_of(SHOWN), graph_of(DONE))
    assert values(found)[PER_USER] == [0.5, 0]


def test_users_who_are_missing_from_a_variant_are_noticed() -> None:
    found = reported(experiment(), *simulated(np.random.default_rng(2), 0.1, 0.3, lost=0.4))
    assert not found.trusted
    assert "(expected 50.00%)" in found.why
    assert found.goals[0].figures[RATE][1].verdict == "not to be trusted"


def test_users_who_got_several_variants_are_left_out_and_too_many_are_noticed() -> None:
    found = reported(experiment(), shown_of([*SHOWN, ("ann", "x", 1, "b")]), graph_of(DONE))
    assert found.crossed == 1
    assert "1 users got several variants" in found.why
    assert not found.trusted
    assert [each.users for each in found.variants] == [1, 2]
    unknown = reported(experiment(), shown_of([*SHOWN, ("fay", "x", 1, "old")]), graph_of(DONE))
    assert "1 users got a variant that the settings lack" in unknown.notes[0]


def test_three_variants_are_held_to_more_than_two() -> None:
    shown, graph = simulated(np.random.default_rng(0), 0.1, 0.25)
    two = reported(experiment(), shown, graph).goals[0].figures[RATE][1]
    three = reported(
        experiment(variants={"a": {}, "b": {}, "c": {"share": 0.01}}), shown, graph
    ).goals[0].figures[RATE]  # fmt: skip
    assert (three[1].low or 0) < (two.low or 0)
    assert three[1].p == pytest.approx(2 * (two.p or 0))
    assert three[2].value is None


def test_the_control_may_be_any_of_them() -> None:
    shown, graph = simulated(np.random.default_rng(0), 0.1, 0.25)
    found = reported(experiment(control="b"), shown, graph)
    assert [each.variant for each in found.variants] == ["b", "a"]
    assert found.goals[0].figures[RATE][1].verdict == "lower"


def test_segments() -> None:
    found = reported(experiment(), shown_of(SHOWN), graph_of(DONE), segment="country")
    users = {part.value: [each.users for each in part.variants] for part in found.segments}
    assert users == {"DE": [1, 1], "FR": [1, 0], "(none)": [0, 1]}
    german = found.segments[0].goals[0].figures[RATE]
    assert [each.value for each in german] == [1 / 3, 1 / 2]
    graph = graph_of(DONE)
    with pytest.raises(DataError, match="did you mean 'country'"):
        segments_of(graph, "countri", Vocabulary(("ann",)), str)


def test_numbers_are_in_quarters_and_rare_values_are_together() -> None:
    users = [f"{n:0{1 + n % 4}d}" for n in range(1000, 1100)]
    graph = graph_of([(user, "x", 1, "view") for user in ("a", "bb", "ccc", "dddd", "eeeee")])
    parts = segments_of(graph, "age", graph.users, str)
    assert [int(mask.sum()) for mask in parts.values()] == [1, 1, 1, 2] or sum(
        int(mask.sum()) for mask in parts.values()
    ) == 5
    log = Interactions.of(users, ["x"] * 100)
    ids = Attribute("category", tuple(map(str, range(100))))
    many = segments_of(Graph(log, {"user": {"id": ids}}), "id", log.users, str)
    assert len(many) == 21
    assert many["(others)"].sum() == 80


def test_what_cannot_be_read_is_counted_and_what_is_of_others_is_not() -> None:
    good = lines(Exposure(5, "v", "ann", ["x"], variants=[("home", "a"), ("cart", "z")]), KEY)
    other = lines(Exposure(5, "v", "ann", ["x"], variants=[("my-home", "b")]), KEY)
    plain = lines(Exposure(5, "v", "ann", ["x"], placement="home/a"), KEY)
    late = lines(Exposure(9, "v", "ann", ["x"], variants=[("home", "a")]), KEY)
    found = read_shown([good, other, plain, good[:-30] + b"home/", late], "home", until=9)
    assert len(found) == 1
    assert found.variants == ("a",)
    assert found.unreadable == 1
    with pytest.raises(DataError, match="no exposures of experiment 'home': expected some of a, b"):
        reported(experiment(), read_shown([], "home"), graph_of(DONE))
    table = read_shown([b"time,user,item,variant", b"5,ann,x,home/a"], "home")
    with pytest.raises(DataError, match="and 1 lines are no JSON: expected some"):
        reported(experiment(), table, graph_of(DONE))


def test_an_attribute_that_no_item_has_is_an_error() -> None:
    tried = experiment(goals={"purchase": {"attribute": "prize"}})
    with pytest.raises(DataError, match="no item has an attribute 'prize': did you mean 'price'"):
        reported(tried, shown_of(SHOWN), graph_of(DONE))
