"""Games."""

from __future__ import annotations

from graphrec.ingest.formats.declare import Events, Format, Nodes, Text
from graphrec.ingest.formats.shapes import unlisted

_GAMES = Nodes(
    files=("steam_games.json",),
    node_type="item",
    id="id",
    attributes={
        "title": "text",
        "genres": "tags",
        "tags": "tags",
        "developer": "category",
        "publisher": "category",
        "release_date": "text",
    },
    called={"title": "app_name"},
)

STEAM_200K = Format(
    "steam-200k",
    "Steam 200K (Kaggle)",
    (
        Events(
            files=("steam-200k.csv",),
            text=Text(",", ("user", "item", "behavior", "value", "zero")),
            weight="value",
            kind="behavior",
        ),
    ),
    signs=("steam-200k.csv",),
    says=("a purchase weighs 1, and a play its hours; there are no times",),
)

STEAM_REVIEWS = Format(
    "steam-reviews",
    "Steam reviews (McAuley)",
    (
        Events(
            files=("steam_reviews.json", "steam_new.json"),
            user="username",
            item="product_id",
            time="date",
            each="review",
        ),
        _GAMES,
    ),
    signs=("steam_reviews.json|steam_new.json",),
    says=("lines are objects as Python writes them", "hours of play are not known of all reviews"),
)

STEAM_AUSTRALIA = Format(
    "steam-australia",
    "Steam users of Australia (McAuley)",
    (
        Events(
            files=("australian_users_items.json",),
            shape=unlisted(
                "items", {"item": "item_id", "weight": "playtime_forever"}, {"user": "user_id"}, 50
            ),
            weight="weight",
            each="play",
        ),
        Events(
            files=("australian_user_reviews.json",),
            shape=unlisted(
                "reviews", {"item": "item_id", "kind": "recommend"}, {"user": "user_id"}
            ),
            kind="kind",
            codes={"true": "like", "false": "dislike"},
            optional=True,
        ),
        Nodes(
            files=("australian_users_items.json",),
            shape=unlisted("items", {"item": "item_id", "title": "item_name"}, {}, 50),
            distinct=True,
            node_type="item",
            id="item",
            attributes={"title": "text"},
        ),
        _GAMES,
    ),
    signs=("australian_users_items.json",),
    says=(
        "lines are objects as Python writes them",
        "a play weighs its minutes; a game that was never played is seen, not liked",
        "dates of reviews have no year in part: there are no times",
    ),
)

FORMATS = (STEAM_200K, STEAM_REVIEWS, STEAM_AUSTRALIA)
