"""Ids that look like nothing, or like others."""

from __future__ import annotations

import pytest

from graphrec.data.odd_ids import spelled_as_nothing, spelling_match, spellings


@pytest.mark.parametrize(
    "word", ["NULL", "null", "NaN", "None", r"\N", "undefined", " N/A ", "<NA>"]
)
def test_words_for_nothing(word: str) -> None:
    assert spelled_as_nothing(word) == word.strip()


def test_what_is_empty_or_a_fine_id() -> None:
    assert spelled_as_nothing(None) == spelled_as_nothing("  ") == "(empty)"
    for fine in ("0", "nullable", "Nan Goldin", "none-such", 0, 17):
        assert spelled_as_nothing(fine) is None


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        ("a1", "A1", "upper and lower case"),
        ("007", "7", "leading zeros"),
        ("12", "12.0", "a .0 at the end"),
        ("ab 1", "ab1", "blanks"),
        ("cafe\u0301", "caf\u00e9", "the Unicode form"),
        ("0A", "a", "several of these"),
    ],
)
def test_spellings_of_one_id(one: str, other: str, why: str) -> None:
    [found] = spellings([one, "else", other, "0", "1.5"])
    assert (found.differ_by, found.groups) == (why, 1)
    assert set(found.examples[0]) == {one, other}


def test_different_ids_are_no_spellings() -> None:
    assert spellings(["1", "10", "100", "1.5", "15", "0", "a-b", "ab", "1e5", "100000"]) == ()


@pytest.mark.parametrize(
    ("ids", "others", "why"),
    [
        (["0195", "0200"], ["195", "200", "3"], "leading zeros"),
        (["B0a", "B0b"], ["b0A", "b0B"], "upper and lower case"),
        (["1.0", "2.0"], ["1", "2"], "a .0 at the end"),
        (["1", "2"], ["1.0", "2.0"], "a .0 at the end"),
        (["978-3-16", "978-3-17"], ["978316", "978317"], "hyphens"),
        (["'1'", "'2'"], ["1", "2"], "quotes around them"),
        (["item_12", "item_13"], ["12", "13"], "a prefix"),
        (["12", "13"], ["m12", "m13"], "a prefix"),
    ],
)
def test_what_sets_files_apart(ids: list[str], others: list[str], why: str) -> None:
    found = spelling_match(ids, others)
    assert found is not None
    assert (found.differ_by, found.ids) == (why, len(ids))
    assert found.examples[0] == (ids[0], others[0])


def test_files_of_different_things() -> None:
    assert spelling_match(["abc", "def"], ["1", "2"]) is None
