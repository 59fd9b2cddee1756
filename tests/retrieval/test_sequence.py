"""Candidates by the order of what someone did, from profiles to reasons."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from graphrec.data import Graph, Interactions
from graphrec.data.features import FeatureSpace, WordColumns
from graphrec.data.graph import Vocabulary
from graphrec.data.tree import difference
from graphrec.forget import without
from graphrec.models.encoder import UserFeatures
from graphrec.models.sequence.layers.basic import Norm
from graphrec.models.sequence.layers.convolution import ConvolutionLayers
from graphrec.models.sequence.scorer import SequenceEncoder
from graphrec.recommend.query import Query
from graphrec.recommend.recommender import Recommender
from graphrec.retrieval.profile import UserProfile
from graphrec.retrieval.sequence import SequenceSource
from graphrec.snapshot.registry import load, publish
from graphrec.snapshot.snapshot import Snapshot
from graphrec.snapshot.update import update
from graphrec.snapshot.view import View
from graphrec.store.delta import Delta, Event, ItemDelta, UserDelta
from tests.support.snapshots import build_snapshot

ITEMS = tuple(f"i{n}" for n in range(8))


def source(count: int = len(ITEMS)) -> SequenceSource:
    """After each item comes the one whose vector is nearest to its own: the next on a circle."""
    angle = 2 * np.pi * np.arange(count) / count
    vectors = np.stack([np.cos(angle), np.sin(angle), -np.cos(angle), -np.sin(angle)], 1)
    norm = Norm(np.ones(4, np.float32), np.zeros(4, np.float32))
    layers = ConvolutionLayers(norm, ())
    return SequenceSource(SequenceEncoder(vectors.astype(np.float32), layers, 3))


def snapshot(**changes: object) -> Snapshot:
    """`ann` went from i5 to i0, and `bob` from i0 to i5; `eve` met everything at one time."""
    events = [("ann", 5, 10), ("ann", 0, 20), ("bob", 0, 10), ("bob", 5, 20)]
    events += [("eve", n, 0) for n in range(8)]
    who, what, when = zip(*events, strict=True)
    log = Interactions.of(who, [ITEMS[n] for n in what], time=when).sorted()
    made = build_snapshot(Graph(log))
    return replace(made, sources=(source(),), **changes)  # type: ignore[arg-type]


def first(found: SequenceSource, profile: UserProfile) -> int:
    candidates = found.retrieve(profile, np.ones(len(found.encoder.items), bool), 3)
    assert candidates is not None
    return int(candidates.rows[0])


def test_the_last_item_decides_and_the_last_time_says_which_that_is() -> None:
    view = View.of(snapshot())
    assert first(source(), view.user("ann")) == 0
    assert first(source(), view.user("bob")) == 5
    assert view.user("bob").in_order[0].tolist() == [0, 5]
    assert view.user("eve").in_order[0].tolist() == list(range(8))  # equal times go by row


def test_a_session_is_in_the_order_that_it_is_given_in() -> None:
    view = View.of(snapshot())
    assert first(source(), view.session(["i6", "i2"])) == 2
    assert first(source(), view.session(["i2", "i6"])) == 6
    assert first(source(), view.session(["i2", "i6", "i2"])) == 2
    assert view.history(np.array([6, 2, 4], np.int32)).in_order[0].tolist() == [6, 2, 4]


def test_an_event_since_the_snapshot_comes_last() -> None:
    held = snapshot()
    delta = Delta(
        {
            "ann": UserDelta((Event("i3", "interaction", 30, 1.0),)),
            "new": UserDelta(
                (Event("i7", "interaction", 9, 1.0), Event("x", "interaction", 8, 1.0))
            ),
        },
        {"x": ItemDelta({})},
        edition=1,
    )
    view = View.of(held, delta)
    written = View.of(update(view))
    for each in (view, written):
        assert each.user("ann").in_order[0].tolist() == [5, 0, 3]
        assert first(source(), each.user("ann")) == 3
    # An item that is newer than the model is no candidate, and is passed over in a history.
    [extended] = written.snapshot.sources
    assert isinstance(extended, SequenceSource)
    assert len(extended.encoder.items) == len(ITEMS) + 1
    assert written.user("new").in_order[0].tolist() == [8, 7]
    assert first(extended, written.user("new")) == 7
    scores = extended.encoder.score(extended.encoder.encode(*written.user("ann").in_order))
    assert scores[8] == scores[:8].min()


def test_nothing_known_gives_no_candidates() -> None:
    assert source().retrieve(UserProfile(), np.ones(8, bool), 3) is None
    without_times = UserProfile(np.array([4], np.int32), np.ones(1, np.float32))
    assert first(source(), without_times) == 4


def test_attributes_of_users_are_kept_where_the_model_reads_them() -> None:
    space = FeatureSpace({"country": WordColumns(Vocabulary(("fr", "it")))})
    users = UserFeatures(space, np.array([[9, 0, 0, 0], [0, 9, 0, 0]], np.float32))
    towers = SequenceSource(replace(source().encoder, users=users))
    assert list(towers.attribute_names) == ["country"]
    assert first(towers, UserProfile(attributes={"country": "it"})) == 2
    assert towers.retrieve(UserProfile(), np.ones(8, bool), 3) is None


def test_a_snapshot_with_it_is_what_it_was_once_read_and_without_someone(tmp_path: Path) -> None:
    held = snapshot()
    read = load(tmp_path, publish(held, tmp_path))
    assert difference(replace(read, manifest=held.manifest), held) == 0
    left = without(held, ["bob"])
    assert View.of(left).user("ann").in_order[0].tolist() == [5, 0]


@pytest.mark.parametrize("weights", [{"sequence": 1.0, "popularity": 0.0}])
def test_the_reason_names_what_came_last(weights: dict[str, float]) -> None:
    held = snapshot()
    groups = tuple(replace(each, weights=weights) for each in held.manifest.weights)
    recommender = Recommender.of(replace(held, manifest=replace(held.manifest, weights=groups)))
    found = recommender.recommend(Query(user="bob"), k=2)
    assert {found[0].item, found[1].item} == {"i4", "i6"}
    assert found[0].reason == "Next after i5, for people with a history like yours"
    assert recommender.explain("bob", "i4").reason == found[0].reason


def test_someone_without_a_history_has_no_last_item_to_name() -> None:
    space = FeatureSpace({"country": WordColumns(Vocabulary(("fr", "it")))})
    users = UserFeatures(space, np.array([[9, 0, 0, 0], [0, 9, 0, 0]], np.float32))
    towers = SequenceSource(replace(source().encoder, users=users))
    held = replace(snapshot(), sources=(towers,))
    weights = {"sequence": 1.0, "popularity": 0.01}
    groups = tuple(replace(each, weights=weights) for each in held.manifest.weights)
    manifest = replace(held.manifest, weights=groups, user_attributes=("country",))
    served = Recommender.of(replace(held, manifest=manifest))
    found = served.recommend(Query(attributes={"country": "it"}), k=1)
    assert [each.item for each in found] == ["i2"]
    assert found[0].reason == "Suits people like you"
