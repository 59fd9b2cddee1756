"""What a recommender would have shown, at the time of a list, to whom it was shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from graphrec.errors import DataError
from graphrec.experiment.definition import RECOMMENDATIONS
from graphrec.off_policy.lists import Ranked
from graphrec.ranking.q_network.shown import NOT_SHOWN, ShownTo
from graphrec.recommend.placements.lists import placement_of
from graphrec.recommend.placements.question import PlacementQuestion, query_of
from graphrec.recommend.query import Context, Query
from graphrec.recommend.recommender import Recommender
from graphrec.store.delta import Event


def question_of(recommender: Recommender, name: str, exploration: float | None = None) -> Query:
    """The query of a placement, or RECOMMENDATIONS, without somebody who asks.

    `exploration` is the share of lists that are of no placement. Raises UnknownPlacement, and
    DataError for a placement whose lists cannot be made as of a time.
    """
    if name == RECOMMENDATIONS:
        return Query(exploration=exploration or 0.0, reasons=False, explain=False)
    placement = placement_of(recommender, name)
    if placement.type != "for-you" or placement.exclude:
        what = "with exclude" if placement.type == "for-you" else f"of type {placement.type!r}"
        raise DataError(
            f"placement {name!r} is one {what}: expected one of type 'for-you' without exclude, or "
            f"{RECOMMENDATIONS!r}, whose lists can be made as of the time that they were shown"
        )
    return query_of(placement, PlacementQuestion(reasons=False))


def ranked_at(
    recommender: Recommender,
    question: Query,
    user: str,
    events: Sequence[Event],
    time: int,
    k: int,
    shown: ShownTo = NOT_SHOWN,
) -> Ranked:
    """What somebody with these events would have been shown at a time, in milliseconds since 1970.

    Only events before it count, and of the lists that they were `shown`, those before it. The share
    of exploration is that of the question.
    """
    query = replace(question, user=user, k=k, as_of=time, exploration=0.0)
    context = Context(time, tuple(events), shown=shown)
    found = recommender.recommend(query, context)
    items = [each.item for each in found]
    if not question.exploration:
        return Ranked(items)
    asked = recommender.with_rules(query)
    profile = recommender.profile(asked, context)
    eligible = recommender.ranker.request(profile, asked, context).eligible.copy()
    rows, ids = recommender.view.items.ids.rows, recommender.view.items.ids.ids
    eligible[[rows[item] for item in items]] = False
    pool = np.flatnonzero(eligible).tolist()
    return Ranked(items, question.exploration, len(pool), frozenset(ids[row] for row in pool))
