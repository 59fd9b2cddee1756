"""Points in time as people write them, in milliseconds since 1970."""

from __future__ import annotations

from datetime import date, datetime, timezone
from typing import TypeAlias

import numpy as np

from graphrec.errors import DataError

Time: TypeAlias = int | str | date | datetime | np.datetime64
"""Milliseconds since 1970, ISO 8601 text, a date (its midnight) or a datetime.

What names no zone is UTC.
"""


def milliseconds(time: Time) -> int:
    """The time in milliseconds since 1970, UTC, rounded down; raises DataError."""
    try:
        if isinstance(time, np.datetime64):
            if np.isnat(time):
                raise ValueError("it is NaT")
            return int(time.astype("datetime64[ms]").astype(np.int64))
        if isinstance(time, str):
            # Python 3.10 does not read the Z.
            time = datetime.fromisoformat(time[:-1] + "+00:00" if time.endswith("Z") else time)
        if isinstance(time, datetime):
            known = time if time.tzinfo else time.replace(tzinfo=timezone.utc)
            since = known - datetime(1970, 1, 1, tzinfo=timezone.utc)
            return since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000
        if isinstance(time, date):
            return (time - date(1970, 1, 1)).days * 86_400_000
        return int(time)
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError(
            f"time {time!r} cannot be read ({error}): expected a datetime, ISO 8601 text such as "
            f"'2024-05-01T12:00', or milliseconds since 1970"
        ) from error
