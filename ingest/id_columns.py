"""Columns of ids, by the rules of `graphrec.data.ids`; N values each.

A value is read alone, so that a file gives the same ids however it is cut into chunks; but for
integers that were written as floats, 12.0, which the whole column decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from graphrec.ingest.seen import Form, Seen, of_role
from graphrec.ingest.values import float_texts
from numpy.typing import NDArray

from graphrec.counts import counted
from graphrec.data.ids import EXACT, INEXACT, LONGEST, NO_SCALAR, IdRules
from graphrec.data.profile import Doubt

Fault: TypeAlias = tuple[str, NDArray[np.bool_]]
"""A reason, and the rows that it applies to [N]."""

_PLAIN = r"^[A-Za-z0-9_:@/-]*[A-Za-z_:@/][A-Za-z0-9_.:@/-]*$"
"""Ids of which every rule but that of the words for missing ones holds."""

_INTEGER = r"^-?[0-9]+$"
_WHOLE = r"^-?[0-9]+\.0+$"
_DECIMAL = r"^-?[0-9]+(\.[0-9]+)+$"


@dataclass(frozen=True)
class IdColumn:
    """Ids as text [N], null where they are missing or refused, and why."""

    text: pa.Array
    faults: tuple[Fault, ...]
    seen: Seen


def ids(column: pa.Array, role: str, rules: IdRules) -> IdColumn:
    """The ids of a column; `role`, such as "user", is what reasons call it."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind = column.type
    if pa.types.is_integer(kind):
        return _found(column.cast(pa.string()), role, {}, {"integer": ~_null(column)})
    if pa.types.is_floating(kind):
        value = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
        inexact = np.abs(value) >= EXACT
        return _found(float_texts(column), role, {INEXACT: inexact}, {"integer": value % 1 == 0})
    if pa.types.is_boolean(kind) or pa.types.is_nested(kind):
        refused = ~_null(column)
        return _found(pa.nulls(len(column), pa.string()), role, {NO_SCALAR: refused}, {})
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _of_text(column.cast(pa.string()), role, rules)
    text, reasons = _each(column.to_pylist(), rules)
    return _found(text, role, reasons, {})


def settled_ids(
    seen: Seen, role: str, rules: IdRules
) -> tuple[Callable[[pa.Array], pa.Array], tuple[Doubt, ...]]:
    """How ids such as 12.0 of a whole column are to be read, and what says so.

    They are 12 where at least half of the column are integers, written so or with `.0`, and no
    other id has decimals, as those of versions (1.10) have.
    """
    forms = of_role(seen, role)
    if "whole" not in forms:
        return _same, ()
    whole, total = forms["whole"], sum(form.count for form in forms.values())
    shown = whole.example
    meant = shown.partition(".")[0]
    many = counted(whole.count, "id" if role == "id" else f"{role} id")
    integers = whole.count + (forms["integer"].count if "integer" in forms else 0)
    if rules.decimals == "keep":
        return _same, ()
    if "decimal" in forms or 2 * integers < total:
        beside = forms.get("decimal") or forms.get("other") or whole
        return _same, (
            Doubt(
                "ids_with_decimals",
                "",
                f"{many} such as {shown} kept as they are, as there are "
                f"others like {beside.example}",
                f"write them as {meant} in the source if they are integers, or set ids.decimals = "
                f"'keep' in the settings",
            ),
        )
    return _without_decimals, (
        Doubt(
            "ids_with_decimals",
            "",
            f"{many} such as {shown} read as {meant}",
            "set ids.decimals = 'keep' in the settings if they are no integers, or write them "
            "without decimals",
        ),
    )


def _of_text(column: pa.Array, role: str, rules: IdRules) -> IdColumn:
    given = column.fill_null("")
    digits = _mask(pc.ascii_is_decimal(given))
    plain = _mask(pc.match_substring_regex(given, _PLAIN))
    word = _mask(pc.is_in(pc.ascii_lower(given), pa.array(sorted(rules.words), pa.string())))
    simple = (digits | plain) & ~word & _mask(pc.less_equal(pc.binary_length(given), LONGEST))
    forms = {"integer": digits & simple, "other": plain & simple}
    if simple.all():
        return _found(column, role, {}, forms)
    # The rest value by value, each distinct one once.
    rest = np.flatnonzero(~simple)
    encoded = column.take(pa.array(rest)).dictionary_encode()
    distinct = [*encoded.dictionary.to_pylist(), None]
    code = encoded.indices.fill_null(len(distinct) - 1).to_numpy(zero_copy_only=False)
    read, why = _each(distinct, rules)
    odd = read.take(pa.array(code))
    reasons = {reason: _at(rest, of[code], len(column)) for reason, of in why.items()}
    filled = odd.fill_null("")
    whole = _mask(pc.match_substring_regex(filled, _WHOLE))
    decimal = _mask(pc.match_substring_regex(filled, _DECIMAL)) & ~whole
    integer = _mask(pc.match_substring_regex(filled, _INTEGER))
    other = _mask(pc.not_equal(filled, "")) & ~whole & ~decimal & ~integer
    forms["integer"] |= _at(rest, integer, len(column))
    forms["other"] |= _at(rest, other, len(column))
    forms["whole"] = _at(rest, whole, len(column))
    forms["decimal"] = _at(rest, decimal, len(column))
    text = pc.replace_with_mask(column, pa.array(~simple), odd)
    return _found(text, role, reasons, forms)


def _at(rows: NDArray[np.int64], of: NDArray[np.bool_], size: int) -> NDArray[np.bool_]:
    """A mask [size] that is `of` at `rows`, else False."""
    found = np.zeros(size, bool)
    found[rows] = of
    return found


def _mask(values: pa.Array) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = values.to_numpy(zero_copy_only=False)
    return found


def _null(column: pa.Array) -> NDArray[np.bool_]:
    return _mask(column.is_null())


def _same(text: pa.Array) -> pa.Array:
    return text


def _without_decimals(text: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(text, r"^(-?[0-9]+)\.0+$", r"\1")


def _each(
    values: Sequence[object], rules: IdRules
) -> tuple[pa.Array, dict[str, NDArray[np.bool_]]]:
    """Values one by one: their text, and why some are refused."""
    reasons: dict[str, NDArray[np.bool_]] = {}
    found: list[str | None] = []
    for place, value in enumerate(values):
        text, reason = _read(value, rules)
        found.append(text)
        if reason is not None:
            reasons.setdefault(reason, np.zeros(len(values), bool))[place] = True
    return pa.array(found, pa.string()), reasons


def _read(value: object, rules: IdRules) -> tuple[str | None, str | None]:
    """The text of an id, and why it is none."""
    try:
        return rules.read(value), None
    except ValueError as error:
        return None, str(error)


def _found(
    text: pa.Array,
    role: str,
    reasons: dict[str, NDArray[np.bool_]],
    forms: dict[str, NDArray[np.bool_]],
) -> IdColumn:
    refused = np.zeros(len(text), bool)
    for of in reasons.values():
        refused |= of
    what = role if role in ("id", "kind", "relation") else f"{role} id"
    faults = [(f"missing {what}", _null(text) & ~refused)]
    faults += [(f"{what} is {reason}", of) for reason, of in reasons.items()]
    seen = {
        (role, name): Form(int(of.sum()), str(text[int(of.argmax())].as_py()))
        for name, of in forms.items()
        if of.any()
    }
    return IdColumn(text, tuple(faults), seen)
