"""The same request has the same answer, byte for byte, from any process with the same snapshot."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphrec.api.app import create_app
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec.settings import ServeSettings, Settings
from graphrec.snapshot.registry import publish
from tests.support.attributed import ITEMS, SNAPSHOT, USERS
from tests.support.service import read_by_fastapi, serving


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, ...]]:
    """Of three services of one snapshot: lists kept, made anew, and read by FastAPI."""
    folder: Path = tmp_path_factory.mktemp("repeatable")
    publish(SNAPSHOT, folder)
    kept, anew = (
        Settings(snapshots=folder, serve=each)
        for each in (ServeSettings(), ServeSettings(cache_mib=0))
    )
    apps = create_app(kept), create_app(anew), read_by_fastapi(create_app(kept))
    with ExitStack() as stack:
        yield tuple(stack.enter_context(serving(app)) for app in apps)


rules = st.sampled_from((
    {"name": "a", "action": "exclude", "attribute": "brand", "any_of": ["acme"]},
    {"name": "b", "action": "require", "attribute": "price", "least": 2},
    {"name": "c", "action": "boost", "attribute": "tags", "any_of": ["red", "big"], "add": 1},
    {"name": "d", "action": "exclude", "relation": "made_by", "any_of": ["m0"]},
))  # fmt: skip
options = st.fixed_dictionaries(
    {"k": st.integers(1, len(ITEMS))},
    optional={
        "exclude_seen": st.booleans(),
        "deny": st.lists(st.sampled_from(ITEMS), max_size=3),
        "allow": st.lists(st.sampled_from(ITEMS), min_size=1, max_size=9),
        "diversity": st.sampled_from((0.3, 1.0)),
        "explain": st.booleans(),
    },
)


@st.composite
def questions(draw: st.DrawFn) -> tuple[str, str, dict[str, Any]]:
    """Method, path, and what `httpx` is to send."""
    user, item = draw(st.sampled_from((*USERS, "nobody"))), draw(st.sampled_from(ITEMS))
    asked: dict[str, Any] = draw(options)
    ruled = {**asked, "rules": draw(st.lists(rules, max_size=2))}
    liked = draw(st.lists(st.sampled_from(ITEMS), max_size=3))
    listed = f"/v1/users/{user}/recommendations"
    return draw(st.sampled_from((
        ("GET", listed, {"params": asked}),
        ("POST", listed, {"json": ruled}),
        ("POST", "/v1/recommendations", {"json": {**ruled, "items": liked}}),
        ("GET", f"/v1/users/{user}/why-not/{item}", {}),
        ("GET", f"/v1/items/{item}/related", {"params": {"by": "embedding"}}),
        ("POST", "/v1/explanations", {"json": {"items": liked, "item": item}}),
    )))  # fmt: skip


@settings(max_examples=40)
@given(questions())
@pytest.mark.slow
def test_the_same_question_has_the_same_answer(
    clients: tuple[httpx.Client, ...], question: tuple[str, str, dict[str, Any]]
) -> None:
    method, path, sent = question
    answers = [each.request(method, path, **sent) for each in clients for _ in range(2)]
    assert {each.status_code for each in answers} == {200}, answers[0].text
    assert len({each.content for each in answers}) == 1
