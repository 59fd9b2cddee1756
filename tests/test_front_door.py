"""The library as people use it from Python: data in, a recommender, answers by id."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import graphrec as gr
from graphrec.errors import DataError, SettingsError
from tests.support.small_data import ratings

ITEMS = pd.DataFrame(
    {"item": [f"i{n:02}" for n in range(30)], "title": [f"The {n}th" for n in range(30)]}
)


@pytest.fixture(scope="module")
def data() -> gr.Dataset:
    events = pd.DataFrame(ratings(), columns=["user", "item", "rating", "timestamp"])
    return gr.Dataset.from_frame(events, items=ITEMS)


@pytest.fixture(scope="module")
def recommender(data: gr.Dataset) -> gr.Recommender:
    return gr.Recommender.fit(data, seed=0, embeddings={})


def test_lists_follow_what_a_user_likes(recommender: gr.Recommender) -> None:
    listed = recommender.recommend("u00", k=5)
    assert len(listed) == 5
    assert sum(int(each.item[1:]) % 2 == 0 for each in listed) >= 4  # an even user likes even items
    assert listed[0].title == f"The {int(listed[0].item[1:])}th"
    frame = listed.to_frame()
    assert frame["item"].tolist() == [each.item for each in listed]
    assert frame["rank"].tolist() == [1, 2, 3, 4, 5]


def test_the_same_data_and_seed_give_the_same_lists(
    data: gr.Dataset, recommender: gr.Recommender
) -> None:
    again = gr.Recommender.fit(data, seed=0, embeddings={})
    for user in data.users.ids:
        assert again.recommend(user).recommendations == recommender.recommend(user).recommendations


def test_a_query_is_a_user_or_items(recommender: gr.Recommender) -> None:
    liked = gr.Query(items=["i00", "i02", "i04"], k=4)
    listed = recommender.recommend(liked)
    assert len(listed) == 4
    assert not {"i00", "i02", "i04"} & {each.item for each in listed}
    assert recommender.recommend(liked, k=2).recommendations == listed.recommendations[:2]
    assert recommender.recommend(gr.Query(items=["i00", "nothing"])).unknown_items == ("nothing",)


def test_explanations_and_related_items(recommender: gr.Recommender) -> None:
    item = recommender.recommend("u00", k=1)[0].item
    why = recommender.explain("u00", item)
    assert why.rank == 1
    assert sum(part.score for part in why.contributions) == pytest.approx(why.score)
    assert recommender.why_not("u00", item).verdict == "ranked"
    near = recommender.related("i00", k=3)
    assert all(int(each.item[1:]) % 2 == 0 for each in near)


def test_lists_of_everyone_in_blocks(recommender: gr.Recommender, tmp_path: Path) -> None:
    done: list[tuple[int, int]] = []
    every = recommender.recommend_all(
        k=3, batch=7, progress=lambda stage, at, total: done.append((at, total))
    )
    frame = every.to_frame()
    assert done[-1] == (40, 40)
    assert len(done) == 6  # blocks of 7
    assert every.to_parquet(tmp_path / "lists.parquet") == len(frame) == 120
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "lists.parquet"), frame)
    for user, own in frame.groupby("user"):
        expected = recommender.recommend(str(user), k=3)
        assert own["item"].tolist() == [each.item for each in expected]
        np.testing.assert_allclose(own["score"], [each.score for each in expected])
    some = recommender.recommend_all(k=2, users=["u01", "nobody"]).to_frame()
    assert some["user"].tolist() == ["u01", "u01", "nobody", "nobody"]


def test_what_is_saved_answers_as_before(recommender: gr.Recommender, tmp_path: Path) -> None:
    version = recommender.save(tmp_path)
    loaded = gr.Recommender.load(tmp_path)
    assert loaded.snapshot.manifest.version == version
    for user in ("u00", "u01", "nobody"):
        assert loaded.recommend(user).recommendations == recommender.recommend(user).recommendations


def test_answers_draw_themselves_and_escape_what_they_show(data: gr.Dataset) -> None:
    titles = ITEMS.assign(title="<b>bold</b>")
    events = pd.DataFrame(ratings(), columns=["user", "item", "rating", "timestamp"])
    recommender = gr.Recommender.fit(gr.Dataset.from_frame(events, items=titles), embeddings={})
    listed = recommender.recommend("u00", k=2)
    drawn = listed._repr_html_()
    assert drawn.count("<tr>") == 3
    explained = recommender.explain("u00", listed[0].item)._repr_html_()
    assert explained.startswith("<svg")
    assert "<b>" not in drawn + explained
    assert "&lt;b&gt;" in drawn


def test_data_without_a_like_is_refused() -> None:
    events = pd.DataFrame({"user": ["a", "b"], "item": ["x", "y"], "rating": [1.0, 2.0]})
    with pytest.raises(DataError, match="positive"):
        gr.Recommender.fit(gr.Dataset.from_frame(events), embeddings={})


@pytest.mark.parametrize("embeddings", [["mf"], "mf", {"svd": gr.SVD()}, {"mf": None}])
def test_embeddings_are_models_that_learn_in_epochs(data: gr.Dataset, embeddings: object) -> None:
    with pytest.raises(SettingsError, match=r"embeddings of a fusion holds .*: expected models"):
        gr.Recommender.fit(data, embeddings=embeddings)


def test_fusion_is_compared_like_any_model(data: gr.Dataset) -> None:
    train, test = gr.split.temporal(data, share=0.2)
    compared = gr.compare([gr.ItemKNN(), gr.Fusion(embeddings={})], train, test, k=5, seed=0)
    frame = compared.to_frame()
    assert len(frame) == 3  # popularity beside them
    assert (frame["ndcg@5"] > 0).all()
    fitted = gr.Fusion(embeddings={}).fit(train, seed=0)
    listed = fitted.recommend("u00", k=3)
    assert len(listed.items[0]) == 3


@pytest.mark.parametrize("neighbourhood", ["item-knn", "ease", "rp3beta"])
def test_any_item_item_model_may_be_the_neighbourhood(
    data: gr.Dataset, neighbourhood: str, tmp_path: Path
) -> None:
    models = {"item-knn": gr.ItemKNN(), "ease": gr.EASE(), "rp3beta": gr.RP3Beta()}
    fitted = gr.Recommender.fit(
        data, neighbourhoods={neighbourhood: models[neighbourhood]}, embeddings={}
    )
    assert neighbourhood in fitted.snapshot.manifest.models
    fitted.save(tmp_path)
    loaded = gr.Recommender.load(tmp_path)
    assert loaded.recommend("u00").recommendations == fitted.recommend("u00").recommendations
