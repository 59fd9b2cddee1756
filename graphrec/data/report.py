"""The report of a load: what its sources were taken for, and what is doubtful about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from typing import Any

import numpy as np

from graphrec.data.doubts import doubts_of, unset_kinds
from graphrec.data.kind_facts import KindFacts, kind_facts
from graphrec.data.kinds import KindPolicy, policy_of
from graphrec.data.profile import Doubt, Match, SourceProfile, TakenFor
from graphrec.data.report_tables import Table, stored_tables, tables_of, text_of


@dataclass(frozen=True, repr=False)
class DataReport:
    """What data was taken for.

    `str(report)` is the text that `graphrec ingest` prints; notebooks show it as tables.
    """

    sources: Mapping[str, SourceProfile]
    """By what they are: "events", "item" …"""
    matches: tuple[Match, ...] = ()
    policies: Mapping[str, KindPolicy] = field(default_factory=dict)
    stored: bool = False
    """Whether it is of a store, and not of sources that were read."""
    taken: TakenFor | None = None
    """The format that the files were taken for, where it has a name."""
    accepted: frozenset[str] = frozenset()
    """Codes of doubts that are settled: they are left out."""

    def kinds(self, source: str) -> Mapping[str, KindFacts]:
        """The kinds of events of a source."""
        known = {kind for each in self.sources.values() for kind in each.kinds}
        return {
            kind: kind_facts(values, policy_of(kind, self.policies), known)
            for kind, values in self.sources[source].kinds.items()
        }

    @cached_property
    def doubts(self) -> tuple[Doubt, ...]:
        """What may have been taken for what it is not, each with what settles it."""
        kinds = {name: self.kinds(name) for name in self.sources}
        found = (
            *doubts_of(self.sources, kinds, self.matches),
            *(unset_kinds(self.taken, kinds, self.policies) if self.taken else ()),
        )
        return tuple(doubt for doubt in found if doubt.code not in self.accepted)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the files were taken for."""
        return self.taken.sentences if self.taken else ()

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        """The report as tables."""
        tables = stored_tables if self.stored else tables_of
        return tables(self.sources, {n: self.kinds(n) for n in self.sources}, self.matches)

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON takes it; docs/data.md has its keys."""
        return {
            "format": _taken(self.taken),
            "sources": {name: self._source(name) for name in self.sources},
            "matches": [_match(match) for match in self.matches],
            "warnings": [vars(doubt) for doubt in self.doubts],
        }

    def __str__(self) -> str:
        warnings = [f"warning [{doubt.code}]: {doubt}" for doubt in self.doubts]
        warnings = [*self.notes, *warnings]
        return "\n\n".join(
            [*map(text_of, self.tables), *(["\n".join(warnings)] if warnings else [])]
        )

    __repr__ = __str__

    def _repr_html_(self) -> str:
        warnings = "".join(
            f"<li><b>{doubt.code}</b> {escape(str(doubt))}</li>" for doubt in self.doubts
        )
        return "".join(table.html() for table in self.tables) + (
            warnings and f"<ul>{warnings}</ul>"
        )

    def _source(self, name: str) -> dict[str, Any]:
        source = self.sources[name]
        return {
            "source": source.source,
            "read": dict(source.read),
            "rows": source.rows,
            "rejected": source.rejected,
            "reasons": dict(source.reasons),
            "rejects": list(source.rejects),
            "left_out": dict(source.left_out),
            "columns": dict(source.columns),
            "ignored": list(source.ignored),
            "bare": source.bare,
            "repeated": source.repeated,
            "added": source.added,
            "repeated_exact": source.repeated_exact,
            "kinds": {kind: _kind(facts) for kind, facts in self.kinds(name).items()},
            "times": _times(source),
            "relations": dict(source.relations),
            "attributes": {
                attribute: {**vars(each), "missing_share": each.missing_share}
                for attribute, each in source.attributes.items()
            },
            "ids": {
                node_type: {
                    "distinct": each.distinct,
                    "exact": each.sampled == 1,
                    "nothing": dict(each.nothing),
                    "placeholders": dict(each.placeholders),
                    "spellings": [vars(group) for group in each.spellings],
                }
                for node_type, each in source.ids.items()
            },
        }


def _taken(taken: TakenFor | None) -> dict[str, Any] | None:
    if taken is None:
        return None
    return {
        "name": taken.name,
        "title": taken.title,
        "by": list(taken.by),
        "absent": list(taken.absent),
        "unread": list(taken.unread),
        "says": list(taken.says),
    }


def _kind(facts: KindFacts) -> dict[str, Any]:
    return {**vars(facts), "scale": facts.scale and facts.scale.name}


def _match(match: Match) -> dict[str, Any]:
    better = match.better and dict(zip(("source", "column", "share"), match.better, strict=True))
    return {**vars(match), "better": better}


def _times(source: SourceProfile) -> dict[str, Any] | None:
    if source.times is None:
        return None
    times = source.times
    return {
        **vars(times),
        "units": dict(times.units),
        "first": _moment(times.first),
        "last": _moment(times.last),
    }


def _moment(time: int | None) -> str | None:
    """ISO 8601, UTC; of any year."""
    if time is None:
        return None
    return f"{np.datetime64(time, 'ms').astype('datetime64[s]')}+00:00"
