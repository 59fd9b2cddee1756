"""From pydantic's errors to sentences: subject, value, expectation, remedy."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from graphrec.settings import ServeSettings
from graphrec.suggest import closest

LONGEST_VALUE = 60
"""Characters of a value that a message repeats."""


def sentence(
    error: Mapping[str, Any], limits: ServeSettings, beside: Collection[str] = ()
) -> tuple[str | None, str]:
    """The field at fault, None for the body as a whole, and what is wrong, for one error.

    `beside` are the known fields where the one at fault is unknown.
    """
    where, *names = error["loc"]
    kind = error["type"]
    if kind == "json_invalid":
        reason = error["ctx"]["error"]
        return None, f"the body is not JSON: {reason} at character {names[0]}; expected an object"
    if not names:
        body = "missing" if kind == "missing" else shown(error["input"])
        return None, f"the body is {body}: expected an object, sent as application/json"
    field = "".join(f"[{n}]" if isinstance(n, int) else f".{n}" for n in names).removeprefix(".")
    if kind == "missing":
        expected = error["msg"] if error["msg"].startswith("expected ") else "expected it"
        return field, f"{field} is missing: {expected} in the {where}"
    if kind == "extra_forbidden":
        meant = closest(str(names[-1]), beside)
        right = "check its spelling, or leave it out" if meant is None else f"did you mean {meant}?"
        return field, f"{field} is unknown in the {where}: {right}"
    value: Any = error["input"]
    if where == "query" and isinstance(value, str) and value.removeprefix("-").isdecimal():
        value = int(value[:LONGEST_VALUE])  # all of a query is text, this is meant as a number
    expected = error["msg"]
    for prefix in ("Value error, ", "expected ", "Input should be "):  # pydantic's, and our own
        expected = expected.removeprefix(prefix)
    if kind == "expected" and (limit := error.get("ctx", {}).get("limit")):
        expected = expected.format(getattr(limits, limit))
    return field, f"{field} is {shown(value)}: expected {expected}"


def shown(value: Any) -> str:
    """A value of a request as a message repeats it."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str | int | float):
        text = repr(value)  # escapes what is not printable
        return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return "an object" if isinstance(value, dict) else "not JSON"
