"""What the attributes of a user or an item may be, over HTTP."""

# No `from __future__ import annotations`: see `graphrec.api.routes`.

from typing import Annotated, TypeAlias

from pydantic import Field

from graphrec.data import AttributeValue

Text = Annotated[str, Field(max_length=10_000)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Value: TypeAlias = Number | Text | list[Text] | None

Name = Annotated[str, Field(min_length=1, max_length=200)]

MOST = 100
"""Attributes that a request may name."""


def value_of(value: Value) -> AttributeValue:
    """As attributes are kept: tags are a tuple, numbers floating."""
    if isinstance(value, list):
        return tuple(value)
    return value if value is None or isinstance(value, str) else float(value)
