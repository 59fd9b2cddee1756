"""What is left out, guessed or odd in a file is said in the report."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from graphrec.ingest.encodings import odd_word, recognised

from graphrec.data.dataset import Dataset
from tests.support.command import graphrec


def codes(folder: Path, events: bytes) -> dict[str, str]:
    """The doubts of a log, by code."""
    (folder / "log.csv").write_bytes(events)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        data = Dataset.read(folder / "log.csv")
    assert data.report is not None
    return {doubt.code: str(doubt) for doubt in data.report.doubts}


LOG = "user,item\ncafé,x\nb,thé\n"


@pytest.mark.parametrize(
    ("text", "encoding", "said"),
    [
        (LOG, "latin-1", "café"),
        (LOG, "cp1252", "café"),
        ("user,item\n日本語テスト,x\nb,映画\n", "shift_jis", "cp1252"),
        (LOG, "utf-8", None),
        (LOG, "utf-16", None),
        ("user,item\na,x\n", "ascii", None),
    ],
)
def test_an_encoding_that_was_guessed_shows_a_word(
    tmp_path: Path, text: str, encoding: str, said: str | None
) -> None:
    found = codes(tmp_path, text.encode(encoding)).get("encoding_guessed")
    assert (found is None) == (said is None)
    if said is not None:
        assert said in str(found)
        assert "--encoding" in str(found)


def test_the_word_is_the_first_that_is_odd() -> None:
    head = "id;name\n1;Ann\n2;Zoë B; x".encode("latin-1")
    assert odd_word(head, recognised(head, whole=True)) == "Zoë"
    assert odd_word(b"a,b", "utf-8") == ""


def test_values_that_are_left_out_are_said(tmp_path: Path) -> None:
    rows = "".join(f"i{n},{n}.5\n" for n in range(1001))  # the first thousand tell the kind
    (tmp_path / "items.csv").write_text(f"item,price\nx,1\n{rows}y,free\n")
    report = graphrec(tmp_path, "ingest", "--items", "items.csv", "--json").json()
    [doubt] = [each for each in report["warnings"] if each["code"] == "values_left_out"]
    assert doubt["message"].startswith("1 × price is not a number")
    assert "--attribute" in doubt["settle"]
    assert sum(report["sources"]["item"]["left_out"].values()) == 1


def test_blanks_before_a_quote_are_no_part_of_an_id(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text('user, item, shop\n"a", "x", "1"\n"b", "y, z", "2"\n')
    data = Dataset.read(tmp_path / "log.csv")
    assert data.users.ids == ("a", "b")
    assert data.items.ids == ("x", "y, z")
