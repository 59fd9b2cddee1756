"""Messages in Avro or Protobuf, whose schemas a registry has: Confluent's protocol.

A message begins with a zero byte and the number of its schema, of four bytes; each schema is asked
for once. JSON with such a beginning is read, too.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from io import BytesIO
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from graphrec.ingest.streams.parts import Decode, as_json

from graphrec.errors import MissingExtra, SettingsError, StreamError

SECONDS = 10.0
TRIES = 5
"""Times that a registry is asked that does not answer, a second apart."""


def decoder(registry: str) -> Decode:
    """What reads messages by the schemas of a registry at an address; raises SettingsError."""
    if urlsplit(registry).scheme not in ("http", "https"):
        raise SettingsError(
            f"schema registry {registry!r}: expected its address, such as http://localhost:8081"
        )
    known: dict[int, Callable[[bytes], object]] = {}

    def decode(value: bytes) -> object:
        if value[:1] != b"\0" or len(value) < 5:
            raise ValueError("no number of a schema: expected a zero byte and four of it first")
        number = int.from_bytes(value[1:5], "big")
        read = known.get(number)
        if read is None:
            read = known[number] = _reader(registry.rstrip("/"), number)
        try:
            return read(value[5:])
        except StreamError:
            raise
        except Exception as error:  # whatever the libraries raise for bytes that are none
            raise ValueError(f"no message of schema {number}: {error}") from None

    return decode


def _reader(registry: str, number: int) -> Callable[[bytes], object]:
    answer = _ask(registry, f"/schemas/ids/{number}")
    kind = answer.get("schemaType", "AVRO")
    if kind == "AVRO":
        return _avro(answer["schema"])
    if kind == "PROTOBUF":
        return _protobuf(_ask(registry, f"/schemas/ids/{number}?format=serialized")["schema"])
    if kind == "JSON":
        return as_json
    raise ValueError(f"schema {number} is {kind}: expected AVRO, PROTOBUF or JSON")


def _ask(registry: str, path: str) -> Any:
    """What the registry answers; raises ValueError for a schema that it does not have."""
    address = urlsplit(registry)
    host = address.netloc.rpartition("@")[2]
    request = Request(f"{address.scheme}://{host}{address.path}{path}")  # noqa: S310
    if address.username:
        login = base64.b64encode(f"{address.username}:{address.password or ''}".encode())
        request.add_header("Authorization", f"Basic {login.decode()}")
    for left in reversed(range(TRIES)):
        try:
            with urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
                return json.load(answer)
        except HTTPError as error:
            if error.code == 404:
                raise ValueError(f"the registry has no schema at {path}") from None
            reason: object = error
        except (URLError, OSError, ValueError) as error:
            reason = error
        if left:
            time.sleep(1)
    raise StreamError(f"the schema registry at {address.hostname} does not answer: {reason}")


def _avro(schema: str) -> Callable[[bytes], object]:
    try:
        from fastavro import parse_schema, schemaless_reader
    except ModuleNotFoundError as error:
        raise MissingExtra("Avro", "fastavro", "registry") from error
    parsed = parse_schema(json.loads(schema))
    return lambda value: schemaless_reader(BytesIO(value), parsed)


def _protobuf(descriptor: str) -> Callable[[bytes], object]:
    try:
        from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
        from google.protobuf.json_format import MessageToDict
    except ModuleNotFoundError as error:
        raise MissingExtra("Protobuf", "protobuf", "registry") from error
    file = descriptor_pb2.FileDescriptorProto.FromString(base64.b64decode(descriptor))
    pool = descriptor_pool.DescriptorPool()
    found = pool.Add(file) or pool.FindFileByName(file.name)

    def read(value: bytes) -> object:
        path, rest = _message_path(value)
        kind = [*found.message_types_by_name.values()][path[0]]
        for at in path[1:]:
            kind = kind.nested_types[at]
        message = message_factory.GetMessageClass(kind).FromString(rest)
        return MessageToDict(message, preserving_proto_field_name=True)

    return read


def _message_path(value: bytes) -> tuple[list[int], bytes]:
    """Which message of the schema it is, by places, and the rest; [0] is written as one zero."""
    count, value = _varint(value)
    if count == 0:
        return [0], value
    path = []
    for _ in range(count):
        at, value = _varint(value)
        path.append(at)
    return path, value


def _varint(value: bytes) -> tuple[int, bytes]:
    """A number in zigzag, and what comes after it."""
    number = shift = 0
    for at, byte in enumerate(value):
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return (number >> 1) ^ -(number & 1), value[at + 1 :]
    raise ValueError("it ends within the number of its message")
