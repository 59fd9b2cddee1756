"""What a refresh is asked for, what it would do, and what it did."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol, TypeAlias, TypeVar

from graphrec.refresh.gate import Check, Health
from graphrec.refresh.rehearsal import (
    Rehearsal,
)
from graphrec.refresh.retrain_policy import Decision, Since
from graphrec.snapshot.snapshot import Snapshot
from graphrec.snapshot.view import View

STAGES = ("read", "train", "index", "evaluate", "compare", "publish")
"""In their order; an incremental update has `infer` in the place of `train`."""


@dataclass(frozen=True)
class Stage:
    """The seconds, peak memory and figures of a stage."""

    name: str
    seconds: float
    peak_mib: float | None
    facts: Mapping[str, Any]


OnStage: TypeAlias = Callable[[str, Stage | None], None]
"""Called with the name of a stage when it begins, and with its figures when it ends."""


@dataclass(frozen=True)
class Options:
    """The options of a refresh."""

    embeddings: tuple[str, ...]
    """Models whose vectors may be indexed."""
    since_last: bool = False
    """Update incrementally, unless the retrain policy calls for training."""
    warm: bool = False
    """Continue training from the serving vectors, where that is fair (`warm_start`)."""
    choose: bool = False
    """Choose the embedding model and its epochs again, instead of taking over the serving ones."""
    force: bool = False
    """Publish even if a check fails."""
    share: float | None = None
    """Share of users who get the snapshot as a canary, 0 to 1; None: it serves everyone."""


@dataclass(frozen=True)
class Plan:
    """What a refresh would do, and what it starts from."""

    decision: Decision
    since: Since
    serving: Snapshot | None
    view: View | None
    """The serving snapshot as of now; None without `since_last`, or where no delta is known."""


@dataclass(frozen=True)
class Candidate:
    """A snapshot to be published, and its evaluation."""

    snapshot: Snapshot
    rehearsal: Rehearsal | None
    health: Health


@dataclass(frozen=True)
class Outcome:
    """What a refresh did."""

    plan: Plan
    candidate: Candidate | None
    """None where there was nothing to do."""
    checks: tuple[Check, ...]
    version: str | None
    """Of the new snapshot; None where none was published."""
    deleted: tuple[str, ...]
    """Versions that were deleted, as more than `keep`."""
    forced: bool
    """Whether it was published against the gate."""
    share: float | None
    """Of users, where it is a canary."""
    stages: tuple[Stage, ...]

    @property
    def refused(self) -> bool:
        """Whether the gate kept the snapshot from being published."""
        return self.candidate is not None and self.version is None

    def as_json(self) -> dict[str, Any]:
        """Everything but the snapshots themselves."""
        rehearsal = None if self.candidate is None else self.candidate.rehearsal
        return {
            "action": self.plan.decision.action,
            "reasons": list(self.plan.decision.reasons),
            "serving": self.plan.since.serving,
            "version": self.version,
            "refused": self.refused,
            "forced": self.forced,
            "canary": self.share,
            "since": asdict(self.plan.since),
            "checks": [
                {name: value for name, value in asdict(each).items() if name != "who"}
                for each in self.checks
            ],
            "evaluation": None if rehearsal is None else rehearsal.as_json(),
            "stages": [asdict(stage) for stage in self.stages],
            "seconds": sum(stage.seconds for stage in self.stages),
            "deleted": list(self.deleted),
        }


Result = TypeVar("Result")


class Staged(Protocol):
    """Runs a stage, measures it, and reports it."""

    def __call__(
        self, name: str, work: Callable[[], Result], facts: Callable[[Result], Mapping[str, Any]]
    ) -> Result:
        """What `work` returns; `facts` are the figures to report of it."""
        ...
