"""What the people of a made-up shop do: they view, put into the cart, buy and return."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from graphrec.ingest.shop.catalogue import Catalogue
from graphrec.ingest.shop.log import CART, PURCHASE, RETURN, VIEW, Log, in_time, together
from graphrec.ingest.shop.people import People
from graphrec.ingest.shop.proportions import DAY, Proportions
from numpy.typing import NDArray

HOUR, MINUTE = DAY // 24, DAY // 1440

PER_VIEW = 1.36
"""About how many events there are for each view."""

VIEWS = 4.0
"""Views in a session, on average."""

UNAVAILABLE = 0.3
"""How many views an item that is out of stock gets, against one that is not."""

SEASON = 0.9
"""How much more a shelf is viewed at the peak of its season, and less half a year from it."""

ROUNDS = 20
"""Times that a view of what could not be seen is drawn again, before it is left out."""

BUNDLE_DELAY = 1.5
"""Days between an item and its partner, on average."""

RETURNED_WITHIN = (2, 14)
"""Days."""

INTERVAL_NOISE = 0.1
"""Standard deviation of the interval of a consumable, as a share of it."""


def events_of(
    sizes: Proportions, shop: Catalogue, people: People, end: int, rng: np.random.Generator
) -> Log:
    """All events before a time, in the order of time."""
    views = _views(sizes, shop, people, end, rng)
    seen = views.take((rng.random(len(views)) < sizes.cart_share) & _in_stock(shop, views))
    carts = _with_quantities(_later(seen.of_kind(CART), 5 * MINUTE, rng), rng)
    bought = carts.take(rng.random(len(carts)) < sizes.purchase_share).of_kind(PURCHASE)
    bought = _once(in_time(_later(bought, 6 * HOUR, rng)))
    bought = bought.take(_in_stock(shop, bought))
    partners = _partners(sizes, shop, bought, rng)
    again = _again(sizes, shop, bought, end, rng)
    more = together(partners, again)
    looks = replace(more, quantity=np.zeros(len(more), np.int64)).of_kind(VIEW)
    returned = _returns(sizes, shop, together(bought, more), rng)
    every = together(
        views,
        looks.after(-10 * MINUTE),
        carts,
        more.of_kind(CART).after(-5 * MINUTE),
        bought,
        more,
        returned,
    )
    return in_time(every.take(every.time < end))


def _views(
    sizes: Proportions, shop: Catalogue, people: People, end: int, rng: np.random.Generator
) -> Log:
    """Views in sessions, of one segment each: the items that were there to be seen."""
    count = max(1, round(sizes.events / PER_VIEW))
    sessions = max(1, round(count / VIEWS))
    person = rng.choice(sizes.people, sessions, p=people.activity / people.activity.sum())
    time = _times(sizes, end, sessions, rng)
    own = rng.random(sessions) < sizes.own_share
    other = rng.integers(1, sizes.segments, sessions)
    segment = (people.segment[person] + np.where(own, 0, other)) % sizes.segments
    of = np.sort(rng.integers(0, sessions, count))
    person, segment, own = person[of], segment[of], own[of]
    time = time[of] + rng.integers(0, 30 * MINUTE, count)
    item = np.full(count, -1)
    open_ = np.arange(count)
    for _ in range(ROUNDS):
        drawn = _drawn(shop, people, person[open_], segment[open_], own[open_], rng)
        chance = _chance(shop, drawn, time[open_])
        taken = rng.random(len(open_)) < chance
        item[open_[taken]] = drawn[taken]
        open_ = open_[~taken]
    found = item >= 0
    person, item, time = person[found], item[found], time[found]
    kind, none = np.full(len(item), VIEW), np.zeros(len(item), np.int64)
    return Log(person, item, kind, time, none)


def _times(sizes: Proportions, end: int, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Of sessions: any day, most in the evening."""
    day = rng.integers(0, sizes.days, count)
    hour = np.clip(rng.normal(17, 4, count), 0, 23.4)
    return np.asarray(end - (day + 1) * DAY + (hour * HOUR).astype(np.int64), np.int64)


def _drawn(
    shop: Catalogue,
    people: People,
    person: NDArray[np.int64],
    segment: NDArray[np.int64],
    own: NDArray[np.bool_],
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Items of segments by popularity, in their own one of the shelves that a person prefers."""
    shelves = people.preference.shape[1]
    share = np.where(own[:, None], people.preference[person], 1 / shelves)
    shelf = (np.cumsum(share, axis=1) < rng.random(len(person))[:, None]).sum(axis=1)
    shelf = segment * shelves + np.minimum(shelf, shelves - 1)
    ends = np.append(0, np.cumsum(shop.popularity))
    first = np.searchsorted(shop.shelf, np.arange(len(shop.shelves) + 1))
    low, high = ends[first[shelf]], ends[first[shelf + 1]]
    found = np.searchsorted(ends, low + rng.random(len(person)) * (high - low), side="right") - 1
    return np.asarray(np.clip(found, first[shelf], first[shelf + 1] - 1), np.int64)


def _chance(
    shop: Catalogue, item: NDArray[np.int64], time: NDArray[np.int64]
) -> NDArray[np.float64]:
    """How probable it is that what was drawn is looked at: published, in season, in stock."""
    peaks = [each.peak for each in shop.shelves]
    seasonal = np.array([each is not None for each in peaks])
    peak = np.array([each or 0 for each in peaks])
    shelf = shop.shelf[item]
    phase = np.cos((time / DAY - peak[shelf]) * (2 * np.pi / 365.25))
    season = np.where(seasonal[shelf], (1 + SEASON * phase) / (1 + SEASON), 0.5)
    stock = np.where(time < shop.out_since[item], 1.0, UNAVAILABLE)
    return np.asarray((time >= shop.published[item]) * season * stock, np.float64)


def _partners(sizes: Proportions, shop: Catalogue, bought: Log, rng: np.random.Generator) -> Log:
    """Purchases of partners by a share of the buyers, within days."""
    chosen = (shop.partner[bought.item] >= 0) & (rng.random(len(bought)) < sizes.bundle_share)
    after = bought.take(chosen)
    delay = HOUR + (rng.exponential(BUNDLE_DELAY, len(after)) * DAY).astype(np.int64)
    return replace(after, item=shop.partner[after.item]).after(delay)


def _again(
    sizes: Proportions, shop: Catalogue, bought: Log, end: int, rng: np.random.Generator
) -> Log:
    """Further purchases of consumables, each an interval after the one before."""
    latest = bought.take(shop.interval[bought.item] > 0)
    found = [latest.take(np.zeros(0, np.int64))]
    while len(latest):
        latest = latest.take(rng.random(len(latest)) < sizes.again_share)
        noise = np.maximum(0.3, 1 + INTERVAL_NOISE * rng.normal(size=len(latest)))
        latest = latest.after((shop.interval[latest.item] * noise).astype(np.int64))
        latest = latest.take((latest.time < end) & _in_stock(shop, latest))
        found.append(latest)
    return together(*found)


def _returns(sizes: Proportions, shop: Catalogue, bought: Log, rng: np.random.Generator) -> Log:
    """Returns of all pieces, days later, of what is no consumable."""
    chosen = (shop.interval[bought.item] == 0) & (rng.random(len(bought)) < sizes.return_share)
    back = bought.take(chosen).of_kind(RETURN)
    first, last = RETURNED_WITHIN
    return back.after(rng.integers(first * DAY, last * DAY, len(back)))


def _in_stock(shop: Catalogue, log: Log) -> NDArray[np.bool_]:
    """Whether there was a piece left at the time of each event."""
    return np.asarray(log.time < shop.out_since[log.item])


def _later(log: Log, most: int, rng: np.random.Generator) -> Log:
    """Each event some time later, at most so many ms."""
    return log.after(rng.integers(MINUTE, most, len(log)))


def _once(log: Log) -> Log:
    """The first event of each person and item."""
    _, first = np.unique(np.stack([log.person, log.item]), axis=1, return_index=True)
    return log.take(np.sort(first))


def _with_quantities(log: Log, rng: np.random.Generator) -> Log:
    """One piece mostly, and sometimes two or three."""
    return replace(log, quantity=rng.choice((1, 2, 3), len(log), p=(0.82, 0.13, 0.05)))
