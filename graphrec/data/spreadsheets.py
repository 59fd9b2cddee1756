"""Cells of CSV files that a spreadsheet would take for formulas."""

from __future__ import annotations

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def as_text(cell: object) -> object:
    """A cell that a spreadsheet shows, and does not run: `=1+1` is `'=1+1`. Numbers stay.

    What begins with a formula's first character gets an apostrophe before it, and so does what
    begins with apostrophes and one: to have the cell back, take one apostrophe away.
    """
    if not isinstance(cell, str) or not _FORMULA.match(cell) or _NUMBER.fullmatch(cell):
        return cell
    return f"'{cell}"
