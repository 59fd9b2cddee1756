"""What models of sequences learn, and others cannot: the order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from graphrec.data import Attribute, Graph, Interactions
from graphrec.data.dataset import Dataset
from graphrec.evaluation.evaluator import evaluate
from graphrec.evaluation.splits.split import Split, leave_last_out
from graphrec.models import create

pytestmark = pytest.mark.slow

SMALL: dict[str, Any] = {
    "dim": 16,
    "length": 8,
    "dropout": 0.1,
    "epochs": 12,
    "negatives": 20,
    "batch_size": 128,
    "learning_rate": 0.01,
    "warmup_steps": 5,
}


def planted(seed: int, users: int = 150, items: int = 24) -> Split:
    """After each item comes one other, the same for everyone, but for a jump after every third.

    All items are about as popular, and without the order, the item before another is as near to it
    as the one after it.
    """
    rng = np.random.default_rng(seed)
    circle = rng.permutation(items)
    after = np.empty(items, int)
    after[circle] = np.roll(circle, -1)
    events: list[tuple[str, str, int]] = []
    for user in range(users):
        item, seen = int(rng.integers(items)), set()
        for time in range(8):
            seen.add(item)
            events.append((f"u{user:03}", f"i{item:02}", time))
            if time % 3 == 2 or int(after[item]) in seen:
                item = int(rng.choice([n for n in range(items) if n not in seen]))
            else:
                item = int(after[item])
    who, what, when = zip(*events, strict=True)
    return leave_last_out(Graph(Interactions.of(who, what, time=when).sorted()))


def hits(name: str, split: Split, values: dict[str, Any] | None = None, seed: int = 0) -> float:
    """How often the first of a list is right."""
    model = create(name, values or {})
    scorer = model.fit(Dataset.of_weights(split.train), seed).scorer
    found = evaluate(scorer, split, k=1, resamples=0, rng=np.random.default_rng(0))
    return found.metrics["recall@1"].value


@pytest.mark.parametrize("name", ["sasrec", "gru4rec", "caser", "two-tower"])
def test_what_comes_next_is_learned_where_others_see_a_heap(name: str) -> None:
    pytest.importorskip("torch")
    for seed in (1, 2):
        split = planted(seed)
        others = max(hits(other, split) for other in ("popularity", "item-knn", "ease"))
        assert hits(name, split, SMALL, seed) > others + 0.25


def test_both_losses_and_the_filter_learn_it() -> None:
    pytest.importorskip("torch")
    split = planted(3)
    for values in ({"loss": "softmax"}, {"filter_share": 0.5}, {"averaged": 0.9}):
        assert hits("sasrec", split, {**SMALL, **values}) > 0.7


def test_attributes_of_items_rank_those_that_nobody_has_chosen() -> None:
    """Each colour is followed by its own: a cold item has nothing but its colour."""
    pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    colours = [("red", "blue")[n % 2] for n in range(24)]
    events = []
    for user in range(120):
        parity = user % 2
        for time, item in enumerate(rng.permutation(np.arange(parity, 22, 2))[:6].tolist()):
            events.append((f"u{user:03}", f"i{item:02}", time))
    who, what, when = zip(*events, strict=True)
    log = Interactions.of([*who, "z", "z"], [*what, "i22", "i23"], [*[1.0] * len(who), 0, 0],
                          [*when, 0, 0])  # fmt: skip
    graph = Graph(log.sorted(), {"item": {"colour": Attribute("category", tuple(colours))}})
    scores = (
        create("two-tower", SMALL)
        .fit(Dataset.of_weights(graph))
        .score(np.arange(2, dtype=np.int32))
    )
    assert scores[0, 22] > scores[0, 23]
    assert scores[1, 23] > scores[1, 22]
