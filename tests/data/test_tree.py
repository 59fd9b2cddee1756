"""The walk over a tree of arrays: rows taken, added and aligned wherever a leaf has the axis."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Annotated

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Attribute, Vocabulary
from graphrec.data.axes import axes
from graphrec.data.tree import Leaf, align, difference, extend, leaves, map_leaves, take
from graphrec.forget import without
from graphrec.snapshot import codec
from graphrec.snapshot.snapshot import TYPES
from tests.support.snapshots import small_snapshot


@dataclass(frozen=True)
class Inner:
    friends: Annotated[sparse.csr_array, axes("user", "user")]
    vectors: Annotated[NDArray[np.float32] | None, axes("user", None)] = None


@dataclass(frozen=True)
class Small:
    users: Annotated[Vocabulary, axes("user")]
    likes: Annotated[sparse.csr_array, axes("user", "item")]
    towns: Annotated[dict[str, Attribute], axes("user")]
    inner: tuple[Inner, ...]
    counts: Annotated[NDArray[np.int64], axes("item")]
    name: str = "small"


def small() -> Small:
    likes = np.array([[1, 0], [0, 2], [3, 4]], np.float32)
    friends = np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]], np.float32)
    return Small(
        Vocabulary(("a", "b", "c")),
        sparse.csr_array(likes),
        {"town": Attribute("category", ("x", "y", None))},
        (Inner(sparse.csr_array(friends), np.arange(6, dtype=np.float32).reshape(3, 2)),),
        np.array([2, 2]),
    )


def test_every_leaf_is_named_by_its_path_and_says_what_its_axes_count():
    assert [(leaf.path, leaf.axes) for leaf in leaves(small())] == [
        ("users", ("user",)),
        ("likes", ("user", "item")),
        ("towns.town", ("user",)),
        ("inner.0.friends", ("user", "user")),
        ("inner.0.vectors", ("user", None)),
        ("counts", ("item",)),
        ("name", ()),
    ]


def test_where_nothing_changes_the_tree_is_the_same_object():
    tree = small()
    assert map_leaves(tree, lambda leaf: leaf.value) is tree
    assert extend(tree, "user", ()) is tree


@given(st.permutations(range(3)), st.integers(0, 3))
def test_rows_are_taken_in_their_order_along_each_axis_of_the_name(order, count):
    rows, tree = np.array(order[:count], np.int64), small()
    found = take(tree, "user", rows)
    assert found.users.ids == tuple("abc"[row] for row in rows)
    np.testing.assert_array_equal(found.likes.toarray(), tree.likes.toarray()[rows])
    assert found.towns["town"].values == tuple(("x", "y", None)[row] for row in rows)
    friends = tree.inner[0].friends.toarray()
    np.testing.assert_array_equal(found.inner[0].friends.toarray(), friends[rows][:, rows])
    np.testing.assert_array_equal(found.inner[0].vectors, tree.inner[0].vectors[rows])
    assert found.counts is tree.counts


def test_new_rows_come_after_the_others_and_hold_nothing():
    tree = small()
    found = extend(extend(tree, "user", ("d", "e")), "item", ("z",))
    assert found.users.ids == ("a", "b", "c", "d", "e")
    assert found.likes.shape == (5, 3)
    assert found.inner[0].friends.shape == (5, 5)
    assert found.towns["town"].values == ("x", "y", None, None, None)
    assert found.counts.tolist() == [2, 2, 0]
    assert not found.inner[0].vectors[3:].any()
    back = take(take(found, "user", np.arange(3)), "item", np.arange(2))
    assert difference(back, tree) == 0


def test_rows_that_a_tree_does_not_have_are_no_learned_value():
    found = align(small(), "user", np.array([2, -1], np.int32))
    np.testing.assert_array_equal(found.inner[0].vectors, [[4, 5], [np.nan, np.nan]])
    assert align(small(), "item", np.array([-1, 0], np.int32)).counts.tolist() == [0, 2]


def test_the_difference_is_the_largest_of_any_array():
    tree = small()
    assert difference(tree, small()) == 0
    inner = replace(tree.inner[0], vectors=tree.inner[0].vectors + np.float32(0.5))
    assert difference(replace(tree, inner=(inner,)), tree) == pytest.approx(0.1)  # of 5
    assert difference(replace(tree, name="other"), tree) == np.inf
    assert difference(replace(tree, counts=np.array([2])), tree) == np.inf
    other = replace(tree.inner[0], vectors=None)
    assert difference(replace(tree, inner=(other,)), tree) == np.inf


@dataclass(frozen=True)
class Noted:
    """A source of candidates that nobody thought of when the walk was written."""

    notes: Annotated[NDArray[np.int64], axes("user")]
    clicks: Annotated[sparse.csr_array, axes("user", "item")]
    by_name: Annotated[dict[str, NDArray[np.int64]], axes("user")] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return "noted"

    def retrieve(self, profile, eligible, count):
        return None


NOTED = {**TYPES, "noted": f"{__name__}:Noted"}


def noted():
    snapshot = small_snapshot()
    marks = 1000 + np.arange(len(snapshot.users))
    source = Noted(marks, snapshot.history.astype(np.float32), {"again": marks + 1000})
    return replace(snapshot, sources=(*snapshot.sources, source))


def rows_of(leaf: Leaf) -> int:
    return leaf.value.shape[0] if hasattr(leaf.value, "shape") else len(leaf.value)


@settings(max_examples=20)
@given(st.sets(st.integers(0, 11)))
def test_no_array_keeps_a_row_of_who_is_taken_out_whichever_field_it_is_of(gone):
    snapshot = noted()
    ids = snapshot.users.ids
    kept = [row for row in range(len(ids)) if row not in gone]
    left = without(snapshot, [ids[row] for row in gone if row < len(ids)])
    whole = {leaf.path: leaf for leaf in leaves(snapshot)}
    per_user = [leaf for leaf in leaves(left) if "user" in leaf.axes and leaf.value is not None]
    assert {"sources.2.notes", "sources.2.clicks", "sources.2.by_name.again"} <= {
        leaf.path for leaf in per_user
    }
    for leaf in per_user:
        assert rows_of(leaf) == len(kept), leaf.path
        expected = take(Leafed(whole[leaf.path].value), "user", np.array(kept, np.int64))
        assert difference(Leafed(leaf.value), expected) == 0, leaf.path


@dataclass(frozen=True)
class Leafed:
    """A leaf that is per user, as a tree."""

    value: Annotated[object, axes("user")]


def test_a_new_field_is_written_and_read_without_more_code(tmp_path):
    snapshot = noted()
    extended = extend(snapshot, "user", ("zoe",))
    assert extended.sources[2].notes.tolist() == [*snapshot.sources[2].notes.tolist(), 0]
    codec.write(extended, tmp_path, NOTED, frozenset({"manifest"}))
    read = codec.read(type(snapshot), tmp_path, NOTED, manifest=snapshot.manifest)
    assert difference(read, extended) == 0
    np.testing.assert_array_equal(read.sources[2].notes, extended.sources[2].notes)
