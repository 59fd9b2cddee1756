"""What a whole column shows, and no value of it alone: put together over the chunks of a source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Form:
    """How many values of a column are written in some way, and one of them."""

    count: int
    example: str


Seen: TypeAlias = Mapping[tuple[str, str], Form]
"""By role of the column, such as "user", and name of the form, such as "integer"."""


def together(one: Seen, other: Seen) -> Seen:
    """What two parts of a source show."""
    if not other:
        return one
    found = dict(one)
    for key, form in other.items():
        before = found.get(key)
        found[key] = form if before is None else Form(before.count + form.count, before.example)
    return found


def of_role(seen: Seen, role: str) -> dict[str, Form]:
    """What was seen of one column, by name of the form."""
    return {form: found for (of, form), found in seen.items() if of == role}
