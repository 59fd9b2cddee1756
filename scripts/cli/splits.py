"""Splits of files, for the commands that compare models on them.

Each comes with a validation part, which is split from train as the test is from all events.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from graphrec.cli.source_options import links_option
from graphrec.ingest.formats.movielens import split_title
from graphrec.ingest.history import PLACE, read_history
from graphrec.ingest.ncf import read_negatives
from graphrec.ingest.read import read_attributes, read_events, with_links
from graphrec.ingest.sources import File

from graphrec.data import Attribute, Graph, Interactions
from graphrec.data.weighting import weigh
from graphrec.errors import DataError
from graphrec.evaluation.evaluator import model_rng
from graphrec.evaluation.splits.cold import (
    ColdUsers,
    cold_users,
    given_cold_items,
    truncated_histories,
    without_times,
)
from graphrec.evaluation.splits.sampled_candidates import (
    given_candidates,
    last_among_sampled,
    places_from_the_end,
)
from graphrec.evaluation.splits.split import (
    Split,
    carve_validation,
    given,
    held_out,
    leave_last_out,
)
from graphrec.settings import Settings

TITLES_WITH_YEAR = 0.9
"""Least share of titles that name a year for `year` to become a feature."""


def read_given(
    train: Path,
    test: Path,
    valid: Path | None,
    items: Path | None,
    users: Path | None,
    settings: Settings,
    rejects: Path,
) -> tuple[Split, Split]:
    """The split that is in files, and its validation part: a file of it, or split from train.

    `rejects` is a folder for rejected rows. Raises what reading raises.
    """
    known = weigh(read_graph(train, settings, rejects), settings.kinds).interactions
    split = given(known, _test_events(test, settings, rejects))
    split = split.with_attributes(attributes_of(split.train, items, users, settings, rejects))
    if valid is None:
        return split, carved(split, settings)
    return split, held_out(split.train, _test_events(valid, settings, rejects))


def read_cold_items(
    train: Path,
    test: Path,
    valid: Path | None,
    items: Path | None,
    users: Path | None,
    settings: Settings,
    rejects: Path,
) -> tuple[Split, Split | None]:
    """The split whose test items have no events in train, and that of validation, as `read_given`.

    Raises what reading raises, and DataError for a test item with events in train.
    """
    known = weigh(read_graph(train, settings, rejects), settings.kinds).interactions
    chosen = None if valid is None else _test_events(valid, settings, rejects)
    split, validation = given_cold_items(known, _test_events(test, settings, rejects), chosen)
    attributes = attributes_of(split.train, items, users, settings, rejects)
    split = split.with_attributes(attributes)
    return split, None if validation is None else validation.with_attributes(attributes)


def read_cold_users(
    events: Path,
    sequence: str | None,
    items: Path | None,
    users: Path | None,
    settings: Settings,
    rejects: Path,
) -> tuple[ColdUsers, Split]:
    """Users held out of a log in a file, in the order of time or of a column named `sequence`.

    Beside them the validation part. The places of a sequence are no times that models could learn
    from, so train has none then. Raises what reading raises, and DataError where nobody is held
    out.
    """
    mapping = None if sequence is None else {"time": sequence}
    aside = _rejects(rejects, events)
    graph = Graph(
        read_events(File(events), settings.ingest, aside, mapping=mapping, policies=settings.kinds)
    )
    attributes = attributes_of(graph, items, users, settings, rejects)
    graph = weigh(replace(graph, attributes=attributes), settings.kinds)
    cold, validation = held_out_users(graph, settings)
    if sequence is None:
        return cold, validation
    return (
        replace(cold, train=without_times(cold.train)),
        replace(validation, train=without_times(validation.train)),
    )


def held_out_users(graph: Graph, settings: Settings) -> tuple[ColdUsers, Split]:
    """A share of the users of a weighed graph, and of the others some to choose epochs on."""
    shares = settings.evaluation
    cold = cold_users(graph, shares.test_share, model_rng(settings.seed, "test"))
    rng = model_rng(settings.seed, "validation")
    return cold, truncated_histories(cold.train, shares.valid_share, rng)


def read_ncf(
    train: Path,
    test: Path,
    negatives: Path,
    items: Path | None,
    users: Path | None,
    settings: Settings,
    rejects: Path,
) -> tuple[Split, Split]:
    """The split of the NCF paper that is in files, and the validation part split from train.

    `rejects` is as in `read_given`. Raises what reading raises, and DataError for a test item
    without negatives.
    """
    known, tested = (
        read_graph(path, settings, rejects, in_order=True).interactions for path in (train, test)
    )
    split = given_candidates(known, tested, read_negatives(negatives))
    split = split.with_attributes(attributes_of(split.train, items, users, settings, rejects))
    return split, last_among_sampled(split.train, model_rng(settings.seed, "validation"))


def each_users_last(graph: Graph) -> tuple[Split, Split]:
    """Each user's last positive event of a weighed graph is the test, the one before validation.

    Times of train become `places_from_the_end`: each user's test event is the end of their own
    history, at another date than others'. Raises DataError where the events have no order.
    """
    times = graph.interactions.time
    if len(times) and times.min() == times.max():
        raise DataError(
            f"all {len(times)} events have one time: expected times, or a column {PLACE!r} with "
            f"each event's place in its user's history; name the protocol 'auto', which needs "
            f"neither"
        )
    split = leave_last_out(graph)
    log = split.train.interactions
    train = split.train.with_interactions(replace(log, time=places_from_the_end(log)))
    return replace(split, train=train), leave_last_out(train)


def carved(split: Split, settings: Settings) -> Split:
    """The validation part of a split by time or at random: `carve_validation` of its train side."""
    rng = model_rng(settings.seed, "validation")
    spec = settings.evaluation
    return carve_validation(split.train, spec.valid_share, rng, spec.valid_cuts)


def read_graph(
    events: Path,
    settings: Settings,
    rejects: Path,
    *,
    in_order: bool = False,
    in_file_order: bool = False,
) -> Graph:
    """The raw graph of a file of events; `in_order` takes places in histories, as `read_history`.

    With `in_file_order` beside it, equal times keep the order of the file. `rejects` is as in
    `read_given`. Raises what reading raises.
    """
    rejected = _rejects(rejects, events)
    if in_order:
        return Graph(read_history(events, settings.ingest, rejected, settings.kinds, in_file_order))
    return Graph(read_events(File(events), settings.ingest, rejected, policies=settings.kinds))


def attributes_of(
    graph: Graph, items: Path | None, users: Path | None, settings: Settings, rejects: Path
) -> Mapping[str, Mapping[str, Attribute]]:
    """What files of items and of users say of the nodes of a graph, by node type."""
    return {
        node_type: with_year(
            read_attributes(
                node_type,
                File(path),
                graph.vocabulary(node_type),
                settings.ingest,
                _rejects(rejects, path),
            )
        )
        for node_type, path in (("item", items), ("user", users))
        if path is not None
    }


def linked(graph: Graph, options: Sequence[str], settings: Settings, rejects: Path) -> Graph:
    """The graph with the links of files, each named as source:relation:target=FILE.

    Raises SettingsError for another form, and what reading raises.
    """
    named = [links_option(option) for option in options]
    sources = [(edge_type, File(path)) for _, edge_type, path in named]
    return with_links(graph, sources, settings.ingest, rejects / "links.csv")


def with_year(attributes: Mapping[str, Attribute]) -> Mapping[str, Attribute]:
    """The same, and where nearly all titles name a year, as "Heat (1995)", the `year` as a number.

    An attribute `year` that is there already is left as it is.
    """
    titles = attributes.get("title")
    if titles is None or "year" in attributes:
        return attributes
    named = [title for title in titles.values if isinstance(title, str)]
    years = {title: year for title in named if (year := split_title(title)[1]) is not None}
    if len([title for title in named if title in years]) < TITLES_WITH_YEAR * max(len(named), 1):
        return attributes
    found = tuple(
        float(years[title]) if isinstance(title, str) and title in years else None
        for title in titles.values
    )
    return {**attributes, "year": Attribute("number", found)}


def _test_events(events: Path, settings: Settings, rejects: Path) -> Interactions:
    """Weighted as of the time of each event: a half-life must not drop test events."""
    return weigh(read_graph(events, settings, rejects), settings.kinds, now=0).interactions


def _rejects(folder: Path, path: Path) -> Path:
    return folder / f"{path.stem}.csv"
