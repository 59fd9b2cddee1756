"""Reading the settings again at SIGHUP, while the service goes on."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import NamedTuple, TypeAlias

from graphrec.api.errors import ServiceUnavailable

from graphrec.errors import GraphrecError
from graphrec.settings import Settings

logger = logging.getLogger(__name__)

RESTART = ("host", "port", "workers", "tenants")
"""Keys of `[serve]` that a process cannot change while it runs."""


class Source(NamedTuple):
    """What a service is of: its settings, and the URL of its graph store, if it has one."""

    settings: Settings
    store: str | None
    tenants: Mapping[str, Source] = {}
    """Those of each tenant, where `serve.tenants` is set: then they alone serve."""


Read: TypeAlias = Callable[[], Source]
"""Reads the settings anew, with the options of the command over them; raises SettingsError."""


class Rereading:
    """Takes over settings that have changed, one signal after the other."""

    def __init__(
        self, source: Source, read: Read, take: Callable[[Source], Awaitable[None]]
    ) -> None:
        """`take` lets the service go on with other settings; what it raises leaves them out."""
        self._source = source
        self._read = read
        self._take = take
        self._one_at_a_time = asyncio.Lock()
        self._running: set[asyncio.Task[None]] = set()

    def ask(self) -> None:
        """Read again, in the background; for the handler of a signal on the event loop."""
        task = asyncio.get_running_loop().create_task(self.read_again())
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def read_again(self) -> None:
        """Read, and take over what has changed; never raises, the log says what became of it."""
        async with self._one_at_a_time:
            try:
                source = self._read()
                found = changes(self._source, source)
                if not found:
                    logger.info("the settings were read again: nothing has changed")
                    return
                await self._take(source)
            except Exception as error:
                expected = isinstance(error, (GraphrecError, ServiceUnavailable))
                logger.warning(
                    "the settings stay as they were: %s",
                    error,
                    exc_info=None if expected else error,
                )
                return
            self._source = source
            logger.info("the settings were read again, and hold: %s", ", ".join(found))
            fixed = [name for name in RESTART if f"serve.{name}" in found]
            if fixed:
                logger.warning(
                    "serve.%s: changed in the settings, but holds only after a restart",
                    ", serve.".join(fixed),
                )


def changes(before: Source, after: Source) -> list[str]:
    """The sections and keys in which two differ; of values nothing, which may be secret."""
    found = ["store"] if before.store != after.store else []
    for name in type(after.settings).model_fields:
        old, new = getattr(before.settings, name), getattr(after.settings, name)
        if old == new or name == "store":
            continue
        if name == "serve":
            keys = type(new).model_fields
            found += [f"serve.{key}" for key in keys if getattr(old, key) != getattr(new, key)]
        else:
            found.append(name)
    return found


def hung_up(foreground: bool) -> bool:
    """Whether SIGHUP came since the terminal was closed, in whose foreground the process was."""
    return foreground and not _has_terminal()


def in_foreground() -> bool:
    """Whether the process is what somebody runs at a terminal, and should end with it."""
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # as `nohup` leaves it
        return False
    with suppress(OSError):
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
        try:
            return os.tcgetpgrp(terminal) == os.getpgrp()
        finally:
            os.close(terminal)
    return False


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True
