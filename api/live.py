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
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from graphrec.api.errors import StoreAway

from graphrec.errors import GraphrecError, StoreError, UnknownNode
from graphrec.store import GraphStore

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 2.0
"""How long a request, and the readiness of the service, wait for the store."""

RETRY_SECONDS = 1.0
"""How long the store itself may try again within a request: enough to replace a connection that
broke, and little enough that a server that is away is an error in time."""

AT_ONCE = 4
"""Questions that the store is asked at once; more of them wait."""

OPENING = "the graph store is not open yet: try again in a moment"

LOGIN = re.compile("//.*@", re.DOTALL)
"""Of a URL, with the slashes before it."""

Result = TypeVar("Result")


class LiveStore:
    """A store that may be away at any time: it is asked in threads, and never waited for long.

    Whether it answers is found out by `watch` alone, which opens it too. A question that fails
    only makes it look at once.
    """

    def __init__(self, open_: Callable[[], GraphStore], url: str, retry_seconds: float) -> None:
        self._open = open_
        self._url = url
        self._retry_seconds = retry_seconds
        self._store: GraphStore | None = None
        self._closed = False
        self._reason: str | None = OPENING
        self._said_away = False
        self._free = asyncio.Semaphore(AT_ONCE)
        self._doubted = asyncio.Event()

    @property
    def reason(self) -> str | None:
        """Why the store does not answer, with no login in it; None where it does."""
        return self._reason

    async def ask(
        self,
        question: Callable[[GraphStore], Result],
        seconds: float | None = ANSWER_SECONDS,
    ) -> Result:
        """What `question`, in a thread of its own, finds in the store.

        Raises StoreAway: at once where the store is known to be away, else once it fails or
        `seconds`, where they are given, are over; and what `question` raises, such as UnknownNode.
        """
        if self._store is None or self._reason is not None:
            raise self._away(self._reason or OPENING)
        try:
            return await asyncio.wait_for(self._asked(question, self._store), seconds)
        except (asyncio.TimeoutError, StoreError) as error:
            # It may be the store or this question: `watch` finds out, and does so now.
            self._doubted.set()
            late = isinstance(error, asyncio.TimeoutError)
            raise self._away(_late() if late else self._public(error)) from error

    async def watch(self) -> None:
        """Open the store, then see every so often whether it answers, until cancelled."""
        while True:
            self._doubted.clear()
            await self._check()
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._doubted.wait(), self._retry_seconds)

    async def close(self) -> None:
        """Release the store; waits for it no longer than a request does."""
        self._closed = True
        if self._store is not None:
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(_in_thread(self._store.close), ANSWER_SECONDS)

    async def _check(self) -> None:
        store = self._store
        check = _in_thread(self._opened if store is None else partial(_look_up_nothing, store))
        answered, _ = await asyncio.wait((check,), timeout=ANSWER_SECONDS)
        if not answered and store is not None:
            self._note(_late())
        try:
            # However late: one check at a time, so that a store that hangs holds one thread.
            await check
        except Exception as error:
            self._drop(store)
            if isinstance(error, GraphrecError):
                self._note(self._public(error))
            else:  # whatever is wrong with a store, the service lives on and says so
                kind = type(error).__name__
                self._note(f"the graph store fails ({kind}): the log says more", error)
        else:
            self._note(None)

    def _drop(self, store: GraphStore | None) -> None:
        """Open it anew next time: connections that broke would fail once more when it is back."""
        self._store = None
        if store is not None:
            _in_thread(store.close)

    def _opened(self) -> None:
        self._store = store = self._open()
        if self._closed:  # meanwhile
            store.close()

    async def _asked(self, question: Callable[[GraphStore], Result], store: GraphStore) -> Result:
        await self._free.acquire()
        answer = _in_thread(partial(question, store))
        # Free once the thread is, and not when the request gives up waiting for it.
        answer.add_done_callback(lambda _: self._free.release())
        return await asyncio.shield(answer)

    def _away(self, reason: str) -> StoreAway:
        return StoreAway(reason, math.ceil(self._retry_seconds))

    def _note(self, reason: str | None, error: Exception | None = None) -> None:
        """Keep what was found out; the log says it where it is news."""
        self._reason = reason
        if (reason is not None) == self._said_away:
            return
        self._said_away = reason is not None
        if reason is None:
            # A warning too: what ends the one above should be wherever that is.
            logger.warning("the graph store answers again")
        else:
            logger.warning("degraded: %s", reason, exc_info=error)

    def _public(self, error: Exception) -> str:
        """The message, without the user and password that a URL may hold by mistake."""
        message = str(error)
        for url in (self._url, repr(self._url)[1:-1]):
            message = message.replace(url, LOGIN.sub("//", url))
        return message


def _look_up_nothing(store: GraphStore) -> None:
    # Of all that a store can be asked, this costs it least: no type of node has no name.
    with suppress(UnknownNode):
        store.read_node("", "")


def _late() -> str:
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
    # Nobody may be waiting for it by then, and an error is no news for the log then.
    answer.add_done_callback(lambda done: done.cancelled() or done.exception())
    return answer


async def _store(request: Request) -> LiveStore | None:
    store: LiveStore | None = request.app.state.store
    return store


Store = Annotated[LiveStore | None, Depends(_store)]
"""The graph store; None in a service that was started without one."""
