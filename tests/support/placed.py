"""A tiny shop with kinds, dates and categories, and a recommender of it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from graphrec.data import Attribute, Graph, Interactions, Vocabulary
from graphrec.data.weighting import DEFAULT_POLICY, weigh
from graphrec.placement.ready import with_ready
from graphrec.recommend.query import Context
from graphrec.recommend.recommender import Recommender
from graphrec.settings import Settings
from graphrec.snapshot.registry import publish
from graphrec.snapshot.snapshot import Snapshot
from graphrec.store.sqlite.store import SQLiteStore
from tests.support.deltas import delta_of
from tests.support.snapshots import build_snapshot

DAY = 86_400_000
NOW = 1_700_000_000_000
CONTEXT = Context(NOW)

PEOPLE = [f"visitor {n}" for n in range(160)]

ITEMS = {
    #          category  brand   stock price  published (days ago)
    "phone": ("phones", "acme", 5.0, 500.0, 300),
    "charger": ("power", "acme", 5.0, 20.0, 300),
    "case": ("power", "bolt", 5.0, 15.0, 250),
    "cable": ("power", "bolt", 0.0, 5.0, 250),
    "lamp": ("home", "bolt", 5.0, 40.0, 200),
    "soap": ("home", "zest", 5.0, 3.0, 200),
    "rug": ("home", "zest", 5.0, 90.0, 10),
    "vase": ("home", "acme", 5.0, 30.0, 5),
}

EVENTS = [
    # user, item, kind, days ago
    *((user, "phone", "purchase", 60) for user in ("ann", "bob", "cat", "dan")),
    *((user, "charger", "purchase", 50) for user in ("ann", "bob", "cat")),
    ("dan", "charger", "purchase", 90),  # before the phone
    *((user, "case", "purchase", 40) for user in ("ann", "eve")),
    *((user, "cable", "purchase", 30) for user in ("ann", "bob")),
    *((user, "lamp", "view", 3) for user in ("ann", "bob", "cat", "eve", "fay")),
    ("dan", "lamp", "view", 10),
    *((user, "phone", "view", 9) for user in ("ann", "bob", "eve", "fay")),
    ("cat", "phone", "view", 2),
    *(("eve", "soap", "purchase", ago) for ago in (70, 50, 30)),
    *(("fay", "soap", "purchase", ago) for ago in (66, 46)),
    ("gus", "soap", "purchase", 22),
    ("gus", "rug", "purchase", 5),
    ("gus", "rug", "return", 4),
]


def log_of(events: Iterable[tuple[str, str, str, float]]) -> Interactions:
    """Events of value 1, so many days ago."""
    rows = [*events]
    return Interactions.of(
        [user for user, _, _, _ in rows],
        [item for _, item, _, _ in rows],
        [1.0] * len(rows),
        [NOW - round(days * DAY) for _, _, _, days in rows],
        [kind for _, _, kind, _ in rows],
    )


@cache
def shop() -> Snapshot:
    """The snapshot of the tiny shop."""
    log = log_of(EVENTS)
    order = log.items.ids
    missing = [item for item in ITEMS if item not in order]
    log = Interactions(
        log.users,
        log.items.extended(missing),
        log.user,
        log.item,
        log.weight,
        log.time,
        log.kind,
        log.kinds,
    )
    ids = log.items.ids

    def column(place: int) -> tuple[Any, ...]:
        return tuple(ITEMS[item][place] for item in ids)

    dates = tuple(float(NOW - ITEMS[item][4] * DAY) for item in ids)
    attributes = {
        "title": Attribute("text", tuple(item.title() for item in ids)),
        "category": Attribute("category", column(0)),
        "brand": Attribute("category", column(1)),
        "stock": Attribute("number", column(2)),
        "price": Attribute("number", column(3)),
        "published_at": Attribute("number", dates),
    }
    countries = {"ann": "DE", "bob": "DE", "cat": "FR", "dan": "FR", "eve": "FR"}
    users = {"country": Attribute("category", tuple(map(countries.get, log.users.ids)))}
    graph = weigh(Graph(log, {"item": attributes, "user": users}), DEFAULT_POLICY, NOW)
    return build_snapshot(graph, popular_by="country")


def engine(**settings: Any) -> Recommender:
    """The recommender of the shop by some settings."""
    if "placements" in settings:
        settings["placements"] = with_ready(settings["placements"])
    return Recommender.serving(shop(), Settings(**settings))


def later(recommender: Recommender, *events: tuple[str, str, str, float]) -> Recommender:
    """The recommender once further events were written, the first of their pairs."""
    return recommender.advanced(delta_of(log_of(events)))


def ids(found: Iterable[Any]) -> list[str]:
    """The ids of the items of a list."""
    return [each.item for each in found]


def prepared(folder: Path, toml: str) -> None:
    """A folder with settings, a store and a snapshot."""
    with SQLiteStore(folder / "graph.db", {}) as store:
        store.write_events(log_of(EVENTS))
        prices = Attribute("number", tuple(each[3] for each in ITEMS.values()))
        store.write_nodes("item", Vocabulary(tuple(ITEMS)), {"price": prices})
        lands = Attribute("category", tuple("DE" if n % 2 else "FR" for n in range(len(PEOPLE))))
        store.write_nodes("user", Vocabulary(tuple(PEOPLE)), {"country": lands})
    publish(shop(), folder / "snapshots")
    (folder / "graphrec.toml").write_text(toml)
