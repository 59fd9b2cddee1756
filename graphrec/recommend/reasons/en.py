"""The sentences of reasons in English."""

from __future__ import annotations

from collections.abc import Mapping

TEMPLATES: Mapping[str, str] = {
    "seen": "You have already seen {name}",
    "left-out": "It is left out: why-not says by what",
    "boost": "{name} is put forward by a rule",
    "source": "{said}",
    "liked-together": ("Because you liked {via}: {people} people who liked it also liked {name}"),
    "liked-together.one": (
        "Because you liked {via}: {people} person who liked it also liked {name}"
    ),
    "similar-to-liked": "Similar to what you like",
    "people-like-you": "Suits people like you",
    "next": "Next after {via}, for people with a history like yours",
    "attribute-alike": "Because you liked {via}: their {attribute} is alike",
    "popular": "Popular: {people} people liked it",
    "popular.one": "Popular: {people} person liked it",
    "popular-in": "Popular in {segment}: {people} people there liked it",
    "popular-in.one": "Popular in {segment}: {people} person there liked it",
    "popular-lately": "Popular: {people} people in the last {days} days",
    "popular-lately.one": "Popular: {people} person in the last {days} days",
    "nobody-yet": "New: nobody has liked it yet",
    "trending": "Trending: {people} people in the last {days} days, {before} in those before",
    "trending.one": "Trending: {people} person in the last {days} days, {before} in those before",
    "new": "New",
    "new-in": "New in {value}",
    "new-shared": "New, and like items you liked: {shared}",
    "new-near": "New, and similar to what you like",
    "new-explored": "New: it comes up by exploration alone",
    "exploration": "To find out whether you like {name}",
    "also-bought": "{people} people who bought {via} also bought it",
    "also-bought.one": "{people} person who bought {via} also bought it",
    "bought-after": "{people} people bought it after {via}",
    "bought-after.one": "{people} person bought it after {via}",
    "also-viewed": "{people} people who viewed {via} also viewed it",
    "also-viewed.one": "{people} person who viewed {via} also viewed it",
    "together": "Goes with {via}: {people} people chose both",
    "together.one": "Goes with {via}: {people} person chose both",
    "alike": "Similar to {via}",
    "alike-in": "Similar to {via}: {value}",
    "recent": "You looked at it on {date}",
    "again": "You chose it {times} times, about every {days} days: due on {date}",
    "again-usual": "Chosen again about every {days} days: due on {date}",
    "pinned": "Featured",
}
