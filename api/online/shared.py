"""A Redis server that replicas share, which may be away at any time.

While it is away nothing waits for it: each replica does with what it has of its own, is `degraded`,
and catches up once it is back.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any, TypeVar

from graphrec.errors import missing_extra
from graphrec.settings import OnlineSettings

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 0.2
"""How long a request waits for it; after that it counts as away."""

RETRY_SECONDS = 0.5

ALIVE_SECONDS = 1.0
"""Interval at which it is asked whether it is there, where nothing comes."""

NOT_YET = "Redis was not asked yet: try again in a moment"

Result = TypeVar("Result")

News = str
"""What others are notified of: EVENTS or SNAPSHOTS."""

EVENTS: News = "events"
"""Something was written into the graph store."""

SNAPSHOTS: News = "snapshots"
"""Another snapshot is current, or somebody was forgotten."""


class Shared:
    """A connection, and whether it is one."""

    def __init__(self, url: str, prefix: str) -> None:
        """`prefix` begins every key. Raises MissingExtra."""
        try:
            library = import_module("redis.asyncio")
            self._errors: tuple[type[Exception], ...] = (
                import_module("redis.exceptions").RedisError,
                OSError,
                asyncio.TimeoutError,
            )
        except ModuleNotFoundError as error:
            raise missing_extra("what replicas share (online.url)", error) from error
        options = {"socket_connect_timeout": 1, "decode_responses": False}
        self._redis: Any = library.Redis.from_url(url, socket_timeout=1, **options)
        self._listener: Any = library.Redis.from_url(
            url, health_check_interval=ALIVE_SECONDS, **options
        )
        self.prefix = prefix
        self._me = secrets.token_hex(8)
        self._away: str | None = NOT_YET
        self._sending: set[asyncio.Task[None]] = set()
        self.news: Callable[[News], None] = lambda _: None
        """Called with what another replica publishes, and with everything after it was away."""

    @property
    def reason(self) -> str | None:
        """Why it does not answer, without its address; None where it does."""
        return self._away

    async def ask(self, work: Callable[[Any], Awaitable[Result]]) -> Result | None:
        """What `work` returns of a client; None where Redis is away, or takes too long."""
        if self._away is not None:
            return None
        try:
            return await asyncio.wait_for(work(self._redis), ANSWER_SECONDS)
        except self._errors as error:
            self._lose(error)
            return None

    def send(self, work: Callable[[Any], Awaitable[Any]]) -> None:
        """The same, and nobody waits for it."""

        async def sent() -> None:
            await self.ask(work)

        if self._away is None:
            task = asyncio.get_running_loop().create_task(sent())
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    def tell(self, news: News) -> None:
        """Tell the other replicas."""
        self.send(lambda redis: redis.publish(f"{self.prefix}:news", f"{self._me} {news}"))

    async def follow(self) -> None:
        """Listen to the others until cancelled, and find out whether Redis is there again."""
        while True:
            listening = self._listener.pubsub()
            try:
                await listening.subscribe(f"{self.prefix}:news")
                await self._redis.ping()
                self._find()
                while self._away is None:
                    found = await listening.get_message(
                        ignore_subscribe_messages=True, timeout=ALIVE_SECONDS
                    )
                    if found is not None:
                        self._take(found["data"])
            except self._errors as error:
                self._lose(error)
            finally:
                await asyncio.shield(_closed(listening, self._errors))
            await asyncio.sleep(RETRY_SECONDS)

    async def close(self) -> None:
        """Send what is left, and let go of the connections."""
        if self._sending:
            await asyncio.wait({*self._sending}, timeout=ANSWER_SECONDS)
        for each in (self._redis, self._listener):
            await _closed(each, self._errors)

    def _take(self, content: bytes) -> None:
        who, _, news = content.decode("utf-8", "replace").partition(" ")
        if who != self._me:
            self.news(news)

    def _find(self) -> None:
        before, self._away = self._away, None
        if before != NOT_YET:
            logger.info("Redis is there again")
        for news in (EVENTS, SNAPSHOTS):  # that were missed meanwhile
            self.news(news)

    def _lose(self, error: Exception) -> None:
        known = self._away not in (None, NOT_YET)
        self._away = f"Redis does not answer ({type(error).__name__}): replicas share nothing"
        if not known:
            logger.warning("degraded: %s", self._away)


def shared_of(settings: OnlineSettings) -> Shared | None:
    """What the settings name; None where replicas share nothing. Raises MissingExtra."""
    url = settings.url
    return None if url is None else Shared(url.get_secret_value(), settings.prefix)


async def _closed(connection: Any, errors: tuple[type[Exception], ...]) -> None:
    try:
        await connection.aclose()
    except errors:
        return
