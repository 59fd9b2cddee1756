"""The training loop: Adam, with a warm-up of the learning rate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import torch
from torch import Tensor

from graphrec.errors import TrainingError

Batch = TypeVar("Batch")


def train_epochs(
    parameters: Iterable[Tensor],
    batches: Callable[[], Iterable[Batch]],
    loss_of: Callable[[Batch], Tensor],
    *,
    epochs: int,
    learning_rate: float,
    weight_decay: float = 0.0,
    warmup_steps: int = 0,
    fused: bool = False,
    after_step: Callable[[], None] | None = None,
) -> Iterator[float]:
    """Train with Adam, yielding the mean loss after each epoch.

    The learning rate rises linearly over the first `warmup_steps` batches and then stays, so that
    a run of n epochs is the beginning of a run of more. `after_step` is called after each batch,
    as to average parameters. `fused` takes torch's step in one pass over the parameters, which is
    faster, and rounds otherwise. Raises TrainingError for a loss that is not
    finite, before it reaches the parameters.
    """
    optimiser = torch.optim.Adam(
        parameters, lr=learning_rate, weight_decay=weight_decay, fused=fused
    )
    warmup = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1.0, (step + 1) / (warmup_steps + 1))
    )
    for epoch in range(1, epochs + 1):
        losses = []
        for batch in batches():
            loss = loss_of(batch)
            if not torch.isfinite(loss):
                raise TrainingError(
                    f"loss in epoch {epoch} is {loss.item()}: expected a finite number; "
                    f"try a lower learning_rate than {learning_rate:g}"
                )
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            warmup.step()
            if after_step:
                after_step()
            losses.append(loss.item())
        yield sum(losses) / max(len(losses), 1)
