"""What one connection may take before anything of its requests is looked at.

The protocol is uvicorn's, with limits: bytes and number of headers, seconds for a head, for a body
and for taking the answer, connections of one address and in all. A connection beyond a limit takes
the place of one that has not said a whole request yet, the one that has waited longest; where there
is none, it may ask for health alone. So neither endless heads nor many idle connections keep others
out (slow HTTP attacks; OWASP, "Denial of Service Cheat Sheet").
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NamedTuple

import httptools
from graphrec.api.errors import Code, error_answer
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from graphrec.settings import ServeSettings

RESERVE = 64
"""Connections above the most that may ask for health."""

FILES = 256
"""File descriptors that are left for all else: store, snapshots, logs."""

HEALTH = b"/health/"

FRAMING = 8
"""How many times as large as its bytes a chunked body may be on the wire."""

BODY_RATE = 16_384
"""Bytes a second that a body has to come with, beside its seconds."""


PIECE = 8192
"""Bytes that are parsed at once: some hundred of the smallest requests."""

PIPELINED = 16
"""Requests of one connection that wait for others before no more of it is parsed."""


class Refusal(NamedTuple):
    """An answer that is given before a request is looked at."""

    code: Code
    message: str

    @property
    def response(self) -> Response:
        """The answer, after which the connection ends."""
        headers = {"Connection": "close", "Retry-After": "1"}
        return error_answer(self.code, self.message, headers=headers)


TOO_LARGE = Refusal(
    "headers_too_large",
    "the headers are too large: expected at most 100, and no more bytes than "
    "serve.max_header_bytes says; send long lists in the body of a POST",
)
TOO_SLOW = Refusal(
    "too_slow", "the request did not come in time: expected all of it in seconds; send it again"
)
TOO_MANY = Refusal("overloaded", "there are too many connections: expected fewer; ask again in 1 s")


@dataclass(frozen=True)
class Limits:
    """Of one connection, and of all."""

    header_bytes: int = 32_768
    """Of the first line and the headers of a request."""
    headers: int = 100
    body_bytes: int = 2**20
    header_seconds: float = 10
    body_seconds: float = 30
    """For a body, and for the client to take any part of an answer."""
    connections: int = 4096
    of_one_address: int = 1024

    @classmethod
    def of(cls, settings: ServeSettings, files: int | None = None) -> Limits:
        """Those of the settings; connections at most what `files`, the most open ones, leave."""
        most = settings.max_connections
        if files is not None:
            most = max(min(most, files - FILES - RESERVE), 16)
        return cls(
            header_bytes=settings.max_header_bytes,
            body_bytes=settings.max_body_bytes,
            header_seconds=settings.header_seconds,
            body_seconds=settings.body_seconds,
            connections=most,
            of_one_address=max(most // 4, 1),
        )


class _Refused(Exception):  # noqa: N818
    """A request has more bytes or headers than are allowed."""


class LimitedProtocol(HttpToolsProtocol):
    """One connection, within limits."""

    limits = Limits()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.deadline: float | None = None
        """Loop time by which the head or the body has to be whole; None while it is answered."""
        self.waits = True
        """Whether no whole request has come that is not answered yet."""
        self.since = 0.0
        """Loop time since when it waits."""
        self.health_only = False
        self._address = ""
        self._unparsed: deque[bytes] = deque()
        self._begun = 0
        self._in_head = True
        self._head = 0
        self._message = 0
        self._count = 0
        self._unsent = (0, 0.0)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, in the place of one that waits where there are too many."""
        super().connection_made(transport)
        self._address = self.client[0] if self.client else ""
        self.since = self.loop.time()
        self.deadline = self.since + self.limits.header_seconds
        others: set[LimitedProtocol] = self.connections  # type: ignore[assignment]
        if len(others) > self.limits.connections:
            self.health_only = not _make_room(others, self)
        elif len(others) > self.limits.of_one_address:
            same = [each for each in others if each._address == self._address]
            if len(same) > self.limits.of_one_address:
                self.health_only = not _make_room(same, self)
        if self.health_only and len(others) > self.limits.connections + RESERVE:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take some bytes; those of requests that wait for many others are parsed later."""
        self._unset_keepalive_if_required()
        self._unparsed.extend(data[at : at + PIECE] for at in range(0, len(data), PIECE))
        self._parse_on()

    def _parse_on(self) -> None:
        while self._unparsed and len(self.pipeline) < PIPELINED and not self._is_closing:
            self._parse(self._unparsed.popleft())
        if self._unparsed:
            self.flow.pause_reading()

    @property
    def _is_closing(self) -> bool:
        return self.transport is None or self.transport.is_closing()

    def _parse(self, data: bytes) -> None:
        begun, in_head, head = self._begun, self._in_head, self._head
        try:
            self._message += len(data)
            if self._message > FRAMING * self.limits.body_bytes + self.limits.header_bytes:
                raise _Refused
            self.parser.feed_data(data)
            if in_head and self._in_head and self._begun - begun <= (not head):
                # All of it is of this head, with what the parser keeps of a header that is not
                # whole; other chunks hold whole requests as well.
                self._head = head + len(data)
                if self._head > self.limits.header_bytes:
                    raise _Refused
        except _Refused:
            self.refuse(TOO_LARGE)
        except httptools.HttpParserError as error:
            if isinstance(error.__context__, _Refused):
                self.refuse(TOO_LARGE)
            else:
                self.send_400_response("Invalid HTTP request received.")
        except httptools.HttpParserUpgrade:
            self._unsupported_upgrade_warning()

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._begun += 1
        self._in_head, self._head, self._message, self._count = True, 0, 0, 0
        self.deadline = self.loop.time() + self.limits.header_seconds

    def on_url(self, url: bytes) -> None:
        """Take a part of the path and the query."""
        super().on_url(url)
        if len(self.url) > self.limits.header_bytes:
            raise _Refused

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, of the head or of the trailer."""
        self._count += 1
        self._head += len(name) + len(value) + 4
        if self._count > self.limits.headers or self._head > self.limits.header_bytes:
            raise _Refused
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin to answer, or say that it cannot be done."""
        self._in_head, self._message, self.waits = False, 0, False
        length = dict(self.headers).get(b"content-length", b"0")
        size = min(int(length), self.limits.body_bytes) if length.isdigit() else 0
        self.deadline = self.loop.time() + self.limits.body_seconds + size / BODY_RATE
        path = self.url.partition(b"?")[0]
        if self.health_only and not path.startswith(HEALTH):
            self.app = _no_room
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is whole."""
        super().on_message_complete()
        self._in_head, self._head, self.deadline = True, 0, None

    def on_response_complete(self) -> None:
        """The answer is whole; the connection waits for another request, or is answered again."""
        if not self.pipeline:
            self.waits, self.since = True, self.loop.time()
        super().on_response_complete()
        self._parse_on()

    def check(self, now: float) -> None:
        """End the connection where it is over its time; called about every second."""
        if self._is_closing:
            return
        unsent = self.transport.get_write_buffer_size()
        if unsent and unsent == self._unsent[0]:
            if now - self._unsent[1] > self.limits.body_seconds:
                self.transport.abort()
        else:
            self._unsent = (unsent, now)
        if self.deadline is not None and now > self.deadline:
            if self._in_head and not self._head and self.waits:
                self.transport.close()  # nothing of a request has come
            else:
                self.refuse(TOO_SLOW)

    def refuse(self, refusal: Refusal) -> None:
        """Answer in the place of the application, where it has not begun to, and hang up."""
        self.deadline = None
        if self.cycle is not None and not self.cycle.response_complete:
            self.transport.abort()
            return
        answer = refusal.response
        head = [f"HTTP/1.1 {answer.status_code} {HTTPStatus(answer.status_code).phrase}".encode()]
        head += [name + b": " + value for name, value in answer.raw_headers]
        self.transport.write(b"\r\n".join([*head, b"", bytes(answer.body)]))
        self.transport.close()


def limited(limits: Limits) -> type[LimitedProtocol]:
    """The protocol with these limits, as uvicorn takes it."""
    return type("Connection", (LimitedProtocol,), {"limits": limits})


def sweep(connections: Iterable[Any], now: float) -> None:
    """End the connections that are over their time."""
    for each in tuple(connections):
        if isinstance(each, LimitedProtocol):
            each.check(now)


def _make_room(connections: Iterable[LimitedProtocol], new: LimitedProtocol) -> bool:
    """Close the one of the connections that has waited longest; whether there was one."""
    waiting = (each for each in connections if each.waits and each is not new)
    longest = min(waiting, key=lambda each: each.since, default=None)
    if longest is None:
        return False
    longest.transport.abort()
    new.connections.discard(longest)
    return True


async def _no_room(scope: Scope, receive: Receive, send: Send) -> None:
    await TOO_MANY.response(scope, receive, send)
