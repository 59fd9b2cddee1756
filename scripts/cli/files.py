"""The files that a command is given, and the options that say what they are."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeAlias

import typer
from graphrec.ingest.packed import STDIN
from graphrec.ingest.sources import File, Files, unpacked_name

from graphrec.errors import SettingsError

_OTHERS = "of other files item=…, user=… or user:follows:user=…"

Header: TypeAlias = Annotated[
    bool | None,
    typer.Option(
        "--header/--no-header",
        help="Whether the first line names the columns; without it, it is inferred.",
    ),
]
Columns: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        help=f"Names of the columns of a file without a header, such as user,item,weight,time; "
        f"{_OTHERS}.",
    ),
]
Delimiter: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        help=f"What is between two fields, such as ';', tab or blanks; {_OTHERS}; without it, "
        f"that is inferred from the first lines.",
    ),
]
Encoding: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        help=f"Encoding of the text, such as cp1252 or gb18030; {_OTHERS}; without it, that is "
        f"inferred from the first bytes.",
    ),
]
Quotes: TypeAlias = Annotated[
    bool, typer.Option("--quotes/--no-quotes", help="Whether quotes may stand around a field.")
]

_DELIMITERS = {
    **dict.fromkeys(("tab", r"\t"), "\t"),
    **dict.fromkeys(("blank", "blanks", "space", "whitespace"), " "),
    "comma": ",",
    "semicolon": ";",
}


@dataclass(frozen=True)
class TextFiles:
    """What options say of the files of text, by what the files hold."""

    header: bool | None
    quotes: bool
    columns: Mapping[str, str]
    delimiter: Mapping[str, str]
    encoding: Mapping[str, str]
    main: str
    """What an option without a name is for."""

    def file(self, name: str, path: Path) -> File:
        """The file that holds `name`: events, item, user or a type of links."""
        delimiter = self.delimiter.get(name)
        columns = self.columns.get(name)
        header = None if self.header is False and name != self.main else self.header
        return File(
            path,
            _DELIMITERS.get(delimiter, delimiter) if delimiter else None,
            tuple(column.strip() for column in columns.split(",")) if columns else None,
            self.encoding.get(name),
            self.quotes,
            header,
            "" if name == "events" else name,
        )

    def events(self, paths: Sequence[Path]) -> File | Files | None:
        """The files of events as one source; None where there are none."""
        files = tuple(self.file("events", path) for path in paths)
        return Files(files) if len(files) > 1 else next(iter(files), None)


def text_files(
    header: bool | None,
    columns: Sequence[str],
    delimiter: Sequence[str],
    encoding: Sequence[str],
    quotes: bool,
    given: Collection[str],
) -> TextFiles:
    """What the options say; `given` are the files that a command reads, by what they hold.

    Raises SettingsError for an option of a file that is not read, or one that is given twice.
    """
    if not given and (header is not None or not quotes):
        raise SettingsError(
            "--header, --no-header and --no-quotes are for files of text: expected one; name a file"
        )
    main = next(iter(given), "events")
    return TextFiles(
        header,
        quotes,
        _by_source("--columns", columns, main, given),
        _by_source("--delimiter", delimiter, main, given),
        _by_source("--encoding", encoding, main, given),
        main,
    )


def rejects_file(folder: Path, source: Path) -> Path:
    """The file in `folder` for the rejects of a file."""
    name = "standard-input" if source == STDIN else unpacked_name(source.absolute()).stem
    return folder / f"{name}.csv"


def _by_source(
    option: str, values: Sequence[str], main: str, given: Collection[str]
) -> dict[str, str]:
    found: dict[str, str] = {}
    for value in values:
        left, equals, right = value.partition("=")
        named = bool(equals and right) and (left in {"events", "item", "user", *given})
        owner, text = (left, right) if named else (main, value)
        if owner not in given:
            raise SettingsError(
                f"{option} {value!r} is for {owner!r}, which is not loaded: expected an option for "
                f"one of {', '.join(given) or 'the files that are named'}"
            )
        if owner in found:
            raise SettingsError(f"{option} is given twice for {owner!r}: expected one value")
        found[owner] = text
    return found
