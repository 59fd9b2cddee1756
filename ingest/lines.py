"""The lines of a delimited text, and how the fields of a line are distinguished."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

BLANKS = " "
"""The delimiter that stands for any number of blanks and tabs."""
RUN = re.compile(r"[ \t]+")
_BLOCK = 1 << 25
"""Characters in a block, about."""
STEP = 500
"""Lines that are read at once."""


@dataclass(frozen=True)
class Dialect:
    """How the fields of a line are distinguished."""

    delimiter: str
    """BLANKS, or what stands between two fields."""
    quotes: bool = True
    r"""Whether "…" around a field may hold delimiters and line ends."""
    backslash: bool = False
    r"""Whether \" is a quote within a field; else it is that only where "" fails."""
    comments: bool = False
    """Whether lines that begin with # are left out."""

    @property
    def quoted(self) -> bool:
        """Whether quotes have a meaning: they have none with delimiters of several characters."""
        return self.quotes and len(self.delimiter) == 1


class Lines:
    """Lines of a text, from the number `first` on, some of which may be given back."""

    def __init__(self, text: Iterator[str], first: int = 1) -> None:
        self._text = text
        self._waiting: list[str] = []
        self.number = first
        """That of the next line."""

    def take(self, count: int) -> list[str]:
        """The next lines, up to `count` of them, and not many more than _BLOCK characters."""
        taken = self._waiting[:count]
        del self._waiting[:count]
        length = sum(map(len, taken))
        while len(taken) < count and length < _BLOCK:
            more = list(islice(self._text, min(count - len(taken), STEP)))
            if not more:
                break
            length += sum(map(len, more))
            taken += more
        self.number += len(taken)
        return taken

    def give_back(self, lines: Sequence[str]) -> None:
        """Put the last lines that were taken back."""
        self._waiting[:0] = lines
        self.number -= len(lines)


def split(line: str, delimiter: str) -> list[str]:
    """The fields of a line without quotes."""
    body = line.rstrip("\r\n")
    return RUN.split(body.strip(" \t")) if delimiter == BLANKS else body.split(delimiter)
