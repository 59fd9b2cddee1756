"""Data sets in memory: a frame, a file and a store that loaded the file are one graph."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from graphrec.ingest import in_memory
from graphrec.ingest.load import load_events, load_links, load_nodes
from graphrec.ingest.sources import File
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphrec.data.dataset import Dataset
from graphrec.data.weighting import DEFAULT_POLICY, KindPolicy
from graphrec.errors import DataError, SettingsError, StoreError, TooManyRejects
from graphrec.settings import IngestSettings
from graphrec.store import open_store
from graphrec.testing.stores import assert_same_graph
from tests.support.movielens import FORMS, folder_of

SETTINGS = IngestSettings()
EVENTS = {
    "user_id": [1, 2, 2],
    "item_id": ["x", "y", "x"],
    "rating": [5.0, 3.0, 4.5],
    "timestamp": [1_600_000_000, 1_600_000_100, 1_600_000_200],
}
ITEMS = {
    "item_id": ["x", "y", "z"],
    "title": ["The X", "The Y", "The Z"],
    "year": [1995, None, 2001],
    "genres": [["a", "b"], None, ["c"]],
    "brand": ["one", "two", "one"],
}


def frame(**changes: object) -> pd.DataFrame:
    return pd.DataFrame({**EVENTS, **changes})


def assert_same(one: Dataset, other: Dataset) -> None:
    assert_same_graph(one.recorded, other.recorded)
    assert one.kinds == other.kinds
    assert one.as_of == other.as_of
    assert_same_graph(one.weighted, other.weighted)


# The same events in a frame, in a file and in a store

ids = st.sampled_from(["a", "B", "é", "10", "9", "o'neil -- ;", "\U0001f600"])
times = st.integers(0, 4).map(lambda n: 1_600_000_000_000 + n * 1000)
rows = st.lists(
    st.tuples(ids, ids, st.sampled_from([0.0, 0.7, 1.0, 3.5, 5.0]), times), min_size=1, max_size=30
)


@given(rows, st.sampled_from(["rating", "count"]), st.booleans())
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.filterwarnings("ignore:.*repeat:UserWarning")
@pytest.mark.slow
def test_a_frame_is_what_its_file_is_in_a_store(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, str, float, int]],
    weight: str,
    kinds: bool,
) -> None:
    folder = tmp_path_factory.mktemp("same")
    events = pd.DataFrame(rows, columns=["user", "item", weight, "time"])
    if kinds:
        events["event_type"] = np.where(events["time"] % 2_000 == 0, "view", "buy")
    events.to_csv(folder / "events.csv", index=False)
    with open_store(f"sqlite:///{folder}/graph.db") as store:
        load_events(store, File(folder / "events.csv"), SETTINGS, folder / "rejects.csv")
    stored = Dataset.from_store(f"sqlite:///{folder}/graph.db")
    assert_same(Dataset.from_frame(events), stored)
    assert_same(Dataset.read(folder / "events.csv"), stored)
    timed = events.assign(time=pd.to_datetime(events["time"], unit="ms"))
    assert_same(Dataset.from_frame(timed), stored)


def test_nodes_and_links_too(tmp_path: Path) -> None:
    items = pd.DataFrame(ITEMS)
    friends = pd.DataFrame({"source": ["1", "7"], "target": ["2", "1"], "weight": [1.0, 0.5]})
    frame().to_parquet(tmp_path / "events.parquet")
    items.to_parquet(tmp_path / "items.parquet")
    friends.to_parquet(tmp_path / "friends.parquet")
    follows = ("user", "follows", "user")
    with open_store(f"sqlite:///{tmp_path}/graph.db") as store:
        aside = tmp_path / "rejects.csv"
        load_nodes(store, "item", File(tmp_path / "items.parquet"), SETTINGS, aside)
        load_events(store, File(tmp_path / "events.parquet"), SETTINGS, aside)
        load_links(store, File(tmp_path / "friends.parquet"), follows, SETTINGS, aside)
    data = Dataset.from_frame(frame(), items, links={follows: friends})
    assert_same(data, Dataset.from_store(f"sqlite:///{tmp_path}/graph.db"))
    assert data.users.ids == ("1", "2", "7")
    known = data.recorded.attributes["item"]
    assert {name: attribute.kind for name, attribute in known.items()} == {
        "title": "text", "year": "number", "genres": "tags", "brand": "category",
    }  # fmt: skip
    assert known["genres"].values == (("a", "b"), None, ("c",))
    read = Dataset.read(tmp_path / "events.parquet", tmp_path / "items.parquet")
    assert read.recorded.attributes == data.recorded.attributes


def test_a_named_data_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = folder_of(tmp_path / "ml", FORMS["ml-latest-small"])
    data = Dataset.load(str(folder))
    assert repr(data) == (
        "Dataset(2 users, 3 items, 3 events of kind rating, 6 genre nodes, 6 links; "
        "1997-09-22 to 1998-02-27)"
    )
    with pytest.raises(DataError, match="is no data set"):
        Dataset.load("no-such", cache=tmp_path)


def test_a_store_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        Dataset.from_store(f"sqlite:///{tmp_path}/none.db")


# What a frame may be


def polars(table: pa.Table) -> object:
    return pytest.importorskip("polars").from_arrow(table)


def duck(table: pa.Table) -> object:
    return pytest.importorskip("duckdb").from_arrow(table)


def reader(table: pa.Table) -> object:
    """Can be read once."""
    return pa.RecordBatchReader.from_batches(table.schema, table.to_batches(max_chunksize=1))


@pytest.mark.parametrize("make", [pa.Table.to_pandas, polars, duck, reader, lambda table: table])
def test_frames_of_every_library(make: Callable[[pa.Table], object]) -> None:
    events, items = pa.table(EVENTS), pa.table(ITEMS)
    expected = Dataset.from_frame(events, items)
    assert_same(Dataset.from_frame(make(events), make(items)), expected)


@pytest.mark.parametrize("given", [[1], {"user": ["a"]}, "events.csv", None])
def test_what_is_no_frame(given: object) -> None:
    with pytest.raises(DataError, match=r"events is a .*: expected a data frame"):
        Dataset.from_frame(given)


def test_mixed_columns_are_refused() -> None:
    with pytest.raises(DataError, match=r"events cannot be read as Arrow columns.*user_id"):
        Dataset.from_frame(frame(user_id=[1, "a", 3]))


def test_columns_may_be_named() -> None:
    renamed = frame().rename(columns={"user_id": "wer", "item_id": "was", "timestamp": "wann"})
    items = pd.DataFrame(ITEMS).rename(columns={"item_id": "was"})
    data = Dataset.from_frame(renamed, items, user="wer", item="was", time="wann")
    assert_same(data, Dataset.from_frame(frame(), pd.DataFrame(ITEMS)))
    with pytest.raises(DataError, match=r"no column for the user: .*in Python: user='COLUMN'"):
        Dataset.from_frame(renamed)


def test_an_index_without_a_name_is_no_column() -> None:
    items = pd.DataFrame(ITEMS)[1:]
    assert set(Dataset.from_frame(frame()[1:], items).recorded.attributes["item"]) == {
        "title", "year", "genres", "brand",
    }  # fmt: skip


def test_kinds_and_their_policies() -> None:
    kinds = {"view": KindPolicy(weight=0.5)}
    data = Dataset.from_frame(frame().drop(columns="rating"), kinds=kinds, default_kind="view")
    assert data.recorded.interactions.kinds == ("view",)
    assert data.weighted.interactions.weight.tolist() == [0.5, 0.5, 0.5]
    rated = Dataset.from_frame(frame())
    assert rated.kinds is DEFAULT_POLICY
    assert rated.weighted.interactions.weight.tolist() == [1, 1, 0]


def test_kinds_of_attributes_may_be_named() -> None:
    items = pd.DataFrame(ITEMS)
    data = Dataset.from_frame(frame(), items, attributes={"item": {"year": "category"}})
    assert data.recorded.attributes["item"]["year"].values == ("1995", None, "2001")
    with pytest.raises(DataError, match="attributes of 'user' are named"):
        Dataset.from_frame(frame(), items, attributes={"user": {"age": "number"}})


# Ids, weights and times


@pytest.mark.parametrize(
    "values",
    [
        ["42", "7", "7"],
        np.array([42, 7, 7], np.uint16),
        [42.0, 7.0, 7.0],
        pd.Categorical(["42", "7", "7"]),
        pd.array([42, 7, 7], "Int64"),
        pd.Series([np.int64(42), 7, 7], dtype=object),
    ],
)
def test_ids_of_any_type_are_the_same_text(values: Any) -> None:
    assert Dataset.from_frame(frame(user_id=values)).users.ids == ("42", "7")


@pytest.mark.parametrize(
    "values", [[1, None, 2], ["a", None, "b"], ["a", "", "b"], ["a", np.nan, "b"]]
)
def test_a_missing_id_is_refused(values: list[object]) -> None:
    with pytest.raises(TooManyRejects, match=r"1 of 3 rows .*First row 1: missing user id in \{"):
        Dataset.from_frame(frame(user_id=values))


def test_ids_that_floats_cannot_tell_apart_are_refused() -> None:
    with pytest.raises(DataError, match="stands for several integers"):
        Dataset.from_frame(frame(user_id=[2.0**53, 2.0**53 + 2, 1.0]))
    exact = Dataset.from_frame(frame(user_id=[2**53, 2**53 + 1, 1]))
    assert exact.users.ids == ("1", str(2**53), str(2**53 + 1))


@pytest.mark.parametrize(
    ("weight", "reason"),
    [
        (np.nan, "not a number"),
        (np.inf, "not a number"),
        (-1.0, "negative"),
        (1e39, "not a number"),
    ],
)
def test_a_bad_weight_is_refused(weight: float, reason: str) -> None:
    with pytest.raises(DataError, match=rf"First row 2: weight is {reason}"):
        Dataset.from_frame(frame(rating=[1.0, 2.0, weight]))


def test_a_negative_weight_has_the_meaning_that_its_kind_says() -> None:
    log = pd.DataFrame({"user": list("ab"), "item": list("xx"), "vote": [1, -1]})
    kinds = {"vote": KindPolicy(negative="dislike")}
    data = Dataset.from_frame(log, kinds=kinds, weight="vote", default_kind="vote")
    assert data.weighted.interactions.weight.tolist() == [1, -1]
    assert (data.weighted.matrix.nnz, data.weighted.disliked.nnz) == (1, 1)


def test_a_kind_to_cancel_that_nobody_knows_is_an_error() -> None:
    data = Dataset.from_frame(frame(), kinds={"refunded": KindPolicy(cancels=("purchas",))})
    with pytest.raises(SettingsError, match=r"cancels = 'purchas' .* did you mean 'purchase'"):
        _ = data.weighted


NOON = dt.datetime(2024, 5, 1, 12, tzinfo=dt.timezone.utc)
MILLISECONDS = int(NOON.timestamp() * 1000)
EAST = dt.timezone(dt.timedelta(hours=5))


@pytest.mark.parametrize(
    "value",
    [
        *(pd.Series([NOON.replace(tzinfo=None)] * 3).astype(f"datetime64[{unit}]")
          for unit in ("s", "ms", "us", "ns")),
        pd.Series([NOON] * 3),
        pd.Series([NOON.astimezone(EAST)] * 3),
        pd.Series([NOON] * 3, dtype=object),
        np.array(["2024-05-01T12:00"] * 3, "datetime64[m]").astype("datetime64[s]"),
        *([number] * 3 for number in (
            MILLISECONDS // 1000, MILLISECONDS, MILLISECONDS * 1000, MILLISECONDS * 1_000_000,
        )),
        [MILLISECONDS / 1000] * 3,
        ["2024-05-01T12:00:00Z"] * 3,
        ["2024-05-01 12:00"] * 3,
        ["2024-05-01T14:00+02:00"] * 3,
    ],
)  # fmt: skip
def test_times_of_any_unit(value: Any) -> None:
    data = Dataset.from_frame(frame(timestamp=value))
    assert data.recorded.interactions.time.tolist() == [MILLISECONDS] * 3


def test_days() -> None:
    data = Dataset.from_frame(frame(timestamp=[NOON.date()] * 3))
    assert data.recorded.interactions.time.tolist() == [MILLISECONDS - 12 * 3_600_000] * 3


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (pd.NaT, "missing time"),
        (pd.Timestamp("1969-12-31"), "time is before 1970 or after 2261"),
        (pd.Timestamp("2262-01-02"), "time is before 1970 or after 2261"),
        (pd.Timestamp("2100-01-01"), "time is in the future"),
        (None, "missing time"),
    ],
)
def test_an_impossible_time_is_refused(value: Any, reason: str) -> None:
    values = pd.Series([pd.Timestamp("2020-01-01"), value, pd.Timestamp("2020-01-01")])
    with pytest.raises(DataError, match=f"First row 1: {reason}"):
        Dataset.from_frame(frame(timestamp=values))
    with pytest.raises(DataError, match=r"First row 1: time is before 1970 or after"):
        Dataset.from_frame(frame(timestamp=[1.5e9, np.inf, 1.6e9]))


# Nothing goes missing without a word


def test_events_that_repeat_are_told() -> None:
    repeated = pd.concat([frame(), frame(rating=[1.0, 1.0, 1.0])])
    with pytest.warns(UserWarning, match="3 events repeat the user, item, kind and time") as seen:
        data = Dataset.from_frame(repeated)
    assert seen[0].filename == __file__
    assert data.recorded.interactions.weight.tolist() == [1, 1, 1]


def test_no_events() -> None:
    with pytest.raises(DataError, match="events have no rows"):
        Dataset.from_frame(frame()[:0])


def test_rows_of_a_file_are_not_dropped(tmp_path: Path) -> None:
    rows = "".join(f"{n},x\n" for n in range(1000))
    (tmp_path / "log.csv").write_text(f"user,item\n{rows},x\n")
    with pytest.raises(TooManyRejects, match=r"1 of 1001 rows .*First line 1002: missing user id"):
        Dataset.read(tmp_path / "log.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["log.csv"]


# And out again


@pytest.fixture
def data() -> Iterator[Dataset]:
    return Dataset.from_frame(frame(), pd.DataFrame(ITEMS))


def test_a_data_set_as_a_frame(data: Dataset) -> None:
    out = data.to_frame()
    assert list(out) == ["user", "item", "weight", "time", "kind"]
    assert str(out["time"].dtype) == "datetime64[ms, UTC]"
    assert out["weight"].tolist() == [5, 4.5, 3]
    for back in (out, data.to_arrow()):
        assert_same_graph(Dataset.from_frame(back, pd.DataFrame(ITEMS)).recorded, data.recorded)


def test_before_a_time(data: Dataset) -> None:
    at = 1_600_000_100_000
    for time in (at, "2020-09-13T12:28:20Z", pd.Timestamp(at, unit="ms"), np.datetime64(at, "ms")):
        earlier = data.before(time)
        assert len(earlier) == 1
        assert earlier.items == data.items
    assert len(data.before(dt.date(2020, 9, 14))) == 3
    with pytest.raises(DataError, match="cannot be read"):
        data.before("yesterday")


def test_counts(data: Dataset) -> None:
    assert len(data) == 3
    assert (
        repr(data) == "Dataset(2 users, 3 items, 3 events of kind rating; 2020-09-13 to 2020-09-13)"
    )
    assert "<th style='text-align:left'>items</th><td>3</td>" in data._repr_html_()
    assert repr(Dataset.from_frame(frame().drop(columns="timestamp"))).endswith("kind rating)")


def test_a_data_set_is_fetched_into_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def open_dataset(name: str, cache: Path, progress: object) -> Any:
        asked.append((name, cache))
        raise DataError("cannot be fetched")

    monkeypatch.setattr(in_memory, "open_dataset", open_dataset)
    for cache in (None, tmp_path):
        with pytest.raises(DataError):
            Dataset.load("ml-100k", cache=cache)
    assert asked == [("ml-100k", Path("~/.cache/graphrec").expanduser()), ("ml-100k", tmp_path)]
