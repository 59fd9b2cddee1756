"""Music."""

from __future__ import annotations

from graphrec.ingest.formats.declare import Events, Format, Links, Nodes, Text
from graphrec.ingest.formats.shapes import unlisted

_ARTISTS = "items are artists, by name: many have no id of MusicBrainz"

LASTFM_360K = Format(
    "lastfm-360k",
    "Last.fm 360K",
    (
        Events(
            files=("usersha1-artmbid-artname-plays.tsv",),
            text=Text("\t", ("user", "artist_id", "artist", "plays"), "utf-8", quotes=False),
            item="artist",
            weight="plays",
            each="listen",
        ),
        Nodes(
            files=("usersha1-profile.tsv",),
            text=Text("\t", ("user", "gender", "age", "country", "signup"), "utf-8", quotes=False),
            node_type="user",
            id="user",
            attributes={"gender": "category", "age": "number", "country": "category"},
        ),
    ),
    signs=("usersha1-artmbid-artname-plays.tsv",),
    says=(_ARTISTS, "an event weighs the number of plays; there are no times"),
)

LASTFM_1K = Format(
    "lastfm-1k",
    "Last.fm 1K",
    (
        Events(
            files=("userid-timestamp-artid-artname-traid-traname.tsv",),
            text=Text(
                "\t",
                ("user", "time", "artist_id", "artist", "track_id", "track"),
                "utf-8",
                quotes=False,
            ),
            item="artist",
            time="time",
            each="listen",
        ),
        Nodes(
            files=("userid-profile.tsv",),
            text=Text("\t", ("user", "gender", "age", "country", "signup"), "utf-8", quotes=False),
            node_type="user",
            id="user",
            attributes={"gender": "category", "age": "number", "country": "category"},
        ),
    ),
    signs=("userid-timestamp-artid-artname-traid-traname.tsv",),
    says=(_ARTISTS,),
)

HETREC = Format(
    "hetrec-lastfm",
    "Last.fm of HetRec 2011",
    (
        Events(
            files=("user_artists.dat",),
            text=Text("\t", quotes=False),
            user="userID",
            item="artistID",
            weight="weight",
            each="listen",
        ),
        Nodes(
            files=("artists.dat",),
            text=Text("\t", quotes=False),
            node_type="item",
            id="id",
            attributes={"title": "text"},
            called={"title": "name"},
        ),
        Nodes(
            files=("tags.dat",),
            text=Text("\t", quotes=False),
            node_type="tag",
            id="tagID",
            attributes={"title": "text"},
            called={"title": "tagValue"},
        ),
        Links(
            files=("user_taggedartists.dat",),
            text=Text("\t", quotes=False),
            edge_type=("item", "tagged", "tag"),
            source="artistID",
            target="tagID",
            distinct=True,
        ),
        Links(
            files=("user_friends.dat",),
            text=Text("\t", quotes=False),
            edge_type=("user", "friend", "user"),
            source="userID",
            target="friendID",
        ),
    ),
    signs=("user_artists.dat",),
    says=(
        "an event weighs the number of plays; there are no times",
        "tags are links of artists, whoever gave them",
    ),
)

MILLION_SONG = Format(
    "million-song",
    "the Million Song taste profile",
    (
        Events(
            files=("train_triplets.txt", "*triplets.txt"),
            text=Text("\t", ("user", "item", "plays")),
            weight="plays",
            each="listen",
        ),
        Nodes(
            files=("unique_tracks.txt",),
            text=Text("<SEP>", ("track", "song", "artist", "title")),
            node_type="item",
            id="song",
            attributes={"title": "text", "artist": "category"},
        ),
    ),
    signs=("train_triplets.txt",),
    says=("an event weighs the number of plays; there are no times",),
)

_TRACK = {
    "item": "track_uri",
    "title": "track_name",
    "artist": "artist_name",
    "album": "album_name",
    "duration_ms": "duration_ms",
}

SPOTIFY = Format(
    "spotify-playlists",
    "the Spotify million playlists",
    (
        Events(
            files=("mpd.slice.*.json",),
            shape=unlisted(
                "tracks", {"item": "track_uri"}, {"user": "pid", "time": "modified_at"}, 64
            ),
            time="time",
            each="save",
            times={"time_unit": "s"},
        ),
        Nodes(
            files=("mpd.slice.*.json",),
            shape=unlisted("tracks", _TRACK, {}, 64),
            distinct=True,
            node_type="item",
            id="item",
            attributes={
                "title": "text",
                "artist": "category",
                "album": "category",
                "duration_ms": "number",
            },
        ),
        Nodes(
            files=("mpd.slice.*.json",),
            node_type="user",
            id="pid",
            attributes={"title": "text", "num_followers": "number"},
            called={"title": "name"},
        ),
    ),
    signs=("mpd.slice.*.json",),
    says=(
        "users are playlists, and a track in one is a save at the time when the playlist last "
        "changed",
    ),
)

FORMATS = (LASTFM_360K, LASTFM_1K, HETREC, MILLION_SONG, SPOTIFY)
