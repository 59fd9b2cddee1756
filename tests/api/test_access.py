"""Who may ask the service for what, and how much of it."""

from __future__ import annotations

import json
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi.routing import APIRoute
from graphrec.api.app import ROUTES, create_app
from graphrec.api.middleware.access import SCOPE, Access
from graphrec.api.middleware.keys import SCOPES, Scope, create_key, holder, read_keys, revoke_key
from graphrec.api.middleware.limits import RateLimit
from graphrec.api.server import serve
from graphrec.cli.main import command_line
from hypothesis import given
from hypothesis import strategies as st
from starlette.routing import Route
from typer.testing import CliRunner

from graphrec.errors import SettingsError
from graphrec.settings import ServeSettings, Settings
from graphrec.snapshot.registry import publish
from tests.support.service import error, serving, tiny_snapshot


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("access")
    publish(tiny_snapshot(), folder / "snapshots")
    return folder


@pytest.fixture(scope="module")
def secrets_(folder: Path) -> dict[Scope, str]:
    return {scope: create_key(folder / "keys.json", f"of-{scope}", scope) for scope in SCOPES}


@pytest.fixture(scope="module")
def locked(folder: Path, secrets_: dict[Scope, str]) -> Iterator[httpx.Client]:
    serve_ = ServeSettings(keys=folder / "keys.json")
    with serving(create_app(Settings(snapshots=folder / "snapshots", serve=serve_))) as client:
        yield client


def operations() -> list[tuple[str, str]]:
    """Every route of the application, with each of its methods."""
    routes = create_app(Settings()).routes
    assert all(isinstance(route, Route) for route in routes)  # no router in a router
    found = {
        (method, route.path.replace("/static/{name}", "/static/app.js"))
        for route in routes
        for method in route.methods or {"GET"}
    }
    return sorted(found)


OPERATIONS = operations()

needed = Access.of(ROUTES).needed


def test_the_scan_sees_the_routes() -> None:
    assert {
        ("GET", "/v1/users/{user_id}/recommendations"),
        ("POST", "/v1/admin/reload"),
        ("POST", "/v1/admin/promote"),
        ("GET", "/health/live"),
        ("GET", "/metrics"),
        ("GET", "/openapi.json"),
    } <= set(OPERATIONS)


def test_the_scan_sees_all_that_the_document_names() -> None:
    """As a request meets them: a router in a router has another path than it says itself."""
    paths = create_app(Settings()).openapi()["paths"]
    assert {(m.upper(), path) for path, ms in paths.items() for m in ms} <= set(OPERATIONS)


def test_every_route_declares_its_scope() -> None:
    for route in ROUTES:
        assert isinstance(route, APIRoute)
        assert SCOPE in (route.openapi_extra or {}), route.path


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/v1/nothing", "read"),
        ("POST", "/v1/nothing", "write"),
        ("HEAD", "/v1/items", "read"),
        ("POST", "/v1/recommendations", "read"),
        ("DELETE", "/v1/recommendations", "write"),
        ("GET", "/v1/items/a%2Fb", "read"),
        ("PUT", "/v1/items/a%2Fb", "write"),
        ("GET", "/v1/admin/reload", "admin"),
        ("GET", "/static/a/b", "read"),
        ("HEAD", "/", None),
        ("POST", "/", "write"),
        ("GET", "/openapi.json", "read"),
    ],
)
def test_what_is_not_declared_needs_a_key(method: str, path: str, scope: Scope | None) -> None:
    assert needed(method, path) == scope


def test_what_needs_no_key() -> None:
    """A new route is not open by accident: whoever opens one says so here too."""
    open_ = {path for method, path in OPERATIONS if needed(method, path) is None}
    page = {path for path in open_ if path.startswith("/static/")}
    assert open_ - page <= {"/", "/health/live", "/health/ready"}


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
class TestEveryRoute:
    def test_with_no_key(self, locked: httpx.Client, method: str, path: str) -> None:
        response = locked.request(method, path)
        if needed(method, path) is None:
            assert response.status_code == 200
            return
        assert response.headers["www-authenticate"] == 'Bearer realm="graphrec"'
        if method != "HEAD":
            assert "graphrec keys create" in error(response, 401, "unauthenticated")

    @pytest.mark.parametrize("headers", [
        {"authorization": "Bearer graphrec_wrong"},
        {"authorization": "Basic Z3JhcGhyZWM6"},
        {"authorization": ""},
        {"x-api-key": "ß".encode("latin-1").decode("latin-1")},
    ])  # fmt: skip
    def test_with_a_wrong_key(
        self, locked: httpx.Client, method: str, path: str, headers: dict[str, str]
    ) -> None:
        raw = {name: value.encode("latin-1") for name, value in headers.items()}
        response = locked.request(method, path, headers=raw)
        assert response.status_code == (200 if needed(method, path) is None else 401)

    def test_with_a_key_of_each_scope(
        self, locked: httpx.Client, secrets_: dict[Scope, str], method: str, path: str
    ) -> None:
        needs = needed(method, path)
        for scope in SCOPES:
            response = locked.request(method, path, headers={"x-api-key": secrets_[scope]})
            allowed = needs is None or SCOPES.index(scope) >= SCOPES.index(needs)
            assert (response.status_code == 403) is not allowed
            assert response.status_code != 401
            if not allowed and method != "HEAD":
                assert f"expected '{needs}'" in error(response, 403, "forbidden")
                assert f'scope="{needs}"' in response.headers["www-authenticate"]


def test_an_unknown_path_says_nothing_without_a_key(
    locked: httpx.Client, secrets_: dict[Scope, str]
) -> None:
    error(locked.get("/v1/nothing"), 401, "unauthenticated")
    bearer = {"authorization": f"bearer {secrets_['read']}"}
    error(locked.get("/v1/nothing", headers=bearer), 404, "unknown_route")


def test_the_document_names_the_scopes(locked: httpx.Client, secrets_: dict[Scope, str]) -> None:
    document = locked.get("/openapi.json", headers={"x-api-key": secrets_["read"]}).json()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            scope = needed(method.upper(), path)
            assert ("security" in operation) is (scope is not None)
            assert scope is None or f"scope `{scope}`" in operation["description"]


class TestKeys:
    def test_only_a_hash_is_kept_where_only_the_owner_reads(self, tmp_path: Path) -> None:
        path = tmp_path / "keys.json"
        secret = create_key(path, "shop", "write")
        assert len(secret) > 50
        assert secret not in path.read_text()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        [key] = read_keys(path)
        assert (key.name, key.scope) == ("shop", "write")
        assert holder((key,), secret) == key
        assert holder((key,), secret[:-1]) is None
        assert holder((), secret) is None

    def test_no_two_are_alike(self, tmp_path: Path) -> None:
        path = tmp_path / "keys.json"
        assert len({create_key(path, f"k{n}", "read") for n in range(20)}) == 20
        with pytest.raises(SettingsError, match="'k3' is there already"):
            create_key(path, "k3", "read")
        with pytest.raises(SettingsError, match="letters, digits"):
            create_key(path, "a b", "read")
        assert len(read_keys(path)) == 20

    def test_a_file_that_is_no_file_of_keys_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "keys.json"
        path.write_text('[{"name": "x"}]')
        with pytest.raises(SettingsError, match="cannot be read"):
            create_app(Settings(snapshots=tmp_path, serve=ServeSettings(keys=path)))

    def test_a_service_that_runs_follows_the_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("graphrec.api.middleware.keys.POLL_SECONDS", 0.01)
        path = tmp_path / "keys.json"
        publish(tiny_snapshot(), tmp_path / "s")
        settings = Settings(snapshots=tmp_path / "s", serve=ServeSettings(keys=path))

        def becomes(client: httpx.Client, status: int, secret: str) -> None:
            end = time.monotonic() + 10
            while client.get("/v1/x", headers={"x-api-key": secret}).status_code != status:
                assert time.monotonic() < end
                time.sleep(0.01)

        with serving(create_app(settings)) as client:
            assert client.get("/v1/x").status_code == 404  # keys are off
            one, two = create_key(path, "one", "read"), create_key(path, "two", "admin")
            becomes(client, 401, "")
            becomes(client, 404, one)
            revoke_key(path, "one")
            becomes(client, 401, one)
            becomes(client, 404, two)
            path.unlink()
            time.sleep(0.1)
            becomes(client, 404, two)
            assert client.get("/v1/x").status_code == 401  # they stay on
            path.write_text("broken")
            time.sleep(0.1)
            becomes(client, 404, two)

    def test_the_command_line(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        run = CliRunner().invoke
        made = run(command_line(["keys"]), ["keys", "create", "--name", "shop", "--scope", "read"])
        assert holder(read_keys(tmp_path / "keys.json"), made.stdout.strip())
        listed = run(command_line(["keys"]), ["keys", "list", "--json"])
        assert [key["name"] for key in json.loads(listed.stdout)] == ["shop"]
        assert "sha256" not in listed.stdout
        assert run(command_line(["keys"]), ["keys", "revoke", "shop"]).exit_code == 0
        assert read_keys(tmp_path / "keys.json") == ()

    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "shop.example"])  # noqa: S104
    @pytest.mark.parametrize("empty", [True, False])
    def test_no_service_off_loopback_without_keys(
        self, tmp_path: Path, host: str, empty: bool
    ) -> None:
        path = tmp_path / "keys.json"
        if empty:
            path.write_text("[]")
        settings = Settings(snapshots=tmp_path, serve=ServeSettings(host=host, keys=path))
        with pytest.raises(SettingsError, match="graphrec keys create"):
            serve(settings)


class TestLimits:
    def test_a_large_body_is_refused_however_it_is_sent(self, folder: Path) -> None:
        serve_ = ServeSettings(max_body_bytes=2000, keys=folder / "none.json")
        app = create_app(Settings(snapshots=folder / "snapshots", serve=serve_))
        small = b'{"items": ["alien"]}'

        def parts(size: int) -> Iterator[bytes]:
            yield small + b" " * (size - len(small) - 500)
            yield b" " * 500

        json_ = {"content-type": "application/json"}
        with serving(app) as client:
            for size, status in ((2000, 200), (2001, 413)):
                whole = client.post(
                    "/v1/recommendations", content=b"".join(parts(size)), headers=json_
                )
                chunked = client.post("/v1/recommendations", content=parts(size), headers=json_)
                assert (whole.status_code, chunked.status_code) == (status, status)
            assert "at most 2000 bytes" in error(whole, 413, "too_large")
            assert "at most 2000 bytes" in error(chunked, 413, "too_large")

    def test_too_many_requests(self, folder: Path, secrets_: dict[Scope, str]) -> None:
        serve_ = ServeSettings(rate=0.5, burst=3, keys=folder / "keys.json")
        app = create_app(Settings(snapshots=folder / "snapshots", serve=serve_))
        with serving(app) as client:
            read, admin = ({"x-api-key": secrets_[scope]} for scope in ("read", "admin"))
            found = [client.get("/v1/items/alien/related", headers=read) for _ in range(5)]
            assert [each.status_code for each in found] == [200, 200, 200, 429, 429]
            error(found[-1], 429, "too_many_requests")
            assert found[-1].headers["retry-after"] == "2"
            assert client.get("/v1/items/alien/related", headers=admin).status_code == 200
            assert client.get("/health/ready").status_code == 200  # is never limited

    def test_by_address_where_keys_are_off(self, folder: Path) -> None:
        serve_ = ServeSettings(
            rate=0.01, burst=1, keys=folder / "none.json", open_behind_proxy=True
        )
        app = create_app(Settings(snapshots=folder / "snapshots", serve=serve_))
        with serving(app) as client:
            headers = {"x-forwarded-for": "192.0.2.7"}
            assert client.get("/v1/items/alien/related").status_code == 200
            assert client.get("/v1/items/alien/related", headers=headers).status_code == 429

    @given(
        st.floats(0.1, 100),
        st.integers(1, 20),
        st.lists(st.floats(0, 5), min_size=1, max_size=200),
    )
    def test_a_bucket_never_gives_more_than_burst_and_rate(
        self, rate: float, burst: int, gaps: list[float]
    ) -> None:
        limit, now, given_at = RateLimit(rate, burst), 100.0, []
        for gap in gaps:
            now += gap
            wait = limit.wait("a", now)
            if not wait:
                given_at.append(now)
            else:
                assert limit.wait("a", now + wait + 1e-6) == 0  # as it was said
                given_at.append(now + wait)
                now += wait + 1e-6
        for at, start in enumerate(given_at):
            for more, end in enumerate(given_at[at:], 1):
                assert more <= burst + rate * (end - start) + 1e-3

    def test_clients_that_are_gone_are_forgotten(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("graphrec.api.middleware.limits.MAX_CLIENTS", 10)
        limit = RateLimit(1, 1)
        for n in range(1000):
            assert limit.wait(f"c{n}", 2.0 * n) == 0
        assert len(limit._full_at) <= 10


class TestAnswers:
    def test_bring_each_safe_header_once(self, locked: httpx.Client) -> None:
        for path in ("/health/live", "/v1/nothing", "/", "/static/app.js", "/static/none.js"):
            names = [name.lower() for name, _ in locked.get(path).headers.multi_items()]
            assert len(names) == len(set(names))
        for path in ("/health/live", "/v1/nothing"):
            headers = locked.get(path).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-frame-options"] == "DENY"
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["cache-control"] == "no-store"
            assert "default-src 'self'" in headers["content-security-policy"]
            assert "server" not in headers

    @pytest.mark.parametrize(
        ("given", "taken"),
        [("a-1._Z", True), ("", False), ("x" * 65, False), ("a b", False), ("a\tlog line", False)],
    )
    def test_bring_the_id_of_the_request(
        self, locked: httpx.Client, given: str, taken: bool
    ) -> None:
        found = locked.get("/v1/x", headers={"x-request-id": given}).headers["x-request-id"]
        assert (found == given) is taken
        assert found

    def test_of_a_path_with_bytes_that_no_client_should_send(self, locked: httpx.Client) -> None:
        with socket.create_connection((locked.base_url.host, locked.base_url.port or 80)) as raw:
            raw.sendall(b"GET /v1/\xff\xc3\xa9 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            answer = raw.recv(4096)
        assert answer.split()[1] in (b"400", b"401")

    def test_other_origins_get_access_where_it_is_set(self, folder: Path) -> None:
        serve_ = ServeSettings(cors_origins=("https://shop.example",), keys=folder / "keys.json")
        app = create_app(Settings(snapshots=folder / "snapshots", serve=serve_))
        asks = {
            "access-control-request-method": "POST",
            "access-control-request-headers": "x-api-key",
        }
        with serving(app) as client:
            for origin, allowed in (
                ("https://shop.example", True),
                ("https://evil.example", False),
            ):
                answer = client.options("/v1/recommendations", headers={"origin": origin, **asks})
                assert (answer.headers.get("access-control-allow-origin") == origin) is allowed
                plain = client.get("/v1/x", headers={"origin": origin})
                assert plain.status_code == 401
