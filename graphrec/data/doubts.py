"""From facts about data to what is doubtful about them, each with what settles it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from graphrec.counts import counted
from graphrec.data.kind_facts import KindFacts
from graphrec.data.kinds import KindPolicy, describe, overridden, policy_of
from graphrec.data.profile import Doubt, IdProfile, Match, SourceProfile, TakenFor, TimeProfile
from graphrec.data.report_tables import day
from graphrec.data.scale import Scale, zero_is_none

CODES = (
    *("ratings_without_threshold", "threshold_off_scale", "likes_nearly_none", "likes_nearly_all"),
    *("zero_ratings", "weight_column_ignored", "time_column_ignored", "times_in_several_units"),
    *("encoding_guessed", "values_left_out", "day_or_month_first", "ids_with_decimals"),
    *("times_in_the_future", "times_long_ago", "ids_like_nothing", "placeholder_ids"),
    *("one_busy_user", "ids_in_several_spellings", "repeated_events", "repeated_nodes"),
    *("items_unmatched", "users_unmatched", "kinds_of_format", "forgotten_users_return"),
)
"""The names of all doubts."""
_AT_LOADING = {"same_time"}
"""What counts while events are loaded, and not after."""
NEARLY_ALL, NEARLY_NONE = 0.97, 0.02
_FEW = 20
"""Events below which a share of likes says little, unless it is none at all."""
_LOW = 0.45
"""Where on a scale a threshold is low: most people give more than that to what they dislike."""
_BUSY = 0.2
_MANY = 100


def doubts_of(
    sources: Mapping[str, SourceProfile],
    kinds: Mapping[str, Mapping[str, KindFacts]],
    matches: Sequence[Match],
) -> tuple[Doubt, ...]:
    """All doubts, source by source."""
    found: list[Doubt] = []
    for name, source in sources.items():
        found += _of_reading(name, source)
        for kind, facts in kinds[name].items():
            found += _of_kind(name, kind, facts, source)
        found += _of_times(name, source)
        for node_type, ids in source.ids.items():
            found += _of_ids(name, node_type, ids, source)
        found += _of_repeats(name, source)
        found += _of_forgotten(name, source)
    for match in matches:
        found += _of_match(match, sources)
    distinct = {(doubt.code, doubt.message): doubt for doubt in reversed(found)}
    return tuple(reversed(distinct.values()))


def unset_kinds(
    taken: TakenFor,
    kinds: Mapping[str, Mapping[str, KindFacts]],
    policies: Mapping[str, KindPolicy],
) -> Iterator[Doubt]:
    """Kinds that mean something else in a format than the settings say."""
    present = {kind for facts in kinds.values() for kind in facts}
    merged = overridden(taken.kinds, policies)
    for kind, policy in taken.kinds.items():
        meant, counts = policy_of(kind, merged), policy_of(kind, policies)
        lacking = {
            name: getattr(meant, name)
            for name in sorted(policy.model_fields_set - _AT_LOADING)
            if getattr(meant, name) != getattr(counts, name)
        }
        if kind in present and lacking:
            said = ", ".join(f"{name} = {value!r}" for name, value in lacking.items())
            yield Doubt(
                "kinds_of_format",
                "events",
                f"in {taken.title} {kind} is {describe(meant, present)}, and the settings make it "
                f"{describe(counts, present)}",
                f"set [kinds.{kind}] {said} in the settings",
            )


def _of_reading(name: str, source: SourceProfile) -> Iterator[Doubt]:
    yield from source.readings
    if source.odd_word:
        yield Doubt(
            "encoding_guessed",
            name,
            f"bytes that are not UTF-8 were read as {source.read['encoding']}, as in "
            f"{source.odd_word!r}",
            "name the encoding with --encoding, such as cp1252, shift_jis or cp1251",
        )
    for reason, values in source.left_out.items():
        yield Doubt(
            "values_left_out",
            name,
            f"{values:,} × {reason}",
            "mend the values, or say with --attribute what the column is",
        )


def _of_kind(name: str, kind: str, facts: KindFacts, source: SourceProfile) -> Iterator[Doubt]:
    values, scale, key = source.kinds[kind], facts.scale, f"[kinds.{kind}] threshold"
    if facts.polarity != "positive":
        return
    if facts.threshold is None:
        if facts.like_from is None and source.rated and scale is not None and facts.distinct > 2:
            yield Doubt(
                "ratings_without_threshold",
                name,
                f"values of {kind} look like ratings of {scale.name}, and each is a like, however "
                f"low",
                f"set {key} = {scale.like:g} in the settings",
            )
        return
    events = f"{facts.events:,} {kind} events"
    share = f"{facts.positive_share:.1%} of {events} reach {facts.threshold:g}"
    if scale is not None and _is_low(facts.threshold, scale):
        yield Doubt(
            "threshold_off_scale",
            name,
            f"{share}, where the values look like {scale.name}",
            f"set {key} = {scale.like:g} in the settings",
        )
    elif facts.positive_share <= NEARLY_NONE and (facts.events >= _FEW or not facts.positive_share):
        yield Doubt(
            "likes_nearly_none",
            name,
            f"{share}, so nearly nothing is a like; values are {facts.least:g} to {facts.most:g}",
            f"set {key} = {scale.like if scale else facts.most:g} in the settings",
        )
    elif facts.positive_share >= NEARLY_ALL and facts.events >= _FEW and facts.distinct > 1:
        yield Doubt(
            "likes_nearly_all",
            name,
            f"{share}, so nearly everything is a like; values are {facts.least:g} to "
            f"{facts.most:g}",
            f"set {key} in the settings to what a like is",
        )
    if facts.zero == "rating" and scale is not None and zero_is_none(values.counts, scale):
        zeros = values.counts[0.0]
        yield Doubt(
            "zero_ratings",
            name,
            f"{zeros:,} of {events} ({zeros / facts.events:.1%}) are of 0, which ratings of "
            f"{scale.name} have not: it probably says that there is no rating, and counts as seen, "
            f"not liked",
            f"set [kinds.{kind}] zero = 'missing' in the settings, or leave these rows out",
        )


def _is_low(threshold: float, scale: Scale) -> bool:
    """Whether a threshold is for another scale: too low on this one, or beyond it."""
    place = (threshold - scale.least) / (scale.most - scale.least)
    return place < _LOW or place > 1


def _of_times(name: str, source: SourceProfile) -> Iterator[Doubt]:
    for what, column in source.hints.items():
        role = {"times": "time", "ratings": "weight"}[what]
        yield Doubt(
            f"{role}_column_ignored",
            name,
            f"column {column!r} is ignored, and looks like {what}, of which there are none",
            f"name it with --map {role}={column}, or leave the column out",
        )
    times = source.times
    if times is None or times.first is None or times.last is None:
        return
    known = {reading.code for reading in source.readings}
    if len(times.units) > 1 and "times_in_several_units" not in known:
        shares = ", ".join(f"{share:.0%} {unit}" for unit, share in times.units.items())
        yield Doubt(
            "times_in_several_units",
            name,
            f"times are of several units: {shares}",
            "set ingest.time_unit in the settings, or write all of them in one",
        )
    if times.ahead:
        yield Doubt(
            "times_in_the_future",
            name,
            f"{counted(times.ahead, 'event')} up to {day(times.last)}, which is still to come",
            "set ingest.time_unit in the settings if the unit is wrong, or mend the clock",
        )
    if times.long_ago:
        yield Doubt(
            "times_long_ago",
            name,
            f"{counted(times.long_ago, 'event')} before 1990, from {day(times.first)} on",
            "set ingest.time_unit in the settings if the unit is wrong, or name another column "
            "with --map time=COLUMN",
        )


def _of_ids(name: str, node_type: str, ids: IdProfile, source: SourceProfile) -> Iterator[Doubt]:
    for word, rows in ids.taken.items():
        yield Doubt(
            "ids_like_nothing",
            name,
            f"{counted(rows, 'row')} with the {node_type} id {word!r}, which counts as one "
            f"{node_type} like others",
            "leave these rows out if it says that there is no id",
        )
    mean = (source.rows - source.rejected) / max(ids.distinct, 1)
    for word, rows in ids.placeholders.items():
        if rows > 10 * mean:
            yield Doubt(
                "placeholder_ids",
                name,
                f"{rows:,} rows with the {node_type} id {word!r}, of {mean:,.1f} on average: it "
                f"may stand for all without an id",
                "leave these rows out if it does",
            )
    if ids.busiest and node_type == "user" and ids.distinct >= _MANY and source.kinds:
        busiest, rows = ids.busiest
        if rows > _BUSY * (source.rows - source.rejected) and busiest not in ids.placeholders:
            yield Doubt(
                "one_busy_user",
                name,
                f"user {busiest!r} has {rows:,} of {source.rows:,} events: it may stand for all "
                f"without an id",
                "leave these rows out if it does",
            )
    for each in ids.spellings:
        shown = "; ".join(" and ".join(map(repr, group[:3])) for group in each.examples)
        yield Doubt(
            "ids_in_several_spellings",
            name,
            f"{counted(each.groups, f'{node_type} id')} also written otherwise, by "
            f"{each.differ_by}: {shown}; they count as several",
            "write them alike in the source if they are one",
        )


def _of_repeats(name: str, source: SourceProfile) -> Iterator[Doubt]:
    if not source.repeated:
        return
    about = "" if source.repeated_exact else "about "
    what = "event" if source.kinds else "row"
    count = (
        f"{about}{counted(source.repeated, what)} {'repeats' if source.repeated == 1 else 'repeat'}"
    )
    if source.kinds:
        yield Doubt(
            "repeated_events",
            name,
            f"{count} the user, item, kind and time of another"
            f"{_why_repeated(source.times)}: the last of them counts",
            "give their times, or add them up with [kinds.NAME] same_time = 'add'",
        )
    elif source.attributes or not source.relations:
        yield Doubt(
            "repeated_nodes",
            name,
            f"{count} the id of another: the last row of an id counts",
            "leave one row for each id",
        )


def _of_forgotten(name: str, source: SourceProfile) -> Iterator[Doubt]:
    if source.returned:
        who = "user who was" if source.returned == 1 else "users who were"
        yield Doubt(
            "forgotten_users_return",
            name,
            f"{source.returned:,} {who} forgotten {'comes' if source.returned == 1 else 'come'} "
            f"back, as the file names them",
            "set privacy.refuse_forgotten = true to take none of them, or forget them again",
        )


def _why_repeated(times: TimeProfile | None) -> str:
    if times is None or times.first is None:
        return " (there are no times)"
    return " (times are whole days)" if times.whole_days else ""


def _of_match(match: Match, sources: Mapping[str, SourceProfile]) -> Iterator[Doubt]:
    """Where nearly nothing matches, or what does not would do so in another form."""
    code = f"{match.node_type}s_unmatched"
    share = f"{1 - match.known:.1%} of {match.ids:,} {match.node_type}s are not in {match.against}"
    role = {True: match.node_type, False: f"{match.node_type}.id"}
    if match.better is not None:
        source, column, found = match.better
        name = role[source == match.source]
        option = f"--map {name}={column} (in Python: {match.node_type}={column!r})"
        yield Doubt(
            code,
            match.source,
            f"{share}; column {column!r} of {source} would match {found:.0%}",
            f"name it with {option}",
        )
    elif match.would_match >= 0.01 and match.differ_by:
        pairs = ", ".join(f"{one!r} and {other!r}" for one, other in match.examples)
        yield Doubt(
            code,
            match.source,
            f"{share}; {match.would_match:.1%} would be but for {match.differ_by}: {pairs}",
            "write the ids alike in both; a program that reads ids as text (in pandas dtype=str) "
            "keeps them as they are",
        )
    elif _hardly(match, sources):
        pairs = "; ".join(f"{one!r} beside {other!r}" for one, other in match.examples)
        yield Doubt(
            code,
            match.source,
            f"{share}{f', such as {pairs}' if pairs else ''}",
            f"name the right columns with --map {role[True]}=COLUMN or --map {role[False]}=COLUMN",
        )


def _hardly(match: Match, sources: Mapping[str, SourceProfile]) -> bool:
    if match.against in sources:
        return max(match.known, match.known_back) < 0.5
    # New users come every day, and so do files of new items; events of new items alone do not.
    logged = bool(sources[match.source].kinds)
    return logged and match.node_type == "item" and match.ids >= 10 and match.known < 0.05
