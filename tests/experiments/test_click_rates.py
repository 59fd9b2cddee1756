"""Click rates by snapshot, from the end of the exposure log."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphrec.data import Interactions
from graphrec.experiments import click_rates as module
from graphrec.experiments.click_rates import ClickRate, click_rates, latest_exposures
from graphrec.experiments.exposure_log import append
from graphrec.experiments.exposures import Exposure

DAY = 86_400_000
NOW = 1_700_000_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two days of two versions."""
    append(tmp_path, [Exposure(NOW, "old", "ann", ["x", "y"]), Exposure(NOW, "old", "bob", ["x"])])
    append(tmp_path, [Exposure(NOW + DAY, "new", "ann", ["x", "z"])])
    return tmp_path


def test_counts_by_version(folder: Path) -> None:
    found = latest_exposures(folder)
    assert (found.whole, found.unreadable, len(found.shown)) == (True, 0, 5)
    ann = found.shown.users.ids[found.shown.user[found.shown.kind == 0][0]]
    events = Interactions.of([ann, ann, "carl"], ["x", "z", "x"], None, [NOW + 2 * DAY] * 3)
    assert click_rates(found.shown, events) == (
        ClickRate("new", NOW + DAY, NOW + DAY, 1, 2, 2),
        ClickRate("old", NOW, NOW, 2, 3, 0),  # the last list with x is that of the new one
    )
    late = Interactions.of([ann], ["y"], None, [NOW + 8 * DAY])
    assert [each.clicked for each in click_rates(found.shown, late)] == [0, 0]


def test_reads_the_end_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    newest = max(folder.glob("*.jsonl"))
    size = newest.stat().st_size
    for most, lines in ((size - 1, 1), (size, 2), (size + 200, 3)):
        monkeypatch.setattr(module, "MOST_BYTES", most)
        found = latest_exposures(folder)
        assert (len(found.shown), found.whole) == (lines, False)


def test_says_what_it_cannot_read(folder: Path) -> None:
    newest = max(folder.glob("*.jsonl"))
    newest.write_bytes(newest.read_bytes() + b'{"time": "noon"}\n{"ti')
    assert latest_exposures(folder).unreadable == 2
    (folder / "2020-01-01.jsonl.gz").write_bytes(b"")
    assert not latest_exposures(folder).whole
