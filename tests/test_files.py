"""Small files that are replaced, and who may read what commands make."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from graphrec.api.middleware.keys import create_key, read_keys, revoke_key

from graphrec.errors import SettingsError
from graphrec.files import replace_file
from tests.support.command import graphrec

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "small"
    replace_file(path, b"one")
    replace_file(path, b"two")
    assert path.read_bytes() == b"two"
    with pytest.raises(OSError, match="No such"):
        replace_file(tmp_path / "not there" / "small", b"")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["small"]


@posix
def test_others_cannot_read_it_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        replace_file(tmp_path / "small", b"")
    finally:
        os.umask(before)
    assert mode(tmp_path / "small") & 0o007 == 0


def test_keys_that_are_made_and_revoked_at_once_are_all_there(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    create_key(path, "admin", "admin")

    def make(n: int) -> None:
        create_key(path, f"key{n}", "read")

    with ThreadPoolExecutor(8) as pool:
        done = [pool.submit(make, n) for n in range(8)]
        done.append(pool.submit(revoke_key, path, "admin"))
    for each in done:
        each.result()
    assert sorted(key.name for key in read_keys(path)) == [f"key{n}" for n in range(8)]


@pytest.mark.parametrize("sha256", ["é" * 64, "x" * 64, "", "A" * 64])
def test_a_hash_that_is_none_is_an_error_at_the_start(tmp_path: Path, sha256: str) -> None:
    path = tmp_path / "keys.json"
    create_key(path, "shop", "read")
    right = read_keys(path)[0].sha256
    path.write_text(path.read_text().replace(right, sha256), "utf-8")
    with pytest.raises(SettingsError, match="cannot be read"):
        read_keys(path)


def test_a_disk_that_is_full_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("graphrec.files.os.fsync", full)
    with pytest.raises(SettingsError, match="No space left on device"):
        create_key(tmp_path / "keys.json", "shop", "read")
    assert not (tmp_path / "keys.json").exists()


@posix
@pytest.mark.slow
def test_what_commands_make_is_for_the_owner_or_the_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [f"u{n % 7},i{n % 11},5,{1_600_000_000 + n}" for n in range(200)]
    (tmp_path / "log.csv").write_text("user,item,rating,time\n" + "\n".join([*rows, "u,,5,1"]))
    for readers, allowed in (("owner", 0o700), ("group", 0o750)):
        folder = tmp_path / readers
        folder.mkdir()
        monkeypatch.setenv("GRAPHREC_READERS", readers)
        for command in (
            ("ingest", str(tmp_path / "log.csv")),
            ("train", "--models", "none", "--embedding", "none"),
        ):
            done = graphrec(folder, *command)
            assert done.code == 0, done.err
        made = [each for each in folder.rglob("*") if each.name != "graphrec.toml"]
        assert {each.name for each in made} >= {"graphrec.db", "snapshots", "current", "rejects"}
        for each in made:
            assert mode(each) & ~allowed == 0, each
