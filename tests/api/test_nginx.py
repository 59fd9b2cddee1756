"""The example for nginx, in a real nginx in front of the service."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from graphrec.api.app import create_app
from graphrec.api.middleware.keys import create_key

from graphrec.settings import ServeSettings, Settings
from graphrec.snapshot.registry import publish
from tests.support import nginx
from tests.support.service import error, serving, tiny_snapshot

pytestmark = pytest.mark.skipif(
    nginx.program() is None, reason="no nginx: expected it in PATH; apt install nginx-light"
)

ODD = "c/d é?"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("nginx")
    publish(tiny_snapshot(), found / "snapshots")
    return found


@pytest.fixture(scope="module")
def secret(folder: Path) -> str:
    return create_key(folder / "keys.json", "shop", "admin")


@pytest.fixture(scope="module")
def shop(folder: Path, secret: str) -> Iterator[httpx.Client]:
    """A client of nginx, with a key, as the comments of the example say."""
    serve = ServeSettings(root_path="/rec", keys=folder / "keys.json", idle_seconds=75)
    settings = Settings(snapshots=folder / "snapshots", serve=serve)
    with serving(create_app(settings)) as service:
        (folder / "front").mkdir()
        with nginx.in_front_of(str(service.base_url).rstrip("/"), folder / "front") as url:
            headers = {"X-API-Key": secret, "Host": "shop.example"}
            with httpx.Client(base_url=url, headers=headers, timeout=30) as client:
                yield client


def test_all_of_the_service_is_below_the_prefix(shop: httpx.Client) -> None:
    assert shop.get("/rec/health/live").status_code == 200
    assert shop.head("/rec/health/ready").status_code == 200
    listed = shop.get("/rec/v1/users/ann/recommendations", params={"k": 3})
    assert len(listed.json()["recommendations"]) == 3
    assert shop.get("/rec/openapi.json").json()["servers"] == [{"url": "/rec"}]
    page = shop.get("/rec/")
    assert 'href="/rec/static/style.css"' in page.text
    assert shop.get("/rec/static/style.css").status_code == 200
    assert [n.lower() for n, _ in page.headers.multi_items()].count("content-security-policy") == 1
    moved = shop.get("/rec")
    assert (moved.status_code, moved.headers["location"].rpartition("/rec")[2]) == (308, "/")
    assert shop.get("/v1/users/ann/recommendations").status_code in (403, 404)  # of nginx


def test_ids_come_through_as_they_are(shop: httpx.Client) -> None:
    found = shop.get(f"/rec/v1/items/{quote(ODD, safe='')}")
    assert found.json()["item"] == ODD
    listed = shop.get(f"/rec/v1/users/{quote('dan/dora ß', safe='')}/recommendations")
    assert listed.json()["user"] == "dan/dora ß"


def test_what_is_refused_is_refused_by_the_service(shop: httpx.Client) -> None:
    error(shop.get("/rec/v1/items/alien", headers={"X-API-Key": "no"}), 401, "unauthenticated")
    foreign = {"Origin": "https://evil.example"}
    error(shop.post("/rec/v1/admin/reload", headers=foreign), 403, "foreign_origin")
    assert shop.get("/rec/metrics").status_code == 403
    long = [("items", f"{n:060}") for n in range(300)]
    assert shop.get("/rec/v1/recommendations", params=long).status_code in (404, 405, 422)


def test_without_keys_nothing_is_passed_on(folder: Path) -> None:
    serve = ServeSettings(root_path="/rec", keys=folder / "none.json")
    (folder / "open").mkdir()
    with (
        serving(create_app(Settings(snapshots=folder / "snapshots", serve=serve))) as service,
        nginx.in_front_of(str(service.base_url).rstrip("/"), folder / "open") as url,
    ):
        path = "/rec/v1/users/ann/recommendations"
        error(httpx.get(f"{url}{path}"), 403, "open_behind_proxy")
        assert httpx.get(f"{url}/rec/health/ready").status_code == 200
        assert service.get(path).status_code == 200
