"""Fitted models: lists by id, vectors, similar items, and item scores of one history."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from graphrec.data import Graph, Interactions
from graphrec.data.dataset import Dataset
from graphrec.errors import MissingExtra, SettingsError, UnknownNode
from graphrec.models import create
from graphrec.models.content_knn import ContentKNN
from graphrec.models.ease import EASE
from graphrec.models.knn import ItemKNN
from graphrec.models.popularity import Popularity
from graphrec.models.protocol import FittedModel, FoldIn, ItemScores, Scorer, Vectors
from graphrec.models.rp3beta import RP3Beta
from graphrec.models.top_k import top_k
from graphrec.testing.models import checkerboard


def data() -> Dataset:
    return Dataset.of_weights(checkerboard())


def fitted(name: str, **values: object) -> FittedModel[Scorer]:
    try:
        return create(name, values).fit(data(), seed=0)
    except MissingExtra as error:
        pytest.skip(str(error))


def test_a_list_has_the_ids_of_the_best_unseen_items() -> None:
    model = ItemKNN().fit(data())
    lists = model.recommend(["03", "02"], k=3)
    assert lists.users == ("03", "02")
    rows = np.array([3, 2], np.int32)
    expected = top_k(model.score(rows), 3, model.seen[rows])
    assert lists.items == tuple(
        tuple(model.items.ids[item] for item in ranked) for ranked in expected.tolist()
    )
    assert [items[0] for items in lists.items] == ["03", "02"]
    for row, items, scores in zip(rows, lists.items, lists.scores, strict=True):
        found = [model.score(np.array([row]))[0, model.items.rows[item]] for item in items]
        np.testing.assert_array_equal(scores, np.array(found, np.float32))


def test_one_user_gets_one_list_and_may_see_again_what_was_seen() -> None:
    model = ItemKNN().fit(data())
    assert len(model.recommend("03", k=30)) == 1
    assert len(model.recommend("03", k=30).items[0]) == 24 - 11
    assert len(model.recommend("03", k=30, exclude_seen=False).items[0]) == 24


def test_of_equal_scores_the_lowest_row_comes_first() -> None:
    log = Interactions.of(["a", "b", "c"], ["x", "y", "z"])
    model = Popularity().fit(Dataset.of_weights(Graph(log)))
    assert model.recommend("b").items == (("x", "z"),)


def test_lists_of_many_users_are_those_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    model = ItemKNN().fit(data())
    whole = model.recommend(model.users.ids, k=4)
    monkeypatch.setattr("graphrec.models.fitted.BLOCK_SCORES", 5 * 24)
    assert model.recommend(model.users.ids, k=4) == whole


def test_nobody_unknown_gets_a_list() -> None:
    model = Popularity().fit(data())
    with pytest.raises(UnknownNode, match="user 'nobody' is unknown"):
        model.recommend(["03", "nobody"])
    with pytest.raises(UnknownNode, match="item 'nothing' is unknown"):
        model.similar_items("nothing")


def test_lists_become_a_frame() -> None:
    pytest.importorskip("pandas")
    lists = ItemKNN().fit(data()).recommend(["03", "02"], k=2)
    frame = lists.to_frame()
    assert list(frame.columns) == ["user", "rank", "item", "score"]
    assert frame["user"].tolist() == ["03", "03", "02", "02"]
    assert frame["rank"].tolist() == [1, 2, 1, 2]
    assert tuple(frame["item"]) == lists.items[0] + lists.items[1]
    assert tuple(frame["score"]) == lists.scores[0] + lists.scores[1]


@pytest.mark.parametrize(
    ("name", "values"),
    [("svd", {"dim": 4}), ("ials", {"dim": 4}), ("mf", {"dim": 4, "epochs": 2})],
)
def test_vectors_give_the_scores(name: str, values: dict[str, object]) -> None:
    model = fitted(name, **values)
    rows = np.arange(24, dtype=np.int32)
    assert isinstance(model.scorer, Vectors)
    np.testing.assert_allclose(
        model.user_vectors @ model.item_vectors.T, model.score(rows), rtol=1e-5, atol=1e-6
    )


def test_a_model_without_vectors_says_so() -> None:
    model = ItemKNN().fit(data())
    for name in ("user_vectors", "item_vectors"):
        with pytest.raises(SettingsError, match=r"has no vectors: expected.*fit SVD"):
            getattr(model, name)


@pytest.mark.parametrize(
    ("name", "values"),
    [("item-knn", {}), ("ease", {"regularization": 2.0}), ("rp3beta", {}), ("graph-filter", {}),
     ("svd", {"dim": 2}), ("ials", {"dim": 4}), ("mf", {"dim": 8, "learning_rate": 0.02})],
)  # fmt: skip
def test_even_items_are_similar_to_even_items(name: str, values: dict[str, object]) -> None:
    lists = fitted(name, **values).similar_items("04", k=5)
    assert lists.users == ("04",)
    assert len(set(lists.items[0]) - {"04"}) == 5
    assert {int(item) % 2 for item in lists.items[0]} == {0}
    assert list(lists.scores[0]) == sorted(lists.scores[0], reverse=True)


def test_a_model_without_similarities_says_so() -> None:
    with pytest.raises(SettingsError, match="PopularityScorer has no similarities of items"):
        Popularity().fit(data()).similar_items("04")


@pytest.mark.parametrize("model", [ItemKNN(), ItemKNN(weighting="bm25"), RP3Beta(), EASE()])
def test_one_history_scores_as_it_does_among_many(model: ItemKNN | RP3Beta | EASE) -> None:
    scorer = model.fit(data()).scorer
    assert isinstance(scorer, ItemScores)
    assert isinstance(scorer, FoldIn)
    rng = np.random.default_rng(1)
    for size in (0, 1, 2, 24):
        items = np.sort(rng.choice(24, size, replace=False)).astype(np.int32)
        weights = rng.random(size).astype(np.float32)
        history = sparse.csr_array((weights, items, [0, size]), (1, 24))
        alone = scorer.score_history(items, weights)
        assert alone.shape == (24,)
        np.testing.assert_allclose(alone, scorer.score_histories(history)[0], atol=1e-5)


def test_only_those_that_can_are_item_scores_or_vectors() -> None:
    popular = Popularity().fit(data()).scorer
    assert not isinstance(popular, ItemScores | Vectors)
    assert not isinstance(ContentKNN().fit(data()).scorer, ItemScores | Vectors)


def test_a_value_out_of_range_is_an_error_before_anything_is_fitted() -> None:
    with pytest.raises(SettingsError, match=r"ItemKNN\.neighbours = -1: Input should be"):
        ItemKNN(neighbours=-1).fit(data())
    mf = pytest.importorskip("graphrec.models.mf")
    with pytest.raises(SettingsError, match=r"MF\.dim = -1: Input should be"):
        mf.MF(dim=-1).fit(data())


def test_a_seed_is_a_number_or_a_generator() -> None:
    model, rows = create("random"), np.arange(3, dtype=np.int32)
    by_number = model.fit(data(), seed=7).score(rows)
    by_generator = model.fit(data(), np.random.default_rng(7)).score(rows)
    np.testing.assert_array_equal(by_number, by_generator)
    assert not np.array_equal(by_number, model.fit(data()).score(rows))
