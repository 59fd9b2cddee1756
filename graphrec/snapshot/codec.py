"""A tree of arrays as files: the arrays in one safetensors file, all else in JSON beside it.

::

    users.json, items.json, …    a file for each field of the tree, with a name where an array is
    arrays.safetensors           the arrays, by the path of their leaf

Reading maps the arrays into memory, so that processes share them and what is never looked at is
never read. An array that several leaves share is written once. Nothing that is read can run: types
come from the annotations of the fields, and where a field holds a protocol, from the classes that
the reader names.
"""

from __future__ import annotations

import math
import mmap
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, TypeAlias, Union, get_args, get_origin, get_type_hints

import numpy as np
import orjson
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from scipy import sparse

from graphrec.data import Attribute, Vector, Vocabulary
from graphrec.data.vector import stacked, unstacked
from graphrec.errors import SnapshotError

ARRAYS = "arrays.safetensors"

ARRAY = "#array"
"""In JSON, what stands for an array: its name in the file of arrays under this key."""

MATRIX = "#csr"
"""The same of a sparse matrix, beside its shape; one of bools is its stored elements alone."""

TYPE = "#type"
"""The class of an object."""

FLOAT = "#float"
"""A number that JSON has no word for: "nan", "inf" or "-inf"."""

PACKAGE = "graphrec"

DTYPES: Mapping[str, type[np.generic]] = {
    "BOOL": np.bool_, "I8": np.int8, "U8": np.uint8, "I16": np.int16, "U16": np.uint16,
    "I32": np.int32, "U32": np.uint32, "I64": np.int64, "U64": np.uint64,
    "F16": np.float16, "F32": np.float32, "F64": np.float64,
}  # fmt: skip
"""By safetensors' names."""

Types: TypeAlias = Mapping[str, str]
"""Where the classes are that a protocol may stand for, by name: "module:Class"."""

Arrays: TypeAlias = Mapping[str, NDArray]


def write(
    tree: object, folder: Path, types: Types, leave_out: frozenset[str] = frozenset()
) -> None:
    """Write the fields of a tree into a folder, but for those to `leave_out`.

    Raises OSError where that cannot be done, and SnapshotError for an object of a class from
    outside the package that is not among the types.
    """
    writer = _Writer(types)
    for each in fields(tree):  # type: ignore[arg-type]
        if each.name not in leave_out:
            document = writer.document(getattr(tree, each.name), each.name)
            (folder / f"{each.name}.json").write_bytes(
                orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
            )
    write_arrays(writer.arrays, folder / ARRAYS)


def read(
    cls: type,
    folder: Path,
    types: Types,
    check: Callable[[Any], object] = lambda tree: None,
    /,
    **given: object,
) -> Any:
    """A tree of a class from the files of a folder, its arrays mapped into memory, read-only.

    `given` are fields that no file holds. `check` is called with the tree: what of the arrays is in
    memory for it alone is let go afterwards, so that a process holds what it uses of them. Raises
    OSError where a file cannot be read, ValueError, KeyError or TypeError where its content is of
    another shape, and what `check` raises.
    """
    arrays, content = _mapped(folder / ARRAYS)
    found = dict(given)
    for name, hint in _hints(cls).items():
        if name not in found:
            document = orjson.loads((folder / f"{name}.json").read_bytes())
            found[name] = _decoded(document, hint, arrays, types)
    tree = cls(**found)
    check(tree)
    if hasattr(mmap, "MADV_DONTNEED"):  # it is in the system's cache still
        content.madvise(mmap.MADV_DONTNEED)
    return tree


def write_arrays(arrays: Arrays, path: Path) -> None:
    """Write arrays into a safetensors file; raises OSError.

    As `safetensors.numpy.save_file` does, which copies all of them and holds the interpreter until
    they are on the disk: a service that forgets someone would answer nobody meanwhile.
    """
    names = {np.dtype(dtype): name for name, dtype in DTYPES.items()}
    order = sorted(arrays, key=lambda name: (-arrays[name].dtype.itemsize, name))  # aligned
    header: dict[str, Any] = {}
    end = 0
    for name in order:
        array = arrays[name]
        header[name] = {
            "dtype": names[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [end, end + array.nbytes],
        }
        end += array.nbytes
    written = orjson.dumps(header)
    written += b" " * (-len(written) % 8)
    with path.open("wb") as file:
        file.write(len(written).to_bytes(8, "little") + written)
        for name in order:
            if arrays[name].size:
                file.write(np.ascontiguousarray(arrays[name]).reshape(-1).view(np.uint8).data)


def read_arrays(path: Path) -> Arrays:
    """The arrays of a safetensors file, mapped into memory; raises OSError and ValueError."""
    return _mapped(path)[0]


def _mapped(path: Path) -> tuple[Arrays, mmap.mmap]:
    """The same, and the memory that they lie in."""
    try:
        with safe_open(path, "np") as file:  # checks all that the header says
            names = file.keys()
    except SafetensorError as error:
        raise ValueError(f"{path.name}: {error}") from error
    with path.open("rb") as opened:
        length = int.from_bytes(opened.read(8), "little")
        header = orjson.loads(opened.read(length))
        content = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
    found = {}
    for name in names:
        described = header[name]
        start, end = described["data_offsets"]
        dtype = np.dtype(DTYPES[described["dtype"]])
        count = (end - start) // dtype.itemsize
        flat = np.frombuffer(content, dtype, count, 8 + length + start if count else 0)
        found[name] = flat.reshape(described["shape"])
    return found, content


class _Writer:
    """Puts arrays aside while it turns values into JSON."""

    def __init__(self, types: Types) -> None:
        self.arrays: dict[str, NDArray] = {}
        self._names = {place: name for name, place in types.items()}
        self._written: dict[tuple[object, ...], str] = {}

    def document(self, value: Any, path: str) -> Any:
        """A value as JSON; its arrays are in `arrays`, by paths that begin with this one."""
        if isinstance(value, np.ndarray):
            return {ARRAY: self._array(value, path)}
        if isinstance(value, sparse.csr_array):
            parts = {"indptr": value.indptr, "indices": value.indices}
            if value.dtype != np.bool_:
                parts["data"] = value.data
            named = {part: self._array(array, f"{path}.{part}") for part, array in parts.items()}
            return {MATRIX: list(value.shape), **named}
        if isinstance(value, Vocabulary):
            return value.ids
        if isinstance(value, Attribute):
            return {"kind": value.kind, "values": self._values(value, path)}
        if is_dataclass(value) and not isinstance(value, type):
            named = {
                each.name: self.document(getattr(value, each.name), f"{path}.{each.name}")
                for each in fields(value)
            }
            return {TYPE: self._name(type(value)), **named}
        if isinstance(value, Mapping):
            return [
                [key, self.document(each, f"{path}.{place}")]
                for place, (key, each) in enumerate(value.items())
            ]
        if isinstance(value, tuple):
            return [self.document(each, f"{path}.{place}") for place, each in enumerate(value)]
        if isinstance(value, float) and not math.isfinite(value):
            return {FLOAT: str(value)}
        return value

    def _values(self, attribute: Attribute, path: str) -> Any:
        """Those of an attribute; vectors are an array [N, dim], NaN where one is missing."""
        length = next((len(v) for v in attribute.values if isinstance(v, Vector)), None)
        if length is None:
            return attribute.values
        return self.document(stacked(attribute.values, length), path)

    def _array(self, array: NDArray, path: str) -> str:
        """The name of an array, under which it is written once."""
        place = array.__array_interface__["data"][0], array.shape, array.dtype.str, array.strides
        if array.size and place in self._written:
            return self._written[place]
        self._written[place] = path
        self.arrays[path] = np.ascontiguousarray(array)
        return path

    def _name(self, cls: type) -> str:
        place = f"{cls.__module__}:{cls.__qualname__}"
        if place not in self._names and cls.__module__.partition(".")[0] != PACKAGE:
            raise SnapshotError(
                f"class {place!r} cannot be kept in a snapshot: expected one that is declared in "
                f"the module of a source or model that [fusion] of the settings or `classes` "
                f"names; move it there, or name it"
            )
        return self._names.get(place, cls.__name__)


@cache
def _hints(cls: type) -> Mapping[str, Any]:
    hints = get_type_hints(cls, include_extras=True)
    return {each.name: hints[each.name] for each in fields(cls)}


def _decoded(document: Any, hint: Any, arrays: Arrays, types: Types) -> Any:
    """What a document of JSON is by an annotation."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _decoded(document, arguments[0], arrays, types)
    if document is None:
        return None
    if isinstance(document, dict) and ARRAY in document:
        return arrays[document[ARRAY]]
    if isinstance(document, dict) and MATRIX in document:
        return _matrix(document, arrays)
    if isinstance(document, dict) and FLOAT in document:
        return float(document[FLOAT])
    if isinstance(document, dict) and TYPE in document:
        return _object(document, hint, arrays, types)
    if origin in (Union, UnionType):
        members = [each for each in arguments if each is not NoneType]
        return _decoded(document, members[0], arrays, types)
    if hint is Vocabulary:
        return Vocabulary(tuple(document))
    if hint is Attribute:
        values = document["values"]
        if isinstance(values, dict):
            return Attribute(document["kind"], unstacked(arrays[values[ARRAY]]))
        values = (tuple(each) if isinstance(each, list) else each for each in values)
        return Attribute(document["kind"], tuple(values))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {
            tuple(key) if isinstance(key, list) else key: _decoded(
                each, arguments[1], arrays, types
            )
            for key, each in document
        }
    if origin is tuple:
        return tuple(_decoded(each, arguments[0], arrays, types) for each in document)
    return document


def _matrix(document: Any, arrays: Arrays) -> sparse.csr_array:
    indices = arrays[document["indices"]]
    data = arrays[document["data"]] if "data" in document else np.ones(len(indices), bool)
    return sparse.csr_array((data, indices, arrays[document["indptr"]]), tuple(document[MATRIX]))


def _object(document: Any, hint: Any, arrays: Arrays, types: Types) -> Any:
    """An object of the class that its annotation names, or of one that it may stand for."""
    name = document[TYPE]
    members = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    classes: dict[str, type] = {
        each.__name__: each for each in members if isinstance(each, type) and is_dataclass(each)
    }
    if name in classes:
        cls = classes[name]
    elif name in types:
        module, _, qualified = types[name].partition(":")
        cls = getattr(import_module(module), qualified)
    else:
        raise KeyError(
            f"class {name!r}: expected one of {', '.join([*classes, *types])}; name the source or "
            f"model that it was trained with, in the settings or as one of `classes`"
        )
    return cls(
        **{
            field: _decoded(document[field], own, arrays, types)
            for field, own in _hints(cls).items()
        }
    )
