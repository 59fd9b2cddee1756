"""Loading into a store: each row is stored or set aside, all is checked before any is written."""

from __future__ import annotations

import csv
import gzip
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from graphrec.ingest.load import (
    LoadReport,
    checked_events,
    checked_nodes,
    load_events,
    load_links,
    load_nodes,
    write_all,
)
from graphrec.ingest.sources import File, Query, Source
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphrec.data import Graph
from graphrec.data.kinds import KindPolicy
from graphrec.errors import DataError, TooManyRejects
from graphrec.progress import Progress
from graphrec.settings import IngestSettings
from graphrec.store import GraphStore, open_store

SETTINGS = IngestSettings()
ALL = IngestSettings(max_rejected_share=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[GraphStore]:
    with open_store(f"sqlite:///{tmp_path / 'graph.db'}") as store:
        yield store


def write(path: Path, *rows: str) -> File:
    path.write_text("".join(row + "\n" for row in rows))
    return File(path)


def events(graph: Graph) -> list[tuple[str, str, str, float, int]]:
    log = graph.interactions
    return [
        (log.users.ids[user], log.items.ids[item], log.kinds[kind], float(weight), int(time))
        for user, item, kind, weight, time in zip(
            log.user, log.item, log.kind, log.weight, log.time, strict=True
        )
    ]


# Events


def test_events_are_stored(store: GraphStore, tmp_path: Path) -> None:
    source = write(
        tmp_path / "log.csv", "user,item,rating,time", "a,x,5,1600000100", " b ,y,3.5,1600000200"
    )
    report = load_events(store, source, SETTINGS, tmp_path / "rejects.csv")
    assert events(store.read_graph()) == [
        ("a", "x", "rating", 5, 1_600_000_100_000),
        ("b", "y", "rating", 3.5, 1_600_000_200_000),
    ]
    assert (report.rows, report.accepted, report.new, report.rejected) == (2, 2, 2, 0)
    assert report.rejects is None
    assert not (tmp_path / "rejects.csv").exists()


def test_what_a_log_does_not_say_has_defaults(store: GraphStore, tmp_path: Path) -> None:
    source = write(tmp_path / "log.csv", "user,item", "a,x")
    load_events(store, source, SETTINGS, tmp_path / "rejects.csv")
    load_events(store, source, SETTINGS, tmp_path / "rejects.csv", kind="view")
    assert set(events(store.read_graph())) == {
        ("a", "x", "interaction", 1, 0),
        ("a", "x", "view", 1, 0),
    }


def test_integer_ids_are_written_as_integers(store: GraphStore, tmp_path: Path) -> None:
    frame = pd.DataFrame({"user": [1, None, 3], "item": pd.array([7, 8, None], dtype="Int64")})
    frame.to_parquet(tmp_path / "log.parquet")
    source = File(tmp_path / "log.parquet")
    report = load_events(store, source, ALL, tmp_path / "rejects.csv")
    assert [event[:2] for event in events(store.read_graph())] == [("1", "7")]
    assert report.reasons == {"missing user id": 1, "missing item id": 1}


def test_parquet_text_and_sql_give_the_same_events(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"user": [1, 2], "item": ["x", "y"], "rating": [4.5, 1.0], "time": [10**9, 10**9 + 5]}
    )
    frame.to_parquet(tmp_path / "log.parquet")
    frame.to_csv(tmp_path / "log.csv", index=False)
    frame.to_json(tmp_path / "log.jsonl", orient="records", lines=True)
    database = sqlite3.connect(tmp_path / "log.db")
    frame.to_sql("log", database, index=False)
    database.close()
    sources: list[Source] = [
        *(File(tmp_path / name) for name in ("log.parquet", "log.csv", "log.jsonl")),
        Query(f"sqlite:///{tmp_path / 'log.db'}", "SELECT * FROM log"),
    ]
    found = []
    for number, source in enumerate(sources):
        with open_store(f"sqlite:///{tmp_path / f'{number}.db'}") as store:
            load_events(store, source, SETTINGS, tmp_path / "rejects.csv")
            found.append(events(store.read_graph()))
    assert found[0] == found[1] == found[2] == found[3]
    assert found[0][0] == ("1", "x", "rating", 4.5, 10**12)


BAD_ROWS = {
    ",x,1,1600000000,view": "missing user id",
    "a, ,1,1600000000,view": "missing item id",
    "a,x,1,,view": "missing time",
    "a,x,1,soon,view": "time is not readable",
    "a,x,many,1600000000,view": "weight is not a number",
    "a,x,inf,1600000000,view": "weight is not a number",
    "a,x,1e39,1600000000,view": "weight is not a number",  # more than a float32 holds
    "a,x,-1,1600000000,view": "weight is negative: say with kinds.view.negative in the settings "
    "what that means: rating, dislike, cancel or seen",
    "a,x,1,1600000000,": "missing kind",
    "a,x,1": "wrong number of fields",
    ",,,,": "missing user id",  # the first of its faults
}


@pytest.mark.parametrize("row", BAD_ROWS)
def test_bad_rows_are_set_aside_with_reason_and_row(
    store: GraphStore, tmp_path: Path, row: str
) -> None:
    source = write(tmp_path / "log.csv", "user,item,weight,time,kind", "b,y,0,1600000002,view", row)
    report = load_events(store, source, ALL, tmp_path / "rejects" / "log.csv")
    assert events(store.read_graph()) == [("b", "y", "view", 0, 1_600_000_002_000)]
    assert store.counts()["item"] == 1  # what only bad rows name is not stored
    assert report.reasons == {BAD_ROWS[row]: 1}
    assert report.rejects == tmp_path / "rejects" / "log.csv"
    with report.rejects.open(newline="") as file:
        (found,) = csv.DictReader(file)
    assert (found["line"], found["reason"]) == ("3", BAD_ROWS[row])
    assert all(part in found["row"] for part in row.split(",") if part)


def test_too_many_bad_rows_leave_the_store_as_it_was(store: GraphStore, tmp_path: Path) -> None:
    rows = [f"u{n},i{n}" for n in range(90)] + [",x"] * 9 + ["u,"]
    source = write(tmp_path / "log.csv", "user,item", *rows)
    before = store.counts()
    with pytest.raises(TooManyRejects) as caught:
        load_events(store, source, IngestSettings(batch_rows=20), tmp_path / "rejects.csv")
    message = str(caught.value)
    for part in ("10 of 100 rows", "10.0%", "1.0%", "9 × missing user id", "1 × missing item id"):
        assert part in message
    assert "line 92: missing user id" in message
    assert str(tmp_path / "rejects.csv") in message
    assert store.counts() == before
    assert len((tmp_path / "rejects.csv").read_text().splitlines()) == 11


def test_a_negative_weight_is_loaded_where_its_kind_has_a_meaning_for_it(
    store: GraphStore, tmp_path: Path
) -> None:
    rows = ["a,x,-6,purchase", "a,y,-6,Return", "b,x,-1,view", "b,y,-1,view", "b,z,0,view"]
    source = write(tmp_path / "log.csv", "user,item,weight,event", *rows)
    policies = {"purchase": KindPolicy(negative="cancel")}
    rejects = tmp_path / "rejects.csv"
    report = load_events(store, source, ALL, rejects, policies=policies)
    reason = (
        "weight is negative: say with kinds.view.negative in the settings what that means: "
        "rating, dislike, cancel or seen"
    )
    assert report.reasons == {reason: 2}
    weights = sorted(store.read_graph().interactions.weight.tolist())
    assert weights[:2] == [-6, -6]


def test_negative_weights_of_many_kinds_are_one_reason(tmp_path: Path) -> None:
    rows = [f"a,x,-1,kind {n}" for n in range(20)]
    source = write(tmp_path / "log.csv", "user,item,weight,event", *rows)
    with checked_events(source, ALL, tmp_path / "rejects.csv") as checked:
        reasons = checked.spool.reasons
    assert len(reasons) == 11
    [many] = [count for reason, count in reasons.items() if "[kinds].negative" in reason]
    assert many == 10


def test_the_allowed_share_itself_is_allowed(store: GraphStore, tmp_path: Path) -> None:
    source = write(tmp_path / "log.csv", "user,item", *["u,i"] * 9, ",x")
    settings = IngestSettings(max_rejected_share=0.1)
    assert load_events(store, source, settings, tmp_path / "rejects.csv").rejected == 1


def test_a_broken_file_leaves_the_store_as_it_was(store: GraphStore, tmp_path: Path) -> None:
    rows = "user,item\n" + "".join(f"u{n},i{n * 7919 % 10007}\n" for n in range(10_000))
    path = tmp_path / "log.csv.gz"
    path.write_bytes(gzip.compress(rows.encode())[:-100])
    before = store.counts()
    with pytest.raises(DataError, match="ends in the middle"):
        load_events(store, File(path), IngestSettings(batch_rows=100), tmp_path / "rejects.csv")
    assert store.counts() == before


def test_a_log_without_rows_is_loaded(store: GraphStore, tmp_path: Path) -> None:
    source = write(tmp_path / "log.csv", "user,item")
    report = load_events(store, source, SETTINGS, tmp_path / "rejects.csv")
    assert (report.rows, report.new) == (0, 0)


def test_rejects_of_an_earlier_load_stay(store: GraphStore, tmp_path: Path) -> None:
    rejects = tmp_path / "rejects.csv"
    bad = write(tmp_path / "bad.csv", "user,item", ",x")
    first = load_events(store, bad, ALL, rejects)
    assert first.rejects == rejects
    before = rejects.read_bytes()
    good = write(tmp_path / "good.csv", "user,item", "a,x")
    assert load_events(store, good, ALL, rejects).rejects is None
    other = write(tmp_path / "other.csv", "user,item", "a,")
    for number in (2, 3):
        report = load_events(store, other, ALL, rejects)
        assert report.rejects == tmp_path / f"rejects-{number}.csv"
        assert "missing item id" in report.rejects.read_text()
    assert rejects.read_bytes() == before


def test_sources_that_are_checked_together_have_rejects_of_their_own(
    store: GraphStore, tmp_path: Path
) -> None:
    rejects = tmp_path / "rejects" / "data.csv"
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write(tmp_path / name / "data.csv", "user,item", f",{name}")
    with (
        checked_events(File(tmp_path / "a" / "data.csv"), ALL, rejects) as a,
        checked_events(File(tmp_path / "b" / "data.csv"), ALL, rejects) as b,
    ):
        reports = write_all(store, {"a": a, "b": b})
    assert list(reports) == ["a", "b"]
    for name, report in reports.items():
        assert report.rejects is not None
        (found,) = csv.DictReader(report.rejects.read_text().splitlines())
        assert found["row"] == f",{name}"


def test_rejects_never_overwrite_another_file(store: GraphStore, tmp_path: Path) -> None:
    source = write(tmp_path / "log.csv", "user,item", ",x")
    report = load_events(store, source, ALL, source.path)
    assert source.path.read_text() == "user,item\n,x\n"
    assert report.rejects == tmp_path / "log-2.csv"


def test_rejects_where_no_file_can_be(store: GraphStore, tmp_path: Path) -> None:
    source = write(tmp_path / "log.csv", "user,item", ",x")
    with pytest.raises(DataError, match="put the rejects file elsewhere"):
        load_events(store, source, ALL, source.path / "rejects.csv")


def test_nothing_is_written_before_it_is_asked_for(store: GraphStore, tmp_path: Path) -> None:
    source = write(tmp_path / "log.csv", "user,item", "a,x")
    before = store.counts()
    with checked_events(source, SETTINGS, tmp_path / "rejects.csv") as checked:
        assert store.counts() == before
        assert checked.write(store).new == 1


def test_nodes_that_a_store_refuses_keep_events_out(store: GraphStore, tmp_path: Path) -> None:
    load_nodes(store, "item", write(tmp_path / "1.csv", "item,age", "x,1"), SETTINGS, tmp_path)
    log = write(tmp_path / "log.csv", "user,item", "a,x")
    nodes = write(tmp_path / "2.csv", "item,age", "x,old")
    before = store.counts()
    with (
        checked_events(log, SETTINGS, tmp_path / "r.csv") as events_of,
        checked_nodes("item", nodes, SETTINGS, tmp_path / "r.csv") as items,
        pytest.raises(DataError, match="age"),
    ):
        write_all(store, {"events": events_of, "item": items})
    assert store.counts() == before


def test_an_empty_weight_is_1_in_a_log_of_kinds(store: GraphStore, tmp_path: Path) -> None:
    source = write(tmp_path / "log.csv", "user,item,rating,kind", "a,x,4,rating", "a,y, ,view")
    report = load_events(store, source, SETTINGS, tmp_path / "rejects.csv")
    assert report.rejected == 0
    assert events(store.read_graph()) == [("a", "x", "rating", 4, 0), ("a", "y", "view", 1, 0)]


def test_an_empty_weight_is_a_reject_in_a_log_of_ratings(store: GraphStore, tmp_path: Path) -> None:
    source = write(tmp_path / "log.csv", "user,item,rating,kind", "a,x,4,rating", "a,y,,rating")
    report = load_events(store, source, ALL, tmp_path / "rejects.csv", kind="rating")
    assert report.reasons == {"weight is not a number": 1}


def test_no_temporary_file_stays(
    store: GraphStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    good = write(tmp_path / "good.csv", "user,item", "a,x")
    bad = write(tmp_path / "bad.csv", "user,item", ",x")
    load_events(store, good, SETTINGS, tmp_path / "rejects.csv")
    with pytest.raises(TooManyRejects):
        load_events(store, bad, SETTINGS, tmp_path / "rejects.csv")
    assert list(temporary.iterdir()) == []


def test_more_kinds_than_can_be_are_an_error(store: GraphStore, tmp_path: Path) -> None:
    rows = [f"u,i,kind {n}" for n in range(256)]
    settings = IngestSettings(batch_rows=100)
    write(tmp_path / "log.csv", "user,item,kind", *rows[:255])
    load_events(store, File(tmp_path / "log.csv"), settings, tmp_path / "rejects.csv")
    write(tmp_path / "log.csv", "user,item,kind", *rows)
    with pytest.raises(DataError, match=r"'kind' of .* holds 256 kinds"):
        load_events(store, File(tmp_path / "log.csv"), settings, tmp_path / "rejects.csv")


def test_progress_is_told(store: GraphStore, tmp_path: Path) -> None:
    reported: list[tuple[str, int, int | None]] = []

    def progress(stage: str, done: int, total: int | None) -> None:
        reported.append((stage, done, total))

    listener: Progress = progress
    source = write(tmp_path / "log.csv", "user,item", "a,x", "b,y", "c,z")
    settings = IngestSettings(batch_rows=2)
    load_events(store, source, settings, tmp_path / "rejects.csv", progress=listener)
    size = source.path.stat().st_size
    assert reported == [("reading", size, size)] * 2 + [("writing", 2, 3), ("writing", 3, 3)]


CELL = st.sampled_from(["", "a", "b", " c ", "é"])
ROW = st.tuples(
    CELL,
    CELL,
    st.sampled_from(["", "1", "0", "-1", "2.5", "x", "nan"]),
    st.sampled_from(["", "1", "1577934245678", "2020-01-02", "2020-01-02T03:04:05+01:00", "soon"]),
    st.sampled_from(["view", "buy", ""]),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROW, max_size=30), sizes=st.tuples(st.integers(1, 7), st.integers(1, 40)))
@pytest.mark.slow
def test_every_row_is_stored_or_set_aside_whatever_the_chunks(
    tmp_path: Path, rows: list[tuple[str, ...]], sizes: tuple[int, int]
) -> None:
    path = tmp_path / "log.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("user", "item", "weight", "time", "kind"), *rows])
    found = []
    for size in sizes:
        settings = IngestSettings(max_rejected_share=1, batch_rows=size)
        with (
            tempfile.TemporaryDirectory() as folder,
            open_store(f"sqlite:///{folder}/graph.db") as store,
        ):
            rejects = Path(folder) / "rejects.csv"
            report = load_events(store, File(path), settings, rejects)
            graph = events(store.read_graph())
            again = load_events(store, File(path), settings, rejects)
            assert events(store.read_graph()) == graph
            assert again.new == 0
            set_aside = report.rejects.read_text(encoding="utf-8") if report.rejects else ""
        found.append((graph, report.reasons, set_aside))
        assert report.rows == len(rows) == report.accepted + report.rejected
        assert report.rejected == sum(report.reasons.values())
        lines = [int(row["line"]) for row in csv.DictReader(set_aside.splitlines())]
        good = [row for line, row in enumerate(rows, 2) if line not in lines]
        assert len(set(lines)) == len(lines) == report.rejected
        assert len(good) == report.accepted
        assert (
            report.new
            == len(graph)
            == len({(u.strip(), i.strip(), k, t) for u, i, _, t, k in good})
        )
    assert found[0] == found[1]


MEMORY = """
import resource, sys
from pathlib import Path
from graphrec.settings import IngestSettings
from graphrec.ingest.load import load_events
from graphrec.ingest.sources import File

class Sink:
    def write_log(self, batches, rows, progress):
        return sum(map(len, batches))

def peak(path):
    load_events(Sink(), File(Path(path)), IngestSettings(batch_rows=10_000), Path(path + ".bad"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

small, large = peak(sys.argv[1]), peak(sys.argv[2])
print((large - small) * (1 if sys.platform == "darwin" else 1024))
"""


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, suffix: str) -> None:
    for name, size in (("small", 50_000), ("large", 600_000)):
        frame = pd.DataFrame({"n": range(size)})
        frame = pd.DataFrame(
            {
                "user": "user " + frame.n.astype(str),
                "item": frame.n % 5000,
                "time": 1_600_000_000 + frame.n,
            }
        )
        if suffix == ".csv":
            frame.to_csv(tmp_path / (name + suffix), index=False)
        else:
            pq.write_table(pa.Table.from_pandas(frame), tmp_path / (name + suffix))
    files = [str(tmp_path / (name + suffix)) for name in ("small", "large")]
    grown = subprocess.run(
        [sys.executable, "-c", MEMORY, *files], check=True, capture_output=True, text=True
    )
    assert int(grown.stdout) < 25_000_000  # the large file's columns alone are more than that


# Nodes


def test_nodes_are_stored_with_attributes(store: GraphStore, tmp_path: Path) -> None:
    source = write(
        tmp_path / "items.csv",
        "movieId,movie_title,genres,price",
        "1,Toy Story,Comedy|Family,2.5",
        "2,Heat,,",
    )
    report = load_nodes(store, "item", source, SETTINGS, tmp_path / "rejects.csv")
    assert report.attributes == {"title": "text", "genres": "tags", "price": "number"}
    assert (report.rows, report.new, report.rejected) == (2, 2, 0)
    graph = store.read_graph()
    found = {name: attribute.values for name, attribute in graph.attributes["item"].items()}
    assert graph.items.ids == ("1", "2")
    assert found == {
        "title": ("Toy Story", "Heat"),
        "genres": (("Comedy", "Family"), None),
        "price": (2.5, None),
    }


def test_the_last_row_of_a_node_counts(store: GraphStore, tmp_path: Path) -> None:
    source = write(tmp_path / "items.csv", "item,age", "a,1", "b,2", "a,3")
    for size in (1, 10):
        settings = IngestSettings(batch_rows=size)
        load_nodes(store, "item", source, settings, tmp_path / "rejects.csv")
        assert store.read_graph().attributes["item"]["age"].values == (3, 2)
    assert load_nodes(store, "item", source, SETTINGS, tmp_path / "rejects.csv").new == 0


def test_nodes_without_id_or_number_are_set_aside(store: GraphStore, tmp_path: Path) -> None:
    source = write(tmp_path / "users.csv", "user,age", "a,1", ",2", "b,old", "c,unknown")
    kinds: dict[str, Literal["number"]] = {"age": "number"}
    with pytest.raises(TooManyRejects, match="2 of 4 rows"):
        load_nodes(store, "user", source, SETTINGS, tmp_path / "rejects.csv", kinds=kinds)
    assert store.counts().get("user", 0) == 0
    report = load_nodes(store, "user", source, ALL, tmp_path / "rejects.csv", kinds=kinds)
    assert report.reasons == {"missing id": 1, "age is not a number": 1}
    assert store.read_graph().users.ids == ("a", "c")


def test_values_become_links(store: GraphStore, tmp_path: Path) -> None:
    source = write(tmp_path / "items.csv", "item,genres,brand", "1,War|Drama,x", "2,War,", "3,,y")
    load_nodes(
        store,
        "item",
        source,
        SETTINGS,
        tmp_path / "rejects.csv",
        kinds={"brand": "category"},
        links={"genres": ("has_genre", "genre"), "brand": ("made_by", "brand")},
    )
    assert linked(store.read_graph()) == {
        ("item", "has_genre", "genre"): {("1", "War", 1), ("1", "Drama", 1), ("2", "War", 1)},
        ("item", "made_by", "brand"): {("1", "x", 1), ("3", "y", 1)},
    }


def test_numbers_do_not_become_links(store: GraphStore, tmp_path: Path) -> None:
    source = write(tmp_path / "items.csv", "item,price", "1,2")
    with pytest.raises(DataError, match=r"'price' of .* cannot become links"):
        load_nodes(
            store, "item", source, SETTINGS, tmp_path / "r.csv", links={"price": ("costs", "price")}
        )


def test_nodes_without_attributes_or_rows(store: GraphStore, tmp_path: Path) -> None:
    write(tmp_path / "none.csv", "item,price")
    load_nodes(store, "item", File(tmp_path / "none.csv"), SETTINGS, tmp_path / "r.csv")
    write(tmp_path / "bare.csv", "id", "a", "b")
    load_nodes(store, "item", File(tmp_path / "bare.csv"), SETTINGS, tmp_path / "r.csv")
    assert store.read_graph().items.ids == ("a", "b")


# Links


def linked(graph: Graph) -> dict[tuple[str, str, str], set[tuple[str, str, float]]]:
    return {
        kind: {
            (
                graph.vocabulary(kind[0]).ids[source],
                graph.vocabulary(kind[2]).ids[target],
                float(weight),
            )
            for source, target, weight in zip(links.source, links.target, links.weight, strict=True)
        }
        for kind, links in graph.links.items()
    }


def test_links_are_stored_once(store: GraphStore, tmp_path: Path) -> None:
    source = write(
        tmp_path / "follows.csv", "source,target,weight", "a,b,2", "b,a,1", "a,b,3", ",a,1"
    )
    edge_type = ("user", "follows", "user")

    def load() -> LoadReport:
        return load_links(store, source, edge_type, ALL, tmp_path / "rejects.csv")

    report = load()
    assert linked(store.read_graph()) == {edge_type: {("a", "b", 3), ("b", "a", 1)}}
    assert (report.rows, report.accepted, report.new) == (4, 3, 2)
    assert report.reasons == {"missing source id": 1}
    assert load().new == 0


def test_a_knowledge_graph_names_its_relations(store: GraphStore, tmp_path: Path) -> None:
    kg = tmp_path / "x.kg"
    kg.write_text(
        "head_id:token\trelation_id:token\ttail_id:token\ne1\tfilm.genre\te2\ne2\tpart\te3\ne1\t\te3\n"
    )
    link = tmp_path / "x.link"
    link.write_text("item_id:token\tentity_id:token\n1\te1\n")
    report = load_links(store, File(kg), ("entity", None, "entity"), ALL, tmp_path / "rejects.csv")
    assert report.reasons == {"missing relation": 1}
    load_links(store, File(link), ("item", "is", "entity"), SETTINGS, tmp_path / "rejects.csv")
    assert linked(store.read_graph()) == {
        ("entity", "film.genre", "entity"): {("e1", "e2", 1)},
        ("entity", "part", "entity"): {("e2", "e3", 1)},
        ("item", "is", "entity"): {("1", "e1", 1)},
    }
    assert store.counts()["links"] == 3


def test_one_relation_for_all_cannot_replace_those_of_the_rows(
    store: GraphStore, tmp_path: Path
) -> None:
    edge_type = ("entity", "is", "entity")
    other = write(tmp_path / "other.csv", "head,relation,tail", "a,is,b", "b,part,c")
    before = store.counts()
    with pytest.raises(DataError, match=r"'relation' of .* holds the relation 'part': .*'is'.*::"):
        load_links(store, other, edge_type, SETTINGS, tmp_path / "rejects.csv")
    assert store.counts() == before
    same = write(tmp_path / "same.csv", "head,relation,tail", "a,is,b", "b,,c")
    load_links(store, same, edge_type, SETTINGS, tmp_path / "rejects.csv")
    assert linked(store.read_graph()) == {edge_type: {("a", "b", 1), ("b", "c", 1)}}


FULL = (
    "item,genres,color,url,price",
    *(f"m{n},Comedy|Drama,red,http://x/{n},{n}" for n in range(60)),
)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("item,genres", "n,Comedy"), {"genres": ("Comedy",)}),
        (("item,genres", "n,"), {"genres": None}),
        (("item,color", "n,7"), {"color": "7"}),
        (("item,url", "n,http://x/1"), {"url": "http://x/1"}),
        (("item,price", "n,"), {"price": None}),
        (("item,price", "n,$1.50"), {"price": 1.5}),
        (("item,price,color", "n,sold out,red"), {"price": None, "color": "red"}),
    ],
)
def test_a_delta_loads_with_the_kinds_of_the_store(
    store: GraphStore, tmp_path: Path, lines: tuple[str, ...], expected: dict[str, object]
) -> None:
    rejects = tmp_path / "rejects.csv"
    load_nodes(store, "item", write(tmp_path / "full.csv", *FULL), SETTINGS, rejects)
    kinds = store.attribute_kinds("item")
    report = load_nodes(store, "item", write(tmp_path / "delta.csv", *lines), SETTINGS, rejects)
    assert (report.new, report.rejected) == (1, 0)
    found = store.read_node("item", "n")
    assert {name: found.get(name) for name in expected} == expected
    assert store.attribute_kinds("item") == kinds
    assert all(each.reason == "store" for each in report.columns)


def test_values_that_cannot_be_read_are_left_out_and_said(
    store: GraphStore, tmp_path: Path
) -> None:
    rejects = tmp_path / "rejects.csv"
    load_nodes(store, "item", write(tmp_path / "full.csv", *FULL), SETTINGS, rejects)
    delta = write(tmp_path / "delta.csv", "item,price", "n,sold out", "o,3")
    report = load_nodes(store, "item", delta, SETTINGS, rejects)
    assert report.left_out == {"price is not a number: loaded without it": 1}
    assert report.rejects is not None
    assert "2,price is not a number: loaded without it" in report.rejects.read_text()
    many = write(tmp_path / "many.csv", "item,price", *(f"n{n},sold out" for n in range(20)))
    with pytest.raises(DataError, match=r"'price' of .*: 20 of 20 values cannot be read as number"):
        load_nodes(store, "item", many, SETTINGS, rejects)


def test_a_column_without_values_takes_its_kind_when_they_come(
    store: GraphStore, tmp_path: Path
) -> None:
    rejects = tmp_path / "rejects.csv"
    empty = write(tmp_path / "empty.csv", "item,price,note", "a,,n/a", "b,,")
    report = load_nodes(store, "item", empty, SETTINGS, rejects)
    assert report.attributes == {}
    price = report.columns[0]
    assert (price.name, price.empty, price.missing) == ("price", True, 1.0)
    assert store.attribute_kinds("item") == {}
    load_nodes(store, "item", write(tmp_path / "x.csv", "item,price", "a,3"), SETTINGS, rejects)
    assert store.attribute_kinds("item") == {"price": "number"}


def test_a_gap_at_the_beginning_is_looked_past(store: GraphStore, tmp_path: Path) -> None:
    gap = write(tmp_path / "x.csv", "item,price", *(f"a{n}," for n in range(5)), "b,3")
    settings = IngestSettings(batch_rows=2)
    report = load_nodes(store, "item", gap, settings, tmp_path / "rejects.csv")
    assert report.attributes == {"price": "number"}


def test_columns_are_described(store: GraphStore, tmp_path: Path) -> None:
    source = write(tmp_path / "x.csv", ",item,color", "0,a,red", "1,b,", "2,a,blue", "3,c,red")
    report = load_nodes(store, "item", source, SETTINGS, tmp_path / "rejects.csv")
    (color,) = report.columns
    assert (color.kind, color.reason, color.examples) == ("category", "values", ("red", "blue"))
    assert color.missing == 0.25
    assert report.ignored == {"": "the index of a data frame"}
    assert report.repeated == 1


def test_another_kind_than_that_of_the_store_needs_an_option(
    store: GraphStore, tmp_path: Path
) -> None:
    rejects = tmp_path / "rejects.csv"
    source = write(tmp_path / "x.csv", "item,size", "a,7", "b,8")
    load_nodes(store, "item", source, SETTINGS, rejects)
    with pytest.raises(DataError, match=r"expected number, as it is in the store; .*--change-kind"):
        load_nodes(store, "item", source, SETTINGS, rejects, kinds={"size": "category"})


def test_vectors_of_unequal_lengths_name_the_row(store: GraphStore, tmp_path: Path) -> None:
    rows = ['{"item": "a", "v": [0.1, 0.2, 0.3]}'] * 10 + ['{"item": "b", "v": [0.1]}']
    source = write(tmp_path / "x.jsonl", *rows)
    with pytest.raises(TooManyRejects, match="line 11: v is not a vector of 3 numbers"):
        load_nodes(store, "item", source, SETTINGS, tmp_path / "rejects.csv")
