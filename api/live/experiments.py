"""Which variants a request gets, by the experiments of the settings that run."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from graphrec.api.live.engine import Engine

from graphrec.experiment.assignment import variant_of
from graphrec.experiment.definition import Experiment, Variant
from graphrec.policy.decision import Decision
from graphrec.recommend.recommender import Recommender
from graphrec.recommend.variant import varied


@dataclass(frozen=True)
class Chosen:
    """What answers a request for a list."""

    recommender: Recommender
    variants: tuple[tuple[str, str], ...] = ()
    """The experiments that it is in, each with its variant."""
    diversity: float | None = None
    """Of a list that is of no placement, where the request says nothing of it."""
    exploration: float | None = None
    decision: Decision | None = None
    """Of the policy that chose the action which makes it."""

    @property
    def parts(self) -> tuple[tuple[str, str], ...]:
        """What it depends on beside its version: variants, and the action of a policy."""
        if self.decision is None:
            return self.variants
        return (*self.variants, (f"policy {self.decision.policy}", self.decision.action))

    @property
    def stays(self) -> bool:
        """Whether its lists are the same until something is written: a Q-network goes by what was
        shown before.
        """
        return self.recommender.network is None

    @property
    def version(self) -> str:
        """Of the snapshot."""
        return self.recommender.snapshot.manifest.version


class Experiments:
    """The experiments of a service. Visitors get the control of each, and are not in it."""

    def __init__(self, experiments: Mapping[str, Experiment], engine: Engine) -> None:
        self._experiments = experiments
        self._engine = engine

    def chosen(self, user: str | None, name: str) -> Chosen:
        """What makes the list `name`, a placement or RECOMMENDATIONS; raises NotReady."""
        if not self._experiments:
            return Chosen(self._engine.recommender_for(user))
        given = [*self._given(user, name, time.time_ns() // 1_000_000)]
        settings = [experiment.variants[variant] for _, experiment, variant in given]
        canary = not any(experiment.snapshots for _, experiment, _ in given)
        recommender = self._snapshot(user, settings, canary)
        diverse = [each.diversity for each in settings if each.diversity is not None]
        exploring = [each.exploration for each in settings if each.exploration is not None]
        return Chosen(
            varied_by(recommender, settings),
            tuple((experiment, variant) for experiment, _, variant in given),
            diverse[-1] if diverse else None,
            exploring[-1] if exploring else None,
        )

    def reason(self, experiment: Experiment) -> str | None:
        """Why nobody is in an experiment that runs; None where somebody is."""
        return next(
            (
                f"snapshot {version!r} of a variant does not serve: {self._engine.why(version)}"
                for version in sorted(experiment.snapshots)
                if self._engine.pinned(version) is None
            ),
            None,
        )

    def _given(
        self, user: str | None, name: str, now: int
    ) -> Iterator[tuple[str, Experiment, str]]:
        """The experiments on a list, and the variant of the user in each."""
        for key, experiment in self._experiments.items():
            if experiment.state(now) != "running" or not experiment.is_about(name):
                continue
            if experiment.snapshots and self.reason(experiment) is not None:
                continue  # else one variant would be without its users
            variant = experiment.control if user is None else variant_of(user, key, experiment)
            if variant is not None:
                yield key, experiment, variant

    def _snapshot(self, user: str | None, variants: list[Variant], canary: bool) -> Recommender:
        """That of the snapshot; without the canary where snapshots are compared already."""
        named = (each.snapshot for each in variants if each.snapshot is not None)
        pinned = next((self._engine.pinned(version) for version in named), None)
        if pinned is not None:
            return pinned
        return self._engine.recommender_for(user) if canary else self._engine.recommender


def varied_by(recommender: Recommender, variants: list[Variant]) -> Recommender:
    """The recommender by several variants, made once for as long as the first one serves.

    Kept with the first one, as what it has worked out is: it goes when that goes.
    """
    if not variants:
        return recommender
    made: dict[tuple[int, ...], Recommender] = vars(recommender).setdefault("_varied", {})
    key = tuple(map(id, variants))  # the settings live as long as the service
    found = made.get(key)
    if found is None:
        found = recommender
        for each in variants:
            found = varied(found, each)
        made[key] = found
    return found
