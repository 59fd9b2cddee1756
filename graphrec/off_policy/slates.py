"""Estimators for logs of lists: each place has an item, its reward and its propensity.

What a list brings is the sum of what its places bring. Estimators differ in what they take a place
to depend on:

- `list`: on the whole list, in its order. Nothing is assumed; few lists are alike.
- `reward interaction`: on its item, and on those above it (McInerney et al., "Counterfactual
  evaluation of slate recommendations with sequential reward interactions", KDD 2020).
- `independent`: on its item and the place (Li et al., "Offline evaluation of ranking policies with
  click models", KDD 2018: the item-position model).
- `click model`: on its item, and on whether the place is looked at (the same paper: the
  position-based model). An item tells of all places at once.
- `click model, self-normalised`: the same, by the sum of weights.
- `pseudo-inverse`: on its item and the place; only the reward of the whole list is looked at
  (`graphrec.off_policy.pseudo_inverse`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from graphrec.off_policy import pseudo_inverse
from graphrec.off_policy.estimate import (
    FEWEST_EFFECTIVE,
    SURE,
    Estimate,
    Judgement,
    Support,
    check_overlap,
    clipped,
    estimate,
    support_of,
)
from graphrec.off_policy.lists import Place, Ranked, following, logged_places, marginal

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

MOST_MOVED_UP = 0.01
"""Share of places above which estimators that go by places cannot tell."""


@dataclass(frozen=True)
class LoggedList:
    """A list as it was shown, what came of it, and what the policy would have shown instead."""

    items: tuple[str, ...]
    propensities: tuple[float | None, ...]
    """As logged: None but for items that exploration drew."""
    share: float
    """Of exploration, when it was shown."""
    rewards: tuple[float, ...]
    """Of each place."""
    user: int
    """Whose list it was, from 0."""
    instead: Ranked
    ranked: tuple[str, ...] | None = None
    """What would have been shown without exploration; None: not known where anything was drawn."""

    @property
    def without_exploration(self) -> tuple[str, ...] | None:
        """What would have been shown without exploration, where that is known."""
        if self.ranked is None and all(each is None for each in self.propensities):
            return self.items
        return self.ranked


@dataclass(frozen=True)
class Weights:
    """How much likelier a policy shows what a list shows, by what a place depends on."""

    whole: float
    above: Floats
    own: Floats
    looked: Floats
    looked_at: float
    """How much of the list is looked at, by these weights; its mean is the sum of all places."""
    never: float
    """How much of what the policy shows had no chance, by what is looked at."""
    pseudo: float | None
    """How often the whole list counts by the pseudo-inverse; None: it is not known what exploration
    took the place of."""
    moved_up: float
    """Share of places with an item that the logged ranking had further down: exploration does not
    move it up."""


def judge_lists(
    name: str,
    lists: list[LoggedList],
    looked_at: Floats,
    *,
    confidence: float = 0.95,
    clip: float | None = None,
) -> Judgement:
    """What a policy would bring a list; `looked_at` [k] is how likely each place is looked at.

    Raises NoOverlap where the log cannot tell.
    """
    found = [weights_of(each, looked_at) for each in lists]
    rewards = [np.array(each.rewards, np.float64) for each in lists]
    user = np.array([each.user for each in lists], np.int64)
    one = np.ones(len(lists))
    cut = 0

    def summed(weights: list[Floats]) -> Floats:
        nonlocal cut
        total = np.zeros(len(lists))
        for at, (weight, reward) in enumerate(zip(weights, rewards, strict=True)):
            kept, count = clipped(weight, clip)
            cut += count
            total[at] = kept @ reward
        return total

    full = np.array([looked_at[: len(each.items)].sum() for each in lists])
    by_list = summed([np.full(len(r), w.whole) for w, r in zip(found, rewards, strict=True)])
    above = summed([each.above for each in found])
    own = summed([each.own for each in found])
    cut = 0  # what is said is of the click model
    looked = summed([each.looked for each in found])
    weight = np.array([each.looked_at for each in found]) / full
    never = float(np.mean([each.never for each in found])) if found else 0.0
    support = support_of(weight, cut, never)
    check_overlap(name, weight, user, support)
    scale = full.mean()
    columns = {
        "list": (by_list, one, np.array([each.whole for each in found])),
        "reward interaction": (above, one, np.array([each.above.mean() for each in found])),
        "independent": (own, one, np.array([each.own.mean() for each in found])),
        "click model": (looked, one, weight),
        "click model, self-normalised": (looked * scale / full, weight, weight),
    }
    estimates, notes = [], list[str]()
    pseudo = [each.pseudo for each in found]
    if None in pseudo:
        notes.append(
            "pseudo-inverse is left out: the log does not say what exploration took the place of"
        )
    else:
        by = np.array(pseudo, np.float64)
        columns["pseudo-inverse"] = (by * np.array([r.sum() for r in rewards]), one, by)
    moved_up = float(np.mean([each.moved_up for each in found]))
    for key, (counted, of, by) in columns.items():
        by_look = key.startswith("click model")  # what it needs was seen to above
        lacks = "" if by_look else _lacks(by, user, moved_up)
        if lacks:
            notes.append(f"{key} is left out: {lacks}")
        else:
            estimates.append(estimate(key, counted, of, user, confidence))
    logged = np.array([float(each.sum()) for each in rewards])
    return Judgement(
        name,
        len(lists),
        len(np.unique(user)),
        confidence,
        estimate("log", logged, one, user, confidence),
        tuple(estimates),
        support,
        tuple(notes),
    )


def compared(
    name: str,
    lists: Sequence[LoggedList],
    others: Sequence[Ranked],
    looked_at: Floats,
    confidence: float = 0.95,
) -> tuple[Estimate, Estimate, Support]:
    """What other rankings would bring a list, and how much more those of `lists` would.

    By the click model, each list against itself, so that what both have alike makes no difference.
    Raises NoOverlap where the log cannot tell.
    """
    user = np.array([each.user for each in lists], np.int64)
    one = np.ones(len(lists))
    values, found = np.zeros((2, len(lists))), []
    for at, (each, other) in enumerate(zip(lists, others, strict=True)):
        reward = np.array(each.rewards, np.float64)
        both = weights_of(each, looked_at), weights_of(replace(each, instead=other), looked_at)
        values[:, at] = [weights.looked @ reward for weights in both]
        found.append(both[0])
    full = np.array([looked_at[: len(each.items)].sum() for each in lists])
    weight = np.array([each.looked_at for each in found]) / full
    support = support_of(weight, 0, float(np.mean([each.never for each in found])))
    check_overlap(name, weight, user, support)
    return (
        estimate("fusion", values[1], one, user, confidence),
        estimate("difference", values[0] - values[1], one, user, confidence),
        support,
    )


def _lacks(weight: Floats, user: Whole, moved_up: float) -> str:
    """What an estimator with these weights [L] lacks, in words; empty: nothing.

    Exploration never moves an item of the ranking up. To the click model that does not matter;
    others cannot tell of a policy that does.
    """
    if moved_up > MOST_MOVED_UP:
        return (
            f"{moved_up:.0%} of what the policy shows stands further up than it could have stood "
            f"in the log"
        )
    support = support_of(weight, 0, 0.0)
    if support.effective < FEWEST_EFFECTIVE:
        return f"its weights leave {support.effective:.1f} lists: expected {FEWEST_EFFECTIVE:.0f}"
    mean = estimate("", weight, np.ones(len(weight)), user, 1 - SURE)
    if mean.high < 1:
        return (
            f"its mean weight is {mean.value:.2f}: expected 1, as where all that the policy shows "
            f"could have been shown so"
        )
    return ""


def _pseudo(shown: LoggedList) -> float | None:
    ranked = shown.without_exploration
    if ranked is None:
        return None
    return pseudo_inverse.weight(shown.items, ranked, shown.share, shown.instead)


def _moved_up(before: Sequence[Place], shown: LoggedList, k: int) -> float:
    ranked = {item: at.ranked for item, at in zip(shown.items, before, strict=True)}
    up = (at < (ranked.get(item) or 0) for at, item in enumerate(shown.instead.items[:k], start=1))
    return sum(up) / k


def weights_of(shown: LoggedList, looked_at: Floats) -> Weights:
    """The weights of a list."""
    k = len(shown.items)
    looked = looked_at[:k]
    before = logged_places(shown.propensities, shown.share)
    after = tuple(shown.instead.place(item) for item in shown.items)
    share = shown.instead.share
    own = np.arange(k)
    at_before = np.stack([marginal(each, shown.share, k) for each in before])  # [k items, k places]
    at_after = np.stack([marginal(each, share, k) for each in after])
    ratio = _ratio(following(after, share), following(before, shown.share))
    by_place = _ratio(at_after[own, own], at_before[own, own])
    by_look = _ratio(at_after @ looked, at_before @ looked)
    return Weights(
        float(np.prod(ratio)),
        np.cumprod(ratio).astype(np.float64),
        by_place,
        by_look,
        float(by_look @ looked),
        _never(shown, looked),
        _pseudo(shown),
        _moved_up(before, shown, k),
    )


def _never(shown: LoggedList, looked: Floats) -> float:
    """How much of what the policy shows had no chance when the list was shown."""
    if shown.share:  # whatever may be listed may have been drawn
        return 0.0
    logged = set(shown.items)
    missing = np.array([item not in logged for item in shown.instead.items[: len(looked)]])
    share = shown.instead.share
    ranked = float(looked[: len(missing)] @ missing) / float(looked.sum())
    return (1 - share) * ranked + share


def _ratio(after: Floats, before: Floats) -> Floats:
    return np.divide(after, before, out=np.zeros_like(after), where=before > 0)
