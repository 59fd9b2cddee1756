"""The graph store as it is now, or the reason why it does not answer."""

from __future__ import annotations

import asyncio
import logging
import math
import re
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from threading import Thread
from typing import TypeVar

from anyio import fail_after, move_on_after
from graphrec.api.errors import StoreAway

from graphrec.errors import GraphrecError, StoreError, UnknownNode
from graphrec.stages import stage
from graphrec.store import GraphStore

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 2.0
"""How long a request, and the readiness of the service, wait for the store."""

RETRY_SECONDS = 1.0
"""How long the store itself may retry within a request: enough to replace a broken connection, and
short enough that a server that is down is an error in time."""

MAX_CONCURRENT = 4
"""Operations that run in the store at once; others wait."""

OPENING = "the graph store is not open yet: try again in a moment"

LOGIN = re.compile("//.*@", re.DOTALL)
"""Of a URL, with the slashes before it."""

Result = TypeVar("Result")


class LiveStore:
    """A store that may be unavailable at any time: it runs in threads, with a time limit.

    Only `watch` decides whether it answers, and opens it. An operation that fails makes `watch`
    check at once.
    """

    def __init__(self, open_: Callable[[], GraphStore], url: str, retry_seconds: float) -> None:
        self._open = open_
        self._url = url
        self._retry_seconds = retry_seconds
        self._store: GraphStore | None = None
        self._closed = False
        self._reason: str | None = OPENING
        self._logged_away = False
        self._free = asyncio.Semaphore(MAX_CONCURRENT)
        self._check_now = asyncio.Event()
        self._tried = asyncio.Event()
        self._opened_count = 0

    @property
    def opened(self) -> int:
        """How often the store was opened: another one may be in its place since."""
        return self._opened_count

    async def opened_once(self) -> bool:
        """Wait until the store is open, no longer than a request does; whether it is."""
        with move_on_after(ANSWER_SECONDS):
            await self._tried.wait()
        return self._reason is None

    @property
    def reason(self) -> str | None:
        """Why the store does not answer, without a login; None where it does."""
        return self._reason

    async def run(
        self,
        operation: Callable[[GraphStore], Result],
        seconds: float | None = ANSWER_SECONDS,
    ) -> Result:
        """The result of an operation on the store, which runs in a thread of its own.

        Raises StoreAway: at once where the store is known not to answer, else once the operation
        fails or takes longer than `seconds`, where they are set; and what `operation` raises, such
        as UnknownNode.
        """
        if self._store is None or self._reason is not None:
            raise self._away(self._reason or OPENING)
        try:
            with stage("store"), fail_after(seconds):
                return await self._run(operation, self._store)
        except (TimeoutError, StoreError) as error:
            # The fault may be the store's or this operation's: `watch` finds out.
            self._check_now.set()
            late = isinstance(error, TimeoutError)
            raise self._away(_timed_out() if late else self._public(error)) from error

    async def watch(self) -> None:
        """Open the store, then check every so often whether it answers, until cancelled."""
        while True:
            self._check_now.clear()
            await self._check()
            with move_on_after(self._retry_seconds):
                await self._check_now.wait()

    async def close(self) -> None:
        """Release the store; waits for it no longer than a request does."""
        self._closed = True
        if self._store is not None:
            with move_on_after(ANSWER_SECONDS):
                await asyncio.shield(_in_thread(self._store.close))

    async def _check(self) -> None:
        store = self._store
        check = _in_thread(self._opened if store is None else partial(_ping, store))
        answered, _ = await asyncio.wait((check,), timeout=ANSWER_SECONDS)
        if not answered and store is not None:
            self._set_reason(_timed_out())
        try:
            # However late: one check at a time, so that a store that hangs holds one thread.
            await check
        except Exception as error:
            self._drop(store)
            if isinstance(error, GraphrecError):
                self._set_reason(self._public(error))
            else:  # whatever is wrong with a store, the service goes on and reports it
                kind = type(error).__name__
                self._set_reason(f"the graph store fails ({kind}): the log says more", error)
        else:
            if store is None:
                self._opened_count += 1
            self._set_reason(None)
        self._tried.set()

    def _drop(self, store: GraphStore | None) -> None:
        """Open it anew next time: broken connections would fail once more when it is back."""
        self._store = None
        if store is not None:
            _in_thread(store.close)

    def _opened(self) -> None:
        self._store = store = self._open()
        if self._closed:  # meanwhile
            store.close()

    async def _run(self, operation: Callable[[GraphStore], Result], store: GraphStore) -> Result:
        await self._free.acquire()
        result = _in_thread(partial(operation, store))
        # Free once the thread is, and not when the request stops waiting for it.
        result.add_done_callback(lambda _: self._free.release())
        return await asyncio.shield(result)

    def _away(self, reason: str) -> StoreAway:
        return StoreAway(reason, math.ceil(self._retry_seconds))

    def _set_reason(self, reason: str | None, error: Exception | None = None) -> None:
        """Keep the state of the store; a change is logged."""
        self._reason = reason
        if (reason is not None) == self._logged_away:
            return
        self._logged_away = reason is not None
        if reason is None:
            # A warning too, so that it is found where the one below was.
            logger.warning("the graph store answers again")
        else:
            logger.warning("degraded: %s", reason, exc_info=error)

    def _public(self, error: Exception) -> str:
        """The message, without the user and password that a URL may hold by mistake."""
        message = str(error)
        for url in (self._url, repr(self._url)[1:-1]):
            message = message.replace(url, LOGIN.sub("//", url))
        return message


def _ping(store: GraphStore) -> None:
    # The cheapest of all operations: no type of node has an empty name.
    with suppress(UnknownNode):
        store.read_node("", "")


def _timed_out() -> str:
    return f"the graph store did not answer within {ANSWER_SECONDS:g} s: try again in a moment"


def _in_thread(work: Callable[[], Result]) -> asyncio.Future[Result]:
    """What `work` returns or raises, in a thread that the end of the process does not wait for."""
    future: Future[Result] = Future()
    future.set_running_or_notify_cancel()  # nobody can cancel it now: it always gets its result

    def run() -> None:
        try:
            result = work()
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(result)

    try:
        Thread(target=run, name="graph store", daemon=True).start()
    except RuntimeError as error:  # the system has no more threads to give
        future.set_exception(error)
    answer = asyncio.wrap_future(future)
    # Nobody may be waiting for it by then, and then an error need not be logged.
    answer.add_done_callback(lambda done: done.cancelled() or done.exception())
    return answer
