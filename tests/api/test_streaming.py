"""A service that reads a stream: the next list knows what came, and it says how that goes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import orjson
import pytest
from graphrec.api.app import create_app
from graphrec.api.service import open_service

from graphrec.errors import SettingsError
from graphrec.settings import Settings, StreamSettings
from scripts.benchmark.load.broker import Broker
from tests.support.brokers import letters, open_broker
from tests.support.live import PATIENCE, listed, settings_in
from tests.support.service import serving

pytestmark = pytest.mark.slow
"""A broker, and a process that reads it."""


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    pytest.importorskip("redis")
    found = open_broker("redis", tmp_path_factory.mktemp("redis"))
    yield found
    found.kill()


def streaming(folder: Path, url: str, **more: object) -> Settings:
    stream = StreamSettings(url=url, **more)  # type: ignore[arg-type]
    return settings_in(folder).model_copy(update={"stream": stream})


def part(client: httpx.Client, expected: str) -> None:
    """Wait until the stream is as expected."""
    until, found = time.monotonic() + PATIENCE, ""
    while time.monotonic() < until:
        found = client.get("/health/ready").json()["parts"]["stream"]
        if expected in found:
            return
        time.sleep(0.1)
    raise AssertionError(found)


def metric(client: httpx.Client, name: str) -> float:
    lines = client.get("/metrics").text.splitlines()
    return float(next(line.rsplit(" ", 1)[1] for line in lines if line.startswith(name)))


def test_what_comes_by_the_stream_is_in_the_next_list(redis: Broker, tmp_path: Path) -> None:
    settings = streaming(tmp_path, redis.url("clicks"), items="products")
    app = create_app(settings, retry_seconds=0.5, store=settings.store)
    with serving(app) as client:
        part(client, "ready")
        before = [row["item"] for row in listed(client, "zoe", k=3)]
        assert before[0] == "hit"
        seen = [{"user": "zoe", "item": item, "event": "like"} for item in ("alien", "hit")]
        redis.send("products", [orjson.dumps({"id": "fresh", "name": "Fresh", "price": 3})])
        redis.send("clicks", [*map(orjson.dumps, seen), b"{oops"])
        until = time.monotonic() + PATIENCE
        while "hit" in (after := [row["item"] for row in listed(client, "zoe", k=3)]):
            assert time.monotonic() < until, after
            time.sleep(0.05)
        assert "alien" not in after
        assert client.get("/v1/items/fresh").json()["title"] == "Fresh"
        assert metric(client, 'graphrec_stream_messages_total{result="written"}') == 3
        assert metric(client, 'graphrec_stream_messages_total{result="rejected"}') == 1
        assert metric(client, "graphrec_stream_lag ") == 0
    assert letters(redis, "clicks.rejected")


def test_a_stream_that_cannot_be_read_is_said_and_lists_go_on(tmp_path: Path) -> None:
    settings = streaming(tmp_path, "redis://127.0.0.1:1/clicks")
    with serving(create_app(settings, retry_seconds=0.5, store=settings.store)) as client:
        part(client, "the stream is not read: Redis at 127.0.0.1:1 refuses")
        assert client.get("/health/ready").json()["status"] == "degraded"
        assert listed(client, "ann", k=1)


def test_a_stream_needs_a_store(tmp_path: Path) -> None:
    settings = streaming(tmp_path, "redis://127.0.0.1:1/clicks")

    async def opened() -> None:
        async with open_service(settings):
            raise AssertionError("it opens without a store")

    with pytest.raises(SettingsError, match=r"stream\.url is set, and the service has no graph"):
        asyncio.run(opened())
