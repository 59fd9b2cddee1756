"""Whether a refresh trains, updates or has nothing to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from graphrec.data.drift import drift
from graphrec.errors import OutdatedSnapshot
from graphrec.refresh.outcome import Options, Plan
from graphrec.refresh.retrain_policy import Decision, Since, decide
from graphrec.settings import Settings
from graphrec.snapshot.manifest import Manifest, trained_of
from graphrec.snapshot.registry import CURRENT, load, made_at
from graphrec.snapshot.snapshot import Snapshot
from graphrec.snapshot.types import types_of
from graphrec.snapshot.update import likes_after, shape_after
from graphrec.snapshot.view import View
from graphrec.store.delta_log import read_delta
from graphrec.store.protocol import GraphStore


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
    delta = read_delta(store, known, settings.kinds)
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
