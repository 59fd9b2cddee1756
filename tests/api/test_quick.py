"""The way around the framework: it gives what the routes give, or leaves it to them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from graphrec.api.app import create_app
from graphrec.api.quick import SEVERAL, Quick
from graphrec.api.routes import create_router

from graphrec.settings import ServeSettings, Settings
from graphrec.snapshot.registry import publish
from tests.api.test_api import serving, tiny_snapshot
from tests.api.test_operations import figures

LISTS = "/v1/users/ann/recommendations"
SESSIONS = "/v1/recommendations"
JSON = {"content-type": "application/json"}


def by_routes_alone(app: FastAPI) -> FastAPI:
    """The same application without the quick way."""
    app.user_middleware = [each for each in app.user_middleware if each.cls is not Quick]
    return app


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, ...]]:
    folder = tmp_path_factory.mktemp("quick")
    publish(tiny_snapshot(), folder)
    settings = Settings(snapshots=folder, serve=ServeSettings(max_k=50))
    app, plain = create_app(settings), by_routes_alone(create_app(settings))
    with serving(app) as one, serving(plain) as other:
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
def test_it_answers_as_the_routes_do(
    clients: tuple[httpx.Client, ...], method: str, path: str, sent: dict[str, Any]
) -> None:
    quick, routed = (client.request(method, path, **sent) for client in clients)
    assert (quick.status_code, quick.content) == (routed.status_code, routed.content)
    for answer in (quick, routed):
        del answer.headers["x-request-id"], answer.headers["date"]
    assert quick.headers == routed.headers


def test_a_body_that_comes_in_parts_is_left_to_the_route(
    clients: tuple[httpx.Client, ...],
) -> None:
    def parts() -> Iterator[bytes]:
        yield b'{"items": ["al'
        yield b'ien"], "k": 2}'

    quick, routed = (client.post(SESSIONS, content=parts(), headers=JSON) for client in clients)
    assert quick.status_code == 200
    assert quick.content == routed.content


def test_it_is_counted_as_the_routes_are(tmp_path: Path) -> None:
    publish(tiny_snapshot(), tmp_path)
    found = []
    for prepared in (lambda app: app, by_routes_alone):
        with serving(prepared(create_app(Settings(snapshots=tmp_path)))) as client:
            client.get(LISTS)
            client.get(f"{LISTS}?k=0")
            client.post(SESSIONS, json={"items": ["alien"]})
            client.post(SESSIONS, json={"items": ["alein"]})
            counted = figures(client)
            found.append({
                name: value for name, value in counted.items() if name[0].endswith("_total")
            })  # fmt: skip
    assert found[0] == found[1]
    assert found[0]["graphrec_requests_total", "POST", SESSIONS, "404"] == 1


def test_a_plain_question_takes_no_route(
    clients: tuple[httpx.Client, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def detour(*_: object) -> None:
        raise AssertionError("the router was asked")

    for answer in ("user_list", "session_list"):
        monkeypatch.setattr(f"graphrec.api.routes.{answer}", detour)
    asked = [("GET", f"{LISTS}?k=7", {}), ("POST", SESSIONS, {"json": {"items": ["alien"]}})]
    for status, client in zip((200, 500), clients, strict=True):
        for method, path, sent in asked:
            assert client.request(method, path, **sent).status_code == status


def test_two_content_types_are_none(clients: tuple[httpx.Client, ...]) -> None:
    headers = [("content-type", "text/plain"), ("content-type", "application/json")]
    asked = b'{"items": ["alien"]}'
    statuses = [c.post(SESSIONS, content=asked, headers=headers).status_code for c in clients]
    assert statuses == [422, 422]


def test_it_knows_which_parameters_are_lists() -> None:
    fields = create_router(10)[1].user.model_fields.items()
    assert {name for name, field in fields if "list[" in str(field.annotation)} == SEVERAL
