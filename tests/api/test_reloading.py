"""Settings that change while the service answers: nothing fails, and nothing is forgotten."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphrec.api.app import create_app
from graphrec.api.errors import NotReady
from graphrec.api.reloading import Reloadable
from graphrec.api.rereading import Source, changes, hung_up, in_foreground
from graphrec.cli.commands.serve import chosen_store, read_source

from graphrec.errors import SettingsError
from graphrec.settings import RetrievalSettings, ServeSettings, Settings, changed
from graphrec.snapshot.registry import publish
from tests.support.live import event, settings_in
from tests.support.service import tiny_snapshot


@asynccontextmanager
async def opened(app: Reloadable) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application on this event loop."""
    asked: asyncio.Queue[Any] = asyncio.Queue()
    answered: asyncio.Queue[Any] = asyncio.Queue()
    life = asyncio.create_task(app({"type": "lifespan"}, asked.get, answered.put))
    await asked.put({"type": "lifespan.startup"})
    assert (await answered.get())["type"] == "lifespan.startup.complete"
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client
    await asked.put({"type": "lifespan.shutdown"})
    assert (await answered.get())["type"] == "lifespan.shutdown.complete"
    await life


def with_most(settings: Settings, k: int) -> Settings:
    return settings.model_copy(update={"serve": changed(settings.serve, {"max_k": k})})


def test_no_request_fails_and_no_event_is_forgotten_while_settings_change(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)

    async def check() -> None:
        app = Reloadable(create_app(settings, store=settings.store))
        async with opened(app) as client:
            done, sent = asyncio.Event(), 0

            async def visit(number: int) -> None:
                nonlocal sent
                while not done.is_set():
                    user = f"visitor {number} {sent}"
                    sent += 1
                    answer = await client.post(
                        "/v1/events", json={"events": [event(user, "alien", "like")]}
                    )
                    assert answer.json()["accepted"] == 1
                    path = f"/v1/users/{user}/recommendations?k=3"
                    found = await client.get(path)
                    assert found.status_code == 200, found.text
                    assert "alien" not in [r["item"] for r in found.json()["recommendations"]]

            visitors = [asyncio.create_task(visit(number)) for number in range(3)]
            for k in (50, 60, 70):
                before = app.service
                await app.replace(create_app(with_most(settings, k), store=settings.store))
                assert app.service is not before
                refused = await client.get("/v1/users/ann/recommendations?k=1000")
                assert f"from 1 to {k}" in refused.text
            done.set()
            await asyncio.gather(*visitors)
            assert sent > 3

    asyncio.run(check())


def test_what_is_asked_before_is_answered_by_what_was_before(tmp_path: Path) -> None:
    publish(tiny_snapshot(), tmp_path)
    settings = Settings(snapshots=tmp_path)

    async def check() -> None:
        app = Reloadable(create_app(settings))
        async with opened(app) as client:
            first = app.service
            assert first is not None
            turns = [await first.admission.enter() for _ in range(settings.serve.concurrent_lists)]
            waiting = asyncio.create_task(client.get("/v1/users/ann/recommendations?k=80"))
            while first.admission.waiting == 0:
                await asyncio.sleep(0)
            replacing = asyncio.create_task(app.replace(create_app(with_most(settings, 2))))
            while app.service is first:
                await asyncio.sleep(0.01)
            assert (await client.get("/v1/users/ann/recommendations?k=80")).status_code == 422
            for _ in turns:
                first.admission.leave()
            assert (await waiting).status_code in (200, 503)  # never 422
            await replacing

    asyncio.run(check())


def test_settings_with_which_nothing_serves_are_left_out(tmp_path: Path) -> None:
    publish(tiny_snapshot(), tmp_path / "snapshots")

    async def check() -> None:
        app = Reloadable(create_app(Settings(snapshots=tmp_path / "snapshots")))
        async with opened(app) as client:
            with pytest.raises(NotReady, match="graphrec train"):
                await app.replace(create_app(Settings(snapshots=tmp_path / "empty")))
            assert (await client.get("/health/ready")).status_code == 200

    asyncio.run(check())


def test_what_has_changed_is_named_and_nothing_of_its_value() -> None:
    before = Source(Settings(), None)
    assert changes(before, before) == []
    settings = Settings(
        seed=3,
        retrieval=RetrievalSettings(candidates=9),
        serve=ServeSettings(rate=5, port=1),
    )
    found = changes(before, Source(settings, "neo4j://me:secret@db"))
    assert found == ["store", "seed", "retrieval", "serve.port", "serve.rate"]


def test_options_of_the_command_stay_over_the_settings(tmp_path: Path) -> None:
    file = tmp_path / "graphrec.toml"
    file.write_text("seed = 1\n[serve]\nport = 9000\nmax_k = 5\n")
    found = read_source(file, {"port": 7}, "neo4j://db", tmp_path)
    assert (found.settings.serve.port, found.settings.serve.max_k) == (7, 5)
    assert (found.store, found.settings.snapshots) == ("neo4j://db", tmp_path)
    file.write_text("[serve]\nworkers = 0\n")
    with pytest.raises(SettingsError, match=r"serve\.workers"):
        read_source(file, {}, None, None)


def test_the_store_is_that_of_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    default, named = Settings(), Settings(store="sqlite:///mine.db")
    assert chosen_store(None, default) is None
    assert chosen_store(None, named) == "sqlite:///mine.db"  # degraded while it is not there
    assert chosen_store(None, Settings(store="neo4j://db")) == "neo4j://db"
    assert chosen_store("none", named) is None
    assert chosen_store("neo4j://db", named) == "neo4j://db"
    (tmp_path / "graphrec.db").touch()
    assert chosen_store(None, default) == "sqlite:///graphrec.db"
    assert chosen_store("none", default) is None


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no SIGHUP")
def test_who_was_started_for_no_terminal_is_not_ended_with_one() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as by nohup
    try:
        assert not in_foreground()
    finally:
        signal.signal(signal.SIGHUP, before)
    assert not hung_up(foreground=False)
    assert hung_up(foreground=True) == (not _has_terminal())


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True
