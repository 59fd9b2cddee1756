"""The TypeScript client: models as interfaces, and a method for each operation."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from scripts.clients.document import Operation, operations, referred, said_of, schemas, variants

MADE = "Made from the OpenAPI document by `python -m scripts.clients`: do not edit."


def models(document: Mapping[str, Any]) -> str:
    """The module of models."""
    parts = [f"// What is sent and answered. {MADE}\n"]
    parts += [_model(name, schema) for name, schema in schemas(document).items()]
    return "\n".join(parts)


def client(document: Mapping[str, Any]) -> str:
    """The module of the client."""
    every = operations(document)
    return f"""// The client. {MADE}

import type * as models from "./models.js";
import {{ segment, Transport, type CallOptions, type ClientOptions }} from "./transport.js";

/** A service at a URL, such as `http://localhost:8000`. Methods throw `ClientError`. */
export class Client {{
  readonly #transport: Transport;

  constructor(url: string, options: ClientOptions = {{}}) {{
    this.#transport = new Transport(url, options);
  }}
{"".join(map(_method, every))}}}
"""


def _model(name: str, schema: Mapping[str, Any]) -> str:
    head = _comment(said_of(schema))
    properties = schema.get("properties")
    if properties is None:
        return f"{head}export type {name} = {type_of(schema)};\n"
    required = set(schema.get("required", ()))
    lines = "".join(
        _comment(said_of(of), "  ") + f"  {key}{'' if key in required else '?'}: {type_of(of)};\n"
        for key, of in properties.items()
    )
    return f"{head}export interface {name} {{\n{lines}}}\n"


def _comment(said: str, indent: str = "") -> str:
    said = said.replace("*/", "* /")
    return f"{indent}/** {said} */\n" if said else ""


def type_of(schema: Mapping[str, Any], prefix: str = "") -> str:
    """A schema as a type of TypeScript."""
    name = referred(schema)
    if name is not None:
        return f"{prefix}{name}"
    if variants(schema):
        return " | ".join(dict.fromkeys(type_of(each, prefix) for each in variants(schema)))
    if "const" in schema or "enum" in schema:
        return " | ".join(json.dumps(v) for v in schema.get("enum", [schema.get("const")]))
    kind = schema.get("type")
    if kind == "array":
        return f"Array<{type_of(schema.get('items', {}), prefix)}>"
    if kind == "object":
        values = schema.get("additionalProperties")
        inner = type_of(values, prefix) if isinstance(values, Mapping) else "unknown"
        return f"Record<string, {inner}>"
    plain = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean"}
    return plain.get(str(kind), "null" if kind == "null" else "unknown")


def _camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda match: match[1].upper(), name)


def _method(operation: Operation) -> str:
    given = [f"{_camel(each.name)}: string" for each in operation.of_path]
    if operation.body is not None:
        mark = "" if operation.body_required else "?"
        given.append(f"body{mark}: {type_of(operation.body, 'models.')}")
    query = "{}"
    if operation.of_query:
        fields = " ".join(
            f"{each.name}?: {type_of(each.schema, 'models.')};" for each in operation.of_query
        )
        given.append(f"query: {{ {fields} }} = {{}}")
        query = "query"
    given.append("options: CallOptions = {}")
    path = re.sub(r"\{(\w+)\}", lambda m: f"${{segment({_camel(m[1])})}}", operation.path)
    answer = type_of(operation.answer, "models.")
    body = "undefined" if operation.body is None else "body"
    repeatable = "true" if operation.repeatable else "false"
    return f"""
{_comment(operation.said, "  ")}  {_camel(operation.name)}({", ".join(given)}): Promise<{answer}> {{
    return this.#transport.send(
      "{operation.method}", `{path}`, {query}, {body}, {repeatable}, options,
    ) as Promise<{answer}>;
  }}
"""
