"""Examples of folders of one's own."""

from __future__ import annotations

from tests.support.formats.example import Example, lines

EXAMPLES = {
    "tables": Example(
        {
            "events.csv": lines(
                "customer_id,sku,event,timestamp,quantity",
                "C1,GAR-01,view,2026-05-01T10:00:00Z,",
                "C1,GAR-01,cart,2026-05-01T10:01:00Z,1",
                "C1,GAR-01,purchase,2026-05-01T10:02:00Z,2",
                "C2,GAR-01,purchase,2026-05-02T10:00:00Z,1",
                "C2,GAR-01,return,2026-05-04T10:00:00Z,1",
            ),
            "items.csv": lines(
                "sku,title,category,price,stock",
                'GAR-01,"Folding Saw, 30 cm",Garden,24.99,0',
                "GAR-02,Trowel,Garden,9.50,12",
            ),
            "users.csv": lines("customer_id,country", "C1,DE", "C2,GB"),
        },
        (
            ("C1", "GAR-01", 1.0, "view", "2026-05-01T10:00:00"),
            ("C1", "GAR-01", 1.0, "cart", "2026-05-01T10:01:00"),
            ("C1", "GAR-01", 2.0, "purchase", "2026-05-01T10:02:00"),
            ("C2", "GAR-01", 1.0, "purchase", "2026-05-02T10:00:00"),
            ("C2", "GAR-01", 1.0, "return", "2026-05-04T10:00:00"),
        ),
        {
            "GAR-01": {
                "title": "Folding Saw, 30 cm",
                "category": "Garden",
                "price": 24.99,
                "stock": 0,
            },
            "GAR-02": {"title": "Trowel", "category": "Garden", "price": 9.5, "stock": 12},
        },
        {"C1": {"country": "DE"}, "C2": {"country": "GB"}},
        bad=("events.csv", b"C3,GAR-02,view,yesterday or so,"),
    ),
}
