"""A service with a store behind it: events that are sent, and the lists they lead to."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from graphrec.api.app import create_app
from graphrec.api.live.store import OPENING

from graphrec.data import Attribute, Interactions, Vocabulary
from graphrec.settings import ServeSettings, Settings
from graphrec.snapshot.registry import publish
from graphrec.store import GraphStore
from graphrec.store.sqlite.store import SQLiteStore
from tests.support.service import LIKES, TITLES, serving, tiny_snapshot

PATIENCE = 120
"""Seconds, for a server that starts on a machine that has other work to do."""


def fill(store: GraphStore) -> None:
    """What the snapshot has, and someone who came since."""
    likes = [*LIKES.items(), ("new", ["alien", "brazil"])]
    pairs = [(user, item) for user, items in likes for item in items]
    store.write_events(Interactions.of([u for u, _ in pairs], [i for _, i in pairs]))
    titles = Attribute("text", tuple(TITLES.values()))
    store.write_nodes("item", Vocabulary(tuple(TITLES)), {"title": titles})


def readiness(client: httpx.Client, status: str) -> dict[str, Any]:
    """The answer to whether the service is ready, once it is as expected; 200 all the time."""
    until = time.monotonic() + PATIENCE
    while True:
        response = client.get("/health/ready")
        assert response.status_code == 200, response.text
        body = response.json()
        assert (body["status"] == "ready") == (set(body["parts"].values()) == {"ready"})
        if body["status"] == status and body["parts"]["store"] != OPENING:
            return body
        assert time.monotonic() < until, body
        time.sleep(0.02)


NOW = 1_700_000_000_000


def settings_in(folder: Path) -> Settings:
    """Of a snapshot and a store that holds what the snapshot was made of."""
    with SQLiteStore(folder / "graph.db", Settings().kinds) as store:
        fill(store)
        publish_at(store.position(), folder / "snapshots")
    return Settings(
        store=f"sqlite:///{folder / 'graph.db'}",
        snapshots=folder / "snapshots",
        serve=ServeSettings(max_events=3),
    )


def publish_at(position: int, folder: Path) -> str:
    snapshot = tiny_snapshot()
    return publish(
        replace(snapshot, manifest=replace(snapshot.manifest, position=position)), folder
    )


@contextmanager
def served(settings: Settings) -> Iterator[httpx.Client]:
    with serving(create_app(settings, retry_seconds=0.05, store=settings.store)) as client:
        readiness(client, "ready")
        yield client


def event(user: str, item: str, kind: str = "view", **more: Any) -> dict[str, Any]:
    return {"user": user, "item": item, "kind": kind, "time": NOW, **more}


def send(client: httpx.Client, *events: dict[str, Any]) -> None:
    response = client.post("/v1/events", json={"events": events})
    assert (response.status_code, response.json()["accepted"]) == (200, len(events))


def listed(client: httpx.Client, user: str, **query: Any) -> list[dict[str, Any]]:
    response = client.get(f"/v1/users/{quote(user, safe='')}/recommendations", params=query)
    assert response.status_code == 200, response.text
    return response.json()["recommendations"]


def items(client: httpx.Client, user: str, **query: Any) -> list[str]:
    return [each["item"] for each in listed(client, user, **query)]


def wait_until(holds: Callable[[], bool], seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)
