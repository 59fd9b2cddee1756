"""The settings of a command, which also say who may read the files that it makes."""

from __future__ import annotations

import os
from pathlib import Path

from graphrec import settings
from graphrec.settings import Settings

UMASK = {"owner": 0o077, "group": 0o027}


def load_settings(path: Path | None) -> Settings:
    """As `graphrec.settings.load_settings`; from then on files of this process are private."""
    found = settings.load_settings(path)
    before = os.umask(0o077)
    os.umask(before | UMASK[found.readers])
    return found
