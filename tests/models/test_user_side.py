"""Users out of items and features: what serving makes of someone is what training would have."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from typer.testing import CliRunner

from graphrec.data import Attribute, Graph, Interactions, Links, Vocabulary
from graphrec.data.dataset import Dataset
from graphrec.forget import without
from graphrec.models import create
from graphrec.models.encoder import Encoder
from graphrec.recommend.query import Query
from graphrec.recommend.recommender import Recommender
from graphrec.settings import RetrievalSettings
from graphrec.snapshot.difference import difference
from graphrec.snapshot.registry import load, publish
from graphrec.snapshot.snapshot import Snapshot
from graphrec.snapshot.update import update
from graphrec.snapshot.view import View
from graphrec.store.delta import Delta, UserDelta, everything
from scripts.benchmark.__main__ import benchmark
from tests.support.deltas import delta_of
from tests.support.fitted import snapshot_with
from tests.support.small_data import graph_of, ratings

SLOW = pytest.mark.slow


if TYPE_CHECKING:
    from graphrec.models.embeddings import Embeddings

EVEN, ODD, SILENT = "x-even", "x-odd", "x-silent"
"""Users without events: the first two have said where they live."""

LITTLE_POPULARITY = RetrievalSettings(weights={"popularity": 0.01})

USERS = len(graph_of(ratings()).users)


def introduced() -> Graph:
    """Even users, who like even items, live in one town and odd ones in another; ages are noise."""
    graph = graph_of(ratings())
    ids = Vocabulary((*graph.users.ids, EVEN, ODD, SILENT))
    towns = [("Evenham" if user % 2 == 0 else "Oddville") for user in range(USERS)]
    towns[3:5] = [None, None]  # type: ignore[list-item]
    ages = [20.0 + user % 5 if user % 7 else None for user in range(USERS)]
    return Graph(
        graph.interactions.recode(ids, graph.items),
        {
            "user": {
                "town": Attribute("category", (*towns, "Evenham", "Oddville", None)),
                "age": Attribute("number", (*ages, None, None, None)),
                "name": Attribute("text", ids.ids),
            }
        },
    )


def fit(graph: Graph, **changes: object) -> Embeddings:
    pytest.importorskip("dgl")
    options = {"dim": 8, "epochs": 8, "negatives": 20, "batches": 2, "learning_rate": 0.02}
    return (
        create("graphsage", {**options, **changes})
        .fit(
            Dataset.of_weights(  # type: ignore[return-value]
                graph
            )
        )
        .scorer
    )


def encoder_of(fitted: Embeddings) -> Encoder:
    assert fitted.encoder is not None
    return fitted.encoder


def snapshot_of(graph: Graph) -> Snapshot:
    return snapshot_with(fit(graph, epochs=12), graph)


def values(graph: Graph, user: int) -> dict[str, object]:
    return {name: each.values[user] for name, each in graph.attributes["user"].items()}


@pytest.mark.parametrize("short_history_share", [pytest.param(0.0, marks=SLOW), 0.5])
@pytest.mark.parametrize("aggregator", ["degree", "pooling", "attention"])
def test_serving_embeds_users_as_offline_inference_does(
    aggregator: str, short_history_share: float
) -> None:
    graph = introduced()
    fitted = fit(graph, short_history_share=short_history_share, aggregator=aggregator)
    for user in range(len(graph.users)):
        items = graph.matrix[[user]].indices
        vector = encoder_of(fitted).embed(items, values(graph, user))  # type: ignore[arg-type]
        np.testing.assert_allclose(vector, fitted.user[user], atol=1e-5)


def test_a_user_with_features_alone_gets_a_list_of_their_own() -> None:
    recommender = Recommender.of(snapshot_of(introduced()), LITTLE_POPULARITY)
    even, odd, silent = (recommender.recommend(Query(user, k=5)) for user in (EVEN, ODD, SILENT))
    assert all(int(each.item[1:]) % 2 == 0 for each in even)
    assert all(int(each.item[1:]) % 2 == 1 for each in odd)
    assert all("embedding" not in each.sources for each in silent)


def test_a_session_may_bring_attributes() -> None:
    snapshot = snapshot_of(introduced())
    embeddings = snapshot.embeddings
    assert embeddings is not None
    rows, view = snapshot.users.rows, View.of(snapshot)
    session = view.session([], {"town": "Evenham"})
    np.testing.assert_allclose(session.vector, embeddings.user[rows[EVEN]], atol=1e-5)
    assert view.user(SILENT).vector is None
    written = view.advanced(Delta({SILENT: UserDelta(attributes={"town": "Oddville"})}))
    moved = written.user(SILENT)
    np.testing.assert_allclose(moved.vector, embeddings.user[rows[ODD]], atol=1e-5)
    assert view.session([], {"town": "Nowhere"}).vector is None


def test_a_snapshot_keeps_what_users_say_and_forgets_it_with_them(tmp_path: Path) -> None:
    snapshot = snapshot_of(introduced())
    publish(snapshot, tmp_path)
    read = load(tmp_path)
    assert read.user_attributes == snapshot.user_attributes
    assert set(read.user_attributes) == {"age", "town"}  # text is listened to by nobody
    for user in range(len(read.likes.users)):
        one, other = (View.of(each).stored(user).vector for each in (read, snapshot))
        np.testing.assert_array_equal(one, other)  # type: ignore[arg-type]
    items = np.array([1, 2], np.int32)
    embedded = [
        each.encoder.embed(items, {"town": "Oddville", "age": 22.0})  # type: ignore[union-attr]
        for each in (read, snapshot)
    ]
    np.testing.assert_array_equal(*embedded)
    left = without(read, [EVEN])
    assert left.user_attributes["town"].values[-2:] == ("Oddville", None)


def test_inference_attribute_names_features_of_known_and_new_users() -> None:
    """Users with features used to keep the vectors of their training for good."""
    graph = introduced()
    serving = snapshot_of(graph)
    new = Interactions.of(["u00", "stranger"], ["i01", "i02"], None, [10**12] * 2)
    users = Vocabulary((*graph.users.ids, "stranger"))
    log, more = graph.interactions.recode(users, graph.items), new.recode(users, graph.items)
    together = replace(
        log,
        **{
            name: np.concatenate([getattr(log, name), getattr(more, name)])
            for name in ("user", "item", "weight", "time", "kind")
        },
    )
    people = {"u02": {"town": "Oddville"}, "stranger": {"town": "Evenham", "age": 21.0}}
    changed = [users.rows[user] for user in ("u00", "u02", "stranger")]
    mine = together.take(np.isin(together.user, changed))
    found = update(View.of(serving, delta_of(mine, people)))

    def attribute(name: str) -> Attribute:
        before = graph.attributes["user"][name]
        now = dict(zip(graph.users.ids, before.values, strict=True))
        now |= {user: each.get(name) for user, each in people.items()}  # type: ignore[attr-defined]
        return Attribute(before.kind, tuple(now.get(user) for user in users.ids))

    full = Graph(together, {"user": {name: attribute(name) for name in ("town", "age")}})
    assert difference(found, update(View.of(serving, everything(full)))) < 1e-6
    assert found.embeddings is not None
    assert serving.embeddings is not None
    for user in ("u00", "u02", "stranger"):
        row = users.rows[user]
        items = found.likes.by_user[[row]].indices
        expected = found.encoder.embed(items, values(full, row))  # type: ignore[union-attr, arg-type]
        np.testing.assert_array_equal(found.embeddings.user[row], expected)
        if row < len(serving.embeddings.user):
            assert not np.allclose(expected, serving.embeddings.user[row], atol=1e-3)


FOLLOWS = ("user", "follows", "user")


def befriended(graph: Graph) -> Graph:
    """Known users follow two others of their taste; x-silent follows two who like odd items."""
    users = np.arange(USERS)
    silent = graph.users.rows[SILENT]
    source = np.concatenate([users, users, [silent, silent, 0]]).astype(np.int32)
    target = np.concatenate([(users + 2) % USERS, (users + 4) % USERS, [1, 3, 0]]).astype(np.int32)
    links = {FOLLOWS: Links(source, target, np.ones(len(source), np.float32))}
    return replace(graph, links=links)


def own_of_friends(graph: Graph, encoder: Encoder, user: int) -> list[np.ndarray]:
    links = graph.links[FOLLOWS]
    friends = set(links.target[links.source == user].tolist()) - {user}
    return [
        encoder.aggregate(graph.matrix[[friend]].indices, values(graph, friend))  # type: ignore[arg-type]
        for friend in sorted(friends)
    ]


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, marks=SLOW),
        {"short_history_share": 0.5, "rounds": 2},
        pytest.param({"fanout": 3}, marks=SLOW),
    ],
)
def test_serving_hears_friends_as_offline_inference_does(options: dict[str, object]) -> None:
    graph = befriended(introduced())
    fitted = fit(graph, **options)
    encoder = encoder_of(fitted)
    assert encoder.friend_weight not in (None, 0.5)  # it is learned
    for user in range(len(graph.users)):
        vector = encoder.embed(
            graph.matrix[[user]].indices,
            values(graph, user),  # type: ignore[arg-type]
            own_of_friends(graph, encoder, user),
        )
        np.testing.assert_allclose(vector, fitted.user[user], atol=1e-5)


def test_friends_can_be_left_out() -> None:
    fitted = fit(befriended(introduced()), epochs=1, without_relations="follows")
    assert fitted.friends is None
    assert encoder_of(fitted).friend_weight is None


def test_a_user_with_friends_alone_gets_what_they_like(tmp_path: Path) -> None:
    snapshot = snapshot_of(befriended(introduced()))
    publish(snapshot, tmp_path)
    read = load(tmp_path)
    recommender = Recommender.of(read, LITTLE_POPULARITY)
    assert all(int(each.item[1:]) % 2 == 1 for each in recommender.recommend(Query(SILENT, k=5)))
    session = View.of(read).session([], friends=["u01", "u03"])
    known = View.of(read).user(SILENT)
    np.testing.assert_allclose(session.vector, known.vector, atol=1e-5)
    left = without(read, ["u01"])
    assert left.embeddings is not None
    assert left.embeddings.friends is not None
    assert left.embeddings.friends.shape == (USERS + 2, USERS + 2)
    assert left.embeddings.friends[[left.likes.users.rows[SILENT]]].nnz == 1


def test_what_a_friend_does_changes_the_vectors_of_those_who_listen() -> None:
    graph = befriended(introduced())
    serving, rows = snapshot_of(graph), graph.users.rows
    more = Interactions.of(["u03"], ["i02"], None, [10**12]).recode(graph.users, graph.items)
    log = graph.interactions
    together = replace(
        log,
        **{
            name: np.concatenate([getattr(log, name), getattr(more, name)])
            for name in ("user", "item", "weight", "time", "kind")
        },
    )
    mine = together.take(together.user == rows["u03"])
    found = update(View.of(serving, delta_of(mine)))
    full = update(View.of(serving, everything(graph.with_interactions(together))))
    assert difference(found, full) < 1e-6
    assert found.embeddings is not None
    assert serving.embeddings is not None
    listening = {rows["u03"], rows["u01"], rows[SILENT], USERS - 1}
    moved = np.abs(found.embeddings.user - serving.embeddings.user).max(axis=1) > 1e-6
    assert set(np.flatnonzero(moved)) == listening


def test_fold_in_is_measured_for_each_number_of_interactions_there_can_be(tmp_path: Path) -> None:
    publish(snapshot_of(introduced()), tmp_path)
    command = ["fold-in", "--snapshots", str(tmp_path), "--calls", "100", "--json"]
    done = CliRunner().invoke(benchmark, command)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert [each["given"] for each in found] == [1, 5, 10]  # of 30 items
    assert all(0 < each["p50"] <= each["p95"] <= each["p99"] <= each["largest"] for each in found)
