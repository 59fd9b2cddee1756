"""What data was taken for, and what is doubtful about it."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from graphrec.ingest.load import checked_events, checked_links, checked_nodes, write_all
from graphrec.ingest.report import report_of
from graphrec.ingest.sources import File
from graphrec.ingest.stored import stored_report

from graphrec.data.dataset import Dataset
from graphrec.data.doubts import CODES
from graphrec.data.profile import Doubt, Match
from graphrec.data.report import DataReport
from graphrec.data.weighting import DEFAULT_POLICY, KindPolicy
from graphrec.settings import IngestSettings, Settings
from graphrec.store import GraphStore, open_store

SETTINGS = IngestSettings(max_rejected_share=1)
SMALL = SETTINGS.model_copy(update={"batch_rows": 7})


def file(folder: Path, name: str, *lines: str) -> Path:
    path = folder / name
    path.write_text("".join(line + "\n" for line in lines), "utf-8")
    return path


def report(
    folder: Path,
    events: Sequence[str] = (),
    items: Sequence[str] = (),
    users: Sequence[str] = (),
    *,
    policies: Mapping[str, KindPolicy] = DEFAULT_POLICY,
    store: GraphStore | None = None,
    settings: IngestSettings = SETTINGS,
    mapping: Mapping[str, str] | None = None,
    kind: str | None = None,
    write: bool = False,
) -> DataReport:
    """The report of files of these lines; with `write` they are then loaded into the store."""
    aside = folder / "rejects.csv"
    with ExitStack() as opened:
        checked = {}
        if events:
            log = File(file(folder, "events.csv", *events))
            checked["events"] = opened.enter_context(
                checked_events(log, settings, aside, mapping, kind)
            )
        for node_type, lines in (("item", items), ("user", users)):
            if lines:
                nodes = File(file(folder, f"{node_type}.csv", *lines))
                checked[node_type] = opened.enter_context(
                    checked_nodes(node_type, nodes, settings, aside)
                )
        made = report_of(checked, policies, store)
        made.doubts  # noqa: B018 - while the sources are open
        if write:
            assert store is not None
            write_all(store, checked)
    assert {doubt.code for doubt in made.doubts} <= set(CODES)
    return made


def codes(report: DataReport) -> list[str]:
    return [doubt.code for doubt in report.doubts]


def rated(*values: float) -> list[str]:
    rows = [f"u{n % 5},i{n},{value:g},{1_700_000_000 + n}" for n, value in enumerate(values)]
    return ["user,item,rating,time", *rows]


# What was taken for what


def test_facts_of_a_log(tmp_path: Path) -> None:
    lines = (
        "customer,item,stars,when,kind,page",
        "a,x,5,2024-05-01,rating,1",
        "b,x,,2024-05-02,view,2",
        "b,y,2,2024-05-03,rating,2",
        ",y,2,2024-05-03,rating,2",
    )
    made = report(tmp_path, lines, mapping={"time": "when"})
    source = made.as_dict()["sources"]["events"]
    assert source["columns"] == {
        "customer": "user",
        "item": "item",
        "stars": "weight",
        "when": "time",
        "kind": "kind",
    }
    assert source["ignored"] == ["page"]
    assert (source["rows"], source["rejected"]) == (4, 1)
    assert source["reasons"] == {"missing user id": 1}
    assert source["rejects"][0].startswith("line 5: missing user id")
    assert source["kinds"]["rating"]["positive_share"] == 0.5
    assert source["kinds"]["rating"]["threshold"] == 3.5
    assert source["kinds"]["view"]["events"] == 1
    assert source["times"]["first"] == "2024-05-01T00:00:00+00:00"
    assert source["times"]["last"] == "2024-05-03T00:00:00+00:00"
    assert source["times"]["units"] == {"dates as text": 1}
    assert source["times"]["whole_days"] is True
    assert source["ids"]["user"]["nothing"] == {"(empty)": 1}
    assert source["ids"]["item"]["distinct"] == 2
    assert codes(made) == []


def test_facts_of_nodes(tmp_path: Path) -> None:
    lines = ("item_id,title,price,colour", "x,The X,9.5,", "y,,3,", "y,The Y,,", "z,Z,1,")
    made = report(tmp_path, items=lines)
    attributes = made.sources["item"].attributes
    assert {name: each.kind for name, each in attributes.items()}["price"] == "number"
    assert attributes["title"].examples == ("The X", "The Y", "Z")
    assert attributes["price"].missing_share == 0.25
    assert attributes["colour"].missing_share == 1
    assert made.sources["item"].ignored == ()
    assert codes(made) == ["repeated_nodes"]


def test_facts_of_links(tmp_path: Path) -> None:
    links = File(file(tmp_path, "l.csv", "source,target", "a,b", "a,b", "b,c"))
    with checked_links(links, ("user", "follows", "user"), SETTINGS, None) as checked:
        profile = checked.profile
    assert profile.relations == {"follows": 3}
    assert profile.repeated == 1
    assert profile.ids["user"].distinct == 3
    assert profile.columns == {"source": "source: user", "target": "target: user"}


@pytest.mark.parametrize(
    ("value", "unit"),
    [
        ("1700000000", "seconds since 1970"),
        ("1700000000000", "milliseconds since 1970"),
        ("1700000000000000", "microseconds since 1970"),
        ("1700000000000000000", "nanoseconds since 1970"),
        ("1700000000.5", "seconds since 1970"),
        ("2023-11-14T22:13:20Z", "dates as text"),
    ],
)
def test_units_of_times(tmp_path: Path, value: str, unit: str) -> None:
    made = report(tmp_path, ["user,item,time", f"a,x,{value}", f"b,x,{value}"])
    times = made.sources["events"].times
    assert times is not None
    assert times.units == {unit: 1}


def test_however_a_file_is_cut_the_facts_are_the_same(tmp_path: Path) -> None:
    lines = rated(*np.random.default_rng(0).integers(0, 11, 60).tolist())
    lines += ["NULL,I3,7,1700000000", "u1,i3,7,", *lines[5:9]]
    whole = report(tmp_path, lines, ["item_id,title", "i1,One", "I2,Two"])
    cut = report(tmp_path, lines, ["item_id,title", "i1,One", "I2,Two"], settings=SMALL)
    one, other = whole.as_dict(), cut.as_dict()
    for each in (one, other):
        for source in each["sources"].values():
            source["rejects"] = sorted(source["rejects"])
    assert one == other


def test_many_ids_and_values_are_sampled_alike(tmp_path: Path) -> None:
    events = ["user,item,weight", *(f"u,i{n},{n / 7}" for n in range(50_000))]
    items = ["item_id,price", *(f"I{n},1" for n in range(0, 50_000, 2))]
    made = report(tmp_path, events, items)
    ids = made.sources["events"].ids["item"]
    assert ids.sampled < 1
    assert len(ids.ids) <= 1 << 15
    assert 45_000 < ids.distinct < 55_000
    [match] = made.matches
    assert match.known == 0
    assert match.differ_by == "upper and lower case"
    assert 0.47 < match.would_match < 0.53
    values = made.sources["events"].kinds["interaction"]
    assert values.rounded
    assert values.events == 50_000


# Ratings


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ([1, 2, 3, 4, 5], None),
        ([0.5, 2, 4.5], None),
        ([3, 6, 8, 10], "threshold_off_scale"),
        ([10, 55, 80, 100], "threshold_off_scale"),
        ([0, 1, 1], "threshold_off_scale"),
        ([0.1, 0.5, 0.9], "threshold_off_scale"),
        ([1] * 50, "likes_nearly_none"),
        ([1, 2, 3, 3], "likes_nearly_none"),
        ([4, 5] * 20, "likes_nearly_all"),
        ([4, 5], None),  # of two one cannot say
        ([5] * 50, None),
        ([1, 2, 4, 5, 0], "zero_ratings"),
    ],
)
def test_scales_and_thresholds(tmp_path: Path, values: list[float], code: str | None) -> None:
    made = report(tmp_path, rated(*values))
    assert codes(made) == ([code] if code else [])
    if code:
        assert "[kinds.rating]" in made.doubts[0].settle


def test_a_threshold_that_fits_settles_it(tmp_path: Path) -> None:
    policies = {"rating": KindPolicy(threshold=7)}
    made = report(tmp_path, rated(3, 6, 8, 10), policies=policies)
    assert codes(made) == []
    assert made.kinds("events")["rating"].positive_share == 0.5


def test_ratings_of_a_kind_without_a_threshold(tmp_path: Path) -> None:
    made = report(tmp_path, rated(1, 2, 5, 4), kind="review")
    assert codes(made) == ["ratings_without_threshold"]
    assert "[kinds.review] threshold = 3.5" in made.doubts[0].settle


def test_counts_are_no_ratings(tmp_path: Path) -> None:
    plays = ["user,item,plays", *(f"u{n},i,{n % 3 + 1}" for n in range(30))]
    assert codes(report(tmp_path, plays)) == []


def test_columns_that_were_not_found(tmp_path: Path) -> None:
    lines = ("user,item,Book-Rating,bought_on,order_id", "a,x,7,2024-01-01,1700000000")
    made = report(tmp_path, lines)
    assert codes(made) == ["time_column_ignored", "weight_column_ignored"]
    assert "--map time=bought_on" in made.doubts[0].settle
    assert "--map weight=Book-Rating" in made.doubts[1].settle


# Times


def test_times_that_cannot_be(tmp_path: Path) -> None:
    soon = int(time.time()) + 10 * 86_400
    assert codes(report(tmp_path, ["user,item,time", "a,x,1700000000", f"b,x,{soon}"])) in (
        ["times_in_the_future"],
        [],  # where such rows are set aside
    )
    old = report(tmp_path, ["user,item,time", "a,x,1700000000", "b,x,86400"])
    assert codes(old) in (["times_long_ago"], [])
    several = report(tmp_path, ["user,item,time", "a,x,1700000000", "b,x,1700000000000"])
    assert codes(several) == ["times_in_several_units"]


# Ids


def test_ids_that_stand_for_all(tmp_path: Path) -> None:
    others = [f"u{n},i{n % 9},{1_700_000_000 + n}" for n in range(100)]
    guests = [f"guest,i{n % 9},{1_700_100_000 + n}" for n in range(60)]
    made = report(tmp_path, ["user,item,time", *others, *guests])
    assert codes(made) == ["placeholder_ids"]
    busy = [f"kiosk,i{n % 9},{1_700_100_000 + n}" for n in range(60)]
    assert codes(report(tmp_path, ["user,item,time", *others, *busy])) == ["one_busy_user"]
    fair = report(tmp_path, ["user,item,time", *others, "0,i1,1700000001", "-1,i2,1700000001"])
    assert codes(fair) == []


def test_ids_that_look_like_nothing_are_counted(tmp_path: Path) -> None:
    words = ["NULL", "null", "NaN", "None", r"\N", "undefined", "", "nil"]
    rows = [f"{word},i{n},{1_700_000_000 + n}" for n, word in enumerate([*words, "NULL", "u"])]
    made = report(tmp_path, ["user,item,time", *rows])
    assert made.sources["events"].ids["user"].nothing == {
        "NULL": 2,
        **{word or "(empty)": 1 for word in words[1:]},
    }


def test_ids_in_several_spellings(tmp_path: Path) -> None:
    rows = ["Ann,007,1700000000", "ann,7,1700000001", "bob,8,1700000002"]
    made = report(tmp_path, ["user,item,time", *rows])
    assert codes(made) == ["ids_in_several_spellings"] * 2
    assert "'Ann' and 'ann'" in made.doubts[0].message
    assert "leading zeros" in made.doubts[1].message


# Repeated rows


@pytest.mark.parametrize(
    ("header", "rows", "why"),
    [
        ("user,item", ["a,x", "a,x", "a,y"], "there are no times"),
        ("user,item,date", ["a,x,2024-01-01"] * 2 + ["b,x,2024-01-01"], "whole days"),
        ("user,item,time", ["a,x,1700000001"] * 2 + ["b,x,1700000001"], ""),
    ],
)
def test_repeated_events(tmp_path: Path, header: str, rows: list[str], why: str) -> None:
    made = report(tmp_path, [header, *rows])
    assert made.sources["events"].repeated == 1
    assert codes(made) == ["repeated_events"]
    assert why in made.doubts[0].message


def test_another_kind_is_no_repetition(tmp_path: Path) -> None:
    rows = ["a,x,view,1700000001", "a,x,buy,1700000001"]
    assert report(tmp_path, ["user,item,kind,time", *rows]).sources["events"].repeated == 0


# Ids of one source in another


def only(matches: Sequence[Match]) -> Match:
    [match] = matches
    return match


@pytest.mark.parametrize(
    ("logged", "listed", "why"),
    [
        (["0195", "0200", "0301"], ["195", "200", "301"], "leading zeros"),
        (["195", "200", "301"], ["0195", "0200", "0301"], "leading zeros"),
        (["B0a", "B0b"], ["b0A", "b0B"], "upper and lower case"),
        (["1.50", "x"], ["1.50", "X"], "upper and lower case"),
        (["12", "13"], ["item-12", "item-13"], "a prefix"),
        (["a b", "c d"], ["ab", "cd"], "blanks"),
    ],
)
def test_why_items_do_not_match(
    tmp_path: Path, logged: list[str], listed: list[str], why: str
) -> None:
    events = ["user,item", *(f"u{n},{item}" for n, item in enumerate(logged))]
    made = report(tmp_path, events, ["item_id,title", *(f"{item},T" for item in listed)])
    match = only(made.matches)
    assert match.differ_by == why
    assert codes(made) == ["items_unmatched"]
    assert repr(match.examples[0][0]) in made.doubts[0].message


def test_another_column_of_the_events_would_match(tmp_path: Path) -> None:
    events = ["user,asin,parent_asin", "a,V1,P1", "b,V2,P2", "c,V3,P9"]
    made = report(tmp_path, events, ["item_id,title", "P1,One", "P2,Two", "P3,Three"])
    better = only(made.matches).better
    assert better is not None
    assert better[:2] == ("events", "parent_asin")
    assert better[2] == pytest.approx(2 / 3)
    assert "--map item=parent_asin" in made.doubts[0].settle
    settled = report(
        tmp_path, events, ["item_id,title", "P1,One", "P2,Two", "P9,Nine"],
        mapping={"item": "parent_asin"},
    )  # fmt: skip
    assert only(settled.matches).known == 1
    assert codes(settled) == []


def test_another_column_of_the_items_would_match(tmp_path: Path) -> None:
    items = ["item_id,sku,title", "1,K1,One", "2,K2,Two"]
    made = report(tmp_path, ["user,item", "a,K1", "b,K2"], items)
    assert only(made.matches).better == ("item", "sku", 1.0)
    assert "--map item.id=sku" in made.doubts[0].settle


def test_users_match_too(tmp_path: Path) -> None:
    users = ["user_id,age", "U1,30", "U2,40"]
    made = report(tmp_path, ["user,item", "u1,x", "u2,y"], users=users)
    assert codes(made) == ["users_unmatched"]


def test_columns_that_were_swapped(tmp_path: Path) -> None:
    swapped = ["user,item", "x1,a", "x2,b", "x1,c"]
    made = report(tmp_path, swapped, ["item_id,title", "x1,One", "x2,Two"])
    assert only(made.matches).better == ("events", "user", 1.0)


def test_items_without_events_and_a_few_unknown_ones_are_fine(tmp_path: Path) -> None:
    items = ["item_id,title", *(f"i{n},T" for n in range(50))]
    made = report(tmp_path, ["user,item", "a,i1", "b,i2", "c,i3", "d,new"], items)
    assert only(made.matches).known == 0.75
    assert codes(made) == []


def test_ids_of_the_store(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path / 'graph.db'}") as store:
        items = ["item_id,title", *(f"{n:010},T" for n in range(100, 140))]
        assert report(tmp_path, items=items, store=store, write=True).matches == ()
        known = ["user,item", *(f"u{n},{n:010}" for n in range(100, 120))]
        assert codes(report(tmp_path, known, store=store)) == []
        bare = ["user,item", *(f"u{n},{n}" for n in range(100, 120))]
        made = report(tmp_path, bare, store=store)
        match = next(match for match in made.matches if match.node_type == "item")
        assert (match.against, match.known, match.differ_by) == ("the store", 0, "leading zeros")
        assert codes(made) == ["items_unmatched"]
        others = ["user,item", *(f"u{n},other{n}" for n in range(100, 120))]
        assert codes(report(tmp_path, others, store=store)) == ["items_unmatched"]
        # A file of new items is the usual thing, and one of new users too.
        new = ["item_id,title", *(f"new{n},T" for n in range(20))]
        assert codes(report(tmp_path, items=new, store=store)) == []
        # What the file lacks may be in the store.
        some = report(tmp_path, known, ["item_id,title", "0000000139,T"], store=store)
        assert only(some.matches).known == 1


# What a store holds


def test_the_report_of_a_store(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path / 'graph.db'}") as store:
        events = ["user,item,rating,time", "Ann,x,5,1700000000", "ann,y,2,1700000001"]
        report(tmp_path, events, ["item_id,colour", "x,red", "z,"], store=store, write=True)
        made = stored_report(store.read_graph(), DEFAULT_POLICY, "the store")
    source = made.as_dict()["sources"]
    assert source["events"]["kinds"]["rating"]["positive_share"] == 0.5
    assert source["item"]["attributes"]["colour"]["examples"] == ("red",)
    assert source["item"]["bare"] == 2
    assert source["events"]["times"]["first"] == "2023-11-14T22:13:20+00:00"
    assert codes(made) == ["ids_in_several_spellings"]
    assert "Read" not in {table.title for table in made.tables}


def test_an_empty_store(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path / 'graph.db'}") as store:
        assert codes(stored_report(store.read_graph(), DEFAULT_POLICY, "the store")) == []


# In Python


def test_a_data_set_has_the_report() -> None:
    events = pd.DataFrame({"user": [1, 2, 2], "item": ["a", "b", "c"], "rating": [5, 9, 10]})
    with pytest.warns(UserWarning, match="1 to 10") as seen:
        data = Dataset.from_frame(events)
    assert seen[0].filename == __file__
    assert data.report is not None
    assert codes(data.report) == ["threshold_off_scale"]
    assert "Kinds of events" in str(data.report)
    assert "threshold_off_scale" in data._repr_html_()
    assert data.before("2020-01-01").report is data.report


def test_text_in_the_report_is_no_html() -> None:
    items = pd.DataFrame({"item": ["a"], "<b>x": ["<script>"]})
    data = Dataset.from_frame(pd.DataFrame({"user": ["u"], "item": ["a"]}), items)
    assert "<script>" not in data._repr_html_()
    assert "&lt;b&gt;x" in data._repr_html_()


# What may be read in two ways


def test_dates_that_may_begin_with_the_day_or_the_month_are_a_warning(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("user,item,date\na,x,04/08/2022\nb,x,25/08/2022\n")
    data = _read(log)
    [doubt] = _with_code(data, "day_or_month_first")
    assert "04/08/2022" in doubt.message
    assert "25/08/2022" in doubt.message
    assert "--day-first" in doubt.settle
    assert "--month-first" in doubt.settle
    log.write_text("user,item,date\na,x,04.08.2022\nb,x,05.08.2022\n")
    assert "dots" in str(_with_code(_read(log), "day_or_month_first"))
    log.write_text("user,item,date\na,x,25/08/2022\nb,x,2022-08-04\n")
    assert not _with_code(_read(log), "day_or_month_first")
    log.write_text("user,item,date\na,x,04/08/2022\nb,x,25/08/2022\n")
    settings = Settings(ingest={"day_first": True})
    assert not _with_code(_read(log, settings), "day_or_month_first")


def test_ids_with_decimals_are_a_warning(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("user,item\n12.0,x\n13,x\n")
    data = _read(log)
    [doubt] = _with_code(data, "ids_with_decimals")
    assert "12.0" in doubt.message
    assert "ids.decimals = 'keep'" in doubt.settle
    assert set(data.users.ids) == {"12", "13"}
    log.write_text("user,item\n1.0,x\n1.10,x\n")
    [doubt] = _with_code(_read(log), "ids_with_decimals")
    assert "kept" in doubt.message
    assert not _with_code(_read(log, Settings(ids={"decimals": "keep"})), "ids_with_decimals")


def _read(log: Path, settings: Settings | None = None) -> Dataset:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return Dataset.read(log, settings=settings)


def _with_code(data: Dataset, code: str) -> list[Doubt]:
    assert data.report is not None
    return [doubt for doubt in data.report.doubts if doubt.code == code]
