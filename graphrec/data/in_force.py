"""Which events count, and which way: the one definition for arrays.

The stores have the same in their languages: `graphrec.store.sqlite.queries` and
`graphrec.store.neo4j.queries`.

What an event means depends on its kind and on the sign of its value: a `Meaning`. All else goes by
pairs of a user and an item:

- Of a kind whose latest event counts, only the latest *rated* event of the pair is in force.
- An event puts those of the kinds that it cancels out of force, of its pair and up to its own time.
- One that takes an amount back, as a return of 1 of 3 pieces, takes it of the latest events first,
  and only those are out of force of which nothing is left. It counts itself, as a dislike, only
  where nothing of what it takes from is left in force.
- An event in force counts where its value reaches its bar, and the user's own bar where there is
  one. A negative one makes the pair disliked; positive ones count in pairs that are not.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from graphrec.data.graph import Interactions
from graphrec.data.kinds import KindPolicy, Polarity, normal, policy_of
from graphrec.data.runs import last_of_equal
from graphrec.data.taken_back import micro, taken_back

SIGNS = (-1, 0, 1)

ANY = 5e-324
"""The least number above 0: the bar of an amount."""

_SIDES: Mapping[Polarity, int] = {"positive": 1, "negative": -1, "neutral": 0}

SLACK = 1e-9
"""Of ranks, for shares such as 0.28 of 25 that no double is exactly."""


@dataclass(frozen=True)
class Meaning:
    """What an event of one kind, with a value of one sign, means."""

    polarity: int
    """1: it is a like where it counts, -1: a dislike, 0: the item was seen."""
    bar: float
    """The value from which on it counts; infinite where it never does."""
    rated: bool
    """Whether it takes the place of an earlier rating, and is in the user's own mean."""
    cancels: tuple[int, ...]
    """The kinds whose events it puts out of force."""
    takes: tuple[int, ...] = ()
    """The kinds of whose events it takes back as much as its value says."""
    seen: bool = False
    """Whether it counts in force whatever its value, dislikes or not: of a neutral kind that is
    asked for."""


@dataclass(frozen=True)
class Meanings:
    """What the events of some kinds mean."""

    kinds: tuple[str, ...]
    policies: tuple[KindPolicy, ...]
    of: tuple[tuple[Meaning, Meaning, Meaning], ...]
    """By kind, for values below 0, of 0, and above 0."""

    @property
    def any_latest(self) -> bool:
        """Whether of any kind the latest event counts."""
        return any(policy.latest for policy in self.policies)

    @property
    def any_cancels(self) -> bool:
        """Whether any event cancels others."""
        return any(meaning.cancels for each in self.of for meaning in each)

    @property
    def any_takes(self) -> bool:
        """Whether any event takes an amount back."""
        return any(meaning.takes for each in self.of for meaning in each)

    @property
    def any_negative(self) -> bool:
        """Whether any event is a dislike."""
        return any(meaning.polarity < 0 for each in self.of for meaning in each)

    @property
    def any_own(self) -> bool:
        """Whether users have bars of their own."""
        return any(policy.like_from is not None for policy in self.policies)

    @property
    def any_seen(self) -> bool:
        """Whether events count that are no likes."""
        return any(meaning.seen for each in self.of for meaning in each)

    @cached_property
    def seen(self) -> NDArray[np.bool_]:  # [3 K]
        """By kind and sign: counts in force."""
        return np.array([m.seen for m in self._flat], bool)

    @cached_property
    def _flat(self) -> tuple[Meaning, ...]:
        return tuple(meaning for each in self.of for meaning in each)

    @cached_property
    def polarity(self) -> NDArray[np.int8]:  # [3 K]
        """By kind and sign."""
        return np.array([m.polarity for m in self._flat], np.int8)

    @cached_property
    def bar(self) -> NDArray[np.float64]:  # [3 K]
        """By kind and sign."""
        return np.array([m.bar for m in self._flat], np.float64)

    @cached_property
    def supersedes(self) -> NDArray[np.bool_]:  # [3 K]
        """By kind and sign: rated, of a kind whose latest event counts."""
        latest = [p.latest for p in self.policies for _ in SIGNS]
        return np.array([m.rated for m in self._flat], bool) & np.array(latest, bool)

    @cached_property
    def rated(self) -> NDArray[np.bool_]:  # [3 K]
        """By kind and sign."""
        return np.array([m.rated for m in self._flat], bool)

    @cached_property
    def cancels(self) -> NDArray[np.bool_]:  # [3 K, K]
        """Which kinds an event of a kind and sign puts out of force."""
        return self._kinds_of([m.cancels for m in self._flat])

    @cached_property
    def takes(self) -> NDArray[np.bool_]:  # [3 K, K]
        """Of which kinds an event of a kind and sign takes an amount back."""
        return self._kinds_of([m.takes for m in self._flat])

    def _kinds_of(self, named: Sequence[tuple[int, ...]]) -> NDArray[np.bool_]:
        found = np.zeros((len(named), len(self.kinds)), bool)
        for row, kinds in enumerate(named):
            found[row, list(kinds)] = True
        return found


def meanings_of(kinds: Sequence[str], given: Mapping[str, KindPolicy]) -> Meanings:
    """What events of these kinds mean by the policies that are given, and by usual names."""
    return _compiled(tuple(kinds), tuple(policy_of(kind, given) for kind in kinds))


@lru_cache(256)
def _compiled(kinds: tuple[str, ...], policies: tuple[KindPolicy, ...]) -> Meanings:
    forms = [normal(kind) for kind in kinds]

    def cancelled(policy: KindPolicy) -> tuple[int, ...]:
        named = set(map(normal, policy.cancels))
        return tuple(code for code, form in enumerate(forms) if form in named)

    amounts = {code for code, policy in enumerate(policies) if policy.amounts}
    return Meanings(
        kinds,
        policies,
        tuple(
            _meanings(own, policy, cancelled(policy), amounts)
            for own, policy in enumerate(policies)
        ),
    )


def _meanings(
    own: int, policy: KindPolicy, named: tuple[int, ...], amounts: Collection[int]
) -> tuple[Meaning, Meaning, Meaning]:
    """What events of the kind number `own` mean with a value below 0, of 0, and above 0.

    `named` are the kinds that it cancels, and `amounts` those whose values are amounts.
    """
    parts = [code for code in named if policy.cancels_by == "amount" and code in amounts]
    cancels = tuple(code for code in named if code not in parts)
    takes = tuple(parts)
    side = _SIDES[policy.polarity] if policy.weight else 0
    if policy.least is not None:
        bar = policy.least
    else:
        bar = -np.inf if policy.like_from is not None else ANY
    ordinary = Meaning(side, bar if side else np.inf, True, cancels, takes)
    not_rated = Meaning(0, np.inf, False, ())
    if policy.negative == "dislike":
        below = Meaning(-1, -np.inf, True, cancels, takes) if policy.weight else ordinary
    elif policy.negative == "cancel":
        # An order of -6 pieces is no order, and so cancels no dislike.
        bought = policy.polarity == "positive"
        mine = (own,) if own in amounts else ()
        below = replace(
            not_rated,
            cancels=(*(() if mine else (own,)), *(() if bought else cancels)),
            takes=(*mine, *(() if bought else takes)),
        )
    elif policy.negative == "seen":
        below = not_rated
    else:
        below = ordinary
    return below, ordinary if policy.zero == "rating" else not_rated, ordinary


def only_kinds(meanings: Meanings, kinds: Collection[str] | None) -> Meanings:
    """The same, but that of no other kinds than `kinds` events count; None: of all, as they are.

    Events of a positive kind count where they are likes. Those of a kind that is neutral by its
    policy, such as views of weight 0, count in force, whatever else the user thinks of the item;
    values below 0 that take earlier events of their own kind back do not. Events of a negative kind
    do not count. Which events are in force, and which pairs are disliked, is a matter of events of
    all kinds.
    """
    if kinds is None:
        return meanings
    return _only_kinds(meanings.kinds, meanings.policies, meanings.of, frozenset(kinds))


@lru_cache(256)
def _only_kinds(
    kinds: tuple[str, ...],
    policies: tuple[KindPolicy, ...],
    of: tuple[tuple[Meaning, Meaning, Meaning], ...],
    asked: frozenset[str],
) -> Meanings:
    def changed(code: int, meaning: Meaning) -> Meaning:
        wanted, policy = kinds[code] in asked, policies[code]
        if wanted and (policy.polarity == "neutral" or not policy.weight):
            undoes_itself = code in (*meaning.cancels, *meaning.takes)
            return replace(meaning, seen=meaning.polarity == 0 and not undoes_itself)
        if meaning.polarity > 0 and not wanted:
            return replace(meaning, polarity=0, bar=np.inf)
        return meaning

    found = (tuple(changed(code, each) for each in of_kind) for code, of_kind in enumerate(of))
    return Meanings(kinds, policies, tuple((below, zero, above) for below, zero, above in found))


def counts(
    log: Interactions, meanings: Meanings, value: NDArray[np.float32]
) -> NDArray[np.float64]:
    """How each event counts [E]: above 0 as a like, below as a dislike, at 0 not at all.

    1, or the share of its value that is left where a part was taken back. Events that count though
    they are no likes (`only_kinds`) are 1.
    """
    place = 3 * log.kind.astype(np.intp) + 1 + np.sign(value).astype(np.intp)
    pair = log.user.astype(np.int64) * max(len(log.items), 1) + log.item
    force = ~_superseded(log, meanings, place, pair)
    if meanings.any_cancels:
        force &= ~_cancelled(log, meanings, place, pair)
    left = np.ones(len(log))
    if meanings.any_takes:
        taken = taken_back(log, meanings.takes, place, value, pair)
        left = taken.left
        force &= left > 0
    reached = (
        force & (value >= meanings.bar[place]) & ~_below_own(log, meanings, place, value, force)
    )
    if meanings.any_takes:
        beside = taken.takers_beside(force)
        reached[beside[meanings.polarity[place[beside]] < 0]] = False
    found: NDArray[np.float64] = np.where(reached, meanings.polarity[place] * left, 0)
    negative = found < 0
    if negative.any():
        found[(found > 0) & np.isin(pair, pair[negative])] = 0
    if meanings.any_seen:
        found[force & meanings.seen[place]] = 1
    return found


def happened(
    log: Interactions, meanings: Meanings, value: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """Which events [E] count as events of their kind: likes and dislikes that count, and those of
    neutral kinds that are in force (`only_kinds`).
    """
    own = counts(log, only_kinds(meanings, meanings.kinds), value) > 0
    if not meanings.any_negative:
        return own
    found: NDArray[np.bool_] = own | (counts(log, meanings, value) < 0)
    return found


def remaining(
    log: Interactions, meanings: Meanings, value: NDArray[np.float32]
) -> NDArray[np.float64]:
    """The share of each event [E] that stands as one of its kind, whatever the user did since.

    0 where another event put it out of force or took all of it back, where a rating does not reach
    its threshold, and where a value says that it is none, as an order of -1 piece.
    """
    place = 3 * log.kind.astype(np.intp) + 1 + np.sign(value).astype(np.intp)
    pair = log.user.astype(np.int64) * max(len(log.items), 1) + log.item
    stands = ~_superseded(log, meanings, place, pair)
    side = meanings.polarity[place]
    stands &= meanings.rated[place] & (side == meanings.polarity[3 * log.kind.astype(np.intp) + 2])
    if meanings.any_cancels:
        stands &= ~_cancelled(log, meanings, place, pair)
    stands &= ~_below_own(log, meanings, place, value, stands)
    stands &= (side == 0) | (value >= meanings.bar[place])
    left = np.ones(len(log))
    if meanings.any_takes:
        left = taken_back(log, meanings.takes, place, value, pair).left
    found: NDArray[np.float64] = np.where(stands, left, 0.0)
    return found


def _below_own(
    log: Interactions,
    meanings: Meanings,
    place: NDArray[np.intp],
    value: NDArray[np.float32],
    force: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Which events [E] are ratings in `force` that do not reach the bar of their own user."""
    found = np.zeros(len(log), bool)
    for code, policy in enumerate(meanings.policies):
        if policy.like_from is not None:
            mine = np.flatnonzero((log.kind == code) & force & meanings.rated[place])
            own = _reaches_own(log.user[mine], value[mine], policy.quantile)
            found[mine] = ~own & (meanings.polarity[place[mine]] >= 0)
    return found


def _superseded(
    log: Interactions, meanings: Meanings, place: NDArray[np.intp], pair: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Which events [E] a later one of the same kind and pair takes the place of."""
    found = np.zeros(len(log), bool)
    if meanings.any_latest:
        rated = np.flatnonzero(meanings.supersedes[place])
        rated = rated[np.lexsort((log.time[rated], log.kind[rated], pair[rated]))]
        if len(rated):
            last = np.flatnonzero(last_of_equal([pair[rated], log.kind[rated]]))
            of = last[np.searchsorted(last, np.arange(len(rated)))]
            found[rated] = log.time[rated] < log.time[rated[of]]
    return found


def _cancelled(
    log: Interactions, meanings: Meanings, place: NDArray[np.intp], pair: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Which events [E] an event of the same pair, at their time or later, puts out of force."""
    undoing = np.flatnonzero(np.asarray(meanings.cancels.any(axis=1))[place])
    by, kind = np.nonzero(meanings.cancels[place[undoing]])
    count = max(len(meanings.kinds), 1)
    key, time = pair[undoing[by]] * count + kind, log.time[undoing[by]]
    order = np.lexsort((time, key))
    found = np.zeros(len(log), bool)
    if not len(order):
        return found
    key, time = key[order], time[order]
    last = last_of_equal([key])
    key, time = key[last], time[last]
    own = pair * count + log.kind
    at = np.minimum(np.searchsorted(key, own), len(key) - 1)
    found |= (key[at] == own) & (log.time <= time[at])
    return found


def _reaches_own(
    user: NDArray[np.int32], value: NDArray[np.float32], quantile: float | None
) -> NDArray[np.bool_]:
    """Which ratings [R] in force, of one kind, reach the bar of their user."""
    if quantile is None:
        whole = micro(value)
        total = np.zeros(int(user.max(initial=0)) + 1, np.int64)
        np.add.at(total, user, whole)
        return whole * np.bincount(user)[user] >= total[user]
    order = np.lexsort((value, user))
    user, value = user[order], value[order]
    start = np.searchsorted(user, user, "left")
    # The number of the user's ratings that are not above: the end of each run of equal ones.
    ends = np.flatnonzero(last_of_equal([user, value])) + 1
    not_above = ends[np.searchsorted(ends, np.arange(len(user)), "right")] - start
    enough = not_above >= quantile * np.bincount(user)[user] - SLACK
    found = np.empty(len(user), bool)
    found[order] = enough
    return found


def rated_in_force(
    log: Interactions, meanings: Meanings, value: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """Which events [E] are ratings in force, whatever they reach: of kinds with a threshold, not
    replaced by a later one, not cancelled, and rated where 0 or values below 0 may not be.
    """
    place = 3 * log.kind.astype(np.intp) + 1 + np.sign(value).astype(np.intp)
    pair = log.user.astype(np.int64) * max(len(log.items), 1) + log.item
    rates = np.array([policy.rates for policy in meanings.policies], bool)[log.kind]
    found = rates & meanings.rated[place] & ~_superseded(log, meanings, place, pair)
    if meanings.any_cancels:
        found &= ~_cancelled(log, meanings, place, pair)
    return found
