"""Parts of files, fetched and sent: several at once, each tried again where a connection breaks."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from graphrec.errors import SnapshotError, SnapshotsAway
from graphrec.files import FILE_MODE, make_folder
from graphrec.snapshot.remote.objects import Away, Missing, Objects, Refused
from graphrec.snapshot.remote.tree import PARTS, SMALL, Entry, Part, cuts

AT_ONCE = 4
"""Parts that are fetched or sent at once."""

TRIES = 6
"""Of each request, the pauses between which double from the first."""

PAUSE_SECONDS = 0.1

Result = TypeVar("Result")


def tried(objects: Objects, work: Callable[[], Result], tries: int = TRIES) -> Result:
    """What `work` returns, tried again while the place is away; raises SnapshotsAway."""
    for number in range(1, tries + 1):
        try:
            return work()
        except Away as error:  # noqa: PERF203
            if number == tries or isinstance(error, Refused):
                raise SnapshotsAway(objects.url, str(error)) from error
            time.sleep(PAUSE_SECONDS * 2 ** (number - 1))
    raise AssertionError


def fetch(
    objects: Objects, files: Mapping[Path, Entry], held: Callable[[Part], bytes | None]
) -> None:
    """Write files, each in one step once all its parts are there and are what they must be.

    A part that `held` has is not fetched. Raises Missing where somebody deleted a part meanwhile,
    SnapshotsAway, and SnapshotError for a part that is broken however often it is fetched.
    """
    parts = [part for entry in files.values() for part in entry.parts]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        contents = _ahead(pool, lambda part: held(part) or fetched(objects, part), parts)
        for path, entry in files.items():
            _write_file(path, entry, contents)


def _write_file(path: Path, entry: Entry, contents: Iterator[bytes]) -> None:
    """Write a file of its text, or of as many of the next contents as it has parts."""
    make_folder(path.parent)
    draft = path.parent / f".draft-{secrets.token_hex(8)}"
    try:
        with draft.open("xb") as file:
            draft.chmod(draft.stat().st_mode & FILE_MODE)
            if entry.text is not None:
                file.write(entry.text.encode())
            for _ in entry.parts:
                file.write(next(contents))
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _ahead(
    pool: ThreadPoolExecutor, work: Callable[[Part], Result], parts: Iterable[Part]
) -> Iterator[Result]:
    """What `work` returns of each part, in their order, a few of them ahead of who takes them."""
    waiting: deque[Future[Result]] = deque()
    try:
        for part in parts:
            waiting.append(pool.submit(work, part))
            if len(waiting) > AT_ONCE:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for each in waiting:
            each.cancel()


def fetched(objects: Objects, part: Part) -> bytes:
    """A part, checked against its SHA-256; one that is broken is fetched again, once."""
    for _ in range(2):
        content = tried(objects, lambda: objects.get(part.key, part.bytes))
        if hashlib.sha256(content).hexdigest() == part.sha256:
            return content
    raise SnapshotError(
        f"object {part.key!r} at {objects.url} has {len(content)} bytes that are not those that "
        f"were published: expected {part.bytes} bytes of the SHA-256 in its name; roll back, or "
        f"publish again with `graphrec train`"
    )


def send(objects: Objects, files: Mapping[str, Path], known: Mapping[str, str]) -> dict[str, Entry]:
    """Send files, by their paths; parts whose SHA-256 is among `known` keys are there already."""
    entries, to_send = {}, {}
    keys = dict(known)
    for name, path in files.items():
        size = path.stat().st_size
        if size <= SMALL and (text := _text(path)) is not None:
            entries[name] = Entry(size, text=text)
            continue
        parts = []
        for begin, end in cuts(path):
            digest = hashlib.sha256(stretch(path, begin, end)).hexdigest()
            if digest not in keys:
                # Of its own: who deletes an object that serves nobody any more deletes no other.
                keys[digest] = f"{PARTS}{digest}-{secrets.token_hex(8)}"
                to_send[keys[digest]] = (path, begin, end)
            parts.append(Part(keys[digest], end - begin))
        entries[name] = Entry(size, tuple(parts))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for done in [pool.submit(_send_part, objects, key, *at) for key, at in to_send.items()]:
            done.result()
    return entries


def _send_part(objects: Objects, key: str, path: Path, begin: int, end: int) -> None:
    content = stretch(path, begin, end)
    try:
        tried(objects, lambda: objects.put(key, content))
    except Missing as error:
        raise SnapshotsAway(objects.url, f"there is no such bucket ({error})") from error


def delete(objects: Objects, keys: Iterable[str]) -> None:
    """Delete objects; raises SnapshotsAway."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for done in [pool.submit(tried, objects, partial(objects.delete, key)) for key in keys]:
            done.result()


def stretch(path: Path, begin: int, end: int) -> bytes:
    """The bytes of a file from one place to another."""
    with path.open("rb") as file:
        file.seek(begin)
        return file.read(end - begin)


def is_whole(path: Path, entry: Entry) -> bool:
    """Whether a file is there, and every byte is as its entry says."""
    try:
        if path.stat().st_size != entry.bytes:
            return False
        if entry.text is not None:
            return path.read_bytes() == entry.text.encode()
        begin = 0
        for part in entry.parts:
            content = stretch(path, begin, begin + part.bytes)
            if hashlib.sha256(content).hexdigest() != part.sha256:
                return False
            begin += part.bytes
    except OSError:
        return False
    return True


def _text(path: Path) -> str | None:
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError:
        return None
