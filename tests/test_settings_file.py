"""Adding a section to a settings file, and leaving the rest of it alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphrec.errors import SettingsError
from graphrec.settings import load_settings
from graphrec.settings_file import add_section, model_section, refuse_second_section

VALUES = {"neighbours": 7, "similarity": "jaccard", "shrinkage": 1e-05}


def test_a_section_reads_back_as_what_was_written(tmp_path: Path) -> None:
    file = tmp_path / "new.toml"
    add_section(file, "item-knn", model_section("item-knn", VALUES, "a comment"))
    assert file.read_text().startswith("# a comment\n[models.item-knn]\n")
    assert load_settings(file).models == {"item-knn": VALUES}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "seed = 3  # why\n",
        "seed = 3",  # no line end
        "# only this\n",
        "[models.mf]\ndim = 8\n\n[evaluation]\nk = 5\n",
        "seed = 3\r\n\r\n[models.mf]\r\ndim = 8\r\n",
        "[models]\nmf.dim = 8\n",
    ],
)
def test_the_rest_of_the_file_stays_as_it_is(tmp_path: Path, text: str) -> None:
    file = tmp_path / "shop.toml"
    file.write_bytes(text.encode())
    before = load_settings(file)
    add_section(file, "item-knn", model_section("item-knn", VALUES))
    assert file.read_bytes().startswith(text.encode())
    after = load_settings(file)
    assert after.models == {**before.models, "item-knn": VALUES}
    assert after.model_copy(update={"models": before.models}) == before


@pytest.mark.parametrize(
    "text",
    [
        "# mine\n[models.item-knn]\nneighbours = 3  # my own\n",
        "models = {item-knn = {neighbours = 3}}\n",
        "models = {mf = {dim = 3}}\n",  # nothing can be added to an inline table
        "[models]\nitem-knn = {}\n",
        "models.item-knn.neighbours = 3\n",
    ],
)
def test_a_file_that_says_something_of_it_is_refused_and_unchanged(
    tmp_path: Path, text: str
) -> None:
    file = tmp_path / "shop.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=r"\[models.item-knn\] cannot be added to .*shop.toml"):
        add_section(file, "item-knn", model_section("item-knn", VALUES))
    assert file.read_text() == text


@pytest.mark.parametrize(
    ("content", "message"), [(b"[serve\n", "not valid TOML"), (b"\xff", "be read")]
)
def test_a_file_that_is_no_toml_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "shop.toml"
    file.write_bytes(content)
    with pytest.raises(SettingsError, match=message):
        refuse_second_section(file, "item-knn")


def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be written"):
        add_section(tmp_path / "nowhere" / "shop.toml", "mf", model_section("mf", {"dim": 3}))
