"""Every path and count that is cited, computed again by a query over the raw events alone."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from math import sqrt

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from graphrec.data import Graph, Interactions
from graphrec.data.dataset import Dataset
from graphrec.data.weighting import DEFAULT_POLICY, weigh
from graphrec.models.graph_filter.model import GraphFilter
from graphrec.recommend.query import Query
from graphrec.recommend.recommender import PATHS, Recommender
from graphrec.settings import RetrievalSettings
from graphrec.store.delta import Delta, Event, UserDelta, events_by_user
from tests.support.snapshots import build_snapshot

pytestmark = pytest.mark.slow

USERS, ITEMS = [f"u{n}" for n in range(6)], [f"i{n}" for n in range(7)]

raw_events = st.tuples(
    st.sampled_from(USERS),
    st.sampled_from(ITEMS),
    st.sampled_from((1.0, 3.0, 3.5, 5.0)),
    st.sampled_from(("rating", "view")),
)

# The user, an item of theirs, the people, the recommended item; the latest rating of a pair counts,
# from 3.5.
PATHS_TO = """
WITH likes AS (
    SELECT user, item FROM raw WHERE kind <> 'rating'
    UNION
    SELECT user, item FROM (
        SELECT user, item, weight, MAX(time) FROM raw WHERE kind = 'rating' GROUP BY user, item
    ) WHERE weight >= 3.5
)
SELECT
    mine.item,
    (SELECT COUNT(*) FROM likes AS via JOIN likes AS there USING (user)
     WHERE via.item = mine.item AND there.item = :item AND user <> :user),
    (SELECT COUNT(*) FROM likes AS via JOIN likes AS there USING (user)
     WHERE via.item = mine.item AND there.item = :item),
    (SELECT COUNT(*) FROM likes WHERE item = mine.item),
    (SELECT COUNT(*) FROM likes WHERE item = :item)
FROM (
    SELECT item FROM likes WHERE user = :user UNION SELECT value FROM json_each(:since)
) AS mine
WHERE mine.item <> :item
"""


@settings(max_examples=40)
@given(
    st.lists(raw_events, min_size=10, max_size=60),
    st.lists(st.sampled_from(ITEMS), max_size=2),
)
def test_every_cited_path_and_count_is_that_of_the_raw_events(events, since):
    users, items, weights, kinds = zip(*events, strict=True)
    log = Interactions.of(users, items, weights, range(len(events)), kinds).sorted()
    graph = weigh(Graph(log), DEFAULT_POLICY)
    assume(graph.matrix.nnz)
    snapshot = build_snapshot(
        graph,
        graph_filter=GraphFilter().fit(Dataset.of_weights(graph)).scorer,
        embeddings=None, encoder=None, seed=0, cutoff=None, models={}, metrics={},
    )  # fmt: skip
    recommender = Recommender.of(snapshot, RetrievalSettings())
    since = [item for item in since if item in log.items]
    recommender = recommender.advanced(delta_of("u0", since, log))
    with closing(sqlite3.connect(":memory:")) as raw:
        raw.execute("CREATE TABLE raw (user TEXT, item TEXT, weight REAL, kind TEXT, time INT)")
        timed = [(*event, time) for time, event in enumerate(events)]
        raw.executemany("INSERT INTO raw VALUES (?, ?, ?, ?, ?)", timed)
        for user in USERS:
            new = str(since if user == "u0" else []).replace("'", '"')
            for found in recommender.recommend(Query(user, k=len(ITEMS))):
                values = {"user": user, "item": found.item, "since": new}
                there_are = {
                    via: (people, both / sqrt(degree * fans))
                    for via, people, both, degree, fans in raw.execute(PATHS_TO, values)
                    if people
                }
                cited = {path.item: (path.people, path.score) for path in found.because}
                assert len(cited) == len(found.because) == min(PATHS, len(there_are))
                for via, (people, score) in cited.items():
                    assert people == there_are[via][0]
                    assert score == pytest.approx(there_are[via][1], abs=1e-9)
                best = sorted((score for _, score in there_are.values()), reverse=True)
                assert [path.score for path in found.because] == pytest.approx(best[:PATHS])
                total = sum(part.score for part in found.contributions)
                assert total == pytest.approx(found.score)


def delta_of(user: str, items: list[str], log: Interactions) -> Delta:
    """What a store says once a user came to like items: every event of these pairs."""
    before = [e for e in events_by_user(log).get(user, ()) if e.item in items]
    views = [Event(item, "view", len(log), 1.0) for item in dict.fromkeys(items)]
    return Delta({user: UserDelta((*before, *views))})
