"""Why an item is in a list, as a code with values: its sentence is written in a language later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Reason:
    """A reason: what it is called, and what its sentence names.

    `graphrec.recommend.reasons` has a template for each code in each language.
    """

    code: str
    values: Mapping[str, str | int | float] = field(default_factory=dict)
