"""A browser as the accomplice of another site: forms, foreign pages, names that are not ours; and
what a proxy passes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from graphrec.api.app import create_app
from graphrec.api.middleware.keys import create_key

from graphrec.settings import ServeSettings, Settings
from graphrec.snapshot.registry import publish
from tests.support.service import error, serving, tiny_snapshot

WRITES = [
    ("POST", "/v1/events"),
    ("PUT", "/v1/items/alien"),
    ("PUT", "/v1/users/ann"),
    ("DELETE", "/v1/users/ann"),
    ("DELETE", "/v1/items/alien"),
    ("POST", "/v1/admin/reload"),
    ("POST", "/v1/admin/rollback"),
    ("POST", "/v1/admin/promote"),
]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("site")
    publish(tiny_snapshot(), folder)
    with serving(create_app(Settings(snapshots=folder))) as client:
        yield client


@pytest.mark.parametrize(("method", "path"), WRITES)
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "x"])
def test_pages_of_other_origins_write_nothing(
    client: httpx.Client, method: str, path: str, origin: str
) -> None:
    response = client.request(method, path, headers={"Origin": origin}, json={})
    assert "Origin" in error(response, 403, "foreign_origin")


@pytest.mark.parametrize(("method", "path"), WRITES)
@pytest.mark.parametrize(
    "kind",
    ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "TEXT/plain"],
)
def test_forms_write_nothing(client: httpx.Client, method: str, path: str, kind: str) -> None:
    response = client.request(method, path, headers={"Content-Type": kind}, content=b"{}")
    assert "as of a form" in error(response, 403, "foreign_origin")


def test_browsers_that_say_where_from_are_believed(client: httpx.Client) -> None:
    response = client.post("/v1/admin/reload", headers={"Sec-Fetch-Site": "cross-site"})
    error(response, 403, "foreign_origin")


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example"])
def test_a_name_that_leads_here_is_not_ours(client: httpx.Client, host: str) -> None:
    response = client.get("/v1/users/ann/recommendations", headers={"Host": host})
    assert "serve.hosts" in error(response, 421, "misdirected")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:80", "127.9.9.9"])
def test_names_of_loopback_are(client: httpx.Client, host: str) -> None:
    response = client.get("/v1/users/ann/recommendations", headers={"Host": host})
    assert response.status_code == 200


def test_health_is_asked_under_any_name(client: httpx.Client) -> None:
    assert client.get("/health/live", headers={"Host": "10.0.0.7:8000"}).status_code == 200


def test_the_own_page_writes(client: httpx.Client) -> None:
    origin = str(client.base_url).rstrip("/")
    response = client.post("/v1/admin/reload", headers={"Origin": origin})
    assert response.status_code == 200


def test_names_and_origins_of_the_settings_are_ours(tmp_path: Path) -> None:
    publish(tiny_snapshot(), tmp_path)
    serve = ServeSettings(hosts=("Rec.Example",), cors_origins=("https://shop.example",))
    with serving(create_app(Settings(snapshots=tmp_path, serve=serve))) as client:
        asked = {"Host": "rec.example"}
        assert client.get("/v1/users/ann/recommendations", headers=asked).status_code == 200
        for origin in ("https://shop.example", "https://rec.example"):
            response = client.post("/v1/admin/reload", headers={**asked, "Origin": origin})
            assert response.status_code == 200
        error(client.get("/v1/items", headers={"Host": "other.example"}), 421, "misdirected")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Forwarded-For", "203.0.113.7"),
        ("x-forwarded-for", "203.0.113.7, 127.0.0.1"),
        ("X-Forwarded-For", ""),
        ("Forwarded", 'for="[2001:db8::7]";proto=https'),
        ("X-Real-IP", "203.0.113.7"),
        ("CF-Connecting-IP", "203.0.113.7"),
    ],
)
def test_without_keys_nothing_is_answered_that_a_proxy_passes_on(
    client: httpx.Client, name: str, value: str
) -> None:
    path = "/v1/users/ann/recommendations"
    for method, place in (("GET", path), ("GET", "/metrics"), ("GET", "/nothing"), *WRITES):
        headers = {name: value, "Host": "rec.example"}
        message = error(
            client.request(method, place, headers=headers, json={}), 403, "open_behind_proxy"
        )
        assert f"({name.lower()})" in message
        assert "graphrec keys create" in message
        assert "serve.open_behind_proxy" in message
    for public in ("/health/live", "/health/ready", "/", "/static/app.js"):
        assert client.get(public, headers={name: value}).status_code == 200
    assert client.get(path).status_code == 200


def test_what_a_proxy_passes_on_is_answered_with_keys_or_where_the_settings_say_so(
    tmp_path: Path,
) -> None:
    publish(tiny_snapshot(), tmp_path / "snapshots")
    keys = tmp_path / "keys.json"
    passed_on = {"X-Forwarded-For": "203.0.113.7"}
    told = ServeSettings(keys=keys, open_behind_proxy=True)
    path = "/v1/users/ann/recommendations"
    with serving(create_app(Settings(snapshots=tmp_path / "snapshots", serve=told))) as client:
        assert client.get(path, headers=passed_on).status_code == 200
        asked = {**passed_on, "Host": "evil.example"}
        error(client.get(path, headers=asked), 421, "misdirected")
    key = {"X-API-Key": create_key(keys, "shop", "read")}
    locked = Settings(snapshots=tmp_path / "snapshots", serve=ServeSettings(keys=keys))
    with serving(create_app(locked)) as client:
        assert client.get(path, headers={**passed_on, **key}).status_code == 200
        error(client.get(path, headers=passed_on), 401, "unauthenticated")


def test_with_keys_any_name_will_do_unless_some_are_set(tmp_path: Path) -> None:
    publish(tiny_snapshot(), tmp_path / "snapshots")
    keys = tmp_path / "keys.json"
    key = {"X-API-Key": create_key(keys, "shop", "admin"), "Host": "graphrec.internal"}
    for hosts, status in (((), 200), (("other",), 421)):
        serve = ServeSettings(keys=keys, hosts=hosts)
        settings = Settings(snapshots=tmp_path / "snapshots", serve=serve)
        with serving(create_app(settings)) as client:
            path = "/v1/users/ann/recommendations"
            assert client.get(path, headers=key).status_code == status
            foreign = {**key, "Origin": "https://evil.example"}
            assert client.post("/v1/admin/reload", headers=foreign).status_code >= 400
