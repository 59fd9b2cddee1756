"""`python -m scripts.benchmark shop`: a tiny shop, through real processes; and what it counts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scripts.benchmark.__main__ import benchmark
from scripts.benchmark.shop.data import Event, Truth
from scripts.benchmark.shop.figures import (
    bought,
    given_back,
    hits,
    new_items,
    own_share,
    partner_share,
)
from scripts.benchmark.shop.rivals import bestsellers, first_unseen

TRUTH = Truth(
    end=100,
    segment_of_person={"ann": "Garden", "bob": "Kitchen"},
    segment_of_item={"saw": "Garden", "pot": "Garden", "pan": "Kitchen", "wok": "Kitchen"},
    partners={"saw": "pot", "pan": "wok"},
    out_of_stock=frozenset({"wok"}),
)


def test_shares_are_of_places() -> None:
    lists = {"ann": ["saw", "pan"], "bob": ["pan", "wok"]}
    assert own_share(lists, TRUTH) == 3 / 4
    assert partner_share({"saw": ["pan", "pot"], "pan": ["saw"]}, TRUTH) == 1 / 2
    assert hits(lists, {"ann": {"pan", "pot"}, "bob": {"wok"}}) == 2
    found = new_items(lists, {"pan", "new"}, TRUTH)
    assert found == {
        "own_segment": 1 / 2,
        "of_places": 2 / 4,
        "of_arrivals": 1 / 2,
        "most_lists": 1.0,
    }


def test_what_is_bought_again_is_not_given_back() -> None:
    log = [
        Event("ann", "saw", "purchase", 1),
        Event("ann", "saw", "return", 2),
        Event("bob", "pan", "purchase", 1),
        Event("bob", "pan", "return", 2),
        Event("bob", "pan", "purchase", 3),
        Event("bob", "pot", "view", 3),
    ]
    assert given_back(log) == {"ann": {"saw"}}
    assert bought(log) == {"ann": {"saw"}, "bob": {"pan"}}
    assert bestsellers(log, 0) == ["pan", "saw"]
    assert bestsellers(log, 3) == ["pan"]
    assert first_unseen(["pan", "saw", "pot"], ["ann"], {"ann": {"pan"}}, 1) == {"ann": ["saw"]}


@pytest.mark.slow
def test_a_tiny_shop_is_measured_through_the_doors(tmp_path: Path) -> None:
    """A seventh of the people of a real one: what holds of any shop, and the segments."""
    sizes = ["--people", "200", "--items", "150", "--events", "8000", "--segments", "4"]
    options = [*sizes, "--bundles", "6", "--seed", "2", "--embedding", "none"]
    file = tmp_path / "shop.json"
    done = CliRunner().invoke(benchmark, ["shop", *options, "--json", str(file)])
    assert done.exit_code == 0, done.output
    found = json.loads(file.read_bytes())
    assert found["out_of_stock"] == 0, found["out_of_stock_by"]
    assert found["returned_in_reasons"] == 0
    assert found["segment_share"] > 2 * found["popularity_segment_share"]
    assert found["partner_top5"] >= 0.5
    assert found["hits"]["ours"] > 0
    assert found["distinct_items"] > found["popularity_distinct_items"]
