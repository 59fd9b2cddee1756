"""What the service says of itself to Prometheus, in a registry of its own.

No figure names a user or an item. The two alarms for a collapsed model, as when every list becomes
the same, look at the lists given last: how much of the catalogue they hold, and how much of one
list is in another.
"""

from __future__ import annotations

import time
from collections import Counter as Multiset
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Literal, TypeAlias

from fastapi import APIRouter, Request, Response
from graphrec.api.answers import Answer
from graphrec.api.engine import Role
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from graphrec.recommend.recommender import Recommender

router = APIRouter()

LISTS = 1000
"""The lists that the alarms look at, the latest."""

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)

METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH"})

For: TypeAlias = Literal["user", "session"]


class LatestLists:
    """The items of the last `size` lists, counted as they come and go."""

    def __init__(self, size: int = LISTS) -> None:
        self._lists: deque[tuple[str, ...]] = deque(maxlen=size)
        self._times: Multiset[str] = Multiset()
        self._pairs = 0
        """Ordered pairs of lists that share an item, over all items."""

    def add(self, items: tuple[str, ...]) -> None:
        """Count one more list; the oldest goes where there are more than `size`."""
        if len(self._lists) == self._lists.maxlen:
            for item in self._lists[0]:
                self._times[item] -= 1
                self._pairs -= 2 * self._times[item]
                if not self._times[item]:
                    del self._times[item]
        self._lists.append(items)
        for item in items:
            self._pairs += 2 * self._times[item]
            self._times[item] += 1

    @property
    def distinct(self) -> int:
        """Items in any of the lists."""
        return len(self._times)

    @property
    def overlap(self) -> float | None:
        """The mean share of a list that another one has too; None for fewer than two lists."""
        others = len(self._lists) - 1
        places = sum(self._times.values())
        return self._pairs / (others * places) if others > 0 and places else None


class Metrics:
    """What is counted as it happens, and what is looked up when Prometheus asks."""

    def __init__(
        self,
        serving: Callable[[], Mapping[Role, Recommender]],
        store_up: Callable[[], bool | None],
    ) -> None:
        """`serving` gives recommenders by role; `store_up` gives None where there is no store."""
        self.registry = registry = CollectorRegistry()
        self._serving = serving
        self._store_up = store_up
        self._latest: dict[str, LatestLists] = {}
        self._seconds = Histogram(
            "graphrec_request_seconds",
            "Time to answer, by route template.",
            ("method", "route"),
            buckets=SECONDS,
            registry=registry,
        )
        self._requests = Counter(
            "graphrec_requests", "Answers.", ("method", "route", "status"), registry=registry
        )
        self._lists = Counter(
            "graphrec_lists",
            "Lists given: to users, and folded in.",
            ("to", "version"),
            registry=registry,
        )
        self._items = Counter(
            "graphrec_recommended_items", "Items in them.", ("version",), registry=registry
        )
        self._sources = Counter(
            "graphrec_recommended_by",
            "Items in them by what speaks for them, maybe several sources.",
            ("source", "version"),
            registry=registry,
        )
        self._reloads = Counter(
            "graphrec_reloads", "Snapshots that became current.", ("result",), registry=registry
        )
        self._exposures = Counter(
            "graphrec_exposures",
            "Lists for the log of exposures: written, or lost.",
            ("result",),
            registry=registry,
        )
        self._exposure_failures = Counter(
            "graphrec_exposure_failures",
            "Times that the log of exposures could not be written.",
            registry=registry,
        )
        registry.register(self)
        # To find a figure by its labels takes Prometheus' library as long as to count it.
        self._of = lru_cache(maxsize=1024)(lambda figure, *labels: figure.labels(*labels))

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answer; `route` is a template, never a path."""
        method = method if method in METHODS else "other"
        self._of(self._seconds, method, route).observe(seconds)
        self._of(self._requests, method, route, str(status)).inc()

    def recommended(self, to: For, version: str, answer: Answer) -> None:
        """Count a list that is given, of a version."""
        self._of(self._lists, to, version).inc()
        self._of(self._items, version).inc(len(answer.items))
        for source, times in answer.sources:
            self._of(self._sources, source, version).inc(times)
        self._latest.setdefault(version, LatestLists()).add(answer.items)

    def exposed(self, result: Literal["written", "lost"], lists: int) -> None:
        """Count lists for the log of exposures."""
        self._exposures.labels(result).inc(lists)

    def exposures_failed(self) -> None:
        """Count a time at which that log could not be written."""
        self._exposure_failures.inc()

    def loaded(self, well: bool) -> None:
        """Count a snapshot that was taken, or refused."""
        self._reloads.labels("ok" if well else "refused").inc()

    def collect(self) -> Iterator[Metric]:
        """What Prometheus is told of the present; called by the registry."""
        serving = self._serving()
        yield _gauge("graphrec_ready", "Whether a snapshot serves.", float("current" in serving))
        if (up := self._store_up()) is not None:
            yield _gauge("graphrec_store_up", "Whether the graph store answers.", float(up))
        if "current" not in serving:
            return
        manifest = serving["current"].snapshot.manifest
        created = datetime.fromisoformat(manifest.created).timestamp()
        yield _gauge(
            "graphrec_snapshot_age_seconds", "Since it was published.", time.time() - created
        )
        for name, count in manifest.counts.items():
            yield _gauge(f"graphrec_snapshot_{name}", f"What it holds: {name}.", float(count))
        info = GaugeMetricFamily("graphrec_snapshot", "What serves.", labels=("version", "role"))
        coverage = GaugeMetricFamily(
            "graphrec_coverage",
            f"Share of all items that are in the last {LISTS} lists.",
            labels=("version",),
        )
        overlap = GaugeMetricFamily(
            "graphrec_list_overlap",
            f"Mean share of a list that another one of the last {LISTS} has too.",
            labels=("version",),
        )
        held = {}
        for role, recommender in serving.items():
            version = recommender.snapshot.manifest.version
            info.add_metric((version, role), 1)
            items = len(recommender.snapshot.likes.items)
            held[version] = latest = self._latest.get(version, LatestLists())
            if items:
                coverage.add_metric((version,), latest.distinct / items)
            if latest.overlap is not None:
                overlap.add_metric((version,), latest.overlap)
        self._latest = held  # of versions that no longer serve, nothing is asked
        yield from (info, coverage, overlap)


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(name, meaning, value=value)


@router.get("/metrics", include_in_schema=False)
async def metrics(request: Request) -> Response:
    """All of it, in Prometheus' text format."""
    registry = request.app.state.metrics.registry
    return Response(generate_latest(registry), media_type="text/plain; version=0.0.4")
