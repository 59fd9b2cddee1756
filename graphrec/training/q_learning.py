"""Q-learning from a log of lists: what a place is worth with an item, and what follows from it.

The value of a list is the sum over its places of how likely each is looked at times the value of
its item, as of SlateQ (Ie et al., IJCAI 2019). It is learned by double DQN (van Hasselt, Guez &
Silver, AAAI 2016): the network chooses the next list, and a copy from some steps ago, the target,
says what it is worth. Returns are of n steps (Sutton & Barto, "Reinforcement learning", 2nd
edition, chapter 7). As the lists are those of a log, which does not answer to what the network
would show, values of what was not shown are kept low by conservative Q-learning (Kumar et al.,
NeurIPS 2020).
Batches are replayed from the whole log.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from graphrec.models.hyper_parameters import Count, NotNegative, Part, Rate
from graphrec.models.training.loop import train_epochs
from graphrec.ranking.q_network.network import forward
from graphrec.ranking.q_network.state import FURTHER, Floats, Vectors
from graphrec.ranking.q_network.steps import Step, Table, table


@dataclass(frozen=True)
class QLearning:
    """Hyper-parameters."""

    hidden: Count = 24
    """Outputs of the first layer; the second has half as many."""
    discount: Part = 0.6
    """What the reward of the next list weighs beside that of this one."""
    n_steps: Count = 3
    """Lists whose rewards are taken as they came, before the network says what follows."""
    ridge: Rate = 100.0
    """Penalty of the linear layer that the network starts from."""
    conservative: NotNegative = 0.02
    """Weight of conservative Q-learning."""
    epochs: Count = 8
    """At most: those are taken after which lists of other users are predicted best."""
    valid_share: Part = 0.2
    """Of users, whose lists choose the epochs."""
    batch_size: Count = 256
    """Lists."""
    learning_rate: Rate = 0.001
    weight_decay: NotNegative = 0.003
    vector_scale: Rate = 0.3
    """Of the inputs that are vectors, beside those that are single numbers."""
    target_every: Count = 20
    """Batches after which the target becomes a copy of the network."""

    def fit(self, steps: Sequence[Step], looked_at: Floats, apart: float, seed: int) -> Learned:
        """The network after the last epoch; `looked_at` [K] is how likely each place is looked at.

        Lists of a user that are further than `apart` from each other are not of one course.
        """
        rng = np.random.default_rng(seed)
        noise = torch.Generator().manual_seed(int(rng.integers(2**63)))
        made = table(list(steps), self.n_steps, apart)
        middle, spread = _moments(made, self.vector_scale)
        unit = max(float((made.rewards.sum(axis=1) / made.known).mean()), 1e-6)
        unit /= float(looked_at[: made.shown.shape[1]].sum())  # so that a mean value is about 1
        log = _Log.of(made, middle, spread, looked_at, unit)
        network = _Network(log.inputs.shape[2], self.hidden, noise)
        network.start_from(*_ridge(log, self.ridge))
        target = deepcopy(network)
        users = rng.permutation(int(made.user.max()) + 1)
        held = np.isin(made.user, users[: round(self.valid_share * len(users))])
        to_learn, valid = np.flatnonzero(~held), torch.from_numpy(np.flatnonzero(held))
        turns, best, kept = 0, np.inf, deepcopy(network)

        def after_step() -> None:
            nonlocal turns
            turns += 1
            if turns % self.target_every == 0:
                target.load_state_dict(network.state_dict())

        def batches() -> Iterator[Tensor]:
            size = min(self.batch_size, len(to_learn))
            for _ in range(max(len(to_learn) // self.batch_size, 1)):
                yield torch.from_numpy(rng.choice(to_learn, size))

        for _ in train_epochs(
            network.parameters(),
            batches,
            lambda batch: _loss(self, network, target, log, batch),
            epochs=self.epochs,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            after_step=after_step,
        ):
            with torch.no_grad():
                loss = float(_squared(self, network, target, log, valid))
            if loss < best:
                best, kept = loss, deepcopy(network)
        return _learned(kept, made, middle, spread, unit)


@dataclass(frozen=True)
class Learned:
    """A network that was learned; its fields are as those of `QNetwork`."""

    weights: tuple[Vectors, ...]
    biases: tuple[Vectors, ...]
    wide: Vectors
    middle: Vectors
    spread: Vectors
    scale: float

    def values(self, inputs: Vectors) -> Floats:
        """The values [N] of inputs [N, X]."""
        return forward((inputs - self.middle) / self.spread, self.weights, self.biases, self.wide)

    def relative(self, inputs: Vectors) -> Floats:
        """How much better each is than the mean, in units of the scale."""
        found = self.values(inputs)
        return (found - found.mean()) / self.scale


@dataclass(frozen=True)
class _Log:
    """A table as tensors."""

    inputs: Tensor  # [L, N, X] standardised
    exists: Tensor  # [L, N]
    shown: Tensor  # [L, K] 0 where there is none
    looked: Tensor  # [L, K] 0 where there is none
    rewards: Tensor  # [L, K]
    known: Tensor  # [L]
    following: Tensor  # [L, n]

    @classmethod
    def of(
        cls, made: Table, middle: Vectors, spread: Vectors, looked_at: Floats, unit: float
    ) -> _Log:
        real = made.shown >= 0
        looked = np.where(real, looked_at[: made.shown.shape[1]], 0)
        return cls(
            torch.from_numpy((made.candidates - middle) / spread),
            torch.from_numpy(made.exists),
            torch.from_numpy(np.maximum(made.shown, 0)),
            torch.from_numpy(looked).float(),
            torch.from_numpy(made.rewards / unit).float(),
            torch.from_numpy(made.known).float(),
            torch.from_numpy(made.following),
        )


def _loss(spec: QLearning, network: nn.Module, target: nn.Module, log: _Log, at: Tensor) -> Tensor:
    """The squared error of returns by place, and the conservative term. [B] lists -> []."""
    values = network(log.inputs[at]).masked_fill(~log.exists[at], -1e9)  # [B, N]
    looked = log.looked[at]
    usual = (values.gather(1, log.shown[at]) * looked).sum(1) / looked.sum(1).clamp_min(1e-6)
    conservative: Tensor = (values.logsumexp(1) - usual).mean()
    return _squared(spec, network, target, log, at) + spec.conservative * conservative


def _squared(
    spec: QLearning, network: nn.Module, target: nn.Module, log: _Log, at: Tensor
) -> Tensor:
    """The squared error of returns, by place. [B] lists -> []."""
    looked, known = log.looked[at], log.known[at]
    own = network(log.inputs[at]).gather(1, log.shown[at])  # [B, K]
    with torch.no_grad():
        later = _later(spec, network, target, log, at) / looked.sum(1).clamp_min(1e-6)
        later = later - later.mean()  # what all lists have alike orders nothing
    weight = looked * known[:, None]
    error = log.rewards[at] + weight * later[:, None] - weight * own
    found: Tensor = (error**2 * (looked > 0)).sum(1).mean()
    return found


def _ridge(log: _Log, penalty: float) -> tuple[Floats, float]:
    """The linear layer [X], and its level, that predict the rewards of places best."""
    there = log.looked > 0
    looked = (log.looked * log.known[:, None])[there].numpy().astype(np.float64)
    rows = torch.arange(len(log.known))[:, None].expand_as(log.shown)
    inputs = log.inputs[rows[there], log.shown[there]].numpy().astype(np.float64)
    x = np.column_stack([inputs, np.ones(len(looked))]) * looked[:, None]
    prior = penalty * np.eye(x.shape[1])
    prior[-1, -1] = 1e-6
    found = np.linalg.solve(x.T @ x + prior, x.T @ log.rewards[there].numpy())
    return found[:-1], float(found[-1])


def _later(spec: QLearning, network: nn.Module, target: nn.Module, log: _Log, at: Tensor) -> Tensor:
    """What follows from each of some lists [B]: the returns of the next ones, and their value."""
    following = log.following[at]
    total = torch.zeros(len(at))
    for ahead in range(following.shape[1]):
        there = following[:, ahead] >= 0
        rows = following[:, ahead].clamp_min(0)
        factor = spec.discount ** (ahead + 1)
        if ahead < following.shape[1] - 1:
            total += factor * there * log.rewards[rows].sum(1) / log.known[rows]
            continue
        exists, inputs = log.exists[rows], log.inputs[rows]
        chosen = network(inputs).masked_fill(~exists, -1e9)
        places = min(log.looked.shape[1], chosen.shape[1])
        best = chosen.topk(places, dim=1).indices
        worth = target(inputs).gather(1, best)
        total += factor * there * (worth * log.looked[rows][:, :places]).sum(1)
    return total


class _Network(nn.Module):  # type: ignore[misc]  # torch is not type-checked
    """Two hidden layers, beside a linear one (Cheng et al., "Wide & deep learning", 2016)."""

    def __init__(self, inputs: int, hidden: int, noise: torch.Generator) -> None:
        super().__init__()
        sizes = (inputs, hidden, max(hidden // 2, 1), 1)
        self.layers = nn.ModuleList([nn.Linear(*each) for each in pairwise(sizes)])
        self.wide = nn.Parameter(torch.zeros(inputs))
        with torch.no_grad():
            for layer in self.layers:
                shape = layer.weight.shape
                layer.weight.copy_(torch.randn(shape, generator=noise) * (2 / shape[1]) ** 0.5)
                layer.bias.zero_()
            self.layers[-1].weight.zero_()

    def start_from(self, wide: Floats, level: float) -> None:
        """Be a linear layer at first, with nothing of the others."""
        with torch.no_grad():
            self.wide.copy_(torch.from_numpy(wide))
            self.layers[-1].bias.fill_(level)

    def forward(self, inputs: Tensor) -> Tensor:
        found = inputs
        for layer in self.layers[:-1]:
            found = torch.relu(layer(found))
        return self.layers[-1](found)[..., 0] + inputs @ self.wide


def _learned(
    network: _Network, made: Table, middle: Vectors, spread: Vectors, unit: float
) -> Learned:
    weights = [each.weight.detach().numpy().T.copy() for each in network.layers]
    biases = [each.bias.detach().numpy().copy() for each in network.layers]
    weights[-1], biases[-1] = weights[-1] * np.float32(unit), biases[-1] * np.float32(unit)
    wide = network.wide.detach().numpy() * np.float32(unit)
    found = Learned(tuple(weights), tuple(biases), wide, middle, spread, 1.0)
    spreads = [found.values(e[t]).std() for e, t in zip(made.candidates, made.exists, strict=True)]
    return replace(found, scale=max(float(np.mean(spreads)), 1e-9))


def _moments(made: Table, vector_scale: float) -> tuple[Vectors, Vectors]:
    rows = made.candidates[made.exists].astype(np.float64)
    spread = rows.std(axis=0)
    spread = np.where(spread > 1e-6, spread, 1)
    spread[:-FURTHER] /= vector_scale
    return rows.mean(axis=0).astype(np.float32), spread.astype(np.float32)
