"""Rules and options of lists: what is left out is left out before the cut-off, never after."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from graphrec.data import Graph, Links, item_links
from graphrec.data.weighting import KindPolicy
from graphrec.errors import UnknownNode
from graphrec.ranking.exploration import EvenPool, Explored, explore
from graphrec.recommend.query import Context, Query
from graphrec.recommend.recommender import Recommender
from graphrec.recommend.results import WhyNot
from graphrec.rules.rule import EXAMPLES, Rule
from graphrec.settings import RetrievalSettings
from graphrec.snapshot.registry import load, publish
from graphrec.store.delta import Delta, Event, UserDelta
from graphrec.store.delta_log import DeltaLog
from graphrec.store.protocol import ChangedNode
from tests.support.attributed import (
    BRANDS,
    ITEMS,
    MAKERS,
    RECOMMENDER,
    SNAPSHOT,
    TAGS,
    USERS,
    attribute,
    links_of,
)
from tests.support.small_data import graph_of, ratings

NOW = 1_000

LIKING_ALL = Recommender.of(
    SNAPSHOT,
    RECOMMENDER.settings,
    kinds={"rating": KindPolicy(threshold=None), "view": KindPolicy()},
)
"""To whom an event of any kind and value is a like."""


def rule(**values: object) -> Rule:
    return TypeAdapter(Rule).validate_python(values)


EVERYTHING = len(ITEMS)


LINKS = links_of(EVERYTHING, random.Random(1))  # noqa: S311
PAIRS = {
    relation: [
        (ITEMS[s], t) for s, t in zip(each.source.tolist(), each.target.tolist(), strict=True)
    ]
    for (_, relation, _), each in LINKS.items()
}


def tied(relation: str, item: str) -> set[str]:
    """The makers of an item, or the items that it leads to or that lead to it."""
    if relation == "made_by":
        return {MAKERS.ids[maker] for source, maker in PAIRS[relation] if source == item}
    pairs = [(source, ITEMS[target]) for source, target in PAIRS[relation]]
    return {b for a, b in pairs if a == item} | {a for a, b in pairs if b == item}


def meant(rule: Rule, item: str, returned: Sequence[str]) -> bool:
    """The same once more, as one would say it of a single item."""
    if rule.relation is not None:
        if rule.any_of is not None:
            return bool(tied(rule.relation, item) & set(rule.any_of))
        if rule.relation == "also_viewed":
            return bool(tied(rule.relation, item) & set(returned))
        return any(tied(rule.relation, item) & tied(rule.relation, each) for each in returned)
    if rule.available_from is not None:
        starts = attribute(rule.available_from, item)
        return starts is None or starts <= NOW
    value = attribute(rule.attribute, item)
    labels = set(value if isinstance(value, tuple) else [value] if isinstance(value, str) else [])
    if rule.any_of is not None:
        return bool(labels & set(rule.any_of))
    if rule.shared_by is not None:
        theirs = [attribute(rule.attribute, each) for each in returned]
        return bool(labels & {v for e in theirs for v in (e if isinstance(e, tuple) else [e])})
    least, most = rule.range
    return value is not None and least <= value <= most


means = st.one_of(
    st.sets(st.sampled_from(BRANDS[:3])).map(lambda any_: {"attribute": "brand", "any_of": any_}),
    st.sets(st.sampled_from(TAGS)).map(lambda any_: {"attribute": "tags", "any_of": any_}),
    st.sampled_from((1, 2, 3)).map(lambda least: {"attribute": "price", "least": least}),
    st.sampled_from((1, 2, 3)).map(lambda most: {"attribute": "price", "most": most}),
    st.sampled_from(("brand", "tags")).map(lambda a: {"attribute": a, "shared_by": "return"}),
    st.just({"available_from": "from"}),
    st.sampled_from(("made_by", "also_viewed")).map(
        lambda relation: {"relation": relation, "shared_by": "return"}
    ),
    st.sets(st.sampled_from(MAKERS.ids)).map(lambda any_: {"relation": "made_by", "any_of": any_}),
    st.sets(st.sampled_from(ITEMS)).map(lambda any_: {"relation": "also_viewed", "any_of": any_}),
)
filters = st.builds(
    lambda action, what, n: rule(name=f"rule {n}", action=action, **what),
    st.sampled_from(("require", "exclude")),
    means,
    st.integers(0, 9),
)
boosts = st.builds(
    lambda what, change: rule(name="boost", action="boost", **what, **change),
    means,
    st.sampled_from(({"factor": 0.5}, {"factor": 3}, {"add": 2}, {"add": -1.5})),
)
some_items = st.sets(st.sampled_from(ITEMS))
every_query = st.builds(
    Query,
    user=st.sampled_from((*USERS, "nobody")),
    k=st.integers(1, EVERYTHING),
    exclude_seen=st.booleans(),
    allow=st.none() | some_items.map(frozenset),
    deny=some_items.map(frozenset),
    rules=st.lists(filters | boosts, max_size=3).map(tuple),
)


@st.composite
def moments(draw: st.DrawFn) -> tuple[Recommender, Context, list[str]]:
    """Some items are deleted; what is known at the time, and what the user returned."""
    log = DeltaLog()
    for item in draw(st.sets(st.sampled_from(ITEMS), max_size=2)):
        log.add_nodes([ChangedNode("item", item, None)], 1)
    returned = sorted(draw(st.sets(st.sampled_from(ITEMS), max_size=2)))
    events = tuple(Event(item, "return", 0, 0.0) for item in returned)
    return RECOMMENDER.advanced(log.delta), Context(NOW, events), returned


def eligible(recommender: Recommender, query: Query, returned: Sequence[str]) -> set[str]:
    row = SNAPSHOT.users.rows.get(query.user or "")
    seen = set() if row is None else {ITEMS[i] for i in SNAPSHOT.likes.seen[[row]].indices}
    filters = [rule for rule in query.rules if rule.action != "boost"]
    return {
        item
        for item in ITEMS
        if not (query.exclude_seen and item in seen)
        and item not in query.deny
        and (query.allow is None or item in query.allow)
        and item not in recommender.view.delta.deleted
        and all(meant(r, item, returned) == (r.action == "require") for r in filters)
    }


@given(every_query, moments())
def test_lists_are_as_long_as_there_are_items_that_may_be_in_them(query, moment):
    recommender, context, returned = moment
    expected = eligible(recommender, query, returned)
    found = [each.item for each in recommender.recommend(query, context)]
    assert len(found) == len(set(found)) == min(query.k, len(expected))
    assert set(found) <= expected


@given(st.sampled_from(ITEMS), every_query, moments())
def test_an_item_is_in_a_list_just_where_why_not_ranks_it_so_high(item, query, moment):
    recommender, context, _ = moment
    found = recommender.recommend(query, context).recommendations
    why = recommender.why_not(query, item, context)
    places = [place for place, each in enumerate(found, 1) if each.item == item]
    assert places == ([why.rank] if why.rank is not None and why.rank <= query.k else [])
    if places:
        assert found[places[0] - 1].score == why.score
        is_filling = found[places[0] - 1].sources == ("fallback",)
        assert why.verdict == ("not_retrieved" if is_filling else "ranked")
    assert (why.rank is None) == (why.verdict in ("seen", "ruled_out", "deleted"))
    assert (why.verdict == "not_retrieved") <= (not any(s.retrieved for s in why.sources))
    if why.verdict == "ruled_out":
        assert why.rule in {"allow", "deny", *(rule.name for rule in query.rules)}


@given(every_query, moments())
def test_contributions_sum_to_the_score(query, moment):
    recommender, context, _ = moment
    for each in recommender.recommend(replace(query, k=EVERYTHING), context):
        assert sum(part.score for part in each.contributions) == pytest.approx(each.score)


@given(st.sampled_from(USERS), st.lists(st.sampled_from(ITEMS), min_size=1, max_size=3), st.data())
def test_events_that_the_snapshot_holds_change_nothing(user, liked, data):
    row = SNAPSHOT.users.row(user)
    known = [ITEMS[i] for i in SNAPSHOT.likes.by_user[[row]].indices]
    again = data.draw(st.lists(st.sampled_from(known)))
    query = Query(user, k=9)
    assert after(user, again).recommend(query) == RECOMMENDER.recommend(query)
    stranger = after("stranger", liked).recommend(Query("stranger", k=9))
    session = RECOMMENDER.recommend(Query(items=tuple(liked), k=9))
    assert stranger.recommendations == session.recommendations


def after(user: str, items: Sequence[str]) -> Recommender:
    """The recommender once a user came to like items, of which the delta has every event."""
    events = tuple(Event(item, "view", 1, 1.0) for item in dict.fromkeys(items))
    return RECOMMENDER.advanced(Delta({user: UserDelta(events)}))


def test_as_ranked_is_the_default():
    for user in (*USERS, "nobody"):
        query = Query(user, k=5)
        with_context = RECOMMENDER.recommend(query, Context())
        assert with_context == RECOMMENDER.recommend(query)


def test_a_boost_moves_what_it_means():
    boost = rule(name="red first", action="boost", attribute="tags", any_of=("red",), add=100)
    found = RECOMMENDER.recommend(Query(USERS[0], k=5, rules=(boost,))).recommendations
    red = ["red" in attribute("tags", each.item) for each in found]
    assert red == sorted(red, reverse=True)
    assert any(red)
    assert {part.source for part in found[0].contributions} > {"boost"}


def test_why_not_says_where_each_source_ranks_an_item():
    user = USERS[0]
    for item in ITEMS:
        why = RECOMMENDER.why_not(Query(user), item)
        for said in why.sources:
            assert said.retrieved == (said.rank <= 4 and said.z_score > 0 and why.rank is not None)


def test_why_not_of_a_session_and_of_an_unknown_item():
    assert RECOMMENDER.why_not(Query(items=ITEMS[:2]), ITEMS[0]).verdict == "seen"
    with pytest.raises(UnknownNode):
        RECOMMENDER.why_not(Query(USERS[0]), "nothing")
    log = DeltaLog()
    log.add_nodes([ChangedNode("item", "new", {"title": "New"})], 1)
    assert RECOMMENDER.advanced(log.delta).why_not(Query(USERS[0]), "new") == WhyNot(
        "new", "New", "new", None, None, None, ()
    )


# Diversity and exploration


def likeness(items: Sequence[str]) -> float:
    rows = [SNAPSHOT.items.row(item) for item in items]
    vectors = SNAPSHOT.embeddings.item[rows]
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return float(np.triu(np.maximum(vectors @ vectors.T, 0), 1).sum())


def test_a_diverse_list_has_the_best_item_first_and_others_less_alike():
    wide = Recommender.of(SNAPSHOT, RetrievalSettings())
    lists = {
        share: [e.item for e in wide.recommend(Query(USERS[0], k=4, diversity=share))]
        for share in (0.0, 0.5, 1.0)
    }
    assert lists[0.0] == [each.item for each in wide.recommend(Query(USERS[0], k=4))]
    assert len({found[0] for found in lists.values()}) == 1
    sums = [likeness(found) for found in lists.values()]
    assert all(one >= other for one, other in pairwise(sums))
    assert sums[0] > sums[-1]


def test_what_is_explored_is_as_likely_as_it_says():
    rng, rounds = np.random.default_rng(0), 4000
    first: Counter[str] = Counter()
    for _ in range(rounds):
        found = explore(["a", "b", "c"], EvenPool("wxyz", np.arange(4)), 0.5, 3, rng)
        kept = [each for each in found if not isinstance(each, Explored)]
        drawn = [each for each in found if isinstance(each, Explored)]
        assert kept == ["a", "b", "c"][: len(kept)]
        assert len(found) == 3
        likely = [0.5 / left for left in (4, 3, 2)]
        assert [each.propensity for each in drawn] == likely[: len(drawn)]
        assert len({each.item for each in drawn}) == len(drawn)
        if isinstance(found[0], Explored):
            first[found[0].item] += 1
    assert set(first) == {"w", "x", "y", "z"}
    for times in first.values():
        assert times / rounds == pytest.approx(0.5 / 4, abs=0.02)


def test_exploration_ends_with_the_pool():
    found = explore([], EvenPool("x", np.arange(1)), 1.0, 3, np.random.default_rng(0))
    assert found == [Explored("x", 1.0)]
    assert explore(["a"], EvenPool("", np.arange(0)), 1.0, 3, np.random.default_rng(0)) == ["a"]


def test_places_for_exploration_are_taken_by_what_may_be_recommended():
    query = Query(USERS[0], k=3, exploration=1, deny=frozenset(ITEMS[:4]))
    found = RECOMMENDER.recommend(query, Context(rng=np.random.default_rng(0)))
    assert {each.sources for each in found} == {("exploration",)}
    assert {each.item for each in found} <= eligible(RECOMMENDER, query, ())


def test_without_a_generator_nothing_is_explored():
    found = RECOMMENDER.recommend(Query(USERS[0], k=5, exploration=1))
    assert found == RECOMMENDER.recommend(Query(USERS[0], k=5))


# Rules as data


@pytest.mark.parametrize(
    ("values", "key", "message"),
    [
        ({}, "any_of", "expected it, or shared_by, least, most or a time"),
        ({"attribute": "brand"}, "any_of", "expected it, or"),
        ({"attribute": "brand", "any_of": ["a"], "least": 1}, "least", "none beside any_of"),
        ({"any_of": ["a"]}, "attribute", "expected attribute or relation with any_of"),
        ({"least": 1}, "attribute", "expected attribute with least"),
        ({"relation": "made_by", "most": 1}, "relation", "none beside most"),
        ({"attribute": "a", "relation": "r", "any_of": ["a"]}, "relation", "none beside attribute"),
        ({"attribute": "brand", "available_from": "from"}, "attribute", "none beside available"),
        ({"attribute": "brand", "any_of": None}, "any_of", "leave it out instead"),
        ({"attribute": "brand", "any_of": ["a"], "factor": 2}, "factor", "Extra inputs"),
        ({"attribute": "price", "least": float("nan")}, "least", "finite number"),
        ({"attribute": "price", "least": "1"}, "least", "valid number"),
        ({"attribute": "price", "least": 1, "leats": 1}, "leats", "Extra inputs"),
        ({"attribute": "b", "any_of": ["a"], "action": "boost"}, "factor", "expected it, or add"),
        ({"attribute": "b", "any_of": ["a"], "action": "hide"}, "action", "require, exclude or"),
        ({"attribute": "b", "any_of": ["a"], "action": []}, "action", "require, exclude or boost"),
    ],
)
def test_a_rule_that_means_nothing_is_refused_at_its_key(values, key, message):
    with pytest.raises(ValidationError, match=message) as caught:
        rule(**{"name": "r", "action": "exclude", **values})
    assert caught.value.errors()[0]["loc"] == (key,)


def test_what_is_no_rule_is_refused():
    for value, where in ((3, ()), ({}, ("action",)), ({"action": "boost"}, ("name",))):
        with pytest.raises(ValidationError) as caught:
            TypeAdapter(Rule).validate_python(value)
        assert caught.value.errors()[0]["loc"] == where


def test_the_schema_tells_rules_apart_by_action_and_has_an_example_of_each():
    schema = TypeAdapter(Rule).json_schema()
    assert schema["discriminator"]["propertyName"] == "action"
    assert set(schema["discriminator"]["mapping"]) == set(EXAMPLES)
    assert len(schema["oneOf"]) == 3
    for action, example in EXAMPLES.items():
        assert rule(**example).action == action
        kind = schema["$defs"][type(rule(**example)).__name__]
        assert kind["example"] == example


def test_a_boost_that_changes_nothing_is_one():
    same = rule(name="same", action="boost", attribute="brand", any_of=["acme"], factor=1)
    ranked = RECOMMENDER.recommend(Query(USERS[0], k=5))
    assert RECOMMENDER.recommend(Query(USERS[0], k=5, rules=(same,))) == ranked


def test_a_snapshot_that_is_loaded_has_the_links(tmp_path):
    publish(SNAPSHOT, tmp_path)
    loaded = load(tmp_path).links
    assert [(each.relation, each.type) for each in loaded] == [
        ("also_viewed", "item"),
        ("made_by", "maker"),
    ]
    for one, other in zip(loaded, SNAPSHOT.links, strict=True):
        assert one.nodes == other.nodes
        assert (one.by_item != other.by_item).nnz == 0


def test_links_to_people_are_no_rule_s_matter():
    user = Links(np.array([0], np.int32), np.array([1], np.int32), np.ones(1, np.float32))
    graph = Graph(graph_of(ratings()).interactions, links={("item", "sold_by", "user"): user})
    assert item_links.links_of(graph) == ()


@settings(max_examples=20)
@given(st.lists(st.sampled_from(("view", "rating", "skip")), max_size=6), st.integers(0, 6))
def test_only_events_of_some_kinds_and_before_a_time_are_the_history(kinds, until):
    items = ITEMS[: len(kinds)]
    events = tuple(Event(i, k, t, 1.0) for t, (i, k) in enumerate(zip(items, kinds, strict=True)))
    query = Query("stranger", k=5, kinds=frozenset({"view", "rating"}), as_of=until)
    counted = tuple(e.item for e in events if e.kind != "skip" and e.time < until)
    found = LIKING_ALL.recommend(query, Context(events=events))
    session = LIKING_ALL.recommend(Query(items=counted, k=5))
    assert found.recommendations == session.recommendations


@pytest.mark.parametrize("add", [1e308, -1e308, 1_000_001])
def test_what_a_boost_adds_is_bounded(add: float) -> None:
    with pytest.raises(ValidationError, match="add"):
        rule(name="b", action="boost", attribute="tags", any_of=("red",), add=add)


def test_no_score_is_infinite_however_many_boosts_there_are() -> None:
    boost = rule(
        name="b", action="boost", attribute="tags", any_of=("red",), factor=1000, add=1_000_000
    )
    found = RECOMMENDER.recommend(Query(USERS[0], k=5, rules=(boost,) * 200)).recommendations
    assert all(np.isfinite(each.score) for each in found)
    assert all(np.isfinite(each.score) for each in found[0].contributions)
