"""What those see who run the service: its figures, its log, and how it stops."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path

import httpx
import pytest
from graphrec.api.app import create_app
from graphrec.api.metrics import LatestLists
from graphrec.api.middleware.keys import create_key
from hypothesis import given
from hypothesis import strategies as st

from graphrec.settings import ServeSettings, Settings
from graphrec.snapshot.registry import CURRENT, publish
from tests.support.server import running
from tests.support.service import LIKES, figures, serving, tiny_snapshot, until


class TestMetrics:
    def test_count_what_is_asked_and_given(self, tmp_path: Path) -> None:
        version = publish(tiny_snapshot(), tmp_path)
        with serving(create_app(Settings(snapshots=tmp_path), retry_seconds=0.02)) as client:
            lists = [client.get(f"/v1/users/{user}/recommendations?k=3") for user in ("ann", "new")]
            lists.append(client.post("/v1/recommendations", json={"items": ["alien"], "k": 3}))
            client.get("/v1/users/secret-person/nothing")
            client.get("/v1/items/alein/related")
            client.get("/")
            # The page is a file: it is counted once that is closed, after the answer.
            page = ("graphrec_requests_total", "GET", "/", "200")
            until(lambda: page in figures(client))
            found = figures(client)
            route = "/v1/users/{user_id}/recommendations"
            assert found["graphrec_requests_total", "GET", route, "200"] == 2
            assert found["graphrec_request_seconds_count", "GET", route] == 2
            assert found["graphrec_requests_total", "GET", "/v1/items/{item_id}/related", "404"]
            assert found["graphrec_requests_total", "GET", "unknown", "404"] == 1
            assert found[page] == 1
            given = [each for answer in lists for each in answer.json()["recommendations"]]
            assert found["graphrec_lists_total", "user", version] == 2
            assert found["graphrec_lists_total", "session", version] == 1
            assert found["graphrec_recommended_items_total", version] == len(given)
            for source in ("neighbours", "popularity"):
                expected = sum(source in each["sources"] for each in given)
                assert found["graphrec_recommended_by_total", source, version] == expected > 0
            items = {item for liked in LIKES.values() for item in liked}
            distinct = {each["item"] for each in given}
            assert found["graphrec_coverage", version] == pytest.approx(len(distinct) / len(items))
            assert 0 < found["graphrec_list_overlap", version] < 1
            assert found["graphrec_ready",] == found["graphrec_snapshot", "current", version] == 1
            assert 0 <= found["graphrec_snapshot_age_seconds",] < 600
            assert found["graphrec_snapshot_users",] == len(LIKES)
            assert "secret-person" not in client.get("/metrics").text

            (tmp_path / "draft").write_text("20200101T000000Z-000000")
            (tmp_path / "draft").replace(tmp_path / CURRENT)
            end = time.monotonic() + 10
            while ("graphrec_reloads_total", "refused") not in figures(client):
                assert time.monotonic() < end
            assert figures(client)["graphrec_reloads_total", "ok"] == 1

    def test_files_of_the_page_are_one_route(self, tmp_path: Path) -> None:
        with serving(create_app(Settings(snapshots=tmp_path))) as client:
            for name in ("app.js", "style.css", "none.js"):
                client.get(f"/static/{name}")
            counted = ("graphrec_requests_total", "GET", "/static/{name}", "200")
            until(lambda: figures(client).get(counted) == 2)
            labels = {label for key in figures(client) for label in key if "static" in label}
            assert labels == {"/static/{name}"}

    def test_without_a_snapshot(self, tmp_path: Path) -> None:
        with serving(create_app(Settings(snapshots=tmp_path))) as client:
            assert figures(client)["graphrec_ready",] == 0

    @given(
        st.lists(st.lists(st.sampled_from("abcdef"), unique=True, max_size=4), max_size=12),
        st.integers(1, 5),
    )
    def test_the_alarms_are_those_of_the_latest_lists(
        self, lists: Sequence[Sequence[str]], size: int
    ) -> None:
        latest = LatestLists(size)
        for items in lists:
            latest.add(tuple(items))
        last = lists[-size:]
        assert latest.distinct == len({item for items in last for item in items})
        shared = sum(len(set(one) & set(other)) for one, other in permutations(last, 2))
        places = sum(map(len, last)) * (len(last) - 1)
        expected = shared / places if places > 0 else None
        assert latest.overlap == (expected if expected is None else pytest.approx(expected))


class TestHealth:
    def test_is_asked_with_head_too(self, tmp_path: Path) -> None:
        with serving(create_app(Settings(snapshots=tmp_path), retry_seconds=0.02)) as client:
            for path, status in (("/health/live", 200), ("/health/ready", 503)):
                head, get = client.head(path), client.get(path)
                assert (head.status_code, get.status_code, head.content) == (status, status, b"")
                assert head.headers["content-type"] == get.headers["content-type"]
            publish(tiny_snapshot(), tmp_path)
            until(lambda: client.head("/health/ready").status_code == 200)
            document = client.get("/openapi.json").json()["paths"]
            assert set(document["/health/live"]) == {"get"}
            assert set(client.put("/health/live").headers["allow"].split(", ")) == {"GET", "HEAD"}


@pytest.mark.slow
class TestProcess:
    def test_logs_a_line_of_json_for_each_request_and_names_nobody(self, tmp_path: Path) -> None:
        version = publish(tiny_snapshot(), tmp_path / "s")
        keys = tmp_path / "keys.json"
        secret = create_key(keys, "shop", "read")
        settings = Settings(snapshots=tmp_path / "s", serve=ServeSettings(keys=keys))
        with running(settings) as server:
            headers = {"x-api-key": secret, "x-request-id": "r-1"}
            server.client.get("/v1/users/dan%2Fdora/recommendations", headers=headers)
            server.client.get("/v1/users/dora/nothing", headers={"x-api-key": "dora-wrong"})
        entries = [json.loads(line) for line in server.log]
        first, second = (entry for entry in entries if entry["event"] == "request")
        assert first.pop("ms") > 0
        assert first.pop("timestamp").endswith("Z")
        assert first == {
            "event": "request",
            "level": "info",
            "method": "GET",
            "route": "/v1/users/{user_id}/recommendations",
            "status": 200,
            "request_id": "r-1",
            "version": version,
        }
        assert (second["status"], second["route"]) == (401, "unknown")
        assert not re.search(f"dora|{secret}", "".join(server.log))

    def test_says_that_it_stops_before_it_does(self, tmp_path: Path) -> None:
        publish(tiny_snapshot(), tmp_path)
        serve = ServeSettings(drain_seconds=1.5, keys=tmp_path / "none")
        with running(Settings(snapshots=tmp_path, serve=serve)) as server:
            client = server.client
            assert client.get("/health/ready").status_code == 200
            server.process.send_signal(signal.SIGTERM)
            end = time.monotonic() + 1
            while (answer := client.get("/health/ready")).status_code == 200:
                assert time.monotonic() < end
            assert "stopping" in answer.json()["error"]["message"]
            assert client.get("/v1/users/ann/recommendations").status_code == 200
            server.process.wait(timeout=20)
            with pytest.raises(httpx.TransportError):
                client.get("/health/live")
        assert "Finished server process" in "".join(server.log)
        assert server.process.returncode in (0, -signal.SIGTERM)
