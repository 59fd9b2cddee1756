"""What messages say, one change each: out of JSON and out of the envelopes it comes in."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

from graphrec.ingest.json_values import TwiceError, parsed
from graphrec.ingest.streams.address import Role
from graphrec.ingest.streams.debezium import rows_of
from graphrec.ingest.streams.protocol import Message

from graphrec.data.times import milliseconds
from graphrec.errors import DataError

Decode: TypeAlias = Callable[[bytes], object]
"""The value of a message; raises ValueError, which says what is wrong with it."""


class Part(NamedTuple):
    """An event, item or user that a message puts or deletes."""

    at: int
    """The place of the message in its batch."""
    role: Role
    value: Mapping[str, Any]
    time: int
    """Of an event that names none, in milliseconds since 1970."""
    deleted: bool = False


@dataclass(frozen=True)
class Parts:
    """What a batch of messages says, in their order."""

    parts: Sequence[Part]
    wrong: Mapping[int, str]
    """By the place of a message, what is wrong with it."""
    ignored: Mapping[str, int]
    """Messages that say nothing, by reason."""


Envelope: TypeAlias = Literal["json", "cloudevents", "debezium"]

MARKS = ("__deleted", "deleted")
"""What a flattened change says of a row that was deleted."""


def parts_of(
    messages: Sequence[Message],
    roles: Mapping[str, Role],
    envelope: Envelope,
    decode: Decode,
) -> Parts:
    """What messages say; `roles` is what those of each topic are about."""
    parts: list[Part] = []
    wrong: dict[int, str] = {}
    ignored: dict[str, int] = {}
    for at, message in enumerate(messages):
        role = roles[message.topic]
        try:
            found = _parts(at, message, role, envelope, decode)
        except ValueError as error:
            wrong[at] = str(error)
            continue
        if isinstance(found, str):
            ignored[found] = ignored.get(found, 0) + 1
        else:
            parts += found
    return Parts(parts, wrong, ignored)


def as_json(value: bytes) -> object:
    """The value of JSON; raises ValueError."""
    found = parsed(value)
    if isinstance(found, TwiceError):
        raise found
    if not isinstance(found, dict):
        raise ValueError("not a JSON object")
    return found


def in_streams(message: str) -> str:
    """What is wrong with columns, with the command that a stream is read by."""
    return message.replace("`graphrec ingest --map", "`graphrec consume --map")


def _parts(
    at: int, message: Message, role: Role, envelope: Envelope, decode: Decode
) -> Sequence[Part] | str:
    """The changes of a message, or why it says nothing; raises ValueError for a wrong one."""
    if not message.value:
        return _tombstone(at, message, role, envelope, decode)
    value = decode(message.value)
    if not isinstance(value, dict):
        raise ValueError("not an object")
    if envelope == "debezium":
        rows, moment = rows_of(value)
        time = message.time if moment is None else moment
        return [Part(at, role, row, time, gone) for row, gone in rows]
    time = message.time
    if envelope == "cloudevents":
        value, time = _cloud_event(message, value)
    if role != "event":
        for mark in MARKS:
            if mark in value:
                value = {**value}
                gone = value.pop(mark)
                if gone in (True, "true"):
                    return [Part(at, role, value, time, deleted=True)]
    return [Part(at, role, value, time)]


def _tombstone(
    at: int, message: Message, role: Role, envelope: Envelope, decode: Decode
) -> Sequence[Part] | str:
    if envelope == "debezium":
        return "tombstones, whose rows were deleted by the message before"
    if role == "event":
        raise ValueError("an empty message: expected an event")
    key = (message.key or b"").strip()
    if not key:
        raise ValueError("an empty message without a key: expected the id of what was deleted")
    if key[:1] in (b"{", b'"', b"\0"):
        named = parsed(key) if key[:1] != b"\0" else decode(key)
        named = named.get("payload", named) if isinstance(named, dict) else named
        if isinstance(named, dict):
            return [Part(at, role, named, message.time, deleted=True)]
        if not isinstance(named, str):
            raise ValueError("a key that cannot be read: expected the id of what was deleted")
        return [Part(at, role, {"id": named}, message.time, deleted=True)]
    try:
        text = key.decode()
    except UnicodeDecodeError:
        raise ValueError("a key that is not UTF-8: expected the id of what was deleted") from None
    return [Part(at, role, {"id": text}, message.time, deleted=True)]


def _cloud_event(message: Message, value: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """The data of an event, with its type as the kind where it has none; and its time.

    Structured, with the data within, or binary, with the attributes in headers.
    """
    if "specversion" in value:
        about: Mapping[str, Any] = value
        data = value.get("data")
        if "data_base64" in value:
            try:
                data = as_json(base64.b64decode(value["data_base64"], validate=True))
            except (TypeError, ValueError):
                raise ValueError("data_base64 is no JSON object in base64") from None
    else:
        about, data = _of_headers(message.headers), value
        if "specversion" not in about:
            raise ValueError("no CloudEvent: expected specversion in the message or its headers")
    if not isinstance(data, dict):
        raise ValueError("a CloudEvent without an object as its data")
    found = dict(data)
    if about.get("type") and not {"kind", "event", "event_type", "action"} & found.keys():
        found["kind"] = about["type"]
    moment = about.get("time")
    if moment is None:
        return found, message.time
    try:
        return found, milliseconds(moment)
    except DataError as error:
        raise ValueError(f"time of the CloudEvent: {error.__cause__ or error}") from None


def _of_headers(headers: Mapping[str, bytes]) -> dict[str, str]:
    """The attributes of an event in binary mode: `ce_type` of Kafka, `ce-type` of others."""
    return {
        name.lower()[3:]: value.decode("utf-8", "replace")
        for name, value in headers.items()
        if name.lower().startswith(("ce_", "ce-"))
    }
