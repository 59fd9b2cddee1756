"""Formats by name: which is meant, what is said of it, and what is an error."""

from __future__ import annotations

import gzip
import json
import warnings
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from graphrec.ingest.datasets import checked_dataset, open_dataset, open_folder
from graphrec.ingest.formats.declare import Events, Format, Links, Nodes
from graphrec.ingest.formats.shapes import completed, distinct, entries, part_of, unlisted
from graphrec.ingest.formats.table import FAMILIES, FORMATS, format_named, recognised
from graphrec.ingest.report import report_of
from graphrec.ingest.sources import Derived, File, Made, open_source
from hypothesis import given
from hypothesis import strategies as st

from graphrec.data.dataset import Dataset
from graphrec.data.kinds import KindPolicy, overridden, policy_of
from graphrec.errors import DataError, TooManyRejects
from graphrec.settings import IngestSettings
from tests.support.command import graphrec
from tests.support.formats import EXAMPLES


@pytest.fixture
def quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


# The table


def test_names_are_distinct_but_for_families() -> None:
    names = [name for form in FORMATS for name in form.names]
    assert len(names) == len(set(names))
    known = {form.name for form in FORMATS}
    assert all(set(members) <= known for members in FAMILIES.values())


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_a_declaration_is_whole(form: Format) -> None:
    assert any(isinstance(table, Events) and not table.optional for table in form.tables)
    for table in form.tables:
        assert table.files
        assert isinstance(table, Events | Nodes | Links)
        if isinstance(table, Events) and table.codes:
            assert table.kind
        if isinstance(table, Nodes):
            assert set(table.called) <= set(table.attributes)
            assert set(table.links) <= set(table.attributes)


@pytest.mark.parametrize(
    "name",
    ["MIND", "ml-25m", "amazon", "UserBehavior", "h&m", " yelp ", "H-and-M", "Last.fm", "OTTO"],
)
def test_names_are_read_in_any_spelling(name: str) -> None:
    assert format_named(name)


@pytest.mark.parametrize(
    ("name", "meant"), [("movielns", "movielens"), ("netflx", "netflix"), ("goodread", "goodreads")]
)
def test_an_unknown_name_lists_those_that_there_are(name: str, meant: str) -> None:
    with pytest.raises(DataError, match=f"did you mean '{meant}'") as caught:
        format_named(name)
    assert all(form.name in str(caught.value) for form in FORMATS)


# What is recognised


@pytest.mark.parametrize(
    "files",
    [
        ["events.csv"],
        ["ratings.csv"],
        ["ratings.csv", "items.csv"],
        ["part-0.parquet", "part-1.parquet"],
        ["interactions.json", "products.json"],
        ["meta_items.json"],
        ["2019.csv"],
        ["train.jsonl"],
        ["orders.csv", "products.csv"],
        ["reviews.json"],
    ],
)
def test_files_of_ones_own_are_no_format(tmp_path: Path, files: list[str]) -> None:
    for name in files:
        (tmp_path / name).write_text("a,b\n1,2\n")
    assert recognised(tmp_path) is None


@pytest.mark.parametrize("name", [n for n, e in EXAMPLES.items() if len(e.files) == 1])
def test_a_single_file_is_recognised_too(tmp_path: Path, name: str) -> None:
    example = EXAMPLES[name]
    example.write(tmp_path)
    found = recognised(tmp_path / next(iter(example.files)))
    assert (found is not None) == example.recognised


def test_files_of_two_formats_are_a_question(tmp_path: Path) -> None:
    EXAMPLES["yelp"].write(tmp_path)
    EXAMPLES["mind"].write(tmp_path)
    with pytest.raises(DataError, match=r"--format mind\) or Yelp \(--format yelp"):
        recognised(tmp_path)
    assert open_folder(tmp_path, "yelp").title == "Yelp"


@pytest.mark.parametrize(
    ("folder", "title"),
    [("ml-25m", "MovieLens 25M"), ("data", "MovieLens 20M, 25M, 32M or latest")],
)
def test_the_folder_may_name_the_edition(tmp_path: Path, folder: str, title: str) -> None:
    assert open_folder(EXAMPLES["movielens"].write(tmp_path / folder)).title == title


@pytest.mark.parametrize(
    ("family", "name"),
    [
        ("movielens", "movielens-100k"),
        ("movielens", "movielens-1m"),
        ("amazon", "amazon-2023-reviews"),
        ("amazon-2014", "amazon-2014-ratings"),
        ("lastfm", "lastfm-1k"),
        ("kuai", "kuairand"),
        ("goodreads", "goodreads-csv"),
        ("book-crossing", "book-crossing-csv"),
    ],
)
def test_of_a_family_the_one_that_is_there_is_meant(tmp_path: Path, family: str, name: str) -> None:
    assert open_folder(EXAMPLES[name].write(tmp_path), family).format.name == name


def test_none_of_a_family(tmp_path: Path) -> None:
    EXAMPLES["yelp"].write(tmp_path)
    with pytest.raises(DataError, match=r"none of the formats.*lastfm-1k: userid-timestamp"):
        open_folder(tmp_path, "lastfm")


# What is missing


def test_files_that_are_missing_are_named(tmp_path: Path) -> None:
    (tmp_path / "order_products__prior.csv").write_text("order_id,product_id\n1,2\n")
    (tmp_path / "extra.txt").write_text("x")
    with pytest.raises(DataError) as caught:
        open_folder(tmp_path, "instacart")
    assert "expected files orders.csv; found extra.txt, order_products__prior.csv" in str(
        caught.value
    )


def test_files_that_are_not_needed_are_said(tmp_path: Path) -> None:
    example = EXAMPLES["movielens-1m"]
    (tmp_path / "ratings.dat").write_bytes(example.files["ratings.dat"])
    (tmp_path / "README").write_bytes(b"hello")
    found = open_folder(tmp_path)
    assert (found.used, found.absent, found.unread) == (
        ("ratings.dat",),
        ("movies.dat", "users.dat"),
        ("README",),
    )
    assert found.nodes == ()


def test_a_column_that_is_missing_is_named(tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text("user,movieId,rating,timestamp\n1,2,3,4\n")
    (tmp_path / "movies.csv").write_text("movieId,title,genres\n2,A (1999),x\n")
    dataset = open_folder(tmp_path)
    with (
        pytest.raises(DataError, match=r"no column 'userId': found 'user', .*--format none"),
        checked_dataset(dataset, IngestSettings(), None),
    ):
        pass


def test_a_file_of_another_width_is_named(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("1,2,pv,1511544070\n")
    with (
        pytest.raises(DataError, match=r"4 fields .* expected 5, the columns of format user-beh"),
        checked_dataset(open_folder(path, "taobao"), IngestSettings(), None),
    ):
        pass


# A single file, packed, of any name


@pytest.mark.parametrize("name", ["UserBehavior.csv.gz", "sample.csv", "part-0"])
def test_a_single_file_of_any_name(tmp_path: Path, name: str) -> None:
    content = EXAMPLES["user-behavior"].files["UserBehavior.csv"]
    path = tmp_path / name
    path.write_bytes(gzip.compress(content))
    with checked_dataset(open_folder(path, "user-behavior"), IngestSettings(), None) as checked:
        assert checked["events"].spool.accepted == 4


# Kinds and settings


def test_what_kinds_mean_is_the_formats_unless_it_is_given(quiet: None, tmp_path: Path) -> None:
    folder = EXAMPLES["book-crossing"].write(tmp_path)
    data = Dataset.read(folder)
    assert data.kinds is not None
    assert policy_of("rating", data.kinds).threshold == 7
    assert policy_of("rating", data.kinds).zero == "missing"
    given = Dataset.read(folder, kinds={"rating": KindPolicy(threshold=5)})
    assert given.kinds is not None
    assert policy_of("rating", given.kinds).threshold == 5
    assert policy_of("rating", given.kinds).zero == "missing"


def test_the_report_says_what_the_settings_lack(tmp_path: Path) -> None:
    dataset = open_folder(EXAMPLES["book-crossing"].write(tmp_path))
    with checked_dataset(dataset, IngestSettings(), None) as checked:
        lacking = report_of(checked, {}, taken=dataset.taken)
        there = report_of(checked, dataset.kinds, taken=dataset.taken)
    found = [doubt for doubt in lacking.doubts if doubt.code == "kinds_of_format"]
    assert [doubt.settle for doubt in found] == [
        "set [kinds.rating] threshold = 7.0, zero = 'missing' in the settings"
    ]
    assert not {"kinds_of_format", "zero_ratings"} & {doubt.code for doubt in there.doubts}
    assert there.as_dict()["format"]["name"] == "book-crossing"
    assert "taken for: Book-Crossing (book-crossing), by BX-Book-Ratings.csv" in str(there)


@given(
    mine=st.dictionaries(st.sampled_from(["rating", "Buy", "view"]), st.floats(0, 9), max_size=3),
    theirs=st.dictionaries(st.sampled_from(["rating", "buy", "hide"]), st.floats(0, 9), max_size=3),
)
def test_settings_override_field_by_field(mine: dict[str, float], theirs: dict[str, float]) -> None:
    given_ = {kind: KindPolicy(weight=weight, zero="missing") for kind, weight in theirs.items()}
    merged = overridden(given_, {kind: KindPolicy(weight=w) for kind, w in mine.items()})
    for kind, weight in mine.items():
        assert policy_of(kind, merged).weight == weight
    for kind, weight in theirs.items():
        assert policy_of(kind, merged).zero == "missing"
        if kind.lower() not in map(str.lower, mine):
            assert policy_of(kind, merged).weight == weight


# Python and the command line


def test_python_takes_the_name_of_a_format(quiet: None, tmp_path: Path) -> None:
    path = EXAMPLES["amazon-2018-ratings"].write(tmp_path)
    assert len(Dataset.read(path, format="amazon-2018-ratings")) == 2
    with pytest.raises(DataError, match="says what the files hold"):
        Dataset.read(path, format="amazon-2018", user="reviewer")
    plain = EXAMPLES["movielens"].write(tmp_path / "ml")
    assert len(Dataset.read(plain / "ratings.csv", format="none")) == 3
    assert Dataset.read(plain).report.taken.title.startswith("MovieLens")  # type: ignore[union-attr]


def test_the_command_line(tmp_path: Path) -> None:
    folder = EXAMPLES["mind"].write(tmp_path / "mind")
    done = graphrec(tmp_path, "ingest", folder, "--store", "sqlite:///a.db")
    assert done.code == 0
    assert "taken for: MIND (Microsoft News) (mind), by behaviors.tsv, news.tsv" in done.out
    assert "not read: entity_embedding.vec" in done.out
    answer = graphrec(
        tmp_path, "ingest", folder, "--format", "mind", "--json", "--store", "sqlite:///a.db"
    )
    said = json.loads(answer.out)
    assert said["format"]["name"] == "mind"
    assert said["loaded"]["events"]["new"] == 0
    assert (
        said["sources"]["events"]["read"]["left_out"] == "left out: 1 × news shown without a label"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--format", "mnd"], "did you mean 'mind'"),
        (["--format", "mind", "--map", "user=x"], "says what all files are"),
        (["--format", "mind", "other"], "expected one path, found 2"),
        (["--format", "mind", "--dataset", "ml-100k"], "expected one of them"),
        (["--format", "yelp"], "expected files"),
    ],
)
def test_options_that_exclude_one_another(tmp_path: Path, options: list[str], message: str) -> None:
    folder = EXAMPLES["mind"].write(tmp_path / "mind")
    done = graphrec(tmp_path, "ingest", folder, *options, "--dry-run")
    assert done.code != 0
    assert message in done.err


def test_a_folder_of_a_format_is_read_as_any_files_where_options_say_how(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    folder.mkdir()
    (folder / "ratings.dat").write_text("1::2::5::874965758\n")
    described = ["--no-header", "--columns", "user,item,weight,time"]
    for options in (described, [*described, "--format", "none"]):
        done = graphrec(tmp_path, "ingest", folder, *options, "--dry-run", "--json")
        assert done.code == 0, done.err
        assert json.loads(done.out)["format"] is None


# How rows are made


def batch(**columns: list[object]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(columns)


@pytest.mark.parametrize(
    "lists",
    [
        pa.array([[{"id": 1}, {"id": 2}], [], None, [{"id": 3}]]),
        pa.array(['[{"id": 1}, {"id": 2}]', "[]", None, '[{"id": 3}]']),
        pa.array(["[{'id': 1}, {'id': 2}]", "[]", None, "[{'id': 3}]"]),
    ],
    ids=["lists", "JSON", "Python"],
)
def test_lists_of_objects_in_any_form(lists: pa.Array) -> None:
    values, row = entries(lists)
    assert row.tolist() == [0, 0, 3]
    assert part_of(values, "id").to_pylist() == [1, 2, 3]
    assert part_of(values, "other.key").to_pylist() == [None] * 3


def test_rows_without_a_list_are_counted() -> None:
    shape = unlisted("a", {"item": "id"}, {"user": "u"})
    rows = batch(u=["x", "y"], a=[[{"id": "1"}, {"id": "2"}], []])
    (made,) = shape.derive(iter([rows]))
    assert made.rows.to_pylist() == [{"user": "x", "item": "1"}, {"user": "x", "item": "2"}]
    assert made.left_out == {"nothing in 'a'": 1}


def test_few_chunks_are_held_at_a_time(tmp_path: Path) -> None:
    """However many there are: memory does not grow with a file."""
    path = tmp_path / "log.csv"
    path.write_text("a\n" + "x\n" * 300)
    alive: list[weakref.ref[pa.RecordBatch]] = []
    most = 0

    def derive(batches: Iterator[pa.RecordBatch]) -> Iterator[Made]:
        for rows in batches:
            alive.append(weakref.ref(rows))
            yield Made(rows)

    with open_source(Derived(File(path), ("a",), derive), 1) as reading:
        for _ in reading.chunks(["a"]):
            most = max(most, sum(ref() is not None for ref in alive))
    assert len(alive) == 300
    assert most <= 3


values = st.sampled_from(["a", "b", "", None, "1", "1.0"])


@given(st.lists(st.lists(st.tuples(values, values), max_size=6), max_size=5))
def test_distinct_rows_keep_the_first_of_each(parts: list[list[tuple[object, object]]]) -> None:
    batches = [
        Made(
            pa.RecordBatch.from_arrays(
                [pa.array([row[at] for row in part], pa.string()) for at in (0, 1)],
                names=["x", "y"],
            )
        )
        for part in parts
    ]
    found = [tuple(r.values()) for made in distinct(iter(batches)) for r in made.rows.to_pylist()]
    # A blank value and none are the same to every reader of a column.
    whole = [(a or None, b or None) for part in parts for a, b in part]
    assert [(a or None, b or None) for a, b in found] == list(dict.fromkeys(whole))


def test_nodes_in_pieces_keep_what_was_said_before() -> None:
    made = [Made(batch(id=["a", "b"], x=["1", None])), Made(batch(id=["a", "b"], x=[None, "2"]))]
    *_, last = completed(iter(made))
    assert last.rows.to_pylist() == [{"id": "a", "x": "1"}, {"id": "b", "x": "2"}]


# Neighbours of the examples


def test_ga4_as_parquet(quiet: None, tmp_path: Path) -> None:
    lines = EXAMPLES["ga4"].files["events_20210131-000000000000.json"].splitlines()
    rows = [json.loads(line) for line in lines]
    for row in rows:
        row["event_timestamp"] = int(row["event_timestamp"])
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "events_20210131.parquet")
    data = Dataset.read(tmp_path, format="ga4")
    assert len(data) == 4
    assert set(data.items.ids) == {"GG1", "GG2", "GG3"}


def test_netflix_as_a_file_for_each_film(quiet: None, tmp_path: Path) -> None:
    for film in (1, 2, 10):
        path = tmp_path / "training_set" / f"mv_{film:07}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{film}:\n7,3,2005-09-06\n{film + 20},4,2005-10-01\n")
    data = Dataset.read(tmp_path)
    assert len(data) == 6
    assert set(data.items.ids) == {"1", "2", "10"}


def test_the_second_online_retail_has_other_names(quiet: None, tmp_path: Path) -> None:
    (tmp_path / "online_retail_II.csv").write_text(
        "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n"
        "489434,85048,LIGHTS,12,2009-12-01 07:45:00,6.95,13085.0,United Kingdom\n"
        "489435,85048,LIGHTS,-2,2009-12-02 07:45:00,6.95,13085,United Kingdom\n"
    )
    data = Dataset.read(tmp_path)
    assert data.users.ids == ("13085",)
    assert data.recorded.interactions.kinds == ("purchase", "return")


def test_a_quantity_that_is_no_number_is_a_bad_row(tmp_path: Path) -> None:
    example = EXAMPLES["online-retail"]
    name = next(iter(example.files))
    files = {name: example.files[name].replace(b",-1,", b",-one,")}
    dataset = open_folder(replace(example, files=files).write(tmp_path))
    with (
        pytest.raises(TooManyRejects, match="weight is not a number"),
        checked_dataset(dataset, IngestSettings(), None),
    ):
        pass


def test_book_crossing_keeps_its_bytes(quiet: None, tmp_path: Path) -> None:
    """Accents may come long after the first lines that an encoding is inferred from."""
    example = EXAMPLES["book-crossing"]
    head, *rest = example.files["BX-Books.csv"].splitlines(keepends=True)
    plain = b"".join(b'"%d";"A title";"An author";"2001";"A";"x"\n' % n for n in range(40_000))
    files = {**example.files, "BX-Books.csv": head + plain + b"".join(rest)}
    data = Dataset.read(replace(example, files=files).write(tmp_path))
    publishers = data.recorded.attributes["item"]["publisher"].values
    assert "Éditions Heinle" in publishers


def test_a_named_data_set_is_still_one(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is no data set: expected one of ml-100k, ml-1m"):
        open_dataset(str(tmp_path), tmp_path / "cache")
