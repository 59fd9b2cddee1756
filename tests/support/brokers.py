"""Brokers for tests: `scripts/brokers` on folders and ports of their own."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.neo4j_server import free_port
from tests.support.paths import ROOT

SCRIPT = ROOT / "scripts" / "brokers"
SECONDS = 60
"""A broker of another language, on a machine that has other work."""


@dataclass
class Broker:
    """A broker of one kind, which can be killed and started again on its data."""

    kind: str
    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, *topics: str) -> str:
        return f"{self.kind}://{self.host}/{','.join(topics)}"

    def start(self) -> None:
        log = (self.folder / "log").open("ab")
        command = [SCRIPT, "run", self.kind, self.folder / "data", str(self.port)]
        self.process = subprocess.Popen(command, stdout=log, stderr=log)
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            assert self.process.poll() is None, (self.folder / "log").read_text()[-2000:]
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.1)
        raise AssertionError(f"{self.kind} did not answer: {(self.folder / 'log').read_text()}")

    def kill(self) -> None:
        """As a crash would: nothing is flushed or said."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def send(self, topic: str, values: Sequence[bytes | None], keys: Sequence[str] = ()) -> None:
        """Messages, acknowledged."""
        {"kafka": self._kafka, "nats": self._nats, "redis": self._redis}[self.kind](
            topic, values, keys or [str(number) for number in range(len(values))]
        )

    def letters(self, topic: str) -> list[tuple[bytes, str]]:
        """The dead letters, with the reason of each."""
        return {"kafka": self._kafka_letters, "nats": self._nats_letters,
                "redis": self._redis_letters}[self.kind](topic)  # fmt: skip

    def _kafka(self, topic: str, values: Sequence[bytes | None], keys: Sequence[str]) -> None:
        from confluent_kafka import Producer

        producer = Producer({"bootstrap.servers": self.host, "log_level": 0})
        for value, key in zip(values, keys, strict=True):
            producer.produce(topic, value, key)
        assert producer.flush(SECONDS) == 0

    def _kafka_letters(self, topic: str) -> list[tuple[bytes, str]]:
        from confluent_kafka import Consumer, TopicPartition

        consumer = Consumer({"bootstrap.servers": self.host, "group.id": "letters"})
        consumer.assign([TopicPartition(topic, 0, 0)])
        _, high = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=SECONDS)
        found = consumer.consume(high, SECONDS) if high else []
        consumer.close()
        return [(m.value(), dict(m.headers())["graphrec-reason"].decode()) for m in found]

    def _redis(self, topic: str, values: Sequence[bytes | None], keys: Sequence[str]) -> None:
        import redis

        with redis.Redis(port=self.port) as client:
            pipe = client.pipeline()
            for value, key in zip(values, keys, strict=True):
                pipe.xadd(topic, {"key": key, "value": value or b""})
            pipe.execute()

    def _redis_letters(self, topic: str) -> list[tuple[bytes, str]]:
        import redis

        with redis.Redis(port=self.port) as client:
            found = client.xrange(topic)
        return [(of[b"value"], of[b"graphrec-reason"].decode()) for _, of in found]

    def _nats(self, topic: str, values: Sequence[bytes | None], keys: Sequence[str]) -> None:
        import nats
        from nats.js.errors import NotFoundError

        async def send() -> None:
            client = await nats.connect(f"nats://{self.host}")
            stream = client.jetstream()
            try:
                await stream.find_stream_name_by_subject(topic)
            except NotFoundError:
                await stream.add_stream(name=topic.upper(), subjects=[topic])
            for value, key in zip(values, keys, strict=True):
                await client.publish(topic, value or b"", headers={"key": key})
            await client.flush()
            await client.close()

        asyncio.run(send())

    def _nats_letters(self, topic: str) -> list[tuple[bytes, str]]:
        import nats

        async def read() -> list[tuple[bytes, str]]:
            client = await nats.connect(f"nats://{self.host}")
            reader = await client.jetstream().pull_subscribe(topic, None)
            found = await reader.fetch(100, timeout=2)
            await client.close()
            return [(m.data, m.headers["graphrec-reason"]) for m in found]

        return asyncio.run(read())


def open_broker(kind: str, folder: Path) -> Broker:
    """A broker that runs; the test is skipped where there can be none, and fails in CI."""
    check = subprocess.run([SCRIPT, "check", kind], capture_output=True, text=True, check=False)
    if check.returncode:
        lacking = check.stderr.strip().removeprefix("error: ")
        if os.environ.get("CI"):
            pytest.fail(f"{kind} must be tested in CI: {lacking}")
        pytest.skip(f"{kind} is not tested: {lacking}")
    found = Broker(kind, folder)
    found.start()
    return found
