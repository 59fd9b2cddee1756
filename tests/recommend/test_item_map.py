"""The map of items: who is on it, and in which colour."""

from __future__ import annotations

import pytest

from graphrec.errors import NoEmbeddings, UnknownName
from graphrec.recommend.item_map import item_map
from graphrec.snapshot.view import View
from graphrec.store.delta import Delta, ItemDelta
from tests.support.placed import engine
from tests.support.snapshots import small_snapshot


@pytest.fixture(scope="module")
def view() -> View:
    return View.of(small_snapshot(items=20, users=30))


def test_the_most_popular_items_are_on_it(view: View) -> None:
    found = item_map(view, None, 5)
    order = view.snapshot.popularity.order[:5].tolist()
    assert found.items == tuple(view.snapshot.items.ids[row] for row in order)
    assert found.likes == tuple(view.snapshot.likes.degrees[order].tolist())
    assert len(found.x) == len(found.y) == 5
    assert max(map(abs, (*found.x, *found.y))) <= 1
    assert (found.all_items, found.not_mapped) == (20, 0)
    assert (found.values, found.value, found.ordered) == ((), (), False)
    assert found.attributes == ("genres", "year")


def test_colours_of_tags_and_numbers(view: View) -> None:
    tags = item_map(view, "genres", 20)
    assert (tags.values, tags.ordered) == (("a", "b"), False)
    for item, value in zip(tags.items, tags.value, strict=True):
        assert value == (0 if int(item[1:]) % 2 else None)
    years = item_map(view, "year", 20)
    assert years.ordered
    assert years.values[0] == "1990 to 1993"
    assert years.values[-1].endswith("2009")
    assert [years.value.count(at) for at in range(5)] == [4, 4, 4, 4, 4]
    with pytest.raises(UnknownName, match="no item has an attribute 'yaer'"):
        item_map(view, "yaer", 20)


def test_what_came_or_went_since(view: View) -> None:
    delta = Delta(items={"new": ItemDelta({"title": "New"})}, deleted=frozenset({"i01"}))
    found = item_map(View.of(view.snapshot, delta), None, 100)
    assert "i01" not in found.items
    assert (len(found.items), found.all_items, found.not_mapped) == (19, 20, 1)


def test_without_embeddings() -> None:
    with pytest.raises(NoEmbeddings, match="has no embeddings: expected those of a model"):
        item_map(engine().view, None, 5)
