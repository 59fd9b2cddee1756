"""Check everything first, then write: the good rows wait in a temporary file meanwhile."""

from __future__ import annotations

import csv
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import chain, count
from operator import attrgetter
from pathlib import Path
from typing import IO

import pyarrow as pa
from graphrec.ingest.chunks import Chunk, Reading, Reject
from graphrec.ingest.late import LATE
from graphrec.ingest.seen import Seen, together
from graphrec.ingest.validate import Checked

from graphrec.data.spreadsheets import as_text
from graphrec.errors import DataError, TooManyRejects
from graphrec.progress import Progress
from graphrec.settings import IngestSettings

_SHOWN = 3
"""Rejects that a message shows."""


@dataclass(frozen=True)
class Spool:
    """A source that has been read and checked."""

    rows: int
    accepted: int
    reasons: Mapping[str, int]
    """Rejected rows by reason, the most frequent first."""
    rejects: Path | None
    """The file of rejected rows, where there are any."""
    ignored: int
    """Lines that are comments."""
    first: tuple[str, ...]
    """The first rejected rows, in words."""
    batches: Callable[[], Iterator[pa.RecordBatch]]
    """The accepted rows, from the first, chunk by chunk; may be called again."""
    passed: Mapping[str, int] = field(default_factory=dict)
    """Rows that are none of what is read, and no bad ones, by reason."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Values that were left out of accepted rows, by reason, the most frequent first."""
    seen: Seen = field(default_factory=dict)
    """What the columns show."""

    @property
    def rejected(self) -> int:
        """Rows that were set aside."""
        return self.rows - self.accepted

    @property
    def bad(self) -> int:
        """Those of them that are at fault, and do not just come too late."""
        return sum(count for reason, count in self.reasons.items() if reason not in LATE)

    def settled(self, settle: Callable[[pa.RecordBatch], pa.RecordBatch]) -> Spool:
        """The same rows, read as only the whole source could tell."""
        return replace(self, batches=lambda: map(settle, self.batches()))


@contextmanager
def spooled(
    reading: Reading,
    chunks: Iterable[Chunk],
    check: Callable[[Chunk], Checked],
    settings: IngestSettings,
    rejects: Path | None,
    progress: Progress | None = None,
) -> Iterator[Spool]:
    """The `chunks` of `reading`, read and checked to the end; memory holds one at a time.

    Rejected rows go to a CSV file (line, reason, row; before them the file, where there are
    several), which is made only where there are any; so do rows that are kept without one of their
    values. It is `rejects`, or the first of `NAME-2.csv`, `NAME-3.csv` … beside it that is not
    there yet: no file is overwritten. Where `rejects` is None no row may be rejected. Raises
    TooManyRejects where their share is above what is allowed, and DataError where the disk takes no
    more.
    """
    reasons: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    passed: Counter[str] = Counter()
    first: list[Reject] = []
    accepted = ignored = 0
    seen: Seen = {}
    aside: Path | None = None
    # The file has no name where the system allows it: it goes away with the process at the latest.
    with tempfile.TemporaryFile(prefix="graphrec-") as file:
        writer = None
        try:
            for chunk in chunks:
                checked = check(chunk)
                if checked.rejects or checked.left_out:
                    if rejects is not None:
                        aside = aside or _new(rejects, _columns(reading))
                        found = sorted([*checked.rejects, *checked.left_out])
                        _append(aside, found, _columns(reading))
                    left_out.update(each.reason for each in checked.left_out)
                    reasons.update(reject.reason for reject in checked.rejects)
                    first += checked.rejects[: _SHOWN - len(first)]
                if writer is None:
                    options = pa.ipc.IpcWriteOptions(compression="lz4")
                    writer = pa.ipc.new_stream(file, checked.rows.schema, options=options)
                writer.write_batch(checked.rows)
                accepted += checked.rows.num_rows
                ignored += chunk.ignored
                passed.update(chunk.left_out)
                seen = together(seen, checked.seen)
                if progress:
                    progress("reading", chunk.done, reading.total)
            if writer is not None:
                writer.close()
        except OSError as error:
            raise DataError(
                f"rows of {reading.name} cannot be set aside: {error}; make room, set TMPDIR to a "
                f"folder that has room, or put the rejects file elsewhere"
            ) from error
        rejected = reasons.total()
        spool = Spool(
            accepted + rejected,
            accepted,
            dict(reasons.most_common()),
            aside,
            ignored,
            tuple(f"{r.place(reading.counts)}: {r.reason} in {r.row}" for r in first),
            lambda: _read(file) if writer is not None else iter(()),
            dict(passed.most_common()),
            dict(left_out.most_common()),
            seen,
        )
        if rejected and rejects is None:
            raise TooManyRejects(_some(reading, spool))
        if spool.bad > settings.max_rejected_share * spool.rows:
            raise TooManyRejects(_too_many(reading, spool, first, settings.max_rejected_share))
        yield spool


def _columns(reading: Reading) -> tuple[str, ...]:
    return ("file", "line", "reason", "row") if reading.several else ("line", "reason", "row")


def _new(path: Path, columns: Sequence[str]) -> Path:
    """A file for rejects that was not there before, with its header."""
    path.parent.mkdir(parents=True, exist_ok=True)
    others = (path.with_name(f"{path.stem}-{number}{path.suffix}") for number in count(2))
    names = chain([path], others)
    while True:
        name = next(names)
        with suppress(FileExistsError), name.open("x", encoding="utf-8", newline="") as file:
            csv.writer(file).writerow(columns)
            return name


def _append(path: Path, rejects: Sequence[Reject], columns: Sequence[str]) -> None:
    with path.open("a", encoding="utf-8", errors="backslashreplace", newline="") as file:
        rows = map(attrgetter(*columns), rejects)
        csv.writer(file).writerows([as_text(cell) for cell in row] for row in rows)


def _read(file: IO[bytes]) -> Iterator[pa.RecordBatch]:
    file.seek(0)
    for batch in pa.ipc.open_stream(file):
        if batch.num_rows:
            yield batch


def _some(reading: Reading, spool: Spool) -> str:
    counted = ", ".join(f"{count} × {reason}" for reason, count in spool.reasons.items())
    shown = "; ".join(spool.first)
    return (
        f"{reading.name}: {spool.rejected} of {spool.rows} rows cannot be used ({counted}), "
        f"expected none. First {shown}. Mend these rows, or leave them out"
    )


def _too_many(reading: Reading, spool: Spool, first: Sequence[Reject], limit: float) -> str:
    counted = ", ".join(f"{count} × {reason}" for reason, count in spool.reasons.items())
    shown = "; ".join(f"{reject.place(reading.counts)}: {reject.reason}" for reject in first)
    return (
        f"{reading.name}: {spool.bad} of {spool.rows} rows "
        f"({spool.bad / spool.rows:.1%}) cannot be used ({counted}), "
        f"expected at most {limit:.1%}; nothing was written. First {shown}. "
        f"See {str(spool.rejects)!r}; mend the rows, or raise ingest.max_rejected_share"
    )
