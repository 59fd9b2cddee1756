"""Pages of other sites, in the browser of someone who can reach the service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http.client import HTTPConnection

JSON = {"Content-Type": "application/json"}
EVENTS = '{"events": [{"user": "u1", "item": "i1", "kind": "view"}]}'
FOREIGN = "https://shop.example"

REQUESTS: tuple[tuple[str, str, Mapping[str, str], str, int], ...] = (
    ("DELETE", "/v1/users/u1", {"Origin": FOREIGN}, "", 403),
    ("DELETE", "/v1/users/u1", {"Sec-Fetch-Site": "cross-site"}, "", 403),
    ("POST", "/v1/events", {**JSON, "Origin": FOREIGN}, EVENTS, 403),
    ("POST", "/v1/events", {**JSON, "Origin": "null"}, EVENTS, 403),
    ("POST", "/v1/events", {"Content-Type": "text/plain"}, EVENTS, 403),
    ("POST", "/v1/admin/promote", {"Content-Type": "application/x-www-form-urlencoded"}, "", 403),
    ("POST", "/v1/admin/promote", {"Content-Type": "multipart/form-data; boundary=x"}, "", 403),
    ("GET", "/v1/users/u1", {"Host": "rebound.example"}, "", 421),
    ("POST", "/v1/events", {**JSON, "Host": "rebound.example"}, EVENTS, 421),
)
"""Method, path, headers, body, and the status that each must have."""


def not_refused(port: int) -> Iterator[str]:
    """What a page of another site can do: nothing is expected. Raises OSError."""
    for method, path, headers, body, expected in REQUESTS:
        connection = HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request(method, path, body, dict(headers))
        found = connection.getresponse().status
        connection.close()
        if found != expected:
            yield f"{method} {path} with {dict(headers)}: {found}, expected {expected}"
