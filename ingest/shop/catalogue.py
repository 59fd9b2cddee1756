"""The articles of a made-up shop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from graphrec.ingest.shop.departments import DEPARTMENTS, Department, Shelf
from graphrec.ingest.shop.proportions import DAY, Proportions
from numpy.typing import NDArray

POPULARITY = 1.0
"""Exponent of the popularity of the items on a shelf: that of the n-th is n to the minus this."""

BESTSELLERS = 0.05
"""Share of a segment's items, the most popular ones, that bundles start from."""

INTERVAL = (14, 45)
"""Days between two purchases of a consumable."""

STOCK_LASTS = 30
"""Days before the end in which items run out of stock."""

PUBLISHED_WITHIN = 0.2
"""Share of items that were published while the log was kept, before the newest."""


@dataclass(frozen=True)
class Catalogue:
    """The items by row, in the order of shelves; arrays have an entry an item, times are ms."""

    sku: tuple[str, ...]
    title: tuple[str, ...]
    description: tuple[str, ...]
    brand: tuple[str, ...]
    segments: tuple[str, ...]
    """The names of the departments."""
    shelves: tuple[Shelf, ...]
    """Those of all departments, one department after the other."""
    segment: NDArray[np.int64]
    """Rows of `segments`."""
    shelf: NDArray[np.int64]
    """Rows of `shelves`."""
    price: NDArray[np.float64]
    stock: NDArray[np.int64]
    out_since: NDArray[np.int64]
    """When the last piece was sold; of items in stock, after the end."""
    published: NDArray[np.int64]
    popularity: NDArray[np.float64]
    interval: NDArray[np.int64]
    """Of consumables, the milliseconds between two purchases; else 0."""
    partner: NDArray[np.int64]
    """The row of the item that is bought afterwards; -1: none."""
    new: NDArray[np.bool_]
    """Whether it was published in the last days."""


def catalogue_of(sizes: Proportions, end: int, rng: np.random.Generator) -> Catalogue:
    """A catalogue as of a time, with its bundles, its new items and those out of stock."""
    departments = DEPARTMENTS[: sizes.segments]
    shelves = tuple(shelf for each in departments for shelf in each.shelves)
    of_shelf = [each for each in departments for _ in each.shelves]
    shelf = np.sort(np.arange(sizes.items) % len(shelves))
    segment = shelf // (len(shelves) // len(departments))
    counts = np.bincount(shelf, minlength=len(shelves)).tolist()
    named = [
        article
        for department, each, count in zip(of_shelf, shelves, counts, strict=True)
        for article in _named(department, each, count, rng)
    ]
    brand, title, description = (tuple(words) for words in zip(*named, strict=True))
    popularity = _popularity(shelf, rng)
    new = np.zeros(sizes.items, bool)
    new[rng.permutation(sizes.items)[: round(sizes.new_items * sizes.items)]] = True
    published = _published(sizes, new, end, rng)
    consumable = np.array([each.consumable for each in shelves])[shelf]
    unfit = (published >= end - sizes.days * DAY) | consumable
    partner = _partners(sizes, segment, shelf, popularity, unfit, rng)
    starts = np.flatnonzero(partner >= 0)
    free = np.setdiff1d(np.flatnonzero(~new), np.append(starts, partner[starts]))
    stock = rng.integers(1, 250, sizes.items)
    stock[rng.permutation(free)[: round(sizes.out_of_stock * sizes.items)]] = 0
    lasted = rng.integers(0, min(STOCK_LASTS, sizes.days) * DAY, sizes.items)
    return Catalogue(
        sku=_numbers(departments, segment),
        title=title,
        description=description,
        brand=brand,
        segments=tuple(each.name for each in departments),
        shelves=shelves,
        segment=segment,
        shelf=shelf,
        price=_prices(shelves, shelf, rng),
        stock=stock,
        out_since=np.where(stock == 0, end - lasted, end + DAY),
        published=published,
        popularity=popularity,
        interval=np.where(consumable, rng.integers(*INTERVAL, sizes.items) * DAY, 0),
        partner=partner,
        new=new,
    )


def _numbers(departments: Sequence[Department], segment: NDArray[np.int64]) -> tuple[str, ...]:
    """Article numbers, counted in each department; rows are in the order of departments."""
    number = np.arange(len(segment)) - np.searchsorted(segment, segment) + 1
    pairs = zip(segment.tolist(), number.tolist(), strict=True)
    return tuple(f"{departments[of].code}-{at:04}" for of, at in pairs)


def _prices(
    shelves: Sequence[Shelf], shelf: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Prices that end with .99 or .50."""
    low, high = np.log([each.price for each in shelves])[shelf].T
    whole = np.round(np.exp(rng.uniform(low, high)))
    return np.asarray(whole - np.where(rng.random(len(shelf)) < 0.6, 0.01, 0.5))


def _named(
    department: Department, shelf: Shelf, count: int, rng: np.random.Generator
) -> list[tuple[str, str, str]]:
    """Brand, title and description of each article of a shelf; no title comes twice."""
    kinds = [
        (quality, article, variant)
        for quality in department.qualities
        for article in shelf.articles
        for variant in department.variants
    ]
    found = []
    for place, at in enumerate(rng.permutation(max(count, len(kinds)))[:count].tolist()):
        quality, article, variant = kinds[at % len(kinds)]
        series = "" if at < len(kinds) else f" No. {at // len(kinds) + 1}"
        brand = department.brands[int(rng.integers(len(department.brands)))]
        title = f"{brand} {quality} {article}{series}, {variant}"
        description = (
            f"{quality} {article.lower()} ({variant}) by {brand} for {shelf.use}. "
            f"{PRAISE[(at + place) % len(PRAISE)]}"
        )
        found.append((brand, title, description))
    return found


PRAISE = (
    "Made to last, with spare parts for ten years.",
    "Our customers' favourite since it came out.",
    "Ships in plastic-free packaging.",
    "Tested for a year by the people in our own shop.",
    "A good first one, at a fair price.",
    "Comes with a two-year guarantee.",
)


def _popularity(shelf: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
    """What share of a shelf's views an item gets: the ranks are drawn."""
    shuffled = rng.permutation(len(shelf))
    order = shuffled[np.argsort(shelf[shuffled], kind="stable")]
    first = np.searchsorted(shelf[order], shelf[order])
    found = np.empty(len(shelf))
    found[order] = (1.0 + np.arange(len(shelf)) - first) ** -POPULARITY
    return found


def _published(
    sizes: Proportions, new: NDArray[np.bool_], end: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    count = sizes.items
    begin, fresh = end - sizes.days * DAY, end - min(sizes.new_days, sizes.days) * DAY
    long_ago = rng.integers(begin - 3 * 365 * DAY, begin, count)
    meanwhile = rng.integers(begin, max(fresh, begin + 1), count)
    at = np.where(rng.random(count) < PUBLISHED_WITHIN, meanwhile, long_ago)
    at = np.where(new, rng.integers(fresh, end, count), at)
    return np.asarray(at // DAY * DAY, np.int64)


def _partners(
    sizes: Proportions,
    segment: NDArray[np.int64],
    shelf: NDArray[np.int64],
    popularity: NDArray[np.float64],
    unfit: NDArray[np.bool_],
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """For bestsellers in turn of each segment, an item of another shelf that is no bestseller."""
    partner = np.full(len(segment), -1)
    turns: Sequence[int] = (np.arange(sizes.bundles) % sizes.segments).tolist()
    starts, ends = {}, {}
    for each in range(sizes.segments):
        own = np.flatnonzero((segment == each) & ~unfit)
        order = own[np.argsort(-popularity[own] + rng.uniform(0, 1e-9, len(own)), kind="stable")]
        best = max(1, round(BESTSELLERS * np.count_nonzero(segment == each)))
        starts[each] = rng.permutation(order[:best]).tolist()
        ends[each] = rng.permutation(order[best:]).tolist()
    for each in turns:
        if not starts[each]:
            continue
        start = starts[each].pop()
        fits = [at for at in ends[each] if shelf[at] != shelf[start]]
        if fits:
            partner[start] = fits[0]
            ends[each].remove(fits[0])
    return partner
