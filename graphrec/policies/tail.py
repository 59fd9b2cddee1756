"""Reads what was added to an exposure log since the last time, in whichever of its files."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from graphrec.experiments.exposure_log import LOCK
from graphrec.files import make_folder
from graphrec.locks import file_lock

WORK = "graphrec serve, policies"

PIECE = 4 * 2**20
"""Bytes that are read at a time."""


class LogTail:
    """Gives each complete line of the daily files of a folder once, those of old days first.

    A file that is another one than before, as where somebody was forgotten, has to be read again:
    all is given anew, and `restart` is called first. Packed days are not read.
    """

    def __init__(
        self, folder: Path, take: Callable[[Sequence[bytes]], None], restart: Callable[[], None]
    ) -> None:
        self._folder, self._take, self._restart = folder, take, restart
        self._read: dict[str, tuple[int, int]] = {}
        """By name, the file and how far it was read."""

    def follow(self, oldest: str) -> None:
        """Give what is new in the files of days from `oldest` on; raises OSError and Locked."""
        if not self._folder.is_dir():
            return
        make_folder(self._folder)
        with file_lock(self._folder / LOCK, WORK):  # no file is replaced meanwhile
            days = [p for p in sorted(self._folder.glob("*.jsonl")) if p.name[:10] >= oldest]
            state = {path.name: path.stat() for path in days}
        if any(self._is_another(name, state[name]) for name in self._read if name in state) or any(
            name not in state and name[:10] >= oldest for name in self._read
        ):
            self._read.clear()
            self._restart()
        for path in days:
            number, at = self._read.get(path.name, (state[path.name].st_ino, 0))
            self._read[path.name] = number, self._given(path, at)

    def _is_another(self, name: str, found: os.stat_result) -> bool:
        number, at = self._read[name]
        return found.st_ino != number or found.st_size < at

    def _given(self, path: Path, at: int) -> int:
        with path.open("rb") as file:
            file.seek(at)
            while piece := file.read(PIECE):
                end = piece.rfind(b"\n") + 1
                if not end:  # a line that is not whole yet
                    break
                self._take(piece[:end].splitlines())
                at += end
                file.seek(at)
        return at
