"""What clients rely on, a line each: so that what a change takes away from them can be named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scripts.clients.document import operations, referred, schemas, variants


def facts(document: Mapping[str, Any]) -> frozenset[str]:
    """The calls, parameters, fields and values of a document; each is one that may be relied on."""
    found: set[str] = set()
    for each in operations(document):
        call = f"{each.method} {each.path}"
        found |= {f"{call} answers {atom}" for atom in _atoms(each.answer)}
        for parameter in (*each.of_path, *each.of_query):
            found |= {f"{call} {parameter.name}: {atom}" for atom in _atoms(parameter.schema)}
        if each.body is not None:
            found |= {f"{call} takes {atom}" for atom in _atoms(each.body)}
            if not each.body_required:
                found.add(f"{call} may have no body")
    for name, schema in schemas(document).items():
        for field, of in schema.get("properties", {}).items():
            found |= {f"{name}.{field}: {atom}" for atom in _atoms(of)}
            if field in schema.get("required", ()):
                found.add(f"{name}.{field} is there")
            else:
                found.add(f"{name}.{field} may be left out")
    return frozenset(found)


def lost(released: frozenset[str], document: Mapping[str, Any]) -> list[str]:
    """What a client of a release relies on and a document does not have any more.

    That a field of an answer may now be left out is lost; and that one of a request may be, where
    it is now needed. What only the other side relies on is not.
    """
    sent = _sent(document)
    now = facts(document)
    return sorted(
        fact
        for fact in released - now
        if not (
            (fact.endswith(" is there") and fact.partition(".")[0] in sent)
            or (fact.endswith(" may be left out") and fact.partition(".")[0] not in sent)
        )
    )


def _sent(document: Mapping[str, Any]) -> frozenset[str]:
    """The schemas of which requests are made."""
    every = schemas(document)
    found: set[str] = set()
    ahead = [n for each in operations(document) if each.body for n in _names(each.body)]
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += _names(every[name])
    return frozenset(found)


def _names(schema: Any) -> Iterator[str]:
    if isinstance(schema, Mapping):
        name = referred(schema)
        if name is not None:
            yield name
        for each in schema.values():
            yield from _names(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from _names(each)


def _atoms(schema: Mapping[str, Any]) -> Iterator[str]:
    """What a value may be: types and constants, one by one; of lists, what is in them."""
    name = referred(schema)
    if name is not None:
        yield name
    elif variants(schema):
        for each in variants(schema):
            yield from _atoms(each)
    elif "const" in schema or "enum" in schema:
        yield from map(repr, schema.get("enum", [schema.get("const")]))
    elif schema.get("type") == "array":
        yield from (f"list of {each}" for each in _atoms(schema.get("items", {})))
    elif schema.get("type") == "object":
        values = schema.get("additionalProperties")
        inner = values if isinstance(values, Mapping) else {}
        yield from (f"map of {each}" for each in _atoms(inner))
    else:
        yield str(schema.get("type", "anything"))
