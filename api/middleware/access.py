"""Which scope a request needs, and whose key it has.

Each route declares the scope that it needs (`PUBLIC`, `READ`, `WRITE`, `ADMIN`). A request to a
path that no route has needs a key too: one that reads for GET, else one that writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from fastapi.routing import APIRoute
from graphrec.api.middleware.keys import SCOPES, Key, Keyring, Scope, holder
from starlette.datastructures import Headers
from starlette.routing import BaseRoute

SCOPE: Final = "x-scope"
"""Where a route, and so the document, has its scope."""

PUBLIC: Final[dict[str, Any]] = {SCOPE: None}
READ: Final[dict[str, Any]] = {SCOPE: "read"}
WRITE: Final[dict[str, Any]] = {SCOPE: "write"}
ADMIN: Final[dict[str, Any]] = {SCOPE: "admin"}
"""The `openapi_extra` of a route: the scope of the keys that may make such a request."""

Scopes: TypeAlias = Mapping[str, Scope | None]
"""By method; None: no key is needed."""


@dataclass(frozen=True)
class Access:
    """The scopes that the routes of an application declare."""

    plain: Mapping[str, Scopes]
    """Of paths without parameters."""
    templates: tuple[tuple[re.Pattern[str], Scopes], ...]
    """Of all other paths."""

    @classmethod
    def of(cls, routes: Iterable[BaseRoute]) -> Access:
        """Those of the routes that declare one."""
        scopes: dict[str, dict[str, Scope | None]] = {}
        patterns: dict[str, re.Pattern[str]] = {}
        for route in routes:
            if isinstance(route, APIRoute) and SCOPE in (route.openapi_extra or {}):
                scope = (route.openapi_extra or {})[SCOPE]
                scopes.setdefault(route.path, {}).update(dict.fromkeys(route.methods or (), scope))
                if route.param_convertors:
                    patterns[route.path] = route.path_regex
        return cls(
            {path: found for path, found in scopes.items() if path not in patterns},
            tuple((pattern, scopes[path]) for path, pattern in patterns.items()),
        )

    def needed(self, method: str, path: str) -> Scope | None:
        """The scope that a request needs; None: no key at all.

        A method that the path does not have needs the greatest scope of those that it has, and
        that of a method that writes.
        """
        reads = method in ("GET", "HEAD", "OPTIONS")
        scopes = self._scopes(path)
        declared = "GET" if reads and method not in scopes else method
        if declared in scopes:
            return scopes[declared]
        least: Scope = "read" if reads else "write"
        return max((least, *(each for each in scopes.values() if each)), key=SCOPES.index)

    def _scopes(self, path: str) -> Scopes:
        found = self.plain.get(path)
        if found is not None:
            return found
        fitting = (scopes for pattern, scopes in self.templates if pattern.match(path))
        return next(fitting, {})


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


def with_scopes(document: dict[str, Any], keyring: Keyring) -> dict[str, Any]:
    """A copy of an OpenAPI document that says, where there are keys, which scope is needed."""
    document = deepcopy(document)
    operations = [each for path in document["paths"].values() for each in path.values()]
    scopes: list[Scope | None] = [operation.pop(SCOPE, None) for operation in operations]
    if keyring.keys is None:
        return document
    document["components"]["securitySchemes"] = {
        "key": {
            "type": "http",
            "scheme": "bearer",
            "description": "A key of `graphrec keys create`.",
        },
        "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    }
    for operation, scope in zip(operations, scopes, strict=True):
        if scope is not None:
            operation["security"] = [{"key": []}, {"header": []}]
            operation["description"] = (
                f"{operation.get('description', '')}\n\nNeeds a key of scope `{scope}`."
            )
    return document
