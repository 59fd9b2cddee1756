"""Ids that look like nothing, and ids that look like one id written in several ways."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

from graphrec.data.ids import NULL_WORDS

EMPTY = frozenset({*NULL_WORDS, "-", "?"})
"""What looks like no id, in lower case."""
PLACEHOLDERS = frozenset(
    {"0", "-1", "unknown", "anonymous", "guest", "default", "test", "other"}
    | {"00000000-0000-0000-0000-000000000000"}
)
"""What stands for everybody who has no id, where far more events than usual are its own."""

EXAMPLES = 3


def _unicode(node_id: str) -> str:
    return node_id if node_id.isascii() else unicodedata.normalize("NFKC", node_id)


def _fraction(node_id: str) -> str:
    number, _, rest = node_id.partition(".")
    return number if number.isdigit() and rest and not rest.strip("0") else node_id


def _prefix(node_id: str) -> str:
    """What is left from the first digit on: 12 of item_12."""
    for place, letter in enumerate(node_id):
        if letter.isdigit():
            return node_id[place:]
    return node_id


SPELLINGS: Mapping[str, Callable[[str], str]] = {
    "upper and lower case": str.casefold,
    "leading zeros": lambda node_id: node_id.lstrip("0") or "0",
    "a .0 at the end": _fraction,
    "blanks": lambda node_id: "".join(node_id.split()),
    "the Unicode form": _unicode,
}
"""How one id may come to be written in two ways; each gives what is the same in both."""
BETWEEN_FILES: Mapping[str, Callable[[str], str]] = {
    **SPELLINGS,
    "hyphens": lambda node_id: node_id.replace("-", ""),
    "quotes around them": lambda node_id: node_id.strip("'\"`"),
    "a prefix": _prefix,
}
"""As SPELLINGS, for ids of two files, where it shows in how many ids come to match."""


def spelled_as_nothing(node_id: object) -> str | None:
    """How an id that looks like none is shown: its own spelling, "(empty)", or None for others."""
    text = "" if node_id is None else str(node_id).strip()
    return (text or "(empty)") if not text or text.lower() in EMPTY else None


@dataclass(frozen=True)
class Spellings:
    """Groups of ids that are the same but for how they are written."""

    differ_by: str
    groups: int
    examples: tuple[tuple[str, ...], ...]


def spellings(ids: Iterable[str]) -> tuple[Spellings, ...]:
    """The groups among distinct `ids` whose members differ by one thing of SPELLINGS, or several.

    The time is linear in the number of ids.
    """
    together: dict[str, list[str]] = defaultdict(list)
    for node_id in ids:
        together[_plain(node_id)].append(node_id)
    found: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for group in together.values():
        if len(group) > 1:
            found[_difference(group)].append(tuple(sorted(group)))
    return tuple(
        Spellings(why, len(groups), tuple(sorted(groups)[:EXAMPLES]))
        for why, groups in sorted(found.items(), key=lambda each: -len(each[1]))
    )


@dataclass(frozen=True)
class SpellingMatch:
    """How many ids of one set would match another, but for how they are written."""

    differ_by: str
    ids: int
    examples: tuple[tuple[str, str], ...]


def spelling_match(ids: Collection[str], others: Collection[str]) -> SpellingMatch | None:
    """What sets most of `ids` apart from `others`; None where nothing of BETWEEN_FILES does."""
    best: SpellingMatch | None = None
    for why, same in BETWEEN_FILES.items():
        by_plain = {same(other): other for other in others}
        pairs = ((i, by_plain[p]) for i in ids if (p := same(i)) in by_plain)
        examples = list(islice(pairs, EXAMPLES))
        count = len(examples) + sum(1 for _ in pairs)
        if count > (best.ids if best else 0):
            best = SpellingMatch(why, count, tuple(examples))
    return best


def _plain(node_id: str) -> str:
    for same in SPELLINGS.values():
        node_id = same(node_id)
    return node_id


def _difference(group: Collection[str]) -> str:
    for why, same in SPELLINGS.items():
        if len(set(map(same, group))) == 1:
            return why
    return "several of these"
