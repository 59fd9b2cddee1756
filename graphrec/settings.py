"""Settings: `graphrec.toml`, overridden by `GRAPHREC_…` environment variables.

A nested key is reached with two underscores: `GRAPHREC_SERVE__PORT=9000`. Unknown keys are errors.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from time import strptime
from typing import Annotated, Any, Literal, TypeAlias, TypeVar, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings import (
    SettingsError as SourceError,
)

from graphrec.data import AttributeKind
from graphrec.data.ids import IdRules
from graphrec.data.kinds import DEFAULT_POLICY, KindPolicy, check_given
from graphrec.errors import SettingsError
from graphrec.experiment.changes import changed_placements, check_against, check_together
from graphrec.experiment.definition import RECOMMENDATIONS, Experiment
from graphrec.locations import location_of
from graphrec.placement.definition import Placement
from graphrec.placement.ready import READY, checked, with_ready
from graphrec.placement.template import a_template
from graphrec.policy.apart import check_apart
from graphrec.policy.definition import Policy
from graphrec.rules.rule import Rule
from graphrec.suggest import closest

SETTINGS_FILE = Path("graphrec.toml")

CACHE = "~/.cache/graphrec"
"""Where what can be fetched again is kept, unless the settings say so."""

MODEL_NAMES = (
    *("random", "popularity", "recent-popularity", "content-knn", "item-knn", "user-knn"),
    *("rp3beta", "graph-filter", "svd", "ials", "ease", "mf", "neumf", "graphsage"),
    *("sasrec", "gru4rec", "caser", "two-tower"),
)
"""The keys of `graphrec.models.MODELS`, which is a layer above; a test compares the two."""

RATING_MODEL_NAMES = (
    *("mean", "biases", "user-knn", "item-knn", "svd", "svd++", "bayesian-svd"),
    *("mlp", "graphsage", "blend"),
)
"""The keys of `graphrec.ratings.RATING_MODELS`; a test compares the two."""

RESERVED_SOURCES = (
    *("neighbours", "embedding", "popularity"),
    *("fallback", "boost", "exploration"),
    *("attributes", "history", "time"),
)
"""What explanations name beside sources of one's own."""


PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)*")
"""Of a path, with no slash at the end; nothing that a page or an address would read as more."""


def _of_a_date(form: str | None) -> str | None:
    """A format of times; raises ValueError for one that names no year, or is none."""
    if form is None:
        return None
    try:
        strptime("", form)
    except ValueError as error:
        if "does not match" not in str(error):
            raise ValueError(f"{error}; expected a format such as %d/%m/%Y %H:%M") from None
    if not any(year in form for year in ("%Y", "%y", "%G", "%c", "%x")):
        raise ValueError("it has no year: expected a format such as %d/%m/%Y %H:%M")
    return form


def _of_a_model(name: str) -> str:
    if name not in MODEL_NAMES and ":" not in name:
        raise ValueError(
            f"expected the name of a model: {', '.join(MODEL_NAMES)}; or module:Class of your own"
        )
    return name


def _of_a_rating_model(name: str | None) -> str | None:
    if name is not None and name not in RATING_MODEL_NAMES and ":" not in name:
        raise ValueError(
            f"expected the name of a model of ratings: {', '.join(RATING_MODEL_NAMES)}; none; or "
            f"module:Class of your own"
        )
    return name


def _none(value: Any) -> Any:
    return None if value == "none" else value


def _of_a_source(name: str) -> str:
    if name in RESERVED_SOURCES:
        raise ValueError(f"expected another name than {', '.join(RESERVED_SOURCES)}")
    return name


_HOST = re.compile(
    r"(https?://)?(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*(:[0-9]{1,5})?",
    re.IGNORECASE,
)


def _a_host(host: str) -> str:
    if not _HOST.fullmatch(host):
        raise ValueError("expected a host such as images.shop.example or *.cdn.example")
    return host


OWN_PATHS = ("t", "v1", "health", "metrics", "static", "openapi.json")
"""The first parts of the paths of the service, which a prefix must not be taken for."""


def _a_prefix(path: str) -> str:
    found = path.rstrip("/")
    if not PREFIX.fullmatch(found) or found.split("/")[1:2] in [[own] for own in OWN_PATHS]:
        raise ValueError(
            f"expected a path such as /rec, of letters, digits and the signs - _ . ~, that does "
            f"not begin as the service's own: {', '.join(OWN_PATHS)}"
        )
    return found


def _sensible(kinds: Mapping[str, KindPolicy]) -> Mapping[str, KindPolicy]:
    try:
        check_given(kinds)
    except SettingsError as error:
        raise ValueError(str(error)) from error
    return kinds


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Section = TypeVar("Section", bound=_Section)


def _fits(experiment: Experiment, info: ValidationInfo) -> Experiment:
    """An experiment whose names are there; where they themselves are invalid, that is said."""
    if {"placements", "rules"} <= info.data.keys():
        check_against(
            experiment.lists, experiment.variants, info.data["placements"], info.data["rules"]
        )
    return experiment


def _beside_each_other(
    experiments: Mapping[str, Experiment], info: ValidationInfo
) -> Mapping[str, Experiment]:
    check_together(experiments)
    if experiments and RECOMMENDATIONS in info.data.get("placements", ()):
        raise ValueError(
            f"placement {RECOMMENDATIONS!r} has the name of the lists that are of none: expected "
            f"another name for it beside experiments"
        )
    return experiments


def _acts_on(policy: Policy, info: ValidationInfo) -> Policy:
    """A policy whose names are there."""
    if {"placements", "rules"} <= info.data.keys():
        check_against(
            policy.lists, policy.actions, info.data["placements"], info.data["rules"], "actions"
        )
    return policy


def _apart(policies: Mapping[str, Policy], info: ValidationInfo) -> Mapping[str, Policy]:
    """Policies of which each list has one at most, and that set nothing that experiments set."""
    check_apart(policies, info.data.get("experiments", {}))
    if policies and RECOMMENDATIONS in info.data.get("placements", ()):
        raise ValueError(
            f"placement {RECOMMENDATIONS!r} has the name of the lists that are of none: expected "
            f"another name for it beside policies"
        )
    return policies


Name: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
"""The name of a label, relationship type or property: letters, digits and underscores."""


class MappedNodes(_Section):
    """Nodes of an existing graph that become nodes of one type."""

    label: Name = Field(description="Their label, such as `Movie`.")
    id: Name = Field("id", description="The property that identifies them: strings or integers.")
    attributes: Mapping[Name, AttributeKind] = Field(
        default_factory=dict,
        description="Properties to read as attributes: number, category, tags, text or vector.",
    )


class MappedInteraction(_Section):
    """Relationships of an existing graph, from users to items, that become events of one kind."""

    type: Name = Field(description="Their type, such as `RATED`.")
    weight: Name | None = Field(None, description="The property with the weight; not set: 1.")
    time: Name | None = Field(None, description="The property with the time; not set: 0.")
    time_unit: Literal["s", "ms", "us", "datetime"] = Field(
        "s", description="Unit of numeric times since 1970, or `datetime` for zoned datetimes."
    )


class MappedLink(_Section):
    """Relationships of an existing graph that become links of one relation."""

    source: str = Field(description="The type of node they start from: a key of `nodes`.")
    relation: str = Field(description="What graphrec calls them, such as `has_genre`.")
    target: str = Field(description="The type of node they lead to: a key of `nodes`.")
    type: Name = Field(description="Their type, such as `IN_GENRE`.")
    weight: Name | None = Field(None, description="The property with the weight; not set: 1.")


class MappedGraph(_Section):
    """The mapping of an existing graph: labels, relationship types and properties."""

    nodes: Mapping[str, MappedNodes] = Field(description="By type; `user` and `item` are required.")
    interactions: Mapping[str, MappedInteraction] = Field(
        min_length=1, description="By kind of event; their weights are in `kinds`."
    )
    links: tuple[MappedLink, ...] = Field((), description="Links between nodes, if any.")

    @model_validator(mode="after")
    def _types_are_mapped(self) -> MappedGraph:
        ends = {end for link in self.links for end in (link.source, link.target)}
        missing = sorted(({"user", "item"} | ends) - set(self.nodes))
        if missing:
            raise ValueError(f"expected the label of {', '.join(missing)} in nodes")
        types = [interaction.type for interaction in self.interactions.values()]
        if len(set(types)) < len(types):
            raise ValueError("expected another relationship type for each kind of interaction")
        return self


class Neo4jSettings(_Section):
    """Access to a Neo4j server, if `store` is the URL of one, and which graph to use there."""

    user: str = Field("neo4j", description="User to log in as.")
    password: SecretStr | None = Field(
        None, description="Password; better in `GRAPHREC_NEO4J__PASSWORD` than in a file."
    )
    database: str = Field("neo4j", description="Database of the server.")
    graph: MappedGraph | None = Field(
        None, description="An existing graph to use in place; not set: graphrec's own."
    )


class IngestSettings(_Section):
    """Loading data."""

    max_rejected_share: float = Field(
        0.01, ge=0, le=1, description="Share of bad rows above which nothing is loaded."
    )
    batch_rows: int = Field(100_000, ge=1, description="Rows read and checked at a time.")
    time_unit: Literal["auto", "s", "ms", "us", "ns"] = Field(
        "auto", description="Unit of numeric times; auto infers it from their size."
    )
    time_format: Annotated[str | None, AfterValidator(_of_a_date)] = Field(
        None, description="How times are written, such as %d/%m/%Y (strptime); not set: as usual."
    )
    day_first: bool | None = Field(
        None,
        description="Whether 04/08/2022 is 4 August; not set: as other dates of the column show.",
    )
    future_days: float = Field(
        1, ge=0, description="Events later than now by more days than this are refused."
    )
    rejects: Path = Field(
        Path("rejects"),
        description="Folder for rejected rows; forgetting a user searches it.",
    )
    ids: IdRules = Field(
        default_factory=IdRules, exclude=True, description="Set by the section `[ids]`."
    )


class StreamSettings(_Section):
    """A stream that `graphrec consume` reads, and that a service reads beside its requests."""

    url: SecretStr | None = Field(
        None,
        description="Broker and topics of events, such as kafka://localhost:9092/clicks; not set: "
        "the service reads none.",
    )
    items: str | None = Field(None, description="Topics of items, separated by commas.")
    users: str | None = Field(None, description="Topics of users, separated by commas.")
    format: Literal["json", "cloudevents", "debezium", "segment", "ga4"] = Field(
        "json", description="What the messages are."
    )
    map: tuple[str, ...] = Field(
        (), description="Keys of messages by what they are, as of `graphrec consume --map`."
    )
    attributes: tuple[str, ...] = Field(
        (), description="Kinds of attributes, as of `graphrec consume --attribute`."
    )
    kind: str | None = Field(None, description="Kind of all events.")
    registry: str | None = Field(
        None, description="Address of the registry of schemas, for Avro and Protobuf."
    )
    group: str = Field(
        "graphrec",
        min_length=1,
        description="Name under which the store keeps how far it was read.",
    )
    dead_letters: str | None = Field(
        None,
        description="Topic of messages that cannot be used; not set: the first topic, with "
        ".rejected.",
    )
    batch: int = Field(20_000, ge=1, description="Messages of a batch at most.")


class OnlineSettings(_Section):
    """What replicas of a service share through a Redis server."""

    url: SecretStr | None = Field(
        None,
        description="Redis server, such as redis://localhost:6379/0, with its password if it has "
        "one; not set: replicas share nothing but snapshots and the store.",
    )
    prefix: str = Field(
        "graphrec", pattern=r"^[A-Za-z0-9_.-]{1,64}$", description="What every key begins with."
    )


class EvaluationSettings(_Section):
    """Splits and metrics."""

    k: int = Field(10, ge=1, description="Cut-off of the ranked list.")
    test_share: float = Field(0.1, gt=0, lt=1, description="Newest share of events for testing.")
    valid_share: float = Field(
        0.1, gt=0, lt=1, description="Newest share of the rest, for choosing epochs."
    )
    valid_cuts: int = Field(
        3,
        ge=1,
        description="Cuts at most that epochs and weights are chosen on, each earlier than the one "
        "before, while they have fewer than 1,000 users.",
    )
    resamples: int = Field(1000, ge=0, description="Bootstrap resamples of users for intervals.")
    kinds: tuple[str, ...] = Field(
        (),
        description="Kinds of events that are test and validation targets, such as those that "
        "GraphSAGE is trained for; empty: all positive events.",
    )


class RetrievalSettings(_Section):
    """Candidate sources, and their weights in the ranking."""

    candidates: int = Field(200, ge=1, description="Candidates from each source.")
    new_items: float = Field(
        0.1,
        ge=0,
        le=1,
        description="Largest share of a list, but at least one place, for items added since the "
        "snapshot whose attributes are close to the user's profile; 0: none.",
    )
    new_items_reach: float = Field(
        0.1,
        ge=0,
        le=1,
        description="Largest share of people that one new item is recommended to, those it is "
        "nearest to; 1: everybody it is near to.",
    )
    new_items_per_hour: int | None = Field(
        None,
        ge=1,
        description="Most lists of one process and hour that one new item is in; not set: no "
        "limit.",
    )
    new_items_learn: bool = Field(
        False,
        description="Exploration by `thompson` draws new items by what came of them when they were "
        "shown; it needs `serve.exposures`.",
    )
    weights: Mapping[str, Annotated[float, Field(ge=0)]] = Field(
        default_factory=dict,
        description="Weights of sources in the ranking, by name, such as `neighbours`, `embedding` "
        "and `popularity`; a source that is not named weighs what was chosen in training.",
    )
    vectors: tuple[str, ...] | None = Field(
        None,
        description="Attributes of items that are vectors and a source of candidates each, "
        "`vector:NAME`; not set: all of them. Takes effect with the next training.",
    )
    disliked_days: float = Field(
        365,
        ge=0,
        description="Days for which an item that a user disliked or gave back is not recommended "
        "to them again, also where items that were seen may be.",
    )
    popular_by: str | None = Field(
        None,
        description="Attribute of users, a category or tags such as `country`: users without likes "
        "get the items that are popular among users with the same value. Takes effect with the "
        "next training.",
    )


class FusionSettings(_Section):
    """What the recommender that serves may be made of; training chooses on validation."""

    neighbourhoods: tuple[str, ...] = Field(
        ("graph-filter",),
        min_length=1,
        description="Models whose item-item scores may be the neighbourhood, such as `item-knn`, "
        "or module:Class of your own.",
    )
    embeddings: tuple[str, ...] = Field(
        ("graphsage", "mf"),
        description="Models whose vectors may be the embedding, the preferred one first.",
    )
    selection: Literal["accuracy", "personal"] = Field(
        "personal",
        description="Of epochs, models, weights and hyper-parameters that are left open, on "
        "validation: `accuracy` takes those with the best NDCG; `personal`, of all within one "
        "standard error of it, those whose lists cover most of the catalogue.",
    )
    ranker: Literal["none", "lambdamart"] = Field(
        "none",
        description="What may order the candidates of people with a history beside the weights: "
        "`lambdamart`, trees over features of candidates, which serve where their lists are "
        "clearly better on validation and hold as much of the catalogue; `none`.",
    )
    sources: Mapping[
        Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$"), AfterValidator(_of_a_source)], str
    ] = Field(
        default_factory=dict,
        description="Sources that serve beside them, by name: module:Class of your own, whose "
        "module the service imports too, or a model of sequences, such as `sasrec`.",
    )


class RatingSettings(_Section):
    """Predicting what users would give items, where events are ratings."""

    model: Annotated[str | None, BeforeValidator(_none), AfterValidator(_of_a_rating_model)] = (
        Field(
            "bayesian-svd",
            description="Model whose predictions serve, such as `svd++` or `biases`, or "
            "module:Class of your own; `none`: none. Takes effect with the next training.",
        )
    )
    kind: str | None = Field(
        None, description="Kind of events to predict, where several kinds are ratings."
    )
    folds: int = Field(5, ge=2, description="Folds of `graphrec evaluate --task rating`.")
    models: Mapping[
        Annotated[str, AfterValidator(_of_a_rating_model)],
        Mapping[str, bool | int | float | str],
    ] = Field(default_factory=dict, description="Hyper-parameters by model, where not the default.")


class RefreshSettings(_Section):
    """The refresh job: when to train again, which checks a snapshot must pass, how many to keep."""

    keep: int = Field(5, ge=1, description="Newest snapshots to keep, besides those in use.")
    every: int = Field(
        7, ge=1, description="With --since-last, train in one of this many refreshes; 1: in all."
    )
    max_age_days: float = Field(
        7, gt=0, description="With --since-last, days after which to train again."
    )
    max_drift: float = Field(
        0.1,
        ge=0,
        le=1,
        description="With --since-last, share of users, items or events whose degree or kind "
        "differs from that at training, above which to train again.",
    )
    max_new_share: float = Field(
        0.1, ge=0, description="With --since-last, share of new likes above which to train again."
    )
    min_test_users: int = Field(
        50,
        ge=1,
        description="Fewest test users with which lists are compared on the newest events.",
    )
    max_loss: float = Field(
        0.05,
        ge=0,
        le=1,
        description="Largest loss of NDCG against the serving snapshot, as a share of it.",
    )
    max_lost_share: float = Field(
        0.1,
        ge=0,
        le=1,
        description="Largest share of the serving snapshot's users, items, events or likes that "
        "may be missing.",
    )
    min_spread: float = Field(
        0.05,
        ge=0,
        le=1,
        description="Smallest variance of the directions of the embeddings, 0 to 1.",
    )
    max_overlap: float = Field(
        0.9, ge=0, le=1, description="Largest overlap of the lists of two users."
    )
    max_user_share: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Largest share of one user in the weights of all likes, of which popularity is "
        "made, where there are 20 users or more.",
    )
    min_coverage: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Smallest coverage of the catalogue, as a share of the serving snapshot's.",
    )


class PrivacySettings(_Section):
    """What is kept of users who were forgotten."""

    remember_forgotten: bool = Field(
        True,
        description="Keep a hash of the id of each user who is forgotten, under a key in the "
        "store, so that events which come late are refused; false: they make a new user.",
    )
    refuse_forgotten: bool = Field(
        False,
        description="Take nobody who was forgotten again, by that hash; false: a row of --users or "
        "a PUT brings them back, which `ingest` says.",
    )
    wait_seconds: float = Field(
        600,
        ge=0,
        description="Seconds that `graphrec forget` waits for a refresh that runs, after which it "
        "says which process that is; a request waits 20 at most.",
    )


class ServeSettings(_Section):
    """The API process."""

    host: str = Field("127.0.0.1", description="Address to listen on; loopback unless changed.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on.")
    workers: int = Field(
        1,
        ge=1,
        le=64,
        description="Processes that serve at this address, each with all of the snapshot in its "
        "memory; more than one on Linux alone.",
    )
    root_path: Annotated[str, AfterValidator(_a_prefix)] | None = Field(
        None,
        description="Path under which a proxy serves everything, such as `/rec`, whether or not it "
        "takes it off; not set: `/`, or what the proxy says in X-Forwarded-Prefix.",
    )
    tenants: Path | None = Field(
        None,
        description="Folder of tenants, each a folder with its `graphrec.toml`: they are served at "
        "`/t/NAME/…`, and nothing else is; not set: what these settings name is served.",
    )
    max_k: int = Field(100, ge=1, description="Longest list a request may ask for.")
    max_body_bytes: int = Field(2**20, ge=1024, description="Largest body of a request.")
    max_header_bytes: int = Field(
        32_768, ge=1024, description="Largest head of a request: its first line and its headers."
    )
    header_seconds: float = Field(
        10, gt=0, description="Seconds in which the head of a request has to come."
    )
    body_seconds: float = Field(
        30,
        gt=0,
        description="Seconds in which a body has to come, and more by its size; and for a client "
        "to take an answer.",
    )
    idle_seconds: int = Field(
        5, ge=1, description="Seconds that a connection may stay open between two requests."
    )
    max_connections: int = Field(
        4096,
        ge=16,
        description="Most connections, a quarter of them from one address; less where the system "
        "allows fewer open files. Beyond it, the one that has waited longest makes room.",
    )
    concurrent_lists: int = Field(
        4,
        ge=1,
        description="Lists and other reads that are answered at once; more wait for their turn, "
        "while health and writes go first.",
    )
    max_wait_ms: float = Field(
        50,
        gt=0,
        description="Milliseconds that a read may wait for its turn, after which the answer is "
        "503 with `Retry-After`.",
    )
    hosts: tuple[str, ...] = Field(
        (),
        description="Names that requests may have as `Host`, such as `rec.example`, beside the "
        "address that is listened on; not set: any, where there are keys, else those of loopback.",
    )
    keys: Path = Field(
        Path("keys.json"),
        description="File of API keys, by `graphrec keys create`; if it exists, keys are required.",
    )
    open_behind_proxy: bool = Field(
        False,
        description="Answer what a proxy passes on (`X-Forwarded-For`, `Forwarded`, `X-Real-IP`) "
        "although there are no keys; false: it is refused, as whoever the proxy lets in could "
        "delete users.",
    )
    rate: float | None = Field(
        None,
        gt=0,
        description="Requests per second for each key, or for each address without keys; not set: "
        "no limit.",
    )
    burst: int = Field(100, ge=1, description="Requests that may come at once within that rate.")
    cors_origins: tuple[str, ...] = Field(
        (),
        description="Origins whose pages may call the API, such as `https://shop.example`.",
    )
    image_hosts: tuple[Annotated[str, AfterValidator(_a_host)], ...] = Field(
        (),
        description="Hosts of which the explorer shows pictures of items (an attribute such as "
        "`image_url`), such as `images.shop.example` or `*.cdn.example`; not set: of none.",
    )
    drain_seconds: float = Field(
        0,
        ge=0,
        description="Seconds to keep answering after a stop signal, while readiness is 503.",
    )
    max_events: int = Field(1000, ge=1, description="Most events in one request.")
    cache_mib: float = Field(
        100,
        ge=0,
        description="MiB of lists kept in memory, about 2 KB each, for users who return before a "
        "change; questions that are long or rare are not kept.",
    )
    traces: bool = Field(
        False,
        description="Send a trace of each request to an OpenTelemetry collector, as its variables "
        "`OTEL_…` say.",
    )
    exposures: Path | None = Field(
        None,
        description="Folder of the exposure log, for `graphrec compare`; not set: no log.",
    )


class Settings(BaseSettings):
    """All settings, with their defaults."""

    model_config = SettingsConfigDict(
        env_prefix="GRAPHREC_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    store: str = Field("sqlite:///graphrec.db", description="URL of the graph store.")
    snapshots: Annotated[Path | str, BeforeValidator(location_of)] = Field(
        Path("snapshots"),
        description="Folder of published snapshots, or a URL such as `s3://bucket/folder`.",
    )
    cache: Path = Field(
        Path(CACHE),
        description="Folder for what can be fetched again: snapshots of a URL, data sets, the "
        "environments of benchmark peers.",
    )
    readers: Literal["owner", "group"] = Field(
        "owner",
        description="Who may read the files that commands and the service make: their owner alone, "
        "or the owner's group too.",
    )
    seed: int = Field(0, ge=0, description="Seed of all random choices.")
    kinds: Annotated[Mapping[str, KindPolicy], AfterValidator(_sensible)] = Field(
        default=DEFAULT_POLICY,
        description="What events of each kind mean, and how much they weigh; what is not set is as "
        "the usual name of the kind says.",
    )
    models: Mapping[
        Annotated[str, AfterValidator(_of_a_model)], Mapping[str, bool | int | float | str]
    ] = Field(default_factory=dict, description="Hyper-parameters by model, where not the default.")
    neo4j: Neo4jSettings = Field(default_factory=Neo4jSettings)
    ids: IdRules = Field(default_factory=IdRules)
    ingest: IngestSettings = Field(default_factory=IngestSettings)
    stream: StreamSettings = Field(default_factory=StreamSettings)
    online: OnlineSettings = Field(default_factory=OnlineSettings)
    evaluation: EvaluationSettings = Field(default_factory=EvaluationSettings)
    retrieval: RetrievalSettings = Field(default_factory=RetrievalSettings)
    fusion: FusionSettings = Field(default_factory=FusionSettings)
    rules: tuple[Rule, ...] = Field((), description="What holds of every list that is served.")
    placements: Annotated[
        Mapping[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")], Placement],
        BeforeValidator(with_ready),
        AfterValidator(checked),
    ] = Field(
        default_factory=lambda: READY,
        description="Named questions, such as `also-bought`: those that are ready-made, changed, "
        "and others.",
    )
    reasons: Mapping[str, Mapping[str, Annotated[str, AfterValidator(a_template)]]] = Field(
        default_factory=dict,
        description="Sentences of reasons, by language and code, in place of those that are "
        "shipped or for another language.",
    )
    experiments: Annotated[
        Mapping[
            Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")],
            Annotated[Experiment, AfterValidator(_fits)],
        ],
        AfterValidator(_beside_each_other),
    ] = Field(
        default_factory=dict,
        description="Variants of what serves, each tried on a share of the users.",
    )
    policies: Annotated[
        Mapping[
            Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")],
            Annotated[Policy, AfterValidator(_acts_on)],
        ],
        AfterValidator(_apart),
    ] = Field(
        default_factory=dict,
        description="Actions of which one makes a list: which one is learned from outcomes.",
    )
    ratings: RatingSettings = Field(default_factory=RatingSettings)
    refresh: RefreshSettings = Field(default_factory=RefreshSettings)
    privacy: PrivacySettings = Field(default_factory=PrivacySettings)
    serve: ServeSettings = Field(default_factory=ServeSettings)

    @property
    def user_attributes(self) -> frozenset[str]:
        """The attributes of users that rules and placements go by: a snapshot keeps them."""
        variants = [v for each in self.experiments.values() for v in each.variants.values()]
        variants += [v for each in self.policies.values() for v in each.actions.values()]
        placements = [*self.placements.values()]
        for variant in variants:
            placements += changed_placements(variant, self.placements).values()
        rules = [*self.rules]
        for placement in placements:
            rules += placement.rules
        for variant in variants:
            rules += variant.rules
        named = {each.segment for each in placements} | {rule.of_user for rule in rules}
        named |= {name for each in self.policies.values() for name in each.attributes}
        return frozenset(name for name in named if name is not None)

    @model_validator(mode="after")
    def _learning_has_a_log(self) -> Settings:
        if self.policies and self.serve.exposures is None:
            raise ValueError(
                f"policies.{next(iter(self.policies))}: there is no exposure log to learn from; "
                f"set serve.exposures to a folder"
            )
        if self.retrieval.new_items_learn and self.serve.exposures is None:
            raise ValueError(
                "retrieval.new_items_learn: there is no exposure log to learn from; set "
                "serve.exposures to a folder"
            )
        return self

    @model_validator(mode="after")
    def _ids_are_read_by_their_section(self) -> Settings:
        if "ids" in self.model_fields_set:
            # Loading is given its section alone, and reads ids by the same rules as the service.
            object.__setattr__(self, "ingest", self.ingest.model_copy(update={"ids": self.ids}))
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment before file; `load_settings` passes the values of the file as arguments."""
        return env_settings, init_settings


def load_settings(path: Path | None = None) -> Settings:
    """The settings of `path`, or of `graphrec.toml` in the working folder if it exists.

    Raises SettingsError that names the key, its value and the expectation, or if `path` is given
    and missing.
    """
    if path is not None and not path.is_file():
        raise SettingsError(f"settings file {str(path)!r} is not there: expected a TOML file")
    file = path or SETTINGS_FILE
    _refuse_unknown_variables()
    try:
        return Settings(**(values_of(file) if file.exists() else {}))
    except ValidationError as error:
        raise SettingsError(
            "; ".join(
                _said(each["loc"], each["type"], each["msg"], each["input"])
                for each in error.errors()
            )
            + f"; see {file} and GRAPHREC_… variables"
        ) from error
    except (SourceError, ValueError) as error:
        raise SettingsError(f"settings cannot be read from {file}: {error}") from error


def values_of(file: Path) -> dict[str, Any]:
    """What a settings file says, without defaults and variables; raises SettingsError."""
    try:
        return TomlConfigSettingsSource(Settings, file)()
    except (SourceError, ValueError) as error:
        raise SettingsError(f"settings cannot be read from {file}: {error}") from error


def changed(section: Section, changes: Mapping[str, Any]) -> Section:
    """A section with other values, such as those of options; raises SettingsError."""
    try:
        return type(section).model_validate({**section.model_dump(), **changes})
    except ValidationError as error:
        raise SettingsError(
            "; ".join(_said(e["loc"], e["type"], e["msg"], e["input"]) for e in error.errors())
        ) from error


def _said(path: tuple[int | str, ...], kind: str, message: str, value: object) -> str:
    """What is wrong with one setting."""
    key = tuple(str(part) for part in path if part != "[key]")
    # A misspelt key of this section may hold a password.
    # What is wrong within several keys names them itself.
    whole = isinstance(value, Mapping) and kind == "value_error"
    shown = "" if key[:1] in (("neo4j",), ("stream",), ("online",)) or whole else f" = {value!r}"
    if kind != "extra_forbidden":
        return f"setting {'.'.join(key)!r}{shown}: {message.removeprefix('Value error, ')}"
    meant = closest(key[-1], _keys_beside(key))
    if len(key) == 1 and isinstance(value, Mapping):
        return f"unknown section [{key[0]}]{shown}" + (
            f"; did you mean [{meant}]?" if meant else ""
        )
    said = f"unknown setting {'.'.join(key)!r}{shown}"
    return said + (f"; did you mean {'.'.join((*key[:-1], meant))!r}?" if meant else "")


def _keys_beside(key: tuple[str, ...]) -> Collection[str]:
    """The known keys of the section that a key is in; none where the section has no fixed keys."""
    section: Any = Settings
    for part in key[:-1]:
        if _is_section(section):
            field = section.model_fields.get(part)
            section = None if field is None else field.annotation
        else:  # a mapping of sections by name
            section = _plain((*get_args(section), None)[1])
    return section.model_fields if _is_section(section) else ()


def _is_section(section: Any) -> bool:
    return isinstance(section, type) and issubclass(section, BaseModel)


def _plain(annotation: Any) -> Any:
    """A type without what is annotated to it."""
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _refuse_unknown_variables() -> None:
    """Raise SettingsError for a variable that names no setting, which pydantic would ignore."""
    for name in os.environ:
        key = name.upper().removeprefix("GRAPHREC_").partition("__")[0].lower()
        if name.upper().startswith("GRAPHREC_") and key not in Settings.model_fields:
            meant = closest(key, Settings.model_fields)
            right = "" if meant is None else "GRAPHREC_" + meant.upper() + name[9 + len(key) :]
            raise SettingsError(
                f"unknown variable {name}: expected GRAPHREC_ and one of "
                f"{', '.join(Settings.model_fields)}; "
                + (f"did you mean {right}?" if right else "unset it, or correct its name")
            )
