"""Choosing hyper-parameters that a model leaves open, with variants whose scores are given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Interactions, Rows
from graphrec.data.dataset import Dataset
from graphrec.errors import TrainingError
from graphrec.evaluation import variants
from graphrec.evaluation.splits.split import Split, given
from graphrec.evaluation.variants import choose_variant
from graphrec.models.protocol import FittedModel, Scorer, Seed, VariantModel

ITEMS = 8
USERS = 30


@dataclass(frozen=True)
class Placed:
    """The variants of a `Script`, fitted."""

    places: tuple[int, ...]
    asked: list[int]

    def score_variants(self, users: Rows) -> Iterator[NDArray[np.float32]]:
        """Item 0 was met by all, 1 is tested; the others are above or below it."""
        self.asked.extend(users.tolist())
        for place in self.places:
            row = np.array([0, ITEMS - 0.5 - place, *range(ITEMS - 1, 1, -1)], np.float32)
            yield np.tile(row, (len(users), 1))


@dataclass(frozen=True)
class Script:
    """A model whose nth variant puts the tested item at the nth place."""

    places: tuple[int, ...]
    asked: tuple[list[int], ...] = ()

    def variants(self) -> tuple[Script, ...]:
        return tuple(replace(self, places=(place,)) for place in self.places)

    def fit_variants(self, data: Dataset, seed: Seed = 0) -> Placed:
        return Placed(self.places, self.asked[0] if self.asked else [])

    def fit(self, data: Dataset, seed: Seed = 0) -> FittedModel[Scorer]:
        raise AssertionError("choosing must not fit them one by one")


def split_of(users: int = USERS) -> Split:
    names = [f"u{user:02}" for user in range(users)]
    items = [f"i{item}" for item in range(ITEMS)]
    train = Interactions.of([*names, *["other"] * ITEMS], ["i0"] * users + items)
    return given(train, Interactions.of(names, ["i1"] * users))


def chosen(places: tuple[int, ...], split: Split, **options: object) -> tuple[int, ...]:
    rng = np.random.default_rng(0)
    return choose_variant(Script(places), split, rng, k=ITEMS, **options).places  # type: ignore[arg-type]


def test_the_script_has_variants() -> None:
    assert isinstance(Script((0,)), VariantModel)


def test_the_best_is_chosen_and_of_equal_ones_the_first() -> None:
    assert chosen((3, 1, 2), split_of()) == (1,)
    assert Script((2, 1, 1)).variants().index(Script(chosen((2, 1, 1), split_of()))) == 1


def test_in_several_blocks_of_users_as_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(variants, "SCORES_AT_ONCE", 7 * (ITEMS + 1))
    asked: list[int] = []
    split = split_of()
    model = Script((3, 1, 2), (asked,))
    assert choose_variant(model, split, np.random.default_rng(0), k=4).places == (1,)
    assert sorted(asked) == sorted(np.unique(split.test.user).tolist())


def test_without_validation_or_where_nothing_is_open_it_is_the_first() -> None:
    split = split_of()
    empty = replace(split, test=split.test.take(np.zeros(0, np.int64)))
    assert chosen((3, 1, 2), empty) == (3,)
    asked: list[int] = []
    choose_variant(Script((5,), (asked,)), split, np.random.default_rng(0), k=3)
    assert not asked


def test_users_without_a_history_say_nothing() -> None:
    """They get the popularity list, whatever the model."""
    split = split_of()
    log, tested = split.train.interactions, np.unique(split.test.user)
    silent = split.train.with_interactions(log.take(~np.isin(log.user, tested[:4])))
    asked: list[int] = []
    model = Script((3, 1), (asked,))
    choose_variant(model, replace(split, train=silent), np.random.default_rng(0), k=4)
    assert sorted(asked) == tested[4:].tolist()
    nobody = split.train.with_interactions(log.take(~np.isin(log.user, tested)))
    assert chosen((3, 1), replace(split, train=nobody)) == (3,)


def test_at_most_so_many_users_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(variants, "MAX_USERS", 5)
    asked: list[int] = []
    choose_variant(Script((3, 1), (asked,)), split_of(), np.random.default_rng(0), k=4)
    assert len(asked) == 5


def test_every_cut_has_a_say() -> None:
    """Of the other one, item 2 is the one that is tested: what puts 1 first has it second."""
    one = split_of(4)
    names = [f"u{user:02}" for user in range(4)]
    other = replace(
        one, test=Interactions.of(names, ["i2"] * 4).recode(one.test.users, one.test.items)
    )
    assert [chosen((0, 3), each) for each in (one, other)] == [(0,), (3,)]
    assert chosen((0, 3), replace(one, earlier=(one, other))) == (0,)
    assert chosen((3, 0), replace(other, earlier=(other, one))) == (3,)


def test_with_a_pool_only_its_items_are_ranked() -> None:
    """In which the variants put the tested one at the same place."""
    pool = np.array([1, 3, 7], np.int32)
    assert chosen((5, 4), replace(split_of(), pool=pool)) == (5,)
    assert chosen((5, 4), split_of()) == (4,)


def test_with_candidates_the_tested_item_is_ranked_among_them() -> None:
    split = split_of()
    few = np.zeros((len(split.train.users), ITEMS), bool)
    few[:, [1, 3, 7]] = True
    assert chosen((5, 4), replace(split, candidates=sparse.csr_array(few))) == (5,)
    few[:, 4:6] = True
    assert chosen((5, 2), replace(split, candidates=sparse.csr_array(few))) == (2,)


def test_scores_must_be_finite() -> None:
    with pytest.raises(TrainingError, match="finite"):
        chosen((0, -np.inf), split_of())  # type: ignore[arg-type]
