"""From the store as it is now to a published snapshot, or to the reasons for refusing it.

::

    read ─▶ train | infer ─▶ index ─▶ evaluate ─▶ compare ─▶ publish | refuse

Each stage is a function of what came before. Until the last one nothing is written, and there the
snapshot appears in one step (`graphrec.snapshot.snapshot`): whenever a refresh dies, what served
before serves on, and the next refresh starts from the beginning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar

from graphrec.data import Graph
from graphrec.evaluation.memory import with_peak_memory
from graphrec.experiment.definition import snapshots_of
from graphrec.progress import Progress
from graphrec.refresh.candidate import figures
from graphrec.refresh.gate import check, failed
from graphrec.refresh.incremental import update_candidate
from graphrec.refresh.outcome import OnStage, Options, Outcome, Plan, Stage
from graphrec.refresh.planning import plan
from graphrec.refresh.retraining import train_candidate
from graphrec.settings import Settings
from graphrec.snapshot.canary import canary, end_canary, start_canary
from graphrec.snapshot.deletion import delete_drafts, prune
from graphrec.snapshot.registry import publish, resolved
from graphrec.snapshot.snapshot import Snapshot
from graphrec.snapshot.types import types_of
from graphrec.store.protocol import GraphStore

Result = TypeVar("Result")


def refresh(
    store: GraphStore,
    folder: Path,
    settings: Settings,
    options: Options,
    *,
    on_stage: OnStage = lambda name, stage: None,
    progress: Progress | None = None,
    now: datetime | None = None,
) -> Outcome:
    """Refresh what a folder of snapshots serves; for who holds its lock (`graphrec.snapshot.lock`).

    `now` names the new version and is the clock's time unless given. Raises StoreError, DataError,
    SnapshotError, and OSError where the folder cannot be written.
    """
    stages: list[Stage] = []

    def staged(
        name: str, work: Callable[[], Result], facts: Callable[[Result], Mapping[str, Any]]
    ) -> Result:
        on_stage(name, None)
        began = perf_counter()
        result, peak = with_peak_memory(work)
        stage = Stage(name, perf_counter() - began, peak, facts(result))
        stages.append(stage)
        on_stage(name, stage)
        return result

    def read() -> tuple[Plan, int | None, Graph | None]:
        today = now or datetime.now(timezone.utc)
        planned = plan(store, folder, settings, options, today)
        if planned.decision.action != "train":
            return planned, None, None
        position = store.position()  # before the graph: what is written meanwhile is new next time
        return planned, position, store.read_graph()

    delete_drafts(folder)
    planned, position, raw = staged("read", read, _read_facts)
    serving, decision = planned.serving, planned.decision
    if raw is not None:
        candidate = train_candidate(raw, position, serving, settings, options, staged, progress)
    elif decision.action == "infer" and planned.view is not None:
        candidate = update_candidate(planned.view, settings, staged)
    else:
        return Outcome(planned, None, (), None, (), False, options.share, tuple(stages))
    checks = staged(
        "compare",
        lambda: check(figures(candidate, serving, settings), settings.refresh),
        lambda found: {"checks": len(found), "failed": [str(each) for each in failed(found)]},
    )
    version: str | None = None
    deleted: tuple[str, ...] = ()
    if options.force or not failed(checks):
        version, deleted = staged(
            "publish",
            lambda: _publish(candidate.snapshot, folder, settings, options, now),
            lambda done: {"version": done[0], "deleted": list(done[1])},
        )
    forced = version is not None and bool(failed(checks))
    return Outcome(
        planned, candidate, checks, version, deleted, forced, options.share, tuple(stages)
    )


def _read_facts(done: tuple[Plan, int | None, Graph | None]) -> Mapping[str, Any]:
    planned, _, raw = done
    facts: dict[str, Any] = {
        "action": planned.decision.action,
        "reasons": list(planned.decision.reasons),
        "serving": planned.since.serving,
    }
    if raw is not None:
        counts = {"users": len(raw.users), "items": len(raw.items)}
        return {**facts, **counts, "events": len(raw.interactions)}
    return {**facts, "written": planned.since.written}


def _publish(
    snapshot: Snapshot, folder: Path, settings: Settings, options: Options, now: datetime | None
) -> tuple[str, tuple[str, ...]]:
    """Write a snapshot, let it serve everyone or some, and delete those that are too many."""
    everyone = options.share is None
    version = publish(snapshot, folder, now, serve=everyone, types=types_of(settings))
    if options.share is not None:
        start_canary(folder, version, options.share)
    else:
        end_canary(folder)
    tried = canary(folder)
    used = {version} if tried is None else {version, tried.version}
    at = (now or datetime.now(timezone.utc)).timestamp() * 1000
    named = (resolved(folder, each) for each in snapshots_of(settings.experiments, round(at)))
    used |= {each for each in named if each is not None}
    return version, prune(folder, settings.refresh.keep, used)
