"""A search of hyper-parameters within a budget, with optuna's tree of Parzen estimators.

A search starts from known settings, which are evaluated first and in the same way as all others, so
that the best of a search is never worse than the best of them. The objective is an argument;
`graphrec.training.objective` has that of models, on validation.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from graphrec.errors import MissingExtra, TrainingError
from graphrec.models.hyper_parameters import Options, Point, Search, Space, Value
from graphrec.progress import Progress

if TYPE_CHECKING:
    import optuna

Report: TypeAlias = Callable[[int, float], None]
"""Called with each step, from 1, and the score after it; it raises to end the trial."""

Objective: TypeAlias = Callable[[Point, Report], float]
"""The score of a setting, to be maximised."""

State: TypeAlias = Literal["finished", "pruned", "stopped", "interrupted", "failed"]
"""`pruned`: given up as worse than most at the same step; `stopped`: the time was over;
`interrupted`: by the user."""

PRUNED_FROM_STEP = 10
"""Earlier, one that learns slowly would be taken for one that learns badly."""

IMPORTANCE_TRIALS = 10
"""With fewer trials, importance is not computed."""


@dataclass(frozen=True)
class Budget:
    """What a search may take: whichever ends first, None for no end."""

    seconds: float | None = None
    """No trial begins that would last longer if it were like most; one that reports its steps
    ends with the first step after it."""
    trials: int | None = None

    def allows(self, durations: Sequence[float], spent: float) -> bool:
        """Whether one more trial may begin, after those of `durations`; all in seconds."""
        if not durations:
            return True
        if self.trials is not None and len(durations) >= self.trials:
            return False
        return self.seconds is None or spent + median(durations) <= self.seconds


@dataclass(frozen=True)
class Trial:
    """One setting that was tried."""

    number: int
    point: Point
    state: State
    score: float | None
    """The best that it reached; None where it reached nothing."""
    steps: Mapping[int, float]
    """Its score after each step that it reported."""
    seconds: float
    reason: str | None = None
    """Why it failed."""

    @property
    def best_step(self) -> int | None:
        """The first step at which it was best; None where it has no steps."""
        return max(self.steps, key=lambda step: self.steps[step], default=None)


@dataclass(frozen=True)
class Tuning:
    """What a search found: at least one trial has a score."""

    trials: tuple[Trial, ...]
    """In the order they ran: first the settings that the search started from."""
    importance: Mapping[str, float]
    """Share of each hyper-parameter in what made trials good (PED-ANOVA: Watanabe et al., IJCAI
    2023), the largest first, 1 in total; empty where there is too little to tell."""
    seconds: float
    """That the search took, the choice of settings included."""
    interrupted: bool

    @property
    def ranked(self) -> tuple[Trial, ...]:
        """Those with a score, the best first; of equal ones, the earlier."""
        scored = [(trial.score, trial) for trial in self.trials if trial.score is not None]
        return tuple(trial for _, trial in sorted(scored, key=lambda pair: -pair[0]))

    @property
    def best(self) -> Trial:
        """The one with the highest score."""
        return self.ranked[0]

    @property
    def failures(self) -> Mapping[str, int]:
        """How many trials failed, by reason."""
        return Counter(trial.reason for trial in self.trials if trial.reason is not None)


class _Enough(Exception):  # noqa: N818 - it is no error
    """Leaves an objective between two steps."""

    def __init__(self, state: State) -> None:
        self.state: State = state


def tune(
    name: str,
    space: Space,
    objective: Objective,
    *,
    starts: Sequence[Point],
    budget: Budget,
    rng: np.random.Generator,
    progress: Progress | None = None,
    clock: Callable[[], float] = perf_counter,
) -> Tuning:
    """Search `space` for the setting of `name` with the highest score.

    `starts` are the first trials, whether they lie in the space or not; the first of them runs
    whatever the budget is. The same `rng` gives the same trials, where the budget is of trials
    alone. An interrupt (Ctrl-C) ends the search with what it has.

    Trials that raise TrainingError or MemoryError have failed, and the search goes on. Raises
    MissingExtra where optuna is not installed, TrainingError where no trial got a score, whatever
    else `objective` raises, and KeyboardInterrupt where there is no score yet.
    """
    began = clock()
    study = _study(rng)
    trials: list[Trial] = []

    def spent() -> float:
        return clock() - began

    def show_progress() -> None:
        if progress and budget.trials is not None:
            progress(f"tuning {name}: trials", len(trials), budget.trials)
        elif progress and budget.seconds is not None:
            total = round(budget.seconds)
            progress(f"tuning {name}: seconds", min(round(spent()), total), total)

    def run(point: Point, asked: optuna.Trial | None) -> Trial:
        def report(step: int, score: float) -> None:
            show_progress()
            if budget.seconds is not None and spent() > budget.seconds:
                raise _Enough("stopped")
            if asked is not None:
                asked.report(score, step)
                if asked.should_prune():
                    raise _Enough("pruned")

        return _run(len(trials), point, objective, report, clock)

    interrupted = False
    show_progress()
    try:
        while not interrupted and budget.allows([trial.seconds for trial in trials], spent()):
            if len(trials) < len(starts):
                trial = run(starts[len(trials)], None)
                _teach(study, space, trial)
            else:
                asked = study.ask()
                trial = run({key: _suggest(asked, key, space[key]) for key in space}, asked)
                _tell(study, asked, trial)
            trials.append(trial)
            show_progress()
            interrupted = trial.state == "interrupted"
    except KeyboardInterrupt:  # between two trials
        interrupted = True
    tuning = Tuning(tuple(trials), {}, spent(), interrupted)
    if not tuning.ranked:
        if interrupted:
            raise KeyboardInterrupt
        raise TrainingError(
            f"tuning {name}: all {len(trials)} trials failed: expected at least one that can be "
            f"trained; the first: {trials[0].reason}"
        )
    return replace(tuning, importance=_importance(study))


def _run(
    number: int, point: Point, objective: Objective, report: Report, clock: Callable[[], float]
) -> Trial:
    """One trial, whatever ends it. `report` raises _Enough where the objective is to be left."""
    steps: dict[int, float] = {}

    def noted(step: int, score: float) -> None:
        steps[step] = score
        report(step, score)

    state: State = "finished"
    score: float | None = None
    reason = None
    began = clock()
    try:
        score = objective(point, noted)
    except _Enough as enough:
        score, state = max(steps.values()), enough.state
    except KeyboardInterrupt:
        score, state = max(steps.values(), default=None), "interrupted"
    except (TrainingError, MemoryError) as error:  # too large a setting is no end of the search
        state, reason = "failed", str(error) or "out of memory"
    return Trial(number, point, state, score, steps, clock() - began, reason)


def _study(rng: np.random.Generator) -> optuna.Study:
    try:
        import optuna
    except ImportError:
        raise MissingExtra("tuning", "optuna", "tune") from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=int(rng.integers(2**32))),
        pruner=optuna.pruners.MedianPruner(n_warmup_steps=PRUNED_FROM_STEP),
    )


def _suggest(asked: optuna.Trial, key: str, within: Search | Options) -> Value:
    """A value as it is tried and as it is printed: no digits that mean nothing."""
    if isinstance(within, Options):
        return within.values[asked.suggest_categorical(key, range(len(within.values)))]
    if within.whole:
        return asked.suggest_int(key, int(within.low), int(within.high), log=within.log)
    return float(f"{asked.suggest_float(key, within.low, within.high, log=within.log):.3g}")


def _teach(study: optuna.Study, space: Space, trial: Trial) -> None:
    """Let the search learn from a setting that it did not ask for, if it could have."""
    import optuna

    if trial.state != "finished" or not all(
        space[key].holds(trial.point.get(key)) for key in space
    ):
        return
    study.add_trial(
        optuna.trial.create_trial(
            value=trial.score,
            params={key: _place(space[key], trial.point[key]) for key in space},
            distributions={key: _distribution(within) for key, within in space.items()},
            intermediate_values=dict(trial.steps),
        )
    )


def _place(within: Search | Options, value: Value) -> Value:
    """What optuna knows a value by; of a choice, its place, so that any options will do."""
    return within.values.index(value) if isinstance(within, Options) else value


def _distribution(within: Search | Options) -> optuna.distributions.BaseDistribution:
    from optuna import distributions

    if isinstance(within, Options):
        return distributions.CategoricalDistribution(range(len(within.values)))
    if within.whole:
        return distributions.IntDistribution(int(within.low), int(within.high), log=within.log)
    return distributions.FloatDistribution(within.low, within.high, log=within.log)


def _tell(study: optuna.Study, asked: optuna.Trial, trial: Trial) -> None:
    from optuna.trial import TrialState

    if trial.state == "finished":
        study.tell(asked, trial.score)
    elif trial.state == "pruned":
        study.tell(asked, state=TrialState.PRUNED)
    else:
        study.tell(asked, state=TrialState.FAIL)


def _importance(study: optuna.Study) -> Mapping[str, float]:
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
    from optuna.trial import TrialState

    finished = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(finished) < IMPORTANCE_TRIALS or len({trial.value for trial in finished}) < 2:
        return {}
    with _quiet():
        return get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the warning that an interface is new."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
