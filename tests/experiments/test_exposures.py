"""The log of who was shown what: written beside requests, compared, and forgotten."""

from __future__ import annotations

import gzip
import json
import logging
import resource
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from graphrec.api.app import create_app
from hypothesis import given
from hypothesis import strategies as st

from graphrec.data import Interactions
from graphrec.experiments import exposure_log
from graphrec.experiments.exposures import Exposure, lines, pseudonym
from graphrec.locks import file_lock
from graphrec.settings import ServeSettings, Settings
from graphrec.snapshot.canary import gets_canary, start_canary
from graphrec.snapshot.registry import publish, versions
from graphrec.store import open_store
from tests.support.command import graphrec
from tests.support.live import fill, publish_at, readiness, wait_until
from tests.support.service import LIKES, figures, serving, tiny_snapshot

pytestmark = pytest.mark.slow

DAY = 86_400_000
NOON = 20_000 * DAY + DAY // 2


def shown(user: str = "ann", *, at: int = NOON, items: tuple[str, ...] = ("x", "y")) -> Exposure:
    return Exposure(at, "v", user, items, request="r")


def rows(folder: Path) -> list[dict[str, object]]:
    return [
        json.loads(line)
        for path in exposure_log.files(folder)
        for line in path.read_bytes().splitlines()
    ]


# The folder


def test_lines_are_by_day_under_a_key_that_others_may_not_read(tmp_path: Path) -> None:
    folder = tmp_path / "exposures"
    explored = Exposure(
        NOON + DAY, "w", "bob", ("z", "x"), (0.25, None), None, "top", [("home", "b"), ("x", "a")]
    )
    exposure_log.append(folder, [shown(), explored])
    exposure_log.append(folder, [shown("cat", at=NOON + DAY)])
    assert [path.name for path in exposure_log.files(folder)] == [
        "2024-10-04.jsonl",
        "2024-10-05.jsonl",
    ]
    assert (folder / "key").stat().st_mode & 0o777 == 0o600
    key = exposure_log.read_key(folder / "key")
    names = ("time", "version", "user", "item", "rank", "propensity", "request", "placement",
             "variant")  # fmt: skip
    by = dict(zip(names, zip(*map(dict.values, rows(folder)), strict=True), strict=True))
    assert by["user"] == tuple(
        pseudonym(user, key) for user in ("ann", "ann", "bob", "bob", "cat", "cat")
    )
    assert by["item"] == ("x", "y", "z", "x", "x", "y")
    assert by["rank"] == (1, 2) * 3
    assert by["propensity"] == (None, None, 0.25, None, None, None)
    assert by["version"] == ("v", "v", "w", "w", "v", "v")
    assert by["request"] == ("r", "r", None, None, "r", "r")
    assert by["placement"] == (None, None, "top", "top", None, None)
    assert by["variant"] == (None, None, "home/b,x/a", "home/b,x/a", None, None)


def test_after_a_writer_was_killed_within_a_line_the_next_one_is_whole(tmp_path: Path) -> None:
    exposure_log.append(tmp_path, [shown()])
    [path] = exposure_log.files(tmp_path)
    path.write_bytes(path.read_bytes()[:-9])
    exposure_log.append(tmp_path, [shown("bob")])
    whole = [line for line in path.read_bytes().splitlines() if line.endswith(b"}")]
    assert len(whole) == 3


def test_what_cannot_be_written_whole_is_not_written(tmp_path: Path) -> None:
    exposure_log.append(tmp_path, [shown()])
    [path] = exposure_log.files(tmp_path)
    before = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 100, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            exposure_log.append(tmp_path, [shown("bob")])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == before


def _write(folder: Path, user: str) -> None:
    for n in range(40):
        exposure_log.append(folder, [shown(user, items=(f"{n}",))])


def test_of_several_writers_and_one_who_forgets_nothing_is_lost(tmp_path: Path) -> None:
    with ProcessPoolExecutor(3) as pool:
        writing = [pool.submit(_write, tmp_path, f"user {n}") for n in range(3)]
        wait_until(lambda: len(exposure_log.files(tmp_path)) > 0)
        while not all(each.done() for each in writing):
            exposure_log.forget(tmp_path, ["user 0"])
    exposure_log.forget(tmp_path, ["user 0"])
    key = exposure_log.read_key(tmp_path / "key")
    found = sorted((row["user"], int(str(row["item"]))) for row in rows(tmp_path))
    assert found == sorted((pseudonym(f"user {u}", key), n) for u in (1, 2) for n in range(40))


@given(st.lists(st.sampled_from("abcd"), max_size=12), st.sets(st.sampled_from("abcd")))
def test_who_is_forgotten_is_gone_and_all_else_is_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, users: list[str], gone: set[str]
) -> None:
    folder = tmp_path_factory.mktemp("exposures")
    for user in users:
        exposure_log.append(folder, [shown(user)])
    assert bool(exposure_log.traces(folder, gone)) == bool(gone & set(users))
    assert exposure_log.forget(folder, gone).lines == 2 * sum(user in gone for user in users)
    key = exposure_log.read_key(folder / "key") if users else b"-"
    left = b"".join(lines(shown(user), key) for user in users if user not in gone)
    assert b"".join(path.read_bytes() for path in exposure_log.files(folder)) == left
    assert exposure_log.traces(folder, gone) == ()


def test_days_that_were_packed_or_renamed_are_forgotten_too(tmp_path: Path) -> None:
    folder = tmp_path / "exposures"
    exposure_log.append(folder, [shown(), shown("bob")])
    [path] = exposure_log.files(folder)
    content = path.read_bytes()
    (folder / f"{path.name}.gz").write_bytes(gzip.compress(content))
    (folder / "last year").mkdir()
    (folder / "last year" / "all.bak").write_bytes(content)
    assert len(exposure_log.traces(folder, ["ann"])) == 3
    assert exposure_log.forget(folder, ["ann"]).lines == 6
    assert exposure_log.traces(folder, ["ann"]) == ()
    assert len(exposure_log.traces(folder, ["bob"])) == 3
    assert [each.name for each in exposure_log.files(folder)] == [path.name, f"{path.name}.gz"]


def test_lines_under_a_key_that_was_put_aside_are_forgotten_too(tmp_path: Path) -> None:
    exposure_log.append(tmp_path, [shown()])
    (tmp_path / "key").rename(tmp_path / "key.old")
    exposure_log.append(tmp_path, [shown(), shown("bob")])
    assert exposure_log.forget(tmp_path, ["ann"]).lines == 4
    assert len(rows(tmp_path)) == 2


def test_lists_that_another_process_is_about_to_write_are_not_written(tmp_path: Path) -> None:
    now = time.time_ns() // 1_000_000
    exposure_log.append(tmp_path, [shown("bob", at=now)])
    exposure_log.forget(tmp_path, ["ann"])
    late = now + exposure_log.LATE_MS + 60_000
    exposure_log.append(tmp_path, [shown(at=now), shown("bob", at=now), shown(at=late)])
    key = exposure_log.read_key(tmp_path / "key")
    found = [row["user"] for row in rows(tmp_path)]
    assert found == [pseudonym(user, key) for user in ("bob", "bob", "bob", "bob", "ann", "ann")]
    assert "ann" not in (tmp_path / "forgotten").read_text()


def test_a_lock_that_is_held_loses_no_exposure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(tiny_snapshot(), tmp_path / "snapshots")
    folder, failures = tmp_path / "exposures", ("graphrec_exposure_failures_total",)
    monkeypatch.setattr("graphrec.locks.LOCK_SECONDS", 0.3)
    with logging_to(folder, Settings(snapshots=tmp_path / "snapshots")) as client:
        folder.mkdir(exist_ok=True)
        with file_lock(folder / "lock", "somebody"):
            ask(client, "ann", k=2)
            wait_until(lambda: figures(client)[failures] >= 1)
    assert len(rows(folder)) == 2


# The service


@contextmanager
def logging_to(folder: Path, base: Settings) -> Iterator[httpx.Client]:
    reported = base.model_copy(update={"serve": ServeSettings(exposures=folder)})
    store = reported.store if "graph.db" in reported.store else None
    with serving(create_app(reported, retry_seconds=0.05, store=store)) as client:
        if store is not None:
            readiness(client, "ready")
        yield client


def ask(client: httpx.Client, user: str, **query: object) -> dict[str, object]:
    answer = client.get(
        f"/v1/users/{quote(user, safe='')}/recommendations",
        params=query,  # type: ignore[arg-type]
        headers={"X-Request-ID": "asked-1"},
    )
    assert answer.status_code == 200
    body: dict[str, object] = answer.json()
    return body


def test_lists_of_users_are_logged_as_they_were_given(tmp_path: Path) -> None:
    version = publish(tiny_snapshot(), tmp_path / "snapshots")
    folder = tmp_path / "exposures"
    with logging_to(folder, Settings(snapshots=tmp_path / "snapshots")) as client:
        answers = [ask(client, user, k=3) for user in LIKES]
        explored = ask(client, "a stranger", exploration=1, k=2)["recommendations"]
        client.post("/v1/recommendations", json={"items": ["alien"]})
        wait_until(lambda: ("graphrec_exposures_total", "written") in figures(client))
        # The last of them are written as the service stops.
        ask(client, "gus", k=1)
    found = rows(folder)
    key = exposure_log.read_key(folder / "key")
    given = [(body["user"], each) for body in answers for each in body["recommendations"]]  # type: ignore[attr-defined]
    assert [(row["user"], row["item"]) for row in found[: len(given)]] == [
        (pseudonym(user, key), each["item"]) for user, each in given
    ]
    assert {row["version"] for row in found} == {version}
    assert {row["request"] for row in found} == {"asked-1"}
    by_chance = [row for row in found if row["propensity"] is not None]
    assert [(row["item"], row["propensity"]) for row in by_chance] == [
        (each["item"], each["propensity"])
        for each in explored  # type: ignore[attr-defined]
    ]
    assert len(by_chance) == 2
    assert len(found) == len(given) + 3  # and none of a session
    assert b"dan/dora" not in b"".join(path.read_bytes() for path in folder.iterdir())


def test_a_log_that_cannot_be_written_harms_no_answer_and_is_made_up_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    publish(tiny_snapshot(), tmp_path / "snapshots")
    folder = tmp_path / "exposures"
    folder.write_text("root may write anywhere, but not into a file as if it were a folder")
    failures = ("graphrec_exposure_failures_total",)
    with (
        caplog.at_level(logging.WARNING),
        logging_to(folder, Settings(snapshots=tmp_path / "snapshots")) as client,
    ):
        ask(client, "ann", k=2)
        wait_until(lambda: figures(client)[failures] >= 2)
        folder.unlink()
        wait_until(lambda: folder.is_dir() and exposure_log.files(folder) != ())
    assert len(rows(folder)) == 2
    said = [each.message for each in caplog.records if "exposures" in each.message]
    assert len(said) == 2
    assert "cannot be written" in said[0]
    assert "ann" not in said[0].replace("cannot", "")


# From end to end


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of a snapshot, and the store that it was made from."""
    url = f"sqlite:///{tmp_path / 'graph.db'}"
    with open_store(url) as store:
        fill(store)
        publish_at(store.position() or 0, tmp_path / "snapshots")
    return Settings(store=url, snapshots=tmp_path / "snapshots")


def test_a_canary_is_compared_by_what_the_service_logged(
    tmp_path: Path,
    settings: Settings,
) -> None:
    """Whoever gets the canary makes more of its lists; a part of them is forgotten meanwhile."""
    share, people = 0.1, [f"person-{n:04}@example.org" for n in range(300)]
    old = versions(settings.snapshots)[0]
    new = publish(tiny_snapshot(embeddings=False), settings.snapshots, serve=False)
    start_canary(settings.snapshots, new, share)
    folder = tmp_path / "exposures"
    tried = [user for user in people if gets_canary(user, share, new.partition("-")[0])]
    with logging_to(folder, settings) as client:
        clicks = []
        for n, user in enumerate(people):
            body = ask(client, user, k=3)
            assert body["version"] == (new if user in set(tried) else old)
            listed = [each["item"] for each in body["recommendations"]]  # type: ignore[attr-defined]
            if user in set(tried) or n % 3 == 0:
                clicks.append((user, listed[0]))
        events = [{"user": user, "item": item, "kind": "view"} for user, item in clicks]
        assert client.post("/v1/events", json={"events": events}).status_code == 200
    toml = f"""
store = "{settings.store}"
snapshots = "{settings.snapshots}"
[serve]
exposures = "{folder}"
"""
    (tmp_path / "graphrec.toml").write_text(toml)
    said = graphrec(tmp_path, "compare", old, new, "--share", str(share))
    assert said.code == 0, said.err
    assert "Sample ratio: p = " in said.out
    assert f"{new}: better" in said.out
    found = graphrec(tmp_path, "compare", old, new, "--share", str(share), "--json").json()
    assert [arm["users"] for arm in found["arms"]] == [len(people) - len(tried), len(tried)]
    assert found["ratio_p"] > 0.001
    effect = found["effects"]["click_through"]
    assert effect["second"] == pytest.approx(1 / 3)
    assert effect["low"] < effect["difference"] < effect["high"]

    # Of someone who is forgotten nothing is left, and the versions have other names from then on.
    person = tried[0]
    assert exposure_log.traces(folder, [person]) == (
        f"a user in {exposure_log.files(folder)[0].name}",
    )
    done = graphrec(tmp_path, "forget", person, "--verify", "--json").json()
    assert (done["exposures"], done["left"]) == (3, [])
    assert exposure_log.traces(folder, [person]) == ()
    again = graphrec(tmp_path, "compare", old, new, "--share", str(share), "--json").json()
    assert again["arms"][1]["users"] == len(tried) - 1


def test_a_version_that_was_written_anew_without_someone_is_the_same(tmp_path: Path) -> None:
    first, second = "20261122T101500Z-aaaaaa", "20261123T101500Z-bbbbbb"
    of = [(first, "ann"), (f"{first[:17]}cccccc", "bob"), (second, "cat")]
    exposure_log.append(
        tmp_path / "exposures", [Exposure(NOON, version, user, ("x",)) for version, user in of]
    )
    with open_store(f"sqlite:///{tmp_path}/graphrec.db") as store:
        store.write_events(Interactions.of(["ann", "cat"], ["x", "x"], None, [NOON + 1] * 2))
    found = graphrec(
        tmp_path, "compare", first, second, "--exposures", "exposures", "--json"
    ).json()
    assert [arm["users"] for arm in found["arms"]] == [2, 1]


def test_who_is_deleted_over_http_is_in_no_exposure(
    tmp_path: Path,
    settings: Settings,
) -> None:
    folder, person = tmp_path / "exposures", "dan/dora ß"
    with logging_to(folder, settings) as client:
        ask(client, person)
        ask(client, "ann")
        deleted = client.delete(f"/v1/users/{quote(person, safe='')}")
        assert deleted.json()["deleted"]
        assert exposure_log.traces(folder, [person]) == ()
        assert exposure_log.traces(folder, ["ann"]) != ()
