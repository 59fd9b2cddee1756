"""Search: which names fit a query, and in which order."""

from __future__ import annotations

from itertools import islice
from time import process_time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.snapshot.search import Search

TITLES = (
    "Aliens",
    "The Alien Inside",
    "Alien",
    "An Inalienable Right",
    "Amélie",
    "Spider-Man: No Way Home",
    "Empire Strikes Back, The",
    "Straße nach Süden",
    "…",
    "Ночной дозор",
)


def find(index: Search, query: str) -> list[int]:
    return [row for _, row in index.ranked(query)]


def search(*titles: str) -> Search:
    rows = np.arange(len(titles), dtype=np.int32)
    return Search.of(rows, ((title, f"id{row}") for row, title in enumerate(titles)))


def found(query: str) -> list[str]:
    return [TITLES[row] for row in find(search(*TITLES), query)]


def test_the_whole_name_comes_first_then_its_beginning_then_a_word_then_any_part():
    expected = ["Alien", "Aliens", "The Alien Inside", "An Inalienable Right"]
    assert found("alien") == expected


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("AMELIE", "Amélie"),
        ("amélie", "Amélie"),
        ("ame\u0301lie", "Amélie"),
        ("spider man no", "Spider-Man: No Way Home"),
        ("spider-man", "Spider-Man: No Way Home"),
        ("the empire strikes back", "Empire Strikes Back, The"),
        ("  back   empire ", "Empire Strikes Back, The"),
        ("strasse", "Straße nach Süden"),
        ("sud", "Straße nach Süden"),
        ("дозор", "Ночной дозор"),
        ("…", "…"),
        ("id8", "…"),
    ],
)
def test_case_accents_signs_and_the_order_of_words_do_not_matter(query: str, title: str):
    assert found(query) == [title]


def test_a_query_does_not_fit_across_two_names():
    assert found("alien inside id1") == ["The Alien Inside"]  # all its words, in any order
    assert found("inside id1") == ["The Alien Inside"]
    assert found("nside id1") == []
    assert found("id0 the") == []


def test_what_fits_equally_well_comes_in_the_order_given():
    names = (("Star Wars",), ("Star Trek",), ("Star",))
    backwards = Search.of(np.array([2, 1, 0], np.int32), names)
    assert list(find(backwards, "star")) == [2, 1, 0]
    assert list(find(backwards, "")) == [2, 1, 0]


def test_of_nothing():
    nothing = Search.of(np.empty(0, np.int32), ())
    assert list(find(nothing, "")) == list(find(nothing, "a")) == []


NAMES = st.lists(st.text(st.sampled_from("aéÄb -.\nß😀1"), max_size=6), max_size=12)


@given(NAMES, st.text(st.sampled_from("aäb -1"), max_size=4))
def test_each_row_is_found_once_and_its_own_name_finds_it(names: list[str], query: str):
    index = Search.of(np.arange(len(names), dtype=np.int32), ((name,) for name in names))
    rows = list(find(index, query))
    assert len(rows) == len(set(rows))
    assert set(rows) <= set(range(len(names)))
    for row, name in enumerate(names):
        assert row in find(index, name)


@pytest.mark.parametrize("query", ["a", "word7 word8", "39999", "no such name", "ord1"])
def test_forty_thousand_names_are_searched_in_milliseconds(query: str):
    titles = [f"word{row % 977} word{row % 89} a" for row in range(40_000)]
    index = search(*titles)
    began = process_time()
    list(islice(index.ranked(query), 20))
    assert process_time() - began < 0.1  # 0.01 on an idle core
