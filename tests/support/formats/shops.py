"""Examples of shops."""

from __future__ import annotations

from tests.support.formats.example import Example, gz, json_lines, lines, literals, pairs

_RATINGS = lines(
    "A1YJEY40YUW4SE,7806397051,1.0,1391040000", "A60XNB876KYML,7806397051,3.0,1397779200"
)
_AMAZON = (
    ("A1YJEY40YUW4SE", "7806397051", 1.0, "rating", "2014-01-30T00:00:00"),
    ("A60XNB876KYML", "7806397051", 3.0, "rating", "2014-04-18T00:00:00"),
)


def _review(user: str, stars: float, time: int) -> dict[str, object]:
    return {
        "reviewerID": user,
        "asin": "7806397051",
        "reviewerName": "Andrea",
        "helpful": [3, 4],
        "reviewText": "Very oily and creamy.",
        "overall": stars,
        "summary": "Don't waste your money",
        "unixReviewTime": time,
        "reviewTime": "01 30, 2014",
    }


_REVIEWS = (_review("A1YJEY40YUW4SE", 1.0, 1391040000), _review("A60XNB876KYML", 3.0, 1397779200))

EXAMPLES = {
    "amazon-2014-reviews": Example(
        {
            "reviews_Beauty_5.json.gz": gz(json_lines(*_REVIEWS)),
            "meta_Beauty.json.gz": gz(
                literals(
                    {
                        "asin": "7806397051",
                        "title": "WAWO 15 Color Professionl Makeup",
                        "price": 12.5,
                        "imUrl": "http://x",
                        "related": {"also_bought": ["B003EQF1TU"]},
                        "salesRank": {"Beauty": 23},
                        "brand": "WAWO",
                        "categories": [["Beauty", "Makeup"], ["Beauty", "Face"]],
                    },
                    {"asin": "9759091062", "title": None, "categories": [["Beauty"]]},
                )
            ),
        },
        _AMAZON,
        {
            "7806397051": {
                "title": "WAWO 15 Color Professionl Makeup",
                "brand": "WAWO",
                "price": 12.5,
                "categories": ("Beauty", "Makeup", "Face"),
            },
            "9759091062": {"title": None, "brand": None, "price": None, "categories": ("Beauty",)},
        },
    ),
    "amazon-2014-ratings": Example(
        {
            "ratings_Beauty.csv": _RATINGS,
            "meta_Beauty.json.gz": gz(literals({"asin": "7806397051", "price": 12.5})),
        },
        _AMAZON,
        bad=("ratings_Beauty.csv", b"A1YJEY40YUW4SE,7806397051,x,1391040000"),
    ),
    "amazon-2018-reviews": Example(
        {
            "All_Beauty_5.json.gz": gz(json_lines(*_REVIEWS)),
            "meta_All_Beauty.json.gz": gz(
                json_lines(
                    {
                        "category": ["Beauty", "Makeup"],
                        "tech1": "",
                        "description": ["Loud 'N Clear"],
                        "title": "Personal Sound Amplifier",
                        "also_buy": [],
                        "brand": "idea village",
                        "main_cat": "All Beauty",
                        "details": {"ASIN: ": "6546546450"},
                        "price": "$18.50",
                        "asin": "7806397051",
                    }
                )
            ),
        },
        _AMAZON,
        {
            "7806397051": {
                "title": "Personal Sound Amplifier",
                "brand": "idea village",
                "price": 18.5,
                "category": ("Beauty", "Makeup"),
                "main_cat": "All Beauty",
            }
        },
    ),
    "amazon-2018-ratings": Example(
        {
            "All_Beauty.csv": lines(
                "7806397051,A1YJEY40YUW4SE,1.0,1391040000",
                "7806397051,A60XNB876KYML,3.0,1397779200",
            )
        },
        _AMAZON,
        recognised=False,
        bad=("All_Beauty.csv", b"7806397051,A1YJEY40YUW4SE,x,1391040000"),
    ),
    "amazon-2023-reviews": Example(
        {
            "All_Beauty.jsonl.gz": gz(
                json_lines(
                    {
                        "rating": 5.0,
                        "title": "Such a lovely scent",
                        "text": "This spray is really nice.",
                        "images": [],
                        "asin": "B00YQ6X8EO",
                        "parent_asin": "B00YQ6X8E0",
                        "user_id": "AGKHLEW2SOWHNMFQIJGBECAF7INQ",
                        "timestamp": 1588687728923,
                        "helpful_vote": 0,
                        "verified_purchase": True,
                    }
                )
            ),
            "meta_All_Beauty.jsonl.gz": gz(
                json_lines(
                    {
                        "main_category": "All Beauty",
                        "title": "Howard LC0008",
                        "average_rating": 4.8,
                        "rating_number": 10,
                        "features": [],
                        "price": None,
                        "store": "Howard Products",
                        "categories": ["Beauty", "Hair"],
                        "details": {"Package Dimensions": "7.1 x 5.5"},
                        "parent_asin": "B00YQ6X8E0",
                    },
                    {
                        "main_category": "All Beauty",
                        "title": "Yes to Tomatoes",
                        "average_rating": 4.5,
                        "rating_number": 3,
                        "price": 22.5,
                        "store": None,
                        "categories": [],
                        "parent_asin": "B076WQZGPM",
                    },
                )
            ),
        },
        (
            (
                "AGKHLEW2SOWHNMFQIJGBECAF7INQ",
                "B00YQ6X8E0",
                5.0,
                "rating",
                "2020-05-05T14:08:48.923",
            ),
        ),
        {
            "B00YQ6X8E0": {
                "title": "Howard LC0008",
                "main_category": "All Beauty",
                "store": "Howard Products",
                "categories": ("Beauty", "Hair"),
                "price": None,
                "average_rating": 4.8,
                "rating_number": 10.0,
            },
            "B076WQZGPM": {
                "title": "Yes to Tomatoes",
                "main_category": "All Beauty",
                "store": None,
                "categories": None,
                "price": 22.5,
                "average_rating": 4.5,
                "rating_number": 3.0,
            },
        },
    ),
    "amazon-2023-ratings": Example(
        {
            "All_Beauty.train.csv": lines(
                "user_id,parent_asin,rating,timestamp,history",
                "AFSKPY37N3C4,B0BFR5WF1R,1.0,1675826333052,",
                "AFSKPY37N3C4,B0868WTW4Y,5.0,1675826333053,B0BFR5WF1R",
            )
        },
        (
            ("AFSKPY37N3C4", "B0BFR5WF1R", 1.0, "rating", "2023-02-08T03:18:53.052"),
            ("AFSKPY37N3C4", "B0868WTW4Y", 5.0, "rating", "2023-02-08T03:18:53.053"),
        ),
        recognised=False,
        bad=("All_Beauty.train.csv", b"AFSKPY37N3C4,,1.0,1675826333052,"),
    ),
    "retailrocket": Example(
        {
            "events.csv": lines(
                "timestamp,visitorid,event,itemid,transactionid",
                "1433221332117,257597,view,355908,",
                "1433224214164,992329,addtocart,248676,",
                "1433222276276,599528,transaction,356475,4000",
            ),
            "item_properties_part1.csv": lines(
                "timestamp,itemid,property,value",
                "1435460400000,355908,categoryid,1338",
                "1441508400000,355908,888,1116713 960601 n277.200",
                "1433041200000,355908,available,0",
            ),
            "item_properties_part2.csv": lines(
                "timestamp,itemid,property,value",
                "1436065200000,355908,categoryid,1339",
                "1436065200000,248676,available,1",
            ),
            "category_tree.csv": lines("categoryid,parentid", "1339,213", "213,"),
        },
        (
            ("257597", "355908", 1.0, "view", "2015-06-02T05:02:12.117"),
            ("992329", "248676", 1.0, "addtocart", "2015-06-02T05:50:14.164"),
            ("599528", "356475", 1.0, "transaction", "2015-06-02T05:17:56.276"),
        ),
        {
            "355908": {"categoryid": "1339", "available": "0"},
            "248676": {"categoryid": None, "available": "1"},
        },
        links={
            ("category", "in", "category"): pairs(("1339", "213")),
            ("item", "in", "category"): pairs(("355908", "1339")),
        },
        bad=("events.csv", b"soon,257597,view,355908,"),
    ),
    "tmall": Example(
        {
            "user_log_format1.csv": lines(
                "user_id,item_id,cat_id,seller_id,brand_id,time_stamp,action_type",
                "328862,323294,833,2882,2661,829,0",
                "328862,844400,1271,2882,2661,0829,3",
                "234512,323294,833,2882,2661,1111,2",
                "234512,323294,833,2882,2661,1110,1",
            ),
            "user_info_format1.csv": lines("user_id,age_range,gender", "328862,6,1", "234512,5,"),
        },
        (
            ("328862", "323294", 1.0, "click", "2014-08-29T00:00:00"),
            ("328862", "844400", 1.0, "favourite", "2014-08-29T00:00:00"),
            ("234512", "323294", 1.0, "purchase", "2014-11-11T00:00:00"),
            ("234512", "323294", 1.0, "cart", "2014-11-10T00:00:00"),
        ),
        {
            "323294": {"cat_id": "833", "seller_id": "2882", "brand_id": "2661"},
            "844400": {"cat_id": "1271", "seller_id": "2882", "brand_id": "2661"},
        },
        {
            "328862": {"age_range": "6", "gender": "1"},
            "234512": {"age_range": "5", "gender": None},
        },
        bad=("user_log_format1.csv", b"328862,323294,833,2882,2661,1350,0"),
    ),
    "user-behavior": Example(
        {
            "UserBehavior.csv": lines(
                "1,2268318,2520377,pv,1511544070",
                "1,2333346,2520771,fav,1511561733",
                "2,2268318,2520377,buy,1511572885",
                "2,2268318,2520377,cart,1511572884",
            )
        },
        (
            ("1", "2268318", 1.0, "view", "2017-11-24T17:21:10"),
            ("1", "2333346", 1.0, "favourite", "2017-11-24T22:15:33"),
            ("2", "2268318", 1.0, "buy", "2017-11-25T01:21:25"),
            ("2", "2268318", 1.0, "cart", "2017-11-25T01:21:24"),
        ),
        {"2268318": {"category": "2520377"}, "2333346": {"category": "2520771"}},
        bad=("UserBehavior.csv", b"1,2268318,2520377,pv,-1511544070"),
    ),
    "yoochoose": Example(
        {
            "yoochoose-clicks.dat": lines(
                "1,2014-04-07T10:51:09.277Z,214536502,0", "2,2014-04-07T13:56:37.614Z,214662742,S"
            ),
            "yoochoose-buys.dat": lines("2,2014-04-07T14:00:00.000Z,214662742,0,0"),
            "yoochoose-test.dat": lines("5,2014-04-07T17:13:46.713Z,214530776,0"),
        },
        (
            ("1", "214536502", 1.0, "click", "2014-04-07T10:51:09.277"),
            ("2", "214662742", 1.0, "click", "2014-04-07T13:56:37.614"),
            ("2", "214662742", 1.0, "purchase", "2014-04-07T14:00:00"),
        ),
        bad=("yoochoose-clicks.dat", b"1,2014-14-07T10:51:09.277Z,214536502,0"),
    ),
    "otto": Example(
        {
            "otto-recsys-train.jsonl": json_lines(
                {
                    "session": 0,
                    "events": [
                        {"aid": 1517085, "ts": 1659304800025, "type": "clicks"},
                        {"aid": 1563459, "ts": 1659304904511, "type": "carts"},
                    ],
                },
                {"session": 1, "events": [{"aid": 1517085, "ts": 1659305000000, "type": "orders"}]},
            ),
            "otto-recsys-test.jsonl": json_lines({"session": 12, "events": []}),
        },
        (
            ("0", "1517085", 1.0, "click", "2022-07-31T22:00:00.025"),
            ("0", "1563459", 1.0, "cart", "2022-07-31T22:01:44.511"),
            ("1", "1517085", 1.0, "purchase", "2022-07-31T22:03:20"),
        ),
        bad=(
            "otto-recsys-train.jsonl",
            b'{"session": 3, "events": [{"aid": 1, "ts": "now", "type": "clicks"}]}',
        ),
    ),
    "hm": Example(
        {
            "transactions_train.csv": lines(
                "t_dat,customer_id,article_id,price,sales_channel_id",
                "2018-09-20,000058a1,0663713001,0.0508,2",
                "2018-09-20,000058a1,0663713001,0.0508,2",
                "2018-09-21,00007d2d,0541518023,0.0304,2",
            ),
            "articles.csv": lines(
                "article_id,product_code,prod_name,product_type_name,product_group_name,"
                "colour_group_name,department_name,index_name,section_name,garment_group_name,"
                "detail_desc",
                "0663713001,663713,Strap top,Vest top,Garment Upper body,Black,Jersey,Ladieswear,"
                'Womens,Jersey Basic,"Jersey top, narrow."',
            ),
            "customers.csv": lines(
                "customer_id,FN,Active,club_member_status,fashion_news_frequency,age,postal_code",
                "000058a1,,,ACTIVE,NONE,49.0,52043ee2",
            ),
            "sample_submission.csv": lines("customer_id,prediction", "000058a1,0706016001"),
        },
        (
            ("000058a1", "0663713001", 2.0, "purchase", "2018-09-20T00:00:00"),
            ("00007d2d", "0541518023", 1.0, "purchase", "2018-09-21T00:00:00"),
        ),
        {
            "0663713001": {
                "title": "Strap top",
                "product_type_name": "Vest top",
                "product_group_name": "Garment Upper body",
                "colour_group_name": "Black",
                "department_name": "Jersey",
                "index_name": "Ladieswear",
                "section_name": "Womens",
                "garment_group_name": "Jersey Basic",
                "detail_desc": "Jersey top, narrow.",
            }
        },
        {
            "000058a1": {
                "club_member_status": "ACTIVE",
                "fashion_news_frequency": "NONE",
                "age": 49.0,
            }
        },
        bad=("transactions_train.csv", b"2018-09-20,,0663713001,0.0508,2"),
    ),
    "instacart": Example(
        {
            "orders.csv": lines(
                "order_id,user_id,eval_set,order_number,order_dow,order_hour_of_day,"
                "days_since_prior_order",
                "2398795,1,prior,2,3,07,15.0",
                "2539329,1,prior,1,2,08,",
                "17,2,train,1,0,09,",
                "3,1,train,3,0,10,30.0",
            ),
            "order_products__prior.csv": lines(
                "order_id,product_id,add_to_cart_order,reordered",
                "2539329,196,1,0",
                "2398795,196,1,1",
                "2398795,14084,2,0",
            ),
            "order_products__train.csv": lines(
                "order_id,product_id,add_to_cart_order,reordered", "3,196,1,1", "17,14084,1,0"
            ),
            "products.csv": lines(
                "product_id,product_name,aisle_id,department_id",
                '196,"Soda, Original",77,7',
                "14084,Organic Almond Milk,91,16",
            ),
            "aisles.csv": lines("aisle_id,aisle", "77,soft drinks", "91,soy lactosefree"),
            "departments.csv": lines("department_id,department", "7,beverages", "16,dairy eggs"),
        },
        (
            ("1", "196", 1.0, "purchase", "2000-01-01T08:00:00"),
            ("1", "196", 1.0, "purchase", "2000-01-16T07:00:00"),
            ("1", "14084", 1.0, "purchase", "2000-01-16T07:00:00"),
            ("1", "196", 1.0, "purchase", "2000-02-15T10:00:00"),
            ("2", "14084", 1.0, "purchase", "2000-01-01T09:00:00"),
        ),
        {
            "196": {"title": "Soda, Original", "aisle_id": "77", "department_id": "7"},
            "14084": {
                "title": "Organic Almond Milk",
                "aisle_id": "91",
                "department_id": "16",
            },
        },
        others={
            "aisle": {"77": {"title": "soft drinks"}, "91": {"title": "soy lactosefree"}},
            "department": {"7": {"title": "beverages"}, "16": {"title": "dairy eggs"}},
        },
        links={
            ("item", "in", "aisle"): pairs(("196", "77"), ("14084", "91")),
            ("item", "in", "department"): pairs(("196", "7"), ("14084", "16")),
        },
        bad=("order_products__prior.csv", b"99,196,1,0"),
    ),
    "online-retail": Example(
        {
            "OnlineRetail.csv": lines(
                "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country",
                "536365,85123A,WHITE HANGING HEART,6,12/1/2010 8:26,2.55,17850,United Kingdom",
                "536365,71053,POUND £ LANTERN,6,12/1/2010 8:26,3.39,17850,United Kingdom",
                "C536379,85123A,WHITE HANGING HEART,-1,12/1/2010 9:41,2.55,17850,United Kingdom",
                "536414,22139,,56,12/1/2010 11:52,0,,United Kingdom",
                encoding="cp1252",
            )
        },
        (
            ("17850", "85123A", 6.0, "purchase", "2010-12-01T08:26:00"),
            ("17850", "71053", 6.0, "purchase", "2010-12-01T08:26:00"),
            ("17850", "85123A", 1.0, "return", "2010-12-01T09:41:00"),
        ),
        {
            "85123A": {"title": "WHITE HANGING HEART"},
            "71053": {"title": "POUND £ LANTERN"},
        },
        bad=("OnlineRetail.csv", b"536365,71053,LANTERN,many,12/1/2010 8:26,3.39,17850,Norway"),
    ),
    "diginetica": Example(
        {
            "train-item-views.csv": lines(
                "sessionId;userId;itemId;timeframe;eventdate",
                "1;NULL;81766;526309;2016-05-09",
                "1;NULL;31331;1031018;2016-05-09",
            ),
            "train-purchases.csv": lines(
                "sessionId;userId;timeframe;eventdate;ordernumber;itemId",
                "150;18278;17100868;2016-05-06;16421;25911",
            ),
            "product-categories.csv": lines("itemId;categoryId", "139578;1096", "81766;16"),
            "train-clicks.csv": lines("queryId;timeframe;itemId", "1;16338861;24857"),
        },
        (
            ("1", "81766", 1.0, "view", "2016-05-09T00:00:00"),
            ("1", "31331", 1.0, "view", "2016-05-09T00:00:00"),
            ("150", "25911", 1.0, "purchase", "2016-05-06T00:00:00"),
        ),
        {"139578": {"category": "1096"}, "81766": {"category": "16"}},
        bad=("train-item-views.csv", b"1;NULL;;526309;2016-05-09"),
    ),
    "rees46": Example(
        {
            "2019-Oct.csv": lines(
                "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,"
                "user_session",
                "2019-10-01 00:00:00 UTC,view,44600062,21038,,shiseido,35.79,541312140,72d76fde",
                "2019-10-01 00:00:01 UTC,purchase,3900821,20530,appliances.heater,aqua,33.2,5545,9",
            ),
            "2019-Nov.csv.gz": gz(
                lines(
                    "event_time,event_type,product_id,category_id,category_code,brand,price,"
                    "user_id,user_session",
                    "2019-11-01 00:00:00 UTC,cart,3900821,20530,appliances.heater,aqua,33,5545,9",
                )
            ),
        },
        (
            ("541312140", "44600062", 1.0, "view", "2019-10-01T00:00:00"),
            ("5545", "3900821", 1.0, "purchase", "2019-10-01T00:00:01"),
            ("5545", "3900821", 1.0, "cart", "2019-11-01T00:00:00"),
        ),
        {
            "44600062": {"category_id": "21038", "category_code": None, "brand": "shiseido"},
            "3900821": {
                "category_id": "20530",
                "category_code": "appliances.heater",
                "brand": "aqua",
            },
        },
        bad=("2019-Oct.csv", b"2019-10-01 00:00:00 UTC,view,,21038,,x,35.79,541312140,72d76fde"),
    ),
}
