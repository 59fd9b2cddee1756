"""What is sent and answered.

Made from the OpenAPI document by `python -m scripts.clients`: do not edit.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict


class _Accepted(TypedDict):
    accepted: int
    """How many of the events that were sent count."""


class Accepted(_Accepted, total=False):
    """The events are stored, but for those of users and items that were deleted."""

    merged: int
    """How many of these repeat the user, item, kind and time of another one of the request.
    The last one counts, or they add up, as `same_time` of the kind says.
    """
    ignored: int
    """How many were not stored, because the user or the item was deleted: only a PUT brings
    it back.
    """
    reasons: list[Reason]
    """Why, for each event that was ignored."""


class ActivityCounts(TypedDict):
    """What happened when: N buckets of time, the first beginning with the first event."""

    version: str
    """The snapshot that the answer was made from."""
    days: int
    """Of each bucket."""
    times: list[int]
    """When each bucket begins, in milliseconds since 1970."""
    events: dict[str, list[int]]
    """Events in each bucket, by kind, the most frequent kind first."""
    users: list[int]
    """People who did anything in each bucket."""
    items: list[int]
    """Items with which anything was done in each bucket."""
    totals: dict[str, int]
    """Events by kind, whenever they were."""
    undated: int
    """Events whose time is not known: they are in no bucket."""
    active_users: int
    """People with an event at any time."""
    active_items: int
    """Items with an event at any time; others are cold."""
    all_items: int
    """Items that there are."""


class Batch(TypedDict):
    """What users did."""

    events: list[NewEvent]
    """Events, in any order."""


class Because(TypedDict):
    """A path in the graph: you, an item you like, people who like it too, the item in
    question.
    """

    item: str
    """Id of the item."""
    title: str | None
    """Title of the item; null where the data have none."""
    people: int
    """How many others like both this item and the one in question."""
    score: float
    """Cosine of the two items over all people, 0 to 1."""


class _BoostRule(TypedDict):
    name: str
    """What the rule is called where it leaves out an item."""
    action: Literal["boost"]


class BoostRule(_BoostRule, total=False):
    """A rule by which the score of these items is changed."""

    attribute: str
    """The attribute of items that `any_of`, a range or `shared_by` is about."""
    relation: str
    """Or the relation of links of items, such as `made_by`, that `any_of` or `shared_by` is
    about.
    """
    any_of: list[str]
    """Items with one of these categories or tags, or linked to one of these nodes."""
    least: float | str
    """Items with at least this number, or at this date at the earliest."""
    most: float | str
    """Items with at most this number, or at this date at the latest."""
    least_times: float
    """Items with at least so many times the mean number of the items of the question, such
    as those of a cart; without any, the rule says nothing.
    """
    most_times: float
    """Items with at most so many times their mean number."""
    within_days: float
    """Items whose date is one of so many last days, up to now."""
    of_user: str
    """Items that share a value of the attribute with this attribute of the user, such as
    `languages`; the rule says nothing of a user without it. Takes effect with the next
    training.
    """
    available_from: str
    """The attribute with the time from which on an item is available: ISO 8601 text, or a
    number of seconds or milliseconds since 1970. An item without it always was; one whose
    time cannot be read is not available.
    """
    available_until: str
    """The one with the time from which on it no longer is."""
    shared_by: str
    """Items that share a value of the attribute, such as a brand, with an item that the user
    has an event of this kind on, such as `return`; of a relation, items linked to the
    same node as such an item, or, where it leads to items, linked with that item.
    """
    factor: float
    """What the score is multiplied by."""
    add: float
    """What is then added to it."""


class ClickRate(TypedDict):
    """What was listed by one snapshot."""

    version: str
    """Of the snapshot."""
    first: int
    """The first list, in milliseconds since 1970."""
    last: int
    """The last list, in milliseconds since 1970."""
    users: int
    """Who got them."""
    shown: int
    """Items in the lists."""
    clicked: int
    """Items of those with an event of the same user within 7 days, of any kind; of several
    lists with the item, the last one counts.
    """


class ClickRates(TypedDict):
    """How often what was listed was followed by an event, by snapshot."""

    days: int
    """Within which an event counts."""
    whole: bool
    """Whether the whole log was read; else its end, of what is not packed."""
    missing: str | None
    """What it needs, where there is nothing to count; else null."""
    rates: list[ClickRate]
    """The latest snapshot first."""


class _Contribution(TypedDict):
    source: str
    """A source of candidates; or of what a learned ranker adds: `attributes`, `history` or
    `time`.
    """
    z_score: float
    """Standard deviations by which the item's score of this source is above the mean over
    all items.
    """
    weight: float
    """Weight of the source in the fusion."""
    score: float
    """What is added: `weight` · `z_score`, and `learned`."""


class Contribution(_Contribution, total=False):
    """What one source adds to the score of an item: `weight` · `z_score`, 0 for the
    fallback, and what a learned ranker adds for it.
    """

    learned: float
    """What a learned ranker adds for features of this source; 0 without one."""


class Deleted(TypedDict):
    """The item or user is deleted."""

    id: str
    deleted: bool
    """Whether anything of it was stored."""


class ErrorAnswer(TypedDict):
    """The body of every answer that is not a success."""

    error: ErrorDetail


class _ErrorDetail(TypedDict):
    code: Literal[
        "unauthenticated",
        "forbidden",
        "too_many_requests",
        "too_large",
        "headers_too_large",
        "too_slow",
        "overloaded",
        "foreign_origin",
        "open_behind_proxy",
        "misdirected",
        "unknown_user",
        "unknown_report",
        "unknown_item",
        "unknown_placement",
        "no_embeddings",
        "no_ratings",
        "no_store",
        "unknown_route",
        "method_not_allowed",
        "malformed_json",
        "invalid_request",
        "unknown_name",
        "not_ready",
        "snapshot_refused",
        "refresh_running",
        "locked",
        "stale_cursor",
        "not_forgotten",
        "store_away",
        "http_error",
        "internal_error",
    ]
    """For a program."""
    message: str
    """For a person: subject, value, expectation, remedy."""


class ErrorDetail(_ErrorDetail, total=False):
    """What went wrong."""

    field: str | None
    """The part of the request at fault, if it is one."""


class _ExcludeRule(TypedDict):
    name: str
    """What the rule is called where it leaves out an item."""
    action: Literal["exclude"]


class ExcludeRule(_ExcludeRule, total=False):
    """A rule by which these items are left out."""

    attribute: str
    """The attribute of items that `any_of`, a range or `shared_by` is about."""
    relation: str
    """Or the relation of links of items, such as `made_by`, that `any_of` or `shared_by` is
    about.
    """
    any_of: list[str]
    """Items with one of these categories or tags, or linked to one of these nodes."""
    least: float | str
    """Items with at least this number, or at this date at the earliest."""
    most: float | str
    """Items with at most this number, or at this date at the latest."""
    least_times: float
    """Items with at least so many times the mean number of the items of the question, such
    as those of a cart; without any, the rule says nothing.
    """
    most_times: float
    """Items with at most so many times their mean number."""
    within_days: float
    """Items whose date is one of so many last days, up to now."""
    of_user: str
    """Items that share a value of the attribute with this attribute of the user, such as
    `languages`; the rule says nothing of a user without it. Takes effect with the next
    training.
    """
    available_from: str
    """The attribute with the time from which on an item is available: ISO 8601 text, or a
    number of seconds or milliseconds since 1970. An item without it always was; one whose
    time cannot be read is not available.
    """
    available_until: str
    """The one with the time from which on it no longer is."""
    shared_by: str
    """Items that share a value of the attribute, such as a brand, with an item that the user
    has an event of this kind on, such as `return`; of a relation, items linked to the
    same node as such an item, or, where it leads to items, linked with that item.
    """


class ExperimentList(TypedDict):
    """The experiments of the settings."""

    experiments: list[NamedExperiment]
    """By name."""


class _ExplainedSession(TypedDict):
    items: list[str]
    """Ids of the items that they like; these are not recommended."""
    item: str
    """Id of the item in question."""


class ExplainedSession(_ExplainedSession, total=False):
    """A visitor, known by the items that they like, and an item."""

    attributes: dict[str, bool | float | str | list[str | float] | None]
    """Their own, by name: a number, a category or tags, as those of users are."""
    friends: list[str]
    """Ids of users whom they follow; they count where the model was trained with friends."""
    k: int
    """How many paths to give, and attributes in common."""


class _Explanation(TypedDict):
    item: str
    """Id of the item."""
    title: str | None
    """Title of the item; null where the data have none."""
    seen: bool
    """Whether the item is left out because the user has seen it."""
    rank: int | None
    """Place in the user's list, from 1; null where it is left out, and for an item added
    after the snapshot was made.
    """
    score: float
    """The list is ordered by it."""
    contributions: list[Contribution]
    """One for each source; they sum to `score`."""
    reason: str
    """The reason in one sentence."""
    because: list[Because]
    """Paths in the graph, the best first."""
    shared: list[Shared]
    """Categories and tags in common with items that they like, the most frequent first."""


class Explanation(_Explanation, total=False):
    """Why an item is, or is not, recommended."""

    warnings: list[str]
    """What is unknown or doubtful in the request, in a sentence each."""


class ForgottenUser(TypedDict):
    """The user is deleted."""

    id: str
    deleted: bool
    """Whether anything of them was stored."""
    others_by: str
    """When other processes on the same snapshots and store will have let go of them, if they
    load a snapshot as fast as this one; this one has.
    """


class GraphHop(TypedDict):
    """What a node of the graph has edges to."""

    version: str
    """The snapshot that the answer was made from."""
    total: int
    """How many there are."""
    people: int | None
    """How many people were looked at, the latest of them where there are very many; null
    where people are not what was asked about.
    """
    reached: list[Reached]
    """The strongest edges of each type first."""


class _HistoryEvent(TypedDict):
    item: str
    """Id of the item."""
    title: str | None
    """Title of the item; null where the data have none."""
    kind: str
    """What they did, such as `purchase`."""
    time: int | None
    """When, in milliseconds since 1970; null: not known."""
    counted: bool
    """False for what no longer counts, such as a purchase that was returned."""


class HistoryEvent(_HistoryEvent, total=False):
    """Something that a user did with an item."""

    value: float | None
    """As it was recorded, such as a rating; null where no graph store is there to ask."""


class IgnoredLink(TypedDict):
    """A link that was not stored."""

    relation: str
    type: str
    id: str
    reason: str


class Item(TypedDict):
    """An item, in a list of items."""

    item: str
    """Id of the item."""
    title: str | None
    """Title of the item; null where the data have none."""
    likes: int
    """How many people like it."""


class ItemDetails(TypedDict):
    """An item and its attributes."""

    version: str
    """The snapshot that the answer was made from."""
    item: str
    """Id of the item."""
    title: str | None
    """Title of the item; null where the data have none."""
    likes: int
    """How many people like it."""
    attributes: dict[str, float | str | list[str] | None]
    """All attributes but the title and vectors, by name; null where this item lacks it."""


class ItemPage(TypedDict):
    """A page of items."""

    version: str
    """The snapshot that the answer was made from."""
    next: str | None
    """The cursor of the next page; null on the last one."""
    items: list[Item]
    """The best first."""


JsonValue = Any


class _KeyOfEvents(TypedDict):
    user: str
    """Id of the user."""
    item: str
    """Id of the item."""


class KeyOfEvents(_KeyOfEvents, total=False):
    """What identifies an event; without a kind or a time, all events of the pair that have
    any.
    """

    kind: str | None
    """The kind of the event; by default any."""
    time: int | str | None
    """Its time; by default any."""


class KeysOfEvents(TypedDict):
    """Which events to take back."""

    events: list[KeyOfEvents]
    """One or several."""


class Link(TypedDict):
    """A link from an item to another node."""

    relation: str
    """Such as `made_by`."""
    type: str
    """Of the node: `item`, or one of your own."""
    id: str
    """Of the node."""


class ListMetric(TypedDict):
    """A metric of what lists are like, beside being right."""

    metric: str
    """Its name in `metrics`, without the cut-off."""
    title: str
    meaning: str
    share: bool
    """Whether it is a share, 0 to 1, shown as per cent."""


class Live(TypedDict, total=False):
    """The process runs."""

    status: Literal["live"]


class MapOfItems(TypedDict):
    """Items as points, near each other where their embeddings are alike."""

    version: str
    """The snapshot that the answer was made from."""
    items: list[str]
    """Their ids, the most popular first."""
    titles: list[str | None]
    """Their titles; null: none."""
    likes: list[int]
    """How many people like each."""
    x: list[float]
    """From -1 to 1."""
    y: list[float]
    """From -1 to 1."""
    all_items: int
    """Items that there are, on the map or not."""
    not_mapped: int
    """Items that are on no map: they have no embedding, came since, or are not among the
    10000 most popular.
    """
    attributes: list[str]
    """Categories, tags and numbers that items have."""
    values: list[str]
    """Of the attribute: the 8 most frequent ones, or 5 ranges of a number, ascending; empty
    without an attribute.
    """
    ordered: bool
    """Whether the values are numbers, in ascending ranges."""
    value: list[int | None]
    """Of each item, the place among these, of several tags the most frequent one; null:
    another value, or none; empty without an attribute.
    """


class _NamedAction(TypedDict):
    name: str
    """As exposures have it."""
    settings: dict[str, Any]
    """What is another here than for everyone."""
    lists: int
    """That it made, and that were learned from."""
    reward: float
    """Mean reward of these, as far as it came."""
    broken: str | None
    """The guard that it breaks, so that it is not taken; or null."""


class NamedAction(_NamedAction, total=False):
    """What a policy may do."""

    expected: float | None
    """Reward that is expected of a list for the user; null: nobody is named."""
    deviation: float | None
    """Standard deviation of that: how little is known."""
    chance: float | None
    """How likely it is to be taken for the user now."""


class _NamedExperiment(TypedDict):
    name: str
    """As the settings have it."""
    state: Literal["waiting", "running", "over"]
    """Whether it runs now."""
    reason: str | None
    """Why nobody is in it although it runs; null otherwise."""
    lists: list[str]
    """Placements that it is about, and `recommendations` for the lists that are of none;
    empty: all.
    """
    start: int | None
    """Milliseconds since 1970; null: since the service started."""
    end: int | None
    """Milliseconds since 1970; null: open."""
    variants: list[NamedVariant]
    """The users of no variant are not in it."""
    goals: list[NamedGoal]
    """The most important one first."""


class NamedExperiment(_NamedExperiment, total=False):
    """Variants that are tried at the same time."""

    variant: str | None
    """Of the user who is asked about; null: none of them, or nobody is."""


class NamedGoal(TypedDict):
    """What an experiment is judged by."""

    name: str
    """As reports have it."""
    kinds: list[str]
    """Kinds of events that are outcomes."""
    days: float
    """After an item was shown."""


class NamedPlacement(TypedDict):
    """A placement that can be asked."""

    name: str
    """As in its address."""
    type: Literal[
        "for-you", "similar", "together", "cart", "trending", "popular", "new", "recent", "again"
    ]
    """How its items are found."""
    needs: Literal["items", "user", "nothing"]
    """What must be given: items, a user, or nothing."""
    settings: dict[str, Any]
    """What the settings say of it, where that is not the default."""


class _NamedPolicy(TypedDict):
    name: str
    """As the settings have it."""
    enabled: bool
    """False, by the settings or `graphrec policy off`: all get the first action."""
    learner: Literal["thompson", "linucb"]
    """How an action is chosen."""
    lists: list[str]
    """Placements that it is about, and `recommendations` for the lists that are of none;
    empty: all.
    """
    exploration: float
    """Share of lists whose action is drawn evenly."""
    learned_from: int
    """Lists."""
    until: int | None
    """Time of the last of these, in milliseconds since 1970."""
    reason: str | None
    """Why nothing is learned now; null: it is."""
    actions: list[NamedAction]
    """The first one serves where no other may."""


class NamedPolicy(_NamedPolicy, total=False):
    """Actions, and what was learned of them."""

    action: str | None
    """That the user gets now; null: nobody is named."""
    context: list[str]
    """What the policy goes by for the user."""
    why: str | None
    """Why the user gets it, in a sentence."""


class NamedVariant(TypedDict):
    """What a share of the users gets."""

    name: str
    """As exposures have it."""
    share: float
    """Of the users, 0 to 1."""
    control: bool
    """Whether the others are compared with it."""
    settings: dict[str, Any]
    """What is another here than for everyone."""


class _NewEvent(TypedDict):
    user: str
    """Id of the user, known or not."""
    item: str
    """Id of the item, known or not."""
    kind: str
    """What they did; the settings say how much each kind counts."""


class NewEvent(_NewEvent, total=False):
    """What a user did with an item."""

    weight: float
    """A rating, or a count. Below 0 for kinds of which the settings say what that means."""
    time: int | str | None
    """When: seconds, milliseconds, microseconds or nanoseconds since 1970, or ISO 8601; by
    default now. With a time, an event that is sent twice counts once.
    """


class _Placed(TypedDict):
    version: str
    """The snapshot that the answer was made from."""
    placement: str
    """Name of the placement."""
    user: str | None
    """Id of the user; null for a visitor."""
    recommendations: list[Recommendation]
    """The best first."""


class Placed(_Placed, total=False):
    """The list of a placement."""

    fallbacks: list[str]
    """For each item, the placement that it comes from: this, or a fallback."""
    unknown_items: list[str]
    """Ids of items that are not known: the list is made without them."""
    warnings: list[str]
    """What is unknown or doubtful in the request, or why the list is empty, in a sentence
    each.
    """


class PlacementBody(TypedDict, total=False):
    """The same as a body, with rules of this request."""

    rules: list[RequireRule | ExcludeRule | BoostRule]
    """In addition to those in the settings."""
    user: str | None
    """Id of the user, known or not; left out: a visitor."""
    items: list[str]
    """Ids of the items that the list stands beside, or of a visitor those that they like."""
    k: int | None
    """Length of the list; left out: as the placement says."""
    where: dict[str, list[str]]
    """Only items with one of these values of an attribute."""
    segment: str | None
    """Whose popular or trending items are meant, such as a country; left out: the user's
    own.
    """
    fields: list[str] | None
    """Attributes of items to give with them; left out: as the placement says."""
    attributes: dict[str, bool | float | str | list[str | float] | None]
    """Of a visitor, by name."""
    changes: dict[str, JsonValue]
    """Settings of the placement that are otherwise in this list: of after, apart, caps,
    date, days, diversity, exclude, exclude_seen, exploration, exploration_by, kinds,
    min_support, new_items, similarity, weights.
    """
    language: str
    """Language of the reasons, such as `de`; English where there is no sentence in it.
    Settings may add languages, under `[reasons.LANGUAGE]`.
    """
    explain: bool
    """Give what each source adds to each score."""
    by: Literal["snapshot", "store"]
    """Of `together` and `cart`: counted in the snapshot, or in the graph store as it is now."""


class Placements(TypedDict):
    """The placements that can be asked."""

    placements: list[NamedPlacement]
    """By name."""


class PolicyList(TypedDict):
    """The policies of the settings."""

    policies: list[NamedPolicy]
    """By name."""


class PopularItems(TypedDict):
    """The most popular items."""

    version: str
    """The snapshot that the answer was made from."""
    items: list[Item]
    """The most popular first."""


class PutItem(TypedDict, total=False):
    """The attributes and links of an item."""

    attributes: dict[str, bool | float | str | list[str | float] | None]
    """By name: a number, a text or category, true or false, a list of tags or of the numbers
    of a vector, or null to remove it. An attribute keeps its kind: a number in a category
    is a text, a single text in tags one tag. Attributes that are not named stay as they
    are.
    """
    links: list[Link]
    """Added to the links that it has. Nodes that they name are added as well."""


class PutUser(TypedDict, total=False):
    """The attributes of a user."""

    attributes: dict[str, bool | float | str | list[str | float] | None]
    """By name: a number, a text or category, true or false, a list of tags or of the numbers
    of a vector, or null to remove it. An attribute keeps its kind: a number in a category
    is a text, a single text in tags one tag. Attributes that are not named stay as they
    are.
    """


class _Reached(TypedDict):
    type: Literal["item", "people", "value", "linked"]
    """`people`: those who did something of kind `id` with the item. `value`: of an
    attribute. `linked`: what items are linked to, such as a brand.
    """
    id: str
    """Of the item or the linked node; the kind of events, or the value."""
    name: str | None
    """The title of an item, the attribute of a value, the relation of a linked node; null
    where there is none.
    """
    count: int
    """How many people are behind the edge; items that have a value or a link; events of a
    user.
    """


class Reached(_Reached, total=False):
    """A node at the other end of an edge."""

    of: str | None
    """The type of a linked node, such as `brand`; else null."""


class _Readiness(TypedDict):
    version: str
    """The snapshot that the answer was made from."""
    status: Literal["ready", "degraded"]
    """Degraded where a part does not answer, or the settings name what is not there;
    recommendations are still given.
    """
    created: str
    """When the snapshot was published: ISO 8601, UTC."""
    counts: dict[str, int]
    """Users, items and events in it."""
    parts: dict[str, str]
    """"ready", or the reason why not; a store, a stream and `online`, which is Redis, only
    where there is one.
    """


class Readiness(_Readiness, total=False):
    """Recommendations can be given."""

    warnings: list[str]
    """What is doubtful in the settings, such as values that no item has."""


class Reason(TypedDict):
    """Why an event was not stored."""

    index: int
    """Of the event in the request, from 0."""
    reason: str


class _Recommendation(TypedDict):
    item: str
    """Id of the item."""
    title: str | None
    """Title of the item; null where the data have none."""
    score: float
    """The list is ordered by it; 0 for an item that only fills the list up."""
    sources: list[str]
    """The sources that add to the score."""
    reason: str
    """The reason in one sentence."""
    because: list[Because]
    """Paths in the graph, the best first."""
    contributions: list[Contribution] | None
    """One for each source; they sum to `score`. Null unless the request sets `explain`."""


class Recommendation(_Recommendation, total=False):
    """A recommended item, and why."""

    propensity: float | None
    """Of an item drawn by exploration: its probability of being drawn, given the items
    before it. Null for all others.
    """
    reason_code: str
    """What the reason is called, such as `liked-together`."""
    reason_values: dict[str, str | int | float]
    """What the sentence of the reason names, such as `people`."""
    fields: dict[str, float | str | list[str] | Vector | None] | None
    """Attributes of the item that the placement gives; null without any, as in a list that
    is no placement.
    """


class Refreshed(TypedDict):
    """The main figures of a refresh, as its report has them."""

    name: str
    """The version, or the time of a refused run."""
    time: str
    """When it began or was published: ISO 8601, UTC."""
    verdict: str | None
    """Such as published or refused; null: not by a refresh."""
    counts: dict[str, int]
    """Users, items and events."""
    model: str | None
    """Whose metrics these are; null: none was measured."""
    ndcg: float | None
    """On the test; null: not measured."""
    coverage: float | None
    """Share of items in any list of the test; null: unknown."""


class Refreshes(TypedDict):
    """The latest refreshes."""

    refreshes: list[Refreshed]
    """The latest first."""


class Related(TypedDict):
    """An item beside another one."""

    item: str
    """Id of the item."""
    title: str | None
    """Title of the item; null where the data have none."""
    score: float
    """Cosine: of who likes both, or of the two embeddings."""
    people: int | None
    """How many like both; null where embeddings are compared."""


class _RelatedItems(TypedDict):
    version: str
    """The snapshot that the answer was made from; by store, the one that serves."""
    item: str
    """Id of the item."""
    by: Literal["graph", "embedding", "store"]
    """How they were found."""
    related: list[Related]
    """The most similar first."""


class RelatedItems(_RelatedItems, total=False):
    """The items most like an item."""

    degree: int | None
    """By store: how many like the item; null where nothing was found."""
    counted: int | None
    """By store: how many of them were counted, the latest; fewer than `degree` where very
    many like the item.
    """


class _RequireRule(TypedDict):
    name: str
    """What the rule is called where it leaves out an item."""
    action: Literal["require"]


class RequireRule(_RequireRule, total=False):
    """A rule by which all other items are left out."""

    attribute: str
    """The attribute of items that `any_of`, a range or `shared_by` is about."""
    relation: str
    """Or the relation of links of items, such as `made_by`, that `any_of` or `shared_by` is
    about.
    """
    any_of: list[str]
    """Items with one of these categories or tags, or linked to one of these nodes."""
    least: float | str
    """Items with at least this number, or at this date at the earliest."""
    most: float | str
    """Items with at most this number, or at this date at the latest."""
    least_times: float
    """Items with at least so many times the mean number of the items of the question, such
    as those of a cart; without any, the rule says nothing.
    """
    most_times: float
    """Items with at most so many times their mean number."""
    within_days: float
    """Items whose date is one of so many last days, up to now."""
    of_user: str
    """Items that share a value of the attribute with this attribute of the user, such as
    `languages`; the rule says nothing of a user without it. Takes effect with the next
    training.
    """
    available_from: str
    """The attribute with the time from which on an item is available: ISO 8601 text, or a
    number of seconds or milliseconds since 1970. An item without it always was; one whose
    time cannot be read is not available.
    """
    available_until: str
    """The one with the time from which on it no longer is."""
    shared_by: str
    """Items that share a value of the attribute, such as a brand, with an item that the user
    has an event of this kind on, such as `return`; of a relation, items linked to the
    same node as such an item, or, where it leads to items, linked with that item.
    """


class RollbackRequest(TypedDict, total=False):
    """Which version to go back to."""

    to: str | None
    """By default the newest one before the current."""


class SeenItem(TypedDict):
    """An item that a user has seen."""

    item: str
    """Id of the item."""
    title: str | None
    """Title of the item; null where the data have none."""
    liked: bool
    """Whether they like it. Seen items are left out of their list."""


class _Session(TypedDict):
    items: list[str]
    """Ids of the items that they like; these are not recommended."""


class Session(_Session, total=False):
    """A visitor, known by the items that they like, and how their list is requested."""

    attributes: dict[str, bool | float | str | list[str | float] | None]
    """Their own, by name: a number, a category or tags, as those of users are."""
    friends: list[str]
    """Ids of users whom they follow; they count where the model was trained with friends."""
    k: int
    """Length of the list."""
    exclude_seen: bool
    """Leave out the items that the user has seen."""
    allow: list[str] | None
    """Nothing but these items."""
    deny: list[str]
    """None of these items."""
    diversity: float
    """From 0, by score alone, to 1, as different from each other as possible (maximal
    marginal relevance).
    """
    exploration: float
    """Share of places given to items drawn at random, each with its probability of being
    drawn (epsilon-greedy).
    """
    exploration_by: Literal["epsilon", "thompson"]
    """How they are drawn: all with the same probability (epsilon), or each with the
    probability that it is the item liked by the largest share of those who have seen it
    (thompson, Thompson sampling).
    """
    segment: str | None
    """The segment whose popular items a user without a history gets, such as a country: a
    value of the attribute in the setting `retrieval.popular_by`. By default the user's
    own.
    """
    explain: bool
    """Give what each source adds to each score."""
    language: str
    """Language of the reasons, such as `de`; English where there is no sentence in it.
    Settings may add languages, under `[reasons.LANGUAGE]`.
    """
    rules: list[RequireRule | ExcludeRule | BoostRule]
    """In addition to those in the settings."""


class SessionExplanation(TypedDict):
    """Why an item is, or is not, recommended to a visitor."""

    version: str
    """The snapshot that the answer was made from."""
    explanation: Explanation


class _SessionRecommendations(TypedDict):
    version: str
    """The snapshot that the answer was made from."""
    recommendations: list[Recommendation]
    """The best first."""


class SessionRecommendations(_SessionRecommendations, total=False):
    """The items recommended to a visitor."""

    unknown_items: list[str]
    """Ids in `items` that are not known: the list is made without them."""
    unknown_friends: list[str]
    """Ids in `friends` of whom nothing is known."""
    warnings: list[str]
    """What is unknown or doubtful in the request, or why the list is empty, in a sentence
    each.
    """


class _SessionWhyNot(TypedDict):
    version: str
    """The snapshot that the answer was made from."""
    item: str
    """Id of the item."""
    title: str | None
    """Title of the item; null where the data have none."""
    verdict: Literal["seen", "disliked", "deleted", "ruled_out", "not_retrieved", "ranked", "new"]
    """ranked, or why not: not_retrieved by any source, so that it only fills lists up; seen;
    disliked not long ago; ruled_out by a rule; deleted; new since the snapshot was made.
    """
    rule: str | None
    """Name of the first rule that leaves the item out."""
    rank: int | None
    """From 1: a list has the item if it is at least so long. Null where no list has it."""
    score: float | None
    """Lists are ordered by it; null without a rank."""
    sources: list[SourceRank]
    """Where each source ranks the item."""


class SessionWhyNot(_SessionWhyNot, total=False):
    """What became of an item in the list of a visitor."""

    warnings: list[str]
    """What is unknown or doubtful in the request, in a sentence each."""


class Shared(TypedDict):
    """A category or tag of an item that items you like have too."""

    attribute: str
    """Such as `genres`."""
    value: str
    """Such as `Horror`."""
    items: int
    """How many of the items that they like have it."""


class SharedItem(TypedDict):
    """An item that two users like."""

    item: str
    """Id of the item."""
    title: str | None
    """Title of the item; null where the data have none."""


class SimilarUser(TypedDict):
    """A user similar to another one."""

    user: str
    """Id of the user."""
    score: float
    """Cosine of the two users over all items, 0 to 1."""
    items: int
    """How many items both like."""
    shared: list[SharedItem]
    """Up to 3 of these, those first that fewest others like: they say most."""
    attributes: dict[str, float | str | list[str] | None]
    """Attributes that both have with the same value, of those that are kept."""


class SimilarUsers(TypedDict):
    """The users most similar to a user."""

    version: str
    """The snapshot that the answer was made from."""
    user: str
    """Id of the user."""
    similar: list[SimilarUser]
    """The most similar first."""


class SnapshotChange(TypedDict):
    """Which snapshot serves now, and which one did."""

    version: str
    """The snapshot that serves from now on."""
    previous: str | None
    """The one that served before; null where none did."""


class SnapshotFacts(TypedDict):
    """The snapshot that the service answers from."""

    version: str
    """The snapshot that the answer was made from."""
    created: str
    """When it was published: ISO 8601, UTC."""
    age_seconds: float
    """How long ago that was."""
    newest_event: int | None
    """The latest event in it, in milliseconds since 1970; null where it has none."""
    graphrec: str
    """The version of graphrec that built it."""
    seed: int
    """The seed of everything random in it."""
    counts: dict[str, int]
    """Users, items and events in it."""
    models: dict[str, dict[str, JsonValue]]
    """The hyper-parameters of the models in it, by name."""
    weights: list[Weights]
    """Weights of the sources, as chosen in training, by how many items users like."""
    ranker: str | None
    """How a learned ranker did beside these weights on validation, and which of the two
    serves, in a sentence; null where none was asked for.
    """
    metrics: dict[str, Any]
    """The models that `graphrec train` compared: metrics with their 95 % intervals, by
    model; empty where it compared none.
    """
    list_metrics: list[ListMetric]
    """Which of these say what lists are like, beside being right."""


class SnapshotList(TypedDict):
    """The published snapshots."""

    version: str | None
    """The snapshot that serves; null where none does."""
    canary: str | None
    """The canary, which serves a share of users; null where there is none."""
    refused: str | None
    """Why the current snapshot does not serve; null where it does."""
    versions: list[str]
    """All that are published, the oldest first."""


class SourceRank(TypedDict):
    """Where one source ranks an item, retrieved or not."""

    source: str
    """A source of candidates."""
    retrieved: bool
    """Whether the item is among the candidates of the source."""
    rank: int
    """From 1, among all items that may be recommended; ties by row."""
    z_score: float
    """Standard deviations by which the item's score of this source is above the mean over
    all items.
    """
    weight: float
    """Weight of the source in the fusion."""


class _Stored(TypedDict):
    id: str


class Stored(_Stored, total=False):
    """The item or user is stored."""

    ignored_links: list[IgnoredLink]
    """Links that were not stored: the item they name was deleted."""


class TakenBack(TypedDict):
    """The events are gone."""

    deleted: int
    """How many of them there were."""


class User(TypedDict):
    """A user, in a list of users."""

    user: str
    """Id of the user."""
    likes: int
    """How many items they like."""


class UserBody(TypedDict, total=False):
    """How the list of a user is requested, with rules of its own."""

    k: int
    """Length of the list."""
    exclude_seen: bool
    """Leave out the items that the user has seen."""
    allow: list[str] | None
    """Nothing but these items."""
    deny: list[str]
    """None of these items."""
    diversity: float
    """From 0, by score alone, to 1, as different from each other as possible (maximal
    marginal relevance).
    """
    exploration: float
    """Share of places given to items drawn at random, each with its probability of being
    drawn (epsilon-greedy).
    """
    exploration_by: Literal["epsilon", "thompson"]
    """How they are drawn: all with the same probability (epsilon), or each with the
    probability that it is the item liked by the largest share of those who have seen it
    (thompson, Thompson sampling).
    """
    segment: str | None
    """The segment whose popular items a user without a history gets, such as a country: a
    value of the attribute in the setting `retrieval.popular_by`. By default the user's
    own.
    """
    explain: bool
    """Give what each source adds to each score."""
    language: str
    """Language of the reasons, such as `de`; English where there is no sentence in it.
    Settings may add languages, under `[reasons.LANGUAGE]`.
    """
    kinds: list[str] | None
    """Only events of these kinds are their history."""
    as_of: int | str | None
    """Only events before this time are: seconds, milliseconds, microseconds or nanoseconds
    since 1970, or ISO 8601. The snapshot may have been trained on later events of other
    people.
    """
    rules: list[RequireRule | ExcludeRule | BoostRule]
    """In addition to those in the settings."""


class UserDetails(TypedDict):
    """A user and a page of the items that they have seen."""

    version: str
    """The snapshot that the answer was made from."""
    next: str | None
    """The cursor of the next page; null on the last one."""
    user: str
    """Id of the user."""
    likes: int
    """How many items they like."""
    seen: int
    """How many items they have seen, liked or not."""
    history: list[SeenItem]
    """Items that they have seen: those they like first, then the most popular."""
    attributes: dict[str, float | str | list[str] | None]
    """Attributes of the user but for vectors, by name: those in the store, where there is
    one, else those that the model keeps.
    """


class UserEventPage(TypedDict):
    """A page of what a user did."""

    version: str
    """The snapshot that the answer was made from."""
    next: str | None
    """The cursor of the next page; null on the last one."""
    user: str
    """Id of the user."""
    events: list[HistoryEvent]
    """The latest first."""


class UserExplanation(TypedDict):
    """Why an item is, or is not, recommended to a user."""

    version: str
    """The snapshot that the answer was made from."""
    user: str
    """Id of the user."""
    explanation: Explanation


class UserPage(TypedDict):
    """A page of users."""

    version: str
    """The snapshot that the answer was made from."""
    next: str | None
    """The cursor of the next page; null on the last one."""
    users: list[User]
    """The best first."""


class _UserRating(TypedDict):
    version: str
    """The snapshot that the answer was made from."""
    user: str
    item: str
    rating: float
    low: float
    high: float
    basis: Literal["model", "user", "item", "mean"]
    model: str
    user_ratings: int
    item_ratings: int


class UserRating(_UserRating, total=False):
    """What a user would give an item, on the scale of the ratings in the data."""

    note: str | None
    title: str | None
    """Title of the item, where it has one."""


class _UserRecommendations(TypedDict):
    version: str
    """The snapshot that the answer was made from."""
    user: str
    """Id of the user, known to the snapshot or not."""
    recommendations: list[Recommendation]
    """The best first."""


class UserRecommendations(_UserRecommendations, total=False):
    """The items recommended to a user."""

    warnings: list[str]
    """What is unknown or doubtful in the request, or why the list is empty, in a sentence
    each.
    """


class _UserWhyNot(TypedDict):
    version: str
    """The snapshot that the answer was made from."""
    item: str
    """Id of the item."""
    title: str | None
    """Title of the item; null where the data have none."""
    verdict: Literal["seen", "disliked", "deleted", "ruled_out", "not_retrieved", "ranked", "new"]
    """ranked, or why not: not_retrieved by any source, so that it only fills lists up; seen;
    disliked not long ago; ruled_out by a rule; deleted; new since the snapshot was made.
    """
    rule: str | None
    """Name of the first rule that leaves the item out."""
    rank: int | None
    """From 1: a list has the item if it is at least so long. Null where no list has it."""
    score: float | None
    """Lists are ordered by it; null without a rank."""
    sources: list[SourceRank]
    """Where each source ranks the item."""
    user: str
    """Id of the user, known to the snapshot or not."""


class UserWhyNot(_UserWhyNot, total=False):
    """What became of an item in the list of a user."""

    warnings: list[str]
    """What is unknown or doubtful in the request, in a sentence each."""


class Vector(TypedDict):
    """Finite numbers in single precision; equal vectors have equal bytes."""

    content: str


class Weights(TypedDict):
    """The weights of the sources for users who like at least so many items."""

    least: int
    """The least; the next group begins where this one ends."""
    weights: dict[str, float]
    """By source."""
    people: int
    """How many users they were chosen on; 0: they are those chosen on all users."""


class _WhyNotSession(TypedDict):
    items: list[str]
    """Ids of the items that they like; these are not recommended."""
    item: str
    """Id of the item in question."""


class WhyNotSession(_WhyNotSession, total=False):
    """A visitor, known by the items that they like, and an item."""

    attributes: dict[str, bool | float | str | list[str | float] | None]
    """Their own, by name: a number, a category or tags, as those of users are."""
    friends: list[str]
    """Ids of users whom they follow; they count where the model was trained with friends."""
    exclude_seen: bool
    """Leave out the items that the user has seen."""
    allow: list[str] | None
    """Nothing but these items."""
    deny: list[str]
    """None of these items."""
    rules: list[RequireRule | ExcludeRule | BoostRule]
    """In addition to those in the settings."""
