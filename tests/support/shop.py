"""A shop whose tastes can be learnt, in a store, with settings that make refreshes quick."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from graphrec.data import Attribute, Interactions, Vocabulary
from graphrec.refresh.job import refresh
from graphrec.refresh.outcome import Options, Outcome
from graphrec.settings import EvaluationSettings, RefreshSettings, Settings
from graphrec.store import GraphStore, open_store

HOUR = 3_600_000
QUICK: dict[str, dict[str, Any]] = {
    "graph-filter": {"dim": 16},
    "mf": {"dim": 8, "epochs": 2, "learning_rate": 0.05},
    "graphsage": {"dim": 8, "epochs": 4, "negatives": 20, "learning_rate": 0.05, "batches": 5},
}
GATE = RefreshSettings(min_test_users=20)


def settings_of(**changes: Any) -> Settings:
    """Settings for a small shop."""
    fixed: dict[str, Any] = {
        "models": QUICK,
        "evaluation": EvaluationSettings(resamples=100, valid_cuts=1),
        "refresh": GATE,
    }
    return Settings(**{**fixed, **changes})


def log(seed: int = 0, users: int = 120, items: int = 60, each: int = 20) -> Interactions:
    """Events of users with one of four tastes, each with a quarter of the items.

    Nine in ten events are within the taste; nobody meets an item twice. The order in time is
    random, so that nearly everyone who is tested on has a history.
    """
    rng = np.random.default_rng(seed)
    pairs = []
    for user in range(users):
        taste = np.where(np.arange(items) % 4 == user % 4, 36.0, 1.0)
        taste *= 1 / (1 + np.arange(items) // 4)  # some are popular
        met = rng.choice(items, each, replace=False, p=taste / taste.sum())
        pairs += [(f"u{user:03}", f"i{item:02}") for item in met]
    order = rng.permutation(len(pairs))
    who, what = zip(*(pairs[at] for at in order), strict=True)
    return Interactions.of(who, what, None, HOUR * np.arange(1, len(pairs) + 1))


def part(events: Interactions, start: float, end: float) -> Interactions:
    """The events from one share of the log to another, by their time."""
    order = np.argsort(events.time, kind="stable")
    taken = events.take(order[int(start * len(order)) : int(end * len(order))])
    users, items = (
        [vocabulary.ids[row] for row in rows]
        for vocabulary, rows in ((taken.users, taken.user), (taken.items, taken.item))
    )
    return Interactions.of(users, items, taken.weight, taken.time)


def store_of(path: Path, events: Interactions) -> GraphStore:
    """A new store of events, whose items have titles and genres."""
    store = open_store(f"sqlite:///{path}")
    write_items(store, events.items.ids)
    store.write_events(events)
    return store


def write_items(store: GraphStore, ids: Sequence[str]) -> None:
    """Items with a title and genres."""
    attributes = {
        "title": Attribute("text", tuple(f"The {item}" for item in ids)),
        "genres": Attribute("tags", tuple((f"g{int(item[1:]) % 4}",) for item in ids)),
    }
    store.write_nodes("item", Vocabulary(tuple(ids)), attributes)


def refreshed(
    store: GraphStore, folder: Path, settings: Settings, *embeddings: str, **asked: Any
) -> Outcome:
    """A refresh of a folder."""
    return refresh(store, folder, settings, Options(embeddings, **asked))
