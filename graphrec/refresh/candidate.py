"""What is measured of a candidate before it is published, and what the gate checks of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from graphrec.refresh.gate import Figures, Health
from graphrec.refresh.leaps import busiest, leaps
from graphrec.refresh.outcome import Candidate
from graphrec.refresh.rehearsal import (
    Rehearsal,
    health,
    kept_likes,
    quality,
)
from graphrec.settings import Settings
from graphrec.snapshot.snapshot import Snapshot


def with_figures(
    snapshot: Snapshot,
    rehearsal: Rehearsal | None,
    settings: Settings,
    position: int | None,
    curves: Mapping[str, Sequence[float]],
) -> Candidate:
    """With its health; the manifest keeps the figures, for the next refresh to compare with."""
    found = health(snapshot, settings)
    measured = {} if rehearsal is None else rehearsal.as_json()
    if curves:
        measured["curves"] = curves
    metrics = {**measured, "health": asdict(found)}
    manifest = replace(snapshot.manifest, metrics=metrics, position=position)
    return Candidate(replace(snapshot, manifest=manifest), rehearsal, found)


def _health_of(serving: Snapshot, settings: Settings) -> Health:
    """As measured when it was made; measured now where `graphrec train` made it."""
    found = serving.manifest.metrics.get("health")
    return health(serving, settings) if found is None else Health(**found)


def figures(candidate: Candidate, serving: Snapshot | None, settings: Settings) -> Figures:
    """The figures that the gate checks."""
    new = candidate.snapshot
    manifest = None if serving is None else serving.manifest
    user = busiest(new.history)
    return Figures(
        quality=quality(candidate.rehearsal, manifest, settings.seed),
        health=candidate.health,
        serving_health=None if serving is None else _health_of(serving, settings),
        counts=new.manifest.counts,
        serving_counts=None if manifest is None else manifest.counts,
        kept_likes=None if serving is None else kept_likes(serving, new),
        position=new.manifest.position,
        serving_position=None if manifest is None else manifest.position,
        leaps=() if serving is None else leaps(serving, new, settings.evaluation.k),
        busiest=None if user is None else new.users.ids[user],
    )


def evaluated(candidate: Candidate) -> Mapping[str, Any]:
    """The figures of the stage that evaluates it."""
    rehearsal = candidate.rehearsal
    if rehearsal is None:
        return {"slice": None, **asdict(candidate.health)}
    rows = (rehearsal.candidate, rehearsal.popularity, rehearsal.serving)
    name = f"ndcg@{rehearsal.candidate.evaluation.k}"
    found = {r.model: r.evaluation.metrics[name].value for r in rows if r is not None}
    users = len(rehearsal.candidate.evaluation.users)
    facts = {"slice": rehearsal.slice.protocol, "users": users, name: found}
    return {**facts, **asdict(candidate.health)}
