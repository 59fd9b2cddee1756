"""A call of the service, and what is to be done about its answer: without any input or output."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from graphrec.errors import GraphrecError

EVENTS = "/v1/events"

LATER = (429, 503)
"""Answers that say to come again later; nothing was done."""

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Seconds until a call is sent again; each pause is twice the one before."""


class ClientError(GraphrecError):
    """The service refused a call, or did not answer."""

    def __init__(
        self, message: str, status: int | None = None, code: str | None = None, field: str = ""
    ) -> None:
        super().__init__(message)
        self.status = status
        """Of the answer; None where none came."""
        self.code = code
        """Such as `unknown_item`: see the document."""
        self.field = field
        """Of the request, where one is wrong."""


@dataclass(frozen=True)
class Call:
    """What is sent."""

    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    """What is None is not sent; lists are repeated."""
    body: Any = None
    repeatable: bool = True
    """Whether it may be sent again where nobody knows what became of it."""

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """The query as it is written."""
        return [
            (name, _written(each))
            for name, value in self.query.items()
            if value is not None
            for each in (value if isinstance(value, list | tuple) else [value])
        ]


def path_part(value: str) -> str:
    """An id as a part of a path."""
    return quote(value, safe="")


def prepared(call: Call, now: int | None = None) -> Call:
    """The call as it is sent: events without a time get one, so that it may be repeated.

    `now` is in milliseconds since 1970. Of several with the same user, item and kind each gets a
    millisecond of its own.
    """
    if (call.method, call.path) != ("POST", EVENTS) or not isinstance(call.body, Mapping):
        return call
    now = time.time_ns() // 1_000_000 if now is None else now
    taken: dict[tuple[Any, Any, Any], int] = {}
    events = []
    for event in call.body.get("events", ()):
        if event.get("time") is None:
            key = (event.get("user"), event.get("item"), event.get("kind"))
            taken[key] = moment = taken.get(key, now - 1) + 1
            event = {**event, "time": moment}
        events.append(event)
    return replace(call, body={**call.body, "events": events}, repeatable=True)


def pause_after(
    call: Call, tries: int, retries: int, status: int | None, retry_after: str | None = None
) -> float | None:
    """Seconds until a call that was sent `tries` times is sent again; None: not again.

    `status` is that of the answer, None where none came.
    """
    again = status in LATER if status is not None and status != 502 else call.repeatable
    if tries > retries or not again or (status is not None and status not in (*LATER, 502, 504)):
        return None
    said = float(retry_after) if retry_after and retry_after.isdigit() else 0.0
    return min(max(FIRST_PAUSE * 2 ** (tries - 1), said), LONGEST_PAUSE)


def refusal(status: int, answer: Any) -> ClientError:
    """The error of an answer."""
    said = answer.get("error", {}) if isinstance(answer, Mapping) else {}
    message = said.get("message") or f"the service answered {status}"
    return ClientError(message, status, said.get("code"), said.get("field") or "")


def no_answer(url: str, error: Exception) -> ClientError:
    """The error where none came."""
    return ClientError(
        f"the service at {url} does not answer ({type(error).__name__}: {error}): expected it to; "
        f"see that it runs, and that the address is right"
    )


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
