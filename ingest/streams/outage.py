"""An outage of a broker, which is said once, and so is its end."""

from __future__ import annotations

import logging

logger = logging.getLogger(__name__)


class Outage:
    """Whether a broker is away."""

    def __init__(self, broker: str) -> None:
        self._broker = broker
        self._reason: str | None = None

    def began(self, reason: object) -> None:
        """The broker does not do what is asked: a warning, where the reason is another one."""
        if str(reason) != self._reason:
            self._reason = str(reason)
            logger.warning("%s: %s; it is tried again", self._broker, reason)

    def over(self) -> None:
        """Messages come."""
        if self._reason is not None:
            self._reason = None
            logger.warning("%s answers again", self._broker)
