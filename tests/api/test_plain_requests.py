"""Plain requests for lists, which FastAPI does not read: they are answered as if it did."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from graphrec.api.app import create_app
from graphrec.api.routes.recommendations import LISTS as LIST_PARAMETERS

from graphrec.settings import ServeSettings, Settings
from graphrec.snapshot.registry import publish
from tests.support.service import figures, serving, tiny_snapshot

LISTS = "/v1/users/ann/recommendations"
SESSIONS = "/v1/recommendations"
JSON = {"content-type": "application/json"}


def read_by_fastapi(app: FastAPI) -> FastAPI:
    """The same application, all of whose requests FastAPI reads."""
    for at, route in enumerate(app.router.routes):
        if isinstance(route, APIRoute) and type(route) is not APIRoute:
            app.router.routes[at] = APIRoute(
                route.path, route.endpoint, methods=route.methods, openapi_extra=route.openapi_extra
            )
    return app


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, ...]]:
    folder = tmp_path_factory.mktemp("plain")
    publish(tiny_snapshot(), folder)
    settings = Settings(snapshots=folder, serve=ServeSettings(max_k=50))
    app, general = create_app(settings), read_by_fastapi(create_app(settings))
    with serving(app) as one, serving(general) as other:
        yield one, other


@pytest.mark.parametrize(
    ("method", "path", "sent"),
    [
        ("GET", LISTS, {}),
        ("GET", f"{LISTS}?k=3&explain=true", {}),
        ("GET", f"{LISTS}?k=3&k=4", {}),
        ("GET", f"{LISTS}?deny=alien&deny=brazil&deny=alien", {}),
        ("GET", f"{LISTS}?k=", {}),
        ("GET", f"{LISTS}?k=0", {}),
        ("GET", f"{LISTS}?k=50", {}),
        ("GET", f"{LISTS}?k=51", {}),
        ("GET", f"{LISTS}?k=5.0", {}),
        ("GET", f"{LISTS}?spelling=1", {}),
        ("GET", f"{LISTS}?kinds=view", {}),
        ("GET", "/v1/users/%C3%A4%2F%3F/recommendations", {}),
        ("GET", "/v1/users/%FF/recommendations", {}),
        ("GET", "/v1/users//recommendations", {}),
        ("HEAD", LISTS, {}),
        ("PUT", LISTS, {}),
        ("POST", SESSIONS, {"json": {"items": ["alien"], "k": 3}}),
        ("POST", SESSIONS, {"json": {"items": ["alien"], "k": 3.0, "diversity": 1}}),
        ("POST", SESSIONS, {"json": {"items": []}}),
        ("POST", SESSIONS, {"json": {"items": ["no such item"]}}),
        ("POST", SESSIONS, {"json": {"items": ["alien"], "friends": ["bob"]}}),
        ("POST", SESSIONS, {"json": {"items": ["alien"], "k": "3"}}),
        ("POST", SESSIONS, {"json": {"items": ["alien"], "k": 51}}),
        ("POST", SESSIONS, {"json": {"items": ["alien"], "k": 0, "diversity": 2}}),
        ("POST", SESSIONS, {"json": ["alien"]}),
        ("POST", SESSIONS, {"content": b'{"items": ["alien"], "k": 1, "k": 2}', "headers": JSON}),
        ("POST", SESSIONS, {"content": b'{"items": ["alien"]', "headers": JSON}),
        ("POST", SESSIONS, {"content": b'{"items": ["\\ud800"]}', "headers": JSON}),
        ("POST", SESSIONS, {"content": b'{"items": [], "k": 1e400}', "headers": JSON}),
        ("POST", SESSIONS, {"content": b'{"items": [], "k": NaN}', "headers": JSON}),
        ("POST", SESSIONS, {"content": b"", "headers": JSON}),
        ("POST", SESSIONS, {"content": b'{"items": ["alien"]}'}),
        (
            "POST",
            SESSIONS,
            {
                "content": b'{"items": ["alien"]}',
                "headers": {"content-type": "application/json; charset=utf-8"},
            },
        ),
        ("POST", SESSIONS, {"content": b'{"items": ["ali' + b" " * 2**20}),
    ],
)
def test_answers_are_those_of_fastapi(
    clients: tuple[httpx.Client, ...], method: str, path: str, sent: dict[str, Any]
) -> None:
    plain, general = (client.request(method, path, **sent) for client in clients)
    assert (plain.status_code, plain.content) == (general.status_code, general.content)
    for answer in (plain, general):
        del answer.headers["x-request-id"], answer.headers["date"]
    assert plain.headers == general.headers


def test_a_body_that_comes_in_parts(
    clients: tuple[httpx.Client, ...],
) -> None:
    def parts() -> Iterator[bytes]:
        yield b'{"items": ["al'
        yield b'ien"], "k": 2}'

    plain, general = (client.post(SESSIONS, content=parts(), headers=JSON) for client in clients)
    assert plain.status_code == 200
    assert plain.content == general.content


def test_they_are_counted_alike(tmp_path: Path) -> None:
    publish(tiny_snapshot(), tmp_path)
    found = []
    for prepared in (lambda app: app, read_by_fastapi):
        with serving(prepared(create_app(Settings(snapshots=tmp_path)))) as client:
            client.get(LISTS)
            client.get(f"{LISTS}?k=0")
            client.post(SESSIONS, json={"items": ["alien"]})
            client.post(SESSIONS, json={"items": [], "attributes": {"contry": "DE"}})
            counted = figures(client)
            found.append({
                name: value for name, value in counted.items() if name[0].endswith("_total")
            })  # fmt: skip
    assert found[0] == found[1]
    assert found[0]["graphrec_requests_total", "POST", SESSIONS, "422"] == 1


def test_fastapi_does_not_read_a_plain_request(
    clients: tuple[httpx.Client, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("FastAPI read the request")

    monkeypatch.setattr("fastapi.routing.solve_dependencies", fail)
    sent = [("GET", f"{LISTS}?k=7", {}), ("POST", SESSIONS, {"json": {"items": ["alien"]}})]
    for status, client in zip((200, 500), clients, strict=True):
        for method, path, body in sent:
            assert client.request(method, path, **body).status_code == status


def test_two_content_types_are_none(clients: tuple[httpx.Client, ...]) -> None:
    headers = [("content-type", "text/plain"), ("content-type", "application/json")]
    asked = b'{"items": ["alien"]}'
    statuses = [c.post(SESSIONS, content=asked, headers=headers).status_code for c in clients]
    assert statuses == [422, 422]


def test_which_parameters_are_lists() -> None:
    assert {"allow", "deny", "kinds"} == LIST_PARAMETERS
