"""The explorer in a real browser, on a real server process."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import numpy as np
import pytest
import tomlkit
from graphrec.api.routes.explorer import FILES, TYPES
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from graphrec.data import Attribute, Graph
from graphrec.data.dataset import Dataset
from graphrec.models.embeddings import Embeddings
from graphrec.models.graph_filter.model import GraphFilter
from graphrec.ranking.fusion import Group
from graphrec.report.archive import keep
from graphrec.report.figures import report_of
from graphrec.settings import RetrievalSettings, ServeSettings, Settings
from graphrec.snapshot.registry import load, publish
from graphrec.store.sqlite.store import SQLiteStore
from tests.support import browser as chromium
from tests.support.live import readiness
from tests.support.paths import ROOT
from tests.support.server import running
from tests.support.small_data import graph_of, ratings
from tests.support.snapshots import build_snapshot

pytestmark = pytest.mark.slow
"""A real browser: seconds to start."""

EVIL = "<img src=x onerror=document.title='owned'>"
IMAGES = "images.example"
"""The one host beside the service: its pictures are those that the settings name."""

PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
VENDORED = ("uplot", "cytoscape")
"""Libraries of others, kept as they are."""
LABELS = """() => {
  const place = document.querySelector(".graph");
  return place._cyreg.cy.nodes().map((node) => {
    const plain = { includeOverlays: false, includeUnderlays: false };
    const { x1, x2, y1, y2 } = node.renderedBoundingBox(plain);
    const name = node.data("label");
    return { left: x1, right: x2, top: y1, bottom: y2, width: place.clientWidth, name };
  });
}"""
"""Where the nodes of the graph and their labels are drawn."""
SECONDS = 15
"""How long a browser may take to show something; it takes less than one on an idle machine."""

expect.set_options(timeout=SECONDS * 1000)


def measured(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.05, "high": value + 0.05}


METRICS = {
    "protocol": "temporal",
    "k": 10,
    "test": 40,
    "test_users": 12,
    "models": [
        {
            "model": name,
            "metrics": {"ndcg@10": measured(value), "overlap@10": measured(value / 2)},
            "fit_seconds": 0.5,
        }
        for name, value in (("popularity", 0.2), ("graphsage", 0.4), ("fusion", 0.3))
    ],
}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a server process with a small snapshot."""
    folder = tmp_path_factory.mktemp("explorer")
    graph = graph_of(ratings())
    titles = tuple(f"Title {item[1:]}" for item in graph.items.ids)
    years = tuple(float(1990 + row) for row in range(len(titles)))
    pictures = {"i05": f"https://{IMAGES}/5.svg", "i06": "https://elsewhere.example/6.svg"}
    attributes = {
        "title": Attribute("text", (EVIL, *titles[1:])),
        "year": Attribute("number", years),
        "image_url": Attribute("text", tuple(pictures.get(item) for item in graph.items.ids)),
    }
    graph = Graph(graph.interactions, {"item": attributes})
    rng = np.random.default_rng(0)
    snapshot = build_snapshot(
        graph,
        graph_filter=GraphFilter().fit(Dataset.of_weights(graph), rng).scorer,
        embeddings=Embeddings(
            rng.normal(size=(len(graph.users), 4)).astype(np.float32),
            rng.normal(size=(len(graph.items), 4)).astype(np.float32),
        ),
        encoder=None,
        seed=0,
        cutoff=None,
        models={"mf": {"dim": 4}},
        metrics=METRICS,
        weights=tuple(
            Group(least, {"neighbours": 1.0, "embedding": 0.2, "popularity": 0.1})
            for least in (0, 1, 3)
        ),
    )
    with SQLiteStore(folder / "graph.db", Settings().kinds) as store:
        store.write_events(graph.interactions)
        manifest = replace(snapshot.manifest, position=store.position())
    publish(replace(snapshot, manifest=manifest), folder / "snapshots")
    report = report_of(load(folder / "snapshots"), None, RetrievalSettings())
    keep(replace(report, now=replace(report.now, metrics={})), folder / "snapshots", "one")
    settings = Settings(snapshots=folder / "snapshots", serve=ServeSettings(image_hosts=(IMAGES,)))
    with running(settings, f"sqlite:///{folder / 'graph.db'}") as server:
        readiness(server.client, "ready")
        yield server.url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    lacking = chromium.missing()
    if lacking:
        if os.environ.get("CI"):
            pytest.fail(f"the explorer must be tested in CI: {lacking}")
        pytest.skip(f"the explorer is not tested: {lacking}")
    with chromium.running() as browser:
        yield browser


@dataclass
class Visit:
    """A tab, and what went wrong in it."""

    page: Page
    url: str
    expected: set[int] = field(default_factory=set)
    """Statuses of answers that a test asks for on purpose: the browser logs them as errors."""
    errors: list[str] = field(default_factory=list)

    def open(self, place: str) -> Page:
        self.page.goto(f"{self.url}/{place}")
        return self.page

    def note(self, text: str) -> None:
        status = re.search(r"status of (\d+)", text)
        if not (status and int(status[1]) in self.expected):
            self.errors.append(text)


@pytest.fixture
def visit(browser: Browser, url: str) -> Iterator[Visit]:
    """A tab in which nothing may go to the console, and nothing leave the server."""
    context = browser.new_context(viewport={"width": 1200, "height": 900}, reduced_motion="reduce")
    yield from visiting(context, url)


@pytest.fixture
def phone(browser: Browser, url: str) -> Iterator[Visit]:
    context = browser.new_context(viewport={"width": 360, "height": 740}, has_touch=True)
    yield from visiting(context, url)


def visiting(context: BrowserContext, url: str) -> Iterator[Visit]:
    context.route(
        f"https://{IMAGES}/**",
        lambda route: route.fulfill(body=PICTURE, content_type="image/svg+xml"),
    )
    visit = Visit(context.new_page(), url)
    hosts = set()
    visit.page.on("request", lambda request: hosts.add(httpx.URL(request.url).netloc.decode()))
    visit.page.on(
        "console", lambda message: message.type in ("error", "warning") and visit.note(message.text)
    )
    visit.page.on("pageerror", lambda error: visit.errors.append(str(error)))
    yield visit
    context.close()
    assert not visit.errors
    assert hosts - {IMAGES} == {httpx.URL(url).netloc.decode()}


def heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


def settled(page: Page) -> None:
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)


class TestFiles:
    def test_are_served_with_their_types_and_a_strict_policy(self, url: str) -> None:
        names = [file.name for file in FILES.iterdir()]
        assert {Path(name).suffix for name in names} == set(TYPES)
        for place in ("/", *(f"/static/{name}" for name in names)):
            response = httpx.get(url + place)
            assert response.status_code == 200
            assert response.headers["content-type"] == TYPES[Path(place).suffix or ".html"]
            assert response.headers["cache-control"] == "no-cache"
            policy = response.headers["content-security-policy"]
            assert policy.startswith("default-src 'none'; script-src 'self'")
            assert "unsafe" not in policy

    def test_are_asked_for_again_and_not_sent_again(self, url: str) -> None:
        first = httpx.get(f"{url}/static/app.js")
        again = httpx.get(f"{url}/static/app.js", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
        other = httpx.get(f"{url}/static/app.js", headers={"If-None-Match": '"other"'})
        assert other.status_code == 200
        assert httpx.head(f"{url}/").headers["content-length"] == str(len(httpx.get(url).content))

    @pytest.mark.parametrize(
        "place", ["/static/", "/static/no.js", "/static/..%2Fapp.py", "/static/%2e%2e"]
    )
    def test_nothing_else_is_served(self, url: str, place: str) -> None:
        assert httpx.get(url + place).json()["error"]["code"] == "unknown_route"

    def test_hold_no_markup_in_code_and_no_code_in_markup(self) -> None:
        for file in {*FILES.glob("*.js")} - {FILES / f"{name}.js" for name in VENDORED}:
            code = file.read_text("utf-8")
            assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(", code)
        page = (FILES / "index.html").read_text("utf-8")
        assert not re.search(r"\son\w+=|style=|<style|<script>|https?://", page)

    def test_vendored_ones_are_those_of_the_document(self) -> None:
        text = (ROOT / "docs" / "explorer.md").read_text("utf-8")
        pinned = dict(re.findall(r"\| `([\w.-]+)` \|.*`([0-9a-f]{64})` \|", text))
        files = {file.name for name in VENDORED for file in FILES.glob(f"{name}*")}
        assert pinned.keys() == files
        assert {f"{name}-license.txt" for name in VENDORED} <= files
        for name, digest in pinned.items():
            assert hashlib.sha256((FILES / name).read_bytes()).hexdigest() == digest, name


class TestSearch:
    def test_by_title_with_the_mouse(self, visit: Visit) -> None:
        page = visit.open("")
        heading(page, "Explore recommendations")
        page.get_by_role("combobox").fill("title 07")
        page.get_by_role("option", name="Title 07").click()
        heading(page, "Title 07")
        assert page.url.endswith("#/item/i07")

    def test_with_keys_alone_from_a_search_to_the_reasons_and_back(self, visit: Visit) -> None:
        page = visit.open("")
        settled(page)
        page.keyboard.press("/")
        field = page.get_by_role("combobox")
        expect(field).to_be_focused()
        page.keyboard.type("u0")
        expect(field).to_have_attribute("aria-expanded", "true")
        expect(page.get_by_role("group", name="Users", exact=True)).to_be_visible()
        page.keyboard.press("ArrowDown")
        active = page.locator("[role=option][aria-selected=true]")
        expect(active).to_have_count(1)
        expect(field).to_have_attribute("aria-activedescendant", active.get_attribute("id") or "")
        name = active.locator("span").inner_text()
        page.keyboard.press("Enter")
        heading(page, name)
        expect(page.get_by_role("heading", level=1)).to_be_focused()
        expect(page.locator(".ranked > li")).to_have_count(10)
        page.keyboard.press("Tab")
        row = page.locator(".ranked .row").first
        expect(row).to_be_focused()
        assert row.evaluate("row => getComputedStyle(row).outlineStyle") != "none"
        page.keyboard.press("Enter")
        expect(row).to_have_attribute("aria-expanded", "true")
        expect(page.locator(".paths svg")).to_be_visible()
        page.keyboard.press("Escape")
        expect(row).to_have_attribute("aria-expanded", "false")
        expect(row).to_be_focused()

    def test_escape_closes_it_and_then_empties_it(self, visit: Visit) -> None:
        page = visit.open("")
        field = page.get_by_role("combobox")
        field.fill("title")
        expect(page.get_by_role("listbox")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("listbox")).to_be_hidden()
        expect(field).to_have_value("title")
        page.keyboard.press("Escape")
        expect(field).to_have_value("")

    def test_enter_takes_the_first_however_fast_one_types(self, visit: Visit) -> None:
        page = visit.open("")
        page.get_by_role("combobox").focus()
        page.keyboard.type("title 08")
        page.keyboard.press("Enter")
        heading(page, "Title 08")

    def test_of_what_is_not_there(self, visit: Visit) -> None:
        page = visit.open("")
        page.get_by_role("combobox").fill("no such thing")
        expect(page.get_by_text("No match for “no such thing”.")).to_be_visible()

    def test_skips_to_the_content(self, visit: Visit) -> None:
        page = visit.open("")
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()


class TestUser:
    def test_history_and_recommendations(self, visit: Visit) -> None:
        page = visit.open("#/user/u00")
        settled(page)
        answer = httpx.get(f"{visit.url}/v1/users/u00").json()
        shown = page.locator("section", has_text="History").last.locator("ul.rows > li")
        assert shown.count() == len(answer["history"]) == 12
        expect(page.get_by_text("12 items seen, 10 liked")).to_be_visible()
        found = httpx.get(f"{visit.url}/v1/users/u00/recommendations").json()["recommendations"]
        rows = page.locator(".ranked > li")
        expect(rows).to_have_count(len(found))
        for row, each in zip(rows.all(), found, strict=True):
            expect(row.locator("strong")).to_have_text(each["title"])
            expect(row.locator(".reason")).to_have_text(each["reason"])
            expect(row.locator(".figure")).to_have_text(f"{each['score']:.2f}")
            expect(row.locator(".badge")).to_have_count(len(each["sources"]))

    def test_the_paths_and_the_parts_of_the_score(self, visit: Visit) -> None:
        page = visit.open("#/user/u01")
        page.locator(".ranked .row").first.click()
        found = httpx.get(f"{visit.url}/v1/users/u01/recommendations").json()["recommendations"][0]
        assert page.url.endswith(f"#/user/u01/{found['item']}")
        answer = httpx.get(
            f"{visit.url}/v1/users/u01/recommendations/{found['item']}/explanation?k=5"
        ).json()["explanation"]
        drawing = page.locator(".paths svg")
        expect(drawing.locator("text.people")).to_have_text(
            [str(via["people"]) for via in answer["because"]]
        )
        expect(drawing.locator("a")).to_have_count(len(answer["because"]))
        parts = page.locator(".contributions tbody tr")
        expect(parts).to_have_count(len(answer["contributions"]))
        bars = [float(bar.get_attribute("width")[:-1]) for bar in parts.locator("rect").all()]
        assert sum(bars) == pytest.approx(100, abs=0.01)
        assert bars == pytest.approx(
            [100 * part["score"] / answer["score"] for part in answer["contributions"]], abs=0.01
        )
        expect(page.locator(".contributions tfoot")).to_contain_text(f"{answer['score']:.2f}")

    def test_more_of_a_long_history(self, visit: Visit) -> None:
        # No user of the small shop has met more than a page, so a page is one row here.
        def one_row(route: Route) -> None:
            route.continue_(url=route.request.url.replace("limit=15", "limit=1"))

        visit.page.route("**/v1/users/u02/events?*", one_row)
        page = visit.open("#/user/u02")
        more = page.get_by_role("button", name="Show more")
        more.click()
        rows = page.locator("section", has_text="History").last.locator("ul.rows > li")
        expect(rows).to_have_count(2)
        expect(rows.nth(1).get_by_role("link")).to_be_focused()
        more.click()
        expect(rows).to_have_count(3)

    def test_back_goes_back(self, visit: Visit) -> None:
        page = visit.open("#/user/u00")
        row = page.locator(".ranked .row").first
        row.click()
        expect(row).to_have_attribute("aria-expanded", "true")
        page.get_by_role("link", name="About this item").click()
        expect(page.get_by_text("Liked by the same people")).to_be_visible()
        page.go_back()
        heading(page, "User u00")
        expect(page.locator(".ranked .row").first).to_have_attribute("aria-expanded", "true")
        page.go_back()
        expect(page.locator(".ranked .row").first).to_have_attribute("aria-expanded", "false")

    @pytest.mark.parametrize("place", ["#/user", "#/item/", "#/nothing/7", "#/user/%E0%A4%A", "#x"])
    def test_an_address_of_nothing_leads_home(self, visit: Visit, place: str) -> None:
        heading(visit.open(place), "Explore recommendations")

    def test_one_that_the_snapshot_does_not_know(self, visit: Visit) -> None:
        visit.expected = {404}
        page = visit.open("#/user/a%2Fb%20%3F")
        heading(page, "User a/b ?")
        expect(page.locator(".ranked > li")).to_have_count(10)  # popular ones
        expect(page.get_by_role("alert").first).to_contain_text("user 'a/b ?' is unknown")


WHY_NOT = {
    "item": "i09",
    "title": "Title 09",
    "rule": None,
    "rank": None,
    "score": None,
    "sources": [
        {"source": "neighbours", "retrieved": False, "rank": 27, "z_score": 0.25, "weight": 1.0},
        {"source": "boost", "retrieved": True, "rank": None, "z_score": 1.0, "weight": 0.5},
    ],
}


class TestWhyNot:
    def test_of_what_the_user_has_met(self, visit: Visit) -> None:
        page = visit.open("#/user/u01/i03")
        expect(page.locator(".verdict")).to_have_text(
            "Title 03 is left out: already seen by this user."
        )
        expect(page.locator(".verdict")).to_be_in_viewport()
        answer = httpx.get(f"{visit.url}/v1/users/u01/why-not/i03").json()
        assert (answer["verdict"], answer["title"]) == ("seen", "Title 03")
        expect(page.locator(".answer tbody tr")).to_have_count(len(answer["sources"]))

    @pytest.mark.parametrize(
        ("answer", "sentence"),
        [
            (
                {"verdict": "ruled_out", "rule": "no horror"},
                "Title 09 is left out by a rule: no horror.",
            ),
            (
                {"verdict": "ranked", "rank": 1234, "score": 0.5},
                "Title 09 ranks 1,234th (score 0.50).",
            ),
            ({"verdict": "later_invention"}, "Title 09: later_invention."),
        ],
    )
    def test_says_what_keeps_an_item_out(
        self, visit: Visit, answer: dict[str, object], sentence: str
    ) -> None:
        visit.page.route("**/why-not/*", lambda route: route.fulfill(json={**WHY_NOT, **answer}))
        met = httpx.get(f"{visit.url}/v1/users/u01").json()["history"][0]
        page = visit.open("#/user/u01")
        settled(page)
        page.get_by_role("combobox", name="Why is this item").fill(met["title"])
        page.get_by_role("option", name=met["title"]).click()
        assert page.url.endswith(f"#/user/u01/{met['item']}")
        expect(page.locator(".verdict")).to_have_text(sentence)
        rows = page.locator(".answer tbody tr")
        expect(rows.nth(0)).to_have_text("Neighboursno270.251.00")
        expect(rows.nth(1)).to_have_text("A rule's boostyes–1.000.50")
        page.go_back()
        expect(page.locator(".verdict")).to_have_count(0)


def test_an_item_beside_others_by_graph_and_by_embedding(visit: Visit) -> None:
    page = visit.open("#/item/i04")
    heading(page, "Title 04")
    settled(page)
    expect(page.get_by_text("1994")).to_be_visible()
    for by, title in (("graph", "Liked by the same people"), ("embedding", "Nearest by embedding")):
        answer = httpx.get(f"{visit.url}/v1/items/i04/related?by={by}").json()["related"]
        section = page.locator("section", has_text=title)
        names = [EVIL if each["item"] == "i00" else each["title"] for each in answer]
        expect(section.locator("li strong")).to_have_text(names)


class TestVisitor:
    def test_the_list_becomes_theirs_with_each_click(self, visit: Visit) -> None:
        page = visit.open("#/visitor")
        settled(page)
        rows = page.locator(".ranked > li")
        before = rows.locator("strong").all_inner_texts()
        for clicks, item in enumerate(["i01", "i03", "i05"], start=1):
            title = f"Title {item[1:]}"
            field = page.get_by_role("combobox", name="Something you like")
            field.fill(title)
            page.get_by_role("option", name=title).click()
            expect(page.get_by_role("status").filter(has_text="After")).to_contain_text(
                f"After {clicks} click"
            )
            expect(page.get_by_role("button", name=f"Remove {title}")).to_be_visible()
        body = {"items": ["i01", "i03", "i05"], "k": 10}
        answer = httpx.post(f"{visit.url}/v1/recommendations", json=body).json()["recommendations"]
        expect(rows.locator("strong")).to_have_text([each["title"] for each in answer])
        assert rows.locator("strong").all_inner_texts() != before
        assert page.locator(".change").all_inner_texts()
        page.locator(".ranked .row").nth(3).press("Enter")
        expect(page.get_by_text("After 4 clicks")).to_be_visible()
        expect(page.locator(".ranked .row").nth(3)).to_be_focused()
        page.go_back()
        page.go_back()
        expect(page.get_by_text("After 2 clicks")).to_be_visible()
        expect(page.get_by_role("button", name="Remove Title 05")).to_have_count(0)

    def test_says_how_each_place_changed(self, visit: Visit) -> None:
        page = visit.open("#/visitor")
        settled(page)
        rows = page.locator(".ranked > li")
        was = [row.get_attribute("data-item") for row in rows.all()]
        page.locator(".picks button").first.click()
        expect(page.get_by_text("After 1 click:")).to_be_visible()
        for place, row in enumerate(rows.all()):
            item = row.get_attribute("data-item")
            by = was.index(item) - place if item in was else None
            expected = "new" if by is None else f"{'▲' if by > 0 else '▼'}{abs(by)}" if by else ""
            expect(row.locator(".change")).to_have_text(expected)

    def test_can_be_linked(self, visit: Visit) -> None:
        page = visit.open("#/visitor/i01/i03")
        expect(page.get_by_role("button", name="Remove Title 01")).to_be_visible()
        expect(page.get_by_text("After 2 clicks.")).to_be_visible()


def test_an_item_and_a_user_that_came_since_the_snapshot(visit: Visit) -> None:
    with httpx.Client(base_url=visit.url) as client:
        new = {"attributes": {"title": "Came since", "year": 2026}}
        assert client.put("/v1/items/new", json=new).status_code == 200
        likes = {"user": "newcomer", "item": "i02", "kind": "view", "time": 1_700_000_000}
        assert client.post("/v1/events", json={"events": [likes]}).status_code == 200
    page = visit.open("")
    page.get_by_role("combobox", name="Search for a user or an item").fill("came")
    page.get_by_role("option", name="Came since").click()
    heading(page, "Came since")
    settled(page)
    expect(page.locator(".facts")).to_contain_text("2026")
    expect(page.locator(".empty")).to_have_count(4)  # also viewed: since the view
    page.get_by_role("link", name="Try it as a visitor who likes it").click()
    expect(page.get_by_role("button", name="Remove Came since")).to_be_visible()
    visit.open("#/user/newcomer/new")
    settled(page)
    expect(page.get_by_text("1 item seen, 1 liked")).to_be_visible()
    expect(page.locator(".verdict")).to_contain_text("Came since was added after the snapshot")
    expect(page.locator(".answer")).to_contain_text("No paths: nobody likes both")
    assert httpx.delete(f"{visit.url}/v1/items/new").status_code == 200
    assert httpx.delete(f"{visit.url}/v1/users/newcomer").status_code == 200
    settled(page)


class TestPlacements:
    def test_two_side_by_side_with_reasons_request_and_answer(self, visit: Visit) -> None:
        page = visit.open("#/placements/name=similar&item=i04")
        settled(page)
        answer = httpx.get(f"{visit.url}/v1/placements/similar?item=i04").json()["recommendations"]
        rows = page.locator(".ranked > li")
        expect(rows.locator("strong")).to_have_text(
            [EVIL if each["item"] == "i00" else each["title"] for each in answer]
        )
        expect(rows.locator(".reason")).to_have_text([each["reason"] for each in answer])
        page.get_by_text("curl", exact=True).click()
        command = page.get_by_label("curl command", exact=True)
        expect(command).to_contain_text("/v1/placements/similar?item=i04&fields=image_url")
        page.get_by_role("button", name="Compare with a second list").click()
        second = page.get_by_role("region", name="List 2")
        expect(page.get_by_text("The two lists are the same.")).to_be_visible()
        second.get_by_label("Placement").select_option("popular")
        expect(second.get_by_text("Type popular; needs nothing")).to_be_visible()
        settled(page)
        expect(second.locator(".reason").first).to_contain_text("Popular")
        page.go_back()
        expect(page.get_by_text("The two lists are the same.")).to_be_visible()

    def test_with_settings_that_are_otherwise(self, visit: Visit) -> None:
        visit.expected = {422}
        page = visit.open("#/placements")
        settled(page)
        page.get_by_text("More", exact=True).click()
        field = page.get_by_label("Settings otherwise, as JSON")
        for text, sentence in (
            ("{", "The settings are not JSON"),
            ('{"diversity": 2}', "changes.diversity is 2: expected less than or equal to 1"),
        ):
            field.fill(text)
            field.blur()
            expect(page.get_by_text(sentence)).to_be_visible()
        field.fill('{"caps": {"year": 1}}')
        field.blur()
        page.get_by_text("JSON", exact=True).click()
        shown = json.loads(page.get_by_label("JSON of the answer", exact=True).inner_text())
        assert "image_url" in shown["recommendations"][0]["fields"]

    def test_asks_for_what_it_needs(self, visit: Visit) -> None:
        page = visit.open("#/placements/name=again")
        expect(page.get_by_text("Pick a user first.")).to_be_visible()
        page.get_by_label("Placement").select_option("similar")
        expect(page.get_by_text("Pick one or more items first.")).to_be_visible()
        page.get_by_role("combobox", name="Items").fill("title 04")
        page.get_by_role("option", name="Title 04").click()
        settled(page)
        expect(page.get_by_role("button", name="Remove Title 04")).to_be_visible()
        expect(page.locator(".ranked > li").first).to_be_visible()


class TestWhatIf:
    def test_a_slider_changes_the_list_and_is_a_setting(self, visit: Visit) -> None:
        page = visit.open("#/what-if/name=for-you&user=u01")
        settled(page)
        expect(page.get_by_text("The two lists are the same.")).to_be_visible()
        slider = page.get_by_label("Weight: Popularity")
        slider.focus()
        slider.press("End")
        expect(page.get_by_label("settings", exact=True)).to_contain_text("weights")
        settled(page)
        expect(slider).to_be_focused()
        text = page.get_by_label("settings", exact=True).inner_text()
        changes = tomlkit.parse(text).unwrap()["placements"]["for-you"]
        assert changes == {"weights": {"popularity": 2}}
        body = {"user": "u01", "items": [], "changes": changes}
        answer = httpx.post(f"{visit.url}/v1/placements/for-you", json=body).json()
        after = page.locator("section", has=page.get_by_role("heading", name="With these settings"))
        expect(after.locator("li strong")).to_have_text(
            [EVIL if each["item"] == "i00" else each["title"] for each in answer["recommendations"]]
        )
        page.get_by_role("button", name="Measure on 30 users").click()
        expect(page.get_by_text("Of 30 users:")).to_contain_text("coverage")
        page.get_by_role("button", name="As it is").click()
        expect(page.get_by_text("Nothing is changed yet")).to_be_visible()

    def test_a_rule_and_a_cap(self, visit: Visit) -> None:
        page = visit.open("#/what-if/name=popular")
        settled(page)
        page.get_by_label("Cap by").select_option("year")
        page.get_by_label("Rule", exact=True).select_option("exclude")
        page.get_by_label("Attribute of the rule").select_option("year")
        page.get_by_label("Value of the rule").fill("1994")
        page.get_by_label("Value of the rule").blur()
        text = page.get_by_label("settings", exact=True)
        expect(text).to_contain_text("[[placements.popular.rules]]")
        changes = tomlkit.parse(text.inner_text()).unwrap()["placements"]["popular"]
        assert changes["caps"] == {"year": 2}
        assert changes["rules"][0]["any_of"] == ["1994"]
        settled(page)


class TestGraph:
    def test_walks_with_keys_from_an_item_to_others(self, visit: Visit) -> None:
        page = visit.open("#/graph/item/i04")
        panel = page.get_by_role("region", name="Chosen node")
        expect(panel.get_by_role("heading")).to_have_text("Title 04")
        hop = httpx.get(f"{visit.url}/v1/graph/items/i04?k=10").json()
        rows = panel.locator(".rows button")
        expect(rows).to_have_count(hop["total"])
        people = hop["reached"][0]
        drawing = page.get_by_role("application", name="Graph")
        expect(drawing.locator("canvas").first).to_be_visible()
        drawing.focus()
        chosen = panel.get_by_role("heading").inner_text()
        for key in ("ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"):
            drawing.press(key)
        assert panel.get_by_role("heading").inner_text() != chosen or hop["total"] == 1
        visit.open("#/")
        visit.open("#/graph/item/i04")
        rows.filter(has_text=f"{people['id']}: {people['count']}").click()
        panel.get_by_role("button", name="Expand").click()
        theirs = f"{visit.url}/v1/graph/items/i04/people"
        found = httpx.get(theirs, params={"k": 10, "kinds": people["id"]}).json()
        expect(rows).to_have_count(len(found["reached"]) + 1)  # and the item itself
        expect(panel).to_contain_text(f"{found['reached'][0]['count']} people")
        panel.get_by_role("button", name="Collapse").click()
        expect(rows).to_have_count(1)

    def test_shows_the_paths_of_a_recommendation(self, visit: Visit) -> None:
        listed = httpx.get(f"{visit.url}/v1/users/u01/recommendations").json()["recommendations"]
        item = listed[0]["item"]
        page = visit.open(f"#/user/u01/{item}")
        page.get_by_role("link", name="These paths in the graph").click()
        panel = page.get_by_role("region", name="Chosen node")
        expect(panel.get_by_role("heading")).to_have_text(listed[0]["title"])
        explained = httpx.get(
            f"{visit.url}/v1/users/u01/recommendations/{item}/explanation?k=5"
        ).json()["explanation"]
        both = panel.get_by_role("button", name="like")
        expect(both).to_have_count(len(explained["because"]))
        both.first.click()
        via = explained["because"][0]
        title = EVIL if via["item"] == "i00" else via["title"]
        expect(panel.get_by_role("button", name=title, exact=False).first).to_be_visible()

    def test_by_kind_time_and_nodes(self, visit: Visit) -> None:
        page = visit.open("#/graph/item/i04")
        rows = page.get_by_role("region", name="Chosen node").locator(".rows button")
        everything = httpx.get(f"{visit.url}/v1/graph/items/i04?k=10").json()
        expect(rows).to_have_count(everything["total"])
        people = sum(each["type"] == "people" for each in everything["reached"])
        page.get_by_role("button", name="People", exact=True).click()
        expect(rows).to_have_count(everything["total"] - people)
        page.get_by_role("button", name="People", exact=True).click()
        page.get_by_label("Events before").fill("1971-01-01")
        expect(rows).to_have_count(everything["total"] - people)


def test_no_label_of_the_graph_is_cut_or_covered_on_a_phone(phone: Visit) -> None:
    page = phone.open("#/graph/user/u00")
    settled(page)
    expect(page.get_by_role("region", name="Chosen node").get_by_role("heading")).to_be_visible()
    expect(page.get_by_role("application").locator("canvas").first).to_be_visible()
    # The nodes are on a canvas: their boxes are those that the layout parted.
    boxes = phone.page.evaluate(LABELS)
    assert len(boxes) > 3
    for one in boxes:
        assert one["left"] >= 0
        assert one["right"] <= one["width"] + 1
        for other in boxes:
            apart = (
                one is other
                or one["right"] <= other["left"] + 1
                or other["right"] <= one["left"] + 1
                or one["bottom"] <= other["top"] + 1
                or other["bottom"] <= one["top"] + 1
            )
            assert apart, (one, other)


def test_the_map_of_the_items(visit: Visit) -> None:
    page = visit.open("#/map")
    settled(page)
    found = httpx.get(f"{visit.url}/v1/map?attribute=year").json()
    expect(page.locator(".hues button")).to_have_count(len(found["values"]))
    page.get_by_role("combobox", name="Find an item on the map").fill("title 07")
    page.get_by_role("option", name="Title 07").click()
    panel = page.get_by_role("region", name="Chosen item")
    expect(panel.get_by_role("heading")).to_have_text("Title 07")
    assert page.url.endswith("#/map/i07")
    expect(panel.locator("li")).to_have_count(8)
    drawing = page.get_by_role("application", name="Map")
    expect(drawing.locator(".tip")).to_contain_text("Title 07")
    drawing.focus()
    before = page.url
    nearer = found["x"][found["items"].index("i07")] > min(found["x"])
    drawing.press("ArrowLeft" if nearer else "ArrowRight")
    expect(page).not_to_have_url(before)
    page.locator(".hues button").first.click()
    expect(page.locator(".hues button").first).to_have_attribute("aria-pressed", "true")
    page.get_by_label("Colour by").select_option("")
    expect(page.locator(".hues button")).to_have_count(0)
    drawing.press("Enter")
    expect(page.get_by_text("Liked by the same people")).to_be_visible()
    settled(page)


class TestApi:
    def test_has_every_route_and_tries_one(self, visit: Visit) -> None:
        page = visit.open("#/api")
        settled(page)
        document = httpx.get(f"{visit.url}/openapi.json").json()
        routes = sum(len(methods) for methods in document["paths"].values())
        expect(page.locator(".routes > details")).to_have_count(routes)
        page.get_by_text("/v1/items/{item_id}/related").click()
        entry = page.locator("details[open]").first
        expect(page).to_have_url(re.compile("#/api/related_items$"))
        field = entry.get_by_label("item_id")
        expect(field).not_to_have_value("")
        field.fill("i04")
        entry.get_by_label("by", exact=False).first.select_option("embedding")
        command = entry.get_by_label("curl command", exact=True)
        expect(command).to_contain_text("/v1/items/i04/related?by=embedding")
        entry.get_by_role("button", name="Send GET").click()
        expect(entry.get_by_text("Status 200")).to_be_visible()
        answer = json.loads(entry.get_by_label("answer", exact=True).inner_text())
        assert answer == httpx.get(f"{visit.url}/v1/items/i04/related?by=embedding").json()
        field.fill("")
        expect(entry.get_by_text("Fill in item_id first.")).to_be_visible()

    def test_sends_a_body_and_shows_an_error(self, visit: Visit) -> None:
        visit.expected = {422}
        page = visit.open("#/api/session_recommendations")
        entry = page.locator("details[open]").first
        body = entry.get_by_label("Body", exact=True)
        expect(body).to_have_value(re.compile(r'"i\d\d"'))  # an item that there is
        body.fill('{"items": ["i01"], "k": 3}')
        command = entry.get_by_label("curl command", exact=True)
        expect(command).to_contain_text("""-d '{"items": ["i01"], "k": 3}'""")
        entry.get_by_role("button", name="Send POST").click()
        answer = entry.get_by_label("answer", exact=True)
        expect(answer).to_contain_text('"recommendations"')
        assert len(json.loads(answer.inner_text())["recommendations"]) == 3
        body.fill('{"items": 1}')
        entry.get_by_role("button", name="Send POST").click()
        expect(entry.get_by_text("Status 422")).to_be_visible()
        expect(answer).to_contain_text("expected a list of at most 1000 ids of items")


def test_the_overview(visit: Visit) -> None:
    page = visit.open("#/overview")
    settled(page)
    found = httpx.get(f"{visit.url}/v1/activity").json()
    tiles = page.locator(".tiles").first
    expect(tiles).to_contain_text(f"Users with events{found['active_users']}")
    expect(page.locator(".chart canvas")).to_have_count(2)
    expect(page.get_by_text("None: name one in the settings")).to_be_visible()
    expect(page.get_by_text("No list is recorded: set serve.exposures")).to_be_visible()
    page.get_by_text("Figures", exact=True).first.click()
    rows = page.get_by_role("region", name="Figures: Events by kind").locator("tbody tr")
    expect(rows).to_have_count(len(found["times"]))
    expect(page.get_by_role("region", name="Latency by route")).to_contain_text("/v1/")
    row = page.get_by_role("region", name="Refreshes").locator("tbody tr")
    row.get_by_role("link", name="Open").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Refresh")


def test_pictures_are_those_of_the_hosts_that_are_named(visit: Visit) -> None:
    page = visit.open("#/item/i05")
    picture = page.get_by_role("img", name="Title 05")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 9
    settled(page)
    expect(page.get_by_role("img", name="Events with this item")).to_be_visible()
    visit.open("#/item/i06")
    heading(page, "Title 06")
    settled(page)
    assert page.locator("img").count() == 0


def test_the_models_and_the_facts(visit: Visit) -> None:
    page = visit.open("#/models")
    settled(page)
    version = httpx.get(f"{visit.url}/v1/snapshot").json()["version"]
    expect(page.locator("main")).to_contain_text(version)
    compared = page.get_by_role("region", name="Models compared")
    rows = compared.locator("tbody tr")
    expect(rows.locator("th")).to_have_text(["popularity", "graphsage", "fusion"])
    alike = page.get_by_role("region", name="What their lists are like").locator("tbody td")
    expect(alike).to_have_text(["10 %", "20 %", "15 %"])
    expect(rows.locator(".best")).to_have_text(["0.400"])
    expect(rows.locator("line")).to_have_count(3)
    for people in ("0 likes", "1 to 2 likes", "3 likes and more"):
        expect(page.get_by_text(people, exact=True)).to_be_visible()
    expect(page.locator("footer")).to_contain_text("40 users, 30 items, 480 events")


def test_a_title_is_never_markup(visit: Visit) -> None:
    page = visit.open("#/item/i00")
    heading(page, EVIL)
    page.get_by_role("combobox").fill("img src")
    expect(page.get_by_role("option").first).to_contain_text(EVIL)
    for place in ("#/visitor/i00", "#/item/i02", "#/user/u00"):
        visit.open(place)
        settled(page)
        expect(page.locator("body")).to_contain_text(EVIL)
        assert page.locator("img").count() == 0
    assert page.title() != "owned"


class TestLooks:
    def test_dark_where_the_system_is_and_as_chosen(self, visit: Visit) -> None:
        page = visit.page
        page.emulate_media(color_scheme="dark")
        visit.open("")
        paper = "getComputedStyle(document.documentElement).backgroundColor"
        assert page.evaluate(paper) == "rgb(22, 23, 21)"
        page.get_by_role("button", name="Light").click()
        assert page.evaluate(paper) == "rgb(251, 250, 247)"
        page.reload()
        expect(page.get_by_role("button", name="Dark")).to_be_visible()
        assert page.evaluate(paper) == "rgb(251, 250, 247)"

    @pytest.mark.parametrize(
        "place",
        [
            *("", "#/user/u00/{first}", "#/item/i00", "#/visitor/i01", "#/models", "#/overview"),
            *("#/graph/user/u00/{first}", "#/map/i05", "#/api/session_recommendations"),
            "#/placements/name=similar&item=i01/name=popular&language=de",
            "#/what-if/name=for-you&user=u01",
        ],
    )
    def test_nothing_sticks_out_on_a_phone(self, phone: Visit, place: str) -> None:
        found = httpx.get(f"{phone.url}/v1/users/u00/recommendations").json()
        page = phone.open(place.format(first=found["recommendations"][0]["item"]))
        settled(page)
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        if place.startswith("#/user"):
            drawing = page.locator(".paths svg").bounding_box()
            assert drawing is not None
            assert drawing["x"] >= 0
            assert drawing["x"] + drawing["width"] <= 360


class TestErrors:
    def test_the_sentence_of_the_service_and_another_try(self, visit: Visit) -> None:
        visit.expected = {503}
        away = True

        def maybe(route: Route) -> None:
            if away:
                error = {"code": "not_ready", "message": "not yet: try again", "field": None}
                route.fulfill(status=503, json={"error": error})
            else:
                route.continue_()

        visit.page.route("**/v1/popular*", maybe)
        page = visit.open("")
        expect(page.get_by_role("alert")).to_contain_text("not yet: try again")
        away = False
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_role("alert")).to_have_count(0)
        expect(page.locator(".chips a")).to_have_count(24)

    def test_a_key_is_asked_for_and_kept_for_the_tab(self, visit: Visit) -> None:
        visit.expected = {401}

        def guard(route: Route) -> None:
            if route.request.headers.get("authorization") == "Bearer secret":
                route.continue_()
                return
            error = {"code": "no_key", "message": "the key is missing: send one", "field": None}
            route.fulfill(status=401, json={"error": error})

        visit.page.route("**/v1/**", guard)
        page = visit.open("#/item/i04")
        field = page.get_by_label("API key")
        expect(page.get_by_text("the key is missing: send one")).to_have_count(1)
        for key in ("wrong", "secret"):
            field.fill(key)
            page.get_by_role("button", name="Use this key").click()
            if key == "wrong":
                expect(page.get_by_text("The service does not know this key")).to_be_visible()
                expect(field).to_be_visible()
                expect(field).to_have_value("")
        heading(page, "Title 04")
        expect(field).to_be_hidden()
        page.reload()
        heading(page, "Title 04")
        assert page.evaluate("localStorage.length") == 0

    def test_the_service_is_gone(self, visit: Visit) -> None:
        page = visit.open("#/models")
        settled(page)
        visit.page.route("**/v1/**", lambda route: route.abort())
        page.get_by_role("link", name="New visitor").click()
        expect(page.get_by_role("alert").first).to_contain_text("The service does not answer")
        settled(page)
        visit.errors.clear()  # the browser logs each request that failed
