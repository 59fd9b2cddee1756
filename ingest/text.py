"""Delimited text: columns with a header or without, and RecBole's atomic files."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice

import pyarrow.compute as pc
from graphrec.ingest import dialect as layouts
from graphrec.ingest.advice import advice
from graphrec.ingest.chunks import Chunk, ReadAs, Reading
from graphrec.ingest.encodings import odd_word, recognised
from graphrec.ingest.lines import Lines
from graphrec.ingest.packed import Content, unbroken
from graphrec.ingest.rows import chunks_of

from graphrec.data import AttributeKind
from graphrec.errors import DataError

HEAD = 1 << 20
"""Bytes at the beginning of a file that its format is inferred from."""
_CONTROL = bytes(set(range(32)) - set(b"\t\n\r\f\v\x1b\x01"))
_FEW = 8
_MANY = 0.02
"""Share of control characters from which on a file is no text."""

_RECBOLE_KINDS: dict[str, AttributeKind] = {
    "token": "category",
    "token_seq": "tags",
    "float": "number",
    "float_seq": "vector",
}
_DECIMAL = r"^(\s*[+-]?\d+),(\d+\s*)$"


@dataclass(frozen=True)
class TextOptions:
    """What is known of a text; None for what is inferred from its first lines."""

    delimiter: str | None = None
    """Any characters; a blank stands for any number of blanks and tabs."""
    columns: tuple[str, ...] | None = None
    """Names of the columns: of a file without a header, or instead of that which it has."""
    header: bool | None = None
    """Whether the first row names the columns. None: with `columns` it does not."""
    encoding: str | None = None
    quotes: bool = True
    r"""Whether "…" around a field may hold delimiters and line ends."""
    owner: str = ""
    """What the file holds in the options of `graphrec ingest`: item or user; empty for events."""
    declared: str = ""
    """The format that says all this; empty: the options."""


def head_of(content: Content) -> bytes:
    """The first bytes of a file; raises DataError where it cannot be read."""
    with unbroken(content.name), content.start() as (stream, _):
        return stream.read(HEAD)


def encoding_of(content: Content, head: bytes, encoding: str | None) -> str:
    """The encoding named, else that recognised; raises DataError for one that there is not."""
    if encoding is None:
        return recognised(head, whole=len(head) < HEAD)
    try:
        "".encode(encoding)
        io.TextIOWrapper(io.BytesIO(), encoding)
    except LookupError as error:
        raise DataError(
            f"encoding {encoding!r} of {content.name!r} is not known: expected such as utf-8, "
            f"cp1252, utf-16 or gb18030; correct --encoding"
        ) from error
    return "utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding


def first_lines(content: Content, head: bytes, encoding: str) -> list[str]:
    """The whole lines among the first bytes of a file; raises DataError where they are no text."""
    with io.TextIOWrapper(io.BytesIO(head), encoding, errors="ignore", newline="") as text:
        try:
            lines = list(text)
        except UnicodeDecodeError:  # the last character is cut
            lines = head.decode(encoding, "ignore").splitlines(keepends=True)
    if not any(line.strip() for line in lines):
        raise DataError(f"file {content.name!r} is empty: expected rows of data")
    controls = len(head) - len(head.translate(None, _CONTROL))
    if encoding.startswith(("utf-8", "cp1252", "latin-1")) and controls > max(
        _FEW, _MANY * len(head)
    ):
        raise DataError(
            f"file {content.name!r} is no text: expected delimited text, JSON or Parquet, as they "
            f"are or packed (gzip, bz2, xz, zstd, zip); convert it"
        )
    return lines[:-1] if len(head) == HEAD and len(lines) > 1 else lines


def open_delimited(
    content: Content,
    size: int,
    options: TextOptions,
    *,
    preferred: str | None = None,
) -> Reading:
    """A file of delimited columns, in chunks of up to `size` rows.

    What the options do not say is inferred from the first lines: encoding, delimiter (`preferred`
    where the first line has it), quotes, comments, `sep=`, and the header. Raises DataError for a
    file that is empty or no text, and for one whose first row seems to be data, unless the options
    say what it is: no row is taken for the names of columns.
    """
    head = head_of(content)
    encoding = encoding_of(content, head, options.encoding)
    header = options.header
    if header is None and options.columns is not None:
        header = False
    layout = layouts.recognise(
        first_lines(content, head, encoding),
        delimiter=options.delimiter,
        preferred=preferred,
        quotes=options.quotes,
        header=header,
    )
    names = _names(content.name, layout, options)
    commas = (
        layouts.decimals(names, layout.rows[layout.names is not None :])
        if layout.dialect.delimiter == ";"
        else ()
    )

    def chunks(columns: Sequence[str]) -> Iterator[Chunk]:
        with content.start() as (stream, done):
            # A byte that cannot be decoded becomes a lone surrogate, by which its row is known.
            # newline="" leaves line ends inside quotes as they are.
            text = io.TextIOWrapper(stream, encoding, errors="surrogateescape", newline="")
            lines = _guarded(content.name, text, encoding)
            for _ in islice(lines, layout.skip):
                pass
            found = chunks_of(
                Lines(lines, layout.skip + 1), layout.dialect, names, columns, size, done, encoding
            )
            for position, chunk in enumerate(found):
                ignored = chunk.ignored + (0 if position else layout.ignored)
                yield replace(_with_points(chunk, commas), ignored=ignored)

    return Reading(
        content.name,
        names,
        chunks,
        content.total,
        read_as=replace(
            _read_as(content, layout, encoding, options, commas),
            odd_word="" if options.encoding else odd_word(head, encoding),
        ),
        hint=""
        if layout.names is None or layouts.is_header(names)
        else f"; or, if its first line is a row, say {advice(layout.rows, options.owner)}",
    )


def open_recbole(content: Content, size: int, encoding: str | None = None) -> Reading:
    """A RecBole atomic file: tab-separated, with names like `item_id:token` in its first line.

    `token_seq` is a list separated by spaces, and `float_seq` a vector. Raises DataError for a
    missing file or a header of no types.
    """
    options = TextOptions("\t", header=True, encoding=encoding, quotes=False)
    reading = open_delimited(content, size, options)
    titles: dict[str, str] = {}
    kinds: dict[str, AttributeKind] = {}
    for title in reading.columns:
        name, _, header_type = title.rpartition(":")
        if header_type not in _RECBOLE_KINDS:
            raise DataError(
                f"column {title!r} of {reading.name!r} has no type: expected NAME:TYPE with a "
                f"type of {', '.join(_RECBOLE_KINDS)}; use the extension .tsv for other files"
            )
        titles[name] = title
        kinds[name] = _RECBOLE_KINDS[header_type]

    def chunks(columns: Sequence[str]) -> Iterator[Chunk]:
        for chunk in reading.chunks([titles[column] for column in columns]):
            yield replace(chunk, rows=chunk.rows.rename_columns(list(columns)))

    read_as = replace(reading.read_as, format="RecBole")
    return replace(
        reading, columns=tuple(titles), chunks=chunks, kinds=kinds, separator=" ", read_as=read_as
    )


@contextmanager
def open_lines(content: Content) -> Iterator[Iterator[str]]:
    """The lines of a file of no columns. Raises DataError for a file that is missing or broken."""
    with content.start() as (stream, _):
        text = io.TextIOWrapper(stream, "utf-8-sig", errors="surrogateescape", newline="")
        yield _guarded(content.name, text, "utf-8")


def _guarded(name: str, lines: io.TextIOWrapper, encoding: str) -> Iterator[str]:
    """The lines; raises DataError where the file cannot be read on."""
    with unbroken(name):
        try:
            yield from lines
        except UnicodeDecodeError as error:
            raise DataError(
                f"file {name!r} is no {encoding} text: {error.reason} at byte {error.start} of a "
                f"block; name its encoding with --encoding"
            ) from error


def _names(name: str, layout: layouts.Layout, options: TextOptions) -> tuple[str, ...]:
    """The columns; raises DataError where the first row is no header, and nothing names them."""
    first = layout.rows[0] if layout.rows else ()
    if options.columns is not None and options.declared:
        if first and len(first) != len(options.columns):
            raise DataError(
                f"file {name!r} has {len(first)} fields in its first row ({_shown(first)}): "
                f"expected {len(options.columns)}, the columns of {options.declared} "
                f"({', '.join(options.columns)}); name another format with --format, or say "
                f"--format none to read it as any file"
            )
        return options.columns
    if options.columns is not None:
        if options.header is None and layouts.is_header(first):
            raise DataError(
                f"the first line of {name!r} looks like names of columns ({_shown(first)}): "
                f"--columns names those of a file without any; add --header to replace these "
                f"names, or --no-header if the line is a row"
            )
        if first and len(first) != len(options.columns):
            raise DataError(
                f"file {name!r} has {len(first)} fields in its first row ({_shown(first)}): "
                f"expected {len(options.columns)}, one for each of "
                f"{','.join(options.columns)}; correct --columns or --delimiter"
            )
        return options.columns
    if options.header is False:
        return tuple(f"column{at + 1}" for at in range(len(first)))
    if layout.names is None:
        if not first:
            raise DataError(
                f"first line of {name!r} has malformed quotes: expected names of columns; correct "
                f"it, or read quotes as text with --no-quotes"
            )
        raise DataError(
            f"the first line of {name!r} looks like data ({_shown(first)}): expected names of "
            f"columns; if it is a row, say {advice(layout.rows, options.owner)}, with "
            f"the right names; if it does name them, say --header"
        )
    if any("\ud800" <= letter <= "\udfff" for title in layout.names for letter in title):
        raise DataError(
            f"first line of {name!r} is not UTF-8 text: expected names of columns; name the "
            f"encoding of the file with --encoding, such as cp1252"
        )
    return layout.names


def _shown(cells: Sequence[str]) -> str:
    shown = [cell if len(cell) <= 20 else f"{cell[:20]}…" for cell in cells[:5]]
    return ", ".join(shown) + (", …" if len(cells) > 5 else "")


def _with_points(chunk: Chunk, columns: Sequence[str]) -> Chunk:
    """The chunk with a decimal point for the comma in the columns."""
    rows = chunk.rows
    for name in columns:
        at = rows.schema.get_field_index(name)
        if at >= 0:
            values = pc.replace_substring_regex(rows.column(at), _DECIMAL, r"\1.\2")
            rows = rows.set_column(at, name, values)
    return replace(chunk, rows=rows)


def _read_as(
    content: Content,
    layout: layouts.Layout,
    encoding: str,
    options: TextOptions,
    commas: Sequence[str],
) -> ReadAs:
    header = f"line {layout.header}" if layout.header else "none"
    if options.columns is not None:
        header += f", columns named by {options.declared or '--columns'}"
    notes = []
    if layout.separator:
        notes.append("line 1 names the delimiter")
    if layout.dialect.backslash:
        notes.append("quotes within fields follow a backslash")
    if not layout.dialect.quotes:
        notes.append("quotes are text")
    if layout.dialect.comments:
        notes.append("lines that begin with # are comments")
    if commas:
        notes.append(f"decimal commas in {', '.join(map(repr, commas))}")
    return ReadAs(
        "delimited text",
        layouts.named(layout.dialect.delimiter),
        encoding.removesuffix("-sig"),
        content.compression,
        header,
        tuple(notes),
    )
