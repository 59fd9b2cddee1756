"""The other workers of a service, which hold a part of its figures each.

A scrape reaches one worker. It asks the others, each at a socket in a folder that only they may
open, and answers with the figures of all, each with the number of its worker as a label.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families

ANSWER_SECONDS = 1.0
"""How long a scrape waits for another worker; one that just begins is left out."""


@dataclass(frozen=True)
class Peers:
    """The workers of a service, by their number from 1 on."""

    folder: Path
    """Holds a socket for each."""
    number: int
    """Of this one."""
    workers: int
    name: str = ""
    """Of the tenant whose figures these are, where there are several."""

    @asynccontextmanager
    async def tell(self, registry: CollectorRegistry) -> AsyncIterator[None]:
        """Give the figures of this worker to the others, for as long as the context lasts."""

        async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(generate_latest(registry))
            await writer.drain()
            writer.close()

        # At a name of its own first: the one before, of other settings, may still be there.
        path = self._path(self.number)
        new = path.with_suffix(f".{id(registry)}")
        server = await asyncio.start_unix_server(answer, new)
        new.replace(path)
        async with server:
            yield

    async def collect(self, registry: CollectorRegistry) -> bytes:
        """The figures of all workers, as Prometheus reads them."""
        others = [number for number in range(1, self.workers + 1) if number != self.number]
        found = await asyncio.gather(*map(self._ask, others))
        texts = {self.number: generate_latest(registry).decode()}
        texts |= {n: text for n, text in zip(others, found, strict=True) if text is not None}
        return await asyncio.to_thread(merged, texts)

    async def _ask(self, number: int) -> str | None:
        try:
            return await asyncio.wait_for(self._read(number), ANSWER_SECONDS)
        except (OSError, asyncio.TimeoutError):
            return None

    async def _read(self, number: int) -> str:
        reader, writer = await asyncio.open_unix_connection(self._path(number))
        try:
            return (await reader.read()).decode()
        finally:
            writer.close()

    def _path(self, number: int) -> Path:
        return self.folder / f"{self.name}{number}.sock"


def merged(texts: Mapping[Any, str], label: str = "worker") -> bytes:
    """The figures of several as one document, each series with whose it is as a label."""
    families: dict[str, Metric] = {}
    for whose, text in sorted(texts.items()):
        for each in text_string_to_metric_families(text):
            family = families.setdefault(
                each.name, Metric(each.name, each.documentation, each.type)
            )
            for sample in each.samples:
                labels = {**sample.labels, label: str(whose)}
                family.add_sample(sample.name, labels, sample.value)
    all_of_them: Any = SimpleNamespace(collect=families.values)
    return generate_latest(all_of_them)
