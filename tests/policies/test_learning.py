"""What policies learn, from lines of a log and events."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphrec.data import Interactions
from graphrec.experiments.lists import ListLog, Lists
from graphrec.experiments.outcomes import Events, events_in
from graphrec.off_policy.estimate import NoOverlap
from graphrec.off_policy.logged_policy import judge_policy
from graphrec.policies.guards import Watched
from graphrec.policies.learning import learn, unlearned
from graphrec.policies.new_items import NewItemLog
from graphrec.policies.rewards import DAY, rewarded, share_known
from graphrec.policies.tail import LogTail
from graphrec.policy.definition import Policy

NOW = 1_700_000_000_000
POLICY = Policy.model_validate(
    {
        "actions": {"usual": {}, "other": {}},
        "rewards": {"click": {"days": 1}, "complaint": {"weight": -3, "days": 1}},
    }
)


def line(user: str, action: str, item: str = "a", at: int = 0, **more: Any) -> bytes:
    row = {
        "time": NOW + at,
        "version": "v",
        "user": user,
        "item": item,
        "rank": 1,
        "propensity": None,
        "request": "r",
        "policy": f"home/{action}",
        "chance": 0.5,
        "context": ["hour=day"],
    }
    return json.dumps({**row, **more}, separators=(",", ":")).encode()


def lists_of(*lines: bytes) -> Lists:
    log = ListLog("home")
    log.add(lines)
    return log.lists()


def events(lists: Lists, *rows: tuple[str, str, str, int]) -> Events:
    log = Interactions.of(
        [user for user, *_ in rows],
        [item for _, item, _, _ in rows],
        [1.0] * len(rows),
        [NOW + at for *_, at in rows],
        [kind for _, _, kind, _ in rows],
    )
    kinds: dict[str, Any] = {}
    return events_in(
        log, kinds, lists.users, lists.items, str, None, lambda _: np.ones(len(log.items))
    )


def test_lines_become_lists() -> None:
    log = ListLog("home")
    log.add([line("ann", "usual"), line("ann", "usual", "b", rank=2), line("bob", "other")])
    log.add([b'{"policy":"home/other"', line("x", "y", chance=0), b"{}"])
    log.add([line("cat", "other").replace(b"home/", b"cart/")])
    found = log.lists()
    assert (len(found), log.unreadable) == (2, 2)
    assert found.action == ("usual", "other")
    assert found.of.tolist() == [0, 0, 1]
    last = log.lists(most=1)
    assert (last.action, last.of.tolist(), last.item.tolist()) == (("other",), [0], [0])


def test_a_list_is_rewarded_by_what_came_of_its_items() -> None:
    lists = lists_of(line("ann", "usual"), line("bob", "other", "b"))
    found = rewarded(
        lists,
        events(
            lists,
            *(("ann", "a", "click", 5), ("ann", "b", "click", 5)),  # b was not shown to ann
            *(("bob", "b", "click", -5), ("bob", "b", "complaint", 9)),
            ("bob", "b", "click", 2 * DAY),  # too late
        ),
        POLICY.rewards,
    )
    assert found.by_list.tolist() == [1, -3]
    assert sorted(found.delay.tolist()) == [5, 9]


def test_delays_say_how_much_is_known() -> None:
    rng = np.random.default_rng(0)
    age = rng.integers(0, 10_000, 4000)
    delay = rng.exponential(2000, 4000).astype(np.int64)
    seen = delay <= age
    found = share_known(delay[seen], age[seen], np.array([200, 2000, 6000, 20_000]), 15_000)
    expected = 1 - np.exp(-np.array([200, 2000, 6000, 20_000]) / 2000)
    assert found == pytest.approx(expected, abs=0.06)
    assert share_known(delay[:0], age[:0], age[:2], 10).tolist() == [1, 1]


def test_what_is_learned_does_not_depend_on_the_order_of_lines() -> None:
    """So that several workers, whose lists are mixed in the log, agree."""
    lines = [line(f"u{n}", "other" if n % 3 else "usual", at=n) for n in range(60)]
    clicks = [(f"u{n}", "a", "click", n + 5) for n in range(60) if n % 3]
    made = []
    for order in (lines, lines[::-1]):
        lists = lists_of(*order)
        made.append(learn(POLICY, lists, events(lists, *clicks), Watched(1), NOW + DAY))
    first, second = made
    assert first.beliefs.mean == pytest.approx(second.beliefs.mean, rel=1e-9)
    assert first.rewards == {"usual": 0.0, "other": 1.0}
    assert first.shown == {"usual": 20, "other": 40}


def test_an_action_that_breaks_a_guard_is_not_taken() -> None:
    def learned(**guards: Any) -> Any:
        policy = POLICY.model_copy(
            update={"guards": POLICY.guards.model_validate({"after_lists": 20, **guards})}
        )
        lines = [
            line(f"u{n}", "other" if n % 2 else "usual", "hit" if n % 2 else f"i{n}", n)
            for n in range(60)
        ]
        lists = lists_of(*lines)
        outcomes = events(lists, *((f"u{n}", "hit", "complaint", n + 1) for n in range(1, 60, 2)))
        return learn(policy, lists, outcomes, Watched(40, {"hit"}, {"hit"}), NOW)

    assert learned().broken == {}
    assert "coverage is 0.025: expected 0.1" in learned(coverage=0.1).broken["other"]
    assert "long_tail is 0.000: expected 0.5" in learned(long_tail=0.5).broken["other"]
    assert [*learned(new_items=0.5).broken] == ["other"]
    found = learned(complaints=["complaint"])
    assert "complaints follow 1.000" in found.broken["other"]
    assert found.allowed == ["usual"]
    assert learned(coverage=1).allowed == ("usual",)  # where all break one, the first
    assert learned(coverage=1, after_lists=100).broken == {}


def test_a_policy_is_judged_by_its_log() -> None:
    lines = [line(f"u{n}", "other" if n % 2 else "usual", at=n) for n in range(400)]
    lists = lists_of(*lines)
    outcomes = events(lists, *((f"u{n}", "a", "click", n + 1) for n in range(1, 400, 2)))
    by_other = judge_policy("home", POLICY, "other", lists, outcomes).of("ips").value
    assert by_other == pytest.approx(1)
    assert judge_policy("home", POLICY, "usual", lists, outcomes).of("ips").value == 0
    learned = judge_policy("home", POLICY, None, lists, outcomes)
    assert learned.of("doubly robust").value > 0.95
    assert (learned.rounds, learned.logged.value) == (200, 0.5)
    one = lists_of(*(line(f"u{n}", "usual", at=n) for n in range(60)))
    with pytest.raises(NoOverlap, match="'home/other' shows what was never shown"):
        judge_policy("home", POLICY, "other", one, events(one, ("u1", "a", "click", 5)))


def test_nothing_is_learned_without_a_list() -> None:
    lists = lists_of()
    found = learn(POLICY, lists, events(lists), Watched(0), NOW)
    assert found.lists == 0
    assert found.allowed == unlearned(POLICY).allowed == ["usual", "other"]


def test_new_items_are_counted_until_a_snapshot_has_them() -> None:
    log = NewItemLog()
    log.add([line("ann", "usual", "new"), line("bob", "usual", "new"), b"{"], {"old"})
    log.add([line("ann", "usual", "old")], {"old"})
    outcomes = Interactions.of(["ann"], ["new"], [1.0], [NOW + 5], ["purchase"])
    assert log.tried(outcomes, {}, str, {"old"}).counts == {"new": (1, 2)}
    assert log.tried(outcomes, {}, str, {"old", "new"}).counts == {}


def test_a_log_is_read_as_it_grows(tmp_path: Path) -> None:
    given: list[bytes] = []
    tail = LogTail(tmp_path, given.extend, given.clear)
    day = tmp_path / "2026-11-22.jsonl"
    tail.follow("2026-01-01")
    day.write_bytes(b"1\n2\n3")  # the last one is not whole
    tail.follow("2026-01-01")
    tail.follow("2026-01-01")
    assert given == [b"1", b"2"]
    with day.open("ab") as file:
        file.write(b"4\n5\n")
    tail.follow("2026-01-01")
    assert given == [b"1", b"2", b"34", b"5"]
    (tmp_path / "2025-11-22.jsonl").write_bytes(b"old\n")
    other = tmp_path / "draft"
    other.write_bytes(b"2\n")  # somebody was forgotten
    other.rename(day)
    tail.follow("2026-01-01")
    assert given == [b"2"]
