"""Brokers for tests, and the dead letters in them."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from scripts.benchmark.load.broker import SECONDS, Broker, fetched, missing


def open_broker(kind: str, folder: Path) -> Broker:
    """A broker that runs.

    The test is skipped where it cannot be fetched, as without a network; where the tools to fetch
    or run it are missing, the test fails in CI.
    """
    lacking = missing(kind)
    if lacking and os.environ.get("CI"):
        pytest.fail(f"{kind} must be tested in CI: {lacking}")
    lacking = lacking or fetched(kind)
    if lacking:
        pytest.skip(f"{kind} is not tested: {lacking}")
    found = Broker(kind, folder)
    found.start()
    return found


def letters(broker: Broker, topic: str) -> list[tuple[bytes, str]]:
    """The dead letters of a topic, with the reason of each."""
    return {"kafka": _kafka, "nats": _nats, "redis": _redis}[broker.kind](broker, topic)


def _kafka(broker: Broker, topic: str) -> list[tuple[bytes, str]]:
    from confluent_kafka import Consumer, TopicPartition

    consumer = Consumer({"bootstrap.servers": broker.host, "group.id": "letters"})
    consumer.assign([TopicPartition(topic, 0, 0)])
    _, high = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=SECONDS)
    found = consumer.consume(high, SECONDS) if high else []
    consumer.close()
    return [(m.value(), dict(m.headers())["graphrec-reason"].decode()) for m in found]


def _redis(broker: Broker, topic: str) -> list[tuple[bytes, str]]:
    import redis

    with redis.Redis(port=broker.port) as client:
        found = client.xrange(topic)
    return [(of[b"value"], of[b"graphrec-reason"].decode()) for _, of in found]


def _nats(broker: Broker, topic: str) -> list[tuple[bytes, str]]:
    import nats

    async def read() -> list[tuple[bytes, str]]:
        client = await nats.connect(f"nats://{broker.host}")
        reader = await client.jetstream().pull_subscribe(topic, None)
        found = await reader.fetch(100, timeout=2)
        await client.close()
        return [(m.data, m.headers["graphrec-reason"]) for m in found]

    return asyncio.run(read())
