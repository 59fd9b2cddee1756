"""Locks between processes: waited for with a limit, by people who know for whom they wait."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from graphrec.errors import Locked, RefreshRunning
from graphrec.locks import Holder, file_lock, holder, holder_file
from graphrec.snapshot.lock import LOCK, refresh_lock

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
linux = pytest.mark.skipif(sys.platform != "linux", reason="the system says who holds a lock")

HELD = """
import sys, time
from pathlib import Path
{imported}
with {lock}:
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def held(path: Path, lock: str, imported: str) -> Iterator[int]:
    """A process that holds a lock, by its id."""
    code = HELD.format(lock=lock, imported=imported)
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE) as found:
        assert found.stdout is not None
        assert found.stdout.readline() == b"held\n"
        try:
            yield found.pid
        finally:
            found.kill()


def ours(path: Path, work: str = "graphrec keys"):
    lock = f"file_lock(Path(sys.argv[1]), {work!r})"
    return held(path, lock, "from graphrec.locks import file_lock")


def foreign(path: Path):
    """Of a program that is not graphrec, which writes no name."""
    opened = "import fcntl, contextlib\nfile = open(sys.argv[1], 'a')\nfcntl.flock(file, 2)"
    return held(path, "contextlib.nullcontext()", opened)


def always(seconds: float):
    return lambda _: seconds


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_who_waits_too_long_is_told_for_whom(tmp_path: Path) -> None:
    path = tmp_path / ".keys.lock"
    with ours(path) as pid:
        said = rf"held by `graphrec keys`, process {pid} on .* since 20.*within 0 s.*end it"
        with pytest.raises(Locked, match=said), file_lock(path, "test", always(0.3)):
            pytest.fail("expected one at a time")
        assert holder(path).pid == pid
    with file_lock(path, "test", always(5)):
        assert holder(path).work == "test"
    assert not holder_file(path).exists()


def test_who_waits_goes_on_when_the_other_is_done(tmp_path: Path) -> None:
    path, met = tmp_path / "lock", list[Holder]()
    begun, done = threading.Event(), threading.Event()

    def work() -> None:
        with file_lock(path, "the first"):
            begun.set()
            done.wait(10)

    other = threading.Thread(target=work)
    other.start()
    begun.wait(10)
    threading.Timer(0.6, done.set).start()
    with file_lock(path, "the second", always(30), met.append):
        assert done.is_set()
    other.join()
    assert [each.work for each in met] == ["the first"]


@posix
def test_nobody_else_can_hold_one_whatever_the_umask_and_the_version_that_made_it(
    tmp_path: Path,
) -> None:
    old = tmp_path / "old.lock"
    old.touch(0o644)
    before = os.umask(0)
    try:
        for path in (old, tmp_path / "new.lock"):
            with file_lock(path, "test"):
                assert mode(path) == 0o600
                assert mode(holder_file(path)) == 0o600
    finally:
        os.umask(before)


@linux
def test_a_foreign_program_is_named_by_the_system(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch(0o600)
    with foreign(path) as pid, pytest.raises(Locked, match=rf"process {pid} "):  # noqa: SIM117
        with file_lock(path, "test", always(0.3)):
            pytest.fail("expected one at a time")


@linux
def test_one_that_was_killed_is_not_taken_for_the_holder(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with ours(path) as killed:
        pass
    assert holder_file(path).exists()
    with foreign(path) as pid:
        assert holder(path).pid == pid != killed


def test_what_is_written_of_a_holder_may_be_anything(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    for content in (b"", b"{", b"[]", b"null", b'{"pid": 1}', b'{"name": "x"}'):
        holder_file(path).write_bytes(content)
        assert "a process that does not say who it is" in str(holder(path))
    with file_lock(path, "test"):
        assert holder(path).pid == os.getpid()


@pytest.mark.slow
def test_a_refresh_is_not_waited_for_by_a_refresh_and_a_deletion_is(tmp_path: Path) -> None:
    imported = "from graphrec.snapshot.lock import refresh_lock"
    with (
        held(tmp_path, "refresh_lock(Path(sys.argv[1]))", imported),
        pytest.raises(RefreshRunning, match="is being refreshed by `graphrec refresh`, process"),
        refresh_lock(tmp_path),
    ):
        pytest.fail("expected one at a time")
    for work in ("graphrec forget", "graphrec rollback"):
        lock = f"refresh_lock(Path(sys.argv[1]), {work!r})"
        with held(tmp_path, lock, imported) as pid:
            with pytest.raises(Locked) as found, refresh_lock(tmp_path, short=0.5):
                pytest.fail("expected one at a time")
            assert not isinstance(found.value, RefreshRunning)
            assert f"{LOCK}' is held by `{work}`, process {pid} on" in str(found.value)


def test_the_lock_of_another_folder_within_is_not_taken_for_a_refresh(tmp_path: Path) -> None:
    inner = tmp_path / "exposures.lock"
    with (
        ours(inner, "graphrec refresh"),
        pytest.raises(Locked) as found,
        refresh_lock(tmp_path / "snapshots"),
        file_lock(inner, "graphrec forget", always(0.3)),
    ):
        pytest.fail("expected one at a time")
    assert not isinstance(found.value, RefreshRunning)
