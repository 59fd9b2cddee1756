"""What serves in NumPy against what is trained in torch, and neither looks ahead."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from graphrec.data import Graph, Interactions  # noqa: E402
from graphrec.data.dataset import Dataset  # noqa: E402
from graphrec.data.sequences import GAPS  # noqa: E402
from graphrec.models.sequence.caser import Caser, Convolutions  # noqa: E402
from graphrec.models.sequence.gru4rec import GRU4Rec, Recurrence  # noqa: E402
from graphrec.models.sequence.sasrec import Attention, SASRec  # noqa: E402
from graphrec.models.sequence.scorer import SequenceEncoder  # noqa: E402

NETWORKS: list[Any] = [
    (SASRec(dim=8, length=12), Attention),
    (SASRec(dim=8, length=12, heads=4, layers=1, widening=1, encoding="both"), Attention),
    (SASRec(dim=8, length=12, filter_share=0.7, layers=3, encoding="none"), Attention),
    (SASRec(dim=8, length=12, encoding="gap"), Attention),
    (GRU4Rec(dim=8, length=12, hidden=16), Recurrence),
    (GRU4Rec(dim=8, length=12, hidden=5, layers=2), Recurrence),
    (Caser(dim=8, length=12), Convolutions),
    (Caser(dim=8, length=12, layers=4, width=2), Convolutions),
]


def network_of(model: Any, kind: Any) -> Any:
    """With weights large enough to matter."""
    noise = torch.Generator().manual_seed(1)
    made = kind(model, noise)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=noise) * 0.3)
    return made


def histories(count: int, dim: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    vectors = rng.normal(size=(count, 12, dim)).astype(np.float32)
    return vectors, rng.integers(0, GAPS, (count, 12)).astype(np.uint8)


def trained(network: Any, vectors: np.ndarray, gaps: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        states = network(torch.from_numpy(vectors), torch.from_numpy(gaps).long(), None)
    found: np.ndarray = states.numpy()
    return found


@pytest.mark.parametrize(("model", "kind"), NETWORKS)
def test_numpy_gives_what_torch_gives_in_a_batch_of_any_lengths_and_alone(
    model: Any, kind: Any
) -> None:
    network = network_of(model, kind)
    layers = network.layers()
    vectors, gaps = histories(12, model.dim)
    counts = np.arange(1, 13)
    states = trained(network, vectors, gaps)[np.arange(12), counts - 1]
    np.testing.assert_allclose(layers.last(vectors, gaps, counts), states, atol=1e-5)
    for row, count in enumerate(counts.tolist()):
        cut = np.s_[row : row + 1, :count]
        alone = layers.last(vectors[cut], gaps[cut], counts[row : row + 1])
        np.testing.assert_allclose(alone[0], states[row], atol=1e-5)


@pytest.mark.parametrize(("model", "kind"), NETWORKS)
def test_changing_later_items_changes_no_earlier_output(model: Any, kind: Any) -> None:
    network = network_of(model, kind)
    vectors, gaps = histories(3, model.dim)
    before = trained(network, vectors, gaps)
    for place in (1, 6, 11):
        changed, other = vectors.copy(), gaps.copy()
        changed[:, place:] *= -2
        other[:, place:] = 7
        after = trained(network, changed, other)
        np.testing.assert_array_equal(after[:, :place], before[:, :place])
        assert (np.abs(after[:, place] - before[:, place]) > 1e-3).any()


@pytest.mark.parametrize(("model", "kind"), NETWORKS)
def test_packed_histories_have_the_outputs_of_padded_ones(model: Any, kind: Any) -> None:
    """A batch is as wide as its longest history: what comes after a shorter one counts nothing."""
    network = network_of(model, kind)
    vectors, gaps = histories(2, model.dim)
    padded = trained(network, vectors, gaps)
    packed = trained(network, vectors[:, :5], gaps[:, :5])
    np.testing.assert_allclose(packed, padded[:, :5], atol=1e-6)


def test_an_encoder_looks_at_the_last_items_that_training_knew() -> None:
    graph = Graph(Interactions.of(list("uuuuvvv"), list("abcdabd"), time=range(7)))
    data = Dataset.of_weights(replace(graph, interactions=graph.interactions))
    for model in (SASRec(dim=4, length=2, epochs=1), GRU4Rec(dim=4, length=2, epochs=1)):
        encoder = model.fit(data).scorer.encoder
        times = np.arange(4)
        long = encoder.encode(np.array([0, 1, 2, 3], np.int32), times)
        np.testing.assert_allclose(
            long, encoder.encode(np.array([2, 3], np.int32), times[2:]), atol=1e-6
        )
        extended = replace(encoder, items=np.pad(encoder.items, ((0, 1), (0, 0))))
        with_new = extended.encode(np.array([2, 4, 3], np.int32), times[1:])
        np.testing.assert_allclose(long, with_new, atol=1e-6)
        scores = extended.score(long)
        assert scores[4] == scores[:4].min()
        assert not encoder.encode(np.empty(0, np.int32), times[:0]).any()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "kind"),
    [
        (SASRec(), Attention),
        (SASRec(filter_share=0.7), Attention),
        (GRU4Rec(), Recurrence),
        (Caser(), Convolutions),
    ],
)
def test_a_history_of_fifty_is_encoded_in_a_few_floors(model: Any, kind: Any) -> None:
    """Against products of matrices of the same size, timed beside it, so that load counts less."""
    layers = network_of(model, kind).layers()
    rng = np.random.default_rng(0)
    items = rng.normal(size=(100, 64)).astype(np.float32)
    encoder = SequenceEncoder(items, layers, 50)
    history, times = np.arange(50, dtype=np.int32), np.arange(50)
    wide = rng.normal(size=(64, 256)).astype(np.float32)

    def best(work: Any) -> float:
        seconds = []
        for _ in range(30):
            began = perf_counter()
            work()
            seconds.append(perf_counter() - began)
        return min(seconds)

    floor = best(lambda: [items[:50] @ wide for _ in range(8)])
    assert best(lambda: encoder.encode(history, times)) < max(30 * floor, 0.002)
