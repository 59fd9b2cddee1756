"""Writing ties: beside the events that they follow from, and for graphs that have none yet.

Ties hold where nobody has written since who does not keep them (`ties_position` of the schema is
its `position`), where all kinds note the reader's meaning, and once all users were gone through
(`ties_until` is null). A writer that finds them otherwise begins anew: it keeps those of the pairs
it writes, and with each write goes through some users more, by id.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from graphrec.data import Interactions
from graphrec.data.in_force import meanings_of
from graphrec.store.neo4j import names, ties
from graphrec.store.neo4j import queries as cypher
from graphrec.store.neo4j.server import rows
from graphrec.store.neo4j.ties import Tie
from graphrec.store.neo4j.writing import Writing

USERS = 50
"""Users gone through with a write, where ties are not complete yet."""


def begin(writing: Writing) -> None:
    """See that ties are kept by the writer's policy, from now on if they were not."""
    found = rows(writing.tx, cypher.READ_MEANINGS)
    meant = {kind: ties.meaning_of(kind, writing.policy) for kind, _ in found}
    if writing.tied and all(meant[kind] == meaning for kind, meaning in found):
        return
    any_event = rows(writing.tx, cypher.ANY_EVENT)
    writing.ties_until = "" if any_event else None
    writing.tied = True
    # Nothing that a reader of positions knows changes by this.
    values = {"until": writing.ties_until, "kinds": [list(each) for each in meant.items()]}
    writing.tx.run(cypher.BEGIN_TIES, values).consume()


def kinds_with_meanings(writing: Writing, kinds: Collection[str]) -> list[list[str]]:
    """Kinds, and what a new one is to note."""
    return [[kind, ties.meaning_of(kind, writing.policy)] for kind in sorted(kinds)]


def tie(
    writing: Writing,
    written: Sequence[Sequence[Any]],
    fresh: Collection[str],
    known: Mapping[str, Collection[str]],
) -> None:
    """Write the ties that follow from events just written: [user, item, kind, time, weight] each.

    `fresh` are the users who had no events, and `known` the pairs that had some, items by user.
    """
    if _own_thresholds(writing):  # all that a user likes may change
        new = [row for row in written if row[0] in fresh]
        renewed: Mapping[str, Collection[str]] = {
            row[0]: () for row in written if row[0] not in fresh
        }
    else:
        held = {user: set(items) for user, items in known.items()}
        new = [row for row in written if row[1] not in held.get(row[0], ())]
        renewed = known
    _write(writing, cypher.ADD_TIES, ties.ties_of(_log(new), writing.policy))
    renew(writing, renewed)


def renew(writing: Writing, pairs: Mapping[str, Collection[str]]) -> None:
    """Write the ties of pairs of which an event was written or deleted, items by user."""
    if not pairs:
        return
    if _own_thresholds(writing):  # all that a user likes may change
        found = rows(writing.tx, cypher.EDGES_OF_USERS, users=sorted(pairs))
    else:
        items = sorted({item for each in pairs.values() for item in each})
        place = {item: n for n, item in enumerate(items)}
        users = [[user, [[place[item]] for item in sorted(each)]] for user, each in pairs.items()]
        found = rows(writing.tx, cypher.EDGES_OF_PAIRS, items=items, users=users)
    _renew(writing, found)


def advance(writing: Writing, users: int = USERS) -> None:
    """Go through some users more, where ties are not complete."""
    if writing.ties_until is None:
        return
    found = rows(writing.tx, cypher.EDGES_OF_NEXT, until=writing.ties_until, count=users)
    _renew(writing, found)
    writing.ties_until = found[-1][0] if len(found) == users else None
    writing.tx.run(cypher.ADVANCE_TIES, {"until": writing.ties_until}).consume()


def users_of(writing: Writing, items: Collection[str]) -> Mapping[str, Collection[str]]:
    """Who is to be renewed where items are deleted: those whose own thresholds may change."""
    if not _own_thresholds(writing):
        return {}
    found = rows(writing.tx, cypher.USERS_OF_ITEMS, items=sorted(items))
    return {user: () for (user,) in found}


def _own_thresholds(writing: Writing) -> bool:
    """Whether of any kind what a user likes depends on their other events of the kind."""
    kinds = [kind for kind, _ in rows(writing.tx, cypher.READ_MEANINGS)]
    return meanings_of(kinds, writing.policy).any_own


def _renew(writing: Writing, found: Iterable[Sequence[Any]]) -> None:
    """Put ties right by what there is: users, each with [item, type, kind, time, weight, first,
    last] of events and ties.
    """
    events: list[list[Any]] = []
    before: list[Tie] = []
    for user, edges in found:
        for item, type_, kind, time, weight, first, last in edges:
            if type_ == names.INTERACTED:
                events.append([user, item, kind, time, weight])
            else:
                before.append(Tie(user, item, type_, first, last))
    gone, made = ties.changes(before, list(ties.ties_of(_log(events), writing.policy)))
    _write(writing, cypher.DROP_TIES, gone)
    _write(writing, cypher.ADD_TIES, made)


def _write(writing: Writing, query: cypher.Cypher, those: Iterable[Tie]) -> None:
    by_type: dict[str, dict[str, list[Tie]]] = {}
    for tie in those:
        by_type.setdefault(tie.type, {}).setdefault(tie.user, []).append(tie)
    for type_, by_user in sorted(by_type.items()):
        items = sorted({tie.item for each in by_user.values() for tie in each})
        place = {item: n for n, item in enumerate(items)}
        users = [
            [user, [[place[tie.item], tie.first, tie.last] for tie in each]]
            for user, each in sorted(by_user.items())
        ]
        text = query.substitute(TYPE=names.quoted(type_))
        writing.tx.run(text, {"items": items, "users": users}).consume()


def _log(events: Sequence[Sequence[Any]]) -> Interactions:
    users, items, kinds, times, weights = zip(*events, strict=True) if events else [()] * 5
    return Interactions.of(users, items, weights, times, kinds)
