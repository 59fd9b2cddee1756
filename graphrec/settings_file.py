"""Adding the hyper-parameters of a model to a settings file, whose every byte stays as it is."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from graphrec.errors import SettingsError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def model_section(
    name: str, values: Mapping[str, bool | int | float | str], comment: str | None = None
) -> str:
    """The section `[models.NAME]` in TOML, under a comment line if there is one."""
    lines = [] if comment is None else [f"# {comment}"]
    # What JSON makes of a finite number, a text or a truth value is TOML as well.
    lines += [f"[models.{name}]", *(f"{key} = {json.dumps(v)}" for key, v in values.items())]
    return "\n".join(lines) + "\n"


def refuse_second_section(file: Path, name: str) -> None:
    """Raise SettingsError where a section `[models.NAME]` cannot be added at the end of a file.

    As where it is there already, or as part of an inline table: to change it there could destroy
    what else the file says. A file that is not there yet can take it.
    """
    text = _read(file)
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(
            f"settings file {str(file)!r} is no TOML: {error}; mend it before a section is added"
        ) from error
    try:
        tomllib.loads(_joined(text, model_section(name, {})))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(
            f"section [models.{name}] cannot be added to {str(file)!r}, which says something of "
            f"it already ({error}): expected a file without it; take it out there, or leave "
            f"--write out and paste what is printed"
        ) from error


def add_section(file: Path, name: str, section: str) -> None:
    """Add what `model_section` gave to the end of a file, which is made where it is not there.

    Raises SettingsError as `refuse_second_section` does, and where the file cannot be written.
    """
    refuse_second_section(file, name)
    text = _read(file)
    try:
        with file.open("a", encoding="utf-8") as end:
            end.write(_joined(text, section)[len(text) :])
    except OSError as error:
        raise SettingsError(
            f"settings file {str(file)!r} cannot be written: {error}; mend that, or leave --write "
            f"out and paste what is printed"
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
