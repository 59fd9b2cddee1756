"""Similar users, and what they share."""

from __future__ import annotations

import pytest

from graphrec.errors import UnknownNode
from graphrec.recommend.similar import NAMED, similar_to
from graphrec.snapshot.view import View
from graphrec.store.delta import Delta
from tests.support.placed import engine, later, shop


def test_share_items_the_rarest_first_and_attributes() -> None:
    view = engine().view
    found = {each.user: each for each in similar_to(view, "ann", 9)}
    bob = found["bob"]
    assert bob.attributes == {"country": "DE"}
    assert found["cat"].attributes == {}
    likes = view.snapshot.likes
    degrees = [int(likes.degrees[likes.items.rows[each.item]]) for each in bob.shared]
    assert degrees == sorted(degrees)
    assert len(bob.shared) == min(NAMED, bob.items)
    assert bob.shared[0].item == "cable"  # but for these two nobody has it
    assert bob.shared[0].title == "Cable"


def test_what_is_forgotten_or_deleted_is_not_shared() -> None:
    gone = View.of(shop(), Delta(forgotten=frozenset({"bob"}), deleted=frozenset({"phone"})))
    found = similar_to(gone, "ann", 9)
    assert "bob" not in {each.user for each in found}
    assert "phone" not in {item.item for each in found for item in each.shared}


def test_of_whom_the_snapshot_does_not_know() -> None:
    view = later(engine(), ("new", "soap", "view", 1)).view
    assert similar_to(view, "new", 9) == ()
    with pytest.raises(UnknownNode, match="'nobody'"):
        similar_to(view, "nobody", 9)
