"""The switch of policies, what users were shown, and the floor of a Q-network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from graphrec.data import Vocabulary
from graphrec.experiments.lists import Lists
from graphrec.policies.guards import Watched, broken
from graphrec.policies.shown_log import ShownLog
from graphrec.policy.definition import Policy
from graphrec.ranking.q_network.shown import MOST_LISTS, NOT_SHOWN
from graphrec.snapshot.policy_switch import switch, switched_off


def test_a_policy_is_off_until_it_is_on(tmp_path: Path) -> None:
    folder = tmp_path / "snapshots"
    assert switched_off(folder) == frozenset()
    assert switch(folder, "home", on=False)
    assert not switch(folder, "home", on=False)
    assert switch(folder, "cart", on=False)
    assert switched_off(folder) == {"home", "cart"}
    assert switch(folder, "home", on=True)
    assert switched_off(folder) == {"cart"}


def line(user: str, item: str, time: int, request: str = "r") -> bytes:
    row = {"user": user, "item": item, "time": time, "request": request}
    return json.dumps(row).encode()


def test_the_last_lists_of_a_user_are_kept() -> None:
    log = ShownLog()
    log.add([line("ann", "b", 5), line("ann", "a", 3), line("ann", "c", 5), b"{", b"{}"])
    assert log.to("ann") == ((3, ("a",)), (5, ("b", "c")))
    assert log.to("bob") == NOT_SHOWN
    log.add(line("ann", "d", 10 + at) for at in range(2 * MOST_LISTS))
    assert [time for time, _ in log.to("ann")] == [*range(30, 50)]


def lists_of(rewards: dict[str, float]) -> tuple[Lists, np.ndarray]:
    """100 lists of each action, of a user each; rewards vary around a mean."""
    actions = [action for action in rewards for _ in range(100)]
    rng = np.random.default_rng(0)
    count = len(actions)
    users = Vocabulary(tuple(f"u{n}" for n in range(count)))
    lists = Lists(
        users,
        Vocabulary(("a",)),
        np.arange(count),
        np.zeros(count, np.int64),
        tuple(actions),
        np.full(count, 0.5),
        ((),) * count,
        np.arange(count),
        np.zeros(count, np.int64),
    )
    return lists, np.array([rewards[each] for each in actions]) + rng.normal(0, 0.5, count)


def policy(**learned: Any) -> Policy:
    return Policy.model_validate(
        {"actions": {"usual": {}, "learned": learned}, "rewards": {"click": {}}}
    )


def test_a_network_that_surely_brings_less_than_fusion_is_not_taken() -> None:
    def said(spec: Policy, worth: float) -> dict[str, str]:
        lists, rewards = lists_of({"usual": 1.0, "learned": worth})
        return dict(broken(spec, lists, None, Watched(1), rewards))

    network = policy(network="home")
    assert "surely less than the" in said(network, 0.5)["learned"]
    assert said(network, 0.95) == {}  # which may be chance
    assert said(network, 1.5) == {}
    assert said(policy(diversity=0.3), 0.5) == {}  # what a bandit may still take for some
