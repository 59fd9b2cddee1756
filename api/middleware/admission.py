"""How many reads are answered at once, and which of those that wait get their turn.

A list is a few milliseconds of work on the loop, so a server that takes on all that comes answers
everyone late. Here a few are answered at once and the others wait in the order in which they came;
one that has waited too long gets 503 instead. Between two of them the loop looks at its
sockets, so that health and writes, which do not wait here, go first. The limit on waiting instead
of on the queue's length is that of CoDel (Nichols & Jacobson, "Controlling Queue Delay", ACM Queue
2012).
"""

from __future__ import annotations

import asyncio
from collections import deque

MOST_WAITING = 2000
"""Requests that wait at most; each takes a few KB."""

ROUNDS = 8
"""Of the loop between two turns while requests wait. A write takes dozens on its way through
sockets and threads, and an empty one takes microseconds where a list takes milliseconds."""


class Admission:
    """Turns for requests: `at_once` of them together, the others wait for up to `patience` s."""

    def __init__(self, at_once: int, patience: float) -> None:
        self._free = at_once
        self._ended = 0
        self._patience = patience
        self._waiting: deque[tuple[asyncio.Future[bool], float]] = deque()

    @property
    def waiting(self) -> int:
        """How many requests wait."""
        return len(self._waiting)

    async def enter(self) -> bool:
        """Wait for a turn; whether there is one. `leave` has to be called after it."""
        if self._free and not self._waiting:
            self._free -= 1
            return True
        if len(self._waiting) >= MOST_WAITING:
            return False
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        self._waiting.append((turn, loop.time()))
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.result():
                self.leave()
            raise

    def leave(self) -> None:
        """End a turn, from the next round of the loop on: there it looks at its sockets first."""
        self._ended += 1
        if self._ended == 1:
            asyncio.get_running_loop().call_soon(self._pass_on, ROUNDS - 1)

    def _pass_on(self, rounds: int) -> None:
        """Give a turn to the one that has waited longest, of those that can still be in time.

        One after some rounds, so that what waits for no turn, and what is too late, goes through
        all of its own rounds while it waits for one list.
        """
        loop = asyncio.get_running_loop()
        if rounds and self._waiting:
            loop.call_soon(self._pass_on, rounds - 1)
            return
        now = loop.time()
        while self._waiting:
            turn, since = self._waiting.popleft()
            if turn.done():  # its client went away
                continue
            in_time = now - since <= self._patience
            turn.set_result(in_time)
            if in_time:
                self._ended -= 1
                if self._ended:
                    loop.call_soon(self._pass_on, ROUNDS - 1)
                return
        self._free += self._ended
        self._ended = 0
