"""Streams of Redis 7 or later: a key is a partition, and every reader of it reads all.

A position is the id of an entry and how many entries were before it, so that what was trimmed
unread is found out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
import redis as client
from graphrec.ingest.streams.address import Address
from graphrec.ingest.streams.outage import Outage
from graphrec.ingest.streams.protocol import Letter, Message, Start

from graphrec.errors import StreamError

VALUES = (b"value", b"data", b"payload")
"""Fields that hold a message; without one, the fields of an entry are the message."""

PAGE = 10_000


class RedisStream:
    """Keys of streams, each read from a position of the store's."""

    def __init__(
        self, address: Address, positions: Callable[[], Mapping[str, str]], start: Start
    ) -> None:
        self._address = address
        self._redis = client.Redis.from_url(_url(address), socket_timeout=30)
        self._outage = Outage(f"Redis at {address.hosts[0]}")
        self._at: dict[str, str] = {}
        stored = positions() if start == "stored" else {}
        try:
            for key in address.topics:
                self._at[key] = stored.get(key) or self._beginning(key, start)
                self._refuse_lost(key)
        except client.RedisError as error:
            raise StreamError(f"Redis at {address.hosts[0]} refuses: {error}") from error

    def poll(self, limit: int, seconds: float) -> Sequence[Message]:
        """The next entries; none where none come, or the server is away."""
        wanted: Any = {key: at.partition("@")[0] for key, at in self._at.items()}
        try:
            found: Any = self._redis.xread(wanted, limit, max(int(seconds * 1000), 1))
        except (client.ConnectionError, client.TimeoutError) as error:
            self._outage.began(error)
            time.sleep(min(seconds, 0.5))
            return ()
        except client.ResponseError as error:
            raise StreamError(f"Redis refuses: {error}; expected keys of streams") from error
        self._outage.over()
        messages: list[Message] = []
        pages = found.items() if isinstance(found, dict) else found
        for name, page in pages:
            key = name.decode()
            entries = page[0] if isinstance(found, dict) else page
            number = int(self._at[key].partition("@")[2])
            for entry_id, fields in entries:
                number += 1
                messages.append(_message(key, entry_id.decode(), number, fields))
            if entries:
                self._at[key] = messages[-1].after
        return messages

    def seek(self, positions: Mapping[str, str]) -> None:
        """Read on from positions."""
        self._at.update({key: at for key, at in positions.items() if key in self._at})

    def commit(self, positions: Mapping[str, str]) -> None:
        """Nothing: the positions are in the store alone."""

    def reject(self, letters: Sequence[Letter]) -> None:
        """Add letters to the stream of dead letters."""
        pipe = self._redis.pipeline()
        for each in letters:
            message, value = each.message, each.message.value or b""
            fields: Any = {**each.headers, "key": message.key or b"", "value": value}
            pipe.xadd(self._address.dead_letters, fields)
        try:
            pipe.execute()
        except client.RedisError as error:
            raise StreamError(f"dead letters cannot be kept in Redis: {error}") from error

    def lag(self) -> int | None:
        """Entries that are there and were not read."""
        try:
            ahead = [self._added(key) - int(at.partition("@")[2]) for key, at in self._at.items()]
        except client.RedisError:
            return None
        return max(sum(ahead), 0)

    def close(self) -> None:
        """Close the connection."""
        self._redis.close()

    def _info(self, key: str) -> Mapping[str, Any]:
        if not self._redis.exists(key):
            return {}
        return dict(self._redis.xinfo_stream(key))

    def _added(self, key: str) -> int:
        return int(self._info(key).get("entries-added", 0))

    def _beginning(self, key: str, start: Start) -> str:
        info = self._info(key)
        added, length = int(info.get("entries-added", 0)), int(info.get("length", 0))
        if start == "end":
            last = bytes(info.get("last-generated-id", b"0-0")).decode()
            return f"{last}@{added}"
        if isinstance(start, int):
            return f"{start - 1}-{2**64 - 1}@{added - self._since(key, start)}"
        return f"0-0@{added - length}"

    def _since(self, key: str, start: int) -> int:
        count, low = 0, f"{start}-0"
        while page := list[Any](self._redis.xrange(key, low, "+", PAGE) or ()):
            count += len(page)
            low = f"({bytes(page[-1][0]).decode()}"
        return count

    def _refuse_lost(self, key: str) -> None:
        """Raise StreamError where entries were trimmed before they were read."""
        info, read = self._info(key), int(self._at[key].partition("@")[2])
        added, length = int(info.get("entries-added", 0)), int(info.get("length", 0))
        if read > added:
            raise StreamError(
                f"stream {key!r} has {added:,} entries of which {read:,} were read: expected the "
                f"stream that was read before; `--from beginning` reads this one"
            )
        if read < added - length:
            raise StreamError(
                f"stream {key!r} was trimmed: {added - length - read:,} entries that were not read "
                f"are gone; expected them to be kept until they are; `--from beginning` goes on "
                f"with what is there"
            )


def open_stream(
    address: Address, positions: Callable[[], Mapping[str, str]], start: Start
) -> RedisStream:
    """The keys of an address; raises StreamError where the server does not answer."""
    return RedisStream(address, positions, start)


def _message(key: str, entry_id: str, number: int, fields: Mapping[bytes, bytes]) -> Message:
    held = next((name for name in VALUES if name in fields), None)
    if held is None:
        own = {n.decode(): v.decode("utf-8", "replace") for n, v in fields.items()}
        value = orjson.dumps(own)
        headers: Mapping[str, bytes] = {}
    else:
        value = fields[held]
        headers = {n.decode(): v for n, v in fields.items() if n not in (held, b"key")}
    after = f"{entry_id}@{number}"
    moment = int(entry_id.partition("-")[0])
    return Message(key, key, entry_id, after, fields.get(b"key"), value, moment, headers)


def _url(address: Address) -> str:
    login = ""
    if address.user or address.password:
        login = f"{address.user or ''}:{address.password or ''}@"
    database = address.options.get("db", "0")
    return f"{address.scheme}://{login}{address.hosts[0]}/{database}"
