"""How what lists are like, beside being right, is shown: a column for each metric."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from graphrec.ranking.all_lists import MOST_LISTED


@dataclass(frozen=True)
class Column:
    """Of a table, for one metric."""

    title: str
    """Short: a terminal has little room."""
    name: str
    form: str
    """Of the value, as `format` takes it."""
    meaning: str

    @property
    def is_share(self) -> bool:
        """Whether values are shown as per cent."""
        return self.form.endswith("%")


COLUMNS: Mapping[str, Column] = {
    "coverage": Column("cover", "Coverage", ".1%", "share of the catalogue in any list"),
    "overlap": Column(
        "overlap", "Overlap", ".0%", "of two users' lists, the share that is the same"
    ),
    "concentration": Column(
        f"top {MOST_LISTED}",
        f"Top {MOST_LISTED}",
        ".0%",
        f"share of all places that go to the {MOST_LISTED} items listed most",
    ),
    "lift": Column(
        "lift",
        "Lift",
        "+.1f",
        "how much more popular the list is than what the user likes, 0 as popular",
    ),
    "long_tail": Column("tail", "Long tail", ".0%", "share outside the most popular fifth"),
    "novelty": Column(
        "bits", "Novelty", ".1f", "how little known, one bit more where half as many like it"
    ),
    "serendipity": Column("ser.", "Serendipity", ".2f", "share that is right and not popular"),
    "diversity": Column("div.", "Diversity", ".2f", "of categories and tags, 0 all the same"),
}
"""By the name of the metric, without its cut-off."""

LEGEND = "; ".join(f"{each.title}: {each.meaning}" for each in COLUMNS.values())
