"""What is asked of a placement, and the query that it comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from graphrec.data import AttributeValue
from graphrec.data.ids import as_id, as_ids
from graphrec.placement.definition import OF_ITEMS, Placement
from graphrec.recommend.query import Query
from graphrec.recommend.reasons import DEFAULT_LANGUAGE
from graphrec.rules.rule import RequireRule, Rule
from graphrec.store.protocol import Neighbour


@dataclass(frozen=True)
class PlacementQuestion:
    """Who asks a placement, and about what."""

    user: str | None = None
    """The id of a user, known or not."""
    items: Sequence[str] = ()
    """Ids of items: those that the list stands beside, as on a product page or in a cart; of a
    placement for a person, without a user, those that the visitor likes."""
    k: int | None = None
    """The length of the list; None: as the placement says."""
    where: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Only items with one of these values of an attribute, by its name, such as a category."""
    segment: str | None = None
    """Whose popular or trending items are meant: a value of the placement's `segment`; None: the
    user's own."""
    rules: Sequence[Rule] = ()
    """In addition to those of the placement."""
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    """Of a visitor without an id."""
    fields: Sequence[str] | None = None
    """Attributes of items to give with them; None: as the placement says."""
    language: str = DEFAULT_LANGUAGE
    """Of the reasons."""
    explain: bool = False
    """Give what each source adds to each score."""
    reasons: bool = True
    """Give the reason of each item."""
    changes: Mapping[str, object] = field(default_factory=dict)
    """Settings of the placement that are otherwise in this list, such as `diversity` or `weights`;
    those of its fallbacks stay."""
    counted: Mapping[str, Sequence[Neighbour]] | None = None
    """Of `together` and `cart`: by item, what a store counted beside it just now
    (`graphrec.recommend.placements.live`); None: as the snapshot has it."""

    def __post_init__(self) -> None:
        """Ids of other types become text; raises DataError for what is no id."""
        if self.user is not None:
            object.__setattr__(self, "user", as_id(self.user))
        object.__setattr__(self, "items", tuple(as_ids(self.items)))


def query_of(placement: Placement, question: PlacementQuestion) -> Query:
    """The query that a question to a placement comes to."""
    beside = question.user is not None or placement.type in OF_ITEMS
    where = tuple(
        RequireRule(name=f"where {name}", action="require", attribute=name, any_of=tuple(values))
        for name, values in question.where.items()
    )
    return Query(
        user=question.user,
        items=() if beside else question.items,
        about=question.items if beside else (),
        attributes=question.attributes if question.user is None else {},
        k=placement.k if question.k is None else question.k,
        exclude_seen=placement.excludes_seen,
        rules=(*question.rules, *where),
        standing=placement.rules,
        diversity=placement.diversity,
        segment=question.segment if placement.segment is None else None,
        exploration=placement.exploration,
        exploration_by=placement.exploration_by,
        explain=question.explain,
        reasons=question.reasons,
        caps=placement.caps,
        pins=placement.pins,
        weights=placement.weights,
        new_items=placement.new_items,
        language=question.language,
        templates=placement.reasons,
    )
