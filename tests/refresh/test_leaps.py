"""No single person, and no single row, changes what everyone sees."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from graphrec.data import Graph, Interactions
from graphrec.data.kinds import KindPolicy
from graphrec.data.times import DAY
from graphrec.data.weighting import weigh
from graphrec.refresh.gate import failed
from graphrec.refresh.leaps import busiest, leaps
from graphrec.refresh.outcome import Outcome
from graphrec.settings import RefreshSettings, Settings
from graphrec.snapshot.registry import load
from graphrec.snapshot.snapshot import Snapshot
from graphrec.snapshot.update import update
from graphrec.snapshot.view import View
from graphrec.store import GraphStore
from graphrec.store.delta import everything
from tests.support.shop import HOUR, log, part, refreshed, settings_of, store_of
from tests.support.snapshots import build_snapshot

LOG = log()
ITEMS = [f"i{n:02}" for n in range(60)]
OBSCURE = ["x1", "x2", "x3", "x4", "x5"]
"""Nobody else likes them."""
LAST = int(LOG.time.max())


def attack(
    items: Sequence[str],
    value: float,
    users: Sequence[str] = ("bot",),
    times: int = 1,
    at: int = LAST + HOUR,
    kind: str = "interaction",
) -> Interactions:
    """Events of `users` on all `items`, so many times, each a moment after the one before."""
    rows = [(user, item, n) for user in users for item in items for n in range(times)]
    who, what, when = zip(*rows, strict=True)
    return Interactions.of(
        who, what, [value] * len(rows), [at + n for n in when], [kind] * len(rows)
    )


ATTACKS = {
    "five events of 1e30": attack(OBSCURE, 1e30),
    "five of the largest number": attack(OBSCURE, 3e38),
    "one row": attack(OBSCURE[:1], 1e30),
    "events without end on one item": attack(OBSCURE[:1], 1, times=3000),
    "a bot that clicks everything": attack(ITEMS, 1e30),
    "many events at one time": attack(OBSCURE, 1e30, at=LAST),
    "a kind of its own": attack(OBSCURE, 1e30, kind="mine"),
    "long ago": attack(OBSCURE, 1e30, at=1),
    "years later": attack(OBSCURE, 1e30, at=LAST + 7000 * DAY),
}


def popular(snapshot: Snapshot, k: int = 5) -> list[str]:
    return [snapshot.items.ids[row] for row in snapshot.popularity.order[:k]]


def joined(*parts: Interactions) -> Interactions:
    """The events of several logs, with all of their nodes."""
    names = [
        [(each.users.ids[u], each.items.ids[i], each.kinds[k]) for u, i, k in zip(
            each.user, each.item, each.kind, strict=True)]
        for each in parts
    ]  # fmt: skip
    user, item, kind = zip(*(row for each in names for row in each), strict=True)
    weight, time = (
        np.concatenate([getattr(each, c) for each in parts]) for c in ("weight", "time")
    )
    return Interactions.of(user, item, weight, time, kind)


def snapshot_of(*parts: Interactions, **kinds: KindPolicy) -> Snapshot:
    return build_snapshot(weigh(Graph(joined(*parts)), kinds))


@pytest.mark.parametrize("name", ATTACKS)
def test_the_popular_items_stay_what_they_are(name: str) -> None:
    before = snapshot_of(LOG)
    trained = snapshot_of(LOG, ATTACKS[name])
    updated = update(View.of(before, everything(Graph(joined(LOG, ATTACKS[name])))))
    for after in (trained, updated):
        assert popular(after) == popular(before)
        assert np.isfinite(after.history.data).all()
        bot = after.history[[after.users.rows["bot"]]]
        assert bot.data.max() == pytest.approx(before.history.data.max(), rel=1e-3)
        assert leaps(before, after, 10) == ()
    # Who asks after the bot gets what the update would hold.
    live = View.of(before, everything(Graph(joined(LOG, ATTACKS[name])))).user("bot")
    row = updated.history[[updated.users.rows["bot"]]]
    weights = [*live.weights.tolist(), *live.new_likes.values()]
    np.testing.assert_allclose(np.sort(weights), np.sort(row.data), rtol=1e-6)


@pytest.mark.parametrize("name", ["five events of 1e30", "one row"])
def test_without_clipping_the_gate_sees_it(name: str) -> None:
    off = {"interaction": KindPolicy(clip_quantile=1)}
    before, after = snapshot_of(LOG, **off), snapshot_of(LOG, ATTACKS[name], **off)
    found = leaps(before, after, 10)
    assert {each.item for each in found} >= set(OBSCURE[:1])
    assert found[0].rank == 1
    assert found[0].before is None
    assert found[0].share == pytest.approx(1)
    assert after.users.ids[busiest(after.history) or 0] == "bot"
    assert str(found[0]) == f"{found[0].item!r} is number 1 (new) by 1 user, 100% of it by one"


def test_a_hit_is_no_leap() -> None:
    """An item that is new and that many like may come first."""
    many = attack(["new"], 1, users=[f"u{n:03}" for n in range(120)])
    before, after = snapshot_of(LOG), snapshot_of(LOG, many)
    assert popular(after, 1) == ["new"]
    assert leaps(before, after, 10) == ()


def test_where_hardly_anyone_likes_anything_a_few_may_decide() -> None:
    few = Interactions.of(list("abcdefgh"), [f"x{n}" for n in range(8)])
    more = Interactions.of(["i", "j"], ["y", "y"])
    assert leaps(snapshot_of(few), snapshot_of(few, more), 10) == ()
    empty = snapshot_of(few)
    assert busiest(empty.history) is not None
    assert busiest(empty.history[:0]) is None


# The whole job


FREE = {"interaction": KindPolicy(clip_quantile=1)}
LOYAL = RefreshSettings(min_test_users=20, max_new_share=10, max_drift=1)


def after_attack(
    tmp_path: Path, settings: Settings, events: Interactions, *, since_last: bool
) -> tuple[Outcome, Snapshot, GraphStore]:
    store = store_of(tmp_path / "shop.db", part(LOG, 0, 0.9))
    folder = tmp_path / "snapshots"
    assert refreshed(store, folder, settings).version
    before = load(folder)
    store.write_events(part(LOG, 0.9, 1))
    store.write_events(events)
    return refreshed(store, folder, settings, since_last=since_last), before, store


@pytest.mark.slow
@pytest.mark.parametrize("since_last", [False, True])
@pytest.mark.parametrize("name", ["five events of 1e30", "a bot that clicks everything"])
def test_a_refresh_publishes_ordinary_lists(tmp_path: Path, name: str, since_last: bool) -> None:
    settings = settings_of(refresh=LOYAL)
    outcome, _, store = after_attack(tmp_path, settings, ATTACKS[name], since_last=since_last)
    with store:
        assert outcome.plan.decision.action == ("infer" if since_last else "train")
        assert outcome.version, failed(outcome.checks)
        served = load(tmp_path / "snapshots")
    assert not set(popular(served, 10)) & set(OBSCURE)


@pytest.mark.slow
@pytest.mark.parametrize("since_last", [False, True])
def test_a_refresh_refuses_what_is_not_clipped(tmp_path: Path, since_last: bool) -> None:
    settings = settings_of(refresh=LOYAL, kinds=FREE)
    events = ATTACKS["five events of 1e30"]
    outcome, _, store = after_attack(tmp_path, settings, events, since_last=since_last)
    with store:
        assert outcome.refused
    checks = {each.name: each for each in failed(outcome.checks)}
    assert {"items that few people made popular", "share of one user in popularity"} <= set(checks)
    assert "'x" in checks["items that few people made popular"].expectation
    assert checks["share of one user in popularity"].who == "bot"
    assert "bot" not in str(outcome.as_json())
