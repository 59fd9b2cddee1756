"""Numbers of ids: equal for equal ids only, and the same wherever an id comes from."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from graphrec.ingest.hashing import Repeats, mixed, numbers_of
from hypothesis import given
from hypothesis import strategies as st

ids = st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=40)


@given(ids, st.integers(0, 39))
def test_equal_ids_alone_have_equal_numbers(ids: list[str], cut: int) -> None:
    numbers = numbers_of(pa.array(ids))
    assert len(set(numbers.tolist())) == len(set(ids))
    cut = min(cut, len(ids))
    assert np.array_equal(numbers[cut:], numbers_of(pa.array(ids)[cut:]))
    assert np.array_equal(numbers, numbers_of(pa.array(ids, pa.large_string())))


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=30), st.integers(0, 5))
def test_spelling_does_not_matter_where_it_is_not_to(codes: list[int], zeros: int) -> None:
    plain = numbers_of(pa.array([f"x{code}" for code in codes]), spelled=False)
    assert np.array_equal(
        plain, numbers_of(pa.array([f"X{code}" for code in codes]), spelled=False)
    )
    bare = numbers_of(pa.array([str(code) for code in codes]), spelled=False)
    padded = [f"{'0' * zeros}{code}.0" for code in codes]
    assert np.array_equal(bare, numbers_of(pa.array(padded), spelled=False))
    assert len(set(bare.tolist())) == len(set(codes))


def test_no_ids_and_long_ones() -> None:
    assert len(numbers_of(pa.array([], pa.string()))) == 0
    long = numbers_of(pa.array(["a", "b" * 300_000, "c", "b" * 300_000]))
    assert long[1] == long[3]
    assert len(set(long.tolist())) == 3


def test_numbers_are_spread() -> None:
    """So that those below a limit are that share of them."""
    numbers = numbers_of(pa.array([f"item-{n}" for n in range(20_000)]))
    assert 0.22 < (numbers < np.uint64(1 << 62)).mean() < 0.28


@given(st.lists(st.integers(0, 30), max_size=60), st.integers(1, 4))
def test_repeats_are_counted(rows: list[int], parts: int) -> None:
    repeats = Repeats()
    for part in np.array_split(np.array(rows, np.int64), parts):
        repeats.add(mixed(part, part))
    assert repeats.repeated() == len(rows) - len(set(rows))
    assert repeats.sampled == 1


def test_repeats_beyond_the_bound_are_about_right() -> None:
    repeats = Repeats(bound=2_000)
    for _ in range(2):
        repeats.add(mixed(np.arange(20_000)))
    assert repeats.sampled < 1
    assert repeats.held <= 2_000
    assert 17_000 < repeats.repeated() < 23_000
