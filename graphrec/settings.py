"""Settings: `graphrec.toml`, overridden by `GRAPHREC_…` environment variables.

A nested key is reached with two underscores: `GRAPHREC_SERVE__PORT=9000`. Unknown keys are errors.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
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
from graphrec.data.weighting import DEFAULT_POLICY, KindPolicy
from graphrec.errors import SettingsError
from graphrec.rules.rule import Rule

SETTINGS_FILE = Path("graphrec.toml")

MODEL_NAMES = (
    *("random", "popularity", "recent-popularity", "content-knn", "item-knn", "user-knn"),
    *("rp3beta", "graph-filter", "svd", "ials", "ease", "mf", "neumf", "graphsage"),
)
"""The keys of `graphrec.models.MODELS`, which is a layer above; a test compares the two."""


def _of_a_model(name: str) -> str:
    if name not in MODEL_NAMES:
        raise ValueError(f"expected the name of a model: {', '.join(MODEL_NAMES)}")
    return name


def _beside_defaults(kinds: Mapping[str, KindPolicy]) -> Mapping[str, KindPolicy]:
    return {**DEFAULT_POLICY, **kinds}


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Name: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
"""Of a label, relationship type or property: letters, digits and underscores, not a digit first."""


class MappedNodes(_Section):
    """The nodes of an existing graph that are of one type."""

    label: Name = Field(description="Their label, such as `Movie`.")
    id: Name = Field("id", description="The property that tells them apart: strings, or integers.")
    attributes: Mapping[Name, AttributeKind] = Field(
        default_factory=dict,
        description="Properties to read as attributes: number, category, tags or text.",
    )


class MappedInteraction(_Section):
    """The relationships of an existing graph, from users to items, that are events of one kind."""

    type: Name = Field(description="Their type, such as `RATED`.")
    weight: Name | None = Field(None, description="The property with the weight; not set: 1.")
    time: Name | None = Field(None, description="The property with the time; not set: 0.")
    time_unit: Literal["s", "ms", "us", "datetime"] = Field(
        "s", description="Unit of numeric times since 1970, or `datetime` for zoned datetimes."
    )


class MappedLink(_Section):
    """Relationships of an existing graph that are links of one relation."""

    source: str = Field(description="The type of node they start from: a key of `nodes`.")
    relation: str = Field(description="What graphrec calls them, such as `has_genre`.")
    target: str = Field(description="The type of node they lead to: a key of `nodes`.")
    type: Name = Field(description="Their type, such as `IN_GENRE`.")
    weight: Name | None = Field(None, description="The property with the weight; not set: 1.")


class MappedGraph(_Section):
    """A graph that is there already: which labels, types and properties play what."""

    nodes: Mapping[str, MappedNodes] = Field(description="By type; `user` and `item` must be.")
    interactions: Mapping[str, MappedInteraction] = Field(
        min_length=1, description="By kind of event; what each is worth is in `kinds`."
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
    """Who asks a Neo4j server, where `store` is the URL of one, and for which graph."""

    user: str = Field("neo4j", description="User to log in as.")
    password: SecretStr | None = Field(
        None, description="Their password; better in `GRAPHREC_NEO4J__PASSWORD` than in a file."
    )
    database: str = Field("neo4j", description="Database of the server.")
    graph: MappedGraph | None = Field(
        None, description="A graph that is there already, to be used in place; not set: graphrec's."
    )


class IngestSettings(_Section):
    """Loading data."""

    max_rejected_share: float = Field(
        0.01, ge=0, le=1, description="Share of bad rows above which a load stops, unwritten."
    )
    batch_rows: int = Field(100_000, ge=1, description="Events in one durable batch.")
    time_unit: Literal["auto", "s", "ms", "us", "ns"] = Field(
        "auto", description="Unit of numeric times; auto tells it from their size."
    )


class EvaluationSettings(_Section):
    """Splits and metrics."""

    k: int = Field(10, ge=1, description="Cut-off of the ranked list.")
    test_share: float = Field(0.1, gt=0, lt=1, description="Newest share of events for testing.")
    valid_share: float = Field(
        0.1, gt=0, lt=1, description="Newest share of what is left, for choosing epochs."
    )
    resamples: int = Field(1000, ge=0, description="Bootstrap resamples of users for intervals.")
    kinds: tuple[str, ...] = Field(
        (),
        description="Kinds of events that testing and choosing ask about, such as those that "
        "GraphSAGE targets; none: all that are positive.",
    )


class RetrievalSettings(_Section):
    """Where candidates come from, and what each source weighs in the ranking."""

    candidates: int = Field(200, ge=1, description="Candidates from each source.")
    new_items: float = Field(
        0.1,
        ge=0,
        le=1,
        description="Most of a list, in shares of it but one place at least, for items that came "
        "since the snapshot and are near the user by their attributes; 0: none.",
    )
    embedding: float | None = Field(
        None, ge=0, description="Weight of nearest embeddings; not set: as chosen in training."
    )
    neighbours: float | None = Field(
        None, ge=0, description="Weight of neighbours of the history; not set: as chosen."
    )
    popularity: float | None = Field(
        None, ge=0, description="Weight of popular items; not set: as chosen."
    )
    popular_by: str | None = Field(
        None,
        description="Attribute of users, a category or tags such as `country`: of whom nothing is "
        "known that they like gets what is popular with those who share its value, from the next "
        "training on.",
    )


class RefreshSettings(_Section):
    """Refreshing what serves: what is published, what is kept, and when to train anew."""

    keep: int = Field(5, ge=1, description="Snapshots to keep, newest first, beside those in use.")
    every: int = Field(
        7, ge=1, description="With --since-last, one refresh in so many trains; 1: all do."
    )
    max_age_days: float = Field(
        7, gt=0, description="With --since-last, age of the training from which to train anew."
    )
    max_drift: float = Field(
        0.1,
        ge=0,
        le=1,
        description="With --since-last, share of users, items or events of another degree or kind "
        "than at training, above which to train anew.",
    )
    max_new_share: float = Field(
        0.1, ge=0, description="With --since-last, share of new likes above which to train anew."
    )
    min_test_users: int = Field(
        50, ge=1, description="Test users below which lists are not compared on the newest events."
    )
    max_loss: float = Field(
        0.05, ge=0, le=1, description="Share of NDCG that may be lost against what serves."
    )
    max_lost_share: float = Field(
        0.1,
        ge=0,
        le=1,
        description="Share of the users, items, events or likes of what serves that may be gone.",
    )
    min_spread: float = Field(
        0.05, ge=0, le=1, description="Least variance of the directions of embeddings, 0 to 1."
    )
    max_overlap: float = Field(
        0.9, ge=0, le=1, description="Most that the lists of two users may have in common."
    )
    min_coverage: float = Field(
        0.5, ge=0, le=1, description="Least coverage of the catalogue, in shares of what serves."
    )


class ServeSettings(_Section):
    """The API process."""

    host: str = Field("127.0.0.1", description="Address to listen on; loopback unless changed.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on.")
    max_k: int = Field(100, ge=1, description="Longest list a request may ask for.")
    max_body_bytes: int = Field(2**20, ge=1024, description="Largest body of a request.")
    keys: Path = Field(
        Path("keys.json"),
        description="File of API keys, by `graphrec keys create`; keys are on where it is there.",
    )
    rate: float | None = Field(
        None,
        gt=0,
        description="Requests a second for each key, or each address where keys are off; not set: "
        "no limit.",
    )
    burst: int = Field(100, ge=1, description="Requests that may come at once within that rate.")
    cors_origins: tuple[str, ...] = Field(
        (),
        description="Origins whose pages may ask, such as `https://shop.example`; none unless set.",
    )
    drain_seconds: float = Field(
        0, ge=0, description="Told to stop, go on this long while readiness says 503 already."
    )
    max_events: int = Field(1000, ge=1, description="Most events a request may send.")
    cached_lists: int = Field(
        50_000,
        ge=0,
        description="Lists kept for users who come again before anything changed, at about 2 KB.",
    )
    exposures: Path | None = Field(
        None,
        description="Folder for the log of who was shown what, for `graphrec compare`; not set: "
        "none is kept.",
    )


class Settings(BaseSettings):
    """All settings, with their defaults."""

    model_config = SettingsConfigDict(
        env_prefix="GRAPHREC_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    store: str = Field("sqlite:///graphrec.db", description="URL of the graph store.")
    snapshots: Path = Field(Path("snapshots"), description="Folder of published snapshots.")
    cache: Path = Field(
        Path("~/.cache/graphrec"),
        description="Folder for downloaded data sets, and for the peers of benchmarks.",
    )
    seed: int = Field(0, ge=0, description="Seed of everything random.")
    kinds: Annotated[Mapping[str, KindPolicy], AfterValidator(_beside_defaults)] = Field(
        default=DEFAULT_POLICY,
        description="What events of each kind are worth; a kind not named keeps its default.",
    )
    models: Mapping[
        Annotated[str, AfterValidator(_of_a_model)], Mapping[str, bool | int | float | str]
    ] = Field(
        default_factory=dict, description="Hyper-parameters by model name, where not the default."
    )
    neo4j: Neo4jSettings = Field(default_factory=Neo4jSettings)
    ingest: IngestSettings = Field(default_factory=IngestSettings)
    evaluation: EvaluationSettings = Field(default_factory=EvaluationSettings)
    retrieval: RetrievalSettings = Field(default_factory=RetrievalSettings)
    rules: tuple[Rule, ...] = Field((), description="What holds of every list that is served.")
    refresh: RefreshSettings = Field(default_factory=RefreshSettings)
    serve: ServeSettings = Field(default_factory=ServeSettings)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment before file; `load_settings` passes what the file says as init values."""
        return env_settings, init_settings


def load_settings(path: Path | None = None) -> Settings:
    """The settings of `path`, or of `graphrec.toml` in the working folder where there is one.

    Raises SettingsError: with the key, its value and what was expected of it, or where `path` was
    given and is not there.
    """
    if path is not None and not path.is_file():
        raise SettingsError(f"settings file {str(path)!r} is not there: expected a TOML file")
    file = path or SETTINGS_FILE
    _refuse_unknown_variables()
    try:
        values: dict[str, Any] = TomlConfigSettingsSource(Settings, file)() if file.exists() else {}
        return Settings(**values)
    except ValidationError as error:
        lines = [
            f"setting {'.'.join(str(part) for part in e['loc'] if part != '[key]')!r}"
            f"{_shown(e['loc'], e['input'])}: {e['msg'].removeprefix('Value error, ')}"
            for e in error.errors()
        ]
        raise SettingsError("; ".join(lines) + f"; see {file} and GRAPHREC_… variables") from error
    except (SourceError, ValueError) as error:
        raise SettingsError(f"settings cannot be read from {file}: {error}") from error


def _shown(key: tuple[int | str, ...], value: object) -> str:
    """The value of a key, unless it could be a password, or a misspelt one."""
    return "" if key[:1] == ("neo4j",) else f" = {value!r}"


def _refuse_unknown_variables() -> None:
    """Pydantic looks for the variables it knows; a misspelt one would be passed over."""
    for name in os.environ:
        key = name.upper().removeprefix("GRAPHREC_").partition("__")[0].lower()
        if name.upper().startswith("GRAPHREC_") and key not in Settings.model_fields:
            raise SettingsError(
                f"variable {name!r} is no setting: expected GRAPHREC_ and one of "
                f"{', '.join(Settings.model_fields)}; unset it, or mend its name"
            )
