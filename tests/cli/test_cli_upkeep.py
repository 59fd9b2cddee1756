"""`graphrec report`, `forget`, `doctor` and `compare` from end to end."""

from __future__ import annotations

import io
import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from unittest.mock import patch

import pytest

from graphrec.experiments.exposures import Exposure, lines, pseudonym
from graphrec.snapshot.canary import canary, start_canary
from graphrec.snapshot.lock import refresh_lock
from graphrec.snapshot.registry import current, load, versions
from tests.support.command import error_line, fill, graphrec, write_csv
from tests.support.small_data import DAY, ratings

pytestmark = pytest.mark.slow


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A shop that was trained on twice."""
    folder = fill(tmp_path / "shop")
    assert graphrec(folder, "ingest", "events.csv", "--items", "items.csv").code == 0
    for seed in (0, 1):
        trained = graphrec(
            folder, "train", "--models", "popularity", "--embedding", "none", "--seed", seed
        )
        assert trained.code == 0, trained.err
    return folder


def test_report_compares_with_the_snapshot_before(shop: Path) -> None:
    said = graphrec(shop, "report", "--json").json()
    page = (shop / said["page"]).read_text("utf-8")
    old, new = versions(shop / "snapshots")
    assert said["version"] == new
    assert new in page
    assert old in page
    assert "The 02th Film" in page
    assert "A user with" in page
    assert "A user with" not in (
        shop / graphrec(shop, "report", old, "--no-people").out.strip()
    ).read_text("utf-8")
    assert "is not a version" in error_line(graphrec(shop, "report", "nonsense"))


def test_forget_says_what_it_did_and_what_stays(shop: Path) -> None:
    graphrec(shop, "report")
    before = current(shop / "snapshots")
    answer = graphrec(shop, "forget", "u07", "nobody", "--verify")
    assert answer.code == 0, answer.err
    said = " ".join(answer.out.split())
    assert "Deleted 1 user. Not in the store: 1 id." in said
    assert f"Snapshot {before} is replaced by {current(shop / 'snapshots')}" in said
    assert "stays until the next full training" in said
    assert "no table and no file holds any of them" in said
    assert load(shop / "snapshots").manifest.forgotten == 1
    again = graphrec(shop, "forget", "u07", "--json", "--verify").json()
    assert (again["stored"], again["rewritten"], again["left"]) == (0, {}, [])
    with patch.object(sys, "stdin", io.StringIO("u08\n\nu09\n")):
        many = graphrec(shop, "forget", "-", "--json").json()
    assert (many["stored"], len(many["rewritten"]), many["left"]) == (2, 2, None)
    assert "u08" not in json.dumps(many)


def test_forget_fails_where_a_search_finds_something(shop: Path) -> None:
    (shop / "snapshots" / "notes.txt").write_text("asked for by person-0001@example.org")
    answer = graphrec(shop, "forget", "person-0001@example.org", "--verify")
    assert answer.code == 1
    assert "an id in notes.txt" in answer.err
    assert "person-0001" not in answer.err + answer.out


def test_nothing_is_forgotten_while_a_refresh_could_publish_it_again(shop: Path) -> None:
    with refresh_lock(shop / "snapshots"):
        answer = graphrec(shop, "forget", "u07", "--wait", "0")
    assert answer.code == 1
    assert "is being refreshed by `graphrec refresh`, process" in error_line(answer)
    assert graphrec(shop, "forget", "u07", "--json").json()["stored"] == 1


def test_a_canary_is_tried_on_without_those_who_are_forgotten(shop: Path) -> None:
    folder = shop / "snapshots"
    tried = versions(folder)[0]
    start_canary(folder, tried, 0.25)
    done = graphrec(shop, "forget", "u07", "--json", "--verify").json()
    follower = canary(folder)
    assert follower is not None
    assert (follower.version, follower.share) == (done["rewritten"][tried], 0.25)
    assert "u07" not in load(folder, follower.version).likes.users


def test_a_refresh_reports_and_trains_anew_once_someone_is_forgotten(shop: Path) -> None:
    with (shop / "graphrec.toml").open("a") as file:
        file.write("[refresh]\nmin_test_users = 2\n")
    done = graphrec(shop, "refresh", "--embedding", "none", "--json").json()
    html = unescape((shop / done["report"]).read_text("utf-8"))
    assert done["version"] in done["report"]
    assert f"<h1>Refresh {done['version']}</h1>" in html
    assert "not published" not in html
    for each in (*done["checks"], *done["stages"]):
        assert each["name"] in html
    graphrec(shop, "forget", "u07")
    assert "A user with" not in (shop / done["report"]).read_text("utf-8")
    planned = graphrec(
        shop, "refresh", "--since-last", "--embedding", "none", "--dry-run", "--json"
    ).json()
    assert planned["action"] == "train"
    assert any("deleted" in reason for reason in planned["reasons"])


def test_doctor_has_an_exit_status(shop: Path) -> None:
    (shop / "graphrec.toml").write_text("[serve]\nport = 0\n")
    assert graphrec(shop, "doctor", "--json").json()["ok"]
    (shop / "snapshots" / "current").write_text("nothing")
    ill = graphrec(shop, "doctor")
    assert ill.code == 1
    assert "fail serving:" in ill.out


def test_compare_joins_exposures_and_the_store(shop: Path) -> None:
    """Whoever gets "new" is shown what they go on to like, the others what they do not."""
    shown = []
    for user, item, stars, time in ratings():
        version = "new" if int(user[1:]) < 20 else "old"
        if (stars >= 3.5) == (version == "new"):
            shown.append((version, user, item, 1, time - DAY))
    write_csv(shop / "shown.csv", "version,user,item,rank,time", shown)
    plain = graphrec(shop, "compare", "old", "new", "--exposures", "shown.csv", "--json").json()
    assert plain["verdict"] == "better"
    assert [arm["users"] for arm in plain["arms"]] == [20, 20]
    assert plain["effects"]["click_through"]["difference"] == 1

    key = b"a key of the shop's own"
    (shop / "key").write_bytes(key + b"\n")
    content = b"".join(
        lines(Exposure(time * 1000, version, user, [item]), key)
        for version, user, item, _, time in shown
    )
    (shop / "shown.jsonl").write_bytes(content)
    assert pseudonym("u01", key).encode() in content
    assert b"u01" not in content
    hidden = graphrec(
        shop, "compare", "old", "new", "--exposures", "shown.jsonl", "--key", "key", "--json"
    ).json()
    assert hidden["effects"] == plain["effects"]

    uneven = graphrec(shop, "compare", "old", "new", "--exposures", "shown.csv", "--share", "0.1")
    assert uneven.code == 1
    assert "not to be trusted" in uneven.out


@contextmanager
def held(shop: Path, work: str) -> Iterator[None]:
    """Somebody else changes the snapshots, for another second."""
    begun, done = threading.Event(), threading.Event()

    def hold() -> None:
        with refresh_lock(shop / "snapshots", work):
            begun.set()
            done.wait(30)

    other = threading.Thread(target=hold)
    other.start()
    begun.wait(30)
    threading.Timer(1, done.set).start()
    yield
    other.join()


def test_forgetting_waits_for_a_refresh_and_says_for_whom(shop: Path) -> None:
    with held(shop, "graphrec train"):
        answer = graphrec(shop, "forget", "u07")
    assert answer.code == 0, answer.err
    assert f"Waiting for `graphrec train`, process {os.getpid()} on " in answer.err
    assert "Deleted 1 user." in answer.out


def test_a_refresh_waits_for_a_deletion(shop: Path) -> None:
    with held(shop, "graphrec forget"):
        answer = graphrec(shop, "rollback", "--json")
    assert "Waiting for `graphrec forget`, process" in answer.err


def test_one_broken_old_version_does_not_keep_verify_from_its_work(shop: Path) -> None:
    old = versions(shop / "snapshots")[0]
    (shop / "snapshots" / old / "items.json").write_bytes(b"[")
    answer = graphrec(shop, "forget", "u07", "--verify", "--json")
    assert answer.code == 1
    found = json.loads(answer.out)
    assert (found["stored"], len(found["rewritten"])) == (1, 1)
    [said] = found["unhandled"]
    assert f"`rm -r {shop / 'snapshots' / old}`" in said or f"rm -r snapshots/{old}" in said
    assert all(old in each for each in found["left"])
