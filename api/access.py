"""Which scope a request needs, and who may make it.

Whatever is not named here needs a key: GET reads, any other method writes, and what changes the
service itself is for admins.
"""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

from graphrec.api.keys import Key, Keyring, Scope, holder
from starlette.datastructures import Headers

PUBLIC = frozenset({"/", "/health/live", "/health/ready"})
"""What needs no key: health, which orchestrators ask, and the page, whose data do need one."""

PUBLIC_FOLDER = "/static/"

READS_BY_POST = re.compile("/v1/(recommendations|explanations|why-not|users/[^/]+/recommendations)")
"""Questions that are too long for a path."""


def needed(method: str, path: str) -> Scope | None:
    """The scope that a request needs; None: no key at all. `path` may be a route's template."""
    reads = method in ("GET", "HEAD", "OPTIONS")
    if reads and (path in PUBLIC or path.startswith(PUBLIC_FOLDER)):
        return None
    if path == "/v1/admin" or path.startswith("/v1/admin/"):
        return "admin"
    asks = method == "POST" and READS_BY_POST.fullmatch(path)
    return "read" if reads or asks else "write"


def presented(headers: Headers) -> str | None:
    """The key that a request brings, in either of the headers that may hold it."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    return headers.get("x-api-key")


def identify(keys: tuple[Key, ...], headers: Headers) -> Key | None:
    """Whose key a request brings; None where it brings none, or one that is not valid."""
    secret = presented(headers)
    return None if secret is None else holder(keys, secret)


def documented(document: dict[str, Any], keyring: Keyring) -> dict[str, Any]:
    """An OpenAPI document that says which scope each operation needs, where there are keys."""
    if keyring.keys is None:
        return document
    document = deepcopy(document)
    document["components"]["securitySchemes"] = {
        "key": {
            "type": "http",
            "scheme": "bearer",
            "description": "A key of `graphrec keys create`.",
        },
        "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    }
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if scope := needed(method.upper(), path):
                operation["security"] = [{"key": []}, {"header": []}]
                operation["description"] = (
                    f"{operation.get('description', '')}\n\nNeeds a key of scope `{scope}`."
                )
    return document
