"""Whether the names and values in rules are any that there are."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np

from graphrec.rules.dates import SMALL, moment
from graphrec.rules.item_table import ItemTable
from graphrec.rules.rule import Rule
from graphrec.suggest import MISSPELT, closest, expectation

EXAMPLES = 3
"""Values that a message names."""


@dataclass(frozen=True)
class Known:
    """The names that there are in a store, or in a snapshot and what was written since."""

    attributes: Collection[str]
    """Of items."""
    relations: Collection[str]
    """Of links of items."""
    kinds: Collection[str]
    """Of events: recorded, named in the settings, or usual names."""
    recorded: Collection[str] = ()
    """Kinds of which there are events."""
    user_attributes: Collection[str] | None = None
    """None: not known."""
    table: ItemTable | None = None
    """The values of attributes; None: not known."""


@dataclass(frozen=True)
class Problem:
    """Something that a name or value does not fit."""

    key: str
    """Where it is: `attribute`, or `rules[0].attribute`."""
    said: str
    unknown: bool
    """Whether there is no such name; else the value is doubtful, and may come yet."""


def problems_of(rule: Rule, known: Known) -> Iterator[Problem]:
    """What is unknown or doubtful in a rule, at its keys."""
    keys = ("attribute", "available_from", "available_until")
    names = [(key, getattr(rule, key)) for key in keys if getattr(rule, key) is not None]
    for key, name in names:
        if name not in known.attributes:
            yield Problem(key, no_attribute("item", name, known.attributes), True)
        elif key != "attribute" and known.table is not None:
            yield from _undated(key, name, known.table)
    if rule.relation is not None and rule.relation not in known.relations:
        yield Problem("relation", no_relation(rule.relation, known.relations), True)
    if rule.shared_by is not None and rule.shared_by not in known.kinds:
        # A shop that is new has no returns yet.
        misspelt = closest(rule.shared_by, known.kinds, MISSPELT) is not None
        yield Problem("shared_by", no_kind(rule.shared_by, known.kinds), misspelt)
    users = known.user_attributes
    if rule.of_user is not None and users is not None and rule.of_user not in users:
        yield Problem("of_user", no_attribute("user", rule.of_user, users), True)
    if known.table is None or rule.attribute not in (None, *known.attributes):
        return
    if rule.any_of is not None:
        yield from _values(rule, known.table)
    elif rule.within_days is not None and rule.attribute is not None:
        yield from _undated("attribute", rule.attribute, known.table)
    elif rule.attribute is not None and rule.shared_by is None and rule.of_user is None:
        yield from _range(rule, known.table)


def no_attribute(node_type: str, name: str, known: Collection[str]) -> str:
    """The sentence on an attribute that there is not."""
    return f"no {node_type} has an attribute {name!r}: {expectation(name, known)}"


def no_relation(name: str, known: Collection[str]) -> str:
    """The sentence on a relation that there is not."""
    return f"no item has a relation {name!r}: {expectation(name, known)}"


def no_kind(name: str, known: Collection[str]) -> str:
    """The sentence on a kind of events that there is not."""
    return f"no event is of kind {name!r}: {expectation(name, known)}"


def _undated(key: str, name: str, table: ItemTable) -> Iterator[Problem]:
    """Where times of availability cannot be read."""
    dates = table.dates(name)
    if dates.unreadable:
        of = dates.count + len(dates.unreadable)
        yield Problem(
            key,
            f"{len(dates.unreadable)} of {of} values of {name!r} are no dates, such as "
            f"{_some(dates.unreadable.values())}: expected ISO 8601 such as 2024-05-01T12:00Z, or "
            f"seconds or milliseconds since 1970; items with these are left out until it is mended",
            not dates.count,
        )


def _values(rule: Rule, table: ItemTable) -> Iterator[Problem]:
    """Values of `any_of` that no item has."""
    if rule.relation is not None:
        links = [each for each in table.links if each.relation == rule.relation]
        if not links:
            return
        held: Collection[str] = {node for each in links for node in each.nodes.ids}
        said = f"relation {rule.relation!r} leads to no node"
    else:
        assert rule.attribute is not None  # noqa: S101 - the rule was checked
        held, said = table.labelled(rule.attribute), f"no item has {rule.attribute!r} ="
    for value in rule.any_of or ():
        missing = value not in held
        if missing and rule.attribute is not None:
            missing = not table.with_any(rule.attribute, (value,)).any()
        if missing:
            yield Problem("any_of", f"{said} {value!r}: {expectation(value, held)}", False)


def _range(rule: Rule, table: ItemTable) -> Iterator[Problem]:
    """Where the ends of a range and the values of the attribute are of different sorts."""
    name = rule.attribute
    assert name is not None  # noqa: S101 - the rule was checked
    keys = ("least", "most", "least_times", "most_times")
    key = next(key for key in keys if getattr(rule, key) is not None)
    dated = not key.endswith("_times") and table.dated(rule)
    found = table.dates(name).count if dated else int(np.isfinite(table.numbers(name)).sum())
    if not found:
        values = [value for value in table.values(name) if value is not None]
        if not values:
            return
        what = "a date" if dated else "a number or a date"
        yield Problem(
            "attribute",
            f"no item has {what} in {name!r}, which holds values such as {_some(values)}: "
            f"expected {what}, or any_of in place of {key}",
            True,
        )
    elif dated:
        for key, end in (("least", rule.least), ("most", rule.most)):
            if isinstance(end, float) and 0 < end < SMALL and moment(end) == end:
                yield Problem(
                    key,
                    f"{key} is {end:g}, and {name!r} holds dates: expected a date such as "
                    f"2024-05-01",
                    True,
                )


def _some(values: Collection[object]) -> str:
    """A few values, as a message shows them."""
    return ", ".join(repr(each) for each in list(dict.fromkeys(values))[:EXAMPLES])
