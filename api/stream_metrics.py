"""Metrics of a stream that is consumed, for Prometheus: of a service, or of `graphrec consume`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class StreamMetrics:
    """Counts what becomes of batches, which are as `graphrec.ingest.streams.step.Step` has them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._messages = Counter(
            "graphrec_stream_messages",
            "Messages of the stream: written, or rejected to the dead letters.",
            ("result",),
            registry=registry,
        )
        self._changes = Counter(
            "graphrec_stream_changes",
            "What they said: events, and nodes (items and users).",
            ("what",),
            registry=registry,
        )
        self._ignored = Counter(
            "graphrec_stream_ignored",
            "What was not stored and is no fault, such as events of what was deleted.",
            registry=registry,
        )
        self._lag = Gauge(
            "graphrec_stream_lag", "Messages that are there and were not read.", registry=registry
        )
        self._away = Counter(
            "graphrec_stream_waits",
            "Times that it waited: the store was away, or another reader was faster (moved).",
            ("cause",),
            registry=registry,
        )
        self._seconds = Histogram(
            "graphrec_stream_batch_seconds",
            "From the end of the poll until a batch was durable.",
            buckets=SECONDS,
            registry=registry,
        )
        self._delay = Histogram(
            "graphrec_stream_delay_seconds",
            "From when the broker got the oldest message of a batch until it was durable.",
            buckets=SECONDS,
            registry=registry,
        )
        for result in ("written", "rejected"):
            self._messages.labels(result)

    def observe(self, step: Mapping[str, Any]) -> None:
        """Count a batch."""
        if step["lag"] is not None:
            self._lag.set(step["lag"])
        if step["result"] in ("away", "moved"):
            self._away.labels(step["result"]).inc()
        if step["result"] != "written":
            return
        self._messages.labels("written").inc(step["messages"] - step["rejected"])
        self._messages.labels("rejected").inc(step["rejected"])
        self._changes.labels("events").inc(step["events"])
        self._changes.labels("nodes").inc(step["nodes"])
        self._ignored.inc(sum(step["ignored"].values()))
        self._seconds.observe(step["seconds"])
        if step["delay"] is not None:
            self._delay.observe(step["delay"])
