"""The made-up shop has what is planted in it, for any seed and other proportions."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from graphrec.ingest.shop.files import made_shop, write_shop
from graphrec.ingest.shop.log import CART, PURCHASE, RETURN, VIEW
from graphrec.ingest.shop.made import Shop, shop_of
from graphrec.ingest.shop.proportions import DAY, SHARES, Proportions

from graphrec.errors import SettingsError
from tests.support.made_up import END, TINY

SIZES = {
    "tiny": TINY,
    "the demo's": Proportions(),
    "other": Proportions(1_000, 900, 40_000, days=120, segments=6, bundles=18, own_share=0.6),
}

each_shop = pytest.mark.parametrize(
    ("name", "seed"), [("tiny", 0), ("tiny", 5), ("the demo's", 0), ("other", 11)]
)


@cache
def made(name: str, seed: int) -> Shop:
    return shop_of(seed, END, SIZES[name])


@each_shop
def test_sizes_are_those_that_were_asked_for(name: str, seed: int) -> None:
    shop, sizes = made(name, seed), SIZES[name]
    assert len(shop.people.customer) == len(set(shop.people.customer)) == sizes.people
    assert len(set(shop.catalogue.sku)) == len(set(shop.catalogue.title)) == sizes.items
    assert len(shop.log) == pytest.approx(sizes.events, rel=0.06)
    counts = np.bincount(shop.log.kind, minlength=4)
    assert counts[VIEW] > counts[CART] > counts[PURCHASE] > counts[RETURN] > 0


@each_shop
def test_people_are_mostly_in_their_segment(name: str, seed: int) -> None:
    shop, sizes = made(name, seed), SIZES[name]
    own = shop.catalogue.segment[shop.log.item] == shop.people.segment[shop.log.person]
    assert own.mean() == pytest.approx(sizes.own_share, abs=0.03)
    per_segment = np.bincount(shop.people.segment, minlength=sizes.segments)
    assert per_segment.max() - per_segment.min() <= 1


@each_shop
def test_half_of_the_buyers_buy_the_partner_afterwards(name: str, seed: int) -> None:
    shop = made(name, seed)
    first, again = first_bought(shop), shop.log.take(shop.log.kind == PURCHASE)
    later = {(who, what): t for who, what, t in triples(again)}
    starts = np.flatnonzero(shop.catalogue.partner >= 0).tolist()
    assert len(starts) == SIZES[name].bundles
    found = [
        later.get((who, int(shop.catalogue.partner[what])), 0) > at
        for (who, what), at in first.items()
        if what in starts and at < shop.end - 10 * DAY
    ]
    assert np.mean(found) == pytest.approx(
        SIZES[name].bundle_share, abs=0.2 if name == "tiny" else 0.08
    )
    segment, shelf = shop.catalogue.segment, shop.catalogue.shelf
    partner = shop.catalogue.partner[starts]
    assert (segment[starts] == segment[partner]).all()
    assert (shelf[starts] != shelf[partner]).all()
    assert len(set(partner.tolist())) == len(partner)


@each_shop
def test_nothing_is_met_before_it_is_published_or_sold_after_the_last_piece(
    name: str, seed: int
) -> None:
    shop = made(name, seed)
    log, own = shop.log, shop.catalogue
    assert (log.time >= own.published[log.item]).all()
    assert (log.time < shop.end).all()
    assert (np.diff(log.time) >= 0).all()
    sold = log.take(log.kind == PURCHASE)
    assert (sold.time < own.out_since[sold.item]).all()
    out = own.stock == 0
    assert out.sum() == round(SIZES[name].out_of_stock * SIZES[name].items)
    assert (own.out_since[out] < shop.end).all()
    assert not (out & own.new).any()
    fresh = own.published >= shop.end - SIZES[name].new_days * DAY
    assert (fresh == own.new).all()


@each_shop
def test_returns_follow_purchases_and_consumables_come_again(name: str, seed: int) -> None:
    shop = made(name, seed)
    first = first_bought(shop)
    returned = shop.log.take(shop.log.kind == RETURN)
    for who, what, at in triples(returned):
        assert first[who, what] < at
        assert shop.catalogue.interval[what] == 0
    interval = shop.catalogue.interval
    times: dict[tuple[int, int], list[int]] = {}
    for who, what, at in triples(shop.log.take(shop.log.kind == PURCHASE)):
        times.setdefault((who, what), []).append(at)
    gaps = [
        gap / interval[what]
        for (_, what), at in times.items()
        if interval[what]
        for gap in np.diff(at)
    ]
    assert len(gaps) > 10
    assert np.median(gaps) == pytest.approx(1, abs=0.1)


def test_the_seed_is_all_that_chance_goes_by(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        write_shop(shop_of(3, END, TINY), tmp_path / folder)
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()
    write_shop(shop_of(4, END, TINY), tmp_path / "b")
    assert (tmp_path / "a" / "events.csv").read_bytes() != (
        tmp_path / "b" / "events.csv"
    ).read_bytes()


def test_files_are_the_three_tables_of_a_shop_and_the_truth(tmp_path: Path) -> None:
    shop = made("tiny", 0)
    write_shop(shop, tmp_path)
    events, items, users = (
        list(csv.DictReader((tmp_path / name).open(encoding="utf-8", newline="")))
        for name in ("events.csv", "items.csv", "users.csv")
    )
    assert list(events[0]) == ["customer_id", "sku", "event", "timestamp", "quantity"]
    assert list(items[0]) == [
        *("sku", "title", "category", "subcategory", "brand", "price", "stock", "image_url"),
        *("published_at", "description"),
    ]
    assert {row["event"] for row in events} == {"view", "cart", "purchase", "return"}
    assert {row["quantity"] for row in events if row["event"] == "view"} == {""}
    assert {row["quantity"] for row in events if row["event"] != "view"} == {"1", "2", "3"}
    truth = json.loads((tmp_path / "truth.json").read_text("utf-8"))
    assert truth["segment_of_person"].keys() == {row["customer_id"] for row in users}
    assert truth["segment_of_item"] == {row["sku"]: row["category"] for row in items}
    assert set(truth["out_of_stock"]) == {row["sku"] for row in items if row["stock"] == "0"}
    backwards = {row["sku"]: row["published_at"] for row in items}
    assert min(backwards[sku] for sku in truth["new_items"]) > sorted(backwards.values())[-20]
    assert len(truth["bundles"]) == TINY.bundles
    assert (tmp_path / "graphrec.toml").exists()


def test_a_shop_that_is_there_stays(tmp_path: Path) -> None:
    made_shop(tmp_path, 0, TINY)
    (tmp_path / "events.csv").write_text("mine", "utf-8")
    assert (made_shop(tmp_path, 0, TINY) / "events.csv").read_text("utf-8") == "mine"
    assert (made_shop(tmp_path, 1, TINY) / "events.csv").read_text("utf-8") != "mine"


@pytest.mark.parametrize(
    "changes",
    [
        {"people": 0},
        {"segments": 1},
        {"segments": 11},
        {"items": 30},
        *({name: 1.1} for name in SHARES),
        {"own_share": -0.1},
    ],
)
def test_what_no_shop_can_have_is_an_error(changes: dict[str, float]) -> None:
    [name] = changes
    with pytest.raises(SettingsError, match=rf"a shop with {name} = .*: expected"):
        replace(TINY, **changes)  # type: ignore[arg-type]


def first_bought(shop: Shop) -> dict[tuple[int, int], int]:
    bought = shop.log.take(shop.log.kind == PURCHASE)
    found: dict[tuple[int, int], int] = {}
    for who, what, at in triples(bought):
        found.setdefault((who, what), at)
    return found


def triples(log: object) -> list[tuple[int, int, int]]:
    return list(zip(log.person.tolist(), log.item.tolist(), log.time.tolist(), strict=True))  # type: ignore[attr-defined]
