"""`python -m scripts.benchmark chaos`, with everything going wrong faster than it would."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from graphrec.store import open_store
from scripts.benchmark.__main__ import benchmark

clients = import_module("scripts.benchmark.commands.clients")
chaos = import_module("scripts.benchmark.commands.chaos")  # the package has the command


@pytest.fixture(autouse=True)
def _faster(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RELOAD_SECONDS", "OUTAGE_SECONDS"):
        monkeypatch.setattr(chaos, name, 0.5)
    for name in ("BREAK_EVERY", "OUTAGE_EVERY", "KILL_EVERY"):
        monkeypatch.setattr(chaos, name, 2)


def run(json_: Path, seconds: float) -> Result:
    options = ["--seconds", str(seconds), "--json", str(json_)]
    return CliRunner().invoke(benchmark, ["chaos", *options])


@pytest.mark.slow
def test_no_answer_is_wrong(tmp_path: Path) -> None:
    done = run(tmp_path / "out.json", 6)
    assert done.exit_code == 0, done.output
    report = json.loads((tmp_path / "out.json").read_text())
    assert set(report["troubles"]) == {"reload", "broken snapshot", "store outage", "kill -9"}
    assert report["versions"] > 1
    assert report["wrong"] == []
    assert report["events"]["acknowledged"] > 0
    assert report["events"]["lost"] == 0
    for route in clients.ROUTES:
        assert report["answers"][f"{route}: 200"] > 0


@pytest.mark.slow
def test_a_wrong_answer_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chaos, "judge_of", lambda *_: lambda *_: [])
    done = run(tmp_path / "out.json", 1)
    assert done.exit_code == 1
    assert json.loads((tmp_path / "out.json").read_text())["wrong"]


@pytest.mark.slow
def test_an_event_that_is_lost_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_ = chaos._run

    def losing(work: Path, *rest: Any) -> Any:
        findings, troubles = run_(work, *rest)
        with open_store(f"sqlite:///{work / chaos.DATABASE}") as store:
            store.forget_user(next(iter(findings.acknowledged))[0])
        return findings, troubles

    monkeypatch.setattr(chaos, "_run", losing)
    assert run(tmp_path / "out.json", 2).exit_code == 1
    assert json.loads((tmp_path / "out.json").read_text())["events"]["lost"] > 0
