"""What a broker does for the loop that consumes it: one protocol, a module for each broker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, Protocol, TypeAlias

Start: TypeAlias = Literal["stored", "beginning", "end"] | int
"""Where reading begins: where the store says, at either end, or at a time in milliseconds since
1970. Where the store says nothing, at the beginning."""


class Message(NamedTuple):
    """A message as the broker gives it."""

    topic: str
    """As it was subscribed to."""
    partition: str
    """What is read in order, by a name that no other partition of the stream has."""
    position: str
    """Where it is in its partition."""
    after: str
    """The position to read on from."""
    key: bytes | None
    value: bytes | None
    """None, or empty, for a tombstone: what the key names was deleted."""
    time: int
    """When the broker got it, in milliseconds since 1970."""
    headers: Mapping[str, bytes] = {}


class Letter(NamedTuple):
    """A message that cannot be used, and why."""

    message: Message
    reason: str

    @property
    def headers(self) -> Mapping[str, bytes]:
        """Those of the message, and where it was and what is wrong with it."""
        message = self.message
        said = {
            "graphrec-reason": self.reason,
            "graphrec-topic": message.topic,
            "graphrec-partition": message.partition,
            "graphrec-position": message.position,
            "graphrec-time": str(message.time),
        }
        return {**message.headers, **{name: text.encode() for name, text in said.items()}}


class Stream(Protocol):
    """Messages of some topics, in the order of each partition.

    It reads on from where the store says, and not from what the broker has noted. Every method
    raises StreamError where the broker refuses; while it is merely away, `poll` gives nothing.
    """

    def poll(self, limit: int, seconds: float) -> Sequence[Message]:
        """The next messages, up to `limit`; none where none come within some seconds."""
        ...

    def seek(self, positions: Mapping[str, str]) -> None:
        """Read on from these positions, of partitions that this reader has."""
        ...

    def commit(self, positions: Mapping[str, str]) -> None:
        """Tell the broker how far the store has got, for those who look there."""
        ...

    def reject(self, letters: Sequence[Letter]) -> None:
        """Put letters where dead letters go; they are durable when it returns."""
        ...

    def lag(self) -> int | None:
        """Messages that are there and were not read; None where nobody knows."""
        ...

    def close(self) -> None:
        """Leave the broker."""
        ...
