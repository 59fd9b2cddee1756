"""Every command that takes a folder of snapshots takes a URL."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphrec.errors import SettingsError
from graphrec.locations import location_of
from graphrec.snapshot.canary import start_canary
from graphrec.snapshot.place import changing, local, objects_at
from graphrec.snapshot.registry import current, load, publish, versions
from tests.support.command import error_line, fill, graphrec
from tests.support.snapshots import NOON, small_snapshot

pytestmark = pytest.mark.slow


@pytest.fixture
def place(tmp_path: Path) -> str:
    return f"file://{tmp_path}/shared"


def test_a_shop_from_its_first_training_to_forgetting(tmp_path: Path, place: str) -> None:
    shop = fill(tmp_path / "shop")
    with (shop / "graphrec.toml").open("a") as settings:
        settings.write("\n[refresh]\nmin_test_users = 1\n")
    text = (shop / "graphrec.toml").read_text()
    (shop / "graphrec.toml").write_text(f'snapshots = "{place}"\ncache = "{tmp_path}/here"\n{text}')
    assert graphrec(shop, "ingest", "events.csv", "--items", "items.csv").code == 0
    planned = graphrec(shop, "refresh", "--dry-run", "--embedding", "none", "--json").json()
    assert planned["action"] == "train"
    trained = graphrec(shop, "train", "--models", "none", "--embedding", "none")
    assert trained.code == 0, trained.err
    assert f"in {place};" in " ".join(trained.out.split())
    first = current(local(place, tmp_path / "there"))
    again = graphrec(shop, "refresh", "--embedding", "none", "--force", "--canary", "20", "--json")
    second = again.json()["version"]
    assert Path(again.json()["report"]).read_text().count(second) > 0
    assert current(local(place, tmp_path / "there")) == first
    assert graphrec(shop, "promote", "--json").json() == {"serving": second}
    assert graphrec(shop, "rollback", "--json").json()["serving"] == first
    page = graphrec(shop, "report", "--json").json()
    assert first in Path(page["page"]).read_text("utf-8")
    checked = graphrec(shop, "doctor", "--json").json()
    said = {each["about"]: each["said"] for each in checked["findings"]}
    assert said["place of snapshots"] == f"{place}: 2 versions, all parts of which are there"
    out = tmp_path / "lists.csv"
    made = graphrec(shop, "export", "--placement", "for-you", "--out", out, "--workers", "1")
    assert made.code == 0, made.err
    backup, other = tmp_path / "backup.tar", f"{place}-restored"
    assert graphrec(shop, "dump", backup, "--json").json()["snapshot"] == first
    new = ("--store", f"sqlite:///{tmp_path}/new.db", "--snapshots", other)
    assert graphrec(shop, "restore", backup, *new, "--json").json()["snapshot"] == first
    assert current(local(other, tmp_path / "there")) == first
    assert graphrec(shop, "upgrade", "--check", *new, "--json").json()["outdated"] == []
    gone = graphrec(shop, "forget", "u07", "--verify", "--json").json()
    assert (len(gone["rewritten"]), gone["left"]) == (2, [])
    folder = local(place, tmp_path / "there")
    assert current(folder) == gone["serving"]
    assert len(versions(folder)) == 2
    assert "u07" not in load(folder).users.rows
    objects = objects_at(place)
    assert not any(b"u07" in objects.get(name) for name in objects.names())


def test_options_name_it_too(tmp_path: Path, place: str) -> None:
    with changing(place, tmp_path / "there") as folder:
        first = publish(small_snapshot(1), folder, NOON)
        second = publish(small_snapshot(2), folder, serve=False)
        start_canary(folder, second, 0.5)
    (tmp_path / "graphrec.toml").write_text(f'cache = "{tmp_path}/here"')
    assert graphrec(tmp_path, "recommend", "u03", "--snapshots", place, "--json").json()
    ended = graphrec(tmp_path, "rollback", "--snapshots", place, "--json").json()
    assert ended == {"serving": first, "canary_ended": True}
    assert "no snapshot is at file:" in error_line(
        graphrec(tmp_path, "recommend", "u03", "--snapshots", f"{place}2")
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("ftp://host/folder", "a URL of 'ftp': expected a folder, or a URL that begins with s3://"),
        ("s3://", "at 's3://': expected a bucket and a folder"),
        ("file:///", "at 'file:///': expected a bucket and a folder"),
        ("s3://KEY:secret@bucket/folder", "expected no login and no options in it"),
        ("s3://bucket/folder?key=secret", "expected no login and no options in it"),
    ],
)
def test_a_url_that_is_none(tmp_path: Path, given: str, said: str) -> None:
    with pytest.raises(SettingsError, match="snapshots are at") as raised:
        location_of(given)
    assert said in str(raised.value)
    assert "secret" not in str(raised.value)
    (tmp_path / "graphrec.toml").write_text(f'snapshots = "{given}"')
    for answer in (
        graphrec(tmp_path, "recommend", "u03"),
        graphrec(tmp_path, "recommend", "u03", "--snapshots", given),
    ):
        assert said in error_line(answer)
        assert "secret" not in answer.err


@pytest.mark.parametrize("given", ["snapshots", "/var/lib/snapshots", "a:b", r"C:\snapshots"])
def test_a_folder_is_a_folder(given: str) -> None:
    assert location_of(given) == Path(given)
