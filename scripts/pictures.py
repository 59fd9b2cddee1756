"""Take the pictures of the documentation from a running service, in a headless Chromium.

    python scripts/pictures.py http://127.0.0.1:8000 [NAME…]

NAMEs are those of docs/explorer-NAME.png; without any, all are taken. What they show is the most
active user, the most popular item, and so on, of whatever the service has.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import httpx
from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.support import browser as chromium  # noqa: E402 - of this folder, which is no package

DESKTOP, PHONE = (1280, 800), (390, 780)

VIEWS: Mapping[str, tuple[str, tuple[int, int], bool]] = {
    "user": ("#/user/{user}/{recommended}", (1280, 860), False),
    "overview": ("#/overview", (1280, 900), False),
    "graph": ("#/graph/user/{user}/{recommended}", (1280, 826), False),
    "map": ("#/map/{item}", (1280, 920), True),
    "api": ("#/api/user_recommendations", (1280, 760), False),
    "what-if": ("#/what-if/name=for-you&user={user}", (1280, 860), False),
    "models": ("#/models", DESKTOP, False),
    "phone-user": ("#/user/{user}/{recommended}", PHONE, True),
    "phone-graph": ("#/graph/item/{item}", (390, 1150), False),
    "phone-visitor": ("#/visitor/{item}", PHONE, False),
}
"""By name: the view, the size of the window, and whether it is dark."""


def known(url: str) -> dict[str, str]:
    """Ids to show: a user, a popular item, and an item that is recommended to them along paths."""
    with httpx.Client(base_url=url, timeout=60) as client:
        user = client.get("/v1/users?limit=1").json()["users"][0]["user"]
        item = client.get("/v1/popular?k=1").json()["items"][0]["item"]
        listed = client.get(f"/v1/users/{quote(user, safe='')}/recommendations").json()
    paths = sorted(listed["recommendations"], key=lambda each: -len(each["because"]))
    found = {"user": user, "item": item, "recommended": paths[0]["item"]}
    return {name: quote(value, safe="") for name, value in found.items()}


def take(browser: Browser, url: str, name: str, ids: Mapping[str, str]) -> Path:
    """Take one picture, and return its file."""
    place, (width, height), dark = VIEWS[name]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
        has_touch=width < DESKTOP[0],
    )
    page = context.new_page()
    page.goto(f"{url}/{place.format(**ids)}")
    settle(page)
    path = ROOT / "docs" / f"explorer-{name}.png"
    page.screenshot(path=path)
    context.close()
    return path


def settle(page: Page) -> None:
    """Wait until everything is loaded and drawn."""
    page.wait_for_selector("h1")
    page.wait_for_selector("[aria-busy=true]", state="detached", timeout=60_000)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)


def main(url: str, *names: str) -> None:
    """Take all pictures, or those that are named."""
    unknown = set(names) - set(VIEWS)
    if unknown:
        sys.exit(f"no picture is named {sorted(unknown)}: expected some of {', '.join(VIEWS)}")
    ids = known(url)
    with chromium.running() as browser:
        for name in names or VIEWS:
            path = take(browser, url.rstrip("/"), name, ids)
            print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("expected the address of a service, such as http://127.0.0.1:8000")
    main(*sys.argv[1:])
