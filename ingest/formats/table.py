"""The table of all formats, by name and by what their files are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path, PurePath

from graphrec.ingest.formats import (
    books,
    games,
    movielens,
    music,
    news,
    own,
    places,
    sessions,
    shops,
    stores,
    tracking,
    video,
)
from graphrec.ingest.formats.declare import Events, Format
from graphrec.ingest.formats.files import Found, files_at, has, matching
from graphrec.ingest.formats.opened import DataSet, sources_of
from graphrec.ingest.packed import STDIN
from graphrec.ingest.schema import plain
from graphrec.ingest.sources import unpacked_name

from graphrec.errors import DataError

FORMATS: tuple[Format, ...] = (
    *movielens.FORMATS,
    *video.FORMATS,
    *books.FORMATS,
    *music.FORMATS,
    *games.FORMATS,
    *news.FORMATS,
    *places.FORMATS,
    *stores.FORMATS,
    *shops.FORMATS,
    *sessions.FORMATS,
    *tracking.FORMATS,
    *own.FORMATS,
)
"""All formats; docs/data.md has the same table."""

FAMILIES: Mapping[str, tuple[str, ...]] = {
    "movielens": ("movielens-100k", "movielens-1m", "movielens"),
    "amazon": (
        *("amazon-2014-reviews", "amazon-2014-ratings", "amazon-2018-reviews"),
        *("amazon-2018-ratings", "amazon-2023-reviews", "amazon-2023-ratings"),
    ),
    "amazon-2014": ("amazon-2014-reviews", "amazon-2014-ratings"),
    "amazon-2018": ("amazon-2018-reviews", "amazon-2018-ratings"),
    "amazon-2023": ("amazon-2023-reviews", "amazon-2023-ratings"),
    "book-crossing": ("book-crossing", "book-crossing-csv"),
    "goodreads": ("goodreads", "goodreads-csv"),
    "lastfm": ("lastfm-360k", "lastfm-1k", "hetrec-lastfm"),
    "hetrec-2011": ("hetrec-lastfm",),
    "hetrec": ("hetrec-lastfm",),
    "steam": ("steam-200k", "steam-reviews", "steam-australia"),
    "kuai": ("kuairec", "kuairand"),
    "netflix-prize": ("netflix",),
    "spotify": ("spotify-playlists",),
    "h-and-m": ("hm",),
    "uci-online-retail": ("online-retail",),
    "google-analytics": ("ga4",),
}
"""Further names, also of several formats: then the one whose files are there is meant."""

PLAIN = "none"
"""The name that stands for no format."""


def format_named(name: str) -> tuple[Format, ...]:
    """The formats that a name may mean; raises DataError, with the names, for one of none."""
    wanted = plain(name)
    family = next((members for each, members in FAMILIES.items() if plain(each) == wanted), ())
    found = tuple(f for f in FORMATS if f.name in family or (not family and _is(f, wanted)))
    if found:
        return found
    names = list(dict.fromkeys([*(form.name for form in FORMATS), *FAMILIES]))
    every = [*names, *(each for form in FORMATS for each in form.editions)]
    near = get_close_matches(wanted, list(map(plain, every)), 1, cutoff=0.5)
    meant = f"; did you mean {every[list(map(plain, every)).index(near[0])]!r}?" if near else ""
    raise DataError(
        f"format {name!r} is not known: expected one of {', '.join(names)}, or none{meant}"
    )


def open_format(name: str, path: Path) -> DataSet:
    """The data set of a named format at a path; raises DataError where its files are not there."""
    files = files_at(path)
    found = format_named(name)
    signed = [form for form in found if _signed(form, files)]
    fitting = signed or [form for form in found if len(found) == 1 or _starts(form, files)]
    if not fitting:
        forms = "; ".join(f"{form.name}: {' and '.join(_logs(form))}" for form in found)
        raise DataError(
            f"{str(path)!r} is none of the formats that {name!r} may be: expected the files of one "
            f"({forms}); name one of these with --format"
        )
    return _opened(fitting[0], path, files, name)


def recognised(path: Path) -> DataSet | None:
    """The data set that the names of files at a path give away; None where they do not.

    Raises DataError where they are those of several formats.
    """
    if path == STDIN or not path.exists():
        return None
    files = files_at(path)
    found = [form for form in FORMATS if form.signs and _signed(form, files)]
    if len(found) > 1:
        names = " or ".join(f"{form.title} (--format {form.name})" for form in found)
        raise DataError(
            f"{str(path)!r} may be {names}: expected the files of one; name the format, or say "
            f"--format {PLAIN} to read it as any files"
        )
    return _opened(found[0], path, files) if found else None


def _opened(form: Format, path: Path, files: Sequence[Found], name: str = "") -> DataSet:
    """With the title of an edition where the name, or that of the folder, is one."""
    place = str(unpacked_name(path.resolve()))
    place = place if path.is_dir() else PurePath(place).stem if "." in place else place
    titles = {plain(edition): title for edition, title in form.editions.items()}
    title = titles.get(plain(name)) or titles.get(plain(place)) or form.title
    return sources_of(form, title, place or form.name, repr(str(path)), files)


def _is(form: Format, wanted: str) -> bool:
    return wanted in map(plain, form.names)


def _signed(form: Format, files: Sequence[Found]) -> bool:
    """Whether all files are there that give a format away."""
    against = any(has(files, sign) for sign in form.unless)
    signed = bool(form.signs) and all(has(files, sign) for sign in form.signs)
    return signed and not against and _starts(form, files)


def _logs(form: Format) -> list[str]:
    """What the files of its events are called."""
    logs = [table for table in form.tables if isinstance(table, Events) and not table.optional]
    return [" or ".join(table.files) for table in logs]


def _starts(form: Format, files: Sequence[Found]) -> bool:
    """Whether the events of a format may be among the files."""
    logs = [table for table in form.tables if isinstance(table, Events) and not table.optional]
    return all(matching(files, table.files, table.but) for table in logs)
