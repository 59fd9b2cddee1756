"""`python -m scripts.benchmark policy`: the figures are written as they are shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scripts.benchmark.__main__ import benchmark


@pytest.mark.slow
def test_regret_is_shown_and_written(tmp_path: Path) -> None:
    file = tmp_path / "policy.json"
    options = ["--part", "regret", "--seeds", "2", "--visits", "500", "--json", str(file)]
    done = CliRunner().invoke(benchmark, ["policy", *options])
    assert done.exit_code == 0, done.output
    found = json.loads(file.read_bytes())["regret"]
    for world, rows in found.items():
        assert f"Regret of 500 visits: {world}" in done.output
        regret = {row["policy"]: row["mean"] for row in rows}
        assert regret["random"] > regret["linucb"] > 0
