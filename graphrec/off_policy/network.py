"""Trains the Q-network of a policy from a log of lists, and judges it before anybody gets it.

It learns from what was shown, and what came of that. It is judged by off-policy evaluation: what
its lists would have brought more than those of the fusion, each by a network that was learned from
the lists of other users. Both are ranked anew as of the time of each list.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from graphrec.data import Vocabulary
from graphrec.data.degrees import normalised
from graphrec.errors import DataError
from graphrec.experiment.definition import Variant
from graphrec.experiments.lists import Lists
from graphrec.experiments.outcomes import Events
from graphrec.models.spectral import strongest
from graphrec.off_policy.evaluation import power_of
from graphrec.off_policy.lists import Ranked
from graphrec.off_policy.looked_at import USUAL, looked_at
from graphrec.off_policy.rankings import ranked_at
from graphrec.off_policy.read import ExploredLists
from graphrec.off_policy.slates import LoggedList, compared
from graphrec.policies.guards import Watched, broken
from graphrec.policies.rewards import DAY, Rewarded, rewarded, share_known
from graphrec.policy.definition import Policy
from graphrec.ranking.q_network.network import QNetwork
from graphrec.ranking.q_network.shown import ShownTo, shown_in
from graphrec.ranking.q_network.state import Floats, Vectors
from graphrec.ranking.q_network.steps import Step
from graphrec.ranking.q_network.trial import QTrial
from graphrec.recommend.query import Context, Query
from graphrec.recommend.recommender import Recommender
from graphrec.snapshot.snapshot import Snapshot
from graphrec.snapshot.view import View
from graphrec.store.delta import Event

FEWEST_LISTS = 200
"""From which something is learned."""

HOUR = 3_600_000

NONE_YET = QTrial(0, 0, 0.0, 0.0, 0.0, 0.0, 0.0)


class Fitted(Protocol):
    """What a learner gives: see `graphrec.training.q_learning.Learned`."""

    weights: tuple[Vectors, ...]
    biases: tuple[Vectors, ...]
    wide: Vectors
    middle: Vectors
    spread: Vectors
    scale: float


Fit = Callable[[Sequence[Step], Floats, float, int], Fitted]
"""Learns from steps, by how likely places are looked at and how long a course may pause, with a
seed."""


@dataclass(frozen=True)
class Past:
    """Lists of one placement, and who got them."""

    shown: ExploredLists
    events: Events
    question: Query
    """What the lists were asked by, without somebody who asks."""
    user: Callable[[str], tuple[str, Sequence[Event]]]
    """The id and the events of whom the log names so."""
    before: Callable[[str], ShownTo]
    """What they were shown, by what the log calls them."""


@dataclass(frozen=True)
class Trained:
    """A network, and what keeps it from being published."""

    network: QNetwork
    broken: str | None
    """The guard that its lists break, in words."""
    notes: tuple[str, ...]

    @property
    def refused(self) -> str | None:
        """Why it may not serve; None where it may."""
        if self.broken is not None:
            return self.broken
        if not self.network.trial.earned:
            return (
                f"a list of it would bring {self.network.trial}: expected a lower bound of 0 or "
                f"more; fusion serves on. More lists, or a larger share of exploration, tell more"
            )
        return None


def train_network(
    name: str, policy: Policy, recommender: Recommender, past: Past, fit: Fit, seed: int
) -> Trained:
    """Learn from past lists, and judge what was learned.

    Raises DataError where there are too few lists, and NoOverlap where they cannot tell what others
    would have brought.
    """
    lists = past.shown.lists
    if len(lists) < FEWEST_LISTS:
        raise DataError(
            f"{len(lists):,} lists of policy {name!r} in the exposure log: expected "
            f"{FEWEST_LISTS} or more to learn from; serve on, with a share of exploration"
        )
    found = rewarded(lists, past.events, policy.rewards)
    rows = past.shown.rows()
    power = power_of(past.shown, rows, found.by_item)
    k = max(map(len, rows))
    look = looked_at(USUAL if power is None else power, k)
    plain = replace(recommender, network=None)
    raw = _unfitted(plain.snapshot, policy, seed)
    steps = _steps(plain, raw, past, policy, found, rows)
    apart = policy.network.half_life_hours * 4 * HOUR
    _, user = np.unique(lists.user, return_inverse=True)
    fold = np.random.default_rng(seed).permutation(int(user.max()) + 1)[user] % 2

    def learned(kept: np.ndarray) -> QNetwork:
        some = [step for at, step in enumerate(steps) if kept[at] and len(step.shown)]
        if not some:
            raise DataError(f"policy {name!r}: no list has an item that the snapshot knows")
        made = fit(some, look, apart, seed)
        return replace(
            raw,
            weights=made.weights,
            biases=made.biases,
            wide=made.wide,
            middle=made.middle,
            spread=made.spread,
            scale=made.scale,
        )

    networks = [learned(fold != held) for held in (0, 1)]
    others = [_with(plain, name, network) for network in networks]
    logged, usual, listed = [], [], []
    for at in range(len(lists)):
        who = lists.users.ids[lists.user[at]]
        known, own = past.user(who)
        time, count = int(lists.time[at]), len(rows[at])
        shown = past.before(who)
        new = ranked_at(others[fold[at]], past.question, known, own, time, count, shown)
        usual.append(ranked_at(plain, past.question, known, own, time, count))
        listed.append(new.items)
        logged.append(
            LoggedList(
                tuple(lists.items.ids[lists.item[each]] for each in rows[at]),
                tuple(past.shown.propensity[each] for each in rows[at]),
                float(past.shown.share[at]),
                tuple(found.by_item[rows[at]].tolist()),
                int(user[at]),
                new,
            )
        )
    trial = _trial(name, logged, usual, look)
    network = replace(learned(np.ones(len(steps), bool)), trial=trial)
    notes = []
    if power is None:
        notes.append(
            f"exploration drew too few items with outcomes: places are taken to be looked at as "
            f"rank ** -{USUAL:g}"
        )
    return Trained(network, _broken(name, policy, plain, lists, listed), tuple(notes))


def _trial(name: str, logged: list[LoggedList], usual: list[Ranked], look: Floats) -> QTrial:
    base, gain, support = compared(name, logged, usual, look)
    users = len({each.user for each in logged})
    return QTrial(
        len(logged), users, support.effective, base.value, gain.value, gain.low, gain.high
    )


def _with(recommender: Recommender, name: str, network: QNetwork) -> Recommender:
    """The recommender that re-ranks by a network."""
    view = recommender.view
    snapshot = replace(view.snapshot, networks={name: network})
    return replace(recommender, view=View.of(snapshot, kinds=view.kinds), network=name)


def _unfitted(snapshot: Snapshot, policy: Policy, seed: int) -> QNetwork:
    """A network that knows the items, and has no layers."""
    likes, dim = snapshot.history, policy.network.dim
    _, vectors = strongest(normalised(likes, 0.25, 0.5), dim, np.random.default_rng(seed))
    length = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    counts = np.log1p(np.bincount(likes.indices, minlength=likes.shape[1]))
    none = np.empty(0, np.float32)
    return QNetwork(
        np.pad(vectors / length, ((0, 0), (0, dim - vectors.shape[1]))).astype(np.float32),
        (counts / max(float(counts.max(initial=0)), 1e-6)).astype(np.float32),
        (),
        (),
        none,
        none,
        none,
        1.0,
        policy.network.strength,
        policy.network.session_hours,
        policy.network.half_life_hours,
        NONE_YET,
    )


def _steps(
    recommender: Recommender,
    network: QNetwork,
    past: Past,
    policy: Policy,
    found: Rewarded,
    rows: list[list[int]],
) -> list[Step]:
    """The lists as what is learned from, each with its candidates as of its time."""
    lists, ranker = past.shown.lists, recommender.ranker
    ids, count = recommender.view.items.ids.rows, len(recommender.snapshot.items)
    last = max(int(lists.time.max()), int(past.events.log.time.max(initial=0)))
    age = np.maximum(last - lists.time, 0)
    known = share_known(found.delay, age[found.of], age, round(policy.days * DAY))
    made = []
    for at in range(len(lists)):
        who = lists.users.ids[lists.user[at]]
        user, own = past.user(who)
        time = int(lists.time[at])
        query = recommender.with_rules(
            replace(past.question, user=user, as_of=time, exploration=0.0)
        )
        context = Context(time, tuple(own))
        profile = recommender.profile(query, context)
        request = ranker.request(profile, query, context)
        fused = ranker.fused(request)
        items, scores = fused.items.astype(np.int64), fused.scores
        placed = [(ids.get(lists.items.ids[lists.item[each]], count), each) for each in rows[at]]
        placed = [(row, each) for row, each in placed if row < count]
        more = np.array([row for row, _ in placed if row not in set(items.tolist())], np.int64)
        if len(more):
            extra, rows_of = np.zeros(len(more)), more.astype(np.int32)
            for each in request.found:
                extra += request.weights.get(each.source, 0.0) * each.z_scores(rows_of)
            items, scores = np.concatenate([items, more]), np.concatenate([scores, extra])
        lately = shown_in(past.before(who), ids, time, network.half_life_hours)
        inputs = network.inputs(items, scores, profile, lately, time)
        place = {row: index for index, row in enumerate(items.tolist())}
        shown = [place[row] for row, _ in placed]
        best = np.argsort(-scores, kind="stable")[: policy.network.candidates].tolist()
        kept = [*dict.fromkeys([*shown, *best])]
        made.append(
            Step(
                int(lists.user[at]),
                time,
                inputs[kept],
                np.arange(len(shown)),
                found.by_item[[each for _, each in placed]],
                max(float(known[at]), 0.05),
            )
        )
    return made


def _broken(
    name: str,
    policy: Policy,
    recommender: Recommender,
    lists: Lists,
    listed: Sequence[Sequence[str]],
) -> str | None:
    """The guard that the lists of a network break; complaints are watched while it serves."""
    action = next((a for a, each in policy.actions.items() if each.network == name), name)
    guards = policy.guards.model_copy(update={"after_lists": 1, "complaints": ()})
    items: dict[str, int] = {}
    rows = [[items.setdefault(item, len(items)) for item in each] for each in listed]
    made = replace(
        lists,
        items=Vocabulary(tuple(items)),
        action=(action,) * len(lists),
        of=np.repeat(np.arange(len(lists)), [len(each) for each in rows]),
        item=np.array([row for each in rows for row in each], np.int64),
    )
    watched = Watched.of(recommender.snapshot.items.ids, recommender.snapshot.popularity.order)
    found = broken(
        policy.model_copy(update={"guards": guards, "actions": {action: Variant()}}),
        made,
        None,
        watched,
    )
    return found.get(action)
