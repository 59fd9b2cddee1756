"""Adding the hyper-parameters of a model to a settings file; every other byte stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import tomlkit
from tomlkit.exceptions import TOMLKitError

from graphrec.errors import SettingsError


def model_section(
    name: str, values: Mapping[str, bool | int | float | str], comment: str | None = None
) -> str:
    """The section `[models.NAME]` in TOML, below a comment line if one is given."""
    section, models = tomlkit.table(), tomlkit.table(is_super_table=True)
    section.update(values)
    models.append(name, section)
    above = "" if comment is None else tomlkit.comment(comment).as_string()
    return above + tomlkit.dumps({"models": models})


def refuse_second_section(file: Path, name: str) -> None:
    """Raise SettingsError unless a section `[models.NAME]` can be added at the end of a file.

    It cannot where the file has that section already or writes `models` as an inline table:
    changing those could destroy what the user wrote. A missing file can take it.
    """
    text = _read(file)
    try:
        tomlkit.parse(text)
    except TOMLKitError as error:
        raise SettingsError(
            f"settings file {str(file)!r} is not valid TOML: {error}; correct it, then try again"
        ) from error
    try:
        tomlkit.parse(_joined(text, model_section(name, {})))
    except TOMLKitError as error:
        raise SettingsError(
            f"section [models.{name}] cannot be added to {str(file)!r}, which sets it already "
            f"({error}): expected a file without it; remove it there, or omit --write and paste "
            f"what is printed"
        ) from error


def add_section(file: Path, name: str, section: str) -> None:
    """Append what `model_section` returned to a file, which is created if missing.

    Raises SettingsError as `refuse_second_section` does, and where the file cannot be written.
    """
    refuse_second_section(file, name)
    text = _read(file)
    try:
        with file.open("a", encoding="utf-8") as end:
            end.write(_joined(text, section)[len(text) :])
    except OSError as error:
        raise SettingsError(
            f"settings file {str(file)!r} cannot be written: {error}; make it writable, or omit "
            f"--write and paste what is printed"
        ) from error


def _joined(text: str, section: str) -> str:
    """The text and the section after it, with an empty line between the two."""
    if not text:
        return section
    return text + ("\n" if text.endswith("\n") else "\n\n") + section


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8") if file.exists() else ""
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"settings file {str(file)!r} cannot be read: {error}; expected a TOML file"
        ) from error
