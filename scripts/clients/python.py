"""The Python client: models as typed dictionaries, and a method for each operation."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Mapping
from typing import Any

from scripts.clients.document import (
    Operation,
    operations,
    referred,
    said_of,
    schemas,
    variants,
)

MADE = "Made from the OpenAPI document by `python -m scripts.clients`: do not edit."
WIDTH = 96


def models(document: Mapping[str, Any]) -> str:
    """The module of models."""
    parts = [
        f'"""What is sent and answered.\n\n{MADE}\n"""\n\nfrom __future__ import annotations\n\n'
        "from typing import Any, Literal, TypedDict\n"
    ]
    parts += [_model(name, schema) for name, schema in schemas(document).items()]
    return "\n\n".join(parts)


def client(document: Mapping[str, Any], asynchronous: bool) -> str:
    """The module of a client."""
    kind = "AsyncClient" if asynchronous else "Client"
    transport = "AsyncTransport" if asynchronous else "Transport"
    what = "for asyncio" if asynchronous else "that waits for answers"
    head = f'''"""The client {what}.

{MADE}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, cast

from graphrec.client import models
from graphrec.client.call import Call, path_part
from graphrec.client.transport import {transport}

if TYPE_CHECKING:
    import httpx


class {kind}:
    """A service at a URL, such as `http://localhost:8000`; connections are kept and used again.

    What may be repeated is sent again where no answer comes, or the service says to come again
    later. Methods raise `graphrec.client.ClientError`.
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        timeout: float = 10.0,
        retries: int = 3,
        http: httpx.{kind} | None = None,
    ) -> None:
        """`key` is an API key, `timeout` the seconds for an answer, and `retries` how often a call
        is sent again; `http` sends them, if it is given, and is then the caller's to close.
        """
        self._transport = {transport}(url, key, timeout, retries, http)

{_context(kind, asynchronous)}'''
    return head + "".join(_method(each, asynchronous) for each in operations(document))


def _context(kind: str, asynchronous: bool) -> str:
    a, do, wait = ("a", "async def", "await ") if asynchronous else ("", "def", "")
    return f'''    {do} __{a}enter__(self) -> {kind}:
        return self

    {do} __{a}exit__(self, *_: object) -> None:
        {wait}self.close()

    {do} close(self) -> None:
        """Close the connections."""
        {wait}self._transport.close()
'''


def _model(name: str, schema: Mapping[str, Any]) -> str:
    properties = schema.get("properties")
    if properties is None:
        return f"\n{name} = {type_of(schema)}\n{_docstring(said_of(schema), '')}"
    required = set(schema.get("required", ()))
    needed = {key: of for key, of in properties.items() if key in required}
    others = {key: of for key, of in properties.items() if key not in required}
    said = said_of(schema) or name
    if not needed or not others:
        total = "" if needed or not others else ", total=False"
        return f"\nclass {name}(TypedDict{total}):\n{_docstring(said)}{_fields(properties)}"
    return (
        f"\nclass _{name}(TypedDict):\n{_fields(needed).lstrip(chr(10))}\n\n"
        f"class {name}(_{name}, total=False):\n{_docstring(said)}{_fields(others)}"
    )


def _fields(properties: Mapping[str, Any]) -> str:
    found = "\n"
    for key, of in properties.items():
        found += f"    {key}: {type_of(of)}\n"
        if said_of(of):
            found += _docstring(said_of(of))
    return found if properties else "\n    pass\n"


def _docstring(said: str, indent: str = "    ") -> str:
    if not said:
        return ""
    said = said.replace("\\", "\\\\").replace('"""', "'''")
    if said.endswith('"'):
        said += " "
    lines = textwrap.wrap(said, WIDTH - len(indent) - 6) or [""]
    if len(lines) == 1:
        return f'{indent}"""{lines[0]}"""\n'
    rest = "\n".join(indent + line for line in lines[1:])
    return f'{indent}"""{lines[0]}\n{rest}\n{indent}"""\n'


def type_of(schema: Mapping[str, Any], prefix: str = "") -> str:
    """A schema as a type of Python."""
    name = referred(schema)
    if name is not None:
        return f"{prefix}{name}"
    if variants(schema):
        return " | ".join(dict.fromkeys(type_of(each, prefix) for each in variants(schema)))
    if "const" in schema or "enum" in schema:
        values = schema.get("enum", [schema.get("const")])
        return f"Literal[{', '.join(map(_literal, values))}]"
    kind = schema.get("type")
    if kind == "array":
        return f"list[{type_of(schema.get('items', {}), prefix)}]"
    if kind == "object":
        values_of = schema.get("additionalProperties")
        inner = type_of(values_of, prefix) if isinstance(values_of, Mapping) else "Any"
        return f"dict[str, {inner}]"
    plain = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
    return plain.get(str(kind), "None" if kind == "null" else "Any")


def _literal(value: object) -> str:
    return json.dumps(value) if isinstance(value, str) else repr(value)


def _method(operation: Operation, asynchronous: bool) -> str:
    do, wait = ("async def", "await ") if asynchronous else ("def", "")
    positional = [f"{each.name}: str" for each in operation.of_path]
    if operation.body is not None:
        positional.append(
            f"body: {type_of(operation.body, 'models.')}"
            + ("" if operation.body_required else " | None = None")
        )
    keywords = [
        f"{each.name}: {_optional(type_of(each.schema, 'models.'))} = None"
        for each in operation.of_query
    ]
    given = ", ".join(["self", *positional, *(["*", *keywords] if keywords else [])])
    answer = type_of(operation.answer, "models.")
    path = re.sub(r"\{(\w+)\}", r"{path_part(\1)}", operation.path)
    query = ", ".join(f'"{each.name}": {each.name}' for each in operation.of_query)
    call = ", ".join(
        [
            f'"{operation.method}"',
            f'f"{path}"' if "{" in path else f'"{path}"',
            f"query={{{query}}}" if query else "query={}",
            "body=" + ("None" if operation.body is None else "body"),
            f"repeatable={operation.repeatable}",
        ]
    )
    text = _docstring(operation.said, "        ")
    return (
        f"\n    {do} {operation.name}({given}) -> {answer}:\n{text}"
        f"        call = Call({call})\n"
        f'        return cast("{answer}", {wait}self._transport.send(call))\n'
    )


def _optional(kind: str) -> str:
    return kind if kind.endswith("None") else f"{kind} | None"
