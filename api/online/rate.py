"""One limit for a client at all replicas."""

from __future__ import annotations

from graphrec.api.middleware.limits import RateLimit
from graphrec.api.online.shared import Shared

SCRIPT = """
local now = redis.call('TIME')
now = now[1] + now[2] / 1000000
local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local interval, slack = tonumber(ARGV[1]), tonumber(ARGV[2])
if full_at - now > slack then return tostring(full_at - now - slack) end
redis.call('SET', KEYS[1], string.format('%.6f', full_at + interval),
           'PX', math.ceil((full_at + interval - now) * 1000) + 1000)
return '0'
"""
"""As `RateLimit.wait`, in one step and by the clock of the server."""


class SharedRate:
    """A limit that replicas share; while Redis is away, each keeps to it alone."""

    def __init__(self, own: RateLimit, shared: Shared) -> None:
        self._own = own
        self._shared = shared

    async def wait(self, client: str, now: float) -> float:
        """Seconds until the next request is allowed; 0: it is allowed now, and counted."""
        found = await self._shared.ask(
            lambda redis: redis.eval(
                SCRIPT,
                1,
                f"{self._shared.prefix}:rate:{client}",
                self._own.interval,
                self._own.slack,
            )
        )
        return self._own.wait(client, now) if found is None else float(found)
