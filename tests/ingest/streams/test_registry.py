"""Messages in Avro and Protobuf, by a registry that speaks Confluent's protocol."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from threading import Thread
from typing import Any

import pytest
from graphrec.ingest.streams import registry as registry_module
from graphrec.ingest.streams.registry import decoder

from graphrec.errors import SettingsError, StreamError

fastavro = pytest.importorskip("fastavro")
descriptor_pb2 = pytest.importorskip("google.protobuf.descriptor_pb2")

AVRO = {
    "type": "record",
    "name": "Click",
    "fields": [
        {"name": "user", "type": "string"},
        {"name": "item", "type": "long"},
        {"name": "rating", "type": ["null", "double"], "default": None},
    ],
}


def proto() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="click.proto", package="shop", syntax="proto3")
    for name, fields in (("Other", ("x",)), ("Click", ("user_id", "item_id"))):
        message = file.message_type.add(name=name)
        for number, field in enumerate(fields, 1):
            message.field.add(name=field, number=number, label=1, type=9, json_name=field.title())
    return file


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    answers = {
        "/schemas/ids/1": {"schema": json.dumps(AVRO)},
        "/schemas/ids/2": {"schemaType": "PROTOBUF", "schema": "…"},
        "/schemas/ids/2?format=serialized": {
            "schema": base64.b64encode(proto().SerializeToString()).decode()
        },
        "/schemas/ids/3": {"schemaType": "JSON", "schema": "{}"},
        "/schemas/ids/4": {"schemaType": "THRIFT", "schema": ""},
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = answers.get(self.path)
            if self.headers["Authorization"] != "Basic bWU6c2VjcmV0":
                answer = None
            self.send_response(404 if answer is None else 200)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://me:secret@127.0.0.1:{server.server_port}"
    server.shutdown()


def of(number: int, content: bytes) -> bytes:
    return b"\0" + number.to_bytes(4, "big") + content


def test_avro(address: str) -> None:
    out = BytesIO()
    event = {"user": "ann", "item": 7, "rating": 4.5}
    fastavro.schemaless_writer(out, fastavro.parse_schema(AVRO), event)
    assert decoder(address)(of(1, out.getvalue())) == event


def test_protobuf_of_any_message_of_the_schema(address: str) -> None:
    # Field 1 "ann" and field 2 "heat": the second message of the file, and the first.
    content = b"\x0a\x03ann\x12\x04heat"
    decode = decoder(address)
    assert decode(of(2, b"\x02\x02" + content)) == {"user_id": "ann", "item_id": "heat"}
    assert decode(of(2, b"\x00" + b"\x0a\x03ann")) == {"x": "ann"}


def test_json_with_a_schema(address: str) -> None:
    assert decoder(address)(of(3, b'{"user":"ann"}')) == {"user": "ann"}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b'{"user":"ann"}', "no number of a schema"),
        (of(9, b"x"), "the registry has no schema"),
        (of(4, b"x"), "schema 4 is THRIFT"),
        (of(1, b"\xff"), "no message of schema 1"),
        (of(2, b"\x02\x02\xff"), "no message of schema 2"),
        (of(2, b"\x02\x08"), "no message of schema 2"),
    ],
)
def test_what_is_no_message_says_why(address: str, value: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        decoder(address)(value)


def test_a_registry_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_module, "TRIES", 1)
    with pytest.raises(StreamError, match=r"registry at 127\.0\.0\.1 does not answer"):
        decoder("http://127.0.0.1:1")(of(1, b""))
    with pytest.raises(SettingsError, match="expected its address"):
        decoder("registry:8081")
