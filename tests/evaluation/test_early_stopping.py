"""Choosing epochs, with a model whose every epoch is written in a script."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from graphrec.data import Interactions, Rows
from graphrec.data.dataset import Dataset
from graphrec.errors import TrainingError
from graphrec.evaluation import early_stopping
from graphrec.evaluation.early_stopping import choose_epochs
from graphrec.evaluation.splits.split import Split, given
from graphrec.models import EpochModel
from graphrec.models.protocol import FittedModel, Scorer, Seed

ITEMS = 8


@dataclass(frozen=True)
class AtPlace:
    """Puts the item that everyone is tested on at a place of the list."""

    place: int
    asked: list[int]

    def score(self, users: Rows) -> NDArray[np.float32]:
        self.asked.extend(users.tolist())
        # item 0 was met by all, 1 is tested; the others are above or below it
        row = np.array([0, ITEMS - 0.5 - self.place, *range(ITEMS - 1, 1, -1)])
        return np.tile(row.astype(np.float32), (len(users), 1))


@dataclass(frozen=True)
class Script:
    """A model whose nth epoch puts the tested item at the nth place."""

    places: tuple[int, ...]
    epochs: int
    trained: list[int] = field(default_factory=list, compare=False)
    asked: list[int] = field(default_factory=list, compare=False)

    def train(self, data: Dataset, seed: Seed) -> Iterator[Scorer]:
        for epoch in range(self.epochs):
            self.trained.append(epoch + 1)
            yield AtPlace(self.places[epoch], self.asked)

    def fit(self, data: Dataset, seed: Seed = 0) -> FittedModel[Scorer]:
        raise AssertionError("choosing epochs must not fit")


def split_of(users: int = 3) -> Split:
    names = [f"u{user}" for user in range(users)]
    items = [f"i{item}" for item in range(ITEMS)]
    train = Interactions.of([*names, *["other"] * ITEMS], ["i0"] * users + items)
    return given(train, Interactions.of(names, ["i1"] * users))


def chosen(places: tuple[int, ...], patience: int, epochs: int | None = None) -> Script:
    model = Script(places, len(places) if epochs is None else epochs)
    rng = np.random.default_rng(0)
    return choose_epochs(model, split_of(), rng, k=ITEMS, patience=patience).model


def test_the_script_is_a_model_of_epochs() -> None:
    assert isinstance(Script((0,), 1), EpochModel)


def test_the_epoch_of_the_maximum_is_chosen() -> None:
    assert chosen((3, 2, 0, 1, 2), patience=9).epochs == 3


def test_of_equal_epochs_the_first_is_chosen() -> None:
    assert chosen((3, 1, 1, 2, 1), patience=9).epochs == 2


def test_training_stops_when_nothing_was_better_for_patience_epochs() -> None:
    model = chosen((3, 1, 2, 2, 0, 0), patience=2)
    assert model.epochs == 2
    assert model.trained == [1, 2, 3, 4]  # the best of all would have come next


def test_a_late_rise_starts_the_patience_anew() -> None:
    model = chosen((5, 6, 4, 6, 3, 6, 6), patience=2)
    assert model.epochs == 5
    assert model.trained == [1, 2, 3, 4, 5, 6, 7]


def test_no_more_epochs_than_the_model_allows() -> None:
    model = chosen((5, 4, 3, 2, 1, 0), patience=2, epochs=3)
    assert model.epochs == 3
    assert model.trained == [1, 2, 3]


def test_a_model_that_never_hits_keeps_an_epoch() -> None:
    """With NDCG 0 throughout, one epoch is as good as any; none would be no model."""
    split = split_of()
    rng = np.random.default_rng(0)
    assert choose_epochs(Script((6, 6, 6), 3), split, rng, k=2, patience=2).model.epochs == 1


def test_what_was_learned_in_the_chosen_epochs_comes_along() -> None:
    found = choose_epochs(
        Script((3, 0, 2), 3), split_of(), np.random.default_rng(0), k=ITEMS, patience=9
    )
    [scorer] = found.scorers
    assert isinstance(scorer, AtPlace)
    assert scorer.place == 0


def test_everything_but_the_epochs_stays() -> None:
    model = chosen((1, 0), patience=5)
    assert model.places == (1, 0)


def test_progress_counts_towards_the_epoch_at_which_it_would_stop() -> None:
    reported: list[tuple[str, int, int | None]] = []
    choose_epochs(
        Script((3, 1, 2, 2, 2), 5), split_of(), np.random.default_rng(0), k=ITEMS, patience=2,
        progress=lambda stage, done, total: reported.append((stage, done, total)),
    )  # fmt: skip
    stage = "choosing epochs"
    assert reported == [(stage, 1, 3), (stage, 2, 4), (stage, 3, 4), (stage, 4, 4)]


def test_of_many_users_a_sample_is_ranked_the_same_in_each_epoch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(early_stopping, "MAX_USERS", 5)
    model = Script((2, 1, 0), 3)
    choose_epochs(model, split_of(users=40), np.random.default_rng(0), k=ITEMS)
    first, second, third = (sorted(model.asked[start : start + 5]) for start in (0, 5, 10))
    assert len(model.asked) == 15
    assert len(set(first)) == 5
    assert first == second == third


def test_scores_that_are_not_finite_are_not_chosen_from() -> None:
    with pytest.raises(TrainingError, match="expected finite scores"):
        choose_epochs(Broken(), split_of(), np.random.default_rng(0), k=3)


@dataclass(frozen=True)
class Broken:
    """Scores of nan."""

    epochs: int = 2

    def score(self, users: Rows) -> NDArray[np.float32]:
        return np.full((len(users), ITEMS), np.nan, np.float32)

    def train(self, data: Dataset, seed: Seed) -> Iterator[Scorer]:
        yield self

    def fit(self, data: Dataset, seed: Seed = 0) -> FittedModel[Scorer]:
        return FittedModel.of(data.weighted, self)
