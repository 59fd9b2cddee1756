"""Models of ratings compared, and ratings predicted, on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.command import error_line, fill, graphrec, write_csv
from tests.support.small_data import ratings


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop with a published snapshot. Tests leave it as it is."""
    folder = fill(tmp_path_factory.mktemp("ratings") / "shop")
    with (folder / "graphrec.toml").open("a") as file:
        file.write("[ratings.models.bayesian-svd]\ndim = 2\nburn_in = 5\ndraws = 10\n")
    assert graphrec(folder, "ingest", "events.csv", "--items", "items.csv").code == 0
    answer = graphrec(folder, "train", "--embedding", "none", "--models", "none")
    assert answer.code == 0, answer.err
    return folder


def test_evaluates_in_folds(shop: Path, tmp_path: Path) -> None:
    answer = graphrec(
        shop, "evaluate", "--task", "rating", "--folds", "3", "--models", "mean,biases,svd",
        "--against", "mean", "--json", tmp_path / "found.json",
    )  # fmt: skip
    assert answer.code == 0, answer.err
    assert "Ratings, a 3-fold split" in answer.out
    assert "RMSE minus that of mean" in answer.out
    found = json.loads((tmp_path / "found.json").read_text())
    assert [each["model"] for each in found["models"]] == ["mean", "biases", "svd"]
    assert (found["task"], found["splits"], found["ratings"]) == ("rating", 3, len(ratings()))
    for each in found["models"]:
        assert set(each["metrics"]) == {"rmse", "mae", "mse", "fcp", "ndcg@10"}
        assert each["metrics"]["rmse"]["low"] < each["metrics"]["rmse"]["high"]
        mse = each["metrics"]["mse"]["value"]
        assert each["metrics"]["rmse"]["value"] ** 2 == pytest.approx(mse)
        assert len(each["folds"]) == 3


def test_evaluates_the_newest_and_files(shop: Path, tmp_path: Path) -> None:
    newest = graphrec(shop, "evaluate", "--task", "rating", "--protocol", "temporal",
                      "--models", "mean")  # fmt: skip
    assert "Ratings, a temporal split" in newest.out, newest.err
    rows = ratings()
    train = write_csv(tmp_path / "train.csv", "user,item,rating,time", rows[:-40])
    test = write_csv(tmp_path / "test.csv", "user,item,rating,time", rows[-40:])
    given = graphrec(tmp_path, "evaluate", "--task", "rating", "--train", train, "--test", test,
                     "--models", "mean,item-knn")  # fmt: skip
    assert "Ratings, a given split" in given.out, given.err
    assert "40 ratings from 1 to 5" in given.out
    twice = graphrec(tmp_path, "evaluate", "--task", "rating", "--train", train, "--test", train,
                     "--models", "mean")  # fmt: skip
    assert "take them out of train" in error_line(twice)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--folds", "3", "--protocol", "temporal"], "temporal with --folds 3 is no way"),
        (["--protocol", "cold-items"], "--protocol cold-items is no way to split ratings"),
        (["--models", "svdpp"], "model of ratings 'svdpp' is unknown"),
        (["--models", "mean", "--against", "svd"], "--against is 'svd': expected one of mean"),
        (["--ablate"], "omit --valid, --negatives"),
        (["--folds", "5000", "--models", "mean"], "480 ratings cannot be cut into 5000 folds"),
    ],
)
def test_what_makes_no_sense_is_an_error(shop: Path, arguments: list[str], said: str) -> None:
    answer = graphrec(shop, "evaluate", "--task", "rating", *arguments)
    assert answer.code == 1
    assert said in error_line(answer)


def test_folds_are_for_ratings(shop: Path) -> None:
    assert "--task rating only" in error_line(graphrec(shop, "evaluate", "--folds", "3"))


def test_data_without_ratings_says_what_to_do(tmp_path: Path) -> None:
    write_csv(tmp_path / "events.csv", "user,item", [("a", "x"), ("b", "x"), ("b", "y")])
    assert graphrec(tmp_path, "ingest", "events.csv").code == 0
    answer = graphrec(tmp_path, "evaluate", "--task", "rating")
    assert "have no ratings: expected a kind with a threshold" in error_line(answer)


def test_predicts(shop: Path) -> None:
    found = graphrec(shop, "predict", "u00", "i01", "--json").json()
    assert (found["user"], found["item"], found["basis"]) == ("u00", "i01", "model")
    assert 1 <= found["rating"] <= 5
    assert found["note"] is None
    answer = graphrec(shop, "predict", "u00", "i01")
    assert f"{found['rating']:.2f} of 1 to 5: what user u00 would give " in answer.out
    assert answer.err == ""


@pytest.mark.parametrize(
    ("user", "item", "basis", "said"),
    [
        ("nobody", "i00", "item", "user 'nobody' has no ratings"),
        ("u00", "nothing", "user", "item 'nothing' has no ratings"),
        ("nobody", "nothing", "mean", "predicted by the mean of all ratings"),
    ],
)
def test_says_what_it_does_not_know(
    shop: Path, user: str, item: str, basis: str, said: str
) -> None:
    assert graphrec(shop, "predict", user, item, "--json").json()["basis"] == basis
    assert said in graphrec(shop, "predict", user, item).err


def test_without_a_model_says_how_to_get_one(tmp_path: Path) -> None:
    folder = fill(tmp_path / "shop")
    with (folder / "graphrec.toml").open("a") as file:
        file.write('[ratings]\nmodel = "none"\n')
    assert graphrec(folder, "ingest", "events.csv").code == 0
    assert graphrec(folder, "train", "--embedding", "none", "--models", "none").code == 0
    assert "has no model of ratings" in error_line(graphrec(folder, "predict", "u00", "i01"))


def test_of_several_kinds_of_ratings_training_asks_for_one(tmp_path: Path) -> None:
    rows = [(u, i, v, "rating") for u, i, v, _ in ratings(10, 20, 8)]
    rows.append(("u00", "i00", 80, "score"))
    write_csv(tmp_path / "events.csv", "user,item,rating,kind", rows)
    settings = tmp_path / "graphrec.toml"
    settings.write_text('[kinds.score]\nthreshold = 50\n[ratings]\nmodel = "biases"\n')
    assert graphrec(tmp_path, "ingest", "events.csv").code == 0
    with pytest.warns(UserWarning, match=r"rating, score are all ratings; name one"):
        assert graphrec(tmp_path, "train", "--embedding", "none", "--models", "none").code == 0
    assert graphrec(tmp_path, "predict", "u00", "i01").code == 1
    with settings.open("a") as file:
        file.write('kind = "rating"\n')
    assert graphrec(tmp_path, "train", "--embedding", "none", "--models", "none").code == 0
    assert graphrec(tmp_path, "predict", "u00", "i01", "--json").json()["high"] == 5
