"""Suggestions: the known name that a misspelt one is most likely meant to be."""

from __future__ import annotations

import re
from collections.abc import Collection
from difflib import get_close_matches

CLOSE = 0.5
"""Similarity from which on a name is suggested: twice the shared characters over all."""

MISSPELT = 0.75
"""Similarity from which on a name that may come yet is rather another one with a mistake."""

COMPARED = 2000
"""Known names that one is compared with: a request must not take longer for a longer list."""

LISTED = 10
"""Known names that a message lists."""

_SIGNS = re.compile(r"[\W_]+")


def closest(name: str, known: Collection[str], close: float = CLOSE) -> str | None:
    """The known name that is closest to a misspelt one; None where none is as `close`.

    Case, blanks and the signs between words do not count: `in-stock` is `In_Stock`.
    """
    folded, near = _folded(name), len(name) // 2 + 1
    found: dict[str, str] = {}
    for each in known:
        if abs(len(each) - len(name)) <= near:
            found.setdefault(_folded(each), each)
            if len(found) == COMPARED:
                break
    best = get_close_matches(folded, found, n=1, cutoff=close)
    return found[best[0]] if best else None


def expectation(name: str, known: Collection[str]) -> str:
    """What to expect in place of an unknown name: `did you mean 'stock'?`, or what there is."""
    if meant := closest(name, known):
        return f"did you mean {meant!r}?"
    if not known:
        return "there are none"
    first = sorted(known)[:LISTED]
    more = len(known) - len(first)
    return f"expected one of {', '.join(first)}" + (f" and {more} more" if more else "")


def _folded(name: str) -> str:
    return _SIGNS.sub("", name.casefold()) or name
