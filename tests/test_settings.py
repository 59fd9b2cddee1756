"""Settings: where they come from, what they refuse, and that each of them says what it is."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from graphrec.data import Graph, Interactions
from graphrec.data.weighting import KindPolicy, weigh
from graphrec.errors import SettingsError
from graphrec.models import MODELS, create
from graphrec.ratings import RATING_MODELS
from graphrec.settings import MODEL_NAMES, RATING_MODEL_NAMES, Settings, load_settings


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, and an environment that says nothing of graphrec."""
    for name in [name for name in os.environ if name.upper().startswith("GRAPHREC_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(text: str, name: str = "graphrec.toml") -> Path:
    path = Path(name)
    path.write_text(text, encoding="utf-8")
    return path


def test_without_file_and_environment_there_are_defaults() -> None:
    settings = load_settings()
    assert settings == Settings()
    assert settings.store == "sqlite:///graphrec.db"
    assert settings.serve.host == "127.0.0.1"  # the service has no passwords
    assert settings.kinds == {}  # each kind is what its name says


def test_the_file_in_the_working_folder_is_read_and_the_rest_stays_default() -> None:
    write('store = "sqlite:///shop.db"\n[evaluation]\nk = 20\n')
    settings = load_settings()
    assert settings.store == "sqlite:///shop.db"
    assert settings.evaluation.k == 20
    assert settings.evaluation.test_share == Settings().evaluation.test_share
    assert settings.serve == Settings().serve


def test_a_named_file_is_read_instead_of_the_one_in_the_working_folder() -> None:
    write("seed = 1\n[serve]\nport = 1111\n")
    settings = load_settings(write("seed = 2\n", "other.toml"))
    assert (settings.seed, settings.serve.port) == (2, 8000)


def test_the_environment_wins_key_by_key(monkeypatch: pytest.MonkeyPatch) -> None:
    write('seed = 1\n[serve]\nhost = "0.0.0.0"\nport = 1111\n')
    monkeypatch.setenv("GRAPHREC_SERVE__PORT", "2222")
    monkeypatch.setenv("GRAPHREC_SNAPSHOTS", "elsewhere")
    settings = load_settings()
    assert (settings.serve.host, settings.serve.port) == ("0.0.0.0", 2222)  # noqa: S104
    assert (settings.seed, settings.snapshots) == (1, Path("elsewhere"))


def test_hyper_parameters_come_from_file_and_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    write('[models.item-knn]\nneighbours = 7\nsimilarity = "jaccard"\n')
    monkeypatch.setenv("GRAPHREC_MODELS__ITEM-KNN__SHRINKAGE", "1.5")
    model = create("item-knn", load_settings().models["item-knn"])
    values = vars(model)
    assert (values["neighbours"], values["similarity"], values["shrinkage"]) == (7, "jaccard", 1.5)


def test_the_policy_of_a_kind_reaches_the_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    write("[kinds.rating]\nthreshold = 4\n[kinds.view]\nweight = 0.25\n")
    monkeypatch.setenv("GRAPHREC_KINDS__VIEW__HALF_LIFE_DAYS", "2")
    log = Interactions.of(
        ["a", "a", "a"], ["x", "y", "z"], [3.5, 4, 1], [2 * 86_400_000, 0, 0],
        ["rating", "rating", "view"],
    )  # fmt: skip
    weights = weigh(Graph(log), load_settings().kinds).interactions.weight
    np.testing.assert_allclose(weights, [0, 1, 0.125])


def test_a_kind_that_is_not_named_keeps_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or a rating of 1 star would count as a like as soon as purchases are weighed."""
    write("[kinds.purchase]\nweight = 3\n")
    monkeypatch.setenv("GRAPHREC_KINDS__VIEW__WEIGHT", "0")
    assert load_settings().kinds == {
        "purchase": KindPolicy(weight=3),
        "view": KindPolicy(weight=0),
    }


def test_the_known_models_are_those_there_are() -> None:
    assert set(MODEL_NAMES) == set(MODELS)
    assert tuple(RATING_MODELS) == RATING_MODEL_NAMES


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("bogus = 1", "unknown setting 'bogus'", "1"),
        ("[serve]\nprot = 9000", "unknown setting 'serve.prot'", "did you mean 'serve.port'?"),
        ("[retreival]\ncandidates = 3", "unknown section [retreival]", "mean [retrieval]?"),
        ("[recall]\ncandidates = 3", "unknown section [recall]", "mean [retrieval]?"),
        ("[neo4j.graph.nodes.user]\nid = 'x'", "'neo4j.graph.nodes.user.label'", "required"),
        (
            "[kinds.rating]\ntreshold = 4",
            "'kinds.rating.treshold'",
            "4; did you mean 'kinds.rating.threshold'?",
        ),
        ("[models.mf]\ndim = [1]", "'models.mf.dim", "[1]"),
    ],
)
def test_an_unknown_key_is_named_with_its_file(text: str, key: str, value: str) -> None:
    file = write(text, "shop.toml")
    with pytest.raises(SettingsError, match=re.escape(key)) as caught:
        load_settings(file)
    assert "shop.toml" in str(caught.value)
    assert value in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[serve]\nport = "high"', "'serve.port' = 'high': Input should be a valid integer"),
        ("[serve]\nport = 70000", "'serve.port' = 70000: Input should be less than or equal"),
        ("[evaluation]\ntest_share = 1", "'evaluation.test_share' = 1: Input should be less than"),
        ('[ingest]\ntime_unit = "h"', "'ingest.time_unit' = 'h': Input should be 'auto', 's'"),
        (
            "[models.graphsge]\ndim = 3",
            "'models.graphsge' = 'graphsge': expected the name of a model: random, ",
        ),
        ("[kinds.view]\nthreshold = nan", "'kinds.view.threshold' = nan: Input should be a finite"),
        ("kinds = 3", "'kinds' = 3: Input should be a valid dictionary"),
        ("[kinds.view]\nhalf_life_days = 0", "'kinds.view.half_life_days' = 0: Input should be gr"),
        ("[kinds.view]\nweight = -1", "'kinds.view.weight' = -1: Input should be greater than or"),
        ("seed = -1", "'seed' = -1: Input should be greater than or equal to 0"),
        ("[serve\n", r"settings cannot be read from graphrec.toml: "),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(text: str, message: str) -> None:
    write(text)
    with pytest.raises(SettingsError, match=re.escape(message)):
        load_settings()


def test_all_wrong_values_are_named_at_once() -> None:
    write('seed = "x"\n[serve]\nport = -1\n')
    with pytest.raises(SettingsError, match=r"'seed' = 'x'.*'serve.port' = -1"):
        load_settings()


def test_a_file_that_is_not_text_is_refused(folder: Path) -> None:
    (folder / "graphrec.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=r"cannot be read from graphrec.toml"):
        load_settings()


def test_a_named_file_must_be_there() -> None:
    with pytest.raises(SettingsError, match=r"settings file 'nowhere.toml' is not there"):
        load_settings(Path("nowhere.toml"))


def test_a_folder_is_no_settings_file(folder: Path) -> None:
    """It would be passed over, and the defaults would be taken for what it says."""
    with pytest.raises(SettingsError, match=re.escape(repr(str(folder)))):
        load_settings(folder)


@pytest.mark.parametrize(
    ("variable", "value", "named"),
    [
        ("GRAPHREC_SERVE__PORT", "high", "'serve.port' = 'high'"),
        ("GRAPHREC_SERVE__PROT", "9000", "'serve.prot' = '9000'"),
        ("GRAPHREC_MODELS__ITEM_KNN__SHRINKAGE", "1", "'models.item_knn' = 'item_knn'"),
        ("GRAPHREC_SERVE", "9000", "'?serve'?"),
        ("GRAPHREC_STOER", "sqlite:///shop.db", r"GRAPHREC_STOER.* mean GRAPHREC_STORE\?"),
        ("GRAPHREC_SERV__PORT", "9000", r"SERV__PORT.* mean GRAPHREC_SERVE__PORT\?"),
        ("GRAPHREC_SEED", "none", "'seed' = 'none'"),
    ],
)
def test_a_variable_that_cannot_be_meant_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, named: str
) -> None:
    """Pydantic itself passes over variables that name no setting."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=named):
        load_settings()


def test_variables_of_others_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPHRECORD_HOME", "1")
    monkeypatch.setenv("GRAPHREC", "1")
    assert load_settings() == Settings()


def test_settings_are_frozen() -> None:
    settings = load_settings()
    with pytest.raises(ValidationError, match="frozen"):
        settings.seed = 3
    with pytest.raises(ValidationError, match="frozen"):
        settings.serve.port = 3


def settings_in(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        annotation = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            assert annotation.__doc__, f"section {prefix}{name} has no docstring"
            yield from settings_in(annotation, f"{prefix}{name}.")
        else:
            yield prefix + name, field


def test_every_setting_says_what_it_is() -> None:
    found = dict([*settings_in(Settings), *settings_in(KindPolicy, "kinds.KIND.")])
    assert {"store", "serve.port", "kinds.KIND.threshold"} <= set(found)
    for name, field in found.items():
        assert field.description, f"{name} has no description"
        assert field.description.endswith("."), f"{name}: a sentence"


def test_every_default_passes_its_own_check() -> None:
    """Pydantic does not validate defaults."""
    assert Settings.model_validate(Settings().model_dump()) == Settings()


@pytest.mark.parametrize(
    ("variable", "value"),
    [("GRAPHREC_NEO4J__PASSWROD", "hidden"), ("GRAPHREC_NEO4J__PASSWORD", "hidden")],
)
def test_a_password_is_shown_nowhere(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    """Not in an error either, and not where its name is misspelt."""
    monkeypatch.setenv(variable, value)
    if variable.endswith("PASSWORD"):
        settings = load_settings()
        assert settings.neo4j.password is not None
        assert settings.neo4j.password.get_secret_value() == value
        assert value not in f"{settings} {settings!r}"
    else:
        with pytest.raises(SettingsError, match=r"neo4j\.passwrod") as error:
            load_settings()
        assert value not in str(error.value)
