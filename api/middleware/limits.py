"""Limits of one client: requests per second, and bytes per body."""

from __future__ import annotations

from starlette.types import Message, Receive

MAX_CLIENTS = 10_000
"""Clients that are kept before those whose bucket is full are dropped."""


class RateLimit:
    """A token bucket for each client: `burst` requests at once, `rate` a second in the long run.

    Kept as one number a client, the time at which its bucket is full again (GCRA, ITU-T I.371).
    """

    def __init__(self, rate: float, burst: int) -> None:
        self.interval = 1 / rate
        self.slack = (burst - 1) / rate
        self._full_at: dict[str, float] = {}

    @classmethod
    def of(cls, rate: float | None, burst: int) -> RateLimit | None:
        """None where no rate is set."""
        return None if rate is None else cls(rate, burst)

    def wait(self, client: str, now: float) -> float:
        """Seconds until the next request is allowed; 0: it is allowed now, and counted."""
        full_at = max(self._full_at.get(client, now), now)
        if full_at - now > self.slack:
            return full_at - now - self.slack
        if len(self._full_at) >= MAX_CLIENTS:
            self._full_at = {client_: at for client_, at in self._full_at.items() if at > now}
        self._full_at[client] = full_at + self.interval
        return 0.0


class TooLarge(Exception):  # noqa: N818
    """A body has more bytes than are allowed."""


async def read_body(receive: Receive, most: int) -> Receive:
    """Read the whole body, and return a `receive` that gives it in one message.

    Raises TooLarge as soon as there are more than `most` bytes, so no more are ever held.
    """
    body = bytearray()
    message: Message = {"more_body": True}
    while message.get("more_body", False):
        message = await receive()
        if message["type"] != "http.request":  # the client went away
            break
        body += message.get("body", b"")
        if len(body) > most:
            raise TooLarge
    if message["type"] == "http.request":
        message = {"type": "http.request", "body": bytes(body), "more_body": False}
    pending = [message]

    async def replay() -> Message:
        return pending.pop() if pending else await receive()

    return replay
