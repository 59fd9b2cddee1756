"""A stream in memory: a broker whose partitions are lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import orjson
from graphrec.ingest.streams.address import Address, Role
from graphrec.ingest.streams.batches import Reading
from graphrec.ingest.streams.consume import Work, consume
from graphrec.ingest.streams.open import reading_of
from graphrec.ingest.streams.protocol import Letter, Message
from graphrec.ingest.streams.step import Step

from graphrec.settings import Settings
from graphrec.store import GraphStore

NOON = 1_700_000_000_000


@dataclass
class Log:
    """What a broker keeps."""

    partitions: dict[str, list[Message]] = field(default_factory=dict)
    letters: list[Letter] = field(default_factory=list)

    def add(
        self,
        value: object,
        topic: str = "clicks",
        key: bytes | None = None,
        partition: int = 0,
        headers: Mapping[str, bytes] | None = None,
        time: int | None = None,
    ) -> None:
        name = f"{topic}/{partition}"
        of = self.partitions.setdefault(name, [])
        text = value if isinstance(value, bytes) or value is None else orjson.dumps(value)
        at = len(of)
        moment = NOON + at if time is None else time
        of.append(Message(topic, name, str(at), str(at + 1), key, text, moment, headers or {}))


class MemoryStream:
    """A reader of a log."""

    def __init__(self, log: Log, positions: Mapping[str, str]) -> None:
        self._log = log
        self._at = {name: int(positions.get(name, 0)) for name in log.partitions}

    def poll(self, limit: int, seconds: float) -> Sequence[Message]:
        found: list[Message] = []
        for name, messages in self._log.partitions.items():
            at = self._at.setdefault(name, 0)
            some = messages[at : at + limit - len(found)]
            self._at[name] += len(some)
            found += some
        return found

    def seek(self, positions: Mapping[str, str]) -> None:
        self._at.update((name, int(at)) for name, at in positions.items())

    def commit(self, positions: Mapping[str, str]) -> None: ...

    def reject(self, letters: Sequence[Letter]) -> None:
        self._log.letters += letters

    def lag(self) -> int:
        return sum(len(of) - self._at.get(name, 0) for name, of in self._log.partitions.items())

    def close(self) -> None: ...


def reading(form: str = "json", settings: Settings | None = None, **options: object) -> Reading:
    """Clicks are events, products items and customers users."""
    topics: dict[str, Role] = {"clicks": "event", "products": "item", "customers": "user"}
    address = Address("kafka", ("localhost",), topics)
    return reading_of(address, settings or Settings(), form, **options)  # type: ignore[arg-type]


def consumed(
    log: Log,
    store: GraphStore,
    how: Reading | None = None,
    limit: int = 5_000,
    forget: Callable[[Sequence[str]], object] | None = None,
    start: Mapping[str, str] | None = None,
) -> list[Step]:
    """Read a log to its end; the steps."""
    how = how or reading()
    steps: list[Step] = []

    def forget_all(users: Sequence[str]) -> None:
        for user in users:
            store.forget_user(user)

    positions = store.stream_positions(how.stream) if start is None else start
    work = Work(
        MemoryStream(log, positions),
        store,
        how,
        forget or forget_all,
        steps.append,
        lambda _: bool(steps) and steps[-1].result == "idle",
    )
    consume(work, limit)
    return [step for step in steps if step.result != "idle"]
