"""What a newly trained snapshot takes over: Q-networks, by the ids of items."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from graphrec.data import Vocabulary
from graphrec.forget import without
from graphrec.policy.beliefs import nothing_known
from graphrec.policy.learned import Learned
from graphrec.ranking.q_network.network import QNetwork
from graphrec.ranking.q_network.trial import QTrial
from graphrec.snapshot.carry import moved, with_policies_of
from tests.support.placed import shop

NONE = np.empty(0, np.float32)


def network(items: int) -> QNetwork:
    return QNetwork(
        np.arange(2.0 * items, dtype=np.float32).reshape(items, 2) + 1,
        np.arange(items, dtype=np.float32) + 1,
        *((), (), NONE, NONE, NONE, 1.0, 2.0, 24.0, 48.0),
        QTrial(300, 80, 90.0, 0.2, 0.05, 0.01, 0.09),
    )


def test_rows_are_those_of_the_other_items() -> None:
    found = moved(network(2), Vocabulary(("a", "b")), Vocabulary(("b", "new", "a")))
    assert found.vectors.tolist() == [[3, 4], [0, 0], [1, 2]]
    assert found.popularity.tolist() == [2, 0, 1]


def test_it_is_taken_over_unless_somebody_was_forgotten() -> None:
    learned = Learned(nothing_known(("usual", "other")), 80, {}, {}, {})
    plain = shop()
    serving = replace(
        plain, networks={"home": network(len(plain.items))}, learned={"home": learned}
    )
    after = with_policies_of(plain, serving)
    assert after.learned == {"home": learned}
    assert np.array_equal(after.networks["home"].vectors, serving.networks["home"].vectors)
    left = without(serving, [plain.users.ids[0]])
    assert left.learned == {}
    assert with_policies_of(plain, left) is plain
    assert with_policies_of(plain, None) is plain
