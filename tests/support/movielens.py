"""Small data sets in the published forms of MovieLens."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

ITEMS_100K = (
    "1|Toy Story (1995)|01-Jan-1995||http://x|0|0|0|1|1|1|0|0|0|0|0|0|0|0|0|0|0|0|0\n"
    "544|Misérables, Les (1995)|01-Jan-1995||http://x|0|0|0|0|0|0|0|0|1|0|0|0|1|0|0|0|0|0|0\n"
    "267|unknown||||1|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0\n"
)

FORMS: dict[str, dict[str, bytes]] = {
    "ml-100k": {
        "u.data": b"1\t1\t5\t874965758\n1\t544\t3\t876893171\n2\t1\t4\t888550871\n",
        "u.item": ITEMS_100K.encode("latin-1"),
        "u.user": b"1|24|M|technician|85711\n2|53|F|other|94043\n",
    },
    "ml-1m": {
        "ratings.dat": b"1::1::5::874965758\n1::544::3::876893171\n2::1::4::888550871\n",
        "movies.dat": (
            "1::Toy Story (1995)::Animation|Children's|Comedy\n"
            "544::Misérables, Les (1995)::Drama|Musical\n267::unknown::unknown\n"
        ).encode("latin-1"),
        "users.dat": b"1::M::24::17::85711\n2::F::53::0::94043\n",
    },
    "ml-latest-small": {
        "ratings.csv": b"userId,movieId,rating,timestamp\n"
        b"1,1,5.0,874965758\n1,544,3.0,876893171\n2,1,4.0,888550871\n",
        "movies.csv": (
            "movieId,title,genres\n1,Toy Story (1995),Animation|Children's|Comedy\n"
            '544,"Misérables, Les (1995)",Drama|Musical\n267,unknown,unknown\n'
        ).encode(),
    },
    "recbole": {
        "ml-100k.inter": b"user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
        b"1\t1\t5\t874965758\n1\t544\t3\t876893171\n2\t1\t4\t888550871\n",
        "ml-100k.item": (
            "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n"
            "1\tToy Story\t1995\tAnimation Children's Comedy\n"
            "544\tMisérables, Les\t1995\tDrama Musical\n267\tunkonwn\tunkonwn\tunknown\n"
        ).encode(),
        "ml-100k.user": b"user_id:token\tage:token\tgender:token\toccupation:token\tzip:token\n"
        b"1\t24\tM\ttechnician\t85711\n2\t53\tF\tother\t94043\n",
    },
}


def folder_of(path: Path, files: Mapping[str, bytes]) -> Path:
    path.mkdir(parents=True)
    for name, content in files.items():
        (path / name).write_bytes(content)
    return path
