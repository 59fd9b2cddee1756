"""The service behind a proxy that has it under a prefix."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from graphrec.api.app import create_app
from playwright.sync_api import Browser, expect

from graphrec.errors import SettingsError
from graphrec.settings import ServeSettings, Settings, changed
from graphrec.snapshot.registry import publish
from tests.support import browser as chromium
from tests.support.proxy import proxied
from tests.support.service import error, serving, tiny_snapshot

PATIENT = 20_000
"""Milliseconds: no request of the page is refused where the machine has other work."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prefix") / "snapshots"
    publish(tiny_snapshot(), folder)
    return folder


@pytest.fixture(scope="module")
def plain(folder: Path) -> Iterator[httpx.Client]:
    """A service without a prefix in its settings."""
    with serving(
        create_app(Settings(snapshots=folder, serve=ServeSettings(max_wait_ms=PATIENT)))
    ) as client:
        yield client


@pytest.fixture(scope="module")
def set_up(folder: Path) -> Iterator[httpx.Client]:
    """A service whose settings say the prefix."""
    settings = Settings(
        snapshots=folder, serve=ServeSettings(root_path="/rec/", max_wait_ms=PATIENT)
    )
    with serving(create_app(settings)) as client:
        yield client


def links(page: str) -> set[str]:
    return set(re.findall(r'(?:src|href)="([^"#][^"]*)"', page))


def test_without_a_prefix_links_are_relative(plain: httpx.Client) -> None:
    found = links(plain.get("/").text)
    assert found
    assert not any(link.startswith("/") for link in found)
    assert all(plain.get(f"/{link}").status_code == 200 for link in found)
    assert "servers" not in plain.get("/openapi.json").json()


def test_a_prefix_in_the_settings_whether_or_not_the_proxy_takes_it_off(
    set_up: httpx.Client,
) -> None:
    for root in ("", "/rec"):
        assert set_up.get(f"{root}/health/ready").status_code == 200
        assert set_up.get(f"{root}/v1/users/ann/recommendations").status_code == 200
        encoded = set_up.get(f"{root}/v1/items/c%2Fd%20%C3%A9%3F")
        assert encoded.json()["item"] == "c/d é?"
        document = set_up.get(f"{root}/openapi.json").json()
        assert document["servers"] == [{"url": "/rec"}]
        for end in ("/", "/?x=1"):
            page = set_up.get(f"{root}{end}")
            assert page.headers["content-type"] == "text/html; charset=utf-8"
            assert "default-src 'none'" in page.headers["content-security-policy"]
            assert all(link.startswith("/rec/") for link in links(page.text))
            assert all(set_up.get(link).status_code == 200 for link in links(page.text))
    assert links(set_up.get("/rec").text) == links(set_up.get("/rec/").text)
    error(set_up.get("/recommend"), 404, "unknown_route")
    error(set_up.get("/rec/nothing"), 404, "unknown_route")
    response = set_up.put("/rec/v1/users/ann/recommendations")
    error(response, 405, "method_not_allowed")


def test_what_the_proxy_says_counts_for_one_answer(plain: httpx.Client) -> None:
    said = {"X-Forwarded-Prefix": "/rec"}
    assert plain.get("/openapi.json", headers=said).json()["servers"] == [{"url": "/rec"}]
    assert "servers" not in plain.get("/openapi.json").json()
    assert "/rec/static/app.js" in links(plain.get("/", headers=said).text)
    for wrong in ('/"><script>', "//evil.example", "rec", "/v1", "/a b", "/../x%2e"):
        page = plain.get("/", headers={"X-Forwarded-Prefix": wrong})
        assert not any(link.startswith("/") for link in links(page.text))
        assert "evil" not in page.text
        path = "/v1/users/ann/recommendations"
        assert plain.get(path, headers={"X-Forwarded-Prefix": wrong}).status_code == 200


def test_what_is_no_prefix_is_an_error() -> None:
    for wrong in ("rec", "/v1", "/health/x", "//x", "/a b", 'x"', "http://x/rec"):
        with pytest.raises(SettingsError, match="expected a path such as /rec"):
            changed(ServeSettings(), {"root_path": wrong})
    for right, kept in (("/", ""), ("", ""), ("/rec/", "/rec"), ("/a/b-c_d.e~f", "/a/b-c_d.e~f")):
        assert changed(ServeSettings(), {"root_path": right}).root_path == kept


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if reason := chromium.missing():
        pytest.skip(reason)
    with chromium.running() as browser:
        yield browser


@pytest.mark.slow
@pytest.mark.parametrize(
    ("service", "strips", "says", "at"),
    [
        ("plain", True, False, "/rec/"),  # nginx, which sends /rec to /rec/
        ("plain", True, True, "/rec"),  # Traefik
        ("plain", True, True, "/rec/"),
        ("set_up", True, False, "/rec"),  # Caddy
        ("set_up", False, False, "/rec"),
        ("set_up", False, False, "/rec/"),
    ],
)
def test_the_page_works_behind_a_prefix(
    request: pytest.FixtureRequest,
    browser: Browser,
    service: str,
    strips: bool,
    says: bool,
    at: str,
) -> None:
    client: httpx.Client = request.getfixturevalue(service)
    missing: list[str] = []
    with proxied(str(client.base_url).rstrip("/"), "/rec", strips=strips, says=says) as url:
        page = browser.new_page()
        page.on("response", lambda r: missing.append(r.url) if r.status >= 400 else None)
        page.on("pageerror", lambda error: missing.append(str(error)))
        page.goto(f"{url}{at}")
        expect(page.locator("#facts")).to_contain_text("9 users", timeout=15_000)
        page.get_by_role("link", name="New visitor", exact=True).click()
        expect(page.get_by_role("heading", name="Try it as a new visitor")).to_be_visible()
        picks = page.locator(".picks button")
        expect(picks.first).to_be_visible(timeout=15_000)
        picks.first.click()
        expect(page.get_by_role("status").last).to_contain_text("After 1 click", timeout=15_000)
        page.get_by_role("link", name="The API").click()
        document = page.get_by_role("link", name="The OpenAPI document")
        expect(document).to_have_attribute("href", f"{url}/rec/openapi.json")
        expect(page.get_by_text("/v1/popular").first).to_be_visible(timeout=15_000)
        page.close()
    assert missing == []
