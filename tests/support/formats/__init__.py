"""A small made-up set of files in each format of the field, and what is right to read of it."""

from __future__ import annotations

from collections.abc import Mapping

from tests.support.formats import media, own, shops, words
from tests.support.formats.example import Example

EXAMPLES: Mapping[str, Example] = {
    **media.EXAMPLES,
    **words.EXAMPLES,
    **shops.EXAMPLES,
    **own.EXAMPLES,
}
"""By the name of the format."""
