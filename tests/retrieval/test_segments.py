"""What is popular in a segment."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from graphrec.data import Attribute
from graphrec.retrieval.segments import ENOUGH, PRIOR, segments_of

LIKES = sparse.csr_array(np.repeat([[1.0, 2.0, 0, 0], [0, 3.0, 1.0, 0]], ENOUGH, axis=0))
COUNTRIES = ("DE",) * ENOUGH + ("FR",) * ENOUGH
EVERYONE = np.array([2.0, 8.0, 2.0, 5.0], np.float32)


def test_an_item_is_as_popular_as_its_share_of_likes_is_larger_inside():
    segments = segments_of(LIKES, Attribute("category", COUNTRIES), "country")
    assert set(segments.rows) == {"DE", "FR"}
    inside = 2 * ENOUGH
    expected = EVERYONE * [
        (ENOUGH + PRIOR / 4) / ((inside + PRIOR) / 4),
        1,
        (PRIOR / 4) / ((inside + PRIOR) / 4),
        1,  # nobody likes it, anywhere
    ]
    np.testing.assert_allclose(segments.popularity("DE", EVERYONE), expected)
    assert [segments.people("DE", item) for item in range(4)] == [ENOUGH, ENOUGH, 0, 0]


def test_whoever_has_several_tags_is_in_several_segments():
    tags = (("DE", "young"),) * ENOUGH + (("FR", "young"),) * ENOUGH
    segments = segments_of(LIKES, Attribute("tags", tags), "groups")
    assert set(segments.rows) == {"DE", "FR", "young"}
    np.testing.assert_allclose(segments.popularity("young", EVERYONE), EVERYONE)


@pytest.mark.parametrize(
    "values", [(), (None,) * 2 * ENOUGH, (3.0,) * 2 * ENOUGH, ("DE",) * (ENOUGH // 2 - 1)]
)
def test_few_likes_are_no_segment(values):
    values = (*values, *(None,) * (2 * ENOUGH - len(values)))
    assert not segments_of(LIKES, Attribute("category", values), "country").rows
