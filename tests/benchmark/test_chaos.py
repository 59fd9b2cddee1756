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
probe = import_module("scripts.benchmark.troubles.probe")


@pytest.fixture(autouse=True)
def _faster(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RELOAD_SECONDS", "OUTAGE_SECONDS", "SLOW_SECONDS", "OVERLOAD_SECONDS"):
        monkeypatch.setattr(chaos, name, 0.5)
    for name, value in {"SLOW_CLIENTS": 60, "OVERLOAD_CLIENTS": 16, "LONG_DELTA": 2000}.items():
        monkeypatch.setattr(chaos, name, value)
    monkeypatch.setattr(chaos, "STARVED_SECONDS", 10.0)  # of a machine that does much else
    monkeypatch.setattr(clients, "FORGET_SHARE", 0.2)
    monkeypatch.setattr(clients, "EVENTS_EACH", 2)


def run(json_: Path, seconds: float) -> Result:
    options = ["--seconds", str(seconds), "--json", str(json_)]
    return CliRunner().invoke(benchmark, ["chaos", *options])


@pytest.mark.slow
def test_nothing_is_lost_nothing_wrong_and_nobody_starves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chaos, "AT_LEAST", len(chaos.TROUBLES))
    done = run(tmp_path / "out.json", 6)
    assert done.exit_code == 0, done.output
    report = json.loads((tmp_path / "out.json").read_text())
    assert set(report["troubles"]) == {"reload", *(name for name, _ in chaos.TROUBLES)}
    assert report["versions"] > 1
    assert (report["lost"], report["wrong"], report["starved"]) == (0, 0, 0)
    assert report["events"]["acknowledged"] > 0
    assert report["forgotten"] > 0
    assert len(report["restart_seconds"]) == 1
    assert report["overload"]["200"] > 0
    for route in clients.ROUTES:
        assert report["answers"][f"{route}: 200"] > 0


@pytest.mark.slow
def test_a_wrong_answer_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chaos, "judge_of", lambda *_: lambda *_: [])
    done = run(tmp_path / "out.json", 1)
    assert done.exit_code == 1
    assert json.loads((tmp_path / "out.json").read_text())["wrong"] > 0


@pytest.mark.slow
def test_an_event_that_is_lost_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_ = chaos._run

    def losing(work: Path, *rest: Any) -> Any:
        scene = run_(work, *rest)
        kept = {user for user, _, _ in scene.findings.acknowledged} - scene.findings.leaving
        with open_store(f"sqlite:///{work / chaos.DATABASE}") as store:
            store.forget_user(next(iter(kept)))
        return scene

    monkeypatch.setattr(chaos, "_run", losing)
    assert run(tmp_path / "out.json", 2).exit_code == 1
    assert json.loads((tmp_path / "out.json").read_text())["lost"] > 0


@pytest.mark.slow
def test_who_was_not_forgotten_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_ = chaos._run

    def keeping(work: Path, *rest: Any) -> Any:
        scene = run_(work, *rest)
        user = next(iter({user for user, _, _ in scene.findings.acknowledged}))
        scene.findings.forgotten.add(user)
        scene.findings.leaving.add(user)
        return scene

    monkeypatch.setattr(chaos, "_run", keeping)
    monkeypatch.setattr(clients, "FORGET_SHARE", 0.0)
    assert run(tmp_path / "out.json", 2).exit_code == 1
    assert json.loads((tmp_path / "out.json").read_text())["lost"] > 0


def answer(began: float, seconds: float, problem: str | None = None) -> Any:
    return probe.Answer(began, seconds, problem, "a test")


def test_starved_is_who_waits_longer_than_for_an_empty_server() -> None:
    floor = [answer(0, 0.1), answer(10, 3)]
    assert list(probe.starved([answer(0, 0.5), answer(9, 5)], floor, 2)) == []
    assert list(probe.starved([answer(20, 5), answer(9, 6)], floor, 2)) == [
        "late: 5.00 s, during a test",
        "late: 6.00 s, during a test",
    ]
    [said] = probe.starved([answer(0, 0.1, "/health/live: 500")], floor, 2)
    assert said == "/health/live: 500: 0.10 s, during a test"
