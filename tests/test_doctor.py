"""What the doctor finds, and what it leaves as it is."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from graphrec.data import Attribute, Interactions, Vocabulary
from graphrec.doctor import examine, pairing, secret
from graphrec.snapshot.canary import start_canary
from graphrec.snapshot.deletion import delete
from graphrec.snapshot.registry import publish, versions
from graphrec.store.sqlite.store import SQLiteStore
from tests.support.command import graphrec, inside
from tests.support.small_data import graph_of, ratings
from tests.support.snapshots import small_snapshot


@pytest.fixture
def shop(tmp_path: Path):
    """A working folder in which nothing is wrong."""
    (tmp_path / "graphrec.toml").write_text("[serve]\nport = 0\n")
    with SQLiteStore(tmp_path / "graphrec.db", {}) as store:
        store.write_events(graph_of(ratings()).interactions)
    publish(small_snapshot(), tmp_path / "snapshots")
    with inside(tmp_path):
        yield tmp_path


def found(**options):
    return {finding.about: finding for finding in examine(**options)}


def states(state):
    return {about for about, finding in found().items() if finding.state == state}


def test_where_nothing_is_wrong_it_says_so_and_changes_nothing(shop: Path):
    before = {p: p.stat().st_mtime_ns for p in shop.rglob("*") if "graphrec.db-" not in p.name}
    assert states("fail") == states("warn") == set()
    assert before == {p: p.stat().st_mtime_ns for p in before}
    assert "480 events" in found()["store"].said
    assert versions(shop / "snapshots")[0] in found()["serving"].said


def test_a_setting_that_is_none_is_named(shop: Path):
    (shop / "graphrec.toml").write_text("prot = 1\n")
    assert "'prot'" in found()["settings"].said
    assert states("fail") == {"settings"}


def test_a_store_that_is_not_there_and_one_that_is_empty(shop: Path):
    assert found(store="sqlite:///nowhere.db")["store"].state == "fail"
    assert not (shop / "nowhere.db").exists()
    SQLiteStore(shop / "empty.db", {}).close()
    empty = found(store="sqlite:///empty.db")["store"]
    assert (empty.state, empty.remedy) == ("warn", "load some: `graphrec ingest`")


def test_every_broken_version_and_every_draft_is_found(shop: Path):
    folder = shop / "snapshots"
    first = versions(folder)[0]
    publish(small_snapshot(1), folder)
    (folder / first / "items.json").write_text("[]")
    (folder / ".draft-1").mkdir()
    now = found()
    assert first in now["snapshot"].said
    assert now["snapshot"].state == "fail"
    assert now["serving"].state == "ok"
    assert now["drafts"].said.startswith("1 left")
    assert found(snapshots=shop / "none")["serving"].state == "fail"


def test_a_canary_is_told_of_and_one_that_is_gone_is_a_failure(shop: Path):
    folder = shop / "snapshots"
    tried = publish(small_snapshot(1), folder, serve=False)
    start_canary(folder, tried, 0.1)
    assert found()["canary"].said == f"{tried} serves 10% of users"
    delete(folder, tried)
    assert tried in found()["serving"].said
    assert states("fail") == {"serving"}


def test_a_busy_port_is_a_warning(shop: Path):
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        (shop / "graphrec.toml").write_text(f"[serve]\nport = {port}\n")
        assert found()["port"].state == "warn"
        assert f"127.0.0.1:{port} cannot be listened on" in found()["port"].said


@pytest.mark.skipif(os.name == "nt", reason="permissions of Unix")
def test_a_password_that_others_can_read_is_a_warning(shop: Path):
    file = shop / "graphrec.toml"
    file.write_text('[neo4j]\npassword = "x"\n[serve]\nport = 0\n')
    file.chmod(0o644)
    assert found()["permissions"].remedy == "chmod 600 graphrec.toml"
    file.chmod(0o600)
    assert "permissions" not in found()
    assert list(secret(file)) == []


@pytest.mark.parametrize(
    ("torch", "dgl", "python", "wrong"),
    [
        ("2.15.0+cpu", "1.1.3", (3, 11), False),
        ("2.15.0", "2.1.0", (3, 11), True),
        ("2.2.1", "2.1.0", (3, 11), False),
        ("2.15.0", "1.1.3", (3, 12), True),
        ("2.15.0", None, (3, 13), False),
        (None, None, (3, 11), False),
    ],
)
def test_torch_and_dgl_that_do_not_go_together(torch, dgl, python, wrong):
    assert bool(list(pairing({"torch": torch, "dgl": dgl}, python))) == wrong


NAMES = """
[serve]
port = 0
[retrieval]
popular_by = "contry"
[retrieval.weights]
neighbors = 1
[kinds.ratng]
weight = 2
[[rules]]
name = "tagged"
action = "require"
attribute = "genrs"
any_of = ["a"]
"""


def test_names_in_the_settings_are_looked_up(shop: Path):
    (shop / "graphrec.toml").write_text(NAMES)
    findings = found()
    for key, state, said in (
        ("rules[0].attribute", "fail", "no item has an attribute 'genrs': did you mean 'genres'?"),
        ("retrieval.popular_by", "fail", "no user has an attribute 'contry'"),
        ("retrieval.weights.neighbors", "fail", "did you mean 'neighbours'?"),
        ("kinds.ratng", "warn", "no event is of kind 'ratng'"),
    ):
        assert findings[f"setting {key}"].state == state
        assert said in findings[f"setting {key}"].said
    assert "names" not in findings


def test_what_came_to_the_store_since_the_snapshot_is_known(shop: Path):
    (shop / "graphrec.toml").write_text(NAMES.replace("popular_by", "# "))
    with SQLiteStore(shop / "graphrec.db", {}) as store:
        store.write_nodes("item", Vocabulary(("i00",)), {"genrs": Attribute("tags", (("a",),))})
    assert "setting rules[0].attribute" not in found()


def test_names_are_looked_up_in_a_store_without_a_snapshot(shop: Path):
    (shop / "graphrec.toml").write_text(NAMES)
    missing = found(snapshots=shop / "nowhere")
    assert missing["setting rules[0].attribute"].state == "fail"


def test_times_that_cannot_be_are_named_and_no_command_dies_of_them(shop: Path):
    odd = (-5, 2**62, 2**63 - 2, 10**16, 4_102_444_800_000)
    with SQLiteStore(shop / "graphrec.db", {}) as store:
        store.write_events(Interactions.of(["u"] * 5, ["i"] * 5, [1] * 5, odd, ["view"] * 5))
    said = [each.said for each in examine() if each.about == "times"]
    assert [each.split(",")[0] for each in said] == [
        "times before 1970: 1 event",
        "times in the future: 4 events",
    ]
    assert graphrec(shop, "inspect").code == 0
    times = graphrec(shop, "inspect", "--json").json()["sources"]["events"]["times"]
    assert times["first"].startswith("1969-12-31")
    for time in odd:
        named = ("--user", "u", "--item", "i", "--time", str(time), "--yes")
        assert graphrec(shop, "events", "delete", *named, "--json").json()["deleted"] == 1
    assert "times" not in found()
