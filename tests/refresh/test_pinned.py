"""Snapshots that experiments name are kept, whatever their age."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

from graphrec.refresh.job import _publish
from graphrec.refresh.outcome import Options
from graphrec.settings import RefreshSettings, Settings
from graphrec.snapshot.registry import publish, resolved, versions
from tests.support.service import tiny_snapshot

DAYS = [datetime(2030, 1, day, tzinfo=timezone.utc) for day in range(1, 6)]


def test_a_snapshot_is_kept_until_its_experiment_is_over(tmp_path: Path) -> None:
    first, second, third = (publish(tiny_snapshot(), tmp_path, day) for day in DAYS[:3])
    experiments = {
        name: {
            "variants": {"usual": {}, "other": {"snapshot": version}},
            "goals": {"view": {}},
            "lists": [name],
            "end": end,
        }
        for name, version, end in (
            ("popular", first.partition("-")[0], None),
            ("cart", second, DAYS[3]),
        )
    }
    settings = Settings(experiments=experiments, refresh=RefreshSettings(keep=1))
    new, gone = _publish(tiny_snapshot(), tmp_path, settings, Options(()), DAYS[4])
    assert gone == (second, third)
    assert versions(tmp_path) == (first, new)


def test_a_name_means_the_snapshot_that_was_written_again_without_somebody(tmp_path: Path) -> None:
    version = publish(tiny_snapshot(), tmp_path, DAYS[0])
    assert resolved(tmp_path, version) == version
    assert resolved(tmp_path, version.partition("-")[0]) == version
    assert resolved(tmp_path, version.partition("-")[0] + "-000000") == version
    assert resolved(tmp_path, "20300102T000000Z-000000") is None
