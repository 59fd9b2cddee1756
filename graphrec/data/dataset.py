"""Data as models take it: a graph as it was recorded, and what its events weigh."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from html import escape
from importlib import import_module
from os import PathLike
from typing import TYPE_CHECKING, Any

from graphrec.data.graph import AttributeKind, Graph, Vocabulary
from graphrec.data.kinds import check_cancels
from graphrec.data.report import DataReport
from graphrec.data.times import Time, moment, written
from graphrec.data.weighting import DEFAULT_POLICY, KindPolicy, weigh
from graphrec.errors import MissingExtra

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


@dataclass(frozen=True, repr=False)
class Dataset:
    """A graph of users and items, with the weights of its events.

    Make one of data frames (`from_frame`), of a file (`read`), of a data set that has a name
    (`load`) or of a graph store (`from_store`). `recorded` holds the values of events as they were
    loaded, such as ratings; `weighted` holds what each event weighs by the policies of its kind,
    which is what models learn from.
    """

    recorded: Graph
    kinds: Mapping[str, KindPolicy] | None = field(default_factory=lambda: DEFAULT_POLICY)
    """By kind of event; a kind that is not named is what its usual name says
    (`graphrec.data.kinds`). None: the values are weights, below 0 for what is disliked."""
    as_of: int | None = None
    """Milliseconds since 1970: the time by which old events have lost weight; None: that of the
    newest event."""
    report: DataReport | None = field(default=None, compare=False)
    """What the columns were taken for, and what is doubtful; None where data was not read."""

    @classmethod
    def of_weights(cls, graph: Graph) -> Dataset:
        """A graph whose values are weights already."""
        return cls(graph, None)

    @classmethod
    def from_frame(
        cls,
        events: object,
        items: object | None = None,
        users: object | None = None,
        links: Mapping[tuple[str, str | None, str], object] | None = None,
        kinds: Mapping[str, KindPolicy] | None = None,
        *,
        user: str | None = None,
        item: str | None = None,
        weight: str | None = None,
        time: str | None = None,
        kind: str | None = None,
        default_kind: str | None = None,
        attributes: Mapping[str, Mapping[str, AttributeKind]] | None = None,
        settings: Any = None,
    ) -> Dataset:
        """A data set from data frames: pandas, Polars, pyarrow, DuckDB, any with Arrow's C stream.

        `events` has a row for each event. Its columns are found by the usual names (`user_id`,
        `movieId`, `rating`, `timestamp` …), or named by `user`, `item`, `weight`, `time` and
        `kind`. Ids may be strings or integers: 42, 42.0 and "42" are one. Times may be of any unit:
        timestamps, dates, ISO 8601 text, or numbers, whose size tells seconds from milliseconds,
        microseconds and nanoseconds; what names no zone is UTC. Without a column of kinds, events
        are of `default_kind`, which is "rating" where they have ratings, else "interaction".

        `items` and `users` have a row for each node, with an id and attributes: lists become tags,
        and other columns numbers, categories or text, by their values, or as `attributes` says,
        such as `{"item": {"year": "category"}}`. `links` are frames of links by (type of the
        source, relation, type of the target), such as `("user", "follows", "user")`.

        `kinds` are the policies by kind of event: `{"view": KindPolicy(weight=0.2)}`. What they do
        not say is as the name of the kind says (`graphrec.data.kinds`): a rating is positive from
        3.5, a dislike is negative, a return cancels its purchase; others weigh their value, or 1.

        `settings` are a `graphrec.Settings`, such as `load_settings("graphrec.toml")`: ids, times
        and kinds are read by its sections `[ids]`, `[ingest]` and `[kinds]`, as `graphrec ingest`
        reads them; `kinds` override single fields. None: the defaults.

        Raises DataError for a column that is missing or could be several, and TooManyRejects (a
        DataError) for rows that cannot be used: without an id, with a weight that is not finite, or
        negative where its kind has no meaning for that, with a time before 1970 or after 2261, or
        none. Events that repeat the user, item, kind and time of another count once. The `report`
        of the data set says what was taken for what; what is doubtful about it is a Python warning
        as well.
        """
        columns = _columns(user=user, item=item, weight=weight, time=time, kind=kind)
        data: Dataset = _ingest("from_frames")(
            events,
            items,
            users,
            links or {},
            kinds,
            columns,
            default_kind,
            attributes or {},
            settings,
        )
        return data

    @classmethod
    def read(
        cls,
        events: str | PathLike[str],
        items: str | PathLike[str] | None = None,
        users: str | PathLike[str] | None = None,
        kinds: Mapping[str, KindPolicy] | None = None,
        *,
        user: str | None = None,
        item: str | None = None,
        weight: str | None = None,
        time: str | None = None,
        kind: str | None = None,
        default_kind: str | None = None,
        attributes: Mapping[str, Mapping[str, AttributeKind]] | None = None,
        format: str | None = None,  # noqa: A002
        settings: Any = None,
        progress: Any = None,
    ) -> Dataset:
        """A data set from files: CSV, TSV, JSON lines, Parquet, RecBole's, the former also gzipped.

        `format` is the name of a format of the field, such as "movielens" or "amazon-2023", whose
        folder, archive or file `events` is; docs/data.md lists them. Without it, and without other
        arguments on what the files hold, one is recognised by the names of the files; "none" reads
        them as any files. Other arguments and errors are those of `from_frame`. `progress` is
        called with a stage, how much is done, and of how much.
        """
        columns = _columns(user=user, item=item, weight=weight, time=time, kind=kind)
        data: Dataset = _ingest("read_files")(
            events,
            items,
            users,
            kinds,
            columns,
            default_kind,
            attributes or {},
            progress,
            format,
            settings,
        )
        return data

    @classmethod
    def load(
        cls,
        name: str,
        kinds: Mapping[str, KindPolicy] | None = None,
        *,
        cache: str | PathLike[str] | None = None,
        settings: Any = None,
        progress: Any = None,
    ) -> Dataset:
        """A data set by its name, "ml-100k", "ml-1m" or "ml-latest-small", or by its folder.

        It is downloaded the first time, into the folder `cache` (`~/.cache/graphrec`). A folder
        holds the files of a format that they give away; `read` takes the name of one. `settings`
        are as of `from_frame`. Raises DataError where there is no such data set or it cannot be
        fetched.
        """
        data: Dataset = _ingest("load_named")(name, cache, kinds, progress, settings)
        return data

    @classmethod
    def from_store(
        cls, url: str, kinds: Mapping[str, KindPolicy] | None = None, neo4j: Any = None
    ) -> Dataset:
        """The graph of a store: `sqlite:///graphrec.db` or `neo4j://HOST`.

        `neo4j` is `graphrec.settings.Neo4jSettings`, for a server with users or several databases.
        Raises SettingsError for a URL of no known store, StoreError where it cannot be read, and
        MissingExtra.
        """
        data: Dataset = _ingest("from_store")(url, kinds, neo4j)
        return data

    @property
    def users(self) -> Vocabulary:
        """The users, with and without events."""
        return self.recorded.users

    @property
    def items(self) -> Vocabulary:
        """The items, with and without events."""
        return self.recorded.items

    def __len__(self) -> int:
        """How many events there are."""
        return len(self.recorded.interactions)

    @cached_property
    def weighted(self) -> Graph:
        """The same graph with the weight of each event in place of its value.

        Raises SettingsError where a policy cancels a kind that is not known.
        """
        if self.kinds is None:
            return self.recorded
        check_cancels(self.kinds, self.recorded.interactions.kinds)
        return weigh(self.recorded, self.kinds, self.as_of)

    def before(self, time: Time) -> Dataset:
        """The data as it was just before a time: later events are cut off, nodes stay.

        The age of events counts from the newest of what is left. Raises DataError for a time that
        cannot be read.
        """
        return replace(self, recorded=self.recorded.before(moment(time)), as_of=None)

    def to_arrow(self) -> pa.Table:
        """The events as recorded: user, item, weight, time (milliseconds, UTC) and kind.

        `Dataset.from_frame` takes it back. Raises MissingExtra without pyarrow.
        """
        table: pa.Table = _frames().event_table(self.recorded)
        return table

    def to_frame(self) -> pd.DataFrame:
        """As `to_arrow`, as a pandas data frame; raises MissingExtra without pandas."""
        try:
            return self.to_arrow().to_pandas()
        except ModuleNotFoundError as error:
            raise MissingExtra("a data frame", error.name or "pandas", "ingest") from error

    def to_dgl(self) -> Any:
        """The graph as recorded as a DGL heterograph: edges of each type and their reverses.

        Node numbers are places in `users.ids` and `items.ids`. Edges carry `weight`, those of
        events `time` in milliseconds and `kind` as well. Raises MissingExtra without DGL.
        """
        try:
            dgl_graph = import_module("graphrec.data.dgl_graph")
        except ModuleNotFoundError as error:
            raise MissingExtra("a DGL graph", error.name or "torch", "train") from error
        return dgl_graph.to_dgl(self.recorded)

    def __repr__(self) -> str:
        counts = ", ".join(f"{count:,} {what}" for what, count in self._counts().items())
        first_and_last = self._days()
        return f"Dataset({counts}{'; ' if first_and_last else ''}{first_and_last})"

    def _repr_html_(self) -> str:
        rows = [(what, f"{count:,}") for what, count in self._counts().items()]
        if days := self._days():
            rows.append(("from", days))
        cells = "".join(
            f"<tr><th style='text-align:left'>{escape(what)}</th><td>{escape(value)}</td></tr>"
            for what, value in rows
        )
        report = "" if self.report is None else self.report._repr_html_()
        return f"<table>{cells}</table>{report}"

    def _counts(self) -> dict[str, int]:
        graph = self.recorded
        kinds = " and ".join(graph.interactions.kinds)
        links = sum(map(len, graph.links.values()))
        counts = {
            "users": len(graph.users),
            "items": len(graph.items),
            f"events of kind {kinds}": len(graph.interactions),
        }
        counts |= {f"{name} nodes": len(nodes) for name, nodes in graph.others.items()}
        return {**counts, "links": links} if links else counts

    def _days(self) -> str:
        """The days of the first and the last event; empty where there are no times."""
        time = self.recorded.interactions.time
        if not len(time) or not time.any():
            return ""
        first, last = (written(int(end)) for end in (time.min(), time.max()))
        return f"{first} to {last}"


def _columns(**named: str | None) -> dict[str, str]:
    return {role: column for role, column in named.items() if column is not None}


def _ingest(function: str) -> Any:
    """A function of `graphrec.ingest.in_memory`, which rests on this module.

    It is imported when it is asked for: what serves holds neither pyarrow nor pandas.
    """
    try:
        return getattr(import_module("graphrec.ingest.in_memory"), function)
    except ModuleNotFoundError as error:
        raise MissingExtra("reading data", error.name or "pyarrow", "ingest") from error


def _frames() -> Any:
    """`graphrec.data.frames`, which holds pyarrow: imported when it is asked for, as above."""
    try:
        return import_module("graphrec.data.frames")
    except ModuleNotFoundError as error:
        raise MissingExtra("a data frame", error.name or "pyarrow", "ingest") from error
