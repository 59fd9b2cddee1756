"""Brokers of `scripts/brokers`, in processes of their own, and what is sent to them."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from graphrec.errors import GraphrecError
from scripts.benchmark.load.process import free_port

SCRIPT = Path(__file__).resolve().parents[2] / "brokers"

SECONDS = 60
"""For a server of another language, on a machine that has other work."""


def missing(kind: str) -> str:
    """What a broker would need that is not there; empty where it can be started."""
    return _error_of("check", kind)


def fetched(kind: str) -> str:
    """Fetch a broker, once; why that cannot be, empty where it is there."""
    return _error_of("fetch", kind)


def _error_of(command: str, kind: str) -> str:
    done = subprocess.run(  # noqa: S603
        [str(SCRIPT), command, kind], capture_output=True, text=True, check=False
    )
    return done.stderr.strip().removeprefix("error: ") if done.returncode else ""


@dataclass
class Broker:
    """A broker of one kind, which can be killed and started again on its data."""

    kind: str
    folder: Path
    port: int = field(default_factory=partial(free_port, 2))
    """Kafka's controller has the next one."""
    process: subprocess.Popen[bytes] | None = None

    @property
    def host(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self.port}"

    def url(self, *topics: str) -> str:
        """The address of topics."""
        return f"{self.kind}://{self.host}/{','.join(topics)}"

    def start(self) -> None:
        """Start it, and wait until it listens; raises GraphrecError."""
        path = self.folder / "log"
        with path.open("ab") as log:
            data = str(self.folder / "data")
            command = [str(SCRIPT), "run", self.kind, data, str(self.port)]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603
        until = time.monotonic() + SECONDS
        while self.process.poll() is None and time.monotonic() < until:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.1)
        raise GraphrecError(f"{self.kind} does not answer: {path.read_text()[-2000:]}")

    def kill(self) -> None:
        """As a crash would: nothing is flushed or said."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def send(self, topic: str, values: Sequence[bytes], keys: Sequence[str] = ()) -> None:
        """Messages, acknowledged; by default each has its number for a key."""
        send = {"kafka": self._kafka, "nats": self._nats, "redis": self._redis}[self.kind]
        send(topic, values, keys or [str(number) for number in range(len(values))])

    def _kafka(self, topic: str, values: Sequence[bytes], keys: Sequence[str]) -> None:
        from confluent_kafka import Producer

        options = {"queue.buffering.max.messages": 1_000_000, "log_level": 0}
        producer = Producer({"bootstrap.servers": self.host, "linger.ms": 2, **options})
        for value, key in zip(values, keys, strict=True):
            producer.produce(topic, value, key)
        if producer.flush(SECONDS):
            raise GraphrecError("Kafka does not take what is sent")

    def _redis(self, topic: str, values: Sequence[bytes], keys: Sequence[str]) -> None:
        import redis

        with redis.Redis(port=self.port) as client:
            pipe = client.pipeline()
            for value, key in zip(values, keys, strict=True):
                pipe.xadd(topic, {"key": key, "value": value})
            pipe.execute()

    def _nats(self, topic: str, values: Sequence[bytes], keys: Sequence[str]) -> None:
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
                await client.publish(topic, value, headers={"key": key})
            await client.flush()
            await client.close()

        asyncio.run(send())
