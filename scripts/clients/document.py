"""The OpenAPI document as what clients are made of: schemas, operations, and types of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

READS = frozenset(
    {
        *("user_recommendations_by_rules", "session_recommendations", "session_explanation"),
        *("session_why_not", "placement_by_rules"),
    }
)
"""POSTs that change nothing, and may be repeated."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of an operation."""

    name: str
    schema: Mapping[str, Any]
    said: str


@dataclass(frozen=True)
class Operation:
    """What a client can ask."""

    name: str
    method: str
    path: str
    said: str
    """The first paragraph of its description."""
    of_path: tuple[Parameter, ...]
    of_query: tuple[Parameter, ...]
    body: Mapping[str, Any] | None
    body_required: bool
    answer: Mapping[str, Any]

    @property
    def repeatable(self) -> bool:
        """Whether it may be sent again where no answer came."""
        return self.method != "POST" or self.name in READS


def operations(document: Mapping[str, Any]) -> tuple[Operation, ...]:
    """All operations, in the order of the document."""
    return tuple(
        _operation(path, method, found)
        for path, methods in document["paths"].items()
        for method, found in methods.items()
    )


def schemas(document: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """The schemas by name, in order."""
    return dict(sorted(document["components"]["schemas"].items()))


def variants(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What a schema may be, where it may be several things."""
    return list(schema.get("anyOf") or schema.get("oneOf") or ())


def referred(schema: Mapping[str, Any]) -> str | None:
    """The name of the schema that is referred to."""
    reference = schema.get("$ref")
    return None if reference is None else str(reference).rpartition("/")[2]


def said_of(schema: Mapping[str, Any]) -> str:
    """The description on one line."""
    return " ".join(str(schema.get("description", "")).split())


def _operation(path: str, method: str, found: Mapping[str, Any]) -> Operation:
    parameters = [
        (each["in"], Parameter(each["name"], each["schema"], said_of(each)))
        for each in found.get("parameters", ())
    ]
    body = found.get("requestBody", {})
    content = body.get("content", {}).get("application/json", {}).get("schema")
    answer = next(found["responses"][c] for c in sorted(found["responses"]) if c[0] == "2")
    return Operation(
        found["operationId"],
        method.upper(),
        path,
        " ".join(str(found.get("description", found.get("summary", ""))).split("\n\n")[0].split()),
        tuple(each for place, each in parameters if place == "path"),
        tuple(each for place, each in parameters if place == "query"),
        content,
        bool(body.get("required")),
        answer["content"]["application/json"]["schema"],
    )
