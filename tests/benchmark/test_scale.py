"""`graphrec benchmark scale`, on a tiny log."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from scripts.benchmark.__main__ import benchmark
from scripts.benchmark.scale.log import Size, write_log
from scripts.benchmark.scale.slopes import slopes


@pytest.mark.slow
def test_all_stages_are_measured(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    size = ["--events", "4000", "--users", "200", "--items", "100"]
    options = ["--seconds", "0.5", "--embedding", "none", "--json", str(out)]
    done = CliRunner().invoke(benchmark, ["scale", *size, *options])
    assert done.exit_code == 0, done.output
    report = json.loads(out.read_text())
    assert set(report) == {"stages", "slopes", "serving"}
    names = ["generate", "load", "read", "popularity", "filter", "publish", "evaluate", "serve"]
    assert [stage["name"] for stage in report["stages"]] == names
    assert all(set(each) == {"name", "seconds", "peak_mib"} for each in report["stages"])
    assert all(each["seconds"] > 0 and each["peak_mib"] > 30 for each in report["stages"])
    assert set(report["slopes"]) == {*names} - {"serve"}
    assert set(report["serving"]) == {"made_p99_ms", "kept_p99_ms", "rss_mb", "start_seconds"}
    assert all(value > 0 for value in report["serving"].values())
    assert "NDCG@10" in done.output


def test_a_log_has_power_laws_and_groups_and_is_the_same_again(tmp_path: Path) -> None:
    size = Size(20_000, 500, 900)
    for name in ("one", "other"):
        write_log(tmp_path / name, size, 3)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()
    log = pq.read_table(tmp_path / "one").to_pydict()
    assert len(log["user"]) == 20_000
    assert log["timestamp"] == sorted(log["timestamp"])
    for name, most in (("user", 500), ("item", 900)):
        counts = np.sort(np.unique(log[name], return_counts=True)[1])[::-1]
        assert len(counts) <= most
        assert counts[: most // 10].sum() > 0.25 * 20_000
    # Two who are in a group share more than two who are not.
    users: dict[str, set[str]] = {}
    for user, item in zip(log["user"], log["item"], strict=True):
        users.setdefault(user, set()).add(item)
    some = sorted(users.values(), key=len)[-60:]
    shared = [len(a & b) / min(len(a), len(b)) for a in some for b in some if a is not b]
    assert np.quantile(shared, 0.95) > 2 * np.quantile(shared, 0.5)


def test_a_slope_is_one_where_time_is_in_proportion() -> None:
    found = slopes([250, 500, 1000], {"linear": [1, 2, 4], "square": [1, 4, 16], "same": [3, 3, 3]})
    assert found == pytest.approx({"linear": 1, "square": 2, "same": 0})
