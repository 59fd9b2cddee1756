"""Items as of now: what a change makes of what was derived is what is derived from the start."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphrec.data import Attribute, AttributeValue, Vector, Vocabulary
from graphrec.data.features import FeatureSpace
from graphrec.models.encoder import ItemEncoder
from graphrec.retrieval.vectors import NearestVectors
from graphrec.snapshot.current_items import CurrentItems
from graphrec.snapshot.snapshot import Snapshot
from graphrec.store.delta import Delta, ItemDelta
from tests.support.snapshots import small_snapshot

NAMES = ("genres", "year", "title")


def snapshot_with_item_encoder() -> Snapshot:
    """Of small random likes, with vectors of features, and vectors that a user brought."""
    snapshot = small_snapshot()
    vectors, rng = snapshot.embeddings, np.random.default_rng(0)
    assert vectors is not None
    known = {"genres": Attribute("tags", (("a",), ("b",))), "year": Attribute("number", (1.0, 2.0))}
    space = FeatureSpace.of(known)
    features = rng.normal(size=(space.matrix(known, 2).shape[1], 4)).astype(np.float32)
    encoder = ItemEncoder(space, features, {}, {}, 1.0)
    nearest = snapshot.nearest
    assert nearest is not None
    learned = replace(nearest, vectors=replace(vectors, item_encoder=encoder))
    brought = Attribute("vector", tuple(Vector.of([1.0, n]) for n in range(len(snapshot.items))))
    own = NearestVectors.of("look", brought)
    assert own is not None
    sources = [learned if each is nearest else each for each in snapshot.sources]
    return replace(snapshot, sources=(*sources, own))


SNAPSHOT = snapshot_with_item_encoder()

values = st.fixed_dictionaries(
    {},
    optional={
        "title": st.sampled_from(["One", "Two words", ""]),
        "genres": st.sampled_from([("a",), ("b", "c"), ()]),
        "year": st.sampled_from([1990.0, 2001.5, "1999", "2001-01-01", None]),
        "look": st.sampled_from([Vector.of([0.0, 1.0]), Vector.of([0.0, 0.0]), None]),
    },
)

items = st.sampled_from(["i00", "i03", "new", "a", "z", "m"])


@pytest.mark.slow
@given(st.lists(st.tuples(items, values | st.none()), max_size=8), st.booleans())
def test_an_edition_after_another_is_as_from_the_start(
    writes: list[tuple[str, dict[str, AttributeValue] | None]], asked: bool
) -> None:
    held: dict[str, ItemDelta] = {}
    now = CurrentItems(SNAPSHOT, Delta())
    for edition, (item, attributes) in enumerate(writes):
        if asked:
            _derived(now)
        held = {name: each for name, each in held.items() if attributes is not None or name != item}
        if attributes is not None:
            held[item] = ItemDelta(attributes)
        later = CurrentItems(SNAPSHOT, Delta(items=held, edition=edition), now.cold)
        later.prepare(now)
        now = later
    _same(_derived(now), _derived(CurrentItems(SNAPSHOT, Delta(items=held))))


def _derived(items: CurrentItems) -> dict[str, object]:
    table = items.table
    vectors = [each._changed for each in items.sources if hasattr(each, "_changed")]
    cold = items.cold
    return {
        "ids": items.ids,
        "rows": items.ids.rows,
        "titles": items.titles,
        "search": list(items.names.ranked("o")),
        "values": {name: table.values(name) for name in NAMES},
        "labelled": {
            name: {k: v.tolist() for k, v in table.labelled(name).items()} for name in NAMES
        },
        "numbers": [table.numbers(name).tolist() for name in NAMES],
        "dates": [table.dates(name).times.tolist() for name in NAMES],
        "unreadable": [dict(table.dates(name).unreadable) for name in NAMES],
        "vectors": [(rows.tolist(), each.tolist()) for rows, each in vectors],
        "cold": {item: v.tolist() for item, v in zip(cold.items, cold.vectors, strict=True)},
        "messages": {item: each.tolist() for item, each in cold.messages.items()},
        "unknown": dict(cold.unknown),
    }


def _same(one: dict[str, object], other: dict[str, object]) -> None:
    for name, found in one.items():
        np.testing.assert_equal(found, other[name], err_msg=name)


def test_a_vocabulary_that_is_extended_knows_all_its_rows() -> None:
    more = Vocabulary(("a", "b")).extended(("c", "d"))
    assert more == Vocabulary(("a", "b", "c", "d"))
    assert more.rows == {"a": 0, "b": 1, "c": 2, "d": 3}
    assert more.extended(()) is more
