"""The report of `graphrec ingest` and `inspect`: what stops a load, and the same in the docs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from graphrec.data.doubts import CODES
from tests.support.command import error_line, fill, graphrec
from tests.support.paths import ROOT

DOCUMENT = (ROOT / "docs" / "data.md").read_text("utf-8")
ML_100K = Path("~/.cache/graphrec/ml-100k").expanduser()


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    return fill(tmp_path / "shop")


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def doubtful(folder: Path) -> None:
    (folder / "log.csv").write_text("user,item,rating\na,x,8\nb,y,3\n,z,9\n")


def test_a_dry_run_writes_nothing(fresh: Path) -> None:
    before = files(fresh)
    answer = graphrec(fresh, "ingest", "events.csv", "--items", "items.csv", "--dry-run", "--json")
    said = answer.json()
    assert files(fresh) == before
    assert said["dry_run"] is True
    assert (said["loaded"], said["store"]) == ({}, {})
    assert set(said["sources"]) == {"events", "item"}
    assert said["sources"]["item"]["attributes"]["genres"]["kind"] == "tags"
    assert said["matches"][0]["known"] == 1


def test_a_dry_run_leaves_a_store_as_it_is(fresh: Path) -> None:
    assert graphrec(fresh, "ingest", "events.csv").code == 0
    store = (fresh / "graphrec.db").read_bytes()
    (fresh / "more.csv").write_text("user,item,rating,timestamp\nnew,i01,5,1600000000\n")
    answer = graphrec(fresh, "ingest", "more.csv", "--dry-run")
    assert answer.code == 0, answer.err
    assert "Nothing was written" in answer.out
    assert (fresh / "graphrec.db").read_bytes() == store


def test_a_dry_run_says_what_would_be_refused_after_its_report(fresh: Path) -> None:
    doubtful(fresh)
    answer = graphrec(fresh, "ingest", "log.csv", "--dry-run")
    assert answer.code == 1
    assert "Kinds of events" in answer.out
    assert "1 of 3 rows cannot be used" in error_line(answer)
    assert "rejects" not in files(fresh)
    assert graphrec(fresh, "ingest", "log.csv", "--dry-run", "--max-rejected", "0.5").code == 0


def test_strict_makes_warnings_errors_before_anything_is_written(fresh: Path) -> None:
    doubtful(fresh)
    options = ("ingest", "log.csv", "--max-rejected", "0.5")
    refused = graphrec(fresh, *options, "--strict")
    assert refused.code == 1
    assert "warning [threshold_off_scale]" in refused.out
    assert "1 warning (threshold_off_scale)" in error_line(refused)
    assert "graphrec.db" not in files(fresh)
    accepted = graphrec(fresh, *options, "--strict", "--accept", "threshold_off_scale", "--json")
    assert accepted.json()["warnings"] == []
    assert accepted.json()["loaded"]["events"]["new"] == 2
    answer = graphrec(fresh, *options)
    assert answer.code == 0
    assert "warning [threshold_off_scale]" in answer.out


def test_a_threshold_in_the_settings_settles_a_warning(fresh: Path) -> None:
    doubtful(fresh)
    with (fresh / "graphrec.toml").open("a") as settings:
        settings.write("\n[kinds.rating]\nthreshold = 7\n")
    options = ("ingest", "log.csv", "--max-rejected", "0.5", "--strict", "--json")
    said = graphrec(fresh, *options).json()
    assert said["sources"]["events"]["kinds"]["rating"]["threshold"] == 7


def test_an_unknown_code_is_refused(fresh: Path) -> None:
    answer = graphrec(fresh, "ingest", "events.csv", "--accept", "threshold_of_scale")
    assert answer.code == 1
    assert "did you mean threshold_off_scale?" in error_line(answer)


def test_inspect_says_what_is_held(fresh: Path) -> None:
    assert graphrec(fresh, "ingest", "events.csv", "--items", "items.csv").code == 0
    answer = graphrec(fresh, "inspect")
    assert "positive from 3.5" in answer.out
    said = graphrec(fresh, "inspect", "--json").json()
    assert said["sources"]["events"]["kinds"]["rating"]["counts_as"].startswith("positive")
    assert said["sources"]["item"]["attributes"]["title"]["examples"]
    assert said["sources"]["item"]["bare"] == 0


# The reports in docs/data.md


def block(heading: str, number: int) -> str:
    section = DOCUMENT.partition(f"### {heading}\n")[2].partition("\n### ")[0]
    found: str = re.findall(r"^```\w*\n(.*?)^```", section, re.M | re.S)[number]
    return found


def plain(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines()).strip()


def test_the_report_of_a_messy_file_is_that_of_the_docs(tmp_path: Path) -> None:
    (tmp_path / "loans.csv").write_text(block("A messy file", 0))
    (tmp_path / "books.csv").write_text(block("A messy file", 1))
    command = shlex.split(block("A messy file", 2))[1:]
    answer = graphrec(tmp_path, *command)
    assert plain(answer.out) == plain(block("A messy file", 3))


@pytest.mark.slow
@pytest.mark.skipif(not ML_100K.is_dir(), reason="ml-100k was not downloaded yet")
def test_the_report_of_ml_100k_is_that_of_the_docs(tmp_path: Path) -> None:
    command = shlex.split(block("MovieLens 100K", 0))[1:]
    answer = graphrec(tmp_path, *command)
    said = re.sub(rf"{re.escape(str(Path.home()))}", "~", answer.out)
    # Tables are as wide as the paths in them, which begin with the home folder.
    ours, theirs = (re.sub(r"[ ─]+", " ", plain(t)) for t in (said, block("MovieLens 100K", 1)))
    assert ours == theirs


def test_the_table_of_warnings_is_whole() -> None:
    table = DOCUMENT.partition("### Warnings\n")[2].partition("\n### ")[0]
    assert tuple(re.findall(r"^\| `(\w+)`", table, re.M)) == CODES
