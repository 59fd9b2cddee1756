"""`python -m scripts.benchmark quality`: the command, the peers, and what is made of the rows."""

from __future__ import annotations

import json
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest

from graphrec.errors import DataError, SettingsError
from graphrec.evaluation.evaluator import relevant
from graphrec.evaluation.results import Evaluation, Metric, ModelResult, Slice
from graphrec.evaluation.splits.split import Split, temporal
from graphrec.report.chart import LINE
from graphrec.settings import Settings
from scripts.benchmark.__main__ import main
from scripts.benchmark.quality import isolated, peers
from scripts.benchmark.quality.against import differences, opponents, speeds
from scripts.benchmark.quality.chart import Point, draw, points_of
from scripts.benchmark.quality.environments import PeerError, last_line, ready
from scripts.benchmark.quality.folder import Question, read_question
from scripts.benchmark.quality.job import Scored, rank_of, write_job
from scripts.benchmark.quality.peers import PEERS, SCRIPTS, Peer, measure, named_peers
from scripts.benchmark.quality.rows import Checkpoint, Row
from tests.support.command import TOML, Answer, error_line, graphrec, write_csv
from tests.support.small_data import graph_of, ratings

pytestmark = pytest.mark.slow


def benchmark(folder: Path, *arguments: str | Path) -> Answer:
    """Run a benchmark with `folder` as the working folder."""
    return graphrec(folder, *arguments, entry=main)


FAKE = f"""
import sys, time
sys.path.insert(0, {str(SCRIPTS)!r})
from exchange import answer, read_job

job = read_job(sys.argv)
together = (job.train.T @ job.train).toarray()
likes = job.train.sum(axis=0)
last = None

def say(sign, epoch):
    global last
    def score(users):
        if job.method == "popular":
            return sign * likes.repeat(len(users), axis=0)
        return sign * (job.train[users] @ together)
    last = answer(job, score, learnt=10.0 * epoch, last=last, epoch=epoch,
                  settings={{"epochs": 3}}, packages=("numpy",))

if job.method == "fails":
    sys.exit("there is no such thing")
if job.method == "seen":
    job = job.__class__(**{{**vars(job), "seen": job.seen[:, :] * 0}})
if job.method == "endless":
    for epoch in range(1, 1000):
        say(1, epoch)
        time.sleep(0.001)
if job.method == "nan":
    say(float("nan"), 1)
if job.method != "silent":
    say(-1, 1)
    say(1, 2)
if job.method == "fine":
    say(-1, 3)
if job.method == "breaks":
    raise MemoryError("it was too much")
if job.method in ("hangs", "silent"):
    print("still at it", flush=True)
    time.sleep(60)
"""
"""A peer whose second answer is its best."""


@pytest.fixture
def fakes(tmp_path: Path) -> Iterator[None]:
    """Peers called `fake-METHOD`, which need no installation."""
    script, pins = tmp_path / "run_fake.py", tmp_path / "fake.txt"
    script.write_text(FAKE)
    pins.touch()
    methods = ("fine", "fails", "seen", "endless", "breaks", "hangs", "silent", "popular", "nan")
    found = {f"fake-{method}": Peer("fake", method, script, pins) for method in methods}
    here = Path(sys.executable)
    with patch.dict(PEERS, found), patch.object(peers, "ready", lambda *_: here):
        yield


@pytest.fixture(scope="module")
def split() -> Split:
    return temporal(graph_of(ratings()), 0.2)


def run(name: str, split: Split, limit: float = 30, k: int = 5) -> Row:
    def quiet(stage: str, done: int, total: int | None) -> None: ...

    return measure(
        name, split, k=k, seed=0, resamples=20, limit=limit, cache=Path(), progress=quiet
    )


# The command


def given_folder(folder: Path) -> Path:
    """Train and test files, with a validation part and items."""
    folder.mkdir()
    rows = ratings()
    for name, part in (("train", rows[:320]), ("valid", rows[320:380]), ("test", rows[380:])):
        write_csv(folder / f"{name}.csv", "user,item,rating,timestamp", part)
    items = sorted({item for _, item, _, _ in rows})
    write_csv(folder / "items.csv", "item,genre", [(item, "x") for item in items])
    return folder


def test_a_given_split_beside_a_peer(fakes: None, tmp_path: Path) -> None:
    (tmp_path / "graphrec.toml").write_text(TOML)
    given_folder(tmp_path / "shop")
    answer = benchmark(
        tmp_path,
        *("quality", "--data", "shop", "--protocol", "given", "--k", "5"),
        *("--models", "item-knn,popularity", "--peers", "fake-fine,fake-fails"),
        *("--json", "out/figures.json", "--chart", "out/chart.svg", "--seed", "3"),
    )
    assert (answer.code, answer.err) == (0, "")
    for name in ("item-knn", "popularity", "fake-fine *", "fake-fails *"):
        assert name in answer.out
    assert "fake-fails: gave no answer; ended with an error: there is no such thing" in answer.out
    assert "item-knn − fake-fine, ndcg@5: +" in answer.out
    found = json.loads((tmp_path / "out" / "figures.json").read_text())
    assert (found["protocol"], found["seed"], found["k"], found["data"]) == ("given", 3, 5, "shop")
    assert (found["train"], found["valid"], found["items"]) == (320, 51, 30)
    assert [m["model"] for m in found["models"]] == ["item-knn", "popularity", "fake-fine"]
    for model in found["models"]:
        assert {"recall@5", "ndcg@5", "coverage@5"} <= set(model["metrics"])
        assert model["metrics"]["ndcg@5"]["low"] <= model["metrics"]["ndcg@5"]["value"]
        assert model["slices"]["warm_users"]["users"] > 0
        assert model["fit_seconds"] >= 0
        assert model["peak_mib"] is None or model["peak_mib"] > 0
    ours, _, peer = found["models"]
    assert (ours["peer"], peer["peer"], peer["epochs"]) == (False, True, 2)
    assert ours["settings"]["neighbours"] == 400
    assert (peer["settings"], set(peer["versions"])) == ({"epochs": 3}, {"numpy"})
    assert [c["seconds"] for c in peer["checkpoints"]] == [10, 20, 30]
    assert found["failed"][0]["model"] == "fake-fails"
    assert [d["metric"] for d in found["differences"]] == ["recall@5", "ndcg@5"]
    assert found["speeds"][0]["times"] == pytest.approx(20 / ours["fit_seconds"])
    assert found["machine"]["cores"] >= 1
    assert {"numpy", "scipy"} <= set(found["versions"])
    assert found["settings"]["evaluation"]["resamples"] == 20
    ET.parse(tmp_path / "out" / "chart.svg")  # noqa: S314 - it was made here


def test_a_log_is_split_and_fusion_stands_against_the_others(tmp_path: Path) -> None:
    (tmp_path / "graphrec.toml").write_text(TOML)
    (tmp_path / "shop").mkdir()
    write_csv(tmp_path / "shop" / "ratings.csv", "user,item,rating,timestamp", ratings())
    asked = ("--data", "shop", "--models", "popularity,fusion", "--json", "figures.json")
    # Without vectors: what fusion is made of is tested elsewhere, and torch takes seconds to load.
    with patch("scripts.benchmark.commands.quality.installed_embeddings", lambda _: ()):
        answer = benchmark(tmp_path, "quality", *asked, "--protocol", "temporal")
    assert (answer.code, answer.err) == (0, "")
    assert "fusion − popularity, ndcg@20: " in answer.out
    found = json.loads((tmp_path / "figures.json").read_text())
    assert found["protocol"] == "temporal"
    assert found["cutoff"] is not None
    assert "graph-filter" in found["models"][1]["settings"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--peers", "nobody"), "peer 'nobody' is unknown: expected some of implicit-als"),
        (("--models", "none"), "neither models nor peers are named"),
        (("--models", "best"), "model 'best' is unknown"),
        (("--protocol", "given"), "has no split: expected train.tsv and test.tsv"),
        (("--data", "nowhere"), "'nowhere' is no data set"),
    ],
)
def test_what_cannot_be_is_said_before_any_work(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    (tmp_path / "shop").mkdir()
    write_csv(tmp_path / "shop" / "events.csv", "user,item,rating,timestamp", ratings())
    command = ("quality", "--data", "shop", "--models", "popularity", *arguments)
    answer = benchmark(tmp_path, *command)
    assert answer.code == 1
    assert message in error_line(answer)


def test_help_teaches_both_benchmarks(tmp_path: Path) -> None:
    said = benchmark(tmp_path, "--help").out
    assert "quality" in said
    assert "stores" in said
    said = benchmark(tmp_path, "quality", "--help").out
    for part in (
        "--peer-minutes",
        "recbole-lightgcn",
        "Example:",
        "favours it",
        "--chart",
        "'seq'",
    ):
        assert part in said


# The protocol of NCF


def ncf_folder(folder: Path) -> Path:
    """Four test items whose places among their candidates, by popularity, are 1, 1, 1 or 2, and 2.

    Of 5 items a is liked by three, b by two, c by one, d and e by nobody. `u` is asked for d twice,
    `v` for its own test item, w's ties with another, and `new` has no history.
    """
    folder.mkdir()
    train = [("u", "a"), ("u", "b"), ("v", "a"), ("v", "c"), ("w", "a"), ("w", "b")]
    write_csv(folder / "train.csv", "user,item,seq", [(*pair, n) for n, pair in enumerate(train)])
    test = [("u", "c"), ("v", "b"), ("w", "d"), ("new", "c")]
    rated = [(*pair, 1, 1_600_000_009) for pair in test]
    write_csv(folder / "test.csv", "user,item,rating,timestamp", rated)
    negatives = ["(u,c)\td\te\td", "(v,b)\td\te\tb", "(w,d)\te\te", "(new,c)\tb\td"]
    (folder / "test.negative").write_text("\n".join(negatives) + "\n")
    return folder


def test_places_among_negatives_of_a_case_done_by_hand(fakes: None, tmp_path: Path) -> None:
    """With k = 1: 1, 1, ½ and 0; a peer that scores by popularity gets what popularity gets."""
    (tmp_path / "graphrec.toml").write_text(TOML)
    ncf_folder(tmp_path / "shop")
    command = ("quality", "--data", "shop", "--models", "popularity")
    answer = benchmark(
        tmp_path, *command, "--k", "1", "--peers", "fake-popular,fake-nan", "--json", "figures.json"
    )
    assert (answer.code, answer.err) == (0, "")
    assert "HR@1" in answer.out
    assert "fake-nan: its scores cannot be ranked: score nan" in answer.out
    found = json.loads((tmp_path / "figures.json").read_text())
    assert (found["protocol"], found["valid"], found["test_users"]) == ("ncf", 3, 4)
    ours, peer = found["models"]
    for row in (ours, peer):
        for metric in ("hit@1", "recall@1", "ndcg@1"):
            assert row["metrics"][metric]["value"] == pytest.approx(2.5 / 4)
            assert row["metrics"][metric]["low"] == ours["metrics"][metric]["low"]
        assert row["slices"]["warm_users"]["metrics"]["ndcg@1"]["value"] == pytest.approx(2.5 / 3)
    assert [d["value"] for d in found["differences"]] == [0, 0]
    assert "NDCG@10" in benchmark(tmp_path, *command).out  # the paper's cut-off


def test_fusion_is_judged_among_negatives(tmp_path: Path) -> None:
    (tmp_path / "graphrec.toml").write_text(TOML)
    liked = sorted((row for row in ratings() if row[2] > 1), key=lambda row: row[3])
    log = [(user, item, n) for n, (user, item, *_) in enumerate(liked)]
    users = sorted({user for user, *_ in log})
    last = {user: item for user, item, _ in log}
    (tmp_path / "shop").mkdir()
    train = [row for row in log if row[1] != last[row[0]]]
    write_csv(tmp_path / "shop" / "train.csv", "user,item,seq", train)
    write_csv(tmp_path / "shop" / "test.csv", "user,item", last.items())
    other = {parity: [f"i{n:02}" for n in range(30) if n % 2 != parity] for parity in (0, 1)}
    lines = [
        "\t".join([f"({user},{last[user]})", *other[int(user[1:]) % 2]]) + "\n" for user in users
    ]
    (tmp_path / "shop" / "test.negative").write_text("".join(lines))
    asked = ("--data", "shop", "--models", "fusion", "--k", "3", "--json", "figures.json")
    with patch("scripts.benchmark.commands.quality.installed_embeddings", lambda _: ()):
        answer = benchmark(tmp_path, "quality", *asked)
    assert (answer.code, answer.err) == (0, "")
    [fused] = json.loads((tmp_path / "figures.json").read_text())["models"]
    assert fused["metrics"]["ndcg@3"]["value"] > 0.6  # by chance 0.13


def test_a_peer_is_told_the_candidates_and_not_which_is_right(tmp_path: Path) -> None:
    split = question(ncf_folder(tmp_path / "shop"), "auto").split
    write_job(tmp_path, "method", split, 1, 0)
    users, items = split.train.users, split.train.items
    asked = np.load(tmp_path / "candidates.npy", allow_pickle=False)
    assert [(users.ids[user], items.ids[item]) for user, item in asked] == [
        *(("u", item) for item in "cde"),
        *(("v", item) for item in "bde"),
        *(("w", item) for item in "de"),
    ]
    with pytest.raises(PeerError, match=r"its scores are \(3,\): expected one for each of 8"):
        Scored.of(np.zeros(3, np.float32), split)


def test_scores_of_blocks_of_users_are_put_together(fakes: None, tmp_path: Path) -> None:
    split = question(ncf_folder(tmp_path / "shop"), "ncf").split
    whole = run("fake-popular", split, k=1)
    script = PEERS["fake-popular"].script
    small = "import exchange\nexchange.BLOCK_BYTES = 40\n"  # two users
    script.write_text(script.read_text().replace("from exchange", f"{small}from exchange"))
    assert run("fake-popular", split, k=1).ndcg == whole.ndcg == pytest.approx(2.5 / 4)


# The folder


def question(folder: Path, protocol: Any) -> Any:
    return read_question(str(folder), protocol, Settings(), folder / "rejects", lambda *_: None)  # type: ignore[arg-type]


def pairs(split: Split) -> set[tuple[str, str]]:
    """The (user, item) of the test."""
    test = split.test
    return {
        (test.users.ids[u], test.items.ids[i]) for u, i in zip(test.user, test.item, strict=True)
    }


def test_auto_takes_the_test_that_is_there_and_its_validation(tmp_path: Path) -> None:
    folder = given_folder(tmp_path / "shop")
    found = question(folder, "auto")
    assert found.protocol == "given"
    assert found.validation.train is found.split.train
    assert list(found.split.train.attributes["item"]) == ["genre"]
    with pytest.raises(DataError, match=r"no log to split.*'given'"):
        question(folder, "temporal")
    with pytest.raises(DataError, match="has no negatives"):
        question(folder, "ncf")
    (folder / "test.negative.gz").touch()
    with pytest.raises(DataError, match="is empty"):  # so they are what is read
        question(folder, "auto")
    assert question(folder, "given").protocol == "given"


def test_a_log_in_recbole_form_and_each_users_last(tmp_path: Path) -> None:
    lines = [f"{u}\t{i}\t{s}\t{t}" for u, i, s, t in ratings()]
    header = "user_id:token\titem_id:token\trating:float\ttimestamp:float"
    (tmp_path / "shop.inter").write_text("\n".join([header, *lines]) + "\n")
    found = question(tmp_path, "leave-one-out")
    assert found.protocol == "leave-one-out"
    assert len(found.split.test) == len(found.validation.test) == 40


def test_the_order_of_events_tells_each_users_last_and_the_one_before(tmp_path: Path) -> None:
    """Histories of different lengths, and one too short to be tested on; the file is in no order.

    The item of a user's place n is called n, so a longer history's last has a higher place.
    """
    rows = [(f"u{n}", f"i{at}", at) for n in (1, 3, 5, 9) for at in range(n)]
    write_csv(tmp_path / "events.csv", "user,item,seq", sorted(rows, key=lambda row: -row[2]))
    found = question(tmp_path, "leave-one-out")
    assert found.protocol == "leave-one-out"
    assert pairs(found.split) == {("u3", "i2"), ("u5", "i4"), ("u9", "i8")}
    assert pairs(found.validation) == {("u3", "i1"), ("u5", "i3"), ("u9", "i7")}
    log = found.split.train.interactions
    assert log.time[log.user == log.users.row("u3")].tolist() == [-1, 0]  # all end at once
    assert log.time.max() == 0


def test_times_and_places_in_histories_are_one_order(tmp_path: Path) -> None:
    rows = sorted(ratings(), key=lambda row: row[3])
    for name, column in (("timed", "timestamp"), ("ordered", "seq")):
        (tmp_path / name).mkdir()
        at: dict[str, int] = {}
        log = []
        for user, item, stars, time in rows:
            at[user] = at.get(user, -1) + 1
            log.append((user, item, stars, time if column == "timestamp" else at[user]))
        write_csv(tmp_path / name / "ratings.csv", f"user,item,rating,{column}", log)
    timed, ordered = (question(tmp_path / name, "leave-one-out") for name in ("timed", "ordered"))
    assert pairs(timed.split) == pairs(ordered.split)
    assert pairs(timed.validation) == pairs(ordered.validation)


def test_equal_times_keep_the_order_of_the_file(tmp_path: Path) -> None:
    """The last item of each would be another by its name, and rows of users may be mixed."""
    first, last = 1_500_000_000, 1_500_000_007
    rows = [
        *[("a", "z", first), ("b", "z", first), ("a", "y", last), ("b", "m", first)],
        *[("a", "x", last), ("a", "x", last), ("b", "n", first), ("a", "w", last)],
        *[("b", "l", first), ("c", "k", last)],
    ]
    write_csv(tmp_path / "events.csv", "user,item,timestamp", rows)
    found = question(tmp_path, "leave-one-out")
    assert pairs(found.split) == {("a", "w"), ("b", "l")}
    assert pairs(found.validation) == {("a", "x"), ("b", "n")}


def test_places_are_no_times_for_a_split_of_all_users_at_once(tmp_path: Path) -> None:
    rows = [(f"u{user}", f"i{at}", at) for user in range(9) for at in range(9)]
    write_csv(tmp_path / "events.csv", "user,item,seq", rows)
    assert question(tmp_path, "auto").protocol == "blocked"
    with pytest.raises(DataError, match="have 1 distinct times"):
        question(tmp_path, "temporal")
    write_csv(tmp_path / "events.csv", "user,item", [row[:2] for row in rows])
    with pytest.raises(DataError, match=r"all 81 events have one time: .* column 'seq'"):
        question(tmp_path, "leave-one-out")


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    for name in ("train.csv", "train.tsv", "test.csv"):
        write_csv(tmp_path / name, "user,item", [("u", "i")])
    with pytest.raises(DataError, match=r"has train\.csv and train\.tsv: expected one"):
        question(tmp_path, "auto")


# Peers


def test_the_best_lists_of_a_peer_count(fakes: None, split: Split) -> None:
    row = run("fake-fine", split)
    assert row.result is not None
    assert (row.note, row.result.epochs) == ("best of 3 checkpoints on the test", 2)
    assert row.checkpoints[1].ndcg == row.ndcg
    assert row.ndcg > row.checkpoints[0].ndcg == row.checkpoints[2].ndcg
    assert row.seconds == 20


@pytest.mark.parametrize(
    ("name", "limit", "has_result", "note"),
    [
        ("fake-hangs", 3, True, "stopped at its limit of 0.05 minutes; best of 2 checkpoints"),
        ("fake-silent", 0.2, False, "gave no answer; stopped at its limit"),
        ("fake-breaks", 30, True, "ended with an error: MemoryError: it was too much; best of 2"),
        ("fake-endless", 30, True, "stopped after 10 checkpoints that were no better"),
        ("fake-seen", 30, False, "items that their users met in train and 0 repeats"),
    ],
)
def test_a_peer_that_goes_wrong_gets_a_row_that_says_so(
    fakes: None, split: Split, name: str, limit: float, has_result: bool, note: str
) -> None:
    row = run(name, split, limit)
    assert (row.result is not None) == has_result
    assert note in (row.note or "")


def test_a_peer_that_cannot_be_installed_gets_a_row_that_says_so(
    split: Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    pins = tmp_path / "pins.txt"
    pins.write_text("no-such-library==1\n")
    peer = Peer("none", "none", tmp_path / "script.py", pins)
    with patch.dict(PEERS, {"none": peer}):
        row = measure(
            "none", split, k=5, seed=0, resamples=0, limit=1, cache=tmp_path,
            progress=lambda *_: None,  # type: ignore[arg-type]
        )  # fmt: skip
    assert row.result is None
    assert "cannot be installed: ERROR: No matching distribution" in (row.note or "")
    [made] = (tmp_path / "peers").iterdir()
    (made / ".installed").touch()
    assert ready("none", pins, tmp_path).is_file()  # and nothing is installed again
    pins.write_text("another==1\n")
    with pytest.raises(PeerError):
        ready("none", pins, tmp_path)


def test_a_job_holds_nothing_of_the_test(split: Split, tmp_path: Path) -> None:
    write_job(tmp_path, "method", split, 5, 1)
    users, right = relevant(split)
    tested = set(zip(users[right.nonzero()[0]].tolist(), right.indices.tolist(), strict=True))
    for name, matrix in (("train", split.train.matrix), ("seen", split.train.seen)):
        pairs = np.load(tmp_path / f"{name}.npy", allow_pickle=False)
        assert len(pairs) == matrix.nnz
        assert not tested & set(map(tuple, pairs.tolist()))
    job = json.loads((tmp_path / "job.json").read_text())
    assert job == {"method": "method", "k": 5, "seed": 1, "users": 40, "items": 30}


def test_users_without_a_history_get_the_popular_list(split: Split) -> None:
    first = relevant(split)[0][0]
    log = split.train.interactions
    cold = replace(split, train=split.train.with_interactions(log.take(log.user != first)))
    lists = np.full((len(relevant(split)[0]) - 1, 5), -1, np.int32)
    ranked = rank_of(lists, cold)(np.array([first, first], np.int32), 5)
    best = np.argsort(-np.asarray(cold.train.matrix.sum(axis=0)), kind="stable")[:5]
    assert ranked.tolist() == [best.tolist()] * 2


def test_lists_that_cannot_be_are_refused(split: Split) -> None:
    users = relevant(split)[0]
    with pytest.raises(PeerError, match="expected one for each"):
        rank_of(np.full((len(users) + 1, 5), -1, np.int32), split)
    lists = np.full((len(users), 5), -1, np.int32)
    unseen = np.setdiff1d(np.arange(30), split.train.seen[[users[0]]].indices)[0]
    lists[0, :2] = unseen
    with pytest.raises(PeerError, match="0 items that their users met in train and 1 repeats"):
        rank_of(lists, split)


def test_a_library_stands_for_all_of_its_peers() -> None:
    assert named_peers("implicit, recbole-bpr,implicit-als") == (
        *("implicit-als", "implicit-bm25", "implicit-cosine", "recbole-bpr"),
    )
    assert named_peers("") == ()
    with pytest.raises(SettingsError, match="lightfm, recbole for all of a library"):
        named_peers("ours")
    for peer in PEERS.values():
        assert peer.script.is_file()
        pins = [line for line in peer.requirements.read_text().splitlines() if line[0] != "#"]
        assert all("==" in pin for pin in pins)


def test_the_last_line_is_what_went_wrong() -> None:
    assert last_line("a\n  b  \n\n") == "b"
    assert last_line("") == "it said nothing"


def test_a_model_of_ours_that_fails_gets_a_row_that_says_so(split: Split) -> None:
    nothing = replace(split, test=split.test.take(np.zeros(len(split.test), bool)))
    row = isolated.measure(
        "item-knn", Question("temporal", nothing, split), Settings(), k=5, embeddings=(),
        progress=lambda *_: None,  # type: ignore[arg-type]
    )  # fmt: skip
    assert row.result is None
    assert "no result: test set has 0 events" in (row.note or "")
    assert row.settings["neighbours"] == 400


# Rows against each other


def row_of(
    model: str, ndcg: list[float], *, peer: bool = False, seconds: float = 1, **more: Any
) -> Row:
    values = np.array(ndcg)
    metrics = {"ndcg@5": Metric(values.mean()), "recall@5": Metric(values.mean())}
    evaluation = Evaluation(
        5,
        np.arange(len(ndcg), dtype=np.int32),
        {"ndcg@5": values, "recall@5": values / 2},
        metrics,
        {"warm_users": Slice(len(ndcg), {})},
        0.5,
    )
    return Row(model, peer, ModelResult(model, evaluation, None, seconds, None), **more)


def names(rows: list[Row]) -> list[tuple[str, str]]:
    return [(ours.model, other.model) for ours, other in opponents(rows)]


def test_who_is_compared_with_whom() -> None:
    fused, better = row_of("fusion", [0.5, 0.5]), row_of("ease", [0.6, 0.6])
    good, bad = row_of("a", [0.4, 0.6], peer=True), row_of("b", [0.1, 0.2], peer=True)
    failed = Row("c", True, None, note="no")
    assert names([fused, better, bad, good]) == [("ease", "a"), ("fusion", "a")]
    assert names([fused, bad, failed]) == [("fusion", "b")]
    assert names([fused, better]) == [("fusion", "ease")]
    assert names([fused, failed]) == names([better]) == names([good]) == []


def test_the_paired_interval_of_a_case_done_by_hand() -> None:
    """Two users who differ by 0.1 and 0.3: a resample's mean is 0.1, 0.2 or 0.3, with ¼, ½, ¼.

    All are positive: the interval leaves out 0, where those of the two means overlap.
    """
    rows = [row_of("fusion", [0.3, 0.9]), row_of("peer", [0.2, 0.6], peer=True)]
    recall, ndcg = differences(rows, resamples=400, seed=0)
    assert (ndcg.ours, ndcg.other, ndcg.metric) == ("fusion", "peer", "ndcg@5")
    assert ndcg.value == pytest.approx(0.2)
    assert (ndcg.low, ndcg.high) == (pytest.approx(0.1), pytest.approx(0.3))
    assert recall.value == pytest.approx(0.1)
    middle = differences(rows, resamples=400, seed=0, confidence=0.4)[1]
    assert (middle.low, middle.high) == (pytest.approx(0.2), pytest.approx(0.2))


def test_time_to_the_accuracy_of_a_peer() -> None:
    ours, weak = row_of("fusion", [0.5], seconds=2), row_of("popularity", [0.1], seconds=0.1)
    peer = row_of("lightgcn", [0.4], peer=True, seconds=100)
    [speed] = speeds([ours, weak, peer, Row("c", True, None)])
    assert (speed.ours, speed.peer, speed.times) == ("fusion", "lightgcn", 50)


# The chart


def test_a_chart_is_one_drawing_that_follows_light_and_dark() -> None:
    way = (Checkpoint(1.0, 0.1, 0.1), Checkpoint(100.0, 0.4, 0.4))
    rows = [
        row_of("fusion <new>", [0.5], seconds=3),
        row_of("slow", [0.4], peer=True, seconds=100, checkpoints=way),
        Row("broken", True, None),
    ]
    drawing = draw(points_of(rows), "NDCG & time", "NDCG@5")
    root = ET.fromstring(drawing)  # noqa: S314 - it was made here
    space = "{http://www.w3.org/2000/svg}"
    said = [element.text for element in root.iter(f"{space}text")]
    assert {"NDCG & time", "fusion <new>", "slow", "1", "1,000"} <= set(said)
    assert "broken" not in said
    assert "prefers-color-scheme: dark" in drawing
    assert "href" not in drawing
    ours, peer = root.iter(f"{space}circle")
    assert (ours.get("class"), peer.get("class")) == ("dot c0", "ring c1")
    assert float(ours.attrib["cx"]) < float(peer.attrib["cx"])  # sooner is further left
    assert float(ours.attrib["cy"]) < float(peer.attrib["cy"])  # better is higher
    assert len(list(root.iter(f"{space}polyline"))) == 1


def test_labels_do_not_cover_each_other_and_one_point_is_enough() -> None:
    labels = ["a model", "another", "a third"]
    same = [Point(label, False, 1.0, 0.3) for label in labels]
    root = ET.fromstring(draw(same, "t", "m"))  # noqa: S314 - it was made here
    texts = [t for t in root.iter("{http://www.w3.org/2000/svg}text") if t.text in labels]
    places = [(text.attrib["text-anchor"], float(text.attrib["y"])) for text in texts]
    assert len(set(places)) == 3
    for side in ("start", "end"):
        assert np.diff(sorted(y for at, y in places if at == side)).min(initial=LINE) >= LINE
    assert "NaN" not in draw(same[:1], "t", "m")
