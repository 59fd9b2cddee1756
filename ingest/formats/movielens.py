"""MovieLens in the forms in which it is published, and as RecBole has it.

In every form, movies have `title` (text), `year` (number) and `genres` (tags), users have
`age` (number), `gender` and `occupation` (category), and ratings are events of the kind "rating".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa
from graphrec.ingest.formats.declare import Events, Format, Links, Nodes, Text
from graphrec.ingest.formats.shapes import row_by_row

from graphrec.data import AttributeKind

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

_MOVIES = ("item_id", "title", "year", "genres")
_RECBOLE_MOVIES = ("item_id", "movie_title", "release_year", "class")
_USERS = ("user_id", "age", "gender", "occupation")
_MOVIE_KINDS: Mapping[str, AttributeKind] = {"title": "text", "year": "number", "genres": "tags"}
_USER_KINDS: Mapping[str, AttributeKind] = {
    "age": "number",
    "gender": "category",
    "occupation": "category",
}


def split_title(title: str) -> tuple[str, str | None]:
    """A title without its year, and the year: "Toy Story (1995)" is ("Toy Story", "1995")."""
    match = _YEAR.match(title)
    if match is None:
        return title.strip(), None
    before, year, after = match.groups()
    return f"{before.strip()} {after.strip()}".strip(), year


def _movies(
    reads: Sequence[str], titles: Callable[[pa.RecordBatch], list[str]], genres: Callable[..., Any]
) -> dict[str, Any]:
    """A shape of movies: titles with their years, and lists of genres."""

    def derive(rows: pa.RecordBatch) -> Mapping[str, pa.Array]:
        named = [split_title(title) for title in titles(rows)]
        return {
            "item_id": rows.column(reads[0]),
            "title": pa.array([title for title, _ in named], pa.string()),
            "year": pa.array([year for _, year in named], pa.string()),
            "genres": pa.array(genres(rows), pa.list_(pa.string())),
        }

    return {
        "shape": row_by_row(reads, _MOVIES, derive),
        "node_type": "item",
        "id": "item_id",
        "attributes": _MOVIE_KINDS,
        "links": {"genres": ("has_genre", "genre")},
    }


def _column(name: str) -> Callable[[pa.RecordBatch], list[str]]:
    return lambda rows: [value or "" for value in rows.column(name).to_pylist()]


def _flagged(rows: pa.RecordBatch) -> list[list[str]]:
    flags = zip(*(rows.column(name).to_pylist() for name in _GENRES), strict=True)
    return [[g for g, flag in zip(_GENRES, row, strict=True) if flag == "1"] for row in flags]


def _parts(rows: pa.RecordBatch) -> list[list[str]]:
    given = _column("genres")(rows)
    return [[] if genres in (_NO_GENRES, "") else genres.split("|") for genres in given]


def _recbole_titles(rows: pa.RecordBatch) -> list[str]:
    """RecBole has parted title and year, and misspelt "unknown"."""
    pairs = zip(_column("movie_title")(rows), _column("release_year")(rows), strict=True)
    whole = (title if title == year else f"{title} ({year})" for title, year in pairs)
    return [title.replace("unkonwn", "unknown") for title in whole]


def _spaced(rows: pa.RecordBatch) -> list[list[str]]:
    return [genres.split() for genres in _column("class")(rows)]


def _users(rows: pa.RecordBatch) -> Mapping[str, pa.Array]:
    """Codes of occupations, which only ml-1m has, become their names."""
    occupations = [
        _OCCUPATIONS[int(value)] if value.isdecimal() and int(value) < len(_OCCUPATIONS) else value
        for value in _column("occupation")(rows)
    ]
    own = {name: rows.column(name) for name in _USERS[:3]}
    return {**own, "occupation": pa.array(occupations, pa.string())}


_PEOPLE: dict[str, Any] = {
    "shape": row_by_row(_USERS, _USERS, _users),
    "node_type": "user",
    "id": "user_id",
    "attributes": _USER_KINDS,
}
_RATINGS: dict[str, Any] = {
    "user": "user_id",
    "item": "item_id",
    "weight": "rating",
    "time": "timestamp",
    "each": "rating",
}
_RATING_COLUMNS = ("user_id", "item_id", "rating", "timestamp")

MOVIELENS_100K = Format(
    "movielens-100k",
    "MovieLens 100K",
    (
        Events(
            files=("u.data",),
            text=Text("\t", _RATING_COLUMNS, quotes=False),
            **_RATINGS,
        ),
        Nodes(
            files=("u.item",),
            text=Text(
                "|",
                ("item_id", "movie_title", "release_date", "video_release_date", "url", *_GENRES),
                "latin-1",
                quotes=False,
            ),
            **_movies(("item_id", "movie_title", *_GENRES), _column("movie_title"), _flagged),
        ),
        Nodes(
            files=("u.user",),
            text=Text("|", (*_USERS, "zip"), quotes=False),
            **_PEOPLE,
        ),
    ),
    signs=("u.data",),
    editions={"ml-100k": "MovieLens 100K"},
    says=("u.base and u.test files are splits of u.data and not read",),
)

MOVIELENS_1M = Format(
    "movielens-1m",
    "MovieLens 1M or 10M",
    (
        Events(files=("ratings.dat",), text=Text("::", _RATING_COLUMNS), **_RATINGS),
        Nodes(
            files=("movies.dat",),
            text=Text("::", ("item_id", "title", "genres")),
            **_movies(("item_id", "title", "genres"), _column("title"), _parts),
        ),
        Nodes(
            files=("users.dat",),
            text=Text("::", ("user_id", "gender", "age", "occupation", "zip")),
            **_PEOPLE,
        ),
    ),
    signs=("ratings.dat",),
    editions={
        "movielens-10m": "MovieLens 10M",
        "ml-1m": "MovieLens 1M",
        "ml-10m": "MovieLens 10M",
        "ml-10m100k": "MovieLens 10M",
    },
    says=("an age is the youngest of its group", "10M has no users.dat; its tags.dat is not read"),
)

MOVIELENS = Format(
    "movielens",
    "MovieLens 20M, 25M, 32M or latest",
    (
        Events(
            files=("ratings.csv",),
            user="userId",
            item="movieId",
            weight="rating",
            time="timestamp",
            each="rating",
        ),
        Nodes(
            files=("movies.csv",),
            **_movies(("movieId", "title", "genres"), _column("title"), _parts),
        ),
    ),
    signs=("ratings.csv", "movies.csv"),
    editions={
        "ml-20m": "MovieLens 20M",
        "ml-25m": "MovieLens 25M",
        "ml-32m": "MovieLens 32M",
        "ml-latest": "MovieLens latest",
        "ml-latest-small": "MovieLens latest (small)",
        "movielens-20m": "MovieLens 20M",
        "movielens-25m": "MovieLens 25M",
        "movielens-32m": "MovieLens 32M",
        "movielens-latest": "MovieLens latest",
    },
    says=("tags.csv, links.csv and the tag genome are not read",),
)

RECBOLE = Format(
    "recbole",
    "RecBole atomic files",
    (
        Events(files=("*.inter",), user="", item=""),
        Nodes(
            files=("*.item",),
            having=_RECBOLE_MOVIES,
            **_movies(_RECBOLE_MOVIES, _recbole_titles, _spaced),
        ),
        Nodes(files=("*.item",), node_type="item"),
        Nodes(files=("*.user",), having=_USERS, **_PEOPLE),
        Nodes(files=("*.user",), node_type="user"),
        Links(files=("*.kg",), edge_type=("entity", None, "entity")),
        Links(files=("*.link",), edge_type=("item", "is", "entity")),
    ),
    signs=("*.inter",),
    says=("columns and their types are those of the header; float_seq is a vector",),
)

FORMATS = (MOVIELENS_100K, MOVIELENS_1M, MOVIELENS, RECBOLE)
