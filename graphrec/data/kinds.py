"""What the events of each kind mean: a policy for each, by default that of its usual name."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Annotated, Any, Literal, TypeAlias

import numpy as np
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from graphrec.data.clipping import CLIP_QUANTILE
from graphrec.errors import SettingsError

Polarity: TypeAlias = Literal["positive", "negative", "neutral"]
Repeats: TypeAlias = Literal["latest", "sum"]

MEAN = "user-mean"
QUANTILE = "user-quantile:"


def _like_from(value: str) -> str:
    share = value.removeprefix(QUANTILE)
    known = value == MEAN or (share != value and re.fullmatch(r"0?\.\d+|[01](\.0*)?", share))
    if not known:
        raise ValueError(f"expected '{MEAN}', or '{QUANTILE}' and a share, as in '{QUANTILE}0.7'")
    return value


LikeFrom: TypeAlias = Annotated[str, AfterValidator(_like_from)]


def _none(value: Any) -> Any:
    return None if value == "none" else value


def _several(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


class KindPolicy(BaseModel):
    """What the events of one kind mean, and how much they weigh."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    weight: float = Field(1.0, ge=0, description="Weight of one event; 0 means seen, not liked.")
    threshold: Annotated[float | None, BeforeValidator(_none)] = Field(
        None,
        description="Where set, an event is positive from this value on and weighs `weight`; "
        "below, it is seen, not liked. Where not set, or `none`, it weighs `weight` times its "
        "value.",
    )
    like_from: Annotated[LikeFrom | None, BeforeValidator(_none)] = Field(
        None,
        description="A threshold of each user's own, in place of one for all: `user-mean`, or such "
        "as `user-quantile:0.7`, of which 70 % of the user's values are not above. With "
        "`threshold` in the same section, both must be reached.",
    )
    half_life_days: float | None = Field(
        None, gt=0, description="Days after which the weight has halved; not set: never."
    )
    polarity: Polarity = Field(
        "positive",
        description="`negative`: the user dislikes the item; `neutral`: they have seen it, and "
        "nothing more.",
    )
    cancels: Annotated[tuple[str, ...], BeforeValidator(_several)] = Field(
        (),
        description="A kind, or a list of kinds, whose events of the same user and item no longer "
        "count if they are not later.",
    )
    cancels_by: Literal["event", "amount"] = Field(
        "event",
        description="Whether a cancelling `event` puts out of force all earlier ones, or only the "
        "`amount` that its value says, the latest first: 1 of 3 pieces. Ratings have no amount.",
    )
    repeats: Repeats | None = Field(
        None,
        description="Of several events of a user on an item, `latest` counts, or the `sum`; not "
        "set: the latest where there is a threshold or negative values are dislikes, else the sum.",
    )
    negative: Literal["reject", "rating", "dislike", "cancel", "seen"] = Field(
        "reject",
        description="What a value below 0 means: `reject` the row, a low `rating`, a `dislike`, to "
        "`cancel` as much of the user's earlier events of this kind on the item, or that it was "
        "`seen` and not rated.",
    )
    zero: Literal["rating", "missing"] = Field(
        "rating",
        description="What a value of 0 means: the lowest `rating`, or that the rating is "
        "`missing`: seen, and not rated.",
    )

    clip_quantile: float = Field(
        CLIP_QUANTILE,
        ge=0.5,
        le=1,
        description="What the events of a user on an item add up to is clipped at what this share "
        "of users stay below, by the largest sum of each, so that nobody alone changes everyone's "
        "lists; 1: not clipped.",
    )
    same_time: Literal["replace", "add"] = Field(
        "replace",
        description="Of events of one source that have the same user, item and time: `replace`: "
        "the last one counts; `add`: their values are added up, as of quantities.",
    )

    @property
    def least(self) -> float | None:
        """The threshold in float32, as values are kept, so that a value equal to it reaches it.

        A threshold beyond the largest float32 is infinite: no value reaches it.
        """
        if self.threshold is None:
            return None
        with np.errstate(over="ignore"):
            return float(np.float32(self.threshold))

    @property
    def rates(self) -> bool:
        """Whether values are ratings, which are compared with a threshold, and not amounts."""
        return self.threshold is not None or self.like_from is not None

    @property
    def latest(self) -> bool:
        """Whether only the latest event of a user on an item counts."""
        if self.repeats is None:
            return self.rates or self.negative == "dislike"
        return self.repeats == "latest"

    @property
    def amounts(self) -> bool:
        """Whether values are amounts that add up, of which a part can be taken back."""
        return not self.rates and not self.latest

    @property
    def quantile(self) -> float | None:
        """That of `like_from`; None where it is the mean, or not set."""
        if self.like_from is None or not self.like_from.startswith(QUANTILE):
            return None
        return float(self.like_from.removeprefix(QUANTILE))


BOUGHT = ("purchase", "purchased", "buy", "bought", "order", "ordered", "transaction")
_LIKED = ("like", "liked", "love", "loved", "thumbs_up", "upvote", "favorite", "favourite", "heart")
_SAVED = ("save", "saved", "bookmark", "wishlist", "add_to_wishlist", "watchlist", "add_to_list")
_UNSAVED = (
    *("unsave", "unbookmark", "remove_bookmark", "remove_from_wishlist", "remove_from_list"),
    "remove_from_watchlist",
)
_CARTED = ("cart", "add_to_cart", "basket", "add_to_basket")
_FOLLOWED = ("follow", "followed", "subscribe", "subscribed")
_PLAYED = ("play", "played", "listen", "listened", "watch", "watched", "complete", "completed")
_NOT_LIKED = ("dislike", "disliked", "thumbs_down", "downvote")
_NOT_WANTED = ("hide", "hidden", "dismiss", "dismissed", "not_interested")
_SKIPPED = ("skip", "skipped")
_REFUSED = ("report", "reported", "block", "blocked", "mute", "muted")
_GIVEN_BACK = ("return", "returned", "refund", "refunded")

_MIND_CHANGED = (*_NOT_LIKED, *_NOT_WANTED, *_SKIPPED)


def _neutral(*cancels: str) -> KindPolicy:
    return KindPolicy(polarity="neutral", cancels=cancels)


_USUAL: tuple[tuple[tuple[str, ...], KindPolicy], ...] = (
    (("rating",), KindPolicy(weight=1, threshold=3.5)),
    (_LIKED, KindPolicy(cancels=_MIND_CHANGED)),
    (BOUGHT, KindPolicy(cancels=(*_MIND_CHANGED, *_GIVEN_BACK))),
    (_PLAYED, KindPolicy(cancels=_SKIPPED)),
    ((*_MIND_CHANGED, *_REFUSED), KindPolicy(polarity="negative")),
    (
        _GIVEN_BACK,
        KindPolicy(
            polarity="negative",
            cancels=BOUGHT,
            cancels_by="amount",
            negative="dislike",
            repeats="sum",
        ),
    ),
    (("cancel_order", "order_cancelled", "order_canceled", "cancel_purchase"), _neutral(*BOUGHT)),
    (("unlike", "unlove", "remove_like", "unfavorite", "unfavourite"), _neutral(*_LIKED)),
    (_UNSAVED, _neutral(*_SAVED)),
    (("remove_from_cart", "remove_from_basket", "delete_from_cart"), _neutral(*_CARTED)),
    (("unfollow", "unsubscribe"), _neutral(*_FOLLOWED)),
    (("undislike", "remove_dislike"), _neutral(*_NOT_LIKED)),
    (("unhide",), _neutral(*_NOT_WANTED)),
    (("unblock", "unmute"), _neutral(*_REFUSED)),
    (("unrate", "remove_rating", "delete_rating"), _neutral("rating")),
    (("impression", "impressions", "shown", "exposure", "displayed"), _neutral()),
)
"""The usual names of kinds, and what their events mean."""


@lru_cache(4096)
def normal(kind: str) -> str:
    """The name of a kind as names are compared: `Thumbs-Down` is `thumbs_down`."""
    return re.sub(r"[\s_-]+", "", kind).casefold()


USUAL: Mapping[str, KindPolicy] = {
    normal(name): policy for names, policy in _USUAL for name in names
}
"""The policies of the usual names, by their normal form; another name has `KindPolicy()`."""

DEFAULT_POLICY: Mapping[str, KindPolicy] = {}
"""What the settings say of kinds by default: nothing, so that each is what its name says."""


def usual_names() -> tuple[tuple[tuple[str, ...], KindPolicy], ...]:
    """The usual names with the same policy, and that policy, for a table."""
    return _USUAL


def policy_of(kind: str, given: Mapping[str, KindPolicy] = DEFAULT_POLICY) -> KindPolicy:
    """What events of a kind mean: what is `given` of it, and else what its usual name says.

    What is given overrides single fields. Names are compared in their normal form, where none is
    the very same. A `like_from` that is given replaces a usual threshold.
    """
    form = normal(kind)
    own = given.get(kind)
    if own is None and given:
        own = next((policy for name, policy in given.items() if normal(name) == form), None)
    if own is None:
        return USUAL.get(form, KindPolicy())
    return _merged(form, tuple((name, getattr(own, name)) for name in sorted(own.model_fields_set)))


@lru_cache(4096)
def _merged(form: str, given: tuple[tuple[str, Any], ...]) -> KindPolicy:
    values = dict(given)
    if values.get("like_from") is not None:
        values.setdefault("threshold", None)
    return USUAL.get(form, KindPolicy()).model_copy(update=values)


def overridden(
    given: Mapping[str, KindPolicy], by: Mapping[str, KindPolicy]
) -> Mapping[str, KindPolicy]:
    """What is `given` of kinds, with the fields that `by` sets in place of its own."""
    own = {normal(kind): policy for kind, policy in by.items()}
    found = dict(by)
    for kind, policy in given.items():
        over = own.get(normal(kind), KindPolicy())
        name = next((name for name in by if normal(name) == normal(kind)), kind)
        fields = {field: getattr(over, field) for field in over.model_fields_set}
        found[name] = policy.model_copy(update=fields)
    return found


def check_given(given: Mapping[str, KindPolicy]) -> None:
    """See that policies make sense with what usual names say; raises SettingsError."""
    for kind in given:
        policy = policy_of(kind, given)
        if policy.like_from is not None and policy.polarity != "positive":
            raise SettingsError(
                f"setting kinds.{kind}.like_from = {policy.like_from!r} is of a kind that is "
                f"{policy.polarity}: expected a positive one; set its polarity, or leave it out"
            )
        if normal(kind) in map(normal, policy.cancels):
            raise SettingsError(
                f"setting kinds.{kind}.cancels names {kind!r} itself: expected other kinds; with "
                f"repeats = 'latest' an event takes the place of earlier ones"
            )


def have_own_thresholds(given: Mapping[str, KindPolicy]) -> bool:
    """Whether of any kind what a user likes depends on all their other events of the kind."""
    return any(policy.like_from is not None for policy in given.values())


def describe(policy: KindPolicy, known: Collection[str] | None = None) -> str:
    """What events with a policy mean, in a few words: `positive from 3.5, the latest counts`.

    Of the kinds that they cancel, those that are `known`, such as those of a store; None: all.
    """
    said: str = policy.polarity if policy.weight else "neutral"
    if policy.rates and said != "neutral":
        bars = [] if policy.threshold is None else [f"{policy.threshold:g}"]
        said += f" from {' and '.join([*bars, *([policy.like_from] if policy.like_from else [])])}"
    parts = [said]
    if policy.latest:
        parts.append("the latest counts")
    cancels: Collection[str] = policy.cancels
    if known is not None:
        forms = set(map(normal, cancels))
        cancels = sorted(kind for kind in known if normal(kind) in forms)
    if cancels:
        by = " by amount" if policy.cancels_by == "amount" else ""
        parts.append(f"cancels{by} {', '.join(cancels)}")
    if policy.negative != "reject":
        parts.append(f"below 0: {policy.negative}")
    if policy.zero != "rating":
        parts.append("0: no rating")
    if policy.weight not in (0, 1):
        parts.append(f"weight {policy.weight:g}")
    if policy.half_life_days is not None:
        parts.append(f"halves every {policy.half_life_days:g} days")
    return ", ".join(parts)


def check_cancels(given: Mapping[str, KindPolicy], known: Collection[str]) -> None:
    """See that the kinds which settings cancel are known; raises SettingsError.

    `known` are the kinds of a store or a log. A usual name, and one with settings of its own, may
    have no event yet.
    """
    check_given(given)
    forms = {normal(kind): kind for kind in (*USUAL, *given, *known)}
    for kind, policy in given.items():
        for name in policy.cancels if "cancels" in policy.model_fields_set else ():
            if normal(name) not in forms:
                meant = get_close_matches(normal(name), forms, n=1, cutoff=0.5)
                said = f"did you mean {forms[meant[0]]!r}?" if meant else _listed(known)
                raise SettingsError(
                    f"setting kinds.{kind}.cancels = {name!r} is no kind of event that is known: "
                    f"{said}"
                )


def _listed(known: Iterable[str]) -> str:
    return f"expected one of {', '.join(sorted(known)) or 'those that are loaded (none is)'}"
