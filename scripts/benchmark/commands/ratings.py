"""`python -m scripts.benchmark ratings`: models of ratings beside those of other libraries."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import orjson
import typer
from graphrec.cli.commands.ratings import (
    rating_models,
    show_rating_differences,
    show_ratings,
)
from graphrec.cli.options import SettingsFile, StoreUrl
from graphrec.cli.output import progress_bars

from graphrec.data.dataset import Dataset
from graphrec.errors import SettingsError
from graphrec.evaluation.rating_evaluation import evaluate_ratings, random_folds
from graphrec.ratings import RATING_MODELS, RatingModel
from graphrec.ratings.log import ratings_of
from graphrec.settings import load_settings
from graphrec.store import open_store
from graphrec.training.ratings import rating_model
from scripts.benchmark.quality.rating_peers import RATING_PEERS, named_rating_peers


def ratings(
    models: Annotated[
        str,
        typer.Option(
            help=f"Comma-separated, of {', '.join(RATING_MODELS)}; auto: those installed; none."
        ),
    ] = "auto",
    with_peers: Annotated[
        str,
        typer.Option(
            "--peers",
            help=f"Comma-separated, of {', '.join(RATING_PEERS)}; surprise: all of them.",
            show_default="none",
        ),
    ] = "",
    folds: Annotated[
        int | None, typer.Option(min=2, help="Random folds.", show_default="from the settings, 5")
    ] = None,
    against: Annotated[
        str | None, typer.Option(help="A row: show the paired differences of the others to it.")
    ] = None,
    json: Annotated[Path | None, typer.Option(help="JSON file for all results.")] = None,
    store: StoreUrl = None,
    settings_file: SettingsFile = None,
) -> None:
    """Compare models of the ratings in a store with those of Surprise, on the same folds.

    Surprise gets an environment of its own the first time, in the cache folder of the settings,
    with pinned versions; its models have their default hyper-parameters. As it starts once a fold,
    its seconds include the start of a process.

    **Example:** `python -m scripts.benchmark ratings --peers surprise --against surprise-svdpp`
    """
    settings = load_settings(settings_file)
    names = () if models == "none" else rating_models(models, settings)
    compared: dict[str, RatingModel] = {name: rating_model(name, settings) for name in names}
    compared.update(named_rating_peers(with_peers, settings.cache.expanduser()))
    if not compared:
        raise SettingsError("neither models nor peers are named: give --models, --peers or both")
    if against is not None and against not in compared:
        raise SettingsError(f"--against is {against!r}: expected one of {', '.join(compared)}")
    source = open_store(store or settings.store, settings.kinds, settings.neo4j, create=False)
    with source as opened:
        data = Dataset(opened.read_graph(), settings.kinds)
    count = folds or settings.ratings.folds
    splits = random_folds(ratings_of(data, settings.ratings.kind), count, settings.seed)
    with progress_bars() as progress:
        found = evaluate_ratings(
            compared,
            splits,
            protocol=f"{count}-fold",
            k=settings.evaluation.k,
            seed=settings.seed,
            resamples=settings.evaluation.resamples,
            progress=progress,
        )
    show_ratings(found)
    if against is not None:
        show_rating_differences(found, against)
    if json is not None:
        json.parent.mkdir(parents=True, exist_ok=True)
        json.write_bytes(orjson.dumps(found.as_json(), option=orjson.OPT_INDENT_2))
