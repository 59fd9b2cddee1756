"""Placing a test item among given candidates, against figures computed by hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from graphrec.ingest.history import read_history
from graphrec.ingest.ncf import read_negatives
from numpy.typing import NDArray

from graphrec.data import Graph, Interactions, Rows
from graphrec.data.dataset import Dataset
from graphrec.errors import DataError, TrainingError
from graphrec.evaluation import evaluator as evaluation
from graphrec.evaluation.evaluator import evaluate
from graphrec.evaluation.results import Evaluation
from graphrec.evaluation.splits.sampled_candidates import (
    given_candidates,
    last_among_sampled,
    places_from_the_end,
)
from graphrec.evaluation.splits.split import Split
from graphrec.models import create
from graphrec.settings import IngestSettings


@dataclass(frozen=True)
class Fixed:
    """A scorer with known scores."""

    scores: NDArray[np.float32]  # [U, I]

    def score(self, users: Rows) -> NDArray[np.float32]:
        return self.scores[users]


def log(*pairs: str) -> Interactions:
    """From "user item" strings."""
    users, items = zip(*(pair.split() for pair in pairs), strict=True)
    return Interactions.of(users, items)


def asked(**lists: str) -> Interactions:
    """The candidates of each user, as letters."""
    return log(*(f"{user} {item}" for user, items in lists.items() for item in items))


def run(scores: dict[str, dict[str, float]], split: Split, k: int) -> Evaluation:
    """Evaluate scores by user and item, 0 where none is given."""
    table = np.zeros((len(split.train.users), len(split.train.items)), np.float32)
    for user, values in scores.items():
        for item, value in values.items():
            table[split.train.users.row(user), split.train.items.row(item)] = value
    return evaluate(Fixed(table), split, k=k, resamples=0, rng=np.random.default_rng(0))


def test_the_place_among_the_candidates_counts_and_nothing_else() -> None:
    split = given_candidates(log("u a", "u z"), log("u b"), asked(u="bcde"))
    # z and a were met in train and are no candidates, however high they are
    result = run({"u": {"z": 9, "a": 8, "c": 3, "b": 2, "d": 1}}, split, k=2)
    assert result.metrics["hit@2"].value == result.metrics["recall@2"].value == 1
    assert result.metrics["ndcg@2"].value == pytest.approx(1 / np.log2(3))
    assert run({"u": {"c": 3, "b": 2, "d": 1}}, split, k=1).metrics["hit@1"].value == 0


def test_ties_are_in_random_order() -> None:
    """Behind c, b shares the places 2 to 4 with d and e: at k = 3 two of three are hits."""
    split = given_candidates(log("u a"), log("u b"), asked(u="bcde"))
    result = run({"u": {"c": 1}}, split, k=3)
    assert result.metrics["hit@3"].value == pytest.approx(2 / 3)
    assert result.metrics["ndcg@3"].value == pytest.approx((1 / np.log2(3) + 1 / 2) / 3)


def test_a_model_that_knows_nothing_has_the_luck_of_the_draw() -> None:
    split = given_candidates(log("u a"), log("u b"), asked(u="bcdefghijk"))
    assert run({}, split, k=5).metrics["hit@5"].value == pytest.approx(5 / 10)
    assert run({}, split, k=50).metrics["hit@50"].value == 1


def test_a_duplicate_counts_once_and_the_test_item_is_not_its_own_rival() -> None:
    scores = {"u": {"c": 2, "b": 1}}
    once = given_candidates(log("u a"), log("u b"), asked(u="bcd"))
    more = given_candidates(log("u a"), log("u b"), asked(u="bbcccdb"))
    for split in (once, more):
        assert run(scores, split, k=2).metrics["ndcg@2"].value == pytest.approx(1 / np.log2(3))
        assert run({}, split, k=1).metrics["hit@1"].value == pytest.approx(1 / 3)


def test_users_are_averaged_and_cold_ones_are_ranked_by_popularity() -> None:
    train = log("a x", "b x", "b y", "c y", "c x", "c w")
    split = given_candidates(train, log("a y", "new y"), asked(a="yzw", new="xyz"))
    result = run({"a": {"y": 1}, "new": {"z": 9}}, split, k=1)  # what it says of new is not asked
    assert result.per_user["hit@1"].tolist() == [1, 0]  # x is more popular than y
    assert result.metrics["hit@1"].value == 0.5
    assert result.slices["warm_users"].metrics["ndcg@1"].value == 1
    assert result.slices["cold_users"].users == 1


def test_blocks_of_users_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    users = [f"{u:02}" for u in range(30)]
    split = given_candidates(
        log(*(f"{u} a" for u in users)),
        log(*(f"{u} b" for u in users)),
        asked(**dict.fromkeys(users, "bcdefg")),
    )
    scorer = Fixed(rng.integers(0, 4, (30, 7)).astype(np.float32))
    options = {"k": 3, "resamples": 20}
    whole = evaluate(scorer, split, rng=np.random.default_rng(0), **options)
    monkeypatch.setattr(evaluation, "BLOCK_BYTES", 4 * 7 * 4)
    assert evaluate(scorer, split, rng=np.random.default_rng(0), **options).metrics == whole.metrics


def test_scores_that_are_not_finite_are_refused() -> None:
    split = given_candidates(log("u a"), log("u b"), asked(u="bc"))
    with pytest.raises(TrainingError, match="expected finite scores"):
        run({"u": {"a": np.nan}}, split, k=1)


def test_a_test_item_that_is_no_candidate_is_refused() -> None:
    with pytest.raises(DataError, match=r"test item 'b' of user 'v'.*nor are 0 others"):
        given_candidates(log("u a", "v a"), log("u b", "v b"), asked(u="bc", v="c"))


def test_two_test_items_of_a_user_are_refused() -> None:
    split = given_candidates(log("u a"), log("u b", "u c"), asked(u="bcd"))
    with pytest.raises(DataError, match="user 'u' has 2 test items: expected one"):
        run({}, split, k=1)


def test_every_event_is_positive_and_every_candidate_is_an_item() -> None:
    train = Interactions.of(["u", "u"], ["a", "b"], weight=[1, 0])
    split = given_candidates(train, log("u c"), asked(u="cq"))
    assert split.train.matrix.nnz == 2
    assert split.train.items.ids == ("a", "b", "c", "q")


def test_all_histories_end_at_once() -> None:
    train = Interactions.of(list("aaabbb"), list("xyzxyz"), time=[10, 20, 20, 700, 800, 900])
    assert places_from_the_end(train).tolist() == [-1, 0, 0, -2, -1, 0]
    assert places_from_the_end(train.take(np.zeros(0, int))).tolist() == []


def test_validation_is_the_last_item_among_items_never_met() -> None:
    rng = np.random.default_rng(1)
    users, items = (rng.random((20, 60)) < 0.2).nonzero()
    events = Interactions.of([f"{u:02}" for u in users], [f"{i:02}" for i in items],
                             time=rng.permutation(len(users)).tolist())  # fmt: skip
    train = Graph(replace(events, time=places_from_the_end(events)).sorted())
    split = last_among_sampled(train, np.random.default_rng(0), count=10)
    newest = events.take(places_from_the_end(events) == 0)
    assert sorted(zip(split.test.user, split.test.item, strict=True)) == sorted(
        zip(newest.user, newest.item, strict=True)
    )
    assert split.candidates is not None
    candidates = split.candidates.toarray()
    seen = train.seen.toarray()
    for user, item in zip(split.test.user, split.test.item, strict=True):
        assert candidates[user, item]
        assert (candidates[user] & seen[user]).sum() == 1
        assert 5 <= candidates[user].sum() <= 11  # drawn with replacement, and counted once


def test_files_of_the_paper_are_read(tmp_path: Path) -> None:
    (tmp_path / "train.tsv").write_text("user\titem\tseq\n0\t5\t2\n0\t7\t0\n0\t6\t1\n")
    (tmp_path / "negative").write_text("(0,25)\t1064\t174\t1064\n(1, 133)\t1072\t3154\t25\n")
    history = read_history(tmp_path / "train.tsv", IngestSettings(), tmp_path / "rejects.csv")
    assert [history.items.ids[i] for i in history.item[np.argsort(history.time)]] == list("765")
    found = read_negatives(tmp_path / "negative")
    pairs = [(found.users.ids[u], found.items.ids[i], w) for u, i, w in
             zip(found.user, found.item, found.weight, strict=True)]  # fmt: skip
    assert pairs == [
        ("0", "25", 1), ("0", "1064", 0), ("0", "174", 0), ("0", "1064", 0),
        ("1", "133", 1), ("1", "1072", 0), ("1", "3154", 0), ("1", "25", 0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty: expected a line"),
        ("user\titem\n", r"line 1 of .* is 'user\\titem': expected '\(user,item\)'"),
        ("(0,1)\t2\n(0;1)\t2\n", "line 2 of"),
        ("(0,1)\t2\n\n", "line 2 of"),
        ("(0,1)\t2\t\t3\n", "line 1 of"),
    ],
)
def test_a_line_of_another_shape_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "negative").write_text(text)
    with pytest.raises(DataError, match=message):
        read_negatives(tmp_path / "negative")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_negatives(tmp_path / "none.gz")


@pytest.mark.slow
def test_popularity_on_movielens_1m_is_that_of_the_papers(datasets: Path, tmp_path: Path) -> None:
    """.4535 / .2543 in Rendle et al. 2020: nothing to tune, so it checks the protocol."""
    folder = datasets / "ml-1m-ncf"
    if not folder.is_dir():
        pytest.skip(f"no {str(folder)!r}")
    train, test = (
        read_history(folder / f"{name}.tsv.gz", IngestSettings(), tmp_path / "rejects.csv")
        for name in ("train", "test")
    )
    split = given_candidates(train, test, read_negatives(folder / "test.negative.gz"))
    assert (len(split.train.users), len(split.train.items)) == (6040, 3706)
    assert (len(split.train.interactions), len(split.test), split.repeats) == (994_169, 6040, 0)
    assert split.candidates is not None
    assert split.candidates.nnz == 6040 * 100 - 156  # so many test items are their own negatives
    scorer = create("popularity").fit(Dataset.of_weights(split.train)).scorer
    found = evaluate(scorer, split, k=10, resamples=0, rng=np.random.default_rng(0)).metrics
    assert found["hit@10"].value == pytest.approx(0.4535, abs=0.0001)
    assert found["ndcg@10"].value == pytest.approx(0.2543, abs=0.0001)
