"""`python -m graphrec.ingest.shop FOLDER`: the files of a made-up shop."""

from __future__ import annotations

import sys
from argparse import ArgumentDefaultsHelpFormatter, ArgumentParser
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from graphrec.ingest.shop.files import made_shop
from graphrec.ingest.shop.proportions import Proportions

from graphrec.errors import SettingsError


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the files of a shop, and say where; an error of the sizes is one line."""
    parser = ArgumentParser(
        "python -m graphrec.ingest.shop",
        description="Write events.csv, items.csv and users.csv of a made-up shop, what is planted "
        "in it (truth.json), and settings with a rule (graphrec.toml). Its log ends today.",
        formatter_class=ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("folder", type=Path, help="where to write them")
    parser.add_argument("--seed", type=int, default=0, help="seed of all that is drawn")
    for each in fields(Proportions):
        kind = type(each.default)
        option = f"--{each.name.replace('_', '-')}"
        parser.add_argument(option, type=kind, default=each.default, help="of the shop")
    given = vars(parser.parse_args(arguments))
    folder, seed = given.pop("folder"), given.pop("seed")
    try:
        made_shop(folder, seed, Proportions(**given))
    except SettingsError as error:
        sys.exit(f"error: {error}")
    names = ", ".join(sorted(each.name for each in folder.iterdir()))
    sys.stdout.write(f"A shop is in {folder}: {names}\n")


if __name__ == "__main__":
    main()
