"""Texts as features: off unless asked for, learned from, and understood where it is served."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from graphrec.data import Attribute, Graph
from graphrec.data import text_encoders as text
from graphrec.data.dataset import Dataset
from graphrec.data.features import FeatureSpace, TextColumns
from graphrec.errors import DataError, MissingExtra, SettingsError
from graphrec.models import create
from graphrec.retrieval.cold_items import embed_new_items
from graphrec.snapshot.registry import load, publish
from tests.support.small_data import graph_of, ratings
from tests.support.snapshots import build_snapshot

EVEN = ("a space opera with robots", "robots fly through space", "a war of robots in space")
ODD = ("a romance in Paris", "love and marriage in Paris", "a wedding in spring, and love")


def described() -> Graph:
    """Items are described by words of their taste; the last of them by nothing."""
    graph = graph_of(ratings())
    texts = [(EVEN, ODD)[item % 2][item // 2 % 3] for item in range(len(graph.items))]
    return Graph(
        graph.interactions,
        {"item": {"about": Attribute("text", (*texts[:-2], " ", None))}},
    )


def without_wordllama(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wordllama", None)
    text._wordllama_model.cache_clear()


def test_a_text_is_standardised_and_a_missing_one_is_zeros() -> None:
    texts = (*EVEN, *ODD, None, "  ")
    columns = TextColumns.of("hashing", texts)
    assert columns is not None
    found = columns.matrix(texts).toarray()
    assert found.shape == (8, text.HASHED)
    assert not found[-2:].any()
    reported = found[:6] * np.sqrt(text.HASHED)
    np.testing.assert_allclose(reported.mean(axis=0), 0, atol=1e-5)
    spread = reported.std(axis=0)
    np.testing.assert_allclose(spread[spread > 1e-6], 1, atol=1e-4)
    np.testing.assert_array_equal(columns.row(EVEN[0]), found[0])
    assert TextColumns.of("hashing", (None, "")) is None


def test_a_text_that_nobody_asked_for_gives_no_columns() -> None:
    attributes = described().attributes["item"]
    assert not FeatureSpace.of(attributes).columns
    assert list(FeatureSpace.of(attributes, {"about": "hashing"}).columns) == ["about"]


@pytest.mark.parametrize("encoder", ["hashing", "wordllama"])
def test_texts_of_like_words_are_alike(encoder: text.Name) -> None:
    if encoder == "wordllama":
        pytest.importorskip("wordllama")
    vectors = text.embed(encoder, [*EVEN, *ODD])
    alike = vectors @ vectors.T
    np.fill_diagonal(alike, np.nan)
    assert np.nanmean(alike[:3, :3]) > np.nanmean(alike[:3, 3:]) + 0.1
    np.testing.assert_array_equal(text.embed(encoder, [EVEN[1]])[0], vectors[1])


def test_wordllama_knows_words_that_it_was_not_told_together() -> None:
    pytest.importorskip("wordllama")
    film, movie, potato = text.embed("wordllama", ["an old film", "a classic movie", "potatoes"])
    assert film @ movie > film @ potato + 0.1


def test_without_its_package_training_says_so_and_serving_hears_no_texts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    columns = TextColumns("wordllama", (0.0,) * 256, (1.0,) * 256)
    without_wordllama(monkeypatch)
    assert columns.matrix((EVEN[0], None)).nnz == 0
    with pytest.raises(MissingExtra, match=r"graphrec\[text\]"):
        FeatureSpace.of(described().attributes["item"], {"about": "wordllama"})


def test_texts_that_there_are_not_are_errors() -> None:
    pytest.importorskip("dgl")
    graph, rng = described(), np.random.default_rng(0)
    with pytest.raises(DataError, match=r"'abuot' is no attribute of words.*some of about"):
        create("graphsage", {"texts": "about, abuot", "text_encoder": "hashing"}).fit(
            Dataset.of_weights(graph), rng
        )
    with pytest.raises(SettingsError, match="text_encoder"):
        create("graphsage", {"text_encoder": "oracle"})


@pytest.mark.slow
def test_a_new_item_is_embedded_by_its_text_where_it_is_served(tmp_path: Path) -> None:
    pytest.importorskip("dgl")
    graph, rng = described(), np.random.default_rng(0)
    options = {"dim": 8, "epochs": 16, "negatives": 20, "batches": 2, "learning_rate": 0.02}
    asked = {"texts": "about", "text_encoder": "hashing"}
    assert (
        create("graphsage", {**options, "epochs": 1})
        .fit(Dataset.of_weights(graph), rng)
        .scorer.item_encoder
        is None
    )  # type: ignore[attr-defined]
    fitted = create("graphsage", {**options, **asked}).fit(Dataset.of_weights(graph), rng).scorer
    publish(
        build_snapshot(
            graph,
            graph_filter=create("graph-filter", {"dim": 4})
            .fit(Dataset.of_weights(graph), rng)
            .scorer,  # type: ignore[arg-type]
            embeddings=fitted,  # type: ignore[arg-type]
            encoder=fitted.encoder,  # type: ignore[attr-defined]
            seed=0,
            cutoff=None,
            models={},
            metrics={},
        ),
        tmp_path,
    )
    read = load(tmp_path).embeddings
    assert read is not None
    assert read.item_encoder is not None
    assert read.item_encoder.space == fitted.item_encoder.space  # type: ignore[attr-defined]
    new = {
        "robots": {"about": "robots at war in space"},
        "love": {"about": "love in Paris, and marriage"},
        "silent": {"about": ""},
    }
    found = embed_new_items(read.item_encoder, new)
    assert list(found.items) == ["robots", "love"]
    even, odd = read.user[0::2].mean(axis=0), read.user[1::2].mean(axis=0)
    robots, love = found.vectors
    assert robots @ even > robots @ odd
    assert love @ odd > love @ even
