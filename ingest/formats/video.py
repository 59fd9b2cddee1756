"""Films, series and short videos."""

from __future__ import annotations

from graphrec.ingest.formats.declare import Events, Format, Links, Nodes
from graphrec.ingest.formats.netflix import NETFLIX
from graphrec.ingest.formats.shapes import flagged, unlisted

from graphrec.data import AttributeKind
from graphrec.data.kinds import KindPolicy

_PEOPLE: dict[str, AttributeKind | None] = {
    "user_active_degree": "category",
    "is_lowactive_period": "category",
    "is_live_streamer": "category",
    "is_video_author": "category",
    "follow_user_num": "number",
    "fans_user_num": "number",
    "friend_user_num": "number",
    "register_days": "number",
}

KUAIREC = Format(
    "kuairec",
    "KuaiRec",
    (
        Events(
            files=("big_matrix.csv", "small_matrix.csv"),
            user="user_id",
            item="video_id",
            weight="watch_ratio",
            time="timestamp",
            each="watch",
            times={"time_unit": "s"},
        ),
        Nodes(
            files=("item_categories.csv", "item_feat.csv"),
            node_type="item",
            id="video_id",
            attributes={"categories": "tags"},
            called={"categories": "feat"},
        ),
        Nodes(
            files=("kuairec_caption_category.csv",),
            node_type="item",
            id="video_id",
            attributes={
                "title": "text",
                "first_level_category_name": "category",
                "second_level_category_name": "category",
            },
            called={"title": "caption"},
        ),
        Nodes(
            files=("user_features.csv", "user_feat.csv"),
            node_type="user",
            id="user_id",
            attributes=_PEOPLE,
        ),
        Links(
            files=("social_network.csv",),
            shape=unlisted("friend_list", {"target": ""}, {"source": "user_id"}),
            edge_type=("user", "friend", "user"),
            source="source",
            target="target",
        ),
    ),
    signs=("big_matrix.csv|small_matrix.csv",),
    says=(
        "an event weighs its watch_ratio, the share of the video that was played",
        "small_matrix.csv, in which everything was shown to everybody, is for tests: it is read "
        "only where there is no big_matrix.csv",
    ),
)

KUAIRAND = Format(
    "kuairand",
    "KuaiRand",
    (
        Events(
            files=("log_*.csv",),
            shape=flagged(
                {
                    "is_click": "click",
                    "is_like": "like",
                    "is_follow": "follow",
                    "is_comment": "comment",
                    "is_forward": "share",
                    "is_hate": "dislike",
                    "long_view": "long_view",
                },
                "impression",
                {"user": "user_id", "item": "video_id", "time": "time_ms"},
            ),
            time="time",
            kind="kind",
            times={"time_unit": "ms"},
        ),
        Nodes(
            files=("video_features_basic_*.csv",),
            node_type="item",
            id="video_id",
            attributes={
                "author_id": "category",
                "video_type": "category",
                "upload_type": "category",
                "video_duration": "number",
                "music_id": "category",
                "tag": "tags",
            },
        ),
        Nodes(files=("user_features_*.csv",), node_type="user", id="user_id", attributes=_PEOPLE),
    ),
    signs=("log_standard_*.csv|log_random_*.csv", "user_features_*.csv|video_features_*.csv"),
    says=(
        "a row is an event of each of its flags (is_forward is share, is_hate dislike), and "
        "without any an impression",
    ),
)

ANIME = Format(
    "anime",
    "MyAnimeList ratings (Kaggle)",
    (
        Events(
            files=("rating.csv",),
            user="user_id",
            item="anime_id",
            weight="rating",
            each="rating",
        ),
        Nodes(
            files=("anime.csv",),
            node_type="item",
            id="anime_id",
            attributes={"title": "text", "genre": "tags", "type": "category", "members": "number"},
            called={"title": "name"},
        ),
    ),
    signs=("rating.csv", "anime.csv"),
    kinds={"rating": KindPolicy(threshold=7, negative="seen")},
    says=("ratings are 1 to 10; -1 says that a series was watched and not rated",),
)

FORMATS = (NETFLIX, KUAIREC, KUAIRAND, ANIME)
