"""A tree of arrays with named axes, and the one walk by which it is changed.

A tree is a frozen dataclass whose fields are leaves, other frozen dataclasses, tuples and mappings.
Leaves are arrays, sparse matrices, ids, attribute columns and plain values; what their axes count
is declared on the field (`graphrec.data.axes`). The design follows Equinox (Kidger & Garcia,
"Equinox: neural networks in JAX via callable PyTrees", 2021).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import (
    Annotated,
    Any,
    NamedTuple,
    TypeAlias,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
)

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Attribute, Rows, Vocabulary
from graphrec.data.axes import Axes, Axis

Tree = TypeVar("Tree")

Value: TypeAlias = Any
"""Of a leaf: an array, a csr_array, a Vocabulary, an Attribute, a number, a text or None."""

PLAIN = Axes(())


class Leaf(NamedTuple):
    """A value of a tree."""

    path: str
    """The names of the fields that lead to it, with dots between."""
    value: Value
    axes: tuple[Axis, ...]
    """What its axes count; shorter than its dimensions where the rest is neither."""


def leaves(tree: object) -> Iterator[Leaf]:
    """Every leaf of a tree, in the order of the fields."""
    found: list[Leaf] = []

    def collect(leaf: Leaf) -> Value:
        found.append(leaf)
        return leaf.value

    map_leaves(tree, collect)
    yield from found


def map_leaves(tree: Tree, change: Callable[[Leaf], Value]) -> Tree:
    """The same tree with `change(leaf)` in place of the value of each leaf."""
    return _mapped(tree, PLAIN, "", change)


def take(tree: Tree, axis: Axis, rows: NDArray[np.integer]) -> Tree:
    """The same tree with only `rows` of an axis, in their order, wherever a leaf has that axis."""
    return map_leaves(tree, lambda leaf: _at_axis(leaf, axis, lambda v, dim: _take(v, dim, rows)))


def extend(tree: Tree, axis: Axis, ids: Sequence[str]) -> Tree:
    """The same tree with rows for new `ids` after those of an axis, all zero or missing.

    Leaves that hold the ids of the axis get the new ones.
    """
    if not len(ids):
        return tree
    return map_leaves(tree, lambda leaf: _at_axis(leaf, axis, lambda v, dim: _extend(v, dim, ids)))


def align(tree: Tree, axis: Axis, rows: Rows) -> Tree:
    """The same tree with `rows` of an axis, where -1 stands for a row that it does not have.

    Such a row of a float array is NaN, and of others zero, as no learned value is.
    """
    known = np.maximum(rows, 0)
    unknown = rows < 0

    def aligned(value: Value, dim: int) -> Value:
        taken = _take(value, dim, known)
        if isinstance(taken, np.ndarray) and unknown.any():
            fill = np.nan if np.issubdtype(taken.dtype, np.floating) else 0
            taken[(slice(None),) * dim + (unknown,)] = fill
        return taken

    return map_leaves(tree, lambda leaf: _at_axis(leaf, axis, aligned))


def difference(one: object, other: object) -> float:
    """The largest difference between the numbers of two trees of one shape.

    Of an array with values above 1, in units of its largest. Infinite where they have other leaves,
    other stored elements, ids, attributes or plain values.
    """
    mine, theirs = list(leaves(one)), list(leaves(other))
    if [leaf.path for leaf in mine] != [leaf.path for leaf in theirs]:
        return np.inf
    return max((_gap(a.value, b.value) for a, b in zip(mine, theirs, strict=True)), default=0.0)


def _mapped(value: Any, axes: Axes, path: str, change: Callable[[Leaf], Value]) -> Any:
    if is_dataclass(value) and not isinstance(value, Vocabulary | Attribute | type):
        changed = {}
        for name, own in field_axes(type(value)):
            before = getattr(value, name)
            after = _mapped(before, own, f"{path}.{name}" if path else name, change)
            if after is not before:
                changed[name] = after
        return replace(value, **changed) if changed else value
    if isinstance(value, Mapping):
        found = {key: _mapped(v, axes, f"{path}.{_text(key)}", change) for key, v in value.items()}
        return found if any(found[key] is not value[key] for key in found) else value
    if isinstance(value, tuple):
        items = tuple(_mapped(v, axes, f"{path}.{n}", change) for n, v in enumerate(value))
        same = all(a is b for a, b in zip(items, value, strict=True))
        return value if same else items
    return change(Leaf(path, value, axes.names))


@cache
def field_axes(cls: type) -> tuple[tuple[str, Axes], ...]:
    """The fields of a dataclass, each with the axes that its annotation declares."""
    hints = get_type_hints(cls, include_extras=True)
    return tuple((each.name, _axes_of(hints[each.name])) for each in fields(cls))


def _axes_of(hint: Any) -> Axes:
    """Those of an annotation, or of the first of a union's members that has any."""
    if get_origin(hint) is Annotated:
        return next((each for each in get_args(hint)[1:] if isinstance(each, Axes)), PLAIN)
    return next((found for each in get_args(hint) if (found := _axes_of(each)) is not PLAIN), PLAIN)


def _text(key: object) -> str:
    return key if isinstance(key, str) else "-".join(map(str, key))  # type: ignore[call-overload]


def _at_axis(leaf: Leaf, axis: Axis, change: Callable[[Value, int], Value]) -> Value:
    """A leaf, changed along each of its dimensions that is the axis."""
    value = leaf.value
    if value is None:
        return value
    for dim, name in enumerate(leaf.axes):
        if name == axis:
            value = change(value, dim)
    return value


def _take(value: Value, dim: int, rows: NDArray[np.integer]) -> Value:
    if isinstance(value, Vocabulary):
        return Vocabulary(tuple(value.ids[row] for row in rows.tolist()))
    if isinstance(value, Attribute):
        return Attribute(value.kind, tuple(value.values[row] for row in rows.tolist()))
    if isinstance(value, sparse.csr_array):
        return value[rows] if dim == 0 else value[:, rows]
    return np.take(value, rows, axis=dim)


def _extend(value: Value, dim: int, ids: Sequence[str]) -> Value:
    if isinstance(value, Vocabulary):
        return Vocabulary((*value.ids, *ids))
    if isinstance(value, Attribute):
        return Attribute(value.kind, (*value.values, *(None,) * len(ids)))
    if isinstance(value, sparse.csr_array):
        shape = tuple(n + len(ids) if d == dim else n for d, n in enumerate(value.shape))
        indptr = np.pad(value.indptr, (0, len(ids)), "edge") if dim == 0 else value.indptr
        return sparse.csr_array((value.data, value.indices, indptr), shape)
    widths = [(0, len(ids) if d == dim else 0) for d in range(value.ndim)]
    return np.pad(value, widths)


def _gap(one: Value, other: Value) -> float:
    if isinstance(one, sparse.csr_array) and isinstance(other, sparse.csr_array):
        if one.shape != other.shape or not np.array_equal(one.indptr, other.indptr):
            return np.inf
        gap = one.astype(np.float64) - other.astype(np.float64)
        return float(abs(gap).max()) if gap.nnz else 0.0
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        if one.shape != other.shape:
            return np.inf
        if one.dtype == np.uint8:  # written by another library, such as an index
            return 0.0
        a, b = one.astype(np.float64), other.astype(np.float64)
        return float(np.abs(a - b).max(initial=0) / max(np.abs(b).max(initial=0), 1))
    if any(isinstance(each, np.ndarray | sparse.csr_array) for each in (one, other)):
        return np.inf
    return 0.0 if one == other or _close(one, other) else np.inf


def _close(one: Value, other: Value) -> bool:
    return isinstance(one, float) and isinstance(other, float) and bool(np.isclose(one, other))
