"""`python -m scripts.benchmark shop`: a made-up shop, as its people and its pages would meet it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import orjson
import typer
from graphrec.cli.output import print_json, progress_bars
from graphrec.ingest.shop.files import EVENTS, ITEMS, RULES, SETTINGS, USERS, write_shop
from graphrec.ingest.shop.made import shop_of
from graphrec.ingest.shop.proportions import DAY, Proportions

from scripts.benchmark.shop.data import Cut, cut_shop
from scripts.benchmark.shop.door import Door, Place, command, in_the_shell, served
from scripts.benchmark.shop.figures import (
    bought,
    distinct,
    given_back,
    hits,
    new_items,
    of_these,
    own_share,
    partner_share,
)
from scripts.benchmark.shop.rivals import WINDOWS, bestsellers, first_unseen, item_knn

K = 10
AFTER_DAYS = 14
PARTNERS = 5
"""Length of the lists in which a partner is looked for."""

PEOPLE = 1000
"""Whose lists are asked for: all who buy in the days after, or returned something, and others."""

SAMPLE = 30
"""People, and pairs of items, for whom lists of every sort are asked for."""

OF_ITEMS = ("similar", "also-bought", "also-viewed", "cart")
PLACEMENTS = ("for-you", *OF_ITEMS, "trending", "popular", "new", "recent", "again")


def shop(
    json: Annotated[Path | None, typer.Option(help="JSON file for the figures.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the shop.")] = 0,
    people: Annotated[int, typer.Option(min=1, help="People of the shop.")] = 3_000,
    items: Annotated[int, typer.Option(min=1, help="Articles of the shop.")] = 2_000,
    events: Annotated[int, typer.Option(min=1, help="About how many events.")] = 100_000,
    segments: Annotated[int, typer.Option(help="Segments, 2 to 10.")] = 10,
    bundles: Annotated[int, typer.Option(min=0, help="Items with a partner.")] = 40,
    embedding: Annotated[
        str, typer.Option(help="As of `graphrec train`: auto, graphsage, mf or none.")
    ] = "auto",
    live: Annotated[
        bool, typer.Option(help="Ask for what was also bought as the store has it, too.")
    ] = True,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Folder with events.csv, items.csv, users.csv and truth.json, instead.",
            show_default="a shop of that seed",
        ),
    ] = None,
) -> None:
    """Make a shop, learn from it up to 14 days before its end, and measure the lists it then gets.

    Everything goes through the command line and the HTTP of a service on loopback, with one rule:
    in stock. The truth that is planted in the shop says what is right.

    `segment_share`: places of an item of the person's own segment. `partner_top5`: items whose
    planted partner is among the first 5 of also-bought, of the snapshot and of the store, the
    smaller of the two. `out_of_stock`: places of items that are out of stock, in any list.
    `returned_in_reasons`: items that a person returned, in their reasons and lists.
    `new_item_own_segment`: places of items that were added while it served, in lists of people of
    the item's segment; their share of places is `arrivals_share`. `hits_over_recent_popularity`:
    items that people bought in the 14 days after, in lists of 10, against the bestsellers of the
    14 or 28 days before, whichever have more. `distinct_items`: in all lists.

    **Example:** `python -m scripts.benchmark shop --json shop.json`
    """
    sizes = Proportions(people, items, events, segments=segments, bundles=bundles)
    with tempfile.TemporaryDirectory(prefix="graphrec-") as work, progress_bars() as progress:
        folder = Path(work)
        if data is None:
            data = folder / "shop"
            write_shop(shop_of(seed, time.time_ns() // 1_000_000, sizes), data)
        cut = cut_shop(data, AFTER_DAYS, folder)
        (folder / SETTINGS).write_text(RULES, "utf-8")
        began = time.perf_counter()
        progress("ingest", 0, 3)
        command(folder, "ingest", EVENTS, "--items", ITEMS, "--users", USERS)
        ingested = time.perf_counter()
        progress("train", 1, 3)
        command(folder, "train", "--models", "none", "--embedding", embedding)
        trained = time.perf_counter()
        progress("serve", 2, 3)
        with served(folder, "--store", "sqlite:///graphrec.db") as door:
            figures = measure(door, folder, cut, live=live)
        progress("serve", 3, 3)
    report = {
        "seed": seed,
        "people": len(cut.truth.segment_of_person),
        "items": len(cut.truth.segment_of_item),
        "events": len(cut.before) + len(cut.after),
        "ingest_seconds": round(ingested - began, 1),
        "train_seconds": round(trained - ingested, 1),
        **figures,
    }
    if json is not None:
        json.write_bytes(orjson.dumps(report, option=orjson.OPT_INDENT_2))
    print_json(report)


def measure(door: Door, folder: Path, cut: Cut, *, live: bool) -> dict[str, Any]:
    """All figures of a service that has learnt what was before a cut."""
    truth = cut.truth
    back, later = given_back(cut.before), bought(cut.after)
    users = _asked(cut, {*back, *later})
    lists = {user: door.placement("for-you", K, user) for user in users}
    plain = _items(lists)
    starts = sorted({event.item for event in cut.before} & truth.partners.keys())
    partner = {
        by: partner_share(
            _items(
                {
                    item: door.placement("also-bought", PARTNERS, items=[item], by=by)
                    for item in starts
                }
            ),
            truth,
        )
        for by in ("snapshot", *(("store",) if live else ()))
    }
    rivals = _rivals(cut, users)
    recent = rivals[f"recent_{WINDOWS[-1]}"]
    found = {name: hits(each, later) for name, each in {"ours": plain, **rivals}.items()}
    popularity = max(found[f"recent_{days}"] for days in WINDOWS)
    every = {"for-you of all": list(lists.values()), **_every_list(door, folder, cut, users)}
    out = {
        name: of_these(([place.item for place in places] for places in each), truth.out_of_stock)
        for name, each in every.items()
    }
    for row in cut.arrivals:
        door.put_item(row["sku"], _attributes(row))
    now = _items({user: door.placement("for-you", K, user) for user in users})
    new = new_items(now, {row["sku"] for row in cut.arrivals}, truth)
    return {
        "segment_share": own_share(plain, truth),
        "popularity_segment_share": own_share(recent, truth),
        "item_knn_segment_share": own_share(rivals["item_knn"], truth),
        "partner_top5": min(partner.values()),
        "partner_top5_by": partner,
        "out_of_stock": sum(out.values()),
        "out_of_stock_by": out,
        "returned_in_reasons": sum(
            of_these([[place.item, *place.because] for place in lists[user]], items)
            for user, items in back.items()
        ),
        "new_item_own_segment": new["own_segment"],
        "arrivals_share": new["of_places"],
        "arrivals_listed": new["of_arrivals"],
        "arrival_in_most_lists": new["most_lists"],
        "hits_over_recent_popularity": found["ours"] / popularity if popularity else None,
        "hits": {**found, "ours_with_arrivals": hits(now, later)},
        "distinct_items": distinct(plain),
        "popularity_distinct_items": distinct(recent),
        "item_knn_distinct_items": distinct(rivals["item_knn"]),
        "lists": len(lists),
    }


def _asked(cut: Cut, those: Collection[str]) -> list[str]:
    """Those of some people who did anything before the cut, and others, up to `PEOPLE`."""
    known = {event.user for event in cut.before}
    users = sorted(known & set(those))
    others = sorted(known - set(those))
    more = np.random.default_rng(0).permutation(len(others))[: max(0, PEOPLE - len(users))]
    return [*users, *(others[at] for at in more.tolist())]


def _every_list(
    door: Door, folder: Path, cut: Cut, users: Sequence[str]
) -> Mapping[str, list[list[Place]]]:
    """Lists of each sort, by name: through the service, in the shell and in exports."""
    found: dict[str, list[list[Place]]] = {}
    rng = np.random.default_rng(0)
    items = sorted({event.item for event in cut.before})
    for at, other in rng.integers(len(items), size=(SAMPLE, 2)).tolist():
        user, beside = users[at % len(users)], [items[at], items[other]]
        for name in PLACEMENTS:
            few = beside if name == "cart" else beside[:1] if name in OF_ITEMS else []
            found.setdefault(name, []).append(door.placement(name, K, user, few))
        for name, places in door.plain_lists(user, beside[0], K).items():
            found.setdefault(name, []).append(places)
    return {**found, **in_the_shell(folder, users, items)}


def _items(lists: Mapping[str, Sequence[Place]]) -> Mapping[str, Sequence[str]]:
    return {user: [place.item for place in places] for user, places in lists.items()}


def _rivals(cut: Cut, users: Sequence[str]) -> Mapping[str, Mapping[str, Sequence[str]]]:
    """Their lists, of which what a person has seen is left out, and what is out of stock."""
    hidden = {user: set(cut.truth.out_of_stock) for user in users}
    for event in cut.before:
        if event.user in hidden:
            hidden[event.user].add(event.item)
    found = {
        f"recent_{days}": first_unseen(
            bestsellers(cut.before, cut.at - days * DAY), users, hidden, K
        )
        for days in WINDOWS
    }
    return {**found, "item_knn": item_knn(cut.before, users, hidden, K)}


def _attributes(row: Mapping[str, str]) -> Mapping[str, object]:
    """A row of items.csv as a request has it: numbers are numbers."""
    numbers = {"price": float(row["price"]), "stock": int(row["stock"])}
    return {name: text for name, text in row.items() if name != "sku"} | numbers
