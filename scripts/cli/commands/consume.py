"""`graphrec consume`: a stream of events and changes, read into the store as they come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from time import monotonic
from typing import Annotated

import orjson
import typer
from graphrec.cli.consuming import consume as read_stream
from graphrec.cli.options import SettingsFile, Snapshots, StoreUrl
from graphrec.cli.output import OUT, warn
from graphrec.cli.settings import load_settings, snapshots_of
from graphrec.ingest.streams.consume import LIMIT
from graphrec.ingest.streams.open import start_of
from graphrec.ingest.streams.step import Step

from graphrec.counts import counted
from graphrec.settings import changed

EVERY = 5.0
"""Seconds between lines on the terminal."""


def consume(
    url: Annotated[
        str | None,
        typer.Argument(
            help="Broker and topics of events: kafka://HOST:9092/TOPIC, nats://HOST:4222/SUBJECT "
            "or redis://HOST:6379/KEY; several topics are separated by commas.",
            show_default="from the settings, [stream]",
        ),
    ] = None,
    items: Annotated[
        str | None,
        typer.Option(help="Topics of items: each message puts one, a tombstone deletes it."),
    ] = None,
    users: Annotated[
        str | None,
        typer.Option(help="Topics of users, likewise; a tombstone forgets the user everywhere."),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="What messages are: json, cloudevents, debezium, segment or ga4.",
            show_default="from the settings, json",
        ),
    ] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            help="Which key of a message is user, item, weight, time or kind, such as "
            "user=customer.id; of others item.id=KEY or user.id=KEY.",
        ),
    ] = None,
    attributes: Annotated[
        list[str] | None,
        typer.Option(
            "--attribute",
            help="The kind of an attribute of items, such as summary=text, or of users, such as "
            "user.age=number; without it, that of the store, or as its first value is in JSON.",
        ),
    ] = None,
    kind: Annotated[str | None, typer.Option(help="Kind of all events.")] = None,
    registry: Annotated[
        str | None,
        typer.Option(help="Address of the registry of schemas, for messages in Avro or Protobuf."),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(
            help="Name under which the store keeps how far it read; readers of one name share "
            "the work.",
            show_default="from the settings, graphrec",
        ),
    ] = None,
    start: Annotated[
        str,
        typer.Option(
            "--from",
            help="Where to begin: stored (where the store is, else at the beginning), beginning, "
            "end, or a time such as 2026-11-30T12:00Z. What is read again changes nothing.",
        ),
    ] = "stored",
    dead_letters: Annotated[
        str | None,
        typer.Option(
            help="Topic of messages that cannot be used, each with the reason.",
            show_default="the first topic, with .rejected",
        ),
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option(min=1, help="Messages of a batch at most.", show_default=str(LIMIT)),
    ] = None,
    until_end: Annotated[
        bool, typer.Option("--until-end", help="End once all that is there was read.")
    ] = False,
    metrics: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="Port of this machine for metrics of Prometheus."),
    ] = None,
    store: StoreUrl = None,
    snapshots: Snapshots = None,
    settings_file: SettingsFile = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a line of JSON for each batch.")
    ] = False,
) -> None:
    """Read a stream of events, items and users into the store, as they come, until it is ended.

    How far it read is kept in the store, in the transaction of what it read: whatever ends it, and
    however often, no message is lost and none counts twice. Messages that cannot be used go to a
    topic of dead letters. SIGINT and SIGTERM end it after the batch that it is at.

    **Examples:** `graphrec consume kafka://localhost:9092/clicks --map user=customer`;
    `graphrec consume kafka://localhost:9092 --items shop.public.products --format debezium`
    """
    settings = load_settings(settings_file)
    options = {
        "url": url,
        "items": items,
        "users": users,
        "format": form,
        "kind": kind,
        "registry": registry,
        "group": group,
        "dead_letters": dead_letters,
        "batch": batch,
        "map": None if mapping is None else tuple(mapping),
        "attributes": None if attributes is None else tuple(attributes),
    }
    chosen = changed(settings.stream, {n: v for n, v in options.items() if v is not None})
    report = _json if as_json else _lines()
    if metrics is not None:
        report = _with_metrics(metrics, report)

    def ended(step: Step) -> bool:
        return until_end and step.result == "idle" and step.lag == 0

    read_stream(
        settings.model_copy(update={"stream": chosen}),
        store or settings.store,
        snapshots_of(snapshots, settings),
        report,
        ended,
        start_of(start),
    )


def _with_metrics(port: int, report: Callable[[Step], None]) -> Callable[[Step], None]:
    """Also counts the steps, for Prometheus at a port of this machine."""
    from graphrec.api.stream_metrics import StreamMetrics
    from prometheus_client import CollectorRegistry, start_http_server

    registry = CollectorRegistry()
    counting = StreamMetrics(registry)
    start_http_server(port, "127.0.0.1", registry)

    def both(step: Step) -> None:
        counting.observe(asdict(step))
        report(step)

    return both


def _json(step: Step) -> None:
    typer.echo(orjson.dumps(step).decode())


def _lines() -> Callable[[Step], None]:
    """Prints a line every few seconds in which there was something to say."""
    totals: Counter[str] = Counter()
    since = monotonic()
    shown = ""

    def report(step: Step) -> None:
        nonlocal since, shown
        totals.update(
            messages=step.messages, events=step.events, nodes=step.nodes, rejected=step.rejected
        )
        if step.result == "away" and step.reason != shown:
            shown = step.reason or ""
            warn("the store does not answer, and is tried again", shown)
        if step.rejected:
            warn(f"{counted(step.rejected, 'message')} rejected", step.reason or "")
        now = monotonic()
        if not totals["messages"] or (now - since < EVERY and step.result != "idle"):
            return
        rate = totals["messages"] / max(now - since, 1e-9)
        behind = "" if step.lag is None else f", {step.lag:,} behind"
        OUT.print(
            f"{totals['messages']:,} messages ({rate:,.0f}/s): {totals['events']:,} events, "
            f"{totals['nodes']:,} items and users, {totals['rejected']:,} rejected{behind}"
        )
        totals.clear()
        since = now

    return report
