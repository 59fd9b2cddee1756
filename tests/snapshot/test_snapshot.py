from __future__ import annotations

import hashlib
import os
import pickle
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta, timezone

import numpy as np
import pytest
from scipy import sparse

from graphrec.data import Graph, Interactions
from graphrec.data.dataset import Dataset
from graphrec.data.weighting import KindPolicy, weigh
from graphrec.errors import SnapshotError
from graphrec.models.graph_filter.model import GraphFilter
from graphrec.recommend.query import Query
from graphrec.recommend.recommender import Recommender
from graphrec.settings import RetrievalSettings
from graphrec.snapshot import codec
from graphrec.snapshot.manifest import FORMAT
from graphrec.snapshot.registry import current, load, publish, rollback, versions
from tests.support.paths import ROOT
from tests.support.snapshots import NOON, build_snapshot, reseal, small_snapshot


def answers(snapshot):
    """Everything that the recommender says about a snapshot."""
    recommender = Recommender.of(snapshot, RetrievalSettings())
    items = snapshot.items.ids
    return (
        [
            recommender.recommend(Query(user, k=20)).recommendations
            for user in (*snapshot.users.ids, "nobody")
        ],
        [recommender.recommend(Query(items=(item,), k=20)).recommendations for item in items],
        [recommender.related(item, 20) for item in items],
    )


def files(folder, version):
    return sorted(path for path in (folder / version).iterdir())


@pytest.mark.parametrize("aggregated", [{"attention": (9, 2)}, {"readout": (4, 4)}])
def test_an_encoder_that_is_loaded_embeds_as_before(tmp_path, aggregated):
    rng = np.random.default_rng(0)
    arrays = {k: rng.random(shape).astype(np.float32) for k, shape in aggregated.items()}
    snapshot = small_snapshot(aggregated=arrays)
    publish(snapshot, tmp_path)
    items = np.array([1, 5, 6], np.int32)
    found, expected = (each.encoder.embed(items) for each in (load(tmp_path), snapshot))
    np.testing.assert_array_equal(found, expected)
    assert not np.allclose(found, small_snapshot().encoder.embed(items))


def test_a_large_catalogue_is_loaded_as_it_was_published(tmp_path, monkeypatch):
    monkeypatch.setattr("graphrec.models.graph_filter.scorer.DENSE_UP_TO", 0)
    snapshot = small_snapshot()
    publish(snapshot, tmp_path)
    loaded = load(tmp_path)
    assert answers(loaded) == answers(snapshot)
    scores, expected = (each.sources[0].scores for each in (loaded, snapshot))
    assert sparse.issparse(expected.pairs)
    for found in (scores.pairs, scores.factors.pairs()):
        np.testing.assert_array_equal(found.toarray(), expected.pairs.toarray())


@pytest.mark.parametrize("learnt", [True, False])
def test_what_is_loaded_answers_like_what_was_published(tmp_path, learnt):
    snapshot = small_snapshot(learnt=learnt)
    version = publish(snapshot, tmp_path / "new" / "folder", NOON)
    loaded = load(tmp_path / "new" / "folder")

    assert answers(loaded) == answers(snapshot)
    assert loaded.item_attributes == snapshot.item_attributes
    assert loaded.likes.users == snapshot.users
    assert (loaded.popularity.popularity == snapshot.popularity.popularity).all()
    scores = (each.sources[0].scores.score_histories(each.history) for each in (loaded, snapshot))
    np.testing.assert_array_equal(*scores)
    assert (loaded.encoder is None) == (not learnt)
    assert loaded.manifest.version == version
    assert version.startswith("20261122T120000Z-")
    assert loaded.manifest.created == "2026-11-22T12:00:00+00:00"
    same = replace(loaded.manifest, version="", created="", files={}, generation=0)
    assert same == snapshot.manifest


def test_an_empty_snapshot_can_be_published(tmp_path):
    empty = Graph(Interactions.of([], []))
    fitted = GraphFilter().fit(Dataset.of_weights(empty)).scorer
    facts = {"seed": 0, "cutoff": None, "models": {}, "metrics": {}}
    snapshot = build_snapshot(empty, graph_filter=fitted, embeddings=None, encoder=None, **facts)
    publish(snapshot, tmp_path)
    recommender = Recommender.of(load(tmp_path), RetrievalSettings())
    assert recommender.recommend(Query("anyone", k=10)).recommendations == ()
    assert load(tmp_path).manifest.newest_event is None


def test_versions_are_in_the_order_of_publishing_whatever_clock_and_zone(tmp_path):
    east = timezone(timedelta(hours=9))
    ahead = publish(small_snapshot(1), tmp_path, NOON.astimezone(east) + timedelta(days=400))
    then = publish(small_snapshot(2), tmp_path, NOON)
    last = publish(small_snapshot(3), tmp_path, NOON + timedelta(seconds=1))
    assert versions(tmp_path) == (ahead, then, last)
    assert current(tmp_path) == last
    assert rollback(tmp_path) == then
    assert rollback(tmp_path) == ahead
    assert versions(tmp_path / "nowhere") == ()


def test_the_same_content_published_again_is_the_same_version(tmp_path):
    once, again = (publish(small_snapshot(), tmp_path, NOON) for _ in range(2))
    assert once == again
    assert versions(tmp_path) == (once,)


def test_roll_back_to_the_one_before_or_to_any(tmp_path):
    first, second, third = (
        publish(small_snapshot(n), tmp_path, NOON + timedelta(days=n)) for n in range(3)
    )
    assert rollback(tmp_path) == second
    assert load(tmp_path).manifest.version == second
    assert rollback(tmp_path) == first
    with pytest.raises(SnapshotError, match="none before it"):
        rollback(tmp_path)
    assert rollback(tmp_path, third) == current(tmp_path) == third


def test_versions_of_one_second_are_in_the_order_of_their_publishing(tmp_path):
    """Their names differ by a hash, which says nothing of time."""
    published = [
        publish(small_snapshot(n), tmp_path, NOON + timedelta(microseconds=n * 100_000))
        for n in range(6)
    ]
    assert published != sorted(published)
    assert versions(tmp_path) == tuple(published)
    for before in reversed(published[:-1]):
        assert rollback(tmp_path) == before


def test_versions_are_listed_whatever_their_manifests_say(tmp_path):
    days = (publish(small_snapshot(n), tmp_path, NOON + timedelta(days=n)) for n in range(4))
    first, second, third, fourth = days
    (tmp_path / first / "manifest.json").write_bytes(b"{")
    (tmp_path / second / "manifest.json").write_bytes(b'{"created": "soon"}')
    reseal(tmp_path, third, lambda manifest: manifest.update(created="0001-01-01T00:00:00+09:00"))
    assert versions(tmp_path) == (first, second, third, fourth)


def test_popularity_is_what_the_events_of_an_item_are_worth():
    """And reasons count people."""
    log = Interactions.of(
        ["a", "b", "c", "a"], ["x", "x", "y", "z"], kind=["view", "view", "purchase", "skip"]
    )
    policy = {"purchase": KindPolicy(weight=5), "skip": KindPolicy(weight=0)}
    graph = weigh(Graph(log), policy)
    fitted = GraphFilter().fit(Dataset.of_weights(graph)).scorer
    facts = {"seed": 0, "cutoff": None, "models": {}, "metrics": {}}
    snapshot = build_snapshot(graph, graph_filter=fitted, embeddings=None, encoder=None, **facts)
    assert snapshot.popularity.popularity.tolist() == [2, 5, 0]
    assert snapshot.popularity.popularity.dtype == np.float32
    found = (
        Recommender.of(snapshot, RetrievalSettings())
        .recommend(Query("nobody", k=2))
        .recommendations
    )
    assert [r.item for r in found] == ["y", "x"]
    assert "1 p" in found[0].reason
    assert "2 p" in found[1].reason


def test_no_roll_back_to_a_broken_snapshot(tmp_path):
    first, second = (
        publish(small_snapshot(n), tmp_path, NOON + timedelta(days=n)) for n in range(2)
    )
    (tmp_path / first / "items.json").unlink()
    with pytest.raises(SnapshotError, match=r"items\.json"):
        rollback(tmp_path)
    with pytest.raises(SnapshotError, match="manifest"):
        rollback(tmp_path, "20200101T000000Z-abcdef")
    assert current(tmp_path) == second


def test_a_flipped_bit_in_any_file_is_refused(tmp_path):
    version = publish(small_snapshot(), tmp_path)
    rng = np.random.default_rng(0)
    for path in files(tmp_path, version):
        content = path.read_bytes()
        for at in {0, len(content) - 1, *rng.integers(0, len(content), 5).tolist()}:
            flipped = bytearray(content)
            flipped[at] ^= 1 << int(rng.integers(8))
            path.write_bytes(flipped)
            with pytest.raises(SnapshotError, match="graphrec train"):
                load(tmp_path)
        path.write_bytes(content)
    load(tmp_path)


def test_a_truncated_or_missing_file_is_refused(tmp_path):
    version = publish(small_snapshot(), tmp_path)
    for path in files(tmp_path, version):
        content = path.read_bytes()
        for length in (0, len(content) // 2, len(content) - 1):
            path.write_bytes(content[:length])
            with pytest.raises(SnapshotError, match=path.name):
                load(tmp_path)
        path.unlink()
        with pytest.raises(SnapshotError, match=path.name):
            load(tmp_path)
        path.write_bytes(content)
    load(tmp_path)


def test_where_there_is_nothing_to_load_the_error_says_what_to_do(tmp_path):
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(SnapshotError, match="run `graphrec train`"):
            load(folder)


@pytest.mark.parametrize("name", ["", "..", "../elsewhere", "/etc", "20261122T120000Z-abcdef/.."])
def test_a_version_cannot_lead_out_of_the_folder(tmp_path, name):
    version = publish(small_snapshot(), tmp_path)
    with pytest.raises(SnapshotError, match="not a version"):
        load(tmp_path, name)
    (tmp_path / "current").write_text(name)
    with pytest.raises(SnapshotError, match="names no version"):
        load(tmp_path)
    assert load(tmp_path, version).manifest.version == version


@pytest.mark.parametrize(
    "name", ["../outside.json", "/etc/passwd", "..", "a/b.npy", "a\\b.npy", ""]
)
def test_a_manifest_cannot_name_files_outside(tmp_path, name):
    version = publish(small_snapshot(), tmp_path)
    (tmp_path / "outside.json").write_text("[]")
    digest = hashlib.sha256(b"[]").hexdigest()
    reseal(tmp_path, version, lambda m: m["files"].update({name: {"bytes": 2, "sha256": digest}}))
    with pytest.raises(SnapshotError, match="plain name"):
        load(tmp_path)


def test_another_format_is_refused_before_anything_else_is_read(tmp_path):
    version = publish(small_snapshot(), tmp_path)

    def newer(manifest):
        manifest.clear()
        manifest["format"] = FORMAT + 1

    reseal(tmp_path, version, newer)
    with pytest.raises(SnapshotError, match=f"format {FORMAT + 1}: expected {FORMAT}"):
        load(tmp_path)


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b'{"format": %d}' % FORMAT, b'{"format": %d, "seed": {}}' % FORMAT],
)
def test_a_manifest_of_another_shape_is_refused(tmp_path, content):
    version = publish(small_snapshot(), tmp_path)
    (tmp_path / version / "manifest.json").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    (tmp_path / version / "manifest.sha256").write_text(f"{digest}  manifest.json\n")
    with pytest.raises(SnapshotError, match="cannot be read"):
        load(tmp_path)


def test_a_version_under_the_name_of_another_is_refused(tmp_path):
    version = publish(small_snapshot(), tmp_path)
    other = "20200101T000000Z-abcdef"
    shutil.copytree(tmp_path / version, tmp_path / other)
    with pytest.raises(SnapshotError, match="its own"):
        load(tmp_path, other)


def test_no_file_is_a_pickle_or_holds_one(tmp_path):
    version = publish(small_snapshot(), tmp_path)
    kinds = {path.suffix for path in files(tmp_path, version)}
    assert kinds == {".json", ".safetensors", ".sha256"}
    for path in files(tmp_path, version):
        with pytest.raises(Exception), path.open("rb") as file:  # noqa: B017, PT011
            pickle.load(file)  # noqa: S301
        if path.suffix == ".safetensors":
            arrays = codec.read_arrays(path).values()
            assert not any(each.dtype.hasobject for each in arrays)


def test_an_array_of_objects_is_refused_even_with_the_right_checksum(tmp_path):
    version = publish(small_snapshot(), tmp_path)
    path = tmp_path / version / "arrays.safetensors"
    with path.open("wb") as file:
        np.save(file, np.array([{}], object), allow_pickle=True)
    content = path.read_bytes()
    described = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    reseal(tmp_path, version, lambda m: m["files"].update({path.name: described}))
    with pytest.raises(SnapshotError, match=r"cannot be read \(arrays\.safetensors"):
        load(tmp_path)


def test_a_half_written_draft_is_not_a_version(tmp_path):
    version = publish(small_snapshot(), tmp_path)
    shutil.copytree(tmp_path / version, tmp_path / ".draft-0123456789abcdef")
    (tmp_path / "20991231T000000Z-abcdef").mkdir()  # empty: no manifest
    assert versions(tmp_path) == (version,)
    assert load(tmp_path).manifest.version == version


def test_a_publish_that_fails_leaves_nothing_behind(tmp_path, monkeypatch):
    version = publish(small_snapshot(0), tmp_path)
    before = sorted(tmp_path.iterdir())

    def full(*_, **__):
        raise OSError("no space left on device")

    monkeypatch.setattr(codec, "write_arrays", full)
    with pytest.raises(OSError, match="no space left"):
        publish(small_snapshot(1), tmp_path)
    assert sorted(tmp_path.iterdir()) == before
    assert load(tmp_path).manifest.version == version


def test_concurrent_publishers_and_readers(tmp_path):
    publish(small_snapshot(0), tmp_path)
    with ThreadPoolExecutor(4) as pool:
        published = [pool.submit(publish, small_snapshot(n), tmp_path) for n in range(1, 9)]
        read = [pool.submit(load, tmp_path) for _ in range(16)]
        done = {future.result() for future in published}
        assert all(future.result().manifest.version in versions(tmp_path) for future in read)
    assert len(done) == 8
    assert current(tmp_path) in done
    assert len(versions(tmp_path)) == 9
    assert not list(tmp_path.glob(".draft-*"))


KILLED = """
import os, signal, sys
from pathlib import Path
from graphrec.snapshot import codec, registry
from tests.support.snapshots import small_snapshot

new = small_snapshot(1)
for step in range(1, 100):
    child = os.fork()
    if child == 0:
        calls = 0
        def dying(call):
            def wrapped(*args, **kwargs):
                global calls
                calls += 1
                if calls == step:
                    os.kill(os.getpid(), signal.SIGKILL)
                return call(*args, **kwargs)
            return wrapped
        Path.write_bytes, Path.write_text = dying(Path.write_bytes), dying(Path.write_text)
        Path.rename, Path.replace = dying(Path.rename), dying(Path.replace)
        Path.mkdir, codec.write_arrays = dying(Path.mkdir), dying(codec.write_arrays)
        os.fsync = dying(os.fsync)
        registry.publish(new, Path(sys.argv[1]))
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    serving = registry.load(Path(sys.argv[1])).manifest
    print(code, serving.version, flush=True)
    if code == 0:
        break
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the publishers that die are forks")
def test_a_publisher_killed_at_any_step_leaves_the_previous_snapshot_serving(tmp_path):
    old = publish(small_snapshot(0), tmp_path)
    run = [sys.executable, "-c", KILLED, str(tmp_path)]
    root = ROOT
    output = subprocess.run(run, cwd=root, check=True, capture_output=True, text=True).stdout
    steps = [line.split() for line in output.splitlines()]
    codes = [int(code) for code, _ in steps]
    serving = [version for _, version in steps]
    assert set(codes[:-1]) == {-9}
    assert codes[-1] == 0
    assert len(steps) > 30  # steps at which it was killed
    # Whenever it was killed, the old version or a complete new one serves: old up to the switch.
    switched = next(at for at, version in enumerate(serving) if version != old)
    assert switched >= len(steps) - 2
    assert load(tmp_path).manifest.seed == 1


def test_metrics_may_hold_numpy_numbers(tmp_path):
    snapshot = small_snapshot()
    measured = replace(
        snapshot.manifest, metrics={"recall@20": np.float64(0.5), "users": np.int64(3)}
    )
    publish(replace(snapshot, manifest=measured), tmp_path)
    assert load(tmp_path).manifest.metrics == {"recall@20": 0.5, "users": 3}
