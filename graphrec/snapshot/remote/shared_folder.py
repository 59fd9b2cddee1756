"""Objects in a folder, such as of a disk that several machines share: `file://`."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from graphrec.errors import Locked
from graphrec.files import make_folder, replace_file
from graphrec.locks import file_lock
from graphrec.snapshot.remote.objects import Away, Changed, Missing, Refused

LOCK = "switch.lock"


@dataclass(frozen=True)
class SharedFolder:
    """A folder, with a file for each object; a lock beside them makes a switch one step."""

    folder: Path

    @property
    def url(self) -> str:
        """The place."""
        return f"file://{self.folder}"

    def token(self, name: str) -> str | None:
        """The SHA-256 of an object."""
        with _translated():
            try:
                return hashlib.sha256((self.folder / name).read_bytes()).hexdigest()
            except FileNotFoundError:
                return None

    def get(self, name: str, size: int | None = None) -> bytes:
        """The content of its file."""
        with _translated():
            return (self.folder / name).read_bytes()

    def put(self, name: str, content: bytes) -> None:
        """Write a file in one step."""
        with _translated():
            make_folder((self.folder / name).parent)
            replace_file(self.folder / name, content)

    def swap(self, name: str, content: bytes, token: str | None) -> None:
        """Replace a file, under a lock."""
        with _translated():
            make_folder(self.folder)
            with file_lock(self.folder / LOCK, "switch"):
                if self.token(name) != token:
                    raise Changed(name)
                replace_file(self.folder / name, content)

    def names(self) -> Collection[str]:
        """The files but for locks; drafts of who was killed are among them."""
        with _translated():
            found = (path for path in self.folder.rglob("*") if path.is_file())
            names = [path.relative_to(self.folder).as_posix() for path in found]
            return [name for name in names if not name.startswith("switch.")]

    def delete(self, name: str) -> None:
        """Delete a file."""
        with _translated():
            (self.folder / name).unlink(missing_ok=True)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise Missing(str(error.filename)) from error
    except PermissionError as error:
        raise Refused(f"{error.strerror}: {error.filename}") from error
    except (OSError, Locked) as error:
        raise Away(str(error)) from error
