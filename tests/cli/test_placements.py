"""`graphrec placement` and `graphrec export` of lists, related items and embeddings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from graphrec.recommend.recommender import Recommender
from graphrec.settings import load_settings
from graphrec.snapshot.registry import publish
from tests.support.command import error_line, graphrec, inside
from tests.support.placed import shop

TOML = """
[[rules]]
name = "in stock"
action = "require"
attribute = "stock"
least = 1

[placements.also-bought]
fields = ["price"]

[placements.shelf]
type = "popular"
kinds = ["view"]
caps = { brand = 1 }

[reasons.fr]
popular = "{people} clients l'aiment"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with settings and a published snapshot. Tests leave it as it is."""
    found = tmp_path_factory.mktemp("placements")
    publish(shop(), found / "snapshots")
    (found / "graphrec.toml").write_text(TOML)
    return found


def test_a_list_with_its_fields(folder: Path) -> None:
    answer = graphrec(folder, "placement", "also-bought", "--item", "phone", "--json")
    assert [each["item"] for each in answer.json()["recommendations"]] == ["charger"]
    assert answer.json()["recommendations"][0]["fields"] == {"price": 20.0}
    table = graphrec(folder, "placement", "also-bought", "--item", "phone").out
    assert "also bought it" in " ".join(table.split())
    assert "price" in table


def test_one_of_ones_own(folder: Path) -> None:
    answer = graphrec(folder, "placement", "shelf", "--where", "category=home", "--json")
    assert [each["item"] for each in answer.json()["recommendations"]] == ["lamp"]
    names = graphrec(folder, "placement", "--json").json()
    assert names["shelf"]["caps"] == {"brand": 1}
    assert "trending" in names


def test_rules_hold_in_recommend_and_related(folder: Path) -> None:
    found = graphrec(folder, "recommend", "gus", "-k", "9", "--json").json()
    assert "cable" not in {each["item"] for each in found}
    found = graphrec(folder, "related", "charger", "--json").json()
    assert "cable" not in {each["item"] for each in found}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("placement", "also-bougth"), "did you mean 'also-bought'?"),
        (("placement", "cart"), "give item or items"),
        (("placement", "popular", "--where", "home"), "expected NAME=VALUE"),
        (("export", "--placement", "for-you"), "with --out FILE"),
        (("export", "--related", "--embeddings", "--out", "a.csv"), "expected one of"),
        (("export", "--embeddings", "--out", "a.csv"), "has no embeddings"),
        (("export", "--related", "--out", "a.xls"), "ends in .parquet, .csv, .jsonl"),
        (("export", "--placement", "popular", "--out", "a.csv", "--users", "no.txt"), "'no.txt'"),
    ],
)
def test_errors(folder: Path, arguments: tuple[str, ...], said: str) -> None:
    answer = graphrec(folder, *arguments)
    assert answer.code == 1
    assert said in error_line(answer)


def test_export_writes_the_lists_that_python_makes(folder: Path) -> None:
    asked = ("export", "--placement", "for-you", "--k", "4", "--users", "all", "--workers", "1")
    answer = graphrec(folder, *asked, "--reasons", "--out", "lists.jsonl")
    assert answer.code == 0, answer.err
    rows = [json.loads(line) for line in (folder / "lists.jsonl").read_text().splitlines()]
    with inside(folder):
        engine = Recommender.serving(shop(), load_settings())
    for user in engine.everyone:
        mine = [(row["item"], row["reason"]) for row in rows if row["user"] == user]
        expected = engine.placement("for-you", user, k=4)
        assert mine == [(each.item, each.reason) for each in expected]
    assert "cable" not in {row["item"] for row in rows}


def test_export_for_some_and_of_items(folder: Path) -> None:
    (folder / "some.txt").write_text("bob\nnobody\n")
    asked = ("export", "--placement", "shelf", "--users", "some.txt", "--out", "some.csv")
    assert graphrec(folder, *asked, "--workers", "1").code == 0
    header, *rows = (folder / "some.csv").read_text().splitlines()
    assert header == "user,rank,item,score"
    assert {row.split(",")[0] for row in rows} == {"bob", "nobody"}
    assert graphrec(folder, "export", "--related", "--out", "related.csv", "--k", "3").code == 0
    assert "cable" not in {
        row.split(",")[2] for row in (folder / "related.csv").read_text().split()
    }


@pytest.mark.slow
def test_export_with_several_processes_is_the_same(folder: Path) -> None:
    asked = ("export", "--placement", "popular", "--users")
    ids = "\n".join(f"u{n}" for n in range(4_500))
    (folder / "many.txt").write_text(ids)
    for workers in ("1", "2"):
        out = f"many{workers}.csv"
        answer = graphrec(folder, *asked, "many.txt", "--workers", workers, "--out", out)
        assert answer.code == 0, answer.err
    assert (folder / "many1.csv").read_text() == (folder / "many2.csv").read_text()
