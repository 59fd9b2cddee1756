"""Kept lists: bounded in bytes, and closed to questions that are long or made up."""

from __future__ import annotations

import gzip
import os

from graphrec.api.list_cache import ENTRY, LONG, QUESTIONS, Key, ListCache, WrittenList
from hypothesis import given
from hypothesis import strategies as st


def key(user: int = 0, query: bytes = b"k=10") -> Key:
    return Key(f"u{user}", f"/v1/users/u{user}/recommendations", query, "v1", 0)


def written(size: int = 1000) -> WrittenList:
    return WrittenList(os.urandom(size), ("a", "b"))


def test_bytes_are_bounded_and_what_is_asked_for_stays() -> None:
    cache = ListCache(200_000)
    for user in range(1000):
        cache.keep(key(user), written())
        cache.get(key(0))
        assert cache.size <= 200_000
    assert 50 < len(cache) < 200
    assert cache.get(key(0)) is not None
    assert cache.get(key(1)) is None
    assert cache.get(key(999)) is not None


@given(st.integers(0, 4), st.lists(st.integers(0, 9)))
def test_the_ones_requested_last_are_kept(count: int, asked: list[int]) -> None:
    lists, body = ListCache(count * ENTRY + count * 100), b"x" * 10
    lately: list[int] = []
    for user in asked:
        found = lists.get(key(user))
        assert (found is not None) == (user in lately[-count:] if count else False)
        if found is None:
            lists.keep(key(user), WrittenList(body, ()))
        else:
            assert gzip.decompress(found.body) == body
        lately = [*(each for each in lately if each != user), user]


def test_a_list_that_is_kept_again_counts_once() -> None:
    cache = ListCache(10_000)
    cache.keep(key(), written())
    once = cache.size
    cache.keep(key(), written())
    assert (cache.size, len(cache)) == (once, 1)
    cache.forget("u0")
    assert (cache.size, len(cache)) == (0, 0)


def test_one_that_is_larger_than_all_is_not_kept() -> None:
    cache = ListCache(3000)
    cache.keep(key(1), written())
    cache.keep(key(2), written(5000))
    assert cache.get(key(2)) is None
    assert cache.size <= 3000


def test_long_questions_are_never_kept() -> None:
    cache = ListCache(10**6)
    query = b"deny=" + b"x" * LONG
    for _ in range(3):
        cache.keep(key(query=query), written())
    assert len(cache) == 0


def test_rare_questions_are_kept_once_somebody_asked_them_before() -> None:
    cache = ListCache(10**8)
    common = b"k=20&explain=false&diversity=0.3&category=x"
    cache.keep(key(1, common), written())
    assert len(cache) == 0
    cache.keep(key(2, common), written())
    assert cache.get(key(2, common)) is not None
    for n in range(2 * QUESTIONS):
        cache.keep(key(3, b"k=20&explain=false&diversity=0.3&category=%d" % n), written())
    assert len(cache) == 1


def test_nothing_is_kept_in_a_cache_of_no_bytes() -> None:
    cache = ListCache(0)
    cache.keep(key(), written())
    assert len(cache) == 0
