"""MovieLens in the forms it is published in, recognised by the files in a folder.

In every form, movies have `title` (text), `year` (number) and `genres` (tags), users have
`age` (number), `gender` and `occupation` (category), and ratings are events of the kind "rating".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
from graphrec.ingest.sources import Derived, File

from graphrec.data import AttributeKind

RATING_COLUMNS = ("user_id", "item_id", "rating", "timestamp")
MOVIE_COLUMNS = ("item_id", "title", "year", "genres")
RECBOLE_COLUMNS = ("item_id", "movie_title", "release_year", "class")
USER_COLUMNS = ("user_id", "age", "gender", "occupation")
MOVIE_KINDS: Mapping[str, AttributeKind] = {"title": "text", "year": "number", "genres": "tags"}
USER_KINDS: Mapping[str, AttributeKind] = {
    "age": "number",
    "gender": "category",
    "occupation": "category",
}
MOVIE_LINKS: Mapping[str, tuple[str, str]] = {"genres": ("has_genre", "genre")}

_GENRES = (
    *("unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime"),
    *("Documentary", "Drama", "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance"),
    *("Sci-Fi", "Thriller", "War", "Western"),
)
"""The flags of ml-100k's u.item, in their order."""
_OCCUPATIONS = (
    *("other", "academic/educator", "artist", "clerical/admin", "college/grad student"),
    *("customer service", "doctor/health care", "executive/managerial", "farmer", "homemaker"),
    *("K-12 student", "lawyer", "programmer", "retired", "sales/marketing", "scientist"),
    *("self-employed", "technician/engineer", "tradesman/craftsman", "unemployed", "writer"),
)
"""What the codes in ml-1m's users.dat stand for."""
_NO_GENRES = "(no genres listed)"
_YEAR = re.compile(r"^(.*)\((\d{4})(?:[–-]\d{0,4})?\)(.*)$")


def split_title(title: str) -> tuple[str, str | None]:
    """A title without its year, and the year: "Toy Story (1995)" is ("Toy Story", "1995")."""
    match = _YEAR.match(title)
    if match is None:
        return title.strip(), None
    before, year, after = match.groups()
    return f"{before.strip()} {after.strip()}".strip(), year


def ratings_100k(path: Path) -> File:
    """u.data."""
    return File(path, delimiter="\t", columns=RATING_COLUMNS, quotes=False)


def movies_100k(path: Path) -> Derived:
    """u.item."""
    columns = ("item_id", "movie_title", "release_date", "video_release_date", "url", *_GENRES)
    file = File(path, delimiter="|", columns=columns, encoding="latin-1", quotes=False)
    return Derived(file, MOVIE_COLUMNS, _movies("item_id", "movie_title", _flagged))


def users_100k(path: Path) -> Derived:
    """u.user."""
    file = File(path, delimiter="|", columns=(*USER_COLUMNS, "zip"), quotes=False)
    return Derived(file, USER_COLUMNS, _users)


def ratings_dat(path: Path) -> File:
    """ratings.dat of ml-1m and ml-10m."""
    return File(path, delimiter="::", columns=RATING_COLUMNS)


def movies_dat(path: Path) -> Derived:
    """movies.dat of ml-1m and ml-10m."""
    columns = ("item_id", "title", "genres")
    file = File(path, delimiter="::", columns=columns, encoding="latin-1")
    return Derived(file, MOVIE_COLUMNS, _movies("item_id", "title", _split))


def users_dat(path: Path) -> Derived:
    """users.dat of ml-1m, where an age is the youngest of its group."""
    file = File(path, delimiter="::", columns=("user_id", "gender", "age", "occupation", "zip"))
    return Derived(file, USER_COLUMNS, _users)


def movies_csv(path: Path) -> Derived:
    """movies.csv of ml-latest and later sets."""
    return Derived(File(path), MOVIE_COLUMNS, _movies("movieId", "title", _split))


def movies_recbole(path: Path) -> Derived:
    """ml-100k.item of RecBole, which has parted title and year, and misspelt "unknown"."""

    def derive(rows: pa.RecordBatch) -> pa.RecordBatch:
        titles = []
        for title, year in zip(*_columns(rows, RECBOLE_COLUMNS[1:3]), strict=True):
            whole = title if title == year else f"{title} ({year})"
            titles.append(whole.replace("unkonwn", "unknown"))
        genres = [value.split() for value in rows.column("class").to_pylist()]
        return _movie_rows(rows.column("item_id"), titles, genres)

    return Derived(File(path), MOVIE_COLUMNS, derive)


def users_recbole(path: Path) -> Derived:
    """ml-100k.user of RecBole."""
    return Derived(File(path), USER_COLUMNS, _users)


def _movies(
    item: str, title: str, genres: Callable[[pa.RecordBatch], list[list[str]]]
) -> Callable[[pa.RecordBatch], pa.RecordBatch]:
    def derive(rows: pa.RecordBatch) -> pa.RecordBatch:
        return _movie_rows(rows.column(item), rows.column(title).to_pylist(), genres(rows))

    return derive


def _movie_rows(
    items: pa.Array, titles: Sequence[str], genres: Sequence[Sequence[str]]
) -> pa.RecordBatch:
    named, years = zip(*map(split_title, titles), strict=True) if titles else ((), ())
    columns = [items, pa.array(named), pa.array(years, pa.string()), pa.array(genres)]
    return pa.RecordBatch.from_arrays(columns, names=list(MOVIE_COLUMNS))


def _flagged(rows: pa.RecordBatch) -> list[list[str]]:
    flags = zip(*_columns(rows, _GENRES), strict=True)
    return [[g for g, flag in zip(_GENRES, row, strict=True) if flag == "1"] for row in flags]


def _split(rows: pa.RecordBatch) -> list[list[str]]:
    return [
        [] if genres == _NO_GENRES else genres.split("|")
        for genres in rows.column("genres").to_pylist()
    ]


def _users(rows: pa.RecordBatch) -> pa.RecordBatch:
    """The columns of users; codes of occupations, which only ml-1m has, become their names."""
    occupations = [
        _OCCUPATIONS[int(value)] if value.isdecimal() and int(value) < len(_OCCUPATIONS) else value
        for value in rows.column("occupation").to_pylist()
    ]
    return pa.RecordBatch.from_arrays(
        [*(rows.column(name) for name in USER_COLUMNS[:3]), pa.array(occupations, pa.string())],
        names=list(USER_COLUMNS),
    )


def _columns(rows: pa.RecordBatch, names: Sequence[str]) -> list[list[str]]:
    return [rows.column(name).to_pylist() for name in names]
