"""`python -m scripts.benchmark serve`: real processes, a small snapshot, and not for long."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from fastapi import FastAPI, Request, Response
from typer.testing import CliRunner

from graphrec.data import Graph
from graphrec.snapshot.registry import load, publish
from scripts.benchmark.__main__ import benchmark
from scripts.benchmark.commands.serve import Catalogue, calls_of, fit, synthetic
from scripts.benchmark.load.attack import Call, attack
from tests.support.service import serving, tiny_snapshot

pytestmark = pytest.mark.slow


@pytest.fixture(params=["built in", "vegeta"])
def tool(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "built in":
        monkeypatch.setattr("scripts.benchmark.load.attack.shutil.which", lambda _: None)
    elif shutil.which("vegeta") is None:
        pytest.skip("vegeta is not installed")
    return str(request.param)


@pytest.mark.parametrize("rate", [None, 100.0])
def test_an_attack_sends_every_call_and_counts_what_comes_back(
    tool: str, rate: float | None
) -> None:
    app, met = FastAPI(), []

    @app.get("/good")
    async def good() -> None:
        met.append(None)

    @app.post("/posted")
    async def posted(request: Request) -> Response:
        body = await request.json()
        met.append(body)
        return Response(status_code=body["status"])

    calls = [Call("/good"), *(Call("/posted", {"status": status}) for status in (200, 503))]
    with serving(app) as client:
        load_ = attack(str(client.base_url), calls, 0.6, 2, rate)
    assert {json.dumps(each) for each in met} == {"null", '{"status": 200}', '{"status": 503}'}
    assert load_.failures == pytest.approx(len(met) / 3, abs=1)
    assert 0 < load_.p50_ms <= load_.p99_ms <= load_.max_ms
    if rate is not None:
        assert len(met) == pytest.approx(60, abs=2)
        assert 0 < load_.throughput < rate


def test_a_server_that_stalls_is_charged_for_those_who_would_have_waited(tool: str) -> None:
    """Of 60 requests one is answered after 0.5 s, and blocks the 50 that are due meanwhile."""
    app, met = FastAPI(), []

    @app.get("/")
    async def stall() -> None:
        met.append(None)
        if len(met) == 5:
            time.sleep(0.5)

    with serving(app) as client:
        paced = attack(str(client.base_url), [Call("/")], 0.6, 2, 100.0)
    assert paced.p50_ms > 50


def test_the_command_measures_the_service_that_it_starts(tmp_path: Path) -> None:
    publish(tiny_snapshot(), tmp_path / "s")
    out = tmp_path / "out.json"
    options = ["--snapshots", str(tmp_path / "s"), "--json", str(out), "--seconds", "0.1"]
    done = CliRunner().invoke(benchmark, ["serve", *options])
    assert done.exit_code == 0, done.output
    report = json.loads(out.read_text())
    found = report["catalogues"]["snapshot"]
    assert found["again"]["throughput_ratio"] == report["throughput_ratio"]
    assert found["first"]["throughput_ratio"] == report["first_throughput_ratio"] > 0
    assert 0 < found["again"]["p50_ms"] <= report["p99_ms"]
    assert 30 < report["rss_mb"] < 1000
    assert 0 < report["start_seconds"] < 60
    assert found["first"]["failures"] == found["again"]["failures"] == 0


def test_synthetic_logs_can_be_learnt_and_asked_for(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    log = synthetic(Catalogue("", 60, 80, 900), rng, groups=2)
    own = [
        (int(log.users.ids[u][1:]) - int(log.items.ids[i][1:])) % 2 == 0
        for u, i in zip(log.user, log.item, strict=True)
    ]
    assert 0.7 < np.mean(own) < 1
    publish(fit(Graph(log), 0, rng), tmp_path)
    snapshot = load(tmp_path)
    calls = calls_of(snapshot, rng)
    first = calls[: len(snapshot.users)]
    assert len({call.path for call in first if call.body is None}) == sum(
        call.body is None for call in first
    )
    assert np.mean([call.body is not None for call in calls]) == pytest.approx(0.2, abs=0.01)
    paths = [call.path for call in calls_of(snapshot, rng, again=True) if call.body is None]
    asked = [paths.count(f"/v1/users/{user}/recommendations?k=10") for user in log.users.ids]
    activity = np.diff(snapshot.likes.by_user.indptr)
    assert np.array(asked) / len(paths) == pytest.approx(activity / activity.sum(), abs=0.01)
