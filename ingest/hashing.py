"""Numbers by which ids are distinguished, and drawn alike from every source.

The same id has the same number everywhere, so the ids whose numbers are small are a sample that two
sources share. N ids; numbers are uint64.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Numbers = NDArray[np.uint64]

_BYTES = 1 << 17
"""Of ids that are hashed at once: their sums stay in the processor's cache."""
_BASE = 0x9E3779B97F4A7C15
_ZERO, _POINT = b"0."


def numbers_of(ids: pa.Array, *, spelled: bool = True) -> Numbers:
    """A number for each id of a string array without nulls [N].

    Without `spelled`, ids that differ by the case of ASCII letters, by leading zeros or by ".0" at
    the end have the same one.
    """
    data, bounds = _bytes(ids)
    if not spelled:
        data = _lower()[data]
    parts = [_numbers(data, bounds[first : last + 1], spelled) for first, last in _cuts(bounds)]
    return np.concatenate(parts) if parts else np.zeros(0, np.uint64)


def mixed(*columns: NDArray) -> Numbers:
    """A number for each row of integer columns [N]."""
    total = np.zeros(len(columns[0]), np.uint64)
    for column in columns:
        total = _scattered(total * np.uint64(_BASE) + column.astype(np.uint64, copy=False))
    return total


@dataclass
class Repeats:
    """How many of the numbers added are the same as others: exact up to `bound` of them.

    Beyond, numbers are drawn by their size, so that all that are equal are there or none of them.
    """

    bound: int = 1 << 21
    limit: int = 1 << 64
    parts: list[Numbers] = field(default_factory=list)
    held: int = 0

    def add(self, numbers: Numbers) -> None:
        """Add the numbers of some rows [N]."""
        self._hold(numbers)
        while self.held > self.bound:
            self.limit //= 2
            parts, self.parts, self.held = self.parts, [], 0
            for part in parts:
                self._hold(part)

    def repeated(self) -> int:
        """About how many numbers repeat another."""
        if not self.parts:
            return 0
        numbers = np.sort(np.concatenate(self.parts))
        return round(int((numbers[1:] == numbers[:-1]).sum()) / self.sampled)

    @property
    def sampled(self) -> float:
        """The share of distinct numbers that are held."""
        return self.limit / (1 << 64)

    def _hold(self, numbers: Numbers) -> None:
        if self.limit < 1 << 64:
            numbers = numbers[numbers < np.uint64(self.limit)]
        self.parts.append(numbers)
        self.held += len(numbers)


def _bytes(ids: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The text of all ids, and where each begins and the last ends [N + 1]."""
    if not len(ids):
        return np.zeros(0, np.uint8), np.zeros(1, np.int64)
    if not pa.types.is_string(ids.type):
        ids = ids.cast(pa.string())
    _, offsets, text = ids.buffers()
    bounds = np.frombuffer(offsets, np.int32)[ids.offset : ids.offset + len(ids) + 1]
    data = np.frombuffer(text, np.uint8) if text is not None else np.zeros(0, np.uint8)
    first, last = int(bounds[0]), int(bounds[-1])
    return data[first:last], bounds.astype(np.int64) - first


def _cuts(bounds: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Ranges of ids of up to _BYTES together, or of one id that is longer."""
    first, count = 0, len(bounds) - 1
    while first < count:
        reach = int(np.searchsorted(bounds, bounds[first] + _BYTES, "right")) - 1
        last = max(reach, first + 1)
        yield first, last
        first = last


def _numbers(data: NDArray[np.uint8], bounds: NDArray[np.int64], spelled: bool) -> Numbers:
    """Of ids whose bytes are those of `data` within `bounds`: a polynomial over their bytes.

    One sum runs over all of them; that of an id is the difference at its ends, shifted back by the
    power at its beginning.
    """
    powers, inverses = _powers()
    offset = bounds[0]
    text = data[offset : bounds[-1]][:_BYTES]
    start, end = (np.minimum(side - offset, len(text)) for side in (bounds[:-1], bounds[1:]))
    if not spelled:
        start, end = _stripped(text, start, end)
    sums = np.zeros(len(text) + 1, np.uint64)
    np.cumsum((text.astype(np.uint64) + np.uint64(1)) * powers[: len(text)], out=sums[1:])
    return _scattered((sums[end] - sums[start]) * inverses[start])


def _stripped(
    text: NDArray[np.uint8], start: NDArray[np.int64], end: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The bounds without ".0" at the end and zeros in front."""
    padded = np.concatenate([text, np.zeros(1, np.uint8)])
    fraction = (end - start > 2) & (padded[end - 1] == _ZERO) & (padded[end - 2] == _POINT)
    end = end - 2 * fraction
    start = start.copy()
    zeros = np.flatnonzero((end - start > 1) & (padded[start] == _ZERO))
    while len(zeros):
        start[zeros] += 1
        more = (end[zeros] - start[zeros] > 1) & (padded[start[zeros]] == _ZERO)
        zeros = zeros[more]
    return start, end


def _scattered(numbers: Numbers) -> Numbers:
    """Numbers whose bits all depend on all bits of the given ones (the finaliser of SplitMix64)."""
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))


@cache
def _powers() -> tuple[Numbers, Numbers]:
    """The powers of an odd base modulo 2^64, and of its inverse [_BYTES + 1]."""

    def powers(base: int) -> Numbers:
        factors = np.full(_BYTES + 1, base, np.uint64)
        factors[0] = 1
        return np.cumprod(factors, dtype=np.uint64)

    return powers(_BASE), powers(pow(_BASE, -1, 1 << 64))


@cache
def _lower() -> NDArray[np.uint8]:
    """By byte, the byte of the small letter."""
    table = np.arange(256, dtype=np.uint8)
    table[ord("A") : ord("Z") + 1] += 32
    return table
