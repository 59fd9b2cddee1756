"""JetStream of NATS: a subject is a partition, and every reader of it reads all.

The client is of asyncio: it has a thread of its own, so that the server's questions whether it is
there are answered while the store is written.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime, timezone
from threading import Thread
from typing import Any, TypeVar

import nats as client
from graphrec.ingest.streams.address import Address
from graphrec.ingest.streams.outage import Outage
from graphrec.ingest.streams.protocol import Letter, Message, Start
from nats.errors import Error as ClientError
from nats.errors import TimeoutError as NothingYet
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, StreamConfig
from nats.js.errors import Error as RefusedError
from nats.js.errors import NotFoundError

from graphrec.errors import StreamError

logger = logging.getLogger(__name__)

SECONDS = 30.0
"""How long the server may take for one answer."""

IDLE = 300.0
"""Seconds after which the server forgets a reader that has gone."""

Result = TypeVar("Result")


class NatsStream:
    """Subjects, each read by its sequence from a position of the store's."""

    def __init__(
        self, address: Address, positions: Callable[[], Mapping[str, str]], start: Start
    ) -> None:
        self._address = address
        self._loop = asyncio.new_event_loop()
        Thread(target=self._loop.run_forever, name="nats", daemon=True).start()
        self._start = start
        self._outage = Outage(f"NATS at {address.hosts[0]}")
        self._readers: dict[str, Any] = {}
        self._read: dict[str, int] = {}
        self._pending: dict[str, int] = {}
        self._last: dict[str, int] = {}
        try:
            self._client = self._run(_connected(address))
            self._js = self._client.jetstream(timeout=SECONDS)
            stored = positions() if start == "stored" else {}
            for subject in address.topics:
                if subject in stored:
                    self._run(self._open(subject, int(stored[subject])))
                else:
                    self._run(self._open(subject, None, start))
        except (ClientError, RefusedError, OSError) as error:
            self.close()
            raise StreamError(
                f"NATS at {address.hosts[0]} refuses: {type(error).__name__} {error}; expected "
                f"JetStream and a stream that has the subjects {', '.join(address.topics)}"
            ) from error

    def poll(self, limit: int, seconds: float) -> Sequence[Message]:
        """The next messages; none where none come, or the server is away."""
        found: list[Message] = []
        wait = seconds / len(self._readers)
        for subject in [*self._readers]:
            try:
                fetched = self._run(self._readers[subject].fetch(limit, timeout=max(wait, 0.05)))
            except (NothingYet, asyncio.TimeoutError):
                continue
            except NotFoundError as error:
                raise StreamError(f"the stream of {subject!r} is gone: {error}") from error
            except (ClientError, RefusedError, OSError) as error:
                self._outage.began(f"{type(error).__name__} {error}")
                self._reopen(subject)
                continue
            self._outage.over()
            messages = [_message(subject, each) for each in fetched]
            # After a break of the connection the server may have sent what nobody got.
            expected = self._read.get(subject)
            if messages:
                consumed = int(fetched[0].metadata.sequence.consumer)
                if expected is not None and consumed != expected + 1:
                    self._reopen(subject)
                    continue
                self._read[subject] = int(fetched[-1].metadata.sequence.consumer)
                self._pending[subject] = int(fetched[-1].metadata.num_pending)
                self._last[subject] = int(messages[-1].after)
            found += messages
        return found

    def seek(self, positions: Mapping[str, str]) -> None:
        """Read on from positions, by other readers."""
        for subject, at in positions.items():
            if subject in self._readers:
                self._run(self._open(subject, int(at)))

    def commit(self, positions: Mapping[str, str]) -> None:
        """Nothing: the positions are in the store alone."""

    def reject(self, letters: Sequence[Letter]) -> None:
        """Publish letters to the subject of dead letters, each acknowledged."""
        if letters:
            try:
                self._run(self._publish(letters))
            except (ClientError, RefusedError, OSError) as error:
                raise StreamError(
                    f"dead letters cannot be sent to {self._address.dead_letters!r}: {error}; "
                    f"expected a stream that has the subject"
                ) from error

    def lag(self) -> int | None:
        """Messages that are there and were not read."""
        return sum(self._pending.values())

    def close(self) -> None:
        """Close the connection."""
        if hasattr(self, "_client"):
            try:
                self._run(self._client.close())
            except (ClientError, OSError, asyncio.TimeoutError) as error:
                logger.debug("NATS: %s", error)
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _reopen(self, subject: str) -> None:
        at = self._last.get(subject)
        try:
            self._run(self._open(subject, at, self._start))
        except (ClientError, RefusedError, OSError, asyncio.TimeoutError) as error:
            logger.debug("NATS: %s", error)

    async def _open(self, subject: str, at: int | None, start: Start = "beginning") -> None:
        """Another reader of a subject, from a sequence, or from where `start` says."""
        stream = await self._js.find_stream_name_by_subject(subject)
        state = (await self._js.stream_info(stream)).state
        if at is not None and at > state.last_seq + 1:
            raise StreamError(
                f"stream {stream!r} has {state.last_seq:,} messages and was read up to {at - 1:,}: "
                f"expected the stream that was read before; `--from beginning` reads this one"
            )
        if at is not None and 0 < at < state.first_seq:
            logger.warning(
                "stream %s keeps nothing before %s, and %s was read up to %s: what was in between "
                "is gone",
                *(stream, state.first_seq, subject, at - 1),
            )
        chosen: dict[str, Any] = {"deliver_policy": DeliverPolicy.ALL}
        if at is not None:
            chosen = {
                "deliver_policy": DeliverPolicy.BY_START_SEQUENCE,
                "opt_start_seq": max(at, 1),
            }
        elif start == "end":
            chosen = {"deliver_policy": DeliverPolicy.NEW}
        elif isinstance(start, int):
            moment = datetime.fromtimestamp(start / 1000, timezone.utc)
            chosen = {
                "deliver_policy": DeliverPolicy.BY_START_TIME,
                "opt_start_time": moment,
            }
        config = ConsumerConfig(
            ack_policy=AckPolicy.NONE, inactive_threshold=IDLE, max_ack_pending=-1, **chosen
        )
        before = self._readers.pop(subject, None)
        if before is not None:
            await before.unsubscribe()
        self._readers[subject] = await self._js.pull_subscribe(
            subject, durable=None, stream=stream, config=config
        )
        self._read[subject] = 0
        info = await self._readers[subject].consumer_info()
        self._pending[subject] = info.num_pending or 0
        if at is not None:
            self._last[subject] = at

    async def _publish(self, letters: Sequence[Letter]) -> None:
        subject = self._address.dead_letters
        try:
            await self._js.find_stream_name_by_subject(subject)
        except NotFoundError:
            name = "".join(each if each.isalnum() else "_" for each in subject)
            await self._js.add_stream(StreamConfig(name=name, subjects=[subject]))
        for each in letters:
            headers = {n: v.decode("utf-8", "replace") for n, v in each.headers.items()}
            # A header of NATS is one line.
            headers = {n: " ".join(text.split()) for n, text in headers.items()}
            await self._js.publish(subject, each.message.value or b"", headers=headers)

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(SECONDS * 2)


def open_stream(
    address: Address, positions: Callable[[], Mapping[str, str]], start: Start
) -> NatsStream:
    """The subjects of an address; raises StreamError where the server does not answer."""
    return NatsStream(address, positions, start)


async def _connected(address: Address) -> Any:
    async def quiet(error: Exception) -> None:
        logger.debug("NATS: %s", error)

    return await client.connect(
        servers=[f"nats://{host}" for host in address.hosts],
        user=address.user,
        password=address.password,
        error_cb=quiet,
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.5,
        connect_timeout=5,
        allow_reconnect=True,
    )


def _message(subject: str, found: Any) -> Message:
    sequence = found.metadata.sequence.stream
    headers = {name: text.encode() for name, text in (found.headers or {}).items()}
    key = headers.pop("key", None)
    moment = int(found.metadata.timestamp.timestamp() * 1000)
    return Message(
        subject, subject, str(sequence), str(sequence + 1), key, found.data, moment, headers
    )
