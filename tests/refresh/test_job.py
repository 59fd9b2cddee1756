"""The job, from a store to a published snapshot or a refusal; and what was ruined is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest

from graphrec.data import Interactions
from graphrec.data.dataset import Dataset
from graphrec.errors import DataError, SnapshotError
from graphrec.ranking.fusion import alike
from graphrec.recommend.query import Query
from graphrec.recommend.recommender import Recommender
from graphrec.refresh import retraining
from graphrec.refresh.gate import failed
from graphrec.refresh.job import refresh
from graphrec.refresh.outcome import Options
from graphrec.refresh.planning import plan
from graphrec.settings import RefreshSettings
from graphrec.snapshot import canary
from graphrec.snapshot.difference import difference
from graphrec.snapshot.manifest import FORMAT
from graphrec.snapshot.registry import current, load, versions
from graphrec.snapshot.update import update
from graphrec.snapshot.view import View
from graphrec.store import open_store
from graphrec.store.delta import everything
from tests.support.fitted import needs
from tests.support.shop import HOUR, log, part, refreshed, settings_of, store_of
from tests.support.snapshots import reseal

pytestmark = pytest.mark.slow

SETTINGS = settings_of()


@pytest.fixture
def store(tmp_path):
    """Nine tenths of a shop's log."""
    with store_of(tmp_path / "shop.db", part(log(), 0, 0.9)) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "snapshots"


def failures(outcome):
    return {each.name for each in failed(outcome.checks)}


# The job


def test_the_first_refresh_publishes_and_says_how_good_it_is(store, folder):
    outcome = refreshed(store, folder, SETTINGS)
    assert outcome.version == current(folder)
    assert not outcome.refused
    names = [stage.name for stage in outcome.stages]
    assert names == ["read", "train", "index", "evaluate", "compare", "publish"]
    manifest = load(folder).manifest
    assert manifest.position == store.position()
    models = {
        row["model"]: row["metrics"]["ndcg@10"]["value"] for row in manifest.metrics["models"]
    }
    assert models["fusion"] > 1.2 * models["popularity"]
    measured = {name: value for name, value in manifest.metrics.items() if name != "health"}
    assert outcome.as_json()["evaluation"] == measured


def test_the_next_one_is_compared_with_what_serves_on_what_neither_has_seen(store, folder):
    first = refreshed(store, folder, SETTINGS)
    store.write_events(part(log(), 0.9, 1))
    second = refreshed(store, folder, SETTINGS)
    rehearsal = second.candidate.rehearsal
    assert second.plan.since.serving == first.version
    assert rehearsal.slice.protocol == "since the serving snapshot"
    newest = load(folder, first.version).manifest.newest_event
    assert (rehearsal.slice.split.test.time > newest).all()
    assert (rehearsal.slice.split.train.interactions.time <= newest).all()
    assert rehearsal.serving is not None
    assert second.version == current(folder) != first.version


@pytest.mark.parametrize("since_last", [False, True])
def test_after_one_of_an_earlier_format_it_begins_anew(store, folder, since_last):
    first = refreshed(store, folder, SETTINGS)
    reseal(folder, first.version, lambda manifest: manifest.update(format=FORMAT - 1))
    second = refreshed(store, folder, SETTINGS, since_last=since_last)
    assert second.version == current(folder) != first.version
    assert second.plan.since.serving is None


def test_where_little_is_new_the_figure_of_its_day_is_what_to_beat(store, folder):
    refreshed(store, folder, SETTINGS)
    again = refreshed(store, folder, SETTINGS)
    assert again.candidate.rehearsal.serving is None
    assert "NDCG over that of the serving snapshot" in {each.name for each in again.checks}
    assert again.version


def test_a_store_without_likes_is_an_error_and_nothing_is_published(tmp_path, folder):
    with open_store(f"sqlite:///{tmp_path}/empty.db") as empty, pytest.raises(DataError):
        refreshed(empty, folder, SETTINGS)
    assert versions(folder) == ()


@pytest.mark.slow
def test_epochs_of_what_serves_are_taken_over_unless_asked_or_settings_differ(store, folder):
    needs("mf")
    reported = []
    asked = Options(("mf",))

    def run(settings, options):
        steps = []
        refresh(store, folder, settings, options, progress=lambda stage, *_: steps.append(stage))
        reported.append("choosing epochs" in steps)

    run(SETTINGS, asked)
    run(SETTINGS, asked)
    run(SETTINGS, replace(asked, choose=True))
    wider = {**SETTINGS.models, "mf": {**SETTINGS.models["mf"], "dim": 9}}
    run(settings_of(models=wider), asked)
    assert reported == [True, False, True, True]


@pytest.mark.slow
def test_what_was_chosen_of_the_neighbourhood_is_taken_over_and_said(store, folder):
    reported = []

    def run(settings, options):
        steps = []
        outcome = refresh(
            store, folder, settings, options, progress=lambda stage, *_: steps.append(stage)
        )
        reported.append("choosing hyper-parameters" in steps)
        [train] = [stage for stage in outcome.stages if stage.name == "train"]
        served = load(folder).manifest.models["graph-filter"]
        assert train.facts["neighbourhood"] == "graph-filter"
        assert train.facts["hyper_parameters"] == served
        assert None not in served.values()
        return served

    first, again = run(SETTINGS, Options(())), run(SETTINGS, Options(()))
    assert first == again
    run(SETTINGS, Options((), choose=True))
    fixed = {**SETTINGS.models, "graph-filter": {"dim": 16, "target_exponent": 0.4}}
    assert run(settings_of(models=fixed), Options((), force=True))["target_exponent"] == 0.4
    assert reported == [True, False, True, True]


@pytest.mark.slow
def test_the_last_ones_are_kept_and_those_in_use_whatever_their_age(store, folder):
    settings = settings_of(refresh=RefreshSettings(keep=2, min_test_users=20))
    now = datetime.now(timezone.utc) - timedelta(days=9)
    published = []
    for day in range(3):
        when = now + timedelta(days=day)
        published.append(refresh(store, folder, settings, Options(()), now=when).version)
    assert versions(folder) == tuple(published[1:])
    tried = refresh(
        store, folder, settings, Options((), share=0.1), now=now + timedelta(days=3)
    ).version
    others = [
        refresh(
            store, folder, settings, Options((), share=0.2), now=now + timedelta(days=day)
        ).version
        for day in (4, 5, 6)
    ]
    assert current(folder) == published[2]
    assert versions(folder) == (published[2], *others[1:])
    assert tried not in versions(folder)


# The gate


def test_shuffled_labels_are_refused(tmp_path, folder, store):
    refreshed(store, folder, SETTINGS)
    good = log()
    shuffled = replace(good, item=np.random.default_rng(0).permutation(good.item))
    with store_of(tmp_path / "shuffled.db", shuffled) as bad:
        outcome = refreshed(bad, folder, SETTINGS)
    assert outcome.refused
    assert "share of the serving snapshot's likes that are still there" in failures(outcome)


def test_half_of_the_items_gone_is_refused(tmp_path, folder, store):
    refreshed(store, folder, SETTINGS)
    good = log()
    with store_of(tmp_path / "half.db", part(good.take(good.item % 8 < 4), 0, 1)) as bad:
        outcome = refreshed(bad, folder, SETTINGS)
    assert outcome.refused
    assert {"items", "events"} <= failures(outcome)


def test_constant_embeddings_are_refused(folder, store, monkeypatch):
    needs("mf")
    learn = retraining.learn

    def collapsed(*args, **options):
        learnt = learn(*args, **options)
        vectors = learnt.vectors
        constant = replace(
            vectors,
            user=np.tile(vectors.user[:1], (len(vectors.user), 1)),
            item=np.tile(vectors.item[:1], (len(vectors.item), 1)),
        )
        return replace(learnt, vectors=constant)

    monkeypatch.setattr(retraining, "learn", collapsed)
    outcome = refreshed(store, folder, SETTINGS, "mf")
    assert outcome.refused
    assert {f"spread of the embeddings of {nodes}" for nodes in ("users", "items")} <= failures(
        outcome
    )
    assert versions(folder) == ()


@pytest.mark.slow
def test_vectors_in_the_wrong_rows_are_refused_by_their_lists(folder, store, monkeypatch):
    """The data are whole, but what is made of them is not."""
    needs("mf")
    refreshed(store, folder, SETTINGS, "mf")
    store.write_events(part(log(), 0.9, 1))
    learn = retraining.learn

    def misplaced(*args, **options):
        learnt = learn(*args, **options)
        item = np.random.default_rng(0).permutation(learnt.vectors.item)
        weights = alike({"neighbours": 0.0, "embedding": 1.0, "popularity": 0.01})
        return replace(learnt, vectors=replace(learnt.vectors, item=item), weights=weights)

    monkeypatch.setattr(retraining, "learn", misplaced)
    outcome = refreshed(store, folder, SETTINGS, "mf")
    assert outcome.refused
    assert "NDCG over that of the serving snapshot" in failures(outcome)


@pytest.mark.slow
def test_what_is_refused_can_be_forced_and_says_so(tmp_path, folder, store):
    before = refreshed(store, folder, SETTINGS).version
    good = log()
    with store_of(tmp_path / "half.db", part(good.take(good.item % 8 < 4), 0, 1)) as bad:
        assert refreshed(bad, folder, SETTINGS).refused
        assert current(folder) == before
        forced = refreshed(bad, folder, SETTINGS, force=True)
    assert forced.forced
    assert failures(forced)
    assert current(folder) == forced.version


@pytest.mark.parametrize("seed", range(20))
def test_a_good_one_is_not_refused_whatever_the_seed(tmp_path, folder, seed):
    settings = settings_of(seed=seed)
    events = log(seed)
    with store_of(tmp_path / "shop.db", part(events, 0, 0.9)) as store:
        assert refreshed(store, folder, settings).version
        store.write_events(part(events, 0.9, 1))
        outcome = refreshed(store, folder, settings)
    assert not outcome.refused, failures(outcome)


# Incremental


def test_what_changed_is_inferred_as_everything_would_be(store, folder):
    """Two refreshes, one on top of the other, give what one look at the whole graph gives."""
    needs("graphsage")
    assert refreshed(store, folder, SETTINGS, "graphsage").version
    trained = load(folder)
    rest = part(log(), 0.9, 1)
    store.write_events(part(rest, 0, 0.4))
    loyal = settings_of(refresh=RefreshSettings(min_test_users=5, max_new_share=1, max_drift=1))
    first = refreshed(store, folder, loyal, "graphsage", since_last=True)
    assert first.plan.decision.action == "infer"
    assert first.version
    store.write_events(part(rest, 0.4, 1))
    newcomer = ["nobody yet"] * 3, ["i00", "i04", "brand new"]
    store.write_events(Interactions.of(*newcomer, None, [HOUR * 9_000] * 3))
    second = refreshed(store, folder, loyal, "graphsage", since_last=True)
    assert second.version
    now = load(folder)
    raw = store.read_graph()
    full = update(View.of(trained, everything(raw)))
    assert difference(now, full) <= 1e-5
    assert now.manifest.trained.version == trained.manifest.version
    assert now.manifest.trained.updates == 2
    assert now.manifest.counts == {**full.manifest.counts, "events": len(raw.interactions)}
    # And what the graph says is what it says.
    graph = Dataset(raw, SETTINGS.kinds).weighted
    assert liked(now) == {
        (graph.users.ids[u], graph.items.ids[i])
        for u, i in zip(*graph.matrix.tocoo().coords, strict=True)
    }
    found = Recommender.of(now, SETTINGS.retrieval).recommend(Query("nobody yet", k=5))
    recommended = found.recommendations
    assert {"i00", "i04"}.isdisjoint(each.item for each in recommended)
    assert int(recommended[0].item[1:]) % 4 == 0


def liked(snapshot):
    likes = snapshot.likes
    pairs = likes.by_user.tocoo().coords
    return {(likes.users.ids[u], likes.items.ids[i]) for u, i in zip(*pairs, strict=True)}


def test_a_changed_weight_and_an_event_twice_are_as_in_the_store(store, folder):
    refreshed(store, folder, SETTINGS)
    trained = load(folder)
    some = store.read_graph().interactions
    user, item = some.users.ids[some.user[0]], some.items.ids[some.item[0]]
    time = int(some.time[0])
    store.write_events(Interactions.of([user, user], [item, item], [0, 2], [time, time + HOUR]))
    outcome = refreshed(store, folder, SETTINGS, since_last=True)
    assert outcome.plan.decision.action == "infer"
    full = update(View.of(trained, everything(store.read_graph())))
    assert difference(load(folder), full) <= 1e-5


def test_nothing_new_is_nothing_to_do(store, folder):
    version = refreshed(store, folder, SETTINGS).version
    outcome = refreshed(store, folder, SETTINGS, since_last=True)
    assert outcome.plan.decision.action == "nothing"
    assert (outcome.version, outcome.refused) == (None, False)
    assert versions(folder) == (version,)


def test_a_deleted_item_asks_for_training(store, folder):
    refreshed(store, folder, SETTINGS)
    store.delete_item("i00")
    decision = plan(
        store, folder, SETTINGS, Options((), since_last=True), datetime.now(timezone.utc)
    ).decision
    assert decision.action == "train"
    assert "deleted" in decision.reasons[0]


def test_a_store_that_went_back_is_trained_on_and_refused(tmp_path, store, folder):
    refreshed(store, folder, SETTINGS)
    with store_of(tmp_path / "backup.db", part(log(), 0, 0.85)) as backup:
        outcome = refreshed(backup, folder, SETTINGS, since_last=True)
    assert outcome.plan.decision.action == "train"
    assert outcome.refused
    assert failures(outcome) == {"position of the store"}


def test_factorisation_keeps_the_vectors_that_it_learnt(store, folder):
    """And moves that of a user by what the encoder makes of the change."""
    needs("mf")
    refreshed(store, folder, SETTINGS, "mf")
    before = load(folder)
    user = before.likes.users.ids[0]
    unmet = next(i for i in before.likes.items.ids if (0, i) not in named(before))
    events = Interactions.of([user, "newcomer"], [unmet, unmet], None, [HOUR * 9_000] * 2)
    store.write_events(events)
    refreshed(store, folder, SETTINGS, "mf", since_last=True)
    after = load(folder)
    vectors = after.embeddings.user
    np.testing.assert_array_equal(vectors[1 : len(before.likes.users)],
                                  before.embeddings.user[1:])  # fmt: skip
    then, now = (before.encoder.embed(each.history[[0]].indices) for each in (before, after))
    np.testing.assert_allclose(vectors[0], before.embeddings.user[0] + (now - then), atol=1e-6)
    expected = before.encoder.embed(np.array([before.likes.items.rows[unmet]]))
    np.testing.assert_array_equal(vectors[-1], expected)


def named(snapshot):
    likes = snapshot.likes
    rows = likes.seen.tocoo().coords
    return {(int(user), likes.items.ids[item]) for user, item in zip(*rows, strict=True)}


# The canary


def test_a_canary_is_tried_and_then_promoted_or_not(store, folder):
    serving = refreshed(store, folder, SETTINGS).version
    tried = refreshed(store, folder, SETTINGS, share=0.1).version
    assert current(folder) == serving
    assert canary.canary(folder) == canary.Canary(tried, 0.1)
    assert canary.promote(folder) == tried == current(folder)
    assert canary.canary(folder) is None
    with pytest.raises(SnapshotError, match="no canary"):
        canary.promote(folder)
