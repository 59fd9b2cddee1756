"""Times, ids and weights of events over HTTP mean what they mean in files, or are refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from graphrec.data.times import DAY, clock
from tests.support.live import event, served, settings_in

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with served(settings_in(tmp_path_factory.mktemp("values"))) as client:
        yield client


def sent(client: httpx.Client, **fields: Any) -> httpx.Response:
    values = {**event("ann", "alien"), **fields}
    return client.post("/v1/events", json={"events": [values]})


SECONDS = 1_649_413_800  # 2022-04-08 10:30


@pytest.mark.parametrize(
    "time",
    [
        SECONDS,
        SECONDS * 1000,
        SECONDS * 10**6,
        SECONDS * 10**9,
        str(SECONDS),
        202204081030,
        "20220408103000",
        "2022-04-08T10:30:00Z",
        "2022-04-08T12:30:00+02:00",
        "2022-04-08 10:30",
        "Fri, 08 Apr 2022 10:30:00 GMT",
        "08/Apr/2022:10:30:00 +0000",
    ],
)
def test_times_are_of_any_unit(client: httpx.Client, time: object) -> None:
    user = f"u{time}"
    assert sent(client, user=user, time=time).json()["accepted"] == 1
    key = {"user": user, "item": "alien", "time": SECONDS * 1000}
    answer = client.request("DELETE", "/v1/events", json={"events": [key]})
    assert answer.json() == {"deleted": 1}


@pytest.mark.parametrize(
    "time",
    [
        pytest.param(clock() + 3 * DAY, id="in three days"),
        "2100-01-01",
        4_102_444_800,
        -1,
        5,
        2022,
        220408,
        44_659,
        10**20,
        1e308,
        "yesterday",
        "04/08/2022",
        "31/02/2022",
        "",
        "NULL",
        "1969-12-31",
        True,
        [SECONDS],
        {"at": SECONDS},
    ],
)
def test_times_that_cannot_be_are_refused(client: httpx.Client, time: object) -> None:
    answer = sent(client, time=time)
    assert answer.status_code == 422
    assert answer.json()["error"]["field"] == "events[0].time"
    assert "expected" in answer.json()["error"]["message"]


@pytest.mark.parametrize("name", ["user", "item", "kind"])
@pytest.mark.parametrize(
    "value",
    [
        *("NULL", "null", "NaN", "None", "\\N", "undefined", "<NA>", "", "  ", "\u00a0", "nil"),
        *("a\x00b", "a\nb", "a\x01", "x" * 1001, "[1]", '{"a":1}', "1.23457E+11"),
        *(None, 1.5e300, {"id": 1}, ["a"], True),
    ],
)
def test_ids_that_are_none_are_refused(client: httpx.Client, name: str, value: object) -> None:
    answer = sent(client, **{name: value})
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"]["field"] == f"events[0].{name}"


@pytest.mark.parametrize(
    ("given", "stored"),
    [(" ann ", "ann"), ("\u00a0ann", "ann"), ("Zoe\u0308", "Zo\u00eb"), ("ann\u200b", "ann")],
)
def test_ids_are_trimmed_and_normal(client: httpx.Client, given: str, stored: str) -> None:
    time = SECONDS * 1000
    assert sent(client, user=given, time=time).status_code == 200
    key = {"user": stored, "item": "alien", "time": time}
    taken = client.request("DELETE", "/v1/events", json={"events": [key]})
    assert taken.json() == {"deleted": 1}


@pytest.mark.parametrize("weight", [-1, "NaN", "5", None, True, 1e39, [1]])
def test_weights_that_mean_nothing_are_refused(client: httpx.Client, weight: object) -> None:
    answer = sent(client, kind="rating", weight=weight)
    assert answer.status_code == 422
    assert answer.json()["error"]["field"] == "events[0].weight"


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_numbers_that_json_has_not_are_refused(client: httpx.Client, text: str) -> None:
    before, after = '{"events": [{"user": "a", "item": "alien", "kind": "rating", "weight": ', "}]}"
    body = before + text + after
    answer = client.post("/v1/events", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422


def test_a_return_takes_back_pieces(client: httpx.Client) -> None:
    def listed() -> str:
        path = "/v1/users/shopper/why-not/alien"
        return str(client.get(path).json()["verdict"])

    sent(client, user="shopper", kind="purchase", weight=3, time=SECONDS)
    sent(client, user="shopper", kind="return", weight=1, time=SECONDS + 60)
    assert listed() == "seen"
    sent(client, user="shopper", kind="return", weight=2, time=clock())
    assert listed() == "disliked"
