"""The roles of columns, found by their usual names or given by a mapping.

Case, spaces and punctuation in a name do not matter: `userId`, `user_id` and `User ID` are one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from graphrec.errors import DataError


def _ids(*names: str) -> frozenset[str]:
    return frozenset(names) | {name + "id" for name in names}


USER = _ids("user", "u", "customer", "visitor", "member", "reviewer")
ITEM = _ids(
    *("item", "i", "movie", "product", "business", "article", "book", "track", "song", "video"),
    *("asin", "isbn", "sku"),
)
RATING = frozenset({"rating", "ratings", "stars", "overall", "score"})
WEIGHT = RATING | {"weight", "value", "count", "quantity", "plays", "playcount"}
TIME = frozenset(
    {"time", "timestamp", "ts", "date", "datetime", "createdat", "unixtime", "unixreviewtime"}
    | {"eventtime", "eventtimestamp", "eventdate"}
)
KIND = frozenset(
    {"kind", "event", "eventtype", "eventkind", "eventname", "action", "actiontype"}
    | {"behavior", "behaviour", "behaviortype", "behaviourtype", "interactiontype"}
)
SOURCE = _ids("source", "src", "head", "from")
TARGET = _ids("target", "dst", "tail", "to")
RELATION = _ids("relation", "predicate")
_KNOWN = USER | ITEM | WEIGHT | TIME | KIND | SOURCE | TARGET | RELATION | {"id", "title", "name"}


LinkType: TypeAlias = tuple[str, str | None, str]
"""Type of the sources, relation, type of the targets; None where each row names its relation."""


@dataclass(frozen=True)
class EventColumns:
    """The columns of a log of events; None for what the log does not have."""

    user: str
    item: str
    weight: str | None  # None: 1
    time: str | None  # None: 0
    kind: str | None  # None: `default_kind`
    default_kind: str = "interaction"

    @property
    def names(self) -> tuple[str, ...]:
        """The columns to read."""
        columns = (self.user, self.item, self.weight, self.time, self.kind)
        return tuple(column for column in columns if column is not None)

    @property
    def meanings(self) -> Mapping[str, str]:
        """By column, what it is."""
        roles = ("user", "item", "weight", "time", "kind")
        return {column: role for role in roles if (column := getattr(self, role)) is not None}

    @property
    def rated(self) -> bool:
        """Whether the weights are ratings, by the name of their column."""
        return self.weight is not None and _rates(self.weight)


@dataclass(frozen=True)
class LinkColumns:
    """The columns of a file of links; None for what the file does not have."""

    source: str
    target: str
    weight: str | None = None  # None: 1
    relation: str | None = None  # None: one for all

    @property
    def names(self) -> tuple[str, ...]:
        """The columns to read."""
        columns = (self.source, self.target, self.weight, self.relation)
        return tuple(column for column in columns if column is not None)

    def meanings(self, source_type: str, target_type: str) -> Mapping[str, str]:
        """By column, what it is."""
        types = {"source": f"source: {source_type}", "target": f"target: {target_type}"}
        return {c: types.get(role, role) for role, c in vars(self).items() if c is not None}


def event_columns(
    name: str,
    columns: Sequence[str],
    mapping: Mapping[str, str],
    kind: str | None = None,
    hint: str = "",
) -> EventColumns:
    """The columns of events in `columns`, those of the source called `name`.

    `mapping` gives columns for any of user, item, weight, time and kind. `kind` is the kind of all
    events; without it and without a column of kinds, events with a rating are of the kind "rating",
    others of "interaction". Raises DataError where a column is missing, or where more than one
    would do; `hint` is said where one is missing.
    """
    roles = ("user", "item", "weight", "time", "kind")
    find = _finder(name, columns, mapping, roles, hint=hint)
    weight = find("weight", WEIGHT)
    kinds = None if kind else find("kind", KIND)
    rated = weight is not None and _rates(weight)
    return EventColumns(
        user=find.required("user", USER),
        item=find.required("item", ITEM),
        weight=weight,
        time=find("time", TIME),
        kind=kinds,
        default_kind=kind or ("rating" if rated else "interaction"),
    )


def node_column(
    name: str,
    columns: Sequence[str],
    mapping: Mapping[str, str],
    node_type: str,
    hint: str = "",
) -> str:
    """The column of ids of nodes; `mapping` may give it as `id`. Raises DataError.

    `item_id` comes before `item`, and both before the other names of an id, such as `isbn`.
    """
    find = _finder(name, columns, mapping, ("id",), f"{node_type}.", hint)
    own = plain(node_type)
    return (
        find("id", {own + "id"})
        or find("id", {own})
        or find.required("id", {"id", *_names_of(node_type)})
    )


def link_columns(
    name: str,
    columns: Sequence[str],
    mapping: Mapping[str, str],
    edge_type: LinkType,
    hint: str = "",
) -> LinkColumns:
    """The columns of links; `mapping` may give source, target, weight and relation.

    A column of relations must be there where `edge_type` has none, and may be where it has one.
    Raises DataError.
    """
    source_type, relation, target_type = edge_type
    option = f"{source_type}:{relation or ''}:{target_type}."
    find = _finder(name, columns, mapping, ("source", "target", "weight", "relation"), option, hint)
    source = find("source", SOURCE) or find.required("source", _names_of(source_type))
    target = find("target", TARGET) or find.required("target", _names_of(target_type))
    if source == target:
        raise DataError(
            f"{name} has one column, {source!r}, for both ends of a link: found "
            f"{_listed(columns)}; {find.remedy('target')}"
        )
    found = find("relation", RELATION) if relation else find.required("relation", RELATION)
    return LinkColumns(
        source=source,
        target=target,
        weight=find("weight", WEIGHT),
        relation=None if found in (source, target) else found,
    )


@dataclass(frozen=True)
class _Finder:
    """Finds the column of a role."""

    name: str
    columns: Sequence[str]
    mapping: Mapping[str, str]
    option: str
    """What comes before a role in `--map`."""
    hint: str
    """What else may be wrong where a column is missing."""

    def __call__(self, role: str, names: Collection[str]) -> str | None:
        if role in self.mapping:
            return self.mapping[role]
        taken = set(self.mapping.values())
        found = [c for c in self.columns if plain(c) in names and c not in taken]
        if len(found) > 1:
            raise DataError(
                f"{self.name} has more than one column for the {role}: {_listed(found)}; "
                f"expected one; {self.remedy(role)}"
            )
        return found[0] if found else None

    def remedy(self, role: str) -> str:
        """How to name the column of a role, for an error message."""
        python = {"": role, "item.": "item", "user.": "user"}.get(self.option)
        in_python = f" (in Python: {python}='COLUMN')" if python else ""
        return (
            f"name it with `graphrec ingest --map {self.option}{role}=COLUMN`{in_python}, or "
            f"rename columns"
        )

    def required(self, role: str, names: Collection[str]) -> str:
        column = self(role, names)
        if column is None:
            raise DataError(
                f"{self.name} has no column for the {role}: found {_listed(self.columns)}; "
                f"{self.remedy(role)}{self.hint}"
            )
        return column


def _finder(
    name: str,
    columns: Sequence[str],
    mapping: Mapping[str, str],
    roles: Sequence[str],
    option: str = "",
    hint: str = "",
) -> _Finder:
    """A finder, once the mapping has been checked."""
    for role, column in mapping.items():
        if role not in roles:
            raise DataError(
                f"{role!r} cannot be mapped in {name}: expected one of {_listed(roles)}"
            )
        if column not in columns:
            raise DataError(
                f"{name} has no column {column!r} for the {role}: found {_listed(columns)}; "
                f"correct `--map {option}{role}={column}`"
            )
    if len(set(mapping.values())) < len(mapping):
        raise DataError(
            f"the mapping of {name} uses a column twice: {dict(mapping)}; "
            f"expected a column of its own for each"
        )
    return _Finder(name, columns, mapping, option, hint)


def is_known(column: str) -> bool:
    """Whether a name is the usual one of some column."""
    return plain(column) in _KNOWN


def plain(column: str) -> str:
    """The name of a column as names are compared."""
    return "".join(letter for letter in column.lower() if letter.isalnum())


def _rates(column: str) -> bool:
    """Whether a column of weights holds ratings, by its name: also `Book-Rating`."""
    name = plain(column)
    return name in RATING or "rating" in name


def _names_of(node_type: str) -> frozenset[str]:
    """The names of a column of ids of a node type."""
    known = {"user": USER, "item": ITEM}
    return known.get(node_type, _ids(plain(node_type)))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names)) or "none"
