"""Reading the stream of some settings into a store: for the command, and beside a service."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from threading import Event
from typing import Any

from graphrec.api.online.shared import EVENTS
from graphrec.cli.commands.forget import forget_wherever
from graphrec.cli.news import teller
from graphrec.cli.source_options import by_source, kinds_of
from graphrec.ingest.streams.address import address_of, open_stream
from graphrec.ingest.streams.consume import RETRY, Work
from graphrec.ingest.streams.consume import consume as read_on
from graphrec.ingest.streams.open import reading_of
from graphrec.ingest.streams.protocol import Start
from graphrec.ingest.streams.step import Step

from graphrec.errors import SettingsError, StoreError
from graphrec.locations import Location
from graphrec.settings import Settings
from graphrec.store import open_store


def consume(
    settings: Settings,
    store: str,
    snapshots: Location,
    report: Callable[[Step], object],
    ended: Callable[[Step], bool] = lambda _: False,
    start: Start = "stored",
) -> None:
    """Read the stream that the settings name into a store, until a signal, or `ended`, ends it.

    `report` gets each step. Users who are deleted are forgotten in `snapshots`, too.
    """
    chosen = settings.stream
    if chosen.url is None:
        raise SettingsError(
            "consume has nothing to read: name a stream, such as kafka://localhost:9092/clicks, "
            "or set stream.url"
        )
    url = chosen.url.get_secret_value()
    address = address_of(url, chosen.items, chosen.users, chosen.group, chosen.dead_letters)
    given = sorted({"events" if role == "event" else role for role in address.topics.values()})
    reading = reading_of(
        address,
        settings,
        chosen.format,
        by_source("--map", "user=KEY", chosen.map, "events", given),
        kinds_of(by_source("--attribute", "title=text", chosen.attributes, "item", given)),
        chosen.kind,
        chosen.registry,
    )
    with ExitStack() as opened:
        over = opened.enter_context(_signals())
        graph = opened.enter_context(open_store(store, settings.kinds, settings.neo4j))
        if graph.position() is None:
            raise SettingsError(
                f"store {store!r} is a graph that [neo4j.graph] maps, which is only read: expected "
                f"a graph of graphrec's own to read a stream into"
            )

        def stop(seconds: float) -> bool:
            return over.wait(seconds) if seconds else over.is_set()

        tell = teller(settings.online)

        def done(step: Step) -> None:
            report(step)
            if step.result == "written" and (step.events or step.nodes):
                tell(EVENTS)
            if ended(step):
                over.set()

        def forget(gone: Sequence[str]) -> None:
            forget_wherever(graph, settings, snapshots, gone)

        def positions() -> Mapping[str, str]:
            """Where the store is, also while it is away: a broker may ask at any moment."""
            while True:
                try:
                    return graph.stream_positions(address.stream)
                except StoreError as error:  # noqa: PERF203
                    report(Step("away", reason=str(error)))
                    if stop(RETRY):
                        raise

        stream = open_stream(address, positions, start)
        opened.callback(stream.close)
        read_on(Work(stream, graph, reading, forget, done, stop), chosen.batch)


def consume_for_service(
    settings: Settings,
    store: str,
    snapshots: Location,
    report: Callable[[Mapping[str, Any]], object],
    ended: Callable[[], bool],
) -> None:
    """As `consume`, with steps as mappings, in a process of a service that may end before it."""
    consume(settings, store, snapshots, lambda step: report(asdict(step)), lambda _: ended())


@contextmanager
def _signals() -> Iterator[Event]:
    """Set once the process is asked to end."""
    over = Event()
    before = {
        each: signal.signal(each, lambda *_: over.set()) for each in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield over
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
