"""The clients against a service: what is made from the document, and what is sent again."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from graphrec.client import AsyncClient, Client, ClientError
from graphrec.client.call import Call, path_part, pause_after, prepared
from scripts.clients.__main__ import RELEASED, document, files
from scripts.clients.facts import facts, lost
from tests.support.live import served, settings_in
from tests.support.paths import ROOT

TYPESCRIPT = ROOT / "clients" / "typescript"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(settings_in(tmp_path_factory.mktemp("service"))) as client:
        yield str(client.base_url)


def test_the_clients_are_made_from_the_document_as_it_is() -> None:
    stale = [str(p.relative_to(ROOT)) for p, text in files(document()).items()
             if not p.exists() or p.read_text("utf-8") != text]  # fmt: skip
    assert stale == [], "the document has changed: run python -m scripts.clients, and look at what"


def test_nothing_is_taken_away_from_clients_of_the_last_release() -> None:
    released = frozenset(RELEASED.read_text("utf-8").splitlines())
    gone = lost(released, document())
    assert gone == [], "clients of the last release rely on it: keep it, or serve it under /v2"


def test_what_is_taken_away_is_named() -> None:
    before = document()
    after = json.loads(json.dumps(before))
    schemas = after["components"]["schemas"]
    del schemas["Recommendation"]["properties"]["reason"]
    schemas["NewEvent"]["required"].append("weight")
    schemas["UserRecommendations"]["required"].remove("user")
    schemas["Batch"]["required"].remove("events")  # asks less of clients
    schemas["Recommendation"]["properties"]["more"] = {"type": "string"}
    del after["paths"]["/v1/popular"]
    gone = lost(facts(before), after)
    assert [each for each in gone if "popular" not in each] == [
        "NewEvent.weight may be left out",
        "Recommendation.reason is there",
        "Recommendation.reason: string",
        "UserRecommendations.user is there",
    ]
    assert "GET /v1/popular k: integer" in gone


def test_events_are_sent_and_the_next_list_knows_them(url: str) -> None:
    with Client(url) as client:
        before = client.user_recommendations("zoe", k=3)["recommendations"]
        assert before[0]["item"] == "hit"
        event: dict[str, str] = {"user": "zoe", "item": "hit", "kind": "like"}
        assert client.new_events({"events": [event, event]})["accepted"] == 2  # type: ignore[list-item]
        after = client.user_recommendations("zoe", deny=["alien", "brazil"], explain=True)
        assert {"hit", "alien", "brazil"}.isdisjoint(
            each["item"] for each in after["recommendations"]
        )
        times = [each["time"] for each in client.user_events("zoe")["events"]]
        assert len(times) == 2


def test_ids_of_any_characters_and_errors(url: str) -> None:
    odd = "a/b c%é'()"
    with Client(url) as client:
        client.put_item(odd, {"attributes": {"title": "Odd", "price": 3}})
        assert client.item(odd)["title"] == "Odd"
        assert client.delete_item(odd)["deleted"]
        with pytest.raises(ClientError, match="unknown") as unknown:
            client.item(odd)
        assert (unknown.value.status, unknown.value.code) == (404, "unknown_item")
        with pytest.raises(ClientError) as invalid:
            client.user_recommendations("zoe", k=0)
        assert (invalid.value.status, invalid.value.field) == (422, "k")
        placed = client.placement("also-bought", item="alien", k=2)
        assert placed["placement"] == "also-bought"


def test_the_same_for_asyncio_all_at_once(url: str) -> None:
    async def ask() -> list[int]:
        async with AsyncClient(url) as client:
            lists = await asyncio.gather(
                *(client.user_recommendations(user, k=2) for user in ("ann", "bob", "cat"))
            )
            assert (await client.ready())["status"] == "ready"
            return [len(each["recommendations"]) for each in lists]

    assert asyncio.run(ask()) == [2, 2, 2]


def failing(*answers: int | Exception) -> tuple[httpx.MockTransport, list[httpx.Request]]:
    """Answers in turn, and what was asked."""
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        found = answers[len(asked)]
        asked.append(request)
        if isinstance(found, Exception):
            raise found
        body = {"error": {"code": "store_away", "message": "later"}} if found >= 400 else {}
        return httpx.Response(found, json=body)

    return httpx.MockTransport(answer), asked


BROKEN = httpx.ReadError("broken")


def test_what_may_be_repeated_is_sent_again_as_it_was() -> None:
    transport, asked = failing(503, BROKEN, 502, 200)
    with httpx.Client(transport=transport) as http:
        client = Client("http://shop", "secret", http=http)
        client.new_events({"events": [{"user": "a", "item": "b", "kind": "c"}]})
    assert len({request.content for request in asked}) == 1
    assert b'"time":' in asked[0].content
    assert asked[0].headers["Authorization"] == "Bearer secret"


@pytest.mark.parametrize("answers", [[BROKEN], [502], [404], [500]])
def test_what_may_have_been_done_is_not(answers: list[int | Exception]) -> None:
    transport, asked = failing(*answers)
    with httpx.Client(transport=transport) as http, pytest.raises(ClientError):
        Client("http://shop", http=http).rollback({})
    assert len(asked) == 1


def test_it_ends_after_some_tries() -> None:
    transport, asked = failing(*[httpx.ConnectError("away")] * 3)
    away = pytest.raises(ClientError, match="http://shop does not answer")
    with httpx.Client(transport=transport) as http, away:
        Client("http://shop", retries=2, http=http).rollback({})
    assert len(asked) == 3


def test_pauses_and_times() -> None:
    get, post = Call("GET", "/"), Call("POST", "/v1/admin/rollback", repeatable=False)
    assert [pause_after(get, n, 3, None) for n in (1, 2, 3, 4)] == [0.1, 0.2, 0.4, None]
    assert pause_after(post, 1, 3, 503, "2") == 2.0
    assert pause_after(post, 1, 3, 429, "9999") == 5.0
    assert pause_after(post, 1, 3, None) is pause_after(get, 1, 3, 404) is None
    event = {"user": "a", "item": "b", "kind": "c"}
    call = Call("POST", "/v1/events", body={"events": [event, event, {**event, "time": 5}]})
    times = [each["time"] for each in prepared(call, 10).body["events"]]
    assert times == [10, 11, 5]
    assert path_part("a/b c") == "a%2Fb%20c"
    assert Call("GET", "/", {"k": None, "deny": ["a", "b"], "explain": True}).parameters == [
        ("deny", "a"), ("deny", "b"), ("explain", "true"),
    ]  # fmt: skip


def test_it_is_light() -> None:
    code = (
        "import sys, graphrec.client; "
        "print(sorted({m.partition('.')[0] for m in sys.modules} & "
        "{'numpy', 'pydantic', 'torch', 'pandas', 'scipy', 'faiss', 'fastapi'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_shop_in_fastapi(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from fastapi.testclient import TestClient

    monkeypatch.setenv("GRAPHREC", url)
    monkeypatch.syspath_prepend(ROOT / "clients" / "python")
    import shop

    with TestClient(shop.app) as browser:
        page = browser.get("/items/alien", params={"user": "visitor"}).text
    assert page.startswith("<h1>alien</h1><ul><li>")
    with Client(url) as client:
        assert client.user_events("visitor")["events"][0]["item"] == "alien"


OFFLINE = re.compile("EAI_AGAIN|ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|E403|E404")
"""What npm prints where it cannot reach its registry."""


@pytest.mark.slow
def test_the_typescript_client(url: str) -> None:
    npm = shutil.which("npm")
    if npm is None:
        if os.environ.get("CI"):
            pytest.fail("the TypeScript client must be tested in CI: npm was not found")
        pytest.skip("the TypeScript client is not tested: npm was not found")
    if not (TYPESCRIPT / "node_modules" / "typescript").is_dir():
        install = [npm, "ci", "--no-audit", "--no-fund"]
        done = subprocess.run(install, cwd=TYPESCRIPT, capture_output=True, text=True, check=False)
        if done.returncode and OFFLINE.search(done.stderr):
            pytest.skip(f"the TypeScript client is not tested: {done.stderr[-500:]}")
        assert done.returncode == 0, done.stderr[-2000:]
    environment = {**os.environ, "GRAPHREC": url}
    done = subprocess.run(
        [npm, "test"], cwd=TYPESCRIPT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:]
    assert "# skipped 0" in done.stdout


def test_examples_are_short() -> None:
    for path in (ROOT / "clients/python/shop.py", TYPESCRIPT / "examples/page.ts"):
        lines = Path(path).read_text("utf-8").splitlines()
        assert len([line for line in lines if line.strip()]) <= 40
