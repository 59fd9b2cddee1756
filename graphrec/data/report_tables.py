"""A report of data as tables, for a terminal, a notebook or a text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from graphrec.data.kind_facts import KindFacts
from graphrec.data.profile import DAY, IdProfile, Match, SourceProfile, TimeProfile
from graphrec.data.times import written

Row = tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A title, the names of columns, and rows of text."""

    title: str
    columns: Row
    rows: tuple[Row, ...]

    def html(self) -> str:
        """As HTML."""
        head = "".join(f"<th style='text-align:left'>{escape(name)}</th>" for name in self.columns)
        body = "".join(
            f"<tr>{''.join(f'<td>{escape(c)}</td>' for c in row)}</tr>" for row in self.rows
        )
        title = f"<caption style='text-align:left'><b>{escape(self.title)}</b></caption>"
        return f"<table>{title}<tr>{head}</tr>{body}</table>"


def text_of(table: Table) -> str:
    """As text: columns of equal width under their names."""
    widths = [max(map(len, column)) for column in zip(table.columns, *table.rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (table.columns, *table.rows)
    ]
    return "\n".join([table.title, *lines])


def tables_of(
    sources: Mapping[str, SourceProfile],
    kinds: Mapping[str, Mapping[str, KindFacts]],
    matches: Sequence[Match],
) -> tuple[Table, ...]:
    """The tables of a report; those without rows are left out."""
    each = sources.items()
    tables = (
        Table(
            "Read",
            ("what", "source", "as", "rows", "rejected", "repeated"),
            tuple(_read(name, source) for name, source in each),
        ),
        Table(
            "Columns",
            ("what", "column", "taken as", "missing", "examples"),
            tuple(row for name, source in each for row in _columns(name, source)),
        ),
        kind_table(kinds),
        Table(
            "Times",
            ("what", "first", "last", "written as", "unknown"),
            tuple(time_row(n, s.times) for n, s in each if s.times),
        ),
        Table(
            "Ids",
            ("what", "of", "distinct", "look like nothing", "written in several ways"),
            tuple(id_row(n, t, ids) for n, s in each for t, ids in s.ids.items()),
        ),
        Table("Matches", ("ids", "count", "known", "to", "else"), tuple(map(_match, matches))),
    )
    return tuple(table for table in tables if table.rows)


def stored_tables(
    sources: Mapping[str, SourceProfile],
    kinds: Mapping[str, Mapping[str, KindFacts]],
    matches: Sequence[Match],
) -> tuple[Table, ...]:
    """The tables of what a store holds: it was not read from columns of anything."""
    bare = tuple(
        (f"{name}s", f"{source.bare:,} of {source.rows:,}", f"{source.bare / source.rows:.1%}")
        for name, source in sources.items()
        if source.bare is not None and source.rows and source.attributes
    )
    without = Table("Without attributes", ("what", "count", "share"), bare)
    tables = tables_of(sources, kinds, matches)
    return tuple(t for t in (*tables, without) if t.rows and t.title != "Read")


def kind_table(kinds: Mapping[str, Mapping[str, KindFacts]]) -> Table:
    """The kinds of events, by source."""
    return Table(
        "Kinds of events",
        ("what", "kind", "events", "counts as", "positive", "values"),
        tuple(_kind(name, kind, each) for name, of in kinds.items() for kind, each in of.items()),
    )


def time_row(name: str, times: TimeProfile) -> Row:
    """The range of times, and how they were written."""
    units = [unit if share == 1 else f"{unit} ({share:.0%})" for unit, share in times.units.items()]
    written = ", ".join(units) or ("no times" if times.first is None else "")
    return (name, day(times.first), day(times.last), written, f"{times.unknown:,}")


def id_row(name: str, node_type: str, ids: IdProfile) -> Row:
    """How many ids there are, and which are odd."""
    nothing = ", ".join(f"{count:,} × {word}" for word, count in ids.nothing.items())
    groups = ", ".join(f"{each.groups:,} by {each.differ_by}" for each in ids.spellings)
    about = "" if ids.sampled == 1 else "about "
    return (name, node_type, f"{about}{ids.distinct:,}", nothing or "none", groups or "none")


def day(time: int | None) -> str:
    """The day of a time in milliseconds, and its time of day where it is not midnight."""
    if time is None:
        return "–"
    return written(time, clock=time % DAY != 0)


def _read(name: str, source: SourceProfile) -> Row:
    about = "" if source.repeated_exact else "about "
    return (
        name,
        source.source,
        ", ".join(f"header: {v}" if k == "header" else v for k, v in source.read.items()),
        f"{source.rows:,}",
        f"{source.rejected:,}",
        f"{about}{source.repeated:,}",
    )


def _columns(name: str, source: SourceProfile) -> Iterator[Row]:
    for column, meaning in source.columns.items():
        yield (name, column, meaning, "", "")
    for attribute, each in source.attributes.items():
        known = each.kind if attribute == each.column else f"{each.kind} {attribute!r}"
        why = f" ({each.why})" if each.why else ""
        yield (
            name,
            each.column,
            f"{known}{why}",
            f"{each.missing_share:.1%}",
            ", ".join(each.examples),
        )
    for column in source.ignored:
        yield (name, column, "nothing: ignored", "", "")


def _kind(name: str, kind: str, facts: KindFacts) -> Row:
    values = f"{facts.least:g} to {facts.most:g}" if facts.distinct > 1 else f"{facts.least:g}"
    if facts.threshold is not None and facts.scale is not None and facts.scale.name != values:
        values += f", on a scale of {facts.scale.name}"
    return (name, kind, f"{facts.events:,}", facts.counts_as, f"{facts.positive_share:.1%}", values)


def _match(match: Match) -> Row:
    other = ""
    if match.better is not None:
        source, column, share = match.better
        other = f"{share:.0%} by column {column!r} of {source}"
    elif match.differ_by:
        other = f"{match.would_match:.1%} differ by {match.differ_by}"
    ids = f"{match.node_type}s of {match.source}"
    return (ids, f"{match.ids:,}", f"{match.known:.1%}", match.against, other)
