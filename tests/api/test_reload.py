"""Another snapshot becomes current while the service runs."""

from __future__ import annotations

import asyncio
import logging
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import httpx
import pytest
from graphrec.api.app import create_app
from graphrec.api.service import open_service

from graphrec.recommend.query import Query
from graphrec.recommend.recommender import Recommender
from graphrec.settings import Settings
from graphrec.snapshot.registry import CURRENT, load, publish
from tests.support.service import break_, error, serving, tiny_snapshot, until

pytestmark = pytest.mark.slow


@pytest.fixture
def two(tmp_path: Path) -> tuple[str, str]:
    """Two versions in `tmp_path`, whose answers differ; the first of them is current."""
    first = publish(tiny_snapshot(), tmp_path)
    second = publish(tiny_snapshot(embeddings=False), tmp_path)
    switch(tmp_path, first)
    return first, second


@pytest.fixture
def client(tmp_path: Path, two: tuple[str, str]) -> Iterator[httpx.Client]:
    with serving(create_app(Settings(snapshots=tmp_path), retry_seconds=0.02)) as client:
        yield client


def switch(folder: Path, version: str) -> None:
    draft = folder / "draft"
    draft.write_text(version)
    draft.replace(folder / CURRENT)


def served(client: httpx.Client) -> str:
    version: str = client.get("/health/ready").json()["version"]
    return version


class TestWatching:
    def test_the_new_one_serves_soon_and_every_answer_is_of_one_version(
        self, client: httpx.Client, tmp_path: Path, two: tuple[str, str]
    ) -> None:
        """Under load: no answer fails, and each is what its version says."""
        expected = {
            version: [
                each.score
                for each in Recommender.of(load(tmp_path, version)).recommend(
                    Query(user="ann", k=5)
                )
            ]
            for version in two
        }
        assert expected[two[0]] != expected[two[1]]
        stop, met, wrong = Event(), set(), []

        def ask() -> None:
            with httpx.Client(base_url=client.base_url, timeout=30) as own:
                while not stop.is_set():
                    answer = own.get("/v1/users/ann/recommendations?k=5")
                    body = answer.json()
                    scores = [each["score"] for each in body.get("recommendations", ())]
                    if answer.status_code != 200 or scores != expected[body["version"]]:
                        wrong.append(answer.text)
                    met.add(body.get("version"))

        threads = [Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        try:
            for version in (two[1], two[0], two[1]):
                switch(tmp_path, version)
                met.discard(version)
                until(lambda version=version: version in met)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        assert not wrong
        assert met == set(two)

    def test_a_broken_one_is_refused_once_and_the_old_one_goes_on(
        self,
        client: httpx.Client,
        tmp_path: Path,
        two: tuple[str, str],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        first, second = two
        content = (tmp_path / second / "items.json").read_bytes()
        break_(tmp_path, second)
        with caplog.at_level(logging.WARNING):
            switch(tmp_path, second)
            until(lambda: client.get("/health/ready").json()["status"] == "degraded")
            time.sleep(0.2)
        body = client.get("/health/ready").json()
        assert body["version"] == first
        assert "items.json" in body["parts"]["snapshot"]
        assert client.get("/v1/users/ann/recommendations").json()["version"] == first
        [line] = [
            each.message for each in caplog.records if each.name == "graphrec.api.live.engine"
        ]
        assert line.startswith(f"still serving {first}: snapshot {second!r}")

        (tmp_path / second / "items.json").write_bytes(content)
        time.sleep(0.1)
        assert served(client) == first  # not tried again until it is made current anew
        switch(tmp_path, second)
        until(lambda: served(client) == second)
        assert client.get("/health/ready").json()["status"] == "ready"

    def test_going_back_to_what_serves_ends_the_complaint(
        self, client: httpx.Client, tmp_path: Path, two: tuple[str, str]
    ) -> None:
        break_(tmp_path, two[1])
        switch(tmp_path, two[1])
        until(lambda: client.get("/health/ready").json()["status"] == "degraded")
        switch(tmp_path, two[0])
        until(lambda: client.get("/health/ready").json()["status"] == "ready")


class TestAdmin:
    def test_reload_answers_once_the_new_one_serves(
        self, client: httpx.Client, tmp_path: Path, two: tuple[str, str]
    ) -> None:
        first, second = two
        assert client.post("/v1/admin/reload").json() == {"version": first, "previous": first}
        switch(tmp_path, second)
        assert client.post("/v1/admin/reload").json()["version"] == second
        assert served(client) == second

    def test_reload_tries_what_was_refused_again(
        self, client: httpx.Client, tmp_path: Path, two: tuple[str, str]
    ) -> None:
        content = (tmp_path / two[1] / "items.json").read_bytes()
        break_(tmp_path, two[1])
        switch(tmp_path, two[1])
        message = error(client.post("/v1/admin/reload"), 409, "snapshot_refused")
        assert "items.json" in message
        listed = client.get("/v1/admin/snapshots").json()
        assert listed == {
            "version": two[0],
            "canary": None,
            "refused": message,
            "versions": list(two),
        }
        (tmp_path / two[1] / "items.json").write_bytes(content)
        assert client.post("/v1/admin/reload").json() == {"version": two[1], "previous": two[0]}

    def test_rollback_to_the_one_before_and_to_a_named_one(
        self, client: httpx.Client, tmp_path: Path, two: tuple[str, str]
    ) -> None:
        first, second = sorted(two, key=lambda version: load(tmp_path, version).manifest.created)
        switch(tmp_path, second)
        until(lambda: served(client) == second)
        back = client.post("/v1/admin/rollback", json={})
        assert back.json() == {"version": first, "previous": second}
        assert (tmp_path / CURRENT).read_text().strip() == first
        forth = client.post("/v1/admin/rollback", json={"to": second})
        assert forth.json() == {"version": second, "previous": first}

    @pytest.mark.parametrize("to", ["../elsewhere", "20200101T000000Z-000000", ""])
    def test_rollback_to_what_is_not_there_changes_nothing(
        self, client: httpx.Client, two: tuple[str, str], to: str
    ) -> None:
        error(client.post("/v1/admin/rollback", json={"to": to}), 409, "snapshot_refused")
        assert served(client) == two[0]


def test_what_was_replaced_is_freed(tmp_path: Path) -> None:
    """At once, and not when somebody next looks for garbage."""

    async def replaced() -> object:
        publish(tiny_snapshot(), tmp_path)
        async with open_service(Settings(snapshots=tmp_path)) as service:
            before = weakref.ref(service.recommender_for(None))
            version = publish(tiny_snapshot(embeddings=False), tmp_path)
            await service.engine.update()
            assert service.engine.version == version
            return before()

    assert asyncio.run(replaced()) is None
