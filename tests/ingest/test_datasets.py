"""Data sets: one result whatever the form, and a cache that is whole or not there. No network."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import requests
from graphrec.ingest import download
from graphrec.ingest.datasets import load_dataset, open_dataset, open_folder
from graphrec.ingest.download import ORIGINS, Origin, fetch_files
from graphrec.ingest.formats.movielens import split_title

from graphrec.data import AttributeValue
from graphrec.errors import DataError, TooManyRejects
from graphrec.settings import IngestSettings
from graphrec.store import open_store
from tests.support.movielens import FORMS, folder_of

# The same three ratings, three films and two people, in every form.

SETTINGS = IngestSettings()


Facts = dict[str, tuple[AttributeValue, ...]]


def loaded(folder: Path, tmp_path: Path) -> tuple[list[tuple[object, ...]], Facts, Facts, int]:
    """Events, what is known of items and of users, and the number of links."""
    dataset = open_folder(folder)
    with open_store(f"sqlite:///{tmp_path}/{folder.name}.db") as store:
        reports = load_dataset(store, dataset, SETTINGS, tmp_path / "rejects")
        assert all(report.rejected == 0 for report in reports.values())
        graph = store.read_graph()
        log = graph.interactions
        columns = (log.user, log.item, log.weight, log.time)
        events = list(zip(*(column.tolist() for column in columns), strict=True))
        facts = {
            node_type: {name: attribute.values for name, attribute in attributes.items()}
            for node_type, attributes in graph.attributes.items()
        }
        assert log.kinds == ("rating",)
        return events, facts["item"], facts.get("user", {}), store.counts()["links"]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_graph(tmp_path: Path, form: str) -> None:
    events, items, users, links = loaded(folder_of(tmp_path / form, FORMS[form]), tmp_path)
    assert events == [
        (0, 0, 5.0, 874965758000),
        (0, 2, 3.0, 876893171000),
        (1, 0, 4.0, 888550871000),
    ]
    assert items == {
        "title": ("Toy Story", "unknown", "Misérables, Les"),
        "year": (1995.0, None, 1995.0),
        "genres": (("Animation", "Children's", "Comedy"), ("unknown",), ("Drama", "Musical")),
    }
    work = {"ml-1m": ("technician/engineer", "other")}.get(form, ("technician", "other"))
    people = {"age": (24.0, 53.0), "gender": ("M", "F"), "occupation": work}
    assert users == ({} if form == "ml-latest-small" else people)
    assert links == 6


@pytest.mark.parametrize(
    ("title", "parts"),
    [
        ("Toy Story (1995)", ("Toy Story", "1995")),
        ("Seven (Se7en) (1995)", ("Seven (Se7en)", "1995")),
        ("The Land (1995) (V)", ("The Land (V)", "1995")),
        ("2001: A Space Odyssey (1968)", ("2001: A Space Odyssey", "1968")),
        ("Big Bang Theory, The (2007-)", ("Big Bang Theory, The", "2007")),
        ("Death Note (2006–2007)", ("Death Note", "2006")),
        ("Movie (7)", ("Movie (7)", None)),
        ("unknown", ("unknown", None)),
    ],
)
def test_titles_and_years(title: str, parts: tuple[str, str | None]) -> None:
    assert split_title(title) == parts


def test_a_film_without_genres(tmp_path: Path) -> None:
    files = dict(FORMS["ml-latest-small"])
    files["movies.csv"] = b"movieId,title,genres\n1,Toy Story (1995),(no genres listed)\n"
    _, items, _, links = loaded(folder_of(tmp_path / "ml", files), tmp_path)
    assert items["genres"] == (None, None)
    assert links == 0


def test_other_recbole_data_sets_keep_their_columns(tmp_path: Path) -> None:
    files = {
        "shop.inter": b"user_id:token\titem_id:token\n1\t1\n",
        "shop.item": b"item_id:token\tbrand:token\tprice:float\n1\tx\t2\n",
        "shop.user": b"user_id:token\tcity:token\n1\tRome\n",
        "shop.kg": b"head_id:token\trelation_id:token\ttail_id:token\ne1\tmade_by\te2\n",
        "shop.link": b"item_id:token\tentity_id:token\n1\te1\n",
    }
    dataset = open_folder(folder_of(tmp_path / "data", files))
    assert dataset.name == "data"
    assert dataset.title == "RecBole atomic files"
    with open_store(f"sqlite:///{tmp_path}/shop.db") as store:
        reports = load_dataset(store, dataset, SETTINGS, tmp_path)
        graph = store.read_graph()
    assert list(reports) == ["events", "item", "user", "entity entity", "item is entity"]
    assert graph.attributes["item"]["price"].values == (2.0,)
    assert graph.attributes["user"]["city"].values == ("Rome",)
    assert set(graph.links) == {("entity", "made_by", "entity"), ("item", "is", "entity")}


def test_a_bad_file_keeps_the_whole_data_set_out(tmp_path: Path) -> None:
    files = {**FORMS["ml-100k"], "u.user": b"1|24|M|technician|85711\n|53|F|other|94043\n"}
    dataset = open_folder(folder_of(tmp_path / "ml", files))
    with open_store(f"sqlite:///{tmp_path}/ml.db") as store:
        before = store.counts()
        with pytest.raises(TooManyRejects, match="1 of 2 rows"):
            load_dataset(store, dataset, SETTINGS, tmp_path / "rejects")
        assert store.counts() == before


def test_a_folder_of_ratings_alone(tmp_path: Path) -> None:
    files = {"u.data": FORMS["ml-100k"]["u.data"]}
    dataset = open_folder(folder_of(tmp_path / "ml", files))
    assert dataset.nodes == ()


def test_a_folder_of_nothing_known(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is no data set: expected one of ml-100k, ml-1m"):
        open_dataset(str(tmp_path), tmp_path / "cache")


# Fetching


def archive(files: Mapping[str, bytes], prefix: str = "ml-100k/") -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        for name, data in files.items():
            packed.writestr(prefix + name, data)
    return content.getvalue()


def origin(content: bytes, calls: list[str] | None = None, name: str = "there") -> Origin:
    def fetch(folder: Path, _: object) -> Path:
        if calls is not None:
            calls.append(name)
        path = folder / "archive.zip"
        path.write_bytes(content)
        return path

    return Origin(name, fetch, tuple(f"ml-100k/{file}" for file in FORMS["ml-100k"]))


def out_of_reach(name: str = "nowhere") -> Origin:
    def fetch(folder: Path, _: object) -> Path:
        raise DataError("https://example.org cannot be reached: timed out")

    return Origin(name, fetch, ())


ARCHIVE = archive(FORMS["ml-100k"])


def test_what_has_been_fetched_is_kept(tmp_path: Path) -> None:
    calls: list[str] = []
    for _ in range(2):
        folder = fetch_files("ml-100k", tmp_path / "cache", [origin(ARCHIVE, calls)])
    assert calls == ["there"]
    assert folder == tmp_path / "cache" / "ml-100k"
    assert (folder / "u.data").read_bytes() == FORMS["ml-100k"]["u.data"]
    assert [path.name for path in folder.parent.iterdir()] == ["ml-100k"]  # nothing else stays


@pytest.mark.parametrize("damage", ["change", "remove", "sums"])
def test_a_damaged_cache_is_fetched_again(tmp_path: Path, damage: str) -> None:
    folder = fetch_files("ml-100k", tmp_path, [origin(ARCHIVE)])
    if damage == "change":
        (folder / "u.data").write_bytes(b"1\t1\t5\t1\n")
    elif damage == "remove":
        (folder / "u.item").unlink()
    else:
        (folder / "SHA256SUMS").write_bytes(b"\xff")
    calls: list[str] = []
    fetch_files("ml-100k", tmp_path, [origin(ARCHIVE, calls)])
    assert calls == ["there"]
    assert (folder / "u.data").read_bytes() == FORMS["ml-100k"]["u.data"]


def test_a_damaged_cache_stays_where_nothing_can_be_fetched(tmp_path: Path) -> None:
    folder = fetch_files("ml-100k", tmp_path, [origin(ARCHIVE)])
    (folder / "u.item").unlink()
    with pytest.raises(DataError, match="cannot be fetched"):
        fetch_files("ml-100k", tmp_path, [out_of_reach()])
    assert (folder / "u.data").exists()


BROKEN = {
    "no archive": b"<html>",
    "cut": ARCHIVE[:-30],
    "flipped": ARCHIVE.replace(b"technician", b"magician!!"),
    "no members": archive({"other": b""}),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_the_next_origin_is_tried(tmp_path: Path, content: bytes) -> None:
    calls: list[str] = []
    origins = [out_of_reach(), origin(content, calls, "bad"), origin(ARCHIVE, calls, "good")]
    fetch_files("ml-100k", tmp_path, origins)
    assert calls == ["bad", "good"]


def test_no_origin_at_all_says_what_to_do_by_hand(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        fetch_files("ml-100k", tmp_path / "cache", [out_of_reach(), origin(b"", name="mirror")])
    message = str(caught.value)
    for part in (
        "nowhere: https://example.org",
        "timed out",
        "mirror: ",
        "u.data, u.item and u.user",
    ):
        assert part in message
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DataError, match=r"cannot be written.*setting `cache`"):
        fetch_files("ml-100k", tmp_path / "file", [origin(ARCHIVE)])


def test_members_cannot_leave_the_folder(tmp_path: Path) -> None:
    evil = Origin("evil", origin(archive({"x": b"1"}, "../../")).fetch, ("../../x",))
    folder = fetch_files("ml-100k", tmp_path / "cache", [evil])
    assert (folder / "x").read_bytes() == b"1"
    assert sorted(path.name for path in tmp_path.rglob("x")) == ["x"]


def test_an_unknown_name(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="'ml-2k' is unknown: expected ml-100k, ml-1m"):
        fetch_files("ml-2k", tmp_path)


class Answer:
    """What requests.get gives."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.headers = {"content-length": str(len(content))}

    def raise_for_status(self) -> None:
        pass

    def iter_content(self, chunk_size: int) -> Iterator[bytes]:
        for start in range(0, len(self.content), chunk_size):
            yield self.content[start : start + chunk_size]


def answering(content: bytes, asked: list[str]) -> Callable[..., Answer]:
    def get(url: str, timeout: float, **_: object) -> Answer:
        assert timeout <= 10
        asked.append(url)
        return Answer(content)

    return get


ML_100K = "50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229"
ML_1M = "a6898adb50b9ca05aa231689da44c217cb524e7ebd39d264c56e2832f2c54e20"


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)


@pytest.mark.usefixtures("no_waiting")
def test_the_official_archive_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(requests, "get", answering(ARCHIVE, asked))
    with pytest.raises(DataError, match=rf"damaged.*SHA256.* expected {ML_100K}"):
        ORIGINS["ml-100k"][0].fetch(tmp_path, None)
    with pytest.raises(DataError, match=rf"damaged.*SHA256.* expected {ML_1M}"):
        ORIGINS["ml-1m"][0].fetch(tmp_path, None)
    assert list(tmp_path.iterdir()) == []
    path = ORIGINS["ml-latest-small"][0].fetch(tmp_path, None)  # which changes over time
    assert path.read_bytes() == ARCHIVE
    assert list(dict.fromkeys(asked)) == [
        f"https://files.grouplens.org/datasets/movielens/{name}.zip"
        for name in ("ml-100k", "ml-1m", "ml-latest-small")
    ]


def test_an_official_archive_of_no_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "_MAX_BYTES", 10)
    monkeypatch.setattr(requests, "get", answering(ARCHIVE, []))
    with pytest.raises(DataError, match="larger than 10 bytes"):
        ORIGINS["ml-1m"][0].fetch(tmp_path, None)


@pytest.mark.usefixtures("no_waiting")
def test_an_official_address_out_of_reach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def get(url: str, **_: object) -> Answer:
        raise requests.exceptions.ConnectTimeout("timed out")

    monkeypatch.setattr(requests, "get", get)
    with pytest.raises(DataError, match=r"ml-1m.zip cannot be reached: timed out"):
        ORIGINS["ml-1m"][0].fetch(tmp_path, None)


@pytest.mark.usefixtures("no_waiting")
def test_a_download_is_tried_again_and_tells_how_far_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[str] = []

    def get(url: str, **_: object) -> Answer:
        tries.append(url)
        if len(tries) == 1:
            raise requests.exceptions.ConnectionError("reset")
        return Answer(ARCHIVE)

    monkeypatch.setattr(requests, "get", get)
    reported: list[tuple[str, int, int | None]] = []
    path = ORIGINS["ml-latest-small"][0].fetch(tmp_path, lambda *step: reported.append(step))
    assert path.read_bytes() == ARCHIVE
    assert len(tries) == 2
    assert reported[-1] == ("downloading", len(ARCHIVE), len(ARCHIVE))


def test_the_wheel_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = archive(FORMS["recbole"], "recbole/dataset_example/ml-100k/")

    def run(command: Sequence[str], **_: Any) -> None:
        assert command[:4] == [sys.executable, "-m", "pip", "download"]
        folder = Path(command[command.index("--dest") + 1])
        (folder / "recbole-1.2.1-py3-none-any.whl").write_bytes(wheel)

    monkeypatch.setattr(subprocess, "run", run)
    registry = ORIGINS["ml-100k"][1]
    with pytest.raises(DataError, match="SHA-256 sum"):
        registry.fetch(tmp_path, None)
    monkeypatch.setattr(download, "_RECBOLE_SHA256", hashlib.sha256(wheel).hexdigest())
    folder = fetch_files("ml-100k", tmp_path, [registry])
    assert open_folder(folder).name == "ml-100k"


def test_no_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/no/python")
    with pytest.raises(DataError, match="pip could not download recbole"):
        ORIGINS["ml-100k"][1].fetch(tmp_path, None)


def test_pip_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: Sequence[str], **_: Any) -> None:
        raise subprocess.CalledProcessError(1, list(command), stderr="ERROR: a\nERROR: no match\n")

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(DataError, match=r"recbole==1\.2\.1: ERROR: no match"):
        ORIGINS["ml-100k"][1].fetch(tmp_path, None)
