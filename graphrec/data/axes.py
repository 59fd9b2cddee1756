"""What the axes of an array count, said where the array is declared.

A field of a frozen dataclass that holds an array per user or per item says so::

    user: Annotated[NDArray[np.float32], axes("user", None)]  # [U, dim]

so that saving, taking users out, adding rows and comparing are one walk over the fields
(`graphrec.data.tree`) and not a list of names that each of them keeps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Axis: TypeAlias = Literal["user", "item"] | None
"""What one axis counts; None: neither users nor items."""


@dataclass(frozen=True)
class Axes:
    """What each axis of an array counts, in order."""

    names: tuple[Axis, ...]


def axes(*names: Axis) -> Axes:
    """The axes of an array, for `Annotated`; ids and attribute columns have one axis."""
    return Axes(names)
