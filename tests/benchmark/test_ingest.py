"""`python -m scripts.benchmark ingest`, on a small log."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scripts.benchmark.__main__ import benchmark
from scripts.benchmark.ingest.rates import Step, rates


@pytest.mark.slow
def test_a_load_is_measured(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    done = CliRunner().invoke(benchmark, ["ingest", "--rows", "20000", "--json", str(out)])
    assert done.exit_code == 0, done.output
    report = json.loads(out.read_text())
    assert {"rates", "peak_mib", "floor_ratio"} <= set(report)
    assert len(report["rates"]) == 1
    assert report["rates"][0] == pytest.approx(report["rate"])
    assert report["rate"] == pytest.approx(20_000 / report["seconds"])
    assert report["floor_ratio"] == pytest.approx(report["rate"] / report["floor_rate"])
    assert report["rows"] == report["floor_rows"] == 20_000
    assert 50 < report["peak_mib"] < 1024
    assert sum(report["stages"].values()) == pytest.approx(report["seconds"])


def test_rates_share_out_what_the_load_took() -> None:
    steps = [
        Step(stage="reading", done=1_000_000, total=2_500_000, at=1),
        Step(stage="reading", done=2_500_000, total=2_500_000, at=4),
        Step(stage="indexing", done=5_000_000, total=5_000_000, at=9),  # evenly
    ]
    first, second, last = rates(steps, 2_500_000)
    assert first == pytest.approx(1_000_000 / (1 + 2))
    assert second == pytest.approx(1_000_000 / (2 + 2))
    assert last == pytest.approx(500_000 / (1 + 1))
