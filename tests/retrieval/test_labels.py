"""New items without an embedding are near to those who like items with their labels."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from graphrec.data import Attribute
from graphrec.retrieval.labels import LabelSpace, NearestLabels
from graphrec.retrieval.profile import UserProfile

CATEGORY = Attribute("category", ("garden",) * 6 + ("kitchen",) * 6 + (None,) * 2)
TAGS = Attribute("tags", tuple((f"t{row % 3}",) for row in range(14)))
LIKES = sparse.csr_array(np.kron(np.eye(2), np.ones((10, 7))))
NEW = (
    {"category": "garden", "tags": ("t0", "unheard of")},
    {"category": "kitchen", "title": "A pan"},
    {"category": "unheard of"},
)


def nearest() -> NearestLabels:
    space = LabelSpace.of({"category": CATEGORY, "tags": TAGS}, LIKES)
    return NearestLabels(space, space.embed(NEW), 14)


def rows(liked: list[int], reach: float = 1.0) -> list[int] | None:
    profile = UserProfile(np.array(liked, np.int32), np.ones(len(liked), np.float32))
    found = nearest().retrieve(profile, np.ones(17, bool), 3, reach)
    assert found is None or (found.z_scores(found.rows) > 0).all()
    return None if found is None else found.rows.tolist()


def test_what_shares_labels_is_near_and_what_has_none_known_is_not() -> None:
    assert rows([0, 3]) == [14]
    assert rows([6, 7]) == [15]
    assert rows([]) is None


def test_with_a_reach_only_those_are_reached_who_are_nearer_than_most() -> None:
    assert rows([0, 3], reach=0.2) == [14]
    assert rows([0, 6, 7, 8], reach=0.2) == [15]
    assert rows([13, 0, 1, 2, 6, 7, 8], reach=0.0) == []


def test_what_may_not_be_listed_is_not() -> None:
    profile = UserProfile(np.array([0, 3], np.int32), np.ones(2, np.float32))
    found = nearest().retrieve(profile, np.zeros(17, bool), 3)
    assert found is not None
    assert not len(found.rows)
