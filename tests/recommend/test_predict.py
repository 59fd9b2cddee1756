"""Predicted ratings of a view: of the snapshot, and of what was written since."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from graphrec.data.tree import extend, leaves, take
from graphrec.errors import NoRatings
from graphrec.forget import without
from graphrec.ratings import RATING_MODELS, create_rating_model
from graphrec.recommend.recommender import Recommender
from graphrec.snapshot.registry import load, publish
from graphrec.snapshot.snapshot import Snapshot
from graphrec.snapshot.update import update
from graphrec.snapshot.validate import validate
from graphrec.store.delta import Delta, Event, UserDelta
from graphrec.testing.ratings import rated, two_tastes
from tests.support.snapshots import build_snapshot

QUICK = {
    "mlp": {"dim": 2, "epochs": 1},
    "graphsage": {"dim": 2, "epochs": 1},
    "blend": {"members": "svd, item-knn"},
    "svd++": {"dim": 2, "l2": 1.0},
    "bayesian-svd": {"dim": 2, "burn_in": 5, "draws": 10},
}


def snapshot_with(name: str = "bayesian-svd") -> Snapshot:
    if name in ("mlp", "graphsage"):
        pytest.importorskip("torch")
    data = two_tastes()
    fitted = create_rating_model(name, QUICK.get(name)).fit(data, 0)
    return build_snapshot(data.weighted, ratings=fitted.predictor)


def written(user: str, *events: Event) -> Delta:
    return Delta(users={user: UserDelta(events=events, edition=1)}, edition=1)


@pytest.mark.parametrize("name", RATING_MODELS)
def test_a_model_is_what_it_was_once_saved_and_loaded(name: str, tmp_path: Path) -> None:
    snapshot = snapshot_with(name)
    publish(snapshot, tmp_path)
    loaded = load(tmp_path)
    validate(loaded)
    one, other = Recommender.of(snapshot), Recommender.of(loaded)
    for user, item in (("00", "00"), ("07", "10"), ("nobody", "03"), ("05", "nothing")):
        assert one.predict(user, item) == other.predict(user, item)


@pytest.mark.parametrize("name", RATING_MODELS)
def test_taking_users_out_leaves_nothing_of_them_and_the_others_as_they_were(name: str) -> None:
    snapshot = snapshot_with(name)
    kept = np.delete(np.arange(24, dtype=np.int32), 4)
    without = take(snapshot, "user", kept)
    validate(without)
    found = Recommender.of(without)
    assert found.predict("04", "03").basis == "item"
    for leaf in leaves(without.ratings):
        for dim, axis in enumerate(leaf.axes):
            assert axis != "user" or leaf.value.shape[dim] == 23
    if name != "user-knn":  # of which a neighbour is gone
        assert found.predict("06", "03") == Recommender.of(snapshot).predict("06", "03")


def test_the_last_rater_of_an_item_takes_its_bias_with_them() -> None:
    """Else the bias would tell what they gave."""
    data = rated([("a", "x", 5), ("a", "y", 2), ("b", "y", 4), ("b", "z", 3), ("c", "z", 1)])
    predictor = create_rating_model("svd", {"dim": 2}).fit(data, 0).predictor
    snapshot = build_snapshot(data.weighted, ratings=predictor)
    left = without(snapshot, ["a"])
    assert left.ratings is not None
    assert left.ratings.baseline.item_ratings.tolist() == [0, 1, 2]
    assert left.ratings.baseline.item[0] == 0 != predictor.baseline.item[0]
    found = Recommender.of(left).predict("b", "x")
    assert (found.basis, found.item_ratings) == ("user", 0)


@pytest.mark.parametrize("name", RATING_MODELS)
def test_rows_that_are_added_have_no_ratings(name: str) -> None:
    snapshot = extend(extend(snapshot_with(name), "user", ["new"]), "item", ["newer"])
    validate(snapshot)
    found = Recommender.of(snapshot)
    assert found.predict("new", "03").basis == "item"
    assert found.predict("03", "newer").basis == "user"
    assert found.predict("new", "newer").basis == "mean"
    assert found.predict("06", "03") == Recommender.of(snapshot_with(name)).predict("06", "03")


@pytest.mark.parametrize("name", ["bayesian-svd", "svd", "svd++", "item-knn"])
def test_a_user_who_came_since_is_known_by_what_they_rated(name: str) -> None:
    """Someone who gives even items 4 and odd ones 2 is one of the even users."""
    before = Recommender.of(snapshot_with(name))
    assert before.predict("new", "00").basis == "item"
    events = [Event(f"{n:02}", "rating", 10 + n, 4.0 if n % 2 == 0 else 2.0) for n in range(2, 16)]
    after = before.advanced(written("new", *events))
    even, odd = after.predict("new", "00"), after.predict("new", "17")
    assert (even.basis, even.user_ratings, even.note) == ("model", 14, None)
    assert even.rating > 3.2 > 2.8 > odd.rating


def test_someone_new_who_rates_high_is_predicted_high_also_where_the_item_is_unknown() -> None:
    before = Recommender.of(snapshot_with("biases"))
    events = [Event(f"{n:02}", "rating", n, 4.0) for n in range(8)]
    after = before.advanced(written("new", *events))
    for item in ("11", "nothing"):
        assert after.predict("new", item).rating > before.predict("new", item).rating
    assert after.predict("new", "nothing").basis == "user"


def test_of_what_was_written_the_latest_rating_in_force_counts() -> None:
    before = Recommender.of(snapshot_with("biases"))
    late = [Event("00", "rating", 2, 4.0), Event("00", "rating", 1, 2.0)]
    other = [
        Event("01", "view", 3, 1.0),
        Event("02", "rating", 1, 2.0),
        Event("02", "unrate", 2, 1),
    ]
    found = before.advanced(written("new", *late, *other)).predict("new", "05")
    assert found.user_ratings == 1
    assert found == replace(
        before.advanced(written("new", Event("00", "rating", 9, 4.0))).predict("new", "05")
    )


def test_the_forgotten_and_the_deleted_are_not_known() -> None:
    before = Recommender.of(snapshot_with())
    delta = Delta(forgotten=frozenset({"04"}), deleted=frozenset({"03"}), edition=1)
    after = before.advanced(delta)
    assert after.predict("04", "05").basis == "item"
    assert after.predict("06", "03").basis == "user"


@pytest.mark.parametrize("name", RATING_MODELS)
def test_an_update_keeps_the_model_and_what_new_users_rated(name: str) -> None:
    """The view and the snapshot that it is made into predict the same."""
    before = Recommender.of(snapshot_with(name))
    events = [Event(f"{n:02}", "rating", 10 + n, 4.0 if n % 2 == 0 else 2.0) for n in range(2, 16)]
    view = before.advanced(written("new", *events))
    updated = update(view.view)
    validate(updated)
    found = Recommender.of(updated)
    for user, item in (("06", "03"), ("new", "00"), ("new", "17"), ("new", "nothing")):
        one, other = view.predict(user, item), found.predict(user, item)
        assert one.rating == pytest.approx(other.rating, abs=1e-5)
        assert replace(one, rating=0) == replace(other, rating=0)
    assert found.predict("new", "00").user_ratings == 14


def test_a_snapshot_without_a_model_says_how_to_get_one() -> None:
    snapshot = replace(snapshot_with(), ratings=None)
    with pytest.raises(NoRatings, match=r"no model of ratings: expected .* train again"):
        Recommender.of(snapshot).predict("00", "00")
