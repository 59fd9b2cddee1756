"""Why a list is empty."""

from __future__ import annotations

import numpy as np

from graphrec.data import Rows
from graphrec.recommend.query import Query
from graphrec.recommend.ranker import Request
from graphrec.recommend.results import EmptyCause
from graphrec.recommend.setting_names import known_in_view
from graphrec.rules.check import problems_of
from graphrec.snapshot.view import View


def cause_of_emptiness(view: View, query: Query, request: Request, seen: Rows) -> EmptyCause:
    """The cause, for a request of whose items none is in the list, by a user who has seen some."""
    there = np.ones(len(view.items.ids), bool)
    there[view.items.deleted] = False
    if not there.any():
        return "no_items"
    if request.eligible.any():
        return "new_items"
    named = {"allow", "deny"}
    listed = there.copy()
    for name, passes in request.rules.filters:
        if name in named:
            listed &= passes
    if not listed.any():
        return "not_allowed"
    passing = listed.copy()
    for _, passes in request.rules.filters:
        passing &= passes
    if not passing.any():
        known = known_in_view(view)
        required = (rule for rule in query.all_rules if rule.action == "require")
        if any(found.unknown for rule in required for found in problems_of(rule, known)):
            return "unknown_name"
        return "rules"
    there[seen] = False
    return "exhausted" if there.any() else "seen"
