"""The report on a refresh, published or refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from graphrec.refresh.outcome import Outcome
from graphrec.report.archive import keep
from graphrec.report.figures import Check, Job, Stage, report_of
from graphrec.settings import RetrievalSettings
from graphrec.snapshot.registry import made_at


def keep_report(
    outcome: Outcome, folder: Path, retrieval: RetrievalSettings, started: datetime
) -> Path | None:
    """Write the report on a refresh; returns its page, or None if there was nothing to do.

    It is named after the version, or after the time of the start if the refresh was refused.
    """
    if outcome.candidate is None:
        return None
    snapshot = outcome.candidate.snapshot
    if outcome.version is not None:
        created = made_at(outcome.version).isoformat()
        manifest = replace(snapshot.manifest, version=outcome.version, created=created)
        snapshot = replace(snapshot, manifest=manifest)
    report = report_of(snapshot, outcome.plan.serving, retrieval, job_of(outcome, started))
    name = outcome.version or f"{started:%Y%m%dT%H%M%SZ}-refused"
    return keep(report, folder, name)


def job_of(outcome: Outcome, started: datetime) -> Job:
    """The job of a refresh, for its report."""
    return Job(
        started=started.isoformat(),
        action=outcome.plan.decision.action,
        verdict=_verdict(outcome),
        reasons=outcome.plan.decision.reasons,
        checks=tuple(Check(c.name, c.value, c.expectation, c.passed) for c in outcome.checks),
        stages=tuple(Stage(s.name, s.seconds, s.peak_mib) for s in outcome.stages),
        drift=outcome.plan.since.drift,
    )


def _verdict(outcome: Outcome) -> str:
    if outcome.refused:
        return "refused"
    where = "published" if outcome.share is None else f"canary for {outcome.share:.0%} of users"
    return f"{where} against its checks" if outcome.forced else where
