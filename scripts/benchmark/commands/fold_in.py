"""`python -m scripts.benchmark fold-in`: how long it takes to embed a new user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from time import perf_counter, thread_time
from typing import Annotated

import numpy as np
import typer
from graphrec.cli.options import AsJson, SettingsFile, Snapshots
from graphrec.cli.output import print_json, print_table
from graphrec.cli.settings import folder_of

from graphrec.data import AttributeValue
from graphrec.errors import SnapshotError
from graphrec.models.encoder import NO_ATTRIBUTES, Encoder
from graphrec.settings import load_settings
from graphrec.snapshot.registry import load
from graphrec.snapshot.snapshot import Snapshot

GIVEN = (1, 5, 10, 50, 100, 200)
"""Interactions, in turn."""

WARM_UP = 100
"""Calls that are not timed."""


@dataclass(frozen=True)
class Latency:
    """Of embedding someone with so many interactions, in microseconds."""

    given: int
    p50: float
    p95: float
    p99: float
    largest: float
    cpu_p99: float
    """Of processor time alone, which what else runs on the machine hardly lengthens."""


def fold_in(
    folder: Snapshots = None,
    calls: Annotated[int, typer.Option(min=100, help="Calls of each number given.")] = 2_000,
    settings_file: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """How long the encoder of the snapshot that serves takes for 1 to 200 interactions.

    Items are drawn at random, each call others; attributes are those of random users, where the
    encoder listens to any. It is what a click adds to a request before anything is ranked.

    **Example:** `python -m scripts.benchmark fold-in`
    """
    settings = load_settings(settings_file)
    snapshot = load(folder_of(folder, settings))
    if snapshot.encoder is None:
        raise SnapshotError(
            f"snapshot {snapshot.manifest.version!r} has no encoder: expected that of a model that "
            f"embeds new users, such as graphsage; publish one with `graphrec train`"
        )
    found = measure(snapshot, snapshot.encoder, calls, np.random.default_rng(settings.seed))
    if as_json:
        print_json([asdict(each) for each in found])
        return
    items, width = snapshot.encoder.messages.shape
    print_table(
        f"Fold-in, {items:,} items, {width} dimensions, {calls:,} calls each, in microseconds",
        ["interactions", "p50", "p95", "p99", "largest", "p99 of processor time"],
        [
            [str(each.given), *(f"{value:.0f}" for value in list(asdict(each).values())[1:])]
            for each in found
        ],
    )


def measure(
    snapshot: Snapshot, encoder: Encoder, calls: int, rng: np.random.Generator
) -> tuple[Latency, ...]:
    """For each of GIVEN, as far as there are so many items."""
    items, users = len(encoder.messages), len(snapshot.likes.users)
    found = []
    for given in (n for n in GIVEN if n <= items):
        took = np.empty((WARM_UP + calls, 2))
        for call in range(len(took)):
            history = rng.choice(items, given, replace=False).astype(np.int32)
            about: Mapping[str, AttributeValue] = (
                snapshot.about(int(rng.integers(users))) if users else NO_ATTRIBUTES
            )
            began = perf_counter(), thread_time()
            encoder.embed(history, about)
            took[call] = perf_counter() - began[0], thread_time() - began[1]
        measured = 1e6 * took[WARM_UP:]
        (p50, _), (p95, _), (p99, cpu) = np.percentile(measured, [50, 95, 99], axis=0).tolist()
        found.append(Latency(given, p50, p95, p99, float(measured[:, 0].max()), cpu))
    return tuple(found)
