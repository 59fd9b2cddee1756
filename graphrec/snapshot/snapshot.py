"""The published artefact: everything that serving needs, and nothing that can run.

A folder of snapshots looks like this::

    snapshots/ ├── current                          the version that serves, in one line ├── canary
    maybe a version that serves some users (graphrec.snapshot.canary) └── 20261122T101500Z-3fa9c1/
    a version: UTC time and a hash of the content
        ├── manifest.json                what it is, with size and SHA-256 of every other file
        ├── manifest.sha256              as `sha256sum --check` reads it
        ├── users.json, items.json       ids by row
        ├── attributes.json              of items
        ├── links.json                   what items are linked to, by relation, with links.*.npy
        ├── user_attributes.json         of users, as far as anything goes by them
        ├── user_features.json           what the encoder makes of them
        ├── newcomers.json               what embeds new items, where the model can
        ├── kinds.json                   what each kind of interaction counts to the encoder
        ├── *.npy                        arrays, none of them of objects
        └── index.faiss

A version is written beside, under a name that no reader looks at, and made durable before it takes
its name; then `current` is replaced in one step. So a crash at any moment leaves the previous
version serving, and of several publishers the last one to finish wins. What a killed publisher
leaves is a folder named `.draft-…`, which the next one to hold the lock of the folder
(`graphrec.snapshot.lock`) deletes with `delete_drafts`.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timezone
from functools import cached_property
from importlib.metadata import version as package_version
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import orjson
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError
from scipy import sparse

from graphrec.data import Attribute, AttributeValue, Graph, Rows, Vocabulary, as_title
from graphrec.data.drift import Shape, kinds_of, shape_of
from graphrec.data.features import FeatureSpace, NumberColumns, TextColumns, WordColumns
from graphrec.data.item_links import ItemLinks, links_of
from graphrec.data.kind_relations import Relations
from graphrec.errors import OutdatedSnapshot, SnapshotError
from graphrec.models.embeddings import Embeddings
from graphrec.models.encoder import Encoder, ItemEncoder, UserFeatures
from graphrec.models.gaussian_process import Likeness
from graphrec.models.graph_filter.scorer import Factors, FittedFilter
from graphrec.ranking.fusion import Weights, alike
from graphrec.retrieval.index import Index
from graphrec.retrieval.neighbours import Likes

FORMAT = 5
"""Raised whenever a reader of the old format could not read the new one."""

CURRENT = "current"
MANIFEST = "manifest.json"
CHECKSUM = "manifest.sha256"

_VERSION = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")
_FILE = re.compile(r"[a-z_]+(\.[a-z_]+)+")

EQUAL_WEIGHTS = alike({"embedding": 1.0, "neighbours": 1.0, "popularity": 0.1})

HyperParameters: TypeAlias = Mapping[str, bool | int | float | str | None]


@dataclass(frozen=True)
class File:
    """What a file of a snapshot must be."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class Trained:
    """The snapshot whose training an inferred one serves from."""

    version: str
    newest_event: int | None
    """As of which events are weighed ever since; milliseconds since 1970."""
    shape: Shape
    likes: int
    inferred: int
    """How many snapshots were inferred since, one from the other."""


@dataclass(frozen=True)
class Manifest:
    """What a snapshot is. `version`, `created` and `files` are empty until it is published."""

    seed: int
    cutoff: int | None
    """Events from it on were not used; milliseconds since 1970. None: all were."""
    newest_event: int | None
    """Milliseconds since 1970; None where there are no events."""
    counts: Mapping[str, int]
    """Users, items, events, likes and seen; the last two count pairs of a user and an item."""
    models: Mapping[str, HyperParameters]
    """Hyper-parameters by the name of the model."""
    metrics: Mapping[str, Any]
    """As measured, in the shape of `graphrec.evaluation.evaluator.as_json`."""
    weights: Weights
    """Of the sources of candidates in the ranking, as chosen on validation, by how many items
    people like."""
    position: int | None = None
    """Of the store, just before the graph was read from it: what was written since may not be in
    the snapshot. None: the graph came from no store, or one without positions."""
    shape: Shape | None = None
    """Of the log that it was made from; None in snapshots that did not tell yet."""
    trained: Trained | None = None
    """None where the snapshot was trained itself."""
    forgotten: int = 0
    """People who were taken out since it was made; its weights were learnt from them too."""
    format: int = FORMAT
    graphrec: str = field(default_factory=lambda: package_version("graphrec"))
    """Version of the package that built the snapshot."""
    version: str = ""
    created: str = ""
    """When it was published: ISO 8601, UTC."""
    files: Mapping[str, File] = field(default_factory=dict)


@dataclass(frozen=True)
class Snapshot:
    """Everything that serving needs, about U users and I items."""

    manifest: Manifest
    likes: Likes
    popularity: NDArray[np.float32]  # [I] the more, the further up where nothing else is known
    graph_filter: FittedFilter
    attributes: Mapping[str, Attribute]
    """Of items; `title` is what they are called."""
    embeddings: Embeddings | None = None
    encoder: Encoder | None = None
    index: Index | None = None
    """Of the item embeddings."""
    user_attributes: Mapping[str, Attribute] = field(default_factory=dict)
    """Those that the encoder listens to, and the one that popular items go by; no others."""
    links: tuple[ItemLinks, ...] = ()

    def about(self, user: int) -> Mapping[str, AttributeValue]:
        """The attributes of a user row that are kept."""
        return values_at(self.user_attributes, user)

    def title(self, item: int) -> str | None:
        """The title of an item row, where it has one."""
        return self.titles[item]

    @cached_property
    def by_popularity(self) -> Rows:
        """The rows of all items [I], the most popular first; ties by row."""
        return np.argsort(-self.popularity, kind="stable").astype(np.int32)

    @cached_property
    def titles(self) -> tuple[str | None, ...]:
        """The titles of all items [I]."""
        titles = self.attributes.get("title")
        if titles is None:
            return (None,) * len(self.likes.items)
        return tuple(map(as_title, titles.values))


def values_at(attributes: Mapping[str, Attribute], row: int) -> Mapping[str, AttributeValue]:
    """The value of each attribute of one node."""
    return {name: attribute.values[row] for name, attribute in attributes.items()}


def build_snapshot(
    graph: Graph,
    *,
    graph_filter: FittedFilter,
    embeddings: Embeddings | None,
    encoder: Encoder | None,
    seed: int,
    cutoff: int | None,
    models: Mapping[str, HyperParameters],
    metrics: Mapping[str, Any],
    weights: Weights = EQUAL_WEIGHTS,
    popularity: NDArray[np.floating] | None = None,
    popular_by: str | None = None,
) -> Snapshot:
    """The snapshot of a weighed graph (`graphrec.data.weighting.weigh`) and of what models learnt
    of it.

    `graph_filter` was fitted on the graph. `popularity` [I] defaults to what the events of each
    item are worth together. `popular_by` is an attribute of users that popular items go by.
    """
    likes = Likes.of(graph)
    log = graph.interactions
    listened = {} if encoder is None or encoder.features is None else encoder.features.space.columns
    if popularity is None:
        worth = np.bincount(graph.matrix.indices, graph.matrix.data, len(graph.items))
        popularity = worth.astype(np.float32)  # of no events: integers
    return Snapshot(
        manifest=Manifest(
            seed=seed,
            cutoff=cutoff,
            newest_event=int(log.time.max()) if len(log) else None,
            counts={
                "users": len(graph.users),
                "items": len(graph.items),
                "events": len(log),
                "likes": likes.by_user.nnz,
                "seen": likes.seen.nnz,
            },
            models=models,
            metrics=metrics,
            weights=weights,
            shape=shape_of(likes.by_user, kinds_of(log)),
        ),
        likes=likes,
        popularity=popularity.astype(np.float32),
        graph_filter=graph_filter,
        attributes=graph.attributes.get("item", {}),
        embeddings=embeddings,
        encoder=encoder,
        index=None if embeddings is None else Index.build(embeddings.item),
        user_attributes={
            name: attribute
            for name, attribute in graph.attributes.get("user", {}).items()
            if name in listened or name == popular_by
        },
        links=links_of(graph),
    )


def publish(
    snapshot: Snapshot, folder: Path, now: datetime | None = None, *, serve: bool = True
) -> str:
    """Write a snapshot into `folder` and make it the current one; returns its version.

    `now` names the version and is the clock's time unless given. When the call returns, the
    snapshot is durable; when it does not return, either it or the previous one is current. Without
    `serve` it only lies beside the current one. Raises OSError where the folder cannot be written.
    """
    created = (now or datetime.now(timezone.utc)).astimezone(timezone.utc)
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".draft-{secrets.token_hex(8)}"
    draft.mkdir()
    try:
        _write(snapshot, draft)
        files = {path.name: _describe(path) for path in sorted(draft.iterdir())}
        manifest = replace(snapshot.manifest, created=created.isoformat(), files=files)
        digest = hashlib.sha256(_json(manifest)).hexdigest()
        version = f"{created:%Y%m%dT%H%M%SZ}-{digest[:6]}"
        content = _json(replace(manifest, version=version))
        (draft / MANIFEST).write_bytes(content)
        (draft / CHECKSUM).write_bytes(_checksum_line(content))
        for path in draft.iterdir():
            _sync(path)
        _sync(draft)
        _rename(draft, folder / version)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    if serve:
        switch(folder, version)
    return version


def load(folder: Path, version: str | None = None) -> Snapshot:
    """The current snapshot of `folder`, or that of `version`, after a check of every byte.

    Raises SnapshotError where there is none, where it is of another format, and where a file is
    missing, incomplete or changed.
    """
    version = current(folder) if version is None else version
    manifest = verify(folder, version)
    try:
        return _read(folder / version, manifest)
    except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
        raise SnapshotError(
            f"snapshot {version!r} cannot be read ({error}): expected the files of format "
            f"{FORMAT}; publish again with `graphrec train`"
        ) from error


def current(folder: Path) -> str:
    """The version that serves; raises SnapshotError where there is none."""
    path = folder / CURRENT
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SnapshotError(
            f"snapshot folder {str(folder)!r} has no readable {CURRENT!r} file: expected one that "
            f"names the version to serve; run `graphrec train`"
        ) from error


def versions(folder: Path) -> tuple[str, ...]:
    """The published versions, oldest first, whether or not they are current."""
    if not folder.is_dir():
        return ()
    names = (path.name for path in folder.iterdir() if (path / MANIFEST).is_file())
    published = (name for name in names if _VERSION.fullmatch(name))
    return tuple(sorted(published, key=lambda name: _age(folder, name)))


def made_at(version: str) -> datetime:
    """When a version was published, to the second."""
    return datetime.strptime(version[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)


def rollback(folder: Path, version: str | None = None) -> str:
    """Make `version`, or the newest one before the current, the current one; returns it.

    Raises SnapshotError where there is none or where it is broken; then nothing changes.
    """
    if version is None:
        serving = current(folder)
        age = _age(folder, serving)
        older = [name for name in versions(folder) if _age(folder, name) < age]
        if not older:
            raise SnapshotError(
                f"snapshot {serving!r} has none before it in {str(folder)!r}: expected an older "
                f"version to go back to; name one of {', '.join(versions(folder))}"
            )
        version = older[-1]
    verify(folder, version)
    switch(folder, version)
    return version


def delete(folder: Path, version: str) -> None:
    """Delete a version that does not serve; no reader sees half of it."""
    doomed = folder / f".draft-{secrets.token_hex(8)}"
    (folder / version).rename(doomed)
    shutil.rmtree(doomed)
    _sync(folder)


def prune(folder: Path, keep: int, used: Collection[str]) -> tuple[str, ...]:
    """Delete all but the `keep` newest versions and those in use; returns what went, oldest first.

    The current one is in use.
    """
    older = versions(folder)[:-keep] if keep else versions(folder)
    gone = tuple(name for name in older if name not in {*used, current(folder)})
    for name in gone:
        delete(folder, name)
    return gone


def delete_drafts(folder: Path) -> int:
    """Delete what killed publishers left; returns how many. For who holds the folder's lock."""
    drafts = list(folder.glob(".draft-*"))
    for draft in drafts:
        if draft.is_dir():
            shutil.rmtree(draft)
        else:
            draft.unlink()
    return len(drafts)


def _age(folder: Path, version: str) -> tuple[str, datetime, str]:
    """What versions are ordered by: the second in the name, then the moment in the manifest.

    The second alone, and the hash, where the manifest cannot be read.
    """
    second, _, digest = version.partition("-")
    try:
        values = orjson.loads((folder / version / MANIFEST).read_bytes())
        created = datetime.fromisoformat(values["created"]).astimezone(timezone.utc)
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        created = datetime.min.replace(tzinfo=timezone.utc)
    return second, created, digest


def _write(snapshot: Snapshot, folder: Path) -> None:
    documents: dict[str, Any] = {
        "users": snapshot.likes.users.ids,
        "items": snapshot.likes.items.ids,
        "attributes": snapshot.attributes,
    }
    if snapshot.links:
        documents["links"] = [
            {
                "relation": links.relation,
                "type": links.type,
                "nodes": None if links.type == "item" else links.nodes.ids,
            }
            for links in snapshot.links
        ]
    if snapshot.embeddings is not None and snapshot.embeddings.newcomers is not None:
        documents["newcomers"] = _newcomers_document(snapshot.embeddings.newcomers)
    if snapshot.user_attributes:
        documents["user_attributes"] = snapshot.user_attributes
    if snapshot.encoder is not None and snapshot.encoder.features is not None:
        documents["user_features"] = _columns_document(snapshot.encoder.features.space)
    if snapshot.encoder is not None and snapshot.encoder.relations is not None:
        documents["kinds"] = snapshot.encoder.relations.weights
    for name, document in documents.items():
        (folder / f"{name}.json").write_bytes(orjson.dumps(document))
    for name, array in _arrays(snapshot).items():
        np.save(folder / f"{name}.npy", array, allow_pickle=False)
    if snapshot.index is not None:
        snapshot.index.save(folder / "index.faiss")


def _arrays(snapshot: Snapshot) -> Mapping[str, NDArray]:
    likes, fitted = snapshot.likes, snapshot.graph_filter
    arrays = {
        # What is liked and seen is which elements are stored; by item is by user transposed.
        "likes.indptr": likes.by_user.indptr,
        "likes.indices": likes.by_user.indices,
        "seen.indptr": likes.seen.indptr,
        "seen.indices": likes.seen.indices,
        "popularity": snapshot.popularity,
        # Of the same pairs as the likes.
        "filter.history": fitted.history.data.astype(np.float32),
        "filter.votes": fitted.factors.votes.data,
        "filter.excess": fitted.factors.excess,
        "filter.target": fitted.factors.target,
        "filter.low_pass": fitted.factors.low_pass,
        "filter.popularity": fitted.factors.popularity,
        "filter.smoothing": np.array(fitted.factors.smoothing),
        "filter.neighbours": np.array(fitted.factors.neighbours),
    }
    # They could be made when they are read, but that takes ten times as long as reading them.
    if sparse.issparse(fitted.pairs):
        for part in ("indptr", "indices", "data"):
            arrays[f"filter.pairs.{part}"] = getattr(fitted.pairs, part)
    else:
        arrays["filter.pairs"] = fitted.pairs
    if snapshot.links:  # beside each other, in the order of the document
        together = sparse.hstack([links.by_item for links in snapshot.links], "csr")
        arrays["links.indptr"], arrays["links.indices"] = together.indptr, together.indices
    if snapshot.embeddings is not None:
        arrays["embeddings.user"] = snapshot.embeddings.user
        arrays["embeddings.item"] = snapshot.embeddings.item
        if (friends := snapshot.embeddings.friends) is not None:
            arrays["friends.indptr"] = friends.indptr
            arrays["friends.indices"] = friends.indices
        if snapshot.embeddings.kinds is not None:
            arrays["likes.kinds"] = snapshot.embeddings.kinds.data  # of the same pairs
        if (newcomers := snapshot.embeddings.newcomers) is not None:
            arrays["newcomers.features"] = newcomers.features
            none = np.empty((0, newcomers.features.shape[1]), np.float32)
            arrays["newcomers.nodes"] = np.concatenate([none, *newcomers.nodes.values()])
            if (likeness := newcomers.likeness) is not None:
                arrays["newcomers.columns"] = likeness.columns
                arrays["newcomers.scale"] = likeness.scale
                arrays["newcomers.known"] = likeness.known
                arrays["newcomers.added"] = likeness.added
    if snapshot.encoder is not None:
        arrays["encoder.messages"] = snapshot.encoder.messages
        arrays["encoder.base"] = snapshot.encoder.base
        optional = {
            "encoder.length": snapshot.encoder.length,
            "encoder.attention": snapshot.encoder.attention,
            "encoder.readout": snapshot.encoder.readout,
            "encoder.softening": snapshot.encoder.softening,
            "encoder.friendship": snapshot.encoder.friendship,
        }
        arrays |= {k: np.asarray(v) for k, v in optional.items() if v is not None}
        if snapshot.encoder.features is not None:
            arrays["encoder.features"] = snapshot.encoder.features.vectors
    return arrays


def _read(folder: Path, manifest: Manifest) -> Snapshot:
    def document(name: str) -> Any:
        return orjson.loads((folder / f"{name}.json").read_bytes())

    def array(name: str) -> NDArray:
        return np.load(folder / f"{name}.npy", allow_pickle=False)

    def unread(name: str) -> NDArray:
        """An array for those who bring a snapshot up to date: who serves never looks at it."""
        return np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False))

    def pairs(name: str, shape: tuple[int, int]) -> sparse.csr_array:
        indices = array(f"{name}.indices")
        stored = np.ones(len(indices), bool)
        return sparse.csr_array((stored, indices, array(f"{name}.indptr")), shape)

    users, items = Vocabulary(tuple(document("users"))), Vocabulary(tuple(document("items")))
    by_user = pairs("likes", (len(users), len(items)))
    seen = pairs("seen", (len(users), len(items)))

    def of_likes(data: NDArray) -> sparse.csr_array:
        return sparse.csr_array((data, by_user.indices, by_user.indptr), by_user.shape)

    def fitted() -> FittedFilter:
        factors = Factors(
            of_likes(unread("filter.votes")),
            unread("filter.excess"),
            unread("filter.target"),
            unread("filter.low_pass"),
            unread("filter.popularity"),
            float(array("filter.smoothing")),
            int(array("filter.neighbours")),
        )
        if "filter.pairs.npy" in manifest.files:
            return FittedFilter(of_likes(array("filter.history")), factors, array("filter.pairs"))
        parts = (array(f"filter.pairs.{part}") for part in ("data", "indices", "indptr"))
        largest = sparse.csr_array(tuple(parts), (len(items), len(items)))
        return FittedFilter(of_likes(array("filter.history")), factors, largest)

    def attributes(name: str) -> Mapping[str, Attribute]:
        return {
            name: Attribute(
                attribute["kind"],
                tuple(tuple(v) if isinstance(v, list) else v for v in attribute["values"]),
            )
            for name, attribute in document(name).items()
        }

    def links() -> tuple[ItemLinks, ...]:
        if "links.json" not in manifest.files:
            return ()
        described = document("links")
        nodes = [items if d["nodes"] is None else Vocabulary(tuple(d["nodes"])) for d in described]
        ends = np.cumsum([0, *map(len, nodes)]).tolist()
        together = pairs("links", (len(items), ends[-1])).tocsc()
        return tuple(
            ItemLinks(d["relation"], d["type"], each, together[:, start:end].tocsr())
            for d, each, start, end in zip(described, nodes, ends[:-1], ends[1:], strict=True)
        )

    introduced = "user_features.json" in manifest.files
    embeddings = encoder = index = None
    if "embeddings.item.npy" in manifest.files:
        embeddings = Embeddings(
            array("embeddings.user"),
            array("embeddings.item"),
            newcomers=_item_encoder(
                document("newcomers"),
                array("newcomers.features"),
                array("newcomers.nodes"),
                Likeness(
                    *(array(f"newcomers.{each}") for each in ("columns", "scale", "known", "added"))
                )
                if "newcomers.known.npy" in manifest.files
                else None,
            )
            if "newcomers.json" in manifest.files
            else None,
            friends=pairs("friends", (len(users), len(users)))
            if "friends.indices.npy" in manifest.files
            else None,
            kinds=sparse.csr_array(
                (array("likes.kinds"), by_user.indices, by_user.indptr), by_user.shape
            )
            if "likes.kinds.npy" in manifest.files
            else None,
        )
    if "encoder.base.npy" in manifest.files:
        length, attention, readout = (
            array(f"encoder.{name}") if f"encoder.{name}.npy" in manifest.files else None
            for name in ("length", "attention", "readout")
        )
        encoder = Encoder(
            array("encoder.messages"),
            array("encoder.base"),
            None if length is None else float(length),
            attention,
            readout,
            float(array("encoder.softening")),
            UserFeatures(_space(document("user_features")), array("encoder.features"))
            if introduced
            else None,
            float(array("encoder.friendship"))
            if "encoder.friendship.npy" in manifest.files
            else None,
            Relations(document("kinds")) if "kinds.json" in manifest.files else None,
        )
    if "index.faiss" in manifest.files:
        index = Index.load(folder / "index.faiss")
    return Snapshot(
        manifest=manifest,
        likes=Likes(users, items, by_user, by_user.T.tocsr(), seen),
        popularity=array("popularity"),
        graph_filter=fitted(),
        attributes=attributes("attributes"),
        embeddings=embeddings,
        encoder=encoder,
        index=index,
        user_attributes=attributes("user_attributes")
        if "user_attributes.json" in manifest.files
        else {},
        links=links(),
    )


def _newcomers_document(encoder: ItemEncoder) -> Mapping[str, Any]:
    """All of it but the arrays, in which the relations follow one another."""
    return {
        "columns": _columns_document(encoder.space),
        "relations": [[list(relation), len(said)] for relation, said in encoder.nodes.items()],
        "others": {name: ids.ids for name, ids in encoder.others.items()},
        "length": encoder.length,
    }


def _columns_document(space: FeatureSpace) -> Mapping[str, Any]:
    return {
        name: {"words": columns.words.ids} if isinstance(columns, WordColumns) else asdict(columns)
        for name, columns in space.columns.items()
    }


def _columns(document: Any) -> NumberColumns | WordColumns | TextColumns:
    if "words" in document:
        return WordColumns(Vocabulary(tuple(document["words"])))
    values: dict[str, Any] = {
        name: tuple(v) if isinstance(v, list) else v for name, v in document.items()
    }
    return TextColumns(**values) if "encoder" in values else NumberColumns(**values)


def _space(columns_document: Any) -> FeatureSpace:
    return FeatureSpace({name: _columns(each) for name, each in columns_document.items()})


def _item_encoder(
    document: Any, features: NDArray, nodes: NDArray, likeness: Likeness | None
) -> ItemEncoder:
    names = [tuple(relation) for relation, _ in document["relations"]]
    ends = np.cumsum([count for _, count in document["relations"]]).astype(np.int64)
    return ItemEncoder(
        _space(document["columns"]),
        features,
        dict(zip(names, np.split(nodes, ends[:-1]), strict=True)) if names else {},
        {name: Vocabulary(tuple(ids)) for name, ids in document["others"].items()},
        document["length"],
        likeness,
    )


def verify(folder: Path, version: str) -> Manifest:
    """The manifest of a version all of whose files are as it says; raises SnapshotError."""
    if not _VERSION.fullmatch(version):
        raise SnapshotError(
            f"snapshot version {version!r} is not a version: expected one such as "
            f"20261122T101500Z-3fa9c1; name one of those in {str(folder)!r}"
        )
    subject, remedy = f"snapshot {version!r}", "roll back, or publish again with `graphrec train`"
    try:
        content = (folder / version / MANIFEST).read_bytes()
        checksum = (folder / version / CHECKSUM).read_bytes()
    except OSError as error:
        raise SnapshotError(
            f"{subject} in {str(folder)!r} has no readable manifest: expected {MANIFEST} and "
            f"{CHECKSUM}; {remedy}"
        ) from error
    if checksum != _checksum_line(content):
        raise SnapshotError(
            f"{subject} has a changed {MANIFEST}: expected the SHA-256 in {CHECKSUM}; {remedy}"
        )
    manifest = _manifest(subject, content, remedy)
    if manifest.version != version:
        raise SnapshotError(
            f"{subject} has the manifest of {manifest.version!r}: expected its own; {remedy}"
        )
    for name, expected in manifest.files.items():
        if not _FILE.fullmatch(name):
            raise SnapshotError(
                f"{subject} names a file {name!r}: expected a plain name, in its folder; {remedy}"
            )
        try:
            found = _describe(folder / version / name)
        except OSError as error:
            raise SnapshotError(
                f"{subject} has no readable file {name!r}: expected the {expected.bytes} bytes "
                f"that were published; {remedy}"
            ) from error
        if found != expected:
            raise SnapshotError(
                f"{subject} has a file {name!r} of {found.bytes} bytes and SHA-256 "
                f"{found.sha256}: expected {expected.bytes} bytes and {expected.sha256}; {remedy}"
            )
    return manifest


def _manifest(subject: str, content: bytes, remedy: str) -> Manifest:
    try:
        values = orjson.loads(content)
        found = values["format"]
        if found != FORMAT:
            outdated = isinstance(found, int) and found < FORMAT
            raise (OutdatedSnapshot if outdated else SnapshotError)(
                f"{subject} has format {found!r}: expected {FORMAT}; {remedy} of this version"
            )
        return TypeAdapter(Manifest).validate_python(values)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValidationError) as error:
        raise SnapshotError(
            f"{subject} has a {MANIFEST} that cannot be read ({error}): expected that of format "
            f"{FORMAT}; {remedy}"
        ) from error


def _json(manifest: Manifest) -> bytes:
    return orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY)


def _checksum_line(manifest: bytes) -> bytes:
    return f"{hashlib.sha256(manifest).hexdigest()}  {MANIFEST}\n".encode()


def _describe(path: Path) -> File:
    digest = hashlib.sha256()
    size = 0
    with path.open("rb") as file:
        while block := file.read(2**20):
            digest.update(block)
            size += len(block)
    return File(size, digest.hexdigest())


def _rename(draft: Path, target: Path) -> None:
    try:
        draft.rename(target)
    except OSError:
        if not target.is_dir():
            raise
        verify(target.parent, target.name)  # the same content, published within the same second
    _sync(target.parent)


def switch(folder: Path, version: str) -> None:
    """Make a published version the current one, in one step."""
    replace_file(folder / CURRENT, f"{version}\n")


def replace_file(path: Path, text: str) -> None:
    """Write a small file anew, in one step, so that a crash leaves the old one or the new one."""
    draft = path.parent / f".draft-{secrets.token_hex(8)}"
    draft.write_text(text, "utf-8")
    _sync(draft)
    draft.replace(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    """Make what was written to a file, or the names in a folder, outlive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
