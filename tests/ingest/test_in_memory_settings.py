"""Data sets in memory by the settings that `graphrec ingest` goes by."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import graphrec as gr
from graphrec.errors import TooManyRejects


def events(**columns: object) -> pd.DataFrame:
    return pd.DataFrame({"user_id": ["1.0", "2"], "item_id": ["a", "b"], **columns})


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_ids_times_and_kinds_are_read_by_the_settings(tmp_path: Path) -> None:
    settings = gr.Settings(
        ids={"decimals": "keep", "missing": ()},
        ingest={"day_first": True, "future_days": 1e5},
        kinds={"view": {"weight": 3}},
    )
    log = events(date=["04/08/2022", "05/08/2122"], item_id=["NULL", "b"], kind="view")
    log.to_csv(tmp_path / "log.csv", index=False)
    found = gr.Dataset.from_frame(log, settings=settings)
    read = gr.Dataset.read(tmp_path / "log.csv", settings=settings)
    for data in (found, read):
        assert data.users.ids == ("1.0", "2")
        assert set(data.items.ids) == {"NULL", "b"}
        assert data.recorded.interactions.time.min() == 1_659_571_200_000  # 4 August
        assert data.weighted.matrix.data.tolist() == [3, 3]
    with pytest.raises(TooManyRejects):
        gr.Dataset.from_frame(log)


def test_kinds_override_single_fields_of_the_settings() -> None:
    settings = gr.Settings(kinds={"view": {"weight": 3, "half_life_days": 9}})
    log = events(user_id=["1", "2"], kind="view")
    given = {"view": gr.KindPolicy(weight=2)}
    data = gr.Dataset.from_frame(log, kinds=given, settings=settings)
    assert data.kinds is not None
    assert (data.kinds["view"].weight, data.kinds["view"].half_life_days) == (2, 9)


def test_settings_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "shop.toml").write_text("[ids]\nmissing = ['nobody']\n")
    settings = gr.load_settings(tmp_path / "shop.toml")
    with pytest.raises(TooManyRejects, match="missing user id"):
        gr.Dataset.from_frame(events(user_id=["Nobody", "2"]), settings=settings)
