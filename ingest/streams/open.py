"""What a stream needs to be consumed, out of settings and options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphrec.ingest.formats.declare import Events, Format
from graphrec.ingest.formats.tracking import FORMATS
from graphrec.ingest.settle import time_rules
from graphrec.ingest.streams.address import Address
from graphrec.ingest.streams.batches import Reading
from graphrec.ingest.streams.catalogue import NodeRules
from graphrec.ingest.streams.events import EventRules
from graphrec.ingest.streams.parts import Envelope, as_json
from graphrec.ingest.streams.protocol import Start
from graphrec.ingest.streams.registry import decoder

from graphrec.data import AttributeKind
from graphrec.data.times import milliseconds
from graphrec.errors import DataError, SettingsError
from graphrec.settings import Settings

ENVELOPES: Mapping[str, Envelope] = {
    "json": "json",
    "cloudevents": "cloudevents",
    "debezium": "debezium",
}

STARTS: Mapping[str, Start] = {"stored": "stored", "beginning": "beginning", "end": "end"}

SHAPED: Mapping[str, Format] = {
    each.name: each
    for each in FORMATS
    if any(isinstance(t, Events) and t.shape is not None for t in each.tables)
}
"""Formats of `graphrec ingest` whose events are made of messages as they are of the lines of
files."""


def reading_of(
    address: Address,
    settings: Settings,
    form: str = "json",
    mapping: Mapping[str, Mapping[str, str]] | None = None,
    kinds: Mapping[str, Mapping[str, AttributeKind]] | None = None,
    kind: str | None = None,
    registry: str | None = None,
) -> Reading:
    """How messages at an address are read; raises SettingsError for a format that there is not.

    `mapping` and `kinds` are by `events`, `item` and `user`.
    """
    if form not in ENVELOPES and form not in SHAPED:
        raise SettingsError(
            f"format {form!r} is none of streams: expected one of "
            f"{', '.join([*ENVELOPES, *SHAPED])}"
        )
    of, known = mapping or {}, kinds or {}
    ids: dict[str, Any] = {"ids": settings.ids}
    events = EventRules(
        address.stream,
        times=time_rules(settings.ingest),
        policies=settings.kinds,
        mapping=of.get("events", {}),
        kind=kind,
        format=SHAPED.get(form),
        **ids,
    )
    return Reading(
        address.stream,
        address.topics,
        ENVELOPES.get(form, "json"),
        as_json if registry is None else decoder(registry),
        events,
        NodeRules("item", mapping=of.get("item", {}), kinds=known.get("item", {}), **ids),
        NodeRules("user", mapping=of.get("user", {}), kinds=known.get("user", {}), **ids),
        settings.privacy.refuse_forgotten,
    )


def start_of(text: str) -> Start:
    """Where reading begins: stored, beginning, end, or a time; raises SettingsError."""
    found = STARTS.get(text)
    if found is not None:
        return found
    try:
        return milliseconds(text)
    except DataError as error:
        raise SettingsError(
            f"start {text!r}: expected stored, beginning, end or a time such as 2026-11-30T12:00Z"
        ) from error
