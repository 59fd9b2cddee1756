"""Sending calls by httpx, over connections that are kept."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Any

import httpx

from graphrec.client.call import Call, ClientError, no_answer, pause_after, prepared, refusal


class Transport:
    """Sends calls and waits."""

    def __init__(
        self, url: str, key: str | None, timeout: float, retries: int, http: httpx.Client | None
    ) -> None:
        self._url, self._headers, self._retries = url.rstrip("/"), _headers(key), retries
        self._http = httpx.Client(timeout=timeout) if http is None else http
        self._own = http is None

    def send(self, call: Call) -> Any:
        """The answer; raises ClientError."""
        call, tries = prepared(call), 0
        while True:
            tries += 1
            try:
                answer = self._http.request(**_request(self._url, self._headers, call))
            except httpx.TransportError as error:
                pause = _pause(call, tries, self._retries, error)
                if pause is None:
                    raise no_answer(self._url, error) from error
            else:
                pause = _pause(call, tries, self._retries, answer)
                if pause is None:
                    return _content(answer)
            time.sleep(pause)

    def close(self) -> None:
        """Close the connections, unless they are the caller's."""
        if self._own:
            self._http.close()


class AsyncTransport:
    """Sends calls on the event loop."""

    def __init__(
        self,
        url: str,
        key: str | None,
        timeout: float,
        retries: int,
        http: httpx.AsyncClient | None,
    ) -> None:
        self._url, self._headers, self._retries = url.rstrip("/"), _headers(key), retries
        self._http = httpx.AsyncClient(timeout=timeout) if http is None else http
        self._own = http is None

    async def send(self, call: Call) -> Any:
        """The answer; raises ClientError."""
        call, tries = prepared(call), 0
        while True:
            tries += 1
            try:
                answer = await self._http.request(**_request(self._url, self._headers, call))
            except httpx.TransportError as error:
                pause = _pause(call, tries, self._retries, error)
                if pause is None:
                    raise no_answer(self._url, error) from error
            else:
                pause = _pause(call, tries, self._retries, answer)
                if pause is None:
                    return _content(answer)
            await asyncio.sleep(pause)

    async def close(self) -> None:
        """Close the connections, unless they are the caller's."""
        if self._own:
            await self._http.aclose()


def _headers(key: str | None) -> dict[str, str]:
    return {} if key is None else {"Authorization": f"Bearer {key}"}


def _request(url: str, headers: dict[str, str], call: Call) -> dict[str, Any]:
    body = {} if call.body is None else {"json": call.body}
    return {
        "method": call.method,
        "url": f"{url}{call.path}",
        "params": call.parameters,
        "headers": {**headers, **_trace()},
        **body,
    }


def _trace() -> dict[str, str]:
    """The headers that go on with the trace of the caller, where there may be one."""
    headers: dict[str, str] = {}
    if "opentelemetry.trace" in sys.modules:  # whoever traces has imported it
        from opentelemetry import propagate

        propagate.inject(headers)
    return headers


def _pause(
    call: Call, tries: int, retries: int, found: httpx.Response | httpx.TransportError
) -> float | None:
    """Seconds until it is sent again; None: not again, or the answer is good."""
    if isinstance(found, httpx.Response):
        later = found.headers.get("Retry-After")
        return pause_after(call, tries, retries, found.status_code, later)
    # Without a connection nothing was sent.
    sent = not isinstance(found, httpx.ConnectError | httpx.ConnectTimeout)
    return pause_after(call, tries, retries, None if sent else 503)


def _content(answer: httpx.Response) -> Any:
    try:
        content = answer.json()
    except ValueError:
        content = None
    if not answer.is_success:
        raise refusal(answer.status_code, content)
    if content is None:
        raise ClientError("the service answered something else than JSON", answer.status_code)
    return content
