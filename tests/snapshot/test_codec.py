"""Trees of arrays as files: what is read is what was written, and nothing that could run."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray
from safetensors.numpy import load_file
from scipy import sparse

from graphrec.data.axes import axes
from graphrec.data.tree import difference, leaves
from graphrec.errors import OutdatedSnapshot, SnapshotError
from graphrec.snapshot import codec
from graphrec.snapshot.manifest import FORMAT
from graphrec.snapshot.registry import load, publish
from graphrec.snapshot.snapshot import TYPES, Snapshot
from tests.support.attributed import SNAPSHOT
from tests.support.snapshots import reseal, small_snapshot


@dataclass(frozen=True)
class Part:
    values: Annotated[NDArray, axes("item")]
    chosen: tuple[str, ...] = ()


@dataclass(frozen=True)
class Whole:
    parts: tuple[Part, ...]
    by_pair: dict[tuple[str, str], NDArray]
    matrix: sparse.csr_array
    mask: sparse.csr_array
    maybe: Part | None = None
    number: float = 0.0


@dataclass(frozen=True)
class Column:
    values: NDArray


HERE = {f"{__name__}:Part": f"{__name__}:Part"}
"""The class that is named by these tests, as the settings name one of their own."""

numbers = st.sampled_from((np.bool_, np.uint8, np.int32, np.int64, np.float32, np.float64)).flatmap(
    lambda dtype: arrays(dtype, array_shapes(max_dims=2, min_side=0, max_side=4))
)


@given(st.lists(numbers, min_size=1, max_size=5))
def test_the_file_of_arrays_is_one_of_safetensors(tmp_path_factory, found):
    path = tmp_path_factory.mktemp("arrays") / codec.ARRAYS
    named = {f"part {place} é": array for place, array in enumerate(found)}
    codec.write_arrays(named, path)
    read = load_file(path)
    assert set(read) == set(named)
    for name, array in named.items():
        assert read[name].dtype == array.dtype
        np.testing.assert_array_equal(read[name], array)


@given(st.lists(numbers, max_size=3), st.booleans(), st.floats(-1e300, 1e300))
def test_what_is_read_is_what_was_written(tmp_path_factory, found, there, number):
    folder = tmp_path_factory.mktemp("tree")
    dense = np.array([[0, 2, 0], [1, 0, 0]], np.float32)
    whole = Whole(
        tuple(Part(array, ("a", "b")) for array in found),
        {("one", "two"): np.arange(3)},
        sparse.csr_array(dense),
        sparse.csr_array(dense.astype(bool)),
        Part(np.ones(2)) if there else None,
        number,
    )
    codec.write(whole, folder, HERE)
    read = codec.read(Whole, folder, HERE)
    for one, other in zip(leaves(read), leaves(whole), strict=True):
        assert (one.path, one.axes) == (other.path, other.axes)
        if isinstance(one.value, np.ndarray):
            assert one.value.dtype == other.value.dtype
            np.testing.assert_array_equal(one.value, other.value)
        elif sparse.issparse(one.value):
            assert (one.value.dtype, one.value.shape) == (other.value.dtype, other.value.shape)
            np.testing.assert_array_equal(one.value.toarray(), other.value.toarray())
        else:
            assert one.value == other.value
    assert read.by_pair.keys() == whole.by_pair.keys()


@pytest.mark.parametrize("snapshot", [small_snapshot(), small_snapshot(learnt=False), SNAPSHOT])
def test_a_snapshot_is_read_as_it_was_written(tmp_path, snapshot):
    codec.write(snapshot, tmp_path, TYPES, frozenset({"manifest"}))
    read = codec.read(Snapshot, tmp_path, TYPES, manifest=snapshot.manifest)
    assert difference(read, snapshot) == 0
    assert read.users == snapshot.users
    assert not (tmp_path / "manifest.json").exists()


def test_an_array_that_leaves_share_is_written_once_and_shared_again(tmp_path):
    values = np.arange(5.0)
    empty = sparse.csr_array((0, 0), dtype=np.float32)
    codec.write(Whole((Part(values), Part(values)), {}, empty, empty), tmp_path, HERE)
    names = [n for n in codec.read_arrays(tmp_path / codec.ARRAYS) if n.startswith("parts")]
    assert names == ["parts.0.values"]
    one, other = codec.read(Whole, tmp_path, HERE).parts
    assert np.shares_memory(one.values, other.values)


def test_arrays_are_mapped_and_cannot_be_written_to(tmp_path):
    publish(small_snapshot(), tmp_path)
    snapshot = load(tmp_path)
    for array in (snapshot.popularity.popularity, snapshot.embeddings.user, snapshot.history.data):
        assert not array.flags.owndata
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def rewritten(folder, version, name, change):
    """A file changed by one who knows about checksums."""
    path = folder / version / name
    path.write_bytes(change(path.read_bytes()))
    content = path.read_bytes()
    file = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    reseal(folder, version, lambda manifest: manifest["files"].update({name: file}))


@pytest.mark.parametrize("name", ["os:system", "pathlib:Path", "Path", "builtins:eval"])
def test_a_class_that_is_not_named_is_refused(tmp_path, name):
    version = publish(small_snapshot(), tmp_path)

    def another(content):
        sources = json.loads(content)
        sources[0][codec.TYPE] = name
        return json.dumps(sources).encode()

    rewritten(tmp_path, version, "sources.json", another)
    with pytest.raises(SnapshotError, match=r"expected one of.*neighbours.*name the source"):
        load(tmp_path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\xff" * 64, b"\x80\x04N."])
def test_a_file_that_is_no_safetensors_is_refused(tmp_path, content):
    version = publish(small_snapshot(), tmp_path)
    rewritten(tmp_path, version, codec.ARRAYS, lambda _: content)
    with pytest.raises(SnapshotError, match=r"arrays\.safetensors.*graphrec train"):
        load(tmp_path)


@pytest.mark.parametrize("earlier", range(1, FORMAT))
def test_an_earlier_format_is_refused_and_says_to_train_again(tmp_path, earlier):
    version = publish(small_snapshot(), tmp_path)
    reseal(tmp_path, version, lambda manifest: manifest.update(format=earlier))
    expected = f"has format {earlier}: expected {FORMAT}.*`graphrec train`"
    with pytest.raises(OutdatedSnapshot, match=expected):
        load(tmp_path)


def test_a_tree_without_arrays_has_files_too(tmp_path):
    empty = sparse.csr_array((0, 3), dtype=np.float32)
    whole = Whole((), {}, empty, empty.astype(bool))
    codec.write(whole, tmp_path, HERE)
    assert codec.read(Whole, tmp_path, HERE).mask.shape == (0, 3)
    assert difference(codec.read(Whole, tmp_path, HERE), replace(whole)) == 0


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_json_has_no_word_for_are_kept(tmp_path, number):
    codec.write(Number(number), tmp_path, HERE)
    assert repr(codec.read(Number, tmp_path, HERE)) == repr(Number(number))


@dataclass(frozen=True)
class Number:
    value: float


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is asked of /proc")
def test_what_only_a_check_looked_at_is_not_held(tmp_path):
    """Yet all of it is there when it is asked for."""
    values = np.arange(2**23, dtype=np.float32)
    codec.write(Column(values), tmp_path, HERE)
    checked = []
    before = _mapped_mib()
    found = codec.read(Column, tmp_path, HERE, lambda tree: checked.append(tree.values.sum()))
    assert checked == [values.sum()]
    assert _mapped_mib() - before < 8
    np.testing.assert_array_equal(found.values, values)
    assert _mapped_mib() - before > 24


def test_what_a_check_raises_is_raised(tmp_path):
    codec.write(Column(np.zeros(1, np.float32)), tmp_path, HERE)

    def refuse(tree):
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        codec.read(Column, tmp_path, HERE, refuse)


def _mapped_mib() -> float:
    """Of files, that this process holds in memory."""
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("RssFile"))
    return int(line.split()[1]) / 1024
