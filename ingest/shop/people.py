"""The people of a made-up shop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from graphrec.ingest.shop.proportions import DAY, Proportions
from numpy.typing import NDArray

FAVOURITES = 2
"""Shelves of their own segment that a person prefers."""

PREFERENCE = 6.0
"""How much more often they look at a favourite shelf than at another."""

COUNTRIES = {"DE": "de", "GB": "en", "US": "en", "CN": "zh", "AT": "de", "NL": "nl"}
"""And the language that most people speak there."""


@dataclass(frozen=True)
class People:
    """The people by row."""

    customer: tuple[str, ...]
    country: tuple[str, ...]
    language: tuple[str, ...]
    birth_year: NDArray[np.int64]
    joined: NDArray[np.int64]
    """In ms."""
    newsletter: NDArray[np.bool_]
    segment: NDArray[np.int64]
    """The planted one."""
    activity: NDArray[np.float64]
    """How often they come, in proportion."""
    preference: NDArray[np.float64]
    """By person and shelf of their own segment: the share of their views there."""


def people_of(sizes: Proportions, shelves: int, begin: int, rng: np.random.Generator) -> People:
    """People who joined before a time, each with a segment that has so many shelves."""
    count = sizes.people
    names = tuple(COUNTRIES)
    countries = rng.choice(len(names), count, p=(0.35, 0.25, 0.2, 0.08, 0.07, 0.05))
    preference = np.ones((count, shelves))
    favourites = rng.permuted(np.tile(np.arange(shelves), (count, 1)), axis=1)[:, :FAVOURITES]
    np.put_along_axis(preference, favourites, PREFERENCE, axis=1)
    country = tuple(names[at] for at in countries.tolist())
    width = len(str(count))
    return People(
        customer=tuple(f"C{number:0{width}}" for number in range(1, count + 1)),
        country=country,
        language=tuple(COUNTRIES[each] for each in country),
        birth_year=rng.integers(1945, 2006, count),
        joined=begin - rng.integers(0, 4 * 365, count) * DAY,
        newsletter=rng.random(count) < 0.4,
        segment=rng.permutation(np.arange(count) % sizes.segments),
        activity=rng.lognormal(0, 0.8, count),
        preference=preference / preference.sum(axis=1, keepdims=True),
    )
