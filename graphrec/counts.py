"""Counts with their nouns, in the singular or the plural: "1 user, 2,000 items"."""

from __future__ import annotations

from collections.abc import Mapping


def counted(count: int, noun: str) -> str:
    """A count and its noun, which may be given in either number, such as `user` or `users`."""
    singular = noun[:-3] + "y" if noun.endswith("ies") else noun.removesuffix("s")
    plural = singular[:-1] + "ies" if singular.endswith("y") else f"{singular}s"
    return f"{count:,} {singular if count == 1 else plural}"


def all_counted(counts: Mapping[str, int]) -> str:
    """Counts by noun, in one line."""
    return ", ".join(counted(count, noun) for noun, count in counts.items())
