"""Negatives in the format of the NCF paper, as they are published beside the logs of a split.

A line is a test pair and its negative items, with tabs between:
`(user,item)	item	item	…` (He et al., WWW 2017, Data/ml-1m.test.negative).
"""

from __future__ import annotations

import re
from pathlib import Path

from graphrec.ingest.packed import opened
from graphrec.ingest.text import open_lines

from graphrec.data import Interactions
from graphrec.errors import DataError

PAIR = re.compile(r"\(\s*([^,]+?)\s*,\s*([^,]+?)\s*\)")


def read_negatives(path: Path) -> Interactions:
    """The candidates of each test user: the test item with weight 1, the negatives with 0.

    Raises DataError for a file that is missing or broken, or a line of another shape.
    """
    users: list[str] = []
    items: list[str] = []
    weights: list[float] = []
    with opened(path) as contents, open_lines(contents[0]) as lines:
        for number, line in enumerate(lines, start=1):
            head, *negatives = line.rstrip("\r\n").split("\t")
            pair = PAIR.fullmatch(head)
            if pair is None or not all(negatives):
                raise DataError(
                    f"line {number} of {str(path)!r} is {line[:40].strip()!r}: expected "
                    f"'(user,item)' and items with a tab before each; check the format of the file"
                )
            users += [pair[1]] * (1 + len(negatives))
            items += [pair[2], *negatives]
            weights += [1.0] + [0.0] * len(negatives)
    if not users:
        raise DataError(f"file {str(path)!r} is empty: expected a line for each test user")
    return Interactions.of(users, items, weights)
