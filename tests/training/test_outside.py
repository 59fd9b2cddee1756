"""A source and a model from outside the package, named in the settings: trained and served."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from graphrec.api.app import create_app

from graphrec.data import Graph
from graphrec.data.dataset import Dataset
from graphrec.errors import SettingsError, SnapshotError
from graphrec.forget import forget_in_snapshots
from graphrec.recommend.recommender import Recommender
from graphrec.retrieval.neighbourhood import Neighbourhood
from graphrec.settings import FusionSettings, Settings, load_settings
from graphrec.snapshot.registry import load, publish
from graphrec.snapshot.snapshot import Snapshot
from graphrec.snapshot.types import types_of
from graphrec.training.fusion import Fusion, fusion_of
from tests.outside.my_model import Agreeing, Agreement
from tests.outside.recent_source import Next, NextItems
from tests.support.command import graphrec
from tests.support.service import serving
from tests.support.shop import log, store_of

pytestmark = pytest.mark.slow

MODEL = "tests.outside.my_model:Agreeing"
SOURCE = "tests.outside.recent_source:Next"

TOML = f"""
[fusion]
neighbourhoods = ["{MODEL}"]
embeddings = []
sources = {{ next-items = "{SOURCE}" }}

[models."{MODEL}"]
least = 2

[models."{SOURCE}"]
steps = 2

[retrieval]
weights = {{ next-items = 0.5 }}

[evaluation]
resamples = 0
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Those of a folder with a store of a shop."""
    (tmp_path / "graphrec.toml").write_text(TOML)
    monkeypatch.chdir(tmp_path)
    with store_of(tmp_path / "graphrec.db", log()):
        pass
    return load_settings()


def fitted(settings: Settings) -> Snapshot:
    return fusion_of(settings).fit(Dataset.of_weights(graph())).scorer.snapshot


def graph() -> Graph:
    return Graph(log())


def test_named_in_the_settings_they_are_trained_kept_served_and_explained(
    settings: Settings,
) -> None:
    trained = graphrec(Path.cwd(), "train", "--embedding", "none", "--models", "popularity,fusion")
    assert trained.code == 0, trained.err
    snapshot = load(settings.snapshots, types=types_of(settings))
    neighbours, following = snapshot.sources
    assert isinstance(neighbours, Neighbourhood)
    assert isinstance(neighbours.scores, Agreement)
    assert isinstance(following, NextItems)
    assert snapshot.manifest.models[MODEL] == {"least": 2}
    assert snapshot.manifest.models["next-items"] == {"steps": 2}
    with serving(create_app(settings)) as client:
        asked = {"k": 5, "explain": True}
        answer = client.get("/v1/users/u001/recommendations", params=asked).json()
        listed = answer["recommendations"]
        parts = {part["source"]: part for each in listed for part in each["contributions"]}
        assert {"neighbours", "next-items"} <= parts.keys()
        assert parts["next-items"]["weight"] == 0.5
        assert any("next-items" in each["sources"] for each in listed)
        item = next(e["item"] for e in listed if "next-items" in e["sources"])
        why = client.get(f"/v1/users/u001/recommendations/{item}/explanation").json()
        assert "next-items" in {part["source"] for part in why["explanation"]["contributions"]}
        session = client.post("/v1/recommendations", json={"items": [item], "k": 3})
        assert session.status_code == 200, session.text


def test_a_snapshot_forgets_users_and_goes_on_with_them(settings: Settings) -> None:
    types = types_of(settings)
    before = publish(fitted(settings), settings.snapshots, types=types)
    [(old, new)] = forget_in_snapshots(settings.snapshots, ["u001"], types).versions.items()
    assert old == before
    left = load(settings.snapshots, new, types=types)
    assert "u001" not in left.users
    assert isinstance(left.sources[1], NextItems)


def test_a_snapshot_names_no_code_that_the_settings_do_not(settings: Settings) -> None:
    snapshot = fitted(settings)
    with pytest.raises(SnapshotError, match=r"Agreement.* cannot be kept in a snapshot"):
        publish(snapshot, settings.snapshots)
    publish(snapshot, settings.snapshots, types=types_of(settings))
    np.testing.assert_array_equal(
        load(settings.snapshots, types=types_of(settings)).sources[1].counts.toarray(),  # type: ignore[attr-defined]
        snapshot.sources[1].counts.toarray(),  # type: ignore[attr-defined]
    )
    code = (
        "import sys; from pathlib import Path; from graphrec.snapshot.registry import load\n"
        "from graphrec.errors import SnapshotError\n"
        "try: load(Path(sys.argv[1]))\n"
        "except SnapshotError as error: print(error)\n"
        "assert not [name for name in sys.modules if name.startswith('tests')]"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, settings.snapshots], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "name the source or model that it was trained with" in done.stdout


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("tests.outside.nowhere:Next", r"cannot be imported \(No module named"),
        ("tests.outside.recent_source:Nobody", "cannot be imported"),
        ("tests.outside.recent_source:np", "is not a dataclass: expected one whose fields"),
    ],
)
def test_what_is_not_there_is_an_error_that_names_it(place: str, message: str) -> None:
    settings = Settings(fusion=FusionSettings(sources={"next-items": place}))
    for asked in (fusion_of, types_of):
        with pytest.raises(SettingsError, match=f"class '{place}' {message}"):
            asked(settings)


def test_a_source_goes_by_the_name_of_the_settings() -> None:
    spec = replace(fusion_of(Settings(), ()), sources={"later": Next()})
    with pytest.raises(SettingsError, match="source 'later' calls itself 'next-items': expected"):
        spec.fit(Dataset.of_weights(graph()))
    with pytest.raises(ValueError, match="expected another name than neighbours"):
        FusionSettings(sources={"popularity": SOURCE})


def test_from_python_their_classes_are_named_where_they_are_saved_and_loaded(
    tmp_path: Path,
) -> None:
    spec = Fusion({MODEL: Agreeing()}, {}, sources={"next-items": Next()})
    recommender = spec.fit(Dataset.of_weights(graph())).scorer
    with pytest.raises(SnapshotError, match=r"Agreement.* cannot be kept .* or name it"):
        recommender.save(tmp_path)
    classes = (Agreeing, Next)
    recommender.save(tmp_path, classes)
    with pytest.raises(SnapshotError, match="as one of `classes`"):
        Recommender.load(tmp_path)
    again = Recommender.load(tmp_path, classes=classes)
    (user, *_) = again.snapshot.users.ids
    assert list(again.recommend(user)) == list(recommender.recommend(user))
