"""The one training loop."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest

torch = pytest.importorskip("torch")

from graphrec.errors import TrainingError  # noqa: E402
from graphrec.models.training.loop import train_epochs  # noqa: E402


def quadratic(parameter: torch.Tensor, target: float) -> torch.Tensor:
    return ((parameter - target) ** 2).sum()


def test_it_learns_and_tells_the_mean_loss_of_each_epoch() -> None:
    parameter = torch.zeros(1, requires_grad=True)
    losses = list(
        train_epochs(
            [parameter],
            lambda: [1.0, 3.0],
            lambda target: quadratic(parameter, target),
            epochs=300,
            learning_rate=0.05,
        )
    )
    assert len(losses) == 300
    assert parameter.item() == pytest.approx(2, abs=0.1)  # between the two
    assert losses[-1] == pytest.approx(1, abs=0.1)
    assert losses[0] > 4


def test_it_yields_after_each_epoch_and_asks_for_batches_anew() -> None:
    parameter = torch.zeros(1, requires_grad=True)
    asked: list[int] = []

    def batches() -> Iterator[float]:
        asked.append(len(asked))
        yield from (1.0, 2.0)

    epochs = train_epochs(
        [parameter], batches, lambda t: quadratic(parameter, t), epochs=3, learning_rate=0.1
    )
    assert asked == []
    seen = [parameter.item()]
    for done, _ in enumerate(epochs, start=1):
        assert len(asked) == done
        seen.append(parameter.item())
    assert len(seen) == 4
    assert seen == sorted(set(seen))  # each epoch took it nearer


def test_the_mean_is_over_batches_of_the_loss_before_each_step() -> None:
    parameter = torch.zeros(1, requires_grad=True)
    [loss] = train_epochs(
        [parameter], lambda: [1.0, 2.0], lambda t: t + 0 * parameter.sum(), epochs=1,
        learning_rate=0.1,
    )  # fmt: skip
    assert loss == 1.5


def steps_taken(warmup_steps: int, batches: int, epochs: int) -> list[float]:
    """How far Adam goes with each batch under a constant gradient: its learning rate."""
    parameter = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    places = []

    def loss_of(_: int) -> torch.Tensor:
        places.append(parameter.item())
        return parameter.sum()

    for _ in train_epochs(
        [parameter], lambda: range(batches), loss_of, epochs=epochs, learning_rate=0.1,
        warmup_steps=warmup_steps,
    ):  # fmt: skip
        pass
    places.append(parameter.item())
    return [before - after for before, after in pairwise(places)]


def test_the_learning_rate_rises_linearly_and_then_stays() -> None:
    rates = steps_taken(warmup_steps=4, batches=3, epochs=3)  # across the end of an epoch
    assert rates == pytest.approx([0.02, 0.04, 0.06, 0.08, 0.1, 0.1, 0.1, 0.1, 0.1], rel=1e-4)


def test_without_warm_up_the_first_step_is_a_whole_one() -> None:
    assert steps_taken(warmup_steps=0, batches=2, epochs=1) == pytest.approx([0.1, 0.1], rel=1e-4)


def test_a_short_run_is_the_beginning_of_a_longer_one() -> None:
    short = steps_taken(warmup_steps=5, batches=2, epochs=2)
    assert steps_taken(warmup_steps=5, batches=2, epochs=4)[: len(short)] == short


def test_weight_decay_draws_to_zero() -> None:
    parameter = torch.ones(1, requires_grad=True)
    for _ in train_epochs(
        [parameter], lambda: [0] * 50, lambda _: 0 * parameter.sum(), epochs=1, learning_rate=0.01,
        weight_decay=0.1,
    ):  # fmt: skip
        pass
    assert parameter.item() < 0.7


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_a_loss_that_is_not_finite_is_refused_and_reaches_no_parameter(bad: float) -> None:
    parameter = torch.zeros(1, requires_grad=True)
    before: list[float] = []

    def loss_of(factor: float) -> torch.Tensor:
        before.append(parameter.item())
        return parameter.sum() + (0 if factor == 1 else factor)

    epochs = train_epochs(
        [parameter], lambda: [1.0, 1.0] if len(before) < 2 else [1.0, bad, 1.0], loss_of,
        epochs=3, learning_rate=0.1,
    )  # fmt: skip
    next(epochs)
    with pytest.raises(TrainingError, match=r"loss in epoch 2 is .*lower learning_rate than 0\.1"):
        next(epochs)
    assert len(before) == 4  # the batch after it was not asked about
    assert parameter.item() == before[-1]
    assert torch.isfinite(parameter).all()


def test_an_epoch_without_batches_changes_nothing() -> None:
    """A log whose events are all below the threshold has nothing to ask about."""
    parameter = torch.ones(1, requires_grad=True)
    losses = list(
        train_epochs([parameter], list, lambda _: parameter.sum(), epochs=2, learning_rate=1)
    )
    assert losses == [0, 0]
    assert parameter.item() == 1
