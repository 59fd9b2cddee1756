"""Models against their contract, and what each of them does beside it."""

from __future__ import annotations

import itertools
from dataclasses import fields, replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Attribute, Graph, Interactions
from graphrec.data.dataset import Dataset
from graphrec.data.weighting import KindPolicy, weigh
from graphrec.errors import DataError, MissingExtra, SettingsError
from graphrec.models import MODELS, EpochModel, Model, create
from graphrec.models.ease import MAX_ITEMS
from graphrec.models.graph_filter.scorer import Pairs
from graphrec.models.knn import ItemKNN, Similarity, UserKNN, UserKNNScorer, nearest, weighted
from graphrec.models.popularity import Popularity
from graphrec.testing.models import ModelContract, checkerboard


class TestItemKNN(ModelContract):
    @pytest.fixture(params=["cosine", "jaccard", "pearson"])
    def model(self, request: pytest.FixtureRequest) -> Model:
        return ItemKNN(similarity=request.param)

    def plain_model(self) -> Model:
        return ItemKNN()


class TestItemKNNWeighted(ModelContract):
    @pytest.fixture(params=["none", "tfidf", "bm25"])
    def model(self, request: pytest.FixtureRequest) -> Model:
        return ItemKNN(weighting=request.param, shrinkage=1)

    def plain_model(self) -> Model:
        return ItemKNN(similarity="pearson", weighting="tfidf", shrinkage=1)


class TestUserKNN(ModelContract):
    @pytest.fixture(params=["cosine", "jaccard", "pearson"])
    def model(self, request: pytest.FixtureRequest) -> Model:
        return UserKNN(similarity=request.param)

    def plain_model(self) -> Model:
        return UserKNN()


class TestRP3Beta(ModelContract):
    @pytest.fixture(params=[(1.0, 0.0), (0.7, 0.5)])
    def model(self, request: pytest.FixtureRequest) -> Model:
        alpha, beta = request.param
        return create("rp3beta", {"alpha": alpha, "beta": beta})

    def plain_model(self) -> Model:
        return create("rp3beta")


class TestGraphFilter(ModelContract):
    @pytest.fixture(
        params=[
            {},
            {"saturation": 0.5, "dim": 3},
            {"user_exponent": 1.0, "saturation": 0, "dim": 2, "low_pass": 1.0},
        ]
    )
    def model(self, request: pytest.FixtureRequest) -> Model:
        return create("graph-filter", request.param)

    def plain_model(self) -> Model:
        return create("graph-filter")


class TestSVD(ModelContract):
    @pytest.fixture
    def model(self) -> Model:
        return create("svd", {"dim": 2})

    def plain_model(self) -> Model:
        return create("svd")


class TestIALS(ModelContract):
    @pytest.fixture
    def model(self) -> Model:
        pytest.importorskip("implicit")
        return create("ials", {"dim": 4})

    def plain_model(self) -> Model:
        pytest.importorskip("implicit")
        return create("ials", {"dim": 4, "sweeps": 2})


class TestEASE(ModelContract):
    @pytest.fixture
    def model(self) -> Model:
        return create("ease")

    def plain_model(self) -> Model:
        return create("ease")


@pytest.mark.slow
class TestMF(ModelContract):
    @pytest.fixture(params=["bpr", "pointwise"])
    def model(self, request: pytest.FixtureRequest) -> Model:
        """With so few epochs that no missing square, a negative too, is learned by heart."""
        pytest.importorskip("torch")
        changes = {"loss": request.param, "dim": 8, "epochs": 15, "learning_rate": 0.02}
        return create("mf", {**changes, "weight_decay": 0.0})

    def plain_model(self) -> Model:
        pytest.importorskip("torch")
        return create("mf", {"dim": 4, "epochs": 2})


@pytest.mark.slow
class TestNeuMF(ModelContract):
    @pytest.fixture(params=[0, 15])
    def model(self, request: pytest.FixtureRequest) -> Model:
        """Narrow, regularised and soon done: a missing square is among the negatives that are
        drawn, and with more room and time the network learns by heart that it is one."""
        pytest.importorskip("torch")
        narrow = {"pretrain_epochs": request.param, "dim": 8, "mlp_dim": 4, "layers": 2}
        held = {"l2": 0.1, "dropout": 0.3}
        return create("neumf", {**narrow, **held, "learning_rate": 0.02, "epochs": 18})

    def plain_model(self) -> Model:
        pytest.importorskip("torch")
        return create("neumf", {"dim": 4, "mlp_dim": 4, "epochs": 2, "pretrain_epochs": 1})


@pytest.mark.slow
class TestGraphSAGE(ModelContract):
    @pytest.fixture(
        params=[
            {"rounds": 1},
            {"loss": "bpr"},
            {"rounds": 2, "fanout": 5},
            {"aggregator": "pooling"},
            {"aggregator": "attention", "rounds": 2},
        ]
    )
    def model(self, request: pytest.FixtureRequest) -> Model:
        pytest.importorskip("dgl")
        changes = {"negatives": 20, "dim": 16, "batches": 2, "learning_rate": 0.05, "epochs": 20}
        return create("graphsage", {**changes, **request.param})

    def plain_model(self) -> Model:
        pytest.importorskip("dgl")
        return create("graphsage", {"dim": 4, "epochs": 2, "negatives": 5})


def test_popularity_counts_positive_weights() -> None:
    log = Interactions.of(["a", "b", "a", "c"], ["x", "x", "y", "z"], [1, 1, 1, 0])
    scores = Popularity().fit(Dataset.of_weights(Graph(log))).score(np.zeros(2, np.int32))
    np.testing.assert_allclose(scores, [[2, 1, 0], [2, 1, 0]])


def test_recent_popularity_halves_with_each_share_of_newer_events() -> None:
    log = Interactions.of(list("abcd"), list("wxyz"), time=[1, 2, 3, 4])
    scores = Popularity(half_life_share=0.25).fit(Dataset.of_weights(Graph(log))).scorer
    counts = scores.score(np.zeros(1, np.int32))[0]
    np.testing.assert_allclose(counts / counts[-1], [1 / 8, 1 / 4, 1 / 2, 1])


def test_similarities_are_those_of_the_formulas() -> None:
    rng = np.random.default_rng(1)
    dense = (rng.random((12, 7)) < 0.4).astype(np.float32)
    plain = {"shrinkage": 0, "sharer_exponent": 0, "neighbour_exponent": 0.5,
             "target_exponent": 0.5}  # fmt: skip
    matrix = sparse.csr_array(dense)
    norms = np.linalg.norm(dense, axis=0)
    both = dense.T @ dense
    expected = {
        "cosine": both / np.outer(norms, norms),
        "jaccard": both / (norms[:, None] ** 2 + norms[None] ** 2 - both),
        "pearson": np.where(both > 0, np.corrcoef(dense.T), 0),
    }
    for name, values in expected.items():
        np.fill_diagonal(values, 0)
        found = nearest(matrix, name, 7, **plain).toarray()
        np.testing.assert_allclose(found, np.maximum(values, 0), atol=1e-6)


def test_only_the_nearest_are_kept_ties_to_the_lowest_row() -> None:
    dense = np.ones((3, 5), np.float32)
    kept = nearest(sparse.csr_array(dense), "cosine", 2, shrinkage=0, sharer_exponent=0,
                   neighbour_exponent=0.5, target_exponent=0.5)  # fmt: skip
    assert [kept.indices[kept.indptr[r] : kept.indptr[r + 1]].tolist() for r in range(5)] == [
        [1, 2], [0, 2], [0, 1], [0, 1], [0, 1],
    ]  # fmt: skip


def test_tfidf_counts_rare_items_more() -> None:
    matrix = sparse.csr_array(np.array([[1, 1], [1, 0], [1, 0]], np.float32))
    values = weighted(matrix, "tfidf").toarray()
    assert values[0, 1] == pytest.approx(np.log(3))
    assert values[0, 0] == 0  # everyone likes it


def test_rp3beta_is_a_walk_of_three_steps() -> None:
    """By hand: a likes x and y, b likes y, which is liked by two."""
    log = Interactions.of(["a", "a", "b"], ["x", "y", "y"])
    model = create("rp3beta", {"alpha": 1.0, "beta": 1.0})
    scores = model.fit(Dataset.of_weights(Graph(log))).score(np.array([0, 1], np.int32))
    # From y to x: ½ to a, ½ on to x. From x to y: 1 to a, ½ on, and a half of it as y has two fans,
    # relative to the most popular item, which y is.
    factor = {"x": 2, "y": 1}
    expected = [[0.5 * 0.25 * factor["x"], 0.5 * 0.5 * factor["y"]], [0.25 * factor["x"], 0]]
    np.testing.assert_allclose(scores, expected, rtol=1e-6)


def test_a_filter_whose_ceiling_nothing_reaches_is_the_linear_one() -> None:
    """R · (D_u^-a R D_i^-b)ᵀ · (R D_i^-c), each row up to a factor."""
    graph = purchases_and_views(3)
    weights = graph.matrix.toarray().astype(np.float64)
    d_u, d_i = (np.maximum(weights.sum(axis), 1e-9) for axis in (1, 0))
    linear = weights @ (weights / d_u[:, None] ** 0.8 / d_i**0.6).T @ (weights / d_i**0.1)
    linear /= np.maximum(weights.sum(1), 1e-9)[:, None]
    exponents = {"user_exponent": 0.8, "history_exponent": 0.6, "target_exponent": 0.1}
    model = create("graph-filter", {**exponents, "flatness": 1, "saturation": 99.0, "low_pass": 0})
    scores = model.fit(Dataset.of_weights(graph)).score(np.arange(20, dtype=np.int32))
    np.testing.assert_allclose(scores / scores.max(), linear / linear.max(), atol=1e-5)


@pytest.mark.parametrize("dim", [4, 512])
@pytest.mark.parametrize("saturation", [0, 0.8])
def test_a_filter_counts_a_direction_by_its_response(saturation: float, dim: int) -> None:
    """Of those that are not among the strongest, f times as much as it is strong."""
    graph = purchases_and_views(1)
    model = create(
        "graph-filter",
        {
            "dim": dim,
            "history_exponent": 0.9,
            "target_exponent": 0.2,
            "flatness": 2,
            "saturation": saturation,
            "low_pass": 0.1,
        },
    )
    found = model.fit(Dataset.of_weights(graph)).scorer
    votes = found.items.factors.votes.toarray().astype(np.float64)
    _, sigma, right = np.linalg.svd(votes)
    strength = sigma**2
    response = np.where(
        strength < 0.5,
        0.5 - 0.5 * (1 - 2 * strength) ** 2,
        0.5 + 0.5 * np.abs(2 * strength - 1) ** 2,
    )
    if saturation:
        chance = np.linalg.norm(votes) * (20**-0.5 + 10**-0.5)
        ceiling = max((saturation * chance) ** 2, strength[dim - 1] if dim < 10 else 0)
        assert (response > 2 * ceiling).any()
        response = np.minimum(response, 2 * ceiling)
    response += 0.1
    response[dim:] = 2 * strength[dim:]
    degree = graph.matrix.sum(axis=0)
    degree /= degree.max()
    shares = graph.matrix.toarray() / graph.matrix.sum(axis=1)[:, None]
    expected = shares / degree**0.4 @ (right.T * response) @ right * degree**0.3
    np.testing.assert_allclose(found.score(np.arange(20, dtype=np.int32)), expected, atol=1e-5)


@pytest.mark.parametrize("dense_up_to", [0, 4096])
def test_variants_of_a_filter_score_as_each_of_them_alone(
    dense_up_to: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graphrec.models.graph_filter.model.DENSE_UP_TO", dense_up_to)
    data, users = Dataset.of_weights(purchases_and_views(2)), np.array([3, 0, 19], np.int32)
    model = create("graph-filter", {"dim": 4})
    together = list(model.fit_variants(data, 5).score_variants(users))
    variants = model.variants()
    assert len(together) == len(variants) == len(set(variants)) == 12
    for each, scores in zip(variants, together, strict=True):
        assert each.variants() == (each,)
        np.testing.assert_allclose(each.fit(data, 5).score(users), scores, rtol=1e-4, atol=1e-6)
    alone = model.fit(data, 5).score(users)
    np.testing.assert_array_equal(alone, variants[0].fit(data, 5).score(users))


def test_what_is_given_of_a_filter_is_not_chosen() -> None:
    given = {"history_exponent": 0.3, "saturation": 2.0}
    variants = create("graph-filter", given).variants()
    assert {(each.history_exponent, each.saturation) for each in variants} == {(0.3, 2.0)}
    assert {each.target_exponent for each in variants} == {0.1, 0.2}
    assert {each.low_pass for each in variants} == {0.1, 0.0}
    assert len(variants) == 4


def test_a_filter_scores_the_history_of_anyone() -> None:
    """Of nobody in training, of any scale, and of nothing."""
    found = create("graph-filter").fit(Dataset.of_weights(checkerboard())).scorer
    history = sparse.csr_array(
        (np.repeat(np.float32([1, 1e-36, 0]), 3), np.tile([0, 2, 4], 3), [0, 3, 6, 9]), (3, 24)
    )
    scores = found.score_histories(history)
    assert set(np.argsort(-scores[0])[:12].tolist()) == set(range(0, 24, 2))
    np.testing.assert_allclose(scores[0], scores[1], rtol=1e-5, atol=1e-6)
    assert not scores[2].any()


def test_of_a_large_catalogue_a_filter_holds_the_largest_pairs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    graph = purchases_and_views(2)
    whole = create("graph-filter").fit(Dataset.of_weights(graph)).scorer
    monkeypatch.setattr("graphrec.models.graph_filter.scorer.DENSE_UP_TO", 0)
    monkeypatch.setattr("graphrec.models.graph_filter.nearest.PRODUCTS_AT_ONCE", 30)
    for count in (4, 99):
        model = create("graph-filter", {"neighbours": count})
        found = model.fit(Dataset.of_weights(graph)).scorer.items.pairs
        assert sparse.issparse(found)
        assert found.has_canonical_format
        shared = (graph.matrix.T @ graph.matrix).toarray() > 0
        pairs = np.where(shared, np.asarray(whole.items.pairs), 0)
        left_out = np.sort(np.abs(pairs), axis=1)[:, : max(pairs.shape[1] - count, 0)]
        held = shared & (np.abs(pairs) > left_out.max(axis=1, initial=-1)[:, None])
        assert (np.diff(found.indptr) == np.minimum(count, shared.sum(axis=1))).all()
        np.testing.assert_allclose(found.toarray(), np.where(held, pairs, 0), atol=1e-6)


@pytest.mark.parametrize("dense_up_to", [0, 4096])
def test_a_filter_scores_one_history_as_it_scores_many(
    dense_up_to: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graphrec.models.graph_filter.scorer.DENSE_UP_TO", dense_up_to)
    monkeypatch.setattr("graphrec.models.graph_filter.scorer.PART", 2)
    found = (
        create("graph-filter", {"neighbours": 4})
        .fit(Dataset.of_weights(purchases_and_views(2)))
        .scorer
    )
    rng = np.random.default_rng(1)
    for size in (0, 1, 2, 5, 10):
        items = np.sort(rng.choice(10, size, replace=False)).astype(np.int32)
        worth = rng.random(size).astype(np.float32)
        history = sparse.csr_array((worth, items, [0, size]), (1, 10))
        alone = found.score_history(items, worth)
        np.testing.assert_allclose(alone, found.score_histories(history)[0], atol=1e-6)


@pytest.mark.parametrize("dense_up_to", [0, 4096])
def test_a_filter_without_some_users_is_that_of_the_others(
    dense_up_to: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of whose items only the rows are made anew."""
    monkeypatch.setattr("graphrec.models.graph_filter.scorer.DENSE_UP_TO", dense_up_to)
    found = (
        create("graph-filter", {"neighbours": 4})
        .fit(Dataset.of_weights(purchases_and_views(2)))
        .scorer
    )
    left = np.setdiff1d(np.arange(20), [3, 17])
    fitted = found.items
    without = replace(fitted, factors=replace(fitted.factors, votes=fitted.factors.votes[left]))
    others = without.without_users(fitted, left)
    for made, anew in zip(_dense(others.pairs), _dense(others.factors.pairs()), strict=True):
        np.testing.assert_allclose(made, anew, atol=1e-6)
    assert not np.allclose(_dense(fitted.pairs), _dense(others.pairs), atol=1e-6)


def _dense(pairs: Pairs) -> NDArray[np.float32]:
    found: NDArray[np.float32] = pairs.toarray() if sparse.issparse(pairs) else np.asarray(pairs)
    return found


@pytest.mark.parametrize("name", ["graph-filter", "svd", "rp3beta", "ease", "ials"])
def test_without_any_likes_all_scores_are_alike(name: str) -> None:
    if name == "ials":
        pytest.importorskip("implicit")
    graph = Graph(Interactions.of(["a", "b"], ["x", "y"], [0, 0]))
    scores = create(name).fit(Dataset.of_weights(graph)).score(np.array([0, 1], np.int32))
    np.testing.assert_array_equal(scores, np.zeros((2, 2)))


@pytest.mark.parametrize("name", ["graph-filter", "svd", "rp3beta", "ease", "ials"])
def test_weights_that_have_all_but_vanished_rank_as_they_did(name: str) -> None:
    """As after many half-lives."""
    if name == "ials":
        pytest.importorskip("implicit")
    graph = purchases_and_views(3)
    log = graph.interactions
    faded = graph.with_interactions(replace(log, weight=log.weight * np.float32(1e-30)))
    rows = np.arange(20, dtype=np.int32)
    now, then = (create(name).fit(Dataset.of_weights(of)).score(rows) for of in (graph, faded))
    assert np.ptp(now) > 0
    np.testing.assert_allclose(then / np.ptp(then), now / np.ptp(now), atol=1e-3)


def test_svd_embeds_a_new_user_as_it_does_its_own() -> None:
    found = create("svd", {"dim": 4}).fit(Dataset.of_weights(checkerboard())).scorer
    embedded = [found.encoder.embed(checkerboard().matrix[[u]].indices) for u in range(24)]
    np.testing.assert_allclose(embedded, found.user, atol=1e-5)


def test_ease_is_the_regression_of_each_item_on_the_others() -> None:
    """Steck's closed form is ridge regression, with 0 for the item itself."""
    liked = checkerboard().matrix.toarray().astype(np.float64)
    found = create("ease", {"regularization": 2.0}).fit(Dataset.of_weights(checkerboard())).scorer
    others = np.delete(liked, 5, axis=1)
    weight = np.linalg.solve(others.T @ others + 2 * np.eye(23), others.T @ liked[:, 5])
    np.testing.assert_allclose(np.delete(found.items.weights[:, 5], 5), weight, atol=1e-5)
    assert not np.diag(found.items.weights).any()


def test_ease_refuses_a_catalogue_that_it_would_choke_on() -> None:
    count = MAX_ITEMS + 1
    log = Interactions.of(["a"] * count, [str(i) for i in range(count)])
    with pytest.raises(DataError, match=f"ease on {count} items: expected at most {MAX_ITEMS}"):
        create("ease").fit(Dataset.of_weights(Graph(log)))


AGGREGATORS = ("degree", "mean", "pooling", "attention")


@pytest.mark.slow
def test_graphsage_embeds_a_new_user_from_their_items_as_it_does_its_own() -> None:
    """The encoder that serves in NumPy gives what the network gives for the same neighbours."""
    pytest.importorskip("dgl")
    graph = checkerboard()
    for rounds, aggregator in itertools.product((1, 2), AGGREGATORS):
        changes = {"dim": 8, "rounds": rounds, "epochs": 3, "negatives": 5, "batches": 2}
        model = create("graphsage", {**changes, "aggregator": aggregator, "learning_rate": 0.05})
        found = model.fit(Dataset.of_weights(graph)).scorer
        embedded = [found.encoder.embed(graph.matrix[[u]].indices) for u in range(24)]
        np.testing.assert_allclose(embedded, found.user, atol=1e-5)


@pytest.mark.parametrize("rounds", [1, 3])
@pytest.mark.parametrize("aggregator", AGGREGATORS)
def test_graphsage_gives_users_in_batches_what_it_gives_them_in_the_full_graph(
    rounds: int, aggregator: str
) -> None:
    """Training sees blocks of a few users with all their neighbours; inference the whole graph."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("dgl")
    from graphrec.data.dgl_graph import liked_by_graph, likes_graph, whole_field
    from graphrec.models.graphsage.batches import edges_of
    from graphrec.models.graphsage.model import GraphSAGE
    from graphrec.models.graphsage.network import Network

    graph = checkerboard()
    matrix, rng = graph.matrix, np.random.default_rng(0)
    config = GraphSAGE(dim=6, rounds=rounds, aggregator=aggregator)
    network = Network(config, graph, np.zeros(24, np.float32), rng)
    likes = likes_graph(matrix)
    with torch.no_grad():
        _, messages = network.items(whole_field(likes, rounds - 1))
        everyone = network.users(likes, messages, np.arange(24, dtype=np.int32), None)
        for users in (np.array([3, 8, 21], np.int32), np.array([5], np.int32)):
            row, edge = edges_of(matrix, users)
            block = liked_by_graph(row, matrix.indices[edge], (len(users), 24))
            found = network.users(block, messages, users, None)
            np.testing.assert_allclose(found.numpy(), everyone.numpy()[users], atol=1e-5)


@pytest.mark.parametrize("rounds", [1, 3])
@pytest.mark.parametrize("aggregator", AGGREGATORS)
def test_a_fanout_that_leaves_nobody_out_gives_the_items_and_gradients_of_the_full_graph(
    rounds: int, aggregator: str
) -> None:
    """Neighbour sampling is another way to compute the same, for the items that it is asked for."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("dgl")
    from graphrec.data.dgl_graph import likes_graph, sampled_field, whole_field
    from graphrec.models.graphsage.model import GraphSAGE
    from graphrec.models.graphsage.network import Network

    graph, rng = checkerboard(), np.random.default_rng(0)
    config = GraphSAGE(dim=6, rounds=rounds, aggregator=aggregator)  # type: ignore[arg-type]
    network = Network(config, graph, np.ones(24, np.float32), rng)
    for parameter in network.aggregator.parameters():
        torch.nn.init.normal_(parameter, generator=torch.Generator().manual_seed(0))
    likes, asked = likes_graph(graph.matrix), np.array([2, 3, 11])
    found = []
    for field, rows in (
        (whole_field(likes, rounds - 1), asked),
        (sampled_field(likes, asked, rounds - 1, 24, 0), np.arange(3)),
    ):
        network.zero_grad()
        items, messages = network.items(field)
        (items[rows] ** 2 * torch.arange(1, 8)).sum().add(messages[rows].sum()).backward()
        gradients = [p.grad.clone() for p in network.parameters() if p.grad is not None]
        found.append([items.detach()[rows], messages.detach()[rows], *gradients])
    full, sampled = found
    for one, other in zip(full, sampled, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("rounds", "loss"), [(1, "softmax"), (2, "softmax"), (2, "bpr")])
@pytest.mark.slow
def test_a_fanout_that_leaves_nobody_out_learns_the_model_of_the_full_graph(
    rounds: int, loss: str
) -> None:
    pytest.importorskip("dgl")
    changes = {"dim": 6, "rounds": rounds, "loss": loss, "epochs": 2, "negatives": 5, "batches": 2}
    full, large, small = (
        create("graphsage", {**changes, "fanout": fanout})
        .fit(Dataset.of_weights(checkerboard()))
        .scorer
        for fanout in (None, 24, 2)
    )
    np.testing.assert_allclose(large.user, full.user, atol=1e-5)
    np.testing.assert_allclose(large.item, full.item, atol=1e-5)
    assert np.abs(small.user - full.user).max() > 1e-4


@pytest.mark.slow
def test_popularity_lengthens_item_vectors_and_leaves_their_bias() -> None:
    pytest.importorskip("dgl")
    graph = purchases_and_views(1)
    changes = {"dim": 4, "epochs": 2, "negatives": 5}
    plain, louder = (
        create("graphsage", {**changes, "popularity_exponent": exponent})
        .fit(Dataset.of_weights(graph))
        .scorer
        for exponent in (0, 0.5)
    )
    degree = np.bincount(graph.matrix.indices, minlength=len(graph.items))
    assert len(np.unique(degree)) > 1
    expected = plain.item[:, :-1] * (1 + degree[:, None]) ** 0.5
    np.testing.assert_allclose(louder.item[:, :-1], expected, rtol=1e-5)
    np.testing.assert_array_equal(louder.item[:, -1], plain.item[:, -1])
    np.testing.assert_array_equal(louder.user, plain.user)


def test_one_seed_samples_one_neighbourhood() -> None:
    pytest.importorskip("dgl")
    changes = {"dim": 4, "rounds": 2, "epochs": 2, "negatives": 5, "batches": 2}
    model = create("graphsage", {**changes, "fanout": 2})
    one, same, other = (
        model.fit(Dataset.of_weights(checkerboard()), seed).scorer.user for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_mf_embeds_a_new_user_as_the_mean_of_their_items() -> None:
    """With 1 before the bias, however many items there are, as its own users have."""
    pytest.importorskip("torch")
    found = create("mf", {"dim": 4, "epochs": 2}).fit(Dataset.of_weights(checkerboard())).scorer
    items = np.array([0, 2, 6], np.int32)
    np.testing.assert_allclose(
        found.encoder.embed(items), [*found.item[items, :-1].mean(axis=0), 1], rtol=1e-5
    )
    assert found.encoder.embed(items[:0]).tolist() == [0, 0, 0, 0, 1]
    assert (found.user[:, -1] == 1).all()


@pytest.mark.slow
def test_a_session_of_even_items_is_recommended_even_items_by_mf() -> None:
    pytest.importorskip("torch")
    changes = {"dim": 8, "learning_rate": 0.02, "weight_decay": 0.0}
    found = create("mf", changes).fit(Dataset.of_weights(checkerboard())).scorer
    score = found.item @ found.encoder.embed(np.array([0, 2, 4], np.int32))
    assert set(np.argsort(-score)[:12].tolist()) == set(range(0, 24, 2))


def purchases_and_views(worth: float) -> Graph:
    """Items are bought or viewed, at random; a purchase is worth so many views."""
    rng = np.random.default_rng(5)
    users, items = (rng.random((20, 10)) < 0.4).nonzero()
    log = Interactions.of([f"{u:02}" for u in users], [f"{i:02}" for i in items],
                          kind=rng.choice(["purchase", "view"], len(users)).tolist())  # fmt: skip
    return weigh(Graph(log.sorted()), {"purchase": KindPolicy(weight=worth)})


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("popularity", {}),
        ("recent-popularity", {}),
        ("item-knn", {}),
        ("user-knn", {}),
        ("rp3beta", {}),
        ("graph-filter", {}),
        ("svd", {"dim": 4}),
        ("ials", {"dim": 4}),
        ("ease", {"regularization": 5.0}),
        ("mf", {"dim": 4, "epochs": 2}),
        ("mf", {"dim": 4, "epochs": 2, "loss": "bpr"}),
        ("neumf", {"dim": 4, "mlp_dim": 4, "epochs": 2, "pretrain_epochs": 1}),
        ("graphsage", {"dim": 4, "epochs": 2, "negatives": 5}),
    ],
)
def test_what_a_kind_is_worth_reaches_every_model(name: str, changes: dict[str, object]) -> None:
    try:
        model = create(name, changes)
    except MissingExtra as error:
        pytest.skip(str(error))
    rows = np.arange(20, dtype=np.int32)
    equal, dear = (
        model.fit(Dataset.of_weights(purchases_and_views(worth))).score(rows) for worth in (1, 5)
    )
    assert not np.allclose(equal, dear, rtol=0.01)


@pytest.mark.parametrize("model", [ItemKNN, UserKNN])
@pytest.mark.parametrize("similarity", ["cosine", "jaccard", "pearson"])
def test_neighbours_rank_by_equal_weights_as_without_any(
    model: type[ItemKNN] | type[UserKNN], similarity: Similarity
) -> None:
    """A factor common to all weights, here 4, scales all scores alike."""
    graph = purchases_and_views(1)
    log = graph.interactions
    dear = graph.with_interactions(replace(log, weight=4 * log.weight))
    rows, rng = np.arange(20, dtype=np.int32), np.random.default_rng(0)
    fitted = model(similarity=similarity, neighbours=3).fit(Dataset.of_weights(dear), rng).scorer
    binary = (
        model(similarity=similarity, neighbours=3, weighting="binary")
        .fit(Dataset.of_weights(graph), rng)
        .scorer
    )
    kept = [
        each.similarity if isinstance(each, UserKNNScorer) else each.items.weights
        for each in (fitted, binary)
    ]
    np.testing.assert_array_equal(kept[0].indices, kept[1].indices)
    scores, expected = fitted.score(rows), binary.score(rows)
    np.testing.assert_allclose(scores * expected.max(), expected * scores.max(), rtol=1e-4)


@pytest.mark.slow
def test_graphsage_knows_a_user_without_events_by_their_features() -> None:
    pytest.importorskip("dgl")
    graph = checkerboard()
    log = graph.interactions
    parity = Attribute("category", tuple("even" if u % 2 == 0 else "odd" for u in range(24)))
    silent = Graph(log.take(log.user < 22), {"user": {"parity": parity}})
    changes = {"dim": 8, "negatives": 20, "learning_rate": 0.02, "batches": 2, "epochs": 20}
    model = create("graphsage", changes)
    even, odd = model.fit(Dataset.of_weights(silent)).score(np.array([22, 23], np.int32))
    assert even[0::2].mean() > even[1::2].mean()
    assert odd[1::2].mean() > odd[0::2].mean()


@pytest.mark.parametrize(
    ("name", "changes"), [("mf", {}), ("mf", {"loss": "bpr"}), ("neumf", {"pretrain_epochs": 1})]
)
def test_train_yields_the_models_of_fewer_epochs(name: str, changes: dict[str, object]) -> None:
    """A run of n epochs is the beginning of a longer one: that is what choosing epochs rests on."""
    pytest.importorskip("torch")
    graph, rows = checkerboard(), np.arange(24, dtype=np.int32)
    long, short = (create(name, {"dim": 4, **changes, "epochs": n}) for n in (4, 2))
    scorers = list(long.train(Dataset.of_weights(graph), 3))
    expected = short.fit(Dataset.of_weights(graph), 3).score(rows)
    np.testing.assert_array_equal(scorers[1].score(rows), expected)
    assert not np.array_equal(scorers[3].score(rows), expected)


def test_neumf_starts_as_the_weighted_mean_of_its_branches() -> None:
    """With a rate that changes nothing: the paper's fusion, α of GMF and 1 - α of MLP."""
    pytest.importorskip("torch")
    graph, rows = checkerboard(), np.arange(24, dtype=np.int32)
    small = {"dim": 4, "mlp_dim": 4, "pretrain_epochs": 3, "epochs": 1, "learning_rate": 1e-30}
    mixed, gmf, mlp = (
        create("neumf", {**small, "gmf_share": share}).fit(Dataset.of_weights(graph), 2).scorer
        for share in (0.25, 1.0, 0.0)
    )
    expected = 0.25 * gmf.score(rows) + 0.75 * mlp.score(rows)
    np.testing.assert_allclose(mixed.score(rows), expected, rtol=1e-4, atol=1e-5)
    assert not np.allclose(gmf.score(rows), mlp.score(rows))


def test_neumf_scores_alike_in_blocks_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    neumf = pytest.importorskip("graphrec.models.neumf")
    rows = np.arange(24, dtype=np.int32)
    model = create("neumf", {"dim": 4, "epochs": 1, "pretrain_epochs": 0})
    fitted = model.fit(Dataset.of_weights(checkerboard())).scorer
    whole = fitted.score(rows)
    monkeypatch.setattr(neumf, "BLOCK_FLOATS", 24 * 64 * 5)
    np.testing.assert_allclose(fitted.score(rows), whole, rtol=1e-5, atol=1e-6)


def test_a_user_without_positives_is_ranked_by_popularity_alone() -> None:
    pytest.importorskip("torch")
    full = checkerboard()
    graph = full.with_interactions(full.interactions.take(full.interactions.user > 1))
    for name in ("mf", "neumf"):
        fitted = create(name, {"epochs": 1}).fit(Dataset.of_weights(graph)).scorer
        scores = fitted.score(np.array([0, 1], np.int32))
        np.testing.assert_array_equal(scores[0], scores[1])


@pytest.mark.parametrize("name", MODELS)
def test_models_are_created_by_name_and_frozen(name: str) -> None:
    try:
        model = create(name)
    except MissingExtra as error:
        pytest.skip(str(error))
    assert hash(model) == hash(create(name))
    learned = ("mf", "neumf", "graphsage", "sasrec", "gru4rec", "caser", "two-tower")
    assert isinstance(model, EpochModel) == (name in learned)


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("item-nn", {}, "'item-nn' is unknown: expected one of random, popularity"),
        ("item-knn", {"neighbors": 3}, "models.item-knn.neighbors is unknown: expected"),
        ("item-knn", {"similarity": "cosinus"}, "models.item-knn.similarity = 'cosinus'"),
        ("mf", {"dim": 0, "epochs": -1}, "models.mf.dim = 0: *models.mf.epochs = -1: "),
    ],
)
def test_wrong_names_and_values_are_settings_errors(
    name: str, values: dict[str, object], message: str
) -> None:
    if name == "mf":
        pytest.importorskip("torch")
    with pytest.raises(SettingsError, match=".*".join(message.split("*"))):
        create(name, values)


SEQUENCE = {
    "dim": 0,
    "length": 0,
    "epochs": 0,
    "negatives": 0,
    "negative_exponent": -1,
    "batch_size": 0,
    "learning_rate": 0,
    "weight_decay": -1,
    "warmup_steps": -1,
    "dropout": 1.0,
    "averaged": 1.0,
}

ATTENTION = {
    **SEQUENCE,
    "layers": 0,
    "heads": 0,
    "widening": 0,
    "filter_share": 1.5,
    "frequencies": 0,
}

OUT_OF_RANGE = {
    "sasrec": ATTENTION,
    "two-tower": {**ATTENTION, "identity_dropout": 1.0},
    "gru4rec": {**SEQUENCE, "layers": 0, "hidden": 0},
    "caser": {**SEQUENCE, "layers": 0, "width": 0},
    "popularity": {"half_life_share": -1},
    "recent-popularity": {"half_life_share": -1},
    "item-knn": {
        "neighbours": 0,
        "shrinkage": -1,
        "user_exponent": -1,
        "history_exponent": -0.1,
        "target_exponent": np.nan,
    },
    "user-knn": {
        "neighbours": 0,
        "shrinkage": np.inf,
        "item_exponent": -1,
        "neighbour_exponent": -1,
    },
    "rp3beta": {"alpha": 0, "beta": -1, "neighbours": 0},
    "graph-filter": {
        "user_exponent": -1,
        "history_exponent": -1,
        "target_exponent": np.inf,
        "saturation": -1,
        "dim": 0,
        "neighbours": 0,
        "flatness": -1,
        "low_pass": -1,
    },
    "svd": {"dim": 0, "user_exponent": -1, "history_exponent": -1, "target_exponent": -1},
    "ials": {"dim": 0, "alpha": 0, "regularization": -1, "sweeps": 0},
    "ease": {"regularization": 0},
    "mf": {
        "dim": 0,
        "epochs": 0,
        "negatives": 0,
        "negative_exponent": -1,
        "batch_size": 0,
        "users_per_batch": 0,
        "learning_rate": 0,
        "weight_decay": -1,
        "l2": -1,
        "warmup_steps": -1,
        "recent_share": -0.1,
        "profile_half_life_share": -1,
        "half_life_share": -1,
    },
    "neumf": {
        "dim": 0,
        "mlp_dim": 0,
        "layers": 0,
        "epochs": 0,
        "pretrain_epochs": -1,
        "gmf_share": 1.1,
        "negatives": 0,
        "negative_exponent": -1,
        "batch_size": 0,
        "learning_rate": 0,
        "gmf_learning_rate": 0,
        "mlp_learning_rate": np.inf,
        "l2": -1,
        "dropout": 1,
        "warmup_steps": -1,
        "recent_share": -0.1,
        "profile_half_life_share": -1,
        "half_life_share": -1,
    },
    "graphsage": {
        "dim": 0,
        "epochs": 0,
        "rounds": 0,
        "fanout": 0,
        "negatives": 0,
        "negative_exponent": -1,
        "batches": 0,
        "supervision_share": 1,
        "temperature": 0,
        "averaged": 1,
        "learning_rate": np.nan,
        "weight_decay": -1,
        "warmup_steps": -1,
        "dropout": 1,
        "popularity_exponent": -1,
        "half_life_share": -1,
        "identity_dropout": 1.5,
        "short_history_share": 1.5,
    },
    "random": {},
    "content-knn": {"neighbours": 0},
}


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [(name, key, value) for name, bad in OUT_OF_RANGE.items() for key, value in bad.items()],
)
def test_a_number_out_of_its_range_is_a_settings_error(name: str, key: str, value: float) -> None:
    try:
        create(name)
    except MissingExtra as error:
        pytest.skip(str(error))
    with pytest.raises(SettingsError, match=rf"models\.{name}\.{key} = .*: Input should be"):
        create(name, {key: value})


@pytest.mark.parametrize("name", MODELS)
def test_every_number_has_a_range(name: str) -> None:
    try:
        model = create(name)
    except MissingExtra as error:
        pytest.skip(str(error))
    numbers = {field.name for field in fields(model) if "Literal" not in str(field.type)}
    words = {"similarity", "weighting", "loss", "aggregator", "text_encoder", "encoding"}
    names = {"without_relations", "targets", "texts"}
    assert numbers - words - names == set(OUT_OF_RANGE[name])
