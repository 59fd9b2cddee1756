"""Several tenants in one process: each has its own of everything."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from graphrec.api.app import create_app
from graphrec.api.middleware.keys import create_key
from graphrec.api.reloading import Reloadable
from graphrec.api.tenant_settings import OF_THE_PROCESS, read_tenants
from graphrec.api.tenants import Tenants
from graphrec.cli.commands.serve import read_source
from prometheus_client.parser import text_string_to_metric_families

from graphrec.errors import SettingsError
from graphrec.settings import ServeSettings
from graphrec.snapshot.registry import publish
from graphrec.store import open_store
from tests.support.command import graphrec, inside
from tests.support.live import fill
from tests.support.service import error, serving, tiny_snapshot

PATIENT = "max_wait_ms = 20000"


def tenant(folder: Path, name: str, toml: str = "") -> Path:
    made = folder / name
    made.mkdir(parents=True)
    (made / "graphrec.toml").write_text(f"{toml}\n" if "[serve]" in toml else
                                        f"{toml}\n[serve]\n{PATIENT}\n")  # fmt: skip
    return made


def with_data(made: Path) -> Path:
    publish(tiny_snapshot(), made / "snapshots")
    with open_store(f"sqlite:///{made / 'graphrec.db'}") as store:
        fill(store)
    return made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two tenants with data, of which one has keys, and one without a snapshot."""
    folder = tmp_path_factory.mktemp("process") / "tenants"
    with_data(tenant(folder, "shop"))
    with_data(tenant(folder, "news", f"[serve]\n{PATIENT}\nmax_k = 3\nrate = 1000"))
    tenant(folder, "empty")
    return folder


@pytest.fixture(scope="module")
def keys(folder: Path) -> dict[str, dict[str, str]]:
    def header(path: Path, scope: str) -> dict[str, str]:
        return {"X-API-Key": create_key(path, scope, scope)}

    return {
        "news": header(folder / "news" / "keys.json", "admin"),
        "process": header(folder.parent / "keys.json", "read"),
    }


def application(folder: Path, **options) -> Tenants:
    process = ServeSettings(keys=folder.parent / "keys.json", tenants=folder, **options)
    found = read_tenants(folder, process)
    apps = {n: Reloadable(create_app(each.settings, store=each.store)) for n, each in found.items()}
    return Tenants(apps, process)


@pytest.fixture(scope="module")
def client(folder: Path, keys) -> Iterator[httpx.Client]:
    with serving(application(folder)) as client:
        yield client


def test_each_answers_for_itself(client: httpx.Client, keys) -> None:
    list_ = "/v1/users/ann/recommendations"
    assert client.get(f"/t/shop{list_}").status_code == 200
    error(client.get(f"/t/news{list_}"), 401, "unauthenticated")
    assert client.get(f"/t/news{list_}", headers=keys["news"]).status_code == 200
    error(client.get(f"/t/empty{list_}"), 503, "not_ready")
    # Limits of its own.
    assert client.get(f"/t/shop{list_}?k=4").status_code == 200
    error(client.get(f"/t/news{list_}?k=4", headers=keys["news"]), 422, "invalid_request", "k")


def test_what_one_is_told_no_other_knows(client: httpx.Client, keys) -> None:
    event = {"user": "zoe", "item": "alien", "kind": "view"}
    sent = client.post("/t/shop/v1/events", json={"events": [event]})
    assert sent.status_code in (200, 201, 202), sent.text
    assert client.get("/t/shop/v1/users/zoe/events").json()["events"]
    other = client.get("/t/news/v1/users/zoe/events", headers=keys["news"])
    assert other.status_code == 404 or not other.json()["events"]
    # Forgetting in one leaves the other as it is.
    assert client.delete("/t/shop/v1/users/bob").status_code in (200, 204)
    assert client.get("/t/shop/v1/users/bob").status_code == 404
    assert client.get("/t/news/v1/users/bob", headers=keys["news"]).status_code == 200


def test_health_of_each_and_of_all(client: httpx.Client) -> None:
    assert client.get("/t/shop/health/ready").json()["status"] == "ready"
    assert client.get("/t/empty/health/ready").status_code == 503
    assert client.get("/t/empty/health/live").json() == {"status": "live"}
    assert client.get("/health/live").json() == {"status": "live"}
    assert client.get("/health/ready").json() == {"status": "degraded", "tenants": 3, "ready": 2}
    assert client.head("/health/ready").status_code == 200


def test_figures_have_the_tenant_as_a_label(client: httpx.Client, keys) -> None:
    error(client.get("/metrics"), 401, "unauthenticated")
    error(client.get("/metrics", headers=keys["news"]), 401, "unauthenticated")
    client.get("/t/shop/v1/users/ann/recommendations")
    text = client.get("/metrics", headers=keys["process"]).text
    ready = {
        sample.labels["tenant"]: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "graphrec_ready"
    }
    assert ready == {"shop": 1, "news": 1, "empty": 0}
    assert 'graphrec_lists_total{tenant="shop",to="user",version=' in text
    own = client.get("/t/shop/metrics").text
    assert "tenant=" not in own


@pytest.mark.parametrize(
    "path", ["/", "/v1/users/ann/recommendations", "/t/nobody/v1/items", "/t/", "/t/shop", "/t"]
)
def test_what_is_of_no_tenant_is_unknown(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert error(answer, 404, "unknown_route").startswith("the path is of no tenant")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_other_methods_are_refused(client: httpx.Client) -> None:
    error(client.post("/metrics"), 405, "method_not_allowed")


@pytest.mark.parametrize("strips", [True, False])
def test_below_the_path_of_a_proxy(folder: Path, keys, strips: bool) -> None:
    with serving(application(folder, root_path="/rec")) as client:
        before = "" if strips else "/rec"
        assert client.get(f"{before}/t/shop/v1/users/ann/recommendations").status_code == 200
        assert client.get(f"{before}/t/shop/v1/items/c%2Fd%20%C3%A9%3F").status_code == 200
        assert client.get(f"{before}/health/live").status_code == 200
        document = client.get(f"{before}/t/shop/openapi.json").json()
        assert document["servers"] == [{"url": "/rec/t/shop"}]
        page = client.get(f"{before}/t/shop/").text
        assert '"/rec/t/shop/static/' in page


# Settings


def test_paths_are_below_the_folder_of_the_tenant(tmp_path: Path) -> None:
    made = with_data(tenant(tmp_path / "all", "shop", '[serve]\nexposures = "seen"'))
    tenant(tmp_path / "all", "other", f'snapshots = "{tmp_path / "elsewhere"}"')
    found = read_tenants(tmp_path / "all", ServeSettings(port=81, drain_seconds=2))
    shop, other = found["shop"], found["other"]
    assert shop.store == f"sqlite:///{made / 'graphrec.db'}"
    assert other.store is None  # nobody named one, and there is none
    assert shop.settings.snapshots == made / "snapshots"
    assert shop.settings.serve.exposures == made / "seen"
    assert shop.settings.serve.keys == made / "keys.json"
    assert shop.settings.ingest.rejects == made / "rejects"
    assert other.settings.snapshots == tmp_path / "elsewhere"
    assert other.settings.serve.exposures is None
    assert (shop.settings.serve.port, shop.settings.serve.drain_seconds) == (81, 2)
    with inside(made):  # where commands work, too
        assert graphrec(made, "doctor", "--json").out.count('"about": "store"') == 1


@pytest.mark.parametrize(
    ("name", "toml", "said"),
    [
        ("shop", "[serve]\nport = 9000", "setting 'serve.port' of tenant 'shop' is one of the"),
        ("shop", "[serve]\ntenants = '.'", "setting 'serve.tenants' of tenant 'shop'"),
        ("shop", "seeed = 1", "tenant 'shop': unknown setting 'seeed'"),
        ("shop", "[serve", "settings cannot be read from"),
        ("Big Shop", "", "tenant 'Big Shop' cannot be a part of a path"),
        ("..x", "", "cannot be a part of a path"),
    ],
)
def test_settings_that_cannot_be_name_the_tenant(
    tmp_path: Path, name: str, toml: str, said: str
) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "graphrec.toml").write_text(toml)
    with pytest.raises(SettingsError, match=said):
        read_tenants(tmp_path, ServeSettings())
    assert set(OF_THE_PROCESS) <= set(ServeSettings.model_fields)


@pytest.mark.parametrize(
    ("toml", "what"),
    [
        ('store = "sqlite:///../one/graphrec.db"', "store"),
        ('snapshots = "../one/snapshots"', "folder of snapshots"),
        ('[serve]\nkeys = "../one/keys.json"', "serve.keys"),
    ],
)
def test_what_two_would_share_is_refused(tmp_path: Path, toml: str, what: str) -> None:
    with_data(tenant(tmp_path, "one"))
    tenant(tmp_path, "two", toml)
    with pytest.raises(SettingsError, match=f"{what} of tenants 'one' and 'two' is the same"):
        read_tenants(tmp_path, ServeSettings())


def test_a_variable_for_all_does_not_put_all_into_one_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant(tmp_path, "one")
    tenant(tmp_path, "two")
    monkeypatch.setenv("GRAPHREC_STORE", "neo4j://graph:7687")
    with pytest.raises(SettingsError, match="store of tenants 'one' and 'two' is the same"):
        read_tenants(tmp_path, ServeSettings())


def test_a_folder_without_tenants_is_refused(tmp_path: Path) -> None:
    with inside(tmp_path), pytest.raises(SettingsError, match="there are no tenants"):
        read_source(None, {"tenants": tmp_path}, None, None)
    tenant(tmp_path, "one")
    with inside(tmp_path), pytest.raises(SettingsError, match="each tenant has its own"):
        read_source(None, {"tenants": tmp_path}, "none", None)


@pytest.mark.slow
def test_the_process_serves_reloads_and_ends(tmp_path: Path) -> None:
    """As `graphrec serve --tenants` runs it: a change of one tenant's settings holds at SIGHUP."""
    import re
    import subprocess
    import sys

    shop = with_data(tenant(tmp_path / "tenants", "shop"))
    shutil.copytree(shop, tmp_path / "tenants" / "news")
    command = [
        sys.executable,
        "-m",
        "graphrec.cli.main",
        "serve",
        "--tenants",
        "tenants",
        "--port",
        "0",
    ]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        lines = iter(process.stderr.readline, "")
        url = next(m[1] for line in lines if (m := re.search(r"(http://127[\d.]+:\d+)", line)))
        try:
            asked = f"{url}/t/shop/v1/users/ann/recommendations?k=4"
            assert httpx.get(asked).status_code == 200
            (shop / "graphrec.toml").write_text(f"[serve]\nmax_k = 3\n{PATIENT}\n")
            os.kill(process.pid, signal.SIGHUP)
            said = ""
            while "serve.max_k" not in said:
                said = next(lines)
            assert httpx.get(asked).status_code == 422
            assert httpx.get(asked.replace("shop", "news")).status_code == 200
        finally:
            process.terminate()
        rest = [json.loads(line) for line in lines if line.startswith("{")]
    assert process.returncode in (0, -signal.SIGTERM)
    tenants = {line["tenant"] for line in rest if line.get("event") == "request"}
    assert tenants <= {"shop", "news"}
