"""The loop that reads a stream into a store: each message once, whatever ends it in between.

How far a stream was read is stored together with what was read, in one transaction, and a batch
that begins elsewhere than the store says is refused. So whoever ends, and whenever, the next one
reads on from where the store is; and of two who read the same, one is refused and waits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from time import monotonic, time_ns
from typing import TypeAlias, TypeVar

from graphrec.ingest.streams.batches import Read, Reading, read_batch
from graphrec.ingest.streams.protocol import Letter, Message, Stream
from graphrec.ingest.streams.step import Step, together

from graphrec.data import Interactions
from graphrec.errors import DataError, StoreError, StreamMoved
from graphrec.store import GraphStore

LIMIT = 20_000
"""Messages of a batch."""

WAIT = 0.5
"""Seconds that a poll waits for a message."""

STANDBY = 2.0
"""Seconds that a reader waits who was refused twice, since another one reads the same."""

RETRY = 1.0
"""Seconds until a store is tried again that does not answer."""

ALL_WRONG = 100
"""Messages from the first on, all of them wrong, at which reading stops: it is the mapping."""

Stop: TypeAlias = Callable[[float], bool]
"""Waits some seconds, or until it is time to end; whether it is."""

Result = TypeVar("Result")


@dataclass(frozen=True)
class Work:
    """What a loop works with."""

    stream: Stream
    store: GraphStore
    reading: Reading
    forget: Callable[[Sequence[str]], object]
    """Deletes users, wherever anything of them is."""
    report: Callable[[Step], object]
    stop: Stop


class _EndedError(Exception):
    """It was time to end while the store was away."""


def consume(work: Work, limit: int = LIMIT, wait: float = WAIT) -> None:
    """Read the stream into the store until `stop` says so.

    A batch is up to `limit` messages; nothing is read while one is written, so that a slow store
    slows the reading. Raises StreamError, and DataError where nothing that came could be used.
    """
    try:
        _read_on(work, limit, wait)
    except _EndedError:
        return


def _read_on(work: Work, limit: int, wait: float) -> None:
    held = _positions(work)
    moved = right = 0
    while not work.stop(0):
        messages = work.stream.poll(limit, wait)
        if not messages:
            work.report(Step(lag=work.stream.lag()))
            continue
        try:
            step = _store(work, messages, held, checked=right > 0)
        except StreamMoved:
            work.report(Step("moved"))
            moved += 1
            if moved > 1 and work.stop(STANDBY):
                return
            held = _positions(work)
            behind = {message.partition for message in messages} & held.keys()
            work.stream.seek({partition: held[partition] for partition in behind})
            continue
        moved = 0
        right += step.messages - step.rejected
        held = {**held, **_after(messages)}
        work.stream.commit(_after(messages))
        work.report(replace(step, lag=work.stream.lag()))


def _store(work: Work, messages: Sequence[Message], held: Mapping[str, str], checked: bool) -> Step:
    """Store what messages say; those that the store refuses are parted until one is alone.

    Unless it was `checked` that some can be used, raises DataError for many of which none can.
    Raises StreamMoved where somebody else has read them.
    """
    began = monotonic()
    read = _patiently(work, lambda: read_batch(messages, work.reading, work.store, held))
    if not checked and len(read.letters) == len(messages) >= ALL_WRONG:
        raise DataError(
            f"the first {len(messages):,} messages of the stream cannot be used: "
            f"{read.letters[0].reason}; see that --format and --map say what the messages are. "
            f"None of them was passed over"
        )
    try:
        return _written(work, messages, read, began)
    except DataError as error:
        if len(messages) == 1:
            batch = replace(_nothing(read), letters=(Letter(messages[0], str(error)),))
            return _written(work, messages, batch, began)
    middle = len(messages) // 2
    first = _store(work, messages[:middle], held, checked=True)
    held = {**held, **_after(messages[:middle])}
    return together(first, _store(work, messages[middle:], held, checked=True))


def _written(work: Work, messages: Sequence[Message], read: Read, began: float) -> Step:
    if read.letters or read.forgotten:
        # What cannot be taken back is done only by who is where the store is.
        now = _positions(work)
        for partition, move in read.batch.moves.items():
            if now.get(partition) != move.before:
                raise StreamMoved(read.batch.stream, partition, move.before, now.get(partition))
        work.stream.reject(read.letters)
        if read.forgotten:
            _patiently(work, lambda: work.forget(read.forgotten))
    new = _patiently(work, lambda: work.store.write_batch(read.batch))
    oldest = min(message.time for message in messages)
    return Step(
        "written",
        len(messages),
        len(read.batch.events),
        new,
        read.nodes,
        len(read.letters),
        read.ignored,
        monotonic() - began,
        max(time_ns() // 1_000_000 - oldest, 0) / 1000,
        reason=read.letters[0].reason if read.letters else None,
    )


def _nothing(read: Read) -> Read:
    """The same positions, and nothing that is stored."""
    batch = replace(
        read.batch, deleted_items=(), nodes=(), taken_back=(), events=Interactions.of([], [])
    )
    return replace(read, batch=batch, forgotten=(), nodes=0, ignored={})


def _after(messages: Sequence[Message]) -> dict[str, str]:
    """The positions after messages."""
    return {message.partition: message.after for message in messages}


def _positions(work: Work) -> Mapping[str, str]:
    """How far the store says that the stream was read."""
    return _patiently(work, lambda: work.store.stream_positions(work.reading.stream))


def _patiently(work: Work, ask: Callable[[], Result]) -> Result:
    """What the store answers, however long it is away; raises _EndedError where it is time to."""
    while True:
        try:
            return ask()
        except StoreError as error:  # noqa: PERF203
            work.report(Step("away", reason=str(error)))
            if work.stop(RETRY):
                raise _EndedError from None
