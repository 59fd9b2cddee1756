"""Lists that are kept: the same as made anew, and never out of date."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from graphrec.api.app import create_app

from graphrec.recommend.query import NO_CONTEXT, Context, Query
from graphrec.recommend.recommender import Recommender
from graphrec.rules.rule import RequireRule
from graphrec.settings import ServeSettings, Settings
from graphrec.snapshot.registry import publish
from tests.support.live import event, items, listed, send, served, settings_in
from tests.support.service import serving, tiny_snapshot


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """Whose lists were made."""
    users: list[str | None] = []
    recommend = Recommender.recommend

    def noting(self: Recommender, query: Query, context: Context = NO_CONTEXT) -> object:
        users.append(query.user)
        return recommend(self, query, context)

    monkeypatch.setattr(Recommender, "recommend", noting)
    return users


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path)


@pytest.fixture
def client(settings: Settings, made: list[str | None]) -> Iterator[httpx.Client]:
    with served(settings) as client:
        made.clear()
        yield client


def test_a_list_is_made_once_and_counted_each_time(
    client: httpx.Client, made: list[str | None]
) -> None:
    url = "/v1/users/ann/recommendations?k=2"
    first, second = client.get(url), client.get(url)
    assert (first.content, made) == (second.content, ["ann"])
    assert first.headers["content-type"] == second.headers["content-type"]
    counted = r'graphrec_lists_total\{to="user",version="[^"]+"\} 2\.0'
    assert re.search(counted, client.get("/metrics").text)


def test_a_list_that_is_kept_goes_out_packed_to_those_who_take_that(client: httpx.Client) -> None:
    url = "/v1/users/ann/recommendations"
    made = client.get(url)
    assert "content-encoding" not in made.headers
    for taken in ("gzip", "br, gzip"):
        kept = client.get(url, headers={"accept-encoding": taken})
        assert kept.headers["content-encoding"] == "gzip"
        assert int(kept.headers["content-length"]) < len(made.content)
        assert kept.content == made.content
    for other in ("identity", "br", "gzip;q=0", "x-gzip"):
        kept = client.get(url, headers={"accept-encoding": other})
        assert "content-encoding" not in kept.headers
        assert kept.content == made.content


@pytest.mark.parametrize(
    "query", [{"k": 3}, {"diversity": 0.5}, {"explain": True}, {"exclude_seen": False}]
)
def test_another_question_has_another_answer(
    client: httpx.Client, made: list[str | None], query: dict[str, str]
) -> None:
    alone = listed(client, "ann", **query)
    listed(client, "ann")
    assert listed(client, "ann", **query) == alone
    assert made == ["ann", "ann"]


def test_a_user_who_does_something_gets_a_new_list(
    client: httpx.Client, made: list[str | None]
) -> None:
    listed(client, "ann")
    listed(client, "bob")
    send(client, event("ann", "hit"))
    assert "hit" not in items(client, "ann")
    listed(client, "bob")
    assert made == ["ann", "bob", "ann"]


def test_an_event_that_is_sent_again_with_another_weight_counts(client: httpx.Client) -> None:
    send(client, event("stranger", "alien", "rating", weight=1.0))
    disliked = listed(client, "stranger")
    send(client, event("stranger", "alien", "rating", weight=5.0))
    assert listed(client, "stranger") != disliked


def test_an_item_that_is_deleted_is_in_no_list_that_was_kept(client: httpx.Client) -> None:
    assert "brazil" in items(client, "eve")
    client.delete("/v1/items/brazil")
    assert "brazil" not in items(client, "eve")
    client.put("/v1/items/brazil", json={})
    assert "brazil" in items(client, "eve")


def test_chance_and_time_are_asked_each_time(client: httpx.Client, made: list[str | None]) -> None:
    for _ in range(2):
        listed(client, "ann", exploration=0.5)
        listed(client, "ann", kinds="interaction")
    assert len(made) == 4


def test_rules_of_time_are_asked_each_time(settings: Settings, made: list[str | None]) -> None:
    until = RequireRule(name="in season", action="require", available_until="season_end")
    with served(settings) as client:
        client.put("/v1/items/alien", json={"attributes": {"season_end": "2999-01-01"}})
    with served(settings.model_copy(update={"rules": (until,)})) as client:
        made.clear()
        for _ in range(2):
            listed(client, "ann")
    assert len(made) == 2


def test_none_are_kept_where_the_settings_say_so(tmp_path: Path, made: list[str | None]) -> None:
    publish(tiny_snapshot(), tmp_path)
    with serving(
        create_app(Settings(snapshots=tmp_path, serve=ServeSettings(cache_mib=0)))
    ) as client:
        made.clear()
        for _ in range(2):
            listed(client, "ann")
    assert made == ["ann", "ann"]


def test_another_snapshot_is_asked_anew(tmp_path: Path) -> None:
    first = publish(tiny_snapshot(), tmp_path)
    with serving(create_app(Settings(snapshots=tmp_path), retry_seconds=0.05)) as client:
        url = "/v1/users/ann/recommendations"
        assert client.get(url).json()["version"] == client.get(url).json()["version"] == first
        second = publish(tiny_snapshot(embeddings=False), tmp_path)
        while (answer := client.get(url).json())["version"] == first:
            pass
        assert answer["version"] == second
        sources = {source for each in answer["recommendations"] for source in each["sources"]}
        assert "embedding" not in sources
