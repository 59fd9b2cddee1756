"""The reports of refreshes over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import orjson
import pytest
from graphrec.api.app import create_app

from graphrec.experiments.exposure_log import append
from graphrec.experiments.exposures import Exposure
from graphrec.report.archive import keep
from graphrec.report.figures import Job, report_of
from graphrec.settings import RetrievalSettings, ServeSettings, Settings
from graphrec.snapshot.registry import load, publish
from graphrec.snapshot.reports import REPORTS
from tests.support.service import error, serving, tiny_snapshot

MODELS = [
    {"model": "popularity", "metrics": {"ndcg@10": {"value": 0.5}}},
    {"model": "fusion", "metrics": {"ndcg@10": {"value": 0.4}, "coverage@10": {"value": 0.7}}},
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reports")
    publish(tiny_snapshot(), folder)
    report = report_of(load(folder), None, RetrievalSettings())
    keep(report, folder, "20260101T000000Z-aaaaaa")
    job = Job("2026-02-02T00:00:00+00:00", "train", "refused")
    side = replace(report.now, created="", metrics={"k": 10, "models": MODELS})
    refused = orjson.dumps(replace(report, now=side, job=job))
    (folder / REPORTS / "20260202T000000Z-refused.json").write_bytes(refused)
    (folder / REPORTS / "20260303T000000Z-broken.json").write_text("{")
    return folder


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[httpx.Client]:
    with serving(create_app(Settings(snapshots=folder))) as client:
        yield client


def test_refreshes_are_listed_with_what_serves(client: httpx.Client) -> None:
    refused, first = client.get("/v1/refreshes").json()["refreshes"]
    assert refused == {
        "name": "20260202T000000Z-refused",
        "time": "2026-02-02T00:00:00+00:00",
        "verdict": "refused",
        "counts": refused["counts"],
        "model": "fusion",
        "ndcg": 0.4,
        "coverage": 0.7,
    }
    assert (first["name"], first["verdict"]) == ("20260101T000000Z-aaaaaa", None)
    assert (first["model"], first["ndcg"], first["coverage"]) == (None, None, None)


def test_the_page_of_a_report_runs_nothing(client: httpx.Client, folder: Path) -> None:
    response = client.get("/v1/reports/20260101T000000Z-aaaaaa")
    assert response.text == (folder / REPORTS / "20260101T000000Z-aaaaaa.html").read_text("utf-8")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    [policy] = response.headers.get_list("content-security-policy")
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'")


@pytest.mark.parametrize("name", ["nothing", "current", "20260303T000000Z-broken"])
def test_one_that_is_not_there(client: httpx.Client, name: str) -> None:
    said = error(client.get(f"/v1/reports/{name}"), 404, "unknown_report", "name")
    assert said == f"there is no report {name!r}: expected one of /v1/refreshes"


@pytest.mark.parametrize("name", ["..%2Fcurrent", "a.html", "a" * 65])
def test_no_other_file_is_read(client: httpx.Client, name: str) -> None:
    assert client.get(f"/v1/reports/{name}").status_code == 422


def test_click_rates_say_what_they_need(client: httpx.Client) -> None:
    found = client.get("/v1/click-rates").json()
    assert found["rates"] == []
    assert found["missing"].startswith("no list is recorded: set serve.exposures")


def test_click_rates_of_what_was_listed(folder: Path, tmp_path: Path) -> None:
    settings = Settings(snapshots=folder, serve=ServeSettings(exposures=tmp_path))
    with serving(create_app(settings)) as client:
        assert client.get("/v1/click-rates").json()["missing"].startswith("the exposure log has no")
        append(tmp_path, [Exposure(1, "before", "ann", ["alien", "hit"])])
        [found] = client.get("/v1/click-rates").json()["rates"]
    # The events of the tiny snapshot have no time, and are after nothing.
    assert found == {
        "version": "before",
        "first": 1,
        "last": 1,
        "users": 1,
        "shown": 2,
        "clicked": 0,
    }
