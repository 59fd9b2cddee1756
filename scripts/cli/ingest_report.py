"""What `graphrec ingest` prints before it writes, and what stops it there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from graphrec.cli.output import OUT, print_table
from graphrec.ingest.load import CheckedSource

from graphrec.counts import counted
from graphrec.data.doubts import CODES
from graphrec.data.profile import Doubt
from graphrec.data.report import DataReport
from graphrec.errors import DataError, SettingsError, TooManyRejects


def show_data(report: DataReport) -> None:
    """Print what data was taken for, and what is doubtful."""
    for table in report.tables:
        print_table(table.title, table.columns, table.rows)
    for note in report.notes:
        OUT.print(f"note: {note}", markup=False, soft_wrap=True)
    show_doubts(report.doubts)


def show_rejects(report: DataReport) -> None:
    """Print what was set aside in a dry run, which leaves no file of it: reasons, and the first."""
    for name, source in report.sources.items():
        for reason, rows in source.reasons.items():
            OUT.print(f"  {name}: {rows:,} × {reason}", markup=False, soft_wrap=True)
        for reject in source.rejects:
            OUT.print(f"  {name}, {reject}", markup=False, soft_wrap=True)


def show_doubts(doubts: Sequence[Doubt]) -> None:
    """Print what is doubtful, a line each."""
    for doubt in doubts:
        OUT.print(f"warning [{doubt.code}]: {doubt}", markup=False, soft_wrap=True)


def known_codes(codes: Sequence[str]) -> Sequence[str]:
    """The codes, once it is sure that there are such doubts; raises SettingsError."""
    for code in codes:
        if code not in CODES:
            near = get_close_matches(code, CODES, 1)
            meant = f"; did you mean {near[0]}?" if near else ""
            raise SettingsError(f"--accept {code!r}: expected one of {', '.join(CODES)}{meant}")
    return codes


def stop_on_doubts(report: DataReport) -> None:
    """Raise DataError where anything is doubtful."""
    if report.doubts:
        codes = ", ".join(dict.fromkeys(doubt.code for doubt in report.doubts))
        raise DataError(
            f"the report has {counted(len(report.doubts), 'warning')} ({codes}), expected none "
            f"with --strict; nothing was written; settle them as they say, or pass --accept CODE "
            f"for what is right"
        )


def stop_on_rejects(checked: Mapping[str, CheckedSource], limit: float) -> None:
    """Raise TooManyRejects where more rows were rejected than the settings allow."""
    for source in checked.values():
        spool = source.spool
        if spool.rejected > limit * spool.rows:
            raise TooManyRejects(
                f"{source.name}: {spool.rejected} of {spool.rows} rows cannot be used, expected at "
                f"most {limit:.1%}: without --dry-run nothing would be written. First "
                f"{'; '.join(spool.first)}. Mend the rows, or raise ingest.max_rejected_share"
            )
