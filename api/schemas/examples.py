"""Examples that the OpenAPI document shows; FastAPI leaves nulls out of it."""

from __future__ import annotations

from pydantic.config import JsonDict

VERSION = "20261122T101500Z-3fa9c1"
EARLIER = "20261121T101500Z-9c1d42"
NEXT = f"{VERSION}.1"

ALIEN: JsonDict = {
    "item": "183",
    "title": "Alien (1979)",
    "people": 176,
    "score": 0.612372436,
}
EMPIRE: JsonDict = {
    "item": "172",
    "title": "The Empire Strikes Back (1980)",
    "score": 8.9,
    "reason": "Because you liked Alien (1979): 176 people who liked it also liked "
    "The Empire Strikes Back (1980)",
    "because": [ALIEN],
}
RECOMMENDED: JsonDict = {
    **EMPIRE,
    "sources": ["embedding", "neighbours"],
    "reason_code": "liked-together",
    "reason_values": {
        "via": "Alien (1979)",
        "people": 176,
        "name": "The Empire Strikes Back (1980)",
    },
}
EXPLAINED: JsonDict = {
    **EMPIRE,
    "seen": False,
    "rank": 1,
    "contributions": [
        {"source": "neighbours", "z_score": 7.5, "weight": 1, "score": 7.5, "learned": 0.0},
        {"source": "embedding", "z_score": 4.0, "weight": 0.35, "score": 1.4, "learned": 0.0},
    ],
    "shared": [{"attribute": "genres", "value": "Sci-Fi", "items": 12}],
    "warnings": [],
}
SEEN: JsonDict = {
    "item": "183",
    "title": "Alien (1979)",
    "verdict": "seen",
    "sources": [
        {"source": "neighbours", "retrieved": False, "rank": 7, "z_score": 5.5, "weight": 1.0}
    ],
    "warnings": [],
}
PREDICTED: JsonDict = {
    "user": "196",
    "item": "183",
    "title": "Alien (1979)",
    "rating": 3.92,
    "low": 1.0,
    "high": 5.0,
    "basis": "model",
    "model": "bayesian-svd",
    "user_ratings": 39,
    "item_ratings": 291,
}
LISTED: JsonDict = {"item": "183", "title": "Alien (1979)", "likes": 244}
