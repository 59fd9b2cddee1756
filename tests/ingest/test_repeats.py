"""Rows with the same user, item, kind and time: counted, and added up where their kind says so."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from graphrec.ingest import repeats as module
from graphrec.ingest.load import LoadReport, checked_events
from graphrec.ingest.repeats import added_up, hashes_of, repeats_of
from graphrec.ingest.sources import File
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.data.dataset import Dataset
from graphrec.data.weighting import KindPolicy
from graphrec.settings import IngestSettings
from graphrec.store.sqlite.store import SQLiteStore

KINDS = {"purchase": KindPolicy(same_time="add")}
SMALL_CHUNKS = IngestSettings(batch_rows=2)


def batch(*rows: tuple[str, str, str, int, float]) -> pa.RecordBatch:
    user, item, kind, time, weight = zip(*rows, strict=True)
    return pa.RecordBatch.from_pydict(
        {
            "user": pa.array(user), "item": pa.array(item),
            "weight": pa.array(weight, pa.float32()), "time": pa.array(time, pa.int64()),
            "kind": pa.array(kind),
        }
    )  # fmt: skip


def load(folder: Path, *rows: str, settings: IngestSettings = SMALL_CHUNKS) -> LoadReport:
    file = folder / "events.csv"
    file.write_text("".join(f"{row}\n" for row in ("user,item,event,quantity,time", *rows)))
    mapping = {"weight": "quantity"}
    with (
        SQLiteStore(folder / "graph.db", KINDS) as store,
        checked_events(File(file), settings, None, mapping, policies=KINDS) as checked,
    ):
        return checked.write(store)


def held(folder: Path) -> list[tuple[str, str, str, int, float]]:
    with SQLiteStore(folder / "graph.db", {}) as store:
        log = store.read_graph().interactions
    return [
        (log.users.ids[u], log.items.ids[i], log.kinds[k], int(t), float(w))
        for u, i, k, t, w in zip(log.user, log.item, log.kind, log.time, log.weight, strict=True)
    ]


def test_two_purchases_within_one_second_are_two(tmp_path: Path) -> None:
    rows = ("ann,a,purchase,1,1700000000", "bob,a,view,1,1700000000", "ann,a,purchase,1,1700000000")
    report = load(tmp_path, *rows)
    assert (report.rows, report.accepted, report.new) == (3, 3, 2)
    assert (report.added, report.replaced) == (1, 0)
    assert held(tmp_path)[0] == ("ann", "a", "purchase", 1_700_000_000_000, 2.0)


def test_an_order_of_three_pieces_weighs_three(tmp_path: Path) -> None:
    load(tmp_path, "ann,a,purchase,3,1700000000", "ann,a,purchase,2,1700000001")
    assert [weight for *_, weight in held(tmp_path)] == [3.0, 2.0]


def test_counts_without_times_add_up(tmp_path: Path) -> None:
    file = tmp_path / "counts.csv"
    file.write_text("user,item,count,kind\nann,a,3,purchase\nbob,a,1,purchase\nann,a,2,purchase\n")
    with (
        SQLiteStore(tmp_path / "graph.db", KINDS) as store,
        checked_events(File(file), SMALL_CHUNKS, None, policies=KINDS) as checked,
    ):
        checked.write(store)
    assert [weight for *_, weight in held(tmp_path)] == [5.0, 1.0]


def test_a_file_that_is_loaded_again_changes_nothing(tmp_path: Path) -> None:
    rows = [f"ann,{item},{kind},{n},1700000000" for item in "ab" for kind in ("purchase", "view")
            for n in (1, 2, 4)]  # fmt: skip
    load(tmp_path, *rows)
    once = held(tmp_path)
    again = load(tmp_path, *rows)
    assert (again.new, again.added, again.replaced) == (0, 4, 4)
    assert held(tmp_path) == once
    with SQLiteStore(tmp_path / "graph.db", KINDS) as store:
        position = store.position()
    load(tmp_path, *rows, settings=IngestSettings())
    with SQLiteStore(tmp_path / "graph.db", KINDS) as store:
        assert store.position() == position
    assert sorted(weight for *_, weight in once) == [4.0, 4.0, 7.0, 7.0]


def test_a_corrected_file_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    load(tmp_path, "ann,a,purchase,1,1700000000", "ann,a,purchase,1,1700000000")
    load(tmp_path, "ann,a,purchase,1,1700000000")
    assert [weight for *_, weight in held(tmp_path)] == [1.0]


def test_of_other_kinds_the_last_row_counts_and_it_is_said(tmp_path: Path) -> None:
    rows = [f"ann,a,rating,{stars},1700000000" for stars in (5, 1, 3)]
    report = load(tmp_path, *rows, "ann,b,rating,4,1700000000")
    assert (report.replaced, report.added) == (2, 0)
    assert [weight for *_, weight in held(tmp_path)] == [3.0, 4.0]


def test_a_frame_is_as_a_file_is() -> None:
    frame = pd.DataFrame(
        {"user": ["ann", "bob", "ann"], "item": "a", "kind": "purchase", "count": [3, 1, 2]}
    )
    assert Dataset.from_frame(frame, kinds=KINDS).recorded.interactions.weight.tolist() == [
        5.0,
        1.0,
    ]
    with pytest.warns(UserWarning, match="1 event repeats the user"):
        data = Dataset.from_frame(frame)
    assert data.recorded.interactions.weight.tolist() == [2.0, 1.0]


rows = st.tuples(
    st.sampled_from(("a", "b", "aa", "ab", "ba", "é", "\U0001f600")),
    st.sampled_from(("a", "b", "aa", "ab")),
    st.sampled_from(("purchase", "view")),
    st.integers(-2, 1),
    st.integers(0, 5).map(float),
)


@settings(max_examples=100)
@given(st.lists(st.lists(rows, min_size=1, max_size=8), max_size=5), st.sampled_from((1, 3, 1000)))
@pytest.mark.slow
def test_counts_and_sums_are_those_of_a_dictionary(chunks, at_once):
    batches = [batch(*chunk) for chunk in chunks]
    everything = [row for chunk in chunks for row in chunk]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "SORTED_AT_ONCE", at_once)
        patched.setattr(module, "HELD", at_once)
        found = repeats_of(batches, KINDS)
        result = [row for left in added_up(batches, found) for row in left.to_pylist()]
    times = Counter(row[:4] for row in everything)
    repeated = {key: count - 1 for key, count in times.items()}
    assert found.added == sum(n for key, n in repeated.items() if key[2] == "purchase")
    assert found.replaced == sum(n for key, n in repeated.items() if key[2] == "view")
    expected: dict[tuple[str, str, str, int], float] = {}
    for *key, weight in everything:
        adds = key[2] == "purchase"
        expected[tuple(key)] = expected.get(tuple(key), 0.0) * adds + weight
    assert {(r["user"], r["item"], r["kind"], r["time"]): r["weight"] for r in result} == expected
    assert len(result) == len(everything) - found.added


@given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), min_size=1, max_size=20))
def test_rows_have_the_same_hash_if_their_keys_are_the_same(pairs):
    whole = batch(*((user, item, "view", 0, 1.0) for user, item in pairs))
    hashes = hashes_of(whole)
    for at, pair in enumerate(pairs):
        assert hashes_of(whole.slice(at, 1))[0] == hashes[at]
        assert [hashes[at] == each for each in hashes] == [pair == each for each in pairs]
