"""What is fetched, and how often; faults of a place, and of the folder that it is fetched into."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest
from s3fs import S3FileSystem

from graphrec.errors import SnapshotError, SnapshotsAway, SnapshotsChanged
from graphrec.models.embeddings import Embeddings
from graphrec.retrieval.embedding import Nearest
from graphrec.snapshot.place import local, objects_at
from graphrec.snapshot.registry import current, load, publish
from graphrec.snapshot.remote import transfer
from graphrec.snapshot.remote.mirror import Mirror
from graphrec.snapshot.remote.objects import Away, Missing, Objects
from graphrec.snapshot.remote.shared_folder import SharedFolder
from graphrec.snapshot.snapshot import Snapshot
from tests.support.object_store import ObjectStore
from tests.support.proxy import cutting
from tests.support.snapshots import small_snapshot


@dataclass
class Watched:
    """Objects whose requests are counted, and break where a test says so."""

    objects: Objects
    asked: Counter[str] = field(default_factory=Counter)
    before: Callable[[str, str], None] = lambda method, name: None
    after: Callable[[str, str], None] = lambda method, name: None

    @property
    def url(self) -> str:
        return self.objects.url

    def token(self, name: str) -> str | None:
        return self._done("token", name, lambda: self.objects.token(name))

    def get(self, name: str, size: int | None = None) -> bytes:
        return self._done("get", name, lambda: self.objects.get(name, size))

    def put(self, name: str, content: bytes) -> None:
        self._done("put", name, lambda: self.objects.put(name, content))

    def swap(self, name: str, content: bytes, token: str | None) -> None:
        self._done("swap", name, lambda: self.objects.swap(name, content, token))

    def names(self):
        return self.objects.names()

    def delete(self, name: str) -> None:
        self._done("delete", name, lambda: self.objects.delete(name))

    def _done(self, method, name, work):
        self.asked[f"{method} {name}"] += 1
        self.before(method, name)
        result = work()
        self.after(method, name)
        return result

    def gets(self) -> Counter[str]:
        return Counter({n: c for n, c in self.asked.items() if n.startswith("get parts/")})


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "PAUSE_SECONDS", 0.001)


@pytest.fixture
def place(tmp_path: Path) -> SharedFolder:
    return SharedFolder(tmp_path / "shared")


def published(objects: Objects, cache: Path, snapshot: Snapshot) -> str:
    with Mirror(objects, cache).change("graphrec train") as folder:
        return publish(snapshot, folder)


def large_snapshot(seed: int) -> Snapshot:
    """With vectors of items that are a part of their own, and the same whatever the seed."""
    snapshot = small_snapshot(seed)
    item = np.random.default_rng(0).normal(size=(9, 2**13)).astype(np.float32)
    vectors = Embeddings(np.full((len(snapshot.users), 2**13), seed, np.float32), item)
    sources = [
        replace(each, vectors=vectors) if isinstance(each, Nearest) else each
        for each in snapshot.sources
    ]
    return replace(snapshot, sources=tuple(sources))


def test_only_what_changed_is_sent_and_fetched(place: SharedFolder, tmp_path: Path) -> None:
    sent, fetched = Watched(place), Watched(place)
    published(sent, tmp_path / "here", large_snapshot(1))
    Mirror(fetched, tmp_path / "there").pull()
    first, item_bytes = sum(len(place.get(name)) for name in place.names()), 9 * 2**13 * 4
    sent.asked.clear()
    fetched.asked.clear()
    version = published(sent, tmp_path / "here", large_snapshot(2))
    mirror = Mirror(fetched, tmp_path / "there")
    mirror.pull()
    again = [name.partition(" ")[2] for name in fetched.gets()]
    assert {f"put {name}" for name in again} == {n for n in sent.asked if n.startswith("put ")}
    assert sum(len(place.get(name)) for name in again) < first - item_bytes
    assert load(mirror.folder).manifest.version == version
    fetched.asked.clear()
    mirror.pull()
    assert fetched.asked == {"token current": 1}


def test_fifty_replicas_read_each_part_once(place: SharedFolder, tmp_path: Path) -> None:
    """Each of a machine of its own; and several processes of one machine once in all."""
    version = published(place, tmp_path / "here", small_snapshot())
    ready = Barrier(50)

    def start(mirror: Mirror) -> str:
        ready.wait()
        mirror.pull()
        return current(mirror.folder)

    apart = [Mirror(Watched(place), tmp_path / str(number)) for number in range(45)]
    together = Watched(place)
    beside = [Mirror(together, tmp_path / "one machine") for _ in range(5)]
    with ThreadPoolExecutor(50) as pool:
        assert {*pool.map(start, apart + beside)} == {version}
    parts = {f"get {name}": 1 for name in place.names() if name.startswith("parts/")}
    assert all(mirror.objects.gets() == parts for mirror in apart)  # type: ignore[attr-defined]
    assert together.gets() == parts


def test_of_publishers_that_switch_at_the_same_moment_one_wins(
    place: SharedFolder, tmp_path: Path
) -> None:
    published(place, tmp_path / "0", small_snapshot())
    ready = Barrier(4)

    def waits(method: str, _: str) -> None:
        if method == "swap":
            ready.wait()

    def publishes(number: int) -> str:
        try:
            return published(Watched(place, before=waits), tmp_path / str(number), small_snapshot())
        except SnapshotsChanged as error:
            return str(error)

    with ThreadPoolExecutor(4) as pool:
        results = [*pool.map(publishes, range(1, 5))]
    mirror = Mirror(place, tmp_path / "0")
    mirror.pull()
    assert [each for each in results if "changed" not in each] == [current(mirror.folder)]
    assert load(mirror.folder)


def test_a_switch_whose_answer_is_lost_was_done(place: SharedFolder, tmp_path: Path) -> None:
    lost = []

    def loses(method: str, _: str) -> None:
        if method == "swap" and not lost:
            lost.append(method)
            raise Away("connection reset")

    version = published(Watched(place, after=loses), tmp_path / "here", small_snapshot())
    mirror = Mirror(place, tmp_path / "there")
    mirror.pull()
    assert lost
    assert current(mirror.folder) == version


def test_a_place_that_keeps_to_no_condition_is_refused(tmp_path: Path) -> None:
    class Lax(SharedFolder):
        def swap(self, name: str, content: bytes, token: str | None) -> None:
            self.put(name, content)

    with pytest.raises(SnapshotError, match=r"whatever the condition: expected .* If-Match"):
        published(Lax(tmp_path / "shared"), tmp_path / "here", small_snapshot())


def test_a_part_that_is_broken_changes_nothing(place: SharedFolder, tmp_path: Path) -> None:
    first = published(place, tmp_path / "here", small_snapshot(1))
    mirror = Mirror(place, tmp_path / "there")
    mirror.pull()
    published(place, tmp_path / "here", small_snapshot(2))
    known = {part.read_bytes() for part in mirror.folder.rglob("*") if part.is_file()}
    for path in (place.folder / "parts").iterdir():
        if path.stat().st_size > 1000 and path.read_bytes() not in known:
            path.write_bytes(path.read_bytes()[:-1] + b"!")
    with pytest.raises(SnapshotError, match=r"not those that were published: expected \d+ bytes"):
        mirror.pull()
    assert load(mirror.folder).manifest.version == first


def test_what_is_broken_here_is_fetched_again(place: SharedFolder, tmp_path: Path) -> None:
    version = published(place, tmp_path / "here", small_snapshot())
    Mirror(place, tmp_path / "there").pull()
    mirror = Mirror(place, tmp_path / "there")
    arrays = mirror.folder / version / "arrays.safetensors"
    arrays.write_bytes(arrays.read_bytes()[:-4] + b"\0\1\2\3")
    (mirror.folder / version / "users.json").unlink()
    mirror.pull()
    assert load(mirror.folder).manifest.version == version


def test_parts_that_were_deleted_meanwhile_are_those_of_a_version_before(
    place: SharedFolder, tmp_path: Path
) -> None:
    """Between the document and its parts, somebody else may switch and delete."""
    published(place, tmp_path / "here", small_snapshot(1))
    later: list[str] = []

    def switches(method: str, name: str) -> None:
        if method == "get" and name.startswith("parts/") and not later:
            later.append("begun")
            with Mirror(place, tmp_path / "here").change("graphrec forget") as folder:
                for path in [*folder.iterdir()]:
                    if path.is_dir():
                        path.rename(tmp_path / "gone")
                later.append(publish(small_snapshot(2), folder))

    mirror = Mirror(Watched(place, before=switches), tmp_path / "there")
    mirror.pull()
    assert current(mirror.folder) == later[1]
    assert load(mirror.folder)


def test_what_killed_publishers_sent_is_deleted_by_the_next(
    place: SharedFolder, tmp_path: Path
) -> None:
    published(place, tmp_path / "here", small_snapshot(1))
    stray = f"parts/{'0' * 64}-{'1' * 16}"
    place.put(stray, b"rows of people")
    (tmp_path / "shared" / "notes.txt").write_text("not ours")
    published(place, tmp_path / "here", small_snapshot(2))
    assert stray not in place.names()
    assert "notes.txt" in place.names()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../../keys.json", "names '../../keys.json'"),
        ("/etc/passwd", "names '/etc/passwd'"),
        ("20261122T101500Z-3fa9c1/../x.json", "names '20261122T101500Z-3fa9c1/../x.json'"),
        ("refresh.lock", "names 'refresh.lock'"),
    ],
)
def test_a_document_that_names_other_files_is_refused(
    place: SharedFolder, tmp_path: Path, name: str, said: str
) -> None:
    version = published(place, tmp_path / "here", small_snapshot())
    content = place.get("current").replace(f"{version}/items.json".encode(), name.encode())
    place.put("current", content)
    with pytest.raises(SnapshotError, match="expected format 1") as raised:
        Mirror(place, tmp_path / "there").pull()
    assert said in str(raised.value)


def test_a_place_that_is_away_is_named(place: SharedFolder, tmp_path: Path) -> None:
    def away(method: str, name: str) -> None:
        raise Away("connection refused")

    with pytest.raises(SnapshotsAway, match=r"file://.*\(connection refused\): expected the place"):
        Mirror(Watched(place, before=away), tmp_path / "there").pull()


def test_a_lost_connection_is_tried_again(place: SharedFolder, tmp_path: Path) -> None:
    failed: Counter[str] = Counter()

    def flickers(method: str, name: str) -> None:
        failed[name] += 1
        if failed[name] % 2:
            raise Away("connection reset")

    published(Watched(place, before=flickers), tmp_path / "here", small_snapshot())
    mirror = Mirror(Watched(place, before=flickers), tmp_path / "there")
    mirror.pull()
    assert load(mirror.folder)
    with pytest.raises(Missing):
        place.get("parts/none")


@pytest.mark.slow
def test_connections_that_are_cut_lose_nothing(
    store: ObjectStore, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every third connection breaks, within an answer's head or its content."""

    def cuts(number: int) -> int | None:
        return (None, None, 100, None, None, 3000)[number % 6]

    with cutting(store.port, cuts) as port:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        S3FileSystem.clear_instance_cache()
        version = published(objects_at(bucket), tmp_path / "here", small_snapshot())
        folder = local(bucket, tmp_path / "there")
    S3FileSystem.clear_instance_cache()
    assert load(folder).manifest.version == version


@pytest.mark.slow
def test_replicas_read_each_object_of_a_bucket_once(
    store: ObjectStore, bucket: str, tmp_path: Path
) -> None:
    """As the server's own log has it; six of the fifty, which are enough to see it there."""
    version = published(objects_at(bucket), tmp_path / "here", small_snapshot())
    before = store.requests()
    with ThreadPoolExecutor(6) as pool:
        folders = [*pool.map(lambda n: local(bucket, tmp_path / str(n)), range(6))]
    assert {current(folder) for folder in folders} == {version}
    asked = store.requests() - before
    parts = {path: n for (method, path, _), n in asked.items() if method == "GET"}
    assert len(parts) > 3
    assert {*parts.values()} == {6}
