"""From the store as it is now to a published snapshot, or to the reasons for refusing it.

::

    read ─▶ train | infer ─▶ index ─▶ evaluate ─▶ compare ─▶ publish | refuse

Each stage is a function of what came before. Until the last one nothing is written, and there the
snapshot appears in one step (`graphrec.snapshot.snapshot`): whenever a refresh dies, what served
before serves on, and the next refresh starts from the beginning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol, TypeAlias, TypeVar

import numpy as np

from graphrec.data import Graph, Interactions, Vocabulary
from graphrec.data.dataset import Dataset
from graphrec.data.drift import drift
from graphrec.errors import OutdatedSnapshot
from graphrec.evaluation.early_stopping import Chosen
from graphrec.evaluation.memory import with_peak_memory
from graphrec.evaluation.splits.split import Split
from graphrec.progress import Progress
from graphrec.recommend.recommender import Recommender
from graphrec.refresh import rehearsal as judging
from graphrec.refresh.gate import Check, Figures, Health, check, failed
from graphrec.refresh.rehearsal import Judgement, Slice
from graphrec.refresh.retrain_policy import Decision, Since, decide
from graphrec.settings import Settings
from graphrec.snapshot.canary import canary, end_canary, start_canary
from graphrec.snapshot.manifest import Manifest, trained_of
from graphrec.snapshot.registry import CURRENT, delete_drafts, load, made_at, prune, publish
from graphrec.snapshot.snapshot import Snapshot
from graphrec.snapshot.types import types_of
from graphrec.snapshot.update import likes_after, shape_after, update
from graphrec.snapshot.view import View
from graphrec.store.delta_log import read_delta
from graphrec.store.protocol import GraphStore
from graphrec.training.fit import positive
from graphrec.training.fusion import (
    Choice,
    Fusion,
    Learned,
    can_resume,
    choose,
    fusion_of,
    learn,
    recommender_of,
    snapshot_of,
    warm_epochs,
)

STAGES = ("read", "train", "index", "evaluate", "compare", "publish")
"""In their order; an incremental update has `infer` in the place of `train`."""

Result = TypeVar("Result")


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
    judgement: Judgement | None
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
        judgement = None if self.candidate is None else self.candidate.judgement
        return {
            "action": self.plan.decision.action,
            "reasons": list(self.plan.decision.reasons),
            "serving": self.plan.since.serving,
            "version": self.version,
            "refused": self.refused,
            "forced": self.forced,
            "canary": self.share,
            "since": asdict(self.plan.since),
            "checks": [asdict(each) for each in self.checks],
            "evaluation": None if judgement is None else judgement.as_json(),
            "stages": [asdict(stage) for stage in self.stages],
            "seconds": sum(stage.seconds for stage in self.stages),
            "deleted": list(self.deleted),
        }


class Staged(Protocol):
    """Runs a stage, measures it, and reports it."""

    def __call__(
        self, name: str, work: Callable[[], Result], facts: Callable[[Result], Mapping[str, Any]]
    ) -> Result:
        """What `work` returns; `facts` are the figures to report of it."""
        ...


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
        candidate = _train(raw, position, serving, settings, options, staged, progress)
    elif decision.action == "infer" and planned.view is not None:
        candidate = _update(planned.view, settings, staged)
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


def serving_snapshot(folder: Path, settings: Settings) -> Snapshot | None:
    """What serves; None where nothing was published yet. Raises SnapshotError if it is broken.

    One of an earlier format serves nobody and cannot be compared with: training begins anew.
    """
    try:
        if not (folder / CURRENT).exists():
            return None
        return load(folder, types=types_of(settings))
    except OutdatedSnapshot:
        return None


def plan(
    store: GraphStore, folder: Path, settings: Settings, options: Options, now: datetime
) -> Plan:
    """What a refresh would do; it changes nothing."""
    serving = serving_snapshot(folder, settings)
    manifest = None if serving is None else serving.manifest
    known, position = None if manifest is None else manifest.position, store.position()
    went_back = known is not None and position is not None and position < known
    if not options.since_last:
        asked = Decision("train", ("a full refresh was asked for",))
        return Plan(asked, since_of(manifest, went_back, now), serving, None)
    if serving is None or known is None or position is None or went_back:
        since = since_of(manifest, went_back, now)
        return Plan(decide(since, settings.refresh), since, serving, None)
    delta = read_delta(store, known)
    view = View.of(serving, delta, settings.kinds)
    likes = likes_after(view)
    learnt = trained_of(serving.manifest)
    since = replace(
        since_of(manifest, went_back, now),
        written=delta.written + len(delta.items),
        deleted=max(delta.deletions, likes.shape[0] - store.counts().get("user", 0)),
        new_share=max(likes.nnz / max(learnt.likes, 1) - 1, 0.0),
        drift=drift(learnt.shape, shape_after(serving.manifest, likes, delta)),
    )
    return Plan(decide(since, settings.refresh), since, serving, view)


def since_of(serving: Manifest | None, went_back: bool, now: datetime) -> Since:
    """What is known without a look at what changed."""
    if serving is None:
        return Since(None, None, went_back, 0, 0, 0.0, 0.0, {})
    learnt = trained_of(serving)
    age = now - made_at(learnt.version)
    days = age.total_seconds() / 86_400
    return Since(serving.version, None, went_back, 0, learnt.updates, days, 0.0, {})


def _train(
    raw: Graph,
    position: int | None,
    serving: Snapshot | None,
    settings: Settings,
    options: Options,
    staged: Staged,
    progress: Progress | None,
) -> Candidate:
    """Train on all of a raw graph; and on the events before the newest slice, for the rehearsal."""
    data = Dataset(raw, settings.kinds)
    graph = positive(data)
    spec = fusion_of(settings, options.embeddings)
    manifest = None if serving is None else serving.manifest
    on = judging.newest(data, manifest, settings)
    known = {} if options.choose else chosen_before(manifest, spec)
    start = warm_start(serving, known, on, graph) if options.warm else None

    def train() -> tuple[Choice, Learned]:
        if start is not None:
            [(name, chosen)] = known.items()
            neighbourhood = next(
                each for each in spec.neighbourhoods if each in start.manifest.models
            )
            choice = Choice(neighbourhood, name, chosen.model, start.manifest.weights)
        else:
            named = {name: spec.embeddings[name] for name in known} or spec.embeddings
            choice = choose(
                replace(spec, embeddings=named),
                graph if on is None else on.split.train,
                settings.seed,
                chosen=known,
                progress=progress,
            )
        return choice, learn(spec, graph, settings.seed, choice, start=start, progress=progress)

    def rehearse() -> Candidate:
        name = choice.embedding
        curves = {name: choice.curve} if name is not None and choice.curve else {}
        if on is None:
            return _judged(snapshot, None, settings, position, curves)
        began, train = perf_counter(), on.split.train
        learned = learn(spec, train, settings.seed, choice, start=start, progress=progress)
        rehearsal = recommender_of(spec, snapshot_of(spec, train, learned, settings.seed))
        seconds = perf_counter() - began
        judgement = judging.judge(rehearsal, serving, on, settings, seconds)
        return _judged(snapshot, judgement, settings, position, curves)

    choice, learnt = staged(
        "train",
        train,
        lambda done: {
            "embedding": done[0].embedding,
            "epochs": epochs_of(done[0], start),
            "epochs_taken_over": bool(known),
            "from": None if start is None else start.manifest.version,
            "weights": [asdict(group) for group in done[1].weights],
        },
    )
    snapshot = staged(
        "index",
        lambda: snapshot_of(spec, graph, learnt, settings.seed),
        lambda made: dict(made.manifest.counts),
    )
    return staged("evaluate", rehearse, _judged_facts)


def epochs_of(choice: Choice, start: Snapshot | None) -> int | None:
    """How many are trained; None without a model that learns in epochs."""
    if choice.model is None:
        return None
    return choice.model.epochs if start is None else warm_epochs(choice.model.epochs)


def warm_start(
    serving: Snapshot | None, known: Mapping[str, Chosen], on: Slice | None, graph: Graph
) -> Snapshot | None:
    """What serves, where training may go on from its vectors; None where it begins anew.

    It may if the vectors were learned from none of the test events, if nobody was forgotten since,
    as the vectors would keep what was learned from them, and if the model is the same and can be
    resumed.
    """
    if serving is None or len(known) != 1 or on is None or not on.unseen:
        return None
    [chosen] = known.values()
    whole = not serving.manifest.forgotten
    return serving if whole and can_resume(chosen.model, serving, graph) else None


def chosen_before(serving: Manifest | None, spec: Fusion) -> Mapping[str, Chosen]:
    """The embedding model of the serving snapshot, where its hyper-parameters are still the same.

    Its epochs depend on these more than on some new events; weights of sources are cheaper to
    choose, and are chosen each time.
    """
    found = {}
    for name, model in spec.embeddings.items():
        then = {} if serving is None else serving.models.get(name, {})
        epochs = int(then.get("epochs") or 0)
        same = {**then, "epochs": model.epochs} == asdict(model)  # type: ignore[call-overload]
        if same and 1 <= epochs <= model.epochs:
            found[name] = Chosen(replace(model, epochs=epochs), None)  # type: ignore[type-var]
    return found


def _update(view: View, settings: Settings, staged: Staged) -> Candidate:
    """Write the view as a snapshot; it is evaluated on the newest half of the new events."""
    snapshot = staged(
        "infer",
        lambda: update(view),
        lambda made: {"users_changed": len(view.delta.users), **made.manifest.counts},
    )

    def rehearse() -> Candidate:
        found, position = newest_half(view, settings), view.delta.position
        if found is None:
            return _judged(snapshot, None, settings, position, {})
        rehearsal = Recommender(View.of(found[0]), settings.retrieval)
        most = judging.INFERRED_USERS
        judgement = judging.judge(rehearsal, view.snapshot, found[1], settings, max_users=most)
        return _judged(snapshot, judgement, settings, position, {})

    return staged("evaluate", rehearse, _judged_facts)


def newest_half(view: View, settings: Settings) -> tuple[Snapshot, Slice] | None:
    """The update of the first half of the new events, and those after it to rehearse it on.

    None where too few users could be tested, or where the events have no times.
    """
    since = view.snapshot.manifest.newest_event
    new = [
        (user, event)
        for user, each in view.delta.users.items()
        for event in each.events
        if event.time > (-1 if since is None else since) and view.weight(event) > 0
    ]
    if not new:
        return None
    middle = int(np.median([event.time for _, event in new]))
    before = View.of(view.snapshot, view.delta.before(middle), view.kinds)
    rehearsal = update(before)
    later = [(user, event) for user, event in new if event.time >= middle]
    log = Interactions.of(
        [user for user, _ in later],
        [event.item for _, event in later],
        [view.weight(event) for _, event in later],
        [event.time for _, event in later],
    )
    test = log.recode(rehearsal.users, _with_items(rehearsal.items, log.items))
    known = test.item < len(rehearsal.items)
    test = replace(test.take(known), items=rehearsal.items)
    test = test.take(~np.asarray(rehearsal.seen[test.user, test.item], bool).ravel())
    if len(np.unique(test.user)) < settings.refresh.min_test_users:
        return None
    split = Split(graph_of(rehearsal), test, middle)
    return rehearsal, Slice("since the serving snapshot", split, unseen=True)


def graph_of(snapshot: Snapshot) -> Graph:
    """Who has seen and who likes what in a snapshot, as a weighted graph without times."""
    seen, liked = snapshot.seen.tocoo(), snapshot.history.tocoo()
    user, item = (
        np.concatenate(ends).astype(np.int32)
        for ends in zip(seen.coords, liked.coords, strict=True)
    )
    weight = np.concatenate([np.zeros(seen.nnz, np.float32), liked.data.astype(np.float32)])
    count = len(user)
    log = Interactions(
        snapshot.users, snapshot.items, user, item, weight,
        np.zeros(count, np.int64), np.zeros(count, np.uint8),
    )  # fmt: skip
    return Graph(log, {"item": dict(snapshot.item_attributes)})


def _with_items(known: Vocabulary, others: Vocabulary) -> Vocabulary:
    """The ids of both, the known ones first."""
    return Vocabulary((*known.ids, *(each for each in others.ids if each not in known)))


def _judged(
    snapshot: Snapshot,
    judgement: Judgement | None,
    settings: Settings,
    position: int | None,
    curves: Mapping[str, Sequence[float]],
) -> Candidate:
    """With its health; the manifest keeps the figures, for the next refresh to compare with."""
    found = judging.health(snapshot, settings)
    measured = {} if judgement is None else judgement.as_json()
    if curves:
        measured["curves"] = curves
    metrics = {**measured, "health": asdict(found)}
    manifest = replace(snapshot.manifest, metrics=metrics, position=position)
    return Candidate(replace(snapshot, manifest=manifest), judgement, found)


def _health_of(serving: Snapshot, settings: Settings) -> Health:
    """As measured when it was made; measured now where `graphrec train` made it."""
    found = serving.manifest.metrics.get("health")
    return judging.health(serving, settings) if found is None else Health(**found)


def figures(candidate: Candidate, serving: Snapshot | None, settings: Settings) -> Figures:
    """The figures that the gate checks."""
    new = candidate.snapshot
    manifest = None if serving is None else serving.manifest
    return Figures(
        quality=judging.quality(candidate.judgement, manifest, settings.seed),
        health=candidate.health,
        serving_health=None if serving is None else _health_of(serving, settings),
        counts=new.manifest.counts,
        serving_counts=None if manifest is None else manifest.counts,
        kept_likes=None if serving is None else judging.kept_likes(serving, new),
        position=new.manifest.position,
        serving_position=None if manifest is None else manifest.position,
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


def _judged_facts(candidate: Candidate) -> Mapping[str, Any]:
    judgement = candidate.judgement
    if judgement is None:
        return {"slice": None, **asdict(candidate.health)}
    rows = (judgement.candidate, judgement.popularity, judgement.serving)
    name = f"ndcg@{judgement.candidate.evaluation.k}"
    found = {r.model: r.evaluation.metrics[name].value for r in rows if r is not None}
    users = len(judgement.candidate.evaluation.users)
    facts = {"slice": judgement.slice.protocol, "users": users, name: found}
    return {**facts, **asdict(candidate.health)}


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
    return version, prune(folder, settings.refresh.keep, used)
