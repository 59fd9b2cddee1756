"""What a question names, looked up in a view: what is unknown is a warning, or an error."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timezone

from graphrec.errors import UnknownName
from graphrec.recommend.query import Context, Query
from graphrec.recommend.setting_names import known_in_view
from graphrec.rules.check import no_attribute, no_kind, problems_of
from graphrec.snapshot.view import View
from graphrec.suggest import expectation

SHOWN = 3
"""Unknown ids that a warning names."""


@dataclass(frozen=True)
class Asked:
    """A question, less what is unknown in it."""

    query: Query
    unknown_items: tuple[str, ...] = ()
    """Of the items that a visitor likes."""
    unknown_friends: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    """What is doubtful in the question, in a sentence each."""


def asked(query: Query, view: View, context: Context) -> Asked:
    """The question with the items and friends that are known.

    Raises UnknownName for an attribute, a relation or a kind of events that there is not.
    """
    warnings: list[str] = []
    if query.rules:
        known = known_in_view(view)
        for at, rule in enumerate(query.rules):
            for found in problems_of(rule, known):
                if found.unknown:
                    raise UnknownName(found.said, f"rules[{at}].{found.key}")
                warnings.append(f"rules[{at}].{found.key}: {found.said}")
    if query.kinds is not None:
        warnings += _kinds(query.kinds, view, context)
    if query.attributes:
        _attributes(query.attributes, view)
    if query.segment is not None:
        warnings += _segment(query.segment, view)
    if query.until is not None:
        warnings += _as_of(query.until, view, context)
    ids = view.items.ids
    for name, listed in (("allow", query.allow), ("deny", query.deny)):
        missing = sorted(item for item in listed or () if item not in ids)
        if missing:
            warnings.append(f"{name}: {_unknown('item', missing)}")
    about = _missing(item for item in query.about if item not in ids)
    if about:
        warnings.append(f"items: {_unknown('item', about)}; {_without(about)}")
        query = replace(query, about=tuple(item for item in query.about if item in ids))
    items = _missing(item for item in query.items if item not in ids)
    friends = _missing(friend for friend in query.friends if not view.knows(friend))
    if items:
        warnings.append(f"items: {_unknown('item', items)}; {_without(items)}")
        left = tuple(item for item in query.items if item in ids)
        query = replace(query, items=left)
    if friends:
        warnings.append(f"friends: {_unknown('user', friends)}; the list is made without them")
        query = replace(query, friends=tuple(f for f in query.friends if f not in friends))
    return Asked(query, items + about, friends, tuple(warnings))


def _missing(ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ids))


def _unknown(node_type: str, ids: Collection[str]) -> str:
    named = ", ".join(map(repr, list(ids)[:SHOWN]))
    if len(ids) == 1:
        return f"{node_type} {named} is unknown"
    more = f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else ""
    return f"{node_type}s {named}{more} are unknown"


def _without(ids: Collection[str]) -> str:
    return f"the list is made without {'it' if len(ids) == 1 else 'them'}"


def _kinds(kinds: Collection[str], view: View, context: Context) -> list[str]:
    """What to say of kinds without events; raises UnknownName for one that there is not."""
    known = known_in_view(view)
    recorded = {*known.recorded, *(event.kind for event in context.events or ())}
    for kind in sorted(kinds):
        if kind not in recorded and kind not in known.kinds:
            raise UnknownName(no_kind(kind, {*known.kinds, *recorded}), "kinds")
    return [f"kinds: no event is of kind {k!r} yet" for k in sorted(kinds) if k not in recorded]


def _attributes(names: Collection[str], view: View) -> None:
    known = known_in_view(view).user_attributes
    for name in names:
        if known is not None and name not in known:
            raise UnknownName(no_attribute("user", name, known), f"attributes.{name}")


def _segment(segment: str, view: View) -> list[str]:
    segments = view.snapshot.popularity.segments
    if segments is None:
        return [
            f"segment: {segment!r} is ignored, as the snapshot has no segments: expected the "
            f"setting retrieval.popular_by, and a training since"
        ]
    if segment not in segments.rows:
        right = expectation(segment, segments.names)
        return [f"segment: no large segment of {segments.attribute!r} is {segment!r}: {right}"]
    return []


def _as_of(as_of: int, view: View, context: Context) -> list[str]:
    manifest = view.snapshot.manifest
    if manifest.oldest_event is not None and as_of <= manifest.oldest_event:
        return [
            f"as_of: {_said(as_of)} is before the first event of the log, of "
            f"{_said(manifest.oldest_event)}: nothing had happened"
        ]
    if context.now and as_of > context.now:
        return [f"as_of: {_said(as_of)} is in the future: all events count"]
    return []


def _said(time: int) -> str:
    try:
        return datetime.fromtimestamp(time / 1000, timezone.utc).isoformat(timespec="seconds")
    except (OverflowError, ValueError, OSError):
        return f"{time} milliseconds since 1970"
