"""A vector that a user brings: an embedding of an item or a user, as one value of an attribute."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import DataError

_FLOAT = np.dtype("<f4")


@dataclass(frozen=True)
class Vector:
    """Finite numbers in single precision; equal vectors have equal bytes."""

    content: bytes
    """float32, little-endian."""

    @classmethod
    def of(cls, numbers: Iterable[float] | NDArray) -> Vector:
        """The vector of some numbers; raises DataError for none, or where one is not finite."""
        listed = numbers if isinstance(numbers, np.ndarray) else np.array(list(numbers), np.float64)
        with np.errstate(over="ignore"):
            array = listed.astype(_FLOAT)
        if array.ndim != 1 or not len(array) or not np.isfinite(array).all():
            raise DataError(
                "a vector is empty, or holds nan, inf or what single precision has no room for: "
                "expected one finite number at least; correct it, or leave it out"
            )
        return cls(array.tobytes())

    @classmethod
    def of_text(cls, text: str) -> Vector:
        """What `to_text` gave; raises DataError for other text."""
        try:
            return cls.of(np.frombuffer(base64.b64decode(text, validate=True), _FLOAT))
        except (binascii.Error, ValueError) as error:
            raise DataError(f"a stored vector cannot be read: {error}; write it again") from error

    def to_text(self) -> str:
        """The vector in Base64, which takes half the room of numbers in decimals."""
        return base64.b64encode(self.content).decode()

    @property
    def array(self) -> NDArray[np.float32]:
        """The numbers [dim], read-only."""
        return np.frombuffer(self.content, _FLOAT)

    def __len__(self) -> int:
        return len(self.content) // _FLOAT.itemsize


def vector_length(name: str, ids: Sequence[str], values: Sequence[object]) -> int | None:
    """How many numbers the vectors among the values have; None without any.

    Raises DataError where they differ, naming the node of the first that does.
    """
    length: int | None = None
    for node_id, value in zip(ids, values, strict=True):
        if isinstance(value, Vector):
            if length is not None and len(value) != length:
                raise DataError(
                    f"attribute {name!r} of {node_id!r} is a vector of {len(value)} numbers: "
                    f"expected {length}, as those before it; correct it, or leave it out"
                )
            length = len(value)
    return length


def stacked(values: Sequence[object], length: int) -> NDArray[np.float32]:
    """The vectors of this length as rows [N, length]; NaN where a value is none of them."""
    found = np.full((len(values), length), np.nan, np.float32)
    for row, value in enumerate(values):
        if isinstance(value, Vector) and len(value) == length:
            found[row] = value.array
    return found


def unstacked(rows: NDArray[np.floating]) -> tuple[Vector | None, ...]:
    """The vectors of the rows that `stacked` gave."""
    known = np.isfinite(rows).all(axis=1).tolist()
    return tuple(Vector.of(row) if each else None for row, each in zip(rows, known, strict=True))
