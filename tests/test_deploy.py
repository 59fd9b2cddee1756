"""Files for those who deploy: well-formed, and about figures, settings and commands that exist.

They are not run here, where there is no Docker.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from graphrec.api.list_cache import WrittenList
from graphrec.api.live.setting_names import SettingNames
from graphrec.api.metrics import Gauges, Metrics
from graphrec.cli.main import COMMANDS
from prometheus_client import CollectorRegistry

from graphrec.recommend.query import Query
from graphrec.recommend.recommender import Recommender
from graphrec.settings import RetrievalSettings, Settings, load_settings
from tests.support.paths import ROOT
from tests.support.service import tiny_snapshot

DEPLOY = ROOT / "deploy"


def read(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text("utf-8"))


@pytest.fixture(scope="module")
def names() -> set[str]:
    """Of every metric that the service has."""
    snapshot = tiny_snapshot()
    object.__setattr__(snapshot.manifest, "created", "2026-11-22T10:15:00+00:00")
    recommender = Recommender.of(snapshot, RetrievalSettings())
    metrics = Metrics()
    engine, store = SimpleNamespace(serving={"current": recommender}), SimpleNamespace(reason=None)
    metrics.registry.register(Gauges(metrics, engine, store, SettingNames(Settings())))  # type: ignore[arg-type]
    for user in ("ann", "bob"):
        written = WrittenList.of(b"", recommender.recommend(Query(user=user, k=3)))
        metrics.recommended("user", snapshot.manifest.version, written)
    metrics.answered("GET", "/", 200, 0.1)
    metrics.loaded(False)
    metrics.exposed("written", 1)
    assert isinstance(metrics.registry, CollectorRegistry)
    return {sample.name for family in metrics.registry.collect() for sample in family.samples}


def test_every_panel_and_alert_is_about_figures_that_there_are(names: set[str]) -> None:
    dashboard = json.loads((DEPLOY / "grafana" / "graphrec.json").read_text("utf-8"))
    asked = [t["expr"] for panel in dashboard["panels"] for t in panel["targets"]]
    [group] = read("deploy/prometheus/alerts.yml")["groups"]
    asked += [rule["expr"] for rule in group["rules"]]
    used = {name for expression in asked for name in re.findall(r"graphrec_\w+", expression)}
    assert used <= names
    # What a person should look at is on the dashboard.
    internal = {name for name in names if name.endswith(("_created", "_sum", "_count"))}
    sizes = {name for name in names if re.fullmatch(r"graphrec_snapshot_(?!age_seconds)\w+", name)}
    assert names - used <= internal | sizes


def test_panels_do_not_overlap() -> None:
    dashboard = json.loads((DEPLOY / "grafana" / "graphrec.json").read_text("utf-8"))
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells


def test_compose_names_what_there_is() -> None:
    compose = read("compose.yaml")
    services = compose["services"]
    assert services["neo4j"].get("profiles") is None  # alone, for those who want it alone
    targets = re.findall(r"^FROM \S+ AS (\S+)$", (ROOT / "Dockerfile").read_text("utf-8"), re.M)
    for name, service in services.items():
        if "build" in service:
            assert service["build"]["target"] in targets
            [*program, command] = [*service.get("entrypoint", ["graphrec", ""])][:2]
            assert program == ["graphrec"], name
            assert (command or service["command"][0]) in COMMANDS, name
        for variable in service.get("environment", {}):
            if variable.startswith("GRAPHREC_"):
                section, _, key = variable.removeprefix("GRAPHREC_").lower().partition("__")
                known = getattr(Settings(), section)
                assert not key or key in type(known).model_fields, variable
        for volume in service.get("volumes", ()):
            set_by = re.match(r"\$\{[A-Z_]+:-(.+?)\}:", volume)
            source = set_by[1] if set_by else volume.partition(":")[0]
            if source in ("./data", "./backups"):  # folders of whoever runs it
                continue
            assert source in compose["volumes"] or (ROOT / source).exists(), volume
        for port in service.get("ports", ()):
            assert port.startswith("127.0.0.1:")
    assert services["prometheus"]["secrets"] == ["graphrec_key"]


def test_prometheus_finds_the_rules_and_the_service() -> None:
    settings = read("deploy/prometheus/prometheus.yml")
    assert all((DEPLOY / "prometheus" / name).is_file() for name in settings["rule_files"])
    [job] = settings["scrape_configs"]
    assert job["static_configs"][0]["targets"] == ["api:8000"]
    assert "Prometheus" in [
        each["name"]
        for each in read("deploy/grafana/provisioning/datasources/prometheus.yaml")["datasources"]
    ]


def test_the_images_hold_what_they_copy() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    for line in re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, re.M):
        for name in line.split():
            assert (ROOT / name).exists(), name
            assert f"!{name}" in ignored, name


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd says what is valid")
def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    for unit in (DEPLOY / "systemd").iterdir():
        # They name a program and a user that are not on this machine.
        text = unit.read_text("utf-8").replace("/opt/graphrec/bin/graphrec", "/bin/true")
        (tmp_path / unit.name).write_text(text.replace("User=graphrec", "User=root"))
    done = subprocess.run(
        ["systemd-analyze", "verify", *map(str, tmp_path.iterdir())],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("code", "mail"), [(0, False), (4, False), (3, True), (7, True)])
def test_cron_sends_mail_for_what_needs_somebody(tmp_path: Path, code: int, mail: bool) -> None:
    docs = (ROOT / "docs" / "refresh.md").read_text("utf-8")
    [line] = re.findall(r"^0 3 \* \* \*  (.*)$", docs, re.M)
    program = tmp_path / "graphrec"
    program.write_text(f"#!/bin/sh\necho at work\nexit {code}\n")
    program.chmod(0o755)
    job = line.replace("/opt/graphrec/bin", str(tmp_path)).replace(
        "/var/lib/graphrec", str(tmp_path)
    )
    done = subprocess.run(["/bin/sh", "-c", job], capture_output=True, text=True, check=False)
    assert bool(done.stdout + done.stderr) == mail
    assert (tmp_path / "refresh.log").read_text() == "at work\n"


def test_requirements_are_those_of_the_package_without_itself() -> None:
    """So that packages are a layer below the code."""

    def printed(extras: str) -> list[str]:
        command = [sys.executable, DEPLOY / "requirements.py", extras]
        return subprocess.run(
            command, capture_output=True, text=True, check=True
        ).stdout.splitlines()

    found = printed("api,train")
    names = [re.split(r"[^\w-]", each)[0] for each in found]
    assert {"numpy", "fastapi", "torch", "dgl", "implicit"} <= set(names)  # of `models`, too
    assert "graphrec" not in names
    assert len(names) == len(set(names))
    assert "pandas" not in " ".join(printed("api,cli,neo4j,otel"))


def test_a_change_of_the_code_builds_no_packages_anew() -> None:
    """In the stages that install packages, nothing of the code is copied."""
    text = (ROOT / "Dockerfile").read_text("utf-8")
    for stage in re.split(r"^FROM ", text, flags=re.M):
        copied = re.findall(r"^COPY (?!--from)(.+) \S+$", stage, re.M)
        if "requirements.py" in stage:
            assert set(" ".join(copied).split()) <= {
                "pyproject.toml",
                "constraints.txt",
                "deploy/requirements.py",
            }
    assert "--no-deps" in text
    assert re.search(r"^ARG PYTHON=python:3\.\d+\.\d+-", text, re.M)  # no moving tag
    compose = (ROOT / "compose.yaml").read_text("utf-8")
    assert all(re.search(r":v?\d+\.\d+", each) for each in re.findall(r"image: (\S+)", compose))


def test_settings_of_compose_are_settings() -> None:
    load_settings(DEPLOY / "compose" / "graphrec.toml")
