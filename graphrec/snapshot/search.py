"""Finding nodes by what they are called: titles and ids, in any case, with or without accents.

A search compares words: what is not a letter or a digit only parts them. All names lie in one text,
each word after a space and each name on a line of its own, so that the five ways in which a name
can fit are five texts to look for, and a page of results reads no further than it must.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from graphrec.data import Rows

_PARTING = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Search:
    """The names of N nodes, the ones to be found first in front."""

    order: Rows  # [N]
    text: str
    starts: Sequence[int]  # [N + 1] where in the text the names of a place begin

    @classmethod
    def of(cls, order: Rows, names: Iterable[Iterable[str]]) -> Search:
        """Over the names of every row; `order` is the rows in the order to find them in."""
        return cls.of_lines(order, [lines(each) for each in names])

    @classmethod
    def of_lines(cls, order: Rows, by_row: Sequence[str]) -> Search:
        """The same, of the `lines` of the names of every row."""
        in_order = [by_row[row] for row in order.tolist()]
        return cls(order, "".join(in_order), (0, *accumulate(map(len, in_order))))

    def ranked(self, query: str) -> Iterator[tuple[int, int]]:
        """The rows that fit a query, the best first, each after how well: the lower the better.

        All of them fit where it has no words.

        First those with exactly this name, then those whose name begins with it, those in which a
        word does, those with all its words in any order, and those that hold it anywhere.
        """
        words = _words(query)
        phrase = " ".join(words)
        if not words:
            yield from ((0, row) for row in self.order.tolist())
            return
        every_word = [f" {word}" for word in sorted(words, key=len, reverse=True)]
        found = set()
        ways = ([f"\n {phrase}\n"], [f"\n {phrase}"], [f" {phrase}"], every_word, [phrase])
        for fit, needles in enumerate(ways):
            for place in self._places(needles):
                if place not in found:
                    found.add(place)
                    yield fit, int(self.order[place])

    def _places(self, needles: Sequence[str]) -> Iterator[int]:
        """Where the names hold all of the needles, the first of which should be the rarest."""
        first, *others = needles
        at = self.text.find(first)
        while at >= 0:
            place = bisect_right(self.starts, at) - 1
            start, end = self.starts[place], self.starts[place + 1]
            if all(self.text.find(other, start, end) >= 0 for other in others):
                yield place
            at = self.text.find(first, end)


def lines(names: Iterable[str]) -> str:
    """The names of a node as they lie in the text."""
    return "".join(f"\n {' '.join(_words(name))}" for name in names) + "\n"


def _words(name: str) -> list[str]:
    """What a name and a query have in common where they mean the same."""
    if name.isascii() and name.isalnum():  # as most ids are
        return [name.lower()]
    if not name.isascii():
        parts = unicodedata.normalize("NFKD", name)
        name = "".join(part for part in parts if not unicodedata.combining(part))
    folded = name.casefold()
    # A name of nothing but signs is its own word.
    return _PARTING.sub(" ", folded).split() or folded.split()
