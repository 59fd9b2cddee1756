"""One like on MovieLens-100K: what comes first is what anyone would name, not what is popular."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pytest
from graphrec.ingest.datasets import load_dataset, open_dataset

from graphrec.data.dataset import Dataset
from graphrec.errors import DataError
from graphrec.recommend.query import Query
from graphrec.recommend.recommender import Recommender
from graphrec.settings import Settings
from graphrec.store import open_store
from graphrec.training.fusion import fusion_of

pytestmark = pytest.mark.slow

FAIRY_TALES = {
    "Beauty and the Beast",
    "Cinderella",
    "Dumbo",
    "Fantasia",
    "Pinocchio",
    "Snow White and the Seven Dwarfs",
}

NEAR: Mapping[str, set[str]] = {
    "Star Wars": {"Empire Strikes Back, The", "Return of the Jedi"},
    "Alien": {"Aliens"},
    "Terminator, The": {"Terminator 2: Judgment Day"},
    "Star Trek: The Wrath of Khan": {
        "Star Trek III: The Search for Spock",
        "Star Trek IV: The Voyage Home",
        "Star Trek VI: The Undiscovered Country",
        "Star Trek: First Contact",
    },
    "Wrong Trousers, The": {"Close Shave, A", "Grand Day Out, A"},
    "Three Colors: Red": {"Three Colors: Blue", "Three Colors: White"},
    "Lion King, The": {"Aladdin", "Beauty and the Beast"},
    "Psycho": {"Birds, The", "Rear Window", "Vertigo"},
    "Cinderella": FAIRY_TALES,
    "Snow White and the Seven Dwarfs": FAIRY_TALES,
}


@dataclass(frozen=True)
class Films:
    """What serves, and its films by title."""

    recommender: Recommender
    items: Mapping[str, str]


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Films:
    """All of the log, chosen and fitted as it is served; without vectors, which take minutes."""
    settings, folder = Settings(), tmp_path_factory.mktemp("films")
    try:
        films = open_dataset("ml-100k", settings.cache.expanduser())
    except DataError as error:
        pytest.skip(str(error))
    with open_store(f"sqlite:///{folder / 'graph.db'}", settings.kinds) as store:
        load_dataset(store, films, settings.ingest, folder / "rejects")
        data = Dataset(store.read_graph(), settings.kinds)
    recommender = fusion_of(settings, []).fit(data, seed=0).scorer
    titles = recommender.view.items.titles
    ids = recommender.snapshot.items.ids
    return Films(recommender, {title: ids[row] for row, title in enumerate(titles) if title})


@pytest.mark.parametrize("liked", NEAR)
def test_what_is_nearest_comes_first(films: Films, liked: str) -> None:
    first, *_ = films.recommender.recommend(Query(items=(films.items[liked],)), k=1)
    assert first.title in NEAR[liked]
    assert "neighbours" in first.sources


def test_no_two_likes_give_the_same_list(films: Films) -> None:
    lists = [
        {each.item for each in films.recommender.recommend(Query(items=(films.items[one],)), k=10)}
        for one in NEAR
    ]
    shared = [len(a & b) / 10 for at, a in enumerate(lists) for b in lists[:at]]
    assert np.mean(shared) < 0.5, shared
