"""Chooses the actions of policies, and learns in the background from what came of them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone

import numpy as np
from graphrec.api.errors import NotReady, StoreAway
from graphrec.api.live.engine import Engine
from graphrec.api.live.experiments import Chosen, varied_by
from graphrec.api.live.store import LiveStore
from numpy.typing import NDArray
from starlette.concurrency import run_in_threadpool

from graphrec.data import AttributeValue, Interactions
from graphrec.errors import GraphrecError
from graphrec.experiments.exposure_log import KEY, read_key
from graphrec.experiments.exposures import pseudonym
from graphrec.experiments.lists import ListLog
from graphrec.experiments.outcomes import events_in
from graphrec.policies.guards import Watched
from graphrec.policies.learning import learn, same_actions, unlearned
from graphrec.policies.new_items import NewItemLog
from graphrec.policies.shown_log import ShownLog
from graphrec.policies.tail import LogTail
from graphrec.policy.context import context_of
from graphrec.policy.decision import Decision, chances, drawn, part_of_time
from graphrec.policy.learned import Learned
from graphrec.ranking.q_network.shown import NOT_SHOWN, ShownTo
from graphrec.ranking.tried import Tried
from graphrec.recommend.recommender import Recommender
from graphrec.settings import Settings
from graphrec.snapshot.policy_switch import OFF, switched_off
from graphrec.snapshot.registry import POLL_SECONDS
from graphrec.snapshot.view import View

logger = logging.getLogger(__name__)

LEARN_SECONDS = 5.0
"""How often it is seen whether there is something to learn from."""

SHARE_OF_TIME = 0.05
"""Of the time, that learning takes at most: where it takes long, it is done less often."""

HALF_LIVES = 4
"""Of what a policy learned, for which lists are read."""

NEW_ITEM_DAYS = 90
"""For which exposures of new items are read."""

MOST_LISTS = 200_000
"""Of a policy, the latest ones, that it learns from."""

MOST_EVENTS = 5_000_000
"""That are read from the store for it."""

DAY = 86_400_000


class Policies:
    """The policies of a service; false where there is none.

    Visitors get the first action, and nothing is learned of them: their lists are not in the log.
    """

    def __init__(self, settings: Settings, engine: Engine, store: LiveStore | None) -> None:
        self._settings, self._engine, self._store = settings, engine, store
        self._policies = settings.policies
        self.learned: Mapping[str, Learned] = {n: unlearned(p) for n, p in self._policies.items()}
        """By policy, what it goes by."""
        self.reason: str | None = None
        """Why nothing is learned now; None where it is."""
        self.tried: Tried | None = None
        """What came of new items when they were shown; None where that is not learned."""
        self.off: frozenset[str] = frozenset()
        """Policies that were switched off."""
        self._logs, self._new_items, self._shown = self._new_logs(), NewItemLog(), ShownLog()
        self._networks = any(
            action.network for each in self._policies.values() for action in each.actions.values()
        ) or any(
            variant.network
            for each in settings.experiments.values()
            for variant in each.variants.values()
        )
        self._tail: LogTail | None = None
        self._names: dict[str, str] = {}
        self._key: bytes | None = None
        self._seen: tuple[object, ...] = ()

    def __bool__(self) -> bool:
        return bool(self._policies)

    @property
    def learns(self) -> bool:
        """Whether there is anything to learn: of policies, of new items, or of what was shown."""
        new_items = self._settings.retrieval.new_items_learn
        return bool(self._policies) or self._networks or new_items

    def shown_to(self, user: str | None) -> ShownTo:
        """The lists that somebody was shown lately, as far as the log has them by now."""
        if user is None or not self._networks:
            return NOT_SHOWN
        return self._shown.to(self._name_of(user))

    def without_those_off(self, chosen: Chosen) -> Chosen:
        """What makes a list, without the Q-network of a policy that was switched off."""
        if chosen.recommender.network not in self.off:
            return chosen
        return replace(chosen, recommender=replace(chosen.recommender, network=None))

    def acted(self, chosen: Chosen, user: str | None, name: str, agent: str) -> Chosen:
        """What makes the list `name`, by the action that a policy takes for somebody."""
        for key, policy in self._policies.items():
            if not policy.is_about(name):
                continue
            decision = self.decide(key, user, chosen.recommender.view, agent)
            action = policy.actions[decision.action]
            return replace(
                chosen,
                recommender=varied_by(chosen.recommender, [action]),
                diversity=chosen.diversity if action.diversity is None else action.diversity,
                exploration=(
                    chosen.exploration if action.exploration is None else action.exploration
                ),
                decision=None if decision.why else decision,
            )
        return chosen

    def decide(
        self, name: str, user: str | None, view: View, agent: str = "", now: int | None = None
    ) -> Decision:
        """The action that a policy takes for somebody at a time, now where it is not given."""
        policy = self._policies[name]
        if name in self.off:
            return Decision(name, policy.usual, 1.0, (), "the policy was switched off")
        if not policy.enabled:
            return Decision(name, policy.usual, 1.0, (), "the policy is not enabled")
        if user is None:
            return Decision(name, policy.usual, 1.0, (), "visitors get the first action")
        at = time.time_ns() // 1_000_000 if now is None else now
        context = self.context(name, user, view, agent, at)
        chance = self.chances(name, context, view)
        action = drawn(chance, part_of_time(user, name, at, policy.stay_minutes))
        return Decision(name, action, chance[action], context)

    def context(self, name: str, user: str, view: View, agent: str, now: int) -> tuple[str, ...]:
        """What a policy goes by for somebody."""
        profile = view.user(user)
        attributes: Mapping[str, AttributeValue] = profile.attributes
        return context_of(self._policies[name], len(profile.seen), attributes, now, agent)

    def chances(self, name: str, context: Iterable[str], view: View) -> Mapping[str, float]:
        """The probability of each action of a policy in a context, for who gets lists of a view."""
        policy, learned = self._policies[name], self.known(name, view)
        return chances(
            learned.beliefs,
            frozenset(context),
            policy.learner,
            policy.exploration,
            policy.width,
            learned.allowed,
        )

    def known(self, name: str, view: View) -> Learned:
        """What a policy goes by: what was learned of the log, or what the snapshot has, where that
        is of more lists, as on a machine without the log.

        Actions that need a Q-network which the snapshot does not have are not taken.
        """
        learned, policy = self.learned[name], self._policies[name]
        kept = view.snapshot.learned.get(name)
        if kept is not None and kept.lists > learned.lists and same_actions(kept, policy):
            learned = replace(kept, broken={**kept.broken, **learned.broken})
        missing = {
            action: f"the snapshot has no Q-network {each.network!r}: run "
            f"`graphrec policy train {each.network}`"
            for action, each in policy.actions.items()
            if each.network is not None and each.network not in view.snapshot.networks
        }
        return replace(learned, broken={**learned.broken, **missing}) if missing else learned

    async def watch(self) -> None:
        """See every so often which policies are switched off, until cancelled."""
        while True:
            try:
                self.off = await run_in_threadpool(switched_off, self._engine.folder)
            except (OSError, ValueError) as error:
                self._say(f"file {OFF!r} cannot be read: {error}")
            await asyncio.sleep(POLL_SECONDS)

    async def follow(self) -> None:
        """Learn every so often, until cancelled."""
        while True:
            began = time.monotonic()
            await self.update()
            took = time.monotonic() - began
            await asyncio.sleep(max(LEARN_SECONDS, took / SHARE_OF_TIME))

    async def update(self) -> None:
        """Learn from what the log and the store have now; never raises."""
        store = self._store
        if store is None:
            return
        try:
            view = self._engine.recommender.view
            await run_in_threadpool(self._read_log)
            now = time.time_ns() // 1_000_000
            since = self._oldest(now)
            key = (view.delta.position, view.delta.edition, view.snapshot.manifest.version)
            seen = (*key, *map(len, self._logs.values()), len(self._new_items))
            if seen == self._seen:
                return
            events = await store.run(
                lambda graph: graph.events_between(since, now + DAY, MOST_EVENTS), None
            )
            serving = self._engine.recommender
            self.learned = await run_in_threadpool(self._learn, events, serving, now)
            if self._settings.retrieval.new_items_learn:
                known, kinds = serving.snapshot.items.rows, self._settings.kinds
                self.tried = await run_in_threadpool(
                    self._new_items.tried, events, kinds, self._name_of, known
                )
            self._seen = seen
            self._say(None)
        except (StoreAway, NotReady):
            self._say("the graph store does not answer, or no snapshot serves")
        except (OSError, GraphrecError) as error:
            self._say(str(error))
        except Exception as error:
            logger.exception("policies learn nothing")
            self._say(f"{type(error).__name__}: the log says more")

    def _say(self, reason: str | None) -> None:
        if reason is not None and reason != self.reason:
            logger.warning("policies go on with what they have learned: %s", reason)
        self.reason = reason

    def _new_logs(self) -> dict[str, ListLog]:
        return {name: ListLog(name) for name in self._policies}

    def _restart(self) -> None:
        """Begin anew, as where somebody was forgotten: of them nothing stays."""
        self._logs, self._new_items, self._shown = self._new_logs(), NewItemLog(), ShownLog()
        self._names.clear()

    def _oldest(self, now: int) -> int:
        """The time from which on something is read."""
        days = [HALF_LIVES * each.half_life_days for each in self._policies.values()]
        if self._settings.retrieval.new_items_learn:
            days.append(NEW_ITEM_DAYS)
        return now - round(max(days, default=0.0) * DAY)

    def _read_log(self) -> None:
        folder = self._settings.serve.exposures
        if folder is None or not (folder / KEY).exists():
            return
        key = read_key(folder / KEY)
        if key != self._key:
            self._key, self._names = key, {}
        if self._tail is None:
            self._tail = LogTail(folder, self._take, self._restart)
        now = time.time_ns() // 1_000_000
        day = (
            datetime.fromtimestamp(max(self._oldest(now), 0) / 1000, timezone.utc)
            .date()
            .isoformat()
        )
        self._tail.follow(day)

    def _take(self, lines: Sequence[bytes]) -> None:
        mine = [line for line in lines if b'"policy":"' in line]
        for log in self._logs.values():
            log.add(mine)
        if self._networks:
            self._shown.add(lines)
        if self._settings.retrieval.new_items_learn:
            self._new_items.add(lines, self._engine.recommender.snapshot.items.rows)

    def _name_of(self, user: str) -> str:
        """What the log calls a user."""
        found = self._names.get(user)
        if found is None:
            found = self._names[user] = pseudonym(user, self._key or b"-")
        return found

    def _learn(
        self, log: Interactions, recommender: Recommender, now: int
    ) -> Mapping[str, Learned]:
        watched, numbers = watched_of(recommender), numbers_of(recommender.view, log)
        found = {}
        for name, policy in self._policies.items():
            lists = self._logs[name].lists(MOST_LISTS)
            events = events_in(
                log,
                self._settings.kinds,
                lists.users,
                lists.items,
                self._name_of,
                None,
                numbers,
            )
            found[name] = learn(policy, lists, events, watched, now)
        return found


def watched_of(recommender: Recommender) -> Watched:
    """What guard rails need to know of the catalogue of a recommender."""
    snapshot = recommender.snapshot
    order = snapshot.popularity.order
    return Watched.of(snapshot.items.ids, order, len(recommender.view.items.ids))


def numbers_of(view: View, log: Interactions) -> Callable[[str], NDArray[np.float64]]:
    """An attribute of the items of a log by name, as numbers; NaN where it is none."""
    rows = view.items.ids.rows

    def numbers(name: str) -> NDArray[np.float64]:
        found = np.full(len(log.items), np.nan)
        for at, item in enumerate(log.items.ids):
            row = rows.get(item)
            value = None if row is None else view.items.attributes(row).get(name)
            if isinstance(value, float | int):
                found[at] = value
        return found

    return numbers
