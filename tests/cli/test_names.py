"""What the command line says of names that are unknown."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command import graphrec

SETTINGS = """
[[rules]]
name = "no restricted"
action = "exclude"
attribute = "restrictd"
any_of = ["yes"]
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "graphrec.toml").write_text(SETTINGS)
    rows = [f"u{u},i{(u * 3 + n) % 10},{1_700_000_000 + n}" for u in range(20) for n in range(5)]
    (folder / "events.csv").write_text("\n".join(["user_id,item_id,timestamp", *rows]))
    items = [f"i{n},{'yes' if n % 5 == 0 else 'no'}" for n in range(10)]
    (folder / "items.csv").write_text("\n".join(["item_id,restricted", *items]))
    return folder


def test_commands_name_what_the_settings_name_in_vain(shop: Path) -> None:
    said = "setting rules[0].attribute: rule 'no restricted': no item has an attribute 'restrictd'"
    loaded = graphrec(shop, "ingest", "events.csv", "--items", "items.csv")
    assert loaded.code == 0
    assert f"warning: {said}: did you mean 'restricted'?" in loaded.err
    trained = graphrec(shop, "train", "--models", "none", "--embedding", "none")
    assert trained.code == 0
    assert said in trained.err
    assert said in graphrec(shop, "refresh", "--since-last").err
    checked = graphrec(shop, "doctor", "--json")
    assert checked.code == 1
    assert "restrictd" in checked.out

    known = graphrec(shop, "recommend", "--item", "i1", "--json")
    some = graphrec(shop, "recommend", "--item", "i1", "--item", "added-today", "--json")
    assert some.json() == known.json()
    assert known.err == ""
    assert "items: item 'added-today' is unknown; the list is made without it" in some.err


@pytest.mark.parametrize("path", ["rec", "/v1", "//x"])
def test_a_prefix_that_is_none(shop: Path, path: str) -> None:
    answer = graphrec(shop, "serve", "--root-path", path)
    assert answer.code != 0
    assert "expected a path such as /rec" in answer.err
