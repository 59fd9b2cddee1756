"""The attributes of a snapshot's items by column and their links, for rules to look items up by.

Which items a rule means is then a look-up or a comparison over all items at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Attribute, AttributeValue, Rows, Vocabulary, labels
from graphrec.data.item_links import ItemLinks
from graphrec.data.times import DAY
from graphrec.rules.dates import Dates, as_number, moment_of, numbers_in
from graphrec.rules.rule import Rule

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Asker:
    """Who asks, and about what, as far as rules go by it."""

    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    """Of the user."""
    items: tuple[str, ...] = ()
    """Ids of the items of the question, such as those of a cart."""


NOBODY = Asker()


@dataclass(frozen=True)
class ItemTable:
    """Items and their attributes, where items that changed since take precedence."""

    items: Vocabulary
    attributes: Mapping[str, Attribute]
    changed: Mapping[str, Mapping[str, AttributeValue]]
    """All attributes of items that changed, by id."""
    links: tuple[ItemLinks, ...] = ()

    @cached_property
    def _changed(self) -> Mapping[int, Mapping[str, AttributeValue]]:
        rows = self.items.rows
        return {rows[item]: values for item, values in self.changed.items() if item in rows}

    @cached_property
    def _columns(self) -> dict[str, tuple[AttributeValue, ...]]:
        return {}  # filled by `values`, as the next two are by those who use them

    @cached_property
    def _labelled(self) -> dict[str, Mapping[str, Rows]]:
        return {}

    @cached_property
    def _numbers(self) -> dict[str, NDArray[np.float64]]:
        return {}

    @cached_property
    def _dates(self) -> dict[str, Dates]:
        return {}

    def prepared(self, rule: Rule) -> bool:
        """Whether all that a rule needs is computed already, which takes a pass over all items."""
        times = {rule.available_from, rule.available_until} - {None}
        if rule.attribute is None or rule.shared_by is not None:
            named = True  # a few of the values are looked up
        elif rule.any_of is not None or rule.of_user is not None:
            named = rule.attribute in self._labelled
        elif rule.within_days is not None:
            named = rule.attribute in self._dates
        else:
            named = rule.attribute in self._numbers or rule.attribute in self._dates
        return named and times <= self._dates.keys()

    def prepare(self, before: ItemTable, written: Collection[str] | None = None) -> None:
        """Compute what another table, of the edition before, was asked for.

        `written` are the items that were written since, where all others are in the same rows and
        as they were then: nothing but what is derived of these is computed. None: nobody knows.
        """
        if written is not None:
            self._follow(before, written)
        for name in list(before._labelled):
            self.labelled(name)
        for name in list(before._numbers):
            self.numbers(name)
        for name in list(before._dates):
            self.dates(name)

    def _follow(self, before: ItemTable, written: Collection[str]) -> None:
        rows = {self.items.rows[item]: self.changed[item] for item in written}
        vars(self)["_changed"] = {**before._changed, **rows}
        at = np.fromiter(rows, np.int64, len(rows))
        more = len(self.items) - len(before.items)
        labels, numbers, dates = [*before._labelled], [*before._numbers], [*before._dates]
        # Of each of those there is a column, so that all are copied that others ask for meanwhile.
        for name, column in list(before._columns.items()):
            values = [*column, *[None] * more]
            for row, attributes in rows.items():
                values[row] = attributes.get(name)
            self._columns[name] = tuple(values)
        new = {name: [values.get(name) for values in rows.values()] for name in self._columns}
        for name in labels:
            old = {row: before._columns[name][row] for row in rows if row < len(before.items)}
            now = dict(zip(rows, new[name], strict=True))
            self._labelled[name] = _relabelled(before._labelled[name], old, now)
        for name in numbers:
            padded = np.pad(before._numbers[name], (0, more), constant_values=np.nan)
            padded[at] = numbers_in(new[name])
            self._numbers[name] = padded
        for name in dates:
            now = dict(zip(rows, new[name], strict=True))
            self._dates[name] = before._dates[name].with_values(now, more)

    @cached_property
    def names(self) -> frozenset[str]:
        """The attributes that items have: in the snapshot, or since they changed."""
        return frozenset(self.attributes).union(*self.changed.values())

    @cached_property
    def relations(self) -> frozenset[str]:
        """The relations by which items are linked."""
        return frozenset(links.relation for links in self.links)

    def values(self, name: str) -> tuple[AttributeValue, ...]:
        """Of an attribute [I], None where an item has none."""
        if name not in self._columns:
            attribute = self.attributes.get(name)
            column: list[AttributeValue] = [None] * len(self.items)
            if attribute is not None:
                column[: len(attribute.values)] = attribute.values
            for row, values in self._changed.items():
                column[row] = values.get(name)
            self._columns[name] = tuple(column)
        return self._columns[name]

    def labelled(self, name: str) -> Mapping[str, Rows]:
        """The items of each category, tag or number of an attribute, by its text."""
        if name not in self._labelled:
            found: dict[str, list[int]] = {}
            for row, value in enumerate(self.values(name)):
                for each in _labels(value):
                    found.setdefault(each, []).append(row)
            self._labelled[name] = {label: np.array(r, np.int32) for label, r in found.items()}
        return self._labelled[name]

    def with_any(self, name: str, wanted: Iterable[str]) -> Mask:
        """Which items [I] have one of some categories or tags, or of some numbers as text."""
        mask, found = np.zeros(len(self.items), bool), self.labelled(name)
        for label in wanted:
            rows = found.get(label)
            if rows is None and (number := as_number(label)) is not None:
                rows = found.get(_text(number))  # 1.0 is meant by 1
            if rows is not None:
                mask[rows] = True
        return mask

    def numbers(self, name: str) -> NDArray[np.float64]:
        """Of an attribute [I], also where they are text; nan where an item has no number."""
        if name not in self._numbers:
            self._numbers[name] = numbers_in(self.values(name))
        return self._numbers[name]

    def dates(self, name: str) -> Dates:
        """The values of an attribute as points in time."""
        if name not in self._dates:
            self._dates[name] = Dates.of(self.values(name))
        return self._dates[name]

    def dated(self, rule: Rule) -> bool:
        """Whether the range of a rule is one of dates: by its ends, or by what items have."""
        assert rule.attribute is not None  # noqa: S101 - the rule was checked
        if isinstance(rule.least, str) or isinstance(rule.most, str):
            return True
        held = self.attributes.get(rule.attribute)
        if held is not None and held.kind == "number":
            return False
        return self.dates(rule.attribute).count > np.isfinite(self.numbers(rule.attribute)).sum()

    def holding(self, ids: Iterable[str]) -> Mask:
        """Which items [I] are among some ids."""
        mask = np.zeros(len(self.items), bool)
        mask[[self.items.rows[each] for each in ids if each in self.items]] = True
        return mask

    def labels_of(self, name: str, items: Iterable[str]) -> frozenset[str]:
        """The categories or tags that some items have, of those that are known."""
        rows, values = self.items.rows, self.values(name)
        return frozenset(e for item in items if item in rows for e in _labels(values[rows[item]]))

    def labels_by_row(self, name: str) -> Callable[[int], tuple[str, ...]]:
        """The categories, tags or number as text that an item row has of an attribute."""
        values = self.values(name)
        return lambda row: _labels(values[row])

    def linked(self, relation: str, nodes: Iterable[str]) -> Mask:
        """Which items [I] are linked by a relation to one of some nodes."""
        mask = np.zeros(len(self.items), bool)
        wanted = tuple(nodes)
        for links in self._by(relation):
            for node in wanted:
                mask[links.items_of(node)] = True
        return mask

    def _by(self, relation: str) -> tuple[ItemLinks, ...]:
        return tuple(links for links in self.links if links.relation == relation)

    def shared(self, rule: Rule, items: Iterable[str]) -> frozenset[str]:
        """What some items have that a rule of `shared_by` is about: labels, or ids of nodes."""
        if rule.attribute is not None:
            return self.labels_of(rule.attribute, items)
        assert rule.relation is not None  # noqa: S101 - the rule was checked
        rows = [self.items.rows[item] for item in items if item in self.items]
        linked = self._by(rule.relation)
        return frozenset(node for links in linked for row in rows for node in links.nodes_of(row))

    def meant(
        self, rule: Rule, shared: frozenset[str], now: int, asker: Asker = NOBODY
    ) -> Mask | None:
        """The items [I] that a rule means at a time (milliseconds); None where it says nothing.

        `shared` is what the items have that the user has events on, for a rule of `shared_by`.
        """
        if rule.by_availability:
            return self._available(rule, now)
        wanted = shared if rule.any_of is None else rule.any_of
        if rule.relation is not None:
            return self.linked(rule.relation, wanted)
        assert rule.attribute is not None  # noqa: S101 - the rule was checked
        if rule.any_of is not None or rule.shared_by is not None:
            return self.with_any(rule.attribute, wanted)
        if rule.of_user is not None:
            theirs = _labels(asker.attributes.get(rule.of_user))
            return self.with_any(rule.attribute, theirs) if theirs else None
        if rule.within_days is not None:
            times = self.dates(rule.attribute).times
            return (times <= now) & (times > now - rule.within_days * DAY)
        if rule.least_times is not None or rule.most_times is not None:
            return self._in_band(rule, asker.items)
        least, most = rule.range
        if self.dated(rule):
            numbers = self.dates(rule.attribute).times
            low, high = moment_of(least), moment_of(most)
        else:
            numbers = self.numbers(rule.attribute)
            low, high = float(least), float(most)
        return (numbers >= low) & (numbers <= high)

    def _in_band(self, rule: Rule, items: Iterable[str]) -> Mask | None:
        """Which items [I] have a number that is so many times the mean of some items."""
        assert rule.attribute is not None  # noqa: S101 - the rule was checked
        numbers = self.numbers(rule.attribute)
        theirs = numbers[[self.items.rows[each] for each in items if each in self.items]]
        theirs = theirs[np.isfinite(theirs)]
        if not len(theirs):
            return None
        mean = float(theirs.mean())
        least = -np.inf if rule.least_times is None else rule.least_times * mean
        most = np.inf if rule.most_times is None else rule.most_times * mean
        return (numbers >= least) & (numbers <= most)

    def _available(self, rule: Rule, now: int) -> Mask:
        """Which items [I] are available at a time; one whose date cannot be read is not."""
        mask = np.ones(len(self.items), bool)
        if rule.available_from is not None:
            starts = self.dates(rule.available_from)
            mask &= ~(starts.times > now)
            mask[list(starts.unreadable)] = False
        if rule.available_until is not None:
            ends = self.dates(rule.available_until)
            mask &= ~(ends.times <= now)
            mask[list(ends.unreadable)] = False
        return mask


def _relabelled(
    before: Mapping[str, Rows], old: Mapping[int, AttributeValue], new: Mapping[int, AttributeValue]
) -> Mapping[str, Rows]:
    """The items of each label, where the values of some rows were `old` and are `new`."""
    found = dict(before)
    gone = np.array(list(old), np.int32)
    for label in {label for value in old.values() for label in _labels(value)}:
        found[label] = np.setdiff1d(found[label], gone)
    come: dict[str, list[int]] = {}
    for row, value in new.items():
        for label in _labels(value):
            come.setdefault(label, []).append(row)
    for label, rows in come.items():
        added = np.array(rows, np.int32)
        found[label] = np.union1d(found[label], added) if label in found else np.unique(added)
    return {label: rows for label, rows in found.items() if len(rows)}


def _text(number: float) -> str:
    return f"{number:.0f}" if number.is_integer() else repr(number)


def _labels(value: AttributeValue) -> tuple[str, ...]:
    """The categories or tags of an item, or its number as text."""
    return (_text(float(value)),) if isinstance(value, float | int) else labels(value)
