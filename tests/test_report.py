"""The page that a refresh leaves: true to its figures, whole in one file, and of nobody by name."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from graphrec.data import Attribute, Graph, Interactions
from graphrec.data.dataset import Dataset
from graphrec.errors import SnapshotError
from graphrec.forget import forget_in_snapshots
from graphrec.models.graph_filter.model import GraphFilter
from graphrec.recommend.query import Query
from graphrec.recommend.recommender import Recommender
from graphrec.report.archive import drop_people, keep, kept
from graphrec.report.chart import Scale
from graphrec.report.figures import Check, Job, Report, Stage, report_of
from graphrec.report.page import page
from graphrec.retrieval.embedding import Nearest
from graphrec.settings import RetrievalSettings
from graphrec.snapshot.registry import load, publish
from graphrec.snapshot.reports import REPORTS
from tests.support.snapshots import NOON, build_snapshot, small_snapshot

HOSTILE = "<script>alert('&')</script>"

JOB = Job(
    started="2026-11-22T11:59:00+00:00",
    action="train",
    verdict="refused",
    reasons=("a full refresh was asked for",),
    checks=(
        Check("overlap of two lists", 0.21, "at most 0.9", True),
        Check("coverage", 0.01, "at least 0.2", False),
    ),
    stages=(Stage("read", 1.5, 300.0), Stage("train", 60.25, None)),
    drift={"item_degrees": 0.125},
)

METRICS = {
    "protocol": "temporal", "cutoff": 10**12, "k": 10, "test_users": 1234,
    "models": [
        {"model": name, "epochs": epochs, "fit_seconds": 1.25, "score_seconds": 0.5,
         "peak_mib": 400.0,
         "metrics": {"ndcg@10": {"value": value, "low": value - 0.01, "high": value + 0.01},
                     "recall@10": {"value": value / 2, "low": None, "high": None},
                     "coverage@10": {"value": 0.5, "low": None, "high": None},
                     "lift@10": {"value": 2.34, "low": None, "high": None}},
         "slices": {"warm_users": {"users": 3, "metrics": {
             "ndcg@10": {"value": 0.4321, "low": None, "high": None}}}}}
        for name, value, epochs in (("popularity", 0.1111, None), ("mf", 0.2222, 3))
    ],
    "curves": {"mf": [0.1, 0.15, 0.2, 0.19]},
}  # fmt: skip


def measured(seed: int = 0):
    snapshot = small_snapshot(seed, users=30, items=20)
    return replace(snapshot, manifest=replace(snapshot.manifest, metrics=METRICS))


def reported(now=None, before=None, job=JOB) -> Report:
    return report_of(now or measured(), before, RetrievalSettings(), job)


class Page(HTMLParser):
    """Whether every element is closed, and what text and links there are."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.feed(html)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("href", "src")]
        if tag not in ("meta", "link", "line", "polyline"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if self.open[-1:] == [tag]:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_one_file_without_script_or_anything_from_elsewhere():
    html = page(reported(before=measured(1)))
    found = Page(html)
    assert not {"script", "link", "img", "iframe"} & set(found.tags)
    assert found.addresses == []
    assert "url(" not in html
    assert "@import" not in html
    for drawing in re.findall(r"<svg.*?</svg>", html, re.DOTALL):
        ElementTree.fromstring(drawing)  # noqa: S314 - our own
    assert html.count("<svg") == 5  # models, curves, two distributions, map


def test_the_page_says_what_was_measured():
    html = page(reported(before=measured(1)))
    for said in (
        "refused", "2 checks, 1 failed", "at least 0.2", "1,234 test users", "0.2222",
        "0.2122 to 0.2322", "0.4321", "60.25", "item degrees 0.125", "overlap of two lists",
        "The 20 most popular of 20 items", "50.0%", "+2.3", "0 as popular",
    ):  # fmt: skip
        assert said in html, said
    assert html.index("coverage</td>") < html.index("overlap of two lists")  # failed ones first


def test_a_first_snapshot_of_few_things_has_a_page_too():
    empty = Graph(Interactions.of([], []))
    fitted = GraphFilter().fit(Dataset.of_weights(empty)).scorer
    facts = {"seed": 0, "cutoff": None, "models": {}, "metrics": {}}
    nothing = build_snapshot(empty, graph_filter=fitted, embeddings=None, encoder=None, **facts)
    Page(page(reported(nothing, job=None)))
    Page(page(reported(small_snapshot(learnt=False), job=None)))


def test_text_of_others_is_shown_as_it_is():
    snapshot = measured()
    titles = Attribute("text", tuple(f"{HOSTILE}{n}" for n in range(20)))
    genres = Attribute("tags", tuple((HOSTILE, "a") for _ in range(20)))
    html = page(reported(replace(snapshot, item_attributes={"title": titles, "genres": genres})))
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    Page(html)


def test_figures_are_those_of_the_snapshot():
    now, before = measured(), measured(1)
    report = reported(now, before)
    assert [person.likes for person in report.people] == sorted(p.likes for p in report.people)
    recommender = Recommender.of(now, RetrievalSettings())
    lists = {
        tuple(r.title or r.item for r in recommender.recommend(Query(user, k=8)))
        for user in now.likes.users.ids
    }
    assert {person.after for person in report.people} <= lists
    degrees = np.diff(now.likes.by_item.indptr)
    told = dict(zip(report.now.item_degrees.likes, report.now.item_degrees.share, strict=True))
    for least, share in told.items():
        assert share == pytest.approx((degrees >= least).sum() / (degrees > 0).sum(), abs=1e-6)
    assert report.map is not None
    assert len(report.map.dots) == 20
    assert set(report.map.groups) == {"a", "b"}


def test_the_map_shows_what_lies_together():
    """Two clusters of directions, of whatever length, are two clusters on the map."""
    snapshot = measured()
    assert snapshot.embeddings is not None
    item = snapshot.embeddings.item.copy()
    rng = np.random.default_rng(0)
    item[:] = rng.normal(0, 0.05, item.shape)
    item[:10, 0] += 1
    item[10:, 1] += 1
    item *= rng.uniform(0.1, 10, (20, 1)).astype(np.float32)
    [neighbours, nearest] = snapshot.sources
    moved = Nearest.of(replace(nearest.vectors, item=item))
    report = reported(replace(snapshot, sources=(neighbours, moved)))
    assert report.map is not None
    order = snapshot.popularity.order
    side = {int(row): report.map.dots[n].x > 0 for n, row in enumerate(order)}
    assert len({side[row] for row in range(10)}) == len({side[row] for row in range(10, 20)}) == 1
    assert side[0] != side[10]
    assert report.map.explained > 0.9


def test_what_is_kept_makes_the_same_page(tmp_path: Path):
    report = reported(before=measured(1))
    path = keep(report, tmp_path, "run")
    assert path.read_text("utf-8") == page(report)
    assert kept(tmp_path, "run") == report
    (tmp_path / REPORTS / "run.json").write_text("{}")
    with pytest.raises(SnapshotError, match="write it again"):
        kept(tmp_path, "run")


def test_nobody_is_named_and_forgetting_takes_their_lists_out(tmp_path: Path):
    publish(measured(), tmp_path, NOON)
    keep(reported(load(tmp_path)), tmp_path, "run")
    keep(reported(load(tmp_path)), tmp_path, "broken")
    (tmp_path / REPORTS / "broken.json").write_text("{}")
    for path in (tmp_path / REPORTS).iterdir():
        assert not re.search(r"\bu\d\d\b", path.read_text("utf-8"))
    assert kept(tmp_path, "run").people
    forget_in_snapshots(tmp_path, ["nobody"])
    assert kept(tmp_path, "run").people
    forget_in_snapshots(tmp_path, ["u03"])
    assert not kept(tmp_path, "run").people
    assert "A user with" not in (tmp_path / REPORTS / "run.html").read_text("utf-8")
    assert kept(tmp_path, "run").job == JOB
    assert {path.name for path in (tmp_path / REPORTS).iterdir()} == {"run.json", "run.html"}
    assert drop_people(tmp_path) == 0


@pytest.mark.parametrize("values", [[0.0], [0.5, 0.5], [1e-9, 2e-9], [-3, 4], [0.1, 1234.5]])
def test_a_scale_holds_its_values_between_round_ticks(values):
    scale = Scale.over(values, 10, 110)
    assert all(10 - 1e-6 <= scale(value) <= 110 + 1e-6 for value in values)
    ticks = scale.ticks()
    assert 2 <= len(ticks) <= 12
    assert scale(ticks[0]) == pytest.approx(10)
    assert scale(ticks[-1]) == pytest.approx(110)
