"""Options of `graphrec ingest` that say something of one source, such as `user.age=number`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from graphrec.ingest.attributes import KINDS
from graphrec.ingest.long import LongTable, long_table
from graphrec.ingest.schema import LinkType

from graphrec.data import AttributeKind
from graphrec.errors import SettingsError

_REMEDIES = {
    "events": "name a file of events, or say whose it is, such as item.id=COLUMN",
    "item": "add --items FILE, or say whose it is, such as user.age=number",
    "user": "add --users FILE",
}


def _pair(option: str, name: str, example: str) -> tuple[str, str]:
    left, equals, right = option.partition("=")
    if not (left and equals and right):
        raise SettingsError(f"{name} {option!r}: expected the form {example}")
    return left, right


def links_option(option: str) -> tuple[str, LinkType, Path]:
    """The name, the type and the file of a --links option."""
    name, file = _pair(option, "--links", "user:follows:user=FILE")
    parts = name.split(":")
    if len(parts) != 3 or not (parts[0] and parts[2]):
        raise SettingsError(
            f"--links {name!r}: expected source:relation:target=FILE, or source::target=FILE where "
            f"each row names its relation"
        )
    return name, (parts[0], parts[1] or None, parts[2]), Path(file)


def by_source(
    option: str, example: str, values: Sequence[str], default: str, given: Collection[str]
) -> dict[str, dict[str, str]]:
    """What options such as `item.id=COLUMN` say, by source: that before the dot, or `default`."""
    found: dict[str, dict[str, str]] = {}
    for value in values:
        left, right = _pair(value, option, example)
        sources = {"item", "user", *given}
        owner = max((s for s in sources if left.startswith(f"{s}.")), key=len, default=default)
        if owner not in given:
            raise SettingsError(
                f"{option} {value!r} is for {owner!r}, which is not loaded: expected an option for "
                f"one of {', '.join(given) or 'the files that are named'}; "
                f"{_REMEDIES.get(owner, 'name its file')}"
            )
        found.setdefault(owner, {})[left.removeprefix(f"{owner}.")] = right
    return found


def kinds_of(options: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, AttributeKind]]:
    """The kinds of attributes by source and name; raises SettingsError for one there is not."""
    known = {str(kind): kind for kind in KINDS}
    for names in options.values():
        for name, kind in names.items():
            if kind not in known:
                raise SettingsError(
                    f"--attribute '{name}={kind}': expected a kind of {', '.join(known)}"
                )
    return {
        source: {name: known[kind] for name, kind in names.items()}
        for source, names in options.items()
    }


def changed_kinds(options: Sequence[str], given: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The attributes whose kind is to be changed, by type of node."""
    named = by_source("--change-kind", "color", [f"{o}=new" for o in options], "item", given)
    return {node_type: tuple(names) for node_type, names in named.items()}


def long_tables(options: Sequence[str], given: Collection[str]) -> dict[str, tuple[str, LongTable]]:
    """The id column and the long table of the items or users, by type of node."""
    found = {}
    for option in options:
        users = option.startswith("user:")
        node_type = "user" if users else "item"
        if node_type not in given:
            raise SettingsError(
                f"--long {option!r} is for {node_type!r}, which is not loaded: expected its file; "
                f"{_REMEDIES[node_type]}"
            )
        found[node_type] = long_table(option.removeprefix("user:").split(","))
    return found
