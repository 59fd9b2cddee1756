"""The search itself, mostly of functions that cost nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from graphrec.errors import DataError, MissingExtra, TrainingError
from graphrec.models.hyper_parameters import Options, Point, Search, Space
from graphrec.training.tune import Budget, Objective, Report, Tuning, tune

try:
    import optuna  # noqa: F401
except ImportError:
    pytest.skip("optuna is not installed", allow_module_level=True)

SPACE: Space = {
    "x": Search(0.0, 1.0),
    "n": Search(1, 64, log=True),
    "kind": Options(("good", "bad")),
}
BAD: Point = {"x": 0.9, "n": 64, "kind": "bad"}


def height(point: Point) -> float:
    """Highest, 0, at x = .2, n = 4 and kind = good."""
    x, n = float(point["x"]), float(point["n"])
    return -((x - 0.2) ** 2) - 0.1 * np.log2(n / 4) ** 2 - (point["kind"] == "bad")


def climb(point: Point, report: Report) -> float:
    return height(point)


def search(
    objective: Objective = climb,
    *,
    trials: int | None = 20,
    seconds: float | None = None,
    seed: int = 0,
    starts: Sequence[Point] = (BAD,),
    clock: Callable[[], float] | None = None,
    progress: Callable[[str, int, int | None], None] | None = None,
) -> Tuning:
    return tune(
        "hill",
        SPACE,
        objective,
        starts=starts,
        budget=Budget(seconds, trials),
        rng=np.random.default_rng(seed),
        progress=progress,
        clock=clock or Clock(0),
    )


@dataclass
class Clock:
    """Each look at it takes `step` seconds."""

    step: float
    now: float = 0

    def __call__(self) -> float:
        self.now += self.step
        return self.now


def test_it_finds_a_better_setting_than_a_bad_default() -> None:
    found = search(trials=40)
    assert found.best.score is not None
    assert found.best.score > -0.1 > height(BAD)
    assert found.best.score == height(found.best.point) == max(map(height, points(found)))


def points(found: Tuning) -> list[Point]:
    return [trial.point for trial in found.trials]


def test_the_default_is_the_first_trial_and_never_beats_the_best() -> None:
    good: Point = {"x": 0.2, "n": 4, "kind": "good"}
    found = search(starts=[good, BAD])
    assert points(found)[:2] == [good, BAD]
    assert found.best.number == 0
    assert [trial.number for trial in found.trials] == list(range(20))


@pytest.mark.parametrize("outside", [{"x": 2.0, "n": 1000, "kind": "odd"}, {"x": 0.5}, {}])
def test_a_default_outside_of_the_space_is_judged_all_the_same(outside: Point) -> None:
    found = search(lambda point, report: float(point.get("x", 0)), starts=[outside], trials=3)
    assert found.trials[0].point == outside
    assert found.trials[0].score == outside.get("x", 0)


def test_all_trials_lie_in_the_space_in_few_digits() -> None:
    for point in points(search(trials=30)):
        assert all(SPACE[key].holds(value) for key, value in point.items())
        assert len(str(point["x"]).replace("0.", "").lstrip("0").split("e")[0].replace(".", "")) < 4


def test_one_seed_gives_one_search() -> None:
    assert points(search(seed=1)) == points(search(seed=1))
    assert points(search(seed=1)) != points(search(seed=2))


def test_the_budget_of_trials_counts_the_starts() -> None:
    assert len(search(trials=5, starts=[BAD, BAD]).trials) == 5
    assert len(search(trials=1, starts=[BAD, BAD]).trials) == 1


def test_no_trial_begins_that_would_outlast_the_time() -> None:
    clock = Clock(0)

    def slow(point: Point, report: Report) -> float:
        clock.now += 10
        return height(point)

    found = search(slow, trials=None, seconds=35, clock=clock)
    assert [trial.seconds for trial in found.trials] == [10, 10, 10]


def test_the_default_runs_however_short_the_time_is() -> None:
    clock = Clock(0)

    def slow(point: Point, report: Report) -> float:
        clock.now += 10
        return 1.0

    assert len(search(slow, trials=None, seconds=1, clock=clock).trials) == 1


def test_the_end_of_the_time_stops_a_trial_between_steps_and_what_it_reached_counts() -> None:
    clock = Clock(0)

    def learn(point: Point, report: Report) -> float:
        for step in range(1, 100):
            clock.now += 10
            report(step, 0.1 * min(step, 3))
        raise AssertionError("time was over long ago")

    [trial] = search(learn, trials=None, seconds=45, clock=clock).trials
    assert (trial.state, trial.seconds) == ("stopped", 50)
    assert (trial.score, trial.best_step) == (pytest.approx(0.3), 3)


def test_an_interrupt_gives_the_best_so_far() -> None:
    calls = 0

    def impatient(point: Point, report: Report) -> float:
        nonlocal calls
        calls += 1
        if calls == 4:
            report(1, -9.0)
            raise KeyboardInterrupt
        return height(point)

    found = search(impatient)
    assert found.interrupted
    assert [trial.state for trial in found.trials] == ["finished"] * 3 + ["interrupted"]
    assert found.trials[3].score == -9.0
    assert found.best.score == max(map(height, points(found)[:3]))


def test_an_interrupt_before_any_score_is_one() -> None:
    def interrupted(point: Point, report: Report) -> float:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search(interrupted)


@pytest.mark.parametrize("failure", [TrainingError("loss is nan"), MemoryError("loss is nan")])
def test_trials_that_fail_are_counted_with_their_reason(failure: Exception) -> None:
    def fragile(point: Point, report: Report) -> float:
        if point["kind"] == "bad":
            raise failure
        return height(point)

    found = search(fragile)
    failed = [trial for trial in found.trials if trial.state == "failed"]
    assert found.trials[0] in failed  # the default: the others can be better
    assert {trial.point["kind"] for trial in failed} == {"bad"}
    assert {trial.score for trial in failed} == {None}
    assert found.failures == {"loss is nan": len(failed)}
    assert found.best.point["kind"] == "good"


def test_a_search_of_failures_only_is_an_error() -> None:
    def broken(point: Point, report: Report) -> float:
        raise TrainingError("loss is nan")

    with pytest.raises(TrainingError, match=r"tuning hill: all 3 trials failed.*loss is nan"):
        search(broken, trials=3)


def test_what_every_trial_would_run_into_ends_the_search() -> None:
    def empty(point: Point, report: Report) -> float:
        raise DataError("no events")

    with pytest.raises(DataError, match="no events"):
        search(empty)


def test_trials_that_lag_behind_are_pruned() -> None:
    done: list[int] = []

    def learn(point: Point, report: Report) -> float:
        slope = 1 - abs(float(point["x"]) - 0.2)
        done.append(0)
        for step in range(1, 31):
            done[-1] = step
            report(step, slope * step)
        return slope * 30

    found = search(learn, trials=30)
    states = [trial.state for trial in found.trials]
    assert set(states) == {"finished", "pruned"}
    assert states[:5] == ["finished"] * 5  # with nothing to compare with
    for trial, steps in zip(found.trials, done, strict=True):
        assert steps == (30 if trial.state == "finished" else trial.best_step)
        assert 10 <= steps <= 30
    assert found.best.state == "finished"
    assert found.best.best_step == 30


def test_what_mattered_is_told_from_what_did_not() -> None:
    found = search(lambda point, report: -abs(float(point["x"]) - 0.3), trials=60)
    assert list(found.importance) == sorted(found.importance, key=lambda k: -found.importance[k])
    assert set(found.importance) == set(SPACE)
    assert sum(found.importance.values()) == pytest.approx(1)
    assert found.importance["x"] > 0.5


def test_a_few_trials_or_equal_ones_tell_nothing_of_what_mattered() -> None:
    assert search(trials=5).importance == {}
    assert search(lambda point, report: 1.0, trials=15).importance == {}


def test_progress_counts_trials_or_seconds() -> None:
    reported: list[tuple[str, int, int | None]] = []
    search(trials=3, progress=lambda *step: reported.append(step))
    assert reported == [("tuning hill: trials", done, 3) for done in range(4)]
    reported.clear()
    search(trials=None, seconds=20, clock=Clock(1), progress=lambda *step: reported.append(step))
    assert {(stage, total) for stage, _, total in reported} == {("tuning hill: seconds", 20)}
    done = [seconds for _, seconds, _ in reported]
    assert done == sorted(done)
    assert max(done) <= 20


def test_nothing_is_logged(capfd: pytest.CaptureFixture[str]) -> None:
    search()
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "")


def test_without_optuna_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtra, match=r"graphrec\[tune\]"):
        search()
