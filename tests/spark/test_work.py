"""What workers do with a block, without Spark: blocks of any size give what the whole gives."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

pytest.importorskip("pyspark", reason="pyspark is not installed (the extra `spark`)")

from graphrec.errors import SettingsError
from graphrec.models.graph_filter.nearest import capped
from graphrec.models.spectral import InMemory
from graphrec.spark import products, spectrum, tallies
from graphrec.spark.blocks import array, pack, packed_row
from graphrec.spark.likes import rows_of
from graphrec.spark.prepare import _once
from graphrec.spark.session import _pair, _reason


def matrix_of(seed: int, users: int, items: int) -> sparse.csr_array:
    rng = np.random.default_rng(seed)
    dense = rng.random((users, items)) * (rng.random((users, items)) < 0.3)
    return sparse.csr_array(dense.astype(np.float32))


def blocks_of(matrix: sparse.csr_array, size: int) -> dict[int, pa.Table]:
    cut = {at // size: matrix[at : at + size] for at in range(0, matrix.shape[0], size)}
    return {block: rows_of(part) for block, part in cut.items() if part.nnz}


@given(st.integers(0, 99), st.integers(1, 9), st.integers(1, 6), st.booleans())
def test_products_of_blocks_add_up(seed: int, size: int, each: int, pattern: bool) -> None:
    matrix = matrix_of(seed, 13, 7)
    if pattern:
        matrix.data[:] = 1
    sent: dict[int, list[pa.RecordBatch]] = {}
    for block, rows in blocks_of(matrix, size).items():
        for part in products._multiply(block, rows, size, 7, pattern, None, each):
            sent.setdefault(part.column("part")[0].as_py(), []).append(part)
    found = np.zeros((7, 7))

    def keep(items: np.ndarray, shared: sparse.csr_array) -> pa.Table:
        found[items] = shared.toarray()
        return pa.table({})

    for parts in sent.values():
        products._add(pa.Table.from_batches(parts[::-1]), 7, each, keep)
    assert np.allclose(found, (matrix.T @ matrix).toarray(), rtol=1e-6)
    again = found.copy()
    for parts in sent.values():  # the same bits in any order
        products._add(pa.Table.from_batches(parts), 7, each, keep)
    assert np.array_equal(found, again)


@given(st.integers(0, 99), st.integers(1, 9))
def test_blocks_draw_the_numbers_of_one_machine(seed: int, size: int) -> None:
    matrix = matrix_of(seed, 11, 5)
    wanted = InMemory.of(matrix).drawn(3, np.random.default_rng(seed))
    rng, states, sizes = np.random.default_rng(seed), {}, {}
    for at in range(0, 11, size):
        sizes[at // size] = min(size, 11 - at)
        states[at // size] = rng.bit_generator.state
        rng.standard_normal((sizes[at // size], 3), np.float32)
    found = np.zeros((5, 3))
    for block, rows in blocks_of(matrix, size).items():
        held = SimpleNamespace(value=states)
        for piece in spectrum._draw(block, rows, held, size, sizes, 3, 5):
            found += np.frombuffer(piece.column("rows")[0].as_py(), np.float32).reshape(-1, 3)
    assert np.allclose(found, wanted, atol=1e-6)


def test_very_long_histories_are_capped_in_a_block_as_on_one_machine() -> None:
    matrix = matrix_of(1, 8, 40)
    whole = capped(matrix, 5)
    parts = [capped(sparse.csr_array(matrix[at : at + 3]), 5) for at in range(0, 8, 3)]
    assert (abs(whole - sparse.vstack(parts)) > 0).nnz == 0


def once(rows: list[tuple], adding: tuple[bool, ...] = (False, True)) -> list[tuple]:
    names = ("user", "item", "kind", "time", "weight", "_file", "_start", "_place")
    columns = zip(names, zip(*rows, strict=True), strict=True)
    table = pa.table({name: list(column) for name, column in columns})
    table = table.append_column("block", pa.array([0] * len(rows)))
    packed = _once(table, adding).column("rows")[0].as_buffer()
    found = pa.ipc.open_stream(packed).read_all()
    return list(zip(*(array(found, name).tolist() for name in names[:5]), strict=True))


def test_of_equal_events_the_last_of_the_source_counts() -> None:
    rows = [
        (0, 1, 0, 5, 3.0, "b", 0, 1),
        (0, 1, 0, 5, 9.0, "a", 70, 8),
        (0, 1, 0, 5, 4.0, "b", 0, 2),
        (0, 0, 0, 7, 1.0, "a", 0, 0),
    ]
    wanted = [(0, 0, 0, 7, 1.0), (0, 1, 0, 5, 4.0)]
    for order in (rows, rows[::-1]):
        assert once(order) == wanted


def test_of_equal_events_without_an_order_the_largest_counts() -> None:
    rows = [(0, 1, 0, 5, value, "", 0, 0) for value in (2.0, 4.0, 3.0)]
    assert once(rows) == [(0, 1, 0, 5, 4.0)]


def test_events_of_a_kind_that_adds_up_are_added_up() -> None:
    rows = [(0, 1, 1, 5, value, "a", 0, at) for at, value in enumerate((2.0, 4.0, 3.0))]
    assert once([*rows, (0, 1, 1, 6, 1.0, "a", 0, 9)]) == [(0, 1, 1, 5, 9.0), (0, 1, 1, 6, 1.0)]


def test_order_statistics_of_a_tally() -> None:
    tallied = [(1.0, 3), (2.5, 1), (9.0, 2)]
    places = [0, 2, 3, 4, 5]
    found = tallies.order_statistics(None, ("value",), places, tallied)
    assert found == [(1.0,), (1.0,), (2.5,), (9.0,), (9.0,)]


def test_what_is_packed_is_a_row() -> None:
    table = pa.table({"user": [1, 2]})
    row = packed_row(3, table)
    assert row.column("block").to_pylist() == [3]
    assert pa.ipc.open_stream(pack(table)).read_all() == table


def test_settings_of_spark_are_pairs_and_failures_a_line() -> None:
    assert _pair("spark.executor.memory=8g") == ("spark.executor.memory", "8g")
    with pytest.raises(SettingsError, match="expected KEY=VALUE"):
        _pair("8g")
    said = "An error occurred\n: org.apache.spark.SparkException: lost\n\tat x\nValueError: no"
    assert _reason(ValueError(said)) == "ValueError: no"
    assert _reason(ValueError(said.replace("ValueError: no", ""))).endswith("SparkException: lost")
