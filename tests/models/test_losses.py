"""Losses against loops that spell the formulas out, and at the ends of what floats hold."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from graphrec.models.training.losses import bpr, pointwise, shared_softmax  # noqa: E402

Scores = list[float]
SCORE = st.floats(-15, 15, width=32)


@st.composite
def batches(draw: st.DrawFn) -> tuple[Scores, list[Scores], Scores]:
    """B positives, [B, N] negatives and N log rates."""
    pairs, negatives = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    row = st.lists(SCORE, min_size=negatives, max_size=negatives)
    positive = draw(st.lists(SCORE, min_size=pairs, max_size=pairs))
    return positive, [draw(row) for _ in positive], draw(row)


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def value(loss: Callable[..., torch.Tensor], *arguments: object) -> float:
    result = loss(*(torch.tensor(argument, dtype=torch.float64) for argument in arguments))
    assert result.shape == ()
    return float(result)


@given(batches())
def test_bpr_is_the_mean_over_all_pairs_of_positive_and_negative(
    batch: tuple[Scores, list[Scores], Scores],
) -> None:
    positive, negative, _ = batch
    terms = [
        -math.log(sigmoid(p - n)) for p, row in zip(positive, negative, strict=True) for n in row
    ]
    assert value(bpr, positive, negative) == pytest.approx(np.mean(terms), rel=1e-9, abs=1e-12)


@given(batches())
def test_pointwise_is_cross_entropy_a_positive(
    batch: tuple[Scores, list[Scores], Scores],
) -> None:
    positive, negative, _ = batch
    liked = [-math.log(sigmoid(p)) for p in positive]
    unseen = [-math.log(sigmoid(-n)) for row in negative for n in row]
    expected = (np.sum(liked) + np.sum(unseen)) / len(liked)
    assert value(pointwise, positive, negative) == pytest.approx(expected, rel=1e-9)


def softmax(positive: torch.Tensor, negative: torch.Tensor, rate: torch.Tensor) -> torch.Tensor:
    """Of users with one positive each."""
    rows = torch.arange(len(positive))
    return shared_softmax(positive, rows, torch.ones_like(positive), negative, rate)


@given(batches())
def test_sampled_softmax_is_the_chance_of_the_positive_among_corrected_negatives(
    batch: tuple[Scores, list[Scores], Scores],
) -> None:
    positive, negative, rate = batch
    terms = [
        -math.log(
            math.exp(p)
            / (math.exp(p) + sum(math.exp(n - r) for n, r in zip(row, rate, strict=True)))
        )
        for p, row in zip(positive, negative, strict=True)
    ]
    found = value(softmax, positive, negative, rate)
    assert found == pytest.approx(np.mean(terms), rel=1e-9, abs=1e-12)


def test_the_correction_makes_the_sampled_sum_that_of_all_items() -> None:
    """Drawn in proportion to popularity and corrected, negatives sum to the same on average."""
    rng = np.random.default_rng(0)
    scores, probability = rng.normal(size=50), rng.dirichlet(np.ones(50))
    drawn = rng.choice(50, 200_000, p=probability)
    rate = np.log(probability[drawn] * len(drawn))
    loss = value(softmax, [0.0], [scores[drawn].tolist()], rate.tolist())
    assert loss == pytest.approx(math.log(1 + np.exp(scores).sum()), rel=0.05)


def test_a_masked_negative_counts_for_nothing() -> None:
    """GraphSAGE masks negatives that the user has met."""
    masked = value(softmax, [1.0], [[0.5, -1e30]], [0.0, 0.0])
    assert masked == pytest.approx(value(softmax, [1.0], [[0.5]], [0.0]))
    scores = torch.tensor([[0.5, -1e30]], requires_grad=True)
    softmax(torch.ones(1), scores, torch.zeros(2)).backward()
    assert scores.grad is not None
    assert scores.grad[0, 1] == 0
    alone = torch.tensor([2.0], requires_grad=True)
    softmax(alone, torch.full((1, 2), -1e30), torch.zeros(2)).backward()
    assert alone.grad is not None
    assert alone.grad.item() == 0  # nothing to tell it from, nothing to learn


LOSSES: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "bpr": bpr,
    "pointwise": pointwise,
    "softmax": lambda p, n: softmax(p, n, torch.zeros(n.shape[1])),
}


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("gap", [0.0, 1e-30, 100.0, 1e4, 1e30])
@pytest.mark.parametrize("sign", [1, -1])
def test_losses_and_gradients_stay_finite_at_the_extremes(name: str, gap: float, sign: int) -> None:
    """Where exp and log of the formulas would overflow."""
    positive = torch.tensor([sign * gap, 0.0], requires_grad=True)
    negative = torch.tensor([[-sign * gap, 0.0], [gap, -gap]], requires_grad=True)
    loss = LOSSES[name](positive, negative)
    loss.backward()
    assert torch.isfinite(loss)
    assert loss >= 0
    for scores in (positive, negative):
        assert scores.grad is not None
        assert torch.isfinite(scores.grad).all()


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_push_positives_up_and_negatives_down(name: str) -> None:
    positive = torch.zeros(3, requires_grad=True)
    negative = torch.zeros(3, 2, requires_grad=True)
    LOSSES[name](positive, negative).backward()
    assert positive.grad is not None
    assert negative.grad is not None
    assert (positive.grad < 0).all()  # descent goes against it
    assert (negative.grad > 0).all()


def test_the_negatives_of_a_user_serve_each_of_their_positives() -> None:
    rng = np.random.default_rng(0)
    row = torch.tensor([0, 0, 2])
    positive, rate = torch.from_numpy(rng.normal(size=3)), torch.from_numpy(rng.normal(size=4))
    negative = torch.from_numpy(rng.normal(size=(3, 4)))
    found = shared_softmax(positive, row, torch.ones(3), negative, rate)
    assert float(found) == pytest.approx(float(softmax(positive, negative[row], rate)))
    first = shared_softmax(positive, row, torch.tensor([1.0, 0, 0]), negative, rate)
    alone = softmax(positive[:1], negative[:1], rate)
    assert float(first) == pytest.approx(float(alone))
