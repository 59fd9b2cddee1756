"""The command line from end to end, on a small shop in a folder of its own."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import networkx as nx
import pytest
import typer
from graphrec.cli.main import command_line

from graphrec.data import Interactions
from graphrec.data.weighting import weigh
from graphrec.errors import MissingExtra
from graphrec.evaluation.splits.split import temporal
from graphrec.models import create
from graphrec.settings import load_settings
from graphrec.store import open_store
from graphrec.store.protocol import CAP
from tests.support.command import GENRES, TOML, error_line, fill, graphrec, inside, title, write_csv
from tests.support.paths import ROOT
from tests.support.small_data import DAY, Rating, ratings


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    return fill(tmp_path / "shop")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop whose store is full. Tests leave it as it is."""
    folder = fill(tmp_path_factory.mktemp("cli") / "loaded")
    answer = graphrec(folder, "ingest", "events.csv", "--items", "items.csv")
    assert answer.code == 0, answer.err
    return folder


@pytest.fixture(scope="module")
def trained(loaded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop with a published snapshot that has embeddings. Tests leave it as it is."""
    folder = fill(tmp_path_factory.mktemp("cli") / "trained")
    store = f"sqlite:///{loaded / 'graphrec.db'}"
    with (folder / "graphrec.toml").open("r+") as file:
        settings = file.read()
        file.seek(0)
        file.write(f'store = "{store}"\n{settings}')
    model = installed("mf")
    answer = graphrec(folder, "train", "--embedding", model, "--models", f"popularity,{model}")
    assert answer.code == 0, answer.err
    assert "Published snapshot" in answer.out
    # Nobody watches a terminal here: a line as each stage begins, with the seconds until then.
    said = re.findall(r"^ *[\d.]+ s  (.*)$", answer.err, re.MULTILINE)
    assert said[0] == f"comparing popularity, {model}, fusion"
    assert f"{model}: choosing epochs" in said
    assert said[-1] == "publishing"
    return folder


def installed(name: str) -> str:
    """The name of a model, where its libraries are."""
    try:
        create(name)
    except MissingExtra as error:
        pytest.skip(str(error))
    return name


# Help


def commands() -> dict[str, Any]:
    group: Any = typer.main.get_command(
        command_line()
    )  # of click, or of the click that typer brings
    return dict(group.commands)


def test_benchmarks_of_the_checkout_are_run(tmp_path: Path) -> None:
    def said(*arguments: str) -> str:
        command = [sys.executable, "-m", "graphrec.cli.main", "benchmark", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout

    assert "--json" in said("shop", "--help")
    assert "quality" in said()


def test_the_commands_are_those_that_were_promised() -> None:
    promised = (
        "demo ingest consume train evaluate tune recommend placement related explain predict "
        "cypher inspect serve keys refresh promote rollback report forget doctor compare benchmark "
        "export events items users experiment spark dump restore upgrade policy"
    )
    assert set(commands()) == set(promised.split())


@pytest.mark.parametrize("name", sorted(commands()))
def test_help_teaches(name: str, tmp_path: Path) -> None:
    """What it does, every option with what it is, and an example where it cannot run bare."""
    answer = graphrec(tmp_path, name, "--help")
    assert (answer.code, answer.err) == (0, "")
    command = commands()[name]
    assert command.help
    first = re.sub(r"\W+", " ", command.help.split("\n")[0]).strip()
    assert first in re.sub(r"\W+", " ", answer.out)
    if name not in ("demo", "train"):
        assert f"graphrec {name} " in answer.out
    for parameter in command.params:
        assert getattr(parameter, "help", None), f"{name} {parameter.name}"
        for option in parameter.opts:
            assert option.upper() in answer.out.upper()


def test_without_a_command_there_is_the_list_of_them(tmp_path: Path) -> None:
    answer = graphrec(tmp_path)
    for name in commands():
        assert name in answer.out


# ingest


def test_ingest_reports_and_a_second_load_changes_nothing(fresh: Path) -> None:
    arguments = ("ingest", "events.csv", "--items", "items.csv", "--json")
    first = graphrec(fresh, *arguments).json()
    events = len(ratings())
    assert first["store"] == {"user": 40, "item": 30, "events": events, "links": 0}
    for name, rows in (("events", events), ("item", 30)):
        report = first["loaded"][name]
        assert (report["rows"], report["accepted"], report["rejected"]) == (rows, rows, 0)
        assert report["reasons"] == {}
        assert report["rejects"] is None
    assert first["loaded"]["events"]["new"] == events
    assert first["loaded"]["item"]["attributes"] == {"title": "text", "genres": "tags"}
    second = graphrec(fresh, *arguments).json()
    assert second["store"] == first["store"]
    assert [second["loaded"][name]["new"] for name in ("events", "item")] == [0, 0]


def test_ingest_shows_a_table_with_the_reasons_of_rejects(fresh: Path) -> None:
    rows = [("u00", f"x{n}", 5, 10**9 + n) for n in range(200)]
    bad: list[Any] = [("", "x0", 5, 10**9), ("u00", "x1", "many", 10**9)]
    write_csv(fresh / "more.csv", "user,item,rating,timestamp", [*rows, *bad])
    answer = graphrec(fresh, "ingest", "more.csv")
    assert answer.code == 0
    assert re.search(r"events\W+202\W+200\W+2\W", answer.out)
    assert "1 × missing user id" in answer.out
    assert re.search(r"In the store: .*200 events", answer.out)
    with (fresh / "rejects" / "more.csv").open(newline="") as file:
        set_aside = [(row["line"], row["reason"]) for row in csv.DictReader(file)]
    assert set_aside == [("202", "missing user id"), ("203", "weight is not a number")]


def test_too_many_rejects_are_an_error_and_the_store_stays_as_it_was(fresh: Path) -> None:
    assert graphrec(fresh, "ingest", "events.csv").code == 0
    before = graphrec(fresh, "inspect", "--json").json()
    write_csv(fresh / "bad.csv", "user,item", [("new", "x")] * 10 + [("", "x")])
    answer = graphrec(fresh, "ingest", "bad.csv")
    assert answer.code == 1
    assert answer.out == ""
    assert "1 of 11 rows" in error_line(answer)
    assert graphrec(fresh, "inspect", "--json").json() == before
    allowed = graphrec(fresh, "ingest", "bad.csv", "--max-rejected", "0.1", "--json").json()
    assert allowed["loaded"]["events"]["rejected"] == 1
    assert allowed["store"]["user"] == before["nodes"]["user"] + 1


@pytest.mark.parametrize("bad", ["bad.csv", "nowhere.csv"])
@pytest.mark.parametrize("option", ["--items", "--users", "--links"])
def test_one_bad_file_keeps_all_of_them_out(fresh: Path, option: str, bad: str) -> None:
    write_csv(fresh / "bad.csv", "id,source,target", [("", "", "")] * 2)
    value = f"user:follows:user={bad}" if option == "--links" else bad
    answer = graphrec(fresh, "ingest", "events.csv", option, value)
    assert (answer.code, answer.out) == (1, "")
    assert bad in error_line(answer)
    with inside(fresh), open_store("sqlite:///graphrec.db", load_settings().kinds) as store:
        assert not any(store.counts().values())


def test_ids_and_kinds_of_attributes_are_named(fresh: Path) -> None:
    write_csv(fresh / "books.csv", "isbn,sku,code", [("1", "i00", "a"), ("2", "i01", "b")])
    write_csv(fresh / "people.csv", "who,age", [("u00", "30")])
    files = ("events.csv", "--items", "books.csv", "--users", "people.csv")
    refused = graphrec(fresh, "ingest", *files)
    assert "--map item.id=COLUMN" in error_line(refused)
    refused = graphrec(fresh, "ingest", *files, "--map", "item.id=sku")
    assert "--map user.id=COLUMN" in error_line(refused)
    ids = ("--map", "item.id=sku", "--map", "user.id=who")
    kinds = ("--attribute", "code=text", "--attribute", "user.age=category")
    loaded = graphrec(fresh, "ingest", *files, *ids, *kinds, "--json").json()["loaded"]
    assert loaded["item"]["attributes"] == {"isbn": "number", "code": "text"}
    assert loaded["user"]["attributes"] == {"age": "category"}
    inspected = graphrec(fresh, "inspect", "--json").json()
    assert inspected["nodes"] == {"user": 40, "item": 30}


def test_rejects_are_called_after_their_source(fresh: Path) -> None:
    source = gzip.compress(b"user,item\n,x\n")
    (fresh / "sales.2024-01.csv.gz").write_bytes(source)
    options = ("--max-rejected", "1", "--json")
    loaded = graphrec(fresh, "ingest", "sales.2024-01.csv.gz", *options).json()["loaded"]
    assert loaded["events"]["rejects"] == "rejects/sales.2024-01.csv"


def test_the_same_file_name_and_type_twice(fresh: Path) -> None:
    for folder, row in (("a", ("u00", "")), ("b", ("", "u02"))):
        (fresh / folder).mkdir()
        rows = [row, ("u00", f"u0{len(folder)}"), ("u01", f"{folder}")]
        write_csv(fresh / folder / "data.csv", "source,target", rows)
    links = [f"user:follows:user={folder}/data.csv" for folder in "ab"]
    options = ("--links", links[0], "--links", links[1], "--max-rejected", "1", "--json")
    loaded = graphrec(fresh, "ingest", *options).json()["loaded"]
    assert list(loaded) == ["user:follows:user", "user:follows:user 2"]
    assert [report["rejects"] for report in loaded.values()] == [
        "rejects/data.csv", "rejects/data-2.csv",
    ]  # fmt: skip


def test_triples_name_their_relations(fresh: Path) -> None:
    triples = [("e1", "part_of", "e2"), ("e2", "made_by", "e3")]
    write_csv(fresh / "kg.csv", "head,relation,tail", triples)
    refused = graphrec(fresh, "ingest", "--links", "entity:is:entity=kg.csv")
    assert "--links entity::entity=FILE" in error_line(refused)
    loaded = graphrec(fresh, "ingest", "--links", "entity::entity=kg.csv", "--json").json()
    assert loaded["loaded"]["entity::entity"]["new"] == 2
    write_csv(fresh / "other.csv", "a,what,b", triples)
    names = [f"entity::entity.{r}={c}" for r, c in zip(("source", "relation", "target"),
             ("a", "what", "b"), strict=True)]  # fmt: skip
    options = [part for name in names for part in ("--map", name)]
    again = graphrec(fresh, "ingest", "--links", "entity::entity=other.csv", *options, "--json")
    assert again.json()["loaded"]["entity::entity"]["new"] == 0
    report = graphrec(fresh, "inspect", "--json").json()
    assert report["links"] == {"entity part_of entity": 1, "entity made_by entity": 1}


def test_columns_of_other_names_are_mapped(fresh: Path) -> None:
    write_csv(fresh / "sales.csv", "wer,was,wann", [("ann", "tea", 10**9), ("bob", "tea", 10**9)])
    refused = graphrec(fresh, "ingest", "sales.csv")
    assert refused.code == 1
    assert "no column for the user" in refused.err
    assert "--map user=COLUMN" in refused.err
    options = ("--map", "user=wer", "--map", "item=was", "--map", "time=wann", "--kind", "sale")
    loaded = graphrec(fresh, "ingest", "sales.csv", *options, "--json").json()
    assert loaded["store"] == {"user": 2, "item": 1, "events": 2, "links": 0}
    assert graphrec(fresh, "inspect", "--json").json()["events"] == {"sale": 2}


def test_links_of_several_types_are_loaded(fresh: Path) -> None:
    write_csv(fresh / "friends.csv", "source,target", [("u00", "u02"), ("u00", "u04")])
    write_csv(fresh / "brands.csv", "item,brand", [("i00", "acme")])
    links = ("user:follows:user=friends.csv", "item:made_by:brand=brands.csv")
    options = [part for link in links for part in ("--links", link)]
    loaded = graphrec(fresh, "ingest", "events.csv", *options, "--json").json()
    assert loaded["loaded"]["user:follows:user"]["new"] == 2
    assert (loaded["store"]["links"], loaded["store"]["brand"]) == (3, 1)
    report = graphrec(fresh, "inspect", "--json").json()
    assert report["links"] == {"user follows user": 2, "item made_by brand": 1}


@pytest.mark.slow
def test_events_come_out_of_a_database(fresh: Path) -> None:
    pytest.importorskip("sqlalchemy")
    database = sqlite3.connect(fresh / "sales.db")
    database.execute("CREATE TABLE sale (customer TEXT, product TEXT, at INTEGER, cancelled INT)")
    rows = [("ann", "tea", 10**9, 0), ("ann", "jam", 10**9 + 1, 1), ("bob", "tea", 10**9, 0)]
    database.executemany("INSERT INTO sale VALUES (?, ?, ?, ?)", rows)
    database.commit()
    database.close()
    query = "SELECT customer, product, at AS time FROM sale WHERE NOT cancelled"
    answer = graphrec(fresh, "ingest", "--sql", query, "--url", "sqlite:///sales.db", "--json")
    assert answer.json()["store"] == {"user": 2, "item": 1, "events": 2, "links": 0}


def test_files_without_a_header_load_with_what_the_error_says(fresh: Path) -> None:
    log = "1::1193::5::978300760\n1::661::3::978302109\n"
    (fresh / "ratings.dat").write_text(log)
    (fresh / "films.dat").write_bytes("1193::Amélie::Comedy\n661::Ça::Drama\n".encode("latin-1"))
    error = error_line(graphrec(fresh, "ingest", "ratings.dat", "--map", "user=1"))
    options = error.split("say ")[1].split(", with")[0].split()
    assert options == ["--no-header", "--columns", "user,item,weight,time"]
    error = error_line(graphrec(fresh, "ingest", "ratings.dat", *options, "--items", "films.dat"))
    assert "--columns item=item_id," in error
    items = ("--items", "films.dat", "--columns", "item=item_id,title,genres")
    loaded = graphrec(fresh, "ingest", "ratings.dat", *options, *items, "--json").json()
    assert loaded["store"] == {"user": 1, "item": 2, "events": 2, "links": 0}


def test_several_files_and_standard_input(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (fresh / "a.csv").write_text("user,item\n1,2\n,3\n")
    (fresh / "b.csv").write_text("item|user\n4|5\n6\n")
    arguments = ("ingest", "a.csv", "b.csv", "--max-rejected", "1", "--json")
    answer = graphrec(fresh, *arguments).json()
    assert answer["store"]["events"] == 2
    with (fresh / "rejects" / "a.csv").open(newline="") as file:
        assert [list(row.values()) for row in csv.DictReader(file)] == [
            ["a.csv", "3", "missing user id", ",3"],
            ["b.csv", "3", "wrong number of fields", "6"],
        ]
    packed = io.BytesIO(gzip.compress(b"user,item\n7,8\n,9\n"))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(packed))
    answer = graphrec(fresh, "ingest", "-", "--max-rejected", "1", "--json").json()
    assert answer["store"]["events"] == 3
    assert (fresh / "rejects" / "standard-input.csv").is_file()


def test_nested_json_is_mapped_with_dots(fresh: Path) -> None:
    rows = [{"context": {"user": {"id": n}}, "product": {"sku": f"p{n}"}} for n in range(3)]
    (fresh / "log.json").write_text(json.dumps({"events": rows}))
    maps = ("--map", "user=context.user.id", "--map", "item=product.sku")
    assert graphrec(fresh, "ingest", "log.json", *maps, "--json").json()["store"]["events"] == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nothing to load"),
        (["events.csv", "--columns", "item=a,b"], "'item', which is not loaded"),
        (["events.csv", "--encoding", "utf-8", "--encoding", "cp1252"], "given twice"),
        (["events.csv", "--encoding", "utf-99"], "correct --encoding"),
        (["events.csv", "--columns", "user,item"], "add --header to replace"),
        (["--dataset", "ml-100k", "--no-header"], "are for files of text"),
        (["--sql", "SELECT 1", "--url", "sqlite://", "--columns", "a"], "which is not loaded"),
        (["events.csv", "--map", "user"], "--map 'user': expected the form user=COLUMN"),
        (["events.csv", "--map", "person=user"], "'person' cannot be mapped"),
        (["events.csv", "--map", "item.id=sku"], "'item', which is not loaded"),
        (["--items", "items.csv", "--map", "user=who"], "'events', which is not loaded"),
        (["--items", "items.csv", "--map", "item.name=title"], "'name' cannot be mapped"),
        (["events.csv", "--attribute", "title=text"], "add --items FILE"),
        (["--items", "items.csv", "--attribute", "title=txt"], "number, category, tags, text"),
        (["--items", "items.csv", "--attribute", "titel=text"], "attribute 'titel' of items.csv"),
        (["--links", "follows=events.csv"], "expected source:relation:target=FILE"),
        (["--links", "user::=events.csv"], "expected source:relation:target=FILE"),
        (["--sql", "SELECT 1"], "--sql together with --url"),
        (["events.csv", "--sql", "SELECT 1", "--url", "sqlite://"], "--sql together with --url"),
        (["nowhere.csv"], "nowhere.csv"),
        (["events.csv", "--store", "redis://x"], "redis"),
        (["--dataset", "ml-3k"], "'ml-3k' is no data set"),
    ],
)
def test_what_ingest_cannot_do_is_one_line_and_status_1(
    fresh: Path, arguments: list[str], message: str
) -> None:
    answer = graphrec(fresh, "ingest", *arguments)
    assert (answer.code, answer.out) == (1, "")
    assert message in error_line(answer)


# inspect


def test_inspect_counts_what_is_in_the_store(loaded: Path) -> None:
    report = graphrec(loaded, "inspect", "--json").json()
    rows = ratings()
    assert report["nodes"] == {"user": 40, "item": 30}
    assert report["events"] == {"rating": len(rows)}
    assert report["pairs"] == len({(user, item) for user, item, _, _ in rows})
    assert report["density"] == pytest.approx(report["pairs"] / 1200)
    assert report["user_degrees"]["1.0"] == 12
    table = graphrec(loaded, "inspect")
    assert table.code == 0
    assert re.search(r"rating events\W+480\W", table.out)


def test_a_neighbourhood_is_graphml_that_networkx_reads(loaded: Path, tmp_path: Path) -> None:
    path = tmp_path / "around.graphml"
    answer = graphrec(loaded, "inspect", "--user", "u00", "--graphml", path)
    assert answer.code == 0
    drawn = nx.read_graphml(path)
    met = {f"item:{item}" for user, item, _, _ in ratings() if user == "u00"}
    assert set(drawn["user:u00"]) == met
    assert all(drawn.nodes[node]["title"] == title(node[5:]) for node in met)
    assert f"{drawn.number_of_nodes()} nodes" in answer.out
    assert graphrec(loaded, "inspect", "--user", "u00").code == 1
    unknown = graphrec(loaded, "inspect", "--user", "zoe", "--graphml", tmp_path / "no.graphml")
    assert unknown.code == 1
    assert "user 'zoe' is unknown" in unknown.err
    assert not (tmp_path / "no.graphml").exists()


# train


@pytest.mark.slow
def test_train_publishes_a_snapshot_and_says_how_good_it_is(loaded: Path, tmp_path: Path) -> None:
    model = installed("mf")
    answer = graphrec(
        loaded, "train", "--embedding", model, "--models", f"popularity,{model}", "--seed", "3",
        "--snapshots", tmp_path / "s", "--json",
    ).json()  # fmt: skip
    assert (tmp_path / "s" / "current").read_text().strip() == answer["version"]
    figures = answer["evaluation"]
    assert [entry["model"] for entry in figures["models"]] == ["popularity", "mf", "fusion"]
    assert (figures["protocol"], figures["seed"]) == ("temporal", 3)
    manifest = json.loads((tmp_path / "s" / answer["version"] / "manifest.json").read_bytes())
    assert manifest["seed"] == 3
    assert manifest["position"] > 0
    assert manifest["metrics"] == figures
    assert set(manifest["models"]) == {"graph-filter", "recent-popularity", "mf"}


def test_a_snapshot_without_learned_vectors_needs_no_comparison(
    loaded: Path, tmp_path: Path
) -> None:
    options = ("--embedding", "none", "--models", "none", "--snapshots", tmp_path / "s")
    answer = graphrec(loaded, "train", *options, "--json").json()
    assert answer["evaluation"] is None
    recommended = graphrec(loaded, "recommend", "u00", "--snapshots", tmp_path / "s", "--json")
    assert len(recommended.json()) == 10


def test_training_on_nothing_liked_is_an_error_and_publishes_nothing(fresh: Path) -> None:
    write_csv(fresh / "bad.csv", "user,item,rating", [("ann", "tea", 1)])
    assert graphrec(fresh, "ingest", "bad.csv").code == 0
    answer = graphrec(fresh, "train")
    assert answer.code == 1
    assert "no positive events" in answer.err
    assert not (fresh / "snapshots" / "current").exists()


# recommend, related, explain


@pytest.mark.slow
def test_recommend_gives_new_items_with_titles_and_reasons(trained: Path) -> None:
    found = graphrec(trained, "recommend", "u00", "-k", "4", "--json").json()
    met = {item for user, item, _, _ in ratings() if user == "u00"}
    assert len(found) == 4
    assert not met & {entry["item"] for entry in found}
    assert all(entry["title"] == title(entry["item"]) for entry in found)
    assert all(entry["reason"] and entry["sources"] for entry in found)
    scores = [entry["score"] for entry in found]
    assert scores == sorted(scores, reverse=True)
    assert found[0]["because"][0]["people"] > 1
    table = graphrec(trained, "recommend", "u00", "-k", "4")
    places = [table.out.index(entry["title"]) for entry in found]
    assert places == sorted(places)
    assert found[0]["reason"] in table.out
    for entry in found:
        assert re.search(rf"\b{entry['item']}\b.*{title(entry['item'])}", table.out)
    assert table.err == ""
    again = graphrec(trained, "recommend", "u00", "-k", "30", "--include-seen", "--json").json()
    assert {entry["item"] for entry in again} == {f"i{n:02}" for n in range(30)}


@pytest.mark.slow
def test_recommend_follows_the_taste_that_is_in_the_data(trained: Path) -> None:
    """Even users like even items: a visitor with even items gets mostly those."""
    options = [part for n in (0, 2, 4, 6, 8) for part in ("--item", f"i{n:02}")]
    found = graphrec(trained, "recommend", *options, "-k", "6", "--json").json()
    even = [int(entry["item"][1:]) % 2 == 0 for entry in found]
    assert sum(even) > 4
    assert not {entry["item"] for entry in found} & {f"i{n:02}" for n in (0, 2, 4, 6, 8)}


@pytest.mark.slow
def test_someone_unknown_gets_what_is_popular(trained: Path) -> None:
    answer = graphrec(trained, "recommend", "zoe", "-k", "3", "--json")
    assert "user zoe: the snapshot does not know this user" in answer.err
    found = answer.json()
    assert len(found) == 3
    assert all(entry["reason"].startswith("Popular: ") for entry in found)
    assert found == graphrec(trained, "recommend", "yan", "-k", "3", "--json").json()


@pytest.mark.slow
def test_explain_agrees_with_the_list(trained: Path) -> None:
    found = graphrec(trained, "recommend", "u01", "-k", "3", "--json").json()
    for rank, entry in enumerate(found, start=1):
        why = graphrec(trained, "explain", "u01", entry["item"], "--json").json()
        assert (why["rank"], why["seen"], why["reason"]) == (rank, False, entry["reason"])
        assert sum(part["score"] for part in why["contributions"]) == pytest.approx(entry["score"])
    item = found[0]["item"]
    shown = graphrec(trained, "explain", "u01", item, "-k", "2")
    assert f"{title(item)} for user u01: rank 1." in shown.out
    assert (
        len(graphrec(trained, "explain", "u01", item, "-k", "2", "--json").json()["because"]) == 2
    )


@pytest.mark.slow
def test_explain_says_that_an_item_was_seen(trained: Path) -> None:
    seen = next(item for user, item, _, _ in ratings() if user == "u01")
    why = graphrec(trained, "explain", "u01", seen, "--json").json()
    assert (why["seen"], why["rank"], why["contributions"]) == (True, None, [])
    assert "already seen" in graphrec(trained, "explain", "u01", seen).out


@pytest.mark.parametrize("k", [1, 3, 100])
@pytest.mark.slow
def test_related_by_graph_is_what_the_store_answers(trained: Path, loaded: Path, k: int) -> None:
    """The snapshot and a live query count the same people, in the same order."""
    store = f"sqlite:///{loaded / 'graphrec.db'}"
    by_graph = graphrec(trained, "related", "i00", "-k", str(k), "--json").json()
    by_store = graphrec(trained, "related", "i00", "-k", str(k), "--store", store, "--json").json()
    assert by_graph == by_store
    assert by_graph[0]["title"] == title(by_graph[0]["item"])
    tables = [
        graphrec(trained, "related", "i00", "-k", str(k), *more)
        for more in ([], ["--store", store])
    ]
    assert tables[0] == tables[1]
    assert f"Related to {title('i00')}" in tables[0].out


@pytest.mark.slow
def test_paths_in_the_store_are_those_of_the_snapshot(trained: Path, loaded: Path) -> None:
    store = f"sqlite:///{loaded / 'graphrec.db'}"
    item = graphrec(trained, "recommend", "u01", "--json").json()[0]["item"]
    why = graphrec(trained, "explain", "u01", item, "--json").json()
    live = graphrec(trained, "explain", "u01", item, "--store", store, "--json").json()
    assert live == {"item": item, "title": title(item), "because": why["because"]} != []
    table = graphrec(trained, "explain", "u01", item, "--store", store).out
    assert f"{title(item)} for user u01: paths in the graph" in table
    assert "users who like both" in table


def test_a_supernode_is_reported(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'graphrec.db'}"
    people = [f"u{n}" for n in range(CAP + 1)]
    with open_store(url) as store:
        store.write_events(
            Interactions.of([*people, "u1", "u2"], ["hit"] * len(people) + ["b"] * 2)
        )
    found = graphrec(tmp_path, "related", "hit", "--store", url)
    assert "Counted over the latest 5,000 of 5,001 users." in found.err


def test_cypher_is_printed_with_the_names_of_a_mapped_graph(tmp_path: Path) -> None:
    printed = graphrec(tmp_path, "cypher").out
    assert ":param likes_from => {`rating`: [3.5, 3.5, 3.5]};" in printed
    assert printed.count(";\n\n// ") == 7
    bought = graphrec(tmp_path, "cypher", "--kind", "purchase").out
    assert "`purchase`: [5e-324, 5e-324, 5e-324]" in bought
    assert "`rating`: [1e+308, 1e+308, 1e+308]" in bought
    (tmp_path / "graphrec.toml").write_text(
        "[neo4j.graph.nodes]\nuser = {label = 'Person'}\nitem = {label = 'Movie', id = 'movieId'}\n"
        "[neo4j.graph.interactions.rating]\ntype = 'RATED'\nweight = 'stars'\n"
    )
    queries = graphrec(tmp_path, "cypher", "--json").json()["queries"]
    assert all("`RATED`" in query and "`Movie`" in query for query in queries.values())
    assert not any("INTERACTED" in query for query in queries.values())


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ("interactions = {}\nnodes = {}", "at least 1 item"),
        ("nodes.user.label = 'A b'", "match pattern"),
        (
            "nodes.user.label = 'A'\ninteractions.view.type = 'SAW'",
            "expected the label of item in nodes",
        ),
        (
            "nodes = {user = {label = 'A'}, item = {label = 'B'}}\n"
            "interactions = {view = {type = 'SAW'}, cart = {type = 'SAW'}}",
            "expected another relationship type for each kind",
        ),
    ],
)
def test_a_mapping_that_cannot_be_is_refused(tmp_path: Path, mapping: str, message: str) -> None:
    (tmp_path / "graphrec.toml").write_text(f"[neo4j.graph]\n{mapping}\n")
    refused = graphrec(tmp_path, "cypher")
    assert refused.code == 1
    assert message in refused.err


@pytest.mark.slow
def test_related_by_kind_by_lift_and_after(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    rows = [f"{user},{item},purchase,170000000{time}" for user in "ab" for item, time in
            (("phone", 1), ("case", 2))]  # fmt: skip
    rows += [f"{user},{item},view,1700000001" for user in "abcd" for item in ("phone", "best")]
    (tmp_path / "events.csv").write_text("\n".join(["user,item,kind,timestamp", *rows]))
    loaded = graphrec(tmp_path, "ingest", "events.csv", "--store", url)
    assert loaded.code == 0, loaded.err

    def related(item: str, *options: str) -> list[tuple[str, float, int]]:
        found = graphrec(tmp_path, "related", item, "--store", url, "--json", *options).json()
        return [(each["item"], each["score"], each["people"]) for each in found]

    assert [item for item, _, _ in related("phone")] == ["best", "case"]
    assert related("phone", "--kind", "purchase", "--after") == [("case", 1, 2)]
    assert related("case", "--kind", "purchase", "--after") == []
    assert related("phone", "--kind", "purchase", "--kind", "view", "--similarity", "lift") == [
        ("best", 1, 4),
        ("case", 1, 2),
    ]
    wrong = graphrec(tmp_path, "related", "phone", "--store", url, "--kind", "purchaze")
    assert "no event is of kind 'purchaze': did you mean 'purchase'?" in error_line(wrong)
    wrong = graphrec(tmp_path, "related", "phone", "--kind", "purchase")
    assert "add --store" in error_line(wrong)


def test_related_people_are_those_who_like_both(trained: Path) -> None:
    fans: dict[str, set[str]] = {}
    for user, item, stars, _ in ratings():
        if stars >= 3.5:
            fans.setdefault(item, set()).add(user)
    for entry in graphrec(trained, "related", "i07", "--json").json():
        assert entry["people"] == len(fans["i07"] & fans[entry["item"]])
        expected = entry["people"] / (len(fans["i07"]) * len(fans[entry["item"]])) ** 0.5
        assert entry["score"] == pytest.approx(expected)


@pytest.mark.slow
def test_related_by_embedding_counts_no_people(trained: Path, loaded: Path) -> None:
    found = graphrec(trained, "related", "i00", "--by", "embedding", "-k", "3", "--json").json()
    assert len(found) == 3
    assert "i00" not in {entry["item"] for entry in found}
    assert {entry["people"] for entry in found} == {None}
    store = f"sqlite:///{loaded / 'graphrec.db'}"
    refused = graphrec(trained, "related", "i00", "--by", "embedding", "--store", store)
    assert refused.code == 1
    assert "--store holds no embeddings" in refused.err


@pytest.mark.slow
def test_similarity_and_support_are_asked_of_the_store(trained: Path, loaded: Path) -> None:
    options = ["related", "i00", "--store", f"sqlite:///{loaded / 'graphrec.db'}", "--json"]
    cosine = graphrec(trained, *options).json()
    jaccard = graphrec(trained, *options, "--similarity", "jaccard").json()
    assert [entry["score"] for entry in cosine] != [entry["score"] for entry in jaccard]
    most = max(entry["people"] for entry in cosine)
    strict = graphrec(trained, *options, "--min-support", str(most)).json()
    assert {entry["people"] for entry in strict} == {most}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["explain", "zoe", "i00"], "user 'zoe' is unknown"),
        (["explain", "u00", "i99"], "item 'i99' is unknown"),
        (["related", "i99"], "item 'i99' is unknown"),
        (["recommend"], "a user or --item"),
        (["recommend", "u00", "--item", "i00"], "a user or --item"),
        (["recommend", "u00", "--snapshots", "nowhere"], "graphrec train"),
        (["recommend", "u00", "--settings", "nowhere.toml"], "'nowhere.toml' is not there"),
        (["evaluate", "--models", "item-nn"], "model 'item-nn' is unknown"),
        (["evaluate", "--train", "events.csv"], "--train and --test go together"),
        (["serve", "--settings", "nowhere.toml"], "'nowhere.toml' is not there"),
    ],
)
@pytest.mark.slow
def test_an_error_is_one_line_and_status_1(
    trained: Path, arguments: list[str], message: str
) -> None:
    answer = graphrec(trained, *arguments)
    assert (answer.code, answer.out) == (1, "")
    assert message in error_line(answer)


@pytest.mark.parametrize(
    "arguments",
    [
        ["recommend", "u00", "-k", "0"],
        ["recommend", "u00", "-k", "many"],
        ["related", "i00", "-k", "-1"],
        ["related", "i00", "--by", "magic"],
        ["explain", "u00"],
        ["train", "--seed", "-1"],
        ["serve", "--port", "70000"],
        ["recommed", "u00"],
    ],
)
@pytest.mark.slow
def test_wrong_usage_says_what_was_expected_and_is_status_2(
    trained: Path, arguments: list[str]
) -> None:
    answer = graphrec(trained, *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert re.search(r"Usage: .*graphrec", answer.err)


def test_a_wrong_setting_is_named_by_every_command(fresh: Path) -> None:
    (fresh / "graphrec.toml").write_text("[serve]\nprot = 9000\n")
    for arguments in (["ingest", "events.csv"], ["train"], ["recommend", "u00"], ["serve"]):
        answer = graphrec(fresh, *arguments)
        assert answer.code == 1
        assert "'serve.prot'" in answer.err


# evaluate


def parts(folder: Path) -> dict[str, Path]:
    """The ratings as a split that someone brings: train, valid and test by time."""
    rows = ratings()
    cuts: dict[str, list[Rating]] = {
        "train": rows[:380], "valid": rows[380:430], "test": rows[430:],
    }  # fmt: skip
    return {
        name: write_csv(folder / f"{name}.csv", "user,item,rating,timestamp", part)
        for name, part in cuts.items()
    }


def assert_shape(figures: dict[str, Any], names: list[str], k: int) -> None:
    """What `--json` promises: other programs measure by it."""
    assert [entry["model"] for entry in figures["models"]] == names
    for entry in figures["models"]:
        assert {"model", "metrics", "fit_seconds", "score_seconds", "peak_mib"} <= set(entry)
        for metric in ("recall", "ndcg", "hit", "mrr", "map", "precision", "coverage"):
            assert set(entry["metrics"][f"{metric}@{k}"]) == {"value", "low", "high"}
        for metric in ("recall", "ndcg"):
            values = entry["metrics"][f"{metric}@{k}"]
            assert 0 <= values["low"] <= values["value"] <= values["high"] <= 1
        assert entry["fit_seconds"] >= 0
        assert entry["score_seconds"] > 0
        assert entry["peak_mib"] is None or 10 < entry["peak_mib"] < 10_000


@pytest.mark.slow
def test_evaluate_takes_a_split_that_a_user_brings(fresh: Path) -> None:
    files = parts(fresh)
    out = fresh / "new" / "figures.json"
    answer = graphrec(
        fresh, "evaluate", "--train", files["train"], "--test", files["test"], "--models",
        f"popularity,item-knn,{installed('mf')}", "--k", "7", "--seed", "5", "--json", out,
    )  # fmt: skip
    assert answer.code == 0, answer.err
    figures = json.loads(out.read_bytes())
    assert_shape(figures, ["popularity", "item-knn", "mf"], 7)
    assert (figures["protocol"], figures["k"], figures["seed"]) == ("given", 7, 5)
    assert figures["train"] == 380
    likes = [stars for *_, stars, _ in ratings()[430:] if stars >= 3.5]
    assert figures["test"] + figures["repeats"] == len(likes)
    for entry in figures["models"]:
        assert entry["model"] in answer.out
        assert f"{entry['metrics']['ndcg@7']['value']:.4f}" in answer.out
    by_name = {entry["model"]: entry for entry in figures["models"]}
    assert by_name["mf"]["epochs"] in (1, 2)
    assert by_name["item-knn"]["epochs"] is None
    knn, popular = (by_name[n]["metrics"]["recall@7"]["value"] for n in ("item-knn", "popularity"))
    assert knn > popular  # two tastes, which popularity cannot tell apart


@pytest.mark.slow
def test_without_dgl_the_models_that_there_are_are_compared(fresh: Path) -> None:
    """DGL has no wheels for newer Pythons: what needs nothing else must run there as it is."""
    files = parts(fresh)
    code = "import sys; sys.modules['dgl'] = None; from graphrec.cli.main import main; main()"
    options = ["--train", str(files["train"]), "--test", str(files["test"]), "--json", "found.json"]
    done = subprocess.run(
        [sys.executable, "-c", code, "evaluate", *options],
        cwd=fresh, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    names = [entry["model"] for entry in json.loads((fresh / "found.json").read_bytes())["models"]]
    assert {"popularity", "item-knn", "user-knn"} <= set(names)
    assert "graphsage" not in names


@pytest.mark.slow
def test_one_seed_gives_one_evaluation(fresh: Path) -> None:
    files = parts(fresh)

    def figures(seed: int) -> Any:
        out = fresh / "figures.json"
        options = ("--models", installed("mf"), "--seed", str(seed), "--json", out)
        graphrec(fresh, "evaluate", "--train", files["train"], "--test", files["test"], *options)
        return json.loads(out.read_bytes())["models"][0]["metrics"]

    first = figures(1)
    assert first == figures(1)
    assert first != figures(2)


@pytest.mark.slow
def test_a_validation_file_chooses_epochs_and_items_give_features(fresh: Path) -> None:
    files = parts(fresh)
    out = fresh / "figures.json"
    arguments: list[str | Path] = [
        "evaluate", "--train", files["train"], "--valid", files["valid"], "--test", files["test"],
        "--items", fresh / "items.csv", "--models", installed("graphsage"), "--json", out,
    ]  # fmt: skip
    answer = graphrec(fresh, *arguments)
    assert answer.code == 0, answer.err
    figures = json.loads(out.read_bytes())
    assert_shape(figures, ["graphsage"], 10)
    assert figures["train"] == 380  # the validation file is beside it, not part of it
    assert figures["valid"] == sum(stars >= 3.5 for _, _, stars, _ in ratings()[380:430])
    without = [option for option in arguments if option not in ("--items", fresh / "items.csv")]
    assert graphrec(fresh, *without).code == 0
    plain = json.loads(out.read_bytes())
    assert plain["models"][0]["metrics"] != figures["models"][0]["metrics"]


def test_links_are_read_beside_the_training_events(fresh: Path) -> None:
    files = parts(fresh)
    makers = write_csv(fresh / "makers.csv", "item,brand", [("i1", "acme"), ("i2", "acme")])
    split = ["--train", files["train"], "--test", files["test"], "--models", "popularity"]
    given = graphrec(fresh, "evaluate", *split, "--links", f"item:by:brand={makers}")
    assert given.code == 0, given.err
    missing = graphrec(fresh, "evaluate", *split, "--links", "item:by:brand=none.csv")
    assert "none.csv" in error_line(missing)
    alone = graphrec(fresh, "evaluate", "--links", f"item:by:brand={makers}")
    assert "load them with `graphrec ingest --links`" in error_line(alone)


def test_cold_items_among_the_others(loaded: Path, tmp_path: Path) -> None:
    out = tmp_path / "figures.json"
    answer = graphrec(
        loaded, "evaluate", "--protocol", "overall", "--models", "popularity,random", "--json", out
    )
    assert answer.code == 0, answer.err
    assert "cold in the list" in answer.out
    slices = json.loads(out.read_bytes())["models"][0]["slices"]
    assert slices["cold_alone"]["users"] == slices["cold_items"]["users"] > 0
    refused = graphrec(loaded, "evaluate", "--protocol", "overall", "--valid", "x.csv")
    assert refused.code == 1


@pytest.mark.parametrize("protocol", ["temporal", "leave-last-out"])
def test_evaluate_splits_what_is_in_the_store(loaded: Path, tmp_path: Path, protocol: str) -> None:
    out = tmp_path / "figures.json"
    answer = graphrec(
        loaded, "evaluate", "--protocol", protocol, "--models", "popularity,user-knn", "--json", out
    )
    assert answer.code == 0, answer.err
    figures = json.loads(out.read_bytes())
    assert_shape(figures, ["popularity", "user-knn"], 10)
    assert figures["protocol"] == protocol
    if protocol == "leave-last-out":
        assert figures["test"] == figures["test_users"] == 40
    else:
        with inside(loaded), open_store("sqlite:///graphrec.db", load_settings().kinds) as store:
            graph = weigh(store.read_graph(), load_settings().kinds)
        assert figures["cutoff"] == temporal(graph, 0.1).cutoff


def test_how_late_a_test_event_is_changes_nothing_that_is_learnt(fresh: Path) -> None:
    """A half-life counts from the cutoff: on that day nobody knew when the next event would be."""
    (fresh / "graphrec.toml").write_text("[kinds.view]\nhalf_life_days = 10\n")

    def recall(last_day: int) -> float:
        day = 20_000 * DAY  # in 2024
        seen = [(user, "film", "view", day + 100 * DAY) for user in ("ann", "bob", "cat")]
        bought = [("ann", "book", "buy", day + 101 * DAY), ("dan", "tea", "view", day + 101 * DAY)]
        tested = ("dan", "film", "view", day + last_day * DAY)
        log = write_csv(fresh / "log.csv", "user,item,kind,timestamp", [*seen, *bought, tested])
        store = f"sqlite:///{last_day}.db"
        assert graphrec(fresh, "ingest", log, "--store", store).code == 0
        options = ("--store", store, "--models", "popularity", "-k", "1", "--json", "found.json")
        assert graphrec(fresh, "evaluate", *options).code == 0
        found = json.loads((fresh / "found.json").read_bytes())
        assert (found["test"], found["cutoff"]) == (1, (20_000 + last_day) * DAY * 1000)
        value: float = found["models"][0]["metrics"]["recall@1"]["value"]
        return value

    assert recall(last_day=102) == recall(last_day=160) == 1


def test_bad_rows_of_a_split_are_set_aside(fresh: Path) -> None:
    files = parts(fresh)
    with files["test"].open("a") as file:
        file.write(",i00,5,1800000000\n")
    options = ("--train", files["train"], "--test", files["test"], "--models", "popularity")
    assert graphrec(fresh, "evaluate", *options).code == 1  # one of 51: more than the settings say
    assert "missing user id" in (fresh / "rejects" / "test.csv").read_text()
    (fresh / "graphrec.toml").write_text(f"{TOML}\n[ingest]\nmax_rejected_share = 0.1\n")
    assert graphrec(fresh, "evaluate", *options).code == 0


# tune


def tuned(folder: Path, *arguments: str | Path) -> dict[str, Any]:
    """What `graphrec tune` writes as JSON."""
    pytest.importorskip("optuna")
    answer = graphrec(folder, "tune", *arguments, "--json", "tuned.json")
    assert answer.code == 0, answer.err
    figures: dict[str, Any] = json.loads((folder / "tuned.json").read_bytes())
    return figures


@pytest.mark.slow
def test_tune_prints_the_best_and_adds_it_to_the_settings(loaded: Path, tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    store = ("--store", f"sqlite:///{loaded / 'graphrec.db'}")
    before = TOML + "[models.user-knn]\nneighbours = 1  # too few\n"
    (tmp_path / "graphrec.toml").write_text(before)
    arguments = ("tune", "item-knn", "--trials", "12", "-k", "5", "--json", "all.json", *store)
    answer = graphrec(tmp_path, *arguments, "--write", "graphrec.toml")
    assert answer.code == 0, answer.err
    assert "Best trials of item-knn, on validation" in answer.out
    assert re.search(r"^ *0 default +0\.\d{4}", answer.out, re.MULTILINE)
    assert "What mattered" in answer.out
    figures = json.loads((tmp_path / "all.json").read_bytes())
    assert (figures["model"], figures["k"], figures["seed"]) == ("item-knn", 5, 0)
    assert [trial["trial"] for trial in figures["trials"]] == list(range(12))
    assert figures["default"] == figures["trials"][0]
    assert figures["default"]["setting"]["neighbours"] == 400
    assert figures["best"]["ndcg"] == max(trial["ndcg"] for trial in figures["trials"])
    assert figures["best"]["ndcg"] > figures["default"]["ndcg"]
    written = (tmp_path / "graphrec.toml").read_text()
    assert written.startswith(before)
    section = written.removeprefix(before).strip()
    assert section in answer.out
    assert "[models.item-knn]" in section
    with inside(tmp_path):
        assert load_settings().models["item-knn"] == figures["best"]["setting"]
    again = graphrec(tmp_path, *arguments, "--write", "graphrec.toml")
    assert "[models.item-knn] cannot be added" in error_line(again)
    assert (tmp_path / "graphrec.toml").read_text() == written


def test_tune_does_not_look_at_the_test_part(fresh: Path) -> None:
    """Other test events, the same search: neither is learnt from them, nor are they judged by."""
    rows = ratings()
    # Items that they have not met: another rating of one would take the place of the first.
    met = {(user, item) for user, item, *_ in rows}
    turned = [
        (user, item if (user, other) in met else other, *rest)
        for user, item, *rest in rows[440:]
        for other in [f"i{29 - int(item[1:]):02}"]
    ]
    found = []
    for name, late in (("a", rows[440:]), ("b", turned)):
        write_csv(fresh / "log.csv", "user,item,rating,timestamp", [*rows[:440], *late])
        store = ("--store", f"sqlite:///{name}.db")
        assert graphrec(fresh, "ingest", "log.csv", *store).code == 0
        figures = tuned(fresh, "user-knn", "--trials", "4", *store)
        found.append([(trial["setting"], trial["ndcg"]) for trial in figures["trials"]])
    assert found[0] == found[1]


def test_tune_learns_from_a_file_and_keeps_what_is_not_searched(fresh: Path) -> None:
    files = parts(fresh)
    settings = '[models.item-knn]\nsimilarity = "jaccard"\nneighbours = 5\n'
    (fresh / "graphrec.toml").write_text(settings)
    options = ("--train", files["train"], "--trials", "4")
    figures = tuned(fresh, "item-knn", *options)
    assert figures["kept"] == {"similarity": "jaccard"}
    assert [trial["setting"]["neighbours"] for trial in figures["trials"][:2]] == [400, 5]
    assert figures["train"] + figures["valid"] <= 380
    again, other = (
        tuned(fresh, "item-knn", *options),
        tuned(fresh, "item-knn", *options, "--seed", "1"),
    )
    settings_of = [[trial["setting"] for trial in f["trials"]] for f in (figures, again, other)]
    assert settings_of[0] == settings_of[1] != settings_of[2]


@pytest.mark.slow
def test_tune_chooses_epochs_within_each_trial(fresh: Path) -> None:
    model = installed("graphsage")
    files = parts(fresh)
    options = ("--train", files["train"], "--items", "items.csv", "--trials", "2")
    figures = tuned(fresh, model, *options)
    assert figures["kept"]["epochs"] == 2  # at most, as the settings say
    assert {trial["epochs"] for trial in figures["trials"]} <= {1, 2}
    assert "epochs" not in figures["best"]["setting"]


def test_tune_says_so_where_the_defaults_are_best(loaded: Path, tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    store = ("--store", f"sqlite:///{loaded / 'graphrec.db'}")
    answer = graphrec(tmp_path, "tune", "ease", "--trials", "1", *store, "--write", "new.toml")
    assert answer.code == 0, answer.err
    assert "Keep the defaults: no trial was better" in answer.out
    assert not (tmp_path / "new.toml").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fusion"], "model 'fusion' is unknown"),
        (["item-knn", "--items", "items.csv"], "need --train"),
        (["item-knn", "--train", "events.csv", "--store", "sqlite:///x.db"], "exclude each other"),
        (["item-knn", "--store", "sqlite:///nowhere.db"], "nowhere.db"),
        (["mf", "--write", "graphrec.toml"], "[models.mf] cannot be added"),
    ],
)
def test_what_tune_cannot_do_is_one_line_and_status_1(
    fresh: Path, arguments: list[str], message: str
) -> None:
    installed("mf")
    answer = graphrec(fresh, "tune", *arguments)
    assert (answer.code, answer.out) == (1, "")
    assert message in error_line(answer)


# serve and demo


@contextmanager
def process(
    folder: Path, *arguments: str, **environment: str
) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """The command in a process of its own, and the file that takes what it says."""
    log = folder / "process.log"
    with log.open("w") as file:
        running = subprocess.Popen(
            [sys.executable, "-c", "from graphrec.cli.main import main; main()", *arguments],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **environment},
            stdout=file,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield running, log
        finally:
            running.kill()
            running.wait(timeout=30)


def address(running: subprocess.Popen[str], log: Path) -> str:
    """Where the server listens, once it does."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        if found := re.search(r"running on (http://127\.0\.0\.1:\d+)", log.read_text()):
            return found[1]
        assert running.poll() is None, log.read_text()
        time.sleep(0.05)
    raise AssertionError(f"no address after five minutes: {log.read_text()}")


def assert_light(running: subprocess.Popen[str]) -> None:
    """The process that serves has loaded nothing that trains; as its memory shows, on Linux."""
    maps = Path(f"/proc/{running.pid}/maps")
    if maps.exists():
        held = maps.read_text()
        assert "faiss" in held
        assert not re.search(r"site-packages/(torch|dgl|pandas)\b", held)


@pytest.mark.slow
@pytest.mark.slow
def test_serve_answers_and_stops_when_it_is_told_to(trained: Path) -> None:
    with process(trained, "serve", "--port", "0") as (running, log):
        url = address(running, log)
        with httpx.Client(base_url=url, timeout=30) as client:
            assert client.get("/health/live").status_code == 200
            assert client.get("/health/ready").status_code == 200
            listed = client.get("/v1/users/u00/recommendations", params={"k": 3}).json()
            item = listed["recommendations"][0]["item"]
            near = client.get(f"/v1/items/{item}/related", params={"k": 3}).json()
            why = client.get(f"/v1/users/u00/recommendations/{item}/explanation").json()
        assert_light(running)
        running.send_signal(signal.SIGTERM)
        assert running.wait(timeout=30) in (0, 143, -signal.SIGTERM)
        assert "Traceback" not in log.read_text()
    version = (trained / "snapshots" / "current").read_text().strip()
    assert {listed["version"], near["version"], why["version"]} == {version}
    by_command = graphrec(trained, "recommend", "u00", "-k", "3", "--json").json()
    assert [r["item"] for r in listed["recommendations"]] == [r["item"] for r in by_command]
    related = graphrec(trained, "related", item, "-k", "3", "--json").json()
    assert [r["item"] for r in near["related"]] == [r["item"] for r in related]
    assert why["explanation"]["rank"] == 1


def movielens(folder: Path) -> Path:
    """The small shop in the form of ml-latest-small."""
    folder.mkdir()
    rows = [(user[1:], int(item[1:]) + 1, stars, when) for user, item, stars, when in ratings()]
    write_csv(folder / "ratings.csv", "userId,movieId,rating,timestamp", rows)
    movies = [(n + 1, f"Film {n} (199{n % 10})", GENRES[n % 2]) for n in range(30)]
    write_csv(folder / "movies.csv", "movieId,title,genres", movies)
    return folder


@pytest.mark.slow
def test_demo_goes_the_whole_way_and_can_be_run_again(fresh: Path) -> None:
    installed("graphsage")
    movielens(fresh / "films")
    answer = graphrec(fresh, "demo", "--dataset", "films", "--no-serve")
    assert answer.code == 0, answer.err
    for model in ("popularity", "item-knn", "user-knn", "mf", "graphsage", "fusion"):
        assert re.search(rf"^\W*{model}\b.*0\.\d{{4}}", answer.out, re.MULTILINE), model
    [(user, table)] = re.findall(
        r"Five recommendations for user (\S+)(.*)More: ", answer.out, re.DOTALL
    )
    assert len(re.findall(r"Film \d+ .*(liked|similar to)", table)) == 5
    assert f"graphrec recommend {user} --snapshots" in answer.out
    more = graphrec(fresh, "recommend", user, "--snapshots", "demo/snapshots", "-k", "5", "--json")
    assert all(entry["title"] in table for entry in more.json())
    store = f"sqlite:///{fresh / 'demo' / 'graphrec.db'}"
    before = graphrec(fresh, "inspect", "--store", store, "--json").json()
    assert before["nodes"] == {"user": 40, "item": 30, "genre": 3}
    again = graphrec(fresh, "demo", "--dataset", "films", "--no-serve", "--user", "03")
    assert again.code == 0, again.err
    assert "Five recommendations for user 03" in again.out
    assert graphrec(fresh, "inspect", "--store", store, "--json").json() == before
    assert len([p for p in (fresh / "demo" / "snapshots").iterdir() if p.is_dir()]) == 2


@pytest.mark.slow
def test_demo_serves_what_it_tells_people_to_try(fresh: Path) -> None:
    installed("mf")
    movielens(fresh / "films")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    shop = "--dataset", "films"
    with process(fresh, "demo", *shop, GRAPHREC_SERVE__PORT=port) as (running, log):
        url = address(running, log)
        assert url.endswith(f":{port}")
        assert "s  publishing" in log.read_text()
        tried = re.findall(r"curl '([^']+)'", log.read_text())
        assert len(tried) == 3
        for route in tried:
            assert route.startswith(url)
            assert httpx.get(route, timeout=30).status_code == 200, route
        sent = re.findall(r"curl -X (\S+) '(\S+)' -H '(\S+): (\S+)' -d '(.+)'", log.read_text())
        assert [method for method, *_ in sent] == ["POST", "PUT"]
        for method, route, name, value, body in sent:
            answer = httpx.request(method, route, headers={name: value}, content=body, timeout=30)
            assert answer.status_code == 200, answer.text
        again = graphrec(fresh, "demo", *shop, "--port", port)
        assert (again.code, again.out) == (1, "")  # before minutes of work
        assert f"port {port} of 127.0.0.1" in error_line(again)
        assert_light(running)
        running.send_signal(signal.SIGTERM)
        assert running.wait(timeout=30) in (0, 143, -signal.SIGTERM)
    # The second time it serves what is there, with what was sent.
    with process(fresh, "demo", *shop, "--port", "0") as (running, log):
        url = address(running, log)
        assert "--again makes it again" in log.read_text()
        assert "publishing" not in log.read_text()
        [serving] = re.findall(r"Serving at (\S+);", log.read_text())
        assert serving == url
        assert httpx.get(f"{url}/v1/items/mine").json()["title"] == "A film of mine"
    assert len([p for p in (fresh / "demo" / "snapshots").iterdir() if p.is_dir()]) == 1
    movielens(fresh / "others")
    other = graphrec(fresh, "demo", "--dataset", "others", "--no-serve")
    assert "choose another with --folder" in error_line(other)


def test_demo_of_no_data_set_says_what_there_is(fresh: Path) -> None:
    answer = graphrec(fresh, "demo", "--dataset", "nowhere", "--no-serve")
    assert answer.code == 1
    assert "ml-100k" in answer.err


def test_a_log_without_times_goes_the_whole_way(fresh: Path) -> None:
    """Models are compared on held-out blocks where there is no time to split at."""
    pairs = [(f"u{u}", f"i{i}") for u in range(16) for i in range(u % 2, 16, 2) if (u + 3 * i) % 5]
    write_csv(fresh / "plain.csv", "user,item", pairs)
    assert graphrec(fresh, "ingest", "plain.csv").code == 0
    trained = graphrec(fresh, "train", "--models", "popularity,item-knn", "--embedding", "none")
    assert "Models on a blocked split" in trained.out, trained.err
    found = graphrec(fresh, "recommend", "u3", "-k", "1", "--json").json()
    assert {int(r["item"][1:]) % 2 for r in found} == {1}


def test_titles_that_look_like_markup_are_shown_as_they_are(fresh: Path) -> None:
    write_csv(fresh / "items.csv", "item,title", [("i1", "T [/b] 3"), ("i2", "[red]")])
    events = [(f"u{u}", item) for u in range(3) for item in ("i1", "i2")] + [("u9", "i1")]
    write_csv(fresh / "plain.csv", "user,item", events)
    assert graphrec(fresh, "ingest", "plain.csv", "--items", "items.csv").code == 0
    assert graphrec(fresh, "train", "--models", "none", "--embedding", "none").code == 0
    assert "[red]" in graphrec(fresh, "related", "i1").out
    assert "T [/b] 3" in graphrec(fresh, "related", "i2").out
    assert "[red] for user u9" in graphrec(fresh, "explain", "u9", "i2").out
    assert graphrec(fresh, "recommend", "[/x]").code == 0


@pytest.mark.slow
def test_evaluate_places_test_items_among_given_negatives(fresh: Path) -> None:
    """The NCF protocol: ratings count as likes whatever their value; epochs are chosen alike."""
    rows = ratings()
    last = {row[0]: row for row in rows}  # by user; rows are in order of time
    met = {user: {item for u, item, *_ in rows if u == user} for user in last}
    train, test = [row for row in rows if row != last[row[0]]], list(last.values())
    files = [write_csv(fresh / f"{name}.csv", "user,item,rating,timestamp", part)
             for name, part in (("train", train), ("test", test))]  # fmt: skip
    unmet = {u: [f"i{i:02}" for i in range(30) if f"i{i:02}" not in met[u]][:9] for u in last}
    negatives = fresh / "negatives"
    negatives.write_text(
        "".join("\t".join([f"({u},{last[u][1]})", *unmet[u]]) + "\n" for u in last)
    )
    arguments = ["evaluate", "--train", files[0], "--test", files[1], "--negatives", negatives]
    answer = graphrec(
        fresh,
        *arguments,
        "--models",
        f"popularity,item-knn,{installed('mf')}",
        "--json",
        "out.json",
    )
    assert answer.code == 0, answer.err
    assert "among 10 candidates" in answer.out.replace("\n", " ")
    figures = json.loads((fresh / "out.json").read_bytes())
    assert (figures["protocol"], figures["train"], figures["test"]) == ("ncf", 440, 40)
    assert figures["valid"] == 40
    for entry in figures["models"]:
        assert set(entry["metrics"]) == {"recall@10", "ndcg@10", "hit@10"}
        assert entry["metrics"]["hit@10"]["value"] == 1  # of ten candidates
    popular, knn, mf = figures["models"]
    assert knn["metrics"]["ndcg@10"]["value"] > popular["metrics"]["ndcg@10"]["value"]
    assert mf["epochs"] in (1, 2)
    assert "exclude each other" in graphrec(fresh, *arguments, "--valid", files[1]).err
    assert "go together" in graphrec(fresh, "evaluate", "--negatives", negatives).err
