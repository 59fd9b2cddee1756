"""Examples of books, news, places and of what records the events of a site."""

from __future__ import annotations

from typing import Any

from tests.support.formats.example import Example, gz, json_lines, lines, pairs

_BX_BOOKS = {
    "034545104X": {
        "title": "Flesh Tones: A Novel",
        "author": "M. J. Rose",
        "year": 2002.0,
        "publisher": "Ballantine Books",
    },
    "0155061224": {
        "title": 'Rites of "Passage"',
        "author": "Judith Rae",
        "year": 2001.0,
        "publisher": "Éditions Heinle",
    },
}
_BX_USERS = {
    "276725": {"location": "tyler, texas, usa", "age": None},
    "276726": {"location": "seattle, washington, usa", "age": 18.0},
}
_BX_EVENTS = (
    ("276725", "034545104X", 0.0, "rating", ""),
    ("276726", "0155061224", 5.0, "rating", ""),
)


def _ga4(name: str, time: int, user: str | None, **more: Any) -> dict[str, Any]:
    return {
        "event_date": "20210131",
        "event_timestamp": str(time),
        "event_name": name,
        "event_params": [
            {"key": "ga_session_id", "value": {"int_value": "661084800"}},
            *({"key": k, "value": {"string_value": v}} for k, v in more.get("params", {}).items()),
        ],
        "user_id": user,
        "user_pseudo_id": "1026454.4271112504",
        "device": {"category": "desktop"},
        "items": more.get("items", []),
    }


def _ga4_item(item: str, **more: Any) -> dict[str, Any]:
    return {"item_id": item, "item_name": f"Item {item}", "item_category": "Apparel", **more}


def _track(event: str, **properties: Any) -> dict[str, Any]:
    user = properties.pop("user", "u1")
    return {
        "type": "track",
        "event": event,
        "anonymousId": "a9",
        "userId": user,
        "timestamp": "2023-05-01T10:00:00.000Z",
        "context": {"library": {"name": "analytics.js"}},
        "properties": properties,
    }


EXAMPLES = {
    "book-crossing": Example(
        {
            "BX-Book-Ratings.csv": lines(
                '"User-ID";"ISBN";"Book-Rating"',
                '"276725";"034545104X";"0"',
                '"276726";"0155061224";"5"',
            ),
            "BX-Books.csv": lines(
                '"ISBN";"Book-Title";"Book-Author";"Year-Of-Publication";"Publisher";"Image-URL-S"',
                '"034545104X";"Flesh Tones: A Novel";"M. J. Rose";"2002";"Ballantine Books";"http"',
                r'"0155061224";"Rites of \"Passage\"";"Judith Rae";"2001";"Éditions Heinle";"x"',
                encoding="latin-1",
            ),
            "BX-Users.csv": lines(
                '"User-ID";"Location";"Age"',
                '"276725";"tyler, texas, usa";NULL',
                '"276726";"seattle, washington, usa";"18"',
            ),
        },
        _BX_EVENTS,
        _BX_BOOKS,
        _BX_USERS,
        bad=("BX-Book-Ratings.csv", b'"276727";"0446520802";"good"'),
    ),
    "book-crossing-csv": Example(
        {
            "Ratings.csv": lines(
                "User-ID,ISBN,Book-Rating", "276725,034545104X,0", "276726,0155061224,5"
            ),
            "Books.csv": lines(
                "ISBN,Book-Title,Book-Author,Year-Of-Publication,Publisher,Image-URL-S",
                "034545104X,Flesh Tones: A Novel,M. J. Rose,2002,Ballantine Books,http",
                '0155061224,"Rites of ""Passage""",Judith Rae,2001,Éditions Heinle,http',
            ),
            "Users.csv": lines(
                "User-ID,Location,Age",
                '276725,"tyler, texas, usa",',
                '276726,"seattle, washington, usa",18.0',
            ),
        },
        _BX_EVENTS,
        _BX_BOOKS,
        _BX_USERS,
        bad=("Ratings.csv", b"276727,0446520802,good"),
    ),
    "goodreads": Example(
        {
            "goodreads_interactions_poetry.json.gz": gz(
                json_lines(
                    {
                        "user_id": "8842281e",
                        "book_id": "1384",
                        "review_id": "1bad0122",
                        "is_read": True,
                        "rating": 4,
                        "date_added": "Wed May 09 09:33:44 -0700 2007",
                        "date_updated": "Wed May 09 09:33:44 -0700 2007",
                    },
                    {
                        "user_id": "72fb0d09",
                        "book_id": "30",
                        "is_read": False,
                        "rating": 0,
                        "date_added": "Fri Apr 07 23:14:21 -0700 2017",
                    },
                )
            ),
            "goodreads_books_poetry.json.gz": gz(
                json_lines(
                    {
                        "book_id": "1384",
                        "title": "Louder Than Hunger",
                        "isbn": "",
                        "language_code": "eng",
                        "publication_year": "1987",
                        "num_pages": "",
                        "publisher": "Faber",
                        "authors": [
                            {"author_id": "704", "role": ""},
                            {"author_id": "9", "role": "Translator"},
                        ],
                        "popular_shelves": [
                            {"count": "28", "name": "to-read"},
                            {"count": "3", "name": "poetry"},
                        ],
                        "similar_books": ["30"],
                    },
                    {
                        "book_id": "30",
                        "title": "The Hobbit",
                        "language_code": "",
                        "publication_year": "",
                        "num_pages": "310",
                        "publisher": "",
                        "authors": [],
                        "popular_shelves": [],
                    },
                )
            ),
        },
        (
            ("8842281e", "1384", 4.0, "rating", "2007-05-09T16:33:44"),
            ("72fb0d09", "30", 0.0, "rating", "2017-04-08T06:14:21"),
        ),
        {
            "1384": {
                "title": "Louder Than Hunger",
                "language_code": "eng",
                "publication_year": 1987.0,
                "num_pages": None,
                "publisher": "Faber",
                "authors": ("704", "9"),
                "shelves": ("to-read", "poetry"),
            },
            "30": {
                "title": "The Hobbit",
                "language_code": None,
                "publication_year": None,
                "num_pages": 310.0,
                "publisher": None,
                "authors": None,
                "shelves": None,
            },
        },
    ),
    "goodreads-csv": Example(
        {
            "goodreads_interactions.csv": lines(
                "user_id,book_id,is_read,rating,is_reviewed", "0,948,1,5,0", "0,947,0,0,0"
            ),
            "book_id_map.csv": lines("book_id_csv,book_id", "0,34684622"),
        },
        (("0", "948", 5.0, "rating", ""), ("0", "947", 0.0, "rating", "")),
        bad=("goodreads_interactions.csv", b"0,,1,5,0"),
    ),
    "goodbooks-10k": Example(
        {
            "ratings.csv": lines("book_id,user_id,rating", "258,1,5", "4081,2,4"),
            "to_read.csv": lines("user_id,book_id", "9,8"),
            "books.csv": lines(
                "book_id,goodreads_book_id,authors,original_publication_year,title,language_code",
                '258,10,"Carlos Ruiz Zafón, Lucia Graves",2001.0,The Shadow of the Wind,eng',
                "8,20,J.D. Salinger,1951.0,The Catcher in the Rye,eng",
            ),
            "tags.csv": lines("tag_id,tag_name", "0,-"),
        },
        (
            ("1", "258", 5.0, "rating", ""),
            ("2", "4081", 4.0, "rating", ""),
            ("9", "8", 1.0, "save", ""),
        ),
        {
            "258": {
                "title": "The Shadow of the Wind",
                "authors": ("Carlos Ruiz Zafón", "Lucia Graves"),
                "original_publication_year": 2001.0,
                "language_code": "eng",
            },
            "8": {
                "title": "The Catcher in the Rye",
                "authors": ("J.D. Salinger",),
                "original_publication_year": 1951.0,
                "language_code": "eng",
            },
        },
        bad=("ratings.csv", b"258,1,best"),
    ),
    "mind": Example(
        {
            "MINDsmall_train/behaviors.tsv": lines(
                "1\tU13740\t11/11/2019 9:05:58 AM\tN55189 N42782\tN55689-1 N35729-0",
                "2\tU91836\t11/12/2019 6:11:30 PM\t\tN20678-0 N39317-0 N58114-1",
            ),
            "MINDsmall_dev/behaviors.tsv": lines(
                "1\tU80234\t11/15/2019 12:37:50 PM\tN55189\tN28682-0 N48740"
            ),
            "MINDsmall_train/news.tsv": lines(
                'N55689\tsports\tfootball_nfl\tCharles "Rogers\tHe was 38.\thttps://x\t[]\t[]',
                "N35729\tnews\tnewsus\tPorsche launches\t\thttps://y\t[]\t[]",
            ),
            "MINDsmall_dev/news.tsv": lines(
                "N35729\tnews\tnewsus\tPorsche launches\t\thttps://y\t[]\t[]"
            ),
            "MINDsmall_train/entity_embedding.vec": lines("Q41\t-0.06\t-0.18"),
        },
        (
            ("U13740", "N55689", 1.0, "click", "2019-11-11T09:05:58"),
            ("U13740", "N35729", 1.0, "impression", "2019-11-11T09:05:58"),
            ("U91836", "N20678", 1.0, "impression", "2019-11-12T18:11:30"),
            ("U91836", "N39317", 1.0, "impression", "2019-11-12T18:11:30"),
            ("U91836", "N58114", 1.0, "click", "2019-11-12T18:11:30"),
            ("U80234", "N28682", 1.0, "impression", "2019-11-15T12:37:50"),
        ),
        {
            "N55689": {
                "category": "sports",
                "subcategory": "football_nfl",
                "title": 'Charles "Rogers',
                "abstract": "He was 38.",
            },
            "N35729": {
                "category": "news",
                "subcategory": "newsus",
                "title": "Porsche launches",
                "abstract": None,
            },
        },
        bad=("MINDsmall_train/behaviors.tsv", b"3\tU1\tyesterday\tN55189\tN55689-1"),
    ),
    "yelp": Example(
        {
            "yelp_academic_dataset_review.json": json_lines(
                {
                    "review_id": "KU_O5udG6zpxOg",
                    "user_id": "mh_-eMZ6K5RLWhZyISBhwA",
                    "business_id": "XQfwVwDr-v0ZS3_CbbE5Xw",
                    "stars": 3.0,
                    "useful": 0,
                    "text": "If you decide to eat here",
                    "date": "2018-07-07 22:09:11",
                }
            ),
            "yelp_academic_dataset_business.json": json_lines(
                {
                    "business_id": "XQfwVwDr-v0ZS3_CbbE5Xw",
                    "name": "Turning Point of North Wales",
                    "address": "1460 Bethlehem Pike",
                    "city": "North Wales",
                    "state": "PA",
                    "latitude": 40.25,
                    "longitude": -75.5,
                    "stars": 3.0,
                    "review_count": 169,
                    "is_open": 1,
                    "attributes": {"WiFi": "u'free'"},
                    "categories": "Restaurants, Breakfast & Brunch",
                    "hours": None,
                }
            ),
            "yelp_academic_dataset_user.json": json_lines(
                {
                    "user_id": "mh_-eMZ6K5RLWhZyISBhwA",
                    "name": "Walker",
                    "review_count": 585,
                    "friends": "NSCy54eWehBJ, pe42u7DcCH2Q",
                    "fans": 267,
                    "average_stars": 3.91,
                },
                {
                    "user_id": "NSCy54eWehBJ",
                    "name": "Daniel",
                    "review_count": 1,
                    "friends": "None",
                    "fans": 0,
                    "average_stars": 4.0,
                },
            ),
            "yelp_academic_dataset_tip.json": json_lines({"user_id": "x", "business_id": "y"}),
        },
        (
            (
                "mh_-eMZ6K5RLWhZyISBhwA",
                "XQfwVwDr-v0ZS3_CbbE5Xw",
                3.0,
                "rating",
                "2018-07-07T22:09:11",
            ),
        ),
        {
            "XQfwVwDr-v0ZS3_CbbE5Xw": {
                "title": "Turning Point of North Wales",
                "city": "North Wales",
                "state": "PA",
                "categories": ("Restaurants", "Breakfast & Brunch"),
                "stars": 3.0,
                "review_count": 169.0,
                "latitude": 40.25,
                "longitude": -75.5,
                "is_open": "1",
            }
        },
        {
            "mh_-eMZ6K5RLWhZyISBhwA": {"review_count": 585.0, "fans": 267.0, "average_stars": 3.91},
            "NSCy54eWehBJ": {"review_count": 1.0, "fans": 0.0, "average_stars": 4.0},
        },
        links={
            ("user", "friend", "user"): pairs(
                ("mh_-eMZ6K5RLWhZyISBhwA", "NSCy54eWehBJ"),
                ("mh_-eMZ6K5RLWhZyISBhwA", "pe42u7DcCH2Q"),
            )
        },
        bad=(
            "yelp_academic_dataset_review.json",
            b'{"user_id": "a", "business_id": null, "stars": 1.0, "date": "2018-07-07 22:09:11"}',
        ),
    ),
    "gowalla": Example(
        {
            "loc-gowalla_totalCheckins.txt.gz": gz(
                lines(
                    "0\t2010-10-19T23:55:27Z\t30.25\t-97.5\t22847",
                    "0\t2010-10-18T22:17:43Z\t30.5\t-97.75\t420315",
                    "1\t2010-10-17T23:42:03Z\t30.25\t-97.5\t22847",
                )
            ),
            "loc-gowalla_edges.txt.gz": gz(lines("0\t1", "1\t0")),
        },
        (
            ("0", "22847", 1.0, "checkin", "2010-10-19T23:55:27"),
            ("0", "420315", 1.0, "checkin", "2010-10-18T22:17:43"),
            ("1", "22847", 1.0, "checkin", "2010-10-17T23:42:03"),
        ),
        {
            "22847": {"latitude": 30.25, "longitude": -97.5},
            "420315": {"latitude": 30.5, "longitude": -97.75},
        },
        links={("user", "friend", "user"): pairs(("0", "1"), ("1", "0"))},
    ),
    "foursquare": Example(
        {
            "dataset_TSMC2014_NYC.txt": lines(
                "470\t49bbd6c0\t4bf58dd8\tCafé\t40.5\t-74.25\t-240\tTue Apr 03 18:00:09 +0000 2012",
                "979\t4a43c0ae\t4bf58dd9\tBridge\t40.5\t-74\t-240\tTue Apr 03 18:00:25 +0000 2012",
                encoding="latin-1",
            )
        },
        (
            ("470", "49bbd6c0", 1.0, "checkin", "2012-04-03T18:00:09"),
            ("979", "4a43c0ae", 1.0, "checkin", "2012-04-03T18:00:25"),
        ),
        {
            "49bbd6c0": {"category": "Café", "latitude": 40.5, "longitude": -74.25},
            "4a43c0ae": {"category": "Bridge", "latitude": 40.5, "longitude": -74.0},
        },
        bad=("dataset_TSMC2014_NYC.txt", b"979\tx\ty\tz\t40\t-74\t-240\tTue Apr 33 2012"),
    ),
    "segment": Example(
        {
            "segment/1683000000.json.gz": gz(
                json_lines(
                    _track("Product Viewed", product_id="p1", name="Monopoly", price=18.99),
                    _track("Product Added", user=None, product_id="p1", quantity=2),
                    _track(
                        "Order Completed",
                        order_id="50314b8e",
                        total=30,
                        products=[
                            {"product_id": "p1", "name": "Monopoly", "price": 18.99, "quantity": 1},
                            {"sku": "45790", "name": "Uno", "category": "Games", "quantity": 3},
                        ],
                    ),
                    _track("Product Reviewed", product_id="p1", rating=4),
                    _track("Product Reviewed", product_id="45790", review_body="Good"),
                    _track("Video Watched", product_id="v1"),
                    {"type": "page", "anonymousId": "a9", "timestamp": "2023-05-01T10:00:00Z"},
                )
            )
        },
        (
            ("u1", "p1", 1.0, "view", "2023-05-01T10:00:00"),
            ("a9", "p1", 2.0, "add_to_cart", "2023-05-01T10:00:00"),
            ("u1", "p1", 1.0, "purchase", "2023-05-01T10:00:00"),
            ("u1", "45790", 3.0, "purchase", "2023-05-01T10:00:00"),
            ("u1", "p1", 4.0, "rating", "2023-05-01T10:00:00"),
            ("u1", "45790", 1.0, "review", "2023-05-01T10:00:00"),
            ("u1", "v1", 1.0, "video_watched", "2023-05-01T10:00:00"),
        ),
        {
            "p1": {"title": "Monopoly", "brand": None, "category": None, "price": 18.99},
            "45790": {"title": "Uno", "brand": None, "category": "Games", "price": None},
        },
        recognised=False,
    ),
    "ga4": Example(
        {
            "events_20210131-000000000000.json": json_lines(
                _ga4("page_view", 1612069510766593, "u7", params={"page_title": "Home"}),
                _ga4("view_item", 1612069510766594, None, items=[_ga4_item("GG1", price="20")]),
                _ga4(
                    "purchase",
                    1612069510766595,
                    "u7",
                    items=[_ga4_item("GG1", quantity="2"), _ga4_item("GG2", quantity=None)],
                ),
                _ga4("select_content", 1612069510766596, "u7", params={"content_id": "GG3"}),
                _ga4("view_item_list", 1612069510766597, "u7", items=[{"item_id": "(not set)"}]),
            )
        },
        (
            ("1026454.4271112504", "GG1", 1.0, "view", "2021-01-31T05:05:10.766"),
            ("u7", "GG1", 2.0, "purchase", "2021-01-31T05:05:10.766"),
            ("u7", "GG2", 1.0, "purchase", "2021-01-31T05:05:10.766"),
            ("u7", "GG3", 1.0, "click", "2021-01-31T05:05:10.766"),
        ),
        {
            "GG1": {"title": "Item GG1", "brand": None, "category": "Apparel", "price": 20.0},
            "GG2": {"title": "Item GG2", "brand": None, "category": "Apparel", "price": None},
        },
        recognised=False,
        bad=(
            "events_20210131-000000000000.json",
            b'{"event_name": "view_item", "event_timestamp": "later", "user_pseudo_id": "1", '
            b'"items": [{"item_id": "GG1"}]}',
        ),
    ),
}
