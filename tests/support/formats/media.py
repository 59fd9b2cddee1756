"""Examples of films, music, games and videos."""

from __future__ import annotations

import json

from tests.support.formats.example import Example, gz, lines, literals, pairs
from tests.support.movielens import FORMS

_RATED = (
    ("1", "1", 5.0, "rating", "1997-09-22T22:02:38"),
    ("1", "544", 3.0, "rating", "1997-10-15T05:26:11"),
    ("2", "1", 4.0, "rating", "1998-02-27T03:41:11"),
)
_FILMS = {
    "1": {"title": "Toy Story", "year": 1995.0, "genres": ("Animation", "Children's", "Comedy")},
    "544": {"title": "Misérables, Les", "year": 1995.0, "genres": ("Drama", "Musical")},
    "267": {"title": "unknown", "year": None, "genres": ("unknown",)},
}
_GENRES = {
    ("item", "has_genre", "genre"): pairs(
        *((film, genre) for film, facts in _FILMS.items() for genre in facts["genres"])  # type: ignore[attr-defined]
    )
}
_PEOPLE = {
    "1": {"age": 24.0, "gender": "M", "occupation": "technician"},
    "2": {"age": 53.0, "gender": "F", "occupation": "other"},
}
_CODED = {
    "1": {**_PEOPLE["1"], "occupation": "technician/engineer"},
    "2": _PEOPLE["2"],
}

_DAY = "2012-07-0{}T00:00:00"

EXAMPLES = {
    "movielens-100k": Example(
        {**FORMS["ml-100k"], "u.info": b"2 users\n"},
        _RATED,
        _FILMS,
        _PEOPLE,
        links=_GENRES,
        bad=("u.data", b"3\t1\tfive\t881250949"),
    ),
    "movielens-1m": Example(
        FORMS["ml-1m"],
        _RATED,
        _FILMS,
        _CODED,
        links=_GENRES,
        bad=("ratings.dat", b"3::1::five::881250949"),
    ),
    "movielens": Example(
        {**FORMS["ml-latest-small"], "links.csv": b"movieId,imdbId,tmdbId\n1,0114709,862\n"},
        _RATED,
        _FILMS,
        links=_GENRES,
        bad=("ratings.csv", b"3,1,five,881250949"),
    ),
    "recbole": Example(
        FORMS["recbole"],
        _RATED,
        _FILMS,
        _PEOPLE,
        links=_GENRES,
        bad=("ml-100k.inter", b"3\t1\tfive\t881250949"),
    ),
    "netflix": Example(
        {
            "combined_data_1.txt": lines("1:", "7,3,2005-09-06", "8,5,2005-05-13", "2:"),
            "combined_data_2.txt": lines("3:", "7,4,2005-12-26", "10:", "9,1,2004-01-02"),
            "movie_titles.csv": lines(
                "1,2003,Dinosaur Planet",
                "3,1997,Character, the Film",
                "10,NULL,Amélie",
                encoding="latin-1",
            ),
            "probe.txt": lines("1:", "7"),
        },
        (
            ("7", "1", 3.0, "rating", "2005-09-06T00:00:00"),
            ("8", "1", 5.0, "rating", "2005-05-13T00:00:00"),
            ("7", "3", 4.0, "rating", "2005-12-26T00:00:00"),
            ("9", "10", 1.0, "rating", "2004-01-02T00:00:00"),
        ),
        {
            "1": {"title": "Dinosaur Planet", "year": 2003.0},
            "3": {"title": "Character, the Film", "year": 1997.0},
            "10": {"title": "Amélie", "year": None},
        },
        bad=("combined_data_2.txt", b"7;4;2005-12-26"),
    ),
    "kuairec": Example(
        {
            "KuaiRec 2.0/data/big_matrix.csv": lines(
                "user_id,video_id,play_duration,video_duration,time,date,timestamp,watch_ratio",
                "0,3649,13838,10867,2020-07-05 00:08:23.438,20200705,1593878903.438,1.5",
                "0,9598,13665,10984,2020-07-05 00:13:41.297,20200705,1593879221.297,0.25",
            ),
            "KuaiRec 2.0/data/small_matrix.csv": lines(
                "user_id,video_id,play_duration,video_duration,time,date,timestamp,watch_ratio",
                "14,148,4381,6067,2020-07-05 05:27:48.378,20200705,1593898068.378,0.72",
            ),
            "KuaiRec 2.0/data/item_categories.csv": lines(
                "video_id,feat", "3649,[8]", '9598,"[27, 9]"'
            ),
            "KuaiRec 2.0/data/kuairec_caption_category.csv": lines(
                "video_id,manual_cover_text,caption,topic_tag,first_level_category_id,"
                "first_level_category_name,second_level_category_name",
                "3649,UNKNOWN,晚饭后的运动,[],8,颜值,颜值随拍",
            ),
            "KuaiRec 2.0/data/social_network.csv": lines(
                "user_id,friend_list", "0,[14]", '14,"[0, 5]"'
            ),
        },
        (
            ("0", "3649", 1.5, "watch", "2020-07-04T16:08:23.438"),
            ("0", "9598", 0.25, "watch", "2020-07-04T16:13:41.297"),
        ),
        {
            "3649": {
                "categories": ("8",),
                "title": "晚饭后的运动",
                "first_level_category_name": "颜值",
                "second_level_category_name": "颜值随拍",
            },
            "9598": {"categories": ("27", "9")},
        },
        links={("user", "friend", "user"): pairs(("0", "14"), ("14", "0"), ("14", "5"))},
        bad=("KuaiRec 2.0/data/big_matrix.csv", b"0,1,2,3,x,20200705,never,1"),
    ),
    "kuairand": Example(
        {
            "log_standard_4_08_to_4_21_pure.csv": lines(
                "user_id,video_id,date,hourmin,time_ms,is_click,is_like,is_follow,is_comment,"
                "is_forward,is_hate,long_view,play_time_ms,duration_ms,is_rand,tab",
                "0,1451,20220421,700,1650496841337,0,0,0,0,0,0,0,0,102,0,4",
                "0,2592,20220421,700,1650496841338,1,1,0,0,0,0,1,900,102,0,4",
            ),
            "log_random_4_22_to_5_08_pure.csv": lines(
                "user_id,video_id,date,hourmin,time_ms,is_click,is_like,is_follow,is_comment,"
                "is_forward,is_hate,long_view,play_time_ms,duration_ms,is_rand,tab",
                "3,1451,20220501,700,1651360841337,0,0,0,0,0,1,0,0,102,1,1",
            ),
            "user_features_pure.csv": lines(
                "user_id,user_active_degree,is_lowactive_period,is_live_streamer,is_video_author,"
                "follow_user_num,fans_user_num,friend_user_num,register_days,onehot_feat0",
                "0,full_active,0,0,1,73,6,0,327,1",
            ),
            "video_features_basic_pure.csv": lines(
                "video_id,author_id,video_type,upload_dt,upload_type,video_duration,music_id,tag",
                '1451,30,NORMAL,2022-04-01,ShortImport,102.0,87,"12,39"',
            ),
        },
        (
            ("0", "1451", 1.0, "impression", "2022-04-20T23:20:41.337"),
            ("0", "2592", 1.0, "click", "2022-04-20T23:20:41.338"),
            ("0", "2592", 1.0, "like", "2022-04-20T23:20:41.338"),
            ("0", "2592", 1.0, "long_view", "2022-04-20T23:20:41.338"),
            ("3", "1451", 1.0, "dislike", "2022-04-30T23:20:41.337"),
        ),
        {
            "1451": {
                "author_id": "30",
                "video_type": "NORMAL",
                "upload_type": "ShortImport",
                "video_duration": 102.0,
                "music_id": "87",
                "tag": ("12", "39"),
            }
        },
        {
            "0": {
                "user_active_degree": "full_active",
                "is_lowactive_period": "0",
                "is_live_streamer": "0",
                "is_video_author": "1",
                "follow_user_num": 73.0,
                "fans_user_num": 6.0,
                "friend_user_num": 0.0,
                "register_days": 327.0,
            }
        },
        bad=(
            "log_standard_4_08_to_4_21_pure.csv",
            b"0,7,20220421,700,soon,1,0,0,0,0,0,0,0,102,0,4",
        ),
    ),
    "anime": Example(
        {
            "rating.csv": lines("user_id,anime_id,rating", "1,20,-1", "1,24,9"),
            "anime.csv": lines(
                "anime_id,name,genre,type,episodes,rating,members",
                '20,Naruto,"Action, Comedy",TV,220,7.81,683297',
                '24,School Rumble,"Comedy, Romance",TV,26,8.06,178553',
            ),
        },
        (("1", "20", -1.0, "rating", ""), ("1", "24", 9.0, "rating", "")),
        {
            "20": {
                "title": "Naruto",
                "genre": ("Action", "Comedy"),
                "type": "TV",
                "members": 683297.0,
            },
            "24": {
                "title": "School Rumble",
                "genre": ("Comedy", "Romance"),
                "type": "TV",
                "members": 178553.0,
            },
        },
        bad=("rating.csv", b"1,,9"),
    ),
    "lastfm-360k": Example(
        {
            "lastfm-dataset-360K/usersha1-artmbid-artname-plays.tsv": lines(
                "00000c28\t3bd73256\tbetty blowtorch\t2137",
                "00000c28\t\tdie Ärzte\t1099",
                '00000c28\t6531c8b1\tmelissa "etheridge\t897',
            ),
            "lastfm-dataset-360K/usersha1-profile.tsv": lines(
                "00000c28\tf\t\tGermany\tFeb 1, 2007", "00001411\tm\t30\tUnited States\tMay 2, 2008"
            ),
        },
        (
            ("00000c28", "betty blowtorch", 2137.0, "listen", ""),
            ("00000c28", "die Ärzte", 1099.0, "listen", ""),
            ("00000c28", 'melissa "etheridge', 897.0, "listen", ""),
        ),
        users={
            "00000c28": {"gender": "f", "age": None, "country": "Germany"},
            "00001411": {"gender": "m", "age": 30.0, "country": "United States"},
        },
        bad=("lastfm-dataset-360K/usersha1-artmbid-artname-plays.tsv", b"00000c28\tx\ty\tmany"),
    ),
    "lastfm-1k": Example(
        {
            "userid-timestamp-artid-artname-traid-traname.tsv": lines(
                "user_000001\t2009-05-04T23:08:57Z\tf1b1cf71\tDeep Dish\t\tFuck Me Im Famous",
                "user_000001\t2009-05-04T13:54:10Z\ta7f7df4a\t坂本龍一\t\tComposition 0919",
            ),
            "userid-profile.tsv": lines(
                "#id\tgender\tage\tcountry\tregistered", "user_000001\tm\t\tJapan\tAug 13, 2006"
            ),
        },
        (
            ("user_000001", "Deep Dish", 1.0, "listen", "2009-05-04T23:08:57"),
            ("user_000001", "坂本龍一", 1.0, "listen", "2009-05-04T13:54:10"),
        ),
        users={"user_000001": {"gender": "m", "age": None, "country": "Japan"}},
        bad=("userid-timestamp-artid-artname-traid-traname.tsv", b"user_1\tnever\t\tx\t\ty"),
    ),
    "hetrec-lastfm": Example(
        {
            "user_artists.dat": lines("userID\tartistID\tweight", "2\t51\t13883", "3\t52\t11690"),
            "artists.dat": lines(
                "id\tname\turl\tpictureURL",
                "51\tDuran Duran\thttp://x\thttp://y",
                "52\tMÖ\thttp://x\t",
            ),
            "tags.dat": lines("tagID\ttagValue", "13\tchillout", "15\tgénial", encoding="latin-1"),
            "user_taggedartists.dat": lines(
                "userID\tartistID\ttagID\tday\tmonth\tyear",
                "2\t52\t13\t1\t4\t2009",
                "2\t52\t15\t1\t4\t2009",
                "9\t52\t13\t1\t5\t2009",
            ),
            "user_taggedartists-timestamps.dat": lines(
                "userID\tartistID\ttagID\ttimestamp", "2\t52\t13\t1238536800000"
            ),
            "user_friends.dat": lines("userID\tfriendID", "2\t3", "3\t2"),
        },
        (("2", "51", 13883.0, "listen", ""), ("3", "52", 11690.0, "listen", "")),
        {"51": {"title": "Duran Duran"}, "52": {"title": "MÖ"}},
        others={"tag": {"13": {"title": "chillout"}, "15": {"title": "génial"}}},
        links={
            ("item", "tagged", "tag"): pairs(("52", "13"), ("52", "15")),
            ("user", "friend", "user"): pairs(("2", "3"), ("3", "2")),
        },
        bad=("user_artists.dat", b"2\t\t7"),
    ),
    "million-song": Example(
        {
            "train_triplets.txt": lines(
                "b80344d0\tSOAKIMP12A8C130995\t1", "b80344d0\tSOBBMDR12A8\t2"
            ),
            "unique_tracks.txt": lines(
                "TRMMMYQ128F932D901<SEP>SOAKIMP12A8C130995<SEP>Faster Pussy cat<SEP>Silent Night"
            ),
        },
        (
            ("b80344d0", "SOAKIMP12A8C130995", 1.0, "listen", ""),
            ("b80344d0", "SOBBMDR12A8", 2.0, "listen", ""),
        ),
        {"SOAKIMP12A8C130995": {"title": "Silent Night", "artist": "Faster Pussy cat"}},
        bad=("train_triplets.txt", b"b80344d0\tSOX\tonce"),
    ),
    "spotify-playlists": Example(
        {
            f"data/mpd.slice.{first}-{first + 999}.json": json.dumps(
                {
                    "info": {"slice": f"{first}-{first + 999}", "version": "v1"},
                    "playlists": [
                        {
                            "name": name,
                            "collaborative": "false",
                            "pid": first,
                            "modified_at": 1493424000 + first,
                            "num_followers": 1,
                            "tracks": [
                                {
                                    "pos": place,
                                    "artist_name": artist,
                                    "track_uri": f"spotify:track:{title}",
                                    "artist_uri": f"spotify:artist:{artist}",
                                    "track_name": title,
                                    "duration_ms": 226863,
                                    "album_name": "The Cookbook",
                                }
                                for place, (artist, title) in enumerate(tracks)
                            ],
                        }
                    ],
                },
                indent=4,
            ).encode()
            for first, name, tracks in (
                (0, "Throwbacks", [("Missy Elliott", "Control"), ("Usher", "Yeah!")]),
                (1000, "dance", [("Usher", "Yeah!")]),
            )
        },
        (
            ("0", "spotify:track:Control", 1.0, "save", "2017-04-29T00:00:00"),
            ("0", "spotify:track:Yeah!", 1.0, "save", "2017-04-29T00:00:00"),
            ("1000", "spotify:track:Yeah!", 1.0, "save", "2017-04-29T00:16:40"),
        ),
        {
            f"spotify:track:{title}": {
                "title": title,
                "artist": artist,
                "album": "The Cookbook",
                "duration_ms": 226863.0,
            }
            for artist, title in (("Missy Elliott", "Control"), ("Usher", "Yeah!"))
        },
        {
            "0": {"title": "Throwbacks", "num_followers": 1.0},
            "1000": {"title": "dance", "num_followers": 1.0},
        },
    ),
    "steam-200k": Example(
        {
            "steam-200k.csv": lines(
                '151603712,"The Elder Scrolls V Skyrim",purchase,1.0,0',
                '151603712,"The Elder Scrolls V Skyrim",play,273.0,0',
                '151603712,"Fallout 4",purchase,1.0,0',
            )
        },
        (
            ("151603712", "The Elder Scrolls V Skyrim", 1.0, "purchase", ""),
            ("151603712", "The Elder Scrolls V Skyrim", 273.0, "play", ""),
            ("151603712", "Fallout 4", 1.0, "purchase", ""),
        ),
        bad=("steam-200k.csv", b'151603712,"Spore",play,long,0'),
    ),
    "steam-reviews": Example(
        {
            "steam_reviews.json.gz": gz(
                literals(
                    {
                        "username": "Chaos Syren",
                        "hours": 0.1,
                        "products": 41,
                        "product_id": "725280",
                        "page_order": 0,
                        "date": "2017-12-17",
                        "text": "This would not be acceptable as an 'entertainment'",
                        "early_access": False,
                        "page": 1,
                    },
                    {
                        "username": "Ünal",
                        "product_id": "328100",
                        "date": "2017-08-02",
                        "hours": None,
                    },
                )
            ),
            "steam_games.json.gz": gz(
                literals(
                    {
                        "publisher": "Kotoshiro",
                        "genres": ["Action", "Casual"],
                        "app_name": "Lost Summoner Kitty",
                        "tags": ["Strategy", "Action"],
                        "price": 4.99,
                        "release_date": "2018-01-04",
                        "id": "725280",
                        "developer": "Kotoshiro",
                    }
                )
            ),
        },
        (
            ("Chaos Syren", "725280", 1.0, "review", "2017-12-17T00:00:00"),
            ("Ünal", "328100", 1.0, "review", "2017-08-02T00:00:00"),
        ),
        {
            "725280": {
                "title": "Lost Summoner Kitty",
                "genres": ("Action", "Casual"),
                "tags": ("Strategy", "Action"),
                "developer": "Kotoshiro",
                "publisher": "Kotoshiro",
                "release_date": "2018-01-04",
            }
        },
    ),
    "steam-australia": Example(
        {
            "australian_users_items.json": literals(
                {
                    "user_id": "76561197970982479",
                    "items_count": 2,
                    "steam_id": "76561197970982479",
                    "items": [
                        {"item_id": "10", "item_name": "Counter-Strike", "playtime_forever": 6},
                        {"item_id": "20", "item_name": "Team Fortress", "playtime_forever": 0},
                    ],
                },
                {"user_id": "js41637", "items_count": 0, "items": []},
                {
                    "user_id": "evcentric",
                    "items": [
                        {"item_id": "10", "item_name": "Counter-Strike", "playtime_forever": 9}
                    ],
                },
            ),
            "australian_user_reviews.json": literals(
                {
                    "user_id": "js41637",
                    "user_url": "http://x",
                    "reviews": [
                        {"item_id": "10", "recommend": True, "posted": "Posted June 24, 2014."},
                        {"item_id": "20", "recommend": False, "posted": "Posted July 15."},
                    ],
                }
            ),
        },
        (
            ("76561197970982479", "10", 6.0, "play", ""),
            ("76561197970982479", "20", 0.0, "play", ""),
            ("evcentric", "10", 9.0, "play", ""),
            ("js41637", "10", 1.0, "like", ""),
            ("js41637", "20", 1.0, "dislike", ""),
        ),
        {"10": {"title": "Counter-Strike"}, "20": {"title": "Team Fortress"}},
        bad=(
            "australian_users_items.json",
            b"{u'user_id': u'x', 'items': [{'item_id': u'10', 'playtime_forever': 'long'}]}",
        ),
    ),
}
