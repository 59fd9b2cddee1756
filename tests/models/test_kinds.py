"""Views, carts and purchases as relations of their own: what each counts is learned, and served."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from graphrec.data import Attribute, Graph, Interactions, Links, Vocabulary
from graphrec.data.dataset import Dataset
from graphrec.data.kind_relations import Relations, kinds_of_likes
from graphrec.errors import DataError, SettingsError
from graphrec.evaluation.evaluator import evaluate
from graphrec.evaluation.metrics import paired_difference
from graphrec.evaluation.splits.split import Split, new_positives, of_kinds
from graphrec.forget import without
from graphrec.models import create
from graphrec.settings import EvaluationSettings, Settings
from graphrec.snapshot.difference import difference
from graphrec.snapshot.registry import load, publish
from graphrec.snapshot.update import update
from graphrec.snapshot.view import View
from graphrec.store.delta import Delta, UserDelta, everything
from graphrec.training.fit import compare, split_log
from tests.support.deltas import delta_of
from tests.support.fitted import snapshot_with

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from graphrec.models.embeddings import Embeddings

QUICK: dict[str, Any] = {
    "dim": 8, "epochs": 8, "negatives": 20, "batches": 3, "learning_rate": 0.02
}  # fmt: skip

Row = tuple[str, str, str]
"""User, item and kind."""


def graph_of(rows: list[Row]) -> Graph:
    users, items, kinds = zip(*rows, strict=True)
    times = range(1, len(rows) + 1)
    return Graph(Interactions.of(users, items, time=times, kind=kinds).sorted())


def shop(users: int = 120, items: int = 40, bought: int = 5, viewed: int = 15) -> Graph:
    """Of the items, a user buys some of a quarter that is theirs, and views any others."""
    rng, rows = np.random.default_rng(0), []
    for user in range(users):
        own = np.arange(user % 4, items, 4)
        buys = rng.choice(own, bought, replace=False)
        views = rng.choice(np.setdiff1d(np.arange(items), buys), viewed, replace=False)
        for kind, chosen in (("purchase", buys), ("view", views)):
            rows += [(f"u{user:03}", f"i{item:02}", kind) for item in chosen.tolist()]
    return graph_of(rows)


def mixed() -> Graph:
    """Items are liked in one to three ways; users have towns and friends, one of them nothing."""
    rng = np.random.default_rng(3)
    rows = [
        (f"u{user:02}", f"i{item:02}", kind)
        for user in range(24)
        for item in rng.choice(16, 5, replace=False).tolist()
        for kind in ("cart", "purchase", "view")[: rng.integers(1, 4)]
    ]
    graph = graph_of([*rows, *rows[:9]])  # some of them twice
    ids = Vocabulary((*graph.users.ids, "x-silent"))
    towns = ("Evenham", "Oddville") * 12
    follows = np.arange(24, dtype=np.int32)
    return Graph(
        graph.interactions.recode(ids, graph.items),
        {"user": {"town": Attribute("category", (*towns, None))}},
        links={
            ("user", "follows", "user"): Links(follows, (follows + 2) % 24, np.ones(24, np.float32))
        },
    )


def fit(graph: Graph, **changes: object) -> Embeddings:
    pytest.importorskip("dgl")
    return (
        create("graphsage", {**QUICK, **changes})
        .fit(
            Dataset.of_weights(  # type: ignore[return-value]
                graph
            )
        )
        .scorer
    )


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"rounds": 2, "fanout": 3, "targets": "purchase, view: 0.5"},
        {
            "aggregator": "attention",
            "short_history_share": 0.5,
            "loss": "bpr",
            "targets": "view, cart",
        },
        {"aggregator": "pooling", "targets": "purchase"},
    ],
)
def test_serving_hears_kinds_as_offline_inference_does(options: dict[str, object]) -> None:
    graph = mixed()
    fitted = fit(graph, **{**options, "epochs": 2})
    encoder, friends = fitted.encoder, fitted.friends
    assert encoder is not None
    assert encoder.relations is not None
    assert fitted.kinds is not None
    assert friends is not None
    learned = encoder.relations.weights
    assert list(learned) == ["cart", "purchase", "view"]
    assert len({round(weight, 5) for weight in learned.values()}) == 3
    ways = encoder.relations.of(graph)
    assert encoder.relations.weights_of(ways.data).mean() == pytest.approx(1, abs=1e-4)
    towns = graph.attributes["user"]["town"].values

    def known(user: int) -> dict[str, Any]:
        part = slice(*ways.indptr[user : user + 2])
        about = {"town": towns[user]}
        return {"items": ways.indices[part], "attributes": about, "kinds": ways.data[part]}

    for user in range(len(graph.users)):
        said = [encoder.aggregate(**known(friend)) for friend in friends[[user]].indices.tolist()]
        vector = encoder.embed(**known(user), friends=said)
        np.testing.assert_allclose(vector, fitted.user[user], atol=1e-5)


def test_what_a_pair_counts_is_the_sum_of_its_kinds_each_once() -> None:
    relations = Relations({"cart": 0.5, "view": 0.25})
    graph = graph_of(
        [("a", "x", "view"), ("a", "x", "view"), ("a", "x", "cart"), ("b", "x", "cart"),
         ("b", "y", "look")]
    )  # fmt: skip
    ways = relations.of(graph)
    assert ways.data.tolist() == [3, 1, 0]
    # Of a kind that training did not meet, an item counts as the mean one does.
    assert relations.weights_of(ways.data).tolist() == [0.75, 0.5, 1]
    assert [relations.bit(kind) for kind in ("cart", "view", "look")] == [1, 2, 0]


def test_with_one_kind_of_likes_there_is_nothing_to_weigh() -> None:
    log = graph_of([("a", "x", "view"), ("a", "y", "cart"), ("b", "x", "view")]).interactions
    seen = replace(log, weight=(log.kind == log.kinds.index("view")).astype(np.float32))
    fitted = fit(Graph(seen), epochs=1)
    assert fitted.kinds is None
    assert fitted.encoder is not None
    assert fitted.encoder.relations is None


def test_kinds_are_as_many_as_bits_at_most() -> None:
    graph = graph_of([("a", "x", f"k{n}") for n in range(65)])
    with pytest.raises(DataError, match="65 kinds, such as 'k0': expected at most 64"):
        kinds_of_likes(graph)


@pytest.mark.parametrize(
    "targets", ["view:", "view: -1", "view: much", ": 2", "view: inf", "view, view"]
)
def test_targets_that_say_nothing_clear_are_refused(targets: str) -> None:
    pytest.importorskip("dgl")
    with pytest.raises(SettingsError, match="is no target: expected a kind of events"):
        create("graphsage", {"targets": targets})


def test_a_target_without_positive_events_is_an_error_that_names_those_there_are() -> None:
    with pytest.raises(DataError, match="'sale' has no positive events: expected one of purch"):
        fit(shop(8), targets="sale")


def test_a_snapshot_keeps_the_ways_in_which_users_like_items(tmp_path: Path) -> None:
    snapshot = snapshot_with(fit(mixed(), epochs=1), mixed())
    publish(snapshot, tmp_path)
    read = load(tmp_path)
    for user in range(len(read.likes.users)):
        kept, before = (View.of(each).stored(user) for each in (read, snapshot))
        np.testing.assert_array_equal(kept.kinds, before.kinds)  # type: ignore[arg-type]
        nowhere = Delta({read.users.ids[user]: UserDelta(attributes={})})
        moved = [View.of(e, nowhere).user(e.users.ids[user]).vector for e in (read, snapshot)]
        np.testing.assert_array_equal(*moved)  # type: ignore[arg-type]
    assert read.encoder is not None
    assert snapshot.encoder is not None
    assert read.encoder.relations == snapshot.encoder.relations
    left = without(read, ["u00"])
    np.testing.assert_array_equal(
        View.of(left).stored(0).kinds,  # type: ignore[arg-type]
        View.of(read).stored(1).kinds,  # type: ignore[arg-type]
    )


def test_a_purchase_of_what_was_viewed_is_heard_at_once_and_by_inference() -> None:
    graph = mixed()
    serving = snapshot_with(fit(graph), graph)
    log, row = graph.interactions, graph.users.rows["u05"]
    codes = log.kind[log.user == row]
    viewed = [
        item
        for item in np.unique(log.item[log.user == row]).tolist()
        if set(log.kind[(log.user == row) & (log.item == item)].tolist()) == {0}
    ]
    assert viewed, codes
    item = graph.items.ids[viewed[0]]
    new = Interactions.of(["u05", "new", "new"], [item, item, "i03"], None, [10**6] * 3,
                          ["purchase", "view", "purchase"])  # fmt: skip
    users = Vocabulary((*graph.users.ids, "new"))
    old, more = log.recode(users, graph.items), new.recode(users, graph.items)
    codes = np.array([log.kinds.index(kind) for kind in new.kinds], np.uint8)
    more = replace(more, kind=codes[more.kind], kinds=log.kinds)
    together = replace(
        old,
        **{
            name: np.concatenate([getattr(old, name), getattr(more, name)])
            for name in ("user", "item", "weight", "time", "kind")
        },
    )
    mine = together.take(np.isin(together.user, [row, users.rows["new"]]))
    found = update(View.of(serving, delta_of(mine)))
    town = serving.user_attributes["town"].values
    full = Graph(together, {"user": {"town": Attribute("category", (*town, None))}})
    assert difference(found, update(View.of(serving, everything(full)))) < 1e-6

    vectors = found.embeddings.user  # type: ignore[union-attr]
    before = serving.embeddings.user[row]  # type: ignore[union-attr]
    assert not np.allclose(vectors[row], before, atol=1e-4)
    delta = delta_of(mine.take((mine.user != row) | (mine.item == viewed[0])))
    live, again = View.of(serving, delta), View.of(found, delta)
    for user in ("u05", "new"):
        expected = vectors[users.rows[user]]
        np.testing.assert_allclose(live.user(user).vector, expected, atol=1e-5)  # type: ignore[arg-type]
        # What is known already changes nothing.
        np.testing.assert_array_equal(again.user(user).vector, expected)  # type: ignore[arg-type]


def test_testing_and_choosing_ask_about_the_kinds_of_the_settings() -> None:
    graph = shop(40)
    about = Settings(evaluation=EvaluationSettings(kinds=("purchase",), resamples=0))
    name, split = split_log(Dataset(graph), Settings())
    asked = of_kinds(split, ("purchase",)).test
    assert 0 < len(asked) < len(split.test)
    assert {asked.kinds[code] for code in asked.kind.tolist()} == {"purchase"}
    assert len(split_log(Dataset(graph), about)[1].test) == len(asked)
    found = compare(["popularity"], split, about, protocol=name, k=10)
    assert len(found.split.test) == len(asked)
    kinds = found.validation.test
    assert {kinds.kinds[code] for code in kinds.kind.tolist()} == {"purchase"}
    nothing = Settings(evaluation=EvaluationSettings(kinds=("sale",), resamples=0))
    with pytest.raises(DataError, match="test set has 0 events"):
        compare(["popularity"], split, nothing, protocol=name, k=10)


def test_purchases_are_found_among_views_that_say_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the same users: by kinds apart and weights that are learned, than merged or alike."""
    graph, rng = shop(), np.random.default_rng(1)
    log = graph.interactions
    bought = np.flatnonzero(log.kind == log.kinds.index("purchase"))
    held = np.isin(np.arange(len(log)), [rng.choice(part) for part in np.split(bought, 120)])
    train = graph.with_interactions(log.take(~held))
    split = Split(train, new_positives(log.take(held), train)[0])
    assert len(split.test) == 120

    def ndcg(graph: Graph, **changes: object) -> tuple[np.ndarray, Embeddings]:
        fitted = fit(graph, epochs=12, **changes)  # fewer leave the weights half-way apart
        found = evaluate(fitted, split, k=10, resamples=0, rng=rng)
        return found.per_user["ndcg@10"], fitted

    one_kind = replace(train.interactions, kind=np.zeros_like(train.interactions.kind),
                       kinds=("interaction",))  # fmt: skip
    merged, _ = ndcg(train.with_interactions(one_kind))
    apart, fitted = ndcg(train, targets="purchase")
    both, multi = ndcg(train, targets="purchase, view: 0.2")
    for each in (fitted, multi):
        weights = each.encoder.relations.weights  # type: ignore[union-attr]
        assert weights["purchase"] > 2 * weights["view"]
    from graphrec.models.graphsage import kinds

    monkeypatch.setattr(kinds, "RATE_MULTIPLIER", 0.0)
    alike, _ = ndcg(train, targets="purchase")
    for better, worse in ((apart, merged), (both, merged), (apart, alike)):
        _, low, _ = paired_difference(better, worse, rng, 1000)
        assert low > 0, [x.mean() for x in (merged, alike, apart, both)]
