"""Telling replicas of a service, through Redis, what a command wrote or changed."""

from __future__ import annotations

import time
from collections.abc import Callable

from graphrec.api.online.shared import News
from graphrec.cli.output import warn

from graphrec.errors import missing_extra
from graphrec.settings import OnlineSettings

PAUSE_SECONDS = 5.0
"""For which nobody is notified once Redis did not answer: replicas look by themselves."""


def teller(settings: OnlineSettings) -> Callable[[News], None]:
    """What notifies; where Redis is away it warns, and where none is set it does nothing.

    Raises MissingExtra.
    """
    if settings.url is None:
        return lambda _: None
    try:
        import redis
    except ModuleNotFoundError as error:
        raise missing_extra("telling replicas (online.url)", error) from error
    client = redis.Redis.from_url(
        settings.url.get_secret_value(), socket_timeout=1, socket_connect_timeout=1
    )
    silent_until = 0.0

    def tell(news: News) -> None:
        nonlocal silent_until
        if time.monotonic() < silent_until:
            return
        try:
            client.publish(f"{settings.prefix}:news", f"command {news}")
        except (redis.RedisError, OSError) as error:
            silent_until = time.monotonic() + PAUSE_SECONDS
            warn("online.url", f"Redis does not answer ({type(error).__name__}): replicas find out "
                 f"within seconds")  # fmt: skip

    return tell
