"""A made-up shop as a whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from graphrec.ingest.shop.catalogue import Catalogue, catalogue_of
from graphrec.ingest.shop.events import events_of
from graphrec.ingest.shop.log import Log
from graphrec.ingest.shop.people import People, people_of
from graphrec.ingest.shop.proportions import DAY, Proportions


@dataclass(frozen=True)
class Shop:
    """All that is in a shop, and what it was made from."""

    sizes: Proportions
    seed: int
    end: int
    """When its log ends, in ms since 1970: at midnight, UTC."""
    catalogue: Catalogue
    people: People
    log: Log


def shop_of(seed: int, end: int, sizes: Proportions = Proportions()) -> Shop:  # noqa: B008 - frozen
    """The shop of a seed, whose log ends with the day before a time in ms.

    Catalogue, people and log are drawn from streams of their own, so that two shops that differ in
    the length of the log alone have the same people.
    """
    end = end // DAY * DAY
    streams = [np.random.default_rng([seed, part]) for part in range(3)]
    shop = catalogue_of(sizes, end, streams[0])
    shelves = len(shop.shelves) // len(shop.segments)
    people = people_of(sizes, shelves, end - sizes.days * DAY, streams[1])
    return Shop(sizes, seed, end, shop, people, events_of(sizes, shop, people, end, streams[2]))
