"""Books."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
from graphrec.ingest.formats.declare import Events, Format, Nodes, Text
from graphrec.ingest.formats.shapes import listed, row_by_row

from graphrec.data import AttributeKind
from graphrec.data.kinds import KindPolicy

_SHELVES = 10
"""Of the shelves of a book, the most frequent, which come first."""

_OF_TEN = {"rating": KindPolicy(threshold=7, zero="missing")}
_UNRATED = {"rating": KindPolicy(zero="missing")}


def _book_crossing(name: str, title: str, prefix: str, middle: str, text: Text) -> Format:
    ratings = f"{prefix}{middle}Ratings.csv"
    books, users = (f"{prefix}{what}.csv" for what in ("Books", "Users"))
    return Format(
        name,
        title,
        (
            Events(
                files=(ratings,),
                text=text,
                user="User-ID",
                item="ISBN",
                weight="Book-Rating",
                each="rating",
            ),
            Nodes(
                files=(books,),
                text=text,
                node_type="item",
                id="ISBN",
                attributes={
                    "title": "text",
                    "author": "category",
                    "year": None,
                    "publisher": "category",
                },
                called={
                    "title": "Book-Title",
                    "author": "Book-Author",
                    "year": "Year-Of-Publication",
                    "publisher": "Publisher",
                },
            ),
            Nodes(
                files=(users,),
                text=text,
                node_type="user",
                id="User-ID",
                attributes={"location": "category", "age": "number"},
                called={"location": "Location", "age": "Age"},
            ),
        ),
        signs=(ratings,) if prefix else (ratings, books, users),
        kinds=_OF_TEN,
        says=("ratings are 1 to 10; 0 says that a book is known and not rated",),
    )


BOOK_CROSSING = _book_crossing(
    "book-crossing", "Book-Crossing", "BX-", "Book-", Text(";", encoding="latin-1")
)
BOOK_CROSSING_CSV = _book_crossing("book-crossing-csv", "Book-Crossing (Kaggle)", "", "", Text(","))


def _books(rows: pa.RecordBatch) -> Mapping[str, pa.Array]:
    return {
        **{name: rows.column(name) for name in rows.schema.names},
        "authors": listed(rows.column("authors"), "author_id"),
        "shelves": listed(rows.column("popular_shelves"), "name", _SHELVES),
    }


_BOOKS: dict[str, AttributeKind | None] = {
    "title": "text",
    "language_code": "category",
    "publication_year": "number",
    "num_pages": "number",
    "publisher": "category",
    "authors": "tags",
    "shelves": "tags",
}

GOODREADS = Format(
    "goodreads",
    "Goodreads (UCSD Book Graph)",
    (
        Events(
            files=("goodreads_interactions*.json", "goodreads_reviews*.json"),
            user="user_id",
            item="book_id",
            weight="rating",
            time="date_added",
            each="rating",
        ),
        Nodes(
            files=("goodreads_books*.json",),
            shape=row_by_row(
                ("book_id", *[name for name in _BOOKS if name != "shelves"], "popular_shelves"),
                ("book_id", *_BOOKS),
                _books,
            ),
            node_type="item",
            id="book_id",
            attributes=_BOOKS,
        ),
    ),
    signs=("goodreads_interactions*.json|goodreads_reviews*.json",),
    kinds=_UNRATED,
    says=(
        "a rating of 0 says that a book is on a shelf and not rated",
        f"shelves are the {_SHELVES} most frequent of a book",
        "reviews are read only where there are no interactions, which hold their ratings",
    ),
)

GOODREADS_CSV = Format(
    "goodreads-csv",
    "Goodreads interactions as CSV",
    (
        Events(
            files=("goodreads_interactions*.csv",),
            user="user_id",
            item="book_id",
            weight="rating",
            each="rating",
        ),
    ),
    signs=("goodreads_interactions*.csv",),
    kinds=_UNRATED,
    says=(
        "a rating of 0 says that a book is on a shelf and not rated",
        "there are no times, and ids are those of book_id_map.csv: goodreads_books.json has others",
    ),
)

GOODBOOKS = Format(
    "goodbooks-10k",
    "goodbooks-10k",
    (
        Events(
            files=("ratings.csv",), user="user_id", item="book_id", weight="rating", each="rating"
        ),
        Events(files=("to_read.csv",), user="user_id", item="book_id", each="save", optional=True),
        Nodes(
            files=("books.csv",),
            node_type="item",
            id="book_id",
            attributes={
                "title": "text",
                "authors": "tags",
                "original_publication_year": "number",
                "language_code": "category",
            },
        ),
    ),
    signs=("ratings.csv", "books.csv", "to_read.csv|book_tags.csv"),
    says=("to_read.csv is events of the kind save", "tags of books are not read"),
)

FORMATS = (BOOK_CROSSING, BOOK_CROSSING_CSV, GOODREADS, GOODREADS_CSV, GOODBOOKS)
