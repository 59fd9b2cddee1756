"""Metrics for Prometheus, in a registry of their own.

None of them names a user or an item. Two of them reveal a collapsed model, whose lists become all
the same: they look at the latest lists, and measure which share of the catalogue is in them, and
which share of one list is in another.
"""

from __future__ import annotations

import time
from collections import Counter as Multiset
from collections import deque
from collections.abc import Collection, Iterator
from datetime import datetime
from functools import lru_cache
from typing import Literal, TypeAlias

from graphrec.api.list_cache import WrittenList
from graphrec.api.live.engine import Engine
from graphrec.api.live.setting_names import SettingNames
from graphrec.api.live.store import LiveStore
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from graphrec.recommend.results import EMPTY

LISTS = 1000
"""How many of the latest lists are compared."""

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)

METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH"})

Recipient: TypeAlias = Literal["user", "session"]


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
    """Counts what happens: requests, lists, exposures, snapshots that are loaded."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.latest: dict[str, LatestLists] = {}
        """The latest lists, by version."""
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
            "Lists sent: to users, and to sessions.",
            ("to", "version"),
            registry=registry,
        )
        self._items = Counter(
            "graphrec_recommended_items", "Items in them.", ("version",), registry=registry
        )
        self._sources = Counter(
            "graphrec_recommended_by",
            "Items in them by the sources that add to their score, maybe several.",
            ("source", "version"),
            registry=registry,
        )
        self._empty = Counter(
            "graphrec_lists_empty",
            "Lists sent with nothing in them, by cause.",
            ("cause",),
            registry=registry,
        )
        for cause in EMPTY:  # so that the first one is an increase
            self._empty.labels(cause)
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
        # To find a metric by its labels takes Prometheus' library as long as to count it.
        self._of = lru_cache(maxsize=1024)(lambda metric, *labels: metric.labels(*labels))

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answer; `route` is a template, never a path."""
        method = method if method in METHODS else "other"
        self._of(self._seconds, method, route).observe(seconds)
        self._of(self._requests, method, route, str(status)).inc()

    def recommended(self, to: Recipient, version: str, written: WrittenList) -> None:
        """Count a list of a version that is sent."""
        self._of(self._lists, to, version).inc()
        self._of(self._items, version).inc(len(written.items))
        if written.empty is not None:
            self._of(self._empty, written.empty).inc()
        for source, times in written.sources:
            self._of(self._sources, source, version).inc(times)
        latest = self.latest.get(version)
        if latest is None:
            latest = self.latest[version] = LatestLists()
        latest.add(written.items)

    def keep_only(self, versions: Collection[str]) -> None:
        """Drop the series and the latest lists of all other versions: they do not serve any more.

        For after a scrape, so that the last counts of each are collected once.
        """
        held = list(self.latest.items())  # at once: lists are counted meanwhile
        self.latest = {version: latest for version, latest in held if version in versions}
        for metric, names in (
            (self._lists, ("to", "version")),
            (self._items, ("version",)),
            (self._sources, ("source", "version")),
        ):
            found = {
                tuple(sample.labels[name] for name in names)
                for family in metric.collect()
                for sample in family.samples
            }
            for labels in found:
                if labels[-1] not in versions:
                    metric.remove(*labels)
                    self._of.cache_clear()

    def exposed(self, result: Literal["written", "lost"], lists: int) -> None:
        """Count lists for the log of exposures."""
        self._exposures.labels(result).inc(lists)

    def exposures_failed(self) -> None:
        """Count a failure to write the log of exposures."""
        self._exposure_failures.inc()

    def loaded(self, well: bool) -> None:
        """Count a snapshot that was loaded, or refused."""
        self._reloads.labels("ok" if well else "refused").inc()


class Gauges(Collector):
    """Measures the present state when Prometheus asks: what serves, and its latest lists."""

    def __init__(
        self, metrics: Metrics, engine: Engine, store: LiveStore | None, names: SettingNames
    ) -> None:
        self._metrics = metrics
        self._engine = engine
        self._store = store
        self._names = names

    def collect(self) -> Iterator[Metric]:
        """The gauges; called by the registry."""
        serving = self._engine.serving
        yield _gauge("graphrec_ready", "Whether a snapshot serves.", float("current" in serving))
        if self._store is not None:
            up = float(self._store.reason is None)
            yield _gauge("graphrec_store_up", "Whether the graph store answers.", up)
        if "current" not in serving:
            return
        yield _gauge(
            "graphrec_setting_problems",
            "Names in the settings that are unknown, such as attributes that no item has.",
            float(sum(found.unknown for found in self._names.problems(serving["current"]))),
        )
        manifest = serving["current"].snapshot.manifest
        created = datetime.fromisoformat(manifest.created).timestamp()
        yield _gauge(
            "graphrec_snapshot_age_seconds", "Since it was published.", time.time() - created
        )
        for name, count in manifest.counts.items():
            yield _gauge(f"graphrec_snapshot_{name}", f"What it holds: {name}.", float(count))
        yield from self._by_version()

    def _by_version(self) -> Iterator[Metric]:
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
        held = set()
        for role, recommender in self._engine.serving.items():
            version = recommender.snapshot.manifest.version
            info.add_metric((version, role.partition(" ")[0]), 1)
            items = len(recommender.snapshot.likes.items)
            held.add(version)
            latest = self._metrics.latest.get(version, LatestLists())
            if items:
                coverage.add_metric((version,), latest.distinct / items)
            if latest.overlap is not None:
                overlap.add_metric((version,), latest.overlap)
        yield from (info, coverage, overlap)
        self._metrics.keep_only(held)


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(name, meaning, value=value)
