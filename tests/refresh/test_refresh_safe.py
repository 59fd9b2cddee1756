"""A refresh that is killed, starved or beside another one: what served before serves on."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from graphrec.errors import RefreshRunning
from graphrec.refresh.outcome import STAGES
from graphrec.snapshot.canary import canary
from graphrec.snapshot.lock import HOLDER, refresh_lock
from graphrec.snapshot.registry import current, load, versions
from graphrec.store import open_store
from tests.support.forked import forked
from tests.support.paths import ROOT
from tests.support.shop import log, part, refreshed, settings_of, store_of

pytestmark = pytest.mark.slow
"""Each test starts refreshes as processes of their own."""

TOML = """
[evaluation]
resamples = 20
valid_cuts = 1
[ratings]
model = "none"
[refresh]
min_test_users = 20
[models.graph-filter]
dim = 16
"""
SETTINGS = settings_of()


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store, settings and a snapshot that serves, and something new since."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "graphrec.toml").write_text(TOML)
    with store_of(folder / "graphrec.db", part(log(), 0, 0.9)) as store:
        assert refreshed(store, folder / "snapshots", SETTINGS).version
        store.write_events(part(log(), 0.9, 1))
    return folder


@pytest.fixture
def shop(trained: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    return tmp_path


def run(shop: Path, *options: str, name: str = "refresh") -> subprocess.CompletedProcess[str]:
    embedding = ("--embedding", "none") if name == "refresh" else ()
    return forked(shop, name, *embedding, *options)


def lines(stderr: str) -> list[dict[str, Any]]:
    """The log, each line of it a JSON document."""
    return [json.loads(line) for line in stderr.splitlines()]


# The lock


def test_of_two_refreshes_the_second_is_told_who_is_first(tmp_path: Path) -> None:
    with refresh_lock(tmp_path):
        holder = json.loads((tmp_path / HOLDER).read_text())
        assert holder["pid"] == os.getpid()
        reported = pytest.raises(RefreshRunning, match=f"process {os.getpid()} on .* since 20")
        with reported, refresh_lock(tmp_path):
            pytest.fail("expected one at a time")
    with refresh_lock(tmp_path):
        pass


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    code = (
        "import sys, time\nfrom pathlib import Path\n"
        "from graphrec.snapshot.lock import refresh_lock\n"
        "with refresh_lock(Path(sys.argv[1])):\n    print('held', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    with pytest.raises(RefreshRunning, match=f"process {process.pid}"), refresh_lock(tmp_path):
        pytest.fail("expected one at a time")
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    with refresh_lock(tmp_path):
        assert json.loads((tmp_path / HOLDER).read_text())["pid"] == os.getpid()


# kill -9


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the refreshes that die are forks")
def test_killed_at_any_stage_the_previous_snapshot_serves_and_the_next_run_works(
    shop: Path,
) -> None:
    """As a stage begins and as it ends; `python -m scripts.benchmark refresh --kills 3` kills
    commands in the midst of stages, and tests/snapshot/test_snapshot.py at every step of
    publishing."""
    folder = shop / "snapshots"
    before = current(folder)
    for stage in STAGES:
        for ends in (False, True):
            if (stage, ends) == ("publish", True):
                continue  # it is published by then
            child = os.fork()
            if child == 0:
                _refresh_and_die(shop, stage, ends)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
            assert load(folder).manifest.version == before
            with refresh_lock(folder):
                pass
    (folder / ".draft-0123456789abcdef").mkdir()  # as a publisher leaves that was killed
    with open_store(f"sqlite:///{shop}/graphrec.db", create=False) as store:
        assert refreshed(store, folder, SETTINGS).version == current(folder) != before
    assert not list(folder.glob(".draft-*"))


def _refresh_and_die(shop: Path, where: str, ends: bool) -> None:
    from graphrec.refresh.job import refresh
    from graphrec.refresh.outcome import Options

    def reported(name: str, stage: object) -> None:
        if name == where and (stage is not None) == ends:
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        with (
            open_store(f"sqlite:///{shop}/graphrec.db", create=False) as store,
            refresh_lock(shop / "snapshots"),
        ):
            refresh(store, shop / "snapshots", SETTINGS, Options(()), on_stage=reported)
    finally:
        os._exit(0)


# The command


def test_a_refresh_tells_a_scheduler_what_it_did(shop: Path) -> None:
    done = run(shop, "--json")
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    assert outcome["version"] == current(shop / "snapshots")
    assert [stage["name"] for stage in outcome["stages"]] == list(STAGES)
    assert all(stage["seconds"] >= 0 for stage in outcome["stages"])
    reported = [(line["event"], line["stage"]) for line in lines(done.stderr)]
    assert reported == [(f"stage {what}", stage) for stage in STAGES for what in ("began", "ended")]
    assert "u001" not in done.stdout + done.stderr  # nobody is named


def test_a_refusal_has_a_code_of_its_own_and_force_publishes_all_the_same(shop: Path) -> None:
    before = current(shop / "snapshots")
    (shop / "graphrec.toml").write_text(TOML.replace("[refresh]", "[refresh]\nmax_overlap = 0"))
    refused = run(shop, "--json")
    assert refused.returncode == 3
    outcome = json.loads(refused.stdout)
    assert (outcome["refused"], outcome["version"]) == (True, None)
    assert [each["name"] for each in outcome["checks"] if not each["passed"]] == [
        "overlap of two lists"
    ]
    assert current(shop / "snapshots") == before
    forced = run(shop, "--force", "--canary", "10")
    assert forced.returncode == 0
    assert "despite overlap of two lists is 0." in " ".join(forced.stdout.split())
    tried = canary(shop / "snapshots")
    assert tried is not None
    assert tried.share == 0.1
    ended = run(shop, "--json", name="rollback")
    assert json.loads(ended.stdout) == {"serving": before, "canary_ended": True}


def test_a_dry_run_says_what_would_be_done_and_changes_nothing(shop: Path) -> None:
    before = sorted(path.name for path in (shop / "snapshots").iterdir())
    done = run(shop, "--dry-run", "--json", "--since-last")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["action"] == "train"  # a tenth is new
    assert sorted(path.name for path in (shop / "snapshots").iterdir()) == before


def test_while_another_one_runs(shop: Path) -> None:
    with refresh_lock(shop / "snapshots"):
        done = run(shop, "--json")
    assert done.returncode == 4
    assert f"process {os.getpid()}" in json.loads(done.stdout)["error"]


def test_a_store_that_is_away(shop: Path) -> None:
    before = current(shop / "snapshots")
    done = run(shop, "--store", f"sqlite:///{shop}/elsewhere.db")
    assert done.returncode == 5
    [said] = lines(done.stderr)
    assert said["exit_code"] == 5
    assert "elsewhere.db" in said["error"]
    assert current(shop / "snapshots") == before


def test_out_of_memory(shop: Path) -> None:
    """With an address space that has room for the libraries and not for the work."""
    code = (
        "import sys; from graphrec.cli import main; from graphrec.cli.commands import refresh\n"
        "def greedy(*_, **__): return bytearray(2**62)\n"
        "refresh.refresh_snapshot = greedy\n"
        "sys.argv = ['graphrec', 'refresh', '--embedding', 'none']; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=shop, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 7
    assert "out of memory" in lines(done.stderr)[-1]["error"]
    load(shop / "snapshots")


def test_watch_refreshes_again_and_again_until_it_is_told_to_stop(shop: Path) -> None:
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "graphrec.cli.main", "refresh"),
            *("--embedding", "none", "--since-last", "--watch", "0.001"),
        ],
        cwd=shop, env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    reads = 0
    for line in process.stderr:
        reads += json.loads(line).get("stage") == "read" and "began" in line
        if reads == 2:
            break
    process.terminate()
    assert process.wait(30) == 0
    assert "began" not in process.stderr.read()  # nothing goes on after it
    process.stderr.close()
    load(shop / "snapshots")


@contextmanager
def small_disk(folder: Path, kib: int) -> Iterator[None]:
    """A filesystem of so many KiB at a folder; skips where this may not be mounted."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kib}k", "none", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a filesystem may not be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("space", [4, 70])
def test_a_full_disk(shop: Path, tmp_path: Path, space: int) -> None:
    """What served before is there, on the very disk that is full, and serves again when it is not.

    However little is left when it gets full: at the first file, or at a later one.
    """
    disk = tmp_path / "disk"
    with small_disk(disk, 4096):
        shutil.copytree(shop / "snapshots", disk / "snapshots")
        folder = disk / "snapshots"
        before = current(folder)
        left = shutil.disk_usage(disk).free // 1024 - space
        (disk / "ballast").write_bytes(b"0" * 1024 * left)
        done = run(shop, "--snapshots", str(folder), "--force")
        assert done.returncode == 6, done.stderr
        assert "cannot be written" in lines(done.stderr)[-1]["error"]
        assert load(folder).manifest.version == before
        assert versions(folder) == (before,)
        assert not list(folder.glob(".draft-*"))
        (disk / "ballast").unlink()
        assert run(shop, "--snapshots", str(folder), "--force").returncode == 0
        assert current(folder) != before
