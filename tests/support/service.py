"""The API over HTTP on a tiny snapshot: a server in a thread, and what tests ask of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import httpx
import numpy as np
import uvicorn
from fastapi import FastAPI
from fastapi.routing import APIRoute
from prometheus_client.parser import text_string_to_metric_families

from graphrec.data import Attribute, Graph, Interactions
from graphrec.data.dataset import Dataset
from graphrec.models.embeddings import Embeddings
from graphrec.models.graph_filter.model import GraphFilter
from graphrec.snapshot.snapshot import Snapshot
from tests.support.snapshots import build_snapshot

STOPPED_SECONDS = 60
"""Within which a server has stopped, however busy the machine is."""

LIKES = {
    "ann": ["alien", "brazil"],
    "bob": ["alien", "brazil", "c/d é?"],
    "cat": ["alien", "c/d é?"],
    "dan/dora ß": ["brazil", "%2F"],
    "eve": ["hit"],
    "fay": ["hit", "brazil"],
    "gus": ["hit", "%2F"],
    "hal": ["hit", "e/recommendations/f"],
    "ida": ["hit"],
}

TITLES = {"alien": "Alien", "c/d é?": "Cédé"}


def tiny_snapshot(embeddings: bool = True) -> Snapshot:
    pairs = [(user, item) for user, items in LIKES.items() for item in items]
    log = Interactions.of([user for user, _ in pairs], [item for _, item in pairs])
    titles = Attribute("text", tuple(TITLES.get(item) for item in log.items.ids))
    graph = Graph(log, {"item": {"title": titles}})
    rng = np.random.default_rng(0)
    return build_snapshot(
        graph,
        graph_filter=GraphFilter(target_exponent=0.2).fit(Dataset.of_weights(graph), rng).scorer,
        embeddings=Embeddings(
            rng.normal(size=(len(log.users), 4)).astype(np.float32),
            rng.normal(size=(len(log.items), 4)).astype(np.float32),
        )
        if embeddings
        else None,
        encoder=None,
        seed=0,
        cutoff=None,
        models={},
        metrics={},
    )


@contextmanager
def serving(app: FastAPI) -> Iterator[httpx.Client]:
    """A client of `app` behind a real server, so that paths arrive as they do in production."""
    config = uvicorn.Config(
        app, port=0, lifespan="on", log_config=None, server_header=False, proxy_headers=False
    )
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(STOPPED_SECONDS)
        assert not thread.is_alive(), "the server does not stop"


def error(response: httpx.Response, status: int, code: str, field: str | None = None) -> str:
    """The message of an error, whose shape is checked."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    assert set(response.json()) == {"error"}
    detail = response.json()["error"]
    assert set(detail) == {"code", "message", "field"}
    assert (detail["code"], detail["field"]) == (code, field)
    return detail["message"]


def figures(client: httpx.Client) -> dict[tuple[str, ...], float]:
    """By name and labels, in the order of their names."""
    families = text_string_to_metric_families(client.get("/metrics").text)
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def read_by_fastapi(app: FastAPI) -> FastAPI:
    """The same application, all of whose requests FastAPI reads."""
    for at, route in enumerate(app.router.routes):
        if isinstance(route, APIRoute) and type(route) is not APIRoute:
            app.router.routes[at] = APIRoute(
                route.path, route.endpoint, methods=route.methods, openapi_extra=route.openapi_extra
            )
    return app


def break_(folder: Path, version: str) -> None:
    (folder / version / "items.json").write_text("[]")


def until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.01)
