"""What is at a place, in a folder of this machine: fetched, and changed by one switch.

::

    CACHE/snapshots/NAME/
    ├── folder/       as a folder of snapshots is; only what was published is ever in it
    ├── seen.json     the document that it is as of, and its token
    └── work-…/       a copy, of links, that somebody changes; what differs is sent at its end

Processes of one machine share the folder: one fetches, the others find it done. A change works on
its copy with the code for folders, sends the parts that are new, and switches the document on the
condition that nobody else did since it was read. What the new document does not name is deleted,
of what was there before the switch: parts that somebody sent in vain, too.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import socket
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import TypeAlias

import orjson
from pydantic import TypeAdapter, ValidationError

from graphrec.errors import SnapshotError, SnapshotsAway, SnapshotsChanged
from graphrec.files import make_folder, replace_file
from graphrec.locks import file_lock
from graphrec.snapshot import deletion
from graphrec.snapshot.registry import CHECKSUM, CURRENT, MANIFEST, VERSION, resolved_among
from graphrec.snapshot.remote import transfer
from graphrec.snapshot.remote.objects import Away, Changed, Missing, Objects, Refused
from graphrec.snapshot.remote.transfer import PAUSE_SECONDS, TRIES, is_whole, tried
from graphrec.snapshot.remote.tree import PARTS, TREE, Change, Entry, Part, Tree, belongs
from graphrec.snapshot.remote.tree import read as read_tree
from graphrec.snapshot.remote.tree import written as tree_written
from graphrec.snapshot.reports import REPORTS

FETCH_SECONDS = 3600.0
"""How long to wait for another process of this machine that fetches the same."""

Needs: TypeAlias = Callable[[Tree, str], bool]
"""Whether a path of a tree is to be fetched; what is small, and manifests, always are."""


def serving(tree: Tree, path: str) -> bool:
    """What the current version and the canary need."""
    return path.partition("/")[0] in (tree.current, tree.tried)


def also(names: Collection[str]) -> Needs:
    """What serves, and versions by their names."""

    def needs(tree: Tree, path: str) -> bool:
        named = {resolved_among(tree.versions, each) for each in names}
        return serving(tree, path) or path.partition("/")[0] in named

    return needs


def with_reports(needs: Needs) -> Needs:
    """The same, and the reports that are listed."""

    def more(tree: Tree, path: str) -> bool:
        return needs(tree, path) or path in tree.latest_reports

    return more


def everything(tree: Tree, path: str) -> bool:
    """All there is."""
    return True


@dataclass(frozen=True)
class Seen:
    """A document, and the token that it had when it was read, or before."""

    token: str | None
    tree: Tree


class Mirror:
    """A place, and the folder of this machine that it is fetched into."""

    def __init__(self, objects: Objects, cache: Path) -> None:
        """`cache` is where this machine keeps what can be fetched again."""
        self.objects = objects
        self.home = cache / "snapshots" / _name(objects.url)
        self.folder = self.home / "folder"
        """As a folder of snapshots is."""
        self._whole: dict[str, Entry] = {}
        """The files that this process found, or made, to be as they must be."""

    def pull(
        self, needs: Needs = serving, tries: int = TRIES, beside: tuple[Path, Tree] | None = None
    ) -> Seen | None:
        """Make the folder as the place is, as far as it is needed; None where nothing is there.

        It costs one request where nothing changed. Files that changed are fetched and checked
        before `current` names them. `beside` is a folder that has files of a tree already. Raises
        SnapshotsAway, and SnapshotError where what is there is broken.
        """
        for _ in range(TRIES):
            token = tried(self.objects, lambda: self.objects.token(TREE), tries)
            if token is None:
                return None
            found = before = self._seen()
            try:
                if found is None or found.token != token:
                    content = tried(self.objects, lambda: self.objects.get(TREE), tries)
                    found = Seen(token, read_tree(content, self.objects.url))
                self._apply(found, before, needs, beside)
            except Missing:
                # It was switched, and what it named before was deleted; or another process of this
                # machine was first, maybe with a later document.
                continue
            return found
        raise SnapshotError(
            f"snapshots at {self.objects.url} lack parts that {TREE!r} names: expected all of "
            f"them; restore them, or publish again into a new folder"
        )

    def inspect(self) -> tuple[Collection[str], list[str]]:
        """The versions that are there, and those of which a part is missing, once for each."""
        content = tried(self.objects, lambda: self.objects.get(TREE))
        tree = read_tree(content, self.objects.url)
        there = {*tried(self.objects, self.objects.names)}
        lacking = [
            path.partition("/")[0]
            for path, entry in tree.files.items()
            for part in entry.parts
            if part.key not in there
        ]
        return tree.versions, lacking

    @contextmanager
    def change(self, work: str, needs: Needs = everything) -> Iterator[Path]:
        """A copy of the folder, which takes its place everywhere once the context ends well.

        For who holds the lock of this machine's changes. Raises SnapshotsChanged where somebody
        else was first, SnapshotsAway, and OSError where the copy cannot be made.
        """
        for left in self.home.glob("work-*"):  # by who was killed
            shutil.rmtree(left, ignore_errors=True)
        base = self.pull(needs)
        copy = self.home / f"work-{secrets.token_hex(8)}"
        make_folder(copy)
        try:
            linked = self._linked(copy, base)
            yield copy
            tree = self._push(copy, base, linked, work)
            if tree is not None:
                with suppress(SnapshotsAway):  # the change is done; what it made is fetched later
                    self.pull(lambda _, path: (copy / path).is_file(), beside=(copy, tree))
        finally:
            shutil.rmtree(copy, ignore_errors=True)

    def _seen(self) -> Seen | None:
        try:
            return TypeAdapter(Seen).validate_json((self.home / "seen.json").read_bytes())
        except (OSError, ValidationError):
            return None

    def _apply(
        self, found: Seen, before: Seen | None, needs: Needs, beside: tuple[Path, Tree] | None
    ) -> None:
        """Make the folder as a document says; raises Missing where it is not as it was `before`."""
        tree = found.tree
        wanted = {
            path: entry
            for path, entry in tree.files.items()
            if _is_always_fetched(path) or needs(tree, path)
        }
        if before == found and all(self._is_known(*each) for each in wanted.items()):
            return
        make_folder(self.home)
        make_folder(self.folder)
        with file_lock(self.home / "fetch.lock", "fetch snapshots", lambda _: FETCH_SECONDS):
            if self._seen() != before:
                raise Missing(TREE)
            lacking = {
                path: entry for path, entry in wanted.items() if not self._is_there(path, entry)
            }
            places = [] if before is None else [(self.folder, before.tree)]
            places += [] if beside is None else [beside]
            inner = {path: entry for path, entry in lacking.items() if "/" in path}
            self._fetch(inner, _held(places), _alike(places))
            for path in sorted(lacking.keys() - inner.keys(), key=lambda each: each == CURRENT):
                replace_file(self.folder / path, (lacking[path].text or "").encode())
            self._whole = wanted
            self._drop(tree)
            replace_file(self.home / "seen.json", orjson.dumps(asdict(found)))

    def _fetch(
        self,
        files: Mapping[str, Entry],
        held: Callable[[Part], bytes | None],
        alike: Callable[[Entry], Path | None],
    ) -> None:
        to_fetch = {}
        for path, entry in files.items():
            target, source = self.folder / path, alike(entry)
            if source is None or not _link(source, target):
                to_fetch[target] = entry
        transfer.fetch(self.objects, to_fetch, held)

    def _is_known(self, path: str, entry: Entry) -> bool:
        return self._whole.get(path) == entry and (self.folder / path).is_file()

    def _is_there(self, path: str, entry: Entry) -> bool:
        return self._is_known(path, entry) or is_whole(self.folder / path, entry)

    def _drop(self, tree: Tree) -> None:
        """Delete what is at the place no more; who reads it still has it open."""
        for draft in self.folder.rglob(".draft-*"):
            shutil.rmtree(draft) if draft.is_dir() else draft.unlink(missing_ok=True)
        for path in [*self.folder.iterdir()]:
            if VERSION.fullmatch(path.name) and path.name not in tree.versions:
                deletion.delete(self.folder, path.name)
        for path in (*self.folder.iterdir(), *(self.folder / REPORTS).glob("*")):
            name = path.relative_to(self.folder).as_posix()
            if belongs(name) and name not in tree.files:
                path.unlink(missing_ok=True)

    def _linked(self, copy: Path, base: Seen | None) -> Mapping[str, tuple[int, int]]:
        """Links to all files of a base that are here, with what tells whether they are the same."""
        if base is None:
            return {}
        found = {}
        with file_lock(self.home / "fetch.lock", "copy snapshots", lambda _: FETCH_SECONDS):
            for path in base.tree.files:
                if (self.folder / path).is_file() and _link(self.folder / path, copy / path):
                    found[path] = _stamp(copy / path)
        return found

    def _push(
        self, copy: Path, base: Seen | None, linked: Mapping[str, tuple[int, int]], work: str
    ) -> Tree | None:
        """Send what differs in a copy, and switch; None where nothing does."""
        before = {} if base is None else base.tree.files
        there = {p.relative_to(copy).as_posix(): p for p in copy.rglob("*") if p.is_file()}
        there = {name: path for name, path in there.items() if belongs(name)}
        new = {n: p for n, p in there.items() if linked.get(n) != _stamp(p)}
        kept = {n: e for n, e in before.items() if _is_kept(n, there, linked)}
        if not new and len(kept) == len(before):
            return None
        stale = tried(self.objects, self.objects.names)
        known = {part.sha256: part.key for entry in before.values() for part in entry.parts}
        by = Change(
            secrets.token_hex(8),
            work,
            socket.gethostname(),
            datetime.now(timezone.utc).isoformat(timespec="seconds"),
        )
        tree = Tree(by, kept | transfer.send(self.objects, new, known))
        own = tree.keys - frozenset(known.values())
        try:
            self._switch(tree, base, own, work)
        except SnapshotsChanged:
            with suppress(SnapshotsAway):  # else the next change deletes them
                transfer.delete(self.objects, own)
            raise
        doomed = [n for n in stale if n.startswith(PARTS) and n not in tree.keys]
        try:
            transfer.delete(self.objects, doomed)
        except SnapshotsAway as error:
            raise SnapshotError(
                f"snapshots at {self.objects.url} are changed, but of {len(doomed)} parts that "
                f"serve no more some are still there: {error}; the next change deletes them"
            ) from error
        return tree

    def _switch(self, tree: Tree, base: Seen | None, own: Collection[str], work: str) -> None:
        """Replace the document, unless somebody else did; `own` are the parts that were sent."""
        content, token = tree_written(tree), None if base is None else base.token
        for number in range(TRIES):
            try:
                self.objects.swap(TREE, content, token)
                break
            except (Changed, Missing):
                # A try before may have been done, whose answer was lost.
                other = self._other()
                if other is not None and (
                    other.by == tree.by or (own and other.keys.issuperset(own))
                ):
                    break
                said = "somebody else" if other is None else str(other.by)
                raise SnapshotsChanged(self.objects.url, work, said) from None
            except Refused as error:
                raise SnapshotsAway(self.objects.url, str(error)) from error
            except Away as error:
                if number == TRIES - 1:
                    raise SnapshotsAway(
                        self.objects.url, f"whether the switch was done is not known: {error}"
                    ) from error
                time.sleep(PAUSE_SECONDS * 2**number)
        if base is None:
            self._try_conditions(content)

    def _other(self) -> Tree | None:
        with suppress(Missing):
            content = tried(self.objects, lambda: self.objects.get(TREE))
            return read_tree(content, self.objects.url)
        return None

    def _try_conditions(self, content: bytes) -> None:
        """See, once, that the place keeps to conditions: without them, changes would be lost."""
        for token in (None, "0" * 32):
            with suppress(Changed, Missing):
                tried(self.objects, partial(self.objects.swap, TREE, content, token))
                raise SnapshotError(
                    f"{self.objects.url} replaces objects whatever the condition: expected a "
                    f"place that keeps to If-Match and If-None-Match, such as S3; two publishers "
                    f"at once would lose what one of them published; use another server"
                )


def _name(url: str) -> str:
    """The name of a folder for a place, which tells people which it is."""
    digest = hashlib.sha256(url.encode()).hexdigest()[:8]
    return f"{re.sub('[^A-Za-z0-9]+', '-', url)[-60:].strip('-')}-{digest}"


def _is_always_fetched(path: str) -> bool:
    return "/" not in path or path.endswith((f"/{MANIFEST}", f"/{CHECKSUM}"))


def _is_kept(name: str, there: Mapping[str, Path], linked: Mapping[str, object]) -> bool:
    """Whether a file of the base is in a copy unchanged, or was not fetched and its version is."""
    if name in linked:
        return name in there
    head = name.partition("/")[0]
    return not belongs(f"{head}/{MANIFEST}") or f"{head}/{MANIFEST}" in there


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_ino, status.st_mtime_ns


def _link(source: Path, target: Path) -> bool:
    """Make a file another name, or a copy where the disk knows no links; False where it is gone."""
    make_folder(target.parent)
    draft = target.parent / f".draft-{secrets.token_hex(8)}"
    try:
        try:
            os.link(source, draft)
        except FileNotFoundError:
            raise
        except OSError:
            shutil.copy2(source, draft)
        draft.replace(target)
    except FileNotFoundError:
        return False
    finally:
        draft.unlink(missing_ok=True)
    return True


def _held(places: list[tuple[Path, Tree]]) -> Callable[[Part], bytes | None]:
    """Parts that lie in files of this machine."""
    at: dict[str, tuple[Path, int]] = {}
    for folder, tree in places:
        for path, entry in tree.files.items():
            begin = 0
            for part in entry.parts:
                if (folder / path).is_file():
                    at.setdefault(part.sha256, (folder / path, begin))
                begin += part.bytes

    def held(part: Part) -> bytes | None:
        if part.sha256 not in at:
            return None
        path, begin = at[part.sha256]
        try:
            content = transfer.stretch(path, begin, begin + part.bytes)
        except OSError:
            return None
        return content if hashlib.sha256(content).hexdigest() == part.sha256 else None

    return held


def _alike(places: list[tuple[Path, Tree]]) -> Callable[[Entry], Path | None]:
    """A file of this machine that is the same, byte for byte."""
    known = {
        entry.parts: folder / path
        for folder, tree in places
        for path, entry in tree.files.items()
        if entry.parts
    }

    def alike(entry: Entry) -> Path | None:
        path = known.get(entry.parts)
        return path if path is not None and is_whole(path, entry) else None

    return alike
